//! `sigstore-verify`'s errors as refusal codes.

use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use crate::code::Code;
use crate::refusal::Failure;
use crate::subject;

/// Which rule an error of the library belongs to; its text becomes the summary.
pub(super) fn from_sigstore(error: &Error, bundle: &Bundle) -> Failure {
    if let (Error::InvalidBundle(_) | Error::UnsupportedBundle(_), SignatureContent::DsseEnvelope(envelope)) =
        (error, &bundle.content)
        && let Err(failure) = names_a_file(envelope.payload.as_bytes())
    {
        return failure;
    }
    let code = match error {
        Error::IdentityMismatch { .. } => Code::IdentityMismatch,
        Error::IssuerMismatch { .. } => Code::IssuerUnexpected,
        Error::SignatureInvalid(_) | Error::Crypto(_) => Code::SignatureInvalid,
        // For an envelope the subjects' digests were compared before: what differs is the digest in the log entry.
        Error::ArtifactMismatch(_) if matches!(bundle.content, SignatureContent::DsseEnvelope(_)) => {
            Code::LogEntryMismatch
        }
        Error::ArtifactMismatch(_) | Error::UnsupportedArtifact(_) => Code::DigestMismatch,
        Error::Certificate(error) => certificate(error),
        Error::TransparencyLog(error) => transparency_log(error),
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Code::SigningTimeUnproven,
        Error::Timestamp(_) => Code::TimestampInvalid,
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => Code::CertificateUntrusted,
        _ => Code::BundleMalformed,
    };
    Failure::new(code, error.to_string())
}

/// The library has one error for all that does not suit it; of an envelope it reads the statement first. Of evidence the
/// statement was judged before.
fn names_a_file(payload: &[u8]) -> Result<(), Failure> {
    let statement = subject::parse(payload)?;
    if statement.subjects.iter().any(|subject| subject.sha256().is_some()) {
        return Ok(());
    }
    Err(Failure::new(
        Code::DigestMismatch,
        "no subject of the statement has a sha256 digest: it is not about a file",
    ))
}

fn certificate(error: &CertificateError) -> Code {
    match error {
        CertificateError::Malformed(_) => Code::CertificateMalformed,
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => Code::CertificateOutsideValidity,
        // Where a timestamp alone proves the time, the validity is judged with the chain, whose error is but a text; another
        // text costs no more than the truer code.
        CertificateError::ChainInvalid(text) if text.contains("CertExpired") || text.contains("CertNotValidYet") => {
            Code::CertificateOutsideValidity
        }
        CertificateError::Sct(_) => Code::SctInvalid,
        _ => Code::CertificateUntrusted,
    }
}

const fn transparency_log(error: &TransparencyLogError) -> Code {
    match error {
        TransparencyLogError::UnknownLog { .. } => Code::LogUnknown,
        TransparencyLogError::InclusionProof(_) => Code::InclusionProofInvalid,
        TransparencyLogError::Checkpoint(_) => Code::CheckpointInvalid,
        TransparencyLogError::InclusionPromise(_) => Code::SetInvalid,
        TransparencyLogError::EntryMismatch(_) => Code::LogEntryMismatch,
        TransparencyLogError::IntegratedTime(_) => Code::CertificateOutsideValidity,
        _ => Code::LogEntryMalformed,
    }
}
