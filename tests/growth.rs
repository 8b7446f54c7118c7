use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use slsa_pip_test_world::World;
use slsa_pip_test_world::bulk::PackageSet;

use crate::support::Scene;

/// Packages that one run takes on.
const MANY: usize = 500;
/// The most memory that it may hold meanwhile, in kB: docs/performance.md has what it holds.
const MEMORY_KB: u64 = 150_000;
/// Between two looks at the memory, of which the system itself keeps the peak.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs the command to its end; the peak of its own memory in kB, without the processes that it has started.
fn peak_memory(mut command: Command) -> u64 {
    let mut child = command.spawn().expect("the binary runs");
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        std::thread::sleep(PAUSE);
    }
    peak
}

#[test]
fn five_hundred_packages_are_verified_in_bounded_memory() {
    let world = World::start_blocking().expect("the world starts");
    PackageSet::small("many", MANY).publish(&world);
    let scene = Scene::with(world, []);
    let out = scene.directory.path().join("report.json");
    let mut command = scene.install(&["--dry-run", "--format", "json", "many"]);
    command
        .stdout(File::create(&out).expect("a file"))
        .stderr(Stdio::null());
    let peak = peak_memory(command);
    let report: Value = serde_json::from_slice(&std::fs::read(out).expect("a report")).expect("JSON");
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["files"].as_array().map(Vec::len), Some(MANY));
    assert!((1_000..MEMORY_KB).contains(&peak), "{peak} kB");
}
