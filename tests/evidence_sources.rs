use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel, World};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";
const ENOUGH: &str = "not asked: there was enough evidence";

fn wheel(name: &str) -> Wheel {
    Wheel::builder(name, "1.0.0")
        .project_url("Source", &format!("https://github.com/acme/{name}"))
        .build()
}

fn at_the_index() -> Evidence {
    Evidence::pep740(Identity::github(REPOSITORY))
}

fn in_the_release() -> Evidence {
    Evidence::bundle_release(Identity::slsa_generator(REPOSITORY), "v1.0.0")
}

fn in_the_api() -> Evidence {
    Evidence::github_attestation(Identity::github(REPOSITORY))
}

/// `rocket` with this evidence, its repository pinned: the repository's own workflow is enough then.
fn scene(evidence: impl IntoIterator<Item = Evidence>) -> Scene {
    let release = evidence.into_iter().fold(Release::new(wheel("rocket")), Release::with);
    let scene = Scene::of([release]);
    scene.write("slsa-pip.toml", PIN);
    scene
}

fn run(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.install(&["rocket", "--dry-run", "--format", "json", "--no-cache-dir"]);
    Run::of(command.args(words))
}

/// Place, outcome and answer of everything that was searched for the one file.
fn searched(run: &Run) -> Vec<(String, String, String)> {
    let report = run.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let searched = report["files"][0]["searched"].as_array().unwrap().iter();
    searched
        .map(|it| (text(&it["place"]), text(&it["outcome"]), text(&it["answer"])))
        .collect()
}

/// The answers of one kind of place.
fn answers(run: &Run, place: &str) -> Vec<(String, String)> {
    let of_place = searched(run).into_iter().filter(|it| it.0 == place);
    of_place.map(|(_, outcome, answer)| (outcome, answer)).collect()
}

fn found(run: &Run) -> String {
    let found = run.json()["files"][0]["evidence"]["found"]["kind"].clone();
    found.as_str().expect("evidence").to_owned()
}

#[test]
fn each_kind_of_place_can_be_asked_alone() {
    let scene = scene([at_the_index(), in_the_release(), in_the_api()]);
    let kept = scene.directory.path().join("kept");
    Run::of(scene.command(&["download", "rocket", "--dest"]).arg(&kept)).exits(0);
    for (word, kind, paths) in [
        ("dir", "directory", &[][..]),
        ("index", "index-integrity", &["/integrity/"]),
        ("github-release", "github-release", &["/github/", "/github-objects/"]),
        ("github-attestation", "github-attestation", &["/github-api/"]),
    ] {
        scene.world.forget_requests();
        let run = run(
            &scene,
            &["--evidence", word, "--provenance-dir", kept.to_str().unwrap()],
        )
        .exits(0);
        assert_eq!(found(&run), kind);
        for request in scene.world.requests() {
            let packages = request.path.starts_with("/simple/") || request.path.starts_with("/files/");
            let asked = paths.iter().any(|path| request.path.starts_with(path));
            assert!(packages || asked, "{word}: {}", request.path);
        }
        for other in ["directory", "index-integrity", "github-release", "github-attestation"] {
            if other != kind {
                let off = ("not-asked".to_owned(), "not asked: switched off".to_owned());
                assert_eq!(answers(&run, other), [off], "{word}, {other}");
            }
        }
    }
}

#[test]
fn what_is_switched_off_is_said_and_proves_nothing() {
    let scene = scene([at_the_index(), in_the_release()]);
    let run = run(&scene, &["--evidence", "dir", "--evidence=github-attestation"]).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    let off = [("not-asked".to_owned(), "not asked: switched off".to_owned())];
    assert_eq!(answers(&run, "index-integrity"), off);
    assert_eq!(answers(&run, "github-release"), off);
    assert_eq!(answers(&run, "github-attestation")[0].0, "none");
    // By the variable; the option wins.
    let mut command = scene.install(&["rocket", "--dry-run"]);
    Run::of(command.env("SLSA_PIP_EVIDENCE", "dir,github-attestation"))
        .exits(1)
        .says("not asked: switched off (index-integrity)");
    Run::of(command.args(["--evidence", "index"])).exits(0);
}

