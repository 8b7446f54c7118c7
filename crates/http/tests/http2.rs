//! HTTP/2 over TLS: it is taken where a server offers it, and one connection does for everything.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Version;
use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use slsa_pip_http::{Bytes, Client, Get, HttpError, Settings, with_room};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;
use url::Url;

/// As many requests as the client has under way at once, and more.
const REQUESTS: usize = 100;
const MIB: usize = 1 << 20;

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    accepted: Arc<AtomicUsize>,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.accepted.fetch_add(1, Ordering::Relaxed);
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

struct Server {
    url: Url,
    authority: Vec<u8>,
    accepted: Arc<AtomicUsize>,
    versions: Arc<Mutex<Vec<Version>>>,
}

impl Server {
    /// A server that speaks these protocols (ALPN). `/N` answers with N bytes, `/endless` without end.
    async fn start(protocols: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap(),
            authority: authority.pem().into_bytes(),
            accepted: Arc::default(),
            versions: Arc::default(),
        };
        let seen = Arc::clone(&server.versions);
        let router = Router::new().fallback(move |request: Request| {
            seen.lock().unwrap().push(request.version());
            async move { answer(request.uri().path()) }
        });
        let listener = Tls {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            accepted: Arc::clone(&server.accepted),
        };
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    fn client(&self) -> Client {
        let mut settings = Settings::default();
        settings.ca_bundle_pem = Some(self.authority.clone());
        settings.retries = 0;
        Client::new(settings).unwrap()
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn answer(path: &str) -> Body {
    if let Ok(length) = path.trim_start_matches('/').parse() {
        return Body::from(vec![b'x'; length]);
    }
    let part = Bytes::from(vec![b' '; 64 << 10]);
    let parts = std::iter::repeat(part).map(Ok::<_, io::Error>);
    Body::from_stream(futures_util::stream::iter(parts))
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let server = Server::start(&["h2", "http/1.1"]).await;
    let client = server.client();
    let url = server.url.join("5").unwrap();
    let ask = async || client.get(&url, None, 5).await.unwrap().body.len();
    assert_eq!(ask().await, 5);
    let answers = join_all((0..REQUESTS).map(|_| ask())).await;
    assert_eq!(answers, [5; REQUESTS]);
    assert_eq!(server.accepted(), 1);
    let versions = server.versions.lock().unwrap().clone();
    assert_eq!(versions, [Version::HTTP_2; REQUESTS + 1]);
}

#[tokio::test]
async fn a_server_without_it_is_asked_as_before() {
    for protocols in [&["http/1.1"][..], &[]] {
        let server = Server::start(protocols).await;
        let client = server.client();
        for _ in 0..3 {
            assert_eq!(
                client.get(&server.url.join("5").unwrap(), None, 5).await.unwrap().body,
                "xxxxx"
            );
        }
        assert_eq!(server.accepted(), 1, "the connection is kept");
        assert_eq!(*server.versions.lock().unwrap(), [Version::HTTP_11; 3]);
    }
}

#[tokio::test]
async fn answers_that_wait_for_room_do_not_hold_up_the_others_on_their_connection() {
    let server = Server::start(&["h2"]).await;
    let client = server.client();
    let ask = async |path: &str, limit: usize| {
        let url = server.url.join(path).unwrap();
        client.fetch(&Get::new(&url, limit as u64)).await
    };
    assert_eq!(ask("1", 1).await.unwrap().body.len(), 1);
    // Together seven times what may be in memory at once, with small ones between them, and some without end.
    let size = 3 * MIB;
    let large = (0..20).map(|_| with_room(ask("3145728", size)));
    let endless = (0..4).map(|_| with_room(ask("endless", size)));
    let small = (0..REQUESTS).map(|_| ask("100", 100));
    let all = async { tokio::join!(join_all(large), join_all(endless), join_all(small)) };
    let (large, endless, small) = tokio::time::timeout(std::time::Duration::from_mins(1), all)
        .await
        .unwrap();
    assert!(large.into_iter().all(|answer| answer.unwrap().body.len() == size));
    assert!(
        endless
            .into_iter()
            .all(|answer| matches!(answer, Err(HttpError::TooLarge { .. })))
    );
    assert!(small.into_iter().all(|answer| answer.unwrap().body.len() == 100));
    assert_eq!(server.accepted(), 1);
}
