//! Where the trusted root comes from, with the real binary against a served TUF repository.

use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use slsa_pip_test_world::{
    Evidence, Fault, Identity, Predicate, Release, TestSigstore, TufFault, TufRepository, TufRole, Wheel,
};

use crate::support::{Run, Scene, folder, slsa_pip};

const REPOSITORY: &str = "acme/rocket";
const DAY: i64 = 24 * 60 * 60;

/// Unix seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

/// A world with one attested release whose trusted root is delivered by TUF, signed `days` ago.
struct Tuf {
    scene: Scene,
    repository: TufRepository,
}

impl Tuf {
    fn signed_days_ago(days: i64) -> Self {
        let identity = Identity::slsa_generator(REPOSITORY);
        let release = Release::new(rocket()).with(Evidence::bundle_release(identity, "v1.0.0"));
        let scene = Scene::of([release]);
        let root = scene.world.sigstore.trusted_root_json();
        let repository = TufRepository::new(1, now() - days * DAY, &root);
        Self { scene, repository }
    }

    fn new() -> Self {
        Self::signed_days_ago(0)
    }

    /// Serves the repository as it is, and points the binary at it instead of at a file.
    fn command(&self, words: &[&str]) -> Command {
        let url = self.scene.world.serve_tuf("test", &self.repository);
        let root = self
            .scene
            .world
            .write("root.json", self.repository.start_root())
            .unwrap();
        let mut command = self.scene.command(words);
        command
            .env_remove("SLSA_PIP_TRUSTED_ROOT")
            .env("SLSA_PIP_TUF_URL", url)
            .env("SLSA_PIP_TUF_ROOT", root);
        command
    }

    fn install(&self, words: &[&str]) -> Run {
        let mut command = self.command(&["install", "--dry-run", "--format", "json", "rocket"]);
        Run::of(command.args(words))
    }

    fn copy(&self) -> std::path::PathBuf {
        let folder = std::fs::read_dir(self.scene.directory.path().join(".cache/tuf"))
            .unwrap()
            .next();
        folder.unwrap().unwrap().path().join("copy.json")
    }

    fn asked(&self) -> usize {
        let count = self.scene.world.request_count("/tuf/");
        self.scene.world.forget_requests();
        count
    }
}

/// The code of a run that ended without a verdict.
#[track_caller]
fn code(run: &Run) -> String {
    let document = run.json();
    assert_eq!(document["verdict"], "error");
    assert!(document["error"]["hints"][0].is_string(), "{document:#}");
    document["error"]["code"].as_str().expect("a code").to_owned()
}

fn root_of(report: &Value) -> &str {
    report["trusted_root"].as_str().expect("trusted_root")
}

#[test]
fn install_verifies_with_a_root_that_tuf_delivers_and_keeps_it() {
    let tuf = Tuf::new();
    let report = tuf.install(&[]).exits(0).json();
    assert!(root_of(&report).starts_with("TUF, refreshed "), "{report:#}");
    assert_eq!(report["notes"].as_array().unwrap().len(), 0, "{report:#}");
    assert_eq!(tuf.asked(), 5);
    // Fresh: no request.
    tuf.install(&[]).exits(0);
    assert_eq!(tuf.asked(), 0);
    // And for people.
    Run::of(tuf.command(&["install", "--dry-run", "rocket"]))
        .exits(0)
        .says("trusted root: TUF, refreshed ");
}

#[test]
fn the_root_decides() {
    let mut tuf = Tuf::new();
    tuf.repository.replace_target(&TestSigstore::new(7).trusted_root_json());
    let run = tuf.install(&[]).exits(1);
    assert!(!run.codes().is_empty());
}

#[test]
fn verify_and_verify_bundle_use_it_too() {
    let tuf = Tuf::new();
    let signed = tuf.scene.world.sign(
        &rocket(),
        &slsa_pip_test_world::Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02),
    );
    let wheel = rocket();
    tuf.scene
        .write("rocket.sigstore.json", &signed.bundle_v03().to_string());
    std::fs::write(tuf.scene.directory.path().join(&wheel.filename), &wheel.bytes).unwrap();
    let mut command = tuf.command(&["verify", "--format", "json", "--provenance", "rocket.sigstore.json"]);
    let report = Run::of(command.arg(&wheel.filename)).exits(0).json();
    assert!(root_of(&report).starts_with("TUF, refreshed "), "{report:#}");
    assert_eq!(report["requests"], 5);
    assert_eq!(tuf.asked(), 5);
    let mut command = tuf.command(&["verify-bundle", "--format", "json", "--bundle", "rocket.sigstore.json"]);
    command.args([
        "--certificate-oidc-issuer",
        "https://token.actions.githubusercontent.com",
    ]);
    command.args(["--certificate-identity", "nobody"]).arg(&wheel.filename);
    let report = Run::of(command).exits(1).json();
    assert!(
        report["trusted_root"].as_str().unwrap().starts_with("TUF, refreshed "),
        "{report:#}"
    );
    assert_eq!(tuf.asked(), 0);
}

