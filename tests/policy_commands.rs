//! `slsa-pip policy init` and `add` against the world on 127.0.0.1: what is written, what is not, and what stays.

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Identity, Release, ReleaseFaults, Wheel, WheelBuilder};

use crate::support::{Run, Scene};

const POLICY: &str = "slsa-pip.toml";

fn wheel(name: &str, version: &str) -> WheelBuilder {
    Wheel::builder(name, version).project_url("Source", &format!("https://github.com/acme/{name}"))
}

fn identity(name: &str, version: &str) -> Identity {
    Identity::github(&format!("acme/{name}"))
        .tag(&format!("v{version}"))
        .environment("publish")
}

fn published(name: &str, version: &str) -> Release {
    Release::new(wheel(name, version).build()).with(Evidence::pep740(identity(name, version)))
}

/// `rocket` with its history, which requires `engine` (built by the SLSA generator), which requires `bolt` (no provenance).
fn scene() -> Scene {
    let engine = wheel("engine", "2.0.0").requires("bolt").build();
    let built = Evidence::bundle_release(Identity::slsa_generator("acme/engine").tag("v2.0.0"), "v2.0.0");
    let rocket = wheel("rocket", "1.2.0").requires("engine").build();
    let scene = Scene::of([
        published("rocket", "1.0.0"),
        published("rocket", "1.1.0"),
        Release::new(rocket).with(Evidence::pep740(identity("rocket", "1.2.0"))),
        Release::new(engine).with(built),
        Release::new(wheel("bolt", "0.6").build()),
    ]);
    scene.write("requirements.txt", "rocket\n");
    scene
}

fn init(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&[&["policy", "init", "-r", "requirements.txt"], words].concat()))
}

fn read(scene: &Scene, name: &str) -> String {
    std::fs::read_to_string(scene.directory.path().join(name)).expect("the file is there")
}

fn entry(report: &Value, package: &str) -> Value {
    let entries = report["entries"].as_array().expect("entries");
    let found = entries.iter().find(|entry| entry["package"] == package);
    found
        .unwrap_or_else(|| panic!("{package} is not in {report:#}"))
        .clone()
}

#[test]
fn init_pins_what_is_attested_and_exempts_the_rest_by_digest() {
    let scene = scene();
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!(report["schema"], "slsa-pip/policy-edit/v1");
    assert_eq!((&report["created"], &report["written"]), (&true.into(), &true.into()));

    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["action"], "pinned");
    assert_eq!(rocket["trust"], "agreed");
    assert_eq!(rocket["releases"], serde_json::json!(["1.1.0", "1.0.0"]));
    let expected = serde_json::json!({
        "repository": "github.com/acme/rocket",
        "repository-id": "538293197",
        "owner-id": "3059210",
        "workflow": ".github/workflows/release.yml",
        "environment": "publish",
        "ref": "refs/tags/v{version}",
    });
    assert_eq!(rocket["pin"], expected);

    let engine = entry(&report, "engine");
    assert_eq!(engine["action"], "pinned");
    assert_eq!(engine["pin"]["evidence"], serde_json::json!(["build"]));
    assert!(
        engine["pin"]["builder"]
            .as_str()
            .expect("a builder")
            .ends_with("generator_generic_slsa3.yml")
    );
    assert_eq!(engine["pin"]["ref"], Value::Null, "one release proves no custom");

    let bolt = entry(&report, "bolt");
    assert_eq!(bolt["action"], "exempted");
    let digest = wheel("bolt", "0.6").build().sha256();
    assert_eq!(
        bolt["sha256"],
        serde_json::json!({ digest.clone(): "bolt-0.6-py3-none-any.whl" })
    );

    let text = read(&scene, POLICY);
    assert!(
        text.contains(&format!("\"{digest}\", # bolt-0.6-py3-none-any.whl")),
        "{text}"
    );
    assert!(text.contains("whose own metadata names this repository too"), "{text}");
    // What was written lets everything pass, and no package but these.
    let policy = format!("{text}\n[defaults]\nunpinned = \"deny\"\n");
    scene.write(POLICY, &policy);
    Run::of(scene.install(&["-r", "requirements.txt"])).exits(0);
    assert_eq!(scene.installed(), ["bolt-0.6", "engine-2.0.0", "rocket-1.2.0"]);
}

