//! What a client is built with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::ask::AskedLogins;
use crate::cache::CacheSettings;
use crate::netrc::Netrc;

/// Settings of a [`crate::Client`], changed from their default one by one. `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Longest wait for a connection, and for the next bytes of an answer. pip's `--timeout`; 15 s.
    pub timeout: Duration,
    /// Longest time for one small answer as a whole, from the request to the last byte; `timeout` if that is longer.
    /// Downloads are bounded by their mean speed instead.
    pub total_timeout: Duration,
    /// How often a request is repeated after a transient failure. pip's `--retries`.
    pub retries: u32,
    /// Wait before the first repetition; doubled each time, with jitter.
    pub retry_delay: Duration,
    /// Longest single wait; a server that asks for more with `Retry-After` is not asked again.
    pub max_retry_delay: Duration,
    /// `User-Agent`.
    pub user_agent: String,
    /// Certificate authorities that *replace* the system's, as one PEM bundle. pip's `--cert`.
    pub ca_bundle_pem: Option<Vec<u8>>,
    /// Certificate authorities *in addition* to the system's, each a PEM bundle. Ignored with `ca_bundle_pem`.
    pub extra_roots_pem: Vec<Vec<u8>>,
    /// Client certificate and its private key in one PEM text. pip's `--client-cert`.
    pub client_identity_pem: Option<Vec<u8>>,
    /// Proxy for every request, with or without credentials. Without it, the usual environment variables count.
    pub proxy: Option<String>,
    /// URLs with user name and password, each for its own origin only, such as index URLs.
    pub credentials: Vec<Url>,
    /// User names and passwords by host, for origins that have none among `credentials`.
    pub netrc: Netrc,
    /// Who is asked for a login when an index wants one and none is known.
    pub asked_logins: Option<Arc<AskedLogins>>,
    /// Whether every request fails at once with [`crate::HttpError::Offline`].
    pub offline: bool,
    /// Most requests in flight at once.
    pub max_concurrent: usize,
    /// The cache on disk; none by default.
    pub cache: Option<CacheSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            total_timeout: Duration::from_mins(1),
            retries: 3,
            retry_delay: Duration::from_millis(250),
            max_retry_delay: Duration::from_secs(20),
            user_agent: concat!("slsa-pip/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_bundle_pem: None,
            extra_roots_pem: Vec::new(),
            client_identity_pem: None,
            proxy: None,
            credentials: Vec::new(),
            netrc: Netrc::default(),
            asked_logins: None,
            offline: false,
            max_concurrent: 32,
            cache: None,
        }
    }
}

impl Settings {
    pub(crate) fn whole_answer(&self) -> Duration {
        self.total_timeout.max(self.timeout)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("timeout", &self.timeout)
            .field("total_timeout", &self.total_timeout)
            .field("retries", &self.retries)
            .field("user_agent", &self.user_agent)
            .field("ca_bundle", &self.ca_bundle_pem.is_some())
            .field("extra_roots", &self.extra_roots_pem.len())
            .field("client_identity", &self.client_identity_pem.is_some())
            .field("proxy", &self.proxy.is_some())
            .field("credentials", &self.credentials.len())
            .field("netrc", &self.netrc)
            .field("asked_logins", &self.asked_logins.is_some())
            .field("offline", &self.offline)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
