//! Reports on what policy lets pass without proof: warnings and exemptions, for people, in JSON and in pip's report.

use std::fmt::Write as _;
use std::time::Instant;

use serde_json::{Value, json};
use slsa_pip_test_world::{
    Evidence, Faults, Identity, Predicate, Release, ReleaseFaults, Signing, SigningOptions, Wheel,
};

use crate::support::{Run, Scene};

const WARN: &str = "[defaults]\nmode = \"warn\"\n";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn bolt() -> Wheel {
    Wheel::builder("bolt", "0.6").build()
}

fn by(identity: Identity) -> Release {
    Release::new(rocket()).with(Evidence::pep740(identity))
}

/// `rocket` with its proof, `bolt` without any.
fn scene(policy: &str) -> Scene {
    let scene = Scene::of([by(Identity::github("acme/rocket")), Release::new(bolt())]);
    scene.write("slsa-pip.toml", policy);
    scene
}

fn files(report: &Value) -> Vec<(&str, &str, &str)> {
    let files = report["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            (
                file["package"].as_str().unwrap(),
                file["verdict"].as_str().unwrap(),
                file["standing"].as_str().unwrap(),
            )
        })
        .collect()
}

fn exempting(sha256: &str) -> String {
    format!("[exemptions.bolt]\nversions = \"==0.6\"\nsha256 = [\"{sha256}\"]\nreason = \"read line by line\"\n")
}