#[test]
fn init_again_changes_nothing_and_keeps_what_was_written_by_hand() {
    let scene = scene();
    init(&scene, &[])
        .exits(0)
        .says("2 new pins, 1 new exemption, 0 as before");
    let first = read(&scene, POLICY);
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!((&report["changed"], &report["written"]), (&false.into(), &false.into()));
    assert_eq!(read(&scene, POLICY), first);

    // A hand-written file in an order and layout of its own.
    let by_hand = "# our policy\n[exemptions]\n\n[packages.Rocket]   # the core\nrepository = 'github.com/acme/rocket' # since 2020\n\n# the end\n";
    scene.write(POLICY, by_hand);
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["action"], "pin-kept");
    assert_eq!(
        rocket["not_pinned"],
        serde_json::json!(["repository-id", "owner-id", "workflow", "environment"])
    );
    let text = read(&scene, POLICY);
    for line in by_hand.lines() {
        assert!(text.contains(line), "`{line}` is not in:\n{text}");
    }
    assert!(
        text.contains("[packages.engine]") && text.contains("[exemptions.bolt]"),
        "{text}"
    );
    assert_eq!(text.matches("ocket]").count(), 1, "no second entry:\n{text}");
}

#[test]
fn an_entry_without_a_repository_is_completed_and_keeps_its_keys() {
    let scene = scene();
    scene.write(POLICY, "[packages.rocket]\ntag = \"v{version}\" # ours\n");
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!(entry(&report, "rocket")["action"], "pinned");
    let text = read(&scene, POLICY);
    assert!(text.contains("tag = \"v{version}\" # ours\n"), "{text}");
    assert!(!text.contains("ref ="), "{text}");
    assert_eq!(
        text.matches("repository = \"github.com/acme/rocket\"").count(),
        1,
        "{text}"
    );
}

#[test]
fn what_differs_from_an_entry_is_said_and_not_overwritten() {
    let scene = scene();
    let digest = "0".repeat(64);
    let by_hand = format!(
        "[packages.rocket]\nrepository = \"github.com/acme/other\"\n\n[exemptions.bolt]\nversions = \"==0.5\"\nsha256 = [\"{digest}\"]\nreason = \"old\"\n"
    );
    scene.write(POLICY, &by_hand);
    let run = init(&scene, &["--format", "json"]).exits(1);
    let report = run.json();
    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["action"], "not-entered");
    assert_eq!(rocket["refusals"][0]["code"], "repository-mismatch");
    let bolt = entry(&report, "bolt");
    assert_eq!(bolt["action"], "not-entered");
    assert!(bolt["advice"].as_str().expect("advice").contains("for other versions"));
    let text = read(&scene, POLICY);
    for line in by_hand.lines() {
        assert!(text.contains(line), "`{line}` is not in:\n{text}");
    }
    assert!(text.contains("[packages.engine]"), "{text}");
    init(&scene, &[])
        .exits(1)
        .says("Not entered")
        .says("github.com/acme/other")
        .says("2 without an entry");
}

#[test]
fn a_repository_that_metadata_does_not_name_is_reported_and_not_pinned() {
    let stolen =
        Release::new(wheel("rocket", "1.0.0").build()).with(Evidence::pep740(Identity::github("mallory/rocket")));
    let scene = Scene::of([stolen]);
    scene.write("requirements.txt", "rocket\n");
    let report = init(&scene, &["--format", "json"]).exits(1).json();
    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["refusals"][0]["code"], "repository-differs-from-declared");
    assert_eq!(rocket["declared_repository"], "github.com/acme/rocket");
    assert!(
        !scene.directory.path().join(POLICY).exists(),
        "nothing was to be written"
    );
}

#[test]
fn a_repository_that_the_certificate_alone_names_is_pinned_and_marked() {
    let silent =
        Release::new(Wheel::builder("rocket", "1.0.0").build()).with(Evidence::pep740(identity("rocket", "1.0.0")));
    let scene = Scene::of([silent]);
    scene.write("requirements.txt", "rocket\n");
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!(entry(&report, "rocket")["trust"], "claimed");
    assert!(read(&scene, POLICY).contains("by its certificate alone: is this the project?"));
}

#[test]
fn a_repositorys_own_workflow_is_pinned_where_metadata_agrees() {
    let own = |project: WheelBuilder| {
        Release::new(project.build()).with(Evidence::github_attestation(identity("rocket", "1.0.0")))
    };
    let scene = Scene::of([own(wheel("rocket", "1.0.0"))]);
    scene.write("requirements.txt", "rocket\n");
    Run::of(scene.install(&["rocket", "--dry-run"]))
        .exits(1)
        .says("builder-not-pinned");
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    let rocket = entry(&report, "rocket");
    assert_eq!(
        (&rocket["action"], &rocket["trust"]),
        (&"pinned".into(), &"agreed".into())
    );
    assert_eq!(rocket["pin"]["evidence"], serde_json::json!(["build"]));
    Run::of(scene.install(&["rocket"])).exits(0);
}

