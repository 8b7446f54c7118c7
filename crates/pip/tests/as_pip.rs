//! What is installed is what pip alone would have installed, byte for byte: with this machine's pip, and with several versions from
//! the index (feature `index-tests`).

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use slsa_pip_pip::HandOff;
use slsa_pip_verify::Verified;
use support::{Asked, Wheel, World, hand_off, sha256, wheel_of, wheel_saying};
use url::Url;

/// Enough source that compiling it side by side is worth it, and everything that pip treats in its own way.
fn wheels() -> [Wheel; 3] {
    let text = |path: &str, content: &str| (path.to_owned(), content.as_bytes().to_vec());
    let module = |seed: u32| {
        let words = (0..120).map(|line| format!("x{line} = '{}'\n", sha256(&(seed * 1000 + line).to_be_bytes())));
        words.collect::<String>()
    };
    let mut alpha: Vec<(String, Vec<u8>)> = (0..90)
        .map(|seed| text(&format!("alpha/m{seed:02}.py"), &module(seed)))
        .collect();
    alpha.extend([
        text("alpha/__init__.py", "def main(): pass\n"),
        text("alpha/bad.py", "this is no source (\n"),
        ("alpha/latin.py".to_owned(), b"# coding: latin-1\nx = '\xe4'\n".to_vec()),
        ("alpha/broken.py".to_owned(), b"x = '\xe4'\n".to_vec()),
        text("alpha/warned.py", "assert (1, 'always')\nx = '\\d'\n"),
        text("alpha/data, with a comma.txt", "data"),
        text("shared/__init__.py", "x = 1\n"),
        text("alpha-1.0.data/scripts/tool.py", "#!python\nprint('tool')\n"),
        text("alpha-1.0.data/scripts/run", "#!python\nprint('run')\n"),
        text("alpha-1.0.data/purelib/alpha_extra.py", "x = 1\n"),
        text("alpha-1.0.data/data/share/alpha/note.py", "x = 1\n"),
        text(
            "alpha-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nalpha = alpha:main\ngen.py = alpha:main\n",
        ),
    ]);
    let beta = [
        text("beta.py", "x = 1\n"),
        text("shared/__init__.py", "x = 1\n"),
        text("shared/beta.py", &module(77)),
    ];
    let gamma = [
        text("gamma/__init__.py", &module(78)),
        text("gamma/__pycache__/old.txt", "no bytecode"),
    ];
    [
        wheel_of("alpha", "1.0", &alpha, "Requires-Dist: beta\n"),
        wheel_of("beta", "2.0", &beta, ""),
        wheel_of("gamma", "3.0", &gamma, ""),
    ]
}

