//! Downloads: streamed to a new file and hashed on the way; the file has its name only when it is complete. A broken download
//! is gone on with where the server can tell that the file is still the same.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{ETAG, HeaderValue};
use url::Url;

use crate::attempt::{Outgoing, Sent, kept_url};
use crate::body::{broken_off, content_encoding};
use crate::client::Client;
use crate::error::HttpError;
use crate::hashed::{Downloaded, HashedFile};
use crate::range::ContentRange;
use crate::redact::redact;
use crate::retry::{self, Backoff};

/// Slowest mean speed of a download, in bytes a second: below it, a server that drips single bytes could hold an
/// installation for ever. A 56k modem is five times as fast.
const MIN_SPEED: u64 = 1024;
/// How many idle time-outs pass before the mean speed counts.
const SPEED_GRACE: u32 = 4;
/// How many bytes farther than ever before a broken download must have come to be tried as often again as at first: a large
/// file may break off often, and a server that sends a byte at a time must not keep it going for ever.
const PROGRESS: u64 = 1024 * 1024;
/// A download that has begun, and what the rest of it must be called for both to be of one file.
struct Begun {
    file: HashedFile,
    /// Strong (RFC 9110, section 8.8.1): the same for the same bytes only. Without one a broken download starts again.
    etag: Option<HeaderValue>,
    /// Size of the whole, where it is known.
    total: Option<u64>,
    /// Who sent it. Other servers may use the same `ETag` for other bytes.
    url: Url,
}

impl Begun {
    fn new(answer: &reqwest::Response, url: &Url, dest: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: HashedFile::create(dest)?,
            etag: answer.headers().get(ETAG).filter(|etag| is_strong(etag)).cloned(),
            total: answer.content_length(),
            url: kept_url(url, true),
        })
    }

    /// Whether an answer is the rest of this very file.
    fn is_continued_by(&self, answer: &reqwest::Response, url: &Url) -> bool {
        let Some(part) = ContentRange::of(answer) else {
            return false;
        };
        self.etag.is_some()
            && answer.headers().get(ETAG) == self.etag.as_ref()
            && part.first == self.file.size()
            && part.last == part.total - 1
            && self.total.is_none_or(|total| total == part.total)
            && kept_url(url, true) == self.url
    }
}

/// How one try of a download ended, where it did not fail.
enum Tried {
    Complete(Downloaded),
    /// What has begun is of another file than what the server has now: it was removed, and the file is asked for anew.
    Changed,
    Status {
        status: u16,
        headers: reqwest::header::HeaderMap,
    },
}

impl Client {
    /// Downloads into the new file `dest`, which must not exist, is readable by its owner only, and appears when it is complete.
    ///
    /// A broken download is gone on with where it stopped if its server named a strong `ETag` and, asked for the rest, names it
    /// again; otherwise it starts again. Bytes of two versions of a file are never put together, as far as servers keep their
    /// word about `ETag`s; the digest that the caller knows tells if they do not. `progress` is told the bytes so far.
    /// On any error, and when the returned future is dropped, no file is left. Not flushed to the disk (`fsync`).
    ///
    /// # Errors
    /// [`HttpError::Status`] for anything but 200; `TooLarge` beyond `limit` bytes; `Truncated`; `TooSlow`; `Encoding` if the
    /// server compressed it, since a digest is of the file itself; `File`; and what [`Client::get`] fails with.
    pub async fn download(
        &self,
        url: &Url,
        dest: &Path,
        limit: u64,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Downloaded, HttpError> {
        let mut backoff = Backoff::new(&self.shared.settings);
        let mut begun = None;
        let mut farthest = 0;
        loop {
            let tried = self.download_once(url, dest, limit, &mut begun, &mut progress).await;
            let size = begun.as_ref().map_or(0, |begun: &Begun| begun.file.size());
            if size >= farthest + PROGRESS {
                farthest = size;
                backoff = Backoff::new(&self.shared.settings);
            }
            let (wait, error) = match tried {
                Ok(Tried::Complete(downloaded)) => return Ok(downloaded),
                Ok(Tried::Changed) => continue,
                Ok(Tried::Status { status, headers }) => {
                    let wait = retry::is_transient(status)
                        .then(|| backoff.next(Some(&headers)))
                        .flatten();
                    let url = redact(url);
                    (wait, HttpError::Status { url, status })
                }
                Err(error) if error.is_transient() => (backoff.after(&error), error),
                Err(error) => (None, error),
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.given_up(url, error)),
            }
        }
    }

