//! The strict checks of shape that `sigstore-verify` leaves to its callers (A5, A6, B1, B5). They come first, so that no
//! later check can be reached by a document that lacks what it would have checked.

use serde_json::Value;
use sigstore_verify::types::bundle::{CheckpointData, VerificationMaterialContent};
use sigstore_verify::types::{Bundle, KindVersion, LogIndex, TransparencyLogEntry};
use slsa_pip_provenance::json;

use super::IN_TOTO;
use crate::code::Code;
use crate::refusal::Failure;

/// The media types of bundles v0.1 to v0.3. An old one lowers no requirement: proof, checkpoint and SET are needed all the same.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

/// The kinds of log entries in bundles; `intoto` 0.0.1 occurs with classic envelopes only.
const ENTRY_KINDS: [(&str, &str); 5] = [
    ("hashedrekord", "0.0.1"),
    ("hashedrekord", "0.0.2"),
    ("dsse", "0.0.1"),
    ("dsse", "0.0.2"),
    ("intoto", "0.0.2"),
];

/// Certificates in a v0.1 or v0.2 chain; real ones have one to three.
const MAX_CERTIFICATES: usize = 8;
/// RFC 3161 timestamps; real bundles have at most one.
const MAX_TIMESTAMPS: usize = 8;
/// Hashes of an inclusion proof: a tree of 2^64 leaves needs no more.
const MAX_PROOF_HASHES: usize = 64;
/// Signatures on a checkpoint: the log's own and its witnesses'.
const MAX_CHECKPOINT_SIGNATURES: usize = 32;

/// Whether an instance has a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    /// Exactly one entry with all its proofs.
    Required,
    /// No entry; a signed timestamp instead.
    Absent,
}

/// Looks at the raw document, whose ambiguities typed reading would hide.
pub(super) fn raw(json: &Value) -> Result<(), Failure> {
    let media_type = json.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    if !MEDIA_TYPES.contains(&media_type) {
        return Err(
            Failure::new(Code::MediaTypeUnknown, "the bundle's media type is not known")
                .expected("a Sigstore bundle v0.1 to v0.3")
                .found(media_type),
        );
    }
    let material = json.get("verificationMaterial").unwrap_or(&Value::Null);
    match present(material, &["certificate", "x509CertificateChain", "publicKey"]).as_slice() {
        ["certificate" | "x509CertificateChain"] => {}
        [] | ["publicKey"] => {
            return Err(
                Failure::new(Code::CertificateMissing, "the bundle has no signing certificate")
                    .expected("a certificate")
                    .found("a key without an identity, or nothing"),
            );
        }
        _ => return Err(malformed("it has more than one kind of verification material")),
    }
    match present(json, &["dsseEnvelope", "messageSignature"]).as_slice() {
        ["dsseEnvelope"] => envelope(json.get("dsseEnvelope").unwrap_or(&Value::Null))?,
        ["messageSignature"] => {}
        _ => return Err(malformed("it must hold either an envelope or a message signature")),
    }
    let entries = material.get("tlogEntries").and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    if entries.len() > 1 {
        return Err(entry_count("exactly one", entries.len()));
    }
    entries.iter().try_for_each(|entry| {
        entry_kind(entry)?;
        checkpoint_is_readable(entry.get("inclusionProof"), "/checkpoint/envelope")
    })
}

fn present<'k>(object: &Value, keys: &[&'k str]) -> Vec<&'k str> {
    let is_present = |key: &&&str| object.get(**key).is_some_and(|value| !value.is_null());
    keys.iter().filter(is_present).copied().collect()
}

fn envelope(envelope: &Value) -> Result<(), Failure> {
    let payload_type = envelope.get("payloadType").and_then(Value::as_str).unwrap_or_default();
    check_payload_type(payload_type)?;
    let signatures = envelope.get("signatures").and_then(Value::as_array).map_or(0, Vec::len);
    check_signature_count(signatures)
}

/// B1: the payload type.
pub(super) fn check_payload_type(payload_type: &str) -> Result<(), Failure> {
    if payload_type == IN_TOTO {
        return Ok(());
    }
    Err(Failure::new(
        Code::PayloadTypeUnexpected,
        "the envelope's payload is no in-toto statement",
    )
    .expected(IN_TOTO)
    .found(payload_type))
}

/// B1: exactly one signature.
pub(super) fn check_signature_count(count: usize) -> Result<(), Failure> {
    if count == 1 {
        return Ok(());
    }
    Err(
        Failure::new(Code::SignatureCount, "the envelope does not have exactly one signature")
            .expected("1")
            .found(count.to_string()),
    )
}

