//! One seed and the same calls give the same bytes, in every format: fixtures can be made again and compared.

#![allow(clippy::expect_used, reason = "a function of a test fails as the test does")]

use slsa_pip_test_world::statement::{Subject, slsa_v02};
use slsa_pip_test_world::{Faults, Identity, LogKind, Signed, SigningOptions, TestSigstore};

const FILE: &[u8] = b"the bytes of a wheel";

/// Everything that can be had of an instance in a fixed order of calls, each with its name.
fn everything(sigstore: &TestSigstore) -> Vec<(String, String)> {
    let mut all = vec![("trusted root".to_owned(), sigstore.trusted_root_json())];
    for kind in [
        LogKind::Dsse,
        LogKind::IntotoV001,
        LogKind::IntotoV002,
        LogKind::HashedRekord,
        LogKind::DsseV002,
        LogKind::HashedRekordV002,
    ] {
        let options = SigningOptions {
            timestamp: true,
            ..SigningOptions::with_kind(kind)
        };
        all.extend(forms(&format!("{kind:?}"), &sign(sigstore, options)));
    }
    let artifact = sigstore.sign_artifact(&Identity::github("acme/widget"), FILE, SigningOptions::default());
    all.extend(forms("artifact", &artifact));
    let faults = Faults {
        wrong_checkpoint: true,
        cosigned_checkpoint: true,
        retired_log: true,
        expired_tsa: true,
        ..Faults::default()
    };
    let options = SigningOptions {
        faults,
        ..SigningOptions::with_kind(LogKind::DsseV002)
    };
    all.extend(forms("faults of Rekor v2", &sign(sigstore, options)));
    let faults = Faults {
        wrong_sct: true,
        wrong_set: true,
        wrong_checkpoint: true,
        logged_other_certificate: true,
        ..Faults::default()
    };
    all.extend(forms("faults", &sign(sigstore, SigningOptions::with_faults(faults))));
    all
}

fn sign(sigstore: &TestSigstore, options: SigningOptions) -> Signed {
    let identity = Identity::slsa_generator("acme/widget").tag("v1.0.0");
    let statement = slsa_v02(&identity, &[Subject::of("widget-1.0.0-py3-none-any.whl", FILE)]);
    sigstore.sign_statement(&identity, &statement, options)
}

fn forms(name: &str, signed: &Signed) -> Vec<(String, String)> {
    let mut forms = vec![
        ("certificate", signed.certificate_pem()),
        ("classic envelope", signed.classic_envelope(true)),
        ("classic envelope without certificate", signed.classic_envelope(false)),
        ("bundle v0.3", signed.bundle_v03().to_string()),
        ("bundle v0.2", signed.bundle_v02().to_string()),
        ("bundle v0.1", signed.bundle_v01().to_string()),
        ("attestation", signed.pep740_attestation().to_string()),
        ("provenance object", signed.pep740_provenance().to_string()),
    ];
    if signed.has_log_entry() {
        forms.push(("log answer", signed.log_answer().to_string()));
    }
    forms
        .into_iter()
        .map(|(form, text)| (format!("{name}: {form}"), text))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for instance in [TestSigstore::new, TestSigstore::github_internal] {
        let (first, second) = (everything(&instance(7)), everything(&instance(7)));
        assert!(first.len() > 40, "{} texts", first.len());
        assert_eq!(first.len(), second.len());
        for ((name, first), (_, second)) in first.iter().zip(&second) {
            assert_eq!(first, second, "{name}");
        }
    }
}

#[test]
fn other_seeds_and_further_signatures_give_other_bytes() {
    let one = TestSigstore::new(7);
    let signed = sign(&one, SigningOptions::default());
    let further = sign(&one, SigningOptions::default());
    let elsewhere = sign(&TestSigstore::new(8), SigningOptions::default());
    for other in [further, elsewhere] {
        assert_ne!(signed.certificate, other.certificate);
        assert_ne!(signed.signature, other.signature);
        assert_ne!(signed.log_answer(), other.log_answer());
    }
}
