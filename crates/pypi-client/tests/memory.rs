//! What pages without end cost in memory. One test alone in its process, so that its peak is its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::Write as _;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use slsa_pip_http::{Bytes, Client, Settings};
use slsa_pip_pypi_client::{IndexClient, MAX_PAGE_SIZE};
use tokio::net::TcpListener;
use url::Url;

/// Most that a run may take, in KiB.
const MOST: u64 = 100 * 1024;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "text/html";
/// Size of one of the parts that are sent again and again.
const PART: usize = 64 * 1024;

/// A page in two parts: what comes once, and what follows it again and again.
#[derive(Clone)]
struct Page {
    kind: &'static str,
    begin: &'static str,
    part: String,
    /// How often, and what comes after it.
    times: usize,
    end: &'static str,
    gzipped: bool,
}

/// A page just within the limits.
fn page(kind: &'static str, begin: &'static str, part: &str, end: &'static str) -> Page {
    let limit = if kind == HTML {
        16 << 20
    } else {
        usize::try_from(MAX_PAGE_SIZE).unwrap()
    };
    let part = part.repeat(PART / part.len());
    Page {
        kind,
        begin,
        times: (limit - begin.len() - end.len()) / part.len(),
        part,
        end,
        gzipped: false,
    }
}

/// An index whose every page is this one.
async fn serve(page: Page) -> Url {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, page.kind.parse().unwrap());
    let encoded = |text: &str| {
        let bytes = if page.gzipped {
            gzip(text.as_bytes())
        } else {
            text.as_bytes().to_vec()
        };
        Bytes::from(bytes)
    };
    if page.gzipped {
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    }
    let (begin, part, end, times) = (encoded(page.begin), encoded(&page.part), encoded(page.end), page.times);
    let router = Router::new().fallback(move || {
        let parts = std::iter::once(begin.clone()).chain(std::iter::repeat_n(part.clone(), times));
        let parts = parts.chain(std::iter::once(end.clone())).map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures_util::stream::iter(parts));
        let headers = headers.clone();
        async move { (headers, body) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/simple/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url.parse().unwrap()
}

/// The largest memory so far, in KiB; starts anew.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn no_page_takes_much_more_memory_than_its_limit() {
    let mut bomb = page(JSON, "{\"files\":[", "{},", "{}]}");
    bomb.gzipped = true;
    let mut endless_bomb = page(JSON, "{\"files\":[", "{},", "");
    endless_bomb.times = usize::MAX;
    endless_bomb.gzipped = true;
    let letters = || (b'a'..=b'z').map(char::from);
    let names: String = letters()
        .flat_map(|first| letters().map(move |second| format!("{first}{second} ")))
        .collect();
    // Each name stands for 512 tags; with spaces, so that there are no more entries than are read. Nothing is kept of tags.
    let parts = "a.b.c.d.e.f.g.h";
    let tags = format!(
        "{{\"filename\":\"foo-1-{parts}-{parts}-{parts}.whl\",\"url\":\"x\"}},{:400}",
        ""
    );
    let plain = r#"{"filename":"foo-1.0-py3-none-any.whl","url":"x","hashes":{"sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},"requires-python":">=3","yanked":"x","core-metadata":true,"provenance":"y","upload-time":"2025-01-01T00:00:00Z"},"#.to_owned();
    let attributes = format!("<a {names}>");
    let mut all_attributes = page(HTML, "", &attributes, "");
    all_attributes.times = 45;
    // As many files as a page may have, each with all that is kept of it.
    let mut plenty = page(JSON, "{\"files\":[", &plain, "{}]}");
    plenty.times = 99_000 / (PART / plain.len());
    for page in [
        all_attributes,
        page(JSON, "", " ", ""),
        page(JSON, "{\"files\":[", "[],", "0]}"),
        page(JSON, "{\"files\":[{\"hashes\":{", "\"a\":\"b\",", "\"a\":\"b\"}}]}"),
        page(JSON, "{\"files\":[],\"versions\":[", "\"\",", "\"\"]}"),
        page(HTML, "", "<b>", ""),
        page(HTML, "<a href='", "\u{e9}&amp;", "'>"),
        bomb,
        endless_bomb,
        // Last, since what many small pieces took is not given back to the system at once.
        page(JSON, "{\"files\":[", &tags, "{}]}"),
        plenty,
    ] {
        let said = format!("{} {:.20}", page.begin, page.part);
        let client = IndexClient::new(Client::new(Settings::default()).unwrap(), vec![serve(page).await], &[]).unwrap();
        peak();
        let read = client.project(&"foo".parse().unwrap()).await;
        drop(read);
        let peak = peak();
        assert!(peak < MOST, "{said}: {peak} KiB");
    }
}
