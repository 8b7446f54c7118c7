//! Releases and attestations against a GitHub-shaped server on this machine, honest and hostile.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "github/attestations.rs"]
mod attestations;
#[path = "github/hostile.rs"]
mod hostile;
#[path = "github/limits.rs"]
mod limits;
#[path = "github/releases.rs"]
mod releases;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::{Value, json};
use slsa_pip_github_releases::{Answer, GithubUrls, ReleaseAnswer};
use slsa_pip_http::{Client, Settings};
use slsa_pip_provenance::parse_provenance;

/// What the server answers at one path.
#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
    /// What it answers from the second time on, if something else.
    then: Option<Box<Reply>>,
}

fn reply(status: u16, body: impl ToString) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        delay: Duration::ZERO,
        then: None,
    }
}

fn binary(body: Vec<u8>) -> Reply {
    Reply { body, ..reply(200, "") }
}

impl Reply {
    fn with(mut self, header: &'static str, value: impl ToString) -> Self {
        self.headers.push((header, value.to_string()));
        self
    }

    fn then(mut self, next: Reply) -> Self {
        self.then = Some(Box::new(next));
        self
    }
}

/// Path with query, and the `Authorization` header, of every request.
type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A server on 127.0.0.1: path and query to answer, 404 elsewhere. Site and API share it, the API below `/api`.
struct Server {
    urls: GithubUrls,
    seen: Seen,
}

impl Server {
    async fn start(replies: impl IntoIterator<Item = (String, Reply)>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        // Answers may name the server itself.
        let replies: BTreeMap<String, Reply> = replies
            .into_iter()
            .map(|(path, mut reply)| {
                if let Ok(text) = std::str::from_utf8(&reply.body) {
                    reply.body = text.replace("{root}", &root).into_bytes();
                }
                for (_, value) in &mut reply.headers {
                    *value = value.replace("{root}", &root);
                }
                (path, reply)
            })
            .collect();
        let replies = Mutex::new(replies);
        let seen = Seen::default();
        let log = seen.clone();
        let answer = move |request: Request| {
            let path = request.uri().to_string();
            let token = request
                .headers()
                .get("authorization")
                .map(|v| v.to_str().unwrap().to_owned());
            let keyed = format!("{path} {}", token.as_deref().unwrap_or_default());
            let mut replies = replies.lock().unwrap();
            let key = [keyed.trim_end(), path.as_str()]
                .into_iter()
                .find(|key| replies.contains_key(*key));
            let found = key.map(|key| {
                let now = replies[key].clone();
                if let Some(next) = &now.then {
                    replies.insert(key.to_owned(), (**next).clone());
                }
                now
            });
            log.lock().unwrap().push((path, token));
            found.unwrap_or_else(|| reply(404, "Not Found"))
        };
        let answer = Arc::new(answer);
        let handler = move |request: Request| {
            let reply = answer(request);
            async move {
                tokio::time::sleep(reply.delay).await;
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        };
        let app = Router::new().fallback(axum::routing::get(handler));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let urls = GithubUrls {
            web: root.parse().unwrap(),
            api: format!("{root}/api/").parse().unwrap(),
        };
        Self { urls, seen }
    }

    /// Where it is, without a slash at the end.
    fn root(&self) -> String {
        self.urls.web.as_str().trim_end_matches('/').to_owned()
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

fn client() -> Client {
    client_that_waits(Duration::from_secs(30))
}

fn client_that_waits(timeout: Duration) -> Client {
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.timeout = timeout;
    Client::new(settings).unwrap()
}

/// An envelope about a file of this name.
fn about(filename: &str) -> Value {
    use base64::Engine as _;
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": format!("./dist/{filename}"), "digest": {"sha256": "0".repeat(64)}}],
        "predicateType": "https://slsa.dev/provenance/v0.2",
    });
    let payload = base64::engine::general_purpose::STANDARD.encode(statement.to_string());
    json!({"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": [{"sig": "c2ln"}]})
}

fn bundle() -> Value {
    let mut envelope = about("x");
    envelope["signatures"] = json!([{"sig": "c2ln"}]);
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {},
        "dsseEnvelope": envelope,
    })
}

/// The places that gave something else than a plain "none".
fn notable(answer: &ReleaseAnswer) -> Vec<Answer> {
    let all = answer.asked.iter().map(|asked| asked.answer.clone());
    all.filter(|answer| !answer.is_none()).collect()
}

fn is_limited(answer: &Answer) -> bool {
    matches!(answer, Answer::RateLimited { .. })
}

/// Paths of the evidence files, and how many attestations each holds.
fn found(answer: &ReleaseAnswer) -> Vec<(String, usize)> {
    let files = answer.evidence_files.iter();
    files
        .map(|(url, content)| (url.path().to_owned(), parse_provenance(content).attestations.len()))
        .collect()
}
