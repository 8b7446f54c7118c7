use std::path::Path;
use std::process::Command;

use crate::support::{Run, folder, freeze, shared_python, slsa_pip, venv};

fn passed(directory: &Path, python: &Path, words: &[&str]) -> Command {
    let mut command = slsa_pip(directory);
    command.args(words).env("SLSA_PIP_PYTHON", python);
    command
}

#[test]
fn commands_that_install_nothing_are_pips_own_with_its_exit_code() {
    let directory = folder();
    let run = |words: &[&str]| Run::of(passed(directory.path(), shared_python(), words));
    let version = run(&["pip", "--version"]).exits(0).stdout;
    assert!(version.starts_with("pip "), "{version}");
    assert!(run(&["list", "--format", "json"]).exits(0).stdout.starts_with('['));
    assert!(run(&["show", "pip"]).exits(0).stdout.contains("Name: pip\n"));
    assert!(
        run(&["pip", "inspect", "--local"])
            .exits(0)
            .stdout
            .contains("\"pip_version\"")
    );
    assert!(run(&["list", "--help"]).exits(0).stdout.contains("pip list [options]"));
    // pip's own codes: 1 for what is not there, 2 for an option that it does not know.
    run(&["show", "no-such-project"]).exits(1);
    run(&["-q", "freeze", "--no-such-option"])
        .exits(2)
        .says("no such option");
}

#[test]
fn what_pip_uninstalls_is_gone() {
    let directory = folder();
    let python = venv(directory.path());
    let wheel = slsa_pip_test_world::Wheel::builder("anvil", "1.0").build();
    let file = directory.path().join(&wheel.filename);
    std::fs::write(&file, &wheel.bytes).unwrap();
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--no-index", "--no-deps", "-q"])
        .arg(&file);
    assert!(pip.status().unwrap().success());
    assert_eq!(freeze(&python).lines().count(), 1);
    Run::of(passed(directory.path(), &python, &["uninstall", "--yes", "anvil"])).exits(0);
    assert_eq!(freeze(&python), "");
}

#[test]
fn nothing_of_the_working_directory_is_run() {
    let directory = folder();
    for (name, text) in [
        ("pip/__init__.py", ""),
        ("pip/__main__.py", "print('mine')"),
        ("runpy.py", "print('mine')"),
    ] {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let run = Run::of(passed(directory.path(), shared_python(), &["pip", "--version"])).exits(0);
    assert!(run.stdout.starts_with("pip "), "{}", run.stdout);
}

#[test]
fn the_environment_is_pips_and_so_is_its_configuration() {
    let directory = folder();
    let mut command = passed(directory.path(), shared_python(), &["config", "list"]);
    let run = Run::of(command.env("PIP_NO_COLOR", "1").env("PIP_DEFAULT_TIMEOUT", "7")).exits(0);
    assert!(run.stdout.contains(":env:.default-timeout='7'"), "{}", run.stdout);
}

#[test]
fn what_would_fetch_is_refused() {
    let directory = folder();
    for (command, instead) in [("install", "slsa-pip install"), ("wheel", "slsa-pip download")] {
        Run::of(passed(directory.path(), shared_python(), &["pip", command, "six"]))
            .exits(2)
            .says("[command-refused]")
            .says(instead);
    }
    Run::of(passed(
        directory.path(),
        shared_python(),
        &["pip", "--python", "x", "install"],
    ))
    .exits(2)
    .says("the command comes first");
    Run::of(passed(directory.path(), Path::new("/nowhere/python"), &["list"]))
        .exits(2)
        .says("/nowhere/python");
}

#[test]
fn options_of_pips_are_accepted_or_refused_with_the_reason() {
    let directory = folder();
    for (words, reason) in [
        (
            &["--trusted-host", "files.example"][..],
            "only if its certificate is checked",
        ),
        (&["-C", "x=y"], "nothing is built"),
        (&["--global-option=--x"], "nothing is built"),
        (&["-e", "."], "install it apart"),
        (&["--log", "file"], "standard error"),
    ] {
        let mut command = passed(directory.path(), shared_python(), &["install"]);
        Run::of(command.args(words).arg("six")).exits(2).says(reason);
    }
    // These change nothing: the run goes on until there is no index.
    let words = [
        "--compile",
        "--no-build-isolation",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
        "--no-clean",
    ];
    let mut command = passed(
        directory.path(),
        shared_python(),
        &["install", "--dry-run", "--no-index"],
    );
    Run::of(command.args(words).arg("six")).exits(2).says("six");
}
