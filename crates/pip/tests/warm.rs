//! One process for the probe and the hand-off, and nothing of the one in the other.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use slsa_pip_pip::{HandOff, PipError};
use support::{Asked, World, hand_off, wheel, wheel_saying};

/// Notes each start of the interpreter of this environment.
fn count_starts(world: &World) -> impl Fn() -> Vec<u32> + use<> {
    let starts = world.root().join("starts");
    let hook = format!(
        "import os; open({:?}, 'a').write(str(os.getpid()) + '\\n')\n",
        starts.to_str().unwrap()
    );
    std::fs::write(world.site_packages.join("starts.pth"), hook).unwrap();
    move || {
        let text = std::fs::read_to_string(&starts).unwrap_or_default();
        let mut pids: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        pids.dedup(); // the folder may be there twice, as lib and lib64
        pids
    }
}

/// Whether a process has not ended; one that nobody has waited for yet has. Before it is in that state, its files may be open.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

async fn ends(pid: u32) -> bool {
    let began = Instant::now();
    while runs(pid) && began.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    !runs(pid)
}

#[tokio::test]
async fn the_process_of_the_probe_installs() {
    let world = World::new();
    let starts = count_starts(&world);
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    assert_eq!(starts().len(), 1);
    let outcome = hand_off(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default())
        .await
        .unwrap();
    assert_eq!((outcome.code, starts().len()), (0, 1), "{outcome:?}");
    assert_eq!(world.word("foo"), "1.0 good");
}

#[tokio::test]
async fn one_that_has_ended_meanwhile_is_replaced() {
    let world = World::new();
    let starts = count_starts(&world);
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    let pid = starts()[0].to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-KILL", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(ends(starts()[0]).await);
    let outcome = hand_off(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default())
        .await
        .unwrap();
    assert_eq!((outcome.code, starts().len()), (0, 2), "{outcome:?}");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn it_ends_with_whoever_started_it() {
    let world = World::new();
    let starts = count_starts(&world);
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    assert!(runs(starts()[0]));
    drop(asked);
    assert!(ends(starts()[0]).await);
    // One whose probe is under way, too.
    let slow = "import time; time.sleep(60)\n";
    std::fs::write(world.site_packages.join("zz_slow.pth"), slow).unwrap();
    let interpreter = slsa_pip_pip::Interpreter::start_in(world.environment(&[]), &world.python, &[]).unwrap();
    while starts().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(interpreter);
    assert!(ends(starts()[1]).await);
}

/// Everything that pip could have learned in the probe from its arguments, variables, configuration and files: the hand-off
/// in the same process must know none of it.
#[tokio::test]
async fn nothing_learned_in_the_probe_is_known_in_the_hand_off() {
    let world = World::new();
    let evil = wheel_saying("victim", "9.0", "evil", "");
    world.write(&format!("planted/{}", evil.filename), &evil.bytes);
    let same = wheel_saying("victim", "1.0", "evil", "");
    world.write(&format!("planted/{}", same.filename), &same.bytes);
    let other = wheel_saying("evil", "1.0", "evil", "");
    world.write(&format!("planted/{}", other.filename), &other.bytes);
    world.write("constraints.txt", "victim>=9\n");
    world.write(
        "requirements.txt",
        "--pre\n--find-links planted\n--extra-index-url file:///planted\nevil\n-c constraints.txt\n./planted/evil-1.0-py3-none-any.whl\n",
    );
    let log = world.cwd.join("log");
    let variables = [
        ("PIP_LOG", log.to_str().unwrap()),
        ("PIP_TARGET", "planted-target"),
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PIP_CACHE_DIR", "planted-cache"),
        ("PIP_FORCE_REINSTALL", "1"),
        ("PIP_USE_FEATURE", "fast-deps"),
        ("NOTHING_OF_PIP", "stays"),
    ];
    let args = [
        "--target=named",
        "--upgrade",
        "--no-deps",
        "--ignore-installed",
        "-r",
        "requirements.txt",
        "victim",
    ];
    let asked = Asked::new(world.environment(&variables), &world.python, &args)
        .await
        .unwrap();
    assert!(asked.find_links[0].ends_with("planted"));
    assert!(asked.requirements.len() >= 4 && asked.install.target.is_some());
    // A hook that writes down what a start of pip finds: its variables and the handlers of its log.
    let seen = world.root().join("seen");
    let hook = format!(
        "import sys, os, logging\nclass Spy:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'pip.__main__':\n            open({:?}, 'w').write(repr((sorted(name for name in os.environ if 'PIP' in name), os.getcwd(), logging.getLogger().handlers)))\nsys.meta_path.insert(0, Spy())\n",
        seen.to_str().unwrap()
    );
    drop(asked);
    std::fs::write(world.site_packages.join("spy.py"), hook).unwrap();
    std::fs::write(world.site_packages.join("spy.pth"), "import spy\n").unwrap();
    let asked = Asked::new(world.environment(&variables), &world.python, &args)
        .await
        .unwrap();
    let outcome = hand_off(&asked, &[world.verified(&wheel("victim", "1.0"))], HandOff::default())
        .await
        .unwrap();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let found = std::fs::read_to_string(seen).unwrap();
    assert!(
        found.starts_with("(['NOTHING_OF_PIP', 'PIP_CONFIG_FILE'], '"),
        "{found}"
    );
    assert!(found.ends_with(", [])"), "{found}");
    assert!(!found.contains(world.cwd.to_str().unwrap()), "{found}");
    let installed = std::process::Command::new("find")
        .arg(world.cwd.join("named"))
        .args(["-name", "*.dist-info"])
        .output()
        .unwrap();
    let installed = String::from_utf8(installed.stdout).unwrap();
    assert_eq!(installed.lines().count(), 1, "{installed}");
    assert!(installed.trim().ends_with("victim-1.0.dist-info"), "{installed}");
    for path in ["planted-target", "planted-cache", "log"] {
        assert!(!world.cwd.join(path).exists(), "{path}");
    }
}

/// Were pip to take anything from elsewhere after all, nothing would be installed.
#[tokio::test]
async fn options_that_differ_from_what_was_given_stop_it() {
    let world = World::new();
    let hook = "import sys\nclass Meddler:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'pip.__main__':\n            from pip._internal.commands.install import InstallCommand\n            parse = InstallCommand.parse_args\n            def meddle(self, args):\n                return parse(self, args + ['--find-links', '/elsewhere'])\n            InstallCommand.parse_args = meddle\nsys.meta_path.insert(0, Meddler())\n";
    std::fs::write(world.site_packages.join("meddler.py"), hook).unwrap();
    std::fs::write(world.site_packages.join("meddler.pth"), "import meddler\n").unwrap();
    let asked = Asked::new(world.environment(&[]), &world.python, &[]).await.unwrap();
    let outcome = hand_off(&asked, &[world.verified(&wheel("victim", "1.0"))], HandOff::default())
        .await
        .unwrap();
    assert_ne!(outcome.code, 0);
    assert!(outcome.output.unwrap().contains("/elsewhere"));
    assert!(world.installed().is_empty());
}

#[tokio::test]
async fn an_answer_is_given_once() {
    let world = World::new();
    let mut interpreter = slsa_pip_pip::Interpreter::start_in(world.environment(&[]), &world.python, &[]).unwrap();
    interpreter.probe().await.unwrap();
    assert!(matches!(interpreter.probe().await, Err(PipError::Broken { .. })));
    let missing = slsa_pip_pip::Interpreter::start_in(world.environment(&[]), Path::new("/nonexistent/python"), &[]);
    assert!(matches!(missing, Err(PipError::Start { .. })));
}

/// pip's parsers share the lists that some of their options begin with.
#[tokio::test]
async fn what_the_probe_has_parsed_is_no_default_of_the_hand_off() {
    let world = World::new();
    for variables in [&[][..], &[("PIP_USE_FEATURE", "fast-deps")]] {
        let asked = Asked::new(
            world.environment(variables),
            &world.python,
            &["--use-feature=fast-deps", "--force-reinstall"],
        );
        let asked = asked.await.unwrap();
        let outcome = hand_off(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default())
            .await
            .unwrap();
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.output.unwrap().contains("lazily"));
    }
}

