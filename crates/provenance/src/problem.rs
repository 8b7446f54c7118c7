//! Why a document, or one line of it, is no evidence.

use crate::budget::{MAX_ATTESTATIONS, MAX_DOCUMENT_BYTES, MAX_LINES};
use crate::json::JsonError;

/// Why something that was read is no evidence. Each has a stable code; none of them is ever a pass. Texts that come from
/// the document are escaped and cut to a printable length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no document at all: no byte, or only blank lines, or an empty list of attestations.
    #[error("there is nothing in it")]
    Empty,
    /// Larger than [`MAX_DOCUMENT_BYTES`].
    #[error("it has {size} bytes; at most {MAX_DOCUMENT_BYTES} are read")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
    },
    /// It begins with a byte order mark, which JSON does not allow (RFC 8259, 8.1).
    #[error("it begins with a byte order mark, which JSON does not allow")]
    ByteOrderMark,
    /// Not acceptable JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// More lines than [`MAX_LINES`]; none of them is used.
    #[error("it has more than {MAX_LINES} lines")]
    TooManyLines,
    /// More attestations than [`MAX_ATTESTATIONS`]; none of them is used.
    #[error("it has more than {MAX_ATTESTATIONS} attestations")]
    TooManyAttestations,
    /// JSON, but none of the known formats.
    #[error("it is none of the known attestation formats ({outline})")]
    UnknownFormat {
        /// The kind of value, or the keys of the object.
        outline: String,
    },
    /// It has the marks of two formats at once.
    #[error("it has both `{first}` and `{second}`, which belong to different formats")]
    AmbiguousFormat {
        /// A key of one format.
        first: &'static str,
        /// A key of the other.
        second: &'static str,
    },
    /// A Sigstore bundle of an unknown media type (A5).
    #[error("the bundle's media type `{0}` is not known")]
    UnknownMediaType(String),
    /// A PEP 740 object of an unknown version.
    #[error("version {found} of the {what} is not known, only 1 is")]
    UnknownVersion {
        /// `attestation object` or `provenance object`.
        what: &'static str,
        /// The version as written.
        found: String,
    },
    /// A field that the format needs is absent, null or empty.
    #[error("`{field}` is missing")]
    MissingField {
        /// Path of the field.
        field: &'static str,
    },
    /// A field is of another type than the format needs.
    #[error("`{field}` is not {expected}")]
    WrongType {
        /// Path of the field.
        field: &'static str,
        /// What it should be, with article.
        expected: &'static str,
    },
    /// A field is not base64: the standard alphabet of RFC 4648 section 4, padded, unused bits zero,
    /// without line breaks (in PEP 740 objects line feeds are allowed).
    #[error("`{field}` is not standard base64 with padding")]
    BadBase64 {
        /// Path of the field.
        field: &'static str,
    },
    /// An envelope has more signatures than are read.
    #[error("it has {found} signatures; at most {limit} are read")]
    TooManySignatures {
        /// How many there are.
        found: usize,
        /// How many are read.
        limit: usize,
    },
    /// There are more transparency log entries than are read.
    #[error("it has {found} transparency log entries; at most {limit} are read")]
    TooManyLogEntries {
        /// How many there are.
        found: usize,
        /// How many are read.
        limit: usize,
    },
    /// There are more certificates than are read.
    #[error("it has {found} certificates; at most {limit} are read")]
    TooManyCertificates {
        /// How many there are.
        found: usize,
        /// How many are read.
        limit: usize,
    },
    /// A certificate is longer than is read.
    #[error("its certificate has {size} bytes; at most {limit} are read")]
    CertificateTooLarge {
        /// Its size, in bytes.
        size: usize,
        /// How many are read.
        limit: usize,
    },
}

impl Problem {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-provenance",
            Self::TooLarge { .. } => "provenance-too-large",
            Self::ByteOrderMark => "byte-order-mark",
            Self::Json(error) => error.code(),
            Self::TooManyLines => "too-many-lines",
            Self::TooManyAttestations => "too-many-attestations",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::AmbiguousFormat { .. } => "ambiguous-format",
            Self::UnknownMediaType(_) => "unknown-media-type",
            Self::UnknownVersion { .. } => "unknown-version",
            Self::MissingField { .. } => "missing-field",
            Self::WrongType { .. } => "wrong-type",
            Self::BadBase64 { .. } => "bad-base64",
            Self::TooManySignatures { .. } => "too-many-signatures",
            Self::TooManyLogEntries { .. } => "too-many-log-entries",
            Self::TooManyCertificates { .. } => "too-many-certificates",
            Self::CertificateTooLarge { .. } => "certificate-too-large",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable() {
        let field = "payload";
        let (found, limit) = (2, 1);
        let problems = [
            Problem::Empty,
            Problem::TooLarge { size: 1 },
            Problem::ByteOrderMark,
            Problem::Json(JsonError::Syntax {
                why: String::new(),
                line: 1,
                column: 1,
            }),
            Problem::Json(JsonError::TrailingData { line: 1, column: 1 }),
            Problem::Json(JsonError::DuplicateKey { key: String::new() }),
            Problem::Json(JsonError::TooDeep),
            Problem::Json(JsonError::TooManyValues),
            Problem::TooManyLines,
            Problem::TooManyAttestations,
            Problem::UnknownFormat { outline: String::new() },
            Problem::AmbiguousFormat {
                first: field,
                second: field,
            },
            Problem::UnknownMediaType(String::new()),
            Problem::UnknownVersion {
                what: "attestation object",
                found: String::new(),
            },
            Problem::MissingField { field },
            Problem::WrongType {
                field,
                expected: "a text",
            },
            Problem::BadBase64 { field },
            Problem::TooManySignatures { found, limit },
            Problem::TooManyLogEntries { found, limit },
            Problem::TooManyCertificates { found, limit },
            Problem::CertificateTooLarge { size: 2, limit },
        ];
        let codes = problems.each_ref().map(Problem::code);
        assert_eq!(
            codes,
            [
                "empty-provenance",
                "provenance-too-large",
                "byte-order-mark",
                "not-json",
                "trailing-data",
                "duplicate-key",
                "json-too-deep",
                "json-too-many-values",
                "too-many-lines",
                "too-many-attestations",
                "unknown-format",
                "ambiguous-format",
                "unknown-media-type",
                "unknown-version",
                "missing-field",
                "wrong-type",
                "bad-base64",
                "too-many-signatures",
                "too-many-log-entries",
                "too-many-certificates",
                "certificate-too-large",
            ]
        );
    }
}
