//! The client, and how often a request for a small answer is tried.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Identity, Method, Proxy};
use tokio::sync::Semaphore;
use url::{Origin, Url};

use crate::attempt::{Outgoing, Sent, basic_auth, credentials_of};
use crate::body;
use crate::cache::{Store, Troubles, WheelStore};
use crate::error::HttpError;
use crate::get::Get;
use crate::redact::redact;
use crate::response::{self, Response};
use crate::retry::{self, Backoff};
use crate::room::{Growth, Pauses};
use crate::settings::Settings;

/// What a server may send of one answer over HTTP/2 before it is read: 25 MB a second at 20 ms.
const STREAM_WINDOW: u32 = 512 << 10;
/// How many answers on one connection may be unread and hold up none of the others: as many as are under way at once, since each
/// may wait for room ([`crate::with_room`]).
const UNREAD_STREAMS: u32 = 32;

/// An HTTP client; clones share connections, credentials and the counter.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) inner: reqwest::Client,
    /// Made when first needed: connects to public addresses only.
    pub(crate) guarded: OnceLock<reqwest::Client>,
    /// Host names that were looked up, and whether they are in a private network.
    pub(crate) inside: RwLock<HashMap<String, bool>>,
    pub(crate) credentials: RwLock<HashMap<Origin, HeaderValue>>,
    pub(crate) slots: Semaphore,
    pub(crate) requests: AtomicU64,
    pub(crate) cache_hits: AtomicU64,
    pub(crate) revalidations: AtomicU64,
    pub(crate) store: Option<Arc<Store>>,
    wheels: Option<WheelStore>,
    troubles: Arc<Troubles>,
    /// Origins that could not be connected to, after all retries, and why.
    pub(crate) unreachable: RwLock<HashMap<Origin, String>>,
}

