//! The verdict: a value that only this crate can make (F2).

use serde::Serialize;

use crate::basis::Basis;
use crate::staged::StagedFile;

/// Proof that a file was accepted, and on which basis.
///
/// It has no public field, constructor or `Deserialize`: whoever holds one got it from [`crate::verify_file`],
/// [`crate::exempt()`] or [`crate::tolerate()`], and [`Verified::basis`] tells which.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    file: StagedFile,
    basis: Basis,
}

impl Verified {
    /// The only constructor, for `core.rs`, `exempt.rs` and `tolerate.rs`.
    pub(crate) const fn new(file: StagedFile, basis: Basis) -> Self {
        Self { file, basis }
    }

    /// The accepted file.
    #[must_use]
    pub const fn file(&self) -> &StagedFile {
        &self.file
    }

    /// Why it was accepted.
    #[must_use]
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }
}
