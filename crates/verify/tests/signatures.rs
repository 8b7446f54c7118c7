//! What is signed, by how many, with which kind of key, and when (B1, B4), in every form that evidence comes in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::*;
use jiff::Timestamp;
use serde_json::Value;
use slsa_pip_provenance::{Evidence, RekorAnswer};
use slsa_pip_test_world::sigstore::{DEFAULT_SIGNING_TIME, SigningOptions};
use slsa_pip_test_world::statement::{Subject, slsa_v02};
use slsa_pip_test_world::{Faults, Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Code, Context, StagedFile, TrustRoots, verify_file, verify_signature_bundle};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const KINDS: [LogKind; 5] = [
    LogKind::Dsse,
    LogKind::IntotoV001,
    LogKind::IntotoV002,
    LogKind::DsseV002,
    LogKind::HashedRekordV002,
];

/// A change to a statement, its name, and the code that refuses it.
type Case<'a> = (&'static str, &'a dyn Fn(&mut Value), Option<Code>);

fn wheel() -> StagedFile {
    file(WHEEL, &sigstore_verify::crypto::sha256(BYTES).to_hex())
}

fn sign(sigstore: &TestSigstore, kind: LogKind, payload_type: &str, faults: Faults) -> Signed {
    let identity = Identity::slsa_generator("acme/foo");
    let statement = slsa_v02(&identity, &[Subject::of(WHEEL, BYTES)]).to_string();
    let options = SigningOptions {
        faults,
        ..SigningOptions::with_kind(kind)
    };
    sigstore.sign_payload(&identity, statement.as_bytes(), payload_type, options)
}

/// As a bundle where there is one of the kind, and as a classic envelope with the log's answer.
fn forms(signed: &Signed, kind: LogKind) -> Vec<Vec<Evidence>> {
    let mut forms = Vec::new();
    if kind != LogKind::IntotoV001 {
        forms.push(parse_json(&signed.bundle_v03()));
    }
    if !kind.is_rekor_v2() {
        let mut evidence = parse(signed.classic_envelope(true).as_bytes());
        for (uuid, entry) in signed.log_answer().as_object().unwrap() {
            evidence[0].log_answers.push(RekorAnswer {
                uuid: uuid.clone(),
                entry: entry.clone(),
            });
        }
        forms.push(evidence);
    }
    forms
}

fn verdict(sigstore: &TestSigstore, evidence: &[Evidence], now: Timestamp) -> Option<Code> {
    let roots = TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap();
    let expectation = pinned("acme/foo");
    let context = Context {
        roots: &roots,
        expectation: &expectation,
        now,
        package: None,
    };
    code(&verify_file(&wheel(), evidence, &context))
}

#[test]
fn only_statements_may_be_signed() {
    let sigstore = TestSigstore::new(1);
    for kind in KINDS {
        for (payload_type, expected) in [
            (IN_TOTO, None),
            ("application/vnd.in-toto+jsonl", Some(Code::PayloadTypeUnexpected)),
            ("application/json", Some(Code::PayloadTypeUnexpected)),
            ("APPLICATION/vnd.in-toto+json", Some(Code::PayloadTypeUnexpected)),
            ("", Some(Code::PayloadTypeUnexpected)),
        ] {
            let signed = sign(&sigstore, kind, payload_type, Faults::default());
            for evidence in forms(&signed, kind) {
                assert_eq!(
                    verdict(&sigstore, &evidence, now()),
                    expected,
                    "{kind:?} {payload_type}"
                );
            }
        }
    }
}

