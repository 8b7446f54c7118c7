//! Processes that are killed (SIGKILL) at random points, more than two hundred times: the cache stays whole, nothing is half
//! installed, the next run succeeds.
//!
//! The interpreter's answer to the probe is recorded once and replayed, which spares each run half a second of Python's start-up;
//! the hand-off runs the real interpreter, which that answer names.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene, shared_python, venv};

/// Lanes that run side by side and share one cache.
const LANES: usize = 2;
/// Downloads that are killed in each lane.
const DOWNLOADS: usize = 50;
/// Installs that are killed in each lane.
const INSTALLS: usize = 100;
/// One install of so many is killed anywhere in its length; the others before it starts pip, which takes most of the time.
const ANYWHERE: usize = 10;
/// A run to the end after so many that were killed.
const EVERY: usize = 20;
const SIGKILL: i32 = 9;

/// Delays of a fixed seed (xorshift).
struct Delays {
    state: u64,
    /// How long a whole run takes.
    length: Duration,
}

impl Delays {
    fn new(seed: u64, length: Duration) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { state, length }
    }

    /// Somewhere within the length of a run.
    fn next(&mut self) -> Duration {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.length * u32::try_from(self.state % 1000).unwrap() / 1000
    }
}

struct Stage {
    scene: Scene,
    wheels: BTreeMap<String, Wheel>,
    /// Stands for the interpreter, and answers the probe from a file.
    python: PathBuf,
    temporary: PathBuf,
}

