//! Which policy files hold: the search, layers, imports, and files that nobody should have written.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene};

const OWN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";
const OTHER: &str = "[packages.rocket]\nrepository = \"github.com/other/rocket\"\n";

/// Published by the workflow of `acme/rocket`.
fn release(name: &str) -> Release {
    let wheel = Wheel::builder(name, "1.0.0").build();
    Release::new(wheel).with(Evidence::pep740(Identity::github("acme/rocket")))
}

fn scene() -> Scene {
    Scene::of([release("rocket")])
}

fn put(scene: &Scene, name: &str, text: &str) -> PathBuf {
    let path = scene.directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// `slsa-pip install rocket` from a folder below the scene's.
fn install_from(scene: &Scene, folder: &str) -> Command {
    let folder = scene.directory.path().join(folder);
    fs::create_dir_all(&folder).unwrap();
    let mut command = scene.install(&["rocket", "--dry-run", "--format", "json"]);
    command.current_dir(folder);
    command
}

#[track_caller]
fn verified(command: Command) -> Run {
    Run::of(command).exits(0)
}

#[track_caller]
fn mismatch(command: Command) -> Run {
    let run = Run::of(command).exits(1);
    assert_eq!(run.codes(), ["repository-mismatch"]);
    run
}

#[track_caller]
fn fails(command: Command, text: &str) -> Run {
    Run::of(command).exits(2).says(text)
}

fn sha256(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let mut hex = String::new();
    for byte in digest.as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn import(key: &str, value: &str, text: &str) -> String {
    format!("[[imports]]\n{key} = \"{value}\"\nsha256 = \"{}\"\n\n", sha256(text))
}

#[test]
fn the_nearest_policy_upwards_holds() {
    let scene = scene();
    verified(install_from(&scene, "a/b"));
    put(&scene, "slsa-pip.toml", OTHER);
    let run = mismatch(install_from(&scene, "a/b"));
    assert!(
        run.stdout.contains("slsa-pip.toml: [packages.rocket]"),
        "{}",
        run.stdout
    );
    let files = run.json()["policy_files"].as_array().unwrap().clone();
    assert!(
        files.len() == 1 && files[0].as_str().unwrap().ends_with("/slsa-pip.toml"),
        "{files:?}"
    );
    // A `pyproject.toml` without a policy is passed over, one with a policy is not.
    put(&scene, "a/pyproject.toml", "[project]\nname = \"x\"\n");
    mismatch(install_from(&scene, "a/b"));
    put(
        &scene,
        "a/pyproject.toml",
        &format!("[project]\nname = \"x\"\n{}", OWN.replace('[', "[tool.slsa-pip.")),
    );
    verified(install_from(&scene, "a/b"));
    put(&scene, "a/b/slsa-pip.toml", OTHER);
    mismatch(install_from(&scene, "a/b"));
    // With escapes it is the same key.
    fs::remove_file(scene.directory.path().join("a/b/slsa-pip.toml")).unwrap();
    put(
        &scene,
        "a/b/pyproject.toml",
        &OTHER.replace('[', "[tool.\"\\u0073lsa-pip\"."),
    );
    mismatch(install_from(&scene, "a/b"));
}

#[test]
fn two_policies_in_one_folder_are_none() {
    let scene = scene();
    put(&scene, "slsa-pip.toml", OWN);
    put(&scene, "pyproject.toml", &OWN.replace('[', "[tool.slsa-pip."));
    let run = fails(
        install_from(&scene, ""),
        "Both `slsa-pip.toml` and `pyproject.toml` hold a policy",
    );
    assert!(run.stderr.contains("--policy slsa-pip.toml"), "{}", run.stderr);
    fails(install_from(&scene, "below"), "hold a policy");
    let mut named = install_from(&scene, "");
    named.args(["--policy", "slsa-pip.toml"]);
    verified(named);
}

#[test]
fn a_policy_is_named_by_option_or_environment() {
    let scene = scene();
    put(&scene, "slsa-pip.toml", OWN);
    put(&scene, "other.toml", OTHER);
    put(&scene, "sub/pyproject.toml", &OTHER.replace('[', "[tool.slsa-pip."));
    let with = |option: Option<&str>, variable: Option<&str>| {
        let mut command = install_from(&scene, "");
        command.args(option.into_iter().flat_map(|file| ["--policy", file]));
        command.envs(variable.map(|file| ("SLSA_PIP_POLICY", file)));
        command
    };
    verified(with(None, None));
    mismatch(with(Some("other.toml"), None));
    mismatch(with(None, Some("other.toml")));
    mismatch(with(None, Some("sub/pyproject.toml")));
    verified(with(Some("slsa-pip.toml"), Some("other.toml")));
    fails(with(Some("absent.toml"), None), "cannot be read");
    put(&scene, "pyproject.toml", "[project]\nname = \"x\"\n");
    let run = fails(with(Some("pyproject.toml"), None), "holds no policy");
    assert!(
        run.stderr.contains("[missing-table]") || run.stdout.contains("missing-table"),
        "{}",
        run.stderr
    );
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let scene = scene();
    put(
        &scene,
        "pyproject.toml",
        "[project]\nname = \"x\"\n\n[tool.slsa-pip.packages.rocket]\nrepositry = \"acme/rocket\"\n",
    );
    let run = Run::of(scene.install(&["rocket"])).exits(2);
    assert!(
        run.stderr.contains(
            "error[unknown-key]: unknown key `repositry` in [tool.slsa-pip.packages.rocket]\n --> pyproject.toml:5:1\n"
        ) && run.stderr.contains("did you mean `repository`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_user_wide_file_lies_below() {
    let scene = scene();
    let with_user = |text: &str| {
        put(&scene, "settings/slsa-pip/slsa-pip.toml", text);
        let mut command = install_from(&scene, "project");
        command.env("XDG_CONFIG_HOME", scene.directory.path().join("settings"));
        command
    };
    let run = mismatch(with_user(OTHER));
    assert!(
        run.stdout
            .contains("settings/slsa-pip/slsa-pip.toml: [packages.rocket]"),
        "{}",
        run.stdout
    );
    // The project's table for the same package goes before it, its defaults do not.
    put(&scene, "project/slsa-pip.toml", OWN);
    let mut verbose = with_user(OTHER);
    verbose.arg("-v");
    let user = scene.directory.path().join("settings/slsa-pip/slsa-pip.toml");
    let said = format!("policy slsa-pip.toml, {}\n", user.display());
    let run = verified(verbose);
    assert!(run.stderr.contains(&said), "{}", run.stderr);
    put(&scene, "project/slsa-pip.toml", "[defaults]\nunpinned = \"claimed\"\n");
    mismatch(with_user(OTHER));
    fails(
        with_user("[defaults]\nunpinnd = \"deny\"\n"),
        "settings/slsa-pip/slsa-pip.toml:2:1",
    );
}

#[test]
fn an_import_holds_whatever_the_importer_says() {
    let scene = Scene::of([release("rocket"), release("acme-new")]);
    let common = "[packages.\"acme-*\"]\nowner = \"github.com/other\"\n";
    put(&scene, "policy/common.toml", common);
    let importing = import("path", "../policy/common.toml", common);
    let install = |name: &str| {
        let mut command = scene.install(&[name, "--dry-run", "--format", "json"]);
        command.current_dir(scene.directory.path().join("project"));
        command
    };
    put(&scene, "project/slsa-pip.toml", &format!("{importing}{OWN}"));
    verified(install("rocket"));
    mismatch(install("acme-new"));
    for loosened in [
        "[defaults]\nmode = \"warn\"\n",
        "[packages.acme-new]\nrepository = \"github.com/acme/rocket\"\n",
        "[packages.\"acme-n*\"]\nowner = \"github.com/acme\"\n",
        "[defaults]\nbuilders = [\"acme/b/.github/workflows/w.yml\"]\n",
        &format!(
            "[exemptions.acme-new]\nversions = \"==1.0.0\"\nsha256 = [\"{}\"]\nreason = \"x\"\n",
            "0".repeat(64)
        ),
    ] {
        put(&scene, "project/slsa-pip.toml", &format!("{importing}{loosened}"));
        fails(install("acme-new"), "loosened-import");
        // The same from the user-wide file.
        put(&scene, "project/slsa-pip.toml", &importing);
        put(&scene, "settings/slsa-pip/slsa-pip.toml", loosened);
        let mut command = install("acme-new");
        command.env("XDG_CONFIG_HOME", scene.directory.path().join("settings"));
        fails(command, "loosened-import");
    }
    put(&scene, "project/slsa-pip.toml", &importing);
    put(&scene, "policy/common.toml", &format!("{common}# changed\n"));
    let run = fails(install("rocket"), "import-digest-mismatch");
    let shown = sha256(&format!("{common}# changed\n"));
    assert!(
        run.stderr.contains(&shown) || run.stdout.contains(&shown),
        "{}",
        run.stderr
    );
    fs::remove_file(scene.directory.path().join("policy/common.toml")).unwrap();
    fails(install("rocket"), "import-not-read");
}

/// A server with one policy on it, that says how often it was asked.
fn server(text: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/common.toml", listener.local_addr().unwrap());
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let found = request[..length].starts_with(b"GET /common.toml ");
            let (status, body) = if found {
                ("200 OK", text.as_str())
            } else {
                ("404 Not Found", "")
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn an_import_is_fetched_once_and_then_comes_from_the_cache() {
    let scene = scene();
    let common = OTHER.to_owned();
    let (url, asked) = server(common.clone());
    let times = || asked.load(std::sync::atomic::Ordering::SeqCst);
    put(&scene, "slsa-pip.toml", &import("url", &url, &common));
    let offline = || {
        let mut command = install_from(&scene, "");
        command.env("SLSA_PIP_OFFLINE", "1");
        command
    };
    fails(offline(), "is not in the cache, and `--offline` forbids to ask for it");
    assert_eq!(times(), 0);
    let run = mismatch(install_from(&scene, ""));
    assert!(
        run.stdout.contains(&format!("{url}: [packages.rocket]")),
        "{}",
        run.stdout
    );
    mismatch(install_from(&scene, ""));
    assert_eq!(times(), 1);
    // What lies in the cache counts only with its digest.
    let kept = scene
        .directory
        .path()
        .join(".cache/policies")
        .join(format!("{}.toml", sha256(&common)));
    assert_eq!(fs::read_to_string(&kept).unwrap(), common);
    fs::write(&kept, OWN).unwrap();
    fails(offline(), "is not in the cache");
    mismatch(install_from(&scene, ""));
    assert_eq!(times(), 2);
    let mut info = scene.command(&["cache", "info", "--format", "json"]);
    info.env("SLSA_PIP_OFFLINE", "1");
    assert!(Run::of(info).exits(0).stdout.contains("policies"));
    Run::of(scene.command(&["cache", "clean"])).exits(0);
    assert!(!kept.exists());
    // Other bytes than were pinned, and none.
    put(&scene, "slsa-pip.toml", &import("url", &url, "something else"));
    fails(install_from(&scene, ""), "import-digest-mismatch");
    put(
        &scene,
        "slsa-pip.toml",
        &import("url", &url.replace("common", "absent"), &common),
    );
    fails(install_from(&scene, ""), "import-not-read");
}

#[test]
fn hostile_files_end_in_an_error_and_soon() {
    let scene = scene();
    let begun = std::time::Instant::now();
    let mut cases: Vec<(String, &str)> = vec![
        ("#".repeat((1 << 20) + 1), "policy-too-large"),
        (format!("a = {}", "[".repeat(100_000)), "policy-syntax"),
        (format!("{}x = 1", "a.".repeat(100_000)), "policy"),
        (format!("[{}x]\n", "a.".repeat(100_000)), "policy"),
        (
            "[packages.\"\u{440}ocket\"]\nrepository = \"a/b\"\n".to_owned(),
            "invalid-name",
        ),
        (
            "[packages.rocket]\nrepository = \"a/\u{440}ocket\"\n".to_owned(),
            "invalid-repository",
        ),
        ("\u{feff}\u{202e}= 1\n".to_owned(), "policy-syntax"),
    ];
    let imports = (0..17).map(|number| import("path", &format!("{number}.toml"), &number.to_string()));
    cases.push((imports.collect(), "too-many-imports"));
    for (text, code) in &cases {
        put(&scene, "slsa-pip.toml", text);
        let run = fails(install_from(&scene, ""), code);
        assert!(run.stderr.len() + run.stdout.len() < 200_000 && !run.stderr.contains('\u{202e}'));
    }
    // Nothing is read from what is no file.
    put(&scene, "slsa-pip.toml", &import("path", "pipe", ""));
    let pipe = scene.directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fails(install_from(&scene, ""), "it is no file");
    put(&scene, "slsa-pip.toml", &import("path", ".", ""));
    fails(install_from(&scene, ""), "it is no file");
    // What cannot be looked at may be there.
    fs::remove_file(scene.directory.path().join("slsa-pip.toml")).unwrap();
    let round = scene.directory.path().join("pyproject.toml");
    std::os::unix::fs::symlink(&round, &round).unwrap();
    fails(install_from(&scene, ""), "`pyproject.toml` cannot be read");
    fs::remove_file(&round).unwrap();
    // Each of them is small enough, and all together are not.
    let large: Vec<String> = (0..3)
        .map(|number| format!("# {number}{}\n", "#".repeat(1_000_000)))
        .collect();
    let mut text = String::new();
    for (number, large) in large.iter().enumerate() {
        put(&scene, &format!("{number}.toml"), large);
        text.push_str(&import("path", &format!("{number}.toml"), large));
    }
    put(&scene, "slsa-pip.toml", &text);
    fails(install_from(&scene, ""), "policy-too-large");
    // A chain that is longer than any organisation's.
    let mut text = String::from("version = 1\n");
    for number in 0..20 {
        put(&scene, &format!("{number}.toml"), &text);
        text = import("path", &format!("{number}.toml"), &text);
    }
    put(&scene, "slsa-pip.toml", &text);
    fails(install_from(&scene, ""), "too-many-imports");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// Who can write to `/tmp` must not decide what holds below it.
#[test]
fn a_policy_of_another_user_is_none_at_every_step() {
    let scene = scene();
    let stranger = |path: &Path| std::os::unix::fs::chown(path, Some(65_534), None).is_ok();
    let path = put(&scene, "slsa-pip.toml", OWN);
    if !stranger(&path) {
        return;
    }
    fails(install_from(&scene, "a/b"), "is not yours");
    fs::remove_file(&path).unwrap();
    assert!(stranger(&put(&scene, "a/pyproject.toml", "[project]\nname = \"x\"\n")));
    verified(install_from(&scene, "a/b"));
    assert!(stranger(&put(
        &scene,
        "a/pyproject.toml",
        &OWN.replace('[', "[tool.slsa-pip.")
    )));
    fails(install_from(&scene, "a/b"), "is not yours");
    let mut command = install_from(&scene, "a/b");
    command.args(["--policy", "../pyproject.toml"]);
    verified(command);
    assert!(stranger(&put(&scene, "settings/slsa-pip/slsa-pip.toml", OWN)));
    let mut command = install_from(&scene, "elsewhere");
    command.env("XDG_CONFIG_HOME", scene.directory.path().join("settings"));
    fails(command, "is not yours");
}
