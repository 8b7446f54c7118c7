//! Attacks: whoever controls the index, the working directory, the environment or a folder of provenance tries to get
//! other files installed, code run, secrets shown, or something left behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use slsa_pip_test_world::statement::Subject;
use slsa_pip_test_world::{AssetForm, Evidence, Fault, Identity, Predicate, Release, Signing, Wheel, World};

use crate::support::{Run, Scene, folder, freeze, site_packages, venv};

const REPOSITORY: &str = "acme/rocket";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";
/// Words and variables.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);
/// A password that nothing may show.
const SECRET: &str = "hunter2";

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn published(wheel: Wheel, repository: &str) -> Release {
    Release::new(wheel).with(Evidence::pep740(Identity::github(repository)))
}

#[test]
fn metadata_of_the_index_cannot_add_a_dependency_to_a_verified_wheel() {
    let intruder = Wheel::builder("intruder", "1.0")
        .project_url("Source", "https://github.com/evil/intruder")
        .build();
    for built in [World::builder(), World::builder().html_only()] {
        let mut wheel = rocket();
        wheel.metadata.push_str("Requires-Dist: intruder\n");
        let scene = Scene::with(
            built.start_blocking().unwrap(),
            [
                published(wheel, REPOSITORY),
                published(intruder.clone(), "evil/intruder"),
            ],
        );
        scene.write("slsa-pip.toml", PIN);
        let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
        assert_eq!(run.codes(), ["metadata-mismatch"]);
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
}

/// An index whose page lets two versions share one URL, and which answers otherwise each time that it is asked for METADATA there.
fn index_of_two_minds() -> Scene {
    let intruder = Wheel::builder("intruder", "1.0")
        .project_url("Source", "https://github.com/evil/intruder")
        .build();
    let scene = Scene::of([published(rocket(), REPOSITORY), published(intruder, "evil/intruder")]);
    let (world, shared) = (&scene.world, rocket().filename);
    let file = |version: &str, at: &str| {
        let base = &world.base_url;
        json!({
            "filename": format!("rocket-{version}-py3-none-any.whl"),
            "url": format!("{base}/files/{at}"),
            "hashes": {},
            "core-metadata": true,
            "provenance": format!("{base}/integrity/rocket/1.0.0/{shared}/provenance"),
        })
    };
    let page = json!({
        "meta": {"api-version": "1.1"},
        "name": "rocket",
        "files": [file("0.9.0", &shared), file("1.0.0", &shared), file("2.0.0", "other.whl")],
    });
    let kind = "application/vnd.pypi.simple.v1+json".to_owned();
    let reply = |body: String| Fault::Reply(200, vec![("content-type", kind.clone())], body);
    world.fault("/simple/rocket/", reply(page.to_string()));
    let metadata = |version: &str, requires: &str| {
        let source = "Project-URL: Source, https://github.com/acme/rocket\n";
        reply(format!(
            "Metadata-Version: 2.1\nName: rocket\nVersion: {version}\n{source}Requires-Dist: {requires}\n"
        ))
    };
    // The newest cannot be installed, so that the two others are asked for, at once.
    world.fault("other.whl.metadata", metadata("2.0.0", "nowhere"));
    let place = format!("{shared}.metadata");
    world.fault_times(&place, metadata("1.0.0", "intruder"), 1);
    world.fault_times(&place, metadata("0.9.0", "nowhere"), 1);
    scene.write("slsa-pip.toml", PIN);
    scene
}

#[test]
fn metadata_that_changes_between_resolution_and_verdict_is_refused() {
    for _ in 0..20 {
        let scene = index_of_two_minds();
        let run = Run::of(scene.install(&["rocket", "--format", "json"]));
        assert_eq!(scene.installed(), Vec::<String>::new(), "{}", run.stderr);
        // Which of the two comes first is chance; the other way round neither can be used.
        if run.code == Some(1) {
            assert_eq!(run.codes(), ["metadata-mismatch"]);
            return;
        }
        run.exits(2);
    }
    panic!("the answers never came in order");
}

#[test]
fn a_pipe_in_the_folder_of_provenance_does_not_stop_the_run() {
    let scene = Scene::of([Release::new(rocket())]);
    let signed = scene.world.sign(
        &rocket(),
        &Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02),
    );
    let proofs = scene.directory.path().join("proofs");
    std::fs::create_dir(&proofs).unwrap();
    let name = rocket().filename;
    std::fs::write(
        proofs.join(format!("{name}.intoto.jsonl")),
        signed.classic_envelope(true),
    )
    .unwrap();
    for pipe in [format!("{name}.rekor.json"), format!("{name}.sigstore.json")] {
        let made = Command::new("mkfifo").arg(proofs.join(pipe)).status().unwrap();
        assert!(made.success());
    }
    let mut command = scene.install(&["rocket", "--dry-run", "--provenance-dir", "proofs"]);
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > Duration::from_mins(1) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it waits for a pipe");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(code, Some(0));
}

