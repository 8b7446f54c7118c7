//! The file that is to be judged.

use std::path::{Path, PathBuf};

use serde::Serialize;
use slsa_pip_distribution::Sha256Digest;

/// A file in the private staging directory, whose digest was computed over its own bytes while they were written.
///
/// The name need not be that of a wheel or sdist: `slsa-pip verify` judges any file. Nothing here reads the file; whoever
/// makes this value vouches that `sha256` is the digest of the bytes at `path`, and whoever uses the file later hashes it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StagedFile {
    path: PathBuf,
    filename: String,
    sha256: Sha256Digest,
    size: u64,
}

impl StagedFile {
    /// Names a file by its path, its plain file name, the digest of its bytes and its size in bytes.
    #[must_use]
    pub const fn new(path: PathBuf, filename: String, sha256: Sha256Digest, size: u64) -> Self {
        Self {
            path,
            filename,
            sha256,
            size,
        }
    }

    /// Only a digest, for files that are not at hand. It has no name, so nothing that binds a name is accepted for it (C3),
    /// and no bytes, so whoever hashes them again fails: a verdict on it can never be handed to pip.
    #[must_use]
    pub fn bare_digest(sha256: Sha256Digest) -> Self {
        Self::new(PathBuf::new(), format!("sha256:{sha256}"), sha256, 0)
    }

    /// Whether there is only a digest.
    #[must_use]
    pub fn is_bare_digest(&self) -> bool {
        self.path.as_os_str().is_empty()
    }

    /// Where it lies; empty for a bare digest.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its plain file name; `sha256:HEX` for a bare digest.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// The digest of its bytes.
    #[must_use]
    pub const fn sha256(&self) -> &Sha256Digest {
        &self.sha256
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}
