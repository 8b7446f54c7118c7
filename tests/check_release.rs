//! A release of two wheels, an archive, and the generator's provenance for all of them.

use serde_json::Value;
use slsa_pip_test_world::statement::Subject;
use slsa_pip_test_world::{Identity, Predicate, Signing, Wheel};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";

struct Plan {
    scene: Scene,
    wheels: [Wheel; 2],
}

fn identity() -> Identity {
    Identity::slsa_generator(REPOSITORY).tag("v1.2.0")
}

impl Plan {
    fn new() -> Self {
        let wheel = |tag: &str| Wheel::builder("rocket", "1.2.0").tag(tag).build();
        let wheels = [wheel("py3-none-any"), wheel("cp312-cp312-manylinux_2_28_x86_64")];
        let scene = Scene::of([]);
        for wheel in &wheels {
            std::fs::write(scene.directory.path().join(&wheel.filename), &wheel.bytes).unwrap();
        }
        scene.write("rocket-1.2.0.tar.zst", "an archive");
        Self { scene, wheels }
    }

    fn subjects(&self) -> Vec<Subject> {
        let archive = Subject::of("rocket-1.2.0.tar.zst", b"an archive");
        let wheels = self
            .wheels
            .iter()
            .map(|wheel| Subject::of(&wheel.filename, &wheel.bytes));
        wheels.chain([archive]).collect()
    }

    /// Writes the provenance of these subjects.
    fn sign(&self, name: &str, identity: Identity, subjects: Vec<Subject>) {
        // A repository's own workflow writes v1, the generator v0.2.
        let own = identity.builder.is_none();
        let predicate = if own { Predicate::SlsaV1 } else { Predicate::SlsaV02 };
        let signing = Signing::new(identity, predicate).subjects(subjects);
        let signed = self.scene.world.sign(&self.wheels[0], &signing);
        self.scene.write(name, &format!("{}\n", signed.bundle_v03()));
    }

    fn files(&self) -> Vec<&str> {
        let wheels = self.wheels.iter().map(|wheel| wheel.filename.as_str());
        wheels.chain(["rocket-1.2.0.tar.zst"]).collect()
    }

    fn check(&self, files: &[&str], words: &[&str]) -> Run {
        let mut command = self.scene.command(&["check-release"]);
        command.args(files).args(["--provenance", "multiple.intoto.jsonl"]);
        command
            .args(["--repository", REPOSITORY, "--tag", "v1.2.0"])
            .args(words);
        Run::of(&mut command)
    }
}

fn problems(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().unwrap().iter();
    problems.map(|problem| problem["code"].as_str().unwrap()).collect()
}

#[test]
fn a_complete_release_is_ready_and_shows_what_users_can_pin() {
    let plan = Plan::new();
    plan.sign("multiple.intoto.jsonl", identity(), plan.subjects());
    let run = plan.check(&plan.files(), &[]).exits(0);
    let run = run.says("The release is complete, and verifies as its users will verify it.");
    run.says("[packages.rocket]").says("ref = \"refs/tags/v{version}\"");

    let report = plan.check(&plan.files(), &["--format", "json"]).exits(0).json();
    assert_eq!(report["schema"], "slsa-pip/check-release/v1");
    assert_eq!((&report["verdict"], problems(&report).len()), (&"verified".into(), 0));
    assert_eq!(report["files"].as_array().unwrap().len(), 3);

    // The lines are what they claim to be: with them, and a policy that denies what is not pinned, the wheel passes.
    let pins = report["pins"].as_str().unwrap();
    plan.scene
        .write("slsa-pip.toml", &format!("[defaults]\nunpinned = \"deny\"\n\n{pins}"));
    let wheel = plan.wheels[0].filename.as_str();
    let words = ["verify", wheel, "--provenance", "multiple.intoto.jsonl"];
    Run::of(&mut plan.scene.command(&words)).exits(0);
}

#[test]
fn what_is_missing_renamed_changed_or_named_twice_is_told_at_once() {
    let plan = Plan::new();
    let mut subjects = plan.subjects();
    subjects.push(Subject::of("rocket-1.2.0.sbom.json", b"forgotten"));
    subjects.push(Subject::of("notes.txt", b"other bytes"));
    plan.scene.write("notes.txt", "notes");
    plan.scene.write("renamed.tar.zst", "an archive");
    plan.sign("multiple.intoto.jsonl", identity(), subjects);
    let mut files = plan.files();
    files.retain(|file| *file != "rocket-1.2.0.tar.zst");
    files.extend(["renamed.tar.zst", "notes.txt", "./renamed.tar.zst"]);
    let report = plan.check(&files, &["--format", "json"]).exits(1).json();
    assert_eq!(report["verdict"], "refused");
    assert_eq!(
        problems(&report),
        [
            "file-named-twice",
            "subject-renamed",
            "subject-missing",
            "subject-differs"
        ]
    );
    // The bytes that nobody vouches for are refused as well.
    let files_of = report["files"].as_array().unwrap().iter();
    let refused: Vec<&str> = files_of
        .filter(|file| file["verdict"] == "refused")
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(refused, ["notes.txt"]);
    plan.check(&files, &[])
        .exits(1)
        .says("[subject-missing]")
        .says("Do not publish this release.");
}

