//! Servers that want this program to wait, to fill memory, or to take a part for the whole.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use slsa_pip_http::{CacheSettings, Caching, Client, Get, HttpError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use crate::{LIMIT, at, client, gzip, is_empty, once, quick, serve, serve_raw};

/// A server that greets every connection with `head`, then sends `part` again and again, with a pause before each.
async fn serve_on_and_on(head: &'static str, part: &'static [u8], pause: Duration) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(part).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
            });
        }
    });
    at(address)
}

#[tokio::test]
async fn a_storm_of_429_ends_after_the_tries() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let busy = move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")], "slow down") }
    };
    let url = serve(Router::new().fallback(busy)).await;
    let client = client();
    let started = Instant::now();
    let urls: Vec<Url> = (0..50).map(|number| url.join(&number.to_string()).unwrap()).collect();
    let answers = futures_util::future::join_all(urls.iter().map(|url| client.get(url, None, LIMIT))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().status == 429));
    assert_eq!((asked.load(Ordering::SeqCst), client.request_count()), (150, 150));
    assert!(started.elapsed() < Duration::from_secs(10));
    let directory = tempfile::tempdir().unwrap();
    let error = client
        .download(&url, &directory.path().join("f"), LIMIT, |_| {})
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert!(error.hint().unwrap().contains("later") && is_empty(directory.path()));
}

#[tokio::test]
async fn a_download_that_drips_ends() {
    let url = serve_on_and_on(
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b".",
        Duration::from_millis(20),
    )
    .await;
    let mut settings = quick();
    settings.timeout = Duration::from_millis(100);
    settings.retries = 0;
    let directory = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let download = Client::new(settings).unwrap();
    let error = download
        .download(&url, &directory.path().join("f"), 1 << 20, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::TooSlow { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5) && is_empty(directory.path()));
}

#[tokio::test]
async fn headers_without_end_end() {
    for (head, part) in [
        (
            "HTTP/1.1 200 OK\r\nX: ",
            &b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[..],
        ),
        (
            "HTTP/1.1 200 OK\r\n",
            b"X: y\r\nY: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n",
        ),
        ("", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let url = serve_on_and_on(head, part, Duration::ZERO).await;
        let started = Instant::now();
        let error = once().get(&url, None, LIMIT).await.unwrap_err();
        assert!(
            matches!(error, HttpError::Transport { .. } | HttpError::Timeout { .. }),
            "{error}"
        );
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_body_without_end_stops_at_the_limit_also_gzipped() {
    let plain = serve_on_and_on("HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 4096], Duration::ZERO).await;
    let chunk: &'static [u8] = [b"400\r\n", [b'x'; 1024].as_slice(), b"\r\n"].concat().leak();
    let chunked = serve_on_and_on(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunk,
        Duration::ZERO,
    )
    .await;
    // One member after the other, each empty: nothing decoded, and still bytes without end.
    let empty: &'static [u8] = gzip(b"").repeat(100).leak();
    let members = serve_on_and_on(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        empty,
        Duration::ZERO,
    )
    .await;
    for url in [plain, chunked, members] {
        let error = once().get(&url, None, LIMIT).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: LIMIT, .. }), "{error}");
    }
}

#[tokio::test]
async fn bombs_in_bombs_and_errors_stay_within_their_limits() {
    let bomb = gzip(&vec![0; 50 << 20]);
    let nested = gzip(&bomb);
    let (error_page, twice) = (bomb.clone(), [bomb.clone(), bomb].concat());
    let encoded = |bytes: Vec<u8>| move || async move { ([(header::CONTENT_ENCODING, "gzip")], bytes) };
    let url = serve(
        Router::new()
            .route("/nested", get(encoded(nested.clone())))
            .route("/twice", get(encoded(twice)))
            .route(
                "/double",
                get(|| async { ([(header::CONTENT_ENCODING, "gzip, gzip")], nested) }),
            )
            .route(
                "/error",
                get(|| async { (StatusCode::NOT_FOUND, [(header::CONTENT_ENCODING, "gzip")], error_page) }),
            ),
    )
    .await;
    let get = async |path: &str| once().get(&url.join(path).unwrap(), None, LIMIT).await;
    // One layer is taken off, and no more.
    assert!(get("nested").await.unwrap().body.len() < 60_000);
    assert!(matches!(get("twice").await.unwrap_err(), HttpError::TooLarge { .. }));
    assert!(matches!(get("double").await.unwrap_err(), HttpError::Encoding { .. }));
    let answer = get("error").await.unwrap();
    assert_eq!((answer.status, answer.body.len() as u64), (404, LIMIT));
}

#[tokio::test]
async fn lengths_that_lie_are_seen() {
    let answer = |text: &str| serve_raw(text.as_bytes().to_vec(), true);
    let longer = answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this").await;
    let error = once().get(&longer, None, LIMIT).await.unwrap_err();
    assert!(
        matches!(
            error,
            HttpError::Truncated {
                expected: 1000,
                received: 9,
                ..
            }
        ),
        "{error}"
    );
    let huge = answer("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx").await;
    assert!(once().get(&huge, None, LIMIT).await.is_err());
    let two = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello").await;
    let error = once().get(&two, None, LIMIT).await.unwrap_err();
    assert!(matches!(error, HttpError::Transport { .. }), "{error}");
    // What follows the announced bytes is not the answer's.
    let shorter = answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more").await;
    assert_eq!(once().get(&shorter, None, LIMIT).await.unwrap().body, "hello");
}

#[tokio::test]
async fn a_part_never_reaches_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let url = serve_raw(
        b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 1000\r\n\r\nonly this".to_vec(),
        true,
    )
    .await;
    let mut settings = quick();
    settings.cache = Some(CacheSettings::new(slsa_pip_cache::CacheFolder::new(
        folder.path().join("cache"),
    )));
    let client = Client::new(settings).unwrap();
    let error = client
        .fetch(&Get::new(&url, LIMIT).caching(Caching::Standard))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Truncated { .. }), "{error}");
    assert!(is_empty(folder.path()));
}

