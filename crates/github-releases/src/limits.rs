//! Limits on the number of requests: what GitHub has said about them, and when it can be asked again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slsa_pip_http::Response;

/// How long to wait after a limit without a time: what GitHub's documentation asks for.
const UNSAID: SignedDuration = SignedDuration::from_mins(1);
/// Longest time that is believed; primary limits are renewed every hour.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How often one question is put again after waiting for a limit.
pub(crate) const MAX_WAITS: usize = 2;

/// Who is asked, and as whom: each has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// The site, without a token.
    Web,
    /// Where the API's answers lead, which is another service.
    Elsewhere,
    /// The API, without a token.
    Api,
    /// The API, with the token.
    ApiWithToken,
}

/// The limits that were met in this run, so that hundreds of files do not each run into them.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<HashMap<Who, Timestamp>>);

impl Limits {
    /// When it may be asked again, if that is not now.
    pub(crate) fn until(&self, who: Who, now: Timestamp) -> Option<Timestamp> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.get(&who).copied().filter(|until| *until > now)
    }

    /// Remembers a limit; of two, the later end.
    pub(crate) fn met(&self, who: Who, until: Timestamp) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = met.entry(who).or_insert(until);
        *known = (*known).max(until);
    }
}

/// The end of the limit that an answer reports; `None` if it reports none.
///
/// Primary limits: `X-RateLimit-Remaining: 0` and `X-RateLimit-Reset`. Secondary ones: `Retry-After`, or only a message.
pub(crate) fn limit(response: &Response, now: Timestamp) -> Option<Timestamp> {
    let number = |name: &str| response.header(name)?.trim().parse::<i64>().ok();
    let exhausted = number("x-ratelimit-remaining") == Some(0);
    let retry_after = response.header("retry-after").is_some();
    let limited = match response.status {
        429 => true,
        403 => exhausted || retry_after || says_so(&response.body),
        _ => false,
    };
    if !limited {
        return None;
    }
    let after = number("retry-after").filter(|seconds| *seconds >= 0);
    let after = after.and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok());
    let reset = number("x-ratelimit-reset").filter(|_| exhausted);
    let reset = reset.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let until = after.or(reset).or_else(|| now.checked_add(UNSAID).ok()).unwrap_or(now);
    let longest = now.checked_add(LONGEST).unwrap_or(now);
    Some(until.clamp(now, longest))
}

/// Whether the message of a 403 is about a limit. GitHub's secondary limits may come without any header.
fn says_so(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    text.contains("rate limit") && text.trim_start().starts_with('{')
}

/// How long to wait until then, if that is no longer than `longest`.
pub(crate) fn short_wait(until: Timestamp, now: Timestamp, longest: Duration) -> Option<Duration> {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    (wait <= longest).then_some(wait)
}
