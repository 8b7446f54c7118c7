use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::{Release, Wheel};

use crate::install_requirements::release;
use crate::support::{Run, Scene, shared_python};

/// Wheels with every field of METADATA that the builder can write.
fn world() -> Scene {
    let wheel = Wheel::builder;
    Scene::of([
        release(
            wheel("rocket", "1.0")
                .requires_python(">=3.7")
                .requires("bolt>=1")
                .extra("fast")
                .requires("fuel; extra == 'fast'")
                .project_url("Documentation", "https://rocket.example/docs"),
        ),
        release(wheel("bolt", "1.0")).yanked("too short"),
        release(wheel("Fuel.Cell", "0.5")),
        release(wheel("fuel", "0.5").requires("fuel_cell")),
    ])
}

/// pip's own report on the same requirements, from the same index.
fn pips(scene: &Scene, python: &Path, words: &[&str]) -> Value {
    let report = scene.directory.path().join("pip.json");
    let mut command = Command::new(python);
    command.args([
        "-I",
        "-m",
        "pip",
        "--isolated",
        "install",
        "--dry-run",
        "--ignore-installed",
    ]);
    command.args(["--disable-pip-version-check", "--no-cache-dir", "--quiet", "--report"]);
    command
        .arg(&report)
        .arg("--index-url")
        .arg(scene.world.index_url())
        .args(words);
    let output = command.current_dir(scene.directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

/// Whether ours says everything that pip's does, in the same words; what it says besides is found in `more`.
fn assert_superset(ours: &Value, pips: &Value, place: &str) {
    match (ours, pips) {
        (Value::Object(ours), Value::Object(pips)) => {
            for (name, value) in pips {
                let own = ours.get(name);
                assert!(own.is_some(), "{place}.{name} is missing: {value}");
                assert_superset(own.unwrap(), value, &format!("{place}.{name}"));
            }
        }
        _ => assert_eq!(ours, pips, "{place}"),
    }
}

fn by_name(report: &Value) -> Vec<(String, Value)> {
    let items = report["install"].as_array().unwrap().iter();
    let mut items: Vec<_> = items
        .map(|item| (item["metadata"]["name"].as_str().unwrap().to_owned(), item.clone()))
        .collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items
}

#[test]
fn the_installation_report_says_what_pips_says_and_the_verdicts() {
    compare(shared_python());
}

/// Compares our report with that of this interpreter's pip.
pub(crate) fn compare(python: &Path) {
    let scene = world();
    let bolt = Wheel::builder("bolt", "1.0")
        .project_url("Source", "https://github.com/acme/parts")
        .build();
    std::fs::write(scene.directory.path().join(&bolt.filename), &bolt.bytes).unwrap();
    let path = format!("./{}", bolt.filename);
    for words in [vec!["rocket[fast]", "bolt==1.0"], vec!["rocket", &path, "--no-deps"]] {
        let to = scene.directory.path().join("ours.json");
        let mut command = scene.install(&["--dry-run", "--ignore-installed", "--report"]);
        let run = Run::of(command.arg(&to).args(&words).env("SLSA_PIP_PYTHON", python)).exits(0);
        assert_eq!(run.stdout, "");
        let ours: Value = serde_json::from_slice(&std::fs::read(&to).unwrap()).unwrap();
        let pips = pips(&scene, python, &words);
        for member in ["version", "pip_version", "environment"] {
            assert_eq!(ours[member], pips[member], "{member}");
        }
        let (own, theirs) = (by_name(&ours), by_name(&pips));
        let names = |items: &[(String, Value)]| items.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&own), names(&theirs));
        for ((name, ours), (_, pips)) in own.iter().zip(&theirs) {
            assert_superset(ours, pips, name);
            let more = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let added: Vec<String> = more(ours).into_iter().filter(|key| pips.get(key).is_none()).collect();
            // Of old pips, `is_yanked` is missing.
            assert!(
                added.iter().all(|key| key == "slsa_pip" || key == "is_yanked"),
                "{added:?}"
            );
            let verdict = &ours["slsa_pip"];
            assert_eq!(
                (&verdict["verdict"], &verdict["package"]),
                (&"verified".into(), &normalized(name).into())
            );
            assert_eq!(ours["is_yanked"], name == "bolt" && words.len() == 2);
            assert_eq!(
                ours["download_info"]["archive_info"]["hashes"]["sha256"],
                verdict["sha256"]
            );
        }
        assert_eq!(ours["slsa_pip"]["verdict"], "verified");
        assert_eq!(ours["slsa_pip"]["satisfied"], json!([]));
    }
}

fn normalized(name: &str) -> String {
    name.to_lowercase().replace('.', "-")
}

#[test]
fn the_installation_report_goes_where_pips_goes() {
    let scene = world();
    let run = Run::of(scene.install(&["bolt==1.0", "--report", "-"])).exits(0);
    assert_eq!(run.json()["install"][0]["metadata"]["name"], "bolt");
    assert_eq!(scene.installed(), ["bolt-1.0"]);
    // As with pip, a variable names it as well.
    let mut command = scene.install(&["fuel", "--dry-run"]);
    Run::of(command.env("PIP_REPORT", "by-variable.json")).exits(0);
    assert!(scene.directory.path().join("by-variable.json").exists());
    Run::of(scene.install(&["fuel", "--report", "-", "--format", "json"]))
        .exits(2)
        .says("`--report FILE`");
    Run::of(scene.install(&["fuel", "--report", "absent/report.json"]))
        .exits(2)
        .says("cannot be written to `absent/report.json`");
    assert_eq!(scene.installed(), ["bolt-1.0"]);
}

#[test]
fn there_is_no_installation_report_on_what_is_refused() {
    let scene = Scene::of([Release::new(Wheel::builder("rocket", "1.0").build())]);
    let to = scene.directory.path().join("report.json");
    Run::of(scene.install(&["rocket", "--report"]).arg(&to)).exits(1);
    assert!(!Path::new(&to).exists());
}
