//! How a server on another machine would answer: later, and with word on how long its answers may be kept.

use super::answer::Answer;
use std::time::Duration;

/// What pages may be kept for, as public indexes say it.
const PAGE: &str = "max-age=600, public";
/// Files never change under their name.
const FILE: &str = "max-age=365000000, immutable, public";

/// How answers are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    /// Time that every answer takes beside its making; many can take it at the same time.
    pub(crate) latency: Duration,
    /// Whether answers of the index say how long they may be kept.
    pub(crate) cacheable: bool,
}

impl Pace {
    /// Lets the time pass.
    pub(crate) async fn wait(self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }

    /// The answer with what is said of keeping it.
    pub(crate) fn keeping(self, path: &str, answer: Answer) -> Answer {
        let kept = match path.split('/').nth(1) {
            Some("simple" | "integrity" | "pypi") => PAGE,
            Some("files") => FILE,
            _ => return answer,
        };
        if self.cacheable && matches!(answer.status, 200 | 206 | 304) {
            answer.header("cache-control", kept)
        } else {
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_says_how_long_its_answers_keep_and_others_do_not() {
        let pace = Pace {
            cacheable: true,
            ..Pace::default()
        };
        let headers = |pace: Pace, path, status| pace.keeping(path, Answer::new(status, "x", "")).headers.len();
        assert_eq!(headers(pace, "/simple/a/", 200), 2);
        assert_eq!(headers(pace, "/files/a.whl", 206), 2);
        assert_eq!(headers(pace, "/files/a.whl", 404), 1);
        assert_eq!(headers(pace, "/rekor/api", 200), 1);
        assert_eq!(headers(Pace::default(), "/simple/a/", 200), 1);
    }
}
