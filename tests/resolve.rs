use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::{Evidence, Fault, Identity, Release, ReleaseFaults, Wheel};

use crate::support::{Run, Scene, folder, shared_python};

/// `rocket` requires `bolt`, and `nut` for its extra; nothing of it has provenance unless `signed`.
fn shop(signed: bool) -> Scene {
    let wheels = [
        Wheel::builder("rocket", "1.0.0")
            .requires("bolt>=0.5")
            .extra("deluxe")
            .requires("nut~=2.0; extra == \"deluxe\"")
            .project_url("Source", "https://github.com/acme/rocket")
            .build(),
        Wheel::builder("bolt", "0.6").build(),
        Wheel::builder("bolt", "0.4").build(),
        Wheel::builder("nut", "2.1").requires("bolt").build(),
        Wheel::builder("nut", "3.0").build(),
    ];
    let release = |wheel: Wheel| {
        let release = Release::new(wheel);
        if signed {
            release.with(Evidence::pep740(Identity::github("acme/rocket")))
        } else {
            release
        }
    };
    Scene::of(wheels.into_iter().map(release))
}

fn resolve(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.command(&["resolve"]);
    command.args(words);
    command
}

/// Runs the environment's own pip, with the world's index and no configuration.
fn pip(scene: &Scene, words: &[&str]) -> Run {
    let mut command = Command::new(shared_python());
    command
        .args(["-I", "-m", "pip", "--isolated", "--disable-pip-version-check"])
        .args(words)
        .args(["--index-url", &scene.world.index_url(), "--no-cache-dir"])
        .current_dir(scene.directory.path())
        .env_remove("PIP_CONFIG_FILE");
    Run::of(command)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_document_says_what_would_be_taken_why_and_that_nothing_is_verified() {
    let scene = shop(false);
    let run = Run::of(resolve(&scene, &["rocket[deluxe]", "--format", "json"])).exits(0);
    let document = run.json();
    assert_eq!(document["schema"], "slsa-pip/resolution/v1");
    assert_eq!(document["command"], "resolve");
    assert_eq!(document["verified"], false);
    assert!(document["note"].as_str().unwrap().contains("nothing was verified"));
    let packages = document["packages"].as_array().unwrap();
    let listed: Vec<_> = packages
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["version"].as_str().unwrap()))
        .collect();
    assert_eq!(listed, [("bolt", "0.6"), ("nut", "2.1"), ("rocket", "1.0.0")]);

    let bolt = Wheel::builder("bolt", "0.6").build();
    assert_eq!(packages[0]["file"], bolt.filename.as_str());
    assert_eq!(packages[0]["sha256"], bolt.sha256());
    let url = packages[0]["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with(&bolt.filename),
        "{url}"
    );
    assert_eq!(packages[0]["requested"], false);
    assert_eq!(packages[0]["required_by"], json!(["nut", "rocket"]));
    let why = json!([{ "by": "nut", "requirement": "bolt" }, { "by": "rocket", "requirement": "bolt>=0.5" }]);
    assert_eq!(packages[0]["why"], why);
    assert_eq!(packages[0]["requires"], json!([]));
    assert_eq!(packages[2]["extras"], json!(["deluxe"]));
    assert_eq!(packages[2]["requested"], true);
    assert_eq!(packages[2]["required_by"], json!([]));
    let requires: Vec<&str> = packages[2]["requires"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(requires.len(), 2);
    assert!(
        requires[1].starts_with("nut~=2.0") && requires[1].contains("deluxe"),
        "{requires:?}"
    );
}

#[test]
fn it_reads_no_root_asks_for_no_provenance_and_leaves_no_file() {
    let scene = shop(true);
    scene.write("root.json", "this is no root");
    let run = Run::of(
        resolve(&scene, &["rocket"])
            .env("SLSA_PIP_TRUSTED_ROOT", "root.json")
            .env("GITHUB_TOKEN", "none"),
    )
    .exits(0)
    .says("rocket 1.0.0  rocket-1.0.0-py3-none-any.whl")
    .says("asked for: rocket")
    .says("required by rocket: bolt>=0.5")
    .says("Resolved 2 packages")
    .says("nothing was verified, kept or installed");
    assert_eq!(run.stdout, "");
    for place in ["/integrity/", "/github", "/api/v1/log"] {
        assert_eq!(scene.world.request_count(place), 0, "{place}");
    }
    assert_eq!(names(scene.directory.path()), [".cache", "root.json"]);
    // Least output of all still says that nothing was verified.
    Run::of(resolve(&scene, &["rocket", "-q"]))
        .exits(0)
        .says("not verified:");
}