    /// One try, which goes on with what has `begun`, if that can be gone on with, and leaves there what it got.
    async fn download_once(
        &self,
        url: &Url,
        dest: &Path,
        limit: u64,
        begun: &mut Option<Begun>,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Tried, HttpError> {
        let _slot = self.slot(url).await?;
        let mut outgoing = Outgoing::new(Method::GET, url);
        if let Some(begun) = begun
            .as_ref()
            .filter(|begun| begun.file.size() > 0 && begun.etag.is_some())
        {
            outgoing.range = Some(format!("bytes={}-", begun.file.size()));
            outgoing.if_range.clone_from(&begun.etag);
        }
        let Sent {
            answer, url: final_url, ..
        } = self.send(&outgoing).await?;
        let unwritable = |source| HttpError::File {
            path: dest.to_owned(),
            source: Arc::new(source),
        };
        let rest = outgoing.range.is_some();
        match answer.status().as_u16() {
            200 => {
                // The one before is removed first.
                *begun = None;
                *begun = Some(Begun::new(&answer, &final_url, dest).map_err(unwritable)?);
            }
            206 if rest
                && begun
                    .as_ref()
                    .is_some_and(|begun| begun.is_continued_by(&answer, &final_url)) => {}
            206 | 412 | 416 if rest => {
                *begun = None;
                return Ok(Tried::Changed);
            }
            status => {
                let headers = answer.headers().clone();
                return Ok(Tried::Status { status, headers });
            }
        }
        if let Some(encoding) = content_encoding(&answer) {
            return Err(HttpError::Encoding {
                url: redact(&final_url),
                reason: format!("`{encoding}` was not asked for"),
            });
        }
        let Some(open) = begun.as_mut() else {
            return Ok(Tried::Changed);
        };
        self.receive(answer, &final_url, limit, open, progress, &unwritable)
            .await?;
        match begun.take() {
            Some(begun) => begun.file.finish().await.map(Tried::Complete).map_err(unwritable),
            None => Ok(Tried::Changed),
        }
    }

    /// Writes a body to its file, to the end.
    async fn receive(
        &self,
        mut answer: reqwest::Response,
        url: &Url,
        limit: u64,
        begun: &mut Begun,
        progress: &mut (impl FnMut(u64) + Send),
        unwritable: &(impl Fn(std::io::Error) -> HttpError + Sync),
    ) -> Result<(), HttpError> {
        let timeout = self.shared.settings.timeout;
        let started = Instant::now();
        let before = begun.file.size();
        let too_large = || HttpError::TooLarge {
            url: redact(url),
            limit,
        };
        let expected = answer.content_length().map(|length| length.saturating_add(before));
        if expected.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        loop {
            let chunk = match answer.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(broken_off(error, url, expected, begun.file.size(), timeout)),
            };
            if begun.file.size() + chunk.len() as u64 > limit {
                return Err(too_large());
            }
            check_speed(
                url,
                begun.file.size() - before + chunk.len() as u64,
                started.elapsed(),
                timeout,
            )?;
            begun.file.write(&chunk).await.map_err(unwritable)?;
            progress(begun.file.size());
        }
        let received = begun.file.size();
        match begun.total.or(expected) {
            Some(expected) if received < expected => Err(HttpError::Truncated {
                url: redact(url),
                expected,
                received,
            }),
            Some(expected) if received > expected => Err(HttpError::Range {
                url: redact(url),
                reason: "it sent more bytes than announced".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether an `ETag` is one of the strong kind, `"…"`, and says something.
fn is_strong(etag: &HeaderValue) -> bool {
    matches!(etag.as_bytes(), [b'"', _, .., b'"'])
}

fn check_speed(url: &Url, received: u64, elapsed: Duration, timeout: Duration) -> Result<(), HttpError> {
    let due = elapsed
        .saturating_sub(timeout.saturating_mul(SPEED_GRACE))
        .as_secs()
        .saturating_mul(MIN_SPEED);
    if received < due {
        return Err(HttpError::TooSlow {
            url: redact(url),
            received,
            after: elapsed,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_ended_and_a_slow_line_is_not() {
        let url = Url::parse("https://index.example/f").unwrap();
        let timeout = Duration::from_secs(15);
        let check = |received, seconds| check_speed(&url, received, Duration::from_secs(seconds), timeout);
        assert!(check(1, 60).is_ok());
        assert!(matches!(check(100, 120), Err(HttpError::TooSlow { received: 100, .. })));
        assert!(check(61 * 1024, 120).is_ok());
        // What `--timeout` takes may be any number.
        assert!(check_speed(&url, 1, Duration::from_mins(2), Duration::MAX).is_ok());
    }
}
