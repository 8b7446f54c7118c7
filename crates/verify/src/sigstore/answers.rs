//! Which of the log's answers are about an envelope. Anybody can log entries about any file, so what strangers have logged must
//! not stand in the way of the one entry that counts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use sigstore_verify::crypto::sha256;
use sigstore_verify::types::DerCertificate;
use slsa_pip_provenance::{ClassicEnvelope, ClassicSignature, RekorAnswer, json};

use super::bundle::{self, Check};
use super::classic::leaf_from_pem;
use super::intoto_v001;
use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::Failure;

/// Answers that are verified; an envelope is logged once, by some generators twice.
const MAX_ANSWERS: usize = 16;
/// Answers that are read to find those: as many as the look-up hands on.
const MAX_READ: usize = 256;

/// Largest envelope, in bytes, for which more answers than [`MAX_ANSWERS`] are read: each may cost a digest of all of it. Real ones
/// stay far below.
const MAX_FLOODED_BYTES: usize = 1 << 20;

/// An envelope whose entry is looked for.
pub(super) struct Wanted<'a> {
    pub(super) envelope: &'a ClassicEnvelope,
    pub(super) signature: &'a ClassicSignature,
    /// The envelope's own certificate.
    pub(super) certificate: Option<&'a DerCertificate>,
}

/// The answers to verify: all of them if they are few, else those that could pass. Nothing is verified here but, for an envelope
/// without a certificate, the chain of the logged one.
pub(super) fn choose<'a>(
    wanted: &Wanted<'_>,
    answers: &'a [RekorAnswer],
    check: &Check<'_>,
) -> Result<Vec<&'a RekorAnswer>, Failure> {
    limit(answers.len(), MAX_READ)?;
    if answers.len() <= MAX_ANSWERS {
        return Ok(answers.iter().collect());
    }
    if wanted.envelope.text.len() > MAX_FLOODED_BYTES {
        limit(answers.len(), MAX_ANSWERS)?;
    }
    let payload_hash = sha256(&wanted.envelope.payload).to_hex();
    let chosen: Vec<_> = answers
        .iter()
        .filter(|answer| is_about(wanted, &payload_hash, answer, check).unwrap_or(false))
        .collect();
    limit(chosen.len(), MAX_ANSWERS)?;
    Ok(chosen)
}

fn limit(found: usize, most: usize) -> Result<(), Failure> {
    if found <= most {
        return Ok(());
    }
    Err(
        Failure::new(Code::OverBudget, "the transparency log gave too many entries")
            .expected(format!("at most {most}"))
            .found(found.to_string()),
    )
}

/// Whether an entry names the payload, the signature and the certificate, and was made while that was valid. Whoever has the
/// envelope can log it once more with a key id or a certificate of their own, but later, or without an authority's word.
fn is_about(wanted: &Wanted<'_>, payload_hash: &str, answer: &RekorAnswer, check: &Check<'_>) -> Option<bool> {
    let body = STANDARD.decode(answer.entry.get("body")?.as_str()?).ok()?;
    let body = json::parse(&body).ok()?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let hash = text("/spec/payloadHash/value").or_else(|| text("/spec/content/payloadHash/value"));
    if hash != Some(payload_hash) {
        return Some(false);
    }
    let certificate = match (text("/kind")?, text("/apiVersion")?) {
        ("dsse", "0.0.1") => {
            let logged = STANDARD.decode(text("/spec/signatures/0/signature")?).ok()?;
            (logged == wanted.signature.sig).then(|| pem(text("/spec/signatures/0/verifier")?))??
        }
        ("intoto", "0.0.2") => {
            let logged = STANDARD.decode(text("/spec/content/envelope/signatures/0/sig")?).ok()?;
            // Base64 within base64, as the log writes it.
            let inner = STANDARD.decode(&logged).unwrap_or_default();
            let same = [&logged, &inner].contains(&&wanted.signature.sig);
            same.then(|| pem(text("/spec/content/envelope/signatures/0/publicKey")?))??
        }
        ("intoto", "0.0.1") => {
            let certificate = intoto_v001::logged_certificate(&body).ok()?;
            intoto_v001::verify_binding(wanted.envelope, wanted.signature, &certificate, &body).ok()?;
            certificate
        }
        _ => return Some(false),
    };
    let parsed = Certificate::parse(certificate.as_bytes()).ok()?;
    let second = answer.entry.get("integratedTime")?.as_i64()?;
    let (not_before, not_after) = parsed.validity();
    if !(not_before..=not_after).contains(&u64::try_from(second).ok()?) {
        return Some(false);
    }
    if let Some(own) = wanted.certificate {
        return Some(own.as_bytes() == certificate.as_bytes());
    }
    let root = bundle::choose(check.roots, &parsed).ok()?;
    let time = Timestamp::from_second(second).ok()?;
    Some(intoto_v001::verify_chain(&certificate, time, root).is_ok())
}

/// The certificate of an entry: PEM within base64.
fn pem(text: &str) -> Option<DerCertificate> {
    leaf_from_pem(&String::from_utf8(STANDARD.decode(text).ok()?).ok()?).ok()
}
