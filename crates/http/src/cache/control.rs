//! Which answers may be kept, and for how long (RFC 9111, sections 3, 4 and 5.2.2).

use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap, VARY};

/// Longest time that an answer is believed without asking again, whatever `max-age` says: an error page that was sent as a
/// success must not stay for a year. Indexes say ten minutes.
pub const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// How long it is believed that a place holds no evidence: long enough for a second run, short enough for a release that
/// is still being uploaded.
pub const NEGATIVE_LIFETIME: Duration = Duration::from_mins(10);

/// What the headers of an answer allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It must not be kept.
    NoStore,
    /// It may be used without asking for this long, which may be no time at all.
    For(Duration),
}

impl Freshness {
    /// Reads `Cache-Control`, `Age` and `Vary`. Without `max-age` nothing is fresh: `Expires` and guesses from
    /// `Last-Modified` are left out, which costs a revalidation. `private` and `s-maxage` say nothing to a private cache, and
    /// `must-revalidate` changes nothing, since what is stale is never used unasked.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if varies_beyond_the_key(headers) {
            return Self::NoStore;
        }
        let mut seconds = None;
        let mut ask_always = false;
        for directive in directives(headers) {
            let (name, value) = directive.split_once('=').unwrap_or((&directive, ""));
            match name.trim() {
                "no-store" => return Self::NoStore,
                "no-cache" => ask_always = true,
                "max-age" => {
                    // Of two, the shorter; what is no number is none.
                    let said = value.trim().trim_matches('"').parse().unwrap_or(0_u64);
                    seconds = Some(seconds.map_or(said, |known: u64| known.min(said)));
                }
                _ => {}
            }
        }
        if ask_always {
            return Self::For(Duration::ZERO);
        }
        let age = match headers.get(AGE) {
            None => 0,
            // What cannot be read may be any age.
            Some(age) => age
                .to_str()
                .ok()
                .and_then(|age| age.trim().parse().ok())
                .unwrap_or(u64::MAX),
        };
        let left = Duration::from_secs(seconds.unwrap_or(0).saturating_sub(age));
        Self::For(left.min(MAX_LIFETIME))
    }
}

fn directives(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(CACHE_CONTROL).into_iter();
    lines
        .flat_map(|line| {
            let text = String::from_utf8_lossy(line.as_bytes()).to_ascii_lowercase();
            text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// `Accept` and `Authorization` are part of the key, bodies are kept decoded, and no other header differs between two of
/// our requests, but for the user agent, which differs between versions.
fn varies_beyond_the_key(headers: &HeaderMap) -> bool {
    headers.get_all(VARY).into_iter().any(|line| {
        let text = String::from_utf8_lossy(line.as_bytes()).to_ascii_lowercase();
        text.split(',').any(|name| matches!(name.trim(), "*" | "user-agent"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &str)]) -> Freshness {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Freshness::of(&headers)
    }

    fn seconds(count: u64) -> Freshness {
        Freshness::For(Duration::from_secs(count))
    }

    #[test]
    fn lifetimes_are_read_from_the_headers() {
        for (value, expected) in [
            ("max-age=600, public", seconds(600)),
            ("private, MAX-AGE=\"60\", s-maxage=5", seconds(60)),
            ("max-age=600, must-revalidate", seconds(600)),
            ("max-age=600, no-cache", seconds(0)),
            ("no-cache=\"set-cookie\", max-age=9", seconds(0)),
            ("max-age=60, max-age=5", seconds(5)),
            ("max-age=-1", seconds(0)),
            ("max-age=999999999999", Freshness::For(MAX_LIFETIME)),
            ("max-age=99999999999999999999999", seconds(0)),
            ("max-age=60, no-store", Freshness::NoStore),
            ("", seconds(0)),
        ] {
            assert_eq!(of(&[("cache-control", value)]), expected, "{value}");
        }
        assert_eq!(of(&[]), seconds(0));
        assert_eq!(
            of(&[("cache-control", "max-age=9"), ("cache-control", "no-store")]),
            Freshness::NoStore
        );
    }

    #[test]
    fn time_in_other_caches_counts() {
        for (age, expected) in [("10", 50), ("61", 0), ("unknown", 0)] {
            assert_eq!(of(&[("cache-control", "max-age=60"), ("age", age)]), seconds(expected));
        }
    }

    #[test]
    fn an_answer_that_varies_beyond_the_key_is_not_kept() {
        let with = |vary: &str| of(&[("cache-control", "max-age=60"), ("vary", vary)]);
        assert_eq!(with("Accept, Accept-Encoding, Cookie, Authorization"), seconds(60));
        assert_eq!(with("*"), Freshness::NoStore);
        assert_eq!(with("Accept, User-Agent"), Freshness::NoStore);
    }
}