#[tokio::test]
async fn redirects_in_a_circle_end_for_downloads_too() {
    let url = serve(
        Router::new()
            .route("/a", get(|| async { Redirect::permanent("/b") }))
            .route("/b", get(|| async { Redirect::to("/a") })),
    )
    .await;
    let directory = tempfile::tempdir().unwrap();
    let client = client();
    let error = client
        .download(&url.join("a").unwrap(), &directory.path().join("f"), LIMIT, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Redirect { .. }), "{error}");
    assert_eq!(client.request_count(), 9);
    assert!(is_empty(directory.path()));
}

#[tokio::test]
async fn a_download_has_its_name_only_when_it_is_complete() {
    let url = serve_on_and_on(
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        &[b'x'; 10_000],
        Duration::from_millis(2),
    )
    .await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.whl");
    let mut seen = 0;
    let done = client()
        .download(&url, &path, 1 << 20, |_| {
            assert!(!path.exists());
            let names: Vec<_> = directory
                .path()
                .read_dir()
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(names.len(), 1);
            assert_eq!(Path::new(&names[0]).extension().unwrap(), "part");
            seen += 1;
        })
        .await
        .unwrap();
    assert!(seen > 1 && path.exists());
    assert_eq!(done.size, 1_000_000);
}

#[tokio::test]
async fn an_encoding_cannot_steer_a_terminal() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-encoding: \xc2\x9b31m";
    let url = serve_raw([head, "x".repeat(4000).as_bytes(), b"\r\n\r\nx"].concat(), true).await;
    let directory = tempfile::tempdir().unwrap();
    let client = once();
    let read = client.get(&url, None, LIMIT).await.unwrap_err();
    let downloaded = client
        .download(&url, &directory.path().join("f"), LIMIT, |_| {})
        .await
        .unwrap_err();
    for error in [read, downloaded] {
        assert!(matches!(error, HttpError::Encoding { .. }), "{error}");
        let shown = error.to_string();
        assert!(shown.len() < 200 && shown.contains("\\u{9b}31m") && !shown.contains(char::is_control));
    }
}
