//! Attacks from this machine: folders and files that others may write to, what is installed already, and what a file of
//! requirements may widen.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use slsa_pip_test_world::server::fault::Fault;
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene, freeze, venv};

/// Nobody's number on most systems.
const STRANGER: u32 = 65534;

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn published(wheel: Wheel) -> Release {
    Release::new(wheel).with(Evidence::pep740(Identity::github("acme/rocket")))
}

/// Installs a wheel that nobody has verified.
fn plant(python: &Path, directory: &Path, wheel: &Wheel) {
    let path = directory.join(&wheel.filename);
    std::fs::write(&path, &wheel.bytes).unwrap();
    let status = Command::new(python)
        .args(["-I", "-m", "pip", "--isolated", "install", "--no-index", "--no-deps"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_local_version_is_not_taken_for_the_verified_one() {
    let scene = Scene::of([published(rocket())]);
    let python = venv(scene.directory.path());
    let other = Wheel::builder("rocket", "1.0.0+evil").build();
    plant(&python, scene.directory.path(), &other);
    let install = ["install", "rocket==1.0.0", "--force-reinstall"];
    Run::of(
        scene
            .command(&install[..2])
            .arg("--upgrade")
            .env("SLSA_PIP_PYTHON", &python),
    )
    .exits(0);
    Run::of(scene.command(&install).env("SLSA_PIP_PYTHON", &python)).exits(0);
    assert_eq!(freeze(&python), "rocket==1.0.0\n");
}

#[test]
fn hashes_of_several_lines_must_all_allow_a_file() {
    let scene = Scene::of([published(rocket())]);
    let (good, other) = (rocket().sha256(), "0".repeat(64));
    let line = |hash: &str, marker: &str| format!("rocket==1.0.0 {marker} --hash=sha256:{hash}\n");
    let cases = [
        (line(&good, ""), line(&other, ""), 2),
        (line(&other, ""), line(&good, ""), 2),
        (
            line(&good, ""),
            format!("rocket==1.0.0 --hash=sha256:{other} --hash=sha256:{good}\n"),
            0,
        ),
        // Of a line that does not apply, nothing counts.
        (line(&good, ""), line(&other, "; python_version < '3'"), 0),
    ];
    for (requirements, constraints, code) in cases {
        scene.write("r.txt", &requirements);
        scene.write("c.txt", &constraints);
        let run = Run::of(scene.install(&["-r", "r.txt", "-c", "c.txt", "--dry-run"])).exits(code);
        if code == 2 {
            run.says("have none in common");
        }
    }
}

#[test]
fn a_folder_for_temporary_files_that_others_may_change_is_not_used() {
    let scene = Scene::of([published(rocket())]);
    let above = scene.directory.path().join("above");
    let below = above.join("below");
    std::fs::create_dir_all(&below).unwrap();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let run = |code| {
        for words in [
            &["install", "rocket", "--dry-run"][..],
            &["download", "rocket", "--dest", "kept"],
        ] {
            let run = Run::of(scene.command(words).env("TMPDIR", &below)).exits(code);
            if code != 0 {
                run.says("others could exchange what was verified");
            }
        }
        assert_eq!(std::fs::read_dir(&below).unwrap().count(), 0);
    };
    for (of_above, of_below, code) in [
        (0o755, 0o777, 2),
        (0o777, 0o700, 2),
        (0o1777, 0o1777, 0),
        (0o755, 0o755, 0),
    ] {
        mode(&above, of_above);
        mode(&below, of_below);
        run(code);
    }
    // Only root can give folders away.
    if std::os::unix::fs::chown(&above, Some(STRANGER - 1), None).is_ok() {
        run(2);
    }
}

#[test]
fn a_policy_that_somebody_else_has_put_there_is_not_taken_unasked() {
    let scene = Scene::of([Release::new(rocket())]);
    let digest = rocket().sha256();
    scene.write(
        "slsa-pip.toml",
        &format!("[exemptions.rocket]\nversions = \"==1.0.0\"\nsha256 = [\"{digest}\"]\nreason = \"mine\"\n"),
    );
    let words = ["rocket", "--dry-run"];
    Run::of(scene.install(&words)).exits(0);
    let file = scene.directory.path().join("slsa-pip.toml");
    // Only root can give files away.
    if std::os::unix::fs::chown(&file, Some(STRANGER), None).is_err() {
        return;
    }
    Run::of(scene.install(&words)).exits(2).says("is not yours");
    Run::of(scene.install(&words).args(["--policy", "slsa-pip.toml"])).exits(0);
    // A link of one's own to it, and a stranger's link to one's own.
    let own = scene.directory.path().join("own.toml");
    std::fs::rename(&file, &own).unwrap();
    std::os::unix::fs::symlink("own.toml", &file).unwrap();
    Run::of(scene.install(&words)).exits(2).says("is not yours");
    std::os::unix::fs::chown(&own, Some(0), None).unwrap();
    Run::of(scene.install(&words)).exits(0);
    std::os::unix::fs::lchown(&file, Some(STRANGER), None).unwrap();
    Run::of(scene.install(&words)).exits(2).says("is not yours");
}

#[test]
fn offline_no_file_of_requirements_is_fetched_either() {
    let scene = Scene::of([published(rocket())]);
    let reply = Fault::Reply(
        200,
        vec![("content-type", "text/plain".to_owned())],
        "rocket\n".to_owned(),
    );
    scene.world.fault("/far.txt", reply);
    let far = scene.world.base_url.replacen("//", "//user:hunter2@", 1) + "/far.txt";
    scene.write("near.txt", &format!("-r {far}\n"));
    scene.write("pip.conf", &format!("[install]\nrequirement = {far}\n"));
    let host = "127.0.0.1";
    for (words, variables) in [
        (&["-r", &far][..], &[][..]),
        (&["-r", "near.txt"], &[]),
        (&["rocket", "-c", &far], &[]),
        (&["rocket"], &[("PIP_CONSTRAINT", far.as_str())]),
        (&["rocket"], &[("PIP_CONFIG_FILE", "pip.conf")]),
        (&["-r", &far], &[("PIP_TRUSTED_HOST", host)]),
    ] {
        for command in ["install", "download", "resolve"] {
            let mut command = scene.command(&[command, "--offline"]);
            command.args(words).envs(variables.iter().copied());
            let run = Run::of(command).exits(2).says("/far.txt cannot be read offline");
            assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        }
    }
    assert_eq!(scene.world.requests(), Vec::new());
    Run::of(scene.install(&["-r", &far, "--dry-run"])).exits(0);
}

#[test]
fn a_pipe_in_place_of_a_wheel_does_not_stop_the_run() {
    let scene = Scene::of([published(rocket())]);
    let folder = scene.directory.path().join("wheels");
    std::fs::create_dir(&folder).unwrap();
    let pipe = folder.join("rocket-2.0.0-py3-none-any.whl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let words = ["rocket", "--find-links", "wheels"];
    let mut child = scene.install(&words).stderr(Stdio::null()).spawn().unwrap();
    let began = std::time::Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > std::time::Duration::from_mins(1) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it waits for a pipe");
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!((code, scene.installed()), (Some(0), vec!["rocket-1.0.0".to_owned()]));
}

/// A folder of programs that note that they were run, and where.
fn noting(folder: &Path, notes: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for name in [
        "rustc",
        "lsb_release",
        "uname",
        "git",
        "keyring",
        "getopt",
        "ld",
        "gcc",
        "cc",
        "ldconfig",
    ] {
        let program = folder.join(name);
        let script = format!("#!/bin/sh\necho \"{name} in $(pwd)\" >> '{}'\n", notes.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn no_program_is_run_that_a_file_beside_it_could_choose() {
    let scene = Scene::of([published(rocket())]);
    let here = scene.directory.path();
    let notes = here.join("notes");
    noting(&here.join("programs"), &notes);
    noting(here, &notes);
    let reply = Fault::Reply(
        200,
        vec![("content-type", "text/plain".to_owned())],
        "rocket\n".to_owned(),
    );
    scene.world.fault("/far.txt", reply);
    let far = format!("{}/far.txt", scene.world.base_url);
    let programs = here.join("programs");
    for before in [programs.to_str().unwrap(), "", "."] {
        let path = format!("{before}:/usr/bin:/bin");
        Run::of(scene.install(&["-r", &far, "--upgrade"]).env("PATH", path)).exits(0);
        assert!(
            !notes.exists(),
            "PATH={before}: {}",
            std::fs::read_to_string(&notes).unwrap()
        );
    }
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}
