use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, LogKind, Signed, TestSigstore};

use crate::support::{Run, artifact, data, folder, slsa_pip};

const WHEEL: &str = "rocket-1.0.0-py3-none-any.whl";
const VOUCHED: &str = "  Vouched for by the certificate (if it verifies):\n";
const WRITTEN: &str = "  Written by the build (forgeable):\n";

fn subjects() -> Vec<Subject> {
    vec![Subject::of(WHEEL, b"the wheel's bytes")]
}

fn generator() -> Signed {
    let identity = Identity::slsa_generator("acme/rocket");
    sign(&identity, &slsa_v02(&identity, &subjects()))
}

fn sign(identity: &Identity, statement: &Value) -> Signed {
    TestSigstore::new(1).sign_statement(identity, statement, SigningOptions::default())
}

/// `slsa-pip inspect provenance.jsonl`, with this content.
fn inspect(directory: &Path, content: &str) -> Command {
    std::fs::write(directory.join("provenance.jsonl"), content).unwrap();
    let mut command = slsa_pip(directory);
    command.args(["inspect", "provenance.jsonl"]);
    command
}

fn document(content: &str) -> Value {
    let directory = folder();
    let document = Run::of(inspect(directory.path(), content).args(["--format", "json"]))
        .exits(0)
        .json();
    assert_eq!(document["schema"], "slsa-pip/inspect/v1");
    assert_eq!(document["verified"], false);
    document
}

#[test]
fn what_the_certificate_vouches_for_stands_apart_from_what_the_build_wrote() {
    let directory = folder();
    let signed = generator();
    let entry = format!(
        "dsse 0.0.1, index {}, integrated at 2025-06-01T12:00:00Z",
        signed.log_index()
    );
    let run = Run::of(&mut inspect(directory.path(), &signed.bundle_v03().to_string())).exits(0);
    let says = &run.stderr;
    assert!(
        says.starts_with("Nothing below was verified: it is what `provenance.jsonl` says, and anybody can"),
        "{says}"
    );
    assert!(
        says.contains("`slsa-pip verify FILE --provenance provenance.jsonl`"),
        "{says}"
    );
    let (head, rest) = says.split_once(VOUCHED).expect("the certificate's group");
    let (vouched, written) = rest.split_once(WRITTEN).expect("the build's group");
    for (group, label, value) in [
        (head, "format", "Sigstore bundle"),
        (head, "payload type", "application/vnd.in-toto+json"),
        (head, "predicate", "https://slsa.dev/provenance/v0.2"),
        (head, "log entry", entry.as_str()),
        (vouched, "identity", "generator_generic_slsa3.yml@refs/tags/v2.0.0"),
        (vouched, "valid", "2025-06-01T11:59:58Z to 2025-06-01T12:09:58Z"),
        (vouched, "source repository URI", "https://github.com/acme/rocket"),
        (written, "builder id", "generator_generic_slsa3.yml@refs/tags/v2.0.0"),
        (
            written,
            "source uri",
            "git+https://github.com/acme/rocket@refs/tags/v1.0.0",
        ),
        (written, "entry point", ".github/workflows/release.yml"),
        (written, "event name", "push"),
    ] {
        let line = group.lines().find(|line| line.trim_start().starts_with(label));
        assert!(line.is_some_and(|line| line.ends_with(value)), "{label} in:\n{group}");
    }
    let subject = format!("sha256:{} {WHEEL}", subjects()[0].sha256);
    assert!(head.contains(&subject), "{head}");
    assert_eq!(run.stdout, "");
}

