//! A2: Sigstore bundles. Only the outline is read here; the verification core reads the rest again from the JSON.

use serde_json::Value;

use crate::attestation::SigstoreBundle;
use crate::budget::{MAX_CERTIFICATES, MAX_LOG_ENTRIES, MAX_SIGNATURES};
use crate::fields::{Field, Object};
use crate::json::printable;
use crate::parse::unknown_format;
use crate::problem::Problem;

/// The media types that are known: the older spelling of 0.1 to 0.3, and the newer of 0.3.
pub const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

/// Reads a bundle.
pub(crate) fn read(value: Value) -> Result<SigstoreBundle, Problem> {
    let Value::Object(object) = &value else {
        return Err(unknown_format(&value));
    };
    let media_type = Field("mediaType", "mediaType").text(object)?.to_owned();
    if !MEDIA_TYPES.contains(&media_type.as_str()) {
        return Err(Problem::UnknownMediaType(printable(&media_type)));
    }
    check_material(Field("verificationMaterial", "verificationMaterial").object(object)?)?;
    let payload = content(object)?;
    Ok(SigstoreBundle {
        media_type,
        payload,
        json: value,
    })
}

/// The decoded payload of the envelope; `None` if a plain message is signed.
fn content(object: &Object) -> Result<Option<Vec<u8>>, Problem> {
    let envelope = Field("dsseEnvelope", "dsseEnvelope");
    let message = Field("messageSignature", "messageSignature");
    match (envelope.get(object), message.get(object)) {
        (Some(_), Some(_)) => Err(Problem::AmbiguousFormat {
            first: "dsseEnvelope",
            second: "messageSignature",
        }),
        (None, None) => Err(Problem::MissingField { field: "dsseEnvelope" }),
        (None, Some(_)) => message.object(object).map(|_| None),
        (Some(_), None) => payload(envelope.object(object)?).map(Some),
    }
}

fn payload(envelope: &Object) -> Result<Vec<u8>, Problem> {
    let found = Field("signatures", "dsseEnvelope.signatures").array(envelope)?.len();
    if found == 0 {
        return Err(Problem::MissingField {
            field: "dsseEnvelope.signatures[0]",
        });
    }
    if found > MAX_SIGNATURES {
        return Err(Problem::TooManySignatures {
            found,
            limit: MAX_SIGNATURES,
        });
    }
    Field("payloadType", "dsseEnvelope.payloadType").text(envelope)?;
    Field("payload", "dsseEnvelope.payload").base64(envelope)
}

fn check_material(material: &Object) -> Result<(), Problem> {
    let entries = Field("tlogEntries", "verificationMaterial.tlogEntries");
    if entries.get(material).is_some() {
        let found = entries.array(material)?.len();
        if found > MAX_LOG_ENTRIES {
            return Err(Problem::TooManyLogEntries {
                found,
                limit: MAX_LOG_ENTRIES,
            });
        }
    }
    let chain = Field("x509CertificateChain", "verificationMaterial.x509CertificateChain");
    if chain.get(material).is_some() {
        let certificates = Field("certificates", "verificationMaterial.x509CertificateChain.certificates");
        let found = certificates.array(chain.object(material)?)?.len();
        if found > MAX_CERTIFICATES {
            return Err(Problem::TooManyCertificates {
                found,
                limit: MAX_CERTIFICATES,
            });
        }
    }
    Ok(())
}
