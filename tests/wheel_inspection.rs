use serde_json::{Value, json};
use slsa_pip_test_world::malformed::{self, Case};
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene, folder, slsa_pip};

const PIN: &str = "[packages.acme]\nrepository = \"github.com/acme/acme\"\n";

fn case(name: &str) -> Case {
    let mut all = malformed::bad().into_iter().chain(malformed::good());
    all.find(|case| case.name == name).expect(name)
}

/// The wheel as its own project has signed and published it.
fn wheel(case: &Case) -> Wheel {
    Wheel {
        filename: case.filename.clone(),
        bytes: case.bytes.clone(),
        metadata: "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n".to_owned(),
        ..Wheel::builder("acme", "1.0").build()
    }
}

fn signed(case: &Case) -> Scene {
    let evidence = Evidence::pep740(Identity::github("acme/acme"));
    let scene = Scene::of([Release::new(wheel(case)).with(evidence)]);
    scene.write("slsa-pip.toml", PIN);
    scene
}

#[track_caller]
fn refused(scene: &Scene) -> Run {
    let run = Run::of(scene.install(&["--format", "json", "acme"])).exits(1);
    assert_eq!(run.json()["verdict"], "refused");
    assert_eq!(scene.installed(), Vec::<String>::new());
    run
}

#[test]
fn a_proof_does_not_help_a_wheel_that_is_not_what_it_seems() {
    for name in [
        "a file that the directory does not list",
        "another name in front of the file",
        "bytes behind compressed data",
        "a symbolic link",
        "names that differ in case",
        "metadata of another distribution for a place",
        "another tag",
        "a file that is not listed",
        "a listed file outside",
        "another digest",
        "a place that nobody knows",
        "a script that leads out",
    ] {
        let case = case(name);
        assert_eq!(refused(&signed(&case)).codes(), case.codes, "{name}");
    }
}

#[test]
fn all_defects_are_told_at_once_and_name_the_file() {
    let run = refused(&signed(&case("an offset where no file begins")));
    assert_eq!(run.codes(), ["wheel-header-mismatch", "wheel-hidden-data"]);
    let report = run.json();
    let refusal = &report["files"][0]["refusals"][0];
    assert_eq!(refusal["rule"], "G1");
    assert_eq!(refusal["package"], "acme");
    let summary = refusal["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("the wheel is not what it seems: `acme/data.txt`: "),
        "{summary}"
    );
}

#[test]
fn neither_an_exemption_nor_a_warning_lets_it_pass() {
    let case = case("a listed file that is missing");
    let wheel = wheel(&case);
    let exemption = format!(
        "[exemptions.acme]\nversions = \"==1.0\"\nsha256 = [\"{}\"]\nreason = \"reviewed\"\n",
        wheel.sha256()
    );
    for policy in [&exemption, "[defaults]\nmode = \"warn\"\n"] {
        let scene = Scene::of([Release::new(wheel.clone())]);
        scene.write("slsa-pip.toml", policy);
        assert_eq!(refused(&scene).codes(), case.codes, "{policy}");
    }
}

#[test]
fn odd_wheels_that_are_sound_are_installed_by_pip() {
    for name in [
        "sizes behind the files",
        "a signed list",
        "all places",
        "a long end alone",
    ] {
        let scene = signed(&case(name));
        Run::of(scene.install(&["acme"])).exits(0);
        assert_eq!(scene.installed(), ["acme-1.0"], "{name}");
    }
}

#[test]
fn what_runs_without_being_imported_is_shown() {
    let scene = signed(&case("a file that Python runs at its start"));
    let words = ["--dry-run", "acme"];
    Run::of(scene.install(&words)).exits(0).says("pth-file: acme.pth");
    let run = Run::of(scene.install(&["--format", "json", "--dry-run", "acme"])).exits(0);
    let expected = json!({
        "files": 6,
        "unpacked": run.json()["files"][0]["wheel"]["unpacked"],
        "notes": [{"kind": "pth-file", "count": 1, "names": ["acme.pth"]}],
    });
    assert_eq!(run.json()["files"][0]["wheel"], expected);
}

