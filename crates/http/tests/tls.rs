//! TLS against servers on 127.0.0.1 whose authority is made for the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test panics"
)]

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use slsa_pip_http::{Client, HttpError, RedirectProblem, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use url::Url;

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// An https server with a certificate for `name` that always answers the same.
    async fn serve(&self, name: &str, answer: &'static str) -> Url {
        self.serve_and_end(name, answer, true).await
    }

    /// The same, which may break off the connection instead of ending it as TLS asks (`close_notify`).
    async fn serve_and_end(&self, name: &str, answer: &'static str, properly: bool) -> Url {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new([name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.0)
            .unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if properly {
                        let _ = stream.shutdown().await;
                    } else {
                        let _ = stream.flush().await;
                    }
                }
            }
        });
        Url::parse(&format!("https://{address}/")).unwrap()
    }
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(5);
    settings.retry_delay = Duration::from_millis(5);
    settings
}

/// Settings with a bundle that replaces the system's authorities.
fn replacing(pem: Vec<u8>) -> Settings {
    let mut settings = settings();
    settings.ca_bundle_pem = Some(pem);
    settings
}

/// Settings with further authorities.
fn adding(mut to: Settings, pem: Vec<u8>) -> Settings {
    to.extra_roots_pem.push(pem);
    to
}

/// The status, or the kind of failure and how many requests it took.
async fn outcome(settings: Settings, url: &Url) -> Result<u16, (HttpError, u64)> {
    let client = Client::new(settings).unwrap();
    match client.get(url, None, 1000).await {
        Ok(answer) => Ok(answer.status),
        Err(error) => Err((error, client.request_count())),
    }
}

#[tokio::test]
async fn an_authority_counts_only_where_it_is_named() {
    let (ours, other) = (Authority::new(), Authority::new());
    let url = ours.serve("127.0.0.1", HELLO).await;
    assert_eq!(outcome(replacing(ours.pem()), &url).await.unwrap(), 200);
    assert_eq!(
        outcome(replacing([other.pem(), ours.pem()].concat()), &url)
            .await
            .unwrap(),
        200
    );
    assert_eq!(outcome(adding(settings(), ours.pem()), &url).await.unwrap(), 200);
    // The bundle replaces all others.
    let replaced = adding(replacing(other.pem()), ours.pem());
    for untrusting in [
        settings(),
        replacing(other.pem()),
        adding(settings(), other.pem()),
        replaced,
    ] {
        let (error, requests) = outcome(untrusting, &url).await.unwrap_err();
        assert!(matches!(error, HttpError::Tls { .. }), "{error}");
        assert!(error.hint().unwrap().contains("--cert"));
        assert_eq!(requests, 1, "another try would fail as well");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let url = authority.serve("index.example", HELLO).await;
    let (error, _) = outcome(replacing(authority.pem()), &url).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(HELLO.as_bytes()).await;
        }
    });
    let (error, _) = outcome(settings(), &url).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn https_never_leads_to_http() {
    let authority = Authority::new();
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x?token=1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let url = authority.serve("127.0.0.1", answer).await;
    let (error, requests) = outcome(replacing(authority.pem()), &url).await.unwrap_err();
    let HttpError::Redirect { why, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        why,
        RedirectProblem::Downgrade {
            to: "http://127.0.0.1:1/x?…".to_owned()
        }
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_connection_that_is_broken_off_is_no_end_of_an_answer() {
    let authority = Authority::new();
    // Without a length, only the end of the connection ends the answer; whoever sits on the wire can make one.
    let unsized_answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it";
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf of it";
    let folder = tempfile::tempdir().unwrap();
    for (answer, properly, complete) in [
        (unsized_answer, true, true),
        (unsized_answer, false, false),
        (sized, true, false),
        (sized, false, false),
    ] {
        let url = authority.serve_and_end("127.0.0.1", answer, properly).await;
        let outcome = outcome(replacing(authority.pem()), &url).await;
        assert_eq!(outcome.is_ok(), complete, "{answer:?} {properly}: {outcome:?}");
        let path = folder.path().join("f");
        let client = Client::new(replacing(authority.pem())).unwrap();
        let downloaded = client.download(&url, &path, 1000, |_| {}).await;
        assert_eq!(
            (downloaded.is_ok(), path.exists()),
            (complete, complete),
            "{downloaded:?}"
        );
        if complete {
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
