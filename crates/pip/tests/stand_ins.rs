//! The stand-ins for pip's modules of the network and of the terminal: there while a question is answered, in nobody's way, and
//! gone afterwards.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use slsa_pip_pip::{HandOff, PipError};
use support::{World, ask, installs, wheel};

/// Notes each real import of those modules while there is a question, and at the end what is left of stand-ins in pip.
fn spy(world: &World) -> impl Fn() -> (String, String) + use<> {
    let path = |name: &str| world.root().join(name).to_str().unwrap().to_owned();
    let (imported, left) = (path("imported"), path("left"));
    // Of the variables of the caller, those of pip are there while it is asked, and at no other time.
    let hook = format!(
        "import atexit, os, sys\n\
         class Spy:\n    def find_spec(self, name, path=None, target=None):\n        if name in ('pip._vendor.requests', 'pip._vendor.rich') and 'PIP_ASKED' in os.environ:\n            open({imported:?}, 'a').write(name + '\\n')\n\
         sys.meta_path.insert(0, Spy())\n\
         def left():\n    found = [m + '.' + n for m, module in list(sys.modules.items()) if m.split('.')[0] == 'pip' for n, value in list(vars(module).items()) if type(value).__name__ in ('Kind', 'StandIn')]\n    open({left:?}, 'w').write(repr((found, 'pip._vendor.requests' in sys.modules)))\n\
         atexit.register(left)\n"
    );
    std::fs::write(world.site_packages.join("spy.py"), hook).unwrap();
    std::fs::write(world.site_packages.join("spy.pth"), "import spy\n").unwrap();
    move || {
        let read = |path: &String| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let _ = std::fs::remove_file(path);
            text
        };
        (read(&imported), read(&left))
    }
}

/// A server that gives everybody this text, and its URL.
fn serve(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{text}", text.len());
        }
    });
    format!("http://127.0.0.1:{port}/more.txt")
}

/// A pipe with this text, which can be read once.
fn pipe(world: &World, name: &str, text: &'static str) -> String {
    let path = world.cwd.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let opened = path.clone();
    std::thread::spawn(move || std::fs::write(opened, text));
    path.to_str().unwrap().to_owned()
}

async fn replaced_and_gone(world: &World, what: &str) {
    let seen = spy(world);
    let asked = ask(world, &[("PIP_ASKED", "1")], &["plain>=1"]).await.unwrap();
    installs(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default()).await;
    assert_eq!(seen(), (String::new(), "([], True)".to_owned()), "{what}");
}

#[tokio::test]
async fn they_are_there_for_the_question_alone() {
    replaced_and_gone(&World::new(), "pip of this machine").await;
}

/// Each version that is named here, and the newest.
#[tokio::test]
#[cfg(feature = "index-tests")]
async fn they_do_for_versions_of_pip_from_the_index() {
    for version in ["22.2", "23.2", "24.0", "25.0", "25.3", support::NEWEST] {
        replaced_and_gone(&World::with_pip(Some(version)), version).await;
    }
}

#[tokio::test]
async fn a_remote_file_is_read_by_the_real_modules_and_a_pipe_only_once() {
    let world = World::new();
    let seen = spy(&world);
    let first = pipe(&world, "first.txt", "first\n");
    let more = serve("more==1.0\n");
    let variables = [("PIP_ASKED", "1"), ("PIP_RETRIES", "0")];
    let asked = ask(&world, &variables, &["-r", &first, "-r", &more]).await.unwrap();
    let read: Vec<&str> = asked
        .requirements
        .iter()
        .map(|read| read.requirement.as_str())
        .collect();
    assert_eq!(read, ["first", "more==1.0"]);
    let (imported, _) = seen();
    assert!(imported.contains("pip._vendor.requests\n"), "{imported}");
    installs(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default()).await;
    assert_eq!(seen().1, "([], True)");
}

#[tokio::test]
async fn a_configuration_that_is_a_pipe_is_read_once() {
    let world = World::new();
    let configuration = pipe(
        &world,
        "pip.conf",
        "[global]\nindex-url = https://index.example/simple\n",
    );
    let more = serve("more==1.0\n");
    let asked = ask(&world, &[("PIP_CONFIG_FILE", &configuration)], &["-r", &more])
        .await
        .unwrap();
    assert_eq!(
        asked.index_url.as_ref().unwrap().as_str(),
        "https://index.example/simple"
    );
    assert_eq!(asked.requirements[0].requirement, "more==1.0");
}

/// What a hook of the environment has done to pip counts.
#[tokio::test]
async fn a_pip_that_was_imported_before_is_left_as_it_is() {
    let world = World::new();
    let hook =
        "import pip._internal.req.req_file as f; f.get_file_content = lambda url, *a, **k: (url, 'changed==1')\n";
    std::fs::write(world.site_packages.join("hook.pth"), hook).unwrap();
    world.write("file.txt", "original\n");
    let asked = ask(&world, &[], &["-r", "file.txt"]).await.unwrap();
    assert_eq!(asked.requirements[0].requirement, "changed==1");
}

/// Errors are pip's, and there is one of each warning.
#[tokio::test]
async fn an_error_is_the_same_in_a_second_attempt() {
    let world = World::new();
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/gone.txt", listener.local_addr().unwrap())
    };
    match ask(&world, &[("PIP_RETRIES", "0")], &["-r", &gone]).await {
        Err(PipError::Requirements { message }) => assert!(message.contains("Connection refused"), "{message}"),
        other => panic!("{other:?}"),
    }
    match ask(&world, &[("SLSA_PIP_PROBE_OFFLINE", "1")], &["-r", &gone]).await {
        Err(PipError::Requirements { message }) => assert!(message.contains("cannot be read offline"), "{message}"),
        other => panic!("{other:?}"),
    }
}