#[test]
fn every_format_is_read() {
    let signed = generator();
    let identity = Identity::github("acme/rocket");
    let published = sign(&identity, &publish(&subjects()));
    let built = sign(&identity, &slsa_v1(&identity, &subjects()));
    let message = TestSigstore::new(1).sign_artifact(&identity, b"the wheel's bytes", SigningOptions::default());
    let sha256 = Value::from(subjects()[0].sha256.clone());
    for (content, format, media_type, entries, build) in [
        (signed.classic_envelope(true), "DSSE envelope", false, 0, true),
        (signed.bundle_v01().to_string(), "Sigstore bundle", true, 1, true),
        (built.bundle_v03().to_string(), "Sigstore bundle", true, 1, true),
        (message.bundle_v03().to_string(), "Sigstore bundle", true, 1, false),
        (
            published.pep740_attestation().to_string(),
            "PEP 740 attestation",
            false,
            1,
            false,
        ),
        (
            published.pep740_provenance().to_string(),
            "PEP 740 attestation",
            false,
            1,
            false,
        ),
    ] {
        let read = document(&content)["attestations"][0].take();
        assert_eq!(read["format"], format);
        assert_eq!(read["media_type"].is_string(), media_type, "{read:#}");
        assert_eq!(read["log_entries"].as_array().map(Vec::len), Some(entries), "{read:#}");
        assert_eq!(read["build"].is_object(), build, "{read:#}");
        assert_eq!(read["subjects"][0]["digest"]["sha256"], sha256, "{read:#}");
        assert_eq!(
            read["certificate"]["claims"]["source repository URI"], "https://github.com/acme/rocket",
            "{read:#}"
        );
        assert_eq!(read["problems"], json!([]), "{read:#}");
    }
    let beside = document(&published.pep740_provenance().to_string())["attestations"][0]["publisher"].take();
    assert_eq!(
        beside,
        json!({"kind": "GitHub", "repository": "acme/rocket", "workflow": "release.yml"})
    );
    // GitHub's own instance: a timestamp in place of the log.
    let internal = TestSigstore::github_internal(2);
    let signed = internal.sign_statement(&identity, &slsa_v1(&identity, &subjects()), SigningOptions::default());
    let read = document(&signed.bundle_v03().to_string())["attestations"][0].take();
    assert_eq!(
        (&read["signed_timestamps"], &read["log_entries"]),
        (&json!(1), &json!([]))
    );
}

#[test]
fn what_cannot_be_read_within_an_attestation_is_named_and_hides_nothing_else() {
    let without = document(&generator().classic_envelope(false))["attestations"][0].take();
    assert_eq!(without["certificate"], Value::Null);
    assert_eq!(without["problems"][0]["code"], "certificate-missing");
    assert_eq!(without["subjects"][0]["name"], WHEEL);

    let identity = Identity::github("acme/rocket");
    let no_subject = sign(&identity, &slsa_v1(&identity, &[]));
    let read = document(&no_subject.bundle_v03().to_string())["attestations"][0].take();
    assert_eq!(read["problems"][0]["code"], "statement-no-subject");
    assert_eq!(read["predicate_type"], "https://slsa.dev/provenance/v1");
    assert_eq!(read["certificate"]["identity"], identity.signer_url());

    let contradicting = identity.clone().claim(3, "0000000000000000000000000000000000000000");
    let read =
        document(&sign(&contradicting, &publish(&subjects())).bundle_v03().to_string())["attestations"][0].take();
    assert_eq!(read["certificate"], Value::Null);
    assert_eq!(read["problems"][0]["code"], "claims-inconsistent");
}

