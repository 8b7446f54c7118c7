//! Continuity: `slsa-pip.lock.toml`, what it refuses, how it is changed, and what is derived without it (docs/continuity.md).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Fault, Identity, Predicate, Release, Signing, Wheel};

use crate::support::{Run, Scene};

const LOCK: &str = "slsa-pip.lock.toml";
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
const CONTINUITY: &str = "[defaults]\nunpinned = \"continuity\"\n";

fn wheel(version: &str) -> Wheel {
    Wheel::builder("rocket", version)
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn project(version: &str) -> Identity {
    Identity::github("acme/rocket").tag(&format!("v{version}"))
}

/// A release with a publish attestation at the index.
fn published(version: &str, identity: Identity) -> Release {
    Release::new(wheel(version)).with(Evidence::pep740(identity))
}

/// A release with build provenance at the index.
fn built(version: &str, identity: Identity) -> Release {
    Release::new(wheel(version)).with(Evidence::Pep740(Signing::new(identity, Predicate::SlsaV1)))
}

fn genuine(version: &str) -> Release {
    published(version, project(version))
}

fn scene(releases: impl IntoIterator<Item = Release>) -> Scene {
    let scene = Scene::of(releases);
    scene.write("slsa-pip.toml", CONTINUITY);
    scene
}

/// A scene in which the first release was accepted; the others are there as well.
fn accepted(first: Release, others: impl IntoIterator<Item = Release>) -> Scene {
    let version = first.wheel.version.clone();
    let scene = scene([first]);
    take(&scene, &[&format!("rocket=={version}")]).exits(0);
    assert!(path(&scene).exists());
    for release in others {
        scene.world.publish(release);
    }
    scene
}

fn path(scene: &Scene) -> PathBuf {
    scene.directory.path().join(LOCK)
}

fn lock(scene: &Scene) -> String {
    fs::read_to_string(path(scene)).expect("a lock")
}

/// `slsa-pip download`, which records as `install` does.
fn take(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.command(&["download", "--dest", "out", "--format", "json"]);
    command.args(words);
    Run::of(command)
}

/// That a release is refused by this code alone, and that nothing is recorded of it; its refusal.
#[track_caller]
fn refused(scene: &Scene, words: &[&str], code: &str) -> Value {
    let before = fs::read_to_string(path(scene)).ok();
    let run = take(scene, words).exits(1);
    let mut codes = run.codes();
    // The same proof may lie in two places.
    codes.dedup();
    assert_eq!(codes, [code], "{}", run.stderr);
    assert_eq!(fs::read_to_string(path(scene)).ok(), before, "the lock was changed");
    run.json()["files"][0]["refusals"][0].clone()
}

fn hint(refusal: &Value) -> &str {
    refusal["hint"].as_str().expect("a hint")
}

/// `slsa-pip policy accept`, without a terminal.
fn accept(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.command(&["policy", "accept"]);
    command.args(words).stdin(Stdio::null());
    Run::of(command)
}

/// Looks, and gives back what the command has printed.
#[track_caller]
fn accept_as_shown(scene: &Scene, requirement: &str) {
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

#[test]
fn nothing_is_recorded_before_a_run_has_succeeded_or_where_nobody_asked() {
    let evil = published("2.0.0", Identity::github("evil/rocket").tag("v2.0.0"));
    let scene = scene([
        genuine("1.0.0"),
        evil,
        Release::new(Wheel::builder("bare", "1.0").build()),
    ]);
    Run::of(scene.install(&["rocket==1.0.0", "--dry-run"])).exits(0);
    take(&scene, &["rocket==1.0.0", "bare"]).exits(1);
    assert!(!path(&scene).exists());
    // Without the policy's word no lock is begun; one that is there is kept.
    scene.write("slsa-pip.toml", "");
    take(&scene, &["rocket==1.0.0"]).exits(0);
    assert!(!path(&scene).exists());
    scene.write(LOCK, "version = 1\n");
    take(&scene, &["rocket==1.0.0"]).exits(0);
    assert!(lock(&scene).contains("[[packages.rocket]]"));
    refused(&scene, &["rocket==2.0.0"], "continuity-repository-changed");
    // What is exempt proves nothing.
    let bare = Wheel::builder("bare", "1.0").build();
    let exemption = format!(
        "[exemptions.bare]\nversions = \"==1.0\"\nsha256 = [\"{}\"]\nreason = \"x\"\n",
        bare.sha256()
    );
    scene.write("slsa-pip.toml", &format!("{CONTINUITY}{exemption}"));
    let before = lock(&scene);
    take(&scene, &["bare"]).exits(0);
    assert_eq!(lock(&scene), before);
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
fn a_change_is_recorded_by_those_who_have_looked_at_it() {
    let moved = || published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [moved()]);
    let before = lock(&scene);
    let shown = accept(&scene, &["rocket==2.0.0"]).exits(1);
    for text in [
        "recorded: 1.0.0",
        "found: 2.0.0",
        "github.com/acme/rocket",
        "github.com/new-owner/rocket",
        "Nothing was recorded.",
        "slsa-pip policy accept rocket==2.0.0 --reviewed ",
    ] {
        assert!(shown.stderr.contains(text), "`{text}` is not in:\n{}", shown.stderr);
    }
    let repository = shown.stderr.lines().find(|line| line.contains("repository  "));
    assert!(repository.is_some_and(|line| line.starts_with('!')), "{}", shown.stderr);
    accept(&scene, &["rocket==2.0.0", "--reviewed", &"0".repeat(64)])
        .exits(2)
        .says("What there is now is not what was reviewed");
    accept(&scene, &["rocket==2.0.0", "--locked"]).exits(2);
    assert_eq!(lock(&scene), before);
    accept_as_shown(&scene, "rocket==2.0.0");
    let text = lock(&scene);
    assert!(
        text.contains("github.com/new-owner/rocket") && text.contains("by = \"review\""),
        "{text}"
    );
    assert!(!text.contains("acme"), "{text}");
    take(&scene, &["rocket"]).exits(0);
    // Neither what was refused for another reason nor two packages at once.
    scene.world.publish(Release::new(wheel("3.0.0")));
    let run = accept(&scene, &["rocket==3.0.0", "--format", "json"]).exits(1);
    assert_eq!(run.json()["refusals"][0]["code"], "no-evidence");
    scene
        .world
        .publish(Release::new(Wheel::builder("other", "1.0").build()));
    accept(&scene, &["rocket==2.0.0", "other"])
        .exits(2)
        .says("One package is accepted at a time");
    assert_eq!(lock(&scene), text);
}

#[test]
fn nothing_slips_in_between_a_look_and_the_record() {
    let by = |owner: &str| published("2.0.0", Identity::github(&format!("{owner}/rocket")).tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [by("new-owner")]);
    let before = lock(&scene);
    let shown = accept(&scene, &["rocket==2.0.0", "--format", "json"]).exits(1).json();
    let digest = shown["reviewed"].as_str().unwrap();
    // The same bytes, attested by somebody else.
    scene.world.publish(by("evil"));
    let run = accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]);
    run.exits(2).says("reviewed-mismatch");
    assert_eq!(lock(&scene), before);
    // Another lock.
    scene.world.publish(by("new-owner"));
    scene.write(LOCK, "version = 1\n");
    let run = accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]);
    run.exits(2).says("reviewed-mismatch");
    scene.write(LOCK, &before);
    accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]).exits(0);
}

