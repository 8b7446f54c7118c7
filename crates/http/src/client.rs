//! The client and its requests for small answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, Method, Proxy};
use tokio::sync::Semaphore;
use url::{Origin, Url};

use crate::attempt::{Outgoing, basic_auth, credentials_of};
use crate::body;
use crate::error::HttpError;
use crate::redact::redact;
use crate::retry::{self, Backoff};
use crate::settings::Settings;

/// An HTTP client; clones share connections, credentials and the counter.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) inner: reqwest::Client,
    pub(crate) credentials: RwLock<HashMap<Origin, HeaderValue>>,
    pub(crate) slots: Semaphore,
    pub(crate) requests: AtomicU64,
    /// Origins that could not be connected to, after all retries, and why.
    pub(crate) unreachable: RwLock<HashMap<Origin, String>>,
}

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
            .finish_non_exhaustive()
    }
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
        let inner = build(&settings)?;
        let credentials = settings
            .credentials
            .iter()
            .filter_map(|url| Some((url.origin(), credentials_of(url)?)))
            .collect();
        Ok(Self {
            shared: Arc::new(Shared {
                slots: Semaphore::new(settings.max_concurrent.max(1)),
                settings,
                inner,
                credentials: RwLock::new(credentials),
                requests: AtomicU64::new(0),
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

    /// Requests sent so far, repetitions and redirects included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// GET with the body read up to `limit` bytes, counted after decompression.
    ///
    /// Any status is an answer (see [`Response::success`]); 429, 502, 503 and 504 and failed connections are tried again
    /// first.
    ///
    /// # Errors
    /// Any [`HttpError`] but `Status`.
    pub async fn get(&self, url: &Url, accept: Option<&str>, limit: u64) -> Result<Response, HttpError> {
        self.get_with(url, accept, None, limit).await
    }

    /// [`Client::get`] with a bearer token, which is sent to the URL's own origin only.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_with(
        &self,
        url: &Url,
        accept: Option<&str>,
        bearer: Option<&str>,
        limit: u64,
    ) -> Result<Response, HttpError> {
        let outgoing = Outgoing {
            accept,
            bearer,
            compressed: true,
            ..Outgoing::new(Method::GET, url)
        };
        self.answer(&outgoing, limit).await
    }

    /// POSTs a JSON document. Tried again only if nothing was processed: no connection, or 429 or 503.
    ///
    /// # Errors
    /// As [`Client::get`]. A redirect is followed as a browser does: 307 and 308 repeat the POST, others become a GET.
    pub async fn post_json(&self, url: &Url, value: &serde_json::Value, limit: u64) -> Result<Response, HttpError> {
        let outgoing = Outgoing {
            accept: Some("application/json"),
            json: Some(Bytes::from(value.to_string())),
            compressed: true,
            ..Outgoing::new(Method::POST, url)
        };
        self.answer(&outgoing, limit).await
    }

    async fn answer(&self, outgoing: &Outgoing<'_>, limit: u64) -> Result<Response, HttpError> {
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
        let _slot = self.slot(outgoing.url).await?;
        let after = self.shared.settings.whole_answer();
        let exchange = async {
            let (answer, final_url) = self.send(outgoing).await?;
            let status = answer.status().as_u16();
            let headers = answer.headers().clone();
            let body = body::read(answer, &final_url, limit, after).await?;
            Ok(Response {
                status,
                headers,
                final_url,
                body,
            })
        };
        tokio::time::timeout(after, exchange).await.unwrap_or_else(|_| {
            Err(HttpError::Timeout {
                url: redact(outgoing.url),
                after,
            })
        })
    }
}

fn build(settings: &Settings) -> Result<reqwest::Client, HttpError> {
    let unusable = |what: &str, error: &dyn fmt::Display| HttpError::Settings {
        reason: format!("{what}: {error}"),
    };
    let mut builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .connect_timeout(settings.timeout)
        .read_timeout(settings.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
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
    builder
        .build()
        .map_err(|error| unusable("HTTP client", &crate::attempt::reason(&error.without_url())))
}
