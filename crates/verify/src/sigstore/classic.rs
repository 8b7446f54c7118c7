//! Classic DSSE envelopes: the log entry comes from the log's answer, not from the file (A1, B7).

use serde_json::Value;
use sigstore_verify::rekor::LogEntry;
use sigstore_verify::rekor::body::RekorEntryBody;
use sigstore_verify::types::bundle::{CertificateContent, VerificationMaterial, VerificationMaterialContent};
use sigstore_verify::types::{
    Bundle, DerCertificate, DsseEnvelope, DsseSignature, KindVersion, MediaType, SignatureBytes, SignatureContent,
    TransparencyLogEntry,
};
use sigstore_verify::types::{KeyId, PayloadBytes};
use slsa_pip_provenance::{ClassicEnvelope, ClassicSignature, RekorAnswer, json};

use super::answers::{self, Wanted};
use super::bundle::{self, Check};
use super::{Signed, intoto_v001, precheck};
use crate::code::Code;
use crate::core::rank;
use crate::refusal::Failure;

/// The kinds of log entries that can hold a classic envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bundled(KindVersion),
    IntotoV001,
}

/// Verifies an envelope with the log's answers: any one that passes every rule suffices.
pub(super) fn verify(
    envelope: &ClassicEnvelope,
    answers: &[RekorAnswer],
    check: &Check<'_>,
) -> Result<Signed, Failure> {
    precheck::check_payload_type(&envelope.payload_type)?;
    precheck::check_signature_count(envelope.signatures.len())?;
    let [signature] = envelope.signatures.as_slice() else {
        return Err(Failure::new(Code::SignatureCount, "there is not exactly one signature"));
    };
    let certificate = signature.cert_pem.as_deref().map(leaf_from_pem).transpose()?;
    let wanted = Wanted {
        envelope,
        signature,
        certificate: certificate.as_ref(),
    };
    let mut failures = Vec::new();
    for answer in answers::choose(&wanted, answers, check)? {
        match verify_with(envelope, signature, certificate.as_ref(), answer, check) {
            Ok(signed) => return Ok(signed),
            Err(failure) => failures.push(failure),
        }
    }
    Err(failures
        .into_iter()
        .max_by_key(|failure| rank(failure.code))
        .unwrap_or_else(|| {
            Failure::new(
                Code::LogEntryMissing,
                "the transparency log has no entry for this envelope, or was not asked",
            )
            .expected("a log entry with the envelope's payload and certificate")
            .found("none")
            .hint("let the log be asked (no `--offline`, and it must be reachable), put its answer beside the provenance as `PROVENANCE.rekor.json`, or use provenance in bundle form")
        }))
}

fn verify_with(
    envelope: &ClassicEnvelope,
    signature: &ClassicSignature,
    certificate: Option<&DerCertificate>,
    answer: &RekorAnswer,
    check: &Check<'_>,
) -> Result<Signed, Failure> {
    let proof = answer.entry.pointer("/verification/inclusionProof");
    precheck::checkpoint_is_readable(proof, "/checkpoint")?;
    let entry: LogEntry = serde_json::from_value(answer.entry.clone()).map_err(|error| malformed(&error))?;
    let body = json::parse(entry.body.as_bytes()).map_err(|error| malformed(&error))?;
    let kind = kind(&body)?;
    // `intoto` 0.0.1 has no kind of its own in the library; the entry's shape is the same.
    let kind_version = match kind {
        Kind::Bundled(kind_version) => kind_version,
        Kind::IntotoV001 => KindVersion::IntotoV002,
    };
    let entry = entry.to_bundle_entry(kind_version).map_err(|error| malformed(&error))?;
    precheck::check_entry(&entry)?;
    let certificate = match certificate {
        Some(certificate) => certificate.clone(),
        None => logged_certificate(kind, &entry, &body)?,
    };
    match kind {
        Kind::IntotoV001 => {
            let logged = intoto_v001::Logged {
                entry: &entry,
                body: &body,
            };
            intoto_v001::verify(envelope, signature, &certificate, &logged, check)
        }
        Kind::Bundled(_) => bundle::verify(&compose(envelope, signature, certificate, entry), check),
    }
}

fn kind(body: &Value) -> Result<Kind, Failure> {
    let text = |key| body.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("kind"), text("apiVersion")) {
        ("dsse", "0.0.1") => Ok(Kind::Bundled(KindVersion::DsseV001)),
        ("intoto", "0.0.2") => Ok(Kind::Bundled(KindVersion::IntotoV002)),
        ("intoto", "0.0.1") => Ok(Kind::IntotoV001),
        (kind, version) => Err(precheck::unknown_kind(kind, version)),
    }
}

/// A v0.3 bundle of the envelope, its certificate and the log's entry.
fn compose(
    envelope: &ClassicEnvelope,
    signature: &ClassicSignature,
    certificate: DerCertificate,
    entry: TransparencyLogEntry,
) -> Bundle {
    let material = VerificationMaterialContent::Certificate(CertificateContent::new(certificate));
    Bundle::new(
        MediaType::Bundle0_3,
        VerificationMaterial::new(material).with_tlog_entries(vec![entry]),
        SignatureContent::DsseEnvelope(DsseEnvelope::new(
            envelope.payload_type.clone(),
            PayloadBytes::new(envelope.payload.clone()),
            DsseSignature::new(SignatureBytes::new(signature.sig.clone()), KeyId::default()),
        )),
    )
}

/// The certificate that the entry holds, for envelopes without one. It is bound like any other afterwards.
fn logged_certificate(kind: Kind, entry: &TransparencyLogEntry, body: &Value) -> Result<DerCertificate, Failure> {
    let missing = || {
        Failure::new(
            Code::CertificateMissing,
            "neither the envelope nor its log entry holds a signing certificate",
        )
    };
    if kind == Kind::IntotoV001 {
        return intoto_v001::logged_certificate(body);
    }
    let body =
        RekorEntryBody::parse(&entry.canonicalized_body, entry.kind_version).map_err(|error| malformed(&error))?;
    match &body {
        RekorEntryBody::DsseV001(body) => match body.spec.signatures.as_slice() {
            [signature] => signature.parse_certificate().map_err(|_| missing()),
            _ => Err(missing()),
        },
        RekorEntryBody::IntotoV002(body) => match body.spec.content.envelope.signatures.as_slice() {
            [signature] => signature.parse_certificate().map_err(|_| missing()),
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}

/// The one certificate in a PEM text; several would leave open which of them signed.
pub(super) fn leaf_from_pem(pem: &str) -> Result<DerCertificate, Failure> {
    let malformed = |why: String| Failure::new(Code::CertificateMalformed, why);
    let blocks = pem.matches("-----BEGIN ").count();
    if blocks != 1 {
        return Err(
            malformed("the envelope's `cert` does not hold exactly one certificate".to_owned())
                .expected("1")
                .found(blocks.to_string()),
        );
    }
    DerCertificate::from_pem(pem)
        .map_err(|error| malformed(format!("the envelope's `cert` holds no certificate: {error}")))
}

fn malformed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Code::LogEntryMalformed,
        format!("the log's answer cannot be read: {error}"),
    )
}