#[test]
fn a_warning_lets_a_file_pass_and_says_so_everywhere() {
    let scene = scene(&format!("{PIN}{WARN}"));
    let words = ["rocket", "bolt", "--report", "report.json", "--format", "json"];
    let run = Run::of(scene.install(&words)).exits(0);
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["installed"]),
        (&json!("tolerated"), &json!(true))
    );
    assert_eq!(
        files(&report),
        [("bolt", "tolerated", "tolerated"), ("rocket", "verified", "pinned")]
    );
    let bolt = &report["files"][0];
    assert_eq!(bolt["evidence"]["basis"], "tolerated");
    assert_eq!(
        bolt["evidence"]["written_at"],
        "slsa-pip.toml: [defaults] mode = \"warn\""
    );
    assert_eq!(run.codes(), ["no-evidence"]);
    assert_eq!(scene.installed(), ["bolt-0.6", "rocket-1.0.0"]);
    let installed: Value =
        serde_json::from_slice(&std::fs::read(scene.directory.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(installed["slsa_pip"]["verdict"], "tolerated");
    let of_bolt = installed["install"].as_array().unwrap().iter();
    let of_bolt: Vec<&Value> = of_bolt.filter(|item| item["metadata"]["name"] == "bolt").collect();
    assert_eq!(of_bolt[0]["slsa_pip"]["verdict"], "tolerated");
    assert_eq!(of_bolt[0]["slsa_pip"]["refusals"][0]["code"], "no-evidence");
}

#[test]
fn people_are_told_of_a_warning_however_quiet_it_is_to_be() {
    for quiet in [&[][..], &["-q"], &["-qq"]] {
        let scene = scene(&format!("{PIN}{WARN}"));
        let words = [&["rocket", "bolt"], quiet].concat();
        let run = Run::of(scene.install(&words))
            .exits(0)
            .says("warning: Not verified, but tolerated: `bolt==0.6`")
            .says("tolerated by slsa-pip.toml: [defaults] mode = \"warn\"")
            .says("[no-evidence, rule F1]")
            .says("warning: 1 file passes UNVERIFIED, only because policy says `mode = \"warn\"`");
        assert!(
            run.stderr.trim_end().ends_with("`mode = \"warn\"`") || quiet.is_empty(),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("verified bolt"), "{}", run.stderr);
    }
    let scene = scene(&format!("{PIN}{WARN}"));
    Run::of(scene.install(&["rocket", "bolt", "--dry-run"]))
        .exits(0)
        .says("Not everything was verified; nothing was installed (--dry-run).")
        .says("  tolerated   bolt 0.6      no proof  no-evidence")
        .says("  pinned      rocket 1.0.0  publish   github.com/acme/rocket")
        .says("  2 files: 1 pinned, 1 tolerated");
}

#[test]
fn what_cannot_be_read_is_told_once_in_either_mode_however_the_release_was_chosen() {
    for words in [&["rocket"][..], &["rocket", "--resolve-policy", "satisfying"]] {
        for (policy, code) in [(PIN.to_owned(), 1), (format!("{PIN}{WARN}"), 0)] {
            let broken = Release::new(rocket()).with(Evidence::RawProvenance(json!({"version": 7})));
            let scene = Scene::of([broken]);
            scene.write("slsa-pip.toml", &policy);
            let run = Run::of(scene.install(words).args(["--dry-run", "--format", "json"])).exits(code);
            assert_eq!(run.codes(), ["evidence-unreadable"], "{words:?} {code}");
        }
    }
}

#[test]
fn a_warning_names_the_file_that_says_it() {
    let scene = scene(PIN);
    let home = scene.directory.path().join("home");
    std::fs::create_dir_all(home.join("slsa-pip")).unwrap();
    std::fs::write(home.join("slsa-pip/slsa-pip.toml"), WARN).unwrap();
    let mut command = scene.install(&["bolt", "--dry-run", "--format", "json"]);
    let run = Run::of(command.env("XDG_CONFIG_HOME", &home)).exits(0);
    let written_at = run.json()["files"][0]["evidence"]["written_at"].clone();
    let written_at = written_at.as_str().unwrap();
    assert!(
        written_at.ends_with("home/slsa-pip/slsa-pip.toml: [defaults] mode = \"warn\""),
        "{written_at}"
    );
    // The project's own word counts before that of the user-wide file.
    scene.write("slsa-pip.toml", &format!("{PIN}[defaults]\nmode = \"enforce\"\n"));
    let mut command = scene.install(&["bolt", "--dry-run", "--format", "json"]);
    let run = Run::of(command.env("XDG_CONFIG_HOME", &home)).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
}

#[test]
fn only_the_policy_file_can_say_warn() {
    let scene = scene(PIN);
    Run::of(scene.install(&["rocket", "bolt", "--format", "json"])).exits(1);
    for words in [&["--mode", "warn"][..], &["--warn"], &["--mode=warn"], &["--no-verify"]] {
        Run::of(scene.install(&["rocket", "bolt"]).args(words)).exits(2);
    }
    for variable in ["SLSA_PIP_MODE", "SLSA_PIP_WARN"] {
        let run = Run::of(scene.install(&["bolt", "--format", "json"]).env(variable, "warn")).exits(1);
        assert_eq!(run.codes(), ["no-evidence"]);
    }
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn warnings_never_cover_bytes_or_forged_evidence() {
    let forged = |faults: Faults| {
        let options = SigningOptions {
            faults,
            ..SigningOptions::default()
        };
        let signing = Signing::new(Identity::github("acme/rocket"), Predicate::Publish).options(options);
        Release::new(rocket()).with(Evidence::Pep740(signing))
    };
    let lying = Release::new(rocket()).faults(ReleaseFaults::lying_digest());
    let signature = forged(Faults {
        wrong_signature: true,
        ..Faults::default()
    });
    let authority = forged(Faults {
        other_ca: true,
        ..Faults::default()
    });
    let tampered = by(Identity::github("acme/rocket")).faults(ReleaseFaults::tampered(&rocket()));
    let cases = [
        (lying, "index-digest-mismatch"),
        (signature, "signature-invalid"),
        (authority, "certificate-untrusted"),
        (tampered, "digest-mismatch"),
    ];
    for (release, code) in cases {
        let scene = Scene::of([release]);
        scene.write("slsa-pip.toml", &format!("{PIN}{WARN}"));
        let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
        assert_eq!(run.codes(), [code]);
        assert_eq!(run.json()["verdict"], "refused");
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    // Nor hashes that the user has named, where the index does not say.
    let silent = ReleaseFaults {
        no_announced_digest: true,
        ..ReleaseFaults::default()
    };
    let scene = Scene::of([Release::new(bolt()).faults(silent)]);
    scene.write("slsa-pip.toml", WARN);
    scene.write("r.txt", &format!("bolt==0.6 --hash=sha256:{}\n", "0".repeat(64)));
    let run = Run::of(scene.install(&["-r", "r.txt", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), ["hash-not-allowed"]);
}

#[test]
fn a_refused_file_stops_the_tolerated_ones_too() {
    let scene = Scene::of([
        by(Identity::github("acme/rocket")).faults(ReleaseFaults::tampered(&rocket())),
        Release::new(bolt()),
    ]);
    scene.write("slsa-pip.toml", &format!("{PIN}{WARN}"));
    let run = Run::of(scene.install(&["rocket", "bolt", "--format", "json"])).exits(1);
    assert_eq!(
        files(&run.json()),
        [("bolt", "tolerated", "tolerated"), ("rocket", "refused", "refused")]
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn a_download_under_warning_keeps_the_file_and_no_proof() {
    let scene = scene(&format!("{PIN}{WARN}"));
    let run = Run::of(scene.command(&["download", "rocket", "bolt", "--dest", "kept", "--format", "json"])).exits(0);
    assert_eq!(run.json()["verdict"], "tolerated");
    let kept = std::fs::read_dir(scene.directory.path().join("kept")).unwrap();
    let mut kept: Vec<String> = kept
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("bolt"))
        .collect();
    kept.sort();
    assert_eq!(kept, [bolt().filename]);
}

#[test]
fn verify_never_tolerates() {
    let scene = scene(&format!("{PIN}{WARN}"));
    std::fs::write(scene.directory.path().join(bolt().filename), bolt().bytes).unwrap();
    let other = scene.world.sign(
        &bolt(),
        &Signing::new(Identity::github("evil/bolt"), Predicate::Publish),
    );
    scene.write("proof.json", &other.pep740_provenance().to_string());
    let words = [
        "verify",
        "--provenance",
        "proof.json",
        "--source-uri",
        "github.com/acme/bolt",
        "--format",
        "json",
    ];
    let run = Run::of(scene.command(&words).arg(bolt().filename)).exits(1);
    assert_eq!(run.codes(), ["repository-mismatch"]);
}

#[test]
fn used_unused_and_expired_exemptions_are_reported() {
    let used = exempting(&bolt().sha256());
    let others = "[exemptions.rocket]\nversions = \"<1\"\nsha256 = [\"0000000000000000000000000000000000000000000000000000000000000000\"]\nreason = \"old\"\n\
        [exemptions.nut]\nversions = \"==1\"\nsha256 = [\"0000000000000000000000000000000000000000000000000000000000000000\"]\nreason = \"elsewhere\"\n\
        [exemptions.gear]\nversions = \"==1\"\nsha256 = [\"0000000000000000000000000000000000000000000000000000000000000000\"]\nreason = \"over\"\nexpires = 2020-02-29\n";
    let policy = format!("{PIN}{used}{others}");
    let run = Run::of(scene(&policy).install(&["rocket", "bolt", "--format", "json"])).exits(0);
    let report = run.json();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(
        files(&report),
        [("bolt", "verified", "exempt"), ("rocket", "verified", "pinned")]
    );
    let at = |package: &str, key: &str| json!(format!("slsa-pip.toml: [{key}.{package}]"));
    let exemptions = &report["exemptions"];
    assert_eq!(
        exemptions["used"],
        json!([{
            "package": "bolt", "versions": "==0.6", "reason": "read line by line", "expires": null,
            "written_at": at("bolt", "exemptions"),
        }])
    );
    assert_eq!(exemptions["unused"][0]["package"], "rocket");
    assert_eq!(exemptions["unused"][0]["why"], "it is for <1, not for 1.0.0");
    assert_eq!(exemptions["expired"][0]["expires"], "2020-02-29");
    assert_eq!(
        (&exemptions["expired_count"], &exemptions["elsewhere_count"]),
        (&json!(1), &json!(1))
    );
    Run::of(scene(&policy).install(&["rocket", "bolt"]))
        .exits(0)
        .says("exempt bolt-0.6-py3-none-any.whl")
        .says("reason      read line by line")
        .says("note: an exemption of rocket was not used: it is for <1, not for 1.0.0 (slsa-pip.toml: [exemptions.rocket])")
        .says("note: an exemption of gear has run out on 2020-02-29 (slsa-pip.toml: [exemptions.gear])")
        .says("  exempt      bolt 0.6      no proof  slsa-pip.toml: [exemptions.bolt]");
    let run = Run::of(scene(PIN).install(&["rocket", "--format", "json"])).exits(0);
    assert!(run.json().get("exemptions").is_none());
}

#[test]
fn a_policy_with_thousands_of_exemptions_is_not_listed_out_and_costs_nothing() {
    let mut policy = exempting(&bolt().sha256());
    let digest = "0".repeat(64);
    for number in 0..3000 {
        let _ = write!(
            policy,
            "[exemptions.p{number}]\nversions = \"==1\"\nsha256 = [\"{digest}\"]\nreason = \"r\"\nexpires = 2020-01-01\n"
        );
    }
    let scene = scene(&policy);
    let began = Instant::now();
    let run = Run::of(scene.install(&["bolt", "--format", "json"])).exits(0);
    let took = began.elapsed();
    let exemptions = &run.json()["exemptions"];
    assert_eq!(exemptions["expired"].as_array().unwrap().len(), 100);
    assert_eq!(exemptions["expired_count"], 3000);
    assert_eq!(exemptions["used"].as_array().unwrap().len(), 1);
    let run = Run::of(scene.install(&["bolt", "--dry-run"])).exits(0);
    assert_eq!(run.stderr.matches("has run out on").count(), 5, "{}", run.stderr);
    run.says("2995 more exemptions were not used or have run out");
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn the_repository_that_the_user_names_is_the_only_one_whatever_else_policy_accepts() {
    let scene = scene("[packages.bolt]\nowner = \"github.com/acme\"\ngoogle = \"release@acme.example\"\n");
    std::fs::write(scene.directory.path().join(bolt().filename), bolt().bytes).unwrap();
    let proof = scene
        .world
        .sign(&bolt(), &Signing::new(Identity::github("acme/nut"), Predicate::Publish));
    scene.write("proof.json", &proof.pep740_provenance().to_string());
    let verify = |words: &[&str]| {
        let mut command = scene.command(&["verify", "--provenance", "proof.json", "--format", "json"]);
        command.args(words).arg(bolt().filename);
        Run::of(command)
    };
    verify(&[]).exits(0);
    verify(&["--source-uri", "github.com/acme/nut"]).exits(0);
    let run = verify(&["--source-uri", "github.com/acme/bolt"]).exits(1);
    assert_eq!(run.codes(), ["repository-mismatch"]);
    assert_eq!(
        run.json()["files"][0]["refusals"][0]["expected"],
        "github.com/acme/bolt"
    );
}
