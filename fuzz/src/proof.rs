//! The parts of an attestation on which a verdict rests.

use base64::Engine as _;
use base64::alphabet::STANDARD as STANDARD_ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
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
    checkpoint: Checkpoint,
}

/// A checkpoint: what is signed, and the signatures. Nothing vouches for the names beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Checkpoint {
    signed: String,
    signatures: Vec<Vec<u8>>,
}

impl Proof {
    /// Takes an attestation apart, independently of the verifier.
    pub fn of(evidence: &Evidence) -> Self {
        let payload = evidence.attestation.payload().unwrap_or_default().to_vec();
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        match &*evidence.attestation {
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

    /// The parts that differ, for messages.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| {
            let (a, b) = (format!("{a:?}"), format!("{b:?}"));
            if a != b {
                found.push(format!("{what}: {a} for {b}"));
            }
        };
        compare("payload", &shown(&self.payload), &shown(&other.payload));
        compare("signature", &shown(&self.signature), &shown(&other.signature));
        compare(
            "certificate",
            &self.certificate.as_deref().map(shown),
            &other.certificate.as_deref().map(shown),
        );
        compare("number of entries", &self.entries.len(), &other.entries.len());
        compare("timestamps", &self.timestamps, &other.timestamps);
        for (a, b) in self.entries.iter().zip(&other.entries) {
            compare("body", &shown(&a.body), &shown(&b.body));
            compare("log", &shown(&a.log), &shown(&b.log));
            compare("numbers", &a.numbers, &b.numbers);
            compare("promise", &shown(&a.promise), &shown(&b.promise));
            compare("root", &shown(&a.root), &shown(&b.root));
            compare("hashes", &a.hashes, &b.hashes);
            compare("checkpoint", &a.checkpoint, &b.checkpoint);
        }
        found
    }

    /// Whether what `self` rests on is what the good `other` rests on.
    ///
    /// Less is enough in three places. A classic envelope may leave its certificate to the log, whose entry holds the same one,
    /// and comes with all that the log answered, of which one entry suffices. Where the log
    /// vouches for the time, timestamps may be absent. A
    /// checkpoint may have more signatures, of which nobody knows the keys.
    pub fn is_of(&self, other: &Self) -> bool {
        self.payload == other.payload
            && self.signature == other.signature
            && (self.certificate.is_none() || self.certificate == other.certificate)
            && self.entries.is_empty() == other.entries.is_empty()
            && other
                .entries
                .iter()
                .all(|good| self.entries.iter().any(|entry| entry.is_of(good)))
            && self
                .timestamps
                .iter()
                .all(|stamp| other.timestamps.iter().any(|good| is_same_stamp(stamp, good)))
            && (!self.timestamps.is_empty() || other.timestamps.is_empty() || other.entries.iter().any(Entry::is_timed))
    }
}

impl Entry {
    /// Whether the log promises its time; Rekor v2 does not.
    fn is_timed(&self) -> bool {
        !self.promise.is_empty()
    }

    fn is_of(&self, good: &Self) -> bool {
        let checkpoint = good.checkpoint.clone();
        let signatures = &self.checkpoint.signatures;
        self.checkpoint.signed == checkpoint.signed
            && checkpoint
                .signatures
                .iter()
                .all(|signature| signatures.contains(signature))
            && Self {
                checkpoint,
                ..self.clone()
            } == *good
    }

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
            checkpoint: Checkpoint::of(&proof["checkpoint"]["envelope"]),
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
            checkpoint: Checkpoint::of(&proof["checkpoint"]),
        }
    }
}

impl Checkpoint {
    fn of(value: &Value) -> Self {
        let text = text(value);
        let (signed, signatures) = text.split_once("\n\n").unwrap_or((&text, ""));
        let signatures = signatures.lines().filter_map(|line| line.rsplit_once(' '));
        Self {
            signed: signed.to_owned(),
            signatures: signatures.map(|(_, signature)| decode(&signature.into())).collect(),
        }
    }
}

/// Whether a timestamp says the same under the same signature. CMS surrounds both with fields that nobody signs, such as the
/// name of the signature's algorithm; that is the key's.
fn is_same_stamp(stamp: &[u8], good: &[u8]) -> bool {
    /// id-ct-TSTInfo, 1.2.840.113549.1.9.16.1.4, as a DER object identifier.
    const TST_INFO: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let Some(at) = good.windows(TST_INFO.len()).position(|window| window == TST_INFO) else {
        return false;
    };
    // Short lengths: [0] and OCTET STRING, a tag and a length each; the signature ends the whole.
    let content = &good[at + TST_INFO.len() + 4..];
    let content = &content[..usize::from(good[at + TST_INFO.len() + 3])];
    holds(stamp, content) && holds(stamp, &good[good.len() - 64..])
}

fn shown(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Decoded base64 of either alphabet, as protobuf's JSON allows, or the hexadecimal digits of a hash, which the library reads too;
/// what is none of them is taken as it is, so that it equals nothing good.
fn decode(value: &Value) -> Vec<u8> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &STANDARD_ALPHABET,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let text = text(value).replace('-', "+").replace('_', "/");
    let text: String = text.split_ascii_whitespace().collect();
    if text.len() == 64
        && let Ok(hash) = text.parse::<Sha256Digest>()
    {
        return hash.as_bytes().to_vec();
    }
    ENGINE.decode(&text).unwrap_or_else(|_| text.into_bytes())
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
    let inner = text.split("-----").nth(2).unwrap_or_default();
    decode(&inner.into())
}
