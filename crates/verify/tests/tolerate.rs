//! `mode = "warn"`: what it lets pass, and what it never does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::*;
use slsa_pip_policy::{Expectation, Mode};
use slsa_pip_provenance::{Evidence, SourceKind};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish};
use slsa_pip_test_world::{Faults, Identity, TestSigstore};
use slsa_pip_verify::{Basis, Code, Refusal, StagedFile, TrustRoots, tolerate};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const WRITTEN_AT: &str = "slsa-pip.toml: [defaults] mode";

fn wheel() -> StagedFile {
    file(WHEEL, &sigstore_verify::crypto::sha256(BYTES).to_hex())
}

fn refusal(code: Code) -> Refusal {
    Refusal {
        code,
        rule: code.rule(),
        package: Some("foo".to_owned()),
        file: WHEEL.to_owned(),
        summary: "no".to_owned(),
        expected: None,
        found: None,
        source: None,
        hint: None,
    }
}

/// What is refused of evidence that is signed with these faults.
fn refused(faults: Faults, subject: &[u8], expectation: &Expectation) -> Vec<Refusal> {
    let sigstore = TestSigstore::new(1);
    let options = SigningOptions {
        faults,
        ..SigningOptions::default()
    };
    let statement = publish(&[Subject::of(WHEEL, subject)]);
    let signed = sigstore.sign_statement(&Identity::github("acme/foo"), &statement, options);
    let roots = TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap();
    let mut evidence: Vec<Evidence> = parse_json(&signed.pep740_attestation());
    for it in &mut evidence {
        it.found.kind = SourceKind::IndexIntegrity;
    }
    judge(&wheel(), &evidence, expectation, &roots).unwrap_err()
}

fn warn(refusals: Vec<Refusal>) -> Option<Vec<Code>> {
    match tolerate(&wheel(), refusals, Mode::Warn, WRITTEN_AT).ok()?.basis() {
        Basis::Tolerated(basis) => {
            assert_eq!(basis.written_at, WRITTEN_AT);
            Some(basis.refusals.iter().map(|refusal| refusal.code).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_says_nothing_passes_and_what_says_something_false_does_not() {
    let none = judge(
        &wheel(),
        &[],
        &Expectation::default(),
        &TrustRoots::new(&TestSigstore::new(1).trusted_root_json(), None).unwrap(),
    );
    assert_eq!(warn(none.unwrap_err()), Some(vec![Code::NoEvidence]));
    // A sound proof of somebody else's.
    let other = refused(Faults::default(), BYTES, &pinned("acme/bar"));
    assert_eq!(warn(other), Some(vec![Code::RepositoryMismatch]));
    // A forged one.
    let forged = Faults {
        wrong_signature: true,
        ..Faults::default()
    };
    let forged = refused(forged, BYTES, &Expectation::default());
    assert_eq!(forged[0].code, Code::SignatureInvalid);
    assert_eq!(warn(forged.clone()), None);
    // What can be tolerated does not cover it.
    let mixed = [forged, vec![refusal(Code::NoEvidence)]].concat();
    assert_eq!(warn(mixed), None);
}

#[test]
fn the_indexs_own_provenance_of_other_bytes_is_never_tolerated() {
    let mut replaced = refused(Faults::default(), b"other bytes", &Expectation::default());
    assert_eq!(replaced[0].code, Code::DigestMismatch);
    assert_eq!(warn(replaced.clone()), None);
    // A release's provenance may just lack this file.
    for kind in [
        SourceKind::GithubRelease,
        SourceKind::GithubAttestation,
        SourceKind::Directory,
        SourceKind::File,
    ] {
        replaced[0].source.as_mut().unwrap().kind = kind;
        assert_eq!(warn(replaced.clone()), Some(vec![Code::DigestMismatch]), "{kind:?}");
    }
}

#[test]
fn only_the_policys_word_and_only_for_refusals_of_this_file() {
    let refusals = || vec![refusal(Code::NoEvidence)];
    assert!(warn(refusals()).is_some());
    let enforced = tolerate(&wheel(), refusals(), Mode::Enforce, WRITTEN_AT).unwrap_err();
    assert_eq!(enforced, refusals(), "they come back as they were");
    assert!(tolerate(&wheel(), refusals(), Mode::default(), WRITTEN_AT).is_err());
    // Nothing was refused: then something else is wrong.
    assert_eq!(warn(Vec::new()), None);
    let mut of_another = refusals();
    of_another[0].file = "bar-1.0.0-py3-none-any.whl".to_owned();
    assert_eq!(warn(of_another), None);
    let bare = StagedFile::bare_digest(*wheel().sha256());
    let mut of_digest = refusals();
    of_digest[0].file = bare.filename().to_owned();
    assert!(tolerate(&bare, of_digest, Mode::Warn, WRITTEN_AT).is_err());
}

/// Every code that warnings never cover, by its text: a new one is among them until somebody decides otherwise.
const NEVER: &[&str] = &[
    // Bytes.
    "index-digest-mismatch",
    "hash-not-allowed",
    "metadata-mismatch",
    "exemption-digest-mismatch",
    // Limits.
    "over-budget",
    // Signatures, certificates and the log.
    "payload-type-unexpected",
    "signature-count",
    "signature-invalid",
    "signature-algorithm",
    "certificate-missing",
    "certificate-malformed",
    "certificate-untrusted",
    "certificate-outside-validity",
    "sct-invalid",
    "signing-time-unproven",
    "timestamp-invalid",
    "signing-time-in-future",
    "log-entry-count",
    "log-entry-malformed",
    "log-unknown",
    "inclusion-proof-missing",
    "inclusion-proof-invalid",
    "checkpoint-invalid",
    "checkpoint-tree-size",
    "set-missing",
    "set-invalid",
    "log-entry-mismatch",
    "check-not-performed",
    // Contradictions.
    "subject-name-mismatch",
    "subject-name-unchecked",
    "claims-inconsistent",
    "identity-mismatch",
    "predicate-mismatch",
    "publisher-mismatch",
    // Exemptions that are for something else.
    "exemption-package-mismatch",
    "exemption-version-mismatch",
    "exemption-reason-missing",
];

#[test]
fn what_is_never_tolerated_is_written_down() {
    for text in NEVER {
        let code = Code::ALL.iter().find(|code| code.as_str() == *text).expect(text);
        assert!(!code.is_tolerable(), "{text}");
        assert_eq!(warn(vec![refusal(*code)]), None, "{text}");
    }
    for code in Code::ALL.iter().filter(|code| code.is_tolerable()) {
        assert!(
            !code.rule().starts_with('B') || *code == Code::LogEntryMissing,
            "{code}"
        );
        assert_eq!(warn(vec![refusal(*code)]), Some(vec![*code]), "{code}");
    }
}
