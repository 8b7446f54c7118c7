//! What answers just within their limits cost in memory. One test alone in its process, so that its peak is its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_github_releases::{Github, GithubUrls, MAX_BUNDLE_BYTES, MAX_EVIDENCE_BYTES, MAX_RELEASE_BYTES};
use slsa_pip_http::{Client, Settings};
use tokio::net::TcpListener;

/// Most that a run may take, in KiB.
const MOST: u64 = 100 * 1024;
/// Size of one of the parts that are sent again and again.
const PART: usize = 64 * 1024;
const LISTING: &str = "/api/repos/o/r/releases/tags/1.0";

/// A body that is made while it is sent.
#[derive(Clone)]
struct Long {
    begin: Bytes,
    part: Bytes,
    times: usize,
    end: Bytes,
    link: Option<String>,
}

fn long(limit: u64, begin: &'static str, part: &str, end: &'static str) -> Long {
    let part = Bytes::from(part.repeat(PART / part.len()));
    Long {
        begin: Bytes::from_static(begin.as_bytes()),
        times: (usize::try_from(limit).unwrap() - begin.len() - end.len()) / part.len(),
        part,
        end: Bytes::from_static(end.as_bytes()),
        link: None,
    }
}

/// Bodies by the beginning of their path; 404 elsewhere.
async fn serve(bodies: HashMap<&'static str, Long>) -> Github {
    let bodies = Arc::new(bodies);
    let router = Router::new().fallback(move |request: Request| {
        let path = request.uri().path();
        let found = bodies
            .iter()
            .find(|(begin, _)| path.starts_with(*begin))
            .map(|(_, long)| long.clone());
        async move {
            let Some(long) = found else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let parts = std::iter::once(long.begin).chain(std::iter::repeat_n(long.part, long.times));
            let parts = parts.chain(std::iter::once(long.end)).map(Ok::<_, std::io::Error>);
            let mut answer = Body::from_stream(futures_util::stream::iter(parts)).into_response();
            if let Some(link) = long.link {
                answer.headers_mut().insert("link", link.parse().unwrap());
            }
            answer
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let urls = GithubUrls {
        web: root.parse().unwrap(),
        api: format!("{root}api/").parse().unwrap(),
    };
    Github::new(Client::new(Settings::default()).unwrap(), urls, None)
}

/// The largest memory so far, in KiB; starts anew.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn no_answer_takes_much_more_memory_than_its_limit() {
    let attestations = |part: &str, end| long(MAX_EVIDENCE_BYTES, "{\"attestations\":[", part, end);
    let mut pages = long(
        MAX_EVIDENCE_BYTES,
        "{\"attestations\":[{\"bundle\":{\"x\":\"",
        "x",
        "\"}}]}",
    );
    pages.link = Some("</api/repos/o/r/attestations/next>; rel=\"next\"".to_owned());
    let elsewhere = "{\"bundle\":null,\"bundle_url\":\"/blob\"},";
    let mut bundles = attestations(elsewhere, "0]}");
    bundles.times = 1;
    let assets = "{\"name\":\"a.intoto.jsonl\"},{\"name\":\"b.intoto.jsonl\"},{\"name\":\"c.sigstore\"},{\"name\":\"d.sigstore\"},";
    let mut listing = long(MAX_RELEASE_BYTES, "{\"assets\":[", assets, "0]}");
    listing.times = 1;
    listing.part = Bytes::from_static(assets.as_bytes());
    for bodies in [
        HashMap::from([("/api/", attestations("[],", "0]}"))]),
        HashMap::from([("/api/", attestations("{\"a\":{}},", "0]}"))]),
        HashMap::from([("/api/", attestations(" ", "]}"))]),
        HashMap::from([("/api/", pages)]),
        HashMap::from([
            ("/api/", bundles),
            ("/blob", long(MAX_BUNDLE_BYTES, "{\"x\":\"", "x", "\"}")),
        ]),
        HashMap::from([(LISTING, long(MAX_RELEASE_BYTES, "{\"assets\":[", "[],", "0]}"))]),
        HashMap::from([(LISTING, long(MAX_RELEASE_BYTES, "{\"assets\":[[", "[],", "0]]}"))]),
        HashMap::from([
            (LISTING, listing),
            ("/o/r", long(MAX_EVIDENCE_BYTES, "{\"x\":\"", "x", "\"}")),
        ]),
        HashMap::from([("/o/r", long(MAX_EVIDENCE_BYTES, "[", "[],", "0]"))]),
    ] {
        let said = format!(
            "{:?}",
            bodies
                .iter()
                .map(|(path, long)| (path, &long.begin))
                .collect::<Vec<_>>()
        );
        let github = serve(bodies).await;
        let repository = SourceRepository::github("o", "r").unwrap();
        let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
        peak();
        drop(
            github
                .attestations(&repository, &Sha256Digest::from_bytes([0; 32]))
                .await,
        );
        let one = peak();
        drop(
            github
                .release_evidence(&repository, &name, &version, "foo-1.0.zip", None)
                .await,
        );
        let two = peak();
        assert!(one.max(two) < MOST, "{said}: {one} and {two} KiB");
    }
}
