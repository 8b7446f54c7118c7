//! Fetching one place and saying what came back.

use bytes::Bytes;
use slsa_pip_http::{Client, Response, redact};
use slsa_pip_provenance::{Located, Problem, parse_provenance};
use url::Url;

use crate::MAX_EVIDENCE_BYTES;
use crate::answer::{Answer, Asked};

/// `Accept` of GitHub's API.
pub(crate) const API_MEDIA_TYPE: &str = "application/vnd.github+json";

/// One place, what it answered, and the body of a success.
pub(crate) struct Fetched {
    pub(crate) url: Url,
    pub(crate) result: Result<Response, Answer>,
}

impl Fetched {
    pub(crate) fn asked(&self, answer: Answer) -> Asked {
        Asked {
            location: redact(&self.url),
            answer,
        }
    }
}

/// Fetches `url`. Anything but a success is an `Err`.
pub(crate) async fn fetch(http: &Client, url: Url, accept: Option<&str>, bearer: Option<&str>, limit: u64) -> Fetched {
    let result = match http.get_with(&url, accept, bearer, limit).await {
        Ok(response) => match Answer::of_status(&response) {
            None => Ok(response),
            Some(answer) => Err(answer),
        },
        Err(error) => Err(Answer::of_error(&error)),
    };
    Fetched { url, result }
}

/// Fetches an evidence file. `Found` comes with its content, which holds at least one attestation.
pub(crate) async fn evidence(http: &Client, url: Url) -> (Asked, Option<(Url, Bytes)>) {
    let fetched = fetch(http, url, None, None, MAX_EVIDENCE_BYTES).await;
    match &fetched.result {
        Ok(response) => match readable(&response.body) {
            Ok(()) => {
                let body = response.body.clone();
                (fetched.asked(Answer::Found), Some((shown(fetched.url), body)))
            }
            Err(why) => (fetched.asked(Answer::Unreadable { why }), None),
        },
        Err(answer) => (fetched.asked(answer.clone()), None),
    }
}

/// Whether a content holds an attestation; if not, why. An error page with status 200 does not.
fn readable(body: &[u8]) -> Result<(), String> {
    let parsed = parse_provenance(body);
    match parsed.problems.first() {
        Some(Located { item, .. }) if parsed.attestations.is_empty() => Err(match item {
            Problem::Json(_) if body.trim_ascii_start().starts_with(b"<") => "it is a web page".to_owned(),
            other => other.to_string(),
        }),
        _ => Ok(()),
    }
}

/// A URL without what may be secret in it.
fn shown(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for URLs without a host, and this one was asked.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