#[test]
fn inspect_says_what_is_inside() {
    let findings = |name: &str| -> (Value, String) {
        let (directory, case) = (folder(), case(name));
        std::fs::write(directory.path().join(&case.filename), &case.bytes).unwrap();
        let inspect = |words: &[&str]| {
            let mut command = slsa_pip(directory.path());
            command.arg("inspect").args(words).arg(&case.filename);
            // There is no provenance beside it.
            Run::of(command).exits(1)
        };
        let document = inspect(&["--format", "json"]).json();
        (document["artifact"]["wheel"].clone(), inspect(&[]).stderr)
    };
    let (json, text) = findings("bytes between two files");
    assert_eq!(json["contents"], Value::Null);
    assert_eq!(
        json["defects"],
        json!([{
            "code": "wheel-hidden-data",
            "path": "acme/__init__.py",
            "problem": "bytes that belong to no file follow it",
            "expected": null,
            "found": "4 bytes",
        }])
    );
    let line =
        "malformed    `acme/__init__.py`: bytes that belong to no file follow it (found 4 bytes) [wheel-hidden-data]";
    assert!(text.contains(line), "{text}");
    let (json, text) = findings("all places");
    assert_eq!(json["defects"], json!([]));
    assert_eq!(json["contents"]["files"], 9);
    for line in [
        "9 files, ",
        "script: acme",
        "data-file: acme-1.0.data/data/share/acme.txt",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn the_document_explains_every_code() {
    let document = include_str!("../docs/wheels.md");
    let codes = slsa_pip_verify::Code::ALL.iter().map(|code| code.as_str());
    for code in codes.filter(|code| code.starts_with("wheel-")) {
        assert!(document.contains(&format!("| `{code}` | ")), "{code}");
    }
}

#[test]
fn policy_may_refuse_what_runs_at_every_start() {
    let scene = signed(&case("a file that Python runs at its start"));
    scene.write("slsa-pip.toml", &format!("{PIN}[defaults]\nstartup-files = \"deny\"\n"));
    let run = refused(&scene);
    assert_eq!(run.codes(), ["wheel-startup-file"]);
    let refusal = run.json()["files"][0]["refusals"][0].clone();
    assert_eq!(refusal["found"], "pth-file: acme.pth");
    assert!(
        refusal["expected"].as_str().unwrap().contains("slsa-pip.toml"),
        "{refusal}"
    );
    scene.write(
        "slsa-pip.toml",
        &format!("{PIN}startup-files = \"allow\"\n[defaults]\nstartup-files = \"deny\"\n"),
    );
    Run::of(scene.install(&["acme"])).exits(0).says("pth-file: acme.pth");
    // A wheel that has none does not mind.
    let scene = signed(&case("as most tools write it"));
    scene.write("slsa-pip.toml", &format!("{PIN}startup-files = \"deny\"\n"));
    Run::of(scene.install(&["acme"])).exits(0);
}

/// The attack: what Python imports at every start, by a way around the packages' own folder.
#[test]
fn startup_files_are_denied_wherever_a_wheel_puts_them() {
    for file in [
        "acme-1.0.data/data/lib/python3.12/site-packages/sitecustomize.py",
        "acme-1.0.data/data/lib/python3.12/site-packages/usercustomize/__init__.py",
        "acme-1.0.data/data/Lib/SiteCustomize.pyc",
        "acme-1.0.data/purelib/sitecustomize.py",
        // pip replaces the environment's own.
        "acme-1.0.data/data/pyvenv.cfg",
        "acme-1.0.data/data/python312._pth",
        // Windows leaves dots at the end out.
        "acme.pth.",
        "sitecustomize.py.",
    ] {
        let wheel = Wheel::builder("acme", "1.0")
            .file("acme/__init__.py", "")
            .file(file, "");
        let evidence = Evidence::pep740(Identity::github("acme/acme"));
        let scene = Scene::of([Release::new(wheel.build()).with(evidence)]);
        scene.write("slsa-pip.toml", &format!("{PIN}startup-files = \"deny\"\n"));
        assert_eq!(refused(&scene).codes(), ["wheel-startup-file"], "{file}");
    }
}
