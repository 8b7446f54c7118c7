//! One attestation, as read: the three families of formats (A1, A2, A3). Everything here is hostile.

use serde_json::Value;
pub use slsa_pip_distribution::Publisher;
use slsa_pip_distribution::Sha256Digest;

use crate::statement::{Statement, Subject};

/// One attestation as read, unverified.
#[derive(Debug, Clone)]
pub enum Attestation {
    /// A1: a classic DSSE envelope; the certificate is optional, and there is no log entry inside.
    Classic(ClassicEnvelope),
    /// A2: a Sigstore bundle v0.1–v0.3, holding a DSSE envelope or a message signature.
    Bundle(Box<SigstoreBundle>),
    /// A3: a PEP 740 attestation object.
    Pep740(Box<Pep740Attestation>),
}

/// A DSSE envelope as slsa-github-generator v1.2–v2.0 wrote it.
#[derive(Debug, Clone)]
pub struct ClassicEnvelope {
    /// The media type that is part of what is signed.
    pub payload_type: String,
    /// The payload, decoded.
    pub payload: Vec<u8>,
    /// One or more signatures; the verification core accepts exactly one.
    pub signatures: Vec<ClassicSignature>,
    /// The envelope's exact text, without white space around it: `intoto` 0.0.1 and `dsse` 0.0.1 log entries hold the
    /// SHA-256 of exactly these bytes.
    pub text: String,
    /// The JSON document as it was read.
    pub raw: Value,
}

/// A signature of a classic envelope.
#[derive(Debug, Clone)]
pub struct ClassicSignature {
    /// The key id; usually empty.
    pub keyid: String,
    /// The signature, decoded.
    pub sig: Vec<u8>,
    /// The signature as written: `intoto` log entries hash and repeat this text.
    pub sig_base64: String,
    /// The signing certificate, PEM, as written; `None` when absent or empty.
    pub cert_pem: Option<String>,
}

/// A Sigstore bundle: the raw JSON document, whose media type is one of the known ones.
#[derive(Debug, Clone)]
pub struct SigstoreBundle {
    /// The media type as written.
    pub media_type: String,
    /// The DSSE payload, decoded; `None` for a message signature.
    pub payload: Option<Vec<u8>>,
    /// The document as it was read. Only the envelope's outline was checked.
    pub json: Value,
}

/// A PEP 740 attestation object, with the publisher object that stood beside it in a provenance object.
#[derive(Debug, Clone)]
pub struct Pep740Attestation {
    /// The object's `version`; always 1.
    pub version: u64,
    /// The signing certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The transparency log entries, in the shape that Sigstore bundles have.
    pub transparency_entries: Vec<Value>,
    /// The statement, decoded.
    pub statement: Vec<u8>,
    /// The signature, decoded.
    pub signature: Vec<u8>,
    /// Who the index says has published. Unsigned: it can find evidence, never satisfy a pin (E7).
    pub publisher: Option<Publisher>,
    /// The attestation object as it was read.
    pub json: Value,
}

impl Attestation {
    /// The decoded statement; `None` for a bundle that signs a plain message.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        match self {
            Self::Classic(envelope) => Some(&envelope.payload),
            Self::Bundle(bundle) => bundle.payload.as_deref(),
            Self::Pep740(attestation) => Some(&attestation.statement),
        }
    }

    /// The format's name for reports.
    #[must_use]
    pub fn format_name(&self) -> &'static str {
        match self {
            Self::Classic(_) => "DSSE envelope",
            Self::Bundle(_) => "Sigstore bundle",
            Self::Pep740(_) => "PEP 740 attestation",
        }
    }

    /// The sha256 digests that the statement *says* it is about. Unverified: good for choosing what to try first, never
    /// for accepting anything. Empty when the statement cannot be read.
    #[must_use]
    pub fn sha256_subjects_hint(&self) -> Vec<Sha256Digest> {
        let Some(statement) = self.payload().and_then(|payload| Statement::parse(payload).ok()) else {
            return Vec::new();
        };
        statement.subjects.iter().filter_map(Subject::sha256).collect()
    }
}
