use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Run, folder};

/// `tests/parity/run.py` for the quick sets; its environment and pip's answers stay in the target folder.
fn parity(ours: &Path) -> Run {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/run.py");
    let mut command = Command::new("python3");
    command
        .arg(script)
        .args(["--quick", "--ours"])
        .arg(ours)
        .arg("--work")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity"));
    Run::of(command)
}

#[test]
fn real_sets_are_resolved_as_pip_resolves_them_and_a_difference_is_seen() {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_slsa-pip"));
    let run = parity(&binary).exits(0);
    assert!(run.stdout.contains("5 of 5 sets agree"), "{}", run.stdout);
    assert!(run.stdout.contains("| same: both refuse |"), "{}", run.stdout);

    // The same answers but for one digit.
    let directory = folder();
    let liar = directory.path().join("liar");
    let script = format!("#!/bin/sh\n'{}' \"$@\" | sed 's/flask-3/flask-2/'\n", binary.display());
    std::fs::write(&liar, script).unwrap();
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    parity(&liar)
        .exits(1)
        .says("DIFFERENT  flask")
        .says("not explained in sets.toml: flask");
}
