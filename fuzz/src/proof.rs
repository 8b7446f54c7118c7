//! The parts of an attestation on which a verdict rests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slsa_pip_provenance::{Attestation, Evidence};

/// Everything that is signed, and everything that proves it. Spelling, unknown fields and unsigned hints are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    payload: Vec<u8>,
    signature: Vec<u8>,
    /// `None` for a classic envelope that leaves it to the log.
    certificate: Option<Vec<u8>>,
    entries: Vec<Entry>,
    timestamps: Vec<Vec<u8>>,
}

/// A log entry with its proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    body: Vec<u8>,
    log: Vec<u8>,
    /// Log index, integrated time, and of the proof: index and size of the tree.
    numbers: [Option<i128>; 4],
    promise: Vec<u8>,
    root: Vec<u8>,
    hashes: Vec<Vec<u8>>,
    checkpoint: String,
}

impl Proof {
    /// Takes an attestation apart, independently of the verifier.
    pub fn of(evidence: &Evidence) -> Self {
        let payload = evidence.attestation.payload().unwrap_or_default().to_vec();
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        match &evidence.attestation {
            Attestation::Classic(envelope) => Self {
                payload,
                signature: envelope.signatures.iter().flat_map(|one| one.sig.clone()).collect(),
                certificate: envelope
                    .signatures
                    .iter()
                    .find_map(|one| one.cert_pem.as_deref().map(pem)),
                entries: evidence
                    .log_answers
                    .iter()
                    .map(|one| Entry::of_answer(&one.entry))
                    .collect(),
                timestamps: Vec::new(),
            },
            Attestation::Bundle(bundle) => {
                let material = &bundle.json["verificationMaterial"];
                let chain = &material["x509CertificateChain"]["certificates"][0];
                let certificate = if chain.is_null() {
                    &material["certificate"]
                } else {
                    chain
                };
                let timestamps = list(material.pointer("/timestampVerificationData/rfc3161Timestamps"));
                Self {
                    payload,
                    signature: decode(&bundle.json["dsseEnvelope"]["signatures"][0]["sig"]),
                    certificate: Some(decode(&certificate["rawBytes"])),
                    entries: list(material.get("tlogEntries")).iter().map(Entry::of_bundle).collect(),
                    timestamps: timestamps.iter().map(|one| decode(&one["signedTimestamp"])).collect(),
                }
            }
            Attestation::Pep740(attestation) => Self {
                payload,
                signature: attestation.signature.clone(),
                certificate: Some(attestation.certificate_der.clone()),
                entries: attestation.transparency_entries.iter().map(Entry::of_bundle).collect(),
                timestamps: Vec::new(),
            },
        }
    }

    /// Whether what `self` rests on is all of what the good `other` rests on.
    ///
    /// A classic envelope may leave its certificate to the log, whose entry holds the same one, and comes with all that the log
    /// answered, of which one entry suffices.
    pub fn is_of(&self, other: &Self) -> bool {
        let classic = self.timestamps.is_empty() && self.certificate.is_none();
        self.payload == other.payload
            && self.signature == other.signature
            && (self.certificate == other.certificate || classic)
            && self.timestamps == other.timestamps
            && other.entries.iter().all(|entry| self.entries.contains(entry))
            && (other.entries.is_empty() == self.entries.is_empty())
    }
}

impl Entry {
    fn of_bundle(entry: &Value) -> Self {
        let proof = &entry["inclusionProof"];
        Self {
            body: decode(&entry["canonicalizedBody"]),
            log: decode(&entry["logId"]["keyId"]),
            numbers: [
                number(&entry["logIndex"]),
                number(&entry["integratedTime"]),
                number(&proof["logIndex"]),
                number(&proof["treeSize"]),
            ],
            promise: decode(&entry["inclusionPromise"]["signedEntryTimestamp"]),
            root: decode(&proof["rootHash"]),
            hashes: proof["hashes"].as_array().into_iter().flatten().map(decode).collect(),
            checkpoint: text(&proof["checkpoint"]["envelope"]),
        }
    }

    fn of_answer(entry: &Value) -> Self {
        let proof = &entry["verification"]["inclusionProof"];
        let hex = |value: &Value| text(value).to_ascii_lowercase().into_bytes();
        Self {
            body: decode(&entry["body"]),
            log: hex(&entry["logID"]),
            numbers: [
                number(&entry["logIndex"]),
                number(&entry["integratedTime"]),
                number(&proof["logIndex"]),
                number(&proof["treeSize"]),
            ],
            promise: decode(&entry["verification"]["signedEntryTimestamp"]),
            root: hex(&proof["rootHash"]),
            hashes: proof["hashes"].as_array().into_iter().flatten().map(hex).collect(),
            checkpoint: text(&proof["checkpoint"]),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Decoded base64, line ends left out; what is none is taken as it is, so that it equals nothing good.
fn decode(value: &Value) -> Vec<u8> {
    let text = text(value).replace('\n', "");
    STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes())
}

/// 64-bit numbers are texts in protobuf's JSON.
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// The DER of a PEM text.
fn pem(text: &str) -> Vec<u8> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap_or_default()
}