#[test]
fn a_first_use_that_is_refused_can_be_accepted_after_a_look() {
    // A repository's own workflow, and another repository than the metadata names.
    let other = built("1.0.0", Identity::github("acme/builds").tag("v1.0.0"));
    let scene = scene([other, built("1.1.0", Identity::github("acme/builds").tag("v1.1.0"))]);
    refused(&scene, &["rocket==1.0.0"], "repository-differs-from-declared");
    accept_as_shown(&scene, "rocket==1.0.0");
    let report = take(&scene, &["rocket"]).exits(0).json();
    assert_eq!(
        report["files"][0]["evidence"]["pinned_by"],
        "slsa-pip.lock.toml: [[packages.rocket]] 1.0.0"
    );
    // It is no pin where policy wants pins of its own.
    scene.write("slsa-pip.toml", "[defaults]\nunpinned = \"deny\"\n");
    refused(&scene, &["rocket"], "repository-not-pinned");
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

#[test]
fn locked_lets_nothing_be_recorded() {
    let scene = scene([genuine("1.0.0")]);
    take(&scene, &["rocket", "--locked"])
        .exits(2)
        .says("`--locked` needs it");
    assert!(!path(&scene).exists());
    scene.write(LOCK, "version = 1\n");
    let refusal = refused(&scene, &["rocket", "--locked"], "continuity-not-recorded");
    assert!(
        hint(&refusal).ends_with("slsa-pip policy accept rocket==1.0.0"),
        "{refusal}"
    );
    take(&scene, &["rocket"]).exits(0);
    let before = lock(&scene);
    scene.world.publish(genuine("1.1.0"));
    take(&scene, &["rocket", "--locked"]).exits(0);
    assert_eq!(lock(&scene), before);
    // What policy pins needs no record.
    scene.write(LOCK, "version = 1\n");
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    take(&scene, &["rocket", "--locked"]).exits(0);
    assert_eq!(lock(&scene), "version = 1\n");
}

/// A lock that cannot be trusted to say what was accepted ends the run, whatever it is.
#[test]
fn a_hostile_lock_is_an_error() {
    let scene = accepted(genuine("1.0.0"), []);
    let good = lock(&scene);
    let table = good.split_once("\n\n").unwrap().1;
    let cases = BTreeMap::from([
        ("unknown-policy-version", good.replace("version = 1\n", "version = 2\n")),
        (
            "policy-syntax",
            good.replace("version = 1\n", "version = 1\nversion = 1\n"),
        ),
        ("duplicate-value", format!("{good}\n{table}")),
        (
            "duplicate-name",
            format!("{good}\n{}", table.replace("packages.rocket", "packages.Rocket")),
        ),
        ("policy-too-large", format!("{good}{}", "#\n".repeat(3 * 1024 * 1024))),
        (
            "missing-key",
            good.replace("repository = \"github.com/acme/rocket\"\n", ""),
        ),
        ("conflicting-keys", good.replace("rocket-1.0.0-py3", "rocket-0.1.0-py3")),
        ("unknown-key", good.replace("by = ", "trusted = true\nby = ")),
        ("control-character", good.replace("\"push\"", "\"push\\u001b[2J\"")),
    ]);
    for (code, text) in cases {
        scene.write(LOCK, &text);
        let run = take(&scene, &["rocket"]).exits(2).says(&format!("error[{code}]"));
        assert!(!run.stderr.contains('\u{1b}'), "{code}");
        assert_eq!(lock(&scene), text);
    }
    fs::write(path(&scene), [0xff, 0xfe]).unwrap();
    take(&scene, &["rocket"]).exits(2).says("not UTF-8");
    fs::remove_file(path(&scene)).unwrap();
    fs::create_dir(path(&scene)).unwrap();
    take(&scene, &["rocket"]).exits(2).says("not an ordinary file");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_neither_followed_nor_replaced() {
    let scene = accepted(genuine("1.0.0"), []);
    let elsewhere = scene.directory.path().join("elsewhere.toml");
    fs::rename(path(&scene), &elsewhere).unwrap();
    for target in [elsewhere.as_path(), std::path::Path::new("nowhere")] {
        let _ = fs::remove_file(path(&scene));
        std::os::unix::fs::symlink(target, path(&scene)).unwrap();
        take(&scene, &["rocket"]).exits(2).says("not an ordinary file");
        assert!(path(&scene).is_symlink());
    }
}

/// A claim that no lock may hold is told of before anything is installed.
#[test]
fn what_cannot_be_recorded_is_an_error_and_no_install() {
    let scene = scene([published("1.0.0", project("1.0.0").environment(&"y".repeat(5000)))]);
    Run::of(scene.install(&["rocket"])).exits(2).says("value-too-long");
    assert!(scene.installed().is_empty(), "{:?}", scene.installed());
    assert!(!path(&scene).exists());
}

#[test]
fn runs_side_by_side_lose_nothing_of_each_other() {
    let names: Vec<String> = (0..6).map(|number| format!("part{number}")).collect();
    let release = |name: &String| {
        let identity = Identity::github(&format!("acme/{name}")).tag("v1.0");
        Release::new(Wheel::builder(name, "1.0").build()).with(Evidence::pep740(identity))
    };
    let scene = scene(names.iter().map(release));
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let mut command = scene.command(&["download", "--dest", name, name]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("started")
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().expect("ended").code(), Some(0));
    }
    let text = lock(&scene);
    for name in &names {
        assert_eq!(
            text.matches(&format!("[[packages.{name}]]")).count(),
            1,
            "{name} in:\n{text}"
        );
    }
    let positions: Vec<_> = names
        .iter()
        .map(|name| text.find(&format!("packages.{name}]]")))
        .collect();
    assert!(positions.is_sorted(), "sorted by name");
}

#[test]
fn a_killed_run_leaves_the_lock_whole() {
    let scene = accepted(genuine("1.0.0"), (1..30).map(|patch| genuine(&format!("1.0.{patch}"))));
    let mut texts = vec![lock(&scene)];
    for patch in 1..30 {
        let wanted = format!("rocket==1.0.{patch}");
        let mut command = scene.command(&["download", "--dest", "out", &wanted]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        // Around the time at which a run writes it.
        std::thread::sleep(Duration::from_millis(100 + 25 * (patch % 15)));
        let _ = child.kill();
        child.wait().expect("ended");
        let text = lock(&scene);
        // What it was before, or what the run has written; never anything else.
        let is_old = texts.last() == Some(&text);
        assert!(is_old || text.contains(&format!("version = \"1.0.{patch}\"")), "{text}");
        assert!(
            text.ends_with("by = \"first-use\"\n") || text.ends_with("by = \"continuity\"\n"),
            "{text}"
        );
        texts.push(text);
    }
    take(&scene, &["rocket"]).exits(0);
    assert!(lock(&scene).contains("version = \"1.0.29\""));
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

/// Under `mode = "warn"` it is told and passes, and what was recorded stays.
#[test]
fn what_is_merely_tolerated_is_not_recorded() {
    let evil = published("1.1.0", Identity::github("evil/rocket").tag("v1.1.0"));
    let scene = accepted(genuine("1.0.0"), [evil]);
    let before = lock(&scene);
    scene.write(
        "slsa-pip.toml",
        "[defaults]\nunpinned = \"continuity\"\nmode = \"warn\"\n",
    );
    let run = take(&scene, &["rocket"]).exits(0);
    assert_eq!(run.codes(), ["continuity-repository-changed"]);
    assert_eq!(lock(&scene), before);
}

#[cfg(unix)]
#[test]
fn another_users_lock_is_not_taken_unasked() {
    let scene = accepted(genuine("1.0.0"), []);
    let stranger = 4321;
    if std::os::unix::fs::chown(path(&scene), Some(stranger), None).is_err() {
        // Only root can give files away.
        return;
    }
    take(&scene, &["rocket"])
        .exits(2)
        .says("slsa-pip.lock.toml` is not yours");
    // Who names the policy beside it has looked.
    take(&scene, &["rocket", "--policy", "slsa-pip.toml"]).exits(0);
}

/// `slsa-pip policy accept` at a terminal, with this answer; its output.
#[cfg(unix)]
fn accept_at_a_terminal(scene: &Scene, requirement: &str, answer: &str) -> String {
    use std::io::Write as _;
    let own = scene.command(&["policy", "accept", requirement]);
    let spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = std::process::Command::new("python3");
    command
        .args(["-I", "-c", spawn])
        .arg(own.get_program())
        .args(own.get_args());
    command.current_dir(scene.directory.path());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(answer.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    drop(stdin);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[test]
fn at_a_terminal_it_asks() {
    let moved = published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [moved]);
    let before = lock(&scene);
    for answer in ["n\n", "\n", "yep\n"] {
        let shown = accept_at_a_terminal(&scene, "rocket==2.0.0", answer);
        assert!(shown.contains("Record this identity? [y/N]"), "{shown}");
        assert!(
            shown.contains("github.com/new-owner/rocket") && shown.contains("Nothing was recorded"),
            "{shown}"
        );
        assert_eq!(lock(&scene), before);
    }
    let shown = accept_at_a_terminal(&scene, "rocket==2.0.0", "y\n");
    assert!(
        shown.contains("Recorded in slsa-pip.lock.toml: rocket 2.0.0"),
        "{shown}"
    );
    assert!(lock(&scene).contains("github.com/new-owner/rocket"));
}
