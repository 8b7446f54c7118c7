//! One exchange: request, redirects, the answer's head.

use std::error::Error;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    LOCATION, RANGE,
};
use tokio::sync::SemaphorePermit;
use url::Url;

use crate::cache::Validators;
use crate::client::Client;
use crate::error::{HttpError, RedirectProblem};
use crate::guard::NoPublicAddress;
use crate::redact::redact;
use crate::redirect::{check_scheme, is_private_way, next_hop, same_origin};
use crate::response::Way;

/// A request as its caller wants it.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) accept: Option<&'a str>,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) range: Option<String>,
    /// The validator of the file that the range is of: if the file is another by now, the server sends all of it.
    pub(crate) if_range: Option<HeaderValue>,
    pub(crate) json: Option<Bytes>,
    /// Whether the body may come gzipped. Files are asked for as they are.
    pub(crate) compressed: bool,
    /// Whether credentials that the client knows for an origin are used; those of the URL itself always are.
    pub(crate) logins: bool,
    /// The configured place whose answers lead here: at other hosts only public addresses are asked.
    pub(crate) guard: Option<&'a Url>,
    /// Whether every step must be a private way.
    pub(crate) private_way: bool,
    /// What makes the request conditional, at one URL.
    pub(crate) validators: Option<Validators>,
}

/// An answer whose body is still unread.
pub(crate) struct Sent {
    pub(crate) answer: reqwest::Response,
    /// The URL that answered.
    pub(crate) url: Url,
    pub(crate) way: Way,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(method: Method, url: &'a Url) -> Self {
        Self {
            method,
            url,
            accept: None,
            bearer: None,
            range: None,
            if_range: None,
            json: None,
            compressed: false,
            logins: true,
            guard: None,
            private_way: false,
            validators: None,
        }
    }
}

impl Client {
    /// Waits for its turn. Fails at once when offline or when the URL cannot be asked.
    pub(crate) async fn slot(&self, url: &Url) -> Result<SemaphorePermit<'_>, HttpError> {
        check_scheme(url)?;
        if self.shared.settings.offline {
            return Err(HttpError::Offline { url: redact(url) });
        }
        self.check_reachable(url)?;
        self.shared.slots.acquire().await.map_err(|_| HttpError::Settings {
            reason: "the client is closed".to_owned(),
        })
    }

    /// Sends the request and follows redirects; the body is still unread.
    pub(crate) async fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, HttpError> {
        let mut own_login = self.login(outgoing)?;
        let mut asked = false;
        let mut method = outgoing.method.clone();
        let mut url = without_credentials(outgoing.url);
        if outgoing.private_way && !is_private_way(&url) {
            return Err(HttpError::Unencrypted { url: redact(&url) });
        }
        let mut hops = 0;
        let mut way = Way::default();
        loop {
            let login = if same_origin(&url, outgoing.url) {
                own_login.clone()
            } else if outgoing.bearer.is_none() && outgoing.logins {
                self.known_login(&url)
            } else {
                None
            };
            way.foreign_login |= login.is_some() && !same_origin(&url, outgoing.url);
            let validators = outgoing
                .validators
                .as_ref()
                .filter(|known| !asked && known.fit(&url, way.redirected));
            way.conditional = validators.is_some();
            let answer = self
                .send_once(outgoing, &method, &url, login.clone(), validators)
                .await?;
            if answer.status().as_u16() == 401
                && let Some(found) = self.asked_login(outgoing, &url, login.as_ref()).await?
            {
                own_login = Some(found);
                // The cache would keep the answer as one to a request without that login.
                way.foreign_login = true;
                asked = true;
                continue;
            }
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(Sent { answer, url, way });
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = next_hop(&url, location, hops)?;
            if outgoing.private_way && !is_private_way(&next) {
                return Err(HttpError::Redirect {
                    url: redact(&url),
                    why: RedirectProblem::Unencrypted { to: redact(&next) },
                });
            }
            url = next;
            hops += 1;
            way.redirected = true;
            if !matches!(answer.status().as_u16(), 307 | 308) {
                method = Method::GET;
            }
        }
    }

    /// The credentials that go with a request at its own origin.
    pub(crate) fn login(&self, outgoing: &Outgoing<'_>) -> Result<Option<HeaderValue>, HttpError> {
        if let Some(token) = outgoing.bearer {
            let unfit = || HttpError::Settings {
                reason: "the token holds characters that a header cannot carry".to_owned(),
            };
            return sensitive(&format!("Bearer {token}")).ok_or_else(unfit).map(Some);
        }
        let own = credentials_of(outgoing.url);
        Ok(own.or_else(|| self.known_login(outgoing.url).filter(|_| outgoing.logins)))
    }

    fn known_login(&self, url: &Url) -> Option<HeaderValue> {
        let known = self.shared.credentials.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&url.origin()).cloned().or_else(|| {
            let (user, password) = self.shared.settings.netrc.login(url)?;
            basic_auth(user, password)
        })
    }

    async fn send_once(
        &self,
        outgoing: &Outgoing<'_>,
        method: &Method,
        url: &Url,
        login: Option<HeaderValue>,
        validators: Option<&Validators>,
    ) -> Result<reqwest::Response, HttpError> {
        let encoding = if outgoing.compressed { "gzip" } else { "identity" };
        let client = match outgoing.guard {
            Some(home) => self.guarded(home, url).await?,
            None => &self.shared.inner,
        };
        let mut request = client
            .request(method.clone(), url.clone())
            .header(ACCEPT_ENCODING, encoding);
        if let Some(accept) = outgoing.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        if let Some(known) = validators {
            // A server that knows both goes by the first.
            for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        if let Some(range) = &outgoing.range {
            request = request.header(RANGE, range);
        }
        if let Some(validator) = &outgoing.if_range {
            request = request.header(IF_RANGE, validator);
        }
        if let Some(json) = outgoing.json.as_ref().filter(|_| *method == Method::POST) {
            request = request.header(CONTENT_TYPE, "application/json").body(json.clone());
        }
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        request
            .send()
            .await
            .map_err(|error| classify(error, url, self.shared.settings.timeout))
    }
}