/// What a client has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Requests sent, repetitions, redirects and revalidations included.
    pub requests: u64,
    /// Answers that the cache gave without a request.
    pub cache_hits: u64,
    /// Answers that the cache gave after the server had confirmed them, each also among the requests.
    pub revalidations: u64,
    /// Files that were taken from the wheel store.
    pub wheel_hits: u64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.shared.settings)
            .field("requests", &self.request_count())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Builds a client. Opens no connection.
    ///
    /// # Errors
    /// [`HttpError::Settings`] if certificates, proxy or user agent cannot be used.
    pub fn new(settings: Settings) -> Result<Self, HttpError> {
        let inner = build(&settings, |builder| builder)?;
        let credentials = settings
            .credentials
            .iter()
            .filter_map(|url| Some((url.origin(), credentials_of(url)?)))
            .collect();
        let troubles = Arc::<Troubles>::default();
        let cache = settings.cache.as_ref();
        Ok(Self {
            shared: Arc::new(Shared {
                store: cache.map(|cache| Arc::new(Store::new(cache, Arc::clone(&troubles)))),
                wheels: cache.map(|cache| WheelStore::new(cache, Arc::clone(&troubles))),
                troubles,
                slots: Semaphore::new(settings.max_concurrent.max(1)),
                settings,
                inner,
                guarded: OnceLock::new(),
                inside: RwLock::default(),
                credentials: RwLock::new(credentials),
                requests: AtomicU64::new(0),
                cache_hits: AtomicU64::new(0),
                revalidations: AtomicU64::new(0),
                unreachable: RwLock::default(),
            }),
        })
    }

    /// Remembers the user name and password of this URL for its origin (scheme, host and port), if it has any.
    pub fn remember_credentials(&self, url: &Url) {
        if let Some(header) = credentials_of(url) {
            let mut known = self.shared.credentials.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(url.origin(), header);
        }
    }

    /// Remembers a user name and password for the URL's origin, such as from a netrc file.
    pub fn remember_login(&self, url: &Url, user: &str, password: &str) {
        if let Some(header) = basic_auth(user, password) {
            let mut known = self.shared.credentials.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(url.origin(), header);
        }
    }

    /// What the client was built with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Requests sent so far, repetitions, redirects and revalidations included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// What was done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            requests: self.request_count(),
            cache_hits: self.shared.cache_hits.load(Ordering::Relaxed),
            revalidations: self.shared.revalidations.load(Ordering::Relaxed),
            wheel_hits: self.shared.wheels.as_ref().map_or(0, WheelStore::hits),
        }
    }

    /// The store of files by their digest, if there is a cache.
    #[must_use]
    pub fn wheels(&self) -> Option<&WheelStore> {
        self.shared.wheels.as_ref()
    }

    /// Why the cache could not be used the first time that it failed: a file or folder, and the system's reason. No request
    /// fails for that.
    #[must_use]
    pub fn cache_trouble(&self) -> Option<String> {
        self.shared.troubles.first()
    }

    /// [`Client::fetch`] without the cache.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub async fn get(&self, url: &Url, accept: Option<&str>, limit: u64) -> Result<Response, HttpError> {
        self.get_with(url, accept, None, limit).await
    }

    /// [`Client::get`] with a bearer token, which is sent to the URL's own origin only.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub async fn get_with(
        &self,
        url: &Url,
        accept: Option<&str>,
        bearer: Option<&str>,
        limit: u64,
    ) -> Result<Response, HttpError> {
        self.fetch(&Get::new(url, limit).accept(accept).bearer(bearer)).await
    }

    /// POSTs a JSON document. Tried again only if nothing was processed: no connection, or 429 or 503.
    ///
    /// # Errors
    /// As [`Client::fetch`]. A redirect is followed as a browser does: 307 and 308 repeat the POST, others become a GET.
    pub async fn post_json(&self, url: &Url, value: &serde_json::Value, limit: u64) -> Result<Response, HttpError> {
        let outgoing = Outgoing {
            accept: Some("application/json"),
            json: Some(Bytes::from(value.to_string())),
            compressed: true,
            ..Outgoing::new(Method::POST, url)
        };
        self.answer(&outgoing, limit).await
    }

    pub(crate) async fn answer(&self, outgoing: &Outgoing<'_>, limit: u64) -> Result<Response, HttpError> {
        let repeatable = outgoing.json.is_none();
        let mut backoff = Backoff::new(&self.shared.settings);
        loop {
            let attempt = self.attempt(outgoing, limit).await;
            let wait = match &attempt {
                Ok(answer)
                    if retry::is_transient(answer.status) && (repeatable || matches!(answer.status, 429 | 503)) =>
                {
                    backoff.next(Some(&answer.headers))
                }
                Err(error) if error.is_transient() && (repeatable || matches!(error, HttpError::Connect { .. })) => {
                    backoff.after(error)
                }
                _ => None,
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return attempt.map_err(|error| self.given_up(outgoing.url, error)),
            }
        }
    }

    /// An error after which the request is not tried again. If no connection could be made, neither will later requests to
    /// that origin try: each would wait as long for the same answer, and there may be hundreds.
    pub(crate) fn given_up(&self, url: &Url, error: HttpError) -> HttpError {
        // A redirect may have led to the host that cannot be reached.
        if let HttpError::Connect { url: failed, reason } = &error
            && Url::parse(failed).is_ok_and(|failed| failed.origin() == url.origin())
        {
            let mut unreachable = self.shared.unreachable.write().unwrap_or_else(PoisonError::into_inner);
            unreachable.insert(url.origin(), reason.clone());
        }
        error
    }

    /// Fails if the URL's origin could not be connected to before.
    pub(crate) fn check_reachable(&self, url: &Url) -> Result<(), HttpError> {
        let unreachable = self.shared.unreachable.read().unwrap_or_else(PoisonError::into_inner);
        match unreachable.get(&url.origin()) {
            Some(reason) => Err(HttpError::Unreachable {
                url: redact(url),
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    async fn attempt(&self, outgoing: &Outgoing<'_>, limit: u64) -> Result<Response, HttpError> {
        let slot = self.slot(outgoing.url).await?;
        let after = self.shared.settings.whole_answer();
        let pauses = Pauses::default();
        let exchange = async {
            let Sent { answer, url, way } = self.send(outgoing).await?;
            let status = answer.status().as_u16();
            let headers = answer.headers().clone();
            let body = body::read(answer, &url, limit, after, Growth::of_request(&pauses, slot)).await?;
            Ok(Response {
                status,
                headers,
                final_url: url,
                body,
                origin: response::Origin::Network,
                way,
            })
        };
        pauses.timeout(after, exchange).await.unwrap_or_else(|| {
            Err(HttpError::Timeout {
                url: redact(outgoing.url),
                after,
            })
        })
    }
}

pub(crate) fn build(
    settings: &Settings,
    finish: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, HttpError> {
    let unusable = |what: &str, error: &dyn fmt::Display| HttpError::Settings {
        reason: format!("{what}: {error}"),
    };
    let mut builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .connect_timeout(settings.timeout)
        .read_timeout(settings.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(STREAM_WINDOW * UNREAD_STREAMS)
        .referer(false);
    let authorities = |pem: &[u8]| -> Result<Vec<Certificate>, HttpError> {
        let found = Certificate::from_pem_bundle(pem).map_err(|error| unusable("certificate bundle", &error))?;
        if found.is_empty() {
            return Err(unusable("certificate bundle", &"it holds no certificate"));
        }
        Ok(found)
    };
    if let Some(pem) = &settings.ca_bundle_pem {
        builder = builder.tls_certs_only(authorities(pem)?);
    } else {
        for pem in &settings.extra_roots_pem {
            builder = builder.tls_certs_merge(authorities(pem)?);
        }
    }
    if let Some(pem) = &settings.client_identity_pem {
        let identity = Identity::from_pem(pem).map_err(|error| unusable("client certificate", &error))?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &settings.proxy {
        // reqwest's own text could show the proxy's password.
        let proxy = Proxy::all(proxy).map_err(|_| unusable("proxy", &"it is not a URL of a proxy"))?;
        builder = builder.proxy(proxy);
    }
    finish(builder)
        .build()
        .map_err(|error| unusable("HTTP client", &crate::attempt::reason(&error.without_url())))
}
