//! Certificates and proxies of the commands that start no interpreter.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use slsa_pip_test_world::{Evidence, Identity, Release, SigningOptions, TufRepository, Wheel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use crate::support::{Run, Scene};
use crate::verify_flags::{Desk, generator};

/// A desk with the file `rocket.intoto.jsonl`: a classic envelope, for which the log must be asked.
fn desk() -> Desk {
    let desk = Desk::new();
    let statement = slsa_pip_test_world::statement::slsa_v02(&generator(), &desk.subjects);
    let sigstore = &desk.scene.world.sigstore;
    let signed = sigstore.sign_statement(&generator(), &statement, SigningOptions::default());
    desk.scene.write("rocket.intoto.jsonl", &signed.classic_envelope(true));
    desk
}

/// `slsa-pip verify` with a log elsewhere, and nothing in the environment that says how it is reached.
fn verify(scene: &Scene, log: &str, words: &[&str]) -> Command {
    let mut command = scene.command(&["verify", "rocket.bin", "--provenance", "rocket.intoto.jsonl"]);
    command.args(["--no-cache-dir", "--rekor-url", log]).args(words);
    without_network_settings(&mut command);
    command
}

fn without_network_settings(command: &mut Command) {
    for name in [
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "ALL_PROXY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    ] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
}

fn address(scene: &Scene) -> SocketAddr {
    let base = &scene.world.base_url;
    base.strip_prefix("http://").unwrap().parse().unwrap()
}

/// The scene's world behind TLS, with a certificate of an authority of its own: its URL, and the authority's PEM text.
fn behind_tls(scene: &Scene) -> (String, String) {
    behind_tls_until(scene, Arc::new(AtomicUsize::new(usize::MAX)))
}

/// The same, of which each connection breaks off after so many bytes of answers, without TLS's own end.
fn behind_tls_until(scene: &Scene, cut: Arc<AtomicUsize>) -> (String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let world = address(scene);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, cut) = (acceptor.clone(), cut.load(Ordering::Relaxed));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        relay(stream, world, cut).await;
                    }
                });
            }
        });
    });
    (url, authority.pem())
}