#[test]
fn a_file_without_a_subject_is_refused() {
    let plan = Plan::new();
    let mut subjects = plan.subjects();
    subjects.remove(1);
    plan.sign("multiple.intoto.jsonl", identity(), subjects);
    let run = plan.check(&plan.files(), &["--format", "json"]).exits(1);
    assert_eq!(run.codes(), ["digest-mismatch"]);
    assert!(problems(&run.json()).is_empty());
}

#[test]
fn another_repository_tag_or_version_is_refused_as_users_would() {
    for (identity, code) in [
        (
            Identity::slsa_generator("evil/rocket").tag("v1.2.0"),
            "repository-mismatch",
        ),
        (identity().tag("v1.2.1"), "tag-mismatch"),
        (identity().reference("refs/heads/main"), "not-a-tag"),
    ] {
        let plan = Plan::new();
        plan.sign("multiple.intoto.jsonl", identity, plan.subjects());
        let codes = plan.check(&plan.files(), &["--format", "json"]).exits(1).codes();
        assert_eq!(codes, [code; 3]);
    }
    // A tag that is there, and a file of another version.
    let plan = Plan::new();
    let stray = Wheel::builder("rocket", "1.3.0").build();
    std::fs::write(plan.scene.directory.path().join(&stray.filename), &stray.bytes).unwrap();
    let subjects = vec![Subject::of(&stray.filename, &stray.bytes)];
    plan.sign("multiple.intoto.jsonl", identity(), subjects);
    let codes = plan.check(&[&stray.filename], &["--format", "json"]).exits(1).codes();
    assert_eq!(codes, ["versioned-tag-mismatch"]);
}

#[test]
fn identities_that_no_pin_fits_are_a_problem_and_odd_tags_a_note() {
    let plan = Plan::new();
    let subjects = plan.subjects();
    let own = |workflow: &str| {
        let path = format!(".github/workflows/{workflow}");
        Identity::github(REPOSITORY).tag("v1.2.0").workflow(&path)
    };
    plan.sign(
        "multiple.intoto.jsonl",
        own("release.yml"),
        vec![subjects[0].clone(), subjects[2].clone()],
    );
    plan.sign("more.intoto.jsonl", own("wheels.yml"), vec![subjects[1].clone()]);
    let words = ["--provenance", "more.intoto.jsonl", "--format", "json"];
    let report = plan.check(&plan.files(), &words).exits(1).json();
    assert_eq!(problems(&report), ["identities-differ"], "{report:#}");
    let files = report["files"].as_array().unwrap().iter();
    assert!(files.clone().all(|file| file["verdict"] == "verified"), "{report:#}");

    let plan = Plan::new();
    let odd = identity().tag("v1.2");
    plan.sign("multiple.intoto.jsonl", odd, plan.subjects());
    let mut command = plan.scene.command(&["check-release"]);
    command
        .args(plan.files())
        .args(["--provenance", "multiple.intoto.jsonl"]);
    command.args(["--repository", REPOSITORY, "--tag", "v1.2", "--format", "json"]);
    let report = Run::of(&mut command).exits(0).json();
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.contains("does not hold the version"), "{note}");
    assert!(!report["pins"].as_str().unwrap().contains("ref ="));
}

#[test]
fn what_cannot_be_used_is_an_error_with_a_hint() {
    let plan = Plan::new();
    let mut command = plan
        .scene
        .command(&["check-release", "absent.whl", "--provenance", "absent.jsonl"]);
    command.args(["--repository", "not a repository", "--tag", "v1"]);
    Run::of(&mut command)
        .exits(2)
        .says("`--repository github.com/OWNER/NAME`");
    let mut command = plan
        .scene
        .command(&["check-release", "absent.whl", "--provenance", "absent.jsonl"]);
    command.args(["--repository", REPOSITORY, "--tag", "v1"]);
    Run::of(&mut command).exits(2).says("absent.whl").says("absent.jsonl");
}
