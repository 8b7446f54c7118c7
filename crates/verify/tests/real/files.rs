//! Single files, each looked at from several sides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::RekorAnswer;
use slsa_pip_verify::{Code, EvidenceKind, Instance};

use crate::common::{self, *};

fn abi3info() -> (slsa_pip_verify::StagedFile, Vec<slsa_pip_provenance::Evidence>) {
    let file = file(
        "abi3info-2024.10.8-py3-none-any.whl",
        "b0236c6707783f93971274101e119055192cef0925f5b7cebdad03c69dc5a499",
    );
    let evidence = parse(&read("pep740/abi3info-2024.10.8-py3-none-any.whl.provenance"));
    (file, evidence)
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_publish_attestation_says_what_its_certificate_claims() {
    let (file, evidence) = abi3info();
    let verified = judge(&file, &evidence, &Expectation::default(), &roots()).unwrap();
    let attested = attested(&verified);
    assert_eq!(attested.kind, EvidenceKind::Publish);
    assert_eq!(attested.instance, Instance::PublicGood);
    assert_eq!(attested.repository, Some("woodruffw/abi3info".parse().unwrap()));
    assert_eq!(attested.reference.as_deref(), Some("refs/tags/v2024.10.08"));
    assert!(!attested.pinned && attested.pinned_by.is_none() && attested.builder.is_none());
    assert_eq!(
        (attested.build_level, attested.trigger.as_deref()),
        (0, Some("release"))
    );
    assert_eq!(attested.log_index, Some(138_157_179));
    assert_eq!(attested.issuer, "https://token.actions.githubusercontent.com");
    assert_eq!(
        attested.workflow.as_deref(),
        Some("https://github.com/woodruffw/abi3info/.github/workflows/release.yml@refs/tags/v2024.10.08")
    );
    let pinned = pinned("https://github.com/Woodruffw/ABI3info.git");
    let verified = judge(&file, &evidence, &pinned, &roots()).unwrap();
    let attested = common::attested(&verified);
    assert_eq!(
        (attested.pinned, attested.pinned_by.as_deref()),
        (true, Some("--source-uri"))
    );
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn the_repositorys_own_workflow_needs_a_pin() {
    let path = "pep740/pypi_attestations-0.0.19.tar.gz.slsa.attestation";
    let digest = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    let file = file("pypi_attestations-0.0.19.tar.gz", digest);
    let result = judge(&file, &parse(&read(path)), &Expectation::default(), &roots());
    assert_eq!(code(&result), Some(Code::BuilderNotPinned));
    let refusal = &result.unwrap_err()[0];
    assert!(
        refusal
            .hint
            .as_deref()
            .unwrap()
            .contains("\nrepository = \"github.com/trailofbits/pypi-attestations\"")
    );
    let verified = judge(
        &file,
        &parse(&read(path)),
        &pinned("trailofbits/pypi-attestations"),
        &roots(),
    )
    .unwrap();
    assert_eq!(attested(&verified).build_level, 2);
    // Publish and build evidence together: the stronger one becomes the basis, whatever the order.
    let publish = parse(&read("pep740/pypi_attestations-0.0.19.tar.gz.publish.attestation"));
    for evidence in [
        [publish.clone(), parse(&read(path))].concat(),
        [parse(&read(path)), publish].concat(),
    ] {
        let verified = judge(&file, &evidence, &pinned("trailofbits/pypi-attestations"), &roots()).unwrap();
        assert_eq!(attested(&verified).kind, EvidenceKind::Build);
        let verified = judge(&file, &evidence, &Expectation::default(), &roots()).unwrap();
        assert_eq!(attested(&verified).kind, EvidenceKind::Publish);
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn githubs_own_instance_is_chosen_by_the_certificate_and_by_nothing_else() {
    let path = "bundles/cli_cli__4dffc8fd__github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl";
    let digest = "ae57936def59bc4c75edd3a837d89bcefc6d3a5e31d55a6fa7a71624f92c3c3b";
    let file = file("github_provenance_demo-0.0.12-py3-none-any.whl", digest);
    let evidence = parse(&read(path));
    let expectation = pinned("actions/attest-demo");
    let verified = judge(&file, &evidence, &expectation, &roots()).unwrap();
    let attested = attested(&verified);
    assert_eq!((attested.instance, attested.log_index), (Instance::Github, None));
    // Without GitHub's root there is no laxer rule to fall back to.
    let result = judge(&file, &evidence, &expectation, &public_good_only());
    assert_eq!(code(&result), Some(Code::CertificateUntrusted));
    let result = judge(&file, &evidence, &expectation, &staging());
    assert_eq!(code(&result), Some(Code::LogEntryCount));
    // As a custom root it would have to meet the public-good rules, which it cannot: it names no log.
    assert!(github_as_custom().is_err());
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn one_good_attestation_among_bad_ones_suffices_and_none_is_no_pass() {
    let (file, good) = abi3info();
    let other = parse(&read("pep740/sampleproject-4.0.0-py3-none-any.whl.provenance"));
    let mixed = [other.clone(), good, other.clone()].concat();
    assert!(judge(&file, &mixed, &Expectation::default(), &roots()).is_ok());
    assert_eq!(
        code(&judge(&file, &other, &Expectation::default(), &roots())),
        Some(Code::DigestMismatch)
    );
    assert_eq!(
        code(&judge(&file, &[], &Expectation::default(), &roots())),
        Some(Code::NoEvidence)
    );
    let many = vec![other[0].clone(); slsa_pip_verify::MAX_EVIDENCE + 1];
    assert_eq!(
        code(&judge(&file, &many, &Expectation::default(), &roots())),
        Some(Code::OverBudget)
    );
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_real_intoto_0_0_1_entry_proves_everything_but_the_missing_sct() {
    let path = "classic-dsse/sv-history__ffa3ba__dsse-workflow-inputs.intoto.jsonl";
    let answers = json("rekor/intoto-0.0.1__asraa_slsa-verifier__bf6c3dd9.json");
    let (uuid, entry) = answers.as_object().unwrap().iter().next().unwrap();
    let statement: Value = {
        let envelope = json(path);
        serde_json::from_slice(&STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap()
    };
    let digest = statement["subject"][0]["digest"]["sha256"].as_str().unwrap().to_owned();
    let file = file("artifact1", &digest);
    let judged = |entry: &Value| {
        let mut evidence = parse(&read(path));
        evidence[0].log_answers = vec![RekorAnswer {
            uuid: uuid.clone(),
            entry: entry.clone(),
        }];
        code(&judge(&file, &evidence, &Expectation::default(), &roots()))
    };
    // The SCT is checked last: payload, signature, certificate, SET, proof, checkpoint and chain have all passed.
    assert_eq!(judged(entry), Some(Code::SctInvalid));
    let changed = |pointer: &str, value: Value| {
        let mut entry = entry.clone();
        *entry.pointer_mut(pointer).unwrap() = value;
        judged(&entry)
    };
    let plus_one = |pointer: &str| json!(entry.pointer(pointer).unwrap().as_i64().unwrap() + 1);
    assert_eq!(changed("/logIndex", plus_one("/logIndex")), Some(Code::SetInvalid));
    assert_eq!(
        changed("/integratedTime", plus_one("/integratedTime")),
        Some(Code::SetInvalid)
    );
    assert_eq!(
        changed("/verification/inclusionProof/hashes", json!([])),
        Some(Code::InclusionProofInvalid)
    );
    assert_eq!(
        changed("/verification/inclusionProof", Value::Null),
        Some(Code::InclusionProofMissing)
    );
    assert_eq!(
        changed("/verification/signedEntryTimestamp", Value::Null),
        Some(Code::SetMissing)
    );
    let checkpoint = entry.pointer("/verification/inclusionProof/checkpoint").unwrap();
    let other_origin = checkpoint.as_str().unwrap().replacen("rekor", "other", 1);
    assert_eq!(
        changed("/verification/inclusionProof/checkpoint", other_origin.into()),
        Some(Code::CheckpointInvalid)
    );
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn cosigns_annotations_lack_the_inclusion_proof() {
    for version in ["1.4.0", "1.5.0", "1.7.0", "1.8.0", "1.10.0", "2.1.0"] {
        let annotations = json(format!("rekor/sv-generic-container-v{version}.cosign-annotations.json"));
        let bundle: Value = serde_json::from_str(annotations["dev.sigstore.cosign/bundle"].as_str().unwrap()).unwrap();
        let mut entry = bundle["Payload"].clone();
        entry["verification"] = json!({ "signedEntryTimestamp": bundle["SignedEntryTimestamp"] });
        let mut evidence = parse(&read(format!("classic-dsse/sv-generic-container-v{version}.dsse.json")));
        evidence[0].log_answers = vec![RekorAnswer {
            uuid: "0".repeat(64),
            entry,
        }];
        let digest = evidence[0].attestation.sha256_subjects_hint()[0];
        let file = file("image", &digest.to_hex());
        assert_eq!(
            code(&judge(&file, &evidence, &Expectation::default(), &roots())),
            Some(Code::InclusionProofMissing),
            "{version}"
        );
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_delegators_builder_must_be_asked_for() {
    let path = "bundles/slsa-verifier__delegator-v2.1.0__binary-linux-amd64-push-v14.2.build.slsa";
    let evidence = parse(&read(path));
    let digest = evidence[0].attestation.sha256_subjects_hint()[0];
    let file = file("binary-linux-amd64", &digest.to_hex());
    let mut expectation = pinned("slsa-framework/example-package");
    assert_eq!(
        code(&judge(&file, &evidence, &expectation, &roots())),
        Some(Code::BuilderUntrusted)
    );
    let builder = "https://github.com/slsa-framework/example-trw/.github/workflows/builder_high-perms_slsa3.yml";
    expectation.builder = Some(format!("{builder}@v2.0.0").parse().unwrap());
    assert_eq!(
        code(&judge(&file, &evidence, &expectation, &roots())),
        Some(Code::BuilderUntrusted)
    );
    for asked_for in [builder.to_owned(), format!("{builder}@v2.1.0")] {
        expectation.builder = Some(asked_for.parse().unwrap());
        let verified = judge(&file, &evidence, &expectation, &roots()).unwrap();
        assert_eq!(attested(&verified).build_level, 3);
        assert_eq!(
            attested(&verified).builder.as_deref(),
            Some(format!("{builder}@refs/tags/v2.1.0").as_str())
        );
    }
}