async fn relay(stream: TlsStream<tokio::net::TcpStream>, world: SocketAddr, cut: usize) {
    let mut inner = tokio::net::TcpStream::connect(world).await.unwrap();
    let (mut from_world, mut to_world) = inner.split();
    let (mut from_client, mut to_client) = tokio::io::split(stream);
    let answers = async {
        let mut part = vec![0; 16 << 10];
        let mut left = cut;
        while let Ok(length @ 1..) = from_world.read(&mut part).await {
            let sent = length.min(left);
            left -= sent;
            if to_client.write_all(&part[..sent]).await.is_err() || to_client.flush().await.is_err() || left == 0 {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = tokio::io::copy(&mut from_client, &mut to_world) => {}
    }
}

/// A proxy that knows one host alone, `host.example`, which is the scene's world. Also what it was asked for, line by line.
fn proxy(scene: &Scene) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let (seen, world) = (Arc::clone(&asked), address(scene));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
            std::thread::spawn(move || {
                let mut head = vec![0; 64 << 10];
                let length = stream.read(&mut head).unwrap();
                let text = String::from_utf8_lossy(&head[..length]).into_owned();
                let (line, rest) = text.split_once("\r\n").unwrap();
                seen.lock().unwrap().push(line.to_owned());
                let line = line.replacen("http://host.example/", "/", 1);
                let mut inner = TcpStream::connect(world).unwrap();
                // One exchange for each connection.
                let request = format!("{line}\r\nConnection: close\r\n{rest}");
                inner.write_all(request.as_bytes()).unwrap();
                let mut to_world = (stream.try_clone().unwrap(), inner.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut to_world.0, &mut to_world.1));
                let _ = std::io::copy(&mut inner, &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (url, asked)
}

#[test]
fn authorities_of_the_command_line_go_before_those_of_the_environment() {
    let desk = desk();
    let scene = &desk.scene;
    let (url, pem) = behind_tls(scene);
    let (_, other) = behind_tls(scene);
    scene.write("ca.pem", &pem);
    scene.write("other.pem", &other);
    let log = format!("{url}/rekor");
    // Nobody vouches for it.
    Run::of(verify(scene, &log, &["-v"]))
        .exits(1)
        .says("no trusted TLS connection");
    Run::of(verify(scene, &log, &["--cert", "ca.pem"])).exits(0);
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        Run::of(verify(scene, &log, &[]).env(name, "ca.pem")).exits(0);
        Run::of(verify(scene, &log, &["--cert", "other.pem"]).env(name, "ca.pem")).exits(1);
        Run::of(verify(scene, &log, &["--cert", "ca.pem"]).env(name, "other.pem")).exits(0);
    }
    // The first of them counts, as for pip.
    let mut both = verify(scene, &log, &[]);
    Run::of(
        both.env("REQUESTS_CA_BUNDLE", "other.pem")
            .env("CURL_CA_BUNDLE", "ca.pem"),
    )
    .exits(1);
    for (words, name, text) in [
        (&["--cert", "absent.pem"][..], "", "that --cert names cannot be read"),
        (
            &[],
            "REQUESTS_CA_BUNDLE",
            "that REQUESTS_CA_BUNDLE names cannot be read",
        ),
        (&["--cert", "rocket.bin"], "", "it holds no certificate"),
    ] {
        let mut command = verify(scene, &log, words);
        if !name.is_empty() {
            command.env(name, "absent.pem");
        }
        Run::of(command).exits(2).says(text).says("hint: ");
    }
}

#[test]
fn a_proxy_of_the_command_line_goes_before_that_of_the_environment() {
    let desk = desk();
    let scene = &desk.scene;
    let (url, asked) = proxy(scene);
    let (elsewhere, unasked) = proxy(scene);
    let log = "http://host.example/rekor";
    Run::of(verify(scene, log, &["--proxy", &url]).env("HTTP_PROXY", &elsewhere)).exits(0);
    let line = "POST http://host.example/rekor/api/v1/log/entries/retrieve HTTP/1.1";
    assert_eq!(*asked.lock().unwrap(), [line]);
    assert_eq!(unasked.lock().unwrap().len(), 0);
    for name in ["HTTP_PROXY", "ALL_PROXY", "http_proxy"] {
        Run::of(verify(scene, log, &[]).env(name, &url)).exits(0);
    }
    assert_eq!(*asked.lock().unwrap(), [line; 4]);
    // Where it does not count, nobody knows the host.
    Run::of(verify(scene, log, &[]).env("HTTPS_PROXY", &url)).exits(1);
    assert_eq!(asked.lock().unwrap().len(), 4);
    Run::of(verify(scene, log, &["--proxy", "http://user:pa55-word@[bad"]))
        .exits(2)
        .says("it is not a URL of a proxy");
}

#[test]
fn a_trusted_root_is_refreshed_through_the_same_network() {
    let desk = desk();
    let scene = &desk.scene;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let repository = TufRepository::new(1, now, &scene.world.sigstore.trusted_root_json());
    let (url, pem) = behind_tls(scene);
    scene.write("ca.pem", &pem);
    scene.world.write("root.json", repository.start_root()).unwrap();
    let root = scene.world.directory().join("root.json");
    let served = scene.world.serve_tuf("test", &repository);
    let served = served.replace(&scene.world.base_url, &url);
    let update = |words: &[&str]| {
        let mut command = scene.command(&["trust-root", "update", "--tuf-url", &served, "--tuf-root"]);
        command.arg(&root).args(words).env_remove("SLSA_PIP_TRUSTED_ROOT");
        without_network_settings(&mut command);
        Run::of(command)
    };
    update(&[]).exits(2).says("no trusted TLS connection");
    update(&["--cert", "ca.pem"]).exits(0);
}

#[test]
fn an_index_whose_tls_breaks_off_is_an_error_that_leaves_nothing_and_is_forgotten() {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([Release::new(wheel).with(Evidence::pep740(Identity::github("acme/rocket")))]);
    let cut = Arc::new(AtomicUsize::new(0));
    let (url, pem) = behind_tls_until(&scene, Arc::clone(&cut));
    scene.write("ca.pem", &pem);
    let install = || {
        let mut command = scene.install(&["rocket", "--format", "json"]);
        command
            .env("PIP_INDEX_URL", format!("{url}/simple/"))
            .env("PIP_CERT", "ca.pem");
        command.env("PIP_TIMEOUT", "3").env("PIP_RETRIES", "1");
        Run::of(command)
    };
    // Within the head, at its end, and within the page.
    for bytes in [1, 40, 200, 500, 900] {
        cut.store(bytes, Ordering::Relaxed);
        assert_eq!(install().exits(2).json()["verdict"], "error", "{bytes}");
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    cut.store(usize::MAX, Ordering::Relaxed);
    let report = install().exits(0).json();
    assert_eq!(
        (&report["verdict"], &report["notes"]),
        (&"verified".into(), &serde_json::json!([]))
    );
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}
