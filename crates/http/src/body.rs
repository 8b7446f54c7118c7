//! Reading a small body within its limit.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use reqwest::header::CONTENT_ENCODING;
use slsa_pip_cache::make_room;
use url::Url;

use crate::attempt::classify;
use crate::error::HttpError;
use crate::redact::redact;
use crate::room::Growth;

/// What is kept of the body of an error status: enough for its message.
const MAX_ERROR_BODY: u64 = 64 * 1024;

/// What a body within its limit may be longer encoded than decoded: headers, and blocks that do not compress. More is a body
/// that decodes to little or nothing, without end.
const ENCODING_OVERHEAD: u64 = 64 * 1024;

/// Bytes that are decoded at once: no more than 132 KiB can come of them before there is room for more.
const DECODED_AT_ONCE: usize = 128;

/// Collects decoded bytes and stops at the limit, so that a decompression bomb costs no more than that.
struct Bounded {
    bytes: Vec<u8>,
    room: usize,
    full: bool,
}

impl std::io::Write for Bounded {
    fn write(&mut self, decoded: &[u8]) -> std::io::Result<usize> {
        let kept = decoded.get(..self.room).unwrap_or(decoded);
        make_room(&mut self.bytes, kept.len());
        self.bytes.extend_from_slice(kept);
        self.room -= kept.len();
        if kept.len() < decoded.len() {
            self.full = true;
            return Err(std::io::Error::other("over the limit"));
        }
        Ok(decoded.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

enum Decoder {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Decoder {
    fn collected(&self) -> &Bounded {
        match self {
            Self::Plain(bounded) => bounded,
            Self::Gzip(gzip) => gzip.get_ref(),
        }
    }

    /// Takes a part of the body, as fast as there is room for what comes of it.
    async fn take(&mut self, chunk: &[u8], growth: &mut Growth<'_>) -> std::io::Result<()> {
        match self {
            Self::Plain(bounded) => {
                growth.to(bounded.bytes.len() + chunk.len()).await;
                bounded.write_all(chunk)
            }
            Self::Gzip(gzip) => {
                for part in chunk.chunks(DECODED_AT_ONCE) {
                    gzip.write_all(part)?;
                    growth.to(gzip.get_ref().bytes.len()).await;
                }
                Ok(())
            }
        }
    }
}

/// Reads the whole body, with pauses while there is no room for it ([`crate::with_room`]). A body over the limit is an error for
/// a success, and is cut for an error status.
pub(crate) async fn read(
    mut answer: reqwest::Response,
    url: &Url,
    limit: u64,
    timeout: Duration,
    mut growth: Growth<'_>,
) -> Result<Bytes, HttpError> {
    let success = answer.status().is_success();
    let limit = if success { limit } else { limit.min(MAX_ERROR_BODY) };
    let too_large = || HttpError::TooLarge {
        url: redact(url),
        limit,
    };
    let bad_encoding = |reason: &str| HttpError::Encoding {
        url: redact(url),
        reason: reason.to_owned(),
    };
    let expected = answer.content_length();
    if success && expected.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let bounded = Bounded {
        bytes: Vec::new(),
        room: usize::try_from(limit).unwrap_or(usize::MAX),
        full: false,
    };
    let mut decoder = match content_encoding(&answer).as_deref() {
        None => Decoder::Plain(bounded),
        Some("gzip" | "x-gzip") => Decoder::Gzip(Box::new(MultiGzDecoder::new(bounded))),
        Some(other) => return Err(bad_encoding(&format!("`{other}` was not asked for"))),
    };
    let mut received = 0;
    loop {
        let chunk = match answer.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => return Err(broken_off(error, url, expected, received, timeout)),
        };
        received += chunk.len() as u64;
        let written = decoder.take(&chunk, &mut growth).await;
        let full = decoder.collected().full;
        match written {
            Err(_) if full && success => return Err(too_large()),
            Err(_) if full => break,
            Err(error) => return Err(bad_encoding(&error.to_string())),
            Ok(()) if received > limit.saturating_add(ENCODING_OVERHEAD) => return Err(too_large()),
            Ok(()) => {}
        }
    }
    match decoder {
        Decoder::Plain(bounded) => Ok(Bytes::from(bounded.bytes)),
        Decoder::Gzip(mut gzip) => {
            let finished = gzip.try_finish();
            let collected = std::mem::replace(
                gzip.get_mut(),
                Bounded {
                    bytes: Vec::new(),
                    room: 0,
                    full: true,
                },
            );
            match finished {
                Err(_) if collected.full && success => Err(too_large()),
                Err(error) if !collected.full => Err(bad_encoding(&error.to_string())),
                _ => Ok(Bytes::from(collected.bytes)),
            }
        }
    }
}

/// Longest encoding that is shown; no real one is half as long.
const MAX_SHOWN: usize = 40;

/// `Content-Encoding`, lower case and printable; `identity` counts as none.
pub(crate) fn content_encoding(answer: &reqwest::Response) -> Option<String> {
    let value = answer.headers().get(CONTENT_ENCODING)?;
    let value = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
    // A header's bytes can be control characters of a terminal.
    (!value.is_empty() && value != "identity").then(|| value.escape_default().take(MAX_SHOWN).collect())
}

/// A body that ended with an error: truncated if its length was announced.
pub(crate) fn broken_off(
    error: reqwest::Error,
    url: &Url,
    expected: Option<u64>,
    received: u64,
    timeout: Duration,
) -> HttpError {
    match expected {
        Some(expected) if received < expected && !error.is_timeout() => HttpError::Truncated {
            url: redact(url),
            expected,
            received,
        },
        _ => classify(error, url, timeout),
    }
}
