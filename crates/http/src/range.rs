//! Range requests (RFC 9110, section 14), for reading the few kilobytes of a wheel that resolution needs.

use std::ops::Range;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_RANGE;
use url::Url;

use crate::attempt::{Outgoing, Sent};
use crate::body;
use crate::client::Client;
use crate::error::HttpError;
use crate::redact::redact;
use crate::retry::Backoff;
use crate::room::{Growth, Pauses};

/// What a server made of a range request.
#[derive(Debug, Clone)]
pub enum RangeAnswer {
    /// The bytes that were asked for.
    Partial(Partial),
    /// The server does not serve ranges; its answer was left unread.
    Unsupported,
}

/// A part of a file.
#[derive(Debug, Clone)]
pub struct Partial {
    /// Where the bytes begin in the file.
    pub start: u64,
    /// Size of the whole file.
    pub total: u64,
    /// The bytes, exactly as many as the server announced.
    pub body: Bytes,
}

impl Client {
    /// GET of the bytes `range` of a file. A range that reaches beyond the end is cut there.
    ///
    /// # Errors
    /// [`HttpError::Range`] if the answer's `Content-Range` or length does not fit the question, [`HttpError::Status`] for
    /// anything but 200, 206 and 416, and what [`Client::get`] fails with.
    pub async fn get_range(&self, url: &Url, range: Range<u64>) -> Result<RangeAnswer, HttpError> {
        let length = range.end.saturating_sub(range.start);
        let Some(last) = range.end.checked_sub(1).filter(|_| length > 0) else {
            return Err(unfit(url, "the range is empty"));
        };
        let asked = format!("bytes={}-{last}", range.start);
        let fits = move |part: &ContentRange| part.first == range.start && part.last == last.min(part.total - 1);
        self.ranged(url, asked, length, fits).await
    }

    /// GET of the last `length` bytes of a file, or all of it if it is shorter.
    ///
    /// # Errors
    /// As [`Client::get_range`].
    pub async fn get_tail(&self, url: &Url, length: u64) -> Result<RangeAnswer, HttpError> {
        let fits =
            move |part: &ContentRange| part.last == part.total - 1 && part.first == part.total.saturating_sub(length);
        self.ranged(url, format!("bytes=-{length}"), length, fits).await
    }

    async fn ranged(
        &self,
        url: &Url,
        asked: String,
        limit: u64,
        fits: impl Fn(&ContentRange) -> bool,
    ) -> Result<RangeAnswer, HttpError> {
        let outgoing = Outgoing {
            range: Some(asked),
            ..Outgoing::new(Method::GET, url)
        };
        let mut backoff = Backoff::new(&self.shared.settings);
        loop {
            let error = match self.ranged_once(&outgoing, limit, &fits).await {
                Err(error) if error.is_transient() => error,
                Err(HttpError::Status { url, status }) if crate::retry::is_transient(status) => {
                    HttpError::Status { url, status }
                }
                other => return other,
            };
            match backoff.after(&error) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.given_up(url, error)),
            }
        }
    }

    async fn ranged_once(
        &self,
        outgoing: &Outgoing<'_>,
        limit: u64,
        fits: &impl Fn(&ContentRange) -> bool,
    ) -> Result<RangeAnswer, HttpError> {
        let slot = self.slot(outgoing.url).await?;
        let after = self.shared.settings.whole_answer();
        let pauses = Pauses::default();
        let exchange = async {
            let Sent {
                answer, url: final_url, ..
            } = self.send(outgoing).await?;
            match answer.status().as_u16() {
                206 => {}
                200 | 416 => return Ok(RangeAnswer::Unsupported),
                status => {
                    return Err(HttpError::Status {
                        url: redact(&final_url),
                        status,
                    });
                }
            }
            if body::content_encoding(&answer).is_some() {
                return Ok(RangeAnswer::Unsupported);
            }
            let part =
                ContentRange::of(&answer).ok_or_else(|| unfit(&final_url, "its `Content-Range` cannot be read"))?;
            if !fits(&part) {
                return Err(unfit(&final_url, "it sent another range than the one asked for"));
            }
            let length = part.last - part.first + 1;
            let body = body::read(answer, &final_url, limit, after, Growth::of_request(&pauses, slot)).await?;
            if body.len() as u64 != length {
                return Err(unfit(&final_url, "it sent fewer or more bytes than announced"));
            }
            Ok(RangeAnswer::Partial(Partial {
                start: part.first,
                total: part.total,
                body,
            }))
        };
        pauses.timeout(after, exchange).await.unwrap_or_else(|| {
            Err(HttpError::Timeout {
                url: redact(outgoing.url),
                after,
            })
        })
    }
}

fn unfit(url: &Url, reason: &str) -> HttpError {
    HttpError::Range {
        url: redact(url),
        reason: reason.to_owned(),
    }
}

/// `Content-Range: bytes first-last/total`, with `first <= last < total`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) total: u64,
}

impl ContentRange {
    /// The one of an answer, if it has one that can be read.
    pub(crate) fn of(answer: &reqwest::Response) -> Option<Self> {
        Self::parse(answer.headers().get(CONTENT_RANGE)?.to_str().ok()?)
    }

    fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last, total) = (first.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
        (first <= last && last < total).then_some(Self { first, last, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(
            ContentRange::parse("bytes 10-19/100"),
            Some(ContentRange {
                first: 10,
                last: 19,
                total: 100
            })
        );
        for bad in [
            "",
            "bytes 10-19/*",
            "bytes */100",
            "bytes 19-10/100",
            "bytes 10-100/100",
            "10-19/100",
            "bytes -1-5/9",
        ] {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
    }
}
