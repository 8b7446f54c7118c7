//! Every collected real file: it is read without a panic, and as what the manifest says it is.

#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure; its tests on real files are not"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use slsa_pip_provenance::{Attestation, BuildFields, PredicateType, Statement};

use crate::{parse, problems};

fn data() -> PathBuf {
    PathBuf::from(std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA names the folder of real files"))
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(data().join(file)).unwrap()
}

/// Items of the manifest: file and format.
fn manifest(folder: &str) -> Vec<(String, String)> {
    let manifest: Value = serde_json::from_slice(&read("MANIFEST.json")).unwrap();
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let items = manifest["items"].as_array().unwrap().iter();
    items
        .map(|item| (text(item, "file"), text(item, "format")))
        .filter(|(file, _)| file.starts_with(&format!("{folder}/")))
        .collect()
}

/// Files that hold no readable attestation, by design (cut test files) or because they have older or other formats: the
/// codes of their problems.
const UNREADABLE: [(&str, &str); 14] = [
    (
        "bundles/cli_cli__092383a0__github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl",
        "missing-field",
    ),
    (
        "bundles/cli_cli__935bc9ce__github_provenance_demo-0.0.12-py3-none-any-bundle-missing-verification-material.jsonl",
        "missing-field",
    ),
    (
        "bundles/cli_cli__95610f10__github_provenance_demo-0.0.12-py3-none-any-bundle-missing-verification-material.jsonl",
        "missing-field",
    ),
    (
        "bundles/cli_cli__e07ec7ed__github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl",
        "missing-field",
    ),
    (
        "bundles/jezdez_conda-sigstore__e715aa58__prefix-actionlint.v0.sigs",
        "unknown-format",
    ),
    (
        "bundles/npm_cli__5aa183cd__no-provenance-envelope-bundle.json",
        "missing-field",
    ),
    (
        "bundles/prefix-dev_sigstore-rust__bec1fa03__bundle_invalid_version.txt.sigstore",
        "unknown-media-type",
    ),
    ("bundles/sigstore_cosign__834cd827__dsse_cert.json", "missing-field"),
    (
        "bundles/sigstore_cosign__837c8095__blob_cert_rekor_timestamps.json",
        "missing-field",
    ),
    (
        "bundles/sigstore_cosign__b6f07285__dsse_public_key.json",
        "unknown-media-type",
    ),
    ("bundles/sigstore_cosign__bc1d0ac9__dsse_key.json", "missing-field"),
    (
        "bundles/sigstore_cosign__bff7cf78__blob_cert_rekor_timestamps.json",
        "missing-field",
    ),
    (
        "bundles/sigstore_cosign__ecef2ff0__dsse_public_key.json",
        "unknown-media-type",
    ),
    (
        "pep740/amqp-5.3.1-0-py3-none-any.whl.redhat.provenance",
        "missing-field",
    ),
];

fn shape(attestation: &Attestation) -> String {
    match attestation {
        Attestation::Classic(envelope) if envelope.signatures[0].cert_pem.is_some() => "dsse-envelope with cert".into(),
        Attestation::Classic(_) => "dsse-envelope without cert".into(),
        Attestation::Bundle(bundle) => format!("sigstore-bundle {}", bundle.media_type),
        Attestation::Pep740(attestation) if attestation.publisher.is_some() => "pep740-provenance".into(),
        Attestation::Pep740(_) => "pep740-attestation".into(),
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_file_is_what_the_manifest_says() {
    let mut unreadable = BTreeMap::new();
    let mut read_files = 0;
    for folder in ["classic-dsse", "bundles", "pep740"] {
        for (file, format) in manifest(folder) {
            let parsed = parse(read(&file));
            if parsed.attestations.is_empty() {
                unreadable.insert(file, problems(&parsed)[0].1);
                continue;
            }
            read_files += 1;
            assert_eq!(problems(&parsed), [], "{file}");
            for located in &parsed.attestations {
                assert_eq!(shape(&located.item), format, "{file}");
            }
        }
    }
    let expected: BTreeMap<_, _> = UNREADABLE.map(|(file, code)| (file.to_owned(), code)).into();
    assert_eq!(unreadable, expected);
    assert_eq!(read_files, 206);
}

fn build_fields(file: &str) -> BuildFields {
    let parsed = parse(read(file));
    let statement = Statement::parse(parsed.attestations[0].item.payload().unwrap()).unwrap();
    BuildFields::from_statement(&statement).unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

const EXAMPLE: &str = "slsa-framework/example-package";

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn fields_of_the_generic_generator() {
    let fields = build_fields("classic-dsse/gha_generic-v2.0.0-binary-linux-amd64-workflow_dispatch.intoto.jsonl");
    let generator = "https://github.com/slsa-framework/slsa-github-generator";
    let commit = some("693130cb6cb840a7bc9cb18c6510d536a95dc7e6");
    let source = some(&format!("git+https://github.com/{EXAMPLE}@refs/heads/main"));
    assert!(fields.event_payload.is_some());
    let expected = BuildFields {
        builder_id: some(&format!(
            "{generator}/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0"
        )),
        build_type: some(&format!("{generator}/generic@v1")),
        source_uri: source.clone(),
        source_digest: commit.clone(),
        trigger_uri: source,
        trigger_digest: commit.clone(),
        entry_point: some(".github/workflows/verifier-e2e.all.workflow_dispatch.main.all.slsa3.yml"),
        event_name: some("workflow_dispatch"),
        reference: some("refs/heads/main"),
        ref_type: some("branch"),
        sha: commit,
        repository_id: some("486325809"),
        owner_id: some("80431187"),
        run_id: some("8791212155"),
        run_attempt: some("1"),
        invocation_id: some("8791212155-1"),
        workflow_inputs: fields.workflow_inputs.clone(),
        event_payload: fields.event_payload.clone(),
        ..BuildFields::default()
    };
    assert_eq!(fields, expected);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn fields_of_the_container_based_builder_and_the_delegator() {
    let container =
        build_fields("bundles/slsa-verifier__container-based-v2.1.0__binary-linux-amd64-push-v14.2.intoto.build.slsa");
    let delegator = build_fields("bundles/slsa-verifier__delegator-v2.1.0__binary-linux-amd64-push-v14.2.build.slsa");
    let workflow = ".github/workflows/verifier-e2e.all.workflow_dispatch.main.all.slsa3.yml";
    let source = some(&format!("git+https://github.com/{EXAMPLE}@refs/tags/v14.2"));
    for fields in [&container, &delegator] {
        assert_eq!(fields.source_uri, source);
        assert_eq!(fields.trigger_uri, source);
        assert_eq!(fields.source_digest, some("4d329c75e7ec1725f7c9ce917a8799d408d06be3"));
        assert_eq!(fields.trigger_digest, fields.source_digest);
        assert_eq!(fields.sha, fields.source_digest);
        assert_eq!(fields.entry_point, some(workflow));
        assert_eq!(
            fields.workflow_ref,
            some(&format!("{EXAMPLE}/{workflow}@refs/tags/v14.2"))
        );
        assert_eq!(fields.event_name, some("push"));
        assert_eq!(fields.repository, some(EXAMPLE));
        assert_eq!(fields.reference, some("refs/tags/v14.2"));
        assert_eq!((&fields.ref_type, &fields.base_ref), (&some("tag"), &None));
        assert_eq!(fields.repository_id, some("486325809"));
        assert_eq!(fields.owner_id, some("80431187"));
        // A number in one, a text in the other.
        assert_eq!(fields.run_id, some("13530999644"));
        assert_eq!(fields.run_attempt, some("1"));
        assert!(fields.event_payload.is_some());
    }
    assert_eq!(container.external_source_uri, source);
    assert_eq!(
        container.build_type,
        some("https://slsa.dev/container-based-build/v0.1?draft")
    );
    assert_eq!(delegator.external_source_uri, None);
    assert_eq!(
        delegator.builder_id,
        some(
            "https://github.com/slsa-framework/example-trw/.github/workflows/builder_high-perms_slsa3.yml@refs/tags/v2.1.0"
        )
    );
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn fields_of_actions_attest() {
    let fields = build_fields("bundles/slsa-verifier__bcr__rules_lint-v1.3.1.tar.gz.intoto.jsonl");
    let repository = "aspect-build/rules_lint";
    let reference = "refs/heads/publish-to-bcr";
    let source = some(&format!("git+https://github.com/{repository}@{reference}"));
    let expected = BuildFields {
        builder_id: some(
            "https://github.com/bazel-contrib/.github/.github/workflows/release_ruleset.yaml@refs/tags/v7.1.0",
        ),
        build_type: some("https://actions.github.io/buildtypes/workflow/v1"),
        source_uri: source.clone(),
        source_digest: some("8f70009fde0c94ade6ce2a054b94718c819126ec"),
        trigger_uri: source,
        entry_point: some(".github/workflows/release.yml"),
        event_name: some("workflow_dispatch"),
        repository: some(&format!("https://github.com/{repository}")),
        reference: some(reference),
        repository_id: some("631710741"),
        owner_id: some("60951090"),
        run_id: some("14095611671"),
        run_attempt: some("1"),
        workflow_ref: some(&format!("{repository}/.github/workflows/release.yml@{reference}")),
        runner_environment: some("github-hosted"),
        invocation_id: some(&format!(
            "https://github.com/{repository}/actions/runs/14095611671/attempts/1"
        )),
        ..BuildFields::default()
    };
    assert_eq!(fields, expected);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn workflow_inputs_are_those_of_the_event() {
    let fields = build_fields("classic-dsse/sv-history__ffa3ba__dsse-workflow-inputs.intoto.jsonl");
    let inputs = fields.workflow_inputs.unwrap();
    assert_eq!(inputs.get("release_version"), Some(&Value::from("v1.2.3")));
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn the_publish_attestation_is_recognised() {
    let parsed = parse(read("pep740/sampleproject-4.0.0-py3-none-any.whl.provenance"));
    let statement = Statement::parse(parsed.attestations[0].item.payload().unwrap()).unwrap();
    assert_eq!(statement.predicate_type, PredicateType::PypiPublishV1);
    assert_eq!(
        statement.subjects[0].name.as_deref(),
        Some("sampleproject-4.0.0-py3-none-any.whl")
    );
    assert_eq!(
        parsed.attestations[0].item.sha256_subjects_hint(),
        [statement.subjects[0].sha256().unwrap()]
    );
}
