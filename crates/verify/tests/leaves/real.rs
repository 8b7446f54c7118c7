//! The same changes of real documents.

use crate::common::{file, manifest, pinned, read, roots};
use crate::documents::{Document, Form, Judged, Line};
use crate::go_through_all;
use crate::harmless::Harmless;
use crate::report;
use slsa_pip_policy::Expectation;

/// Documents that there must at least be.
const LEAST: usize = 10;

/// Name and file of each.
const FILES: [(&str, &str); 11] = [
    (
        "pep740-provenance GitHub (real)",
        "pep740/abi3info-2024.10.8-py3-none-any.whl.provenance",
    ),
    (
        "pep740-attestation (real)",
        "pep740/sampleproject-4.0.0-py3-none-any.whl.publish.attestation",
    ),
    (
        "pep740-attestation slsa-v1 (real)",
        "pep740/pypi_attestations-0.0.19.tar.gz.slsa.attestation",
    ),
    (
        "pep740-attestation GitLab (real)",
        "pep740/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
    ),
    (
        "pep740-provenance Google (real)",
        "pep740/gcb_attestation_test-0.0.0.tar.gz.provenance",
    ),
    (
        "bundle-v0.3 dsse-0.0.1 (real)",
        "classic-dsse/gha_generic-v2.1.0-binary-linux-amd64-push-v14.2.intoto.jsonl",
    ),
    (
        "bundle-v0.2 intoto-0.0.2 (real)",
        "bundles/slsa-verifier__container-based-v2.1.0__binary-linux-amd64-push-v14.2.intoto.build.slsa",
    ),
    (
        "message-v0.2 hashedrekord-0.0.1 (real)",
        "bundles/trailofbits_pypi-attestations__483e9436__rfc8785-0.0.2-py3-none-any.whl.sigstore",
    ),
    (
        "message-v0.3 hashedrekord-0.0.1 (real)",
        "bundles/cpython-3.14.3.sigstore.json",
    ),
    (
        "github-internal v0.2 (real)",
        "bundles/cli_cli__209b2373__github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl",
    ),
    (
        "github-internal v0.3 (real)",
        "bundles/cli_cli__4dffc8fd__github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl",
    ),
];

fn documents() -> Vec<Document> {
    let manifest = manifest();
    let make = |(name, path): &(&str, &str)| {
        let item = manifest.iter().find(|item| item["file"] == *path).unwrap();
        let text = |key: &str| item[key].as_str().map(str::to_owned);
        let judged = if name.starts_with("message-") {
            Judged::Signature {
                identity: text("san").unwrap(),
                issuer: text("issuer").unwrap(),
            }
        } else {
            let pin = text("source_repo").map(|repository| pinned(&repository));
            Judged::File(Box::new(pin.unwrap_or_else(Expectation::default)))
        };
        Document {
            name: (*name).to_owned(),
            lines: vec![Line {
                json: serde_json::from_slice(&read(path)).unwrap(),
                form: Form::Plain,
                donors: Vec::new(),
                file: file(&text("artifact").unwrap(), &text("artifact_sha256").unwrap()),
                judged,
            }],
            stride: 16,
        }
    };
    FILES.iter().map(make).collect()
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn no_change_of_a_real_document_passes_that_is_not_known_to_be_harmless() {
    let (documents, roots) = (documents(), roots());
    let harmless = Harmless::read(include_str!("../leaves.harmless"));
    let tallies = go_through_all(&documents, &roots, &harmless);
    let (total, text) = report(&tallies, &harmless);
    eprint!("{text}");
    assert!(total.wrong.is_empty(), "accepted:\n{}", total.wrong.join("\n"));
    let unused: Vec<_> = harmless
        .unused()
        .into_iter()
        .filter(|line| line.contains(REAL))
        .collect();
    assert_eq!(unused, Vec::<&str>::new(), "entries without use");
    assert!(tallies.len() >= LEAST, "only {} documents", tallies.len());
}

/// Ends the names of these documents.
pub const REAL: &str = "(real)";