#[test]
fn wrong_answers_end_the_run_with_a_code_of_their_own() {
    type Change = fn(&mut TufRepository);
    let cases: [(Change, &str); 5] = [
        (|it| it.fault(TufFault::Expired(TufRole::Timestamp)), "tuf-expired"),
        (|it| it.fault(TufFault::TamperedTarget), "tuf-target-mismatch"),
        (|it| it.fault(TufFault::MixedUp), "tuf-mixed-up"),
        (
            |it| it.fault(TufFault::TooFewSignatures(TufRole::Targets)),
            "tuf-signatures",
        ),
        (|it| it.fault(TufFault::RootWithoutOldKeys), "tuf-signatures"),
    ];
    for (change, expected) in cases {
        let mut tuf = Tuf::new();
        change(&mut tuf.repository);
        let run = tuf.install(&[]).exits(2);
        assert_eq!(code(&run), expected);
        Run::of(&mut tuf.command(&["install", "rocket"]))
            .exits(2)
            .says(&format!("error: The trusted root cannot be used [{expected}]"));
        let update = Run::of(&mut tuf.command(&["trust-root", "update", "--format", "json"])).exits(2);
        assert_eq!(code(&update), expected);
    }
}

#[test]
fn a_rolled_back_repository_is_refused() {
    let mut tuf = Tuf::new();
    let old = tuf.repository.clone();
    tuf.repository.renew();
    tuf.install(&[]).exits(0);
    tuf.repository = old;
    let update = Run::of(&mut tuf.command(&["trust-root", "update", "--format", "json"])).exits(2);
    assert_eq!(code(&update), "tuf-rollback");
}

#[test]
fn a_tampered_cache_is_refused_until_it_is_updated() {
    let tuf = Tuf::new();
    tuf.install(&[]).exits(0);
    let text = std::fs::read_to_string(tuf.copy()).unwrap();
    std::fs::write(tuf.copy(), text.replace("rekor.test", "rekor.evil")).unwrap();
    for words in [&[][..], &["--offline"]] {
        let run = tuf.install(words).exits(2);
        assert_eq!(code(&run), "tuf-cache-refused");
        let hint = run.json()["error"]["hints"][0].to_string();
        assert!(hint.contains("slsa-pip trust-root update"), "{hint}");
    }
    let show = Run::of(&mut tuf.command(&["trust-root", "show", "--format", "json"])).exits(2);
    assert_eq!(code(&show), "tuf-cache-refused");
    Run::of(&mut tuf.command(&["trust-root", "update"]))
        .exits(0)
        .says("warning: what was kept is replaced, since it was refused [tuf-cache-refused]");
    tuf.install(&[]).exits(0);
}

#[test]
fn an_unreachable_repository_costs_a_note() {
    let tuf = Tuf::signed_days_ago(0);
    tuf.install(&[]).exits(0);
    // What was kept is made five days old.
    let mut copy: Value = serde_json::from_slice(&std::fs::read(tuf.copy()).unwrap()).unwrap();
    copy["refreshed"] = Value::from(slsa_pip_test_world::tuf::rfc3339(now() - 5 * DAY));
    std::fs::write(tuf.copy(), copy.to_string()).unwrap();
    tuf.scene.world.fault("/tuf/", Fault::Status(503));
    let report = tuf.install(&[]).exits(0).json();
    assert_eq!(root_of(&report), "cache, 5 days old");
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("the trusted root was not refreshed (") && notes.contains("503"),
        "{notes}"
    );
    let words = ["install", "--dry-run", "rocket"];
    Run::of(&mut tuf.command(&words)).exits(0).says("cache, 5 days old");
}

#[test]
fn without_repository_and_copy_there_is_no_verdict() {
    let tuf = Tuf::new();
    tuf.scene.world.fault("/tuf/", Fault::Status(503));
    assert_eq!(code(&tuf.install(&[]).exits(2)), "tuf-unreachable");
    assert_eq!(code(&tuf.install(&["--offline"]).exits(2)), "tuf-unreachable");
}