#[test]
fn an_unknown_place_is_a_usage_error() {
    let scene = scene([]);
    for words in ["pypi", "index,rekor", ""] {
        Run::of(&mut scene.install(&["rocket", "--evidence", words]))
            .exits(2)
            .says("possible values: dir, index, github-release, github-attestation");
    }
    Run::of(scene.install(&["rocket"]).env("SLSA_PIP_EVIDENCE", "everything"))
        .exits(2)
        .says("everything");
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn github_is_asked_only_where_folders_and_index_do_not_suffice() {
    let scene = scene([at_the_index(), in_the_release(), in_the_api()]);
    let run = run(&scene, &[]).exits(0);
    assert_eq!(found(&run), "index-integrity");
    assert_eq!(scene.world.request_count("/github"), 0);
    assert_eq!(
        answers(&run, "github-release"),
        [("not-asked".to_owned(), ENOUGH.to_owned())]
    );
}

#[test]
fn evidence_at_the_index_that_is_no_good_does_not_end_the_search() {
    let bad = || Evidence::pep740(Identity::github("evil/rocket"));
    let run = run(&scene([bad(), in_the_release()]), &[]).exits(0);
    assert_eq!(found(&run), "github-release");
    assert_eq!(answers(&run, "index-integrity")[0].0, "refused");
    // And the other way round: a bad release is never asked for.
    let bad_release = Evidence::bundle_release(Identity::slsa_generator("evil/rocket"), "v1.0.0");
    let run = self::run(&scene([at_the_index(), bad_release]), &[]).exits(0);
    assert_eq!(found(&run), "index-integrity");
    // Bad in both is refused, and both are named.
    let both = self::run(
        &scene([bad(), Evidence::github_attestation(Identity::github("evil/rocket"))]),
        &[],
    );
    let both = both.exits(1);
    assert_eq!(both.codes(), ["repository-mismatch"]);
}

#[test]
fn whoever_answers_first_the_release_is_reported() {
    let scene = scene([in_the_release(), in_the_api()]);
    let with_token = |scene: &Scene| {
        let mut command = scene.install(&["rocket", "--dry-run", "--format", "json", "--no-cache-dir"]);
        Run::of(command.env("GITHUB_TOKEN", "ghp_test")).exits(0)
    };
    scene
        .world
        .fault("/github-objects/", Fault::Slow(Duration::from_secs(2)));
    let late = with_token(&scene);
    assert_eq!(found(&late), "github-release");
    assert_eq!(answers(&late, "github-attestation")[0].0, "found", "side by side");
    scene.world.clear_faults();
    scene.world.fault("/github-api/", Fault::Slow(Duration::from_secs(50)));
    let began = Instant::now();
    let early = with_token(&scene);
    assert!(began.elapsed() < Duration::from_secs(40), "the request was given up");
    assert_eq!(
        answers(&early, "github-attestation"),
        [("not-asked".to_owned(), ENOUGH.to_owned())]
    );
    let same = |run: &Run| run.json()["files"][0]["evidence"].clone();
    assert_eq!(same(&late), same(&early));
}

#[test]
fn a_release_that_does_not_answer_does_not_hold_up_an_attestation_that_suffices() {
    let scene = scene([in_the_release(), in_the_api()]);
    scene.world.fault("/github/", Fault::Slow(Duration::from_secs(50)));
    let began = Instant::now();
    let run = run(&scene, &[]).exits(0);
    assert!(began.elapsed() < Duration::from_secs(40), "the requests were given up");
    assert_eq!(found(&run), "github-attestation");
    assert_eq!(
        answers(&run, "github-release"),
        [("not-asked".to_owned(), ENOUGH.to_owned())]
    );
}

#[test]
fn without_a_token_the_api_is_spared_while_a_release_answers() {
    let scene = scene([in_the_release()]);
    assert_eq!(found(&run(&scene, &[]).exits(0)), "github-release");
    assert_eq!(scene.world.request_count("/github-api/"), 0);
}

#[test]
fn every_answer_is_in_the_report() {
    let slow = || Fault::Slow(Duration::from_secs(20));
    for (place, path, fault, outcome, answer) in [
        ("index-integrity", "/integrity/", Fault::Status(404), "none", "none"),
        (
            "index-integrity",
            "/integrity/",
            Fault::Status(403),
            "forbidden",
            "forbidden: the index has switched",
        ),
        (
            "index-integrity",
            "/integrity/",
            Fault::Status(401),
            "forbidden",
            "forbidden: ",
        ),
        (
            "index-integrity",
            "/integrity/",
            Fault::Status(429),
            "rate-limited",
            "rate-limited: ",
        ),
        (
            "index-integrity",
            "/integrity/",
            Fault::Status(500),
            "failed",
            "failed: ",
        ),
        (
            "index-integrity",
            "/integrity/",
            Fault::Html,
            "unreadable",
            "unreadable: ",
        ),
        ("index-integrity", "/integrity/", slow(), "timed-out", "timed out: "),
        ("github-attestation", "/github-api/", Fault::Status(404), "none", "none"),
        (
            "github-attestation",
            "/github-api/",
            Fault::Status(403),
            "forbidden",
            "forbidden",
        ),
        (
            "github-attestation",
            "/github-api/",
            Fault::Status(429),
            "rate-limited",
            "rate-limited until 20",
        ),
        (
            "github-attestation",
            "/github-api/",
            Fault::Html,
            "unreadable",
            "unreadable: ",
        ),
        ("github-attestation", "/github-api/", slow(), "timed-out", "timed out"),
        (
            "github-release",
            "/github/",
            Fault::Status(403),
            "forbidden",
            "forbidden",
        ),
        (
            "github-release",
            "/github/",
            Fault::Html,
            "unreadable",
            "unreadable: it is a web page",
        ),
    ] {
        let scene = scene([at_the_index(), in_the_api()]);
        scene.world.fault(path, fault.clone());
        let word = if place == "index-integrity" { "index" } else { place };
        let mut command = scene.install(&["rocket", "--dry-run", "--format", "json", "--no-cache-dir"]);
        command.args(["--evidence", word]);
        let run = Run::of(command.env("PIP_TIMEOUT", "1").env("PIP_RETRIES", "0")).exits(1);
        assert_eq!(run.codes(), ["no-evidence"], "{place} {fault:?}");
        let got = answers(&run, place);
        assert!(
            got.iter().any(|it| it.0 == outcome && it.1.starts_with(answer)),
            "{place} {fault:?}: {got:?}"
        );
    }
}

#[test]
fn a_package_with_pep_740_provenance_costs_four_requests() {
    let names = ["rocket", "bolt", "nut"];
    let release = |name: &str| {
        let mut wheel = Wheel::builder(name, "1.0.0").project_url("Source", &format!("https://github.com/acme/{name}"));
        if name == "rocket" {
            wheel = wheel.requires("bolt").requires("nut");
        }
        Release::new(wheel.build()).with(Evidence::pep740(Identity::github(&format!("acme/{name}"))))
    };
    for (world, each) in [
        (World::builder(), 4),
        (World::builder().html_only(), 4),
        (World::builder().without_metadata_files(), 3),
    ] {
        let scene = Scene::with(world.start_blocking().unwrap(), names.map(release));
        let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(0);
        let requests = scene.world.requests();
        for name in names {
            let own: BTreeSet<_> = requests
                .iter()
                .map(|request| request.path.clone())
                .filter(|path| path.contains(&format!("/{name}")))
                .collect();
            assert_eq!(own.len(), each, "{own:?}");
        }
        assert_eq!(requests.len(), each * names.len(), "each is asked for once");
        let report = run.json();
        assert_eq!(report["requests"], requests.len());
        assert_eq!((&report["cached"], &report["revalidated"]), (&0.into(), &0.into()));
        assert_eq!(scene.installed().len(), names.len());
    }
}
