use std::path::PathBuf;
use std::process::Command;

use crate::support::{Run, data, folder, freeze, slsa_pip, venv};

/// `slsa-pip install … --provenance-dir <real provenance>` in a fresh environment.
struct Fresh {
    directory: tempfile::TempDir,
    python: PathBuf,
}

impl Fresh {
    fn new() -> Self {
        let directory = folder();
        let python = venv(directory.path());
        Self { directory, python }
    }

    fn install(&self, words: &[&str]) -> Command {
        let mut command = slsa_pip(self.directory.path());
        command
            .args(["install", "--provenance-dir"])
            .arg(data("pep740"))
            .args(words)
            .env("SLSA_PIP_PYTHON", &self.python)
            .env(
                "SLSA_PIP_TRUSTED_ROOT",
                data("trusted-roots/public-good.trusted_root.json"),
            )
            .env_remove("SLSA_PIP_OFFLINE");
        command
    }
}

#[test]
fn a_real_wheel_is_resolved_downloaded_verified_and_installed() {
    let fresh = Fresh::new();
    Run::of(&mut fresh.install(&["abi3info==2024.10.8"]))
        .exits(0)
        .says("verified abi3info-2024.10.8-py3-none-any.whl")
        .says("b0236c670778")
        .says("github.com/woodruffw/abi3info")
        .says("refs/tags/v2024.10.08")
        .says("release.yml")
        .says("138157179")
        .says("2024-10-08T20:17:29Z");
    assert_eq!(freeze(&fresh.python), "abi3info==2024.10.8\n");
}

#[test]
fn a_dependency_without_provenance_refuses_everything_until_the_printed_lines_exempt_it() {
    let fresh = Fresh::new();
    let refused = Run::of(&mut fresh.install(&["sampleproject==4.0.0"]))
        .exits(1)
        .says("verified sampleproject-4.0.0-py3-none-any.whl")
        .says("Refused `peppercorn==0.6`")
        .says("required by sampleproject")
        .says("searched:")
        .says("Nothing was installed.");
    assert_eq!(freeze(&fresh.python), "");

    // The lines as a user would paste them.
    let lines: Vec<&str> = refused
        .stderr
        .lines()
        .skip_while(|line| !line.contains("[exemptions.peppercorn]"))
        .take(4)
        .map(str::trim)
        .collect();
    std::fs::write(fresh.directory.path().join("slsa-pip.toml"), lines.join("\n")).unwrap();
    Run::of(&mut fresh.install(&["sampleproject==4.0.0"]))
        .exits(0)
        .says("exempt peppercorn-0.6");
    assert_eq!(freeze(&fresh.python), "peppercorn==0.6\nsampleproject==4.0.0\n");
}

#[test]
fn requirements_files_pins_and_dry_runs_hold_on_real_files() {
    let fresh = Fresh::new();
    let write = |name: &str, content: &str| std::fs::write(fresh.directory.path().join(name), content).unwrap();
    write("requirements.txt", "abi3info==2024.10.8\n");
    write(
        "slsa-pip.toml",
        "[packages.abi3info]\nrepository = \"github.com/evil/abi3info\"\n",
    );
    let run = Run::of(fresh.install(&["-r", "requirements.txt", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), ["repository-mismatch"]);
    let refusal = run.json()["files"][0]["refusals"][0].clone();
    assert_eq!(refusal["expected"], "github.com/evil/abi3info");
    assert_eq!(refusal["found"], "github.com/woodruffw/abi3info");

    write(
        "slsa-pip.toml",
        "[packages.abi3info]\nrepository = \"github.com/woodruffw/abi3info\"\n",
    );
    Run::of(&mut fresh.install(&["-r", "requirements.txt", "--dry-run"]))
        .exits(0)
        .says("pinned by slsa-pip.toml: [packages.abi3info]");
    assert_eq!(freeze(&fresh.python), "");
    Run::of(&mut fresh.install(&["-r", "requirements.txt"])).exits(0);
    assert_eq!(freeze(&fresh.python), "abi3info==2024.10.8\n");
}

#[test]
fn hostile_configuration_of_pip_has_no_effect_on_real_installs() {
    let fresh = Fresh::new();
    let planted = folder();
    let wheel = slsa_pip_test_world::Wheel::builder("abi3info", "9999.1").build();
    std::fs::write(planted.path().join(&wheel.filename), &wheel.bytes).unwrap();
    let config = fresh.directory.path().join("pip.conf");
    let install = |text: &str| {
        std::fs::write(&config, text).unwrap();
        let mut command = fresh.install(&["abi3info==2024.10.8"]);
        command
            .env("PIP_FIND_LINKS", planted.path())
            .env("PIP_CONFIG_FILE", &config)
            .env("PIP_NO_DEPS", "0");
        Run::of(command)
    };
    // What decides about the choice means what it means to pip: here that there is nothing to choose.
    install("[install]\nno-binary = :all:\n")
        .exits(2)
        .says("`--no-binary` excludes its wheels");
    assert_eq!(freeze(&fresh.python), "");
    install("[install]\nignore-requires-python = true\n[global]\nno-index = false\n").exits(0);
    assert_eq!(freeze(&fresh.python), "abi3info==2024.10.8\n");
}