#[test]
fn a_package_comes_from_the_index_that_the_policy_assigns_it_to() {
    let (scene, other) = (shop(false), shop(false));
    for (index, from) in [(&scene, &scene), (&other, &other), (&other, &scene)] {
        let policy = format!("[packages.bolt]\nindex = \"{}\"\n", index.world.index_url());
        let file = if std::ptr::eq(from, &raw const other) {
            "slsa-pip.toml"
        } else {
            "other.toml"
        };
        scene.write(file, &policy);
        let extra = other.world.index_url();
        let words = [
            "rocket",
            "--format",
            "json",
            "--policy",
            file,
            "--extra-index-url",
            &extra,
        ];
        let document = Run::of(resolve(&scene, &words)).exits(0).json();
        let found = document["packages"][0]["index"].as_str().unwrap();
        let wanted = index.world.index_url();
        assert_eq!(found.trim_end_matches('/'), wanted.trim_end_matches('/'));
        let rocket = document["packages"][1]["index"].as_str().unwrap();
        assert_eq!(
            rocket.trim_end_matches('/'),
            scene.world.index_url().trim_end_matches('/')
        );
    }
    // The default file counts as for `install`; one that is no policy is an error.
    let extra = other.world.index_url();
    let words = ["bolt", "--format", "json", "--extra-index-url", &extra];
    let document = Run::of(resolve(&scene, &words)).exits(0).json();
    let found = document["packages"][0]["index"].as_str().unwrap();
    assert_eq!(
        found.trim_end_matches('/'),
        other.world.index_url().trim_end_matches('/')
    );
    Run::of(resolve(&scene, &["bolt"]))
        .exits(2)
        .says("not among the configured indexes");
    scene.write("slsa-pip.toml", "this is no policy");
    Run::of(resolve(&scene, &["bolt"])).exits(2).says("slsa-pip.toml");
}

