//! Bodies of log entries that two readers would read differently, and answers without a checkpoint.

use slsa_pip_test_world::sigstore::SigningOptions;

use super::*;

/// Signed, with a changed body in the log.
fn logged(sigstore: &TestSigstore, kind: LogKind, change: impl FnOnce(&mut Value)) -> Option<Code> {
    let identity = Identity::slsa_generator("acme/foo");
    let payload = slsa_v02(&identity, &subjects()).to_string();
    let signed = sigstore.sign_payload_logged_as(
        &identity,
        payload.as_bytes(),
        "application/vnd.in-toto+json",
        SigningOptions::with_kind(kind),
        change,
    );
    refused(&answered(&signed, |_| ()), &pinned("acme/foo"), &roots_of(sigstore))
}

#[test]
fn a_text_within_a_body_is_no_body() {
    let sigstore = TestSigstore::new(1);
    for kind in KINDS {
        assert_eq!(logged(&sigstore, kind, |_| ()), None, "{kind:?}");
        let found = logged(&sigstore, kind, |body| {
            *body = json!({"$serde_json::private::RawValue": body.to_string()});
        });
        assert_eq!(found, Some(Code::LogEntryKindUnknown), "{kind:?}");
    }
}

#[test]
fn a_proof_without_a_readable_checkpoint_is_said_to_be_one() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for kind in KINDS {
        let signed = generated(&sigstore, kind);
        let judged = |change: Edit<'_>| refused(&answered(&signed, |entry| change(entry)), &pinned("acme/foo"), &roots);
        let cases: [(&str, Edit<'_>, Code); 6] = [
            (
                "absent",
                &|proof| drop(proof.as_object_mut().unwrap().remove("checkpoint")),
                Code::CheckpointInvalid,
            ),
            (
                "null",
                &|proof| proof["checkpoint"] = Value::Null,
                Code::CheckpointInvalid,
            ),
            (
                "empty",
                &|proof| proof["checkpoint"] = "".into(),
                Code::CheckpointInvalid,
            ),
            (
                "words",
                &|proof| proof["checkpoint"] = "a signed checkpoint".into(),
                Code::CheckpointInvalid,
            ),
            ("no proof", &|proof| *proof = Value::Null, Code::InclusionProofMissing),
            ("no object", &|proof| *proof = "x".into(), Code::LogEntryMalformed),
        ];
        for (name, change, expected) in cases {
            let found = judged(&|entry| change(entry.pointer_mut("/verification/inclusionProof").unwrap()));
            assert_eq!(found, Some(expected), "{kind:?}: {name}");
        }
    }
}