#[tokio::test]
async fn no_value_of_a_configuration_file_is_two_arguments() {
    let world = World::new();
    let (config, log) = (world.cwd.join("pip.conf"), world.cwd.join("log"));
    let target = world.cwd.join("target");
    let text = format!("[install]\ntarget = {}\0--log={}\n", target.display(), log.display());
    std::fs::write(&config, text).unwrap();
    let variables = [("PIP_CONFIG_FILE", config.to_str().unwrap())];
    let asked = Asked::new(world.environment(&variables), &world.python, &[])
        .await
        .unwrap();
    let outcome = hand_off(&asked, &[world.verified(&wheel("foo", "1.0"))], HandOff::default()).await;
    assert!(
        matches!(&outcome, Err(PipError::UnsupportedOption { option, .. }) if option == "--target"),
        "{outcome:?}"
    );
    assert!(!log.exists() && !target.exists());
}

/// One that is no more than a script, without `exec`: it keeps the streams open as long as the interpreter runs.
#[tokio::test]
async fn a_script_may_stand_before_the_interpreter() {
    let world = World::new();
    let starts = count_starts(&world);
    for (name, line) in [
        ("plain", format!("'{}' \"$@\"", world.python.display())),
        ("piped", format!("'{}' \"$@\" | cat", world.python.display())),
    ] {
        let before = starts().len();
        let script = world.script(name, &line);
        let asked = Asked::new(world.environment(&[]), &script, &[]).await.unwrap();
        assert_eq!(asked.executable, world.python);
        let outcome = hand_off(&asked, &[world.verified(&wheel(name, "1.0"))], HandOff::default())
            .await
            .unwrap();
        assert_eq!((outcome.code, starts().len() - before), (0, 1), "{name}: {outcome:?}");
        assert_eq!(world.word(name), "1.0 good");
    }
}