#[test]
fn a_wheel_that_is_named_by_url_or_path_stands_so_in_the_requirements_file() {
    let scene = shop(false);
    let bolt = Wheel::builder("bolt", "0.4").build();
    let document = Run::of(resolve(&scene, &["bolt==0.4", "--format", "json"]))
        .exits(0)
        .json();
    let url = document["packages"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(document["packages"][0]["direct"], false);

    let requirement = format!("bolt @ {url}#sha256={}", bolt.sha256());
    let words = [requirement.as_str(), "-o", "out.txt", "--format", "json"];
    let document = Run::of(resolve(&scene, &words)).exits(0).json();
    let package = &document["packages"][0];
    assert_eq!((&package["direct"], &package["index"]), (&json!(true), &Value::Null));
    assert_eq!(package["sha256"], bolt.sha256());
    let text = std::fs::read_to_string(scene.directory.path().join("out.txt")).unwrap();
    let line = format!("\nbolt @ {url} \\\n    --hash=sha256:{}\n", bolt.sha256());
    assert!(text.contains(&line), "{text}");
    pip(&scene, &["download", "--require-hashes", "-r", "out.txt", "-d", "got"]).exits(0);
    assert_eq!(
        names(&scene.directory.path().join("got")),
        ["bolt-0.4-py3-none-any.whl"]
    );
    let again = Run::of(resolve(&scene, &["-r", "out.txt", "--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(again["packages"][0]["sha256"], bolt.sha256());

    // Of a local file nothing announces a digest: it is that of its bytes.
    std::fs::write(scene.directory.path().join(&bolt.filename), &bolt.bytes).unwrap();
    let path = format!("./{}", bolt.filename);
    let document = Run::of(resolve(&scene, &[&path, "--format", "json", "--no-index"]))
        .exits(0)
        .json();
    assert_eq!(document["packages"][0]["sha256"], bolt.sha256());
}

#[test]
fn what_is_installed_plays_no_part() {
    let scene = shop(false);
    let document = Run::of(resolve(&scene, &["pip==99", "--format", "json"]))
        .exits(2)
        .json();
    assert_eq!(document["packages"], json!([]));
    let fake = Wheel::builder("pip", "99").build();
    scene.world.publish(Release::new(fake));
    let document = Run::of(resolve(&scene, &["pip", "--format", "json"])).exits(0).json();
    assert_eq!(document["packages"][0]["version"], "99");
}

#[test]
fn the_requirements_file_is_taken_by_pip_and_by_install_and_is_the_same_every_time() {
    let scene = shop(true);
    Run::of(resolve(&scene, &["rocket[deluxe]", "-o", "requirements.txt"]))
        .exits(0)
        .says("written to requirements.txt");
    let path = scene.directory.path().join("requirements.txt");
    let text = std::fs::read_to_string(&path).unwrap();
    let nut = Wheel::builder("nut", "2.1").requires("bolt").build();
    let entry = format!(
        "\nnut==2.1 \\\n    --hash=sha256:{}\n    # required by rocket: nut~=2.0",
        nut.sha256()
    );
    assert!(text.contains(&entry), "{text}");
    assert!(text.contains("\nrocket[deluxe]==1.0.0 \\\n"), "{text}");
    assert!(text.contains("nothing was verified"), "{text}");

    Run::of(resolve(
        &scene,
        &["rocket[deluxe]", "-o", "again.txt", "--no-cache-dir"],
    ))
    .exits(0);
    assert_eq!(
        std::fs::read_to_string(scene.directory.path().join("again.txt")).unwrap(),
        text
    );

    // pip takes exactly these files.
    pip(
        &scene,
        &["download", "--require-hashes", "-r", "requirements.txt", "-d", "got"],
    )
    .exits(0);
    assert_eq!(
        names(&scene.directory.path().join("got")),
        [
            "bolt-0.6-py3-none-any.whl",
            "nut-2.1-py3-none-any.whl",
            "rocket-1.0.0-py3-none-any.whl"
        ]
    );
    // So does this program, which verifies them.
    Run::of(scene.install(&["--require-hashes", "-r", "requirements.txt"])).exits(0);
    assert_eq!(scene.installed(), ["bolt-0.6", "nut-2.1", "rocket-1.0.0"]);
    // And resolving it gives it again, but for the reasons.
    let document = Run::of(resolve(&scene, &["-r", "requirements.txt", "--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(document["packages"].as_array().unwrap().len(), 3);

    // Other bytes are refused by both.
    scene.write("requirements.txt", &text.replace(&nut.sha256(), &"0".repeat(64)));
    let refused = pip(
        &scene,
        &["download", "--require-hashes", "-r", "requirements.txt", "-d", "other"],
    );
    assert_ne!(refused.code, Some(0), "{}", refused.stdout);
    Run::of(resolve(&scene, &["-r", "requirements.txt"])).exits(2);
}

#[test]
fn without_an_announced_digest_no_requirements_file_is_written() {
    let scene = shop(false);
    let wheels = folder();
    let wheel = Wheel::builder("bolt", "0.6").build();
    std::fs::write(wheels.path().join(&wheel.filename), &wheel.bytes).unwrap();
    let link = wheels.path().to_str().unwrap();
    // Of a local file the digest is that of its bytes.
    let words = [
        "bolt",
        "--no-index",
        "--find-links",
        link,
        "-o",
        "local.txt",
        "--format",
        "json",
    ];
    let document = Run::of(resolve(&scene, &words)).exits(0).json();
    assert_eq!(document["packages"][0]["sha256"], wheel.sha256());
    assert_eq!((&document["requests"], &document["cached"]), (&json!(0), &json!(0)));
    let text = std::fs::read_to_string(scene.directory.path().join("local.txt")).unwrap();
    assert!(text.contains(&wheel.sha256()), "{text}");

    // Of a file of an index that announces none, there is nothing to write.
    scene.world.publish(
        Release::new(Wheel::builder("gear", "1.0").build()).faults(ReleaseFaults {
            no_announced_digest: true,
            ..ReleaseFaults::default()
        }),
    );
    let document = Run::of(resolve(&scene, &["gear", "--format", "json"])).exits(0).json();
    assert_eq!(document["packages"][0]["sha256"], Value::Null);
    Run::of(resolve(&scene, &["gear", "-o", "gear.txt"]))
        .exits(2)
        .says("the index announces no sha256 of gear-1.0-py3-none-any.whl")
        .says("slsa-pip download -d DIR");
    assert!(!scene.directory.path().join("gear.txt").exists());
}

#[test]
fn the_requirements_file_replaces_nothing_that_is_read_and_nothing_after_a_failure() {
    let scene = shop(false);
    scene.write("in.txt", "rocket\n");
    scene.write("limits.txt", "bolt<1\n");
    for words in [
        ["-r", "in.txt", "-o", "./in.txt"],
        ["-c", "limits.txt", "-o", "limits.txt"],
    ] {
        let mut command = resolve(&scene, &words);
        command.arg("rocket");
        Run::of(command)
            .exits(2)
            .says("would replace the requirements that are read from");
    }
    scene.write("out.txt", "old\n");
    Run::of(resolve(&scene, &["rocket", "bolt<0.5", "-o", "out.txt"]))
        .exits(2)
        .says("No set of versions satisfies all requirements");
    assert_eq!(
        std::fs::read_to_string(scene.directory.path().join("out.txt")).unwrap(),
        "old\n"
    );
    Run::of(resolve(&scene, &["rocket", "-o", "no/such/folder/out.txt"]))
        .exits(2)
        .says("cannot be written");
    Run::of(resolve(&scene, &["rocket", "-c", "limits.txt", "-o", "out.txt"])).exits(0);
    assert!(
        std::fs::read_to_string(scene.directory.path().join("out.txt"))
            .unwrap()
            .contains("bolt==0.6")
    );
    assert_eq!(
        names(scene.directory.path()),
        [".cache", "in.txt", "limits.txt", "out.txt"]
    );
}

#[test]
fn errors_are_documents_of_the_same_schema() {
    let scene = shop(false);
    Run::of(resolve(&scene, &[])).exits(2).says("slsa-pip resolve urllib3");
    for words in [&["rocket", "nut<2"][..], &["no-such-thing"], &["rocket @@"]] {
        let mut command = resolve(&scene, words);
        command.args(["--format", "json"]);
        let document = Run::of(command).exits(2).json();
        assert_eq!(document["schema"], "slsa-pip/resolution/v1", "{words:?}");
        assert_eq!(document["verified"], false, "{words:?}");
        assert_eq!(document["packages"], json!([]), "{words:?}");
        assert!(document["error"]["message"].is_string(), "{words:?}");
    }
}

#[test]
fn an_index_that_serves_other_metadata_than_it_announces_is_refused() {
    let scene = shop(false);
    scene.world.fault("bolt-0.6-py3-none-any.whl.metadata", Fault::Corrupt);
    let run = Run::of(resolve(&scene, &["bolt", "--format", "json", "-o", "out.txt"])).exits(1);
    let document = run.json();
    assert_eq!(document["refusal"]["code"], "index-digest-mismatch");
    assert_eq!(document["packages"], json!([]));
    assert!(!scene.directory.path().join("out.txt").exists());
    Run::of(resolve(&scene, &["bolt"]))
        .exits(1)
        .says("Refused")
        .says("index-digest-mismatch");
}

#[test]
fn offline_no_index_is_asked() {
    let scene = shop(false);
    for words in [&["bolt", "--offline"][..], &["bolt", "--no-index"]] {
        let mut command = resolve(&scene, words);
        command.args(["--format", "json"]);
        let document = Run::of(command).exits(2).json();
        let message = document["error"]["message"].as_str().unwrap();
        assert!(message.contains("`bolt` was not found"), "{message}");
    }
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn logins_of_an_index_stand_in_no_output() {
    let scene = shop(false);
    let url = scene.world.index_url().replace("http://", "http://someone:secret@");
    for format in ["json", "human"] {
        let words = ["bolt", "--index-url", &url, "--format", format, "-o", "out.txt"];
        let run = Run::of(resolve(&scene, &words)).exits(0);
        let file = std::fs::read_to_string(scene.directory.path().join("out.txt")).unwrap();
        for text in [&run.stdout, &run.stderr, &file] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
