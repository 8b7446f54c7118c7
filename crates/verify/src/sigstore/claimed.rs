//! What an attestation's certificate says, for showing it to people. Nothing here is verified.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use slsa_pip_provenance::{Attestation, ClassicEnvelope};

use super::classic::leaf_from_pem;
use super::precheck;
use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::{Failure, printable};

/// A signing certificate as it was read. **Not verified**: anybody can write a certificate with any claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedCertificate {
    /// The identity (SAN), a URI or an e-mail address.
    pub identity: String,
    /// Begin of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
    /// The claims, by name, as [`crate::Attested::claims`] has them.
    pub claims: Vec<(&'static str, String)>,
}

/// Reads the signing certificate that stands in an attestation, with the parser that verification uses.
///
/// **Nothing is verified**: neither the certificate's own signature, nor that it signed the attestation, nor its validity. The
/// result is for showing, and no decision may rest on it.
///
/// # Errors
/// The code and a sentence, if there is no certificate (classic envelopes may leave theirs to the log), or it cannot be read, or
/// its claims contradict each other.
pub fn certificate_claims(attestation: &Attestation) -> Result<ClaimedCertificate, (Code, String)> {
    read(attestation).map_err(|failure| (failure.code, printable(&failure.summary)))
}

fn read(attestation: &Attestation) -> Result<ClaimedCertificate, Failure> {
    let der = match attestation {
        Attestation::Classic(envelope) => of_envelope(envelope)?,
        Attestation::Bundle(bundle) => of_bundle(&bundle.json)?,
        Attestation::Pep740(attestation) => attestation.certificate_der.clone(),
    };
    let certificate = Certificate::parse(&der)?;
    let claims = certificate.claims()?;
    let (not_before, not_after) = certificate.validity();
    Ok(ClaimedCertificate {
        identity: claims.identity().as_str().to_owned(),
        not_before: time(not_before)?,
        not_after: time(not_after)?,
        claims: claims.named(),
    })
}

fn of_envelope(envelope: &ClassicEnvelope) -> Result<Vec<u8>, Failure> {
    precheck::check_signature_count(envelope.signatures.len())?;
    let pem = envelope
        .signatures
        .first()
        .and_then(|signature| signature.cert_pem.as_deref());
    let pem = pem.ok_or_else(|| {
        Failure::new(
            Code::CertificateMissing,
            "the envelope holds no certificate; the transparency log's entry does",
        )
    })?;
    Ok(leaf_from_pem(pem)?.as_bytes().to_vec())
}

fn of_bundle(json: &Value) -> Result<Vec<u8>, Failure> {
    let malformed = |why| Failure::new(Code::BundleMalformed, why);
    let material = |key| {
        json.get("verificationMaterial")?
            .get(key)
            .filter(|value| !value.is_null())
    };
    let raw = match (material("certificate"), material("x509CertificateChain")) {
        (Some(certificate), None) => certificate.get("rawBytes"),
        (None, Some(chain)) => chain.pointer("/certificates/0/rawBytes"),
        (Some(_), Some(_)) => return Err(malformed("the bundle has more than one kind of certificate")),
        (None, None) => None,
    };
    let raw = raw.ok_or_else(|| Failure::new(Code::CertificateMissing, "the bundle has no signing certificate"))?;
    let der = raw.as_str().and_then(|text| STANDARD.decode(text).ok());
    der.ok_or_else(|| malformed("the bundle's certificate is not base64"))
}

fn time(seconds: u64) -> Result<Timestamp, Failure> {
    let seconds = i64::try_from(seconds).ok();
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| Failure::new(Code::CertificateMalformed, "the certificate's validity is no time"))
}