#[test]
fn what_is_refused_for_another_reason_is_never_exempted() {
    let bad = Release::new(wheel("rocket", "1.0.0").build())
        .with(Evidence::pep740(identity("rocket", "1.0.0")))
        .faults(ReleaseFaults::tampered(&wheel("rocket", "1.0.0").build()));
    let scene = Scene::of([bad]);
    scene.write("requirements.txt", "rocket\n");
    let report = init(&scene, &["--format", "json"]).exits(1).json();
    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["action"], "not-entered");
    assert_eq!(rocket["refusals"][0]["code"], "digest-mismatch");
    assert!(!scene.directory.path().join(POLICY).exists());
}

/// `bolt` 0.6 with a wheel for another platform, each attested or not; and the policy that exempts both.
fn exempt_scene(this: bool, other: bool) -> (Scene, String) {
    let release = |builder: WheelBuilder, attested: bool| {
        let release = Release::new(builder.build());
        if attested {
            release.with(Evidence::pep740(identity("bolt", "0.6")))
        } else {
            release
        }
    };
    let elsewhere = || wheel("bolt", "0.6").tag("cp39-cp39-macosx_10_9_x86_64");
    let scene = Scene::of([release(wheel("bolt", "0.6"), this), release(elsewhere(), other)]);
    scene.write("requirements.txt", "bolt\n");
    let policy = format!(
        "# top\n\n# about packages\n[packages.bolt]\nrepository = \"github.com/acme/bolt\"\n\n# a section of exemptions\n\n# bolt has none yet\n[exemptions.bolt]\nversions = \"==0.6\" # the last one\nsha256 = [\"{}\", \"{}\"]\nreason = \"reviewed\"\n\n# old\n[exemptions.nut]\nversions = \"==1\"\nsha256 = [\"{}\"]\nreason = \"once\"\nexpires = 2020-01-01\n# end\n",
        wheel("bolt", "0.6").build().sha256(),
        elsewhere().build().sha256(),
        "1".repeat(64)
    );
    scene.write(POLICY, &policy);
    (scene, policy)
}

fn prune(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&[&["policy", "prune", "--format", "json"], words].concat()))
}

#[test]
fn an_exemption_is_dropped_when_every_file_that_it_names_is_attested() {
    let (scene, policy) = exempt_scene(true, true);
    let report = prune(&scene, &["-r", "requirements.txt", "--dry-run"]).exits(0).json();
    assert_eq!((&report["changed"], &report["written"]), (&true.into(), &false.into()));
    assert_eq!(read(&scene, POLICY), policy);
    let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
    assert_eq!(report["schema"], "slsa-pip/policy-prune/v1");
    assert_eq!(report["exemptions"][0]["fate"], "attested");
    assert_eq!(report["exemptions"][1]["fate"], "expired");
    assert_eq!(report["exemptions"][1]["dropped"], false);
    let text = read(&scene, POLICY);
    assert!(
        !text.contains("[exemptions.bolt]") && text.contains("[exemptions.nut]"),
        "{text}"
    );
    for kept in [
        "# top",
        "# about packages",
        "# a section of exemptions",
        "# old",
        "# end",
    ] {
        assert!(text.contains(kept), "{kept} is gone:\n{text}");
    }
    Run::of(scene.install(&["bolt"])).exits(0);
}

#[test]
fn an_exemption_stays_while_one_of_its_files_needs_it() {
    for (this, other, why) in [
        (false, true, "no-evidence"),
        (true, false, "is not attested: bolt-0.6-cp39"),
    ] {
        let (scene, policy) = exempt_scene(this, other);
        let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
        let bolt = &report["exemptions"][0];
        assert_eq!(bolt["fate"], "kept");
        assert!(bolt["why"].as_str().expect("a reason").contains(why), "{bolt}");
        assert_eq!(read(&scene, POLICY), policy);
    }
}

#[test]
fn expired_exemptions_are_dropped_on_request_without_a_request() {
    let (scene, _) = exempt_scene(false, false);
    scene.world.forget_requests();
    prune(&scene, &[]).exits(2).says("--expired");
    let report = prune(&scene, &["--expired"]).exits(0).json();
    assert_eq!(report["exemptions"][1]["dropped"], true);
    assert!(scene.world.requests().is_empty());
    let text = read(&scene, POLICY);
    assert!(
        !text.contains("nut") && text.contains("[exemptions.bolt]") && text.contains("# end"),
        "{text}"
    );
}
