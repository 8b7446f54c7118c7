//! What the test Sigstore signs is accepted by the real verifier, and each deliberate defect is refused by it.

#![allow(clippy::expect_used, reason = "a function of a test fails as the test does")]

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact, Bundle};
use sigstore_verify::{VerificationPolicy, Verifier};
use slsa_pip_test_world::identity::GITHUB_ISSUER;
use slsa_pip_test_world::sigstore::DEFAULT_SIGNING_TIME;
use slsa_pip_test_world::statement::{Subject, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Faults, Identity, LogKind, Signed, SigningOptions, TestSigstore};

const FILE: &[u8] = b"the bytes of a wheel";

fn verify(sigstore: &TestSigstore, bundle: &serde_json::Value) -> Result<sigstore_verify::VerificationResult, String> {
    let root = TrustedRoot::from_json(&sigstore.trusted_root_json()).expect("trusted root parses");
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|error| error.to_string())?;
    let policy = VerificationPolicy::any_identity().require_issuer(GITHUB_ISSUER);
    Verifier::new(&root)
        .expect("verifier")
        .verify(Artifact::from_blob(FILE), &bundle, &policy)
        .map_err(|error| error.to_string())
}

fn sign(sigstore: &TestSigstore, options: SigningOptions) -> Signed {
    let identity = Identity::slsa_generator("acme/widget").tag("v1.0.0");
    let statement = slsa_v02(&identity, &[Subject::of("widget-1.0.0-py3-none-any.whl", FILE)]);
    sigstore.sign_statement(&identity, &statement, options)
}

fn assert_fully_verified(result: &sigstore_verify::VerificationResult) {
    assert!(result.certificate_verified(), "certificate");
    assert!(result.sct_verified(), "SCT");
    assert!(result.tlog_verified(), "log");
    assert!(result.identity_policy_checked(), "policy");
}

#[test]
fn dsse_and_intoto_bundles_of_every_version_verify() {
    let sigstore = TestSigstore::new(1);
    for kind in [LogKind::Dsse, LogKind::IntotoV002] {
        let signed = sign(&sigstore, SigningOptions::with_kind(kind));
        for bundle in [signed.bundle_v03(), signed.bundle_v02(), signed.bundle_v01()] {
            let result = verify(&sigstore, &bundle).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_fully_verified(&result);
            assert_eq!(
                result.integrated_time().map(jiff::Timestamp::as_second),
                Some(signed.integrated_time())
            );
        }
    }
}

#[test]
fn message_signature_verifies() {
    let sigstore = TestSigstore::new(1);
    let signed = sigstore.sign_artifact(&Identity::github("acme/widget"), FILE, SigningOptions::default());
    assert_fully_verified(&verify(&sigstore, &signed.bundle_v03()).expect("verifies"));
}

#[test]
fn claims_are_read_back() {
    let sigstore = TestSigstore::new(1);
    let identity = Identity::github("acme/widget")
        .tag("v3")
        .trigger("release")
        .environment("prod");
    let statement = slsa_v1(&identity, &[Subject::of("x.whl", FILE)]);
    let signed = sigstore.sign_statement(&identity, &statement, SigningOptions::default());
    let result = verify(&sigstore, &signed.bundle_v03()).expect("verifies");
    let certificate = result.certificate().expect("certificate");
    assert_eq!(result.issuer(), Some(GITHUB_ISSUER));
    assert_eq!(result.identity().map(ToString::to_string), Some(identity.signer_url()));
    let claims = format!("{:?}", certificate.ci_claims);
    for value in [
        "https://github.com/acme/widget",
        "refs/tags/v3",
        "release",
        "538293197",
        "3059210",
        "github-hosted",
    ] {
        assert!(claims.contains(value), "{value} in {claims}");
    }
}

#[test]
fn another_instance_is_refused() {
    let signed = sign(&TestSigstore::new(1), SigningOptions::default());
    let error = verify(&TestSigstore::new(2), &signed.bundle_v03()).expect_err("other roots");
    assert!(!error.is_empty());
}

