use std::path::Path;
use std::process::Command;

use slsa_pip_test_world::Wheel;

use crate::install_requirements::release;
use crate::support::{Run, Scene, folder, freeze, venv, venv_with};

fn scene() -> Scene {
    Scene::of([
        release(Wheel::builder("rocket", "1.0").requires("bolt")),
        release(Wheel::builder("rocket", "2.0").requires("bolt")),
        release(Wheel::builder("bolt", "1.0")),
    ])
}

fn install(scene: &Scene, python: &Path, words: &[&str]) -> Command {
    let mut command = scene.command(&["install"]);
    command.args(words).env("SLSA_PIP_PYTHON", python);
    command
}

/// Every file below a folder whose path ends so, relative to it.
fn ending(folder: &Path, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn target_prefix_and_root_are_where_pip_puts_files() {
    let scene = scene();
    let here = scene.directory.path();
    let python = venv(here);
    for (option, place) in [("--target", "target"), ("--prefix", "prefix"), ("--root", "root")] {
        let folder = here.join(place);
        let words = ["rocket==1.0", option, folder.to_str().unwrap()];
        Run::of(install(&scene, &python, &words)).exits(0);
        let found = ending(&folder, "dist-info/METADATA");
        assert_eq!(found.len(), 2, "{option}: {found:?}");
        assert!(found[0].ends_with("bolt-1.0.dist-info/METADATA"), "{option}: {found:?}");
        assert_eq!(freeze(&python), "", "{option}");
    }
    // What lies in a target is not looked at before it is replaced.
    let target = here.join("target");
    let upgrade = ["rocket", "--upgrade", "--target", target.to_str().unwrap()];
    Run::of(install(&scene, &python, &upgrade)).exits(0);
    assert_eq!(ending(&target, "rocket-2.0.dist-info/METADATA").len(), 1);
    // The options of the environment and of the command line are pip's to merge.
    let mut command = install(&scene, &python, &["rocket==1.0"]);
    Run::of(command.env("PIP_TARGET", here.join("by-variable"))).exits(0);
    assert_eq!(ending(&here.join("by-variable"), "dist-info/METADATA").len(), 2);
    let mut command = install(&scene, &python, &["rocket==1.0", "--isolated", "--index-url"]);
    command
        .arg(scene.world.index_url())
        .env("PIP_TARGET", here.join("ignored"));
    Run::of(command).exits(0);
    assert!(!here.join("ignored").exists());
    assert_eq!(freeze(&python), "bolt==1.0\nrocket==1.0\n");
}

#[test]
fn the_user_site_is_pips_to_allow() {
    let scene = scene();
    let python = venv(scene.directory.path());
    Run::of(install(&scene, &python, &["rocket", "--user"]))
        .exits(2)
        .says("User site-packages are not visible in this virtualenv");
    assert_eq!(scene.world.requests().len(), 0);
    assert_eq!(freeze(&python), "");

    // Where the user site counts, it is installed into, and looked at.
    let folder = folder();
    let python = venv_with(folder.path(), &["--system-site-packages"]);
    let base = folder.path().join("user");
    let user = |words: &[&str]| {
        let mut command = install(&scene, &python, words);
        Run::of(command.arg("--user").env("PYTHONUSERBASE", &base)).exits(0)
    };
    user(&["rocket==1.0"]);
    let found = ending(&base, "dist-info/METADATA");
    assert!(
        matches!(&found[..], [bolt, rocket] if bolt.contains("bolt-1.0.") && rocket.contains("rocket-1.0.")),
        "{found:?}"
    );
    scene.world.forget_requests();
    user(&["rocket"]).says("Requirement already satisfied: rocket in ");
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn a_dry_run_says_what_it_would_install_and_requested_is_what_was_asked_for() {
    let scene = scene();
    let python = venv(scene.directory.path());
    Run::of(install(&scene, &python, &["rocket", "--dry-run"]))
        .exits(0)
        .says("Would install bolt-1.0 rocket-2.0");
    let mut command = install(&scene, &python, &["rocket"]);
    Run::of(command.env("PIP_DRY_RUN", "1"))
        .exits(0)
        .says("Would install bolt-1.0 rocket-2.0");
    assert_eq!(freeze(&python), "");
    Run::of(install(&scene, &python, &["rocket", "--no-compile"])).exits(0);
    let environment = scene.directory.path().join("venv");
    assert_eq!(ending(&environment, "rocket-2.0.dist-info/REQUESTED").len(), 1);
    assert!(ending(&environment, "bolt-1.0.dist-info/REQUESTED").is_empty());
    let bytecode = ending(&environment, ".pyc");
    assert!(!bytecode.iter().any(|path| path.contains("/rocket/")), "{bytecode:?}");
    Run::of(install(&scene, &python, &["rocket", "--dry-run"]))
        .exits(0)
        .says("Requirement already satisfied: rocket in ")
        .says("Nothing would be installed");
}

#[test]
fn a_wheel_that_was_named_by_url_is_installed_as_pip_installs_it() {
    let scene = scene();
    let python = venv(scene.directory.path());
    let index = scene.world.index_url();
    let url = format!(
        "http://{}/files/bolt-1.0-py3-none-any.whl",
        index.split('/').nth(2).unwrap()
    );
    Run::of(install(&scene, &python, &[&format!("bolt @ {url}")])).exits(0);
    let environment = scene.directory.path().join("venv");
    let [ours] = &ending(&environment, "bolt-1.0.dist-info/direct_url.json")[..] else {
        panic!("no direct_url.json");
    };
    let read =
        || -> serde_json::Value { serde_json::from_slice(&std::fs::read(environment.join(ours)).unwrap()).unwrap() };
    let (ours, frozen) = (read(), freeze(&python));
    // pip itself, for the same words.
    let mut command = Command::new(&python);
    command.args([
        "-I",
        "-m",
        "pip",
        "--isolated",
        "install",
        "--force-reinstall",
        "--no-cache-dir",
        "--quiet",
        "--no-index",
        "--disable-pip-version-check",
    ]);
    let status = command.arg(format!("bolt @ {url}")).status().unwrap();
    assert!(status.success());
    assert_eq!((ours, frozen), (read(), freeze(&python)));
}
