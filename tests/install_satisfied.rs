use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use slsa_pip_test_world::{Fault, Wheel};

use crate::install_requirements::release;
use crate::support::{Run, Scene, freeze, site_packages, venv};

/// A world with two versions of everything, and an environment of its own.
struct Installed {
    scene: Scene,
    python: PathBuf,
}

impl Installed {
    /// With `rocket 1.0` and `bolt 1.0`, which it requires, installed.
    fn new() -> Self {
        let wheel = Wheel::builder;
        let scene = Scene::of([
            release(wheel("rocket", "1.0").requires("bolt>=1")),
            release(wheel("rocket", "2.0").requires("bolt>=1")),
            release(wheel("rocket", "3.0").requires("bolt>=2")),
            release(wheel("bolt", "1.0")),
            release(wheel("bolt", "2.0")),
            release(wheel("fuel", "0.5").requires("bolt>=1")),
        ]);
        let python = venv(scene.directory.path());
        let installed = Self { scene, python };
        Run::of(installed.install(&["rocket==1.0", "bolt==1.0"])).exits(0);
        assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==1.0"]);
        installed.scene.world.forget_requests();
        installed
    }

    fn install(&self, words: &[&str]) -> Command {
        let mut command = self.scene.command(&["install"]);
        command.args(words).env("SLSA_PIP_PYTHON", &self.python);
        command
    }

    fn freeze(&self) -> Vec<String> {
        freeze(&self.python).lines().map(str::to_owned).collect()
    }

    fn site_packages(&self) -> PathBuf {
        site_packages(&self.scene.directory.path().join("venv"))
    }
}

/// The packages and versions of one member of a report.
fn listed(report: &Value, member: &str) -> Vec<String> {
    let items = report[member].as_array().unwrap().iter();
    let name = |item: &Value| {
        format!(
            "{}-{}",
            item["package"].as_str().unwrap(),
            item["version"].as_str().unwrap()
        )
    };
    items.map(name).collect()
}

#[test]
fn what_is_installed_and_fits_is_left_alone_without_a_single_request() {
    let installed = Installed::new();
    let place = installed.site_packages();
    let run = Run::of(installed.install(&["rocket"])).exits(0);
    for (requirement, by, version) in [("rocket", "", "1.0"), ("bolt>=1", " (from rocket)", "1.0")] {
        let line = format!(
            "Requirement already satisfied: {requirement} in {}{by} ({version})",
            place.display()
        );
        assert!(run.stderr.contains(&line), "`{line}` is not in:\n{}", run.stderr);
    }
    assert!(run.stderr.contains("not verified by this run"), "{}", run.stderr);
    let run = Run::of(installed.install(&["rocket>=1", "--format", "json"])).exits(0);
    let report = run.json();
    assert_eq!(report["verdict"], "nothing-to-verify");
    assert_eq!(
        (&report["installed"], &report["trusted_root"]),
        (&false.into(), &Value::Null)
    );
    assert_eq!(listed(&report, "satisfied"), ["bolt-1.0", "rocket-1.0"]);
    for item in report["satisfied"].as_array().unwrap() {
        assert_eq!(item["verified"], false);
        assert_eq!(item["location"], place.to_str().unwrap());
    }
    assert_eq!(report["satisfied"][0]["required_by"], serde_json::json!(["rocket"]));
    // Nothing is asked: neither an index nor a place of provenance, nor the repository of a trusted root.
    let unreachable = "http://127.0.0.1:9/";
    let mut command = installed.install(&["rocket", "--provenance", "http://127.0.0.1:9/proof"]);
    command
        .env_remove("SLSA_PIP_TRUSTED_ROOT")
        .env("PIP_INDEX_URL", unreachable)
        .env("SLSA_PIP_TUF_URL", unreachable)
        .env("SLSA_PIP_TUF_ROOT", start_root(&installed.scene));
    Run::of(command).exits(0);
    assert_eq!(installed.scene.world.requests().len(), 0);
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==1.0"]);
}

/// The start root of a repository that is not there.
fn start_root(scene: &Scene) -> PathBuf {
    let root = slsa_pip_test_world::TufRepository::new(1, 0, "{}").start_root();
    scene.world.write("start.json", root).unwrap()
}

