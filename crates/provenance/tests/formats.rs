//! The formats that are accepted (A1–A5), what is refused, and every budget (A6), one test for each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "tests"
)]

mod documents {
    //! Well-formed documents to begin from.

    use serde_json::{Value, json};

    /// `{}` in base64.
    pub(crate) const PAYLOAD: &str = "e30=";

    pub(crate) fn classic() -> Value {
        json!({
            "payloadType": "application/vnd.in-toto+json",
            "payload": PAYLOAD,
            "signatures": [{"keyid": "", "sig": "c2ln", "cert": "-----BEGIN CERTIFICATE-----\n"}],
        })
    }

    pub(crate) fn bundle(media_type: &str) -> Value {
        json!({
            "mediaType": media_type,
            "verificationMaterial": {"tlogEntries": [{}], "certificate": {"rawBytes": "AA=="}},
            "dsseEnvelope": {
                "payloadType": "application/vnd.in-toto+json",
                "payload": PAYLOAD,
                "signatures": [{"sig": "c2ln"}],
            },
        })
    }

    pub(crate) const V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

    pub(crate) fn attestation() -> Value {
        json!({
            "version": 1,
            "verification_material": {"certificate": "AAEC", "transparency_entries": [{"logIndex": "1"}]},
            "envelope": {"statement": PAYLOAD, "signature": "c2ln"},
        })
    }

    pub(crate) fn provenance(publisher: &Value) -> Value {
        json!({
            "version": 1,
            "attestation_bundles": [
                {"publisher": publisher, "attestations": [attestation(), attestation()]},
                {"publisher": {"kind": "New"}, "attestations": [attestation()]},
            ],
        })
    }
}

#[path = "formats/accepted.rs"]
mod accepted;
#[path = "formats/budgets.rs"]
mod budgets;
#[path = "formats/real_data.rs"]
mod real_data;
#[path = "formats/refused.rs"]
mod refused;

use slsa_pip_provenance::{Attestation, ParsedFile, parse_provenance};

fn parse(document: impl AsRef<[u8]>) -> ParsedFile {
    parse_provenance(document.as_ref())
}

/// The only attestation of a document without problems.
fn only(document: impl AsRef<[u8]>) -> Attestation {
    let file = parse(document);
    assert_eq!(file.problems, []);
    assert_eq!(file.attestations.len(), 1);
    file.attestations[0].item.as_ref().clone()
}

/// Line and code of every problem.
fn problems(file: &ParsedFile) -> Vec<(Option<usize>, &'static str)> {
    file.problems.iter().map(|p| (p.line, p.item.code())).collect()
}

/// The code of the only problem of a document that holds nothing else.
fn code(document: impl AsRef<[u8]>) -> &'static str {
    let file = parse(document);
    assert_eq!(file.attestations.len(), 0);
    match problems(&file).as_slice() {
        [(_, code)] => code,
        other => panic!("one problem was expected: {other:?}"),
    }
}
