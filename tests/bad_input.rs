use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel};

use crate::support::{Run, Scene};

fn rocket() -> Release {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    Release::new(wheel).with(Evidence::pep740(Identity::github("acme/rocket")))
}

/// Runs an install that must end with an error: exit code 2, these texts, nothing installed, no file left.
#[track_caller]
fn fails(scene: &Scene, words: &[&str], texts: &[&str]) {
    let temporary = crate::support::folder();
    let run = Run::of(scene.install(words).env("TMPDIR", temporary.path())).exits(2);
    for text in texts {
        assert!(run.stderr.contains(text), "`{text}` is not in:\n{}", run.stderr);
    }
    assert!(
        run.stderr.starts_with("error: ") || run.stderr.contains("\nerror: "),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    assert_eq!(scene.installed(), Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(temporary.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn policy_files_that_cannot_be_read_or_understood() {
    let scene = Scene::of([rocket()]);
    fails(
        &scene,
        &["rocket", "--policy", "absent.toml"],
        &["The policy file `absent.toml` cannot be read", "hint:"],
    );
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepositry = \"github.com/acme/rocket\"\n",
    );
    fails(
        &scene,
        &["rocket"],
        &[
            "The policy file `slsa-pip.toml` is not valid",
            "repositry",
            "repository",
            "^",
        ],
    );
    scene.write("slsa-pip.toml", "[packages.rocket\n");
    fails(&scene, &["rocket"], &["slsa-pip.toml"]);
    scene.write(
        "slsa-pip.toml",
        "[exemptions.rocket]\nversions = \"==1.0.0\"\nsha256 = []\nreason = \"\"\n",
    );
    fails(&scene, &["rocket"], &["sha256", "reason"]);
    std::fs::write(scene.directory.path().join("slsa-pip.toml"), [0xff, 0xfe]).unwrap();
    fails(&scene, &["rocket"], &["not UTF-8"]);
}

#[test]
fn requirements_that_are_none() {
    let scene = Scene::of([rocket()]);
    fails(&scene, &["rocket>>1"], &["Invalid requirement", "rocket>>1"]);
    fails(&scene, &["rocket[a-]"], &["Invalid requirement", "rocket[a-]"]);
    fails(&scene, &["../rocket"], &["../rocket"]);
    fails(
        &scene,
        &["rocket @ https://127.0.0.1:1/rocket-1.0.0-py3-none-any.whl"],
        &["cannot connect", "https://127.0.0.1:1/rocket-1.0.0-py3-none-any.whl"],
    );
    fails(&scene, &["-r", "absent.txt"], &["absent.txt"]);
    scene.write("bad.txt", "rocket\nrocket >> 1\n");
    fails(&scene, &["-r", "bad.txt"], &["rocket >> 1"]);
}

#[test]
fn packages_that_do_not_exist_or_have_no_wheel_or_contradict() {
    let scene = Scene::of([rocket(), Release::new(Wheel::sdist("source-only", "1.0"))]);
    fails(&scene, &["no-such-package"], &["`no-such-package` was not found"]);
    fails(&scene, &["source-only"], &["`source-only`", "wheel"]);
    fails(&scene, &["rocket==3"], &["rocket"]);
    fails(&scene, &["rocket<1", "rocket>=1"], &["rocket"]);
}

#[test]
fn indexes_that_cannot_be_used() {
    let scene = Scene::of([rocket()]);
    let unused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/simple/", listener.local_addr().unwrap())
    };
    fails(
        &scene,
        &["rocket", "--index-url", &unused],
        &["cannot connect", &unused, "hint:"],
    );
    fails(
        &scene,
        &["rocket", "--index-url", "ftp://index.example/simple"],
        &["ftp://index.example/simple"],
    );

    scene.world.fault("/simple/rocket", Fault::Html);
    fails(&scene, &["rocket"], &["is not a page of a package index", "hint:"]);
    scene.world.clear_faults();
    scene.world.fault("/simple/rocket", Fault::Status(500));
    fails(&scene, &["rocket"], &["500"]);
    scene.world.clear_faults();
    scene.world.fault("/simple/rocket", Fault::Endless);
    fails(&scene, &["rocket"], &["larger than the limit"]);
}

#[test]
fn downloads_that_break() {
    let scene = Scene::of([rocket()]);
    scene
        .world
        .fault("/files/rocket-1.0.0-py3-none-any.whl", Fault::Truncate);
    fails(&scene, &["rocket"], &["rocket-1.0.0-py3-none-any.whl"]);
    scene.world.clear_faults();
    scene
        .world
        .fault("/files/rocket-1.0.0-py3-none-any.whl", Fault::Status(404));
    fails(&scene, &["rocket"], &["404"]);
}

#[test]
fn a_passing_outage_is_survived() {
    let scene = Scene::of([rocket()]);
    scene.world.fault_times("/simple/rocket", Fault::Status(503), 1);
    scene
        .world
        .fault_times("/files/rocket-1.0.0-py3-none-any.whl", Fault::Truncate, 1);
    Run::of(&mut scene.install(&["rocket"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}

#[test]
fn evidence_that_cannot_be_fetched_is_a_refusal_that_says_where_and_why() {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let classic = || {
        Release::new(wheel.clone()).with(Evidence::classic_release(
            Identity::slsa_generator("acme/rocket"),
            "v1.0.0",
        ))
    };
    for (path, fault, text) in [
        ("/api/v1/log/entries/retrieve", Fault::Status(500), "500"),
        ("/api/v1/log/entries/retrieve", Fault::Html, "transparency log"),
        ("multiple.intoto.jsonl", Fault::Html, "multiple.intoto.jsonl"),
        ("multiple.intoto.jsonl", Fault::Status(403), "multiple.intoto.jsonl"),
        (
            "multiple.intoto.jsonl",
            Fault::Body(Vec::new()),
            "multiple.intoto.jsonl",
        ),
    ] {
        let scene = Scene::of([classic()]);
        scene.world.fault(path, fault.clone());
        let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
        assert!(!run.codes().is_empty(), "{fault:?}");
        assert!(
            run.json()["files"][0]["searched"].to_string().contains(text),
            "{fault:?}: {:#}",
            run.json()["files"][0]
        );
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    let scene = Scene::of([rocket()]);
    scene.world.fault("/provenance", Fault::Html);
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
    assert_eq!(run.codes().len(), 1, "{:?}", run.codes());
}

#[test]
fn trust_and_interpreter_that_cannot_be_used() {
    let scene = Scene::of([rocket()]);
    scene.write("root.json", "{}");
    fails(
        &scene,
        &["rocket", "--trusted-root", "root.json"],
        &["The trusted root cannot be used"],
    );
    fails(&scene, &["rocket", "--trusted-root", "absent.json"], &["absent.json"]);
    fails(
        &scene,
        &["rocket", "--provenance-dir", "absent"],
        &["The provenance folder `absent` cannot be read"],
    );
    fails(&scene, &["rocket", "--python", "absent-python"], &["absent-python"]);
    fails(&scene, &["rocket", "--rekor-url", "rekor"], &["--rekor-url"]);
}

#[test]
fn errors_are_documents_too() {
    let scene = Scene::of([rocket()]);
    let run = Run::of(&mut scene.install(&["no-such-package", "--format", "json"])).exits(2);
    let report = run.json();
    assert_eq!(
        (&report["schema"], &report["verdict"]),
        (&"slsa-pip/report/v1".into(), &"error".into())
    );
    assert!(report["error"]["message"].as_str().unwrap().contains("no-such-package"));
    assert!(!report["error"]["hints"].as_array().unwrap().is_empty());
}
