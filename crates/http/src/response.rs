//! An answer.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use url::Url;

use crate::error::HttpError;
use crate::redact::redact;

/// An answer whose body was read in full, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The URL that answered, after redirects, without credentials. Not redacted otherwise.
    pub final_url: Url,
    /// The body, decompressed. Of an error status at most its first 64 KiB.
    pub body: Bytes,
    /// Whether the server sent the body, or the cache had it.
    pub origin: Origin,
    pub(crate) way: Way,
}

/// Where an answer's body comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// The server sent it.
    #[default]
    Network,
    /// The cache had it, and the server said that it still holds.
    Revalidated,
    /// The cache had it, and no one was asked.
    Cache,
}

/// How a request came to its answer, as far as the cache must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Way {
    /// It was redirected.
    pub(crate) redirected: bool,
    /// A host that it was redirected to was sent credentials of its own.
    pub(crate) foreign_login: bool,
    /// The last request carried the validators.
    pub(crate) conditional: bool,
}

impl Response {
    /// Whether the status is 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer itself if its status is a success.
    ///
    /// # Errors
    /// [`HttpError::Status`] otherwise.
    pub fn success(self) -> Result<Self, HttpError> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(HttpError::Status {
                url: redact(&self.final_url),
                status: self.status,
            })
        }
    }

    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("final_url", &redact(&self.final_url))
            .field("body", &self.body.len())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
