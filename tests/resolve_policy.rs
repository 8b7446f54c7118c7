use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use slsa_pip_test_world::{Evidence, Fault, Identity, Predicate, Release, ReleaseFaults, Signing, Wheel, World};

use crate::support::{Run, Scene};

pub(crate) const SATISFYING: &str = "--resolve-policy=satisfying";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";

pub(crate) fn wheel(name: &str, version: &str) -> Wheel {
    Wheel::builder(name, version)
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

pub(crate) fn attested_by(wheel: Wheel, repository: &str) -> Release {
    Release::new(wheel).with(Evidence::pep740(Identity::github(repository)))
}

/// Attested as policy wants it.
pub(crate) fn good(name: &str, version: &str) -> Release {
    attested_by(wheel(name, version), "acme/rocket")
}

/// With provenance in a release of the repository as well, where files that are on no index find theirs.
pub(crate) fn at_github(release: Release, repository: &str, tag: &str) -> Release {
    release.with(Evidence::classic_release(Identity::slsa_generator(repository), tag))
}

/// Uploaded by somebody who had the token and nothing else.
fn bare(name: &str, version: &str) -> Release {
    Release::new(wheel(name, version))
}

pub(crate) fn ago(hours: i64) -> String {
    (Timestamp::now() - SignedDuration::from_hours(hours)).to_string()
}

/// A dry run into the target.
pub(crate) fn dry(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.install(&["--dry-run", "--format", "json"]);
    command.args(words);
    command
}

pub(crate) fn names(report: &Value, list: &str) -> Vec<String> {
    let files = report[list].as_array().cloned().unwrap_or_default();
    let name = |file: &Value| {
        format!(
            "{}-{}",
            file["package"].as_str().unwrap(),
            file["version"].as_str().unwrap()
        )
    };
    let mut names: Vec<String> = files.iter().map(name).collect();
    names.sort();
    names
}

/// What a run would install, which must be verified.
#[track_caller]
pub(crate) fn taken(scene: &Scene, words: &[&str]) -> (Vec<String>, Value) {
    let report = Run::of(dry(scene, words)).exits(0).json();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    (names(&report, "files"), report)
}

/// The codes of a run that must be refused, and its report.
#[track_caller]
pub(crate) fn refused(scene: &Scene, words: &[&str]) -> (Vec<String>, Value) {
    let run = Run::of(dry(scene, words)).exits(1);
    (run.codes(), run.json())
}

#[track_caller]
pub(crate) fn has_note(report: &Value, text: &str) {
    let notes = report["notes"].to_string();
    assert!(notes.contains(text), "`{text}` is not in {notes}");
}

#[test]
fn newest_refuses_and_satisfying_takes_the_one_before() {
    let scene = Scene::of([good("rocket", "1.0"), good("rocket", "1.1"), bare("rocket", "2.0")]);
    for words in [&["rocket"][..], &["rocket", "--resolve-policy=newest"]] {
        let (codes, report) = refused(&scene, words);
        assert_eq!(codes, ["no-evidence"]);
        assert_eq!(names(&report, "files"), ["rocket-2.0"]);
    }
    let (files, report) = taken(&scene, &["rocket", SATISFYING]);
    assert_eq!(files, ["rocket-1.1"]);
    has_note(
        &report,
        "rocket 2.0 was passed over: it has no acceptable provenance (no-evidence)",
    );
    assert_eq!(names(&report, "passed_over"), ["rocket-2.0"]);
    assert_eq!(report["passed_over"][0]["refusals"][0]["code"], "no-evidence");
    // For people too, and for real.
    let run = Run::of(scene.install(&["rocket", SATISFYING])).exits(0);
    assert!(run.stderr.contains("rocket 2.0 was passed over"), "{}", run.stderr);
    assert_eq!(scene.installed(), ["rocket-1.1"]);
    // `download` does the same.
    let dest = scene.directory.path().join("kept");
    let mut command = scene.command(&["download", "rocket", SATISFYING, "--dest"]);
    Run::of(command.arg(&dest)).exits(0);
    assert!(dest.join("rocket-1.1-py3-none-any.whl").exists());
}

#[test]
fn a_proof_of_something_else_is_passed_over_and_told() {
    let scene = Scene::of([
        good("rocket", "1.0"),
        attested_by(wheel("rocket", "2.0"), "evil/rocket"),
    ]);
    scene.write("slsa-pip.toml", PIN);
    assert_eq!(refused(&scene, &["rocket"]).0, ["repository-mismatch"]);
    let (files, report) = taken(&scene, &["rocket", SATISFYING]);
    assert_eq!(files, ["rocket-1.0"]);
    has_note(
        &report,
        "rocket 2.0 was passed over: it has no acceptable provenance (repository-mismatch)",
    );
    has_note(&report, "github.com/evil/rocket");
}

/// What was searched for a candidate is not searched for again, and newest costs as many requests as ever.
#[test]
fn nothing_is_searched_for_twice() {
    let scene = Scene::of([
        Release::new(
            Wheel::builder("rocket", "1.0")
                .requires("bolt")
                .project_url("Source", "https://github.com/acme/rocket")
                .build(),
        )
        .with(Evidence::pep740(Identity::github("acme/rocket"))),
        good("bolt", "1.0"),
    ]);
    let mut counted = Vec::new();
    for policy in ["--resolve-policy=newest", SATISFYING] {
        scene.world.forget_requests();
        let report = taken(&scene, &["rocket", "--no-cache-dir", policy]).1;
        assert_eq!(scene.world.request_count("/integrity/"), 2, "{policy}");
        counted.push((scene.world.requests().len(), report["files"].clone()));
    }
    assert_eq!(counted[0], counted[1]);
}

#[test]
fn the_explanation_names_provenance_as_a_reason() {
    let scene = Scene::of([
        Release::new(
            Wheel::builder("rocket", "1.0")
                .requires("bolt>=2")
                .project_url("Source", "https://github.com/acme/rocket")
                .build(),
        )
        .with(Evidence::pep740(Identity::github("acme/rocket"))),
        good("bolt", "1.0"),
        bare("bolt", "2.0"),
    ]);
    let (codes, report) = refused(&scene, &["rocket", SATISFYING]);
    assert_eq!(codes, ["no-evidence"]);
    assert_eq!(names(&report, "files"), ["bolt-2.0"]);
    has_note(
        &report,
        "bolt 2.0 has no acceptable provenance (no-evidence), and rocket requires `bolt>=2`",
    );
    // Nothing of it is installed, and people are told the same.
    let run = Run::of(scene.install(&["rocket", SATISFYING])).exits(1);
    assert!(
        run.stderr.contains("has no acceptable provenance (no-evidence)"),
        "{}",
        run.stderr
    );
    assert!(scene.installed().is_empty());
}

#[test]
fn an_exemption_satisfies() {
    let newest = wheel("rocket", "2.0");
    let digest = newest.sha256();
    let scene = Scene::of([good("rocket", "1.0"), Release::new(newest)]);
    let exemption = |digest: &str| {
        format!("[exemptions.rocket]\nversions = \"==2.0\"\nsha256 = [\"{digest}\"]\nreason = \"read by us\"\n")
    };
    scene.write("slsa-pip.toml", &exemption(&digest));
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-2.0"]);
    scene.write("slsa-pip.toml", &exemption(&"0".repeat(64)));
    let (files, report) = taken(&scene, &["rocket", SATISFYING]);
    assert_eq!(files, ["rocket-1.0"]);
    has_note(&report, "(exemption-digest-mismatch)");
}

/// Whoever can cut off the evidence of the newest release must not get an older one installed by it.
#[test]
fn blocked_evidence_does_not_lead_to_an_older_release() {
    let scene = || Scene::of([good("rocket", "1.0"), good("rocket", "2.0")]);
    let newest = "/integrity/rocket/2.0/";
    for (fault, says) in [
        (Fault::Status(500), "failed"),
        (Fault::Status(503), "failed"),
        (Fault::Status(429), "rate-limited"),
        (Fault::Status(403), "forbidden"),
        (Fault::Status(401), "forbidden"),
        (Fault::Truncate, "failed"),
        (Fault::Html, "unreadable"),
        (Fault::Body(b"{}".to_vec()), "unreadable"),
        (Fault::Slow(Duration::from_secs(5)), "timed-out"),
    ] {
        let scene = scene();
        scene.world.fault(newest, fault.clone());
        let words = ["rocket", SATISFYING, "--timeout", "1", "--retries", "0"];
        let (codes, report) = refused(&scene, &words);
        assert_eq!(names(&report, "files"), ["rocket-2.0"], "{fault:?}");
        assert!(!codes.is_empty(), "{fault:?}");
        let searched = report["files"][0]["searched"].to_string();
        assert!(searched.contains(says), "{fault:?}: {searched}");
        assert!(scene.installed().is_empty());
    }
    // "There is none" is an answer.
    let scene = scene();
    scene.world.fault(newest, Fault::Status(404));
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-1.0"]);
}

/// The same where the evidence is at GitHub: its pages, its API, and who says that it is there at all.
#[test]
fn blocked_evidence_at_github_does_not_either() {
    let tagged = |release, version: &str| at_github(release, "acme/rocket", &format!("v{version}"));
    let scene = || Scene::of(["1.0", "2.0"].map(|version| tagged(bare("rocket", version), version)));
    let words = ["rocket", SATISFYING, "--timeout", "1", "--retries", "0"];
    assert_eq!(taken(&scene(), &words).0, ["rocket-2.0"]);
    for path in ["/releases/download/v2.0/", "/rekor/"] {
        let scene = scene();
        scene.world.fault(path, Fault::Status(503));
        let (_, report) = refused(&scene, &words);
        assert_eq!(names(&report, "files"), ["rocket-2.0"], "{path}");
    }
    // Only the index's JSON API names the repository: without its answer GitHub is not asked.
    let silent = |version| tagged(Release::new(Wheel::builder("rocket", version).build()), version);
    let scene = Scene::of([silent("1.0"), silent("2.0")]);
    let info = serde_json::json!({"project_urls": {"Source": "https://github.com/acme/rocket"}});
    for version in ["1.0", "2.0"] {
        scene.world.describe("rocket", version, info.clone());
    }
    assert_eq!(taken(&scene, &words).0, ["rocket-2.0"]);
    for fault in [Fault::Status(503), Fault::Slow(Duration::from_secs(5)), Fault::Truncate] {
        std::fs::remove_dir_all(scene.directory.path().join(".cache")).unwrap();
        scene.world.fault("/pypi/rocket/2.0/json", fault.clone());
        let (codes, report) = refused(&scene, &words);
        assert_eq!(codes, ["no-evidence"], "{fault:?}");
        assert_eq!(names(&report, "files"), ["rocket-2.0"], "{fault:?}");
        scene.world.clear_faults();
    }
}

/// A search that is cut short has found out nothing.
#[test]
fn a_search_that_ends_early_refuses() {
    let scene = Scene::of([good("rocket", "1.0"), good("rocket", "2.0")]);
    scene
        .world
        .fault("/integrity/rocket/2.0/", Fault::Slow(Duration::from_secs(5)));
    let (codes, report) = refused(&scene, &["rocket", SATISFYING, "--search-timeout", "1"]);
    assert_eq!(codes, ["search-timed-out"]);
    assert_eq!(names(&report, "files"), ["rocket-2.0"]);
}

/// A signature that cannot be checked says nothing about who made the file: it may be the trusted root that is out of date.
#[test]
fn a_proof_that_cannot_be_checked_is_not_passed_over() {
    let stranger = World::builder().seed(77).start_blocking().unwrap();
    let newest = wheel("rocket", "2.0");
    let signed = stranger.sign(
        &newest,
        &Signing::new(Identity::github("acme/rocket"), Predicate::Publish),
    );
    let object = slsa_pip_test_world::sigstore::provenance_object(&[&signed]);
    let scene = Scene::of([
        good("rocket", "1.0"),
        Release::new(newest).with(Evidence::RawProvenance(object)),
    ]);
    let (_, report) = refused(&scene, &["rocket", SATISFYING]);
    assert_eq!(names(&report, "files"), ["rocket-2.0"]);
}

/// An index that serves other bytes than it announces is not believed about older releases either.
#[test]
fn other_bytes_are_a_refusal_and_no_reason_to_go_back() {
    let newest = wheel("rocket", "2.0");
    let scene = Scene::of([
        good("rocket", "1.0"),
        Release {
            faults: ReleaseFaults {
                served_bytes: Some(newest.tampered().bytes),
                announced_sha256: Some(newest.sha256()),
                ..ReleaseFaults::default()
            },
            ..attested_by(newest, "acme/rocket")
        },
    ]);
    assert_eq!(refused(&scene, &["rocket", SATISFYING]).0, ["index-digest-mismatch"]);
}

/// Without an announced digest nothing can be said beforehand: the verdict on the bytes says it.
#[test]
fn a_file_without_an_announced_digest_is_judged_when_it_is_there() {
    let nameless = |release: Release| {
        release.faults(ReleaseFaults {
            no_announced_digest: true,
            ..ReleaseFaults::default()
        })
    };
    let scene = Scene::of([good("rocket", "1.0"), nameless(good("rocket", "2.0"))]);
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-2.0"]);
    let scene = Scene::of([good("rocket", "1.0"), nameless(bare("rocket", "2.0"))]);
    assert_eq!(refused(&scene, &["rocket", SATISFYING]).0, ["no-evidence"]);
}

/// A stolen token can yank: what is passed over does not lead to a yanked or a pre-release.
#[test]
fn passing_over_never_ends_at_a_yanked_or_a_prerelease() {
    let scene = Scene::of([
        good("rocket", "0.9"),
        good("rocket", "1.0").yanked("do not use"),
        good("rocket", "1.5rc1"),
        bare("rocket", "2.0"),
    ]);
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-0.9"]);
    let (codes, _) = refused(&scene, &["rocket>0.9", SATISFYING]);
    assert_eq!(codes, ["no-evidence"]);
    // A pin means that very release, as ever.
    assert_eq!(taken(&scene, &["rocket==1.0", SATISFYING]).0, ["rocket-1.0"]);
    assert_eq!(refused(&scene, &["rocket==2.0", SATISFYING]).0, ["no-evidence"]);
}

#[test]
fn what_is_installed_is_left_alone() {
    let scene = Scene::of([good("rocket", "1.0"), bare("rocket", "2.0")]);
    let python = crate::support::venv(scene.directory.path());
    let install = |words: &[&str]| {
        let mut command = scene.command(&["install", "--format", "json"]);
        command.args(words).env("SLSA_PIP_PYTHON", &python);
        Run::of(command).exits(0).json()
    };
    install(&["rocket==1.0"]);
    scene.world.forget_requests();
    assert_eq!(install(&["rocket", SATISFYING])["verdict"], "nothing-to-verify");
    assert!(scene.world.requests().is_empty());
    let report = install(&["rocket", "--upgrade", SATISFYING]);
    assert_eq!(report["verdict"], "nothing-to-verify");
    has_note(&report, "rocket 2.0 was passed over");
}

#[test]
fn resolve_verifies_nothing_and_says_so() {
    let scene = Scene::of([good("rocket", "1.0")]);
    Run::of(scene.command(&["resolve", "rocket", SATISFYING]))
        .exits(2)
        .says("verifies nothing")
        .says("slsa-pip lock");
    assert!(scene.world.requests().is_empty());
    Run::of(scene.command(&["resolve", "rocket", "--resolve-policy=newest"])).exits(0);
}

#[test]
fn warnings_are_no_reason_to_go_back() {
    let scene = Scene::of([good("rocket", "1.0"), bare("rocket", "2.0")]);
    scene.write("slsa-pip.toml", "[defaults]\nmode = \"warn\"\n");
    let report = Run::of(dry(&scene, &["rocket", SATISFYING])).exits(0).json();
    assert_eq!(
        (names(&report, "files"), &report["verdict"]),
        (vec!["rocket-2.0".to_owned()], &"tolerated".into())
    );
}
