use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::install_report;
use crate::install_requirements::{files, parts};
use crate::support::{Run, Scene, folder, venv};

/// An environment with the newest pip.
fn newest() -> &'static Path {
    static PYTHON: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let made = PYTHON.get_or_init(|| {
        let directory = folder();
        let python = venv(directory.path());
        let mut command = Command::new(&python);
        let status = command
            .args(["-I", "-m", "pip", "install", "--quiet", "--upgrade", "pip"])
            .status();
        assert!(status.unwrap().success(), "pip is upgraded");
        (directory, python)
    });
    &made.1
}

fn install(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.install(&["--dry-run", "--format", "json"]);
    command.args(words).env("SLSA_PIP_PYTHON", newest());
    command
}

#[test]
fn dependency_groups_are_read_as_pip_reads_them() {
    let scene = parts();
    scene.write(
        "pyproject.toml",
        "[dependency-groups]\nbase = [\"bolt<1.1\"]\ntest = [\"rocket<2\", {include-group = \"base\"}]\n",
    );
    let run = Run::of(install(&scene, &["--group", "test"])).exits(0);
    assert_eq!(files(&run), ["bolt-1.0", "rocket-1.0"]);
    std::fs::create_dir(scene.directory.path().join("sub")).unwrap();
    scene.write("sub/pyproject.toml", "[dependency-groups]\nother = [\"fuel\"]\n");
    let run = Run::of(install(&scene, &["--group", "sub/pyproject.toml:other", "bolt"])).exits(0);
    assert_eq!(files(&run), ["bolt-1.1", "fuel-0.5"]);
    Run::of(install(&scene, &["--group", "absent"])).exits(2).says("absent");
}

#[test]
fn a_requirement_that_is_none_is_told_with_a_caret() {
    let scene = parts();
    scene.write("bad.txt", "bolt\nrocket >> 1\n");
    for words in [&["rocket >> 1"][..], &["-r", "bad.txt"]] {
        Run::of(install(&scene, words))
            .exits(2)
            .says("Invalid requirement")
            .says("rocket >> 1")
            .says("^");
    }
    Run::of(install(&scene, &["-r", "bad.txt"]))
        .exits(2)
        .says("line 2 of bad.txt");
}

#[test]
fn release_control_is_pips() {
    let scene = parts();
    for (words, rocket) in [
        (&["rocket", "--all-releases", "rocket"][..], "rocket-3.0rc1"),
        (&["rocket", "--all-releases", "bolt"], "rocket-2.0"),
        (&["rocket", "--all-releases", ":all:"], "rocket-3.0rc1"),
        (
            &["rocket<=3", "--only-final", "rocket", "--all-releases", ":all:"],
            "rocket-2.0",
        ),
    ] {
        let run = Run::of(install(&scene, words)).exits(0);
        assert_eq!(files(&run), ["bolt-1.1", rocket], "{words:?}");
    }
    Run::of(install(&scene, &["rocket==3.0rc1", "--only-final", ":all:"])).exits(2);
}

#[test]
fn the_installation_report_is_that_of_the_newest_pip_too() {
    install_report::compare(newest());
}

#[test]
fn what_was_uploaded_later_does_not_count() {
    let scene = parts();
    let run = Run::of(install(&scene, &["bolt", "--uploaded-prior-to", "2099-01-01"])).exits(0);
    assert_eq!(files(&run), ["bolt-1.1"]);
    Run::of(install(
        &scene,
        &["bolt", "--uploaded-prior-to", "2001-01-01T00:00:00Z"],
    ))
    .exits(2)
    .says("bolt");
}