/// All files below a folder. Of bytecode only that it fits its source.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "pyc") {
                let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
                let source = path.parent().unwrap().with_file_name(format!("{name}.py"));
                let bytes = std::fs::read(&path).unwrap();
                let size = u32::from_le_bytes(bytes[12..16].try_into().unwrap());
                assert_eq!(u64::from(size), source.metadata().unwrap().len(), "{}", path.display());
                found.insert(path, bytes[..8].to_vec());
            } else {
                found.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

fn assert_same(ours: &BTreeMap<PathBuf, Vec<u8>>, pips: &BTreeMap<PathBuf, Vec<u8>>, what: &str) {
    for (path, bytes) in pips {
        match ours.get(path) {
            None => panic!("{what}: {} is missing", path.display()),
            Some(found) if found == bytes => {}
            Some(found) => panic!(
                "{what}: {} differs:\n{}\npip:\n{}",
                path.display(),
                String::from_utf8_lossy(found),
                String::from_utf8_lossy(bytes)
            ),
        }
    }
    let more: Vec<_> = ours.keys().filter(|path| !pips.contains_key(*path)).collect();
    assert!(more.is_empty(), "{what}: {more:?}");
}

fn pip(python: &Path, world: &World, variables: &[(&str, &str)], args: &[&str]) -> String {
    // Not `-I`, which hides the user site.
    let output = Command::new(python)
        .args(["-m", "pip", "--isolated", "--disable-pip-version-check"])
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", world.root().join("home"))
        .env("PIP_CONFIG_FILE", "/dev/null")
        .envs(variables.iter().copied())
        .current_dir(&world.cwd)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {printed}");
    printed
}

/// Installs by pip alone, and by the hand-off, into the same place; what lies there then must be the same.
async fn compare(world: &World, what: &str, place: &[&str], root: &Path) {
    compare_in(world, &world.python, what, place, root, &[]).await;
}

/// With a certain interpreter, and with variables that say where it installs.
async fn compare_in(world: &World, python: &Path, what: &str, place: &[&str], root: &Path, variables: &[(&str, &str)]) {
    let pip = |args: &[&str]| pip(python, world, variables, args);
    let wheels = wheels();
    for wheel in &wheels {
        world.write(&format!("links/{}", wheel.filename), &wheel.bytes);
    }
    let gamma = world.cwd.join("links/gamma-3.0-py3-none-any.whl");
    let before = if root.is_dir() { tree(root) } else { BTreeMap::new() };
    let remove = || {
        if before.is_empty() {
            std::fs::remove_dir_all(root).unwrap();
        } else {
            pip(&["uninstall", "-q", "-y", "alpha", "beta", "gamma"]);
            assert_same(&tree(root), &before, &format!("{what}: uninstalled"));
        }
    };

    let mut args = vec![
        "install",
        "-q",
        "--no-index",
        "--find-links",
        "links",
        "alpha",
        gamma.to_str().unwrap(),
    ];
    args.extend(place);
    pip(&args);
    let pips = tree(root);
    assert!(pips.len() > before.len() + 30);
    remove();

    let asked = Asked::new(world.environment(variables), python, place).await.unwrap();
    let files: Vec<Verified> = wheels.iter().map(|wheel| world.verified(wheel)).collect();
    let options = HandOff {
        requested: Some(["alpha".parse().unwrap(), "gamma".parse().unwrap()].into()),
        direct: [("gamma".parse().unwrap(), Url::from_file_path(&gamma).unwrap())].into(),
        quiet: 1,
        ..HandOff::default()
    };
    let outcome = hand_off(&asked, &files, options).await.unwrap();
    assert_eq!((outcome.code, outcome.output.as_deref()), (0, Some("")), "{what}");
    assert_same(&tree(root), &pips, what);
    remove();
}

#[tokio::test]
async fn the_same_files_and_lists_as_pip_alone() {
    let world = World::new();
    let what = str::to_owned;
    compare(&world, &what("environment"), &[], &world.venv()).await;
    let below = |name: &str| world.cwd.join(name);
    compare(&world, &what("--no-compile"), &["--no-compile"], &world.venv()).await;
    compare(&world, &what("--target"), &["--target", "t"], &below("t")).await;
    compare(&world, &what("--prefix"), &["--prefix", "p"], &below("p")).await;
    compare(
        &world,
        &what("--root"),
        &["--root", "r", "--no-warn-script-location"],
        &below("r"),
    )
    .await;
}

#[tokio::test]
async fn the_same_in_the_user_site() {
    let world = World::new();
    let base = world.root().join("user-base");
    let variables = [("PYTHONUSERBASE", base.to_str().unwrap())];
    let python = world
        .environment(&variables)
        .find_python(Some(Path::new("python3")))
        .unwrap();
    // Of a distribution's interpreter, which pip is not to change without being told.
    let place = [
        "--user",
        "--break-system-packages",
        "--no-warn-script-location",
        "--root-user-action=ignore",
    ];
    compare_in(&world, &python, "--user", &place, &base, &variables).await;
}

/// A file that pip cannot install, after others that it has installed: what lies there then is what pip alone leaves.
#[tokio::test]
async fn a_failure_leaves_what_pip_alone_leaves() {
    let world = World::new();
    let [alpha, beta, _] = wheels();
    let broken = [("aardvark-1.0.data/unknown/x.py".to_owned(), b"x = 1\n".to_vec())];
    let aardvark = wheel_of("aardvark", "1.0", &broken, "Requires-Dist: alpha\n");
    let all = [alpha, beta, aardvark];
    for wheel in &all {
        world.write(&format!("links/{}", wheel.filename), &wheel.bytes);
    }
    let mut alone = Command::new(&world.python);
    alone.args([
        "-I",
        "-m",
        "pip",
        "--isolated",
        "install",
        "-q",
        "--no-index",
        "--find-links",
        "links",
        "beta",
        "alpha",
        "aardvark",
    ]);
    alone.env("PIP_CONFIG_FILE", "/dev/null").current_dir(&world.cwd);
    assert!(!alone.output().unwrap().status.success());
    let pips = tree(&world.venv());
    pip(&world.python, &world, &[], &["uninstall", "-q", "-y", "alpha", "beta"]);
    // pip itself does not take back what it has unpacked of this one.
    std::fs::remove_dir_all(world.site_packages.join("aardvark-1.0.dist-info")).unwrap();

    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    let files: Vec<Verified> = all.iter().map(|wheel| world.verified(wheel)).collect();
    let outcome = hand_off(&asked, &files, HandOff::default()).await.unwrap();
    assert!(outcome.code != 0 && !outcome.installed, "{outcome:?}");
    let ours = tree(&world.venv());
    let begun = ["aardvark-1.0.dist-info", "alpha-1.0.dist-info", "beta-2.0.dist-info"];
    assert_eq!(world.installed(), begun);
    assert_same(&ours, &pips, "after a failure");
    pip(&world.python, &world, &[], &["uninstall", "-q", "-y", "alpha", "beta"]);
}

/// What was compiled before an interrupt is listed, so that it can be removed.
#[tokio::test]
async fn an_interrupt_leaves_no_file_that_nobody_knows() {
    let world = World::new();
    let pid = world.root().join("pid");
    // What starts the tests may have interrupts ignored, which is inherited.
    let hook = format!(
        "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); open({:?}, 'w').write(str(os.getpid()))\n",
        pid.to_str().unwrap()
    );
    std::fs::write(world.site_packages.join("pid.pth"), hook).unwrap();
    let before = tree(&world.site_packages);
    let slow: Vec<(String, Vec<u8>)> = (0..400)
        .map(|module| {
            let lines = (0..400).map(|line| format!("def f{line}(a, b): return [a, b, '{module:x}{line:x}']\n"));
            (format!("slow/m{module}.py"), lines.collect::<String>().into())
        })
        .collect();
    let slow = world.verified(&wheel_of("slow", "1.0", &slow, ""));
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    let compiled = world.site_packages.join("slow/__pycache__");
    let interrupt = async {
        while std::fs::read_dir(&compiled).map_or(0, Iterator::count) < 5 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let pid = std::fs::read_to_string(&pid).unwrap();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    };
    let files = [slow];
    let (outcome, ()) = tokio::join!(hand_off(&asked, &files, HandOff::default()), interrupt);
    let outcome = outcome.unwrap();
    assert!(
        outcome.code != 0 && outcome.output.as_ref().unwrap().contains("cancelled"),
        "{outcome:?}"
    );
    let count = std::fs::read_dir(&compiled).unwrap().count();
    assert!((5..400).contains(&count), "{count}");
    let record = std::fs::read_to_string(world.site_packages.join("slow-1.0.dist-info/RECORD")).unwrap();
    assert_eq!(record.lines().filter(|line| line.contains(".pyc,,")).count(), count);
    pip(&world.python, &world, &[], &["uninstall", "-q", "-y", "slow"]);
    assert_same(&tree(&world.site_packages), &before, "uninstalled");
}

/// pip's own warning, which it gives when it has installed something that does not go with what is installed.
async fn conflicts(world: &World, what: &str) {
    let needy = wheel_saying("needy", "1.0", "good", "Requires-Dist: beta<2\nRequires-Dist: absent\n");
    let ask = async |args: &[&str]| Asked::new(world.environment(&[]), &world.python, args).await.unwrap();
    let install = async |args: &[&str], wheel: &Wheel, options: HandOff| {
        let options = HandOff { quiet: 1, ..options };
        let outcome = hand_off(&ask(args).await, &[world.verified(wheel)], options)
            .await
            .unwrap();
        assert_eq!(outcome.code, 0, "{what}: {outcome:?}");
        outcome.output.unwrap()
    };
    let said = install(&[], &needy, HandOff::default()).await;
    assert!(
        said.contains("needy 1.0 requires absent, which is not installed"),
        "{what}: {said}"
    );
    let beta = |version: &str| wheel_saying("beta", version, "good", "");
    let said = install(&[], &beta("2.0"), HandOff::default()).await;
    assert!(
        said.contains("pip's dependency resolver does not currently"),
        "{what}: {said}"
    );
    assert!(
        said.contains("needy 1.0 requires beta<2, but you have beta 2.0 which is incompatible"),
        "{what}: {said}"
    );
    assert_eq!(
        install(&["--no-warn-conflicts"], &beta("2.2"), HandOff::default()).await,
        "",
        "{what}"
    );
    assert_eq!(
        install(&["--no-deps"], &beta("2.3"), HandOff::default()).await,
        "",
        "{what}"
    );
    assert!(
        install(&[], &beta("1.0"), HandOff::default()).await.contains("absent"),
        "{what}"
    );
    assert!(world.installed().contains(&"beta-1.0.dist-info".to_owned()), "{what}");
}

#[tokio::test]
async fn conflicts_with_what_is_installed_are_warned_of() {
    conflicts(&World::new(), "pip of this machine").await;
}

/// Each version that is named here, and the newest.
#[tokio::test]
#[cfg(feature = "index-tests")]
async fn the_same_with_versions_of_pip_from_the_index() {
    for version in ["22.2", "23.2", "24.0", "25.0", "25.3", support::NEWEST] {
        let world = World::with_pip(Some(version));
        let what = |place: &str| format!("pip {version}, {place}");
        compare(&world, &what("environment"), &[], &world.venv()).await;
        compare(&world, &what("--target"), &["--target", "t"], &world.cwd.join("t")).await;
        conflicts(&world, &what("conflicts")).await;
    }
}

#[tokio::test]
async fn bytecode_is_compiled_by_further_processes_if_there_is_enough_of_it() {
    let world = World::new();
    let started = world.root().join("started");
    let spy = format!(
        "import sys\ndef spy(event, args):\n    if event == 'subprocess.Popen':\n        open({:?}, 'a').write(repr(args[1][:3]) + '\\n')\nif hasattr(sys, 'addaudithook'): sys.addaudithook(spy)\n",
        started.to_str().unwrap()
    );
    std::fs::write(world.site_packages.join("spy.py"), spy).unwrap();
    std::fs::write(world.site_packages.join("spy.pth"), "import spy\n").unwrap();
    let all: Vec<Verified> = wheels().iter().map(|wheel| world.verified(wheel)).collect();
    let install = async |files: &[Verified], no_compile: bool| {
        let words = ["--force-reinstall", "--no-compile"];
        let words = words.get(..if no_compile { 2 } else { 1 }).unwrap();
        let asked = Asked::new(world.environment(&[]), &world.python, words).await.unwrap();
        assert_eq!(hand_off(&asked, files, HandOff::default()).await.unwrap().code, 0);
        let lines = std::fs::read_to_string(&started).unwrap_or_default();
        let _ = std::fs::remove_file(&started);
        lines
    };
    let lines = install(&all, false).await;
    assert!(
        !lines.is_empty() && lines.lines().all(|line| line.contains("'-I', '-S'")),
        "{lines}"
    );
    assert_eq!(install(&all, true).await, "");
    assert_eq!(install(&all[1..2], false).await, "", "one small wheel");
}
