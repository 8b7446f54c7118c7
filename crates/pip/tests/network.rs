//! Nothing is fetched: an index that counts, a network without routes, and everything that could name another place.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slsa_pip_pip::HandOff;
use support::{Asked, World, hand_off, wheel, wheel_saying};

/// A server that counts who connects, and answers nobody.
fn counting() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (port, count)
}

/// All that can name an index, in variables, configuration files and the working directory.
fn plant(world: &World, port: u16) -> [(&'static str, String); 6] {
    let url = format!("http://127.0.0.1:{port}/simple/");
    let hostile = format!(
        "[global]\nindex-url = {url}\nextra-index-url = {url}\nfind-links = {url}\nno-index = false\nretries = 0\ntrusted-host = 127.0.0.1\n[install]\nforce-reinstall = true\npre = true\n"
    );
    let conf = world.write("hostile.conf", &hostile);
    std::fs::write(world.venv().join("pip.conf"), &hostile).unwrap();
    let trap = format!("import socket; socket.create_connection(('127.0.0.1', {port}))\n");
    for path in [
        "sitecustomize.py",
        "usercustomize.py",
        "pip/__init__.py",
        "pip/__main__.py",
    ] {
        world.write(path, &trap);
    }
    [
        ("PIP_CONFIG_FILE", conf.display().to_string()),
        ("PIP_INDEX_URL", url.clone()),
        ("PIP_EXTRA_INDEX_URL", url.clone()),
        ("PIP_FIND_LINKS", url.clone()),
        ("PIP_PROXY", url),
        ("PYTHONPATH", world.cwd.display().to_string()),
    ]
}

async fn install(world: &World, python: &std::path::Path, port: u16) {
    let planted = plant(world, port);
    let variables: Vec<(&str, &str)> = planted.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let asked = Asked::new(world.environment(&variables), python, &[]).await.unwrap();
    assert!(
        asked.index_url.as_ref().is_some_and(|url| url.port() == Some(port)),
        "the trap is not set"
    );
    // `absent` is nowhere: pip would ask the index for it.
    let victim = wheel_saying("victim", "1.0", "good", "Requires-Dist: absent\n");
    for files in [
        vec![world.verified(&victim)],
        vec![world.verified(&wheel("other", "1.0"))],
    ] {
        // In the process of the probe, then in a new one.
        let outcome = hand_off(&asked, &files, HandOff::default()).await.unwrap();
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    assert_eq!(world.installed(), ["other-1.0.dist-info", "victim-1.0.dist-info"]);
    assert_eq!(
        (world.word("victim"), world.word("other")),
        ("1.0 good".to_owned(), "1.0 good".to_owned())
    );
}

#[tokio::test]
async fn nobody_connects_to_any_index() {
    let world = World::new();
    let (port, count) = counting();
    install(&world, &world.python, port).await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    while count.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_network_is_needed() {
    let namespace = Command::new("unshare").args(["-rn", "true"]).output();
    if !namespace.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: `unshare -rn` does not work here");
        return;
    }
    let world = World::new();
    // Without routes, and without 127.0.0.1.
    let python = world.script(
        "isolated",
        &format!("exec unshare -rn '{}' \"$@\"", world.python.display()),
    );
    install(&world, &python, 9).await;
}

/// Even if pip, or what the interpreter starts with, tried.
#[tokio::test]
async fn a_connection_is_refused_in_the_process_itself() {
    let world = World::new();
    let (port, count) = counting();
    let hook = format!(
        "import sys\nclass Caller:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'pip.__main__':\n            import socket\n            try:\n                socket.create_connection(('127.0.0.1', {port}))\n            except PermissionError as error:\n                print('refused:', error)\nsys.meta_path.insert(0, Caller())\n"
    );
    std::fs::write(world.site_packages.join("caller.py"), hook).unwrap();
    std::fs::write(world.site_packages.join("caller.pth"), "import caller\n").unwrap();
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    let files = [world.verified(&wheel("foo", "1.0"))];
    let outcome = hand_off(&asked, &files, HandOff::default()).await.unwrap();
    // The audit hooks that do this are there since Python 3.8.
    if asked.markers.python_version().to_string() != "3.7" {
        assert!(
            outcome
                .output
                .as_ref()
                .unwrap()
                .contains("refused: no connection is made"),
            "{outcome:?}"
        );
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
    assert_eq!(outcome.code, 0);
}
