use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, slsa_v1};
use slsa_pip_test_world::{Faults, Identity, TestSigstore};

use crate::support::{Run, data, folder, slsa_pip};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const BYTES: &[u8] = b"the file's bytes";

/// Conformance cases whose bundle is good and which are refused all the same: a key without an identity proves nothing that
/// is asked for.
const REFUSED_ALL_THE_SAME: [&str; 1] = ["managed-key-happy-path"];
/// Conformance cases whose trusted root cannot be used, so that there is no verdict.
const UNUSABLE_ROOTS: [&str; 1] = ["trust-root-tlog-missing-validity-start_fail"];

fn identity() -> Identity {
    Identity::github("acme/rocket")
}

/// `slsa-pip verify-bundle` of `file.bin` and this bundle, by the root of the test instance.
fn verify_bundle(directory: &Path, bundle: &Value) -> Command {
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.join(name), bytes).unwrap();
    write("file.bin", BYTES);
    write("root.json", TestSigstore::new(1).trusted_root_json().as_bytes());
    write("file.sigstore.json", bundle.to_string().as_bytes());
    let mut command = slsa_pip(directory);
    command.args([
        "verify-bundle",
        "--trusted-root",
        "root.json",
        "--bundle",
        "file.sigstore.json",
    ]);
    command
}

