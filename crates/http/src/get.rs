//! A GET for a small answer, as its caller wants it.

use reqwest::Method;
use url::Url;

use crate::attempt::Outgoing;
use crate::cache::Caching;

/// A GET whose body is read into memory.
#[derive(Clone, Copy)]
pub struct Get<'a> {
    pub(crate) url: &'a Url,
    pub(crate) limit: u64,
    pub(crate) caching: Caching,
    accept: Option<&'a str>,
    bearer: Option<&'a str>,
    logins: bool,
}

impl<'a> Get<'a> {
    /// A GET of at most `limit` bytes, counted after decompression: with the credentials that the client knows for the URL's
    /// origin, without the cache.
    #[must_use]
    pub fn new(url: &'a Url, limit: u64) -> Self {
        Self {
            url,
            limit,
            caching: Caching::Never,
            accept: None,
            bearer: None,
            logins: true,
        }
    }

    /// Sends `Accept`.
    #[must_use]
    pub fn accept(mut self, accept: Option<&'a str>) -> Self {
        self.accept = accept;
        self
    }

    /// Sends a bearer token, to the URL's own origin only, and no other credentials.
    #[must_use]
    pub fn bearer(mut self, token: Option<&'a str>) -> Self {
        self.bearer = token;
        self
    }

    /// What the cache may do.
    #[must_use]
    pub fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    /// Sends no credentials that the client knows for an origin: for places that have nothing to do with the index.
    #[must_use]
    pub fn without_logins(mut self) -> Self {
        self.logins = false;
        self
    }

    pub(crate) fn outgoing(&self) -> Outgoing<'a> {
        Outgoing {
            accept: self.accept,
            bearer: self.bearer,
            compressed: true,
            logins: self.logins,
            ..Outgoing::new(Method::GET, self.url)
        }
    }
}
