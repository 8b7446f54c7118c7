//! What sixteen hostile pages cost in memory that are asked for at once. One test alone in its process, so that its peak is
//! its own; the server is in it, and costs a part of a page only.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header;
use slsa_pip_distribution::{SupportedTags, Tag};
use slsa_pip_http::{Bytes, Client, Settings};
use slsa_pip_pypi_client::{IndexClient, MAX_PAGE_SIZE};
use tokio::net::TcpListener;
use url::Url;

/// Most that a run may take, in KiB.
const MOST: u64 = 100 * 1024;
/// Pages that are asked for at once: half a gigabyte together.
const PAGES: usize = 16;
const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// Size of one of the parts that are sent again and again.
const PART: usize = 64 * 1024;

/// The largest memory so far, in KiB; starts anew.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

/// An index whose every page begins so, and then has this part as often as fits into the limit of a page.
async fn serve(begin: &str, part: &str, end: &str, gzipped: bool) -> Url {
    let part = part.repeat(PART / part.len());
    let times = (usize::try_from(MAX_PAGE_SIZE).unwrap() - begin.len() - end.len()) / part.len();
    let encoded = |text: &str| {
        if gzipped {
            gzip(text.as_bytes())
        } else {
            Bytes::copy_from_slice(text.as_bytes())
        }
    };
    let (begin, part, end) = (encoded(begin), encoded(&part), encoded(end));
    let router = Router::new().fallback(move || {
        let parts = std::iter::once(begin.clone()).chain(std::iter::repeat_n(part.clone(), times));
        let parts = parts.chain(std::iter::once(end.clone())).map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures_util::stream::iter(parts));
        let encoding = if gzipped { "gzip" } else { "identity" };
        async move {
            (
                [(header::CONTENT_TYPE, JSON), (header::CONTENT_ENCODING, encoding)],
                body,
            )
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/simple/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_side_by_side_do_not_add_up() {
    let entry = r#"{"filename":"p-1.0-py3-none-any.whl","url":"x","hashes":{}},"#;
    // Reading takes its time, so the last two are fewer.
    for (begin, part, end, gzipped, pages) in [
        ("", " ", "", false, PAGES),
        ("{\"files\":[],\"more\":[", "{},", "{}]}", true, PAGES / 4),
        ("{\"files\":[", entry, "{}]}", false, PAGES / 4),
    ] {
        let index = serve(begin, part, end, gzipped).await;
        let mut settings = Settings::default();
        settings.retries = 0;
        let tags = SupportedTags::new([Tag::parse("py3-none-any").unwrap()]);
        let client = IndexClient::new(Client::new(settings).unwrap(), vec![index], &[])
            .unwrap()
            .with_tags(tags);
        let client = Arc::new(client);
        peak();
        let tasks: Vec<_> = (0..pages)
            .map(|number| {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.project(&format!("p{number}").parse().unwrap()).await.is_ok() })
            })
            .collect();
        let mut read = 0;
        for task in tasks {
            read += usize::from(task.await.unwrap());
        }
        let peak = peak();
        assert!(read == 0 || read == pages, "{begin}: {read}");
        assert!(peak < MOST, "{begin} {part:.20} {gzipped}: {peak} KiB");
    }
}