#[test]
fn no_cache_dir_keeps_nothing() {
    let tuf = Tuf::new();
    for _ in 0..2 {
        tuf.install(&["--no-cache-dir"]).exits(0);
        assert_eq!(tuf.asked(), 5);
    }
    assert!(!tuf.scene.directory.path().join(".cache").exists());
}

#[test]
fn options_that_contradict_each_other_are_usage_errors() {
    let tuf = Tuf::new();
    for name in ["SLSA_PIP_TUF_URL", "SLSA_PIP_TUF_ROOT"] {
        Run::of(tuf.command(&["trust-root", "show"]).env_remove(name))
            .exits(2)
            .says("`--tuf-url` and `--tuf-root` are needed together");
    }
    Run::of(tuf.command(&["trust-root", "show", "--trusted-root", "x.json"]))
        .exits(2)
        .says("two different trusted roots");
    Run::of(tuf.command(&["trust-root", "show", "--tuf-url", "file:///x"]))
        .exits(2)
        .says("--tuf-url");
    Run::of(tuf.command(&["trust-root", "show", "--tuf-root", "absent.json"]))
        .exits(2)
        .says("absent.json");
    tuf.scene.write("bad.json", "{}");
    let run = Run::of(tuf.command(&["trust-root", "show", "--format", "json", "--tuf-root", "bad.json"])).exits(2);
    assert_eq!(code(&run), "tuf-start-root");
    Run::of(tuf.command(&["trust-root", "update", "--offline"]))
        .exits(2)
        .says("--offline");
    Run::of(tuf.scene.command(&["trust-root", "update"]))
        .exits(2)
        .says("A file is not refreshed");
}

#[test]
fn show_tells_everything_and_asks_nothing() {
    let mut tuf = Tuf::new();
    tuf.repository.rotate(&[TufRole::Timestamp]);
    Run::of(&mut tuf.command(&["trust-root", "update"])).exits(0);
    tuf.asked();
    let show = Run::of(&mut tuf.command(&["trust-root", "show", "--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(tuf.asked(), 0);
    assert_eq!(show["schema"], "slsa-pip/trust-root/v1");
    let instance = &show["instances"][0];
    assert_eq!(
        (&instance["name"], &instance["origin"]),
        (&"custom".into(), &"tuf".into())
    );
    let roles: Vec<(&str, u64)> = instance["metadata"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (role["role"].as_str().unwrap(), role["version"].as_u64().unwrap()))
        .collect();
    assert_eq!(roles, [("root", 2), ("timestamp", 2), ("snapshot", 2), ("targets", 2)]);
    for kind in [
        "certificate_authorities",
        "transparency_logs",
        "certificate_logs",
        "timestamp_authorities",
    ] {
        assert!(!instance[kind].as_array().unwrap().is_empty(), "{kind}");
    }
    let text = Run::of(&mut tuf.command(&["trust-root", "show"])).exits(0);
    for words in [
        "custom: TUF, refreshed ",
        "version 2, expires ",
        "certificate authority  sigstore.test sigstore (https://fulcio.test), since 2020-01-01T00:00:00Z",
        "transparency log  https://rekor.test",
    ] {
        assert!(text.stderr.contains(words), "{words}\n{}", text.stderr);
    }
}

#[test]
fn the_well_known_instances_are_shown_as_embedded_where_nothing_is_kept() {
    let directory = folder();
    let show = Run::of(slsa_pip(directory.path()).args(["trust-root", "show", "--format", "json"]))
        .exits(0)
        .json();
    let instances = show["instances"].as_array().unwrap();
    let names: Vec<&str> = instances.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["public-good", "github"]);
    for instance in instances {
        assert_eq!(instance["origin"], "embedded");
        assert!(
            instance["description"]
                .as_str()
                .unwrap()
                .starts_with("embedded copy of 2026-10-23, ")
        );
    }
    assert!(show["notes"][0].as_str().unwrap().contains("--offline"), "{show:#}");
    assert!(!directory.path().join(".cache").exists());
}

#[test]
fn a_silent_repository_costs_a_few_seconds_once() {
    let tuf = Tuf::new();
    tuf.scene
        .world
        .fault("/tuf/", Fault::Slow(std::time::Duration::from_mins(1)));
    // Makes the environment, which is not what is measured.
    let command = tuf.command(&["install", "--dry-run", "--format", "json", "rocket"]);
    let begun = Instant::now();
    assert_eq!(code(&Run::of(command).exits(2)), "tuf-unreachable");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
