//! Core metadata (`METADATA`, PEP 566 and later), as far as resolution and the search for evidence need it.

use pep440_rs::{Version, VersionSpecifiers};

use crate::name::PackageName;
use crate::requirement::{ExtraName, Requirement};

/// Largest METADATA that is read, in bytes; real ones stay below 1 MB.
pub const MAX_METADATA_LEN: usize = 8 * 1024 * 1024;

/// The fields of a distribution's metadata that decide something.
#[derive(Debug, Clone)]
pub struct CoreMetadata {
    /// `Name`.
    pub name: PackageName,
    /// `Version`.
    pub version: Version,
    /// `Requires-Dist`, in order.
    pub requires_dist: Vec<Requirement>,
    /// `Requires-Python`.
    pub requires_python: Option<VersionSpecifiers>,
    /// `Provides-Extra`, as far as they are valid names.
    pub provides_extra: Vec<ExtraName>,
    /// `Project-URL` as (label, url), then `Home-page` under its own name.
    pub project_urls: Vec<(String, String)>,
}

/// Why metadata could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unusable METADATA: {0}")]
pub struct InvalidMetadata(pub String);

impl CoreMetadata {
    /// Reads a METADATA file.
    ///
    /// # Errors
    /// If a field that decides something is missing or unusable.
    pub fn parse(_bytes: &[u8]) -> Result<Self, InvalidMetadata> {
        Err(InvalidMetadata("not read yet".to_owned()))
    }
}