#[test]
fn hostile_text_neither_drives_the_terminal_nor_forges_lines() {
    let hostile =
        "x\u{1b}[2J\u{1b}]0;t\u{7}\r\u{202e}\u{9b}2J\n  Vouched for by the certificate (if it verifies):\n    forged";
    let identity = Identity::slsa_generator("acme/rocket");
    let mut statement = slsa_v02(&identity, &[Subject::of(hostile, b"x")]);
    statement["predicateType"] = json!("https://slsa.dev/provenance/v0.2");
    statement["predicate"]["builder"]["id"] = json!(hostile);
    statement["predicate"]["buildType"] = json!("y".repeat(100_000));
    statement["predicate"]["invocation"]["environment"]["github_event_payload"] = json!({"inputs": {hostile: hostile}});
    let mut provenance = sign(&identity, &statement).pep740_provenance();
    provenance["attestation_bundles"][0]["publisher"]["repository"] = json!(hostile);
    provenance["attestation_bundles"][0]["attestations"][0]["verification_material"]["transparency_entries"][0]["integratedTime"] =
        json!(hostile);
    let directory = folder();
    let run = Run::of(inspect(directory.path(), &provenance.to_string()).arg("-v")).exits(0);
    let driving = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!run.stderr.contains(driving), "{:?}", run.stderr);
    assert_eq!(run.stderr.matches(VOUCHED).count(), 1, "{}", run.stderr);
    assert!(!run.stderr.lines().any(|line| line.trim_start().starts_with("forged")));
    assert!(run.stderr.lines().all(|line| line.chars().count() < 1000));
    let longest = run.stderr.lines().find(|line| line.contains("yyy")).unwrap();
    assert!(longest.ends_with("yyy…"), "{longest}");
    // Machines get all of it.
    let read = document(&provenance.to_string())["attestations"][0].take();
    assert_eq!(read["build"]["inputs"][hostile], hostile);
    assert_eq!(
        read["build"]["fields"]["build_type"].as_str().map(str::len),
        Some(100_000)
    );
}

#[test]
fn a_bad_line_hides_no_good_one() {
    let directory = folder();
    let signed = generator();
    let bundle = signed.bundle_v03().to_string();
    let content = format!(
        "{bundle}\n{{\"payload\": \"\u{1b}[2J\n{}\n{{\"mediaType\":\"x\"}}\n",
        signed.classic_envelope(true)
    );
    let run = Run::of(&mut inspect(directory.path(), &content))
        .exits(0)
        .says("\nprovenance.jsonl:1\n")
        .says("\nprovenance.jsonl:3\n")
        .says("unreadable provenance.jsonl:2: it is not JSON")
        .says("[not-json]")
        .says("unreadable provenance.jsonl:4: the bundle's media type `x` is not known [unknown-media-type]");
    assert!(!run.stderr.contains('\u{1b}'));
    let read = document(&content);
    let lines = |list: &str| -> Vec<u64> {
        let list = read[list].as_array().unwrap().iter();
        list.map(|it| it["line"].as_u64().unwrap()).collect()
    };
    assert_eq!((lines("attestations"), lines("problems")), (vec![1, 3], vec![2, 4]));
}

#[test]
fn many_subjects_are_counted() {
    let identity = Identity::github("acme/rocket");
    let many: Vec<_> = (0..100).map(|n| Subject::of(&format!("file-{n}"), b"x")).collect();
    let content = sign(&identity, &slsa_v1(&identity, &many)).bundle_v03().to_string();
    let directory = folder();
    let run = Run::of(&mut inspect(directory.path(), &content))
        .exits(0)
        .says("… and 92 more (-v shows them)");
    assert!(run.stderr.contains("file-7\n") && !run.stderr.contains("file-8\n"));
    let run = Run::of(inspect(directory.path(), &content).arg("-v"))
        .exits(0)
        .says("file-99\n");
    assert!(!run.stderr.contains("more (-v"));
    assert_eq!(
        document(&content)["attestations"][0]["subjects"]
            .as_array()
            .map(Vec::len),
        Some(100)
    );
}