/// A bundle by itself, as `verify-bundle` judges it: well-formed, but not about any file.
#[test]
fn a_signed_statement_that_is_about_no_file_is_not_called_a_malformed_bundle() {
    let sigstore = TestSigstore::new(1);
    let roots = TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap();
    let identity = Identity::slsa_generator("acme/foo");
    let issuer = "https://token.actions.githubusercontent.com";
    let good = slsa_v02(&identity, &[Subject::of(WHEEL, BYTES)]);
    let commit = serde_json::json!({"gitCommit": "0".repeat(40)});
    let cases: [Case<'_>; 7] = [
        ("good", &|_| (), None),
        (
            "a commit",
            &|it| it["subject"][0]["digest"] = commit.clone(),
            Some(Code::DigestMismatch),
        ),
        (
            "a sha512",
            &|it| it["subject"][0]["digest"] = serde_json::json!({"sha512": "0".repeat(128)}),
            Some(Code::DigestMismatch),
        ),
        (
            "another file",
            &|it| it["subject"][0]["digest"]["sha256"] = "0".repeat(64).into(),
            Some(Code::DigestMismatch),
        ),
        (
            "no type",
            &|it| drop(it.as_object_mut().unwrap().remove("_type")),
            Some(Code::StatementTypeUnexpected),
        ),
        (
            "no subject",
            &|it| drop(it.as_object_mut().unwrap().remove("subject")),
            Some(Code::StatementMalformed),
        ),
        ("no object", &|it| *it = "text".into(), Some(Code::StatementMalformed)),
    ];
    for kind in KINDS.into_iter().filter(|kind| *kind != LogKind::IntotoV001) {
        for (name, change, expected) in &cases {
            let mut statement = good.clone();
            change(&mut statement);
            let signed = sigstore.sign_statement(&identity, &statement, SigningOptions::with_kind(kind));
            let digest = *wheel().sha256();
            let bundle = signed.bundle_v03();
            let verdict = verify_signature_bundle(&bundle, &digest, &identity.signer_url(), issuer, &roots, now());
            assert_eq!(verdict.err().map(|(code, _)| code), *expected, "{kind:?}: {name}");
        }
    }
}

/// The type is a part of what is signed.
#[test]
fn the_payload_type_cannot_be_put_on_afterwards() {
    let sigstore = TestSigstore::new(1);
    for kind in [LogKind::Dsse, LogKind::DsseV002] {
        let mut bundle = sign(&sigstore, kind, "application/json", Faults::default()).bundle_v03();
        bundle["dsseEnvelope"]["payloadType"] = IN_TOTO.into();
        let found = verdict(&sigstore, &parse_json(&bundle), now());
        assert_eq!(found, Some(Code::SignatureInvalid), "{kind:?}");
    }
}

#[test]
fn there_is_exactly_one_signature() {
    let sigstore = TestSigstore::new(1);
    for kind in KINDS {
        let signed = sign(&sigstore, kind, IN_TOTO, Faults::default());
        // Without any it is no envelope to the reader.
        for (count, expected) in [(0, Code::NoEvidence), (2, Code::SignatureCount)] {
            let mut bundle = signed.bundle_v03();
            let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
            bundle["dsseEnvelope"]["signatures"] = vec![signature; count].into();
            let found = verdict(&sigstore, &parse_json(&bundle), now());
            assert_eq!(found, Some(expected), "{kind:?}: bundle with {count}");
        }
    }
    let envelope = sign(&sigstore, LogKind::Dsse, IN_TOTO, Faults::default()).classic_envelope(true);
    let mut envelope: Value = serde_json::from_str(&envelope).unwrap();
    let signature = envelope["signatures"][0].clone();
    envelope["signatures"].as_array_mut().unwrap().push(signature);
    let found = verdict(&sigstore, &parse_json(&envelope), now());
    assert_eq!(found, Some(Code::SignatureCount), "classic");
}

/// The trusted roots in use name ECDSA P-256 and nothing else.
#[test]
fn another_kind_of_key_is_refused() {
    let sigstore = TestSigstore::new(1);
    let faults = Faults {
        ed25519_key: true,
        ..Faults::default()
    };
    for kind in KINDS {
        let signed = sign(&sigstore, kind, IN_TOTO, faults);
        for evidence in forms(&signed, kind) {
            let found = verdict(&sigstore, &evidence, now());
            assert_eq!(found, Some(Code::SignatureAlgorithm), "{kind:?}");
        }
    }
}

/// B4: a proven time after `now` is no time of signing.
#[test]
fn nothing_is_signed_in_the_future() {
    let sigstore = TestSigstore::new(1);
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    for kind in KINDS {
        let signed = sign(&sigstore, kind, IN_TOTO, Faults::default());
        for evidence in forms(&signed, kind) {
            assert_eq!(
                verdict(&sigstore, &evidence, at(DEFAULT_SIGNING_TIME)),
                None,
                "{kind:?}"
            );
            let early = verdict(&sigstore, &evidence, at(DEFAULT_SIGNING_TIME - 1));
            assert_eq!(early, Some(Code::SigningTimeInFuture), "{kind:?}");
        }
    }
}