impl Stage {
    /// `rocket`, proven by PEP 740, requires `bolt`, proven by a release's classic envelope and an entry of the log.
    fn new() -> Self {
        let source = |name: &str| {
            Wheel::builder(name, "1.0.0").project_url("Source", &format!("https://github.com/acme/{name}"))
        };
        let rocket = source("rocket").requires("bolt").build();
        let bolt = source("bolt").build();
        let wheels = [rocket.clone(), bolt.clone()]
            .map(|wheel| (wheel.filename.clone(), wheel))
            .into();
        let scene = Scene::of([
            Release::new(rocket).with(Evidence::pep740(Identity::github("acme/rocket"))),
            Release::new(bolt).with(Evidence::classic_release(
                Identity::slsa_generator("acme/bolt"),
                "v1.0.0",
            )),
        ]);
        let python = scene.directory.path().join("python");
        let temporary = scene.directory.path().join("tmp");
        fs::create_dir(&temporary).unwrap();
        Self {
            scene,
            wheels,
            python,
            temporary,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.directory.path().join(name)
    }

    /// From the next run on, the interpreter's answer is kept, or replayed.
    fn interpreter(&self, script: &str) {
        fs::write(&self.python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&self.python, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a command once with the real interpreter and keeps its answer for all later ones. Returns how long another one takes.
    fn rehearse(&self, command: impl Fn(&str) -> Command) -> Duration {
        let answer = self.path("answer");
        self.interpreter(&format!(
            "'{}' \"$@\" | tee '{}'",
            shared_python().display(),
            answer.display()
        ));
        Run::of(command("rehearsal-0")).exits(0);
        // What pip has parsed is in the answer: where to install, and whether to replace what is there.
        self.interpreter(&format!(
            "exec sed \"s|{}|$ANSWERED_TARGET|; s|\\\"upgrade\\\": false|\\\"upgrade\\\": ${{ANSWERED_UPGRADE:-false}}|\" '{}'",
            self.path("rehearsal-0").display(),
            answer.display()
        ));
        let began = Instant::now();
        Run::of(command("rehearsal-1")).exits(0);
        began.elapsed()
    }

    fn command(&self, words: &[&str], cache: &str) -> Command {
        let mut command = self.scene.command(words);
        command
            .env("SLSA_PIP_PYTHON", &self.python)
            .env("SLSA_PIP_CACHE_DIR", self.path(cache))
            .env("TMPDIR", &self.temporary);
        command
    }

    fn download(&self, dest: &str, cache: &str) -> Command {
        let mut command = self.command(&["download", "rocket", "--format", "json", "--dest"], cache);
        command.arg(self.path(dest));
        command
    }

    fn install(&self, target: &str, cache: &str) -> Command {
        let mut command = self.command(&["install", "rocket", "--format", "json", "--target"], cache);
        command.arg(self.path(target));
        command.env("ANSWERED_TARGET", self.path(target));
        command.env("ANSWERED_UPGRADE", "false");
        command
    }

    fn upgrade(&self, target: &str) -> Command {
        let mut command = self.install(target, "shared");
        command.arg("--upgrade").env("ANSWERED_UPGRADE", "true");
        command
    }

    /// Whatever stands in a cache's store under its final name has the digest that it is named by; what the log has said is JSON.
    fn check_cache(&self, cache: &str) {
        for path in files(&self.path(cache)) {
            if is_temporary(&path) {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let within = path.strip_prefix(self.path(cache)).unwrap();
            match within.components().next().unwrap().as_os_str().to_str() {
                Some("wheels") => {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    let wheel = self.wheels.values().find(|wheel| wheel.sha256() == name);
                    assert!(wheel.is_some_and(|wheel| wheel.bytes == bytes), "{}", path.display());
                }
                Some("rekor") => drop(serde_json::from_slice::<Value>(&bytes).unwrap()),
                // Entries of `http` are judged by the runs to the end, which read them.
                _ => {}
            }
        }
    }

    /// Every file in the folder of a download is whole, and no wheel stands there without its proof.
    fn check_download(&self, dest: &str) {
        for path in files(&self.path(dest)).into_iter().filter(|path| !is_temporary(path)) {
            let bytes = fs::read(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(wheel) = self.wheels.get(name) {
                assert_eq!(bytes, wheel.bytes);
                let proof =
                    [".attestation", ".intoto.jsonl"].map(|ending| path.with_file_name(format!("{name}{ending}")));
                assert!(proof.iter().any(|path| path.exists()), "{name} stands alone");
            } else {
                serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    /// Every module of both wheels is in the target, byte for byte, and so are their records.
    fn is_complete(&self, target: &str) -> bool {
        self.wheels.values().all(|wheel| {
            let module = self.path(target).join(&wheel.name).join("__init__.py");
            let records = self
                .path(target)
                .join(format!("{}-{}.dist-info/RECORD", wheel.name, wheel.version));
            fs::read_to_string(module).is_ok_and(|text| text == "__version__ = '1.0.0'\n") && records.exists()
        })
    }

    fn is_untouched(&self, target: &str) -> bool {
        files(&self.path(target)).is_empty()
    }
}

/// A run to the end finds nothing to complain of in what the killed ones have left.
fn check_run(command: Command) {
    let report = Run::of(command).exits(0).json();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(
        report["notes"],
        serde_json::json!([]),
        "such as that the cache could not be used"
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with('.')
}

/// Starts it, and kills it after the delay; false if it had come to its end by then.
fn killed(mut command: Command, delay: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.signal() == Some(SIGKILL) || status.success(), "{status}");
    !status.success()
}

#[test]
fn a_hundred_killed_downloads_leave_a_whole_cache_and_whole_files() {
    let stage = Stage::new();
    let length = stage.rehearse(|cache| stage.download("rehearsed", cache));
    let lane = |lane: usize| {
        let mut delays = Delays::new(u64::try_from(lane).unwrap() + 1, length);
        let dest = format!("dest-{lane}");
        let (mut kills, mut tries) = (0, 0);
        while kills < DOWNLOADS {
            tries += 1;
            assert!(tries < 10 * DOWNLOADS, "they end before they are killed");
            // Most share a cache, with the other lane too; each fifth begins with an empty one.
            let cache = if tries % 5 == 0 {
                format!("cold-{lane}-{tries}")
            } else {
                "shared".to_owned()
            };
            kills += usize::from(killed(stage.download(&dest, &cache), delays.next()));
            stage.check_cache(&cache);
            stage.check_download(&dest);
            if tries % EVERY == 0 {
                // One that was cold a moment ago, and the shared one.
                for cache in [cache.as_str(), "shared"] {
                    check_run(stage.download(&format!("{dest}-{tries}"), cache));
                }
            }
            if cache != "shared" {
                let _ = fs::remove_dir_all(stage.path(&cache));
            }
        }
        check_run(stage.download(&dest, "shared"));
        stage.check_download(&dest);
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|number| scope.spawn(move || lane(number))).collect();
        for lane in lanes {
            lane.join().unwrap();
        }
    });
    // From what they have written, a machine without a network can install.
    let mut offline = stage.install("offline", "none");
    offline
        .args(["--offline", "--no-index", "--find-links"])
        .arg(stage.path("dest-0"));
    Run::of(offline.env("SLSA_PIP_PYTHON", shared_python())).exits(0);
    assert!(stage.is_complete("offline"));
    // What nobody could remove lies where temporary files belong, and is closed to others.
    for entry in fs::read_dir(&stage.temporary).unwrap() {
        let entry = entry.unwrap();
        assert!(
            entry.file_name().to_str().unwrap().starts_with("slsa-pip-"),
            "{:?}",
            entry.path()
        );
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            entry.path()
        );
    }
    // The cache knows how to clean away what they have left in it.
    let mut clean = stage.command(&["cache", "clean"], "shared");
    Run::of(clean.arg("--format=json")).exits(0);
    assert_eq!(files(&stage.path("shared")), Vec::<PathBuf>::new());
}

/// Waits until no process of the group is left.
fn wait_for_group(group: u32) {
    let began = Instant::now();
    let alive = || {
        let mut probe = Command::new("kill");
        probe.args(["-0", "--", &format!("-{group}")]).stderr(Stdio::null());
        probe.status().unwrap().success()
    };
    while alive() {
        assert!(began.elapsed() < Duration::from_mins(2), "pip never ended");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_killed_installs_leave_all_or_nothing_or_are_told_by_the_next_run() {
    let stage = Stage::new();
    let length = stage.rehearse(|target| stage.install(target, "shared"));
    let before_pip = {
        let mut dry = stage.install("dry", "shared");
        let began = Instant::now();
        Run::of(dry.arg("--dry-run")).exits(0);
        began.elapsed()
    };
    let stage = &stage;
    let lane = |lane: usize| {
        let seed = u64::try_from(lane).unwrap() + 7;
        let (mut anywhere, mut early) = (Delays::new(seed, length), Delays::new(seed, before_pip));
        let (mut kills, mut tries) = (0, 0);
        while kills < INSTALLS {
            tries += 1;
            assert!(tries < 10 * INSTALLS, "they end before they are killed");
            let delay = if tries % ANYWHERE == 0 {
                anywhere.next()
            } else {
                early.next()
            };
            // The program alone, as by the kernel for want of memory; or with its pip, as by a power cut.
            let alone = tries % 4 == 0;
            let target = format!("target-{lane}-{tries}");
            kills += usize::from(killed_install(stage, &target, delay, alone));
            stage.check_cache("shared");
            let untouched = stage.is_untouched(&target);
            if alone {
                assert!(
                    untouched || stage.is_complete(&target),
                    "pip has all it needs, and was not killed"
                );
            }
            if !untouched || tries % EVERY == 0 {
                finish(stage, &target);
            }
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|number| scope.spawn(move || lane(number))).collect();
        for lane in lanes {
            lane.join().unwrap();
        }
    });
}

/// Kills an install after the delay; false if it had come to its end by then. No process of it is left.
fn killed_install(stage: &Stage, target: &str, delay: Duration, alone: bool) -> bool {
    let mut command = stage.install(target, "shared");
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.process_group(0).spawn().unwrap();
    let group = child.id();
    std::thread::sleep(delay);
    if alone {
        child.kill().unwrap();
    } else {
        let mut kill = Command::new("kill");
        kill.args(["-9", "--", &format!("-{group}")]).stderr(Stdio::null());
        // Where it has ended already there is nobody to kill.
        kill.status().unwrap();
    }
    let status = child.wait().unwrap();
    // A pip that has lost its parent works on by itself, with files that were verified.
    wait_for_group(group);
    !status.success()
}

/// The next run succeeds, or says what is in its way and how to go on.
fn finish(stage: &Stage, target: &str) {
    let next = Run::of(stage.install(target, "shared"));
    if next.code != Some(0) {
        let next = next.exits(2).says("exists already").says("--upgrade");
        assert_eq!(next.json()["verdict"], "error");
        check_run(stage.upgrade(target));
    }
    assert!(stage.is_complete(target));
}

/// What a pip that is killed between two of its steps leaves in a target, made by hand: time would hardly ever hit it.
#[test]
fn what_a_killed_pip_has_left_is_told_and_repaired() {
    let stage = Stage::new();
    stage.rehearse(|target| stage.install(target, "shared"));
    let whole = "rehearsal-1";
    assert!(stage.is_complete(whole));
    for (case, missing) in [
        (
            "one distribution is there and the other is not",
            &["bolt", "bolt-1.0.0.dist-info"][..],
        ),
        (
            "modules without records",
            &["bolt-1.0.0.dist-info", "rocket-1.0.0.dist-info"],
        ),
        ("records without modules", &["bolt", "rocket"]),
        ("a module is missing", &["rocket/__init__.py"]),
        ("a record is missing", &["rocket-1.0.0.dist-info/RECORD"]),
    ] {
        let target = stage.path("target");
        copy(&stage.path(whole), &target);
        for name in missing {
            let path = target.join(name);
            if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            }
            .unwrap();
        }
        let next = Run::of(stage.install("target", "shared"));
        if next.code == Some(0) {
            assert!(
                stage.is_complete("target"),
                "{case}: it is reported as installed and is not"
            );
        } else {
            next.exits(2).says("--upgrade");
        }
        check_run(stage.upgrade("target"));
        assert!(stage.is_complete("target"), "{case}");
        fs::remove_dir_all(target).unwrap();
    }
}

#[test]
fn a_distribution_without_its_list_of_files_is_told_and_written_anew() {
    let stage = Stage::new();
    let python = venv(stage.scene.directory.path());
    let install = |words: &[&str]| {
        let mut command = stage.command(&["install", "rocket"], "shared");
        command.args(words).env("SLSA_PIP_PYTHON", &python);
        command
    };
    Run::of(install(&[])).exits(0);
    let site = fs::read_dir(stage.path("venv/lib"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let record = site.join("site-packages/rocket-1.0.0.dist-info/RECORD");
    // pip writes it last.
    fs::remove_file(&record).unwrap();
    for words in [&[][..], &["--verify-installed"]] {
        Run::of(install(words))
            .exits(2)
            .says("RECORD")
            .says("--ignore-installed");
    }
    Run::of(install(&["--ignore-installed"])).exits(0);
    assert!(record.exists());
    Run::of(install(&["--verify-installed"])).exits(0);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
