use std::time::Duration;

use slsa_pip_test_world::{Fault, Wheel};

use crate::install_requirements::release;
use crate::support::{Run, Scene};

const WHEEL: &str = "/files/rocket-1.0-py3-none-any.whl";

/// A world whose faults leave the METADATA beside the wheel alone: the first that fits counts.
fn scene() -> Scene {
    let scene = Scene::of([release(Wheel::builder("rocket", "1.0"))]);
    scene.world.fault(".whl.metadata", Fault::Slow(Duration::ZERO));
    scene
}

#[test]
fn provenance_is_searched_for_while_the_file_loads() {
    let scene = scene();
    let while_ = Duration::from_secs(2);
    scene.world.fault(WHEEL, Fault::Slow(while_));
    scene.world.fault("/integrity/rocket", Fault::Slow(while_));
    // The whole wheel is read for its metadata otherwise.
    let report = Run::of(scene.install(&["rocket", "--dry-run", "--format", "json"]))
        .exits(0)
        .json();
    let files = report["timings"]["files"].as_u64().unwrap();
    assert!((2_000..3_900).contains(&files), "{}", report["timings"]);
}

#[test]
fn evidence_for_the_announced_digest_proves_nothing_about_other_bytes() {
    let scene = scene();
    // Announced and attested is the one file, sent is another.
    let other = Wheel::builder("rocket", "1.0").file("rocket/planted.py", "").build();
    scene.world.fault(WHEEL, Fault::Body(other.bytes));
    // The search is through long before the bytes are there.
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), ["index-digest-mismatch"]);
    let file = run.json()["files"][0].clone();
    assert_eq!(
        (&file["verdict"], &file["evidence"]),
        (&"refused".into(), &serde_json::Value::Null)
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn a_file_that_cannot_be_had_ends_the_run_whatever_its_provenance() {
    let scene = scene();
    scene.world.fault(WHEEL, Fault::Status(410));
    scene
        .world
        .fault("/integrity/rocket", Fault::Slow(Duration::from_secs(30)));
    let began = std::time::Instant::now();
    Run::of(scene.install(&["rocket"]))
        .exits(2)
        .says("`rocket-1.0-py3-none-any.whl` could not be downloaded")
        .says("410");
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn what_policy_exempts_is_not_searched_for_unless_its_bytes_are_others() {
    let scene = scene();
    let wheel = Wheel::builder("rocket", "1.0")
        .project_url("Source", "https://github.com/acme/parts")
        .build();
    let exempt = |sha256: &str| {
        let text = format!("[exemptions.rocket]\nversions = \"==1.0\"\nsha256 = [\"{sha256}\"]\nreason = \"test\"\n");
        scene.write("slsa-pip.toml", &text);
        scene.world.forget_requests();
        let words = ["rocket", "--dry-run", "--format", "json"];
        Run::of(scene.install(&words)).exits(0).json()["files"][0]["evidence"]["basis"].clone()
    };
    assert_eq!(exempt(&wheel.sha256()), "exempt");
    assert_eq!(scene.world.request_count("/integrity/"), 0);
    assert_eq!(exempt(&"0".repeat(64)), "attested");
    assert_eq!(scene.world.request_count("/integrity/"), 1);
}

#[test]
fn the_biggest_files_are_begun_first() {
    const FILES: usize = 24;
    // As many as load at a time.
    const AT_ONCE: usize = 16;
    let name = |number: usize| format!("part{number:02}");
    let scene = Scene::of((0..FILES).map(|number| {
        // A file in a wheel takes some bytes of its own, so that the last one by name is the biggest.
        let wheel = (0..number * 4).fold(Wheel::builder(&name(number), "1.0"), |wheel, file| {
            wheel.file(&format!("{}/m{file}.py", name(number)), "")
        });
        release(wheel)
    }));
    scene.world.fault(".whl.metadata", Fault::Slow(Duration::ZERO));
    scene.world.fault(".whl", Fault::Slow(Duration::from_millis(300)));
    let words: Vec<String> = (0..FILES).map(name).collect();
    let mut command = scene.install(&["--dry-run"]);
    Run::of(command.args(&words)).exits(0);
    let requests = scene.world.requests();
    let mut loaded: Vec<&str> = requests
        .iter()
        .filter_map(|it| it.path.strip_prefix("/files/")?.strip_suffix("-1.0-py3-none-any.whl"))
        .collect();
    assert_eq!(loaded.len(), FILES);
    let (first, then) = loaded.split_at_mut(AT_ONCE);
    first.sort_unstable();
    then.sort_unstable();
    assert_eq!(
        (first.first(), then.last()),
        (Some(&"part08"), Some(&"part07")),
        "{first:?} {then:?}"
    );
}
