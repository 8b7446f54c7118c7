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
    guard: Option<&'a Url>,
    private_way: bool,
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
            guard: None,
            private_way: false,
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

    /// Keeps to public addresses, also along redirects, at every host but `home`'s: the configured place from whose answers the
    /// URL comes. No bound if `home` itself is in a private network. See [`crate::is_public`].
    #[must_use]
    pub fn guard(mut self, home: &'a Url) -> Self {
        self.guard = Some(home);
        self
    }

    /// Takes no step that is not a private way ([`crate::is_private_way`]): neither the URL itself, nor any redirect.
    #[must_use]
    pub fn private_way(mut self) -> Self {
        self.private_way = true;
        self
    }

    pub(crate) fn outgoing(&self) -> Outgoing<'a> {
        Outgoing {
            accept: self.accept,
            bearer: self.bearer,
            compressed: true,
            logins: self.logins,
            guard: self.guard,
            private_way: self.private_way,
            ..Outgoing::new(Method::GET, self.url)
        }
    }
}