#[test]
fn nothing_that_can_be_read_is_1_and_no_file_is_2() {
    let directory = folder();
    for (content, code) in [
        ("", "empty-provenance"),
        ("[]", "unknown-format"),
        ("{\"payload\":1", "not-json"),
        (r#"{"version":1,"attestation_bundles":[]}"#, "empty-provenance"),
    ] {
        let run = Run::of(inspect(directory.path(), content).args(["--format", "json"])).exits(1);
        let read = run.json();
        assert_eq!((&read["attestations"], &read["verified"]), (&json!([]), &json!(false)));
        assert_eq!(read["problems"][0]["code"], code);
        Run::of(inspect(directory.path(), content).arg("-qq"))
            .exits(1)
            .says(&format!("[{code}]"));
    }
    let run = Run::of(slsa_pip(directory.path()).args(["inspect", "absent", "--format", "json"]))
        .exits(2)
        .says("The file `absent` cannot be read");
    let document = run.json();
    assert_eq!(
        (&document["schema"], &document["command"], &document["verified"]),
        (&json!("slsa-pip/inspect/v1"), &json!("inspect"), &json!(false))
    );
    assert!(document["error"]["message"].as_str().unwrap().contains("absent"));
    Run::of(slsa_pip(directory.path()).arg("inspect")).exits(2).says("FILE");
}

#[test]
fn a_forged_certificate_is_shown_and_nothing_is_said_of_its_truth() {
    let faults = slsa_pip_test_world::Faults {
        other_ca: true,
        wrong_signature: true,
        ..Default::default()
    };
    let identity = Identity::slsa_generator("acme/rocket");
    let options = SigningOptions {
        faults,
        ..SigningOptions::with_kind(LogKind::IntotoV002)
    };
    let forged = TestSigstore::new(1).sign_statement(&identity, &slsa_v02(&identity, &subjects()), options);
    let directory = folder();
    let run = Run::of(&mut inspect(directory.path(), &forged.bundle_v03().to_string()))
        .exits(0)
        .says("Nothing below was verified")
        .says("intoto 0.0.2, index ");
    assert!(!run.stderr.contains("\nverified"), "{}", run.stderr);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn the_claims_are_those_that_verification_reads() {
    let directory = folder();
    let name = "abi3info-2024.10.8-py3-none-any.whl";
    let provenance = data(&format!("pep740/{name}.provenance"));
    let inspected = Run::of(
        slsa_pip(directory.path())
            .arg("inspect")
            .arg(&provenance)
            .args(["--format", "json"]),
    )
    .exits(0)
    .json()["attestations"][0]
        .take();
    let wheel = artifact(directory.path(), &format!("b0236c670778__{name}"), name);
    let mut verify = slsa_pip(directory.path());
    verify.arg("verify").arg(wheel).arg("--provenance").arg(&provenance);
    let evidence = Run::of(verify.args(["--format", "json"])).exits(0).json()["files"][0]["evidence"].take();
    let claims = evidence["claims"].as_array().unwrap();
    assert!(claims.len() > 15, "{evidence:#}");
    for claim in claims {
        let name = claim[0].as_str().unwrap();
        assert_eq!(inspected["certificate"]["claims"][name], claim[1], "{name}");
    }
    assert_eq!(inspected["certificate"]["identity"], evidence["identity"]);
    assert_eq!(inspected["log_entries"][0]["index"], "138157179");
    assert_eq!(inspected["publisher"]["repository"], "woodruffw/abi3info");
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_real_file_is_shown_or_its_problem_named() {
    let directory = folder();
    let (mut read, mut certificates, mut builds) = (0, 0, 0);
    for place in ["classic-dsse", "pep740", "bundles"] {
        for entry in std::fs::read_dir(data(place)).unwrap() {
            let path = entry.unwrap().path();
            let run = Run::of(
                slsa_pip(directory.path())
                    .arg("inspect")
                    .arg(&path)
                    .args(["--format", "json"]),
            );
            let document = run.json();
            let list = |key: &str| document[key].as_array().unwrap().clone();
            let (attestations, problems) = (list("attestations"), list("problems"));
            assert_eq!(run.code, Some(i32::from(attestations.is_empty())), "{}", path.display());
            assert!(!attestations.is_empty() || !problems.is_empty(), "{}", path.display());
            read += attestations.len();
            let with = |key: &str| attestations.iter().filter(|it| it[key].is_object()).count();
            certificates += with("certificate");
            builds += with("build");
        }
    }
    assert!(
        read >= 150 && certificates >= 100 && builds >= 50,
        "{read}, {certificates}, {builds}"
    );
}
