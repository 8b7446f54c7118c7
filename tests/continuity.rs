//! Continuity: `slsa-pip.lock.toml`, what it refuses, how it is changed, and what is derived without it (docs/continuity.md).

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Fault, Identity, Predicate, Release, Signing, Wheel};

use crate::support::{Run, Scene};

pub(crate) const LOCK: &str = "slsa-pip.lock.toml";
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
pub(crate) const CONTINUITY: &str = "[defaults]\nunpinned = \"continuity\"\n";

pub(crate) fn wheel(version: &str) -> Wheel {
    Wheel::builder("rocket", version)
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

pub(crate) fn project(version: &str) -> Identity {
    Identity::github("acme/rocket").tag(&format!("v{version}"))
}

/// A release with a publish attestation at the index.
pub(crate) fn published(version: &str, identity: Identity) -> Release {
    Release::new(wheel(version)).with(Evidence::pep740(identity))
}

/// A release with build provenance at the index.
pub(crate) fn built(version: &str, identity: Identity) -> Release {
    Release::new(wheel(version)).with(Evidence::Pep740(Signing::new(identity, Predicate::SlsaV1)))
}

pub(crate) fn genuine(version: &str) -> Release {
    published(version, project(version))
}

pub(crate) fn scene(releases: impl IntoIterator<Item = Release>) -> Scene {
    let scene = Scene::of(releases);
    scene.write("slsa-pip.toml", CONTINUITY);
    scene
}

/// A scene in which the first release was accepted; the others are there as well.
pub(crate) fn accepted(first: Release, others: impl IntoIterator<Item = Release>) -> Scene {
    let version = first.wheel.version.clone();
    let scene = scene([first]);
    take(&scene, &[&format!("rocket=={version}")]).exits(0);
    assert!(path(&scene).exists());
    for release in others {
        scene.world.publish(release);
    }
    scene
}

pub(crate) fn path(scene: &Scene) -> PathBuf {
    scene.directory.path().join(LOCK)
}

pub(crate) fn lock(scene: &Scene) -> String {
    fs::read_to_string(path(scene)).expect("a lock")
}

/// `slsa-pip download`, which records as `install` does.
pub(crate) fn take(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.command(&["download", "--dest", "out", "--format", "json"]);
    command.args(words);
    Run::of(command)
}

/// That a release is refused by this code alone, and that nothing is recorded of it; its refusal.
#[track_caller]
pub(crate) fn refused(scene: &Scene, words: &[&str], code: &str) -> Value {
    let before = fs::read_to_string(path(scene)).ok();
    let run = take(scene, words).exits(1);
    let mut codes = run.codes();
    // The same proof may lie in two places.
    codes.dedup();
    assert_eq!(codes, [code], "{}", run.stderr);
    assert_eq!(fs::read_to_string(path(scene)).ok(), before, "the lock was changed");
    run.json()["files"][0]["refusals"][0].clone()
}

pub(crate) fn hint(refusal: &Value) -> &str {
    refusal["hint"].as_str().expect("a hint")
}

/// `slsa-pip policy accept`, without a terminal.
pub(crate) fn accept(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.command(&["policy", "accept"]);
    command.args(words).stdin(Stdio::null());
    Run::of(command)
}

/// Looks, and gives back what the command has printed.
#[track_caller]
pub(crate) fn accept_as_shown(scene: &Scene, requirement: &str) {
    let shown = accept(scene, &[requirement, "--format", "json"]).exits(1).json();
    assert_eq!(shown["accepted"], false);
    let digest = shown["reviewed"].as_str().expect("a digest").to_owned();
    let recorded = accept(scene, &[requirement, "--reviewed", &digest, "--format", "json"]);
    assert_eq!(recorded.exits(0).json()["accepted"], true);
}

#[test]
fn the_first_use_is_recorded_and_what_continues_it_takes_its_place() {
    let scene = scene([genuine("1.0.0"), genuine("1.1.0")]);
    Run::of(scene.install(&["rocket==1.0.0"]))
        .exits(0)
        .says("Recorded in slsa-pip.lock.toml: on first use rocket")
        .says("rocket: first use; there is no earlier release");
    let first = lock(&scene);
    for line in [
        "[[packages.rocket]]",
        "version = \"1.0.0\"",
        "kind = \"publish\"",
        "repository = \"github.com/acme/rocket\"",
        "repository-id = \"538293197\"",
        "file = \"rocket-1.0.0-py3-none-any.whl\"",
        "by = \"first-use\"",
    ] {
        assert!(first.lines().any(|it| it == line), "{line} is not in:\n{first}");
    }
    // The same again changes nothing, not even the time.
    let again = take(&scene, &["rocket==1.0.0"]).exits(0).json();
    assert_eq!(lock(&scene), first);
    let evidence = &again["files"][0]["evidence"];
    assert_eq!(evidence["pinned"], true);
    assert_eq!(evidence["pinned_by"], "slsa-pip.lock.toml: [[packages.rocket]] 1.0.0");
    take(&scene, &["rocket"])
        .exits(0)
        .says("Recorded in slsa-pip.lock.toml: newly rocket");
    let second = lock(&scene);
    assert!(
        second.contains("version = \"1.1.0\"") && second.contains("by = \"continuity\""),
        "{second}"
    );
    assert!(!second.contains("1.0.0"), "{second}");
    // An older one of the same identity passes, and is no news.
    take(&scene, &["rocket==1.0.0"]).exits(0);
    assert_eq!(lock(&scene), second);
}

/// Each change of identity, by its code. Evidence that is as good as the recorded one in every other way.
#[test]
fn another_identity_is_refused_with_both_of_them_side_by_side() {
    let is = |version: &str| project(version).environment("release");
    let with = |change: fn(&mut Identity)| {
        let mut identity = is("2.0.0");
        change(&mut identity);
        published("2.0.0", identity)
    };
    let table: Vec<(&str, Release)> = vec![
        (
            "continuity-repository-changed",
            with(|it| it.repository = "acme/rocket-fork".to_owned()),
        ),
        (
            "continuity-repository-changed",
            with(|it| it.repository = "acne/rocket".to_owned()),
        ),
        (
            "continuity-repository-replaced",
            with(|it| it.repository_id = "7".to_owned()),
        ),
        (
            "continuity-repository-replaced",
            with(|it| it.owner_id = "7".to_owned()),
        ),
        (
            "continuity-repository-replaced",
            published("2.0.0", is("2.0.0").without_claim(15)),
        ),
        (
            "continuity-workflow-changed",
            with(|it| it.workflow = ".github/workflows/other.yml".to_owned()),
        ),
        ("continuity-build-weaker", with(|it| it.environment = None)),
        (
            "continuity-build-weaker",
            with(|it| it.trigger = "pull_request_target".to_owned()),
        ),
        (
            "continuity-build-weaker",
            with(|it| it.reference = "refs/heads/main".to_owned()),
        ),
        (
            "continuity-build-weaker",
            with(|it| it.runner_environment = "self-hosted".to_owned()),
        ),
    ];
    for (code, release) in table {
        let scene = accepted(published("1.0.0", is("1.0.0")), [release]);
        let refusal = refused(&scene, &["rocket"], code);
        let (expected, found) = (
            refusal["expected"].as_str().unwrap(),
            refusal["found"].as_str().unwrap(),
        );
        assert!(
            expected.starts_with("github.com/acme/rocket (id 538293197"),
            "{expected}"
        );
        assert!(
            expected.ends_with("(slsa-pip.lock.toml: [[packages.rocket]] 1.0.0)"),
            "{expected}"
        );
        assert!(found.ends_with("(2.0.0)"), "{found}");
        assert!(
            hint(&refusal).ends_with("\nslsa-pip policy accept rocket==2.0.0"),
            "{refusal}"
        );
    }
}

#[test]
fn a_renamed_repository_is_told_apart_from_one_whose_name_was_taken() {
    let renamed = published("2.0.0", Identity::github("acme/rocket-ng").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [renamed]);
    let refusal = refused(&scene, &["rocket"], "continuity-repository-changed");
    assert!(
        hint(&refusal).contains("the numeric ids are the same: the repository was renamed or moved"),
        "{refusal}"
    );
    let mut taken = project("3.0.0");
    taken.repository_id = "7".to_owned();
    scene.world.publish(published("3.0.0", taken));
    let refusal = refused(&scene, &["rocket"], "continuity-repository-replaced");
    assert!(hint(&refusal).contains("somebody has taken its name"), "{refusal}");
}

#[test]
fn how_owner_and_repository_are_spelled_makes_no_difference() {
    let scene = accepted(
        genuine("1.0.0"),
        [published("1.1.0", Identity::github("Acme/Rocket").tag("v1.1.0"))],
    );
    take(&scene, &["Rocket"]).exits(0);
    let text = lock(&scene).replace("packages.rocket", "packages.ROCKET");
    scene.write(LOCK, &text);
    take(&scene, &["rocket==1.1.0"]).exits(0);
    assert_eq!(lock(&scene), text);
    scene
        .world
        .publish(published("2.0.0", Identity::github("evil/rocket").tag("v2.0.0")));
    refused(&scene, &["rOcKeT"], "continuity-repository-changed");
}

#[test]
fn weaker_evidence_is_refused_and_stronger_is_recorded() {
    let scene = accepted(genuine("1.0.0"), [built("1.1.0", project("1.1.0"))]);
    // The repository's own workflow counts, since what is recorded is a pin.
    take(&scene, &["rocket"]).exits(0);
    assert!(lock(&scene).contains("kind = \"build\"\nlevel = 2"), "{}", lock(&scene));
    // The same by a trusted builder is stronger still.
    let generator = |version: &str| Identity::slsa_generator("acme/rocket").tag(&format!("v{version}"));
    let release = |version: &str, identity: Identity| {
        Release::new(wheel(version)).with(Evidence::bundle_release(identity, &format!("v{version}")))
    };
    scene.world.publish(release("1.2.0", generator("1.2.0")));
    take(&scene, &["rocket"]).exits(0);
    let recorded = lock(&scene);
    assert!(
        recorded.contains("level = 3") && recorded.contains("builder-ref = \"refs/tags/v2.0.0\""),
        "{recorded}"
    );
    // A newer builder makes no fuss, an older one does.
    let name = GENERATOR;
    scene
        .world
        .publish(release("1.3.0", generator("1.3.0").builder(name, "refs/tags/v2.1.0")));
    take(&scene, &["rocket"]).exits(0);
    scene
        .world
        .publish(release("1.4.0", generator("1.4.0").builder(name, "refs/tags/v1.10.0")));
    refused(&scene, &["rocket"], "continuity-builder-changed");
    for (version, release) in [("1.5.0", built("1.5.0", project("1.5.0"))), ("1.6.0", genuine("1.6.0"))] {
        scene.world.publish(release);
        let refusal = refused(&scene, &[&format!("rocket=={version}")], "continuity-evidence-weaker");
        assert!(
            refusal["expected"].as_str().unwrap().contains("build level 3"),
            "{refusal}"
        );
    }
    // Where both are there, the better one counts, although it is found later.
    let both = release("1.7.0", generator("1.7.0").builder(name, "refs/tags/v2.1.0"));
    scene.world.publish(both.with(Evidence::pep740(project("1.7.0"))));
    let report = take(&scene, &["rocket==1.7.0"]).exits(0).json();
    assert_eq!(report["files"][0]["evidence"]["build_level"], 3);
}

#[test]
fn a_release_without_evidence_is_told_apart_by_those_around_it() {
    let bare = |version: &str| Release::new(wheel(version));
    let scene = accepted(genuine("1.0.0"), [bare("1.1.0")]);
    let refusal = refused(&scene, &["rocket"], "continuity-evidence-lost");
    assert!(hint(&refusal).contains("ask the project first"), "{refusal}");
    assert!(hint(&refusal).ends_with("slsa-pip install rocket==1.0.0"), "{refusal}");
    // Lost by mistake for one release.
    scene.world.publish(genuine("1.2.0"));
    let refusal = refused(&scene, &["rocket==1.1.0"], "continuity-evidence-lost");
    assert!(
        hint(&refusal).starts_with("1.0.0 and 1.2.0 have one, so it may have been lost by mistake"),
        "{refusal}"
    );
    assert!(hint(&refusal).ends_with("slsa-pip install rocket==1.2.0"), "{refusal}");
    // Older than what is recorded, from before the project attested anything.
    scene.world.publish(bare("0.9.0"));
    let refusal = refused(&scene, &["rocket==0.9.0"], "continuity-evidence-lost");
    assert!(
        hint(&refusal).contains("may not have attested its releases yet"),
        "{refusal}"
    );
    // Withdrawn.
    scene.world.publish(bare("1.3.0").yanked("broken"));
    let refusal = refused(&scene, &["rocket==1.3.0"], "continuity-evidence-lost");
    assert!(
        hint(&refusal).starts_with("1.3.0 has been withdrawn (yanked)"),
        "{refusal}"
    );
}

#[test]
fn yanked_releases_are_told_apart() {
    let evil = |version: &str| published(version, Identity::github("evil/rocket").tag(&format!("v{version}")));
    let scene = accepted(genuine("1.0.0"), [evil("1.1.0").yanked("stolen")]);
    let refusal = refused(&scene, &["rocket==1.1.0"], "continuity-repository-changed");
    assert!(
        hint(&refusal).starts_with("1.1.0 has been withdrawn (yanked)"),
        "{refusal}"
    );
    // The other way round: the stolen one, whose metadata says nothing else, was accepted first, and withdrawn then.
    let stolen = || {
        let wheel = Wheel::builder("rocket", "1.1.0").build();
        Release::new(wheel).with(Evidence::pep740(Identity::github("evil/rocket").tag("v1.1.0")))
    };
    let scene = accepted(stolen(), []);
    scene.world.publish(stolen().yanked("stolen"));
    scene.world.publish(genuine("1.2.0"));
    let refusal = refused(&scene, &["rocket"], "continuity-repository-changed");
    assert!(
        hint(&refusal).starts_with("1.1.0 has been withdrawn (yanked) since"),
        "{refusal}"
    );
}

#[test]
fn an_older_line_is_told_apart_and_goes_on_by_itself_once_accepted() {
    let maintained = |version: &str| published(version, project(version).workflow(".github/workflows/maintenance.yml"));
    let scene = accepted(
        genuine("2.0.0"),
        [maintained("1.5.0"), maintained("1.6.0"), maintained("2.1.0")],
    );
    let refusal = refused(&scene, &["rocket<2"], "continuity-workflow-changed");
    assert!(
        hint(&refusal).starts_with("1.6.0 is older than 2.0.0: an old release line"),
        "{refusal}"
    );
    accept_as_shown(&scene, "rocket==1.5.0");
    let text = lock(&scene);
    assert_eq!(text.matches("[[packages.rocket]]").count(), 2, "{text}");
    take(&scene, &["rocket<2"]).exits(0).says("newly rocket");
    assert!(lock(&scene).contains("version = \"1.6.0\""));
    // It never speaks for what is newer than every record.
    refused(&scene, &["rocket"], "continuity-workflow-changed");
    take(&scene, &["rocket==2.0.0"]).exits(0);
}

#[test]
fn where_policy_names_the_new_repository_the_project_has_moved() {
    let moved = published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [moved]);
    refused(&scene, &["rocket"], "continuity-repository-changed");
    scene.write(
        "slsa-pip.toml",
        &format!("{CONTINUITY}[packages.rocket]\nrepository = \"github.com/new-owner/rocket\"\n"),
    );
    take(&scene, &["rocket"]).exits(0);
    assert!(lock(&scene).contains("by = \"policy\""), "{}", lock(&scene));
    // The evidence may not be weaker all the same.
    let generator = Identity::slsa_generator("acme/rocket").tag("v1.0.0");
    let first = Release::new(wheel("1.0.0")).with(Evidence::bundle_release(generator, "v1.0.0"));
    let scene = accepted(first, []);
    scene
        .world
        .publish(published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0")));
    scene.write(
        "slsa-pip.toml",
        &format!("{CONTINUITY}[packages.rocket]\nrepository = \"github.com/new-owner/rocket\"\n"),
    );
    refused(&scene, &["rocket"], "continuity-evidence-weaker");
}

#[test]
fn without_a_lock_the_nearest_earlier_releases_are_compared() {
    let evil = |version: &str| published(version, Identity::github("evil/rocket").tag(&format!("v{version}")));
    let plain = |version: &str, identity: Identity| {
        Release::new(Wheel::builder("rocket", version).build()).with(Evidence::pep740(identity))
    };
    let evil_plain = plain("1.4.0", Identity::github("evil/rocket").tag("v1.4.0"));
    let scene = scene([
        plain("1.0.0", project("1.0.0")),
        plain("1.1.0", project("1.1.0")),
        // Neither one that has lost its attestation nor a yanked one hides what was before.
        Release::new(wheel("1.2.0")),
        evil("1.3.0").yanked("stolen"),
        evil_plain,
    ]);
    let refusal = refused(&scene, &["rocket"], "continuity-repository-changed");
    let expected = refusal["expected"].as_str().unwrap();
    assert!(expected.ends_with("(1.1.0 in the index)"), "{expected}");
    assert!(!path(&scene).exists());
    // What continues them is accepted, said, and recorded. It is no pin.
    scene.world.publish(plain("1.5.0", project("1.5.0")));
    scene.world.forget_requests();
    let report = take(&scene, &["rocket==1.1.0"]).exits(0).json();
    assert_eq!(report["files"][0]["evidence"]["pinned"], false);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("compared with 1.0.0, the newest earlier release with provenance"),
        "{notes}"
    );
    assert!(lock(&scene).contains("by = \"first-use\""));
    assert_eq!(
        scene.world.request_count("/files/rocket-1.0.0"),
        0,
        "nothing of it is downloaded"
    );
}

