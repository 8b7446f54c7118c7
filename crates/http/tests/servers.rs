//! The client against servers on 127.0.0.1: honest ones, broken ones and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

#[path = "servers/guard.rs"]
mod guard;
#[path = "servers/hostile.rs"]
mod hostile;
#[path = "servers/logins.rs"]
mod logins;
#[path = "servers/resume.rs"]
mod resume;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::{get, post};
use flate2::Compression;
use flate2::write::GzEncoder;
use slsa_pip_http::{Bytes, Client, HttpError, RangeAnswer, RedirectProblem, Settings, copy_hashed, sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

const LIMIT: u64 = 64 * 1024;

async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    at(address)
}

/// A server that answers every connection with these bytes, and then closes it or leaves it open.
async fn serve_raw(answer: Vec<u8>, then_close: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
            if !then_close {
                open.push(stream);
            }
        }
    });
    at(address)
}

fn at(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}/")).unwrap()
}

fn quick() -> Settings {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_millis(400);
    settings.total_timeout = Duration::from_secs(2);
    settings.retries = 2;
    settings.retry_delay = Duration::from_millis(5);
    settings
}

fn client() -> Client {
    Client::new(quick()).unwrap()
}

fn once() -> Client {
    let mut settings = quick();
    settings.retries = 0;
    Client::new(settings).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn is_empty(directory: &Path) -> bool {
    directory.read_dir().unwrap().next().is_none()
}

fn endless() -> Body {
    Body::from_stream(futures_stream())
}

/// Bytes without end, without naming a length.
fn futures_stream() -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    futures_util::stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 8192])))
}

#[tokio::test]
async fn a_body_within_the_limit_is_read_and_one_beyond_is_not() {
    let url = serve(
        Router::new()
            .route("/exact", get(|| async { vec![b'x'; 65536] }))
            .route("/over", get(|| async { vec![b'x'; 65537] }))
            .route("/endless", get(|| async { endless() })),
    )
    .await;
    let client = once();
    let exact = client.get(&url.join("exact").unwrap(), None, LIMIT).await.unwrap();
    assert_eq!((exact.status, exact.body.len()), (200, 65536));
    for path in ["over", "endless"] {
        let error = client.get(&url.join(path).unwrap(), None, LIMIT).await.unwrap_err();
        assert!(
            matches!(error, HttpError::TooLarge { limit: LIMIT, .. }),
            "{path}: {error}"
        );
    }
    assert_eq!(client.request_count(), 3);
}

#[tokio::test]
async fn gzip_is_decoded_within_the_limit() {
    let bomb = gzip(&vec![0; 50 * 1024 * 1024]);
    assert!((bomb.len() as u64) < LIMIT);
    let mut broken = gzip(b"a long enough text to be broken in its middle");
    broken.truncate(20);
    let encoded = |bytes: Vec<u8>| move || async move { ([(header::CONTENT_ENCODING, "gzip")], bytes) };
    let url = serve(
        Router::new()
            .route("/good", get(encoded(gzip(b"hello"))))
            .route("/bomb", get(encoded(bomb)))
            .route("/broken", get(encoded(broken)))
            .route("/br", get(|| async { ([(header::CONTENT_ENCODING, "br")], "x") })),
    )
    .await;
    let client = once();
    let good = client.get(&url.join("good").unwrap(), None, LIMIT).await.unwrap();
    assert_eq!(good.body, "hello");
    let error = client.get(&url.join("bomb").unwrap(), None, LIMIT).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error}");
    for path in ["broken", "br"] {
        let error = client.get(&url.join(path).unwrap(), None, LIMIT).await.unwrap_err();
        assert!(matches!(error, HttpError::Encoding { .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_downloaded_file_is_never_decoded() {
    let url = serve(Router::new().route(
        "/f",
        get(|| async { ([(header::CONTENT_ENCODING, "gzip")], gzip(b"hello")) }),
    ))
    .await;
    let directory = tempfile::tempdir().unwrap();
    let error = once()
        .download(&url.join("f").unwrap(), &directory.path().join("f"), LIMIT, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Encoding { .. }), "{error}");
    assert!(is_empty(directory.path()));
}

#[tokio::test]
async fn transient_statuses_are_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let busy_at_first = |State(asked): State<Arc<AtomicUsize>>| async move {
        if asked.fetch_add(1, Ordering::SeqCst) < 2 {
            (StatusCode::SERVICE_UNAVAILABLE, "busy")
        } else {
            (StatusCode::OK, "done")
        }
    };
    let url = serve(
        Router::new()
            .route("/busy", get(busy_at_first))
            .route("/always", get(|| async { StatusCode::BAD_GATEWAY }))
            .route("/missing", get(|| async { StatusCode::NOT_FOUND }))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .route(
                "/later",
                get(|| async { (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "86400")]) }),
            )
            .with_state(asked),
    )
    .await;
    for (path, status, requests) in [
        ("busy", 200, 3),
        ("always", 502, 3),
        ("missing", 404, 1),
        ("broken", 500, 1),
        ("later", 429, 1),
    ] {
        let client = client();
        let answer = client.get(&url.join(path).unwrap(), None, LIMIT).await.unwrap();
        assert_eq!((answer.status, client.request_count()), (status, requests), "{path}");
        assert_eq!(answer.success().is_ok(), status == 200);
    }
}

