//! What a run may take in memory, whatever its servers answer, and however many of them.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel};

use crate::support::Scene;

/// Most that a run may take, in KiB.
const MOST: u64 = 100 * 1024;
/// Hostile packages in one run.
const COUNT: usize = 24;
/// How long a run may take on a busy machine.
const LONGEST: Duration = Duration::from_mins(3);

/// `part0`, which requires all the others.
fn fleet() -> Scene {
    let release = |number: usize| {
        let name = format!("part{number}");
        let mut wheel = Wheel::builder(&name, "1.0").project_url("Source", &format!("https://github.com/acme/{name}"));
        if number == 0 {
            for other in 1..COUNT {
                wheel = wheel.requires(&format!("part{other}"));
            }
        }
        Release::new(wheel.build()).with(Evidence::pep740(Identity::github(&format!("acme/{name}"))))
    };
    Scene::of((0..COUNT).map(release))
}

/// What a run took: its largest memory in KiB, and its exit code; what it said, where that is of interest.
struct Took {
    peak: u64,
    code: Option<i32>,
    said: String,
}

fn run(scene: &Scene) -> Took {
    let began = Instant::now();
    let mut command = scene.install(&["part0", "--dry-run"]);
    let errors = tempfile::NamedTempFile::new().unwrap();
    command.env("PIP_RETRIES", "0").stdout(Stdio::null());
    let mut child = command.stderr(errors.reopen().unwrap()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // A value that only grows, until the process has ended.
        let now = fs::read_to_string(&status).unwrap_or_default();
        if let Some(line) = now.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
            peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap());
        }
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
            let said = fs::read_to_string(errors.path()).unwrap();
            return Took {
                peak,
                code: ended.code(),
                said: said.chars().take(2000).collect(),
            };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs against servers that answer everything whose path contains `path` with this.
fn hostile(path: &str, kind: &str, body: impl Into<String>, code: i32) {
    hostile_but_for(path, kind, body, code, &[]);
}

/// The same, with other faults before it.
fn hostile_but_for(path: &str, kind: &str, body: impl Into<String>, code: i32, others: &[(&str, Fault)]) {
    let scene = fleet();
    for (path, fault) in others {
        scene.world.fault(path, fault.clone());
    }
    let reply = Fault::Reply(200, vec![("content-type", kind.to_owned())], body.into());
    scene.world.fault(path, reply);
    // Twice: what the first run has kept, the second one finds.
    for which in ["cold", "warm"] {
        let took = run(&scene);
        assert!(took.peak < MOST, "{path}, {which}: {} KiB\n{}", took.peak, took.said);
        assert_eq!(took.code, Some(code), "{path}, {which}: {}", took.said);
    }
}

/// `part0`'s own page is as it should be, or nothing else would be asked for.
fn good_page() -> (&'static str, Fault) {
    ("/simple/part0/", Fault::Slow(Duration::ZERO))
}

const PAGE: &str = "application/vnd.pypi.simple.v1+json";
const JSON: &str = "application/json";

fn long(text: &str, bytes: usize) -> String {
    text.repeat(bytes / text.len())
}

#[test]
fn pages_that_are_as_large_as_they_may_be() {
    hostile_but_for("/simple/", PAGE, long(" ", 32 << 20), 2, &[good_page()]);
    let entry = |number: usize| {
        format!(
            "{{\"filename\":\"x-{number}-py3-none-any.whl\",\"url\":\"{:250}\"}},",
            ""
        )
    };
    let entries: String = (0..90_000).map(entry).collect();
    let page = format!("{{\"name\":\"x\",\"files\":[{entries}0]}}");
    hostile_but_for("/simple/", PAGE, page, 2, &[good_page()]);
}

#[test]
fn provenance_of_the_index_that_is_as_large_as_it_may_be() {
    let values = format!("{{\"a\":[{}0]}}", long("0,", 380_000));
    hostile("/integrity/", JSON, values, 1);
    let statement = long("QUFB", 7 << 20);
    let attestation = json!({
        "version": 1,
        "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
        "envelope": {"statement": statement, "signature": "AAAA"},
    });
    let publisher = json!({"kind": "GitHub", "repository": "a/b", "workflow": "c"});
    let object =
        json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}]});
    hostile("/integrity/", JSON, object.to_string(), 1);
}

#[test]
fn files_and_answers_of_github_that_are_as_large_as_they_may_be() {
    let classic = json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": long("QUFB", 4_100_000),
        "signatures": [{"keyid": "", "sig": "AAAA"}],
    });
    let none = ("/integrity/", Fault::Status(404));
    hostile_but_for("/github/", JSON, classic.to_string(), 1, std::slice::from_ref(&none));
    let bundle = json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": classic});
    let page = json!({"attestations": [{"bundle": bundle}]});
    hostile_but_for("/github-api/", JSON, page.to_string(), 1, std::slice::from_ref(&none));
    hostile_but_for("/github-api/", JSON, long(" ", 50 << 20), 1, &[none]);
}