fn entry_kind(entry: &Value) -> Result<(), Failure> {
    let text = |pointer| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("/kindVersion/kind"), text("/kindVersion/version"));
    if ENTRY_KINDS.contains(&(kind, version)) {
        return Ok(());
    }
    Err(unknown_kind(kind, version))
}

/// A proof has a checkpoint (B5). The library says of a document without one, or with one that it cannot read, only that the whole
/// is malformed.
pub(super) fn checkpoint_is_readable(proof: Option<&Value>, place: &str) -> Result<(), Failure> {
    let Some(proof) = proof.filter(|proof| proof.is_object()) else {
        return Ok(());
    };
    let note = proof.pointer(place).and_then(Value::as_str).unwrap_or_default();
    let readable = CheckpointData::new(note).is_ok_and(|note| note.checkpoint().is_some());
    if readable {
        return Ok(());
    }
    Err(Failure::new(
        Code::CheckpointInvalid,
        "the inclusion proof has no checkpoint, or one that cannot be read",
    ))
}

/// A5: a log entry of a kind that we do not know.
pub(super) fn unknown_kind(kind: &str, version: &str) -> Failure {
    let known: Vec<String> = ENTRY_KINDS.iter().map(|(k, v)| format!("{k} {v}")).collect();
    Failure::new(Code::LogEntryKindUnknown, "the log entry is of an unknown kind")
        .expected(known.join(", "))
        .found(format!("{kind} {version}"))
}

/// Looks at the typed bundle.
pub(super) fn typed(bundle: &Bundle, log: Log) -> Result<(), Failure> {
    limits(bundle)?;
    let material = &bundle.verification_material;
    let timestamps = material.timestamp_verification_data.rfc3161_timestamps.len();
    match (log, material.tlog_entries.as_slice()) {
        (Log::Required, [entry]) => {
            check_entry(entry)?;
            time_is_provable(bundle, entry)
        }
        (Log::Absent, []) if timestamps == 0 => Err(Failure::new(
            Code::SigningTimeUnproven,
            "the bundle has no signed timestamp, and this instance has no log",
        )
        .expected("an RFC 3161 timestamp")
        .found("none")),
        (Log::Absent, []) => Ok(()),
        (Log::Required, other) => Err(entry_count("exactly one", other.len())),
        (Log::Absent, other) => Err(entry_count("none: GitHub's own instance has no log", other.len())),
    }
}

/// A6 for what stands beside the log entry.
pub(super) fn limits(bundle: &Bundle) -> Result<(), Failure> {
    let material = &bundle.verification_material;
    if let VerificationMaterialContent::X509CertificateChain { certificates } = &material.content {
        limit("certificates in the chain", certificates.len(), MAX_CERTIFICATES)?;
    }
    let timestamps = material.timestamp_verification_data.rfc3161_timestamps.len();
    limit("signed timestamps", timestamps, MAX_TIMESTAMPS)
}

/// B4: an entry of Rekor v2 tells no time, so a timestamp must.
pub(super) fn time_is_provable(bundle: &Bundle, entry: &TransparencyLogEntry) -> Result<(), Failure> {
    let timestamps = &bundle.verification_material.timestamp_verification_data;
    if is_rekor_v1(entry) || !timestamps.rfc3161_timestamps.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::SigningTimeUnproven,
        "the log entry is of Rekor v2, which tells no time, and there is no signed timestamp",
    )
    .expected("an RFC 3161 timestamp")
    .found("none"))
}

/// B5 for one entry: inclusion proof with checkpoint, of the same tree, and for Rekor v1 SET and integrated time; the body is of
/// the kind that the entry says. Presence and agreement only; nothing is verified yet.
pub(super) fn check_entry(entry: &TransparencyLogEntry) -> Result<(), Failure> {
    let claimed = entry.kind_version;
    check_entry_of(entry, (claimed.kind(), claimed.version()))
}

