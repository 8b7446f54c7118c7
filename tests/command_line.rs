use crate::support::{Run, folder, slsa_pip};

#[test]
fn version_and_help_are_results() {
    let directory = folder();
    let version = Run::of(slsa_pip(directory.path()).arg("--version")).exits(0);
    assert_eq!(version.stdout, concat!("slsa-pip ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = Run::of(slsa_pip(directory.path()).arg("--help")).exits(0);
    for word in [
        "install",
        "download",
        "verify",
        "inspect",
        "verify-bundle",
        "Exit codes: 0 verified",
    ] {
        assert!(help.stdout.contains(word), "{word} is not in:\n{}", help.stdout);
    }
    for command in ["install", "download", "verify", "verify-bundle"] {
        let help = Run::of(slsa_pip(directory.path()).args([command, "--help"])).exits(0);
        assert!(help.stdout.contains("--trusted-root"), "{}", help.stdout);
    }
}

#[test]
fn usage_errors_end_with_2() {
    let directory = folder();
    Run::of(&mut slsa_pip(directory.path())).exits(2);
    Run::of(slsa_pip(directory.path()).arg("instal"))
        .exits(2)
        .says("install");
    Run::of(slsa_pip(directory.path()).args(["install", "--no-such-option", "x"]))
        .exits(2)
        .says("--no-such-option");
    Run::of(slsa_pip(directory.path()).arg("install"))
        .exits(2)
        .says("slsa-pip install urllib3");
    Run::of(slsa_pip(directory.path()).args(["verify", "file"]))
        .exits(2)
        .says("--provenance");
    Run::of(slsa_pip(directory.path()).args([
        "verify",
        "f",
        "--provenance",
        "p",
        "--source-tag",
        "a",
        "--source-versioned-tag",
        "b",
    ]))
    .exits(2)
    .says("cannot be used with");
}