/// The attack: whoever has taken over the account withdraws what was there, so that theirs looks like the first.
#[test]
fn who_withdraws_all_earlier_releases_makes_no_first_use() {
    let evil = Wheel::builder("rocket", "2.0.0").project_url("Source", "https://github.com/evil/rocket");
    let evil = Release::new(evil.build()).with(Evidence::pep740(Identity::github("evil/rocket").tag("v2.0.0")));
    let scene = scene([genuine("1.0.0").yanked("old"), genuine("1.1.0").yanked("old"), evil]);
    let refusal = refused(&scene, &["rocket"], "continuity-repository-changed");
    assert!(hint(&refusal).contains("1.1.0 has been withdrawn"), "{refusal}");
    scene.world.publish(genuine("2.1.0").yanked("old"));
    scene.world.publish(genuine("1.2.0"));
    take(&scene, &["rocket==1.2.0"]).exits(0);
}

#[test]
fn a_derived_identity_is_no_pin() {
    let scene = scene([built("1.0.0", project("1.0.0")), built("1.1.0", project("1.1.0"))]);
    refused(&scene, &["rocket==1.1.0"], "builder-not-pinned");
}

#[test]
fn few_earlier_releases_are_asked_for_and_one_that_does_not_answer_is_not_taken_for_none() {
    let bare = |minor: u32| Release::new(wheel(&format!("1.{minor}.0")));
    let scene = scene((1..8).map(bare).chain([genuine("1.0.0"), genuine("1.9.0")]));
    let report = take(&scene, &["rocket", "--evidence", "index"]).exits(0).json();
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("first use; none of the 3 releases before it has provenance"),
        "{notes}"
    );
    for (version, asked) in [("1.7.0", true), ("1.5.0", true), ("1.4.0", false), ("1.0.0", false)] {
        let count = scene.world.request_count(&format!("/integrity/rocket/{version}/"));
        assert_eq!(count > 0, asked, "{version}");
    }
    let scene = self::scene([genuine("1.0.0"), genuine("1.1.0")]);
    scene.world.fault("/integrity/rocket/1.0.0/", Fault::Status(500));
    let refusal = refused(&scene, &["rocket", "--retries", "0"], "continuity-unknown");
    assert!(hint(&refusal).contains("try again later"), "{refusal}");
    scene.world.clear_faults();
    scene
        .world
        .fault("/integrity/rocket/1.0.0/", Fault::Body(b"{\"version\": 1".to_vec()));
    refused(&scene, &["rocket", "--no-cache-dir"], "continuity-unknown");
    scene.world.clear_faults();
    take(&scene, &["rocket", "--no-cache-dir"]).exits(0);
}