/// What a failed exchange means.
pub(crate) fn classify(error: reqwest::Error, url: &Url, timeout: std::time::Duration) -> HttpError {
    let url = redact(url);
    let connecting = error.is_connect();
    if connecting && innermost(&error).is::<NoPublicAddress>() {
        return HttpError::Private { url };
    }
    if error.is_timeout() {
        return if connecting {
            HttpError::Connect {
                url,
                reason: format!("no connection within {} s", timeout.as_secs_f32()),
            }
        } else {
            HttpError::Timeout { url, after: timeout }
        };
    }
    let reason = reason(&error.without_url());
    // The TLS library's error type is not exposed, but its words are stable.
    if connecting
        && ["certificate", "UnknownIssuer", "handshake", "corrupt message", "TLS"]
            .iter()
            .any(|word| reason.contains(word))
    {
        HttpError::Tls { url, reason }
    } else if connecting {
        HttpError::Connect { url, reason }
    } else {
        HttpError::Transport { url, reason }
    }
}

/// The innermost cause, which says most: reqwest's own texts only name the stage.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

/// The words of the innermost cause.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let text = innermost(error).to_string();
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// The basic authentication that a URL's user name and password stand for.
pub(crate) fn credentials_of(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    basic_auth(
        &percent_decoded(url.username()),
        &percent_decoded(url.password().unwrap_or_default()),
    )
}

pub(crate) fn basic_auth(user: &str, password: &str) -> Option<HeaderValue> {
    sensitive(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A URL without credentials, and where a redirect led without its query, which may be a pre-signed secret and differs each time.
pub(crate) fn kept_url(url: &Url, redirected: bool) -> Url {
    let mut url = without_credentials(url);
    if redirected {
        url.set_query(None);
    }
    url
}

pub(crate) fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // These fail only for URLs without a host, which were refused before.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_decoded_once() {
        let url = Url::parse("https://us%40er:p%3Aw%25@index.example/").unwrap();
        let header = credentials_of(&url).unwrap();
        assert!(header.is_sensitive());
        let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        assert_eq!(STANDARD.decode(encoded).unwrap(), b"us@er:p:w%");
        assert!(credentials_of(&Url::parse("https://index.example/").unwrap()).is_none());
        assert_eq!(without_credentials(&url).as_str(), "https://index.example/");
    }
}
