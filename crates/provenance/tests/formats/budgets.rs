//! Every limit of A6: what lies on it is read, what lies over it is refused under a code of its own.

use serde_json::{Value, json};
use slsa_pip_provenance::budget::{
    MAX_ATTESTATIONS, MAX_CERTIFICATE_BYTES, MAX_CERTIFICATES, MAX_DOCUMENT_BYTES, MAX_JSON_DEPTH, MAX_JSON_VALUES,
    MAX_LINES, MAX_LOG_ENTRIES, MAX_SIGNATURES,
};

use crate::documents::{V03, attestation, bundle, classic};
use crate::{code, only, parse, problems};

fn with(mut document: Value, field: &str, value: Value) -> String {
    *document.pointer_mut(field).unwrap() = value;
    document.to_string()
}

#[test]
fn size() {
    let mut document = classic().to_string().into_bytes();
    document.resize(MAX_DOCUMENT_BYTES, b' ');
    only(&document);
    document.push(b' ');
    assert_eq!(code(document), "provenance-too-large");
}

#[test]
fn depth() {
    let nested = |depth: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(code(nested(MAX_JSON_DEPTH - 1)), "unknown-format");
    assert_eq!(code(nested(MAX_JSON_DEPTH)), "json-too-deep");
    assert_eq!(code("[".repeat(1 << 20)), "json-too-deep");
}

#[test]
fn values() {
    let list = |values: usize| format!(r#"{{"x":[{}1]}}"#, "1,".repeat(values - 3));
    assert_eq!(code(list(MAX_JSON_VALUES)), "unknown-format");
    assert_eq!(code(list(MAX_JSON_VALUES + 1)), "json-too-many-values");
    // Lines share the limit; the lines before it are still read.
    let half = list(MAX_JSON_VALUES / 2);
    let file = parse(format!("{}\n{half}\n{half}", classic()));
    assert_eq!(file.attestations.len(), 1);
    assert_eq!(
        problems(&file),
        [(Some(2), "unknown-format"), (Some(3), "json-too-many-values")]
    );
}

#[test]
fn lines() {
    let line = format!("{}\n\n", classic());
    assert_eq!(parse(line.repeat(MAX_LINES)).attestations.len(), MAX_LINES);
    assert_eq!(code(line.repeat(MAX_LINES + 1)), "too-many-lines");
}

#[test]
fn attestations() {
    let list = |count: usize| json!({"attestations": vec![json!({"bundle": bundle(V03)}); count]}).to_string();
    assert_eq!(parse(list(MAX_ATTESTATIONS)).attestations.len(), MAX_ATTESTATIONS);
    assert_eq!(code(list(MAX_ATTESTATIONS + 1)), "too-many-attestations");
    let two_lists = format!("{}\n{}", list(MAX_ATTESTATIONS), list(1));
    assert_eq!(code(two_lists), "too-many-attestations");
}

#[test]
fn signatures() {
    for (document, field) in [(classic(), "/signatures"), (bundle(V03), "/dsseEnvelope/signatures")] {
        let list = |count| json!(vec![json!({"sig": "c2ln"}); count]);
        only(with(document.clone(), field, list(MAX_SIGNATURES)));
        assert_eq!(
            code(with(document, field, list(MAX_SIGNATURES + 1))),
            "too-many-signatures"
        );
    }
}

#[test]
fn log_entries() {
    for (document, field) in [
        (bundle(V03), "/verificationMaterial/tlogEntries"),
        (attestation(), "/verification_material/transparency_entries"),
    ] {
        let list = |count| json!(vec![json!({}); count]);
        only(with(document.clone(), field, list(MAX_LOG_ENTRIES)));
        assert_eq!(
            code(with(document, field, list(MAX_LOG_ENTRIES + 1))),
            "too-many-log-entries"
        );
    }
}

#[test]
fn certificates() {
    let chain = |count| json!({"x509CertificateChain": {"certificates": vec![json!({}); count]}});
    let field = "/verificationMaterial";
    only(with(bundle(V03), field, chain(MAX_CERTIFICATES)));
    assert_eq!(
        code(with(bundle(V03), field, chain(MAX_CERTIFICATES + 1))),
        "too-many-certificates"
    );
}

#[test]
fn certificate_sizes() {
    let pem = |size| json!("x".repeat(size));
    let field = "/signatures/0/cert";
    only(with(classic(), field, pem(MAX_CERTIFICATE_BYTES)));
    assert_eq!(
        code(with(classic(), field, pem(MAX_CERTIFICATE_BYTES + 1))),
        "certificate-too-large"
    );
    let der = json!("AAAA".repeat(MAX_CERTIFICATE_BYTES / 3 + 1));
    assert_eq!(
        code(with(attestation(), "/verification_material/certificate", der)),
        "certificate-too-large"
    );
}