#[test]
fn every_defect_is_refused_for_its_own_reason() {
    let sigstore = TestSigstore::new(1);
    let ok = Faults::default();
    let cases = [
        ("missing SCT extension", Faults { omit_sct: true, ..ok }),
        ("SCT signature", Faults { wrong_sct: true, ..ok }),
        ("certificate chain", Faults { other_ca: true, ..ok }),
        (
            "certificate chain",
            Faults {
                omit_code_signing: true,
                ..ok
            },
        ),
        (
            "",
            Faults {
                expired_certificate: true,
                ..ok
            },
        ),
        (
            "",
            Faults {
                not_yet_valid_certificate: true,
                ..ok
            },
        ),
        (
            "ignature",
            Faults {
                wrong_signature: true,
                ..ok
            },
        ),
        ("SET", Faults { wrong_set: true, ..ok }),
        ("timestamp", Faults { omit_set: true, ..ok }),
        (
            "nclusion proof",
            Faults {
                omit_inclusion_proof: true,
                ..ok
            },
        ),
        (
            "nclusion proof",
            Faults {
                wrong_inclusion_proof: true,
                ..ok
            },
        ),
        (
            "heckpoint",
            Faults {
                wrong_checkpoint: true,
                ..ok
            },
        ),
        (
            "heckpoint",
            Faults {
                stale_checkpoint: true,
                ..ok
            },
        ),
        (
            "payload hash",
            Faults {
                logged_other_payload: true,
                ..ok
            },
        ),
        (
            "signature",
            Faults {
                logged_other_signature: true,
                ..ok
            },
        ),
        (
            "verifier",
            Faults {
                logged_other_certificate: true,
                ..ok
            },
        ),
    ];
    for (reason, faults) in cases {
        let signed = sign(&sigstore, SigningOptions::with_faults(faults));
        let error = verify(&sigstore, &signed.bundle_v03()).expect_err(&format!("{faults:?} was accepted"));
        assert!(error.contains(reason), "{faults:?}: {error}");
    }
}

#[test]
fn pep740_entry_is_a_bundle_entry() {
    let sigstore = TestSigstore::new(1);
    let signed = sign(&sigstore, SigningOptions::default());
    let mut bundle = signed.bundle_v03();
    bundle["verificationMaterial"]["tlogEntries"] =
        signed.pep740_attestation()["verification_material"]["transparency_entries"].clone();
    assert_fully_verified(&verify(&sigstore, &bundle).expect("verifies"));
}

#[test]
fn timestamps_verify_beside_the_log() {
    let sigstore = TestSigstore::new(1);
    let options = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let result = verify(&sigstore, &sign(&sigstore, options).bundle_v03()).expect("verifies");
    assert_fully_verified(&result);
    assert_eq!(result.verified_timestamps().len(), 2);

    for faults in [
        Faults {
            wrong_timestamp: true,
            ..Faults::default()
        },
        Faults {
            other_tsa: true,
            ..Faults::default()
        },
    ] {
        let signed = sign(&sigstore, SigningOptions { faults, ..options });
        let error = verify(&sigstore, &signed.bundle_v03()).expect_err(&format!("{faults:?} was accepted"));
        assert!(error.contains("imestamp"), "{faults:?}: {error}");
    }
}

