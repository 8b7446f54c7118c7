//! One HTTP listener on 127.0.0.1 that plays index, GitHub and log, each under a prefix.
//!
//! | prefix | plays |
//! |---|---|
//! | `/simple/`, `/files/`, `/integrity/`, `/pypi/` | an index: PEP 503 and 691 pages, files with ranges, PEP 740 provenance, JSON API |
//! | `/github/` | release downloads on GitHub's web site, by way of a redirect to `/github-objects/` |
//! | `/github-api/` | releases by tag, attestations by digest; their bundles under `/github-bundles/` |
//! | `/tuf/` | TUF repositories of trusted roots |
//! | `/rekor/` | Rekor v1: entries by proposal, UUID or index, and the search index |

pub(crate) mod answer;
pub mod fault;
pub(crate) mod github;
pub(crate) mod index;
pub(crate) mod pace;
pub(crate) mod rekor;
pub(crate) mod tuf;

use crate::sigstore::TestSigstore;
use answer::{Answer, Asked};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use fault::{Fault, PathFault, respond};
use github::GitHub;
use index::Index;
use pace::Pace;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tuf::TufServer;

/// The largest request body taken: envelopes are far below.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// A request that was made, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path with query.
    pub path: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `Authorization` header: tests assert where credentials went.
    pub authorization: Option<String>,
    /// Status answered; a fault's own when one struck.
    pub status: u16,
}

/// Everything that the handlers serve.
pub(crate) struct Contents {
    pub(crate) index: Index,
    pub(crate) github: GitHub,
    pub(crate) tuf: TufServer,
    pub(crate) faults: Vec<PathFault>,
    pub(crate) requests: Vec<Requested>,
}

/// Shared by the handlers and the world.
pub(crate) struct Shared {
    pub(crate) base_url: String,
    pub(crate) sigstore: TestSigstore,
    pace: Pace,
    contents: Mutex<Contents>,
}

impl Shared {
    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, path: &str, asked: &Asked) -> Answer {
        let contents = self.contents();
        let below = |prefix: &str| path.strip_prefix(prefix).map(|path| Asked { path, ..*asked });
        if let Some(asked) = below("/simple/") {
            contents.index.page(&asked, &self.base_url)
        } else if let Some(asked) = below("/files/") {
            contents.index.file(&asked)
        } else if let Some(asked) = below("/integrity/") {
            contents.index.integrity(&asked)
        } else if let Some(asked) = below("/pypi/") {
            contents.index.about(&asked, &self.base_url)
        } else if let Some(asked) = below("/github/") {
            contents.github.web(&asked, &self.base_url)
        } else if let Some(asked) = below("/github-objects/") {
            contents.github.object(&asked)
        } else if let Some(asked) = below("/github-bundles/") {
            contents.github.bundle(&asked)
        } else if let Some(asked) = below("/github-api/") {
            contents.github.api(&asked, &self.base_url)
        } else if let Some(asked) = below("/tuf/") {
            contents.tuf.answer(&asked)
        } else if let Some(asked) = below("/rekor/") {
            rekor::answer(&asked, &self.sigstore)
        } else {
            Answer::not_found()
        }
    }
}

/// A running server. Dropping it stops the thread and cuts open connections.
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds a free port of 127.0.0.1 and serves from a thread with its own runtime, so that synchronous tests can use it too.
    pub(crate) fn start(sigstore: TestSigstore, index: Index, pace: Pace) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let contents = Contents {
            index,
            github: GitHub::default(),
            tuf: TufServer::default(),
            faults: Vec::new(),
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared {
            base_url,
            sigstore,
            pace,
            contents: Mutex::new(contents),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let app = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a bound listener");
                tokio::select! {
                    result = async { axum::serve(listener, app).await } => result.expect("serving does not end by itself"),
                    _ = stopped => {}
                }
            });
            // Dropping the runtime here ends endless answers too.
        });
        Ok(Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only when the thread has already ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else {
        return respond(Answer::new(413, "text/plain", "request too large"));
    };
    let path = percent_decode(parts.uri.path());
    let asked = Asked {
        method: parts.method.as_str(),
        path: &path,
        query: parts.uri.query().unwrap_or_default(),
        accept: text(header::ACCEPT).unwrap_or_default(),
        range: text(header::RANGE),
        if_range: text(header::IF_RANGE),
        body: &body,
    };
    shared.pace.wait().await;
    let answer = shared.pace.keeping(&path, shared.answer(&path, &asked));
    let fault = take_fault(&mut shared.contents().faults, &path);
    let fault = fault
        .filter(|fault| !matches!(fault, Fault::Login(wanted) if text(header::AUTHORIZATION) == Some(wanted.as_str())));
    let response = match fault {
        Some(fault) => fault.apply(answer).await,
        None => respond(answer.confirmed(parts.method.as_str(), text(header::IF_NONE_MATCH))),
    };
    shared.contents().requests.push(Requested {
        method: parts.method.to_string(),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| path.clone(), ToString::to_string),
        range: text(header::RANGE).map(ToOwned::to_owned),
        authorization: text(header::AUTHORIZATION).map(ToOwned::to_owned),
        status: response.status().as_u16(),
    });
    response
}

/// The first fault for `path` that still strikes.
fn take_fault(faults: &mut [PathFault], path: &str) -> Option<Fault> {
    let found = faults
        .iter_mut()
        .find(|fault| path.contains(&fault.path_contains) && fault.remaining != Some(0))?;
    if let Some(remaining) = &mut found.remaining {
        *remaining -= 1;
    }
    Some(found.fault.clone())
}

fn percent_decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_decoding() {
        assert_eq!(percent_decode("/a%2Bb%2"), "/a+b%2");
    }

    #[test]
    fn counted_faults_end() {
        let mut faults = [PathFault {
            path_contains: "/x".to_owned(),
            fault: Fault::Status(503),
            remaining: Some(1),
        }];
        assert_eq!(take_fault(&mut faults, "/y"), None);
        assert_eq!(take_fault(&mut faults, "/x/y"), Some(Fault::Status(503)));
        assert_eq!(take_fault(&mut faults, "/x/y"), None);
    }
}
