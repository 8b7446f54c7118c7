use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use slsa_pip_test_world::{
    Evidence, Fault, Identity, Predicate, Release, ReleaseFaults, Signing, SigningOptions, Wheel, World,
};

use crate::support::{Run, Scene, folder};

const SATISFYING: &str = "--resolve-policy=satisfying";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";

fn wheel(name: &str, version: &str) -> Wheel {
    Wheel::builder(name, version)
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn attested_by(wheel: Wheel, repository: &str) -> Release {
    Release::new(wheel).with(Evidence::pep740(Identity::github(repository)))
}

/// Attested as policy wants it.
fn good(name: &str, version: &str) -> Release {
    attested_by(wheel(name, version), "acme/rocket")
}

/// With provenance in a release of the repository as well, where files that are on no index find theirs.
fn at_github(release: Release, repository: &str, tag: &str) -> Release {
    release.with(Evidence::classic_release(Identity::slsa_generator(repository), tag))
}

/// Uploaded by somebody who had the token and nothing else.
fn bare(name: &str, version: &str) -> Release {
    Release::new(wheel(name, version))
}

fn ago(hours: i64) -> String {
    (Timestamp::now() - SignedDuration::from_hours(hours)).to_string()
}

/// A dry run into the target.
fn dry(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.install(&["--dry-run", "--format", "json"]);
    command.args(words);
    command
}

fn names(report: &Value, list: &str) -> Vec<String> {
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
fn taken(scene: &Scene, words: &[&str]) -> (Vec<String>, Value) {
    let report = Run::of(dry(scene, words)).exits(0).json();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    (names(&report, "files"), report)
}

/// The codes of a run that must be refused, and its report.
#[track_caller]
fn refused(scene: &Scene, words: &[&str]) -> (Vec<String>, Value) {
    let run = Run::of(dry(scene, words)).exits(1);
    (run.codes(), run.json())
}

#[track_caller]
fn has_note(report: &Value, text: &str) {
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

const COOLDOWN: &str = "[defaults]\nminimum-age = \"7 days\"\n";

/// A release that was stolen an hour ago, with everything that policy wants.
fn stolen() -> Scene {
    let scene = Scene::of([
        good("rocket", "1.0"),
        good("rocket", "2.0").uploaded(&ago(1)),
        good("bolt", "1.0").uploaded(&ago(200)),
    ]);
    scene.write("slsa-pip.toml", COOLDOWN);
    scene
}

#[test]
fn a_fresh_release_waits() {
    let scene = stolen();
    let (codes, report) = refused(&scene, &["rocket", "bolt"]);
    assert_eq!(codes, ["release-too-young"]);
    let refusal = &report["files"][1]["refusals"][0];
    let hint = refusal["hint"].as_str().unwrap();
    let ready = (Timestamp::now() + SignedDuration::from_hours(7 * 24 - 1)).to_string();
    for text in [
        "it is old enough on",
        &ready[..10],
        SATISFYING,
        "minimum-age = \"0 days\"",
        "[packages.rocket]",
    ] {
        assert!(hint.contains(text), "`{text}` is not in: {hint}");
    }
    let (files, report) = taken(&scene, &["rocket", "bolt", SATISFYING]);
    assert_eq!(files, ["bolt-1.0", "rocket-1.0"]);
    has_note(
        &report,
        "rocket 2.0 was passed over: too young for policy, which wants 7 days",
    );
    assert_eq!(report["passed_over"][0]["refusals"][0]["code"], "release-too-young");
    // Nobody is asked for the evidence of what is too young.
    assert_eq!(scene.world.request_count("/integrity/rocket/2.0/"), 1);
    let (codes, report) = refused(&scene, &["rocket>1", SATISFYING]);
    assert_eq!(
        (codes, names(&report, "files")),
        (vec!["release-too-young".to_owned()], vec!["rocket-2.0".to_owned()])
    );
}

#[test]
fn an_urgent_fix_need_not_wait() {
    let scene = stolen();
    for policy in [
        format!("{COOLDOWN}[packages.rocket]\nminimum-age = \"0 days\"\n"),
        format!(
            "{COOLDOWN}[exemptions.rocket]\nversions = \"==2.0\"\nsha256 = [\"{}\"]\nreason = \"urgent\"\n",
            wheel("rocket", "2.0").sha256()
        ),
    ] {
        scene.write("slsa-pip.toml", &policy);
        for words in [&["rocket"][..], &["rocket", SATISFYING]] {
            assert_eq!(taken(&scene, words).0, ["rocket-2.0"]);
        }
    }
    // pip's own option and the cooldown go together, each with its own time.
    scene.write("slsa-pip.toml", COOLDOWN);
    let pip = Run::of(dry(&scene, &["rocket", "--uploaded-prior-to", &ago(24)]));
    if pip.code == Some(2) {
        assert!(pip.stderr.contains("uploaded-prior-to"), "{}", pip.stderr);
    } else {
        assert_eq!(names(&pip.exits(0).json(), "files"), ["rocket-1.0"]);
    }
}

/// An index may say what it likes of times; a signature that is younger than the upload contradicts it.
#[test]
fn times_that_nobody_says_or_that_cannot_be_true_do_not_count() {
    let young = SigningOptions {
        time: Timestamp::now().as_second() - 3600,
        ..SigningOptions::default()
    };
    let backdated = Release::new(wheel("rocket", "2.0")).with(Evidence::Pep740(
        Signing::new(Identity::github("acme/rocket"), Predicate::Publish).options(young),
    ));
    let scene = Scene::of([good("rocket", "1.0"), backdated]);
    scene.write("slsa-pip.toml", COOLDOWN);
    assert_eq!(refused(&scene, &["rocket"]).0, ["release-too-young"]);
    let (files, report) = taken(&scene, &["rocket", SATISFYING]);
    assert_eq!(files, ["rocket-1.0"]);
    has_note(&report, "it is too young (release-too-young)");

    let scene = Scene::of([good("rocket", "1.0"), good("rocket", "2.0").uploaded("")]);
    scene.write("slsa-pip.toml", COOLDOWN);
    assert_eq!(refused(&scene, &["rocket"]).0, ["upload-time-missing"]);
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-1.0"]);

    // Pages in HTML have no times at all.
    let html = World::builder().html_only().start_blocking().unwrap();
    let scene = Scene::with(html, [good("rocket", "1.0")]);
    scene.write("slsa-pip.toml", COOLDOWN);
    for words in [&["rocket"][..], &["rocket", SATISFYING]] {
        let (codes, report) = refused(&scene, words);
        assert_eq!(codes, ["upload-time-missing"]);
        let hint = report["files"][0]["refusals"][0]["hint"].to_string();
        assert!(hint.contains("PEP 700"), "{hint}");
    }
}

/// A private index with `acme-core`, and a public one where somebody has put a higher version, well attested, and a name that is
/// on the public index alone.
fn confusing() -> (Scene, Scene) {
    let evil = |name: &str| {
        let wheel = Wheel::builder(name, "9.0").project_url("Source", "https://github.com/evil/acme");
        at_github(attested_by(wheel.build(), "evil/acme"), "evil/acme", "v9.0")
    };
    let private = Scene::of([at_github(good("acme-core", "1.0"), "acme/rocket", "v1.0")]);
    let public = Scene::of([evil("acme-core"), evil("acme-new"), good("bolt", "1.0")]);
    (private, public)
}

#[test]
fn files_come_from_allowed_indexes_alone() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let words = ["acme-core", "--extra-index-url", &second];
    assert_eq!(taken(&private, &words).0, ["acme-core-1.0"]);
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{first}\"]\n"));
    public.world.forget_requests();
    private.world.forget_requests();
    for mode in ["--resolve-policy=newest", SATISFYING] {
        let (codes, report) = refused(&private, &[&words[..], &[mode]].concat());
        assert_eq!(codes, ["index-not-allowed"]);
        let refusal = &report["files"][0]["refusals"][0];
        assert_eq!(refusal["expected"], first.as_str());
        assert!(
            refusal["hint"]
                .as_str()
                .unwrap()
                .contains(&format!("--index-url {first}"))
        );
    }
    // A mode that only warns is about proofs, and not about places.
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nmode = \"warn\"\nindexes = [\"{first}\"]\n"),
    );
    assert_eq!(refused(&private, &words).0, ["index-not-allowed"]);
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{first}\"]\n"));
    let run = Run::of(private.command(&["resolve", "--format", "json"]).args(words)).exits(1);
    assert_eq!(run.json()["refusal"]["code"], "index-not-allowed");
    // Nobody was asked anything.
    assert!(public.world.requests().is_empty() && private.world.requests().is_empty());
    assert_eq!(taken(&private, &["acme-core"]).0, ["acme-core-1.0"]);
    // Both, as they may be written.
    let slashless = second.trim_end_matches('/');
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{first}\", \"{slashless}\"]\n"),
    );
    assert_eq!(
        taken(&private, &[&words[..], &["bolt"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
}

#[test]
fn an_index_that_one_package_is_assigned_to_is_asked_for_that_alone() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{first}\"]\n[packages.bolt]\nindex = \"{second}\"\n"),
    );
    let words = ["--index-url", &second, "--extra-index-url", &first];
    let asked = |name: &'static str| [&words[..], &[name]].concat();
    assert_eq!(
        taken(&private, &[&asked("bolt")[..], &["acme-core"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
    assert_eq!(public.world.request_count("/simple/acme-core/"), 0);
    Run::of(dry(&private, &asked("acme-new")))
        .exits(2)
        .says("was not found");
    assert_eq!(public.world.request_count("/simple/acme-new/"), 0);
    // So may a group be, and then the other index is asked for all else.
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{second}\"]\n[packages.\"acme-*\"]\nindex = \"{first}\"\n"),
    );
    public.world.forget_requests();
    assert_eq!(
        taken(&private, &[&asked("bolt")[..], &["acme-core"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
    Run::of(dry(&private, &asked("acme-new")))
        .exits(2)
        .says("was not found");
    assert_eq!(public.world.request_count("/simple/acme-"), 0);
}

/// Dependency confusion by a new name: the group is pinned to the organisation's repository, whichever index has it.
#[test]
fn a_group_keeps_new_names_from_strangers() {
    let (private, public) = confusing();
    let second = public.world.index_url();
    let words = ["acme-new", "--extra-index-url", &second];
    assert_eq!(taken(&private, &words).0, ["acme-new-9.0"]);
    private.write(
        "slsa-pip.toml",
        "[packages.\"acme-*\"]\nrepository = \"github.com/acme/rocket\"\n",
    );
    for mode in ["--resolve-policy=newest", SATISFYING] {
        assert_eq!(
            refused(&private, &[&words[..], &[mode]].concat()).0,
            ["repository-mismatch"]
        );
    }
    let first = private.world.index_url();
    private.write(
        "slsa-pip.toml",
        &format!("[packages.\"acme-*\"]\nindex = \"{first}\"\n"),
    );
    Run::of(dry(&private, &words)).exits(2).says("was not found");
    assert_eq!(
        taken(&private, &["acme-core", "--extra-index-url", &second]).0,
        ["acme-core-1.0"]
    );
}

/// URLs, links, and requirements files that others write lead around no rule.
#[test]
fn direct_urls_and_links_are_places_too() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let evil = format!(
        "{}/files/acme_core-9.0-py3-none-any.whl",
        second.trim_end_matches("/simple/")
    );
    let direct = format!("acme-core @ {evil}");
    let assigned = format!("[packages.acme-core]\nindex = \"{first}\"\n");
    let allowed = format!("[defaults]\nindexes = [\"{first}\"]\n");
    let links = folder();
    let planted = Wheel::builder("acme-core", "99").build();
    let path = links.path().join(&planted.filename);
    std::fs::write(&path, &planted.bytes).unwrap();
    let (links, path) = (
        links.path().to_str().unwrap().to_owned(),
        path.to_str().unwrap().to_owned(),
    );
    private.write("theirs.txt", &format!("{direct}\n"));
    private.write("limits.txt", &format!("{direct}\n"));
    private.write(
        "away.txt",
        &format!("--no-index\n--find-links {second}acme-core/\nacme-core\n"),
    );
    // Without a rule it passes: the stranger's proof is sound.
    let github = [
        ("SLSA_PIP_GITHUB_URL", public.world.github_url()),
        ("SLSA_PIP_GITHUB_API_URL", public.world.github_api_url()),
        ("SLSA_PIP_REKOR_URL", public.world.rekor_url()),
    ];
    let report = Run::of(dry(&private, &[&direct]).envs(github)).exits(0).json();
    assert_eq!(names(&report, "files"), ["acme-core-9.0"]);
    for (policy, words) in [
        (&assigned, &[direct.as_str()][..]),
        (&assigned, &["-r", "theirs.txt"]),
        (&assigned, &["acme-core", "-c", "limits.txt"]),
        (&assigned, &[&path]),
        (&allowed, &[&direct]),
        (&allowed, &["-r", "theirs.txt"]),
        (&allowed, &[&path]),
        (&allowed, &["acme-core", "--find-links", &links]),
        (&allowed, &["acme-core", "--find-links", &second]),
        (&allowed, &["-r", "away.txt"]),
        (&allowed, &["acme-core", "--index-url", &second]),
    ] {
        private.write("slsa-pip.toml", policy);
        public.world.forget_requests();
        let (codes, report) = refused(&private, words);
        assert!(
            codes.iter().all(|code| code == "index-not-allowed"),
            "{words:?}: {codes:?}"
        );
        assert!(report["files"][0]["refusals"][0]["hint"].is_string());
        assert!(public.world.requests().is_empty(), "{words:?}");
    }
    // A page of links elsewhere is no index that the package is assigned to.
    private.write("slsa-pip.toml", &assigned);
    Run::of(dry(&private, &["-r", "away.txt"]))
        .exits(2)
        .says("was not found");
    // What lies below an allowed index, and on this machine where no index is asked, may be taken.
    let own = format!(
        "{}/files/acme_core-1.0-py3-none-any.whl",
        first.trim_end_matches("/simple/")
    );
    let root = first.trim_end_matches("simple/");
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{root}\"]\n"));
    let own = format!("acme-core @ {own}");
    let words = ["--no-index", own.as_str()];
    assert_eq!(taken(&private, &words).0, ["acme-core-1.0"]);
    private.write("slsa-pip.toml", &format!("{allowed}{assigned}"));
    let words = ["acme-core", "--no-index", "--find-links", &links];
    assert_eq!(refused(&private, &words).0, ["no-evidence"]);
}