#[test]
fn githubs_own_instance_has_timestamps_only() {
    let sigstore = TestSigstore::github_internal(1);
    let signed = sign(&sigstore, SigningOptions::default());
    let bundle = signed.bundle_v03();
    assert_eq!(bundle["verificationMaterial"]["tlogEntries"], serde_json::json!([]));
    let root = TrustedRoot::from_json(&sigstore.trusted_root_json()).expect("trusted root parses");
    let verifier = Verifier::new(&root).expect("verifier");
    let bundle = Bundle::from_json(&bundle.to_string()).expect("bundle");
    let policy = VerificationPolicy::any_identity()
        .require_issuer(GITHUB_ISSUER)
        .skip_tlog_unsafe()
        .skip_sct();
    let result = verifier
        .verify(Artifact::from_blob(FILE), &bundle, &policy)
        .expect("verifies");
    assert!(result.certificate_verified());
    assert_eq!(result.verified_timestamps().len(), 1);
    let strict = VerificationPolicy::any_identity().require_issuer(GITHUB_ISSUER);
    assert!(verifier.verify(Artifact::from_blob(FILE), &bundle, &strict).is_err());
}

fn v2(faults: Faults) -> SigningOptions {
    SigningOptions {
        faults,
        ..SigningOptions::with_kind(LogKind::HashedRekordV002)
    }
}

#[test]
fn rekor_v2_entries_verify_by_their_timestamp() {
    let sigstore = TestSigstore::new(1);
    let ok = Faults::default();
    let harmless = [
        ok,
        Faults {
            cosigned_checkpoint: true,
            ..ok
        },
        Faults {
            colliding_key_hint: true,
            ..ok
        },
    ];
    for faults in harmless {
        let artifact = sigstore.sign_artifact(&Identity::github("acme/widget"), FILE, v2(faults));
        for signed in [sign(&sigstore, v2(faults)), artifact] {
            let result = verify(&sigstore, &signed.bundle_v03()).unwrap_or_else(|error| panic!("{faults:?}: {error}"));
            assert_fully_verified(&result);
            assert_eq!(result.integrated_time(), None);
            let times: Vec<_> = result
                .verified_timestamps()
                .iter()
                .map(|time| time.as_second())
                .collect();
            assert_eq!(times, [DEFAULT_SIGNING_TIME]);
        }
    }
}

#[test]
fn rekor_v2_defects_are_refused_for_their_own_reasons() {
    let sigstore = TestSigstore::new(1);
    let ok = Faults::default();
    let cases = [
        (
            "requires RFC3161",
            Faults {
                omit_timestamp: true,
                ..ok
            },
        ),
        (
            "signature",
            Faults {
                tampered_timestamp: true,
                ..ok
            },
        ),
        (
            "outside",
            Faults {
                retired_tsa: true,
                ..ok
            },
        ),
        (
            "chain",
            Faults {
                expired_tsa: true,
                ..ok
            },
        ),
        (
            "CertExpired",
            Faults {
                late_timestamp: true,
                ..ok
            },
        ),
        (
            "CertNotValidYet",
            Faults {
                early_timestamp: true,
                ..ok
            },
        ),
        (
            "No valid Rekor signature",
            Faults {
                wrong_checkpoint: true,
                ..ok
            },
        ),
        (
            "No matching Rekor key",
            Faults {
                unsigned_checkpoint: true,
                ..ok
            },
        ),
        (
            "No matching Rekor key",
            Faults {
                unknown_log: true,
                ..ok
            },
        ),
        (
            "inclusion proof",
            Faults {
                checkpoint_of_other_tree: true,
                ..ok
            },
        ),
        (
            "inclusion proof",
            Faults {
                wrong_inclusion_proof: true,
                ..ok
            },
        ),
        (
            "inclusion proof",
            Faults {
                omit_inclusion_proof: true,
                ..ok
            },
        ),
        (
            "hash mismatch",
            Faults {
                logged_other_payload: true,
                ..ok
            },
        ),
        (
            "signature in bundle",
            Faults {
                logged_other_signature: true,
                ..ok
            },
        ),
        (
            "certificate in bundle",
            Faults {
                logged_other_certificate: true,
                ..ok
            },
        ),
    ];
    for (reason, faults) in cases {
        let signed = sign(&sigstore, v2(faults));
        let error = verify(&sigstore, &signed.bundle_v03()).expect_err(reason);
        assert!(error.contains(reason), "{faults:?}: {error}");
    }
}