#[tokio::test]
async fn a_post_is_repeated_only_if_nothing_was_processed() {
    let answer = |status: StatusCode| post(move |body: String| async move { (status, body) });
    let url = serve(
        Router::new()
            .route("/ok", answer(StatusCode::OK))
            .route("/busy", answer(StatusCode::SERVICE_UNAVAILABLE))
            .route("/gateway", answer(StatusCode::GATEWAY_TIMEOUT)),
    )
    .await;
    let value = serde_json::json!({"a": 1});
    for (path, status, requests) in [("ok", 200, 1), ("busy", 503, 3), ("gateway", 504, 1)] {
        let client = client();
        let answer = client.post_json(&url.join(path).unwrap(), &value, LIMIT).await.unwrap();
        assert_eq!((answer.status, client.request_count()), (status, requests), "{path}");
        assert_eq!(answer.body, r#"{"a":1}"#);
    }
    let broken = serve_raw(b"nonsense".to_vec(), true).await;
    let client = client();
    let error = client.post_json(&broken, &value, LIMIT).await.unwrap_err();
    assert!(matches!(error, HttpError::Transport { .. }), "{error}");
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn redirects_are_followed_up_to_the_bound() {
    let url = serve(
        Router::new()
            .route("/a", get(|| async { Redirect::temporary("/b") }))
            .route("/b", get(|| async { "here" }))
            .route("/loop", get(|| async { Redirect::permanent("/loop") }))
            .route("/file", get(|| async { Redirect::to("file:///etc/passwd") }))
            .route("/nowhere", get(|| async { StatusCode::FOUND })),
    )
    .await;
    let client = client();
    let answer = client.get(&url.join("a").unwrap(), None, LIMIT).await.unwrap();
    assert_eq!(
        (answer.body.as_ref(), answer.final_url.path()),
        (b"here".as_ref(), "/b")
    );
    let why = async |path: &str| match client.get(&url.join(path).unwrap(), None, LIMIT).await {
        Err(HttpError::Redirect { why, .. }) => why,
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(why("loop").await, RedirectProblem::TooMany { limit: 8 });
    assert!(matches!(why("file").await, RedirectProblem::Scheme { .. }));
    assert_eq!(why("nowhere").await, RedirectProblem::NoTarget);
}

#[tokio::test]
async fn no_secret_is_in_an_error() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let url = Url::parse(&format!("http://user:s3cret@{closed}/x?token=s3cret")).unwrap();
    let error = client().get(&url, None, LIMIT).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    assert!(error.hint().is_some());
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_download_is_hashed_and_private() {
    let url = serve(Router::new().route("/f", get(|| async { vec![7_u8; 3_000_000] }))).await;
    let url = url.join("f").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.whl");
    let mut last = 0;
    let done = client()
        .download(&url, &path, 10_000_000, |bytes| last = bytes)
        .await
        .unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes, vec![7; 3_000_000]);
    assert_eq!((done.size, done.sha256, last), (3_000_000, sha256(&bytes), 3_000_000));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // An existing file is neither replaced nor removed.
    let error = client().download(&url, &path, 10_000_000, |_| {}).await.unwrap_err();
    assert!(matches!(error, HttpError::File { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap().len(), 3_000_000);
    let copy = directory.path().join("copy");
    assert_eq!(copy_hashed(&path, &copy, 10_000_000).await.unwrap(), done);
    let short = directory.path().join("short");
    assert!(matches!(
        copy_hashed(&path, &short, 100).await,
        Err(HttpError::TooLarge { limit: 100, .. })
    ));
    assert!(!short.exists());
}

#[tokio::test]
async fn a_failed_download_leaves_nothing() {
    let lying = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this".to_vec();
    let truncated = serve_raw(lying, true).await;
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec();
    let broken_off = serve_raw(chunked, true).await;
    let stalled = serve_raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this".to_vec(),
        false,
    )
    .await;
    let silent = serve_raw(Vec::new(), false).await;
    let many = serve(
        Router::new()
            .route("/over", get(|| async { vec![b'x'; 65537] }))
            .route("/endless", get(|| async { endless() }))
            .route("/missing", get(|| async { StatusCode::NOT_FOUND })),
    )
    .await;
    let directory = tempfile::tempdir().unwrap();
    let fail = async |url: Url| {
        let client = client();
        let path = directory.path().join("f");
        let error = client.download(&url, &path, LIMIT, |_| {}).await.unwrap_err();
        assert!(is_empty(directory.path()), "{error}");
        (error, client.request_count())
    };
    let (error, requests) = fail(truncated).await;
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
    assert_eq!(requests, 3);
    let (error, _) = fail(broken_off).await;
    assert!(matches!(error, HttpError::Transport { .. }), "{error}");
    for url in [stalled, silent] {
        let (error, requests) = fail(url).await;
        assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
        assert_eq!(requests, 3);
    }
    for path in ["over", "endless"] {
        let (error, requests) = fail(many.join(path).unwrap()).await;
        assert!(matches!(error, HttpError::TooLarge { limit: LIMIT, .. }), "{error}");
        assert_eq!(requests, 1);
    }
    let (error, requests) = fail(many.join("missing").unwrap()).await;
    assert_eq!((error.status(), requests), (Some(404), 1));
}

#[tokio::test]
async fn a_download_recovers_from_a_broken_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = at(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let answers: [&[u8]; 3] = [
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer).await.unwrap();
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    let done = client().download(&url, &path, LIMIT, |_| {}).await.unwrap();
    assert_eq!((done.size, done.sha256), (5, sha256(b"hello")));
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing() {
    let url = serve_raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this".to_vec(),
        false,
    )
    .await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    let client = client();
    let download = client.download(&url, &path, LIMIT, |_| {});
    assert!(
        tokio::time::timeout(Duration::from_millis(150), download)
            .await
            .is_err()
    );
    assert!(is_empty(directory.path()));
}

#[tokio::test]
async fn an_answer_that_drips_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = at(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            .await;
        while stream.write_all(b".").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut settings = quick();
    settings.retries = 0;
    settings.total_timeout = Duration::from_millis(700);
    let started = Instant::now();
    let error = Client::new(settings)
        .unwrap()
        .get(&url, None, 1_000_000)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn offline_means_no_connection() {
    let url = serve(Router::new().route("/", get(|| async { "x" }))).await;
    let mut settings = quick();
    settings.offline = true;
    let client = Client::new(settings).unwrap();
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        client.get(&url, None, LIMIT).await,
        Err(HttpError::Offline { .. })
    ));
    assert!(matches!(client.get_tail(&url, 5).await, Err(HttpError::Offline { .. })));
    let download = client.download(&url, &directory.path().join("f"), LIMIT, |_| {}).await;
    assert!(matches!(download, Err(HttpError::Offline { .. })));
    assert_eq!(client.request_count(), 0);
    assert!(is_empty(directory.path()));
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_given_up_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/a", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let client = client();
    let error = client.get(&url, None, 100).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    let asked = client.request_count();
    let again = client.get(&url.join("/b").unwrap(), None, 100).await.unwrap_err();
    assert!(matches!(again, HttpError::Unreachable { .. }), "{again}");
    assert!(!again.is_transient());
    assert_eq!(client.request_count(), asked);
}

#[tokio::test]
async fn only_http_urls_are_asked() {
    for bad in ["file:///etc/passwd", "ftp://index.example/", "data:,x"] {
        let error = client().get(&Url::parse(bad).unwrap(), None, LIMIT).await.unwrap_err();
        assert!(matches!(error, HttpError::Scheme { .. }), "{error}");
    }
}

#[tokio::test]
async fn ranges_are_checked() {
    let partial = |range: &'static str, body: &'static str| {
        get(move || async move { (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, range)], body) })
    };
    let url = serve(
        Router::new()
            .route("/good", partial("bytes 2-4/10", "cde"))
            .route("/tail", partial("bytes 7-9/10", "hij"))
            .route("/other", partial("bytes 3-5/10", "def"))
            .route("/short", partial("bytes 2-4/10", "cd"))
            .route("/whole", get(|| async { "abcdefghij" }))
            .route("/unreadable", partial("bytes 2-4/*", "cde"))
            .route("/missing", get(|| async { StatusCode::NOT_FOUND })),
    )
    .await;
    let client = client();
    let RangeAnswer::Partial(part) = client.get_range(&url.join("good").unwrap(), 2..5).await.unwrap() else {
        panic!("no range")
    };
    assert_eq!((part.start, part.total, part.body.as_ref()), (2, 10, b"cde".as_ref()));
    let RangeAnswer::Partial(part) = client.get_tail(&url.join("tail").unwrap(), 3).await.unwrap() else {
        panic!("no range")
    };
    assert_eq!((part.start, part.body.as_ref()), (7, b"hij".as_ref()));
    let whole = client.get_range(&url.join("whole").unwrap(), 2..5).await.unwrap();
    assert!(matches!(whole, RangeAnswer::Unsupported));
    for path in ["other", "short", "unreadable"] {
        let error = client.get_range(&url.join(path).unwrap(), 2..5).await.unwrap_err();
        assert!(matches!(error, HttpError::Range { .. }), "{path}: {error}");
    }
    let error = client.get_range(&url.join("missing").unwrap(), 2..5).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
}

#[test]
fn unusable_settings_are_named() {
    let mut bundle = quick();
    bundle.ca_bundle_pem = Some(b"no certificate".to_vec());
    let mut proxy = quick();
    proxy.proxy = Some("http://user:s3cret@:bad".to_owned());
    let mut identity = quick();
    identity.client_identity_pem = Some(b"none".to_vec());
    for settings in [bundle, proxy, identity] {
        let error = Client::new(settings).unwrap_err();
        assert!(matches!(error, HttpError::Settings { .. }), "{error}");
        assert!(!error.to_string().contains("s3cret"));
    }
}