/// The same for an entry that stands for one of another kind.
pub(super) fn check_entry_of(entry: &TransparencyLogEntry, kind: (&str, &str)) -> Result<(), Failure> {
    body_is_of_kind(entry, kind)?;
    let Some(proof) = &entry.inclusion_proof else {
        return Err(Failure::new(
            Code::InclusionProofMissing,
            "the log entry has no inclusion proof",
        ));
    };
    limit("hashes in the inclusion proof", proof.hashes.len(), MAX_PROOF_HASHES)?;
    let Some(checkpoint) = proof.checkpoint.checkpoint() else {
        return Err(Failure::new(
            Code::CheckpointInvalid,
            "the inclusion proof has no checkpoint",
        ));
    };
    let signatures = checkpoint.signatures().len();
    limit("signatures on the checkpoint", signatures, MAX_CHECKPOINT_SIGNATURES)?;
    if checkpoint.tree_size() != proof.tree_size {
        return Err(Failure::new(
            Code::CheckpointTreeSize,
            "the checkpoint and the inclusion proof speak of trees of different sizes",
        )
        .expected(checkpoint.tree_size().to_string())
        .found(proof.tree_size.to_string()));
    }
    if proof.log_index.get() >= proof.tree_size {
        return Err(Failure::new(
            Code::InclusionProofInvalid,
            "the inclusion proof's index lies beyond the tree",
        )
        .expected(format!("less than {}", proof.tree_size))
        .found(proof.log_index.get().to_string()));
    }
    if *checkpoint.root_hash() != proof.root_hash {
        return Err(Failure::new(
            Code::CheckpointInvalid,
            "the checkpoint and the inclusion proof have different root hashes",
        )
        .expected(checkpoint.root_hash().to_hex())
        .found(proof.root_hash.to_hex()));
    }
    if is_rekor_v1(entry) {
        time_is_promised(entry)
    } else {
        nothing_is_promised(entry, proof.log_index)
    }
}

/// Rekor v1: the time, and the SET that binds it.
fn time_is_promised(entry: &TransparencyLogEntry) -> Result<(), Failure> {
    if entry.inclusion_promise.is_none() {
        return Err(Failure::new(
            Code::SetMissing,
            "the log entry has no signed entry timestamp",
        ));
    }
    if entry.integrated_time.is_none() {
        return Err(Failure::new(
            Code::SigningTimeUnproven,
            "the log entry has no integrated time",
        ));
    }
    Ok(())
}

/// Rekor v2 has one tree and tells no time: what would be unsigned must not be there.
fn nothing_is_promised(entry: &TransparencyLogEntry, index: LogIndex) -> Result<(), Failure> {
    if entry.integrated_time.is_some() || entry.inclusion_promise.is_some() {
        return Err(Failure::new(
            Code::LogEntryMalformed,
            "the log entry is of Rekor v2 and has an integrated time or a signed entry timestamp, which that does not give",
        ));
    }
    if entry.log_index != index {
        return Err(Failure::new(
            Code::InclusionProofInvalid,
            "the inclusion proof is of another index than the log entry",
        )
        .expected(entry.log_index.get().to_string())
        .found(index.get().to_string()));
    }
    Ok(())
}

/// The log signs the body, whose own kind is what counts; the library reads it as whatever the entry claims. The body of an
/// `intoto` 0.0.1 entry is handled as 0.0.2 up to here.
fn body_is_of_kind(entry: &TransparencyLogEntry, claimed: (&str, &str)) -> Result<(), Failure> {
    let body = json::parse(entry.canonicalized_body.as_bytes()).map_err(|error| {
        Failure::new(
            Code::LogEntryMalformed,
            format!("the log entry's body cannot be read: {error}"),
        )
    })?;
    let text = |key| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    if (kind, version) == claimed || (claimed, (kind, version)) == (("intoto", "0.0.2"), ("intoto", "0.0.1")) {
        return Ok(());
    }
    Err(Failure::new(
        Code::LogEntryMismatch,
        "the log entry's body is of another kind than it says",
    )
    .expected(format!("{} {}", claimed.0, claimed.1))
    .found(format!("{kind} {version}")))
}

/// Whether an entry is of Rekor v1. As the library reads them, all entries of Rekor v2 are `hashedrekord` 0.0.2: those of
/// `dsse` 0.0.2 stand as such.
pub(super) fn is_rekor_v1(entry: &TransparencyLogEntry) -> bool {
    entry.kind_version != KindVersion::HashedRekordV002
}

pub(super) fn entry_count(expected: &str, found: usize) -> Failure {
    Failure::new(Code::LogEntryCount, "the number of log entries is not the expected one")
        .expected(expected)
        .found(found.to_string())
}

fn limit(what: &str, found: usize, most: usize) -> Result<(), Failure> {
    if found <= most {
        return Ok(());
    }
    Err(Failure::new(Code::OverBudget, format!("there are too many {what}"))
        .expected(format!("at most {most}"))
        .found(found.to_string()))
}

fn malformed(why: &str) -> Failure {
    Failure::new(Code::BundleMalformed, format!("the bundle is malformed: {why}"))
}
