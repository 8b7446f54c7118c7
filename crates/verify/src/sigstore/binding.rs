//! Checks on the log entry that `sigstore-verify` leaves open (B1, B4, B5, B6).

use jiff::Timestamp;
use sigstore_verify::VerificationResult;
use sigstore_verify::crypto::{CheckpointSignature, KeyAlgorithm, VerificationKey};
use sigstore_verify::rekor::body::RekorEntryBody;
use sigstore_verify::types::{KindVersion, Sha256Hash, TransparencyLogEntry};

use super::precheck;
use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::Failure;
use crate::roots::PreparedRoot;

/// The key of the log that the entry names.
pub(super) fn log_key<'r>(
    entry: &TransparencyLogEntry,
    root: &'r PreparedRoot,
) -> Result<&'r VerificationKey, Failure> {
    let id = entry.log_id.key_id.as_bytes();
    Sha256Hash::try_from(id)
        .ok()
        .and_then(|id| root.rekor_keys.key(&id))
        .ok_or_else(|| {
            Failure::new(
                Code::LogUnknown,
                "the transparency log is not one of the trusted root's",
            )
            .found(hex(id))
        })
}

/// The log is in the trusted root.
pub(super) fn log_is_known(entry: &TransparencyLogEntry, root: &PreparedRoot) -> Result<(), Failure> {
    log_key(entry, root).map(|_| ())
}

/// A claimed integrated time must fit the certificate and not lie in the future. It is not proven yet; this only refuses, and
/// gives the better message.
pub(super) fn time_is_plausible(
    entry: &TransparencyLogEntry,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(time) = entry.integrated_time else {
        return Ok(());
    };
    if time > now {
        return Err(in_future(time, now));
    }
    let (not_before, not_after) = certificate.validity();
    let inside = u64::try_from(time.as_second()).is_ok_and(|second| (not_before..=not_after).contains(&second));
    if inside {
        return Ok(());
    }
    let shown = |second: u64| {
        i64::try_from(second)
            .ok()
            .and_then(|second| Timestamp::from_second(second).ok())
            .map_or_else(|| second.to_string(), |time| time.to_string())
    };
    Err(Failure::new(
        Code::CertificateOutsideValidity,
        "the certificate was not valid when the entry was logged",
    )
    .expected(format!("{} to {}", shown(not_before), shown(not_after)))
    .found(time.to_string()))
}

/// The refusal of a time after `now`.
pub(super) fn in_future(time: Timestamp, now: Timestamp) -> Failure {
    Failure::new(Code::SigningTimeInFuture, "the signing time lies in the future")
        .expected(format!("not after {now}"))
        .found(time.to_string())
        .hint("check this machine's clock")
}

/// The checkpoint is signed by the very log that the entry names; the library accepts any log of the trusted root.
pub(super) fn checkpoint_is_of_this_log(entry: &TransparencyLogEntry, root: &PreparedRoot) -> Result<(), Failure> {
    let key = log_key(entry, root)?;
    let checkpoint = entry
        .inclusion_proof
        .as_ref()
        .and_then(|proof| proof.checkpoint.checkpoint())
        .ok_or_else(|| Failure::new(Code::CheckpointInvalid, "there is no checkpoint"))?;
    let id = entry.log_id.key_id.as_bytes();
    // A note of Rekor v2 names the log in its signature too (C2SP `tlog-checkpoint`); v1 has the tree's id in the origin only.
    let names_log = |signature: &CheckpointSignature| {
        precheck::is_rekor_v1(entry)
            || (signature.name == checkpoint.origin() && id.starts_with(signature.key_id.as_bytes()))
    };
    let signed = checkpoint
        .signatures()
        .iter()
        .any(|signature| names_log(signature) && key.verify(checkpoint.signed_data(), &signature.signature).is_ok());
    if signed {
        return Ok(());
    }
    Err(Failure::new(
        Code::CheckpointInvalid,
        "the checkpoint is not signed by the log that the entry names",
    )
    .expected(hex(entry.log_id.key_id.as_bytes()))
    .found(checkpoint.origin()))
}

/// The log's key was valid at the proven signing time. For Rekor v1 the library has checked it with the SET.
pub(super) fn log_key_was_valid(
    entry: &TransparencyLogEntry,
    root: &PreparedRoot,
    signed_at: Timestamp,
) -> Result<(), Failure> {
    let id = Sha256Hash::try_from(entry.log_id.key_id.as_bytes()).ok();
    if precheck::is_rekor_v1(entry) || id.is_some_and(|id| root.rekor_keys.key_at(&id, signed_at).is_some()) {
        return Ok(());
    }
    Err(Failure::new(
        Code::CheckpointInvalid,
        "the log's key was not valid at the signing time",
    )
    .found(signed_at.to_string()))
}

/// B6: `intoto` 0.0.2 entries hold the certificate, of which the library compares the key only; the other kinds it compares
/// whole.
pub(super) fn certificate_is_logged(entry: &TransparencyLogEntry, der: &[u8]) -> Result<(), Failure> {
    if entry.kind_version != KindVersion::IntotoV002 {
        return Ok(());
    }
    let body = RekorEntryBody::parse(&entry.canonicalized_body, entry.kind_version)
        .map_err(|error| Failure::new(Code::LogEntryMalformed, error.to_string()))?;
    let RekorEntryBody::IntotoV002(body) = body else {
        return Err(Failure::new(
            Code::LogEntryMalformed,
            "the log entry is not of its kind",
        ));
    };
    let logged = match body.spec.content.envelope.signatures.as_slice() {
        [signature] => signature.parse_certificate().ok(),
        _ => None,
    };
    if logged.is_some_and(|logged| logged.as_bytes() == der) {
        return Ok(());
    }
    Err(Failure::new(
        Code::LogEntryMismatch,
        "the log entry holds another certificate",
    ))
}

/// B1: ECDSA P-256 with SHA-256. The trusted roots list no other algorithm.
pub(super) fn algorithm_is_expected(result: &VerificationResult) -> Result<(), Failure> {
    let algorithm = result.certificate().map(|certificate| certificate.key_algorithm);
    check_algorithm(algorithm)
}

/// The same for a known key.
pub(super) fn check_algorithm(algorithm: Option<KeyAlgorithm>) -> Result<(), Failure> {
    if algorithm == Some(KeyAlgorithm::EcdsaP256) {
        return Ok(());
    }
    Err(
        Failure::new(Code::SignatureAlgorithm, "the signing key is of an unexpected kind")
            .expected("ECDSA P-256")
            .found(format!("{algorithm:?}")),
    )
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