fn by(command: &mut Command, identity: &str, issuer: &str) {
    command.args(["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]);
}

fn message(faults: Faults) -> Value {
    let options = SigningOptions::with_faults(faults);
    TestSigstore::new(1)
        .sign_artifact(&identity(), BYTES, options)
        .bundle_v03()
}

/// The code that a bundle is refused with for `file.bin`.
fn code(bundle: &Value, words: &[&str]) -> String {
    let directory = folder();
    let mut command = verify_bundle(directory.path(), bundle);
    by(&mut command, &identity().signer_url(), ISSUER);
    let run = Run::of(command.args(["--format", "json"]).args(words)).exits(1);
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["signed"]),
        (&json!("refused"), &Value::Null)
    );
    report["refusal"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_signed_file_and_its_digest_pass_and_it_is_said_what_that_proves() {
    let directory = folder();
    let sha256 = Subject::of("", BYTES).sha256;
    let statement = slsa_v1(&identity(), &[Subject::of("file.bin", BYTES)]);
    let envelope = TestSigstore::new(1).sign_statement(&identity(), &statement, SigningOptions::default());
    for bundle in [message(Faults::default()), envelope.bundle_v03(), envelope.bundle_v01()] {
        for artifact in ["file.bin", &format!("sha256:{sha256}")] {
            let run = |words: &[&str]| {
                let mut command = verify_bundle(directory.path(), &bundle);
                by(&mut command, &identity().signer_url(), ISSUER);
                Run::of(command.arg(artifact).args(words)).exits(0)
            };
            let says = run(&[])
                .says(&format!("signature verified {artifact}\n"))
                .says("a check of the signature only")
                .says("no provenance was verified")
                .says("signed      2025-06-01T12:00:00Z");
            assert_eq!(says.stdout, "");
            let report = run(&["--format", "json"]).json();
            for (field, expected) in [
                ("schema", json!("slsa-pip/verify-bundle/v1")),
                ("verdict", json!("signature-verified")),
                ("sha256", json!(sha256)),
                ("identity", json!(identity().signer_url())),
                ("refusal", Value::Null),
            ] {
                assert_eq!(report[field], expected, "{field} in {report:#}");
            }
            assert_eq!(report["signed"]["instance"], "custom");
            assert_eq!(
                report["signed"]["claims"]["source repository URI"],
                "https://github.com/acme/rocket"
            );
        }
    }
}

#[test]
fn other_bytes_identities_issuers_and_roots_are_refused() {
    let directory = folder();
    let good = message(Faults::default());
    for (name, issuer, expected) in [
        (identity().signer_url() + "x", ISSUER, "identity-mismatch"),
        (String::new(), ISSUER, "identity-mismatch"),
        (identity().signer_url(), "https://issuer.example", "issuer-unexpected"),
    ] {
        let mut command = verify_bundle(directory.path(), &good);
        by(&mut command, &name, issuer);
        Run::of(command.arg("file.bin"))
            .exits(1)
            .says("error: Refused file.bin")
            .says(&format!("[{expected}, rule "));
    }
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(code(&good, &[&other]), "digest-mismatch");
    // Nor does it help to write the other bytes' digest (all zeros) into the bundle.
    let mut rewritten = good.clone();
    rewritten["messageSignature"]["messageDigest"]["digest"] = json!(format!("{}=", "A".repeat(43)));
    assert_eq!(code(&rewritten, &[&other]), "signature-invalid");
    assert_eq!(code(&rewritten, &["file.bin"]), "digest-mismatch");
    let statement = slsa_v1(&identity(), &[Subject::of("file.bin", BYTES)]);
    let envelope = TestSigstore::new(1).sign_statement(&identity(), &statement, SigningOptions::default());
    assert_eq!(code(&envelope.bundle_v03(), &[&other]), "digest-mismatch");
    let foreign = TestSigstore::new(2).sign_artifact(&identity(), BYTES, SigningOptions::default());
    assert_eq!(code(&foreign.bundle_v03(), &["file.bin"]), "log-unknown");
}

#[test]
fn every_defect_of_signature_certificate_and_log_is_refused() {
    let faults = Faults::default();
    for (faults, expected) in [
        (
            Faults {
                other_ca: true,
                ..faults
            },
            "certificate-untrusted",
        ),
        (
            Faults {
                wrong_sct: true,
                ..faults
            },
            "sct-invalid",
        ),
        (
            Faults {
                wrong_signature: true,
                ..faults
            },
            "signature-invalid",
        ),
        (
            Faults {
                expired_certificate: true,
                ..faults
            },
            "certificate-outside-validity",
        ),
        (
            Faults {
                wrong_set: true,
                ..faults
            },
            "set-invalid",
        ),
        (
            Faults {
                omit_inclusion_proof: true,
                ..faults
            },
            "inclusion-proof-missing",
        ),
        (
            Faults {
                wrong_inclusion_proof: true,
                ..faults
            },
            "inclusion-proof-invalid",
        ),
        (
            Faults {
                wrong_checkpoint: true,
                ..faults
            },
            "checkpoint-invalid",
        ),
        (
            Faults {
                logged_other_signature: true,
                ..faults
            },
            "log-entry-mismatch",
        ),
    ] {
        assert_eq!(code(&message(faults), &["file.bin"]), expected, "{faults:?}");
    }
}

#[test]
fn what_is_no_bundle_is_refused_and_what_is_not_there_is_an_error() {
    let directory = folder();
    let good = message(Faults::default());
    let run = |content: &str, words: &[&str]| {
        let mut command = verify_bundle(directory.path(), &good);
        by(&mut command, &identity().signer_url(), ISSUER);
        std::fs::write(directory.path().join("file.sigstore.json"), content).unwrap();
        Run::of(command.args(words))
    };
    let text = good.to_string();
    let twice = text.replacen(
        '{',
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",",
        1,
    );
    for content in ["", "{", &twice, &format!("{text}\n{text}\n")] {
        run(content, &["file.bin"]).exits(1).says("[bundle-malformed, rule A2]");
    }
    for content in ["[]", "{}", "{\"mediaType\":\"\\u001b[2J\"}"] {
        let refused = run(content, &["file.bin"])
            .exits(1)
            .says("[media-type-unknown, rule A5]");
        assert!(!refused.stderr.contains('\u{1b}'));
    }
    for (words, says) in [
        (["absent.bin"].as_slice(), "The file `absent.bin` cannot be read"),
        (&["sha256:00"], "64 hexadecimal digits"),
        (&["sha256:"], "64 hexadecimal digits"),
        (
            &["file.bin", "--bundle", "absent.json"],
            "cannot be used multiple times",
        ),
        (&[], "FILE_OR_DIGEST"),
    ] {
        run(&text, words).exits(2).says(says);
    }
    let error = run(&text, &["absent.bin", "--format", "json"]).exits(2).json();
    assert_eq!(
        (&error["schema"], &error["verdict"]),
        (&json!("slsa-pip/verify-bundle/v1"), &json!("error"))
    );
    std::fs::remove_file(directory.path().join("file.sigstore.json")).unwrap();
    let mut command = slsa_pip(directory.path());
    command.args(["verify-bundle", "--bundle", "file.sigstore.json", "file.bin"]);
    Run::of(&mut command).exits(2).says("--certificate-identity");
    by(&mut command, "x", "y");
    Run::of(&mut command)
        .exits(2)
        .says("The bundle `file.sigstore.json` cannot be read");
    Run::of(command.args(["--trusted-root", "file.bin"]))
        .exits(2)
        .says("The trusted root cannot be used");
}

/// Runs one conformance case as sigstore-conformance would; `by_digest` names the artifact by its digest.
fn case(folder: &Path, by_digest: bool) -> Run {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let own = folder.join("artifact");
    let artifact = if own.exists() { own } else { data("conformance/a.txt") };
    let mut command = slsa_pip(folder);
    command.args(["verify-bundle", "--format", "json", "--bundle", "bundle.sigstore.json"]);
    by(
        &mut command,
        text("identity").as_deref().unwrap_or(BEACON).trim(),
        text("issuer").as_deref().unwrap_or(ISSUER).trim(),
    );
    if folder.join("trusted_root.json").exists() {
        command.args(["--trusted-root", "trusted_root.json"]);
    }
    if by_digest {
        let sha256 = Subject::of("", &std::fs::read(artifact).unwrap()).sha256;
        Run::of(command.arg(format!("sha256:{sha256}")))
    } else {
        Run::of(command.arg(artifact))
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn sigstore_conformance_cases_pass_or_fail_as_they_are_named() {
    let mut count = 0;
    for entry in std::fs::read_dir(data("conformance")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        let expected = if UNUSABLE_ROOTS.contains(&name) {
            2
        } else {
            i32::from(name.ends_with("_fail") || REFUSED_ALL_THE_SAME.contains(&name))
        };
        for by_digest in [false, true] {
            let run = case(&folder, by_digest);
            assert_eq!(run.code, Some(expected), "{name}: {}{}", run.stdout, run.stderr);
        }
        count += 1;
    }
    assert_eq!(count, 47);
}