/// The attack: nothing is installed, the refusal has this code. The project's own release in its place installs.
#[track_caller]
fn stopped(first: Release, attack: Release, own: Release, code: &str) {
    let scene = scene([first]);
    Run::of(scene.install(&["rocket"])).exits(0);
    scene.world.publish(attack);
    let run = scene.install(&["--upgrade", "--no-cache-dir", "rocket", "--format", "json"]);
    let run = Run::of(run).exits(1);
    assert_eq!(run.codes(), [code]);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
    scene.world.publish(own);
    Run::of(scene.install(&["--upgrade", "--no-cache-dir", "rocket"])).exits(0);
    assert!(scene.installed().contains(&"rocket-1.1.0".to_owned()));
}

/// The project has deleted its repository, or its owner has changed their name; somebody has taken the name, and the index takes the
/// name for the publisher.
#[test]
fn registered_again_after_the_first_use() {
    let mut thief = project("1.1.0");
    thief.repository_id = "912345678".to_owned();
    thief.owner_id = "98765432".to_owned();
    let attack = published("1.1.0", thief);
    stopped(
        genuine("1.0.0"),
        attack,
        genuine("1.1.0"),
        "continuity-repository-replaced",
    );
}

/// Whoever holds the index's side of a project can have a file attested that no build has made.
#[test]
fn downgrade_to_a_publish_attestation_after_the_first_use() {
    let release = |version: &str| {
        let identity = Identity::slsa_generator("acme/rocket").tag(&format!("v{version}"));
        Release::new(wheel(version)).with(Evidence::bundle_release(identity, &format!("v{version}")))
    };
    let attack = genuine("1.1.0");
    stopped(release("1.0.0"), attack, release("1.1.0"), "continuity-evidence-weaker");
}

/// A stolen upload token cannot attest.
#[test]
fn a_stolen_token_after_the_first_use() {
    let attack = Release::new(wheel("1.1.0"));
    stopped(genuine("1.0.0"), attack, genuine("1.1.0"), "continuity-evidence-lost");
}

#[test]
fn the_newest_release_that_continues_is_taken_where_that_is_asked_for() {
    let evil = |version: &str| published(version, Identity::github("evil/rocket").tag(&format!("v{version}")));
    let scene = accepted(genuine("1.0.0"), [genuine("1.1.0"), evil("1.2.0")]);
    refused(&scene, &["rocket"], "continuity-repository-changed");
    let report = take(&scene, &["rocket", "--resolve-policy", "satisfying"]).exits(0);
    assert_eq!(report.json()["files"][0]["version"], "1.1.0");
    assert!(lock(&scene).contains("version = \"1.1.0\""));
}
