//! One signature with its certificate and log entry, written in every form that evidence comes in.

use super::LogKind;
use super::log::Proven;
use crate::encoding::{base64, pem, sha256};
use crate::identity::Identity;
use serde_json::{Value, json};

/// Media type of a v0.3 bundle.
pub const BUNDLE_V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Media type of a v0.2 bundle.
pub const BUNDLE_V02: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";
/// Media type of a v0.1 bundle.
pub const BUNDLE_V01: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// What was signed: a statement in an envelope, or a file's bytes.
#[derive(Clone)]
pub(crate) enum Content {
    Envelope { payload_type: String },
    Artifact,
}

/// A signature, its certificate and its log entry.
pub struct Signed {
    pub(crate) content: Content,
    /// The statement's bytes, or the file's.
    pub payload: Vec<u8>,
    /// DER signature.
    pub signature: Vec<u8>,
    /// Leaf certificate, DER.
    pub certificate: Vec<u8>,
    pub(crate) kind: LogKind,
    /// None on instances without a log.
    pub(crate) entry: Option<Proven>,
    /// RFC 3161 answer, DER.
    pub(crate) timestamp: Option<Vec<u8>>,
    pub(crate) identity: Identity,
}

impl Signed {
    /// Leaf certificate as PEM.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    fn entry(&self) -> &Proven {
        self.entry.as_ref().expect("signed on an instance with a log")
    }

    /// Whether the instance has a log.
    pub fn has_log_entry(&self) -> bool {
        self.entry.is_some()
    }

    /// The log's UUID of the entry: tree id and leaf hash.
    pub fn log_uuid(&self) -> &str {
        &self.entry().uuid
    }

    /// The entry's `logIndex`.
    pub fn log_index(&self) -> usize {
        self.entry().log_index
    }

    /// Seconds since 1970 at which the log (Rekor v1) integrated the entry.
    pub fn integrated_time(&self) -> i64 {
        self.entry()
            .integrated_time
            .expect("signed with a log that tells the time")
    }

    /// `{uuid: entry}` as the log's API answered when the entry was made. Rekor v2 has no such API.
    pub fn log_answer(&self) -> Value {
        self.entry().api_answer()
    }

    /// The classic DSSE envelope on one line, as slsa-github-generator writes it; with the certificate it is exactly the text that the log recorded.
    pub fn classic_envelope(&self, with_certificate: bool) -> String {
        let certificate = self.certificate_pem();
        classic_envelope(
            self.payload_type(),
            &self.payload,
            &self.signature,
            with_certificate.then_some(certificate.as_str()),
        )
    }

    /// A v0.3 bundle with a single certificate.
    pub fn bundle_v03(&self) -> Value {
        self.bundle(
            BUNDLE_V03,
            "certificate",
            &json!({"rawBytes": base64(&self.certificate)}),
        )
    }

    /// A v0.2 bundle with a certificate chain of one.
    pub fn bundle_v02(&self) -> Value {
        self.bundle_with_chain(BUNDLE_V02)
    }

    /// The v0.2 form under the v0.1 media type, which asks for less.
    pub fn bundle_v01(&self) -> Value {
        self.bundle_with_chain(BUNDLE_V01)
    }

    fn bundle_with_chain(&self, media_type: &str) -> Value {
        let chain = json!({"certificates": [{"rawBytes": base64(&self.certificate)}]});
        self.bundle(media_type, "x509CertificateChain", &chain)
    }

    fn bundle(&self, media_type: &str, material: &str, certificate: &Value) -> Value {
        let (key, content) = match &self.content {
            Content::Envelope { payload_type } => ("dsseEnvelope", self.envelope(payload_type)),
            Content::Artifact => ("messageSignature", self.message_signature()),
        };
        let timestamps: Vec<_> = self
            .timestamp
            .iter()
            .map(|answer| json!({"signedTimestamp": base64(answer)}))
            .collect();
        json!({
            "mediaType": media_type,
            "verificationMaterial": {
                material: certificate,
                "tlogEntries": self.log_entries(),
                "timestampVerificationData": {"rfc3161Timestamps": timestamps},
            },
            key: content,
        })
    }

    fn log_entries(&self) -> Vec<Value> {
        self.entry
            .iter()
            .map(|entry| entry.bundle_entry(self.kind.kind(), self.kind.version()))
            .collect()
    }

    fn envelope(&self, payload_type: &str) -> Value {
        json!({
            "payload": base64(&self.payload),
            "payloadType": payload_type,
            "signatures": [{"sig": base64(&self.signature)}],
        })
    }

    fn message_signature(&self) -> Value {
        json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": base64(&sha256(&self.payload))},
            "signature": base64(&self.signature),
        })
    }

    /// A PEP 740 attestation object.
    pub fn pep740_attestation(&self) -> Value {
        json!({
            "version": 1,
            "envelope": {"statement": base64(&self.payload), "signature": base64(&self.signature)},
            "verification_material": {
                "certificate": base64(&self.certificate),
                "transparency_entries": self.log_entries(),
            },
        })
    }

    /// The unsigned publisher object that an index puts beside the attestations.
    pub fn pep740_publisher(&self) -> Value {
        let workflow = self.identity.workflow.rsplit('/').next().unwrap_or_default();
        json!({
            "kind": "GitHub",
            "claims": null,
            "repository": self.identity.repository,
            "workflow": workflow,
            "environment": self.identity.environment.as_deref().unwrap_or_default(),
        })
    }

    /// A PEP 740 provenance object holding this one attestation.
    pub fn pep740_provenance(&self) -> Value {
        provenance_object(&[self])
    }

    fn payload_type(&self) -> &str {
        match &self.content {
            Content::Envelope { payload_type } => payload_type,
            Content::Artifact => "",
        }
    }
}

/// A PEP 740 provenance object: one attestation bundle for each signature.
pub fn provenance_object(signed: &[&Signed]) -> Value {
    let bundles: Vec<_> = signed
        .iter()
        .map(|signed| json!({"publisher": signed.pep740_publisher(), "attestations": [signed.pep740_attestation()]}))
        .collect();
    json!({"version": 1, "attestation_bundles": bundles})
}

/// An envelope's text in the generator's order of keys.
pub(crate) fn classic_envelope(
    payload_type: &str,
    payload: &[u8],
    signature: &[u8],
    certificate: Option<&str>,
) -> String {
    let certificate = certificate
        .map(|pem| format!(",\"cert\":{}", Value::from(pem)))
        .unwrap_or_default();
    format!(
        "{{\"payloadType\":{},\"payload\":\"{}\",\"signatures\":[{{\"keyid\":\"\",\"sig\":\"{}\"{certificate}}}]}}",
        Value::from(payload_type),
        base64(payload),
        base64(signature),
    )
}
