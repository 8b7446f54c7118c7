use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::{Delivery, Evidence, Identity, Predicate, Release, Signing, Wheel, World};

use crate::support::{Run, Scene, folder, shared_python, slsa_pip};

const REPOSITORY: &str = "acme/rocket";
/// Its own workflow builds this one, so it is pinned.
const POLICY: &str = "[packages.nut]\nrepository = \"github.com/acme/nut\"\n";

fn wheel(name: &str, requires: &[&str]) -> Wheel {
    let mut wheel = Wheel::builder(name, "1.0.0").project_url("Source", &format!("https://github.com/acme/{name}"));
    for other in requires {
        wheel = wheel.requires(other);
    }
    wheel.build()
}

/// One package for each form of evidence: a classic envelope, a bundle of a release, an attestation, PEP 740.
fn scene() -> Scene {
    let attestation = Evidence::GithubAttestation {
        repository: "acme/nut".to_owned(),
        delivery: Delivery::UrlSnappy,
        signing: Signing::new(Identity::github("acme/nut"), Predicate::SlsaV1),
    };
    let scene = Scene::of([
        Release::new(wheel("rocket", &["bolt", "nut", "fin"])).with(Evidence::classic_release(
            Identity::slsa_generator(REPOSITORY),
            "v1.0.0",
        )),
        Release::new(wheel("bolt", &[])).with(Evidence::bundle_release(
            Identity::slsa_generator("acme/bolt"),
            "v1.0.0",
        )),
        Release::new(wheel("nut", &[])).with(attestation),
        Release::new(wheel("fin", &[])).with(Evidence::pep740(Identity::github("acme/fin"))),
    ]);
    scene.write("slsa-pip.toml", POLICY);
    scene
}

/// Downloads everything; the folder and the report.
fn download(scene: &Scene) -> (PathBuf, Value) {
    let kept = scene.directory.path().join("kept");
    let mut command = scene.command(&["download", "rocket", "--format", "json", "--dest"]);
    let report = Run::of(command.arg(&kept)).exits(0).json();
    (kept, report)
}

/// An install on another machine: an empty folder with the policy, no cache, an index that nobody answers at.
fn elsewhere(directory: &Path, kept: &Path, words: &[&str]) -> Command {
    std::fs::write(directory.join("slsa-pip.toml"), POLICY).unwrap();
    let mut command = slsa_pip(directory);
    command
        .args(["install", "rocket", "--offline", "--target", "target", "--find-links"])
        .arg(kept)
        .args(words)
        .env_remove("SLSA_PIP_OFFLINE")
        .env("SLSA_PIP_PYTHON", shared_python())
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
        .env("SLSA_PIP_REKOR_URL", "http://127.0.0.1:9/")
        .env("SLSA_PIP_GITHUB_URL", "http://127.0.0.1:9/")
        .env("SLSA_PIP_GITHUB_API_URL", "http://127.0.0.1:9/");
    command
}

/// What a verdict says, but for where the evidence lay.
fn verdicts(report: &Value) -> Vec<Value> {
    let fields = [
        "kind",
        "format",
        "repository",
        "reference",
        "commit",
        "workflow",
        "builder",
        "build_level",
        "log_index",
        "signed_at",
    ];
    let files = report["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            let evidence: Vec<&Value> = fields.iter().map(|field| &file["evidence"][field]).collect();
            json!([
                file["name"],
                file["sha256"],
                file["verdict"],
                file["declared_repository"],
                evidence
            ])
        })
        .collect()
}

#[test]
fn the_folder_alone_gives_the_same_verdicts_without_a_network() {
    let scene = scene();
    let (kept, online) = download(&scene);
    let mut names: Vec<String> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-any.whl"))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "bolt-1.0.0-py3-none-any.whl.sigstore.json",
            "fin-1.0.0-py3-none-any.whl.attestation",
            "nut-1.0.0-py3-none-any.whl.sigstore.json",
            "rocket-1.0.0-py3-none-any.whl.intoto.jsonl",
            "rocket-1.0.0-py3-none-any.whl.rekor.json",
            "trusted_root.json",
        ]
    );
    let root = kept.join("trusted_root.json");
    assert_eq!(
        std::fs::read(&root).unwrap(),
        std::fs::read(scene.world.trusted_root_path()).unwrap()
    );

    scene.world.forget_requests();
    let there = folder();
    let mut command = elsewhere(there.path(), &kept, &["--format", "json", "--trusted-root"]);
    let offline = Run::of(command.arg(&root)).exits(0).json();
    assert_eq!(verdicts(&offline), verdicts(&online));
    assert_eq!((&offline["requests"], &offline["installed"]), (&0.into(), &true.into()));
    assert_eq!(scene.world.requests().len(), 0);
    for name in ["rocket", "bolt", "nut", "fin"] {
        assert!(
            there.path().join(format!("target/{name}-1.0.0.dist-info")).is_dir(),
            "{name}"
        );
    }
    for file in offline["files"].as_array().unwrap() {
        assert_eq!(file["evidence"]["found"]["kind"], "directory");
    }
}