#[test]
fn only_what_is_missing_is_fetched_and_the_report_tells_both() {
    let installed = Installed::new();
    let report = Run::of(installed.install(&["fuel", "--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(listed(&report, "files"), ["fuel-0.5"]);
    assert_eq!(listed(&report, "satisfied"), ["bolt-1.0"]);
    assert_eq!(installed.scene.world.request_count("/files/bolt"), 0);
    assert_eq!(installed.freeze(), ["bolt==1.0", "fuel==0.5", "rocket==1.0"]);
}

#[test]
fn extras_of_what_is_installed_bring_what_they_require() {
    let installed = Installed::new();
    let wheel = Wheel::builder("station", "1.0").extra("crew");
    let wheel = wheel.requires("fuel ; extra == 'crew'");
    installed.scene.world.publish(release(wheel));
    Run::of(installed.install(&["station"])).exits(0);
    let report = Run::of(installed.install(&["station[crew,pets]", "--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(listed(&report, "files"), ["fuel-0.5"]);
    assert_eq!(listed(&report, "satisfied"), ["bolt-1.0", "station-1.0"]);
    let notes = report["notes"].as_array().unwrap();
    let told = |note: &Value| note == "station 1.0 has no extra `pets`";
    assert!(notes.iter().any(told), "{notes:?}");
}

#[test]
fn a_version_that_does_not_fit_is_replaced_and_a_dependency_only_if_it_must() {
    let installed = Installed::new();
    Run::of(installed.install(&["rocket>=2,<3"])).exits(0);
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==2.0"]);
    Run::of(installed.install(&["rocket==3.0"])).exits(0);
    assert_eq!(installed.freeze(), ["bolt==2.0", "rocket==3.0"]);
}

#[test]
fn what_no_longer_fits_together_is_told_as_pip_tells_it() {
    let installed = Installed::new();
    Run::of(installed.install(&["rocket==3.0"])).exits(0);
    let conflict = "rocket 3.0 requires bolt>=2, but you have bolt 1.0 which is incompatible.";
    Run::of(installed.install(&["bolt==1.0"])).exits(0).says(conflict);
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==3.0"]);
    for silent in ["--no-warn-conflicts", "--no-deps"] {
        Run::of(installed.install(&["bolt==2.0"])).exits(0);
        let run = Run::of(installed.install(&["bolt==1.0", silent])).exits(0);
        assert!(!run.stderr.contains("incompatible"), "{silent}: {}", run.stderr);
    }
}

#[test]
fn a_download_takes_everything_whatever_is_installed() {
    let installed = Installed::new();
    let kept = installed.scene.directory.path().join("kept");
    let mut command = installed
        .scene
        .command(&["download", "rocket==1.0", "--format", "json", "--dest"]);
    command.arg(&kept).env("SLSA_PIP_PYTHON", &installed.python);
    let report = Run::of(command).exits(0).json();
    assert_eq!(listed(&report, "files"), ["bolt-2.0", "rocket-1.0"]);
    assert!(kept.join("bolt-2.0-py3-none-any.whl").exists());
    assert!(report["timings"]["resolve"].is_u64(), "{}", report["timings"]);
}

#[test]
fn upgrades_follow_their_strategy() {
    let installed = Installed::new();
    let would = |words: &[&str]| {
        let words = [&["--dry-run", "--format", "json"], words].concat();
        listed(&Run::of(installed.install(&words)).exits(0).json(), "files")
    };
    assert_eq!(would(&["rocket<3", "-U"]), ["rocket-2.0"]);
    assert_eq!(
        would(&["rocket<3", "-U", "--upgrade-strategy", "eager"]),
        ["bolt-2.0", "rocket-2.0"]
    );
    assert_eq!(would(&["rocket", "--upgrade"]), ["bolt-2.0", "rocket-3.0"]);
    assert_eq!(would(&["rocket<3", "bolt", "-U"]), ["bolt-2.0", "rocket-2.0"]);
    assert_eq!(would(&["rocket", "--force-reinstall"]), ["bolt-2.0", "rocket-3.0"]);
    assert_eq!(would(&["rocket", "--ignore-installed"]), ["bolt-2.0", "rocket-3.0"]);
    assert_eq!(would(&["rocket", "--force-reinstall", "--no-deps"]), ["rocket-3.0"]);
    let run = Run::of(installed.install(&["rocket<3", "-U", "--upgrade-strategy", "sometimes"])).exits(2);
    assert!(run.stderr.contains("sometimes"), "{}", run.stderr);
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==1.0"]);
    Run::of(installed.install(&["rocket<3", "-U"])).exits(0);
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==2.0"]);
}

#[test]
fn verify_installed_compares_what_is_there_with_the_verified_wheels() {
    let installed = Installed::new();
    let words = ["rocket", "--verify-installed", "--format", "json"];
    let report = Run::of(installed.install(&words)).exits(0).json();
    // In the versions that are installed, although there are newer ones.
    assert_eq!(listed(&report, "files"), ["bolt-1.0", "rocket-1.0"]);
    assert_eq!(report["satisfied"], serde_json::json!([]));
    assert_eq!(report["verdict"], "verified");
    assert_eq!(installed.freeze(), ["bolt==1.0", "rocket==1.0"]);

    let planted = installed.site_packages().join("bolt/__init__.py");
    std::fs::write(&planted, "planted = True\n").unwrap();
    Run::of(installed.install(&["rocket"])).exits(0);
    Run::of(installed.install(&["rocket", "--verify-installed"]))
        .exits(2)
        .says("bolt 1.0 is installed already, but not from the verified file")
        .says("--force-reinstall");
    Run::of(installed.install(&["bolt==1.0", "--force-reinstall", "--no-deps"])).exits(0);
    assert_ne!(std::fs::read_to_string(&planted).unwrap(), "planted = True\n");
    Run::of(installed.install(&words)).exits(0);
    // Without provenance there is no verdict on it.
    installed.scene.world.fault("/integrity/bolt", Fault::Status(404));
    installed.scene.world.fault("/github", Fault::Status(404));
    assert!(Path::new(&planted).exists());
    let run = Run::of(installed.install(&[&words[..], &["--no-cache-dir"]].concat())).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
}