#[test]
fn no_text_from_outside_forges_a_line_of_the_report() {
    let scene = Scene::of([Release::new(rocket())]);
    let proofs = scene.directory.path().join("proofs");
    std::fs::create_dir(&proofs).unwrap();
    let forged = format!("{}.\nverified forged.whl\u{1b}[2J.provenance", rocket().filename);
    std::fs::write(proofs.join(forged), "{}").unwrap();
    let run = Run::of(scene.install(&["rocket", "-v", "--provenance-dir", "proofs"])).exits(1);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    assert!(
        !run.stderr.lines().any(|line| line.starts_with("verified")),
        "{}",
        run.stderr
    );
}

#[test]
fn passwords_in_urls_are_shown_nowhere() {
    let scene = Scene::of([Release::new(rocket())]);
    let with_login = |url: &str| url.replacen("://", &format!("://user:{SECRET}@"), 1);
    let index = with_login(&scene.world.index_url());
    let elsewhere = format!("http://user:{SECRET}@127.0.0.1:1/simple");
    scene.write("index.txt", &format!("--index-url {index}\nrocket\n"));
    scene.write(
        "direct.txt",
        &format!("rocket @ http://user:{SECRET}@127.0.0.1:1/rocket-1.0.0-py3-none-any.whl\n"),
    );
    scene.write(
        "bare.txt",
        &format!("http://user:{SECRET}@127.0.0.1:1/rocket-1.0.0-py3-none-any.whl\n"),
    );
    scene.write(
        "vcs.txt",
        &format!("-e git+https://user:{SECRET}@127.0.0.1:1/x.git#egg=rocket\n"),
    );
    scene.write(
        "vcs2.txt",
        &format!("git+https://user:{SECRET}@127.0.0.1:1/x.git#egg=rocket\n"),
    );
    scene.write("links.txt", &format!("--find-links {elsewhere}\nrocket\n"));
    scene.write("nested.txt", &format!("-r {elsewhere}/r.txt\n"));
    scene.write(
        "constraint.txt",
        &format!("rocket @ {elsewhere}/rocket-1.0.0-py3-none-any.whl\n"),
    );
    scene.write(
        "scheme.txt",
        &format!("--index-url user:{SECRET}@127.0.0.1:1/simple\nrocket\n"),
    );
    scene.write(
        "broken.txt",
        &format!("--index-url http://user:{SECRET}@[::1/simple\nrocket\n"),
    );
    let cases: &[Case] = &[
        (&["rocket"], &[("PIP_INDEX_URL", index.as_str())]),
        (&["rocket"], &[("PIP_INDEX_URL", elsewhere.as_str())]),
        (&["rocket", "--extra-index-url", &elsewhere], &[]),
        (&["rocket", "--find-links", &elsewhere], &[]),
        (&["rocket"], &[("PIP_PROXY", elsewhere.as_str())]),
        (&["rocket"], &[("PIP_PROXY", "user:hunter2@:::::")]),
        (
            &["rocket"],
            &[("http_proxy", elsewhere.as_str()), ("HTTP_PROXY", elsewhere.as_str())],
        ),
        (
            &["rocket"],
            &[
                ("SLSA_PIP_GITHUB_URL", elsewhere.as_str()),
                ("SLSA_PIP_GITHUB_API_URL", elsewhere.as_str()),
            ],
        ),
        (&["rocket"], &[("SLSA_PIP_REKOR_URL", elsewhere.as_str())]),
        (&["rocket", "-r", "index.txt"], &[]),
        (&["-r", "direct.txt"], &[]),
        (&["-r", "bare.txt"], &[]),
        (&["-r", "vcs.txt"], &[]),
        (&["-r", "vcs2.txt"], &[]),
        (&["-r", "links.txt"], &[]),
        (&["-r", "nested.txt"], &[]),
        (&["-r", "scheme.txt"], &[]),
        (&["-r", "broken.txt"], &[]),
        (&["rocket", "-c", "constraint.txt"], &[]),
        (
            &["--help"],
            &[
                ("SLSA_PIP_GITHUB_URL", elsewhere.as_str()),
                ("SLSA_PIP_REKOR_URL", elsewhere.as_str()),
            ],
        ),
    ];
    let mut leaks = Vec::new();
    for (words, variables) in cases {
        let mut command = scene.install(&["--format", "json", "-v", "-v"]);
        command
            .args(*words)
            .envs(variables.iter().copied())
            .env("PIP_RETRIES", "0");
        let run = Run::of(command);
        if run.stdout.contains(SECRET) || run.stderr.contains(SECRET) {
            leaks.push(format!(
                "{words:?} {variables:?} {:?}\n{}\n{}",
                run.code, run.stdout, run.stderr
            ));
        }
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n======\n"));
}

#[test]
fn what_a_target_holds_already_is_never_taken_for_the_verified_files() {
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    let module = scene.target().join("rocket/__init__.py");
    let planted = || std::fs::read_to_string(&module).unwrap() == "planted";
    std::fs::create_dir_all(module.parent().unwrap()).unwrap();
    std::fs::write(&module, "planted").unwrap();
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(2);
    assert_eq!(run.json()["verdict"], "error");
    assert!(run.stderr.contains("exists already") && run.stderr.contains("--upgrade"));
    assert!(planted() && scene.installed().is_empty());

    Run::of(scene.install(&["rocket", "--upgrade"])).exits(0);
    assert!(!planted());
    // The same files once more are no conflict.
    Run::of(scene.install(&["rocket"])).exits(0);

    // pip never replaces links.
    let elsewhere = scene.directory.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("__init__.py"), "planted").unwrap();
    std::fs::remove_dir_all(module.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, module.parent().unwrap()).unwrap();
    Run::of(scene.install(&["rocket", "--upgrade"]))
        .exits(2)
        .says("remove the link first");
}