#[test]
fn a_trusted_root_in_the_folder_is_never_used_unasked() {
    let scene = scene();
    let (kept, _) = download(&scene);
    // Everything in the folder is the test Sigstore's, its root as well: whoever can write there can do that.
    let there = folder();
    let run = Run::of(&mut elsewhere(there.path(), &kept, &["--format", "json"])).exits(1);
    let report = run.json();
    assert!(
        report["trusted_root"].as_str().unwrap().contains("embedded"),
        "{report:#}"
    );
    assert_eq!(report["files"].as_array().unwrap().len(), 4);
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["verdict"], "refused");
        let rule = file["refusals"][0]["rule"].as_str().unwrap();
        assert!(rule.starts_with('B'), "{file:#}");
    }
    assert!(!there.path().join("target").exists());
    // Nor does another world's evidence pass with the root that was compared.
    let evil = World::builder().seed(666).start_blocking().unwrap();
    let mut command = elsewhere(there.path(), &kept, &["--trusted-root"]);
    Run::of(command.arg(evil.trusted_root_path())).exits(1);
}

#[test]
fn what_is_changed_or_missing_in_the_folder_is_refused() {
    let scene = scene();
    let (kept, _) = download(&scene);
    let root = scene.world.trusted_root_path();
    let offline = |words: &[&str]| {
        let there = folder();
        let mut command = elsewhere(there.path(), &kept, &["--format", "json"]);
        let run = Run::of(command.args(words).arg("--trusted-root").arg(root)).exits(1);
        assert!(!there.path().join("target").exists());
        run.codes()
    };
    let path = |name: &str| kept.join(format!("rocket-1.0.0-py3-none-any.whl{name}"));
    let moved = |name: &str, codes: &[&str]| {
        let aside = kept.join("aside");
        std::fs::rename(path(name), &aside).unwrap();
        assert_eq!(offline(&[]), codes, "without {name}");
        std::fs::rename(&aside, path(name)).unwrap();
    };
    moved(".intoto.jsonl", &["no-evidence"]);
    moved(".rekor.json", &["log-entry-missing"]);
    assert_eq!(offline(&["--evidence", "index"]).len(), 4, "folders are switched off");
    let good = std::fs::read(path(".intoto.jsonl")).unwrap();
    std::fs::write(path(".intoto.jsonl"), "garbage").unwrap();
    assert_eq!(offline(&[]), ["evidence-unreadable"]);
    std::fs::write(path(".intoto.jsonl"), good).unwrap();
    // Other bytes under the wheel's name.
    std::fs::write(path(""), &wheel("rocket", &["bolt"]).bytes).unwrap();
    assert_eq!(offline(&[]), ["digest-mismatch"]);
}

#[test]
fn find_links_are_folders_of_provenance_online_too() {
    let scene = scene();
    let (kept, _) = download(&scene);
    scene.world.forget_requests();
    let url = format!("file://{}", kept.display());
    for links in [kept.to_str().unwrap(), &url] {
        let words = [
            "rocket",
            "--dry-run",
            "--no-index",
            "--no-cache-dir",
            "--format",
            "json",
            "--find-links",
            links,
        ];
        let report = Run::of(&mut scene.install(&words)).exits(0).json();
        for file in report["files"].as_array().unwrap() {
            assert_eq!(file["evidence"]["found"]["kind"], "directory");
        }
        assert_eq!(scene.world.requests().len(), 0, "{links}");
    }
}

#[test]
fn offline_without_a_folder_there_is_nothing_to_install() {
    let scene = scene();
    scene.world.forget_requests();
    Run::of(&mut scene.install(&["rocket", "--offline"]))
        .exits(2)
        .says("--find-links DIR");
    Run::of(scene.install(&["rocket"]).env("SLSA_PIP_OFFLINE", "1")).exits(2);
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn a_root_that_came_from_tuf_is_written_as_it_is() {
    let scene = scene();
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(since.as_secs()).unwrap();
    let json = scene.world.sigstore.trusted_root_json();
    let repository = slsa_pip_test_world::TufRepository::new(1, now, &json);
    let url = scene.world.serve_tuf("test", &repository);
    let start = scene.world.write("root.json", repository.start_root()).unwrap();
    let mut command = scene.command(&["download", "rocket", "--dest", "kept"]);
    command
        .env_remove("SLSA_PIP_TRUSTED_ROOT")
        .env("SLSA_PIP_TUF_URL", url)
        .env("SLSA_PIP_TUF_ROOT", start);
    let run = Run::of(command).exits(0).says("Wrote trusted_root.json, sha256:");
    assert!(run.stderr.contains("trusted root: TUF, refreshed "), "{}", run.stderr);
    let kept = scene.directory.path().join("kept");
    assert_eq!(std::fs::read_to_string(kept.join("trusted_root.json")).unwrap(), json);
    let there = folder();
    let mut command = elsewhere(there.path(), &kept, &["--trusted-root"]);
    Run::of(command.arg(kept.join("trusted_root.json"))).exits(0);
}
