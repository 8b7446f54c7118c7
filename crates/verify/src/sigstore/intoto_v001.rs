//! `intoto` 0.0.1 log entries, which slsa-github-generator v1.2 to v1.10 made and `sigstore-verify` does not know.
//!
//! All of B1 to B6 on its public building blocks. Such an entry holds no signature of its own; it binds it by the digest of the
//! whole envelope as it was submitted, which can be rebuilt from the file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use serde::Serialize;
use serde_json::Value;
use sigstore_verify::crypto::{WEBPKI_VERIFICATION_ALGS, parse_certificate_info, sha256, verify_signature};
use sigstore_verify::types::{DerCertificate, Sha256Hash, SignatureBytes, TransparencyLogEntry, pae};
use slsa_pip_provenance::{ClassicEnvelope, ClassicSignature};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::bundle::{Check, choose};
use super::classic::leaf_from_pem;
use super::{Signed, binding, known_issuer, sct};
use crate::basis::Instance;
use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::Failure;
use crate::roots::PreparedRoot;

/// id-kp-codeSigning, 1.3.6.1.5.5.7.3.3, as the contents of a DER object identifier.
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];

/// A log entry whose shape was checked, and its body.
pub(super) struct Logged<'a> {
    pub(super) entry: &'a TransparencyLogEntry,
    pub(super) body: &'a Value,
}

/// Verifies an envelope with an `intoto` 0.0.1 entry.
pub(super) fn verify(
    envelope: &ClassicEnvelope,
    signature: &ClassicSignature,
    der: &DerCertificate,
    logged: &Logged<'_>,
    check: &Check<'_>,
) -> Result<Signed, Failure> {
    let certificate = Certificate::parse(der.as_bytes())?;
    let root = choose(check.roots, &certificate)?;
    if root.instance == Instance::Github {
        return Err(Failure::new(
            Code::LogEntryCount,
            "GitHub's own instance has no transparency log",
        ));
    }
    let claims = certificate.claims()?;
    known_issuer(&claims)?;
    let entry = logged.entry;
    binding::log_is_known(entry, root)?;
    binding::time_is_plausible(entry, &certificate, check.now)?;
    verify_set(entry, root)?;
    verify_inclusion(entry)?;
    binding::checkpoint_is_of_this_log(entry, root)?;
    verify_binding(envelope, signature, der, logged.body)?;
    let info =
        parse_certificate_info(der).map_err(|error| Failure::new(Code::CertificateMalformed, error.to_string()))?;
    binding::check_algorithm(Some(info.key_algorithm))?;
    verify_signature(
        &info.public_key,
        &pae(&envelope.payload_type, &envelope.payload),
        &SignatureBytes::new(signature.sig.clone()),
        info.key_algorithm.default_signing_scheme(),
    )
    .map_err(|error| Failure::new(Code::SignatureInvalid, error.to_string()))?;
    let signed_at = entry
        .integrated_time
        .ok_or_else(|| Failure::new(Code::SigningTimeUnproven, "the log entry has no integrated time"))?;
    let issuer_spki = verify_chain(der, signed_at, root)?;
    sct::verify(&certificate, &issuer_spki, root)?;
    Ok(Signed::new(claims, root.instance, signed_at, Some(entry)))
}

/// The certificate of an entry's body.
pub(super) fn logged_certificate(body: &Value) -> Result<DerCertificate, Failure> {
    logged_pem(body)
        .and_then(|pem| leaf_from_pem(&pem).ok())
        .ok_or_else(|| Failure::new(Code::CertificateMissing, "the log entry holds no signing certificate"))
}

