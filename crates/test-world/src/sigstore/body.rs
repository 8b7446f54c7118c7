//! Canonical bodies of log entries, and how a proposed entry becomes one.
//!
//! Rekor finds a proposed entry by building its canonical body again and looking for that leaf. The hashes of `dsse` and `intoto` entries are over the
//! proposed envelope's exact text: the same envelope written with other white space or another order of keys is not found.

use super::LogKind;
use crate::encoding::{base64, canonical_json, from_base64, sha256, sha256_hex};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::DecodePem as _;

/// What an entry records of an envelope.
pub(crate) struct Recorded<'a> {
    /// The envelope's JSON text as uploaded.
    pub(crate) envelope: &'a str,
    /// Decoded payload.
    pub(crate) payload: &'a [u8],
    pub(crate) payload_type: &'a str,
    pub(crate) signature: &'a [u8],
    pub(crate) certificate_pem: &'a str,
    /// The same certificate, as Rekor v2 records it.
    pub(crate) certificate: &'a [u8],
}

/// The canonical body of an entry of `kind`.
pub(crate) fn of_envelope(kind: LogKind, recorded: &Recorded) -> String {
    let envelope_hash = json!({"algorithm": "sha256", "value": sha256_hex(recorded.envelope.as_bytes())});
    let payload_hash = json!({"algorithm": "sha256", "value": sha256_hex(recorded.payload)});
    let signature = base64(recorded.signature);
    let certificate = base64(recorded.certificate_pem.as_bytes());
    let spec = match kind {
        LogKind::Dsse => json!({
            "envelopeHash": envelope_hash,
            "payloadHash": payload_hash,
            "signatures": [{"signature": signature, "verifier": certificate}],
        }),
        LogKind::IntotoV001 => json!({
            "content": {"hash": envelope_hash, "payloadHash": payload_hash},
            "publicKey": certificate,
        }),
        LogKind::IntotoV002 => json!({
            "content": {
                "envelope": {
                    "payloadType": recorded.payload_type,
                    // The signature is base64 twice, as the real log writes it.
                    "signatures": [{"publicKey": certificate, "sig": base64(signature.as_bytes())}],
                },
                "hash": envelope_hash,
                "payloadHash": payload_hash,
            },
        }),
        LogKind::HashedRekord => return of_artifact(recorded.payload, recorded.signature, recorded.certificate_pem),
        LogKind::DsseV002 => json!({"dsseV002": {
            "payloadHash": {"algorithm": "SHA2_256", "digest": base64(&sha256(recorded.payload))},
            "signatures": [signature_v002(recorded.signature, recorded.certificate)],
        }}),
        LogKind::HashedRekordV002 => {
            let message = super::pae(recorded.payload_type, recorded.payload);
            return of_artifact_v002(&message, recorded.signature, recorded.certificate);
        }
    };
    wrap(kind, &spec)
}

/// The canonical body of a `hashedrekord` entry for `artifact`.
pub(crate) fn of_artifact(artifact: &[u8], signature: &[u8], certificate_pem: &str) -> String {
    wrap(
        LogKind::HashedRekord,
        &json!({
            "data": {"hash": {"algorithm": "sha256", "value": sha256_hex(artifact)}},
            "signature": {
                "content": base64(signature),
                "publicKey": {"content": base64(certificate_pem.as_bytes())},
            },
        }),
    )
}

/// The canonical body of a `hashedrekord` 0.0.2 entry for what was signed: a file, or an envelope's PAE.
pub(crate) fn of_artifact_v002(message: &[u8], signature: &[u8], certificate: &[u8]) -> String {
    wrap(
        LogKind::HashedRekordV002,
        &json!({"hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": base64(&sha256(message))},
            "signature": signature_v002(signature, certificate),
        }}),
    )
}

/// A signature with its verifier, as Rekor v2 records them.
pub(crate) fn signature_v002(signature: &[u8], certificate: &[u8]) -> Value {
    json!({
        "content": base64(signature),
        "verifier": {
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "x509Certificate": {"rawBytes": base64(certificate)},
        },
    })
}

fn wrap(kind: LogKind, spec: &Value) -> String {
    canonical_json(&json!({"apiVersion": kind.version(), "kind": kind.kind(), "spec": spec}))
}

/// The canonical body of a proposed entry.
///
/// # Errors
/// A text as Rekor's 400 has it: unknown kind, missing fields, or a signature that does not verify.
pub(crate) fn of_proposal(proposal: &Value) -> Result<String, String> {
    let text = |pointer: &str| proposal.pointer(pointer).and_then(Value::as_str);
    let (kind, envelope, certificate) = match (text("/kind"), text("/apiVersion")) {
        (Some("dsse"), Some("0.0.1")) => (
            LogKind::Dsse,
            text("/spec/proposedContent/envelope"),
            text("/spec/proposedContent/verifiers/0"),
        ),
        (Some("intoto"), Some("0.0.1")) => (
            LogKind::IntotoV001,
            text("/spec/content/envelope"),
            text("/spec/publicKey"),
        ),
        (kind, version) => return Err(format!("entry kind {kind:?} version {version:?} is not supported")),
    };
    let envelope = envelope.ok_or("missing envelope")?;
    let certificate = certificate
        .and_then(from_base64)
        .ok_or("missing or undecodable verifier")?;
    let certificate = String::from_utf8(certificate).map_err(|_| "the verifier is not PEM")?;
    let parsed: Value = serde_json::from_str(envelope).map_err(|error| error.to_string())?;
    let field = |pointer: &str| parsed.pointer(pointer).and_then(Value::as_str);
    let payload_type = field("/payloadType").ok_or("missing payloadType")?;
    let payload = field("/payload")
        .and_then(from_base64)
        .ok_or("missing or undecodable payload")?;
    let signature = field("/signatures/0/sig")
        .and_then(from_base64)
        .ok_or("missing or undecodable signature")?;
    verify(&certificate, &super::pae(payload_type, &payload), &signature)?;
    Ok(of_envelope(
        kind,
        &Recorded {
            envelope,
            payload: &payload,
            payload_type,
            signature: &signature,
            certificate_pem: &certificate,
            certificate: &[],
        },
    ))
}

fn verify(certificate_pem: &str, message: &[u8], signature: &[u8]) -> Result<(), String> {
    let certificate = Certificate::from_pem(certificate_pem).map_err(|error| error.to_string())?;
    let key = certificate.tbs_certificate.subject_public_key_info.subject_public_key;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.raw_bytes())
        .verify(message, signature)
        .map_err(|_| "could not verify envelope: all signatures must have a key that verifies it".to_owned())
}
