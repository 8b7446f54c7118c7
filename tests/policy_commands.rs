//! `slsa-pip policy init` and `add` against the world on 127.0.0.1: what is written, what is not, and what stays.

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Identity, Release, ReleaseFaults, Wheel, WheelBuilder};

use crate::support::{Run, Scene};

pub(crate) const POLICY: &str = "slsa-pip.toml";

pub(crate) fn wheel(name: &str, version: &str) -> WheelBuilder {
    Wheel::builder(name, version).project_url("Source", &format!("https://github.com/acme/{name}"))
}

pub(crate) fn identity(name: &str, version: &str) -> Identity {
    Identity::github(&format!("acme/{name}"))
        .tag(&format!("v{version}"))
        .environment("publish")
}

pub(crate) fn published(name: &str, version: &str) -> Release {
    Release::new(wheel(name, version).build()).with(Evidence::pep740(identity(name, version)))
}

/// `rocket` with its history, which requires `engine` (built by the SLSA generator), which requires `bolt` (no provenance).
pub(crate) fn scene() -> Scene {
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

pub(crate) fn read(scene: &Scene, name: &str) -> String {
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

pub(crate) fn policy(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.command(&[&["policy"], words].concat());
    // None of these makes a request.
    Run::of(command.env("SLSA_PIP_OFFLINE", "1"))
}

#[test]
fn a_policy_in_pyproject_is_completed_there() {
    let scene = scene();
    let text =
        "[project]\nname = \"x\" # mine\n\n[tool.slsa-pip.defaults]\nunpinned = \"deny\"\n\n[tool.other]\na = 1\n";
    scene.write("pyproject.toml", text);
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!(report["policy"], "pyproject.toml");
    let written = read(&scene, "pyproject.toml");
    for line in text.lines() {
        assert!(written.contains(line), "`{line}` is not in:\n{written}");
    }
    assert!(written.contains("[tool.slsa-pip.packages.rocket]"), "{written}");
    assert!(written.contains("[tool.slsa-pip.exemptions.bolt]"), "{written}");
    assert!(!scene.directory.path().join(POLICY).exists());
    Run::of(scene.install(&["rocket"])).exits(0);
    assert_eq!(init(&scene, &["--format", "json"]).exits(0).json()["changed"], false);
}

#[test]
fn what_is_written_goes_where_it_was_asked_for_and_keeps_its_rights() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scene = scene();
    let path = |name: &str| scene.directory.path().join(name);
    init(&scene, &["--dry-run", "--output", "new.toml"])
        .exits(0)
        .says("Nothing was written")
        .says("It is for Python 3");
    assert!(!path("new.toml").exists());
    init(&scene, &["--output", "new.toml"]).exits(0);
    assert!(path("new.toml").exists() && !path(POLICY).exists());
    // A link stays one, and its file keeps its rights.
    scene.write("real.toml", "# ours\r\nversion = 1\r\n");
    std::fs::set_permissions(path("real.toml"), std::fs::Permissions::from_mode(0o640)).expect("set");
    symlink("real.toml", path(POLICY)).expect("linked");
    init(&scene, &[]).exits(0);
    assert!(path(POLICY).symlink_metadata().expect("there").is_symlink());
    assert_eq!(
        path("real.toml").metadata().expect("there").permissions().mode() & 0o777,
        0o640
    );
    let text = read(&scene, "real.toml");
    assert!(text.starts_with("# ours\r\nversion = 1\r\n"), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    let left: Vec<_> = std::fs::read_dir(scene.directory.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn add_enters_one_package_and_on_request_what_it_requires() {
    let scene = scene();
    let add = |words: &[&str]| Run::of(scene.command(&[&["policy", "add", "--format", "json"], words].concat()));
    let names = |report: &Value| -> Vec<String> {
        let entries = report["entries"].as_array().expect("entries").iter();
        entries
            .map(|entry| {
                format!(
                    "{}=={}",
                    entry["package"].as_str().unwrap(),
                    entry["version"].as_str().unwrap()
                )
            })
            .collect()
    };
    let report = add(&["rocket==1.1.0"]).exits(0).json();
    assert_eq!(names(&report), ["rocket==1.1.0"]);
    assert_eq!(report["entries"][0]["releases"], serde_json::json!(["1.0.0"]));
    assert!(!read(&scene, POLICY).contains("engine"));
    let report = add(&["rocket", "--with-dependencies"]).exits(0).json();
    assert_eq!(names(&report), ["engine==2.0.0", "rocket==1.2.0", "bolt==0.6"]);
    assert_eq!(report["entries"][1]["action"], "pin-kept");
    add(&[]).exits(2).says("slsa-pip policy add urllib3");
}

#[test]
fn an_exemption_names_all_wheels_on_request() {
    let elsewhere = || wheel("bolt", "0.6").tag("cp39-cp39-macosx_10_9_x86_64").build();
    let scene = Scene::of([Release::new(wheel("bolt", "0.6").build()), Release::new(elsewhere())]);
    scene.write("requirements.txt", "bolt\n");
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    assert_eq!(entry(&report, "bolt")["other_files"], 1);
    assert!(!read(&scene, POLICY).contains(&elsewhere().sha256()));
    init(&scene, &["--dry-run"]).exits(0).says("Left as it was");
    let report = init(&scene, &["--all-files", "--format", "json"]).exits(0).json();
    let digests = serde_json::json!({ elsewhere().sha256(): elsewhere().filename });
    assert_eq!(entry(&report, "bolt")["sha256"], digests, "the missing one is added");
    let text = read(&scene, POLICY);
    assert!(
        text.contains(&elsewhere().sha256()) && text.contains(&wheel("bolt", "0.6").build().sha256()),
        "{text}"
    );
    assert_eq!(
        init(&scene, &["--all-files", "--format", "json"]).exits(0).json()["changed"],
        false
    );
}

#[test]
fn what_could_not_be_looked_up_is_not_exempted() {
    use slsa_pip_test_world::Fault;
    let scene = Scene::of([Release::new(wheel("bolt", "0.6").build())]);
    scene.write("requirements.txt", "bolt\n");
    scene.world.fault("/integrity/bolt/", Fault::Status(500));
    let run = init(&scene, &["--format", "json", "--retries", "0"]).exits(1);
    let bolt = entry(&run.json(), "bolt");
    assert_eq!(bolt["action"], "not-entered");
    assert!(!bolt["unanswered"].as_array().expect("places").is_empty(), "{bolt}");
    let words = ["--retries", "0", "--no-cache-dir"];
    init(&scene, &words)
        .exits(1)
        .says("Neither pinned nor exempted")
        .says("--evidence dir,index")
        .says("Not written");
    assert!(!scene.directory.path().join(POLICY).exists());
    // Places that are never to be asked are switched off by name.
    scene.world.clear_faults();
    init(&scene, &["--evidence", "index"]).exits(0).says("1 new exemption");
    assert!(
        read(&scene, POLICY).contains("no provenance found as of 2"),
        "{}",
        read(&scene, POLICY)
    );
    assert!(
        read(&scene, POLICY).contains(" at index alone; not reviewed yet"),
        "{}",
        read(&scene, POLICY)
    );
}

#[test]
fn nothing_that_a_certificate_or_a_reason_says_becomes_toml() {
    let nasty = "e\"]\n[defaults]\nmode = \"warn\"\n#";
    let hostile = identity("rocket", "1.0.0").environment(nasty);
    let quoted = identity("engine", "1.0.0").environment("a\"b\\c # d");
    let scene = Scene::of([
        Release::new(wheel("rocket", "1.0.0").build()).with(Evidence::pep740(hostile)),
        Release::new(wheel("engine", "1.0.0").build()).with(Evidence::pep740(quoted)),
        Release::new(wheel("bolt", "0.6").build()),
    ]);
    scene.write("requirements.txt", "rocket\nengine\nbolt\n");
    let reason = "because \"\"\"\n[defaults]";
    let report = init(&scene, &["--format", "json", "--reason", reason]).exits(1).json();
    // The reader takes no control characters, so that there is no entry; the others are not lost with it.
    let rocket = entry(&report, "rocket");
    assert_eq!(rocket["action"], "not-entered", "{rocket}");
    assert!(
        rocket["advice"].as_str().expect("advice").contains("cannot be written"),
        "{rocket}"
    );
    assert_eq!(entry(&report, "bolt")["action"], "not-entered");
    assert_eq!(entry(&report, "engine")["action"], "pinned");
    let text = read(&scene, POLICY);
    assert!(!text.contains("[defaults]") && !text.contains("rocket"), "{text}");
    let explained = policy(&scene, &["explain", "engine", "--format", "json"])
        .exits(0)
        .json();
    let settings = explained["packages"][0]["settings"].as_array().expect("settings");
    assert!(
        settings.iter().any(|set| set["value"] == "\"a\\\"b\\\\c # d\""),
        "{explained}"
    );
}

#[test]
fn what_is_written_is_never_one_of_the_files_that_are_read() {
    let scene = scene();
    init(&scene, &["--output", "requirements.txt"])
        .exits(2)
        .says("would replace the requirements");
    assert_eq!(read(&scene, "requirements.txt"), "rocket\n");
    // A `pyproject.toml` without a policy gets one where it is named.
    scene.write("pyproject.toml", "[project]\nname = \"x\"\n");
    init(&scene, &["--output", "pyproject.toml"]).exits(0);
    let text = read(&scene, "pyproject.toml");
    assert!(
        text.starts_with("[project]\nname = \"x\"\n") && text.contains("[tool.slsa-pip.packages.rocket]"),
        "{text}"
    );
    policy(&scene, &["check"])
        .exits(0)
        .says("valid pyproject.toml: 2 packages, 0 groups, 1 exemption");
}

#[test]
fn earlier_releases_are_asked_for_where_the_present_one_was_found() {
    let built = |version: &str| {
        let tag = format!("engine-{version}");
        let evidence = Evidence::bundle_release(Identity::slsa_generator("acme/engine").tag(&tag), &tag);
        Release::new(wheel("engine", version).build()).with(evidence)
    };
    // `rocket` has its attestations at the index since 1.2 only.
    let scene = Scene::of([
        built("1.9.1"),
        built("2.0.0"),
        Release::new(wheel("rocket", "1.0.0").build()),
        Release::new(wheel("rocket", "1.1.0").build()),
        published("rocket", "1.2.0"),
    ]);
    scene.write("requirements.txt", "rocket\nengine\n");
    let report = init(&scene, &["--format", "json"]).exits(0).json();
    let engine = entry(&report, "engine");
    assert_eq!(engine["releases"], serde_json::json!(["1.9.1"]));
    assert_eq!(engine["pin"]["ref"], "refs/tags/engine-{version}");
    let rocket = entry(&report, "rocket");
    assert_eq!(
        (&rocket["action"], &rocket["releases"]),
        (&"pinned".into(), &Value::Null)
    );
    let asked = scene.world.request_count("acme/rocket");
    assert_eq!(asked, 0, "GitHub need not be asked for releases of `rocket`");
}

#[test]
fn what_earlier_releases_had_otherwise_is_said() {
    let moved = |version: &str, workflow: &str| {
        let identity = identity("rocket", version).workflow(workflow);
        Release::new(wheel("rocket", version).build()).with(Evidence::pep740(identity))
    };
    let scene = Scene::of([
        moved("1.0.0", ".github/workflows/old.yml"),
        moved("1.1.0", ".github/workflows/new.yml"),
    ]);
    scene.write("requirements.txt", "rocket\n");
    init(&scene, &[])
        .exits(0)
        .says("changed lately: 1.0.0 had workflow .github/workflows/old.yml, now .github/workflows/new.yml");
    assert!(read(&scene, POLICY).contains("workflow = \".github/workflows/new.yml\""));
}
