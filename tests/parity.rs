use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::support::{Run, folder};

/// The environment with the newest pip is made once, and stays in the target folder with pip's answers.
static ENVIRONMENT: Mutex<()> = Mutex::new(());

fn run(script: &str, ours: &Path, words: &[&str]) -> Run {
    let _alone = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let mut command = Command::new("python3");
    command
        .arg("-B")
        .arg(folder.join(script))
        .arg("--ours")
        .arg(ours)
        .arg("--work")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity"))
        .args(words);
    Run::of(command)
}

fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_slsa-pip"))
}

/// The binary with a change of its answers.
fn liar(directory: &Path, change: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let liar = directory.join("liar");
    let script = format!("#!/bin/sh\n'{}' \"$@\" | sed '{change}'\n", binary().display());
    std::fs::write(&liar, script).unwrap();
    std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).unwrap();
    liar
}

#[test]
fn real_sets_are_resolved_as_pip_resolves_them_and_a_difference_is_seen() {
    let same = run("run.py", &binary(), &["--quick"]).exits(0);
    assert!(same.stdout.contains("5 of 5 sets agree"), "{}", same.stdout);
    assert!(same.stdout.contains("| same: both refuse |"), "{}", same.stdout);

    let directory = folder();
    run("run.py", &liar(directory.path(), "s/flask-3/flask-2/"), &["--quick"])
        .exits(1)
        .says("DIFFERENT  flask")
        .says("not explained in sets.toml: flask");
}

#[test]
fn made_up_worlds_are_resolved_as_pip_resolves_them_and_a_difference_is_seen() {
    let same = run("worlds.py", &binary(), &["--seeds", "1-12"]).exits(0);
    assert!(same.stdout.contains("12 worlds, "), "{}", same.stdout);
    assert!(same.stdout.contains(" 0 faults"), "{}", same.stdout);

    // Every file becomes one that the world does not have, or that does not hold.
    let directory = folder();
    let liar = liar(directory.path(), "s/\"name\": \"[a-z]*\"/\"name\": \"other\"/");
    let run = run("worlds.py", &liar, &["--seeds", "1-3"]).exits(1);
    assert!(run.stdout.contains("FAULT  seed"), "{}", run.stdout);
}
