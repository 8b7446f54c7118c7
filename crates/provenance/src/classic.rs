//! A1: classic DSSE envelopes.

use serde_json::Value;

use crate::attestation::{ClassicEnvelope, ClassicSignature};
use crate::budget::{MAX_CERTIFICATE_BYTES, MAX_SIGNATURES};
use crate::fields::{Field, Object};
use crate::parse::unknown_format;
use crate::problem::Problem;

/// Reads an envelope; `text` is what `value` was read from.
pub(crate) fn read(value: Value, text: &[u8]) -> Result<ClassicEnvelope, Problem> {
    let Value::Object(object) = &value else {
        return Err(unknown_format(&value));
    };
    let payload_type = Field("payloadType", "payloadType").text(object)?.to_owned();
    let payload = Field("payload", "payload").base64(object)?;
    let signatures = signatures(Field("signatures", "signatures").array(object)?)?;
    Ok(ClassicEnvelope {
        payload_type,
        payload,
        signatures,
        // The text was JSON, hence UTF-8.
        text: String::from_utf8_lossy(text.trim_ascii()).into_owned(),
        raw: value,
    })
}

fn signatures(list: &[Value]) -> Result<Vec<ClassicSignature>, Problem> {
    if list.is_empty() {
        return Err(Problem::MissingField { field: "signatures[0]" });
    }
    if list.len() > MAX_SIGNATURES {
        return Err(Problem::TooManySignatures {
            found: list.len(),
            limit: MAX_SIGNATURES,
        });
    }
    list.iter()
        .map(|entry| {
            let wrong = Field("", "signatures[]").wrong("an object");
            signature(entry.as_object().ok_or(wrong)?)
        })
        .collect()
}

fn signature(object: &Object) -> Result<ClassicSignature, Problem> {
    let sig = Field("sig", "signatures[].sig");
    let keyid = Field("keyid", "signatures[].keyid");
    let cert = Field("cert", "signatures[].cert");
    let cert_pem = match cert.get(object) {
        Some(_) => Some(cert.text(object)?).filter(|pem| !pem.is_empty()),
        None => None,
    };
    if let Some(pem) = cert_pem
        && pem.len() > MAX_CERTIFICATE_BYTES
    {
        return Err(Problem::CertificateTooLarge {
            size: pem.len(),
            limit: MAX_CERTIFICATE_BYTES,
        });
    }
    Ok(ClassicSignature {
        keyid: match keyid.get(object) {
            Some(_) => keyid.text(object)?.to_owned(),
            None => String::new(),
        },
        sig: sig.base64(object)?,
        sig_base64: sig.text(object)?.to_owned(),
        cert_pem: cert_pem.map(str::to_owned),
    })
}
