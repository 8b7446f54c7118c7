//! `sigstore-verify`'s errors as refusal codes.

use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use crate::code::Code;
use crate::refusal::Failure;

/// Which rule an error of the library belongs to; its text becomes the summary.
pub(super) fn from_sigstore(error: &Error, bundle: &Bundle) -> Failure {
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

const fn certificate(error: &CertificateError) -> Code {
    match error {
        CertificateError::Malformed(_) => Code::CertificateMalformed,
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => Code::CertificateOutsideValidity,
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
