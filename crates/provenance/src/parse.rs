//! From bytes to attestations.

use crate::attestation::Attestation;
use crate::problem::Problem;

/// What one file, or one answer of a server, held.
#[derive(Debug, Clone, Default)]
pub struct ParsedFile {
    /// The attestations that could be read, in order.
    pub attestations: Vec<Located<Attestation>>,
    /// Everything that could not be read, in order.
    pub problems: Vec<Located<Problem>>,
}

/// Something, and where in the document it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// 1-based line of a JSON Lines file, or 1-based number within a provenance object or wrapper; `None` when the document
    /// is a single attestation.
    pub line: Option<usize>,
    /// What stood there.
    pub item: T,
}

/// Reads any mix of the accepted formats (A1–A6).
#[must_use]
pub fn parse_provenance(_bytes: &[u8]) -> ParsedFile {
    ParsedFile::default()
}
