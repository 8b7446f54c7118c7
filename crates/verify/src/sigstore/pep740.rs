//! PEP 740 attestation objects as v0.3 bundles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use slsa_pip_provenance::Pep740Attestation;

use super::IN_TOTO;

/// Composes a v0.3 bundle; the transparency entries already have a bundle's shape.
pub(super) fn to_bundle(attestation: &Pep740Attestation) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": STANDARD.encode(&attestation.certificate_der) },
            "tlogEntries": attestation.transparency_entries,
        },
        "dsseEnvelope": {
            "payload": STANDARD.encode(&attestation.statement),
            "payloadType": IN_TOTO,
            "signatures": [{ "sig": STANDARD.encode(&attestation.signature) }],
        },
    })
}
