//! When a request is repeated, and how long to wait before.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::error::HttpError;
use crate::settings::Settings;

/// How often a connection that cannot be made is tried again: enough for a blip. A refused connection or an unknown name
/// seldom heals within seconds, and pip's five tries would make each unreachable host cost eight of them.
const CONNECTION_RETRIES: u32 = 2;

/// Statuses that ask for another try.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// The remaining tries of one request.
pub(crate) struct Backoff<'a> {
    settings: &'a Settings,
    done: u32,
}

impl<'a> Backoff<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, done: 0 }
    }

    /// How long to wait after a transient error.
    pub(crate) fn after(&mut self, error: &HttpError) -> Option<Duration> {
        let hopeless = matches!(error, HttpError::Connect { .. }) && self.done >= CONNECTION_RETRIES;
        if hopeless { None } else { self.next(None) }
    }

    /// How long to wait before the next try; `None` when there is none left, or when the server asks for more patience
    /// than allowed: asking earlier than it wants would help nobody.
    pub(crate) fn next(&mut self, headers: Option<&HeaderMap>) -> Option<Duration> {
        if self.done >= self.settings.retries {
            return None;
        }
        let doubled = self.settings.retry_delay.saturating_mul(1 << self.done.min(16));
        self.done += 1;
        let own = doubled.min(self.settings.max_retry_delay).mul_f64(jitter());
        match headers.and_then(retry_after) {
            Some(asked) if asked > self.settings.max_retry_delay => None,
            Some(asked) => Some(asked.max(own)),
            None => Some(own),
        }
    }
}

/// `Retry-After` in seconds. Its other form, a date, would need the clocks to agree, and is not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A factor from 0.5 to 1, so that many clients do not come back at the same moment.
fn jitter() -> f64 {
    let mut random = [0_u8; 1];
    // Without random numbers there is no jitter, and nothing worse.
    let _ = aws_lc_rs::rand::fill(&mut random);
    let [byte] = random;
    0.5 + f64::from(byte) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seconds: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, seconds.parse().unwrap());
        headers
    }

    #[test]
    fn waits_grow_and_end() {
        let settings = Settings {
            retries: 3,
            ..Settings::default()
        };
        let mut backoff = Backoff::new(&settings);
        for factor in [1, 2, 4] {
            let wait = backoff.next(None).unwrap();
            let full = settings.retry_delay * factor;
            assert!(wait >= full / 2 && wait <= full, "{wait:?}");
        }
        assert_eq!(backoff.next(None), None);
    }

    #[test]
    fn the_servers_wish_counts_up_to_the_cap() {
        let settings = Settings::default();
        assert_eq!(
            Backoff::new(&settings).next(Some(&asked("7"))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(Backoff::new(&settings).next(Some(&asked("100000"))), None);
        assert!(Backoff::new(&settings).next(Some(&asked("tomorrow"))).is_some());
    }
}