fn logged_pem(body: &Value) -> Option<String> {
    let text = body.pointer("/spec/publicKey")?.as_str()?;
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// What the signed entry timestamp signs, as RFC 8785 JSON: the fields are in order, and no value needs an escape.
#[derive(Serialize)]
struct SetPayload {
    body: String,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    #[serde(rename = "logIndex")]
    log_index: i64,
}

fn verify_set(entry: &TransparencyLogEntry, root: &PreparedRoot) -> Result<(), Failure> {
    let invalid = |why: &str| {
        Failure::new(
            Code::SetInvalid,
            format!("the signed entry timestamp does not verify: {why}"),
        )
    };
    let id = entry.log_id.key_id.as_bytes();
    let time = entry.integrated_time.ok_or_else(|| invalid("no integrated time"))?;
    let key = Sha256Hash::try_from(id)
        .ok()
        .and_then(|id| root.rekor_keys.key_at(&id, time))
        .ok_or_else(|| invalid("the log's key was not valid then"))?;
    let payload = SetPayload {
        body: entry.canonicalized_body.to_base64(),
        integrated_time: time.as_second(),
        log_id: binding::hex(id),
        log_index: entry.log_index.as_i64(),
    };
    let payload = serde_json::to_vec(&payload).map_err(|error| invalid(&error.to_string()))?;
    let promise = entry.inclusion_promise.as_ref().ok_or_else(|| invalid("absent"))?;
    let signature = SignatureBytes::new(promise.signed_entry_timestamp.as_bytes().to_vec());
    key.verify(payload, &signature)
        .map_err(|error| invalid(&error.to_string()))
}

/// B5: the proof leads from the body to the checkpoint's root. Index and size are the proof's, which [`super::precheck`] has compared.
pub(super) fn verify_inclusion(entry: &TransparencyLogEntry) -> Result<(), Failure> {
    let invalid = |why: String| Failure::new(Code::InclusionProofInvalid, why);
    let proof = entry
        .inclusion_proof
        .as_ref()
        .ok_or_else(|| Failure::new(Code::InclusionProofMissing, "the log entry has no inclusion proof"))?;
    let root_hash = proof
        .checkpoint
        .checkpoint()
        .map(|checkpoint| *checkpoint.root_hash())
        .ok_or_else(|| Failure::new(Code::CheckpointInvalid, "the inclusion proof has no checkpoint"))?;
    sigstore_merkle::verify_inclusion_proof(
        &sigstore_merkle::hash_leaf(entry.canonicalized_body.as_bytes()),
        proof.log_index.get(),
        proof.tree_size,
        &proof.hashes,
        &root_hash,
    )
    .map_err(|error| invalid(format!("the inclusion proof does not verify: {error}")))
}

/// The envelope as it was submitted: the generator logged it with the certificate, cosign without. Field order and compactness
/// are those of Go's `encoding/json`, and no value holds a character that it would escape.
#[derive(Serialize)]
struct Submitted<'a> {
    #[serde(rename = "payloadType")]
    payload_type: &'a str,
    payload: String,
    signatures: [SubmittedSignature<'a>; 1],
}

#[derive(Serialize)]
struct SubmittedSignature<'a> {
    keyid: &'a str,
    sig: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cert: Option<&'a str>,
}

/// B6: payload digest, envelope digest (which holds the signature) and certificate equal those of the entry.
pub(super) fn verify_binding(
    envelope: &ClassicEnvelope,
    signature: &ClassicSignature,
    der: &DerCertificate,
    body: &Value,
) -> Result<(), Failure> {
    let mismatch = |what: &str| Failure::new(Code::LogEntryMismatch, format!("the log entry is about another {what}"));
    let logged = |field: &str| {
        let hash = body.pointer(&format!("/spec/content/{field}"))?;
        let is_sha256 = hash.get("algorithm").and_then(Value::as_str) == Some("sha256");
        hash.get("value").and_then(Value::as_str).filter(|_| is_sha256)
    };
    if logged("payloadHash") != Some(sha256(&envelope.payload).to_hex().as_str()) {
        return Err(mismatch("payload"));
    }
    if logged_certificate(body)?.as_bytes() != der.as_bytes() {
        return Err(mismatch("certificate"));
    }
    let submitted = |cert| {
        let submitted = Submitted {
            payload_type: &envelope.payload_type,
            payload: STANDARD.encode(&envelope.payload),
            signatures: [SubmittedSignature {
                keyid: &signature.keyid,
                sig: &signature.sig_base64,
                cert,
            }],
        };
        serde_json::to_vec(&submitted).map(|json| sha256(&json).to_hex()).ok()
    };
    // The text of the signature is what was logged; it must be the one that is verified.
    let same_text = STANDARD.decode(&signature.sig_base64).ok().as_deref() == Some(signature.sig.as_slice());
    let logged_pem = logged_pem(body);
    let candidates = [
        submitted(None),
        submitted(signature.cert_pem.as_deref()),
        submitted(logged_pem.as_deref()),
    ];
    let bound = logged("hash").is_some_and(|hash| candidates.iter().flatten().any(|candidate| candidate == hash));
    if bound && same_text {
        Ok(())
    } else {
        Err(mismatch("signature"))
    }
}

/// B2: the chain at the proven time, to an authority that could vouch then; gives the issuer's key, DER.
pub(super) fn verify_chain(
    der: &DerCertificate,
    time: jiff::Timestamp,
    root: &PreparedRoot,
) -> Result<Vec<u8>, Failure> {
    let untrusted = |why: String| {
        Failure::new(
            Code::CertificateUntrusted,
            format!("the certificate's chain is invalid: {why}"),
        )
    };
    let authorities: Vec<CertificateDer<'_>> = root
        .authorities
        .iter()
        .filter(|(_, window)| window.is_none_or(|window| window.contains(time)))
        .map(|(der, _)| CertificateDer::from(der.as_slice()))
        .collect();
    let anchors: Vec<TrustAnchor<'_>> = authorities
        .iter()
        .map(anchor_from_trusted_cert)
        .collect::<Result<_, _>>()
        .map_err(|error| untrusted(error.to_string()))?;
    let second = u64::try_from(time.as_second()).map_err(|error| untrusted(error.to_string()))?;
    let leaf = CertificateDer::from(der.as_bytes());
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| untrusted(error.to_string()))?;
    let path = leaf
        .verify_for_usage(
            WEBPKI_VERIFICATION_ALGS,
            &anchors,
            &[],
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(second)),
            KeyUsage::required(CODE_SIGNING),
            None,
            None,
        )
        .map_err(|error| untrusted(error.to_string()))?;
    Ok(path.issuer_spki().to_vec())
}