#[test]
fn other_files_of_the_same_version_are_never_taken_for_the_verified_ones() {
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    let python = venv(scene.directory.path());
    let other = rocket().tampered();
    let path = scene.directory.path().join(&other.filename);
    std::fs::write(&path, &other.bytes).unwrap();
    let status = Command::new(&python)
        .args(["-I", "-m", "pip", "--isolated", "install", "--no-index", "--no-deps"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let install = |more: &[&str]| {
        let mut command = scene.command(&["install", "rocket", "--format", "json"]);
        Run::of(command.args(more).env("SLSA_PIP_PYTHON", &python))
    };
    // As with pip it is left alone, and never called verified.
    let prefix = scene.directory.path().join("prefix");
    for more in [&[][..], &["--prefix", prefix.to_str().unwrap()], &["--upgrade"]] {
        let report = install(more).exits(0).json();
        assert_eq!(
            (
                &report["verdict"],
                &report["installed"],
                &report["satisfied"][0]["verified"]
            ),
            (&"nothing-to-verify".into(), &false.into(), &false.into())
        );
    }
    // Whoever wants to know is told.
    let run = install(&["--verify-installed"]).exits(2);
    assert_eq!(run.json()["verdict"], "error");
    assert!(run.stderr.contains("not from the verified file"), "{}", run.stderr);
    assert!(freeze(&python).starts_with("rocket @ "));

    let run = install(&["--force-reinstall"]).exits(0);
    assert_eq!(run.json()["installed"], true);
    assert_eq!(freeze(&python), "rocket==1.0.0\n");
    install(&["--verify-installed"])
        .exits(0)
        .says("Already installed, with the contents that were verified.");
}

#[test]
fn an_interpreter_planted_in_the_working_directory_is_not_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    for name in ["python3", "python", "pip"] {
        let planted = scene.directory.path().join(name);
        std::fs::write(&planted, "#!/bin/sh\ntouch planted-was-run\nexit 1\n").unwrap();
        std::fs::set_permissions(&planted, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for words in [
        &["install", "--dry-run", "rocket"][..],
        &["install", "--dry-run", "rocket", "--python", "python3"],
    ] {
        Run::of(scene.command(words).env_remove("SLSA_PIP_PYTHON")).exits(0);
        assert!(!scene.directory.path().join("planted-was-run").exists(), "{words:?}");
    }
}

/// Starts an install with a temporary folder of its own, and sends it a signal a moment after that is in use.
fn signalled(scene: &Scene, temporary: &Path, signal: &str) -> Option<i32> {
    // A wheel that is in the cache would not be asked for.
    let mut command = scene.install(&["rocket", "--no-cache-dir"]);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.env("TMPDIR", temporary).spawn().unwrap();
    let started = Instant::now();
    while std::fs::read_dir(temporary).unwrap().count() == 0 {
        assert!(started.elapsed() < Duration::from_mins(1), "it never came so far");
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    child.wait().unwrap().code()
}

#[test]
fn signals_at_any_time_leave_nothing_behind() {
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    for (signal, code) in [("-HUP", 129), ("-INT", 130), ("-QUIT", 131), ("-TERM", 143)] {
        for place in ["/simple/", "/files/", "/integrity/"] {
            let temporary = folder();
            scene.world.fault(place, Fault::Slow(Duration::from_secs(5)));
            let ended = signalled(&scene, temporary.path(), signal);
            assert_eq!(ended, Some(code), "{signal} {place}");
            let left = std::fs::read_dir(temporary.path()).unwrap().count();
            assert_eq!(left, 0, "{signal} {place}");
            scene.world.clear_faults();
        }
    }
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn an_old_wheel_under_a_new_name_is_refused_although_its_provenance_is_good() {
    let old = Wheel::builder("rocket", "0.9")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let mut renamed = old.clone();
    renamed.filename = rocket().filename;
    renamed.version = "1.0.0".to_owned();
    renamed.metadata = renamed.metadata.replace("0.9", "1.0.0");
    let built = Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02);
    let scene = Scene::of([Release::new(renamed).with(Evidence::GithubRelease {
        repository: REPOSITORY.to_owned(),
        tag: "v1.0.0".to_owned(),
        asset: "multiple.intoto.jsonl".to_owned(),
        form: AssetForm::BundleV03,
        signing: built.subjects(vec![Subject::of(&old.filename, &old.bytes)]),
    })]);
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), ["metadata-mismatch", "wheel-dist-info"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn requirements_that_name_files_or_weak_hashes_or_nothing_install_nothing() {
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    let wheel = rocket();
    std::fs::write(scene.directory.path().join(&wheel.filename), &wheel.bytes).unwrap();
    let url = format!(
        "{}/files/{}",
        scene.world.index_url().replace("/simple/", ""),
        wheel.filename
    );
    // No index speaks for a file that is named by URL or path, and here nobody else does.
    for file in [
        format!("./{}\n", wheel.filename),
        format!("rocket @ {url}\n"),
        format!("{url}\n"),
    ] {
        scene.write("requirements.txt", &file);
        let run = Run::of(scene.install(&["-r", "requirements.txt", "--format", "json"])).exits(1);
        assert_eq!(run.codes(), ["no-evidence"], "{file}");
    }
    for (file, says) in [
        ("-e .\n".to_owned(), "ditable"),
        (
            "rocket==1.0.0 --hash=md5:0cc175b9c0f1b6a831c399e269772661\n".to_owned(),
            "hash",
        ),
        ("--require-hashes\nrocket==1.0.0\n".to_owned(), "ashes are required"),
        ("rocket; python_version < '3'\n".to_owned(), "nothing to install"),
        ("# nothing\n".to_owned(), "nothing to install"),
        ("-r missing.txt\n".to_owned(), "missing.txt"),
    ] {
        scene.write("requirements.txt", &file);
        let run = Run::of(scene.install(&["-r", "requirements.txt"])).exits(2);
        assert!(run.stderr.contains(says), "{file}{}", run.stderr);
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    scene.write("constraints.txt", &format!("rocket @ {url}\n"));
    Run::of(scene.install(&["rocket", "-c", "constraints.txt"])).exits(1);
    Run::of(scene.install(&["rocket"]).env("PIP_DRY_RUN", "1")).exits(0);
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn a_wheel_that_pip_would_give_up_half_way_is_refused_before() {
    for path in ["../../evil.py", "rocket-1.0.0.data/purelib/../../evil.py"] {
        let wheel = Wheel::builder("rocket", "1.0.0")
            .project_url("Source", "https://github.com/acme/rocket")
            .file("rocket/__init__.py", "")
            .file(path, "evil\n")
            .build();
        let scene = Scene::of([published(wheel, REPOSITORY)]);
        let python = venv(scene.directory.path());
        let mut command = scene.command(&["install", "rocket", "--format", "json"]);
        let run = Run::of(command.env("SLSA_PIP_PYTHON", &python)).exits(1);
        assert_eq!(run.codes(), ["metadata-mismatch", "wheel-name-unsafe"]);
        assert!(
            !site_packages(&scene.directory.path().join("venv"))
                .join("rocket")
                .exists()
        );
        assert_eq!(freeze(&python), "");
    }
}

#[test]
fn downloads_replace_links_and_never_write_through_them() {
    let scene = Scene::of([published(rocket(), REPOSITORY)]);
    let (dest, precious) = (
        scene.directory.path().join("dest"),
        scene.directory.path().join("precious"),
    );
    std::fs::create_dir(&dest).unwrap();
    std::fs::write(&precious, "precious").unwrap();
    let name = rocket().filename;
    for link in [name.clone(), format!("{name}.attestation")] {
        std::os::unix::fs::symlink(&precious, dest.join(link)).unwrap();
    }
    Run::of(scene.command(&["download", "rocket", "--dest", "dest"])).exits(0);
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(std::fs::read(dest.join(&name)).unwrap(), rocket().bytes);
    assert!(!dest.join(&name).is_symlink());
    assert_eq!(std::fs::read_dir(&dest).unwrap().count(), 3);
}

#[test]
fn a_token_goes_to_the_api_alone_and_is_shown_nowhere() {
    let scene = Scene::of([Release::new(rocket())]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = format!("http://{}/", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        listener.set_nonblocking(true).unwrap();
        let (mut heard, began) = (String::new(), Instant::now());
        while began.elapsed() < Duration::from_secs(8) {
            let Ok((mut stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).unwrap();
            heard.push_str(&String::from_utf8_lossy(&request[..count]));
            stream
                .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
        heard
    });
    scene.world.fault("/github-api/", Fault::Redirect(elsewhere));
    let run = Run::of(scene.install(&["rocket", "-v"]).env("GITHUB_TOKEN", SECRET)).exits(1);
    assert!(!run.stderr.contains(SECRET));
    let heard = heard.join().unwrap();
    assert!(heard.contains("GET /"), "the redirect was not followed");
    assert!(
        !heard.contains(SECRET) && !heard.to_lowercase().contains("authorization"),
        "{heard}"
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn a_forged_attestation_beside_the_good_one_is_not_what_download_keeps() {
    let scene = Scene::of([published(rocket(), "evil/rocket").with(Evidence::pep740(Identity::github(REPOSITORY)))]);
    scene.write("slsa-pip.toml", PIN);
    Run::of(scene.command(&["download", "rocket", "--dest", "dest"])).exits(0);
    let kept = [
        "--offline",
        "--no-index",
        "--find-links",
        "dest",
        "--provenance-dir",
        "dest",
    ];
    Run::of(scene.install(&["rocket"]).args(kept).env_remove("PIP_INDEX_URL")).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}
