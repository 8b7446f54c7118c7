//! The cache on disk, against servers on 127.0.0.1 that count what they are asked.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    reason = "a failing test panics"
)]

#[path = "cache/answers.rs"]
mod answers;
#[path = "cache/damage.rs"]
mod damage;
#[path = "cache/killed.rs"]
mod killed;
#[path = "cache/size.rs"]
mod size;
#[path = "cache/wheels.rs"]
mod wheels;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response as Answer};
use slsa_pip_cache::CacheFolder;
use slsa_pip_http::{CacheSettings, Caching, Client, Counters, Get, Response, Settings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;

const LIMIT: u64 = 64 * 1024;

/// What the server answers now, changed by the test.
#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn reply(body: &str) -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

impl Reply {
    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn etag(self, etag: &str) -> Self {
        self.with("etag", etag)
    }

    fn max_age(self, seconds: u32) -> Self {
        self.with("cache-control", &format!("max-age={seconds}"))
    }
}

/// A server with one answer for every path. It confirms its `ETag` or `Last-Modified` as RFC 9110 asks.
#[derive(Clone)]
struct Server {
    url: Url,
    reply: Arc<Mutex<Reply>>,
    seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Server {
    async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/page", listener.local_addr().unwrap());
        let server = Self {
            url: url.parse().unwrap(),
            reply: Arc::new(Mutex::new(reply)),
            seen: Arc::default(),
        };
        let state = server.clone();
        let router = Router::new().fallback(move |request: Request| {
            let answer = state.answer(&request);
            async move { answer }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    fn answer(&self, request: &Request) -> Answer {
        let headers = request.headers().clone();
        let reply = self.reply.lock().unwrap().clone();
        let confirms = |own: &str, theirs: &str| {
            let own = reply.headers.iter().find(|(name, _)| *name == own);
            own.is_some_and(|(_, value)| headers.get(theirs).is_some_and(|sent| sent == value))
        };
        let confirmed = confirms("etag", "if-none-match") || confirms("last-modified", "if-modified-since");
        let (status, body) = if confirmed {
            (304, String::new())
        } else {
            (reply.status, reply.body)
        };
        let mut answer = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, _) in &reply.headers {
            answer.headers_mut().remove(*name);
        }
        for (name, value) in reply.headers {
            answer.headers_mut().append(name, value.parse().unwrap());
        }
        self.seen.lock().unwrap().push((request.uri().to_string(), headers));
        answer
    }

    fn now(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn cache(folder: &TempDir) -> CacheSettings {
    CacheSettings::new(CacheFolder::new(folder.path().join("cache")))
}

fn client_of(cache: CacheSettings) -> Client {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(5);
    settings.retries = 0;
    settings.cache = Some(cache);
    Client::new(settings).unwrap()
}

fn client(folder: &TempDir) -> Client {
    client_of(cache(folder))
}

async fn get(client: &Client, url: &Url, caching: Caching) -> Response {
    client.fetch(&Get::new(url, LIMIT).caching(caching)).await.unwrap()
}

async fn standard(client: &Client, url: &Url) -> Response {
    get(client, url, Caching::Standard).await
}

/// Requests, hits and revalidations.
fn counts(client: &Client) -> (u64, u64, u64) {
    let Counters {
        requests,
        cache_hits,
        revalidations,
        ..
    } = client.counters();
    (requests, cache_hits, revalidations)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
