//! Every form that is written here is read as what it is by the crate that reads evidence.

use slsa_pip_provenance::{Attestation, BuildFields, PredicateType, Statement, parse_provenance};
use slsa_pip_test_world::{Identity, LogKind, Predicate, Signing, SigningOptions, Wheel, World};

fn formats(document: &str) -> Vec<&'static str> {
    let parsed = parse_provenance(document.as_bytes());
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let kind = |attestation: &Attestation| match attestation {
        Attestation::Classic(envelope) if envelope.signatures.iter().all(|signature| signature.cert_pem.is_some()) => {
            "classic"
        }
        Attestation::Classic(_) => "classic without certificate",
        Attestation::Bundle(_) => "bundle",
        Attestation::Pep740(_) => "pep740",
    };
    parsed.attestations.iter().map(|located| kind(&located.item)).collect()
}

#[test]
fn forms() {
    let world = World::start_blocking().unwrap();
    let wheel = Wheel::builder("anvil", "1.0.0").build();
    let build = world.sign(
        &wheel,
        &Signing::new(Identity::slsa_generator("acme/anvil"), Predicate::SlsaV02),
    );
    let publish = world.sign(
        &wheel,
        &Signing::new(Identity::github("acme/anvil"), Predicate::Publish),
    );
    assert_eq!(formats(&build.classic_envelope(true)), ["classic"]);
    assert_eq!(formats(&build.classic_envelope(false)), ["classic without certificate"]);
    for bundle in [build.bundle_v01(), build.bundle_v02(), build.bundle_v03()] {
        assert_eq!(formats(&bundle.to_string()), ["bundle"]);
    }
    assert_eq!(formats(&publish.pep740_attestation().to_string()), ["pep740"]);
    assert_eq!(formats(&publish.pep740_provenance().to_string()), ["pep740"]);
    let lines = format!("{}\n\n{}\n", build.classic_envelope(true), build.bundle_v03());
    assert_eq!(formats(&lines), ["classic", "bundle"]);
}

#[test]
fn statements() {
    let world = World::start_blocking().unwrap();
    let wheel = Wheel::builder("anvil", "1.0.0").build();
    let identity = Identity::slsa_generator("acme/anvil").tag("v1.0.0");
    let kinds = [
        (Predicate::SlsaV02, PredicateType::SlsaV02),
        (Predicate::SlsaV1, PredicateType::SlsaV1),
        (Predicate::Publish, PredicateType::PypiPublishV1),
    ];
    for (predicate, expected) in kinds {
        let options = SigningOptions::with_kind(LogKind::Dsse);
        let signed = world.sign(&wheel, &Signing::new(identity.clone(), predicate).options(options));
        let statement = Statement::parse(&signed.payload).unwrap();
        assert_eq!(statement.predicate_type, expected);
        assert_eq!(statement.subjects[0].digest["sha256"], wheel.sha256());
        let Some(fields) = BuildFields::from_statement(&statement) else {
            assert_eq!(predicate, Predicate::Publish);
            continue;
        };
        assert_eq!(fields.builder_id, Some(identity.signer_url()));
        assert_eq!(fields.event_name.as_deref(), Some("push"));
        assert_eq!(fields.repository_id.as_ref(), Some(&identity.repository_id));
        assert_eq!(fields.owner_id.as_ref(), Some(&identity.owner_id));
        assert!(
            fields
                .source_uri
                .is_some_and(|uri| uri.contains("github.com/acme/anvil"))
        );
    }
}
