//! `dsse` 0.0.2 log entries of Rekor v2, which `sigstore-verify` cannot hold in a bundle.
//!
//! The library verifies the bundle without its entry: signature, chain and SCT at the times of the RFC 3161 timestamps, and
//! that the statement is about the file (B1 to B4). Such an entry has no time of its own. Inclusion, checkpoint and what the
//! body binds (B5, B6) are verified here, on the library's building blocks.

use serde_json::Value;
use sigstore_verify::crypto::sha256;
use sigstore_verify::rekor::body::{DsseV002Data, RekorEntryBody};
use sigstore_verify::types::{Bundle, DsseEnvelope, HashAlgorithm, SignatureContent, TransparencyLogEntry};

use super::bundle::{self, Check};
use super::precheck::{self, Log};
use super::{Signed, binding, intoto_v001};
use crate::basis::Instance;
use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::Failure;

const KIND: (&str, &str) = ("dsse", "0.0.2");

/// What the entry is called while the library reads the document: the other kind of the same log, in the same shape.
const STAND_IN: &str = "hashedrekord";

/// The signing key's kind, as Rekor v2 spells it. Another is refused by the algorithm check already (B1).
const KEY_DETAILS: &str = "PKIX_ECDSA_P256_SHA_256";

/// The document with its `dsse` 0.0.2 entry called by a name that the library knows; `None` if it has no such entry.
pub(super) fn readable(json: &Value) -> Option<Value> {
    let entry = json.pointer("/verificationMaterial/tlogEntries/0/kindVersion")?;
    let text = |key| entry.get(key).and_then(Value::as_str);
    if (text("kind")?, text("version")?) != KIND {
        return None;
    }
    let mut json = json.clone();
    *json.pointer_mut("/verificationMaterial/tlogEntries/0/kindVersion/kind")? = STAND_IN.into();
    Some(json)
}

/// Verifies a bundle that [`readable`] has changed.
pub(super) fn verify(mut bundle: Bundle, check: &Check<'_>) -> Result<Signed, Failure> {
    let entries = std::mem::take(&mut bundle.verification_material.tlog_entries);
    let [entry] = entries.as_slice() else {
        return Err(Failure::new(Code::LogEntryCount, "there is not exactly one log entry"));
    };
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Failure::new(
            Code::LogEntryMismatch,
            "the log entry is about an envelope, and the bundle holds none",
        ));
    };
    let der = bundle::signing_certificate(&bundle)?;
    bundle::same_payload(&bundle, check)?;
    let certificate = Certificate::parse(der.as_bytes())?;
    let root = bundle::choose(check.roots, &certificate)?;
    if root.instance == Instance::Github {
        return Err(precheck::entry_count("none: GitHub's own instance has no log", 1));
    }
    precheck::limits(&bundle)?;
    precheck::check_entry_of(entry, KIND)?;
    precheck::time_is_provable(&bundle, entry)?;
    binding::log_is_known(entry, root)?;
    let claims = certificate.claims()?;
    let policy = bundle::policy(check, &claims, Log::Required)?.skip_tlog_unsafe();
    let result = bundle::run(root, &bundle, &policy, check)?;
    bundle::assert_checked(&result, &["certificate", "signed certificate timestamp", "identity"])?;
    binding::algorithm_is_expected(&result)?;
    let signed_at = bundle::signing_time(&result, check.now)?;
    intoto_v001::verify_inclusion(entry)?;
    binding::checkpoint_is_of_this_log(entry, root)?;
    binding::log_key_was_valid(entry, root, signed_at)?;
    verify_binding(entry, envelope, der.as_bytes())?;
    Ok(Signed::new(claims, root.instance, signed_at, Some(entry)))
}

/// B6: the entry's payload digest, its only signature and that signature's certificate are the bundle's.
fn verify_binding(entry: &TransparencyLogEntry, envelope: &DsseEnvelope, der: &[u8]) -> Result<(), Failure> {
    let mismatch = |what: &str| Failure::new(Code::LogEntryMismatch, format!("the log entry is about another {what}"));
    let body = body(entry)?;
    let payload = sha256(envelope.payload.as_bytes());
    let logged = &body.payload_hash;
    if logged.algorithm != HashAlgorithm::Sha2256 || logged.digest.as_bytes() != payload.as_bytes() {
        return Err(mismatch("payload"));
    }
    let [signature] = body.signatures.as_slice() else {
        return Err(mismatch("number of signatures")
            .expected("1")
            .found(body.signatures.len().to_string()));
    };
    if signature.content != envelope.signature.sig {
        return Err(mismatch("signature"));
    }
    let verifier = &signature.verifier;
    let logged = verifier.x509_certificate.as_ref();
    let same = logged.is_some_and(|logged| logged.raw_bytes.as_bytes() == der);
    if !same || verifier.public_key.is_some() {
        return Err(mismatch("certificate"));
    }
    if verifier.key_details != KEY_DETAILS {
        return Err(mismatch("kind of key")
            .expected(KEY_DETAILS)
            .found(&verifier.key_details));
    }
    Ok(())
}

fn body(entry: &TransparencyLogEntry) -> Result<DsseV002Data, Failure> {
    let (kind, version) = KIND;
    match RekorEntryBody::from_json(entry.canonicalized_body.as_bytes(), kind, version) {
        Ok(RekorEntryBody::DsseV002(body)) => Ok(body.spec.dsse_v002),
        Ok(_) => Err(Failure::new(
            Code::LogEntryMalformed,
            "the log entry is not of its kind",
        )),
        Err(error) => Err(Failure::new(Code::LogEntryMalformed, error.to_string())),
    }
}
