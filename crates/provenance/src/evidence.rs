//! Evidence: an attestation together with where it was found.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attestation::Attestation;

/// One answer of a transparency log (Rekor v1) for a classic envelope: raw and hostile, nothing about it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RekorAnswer {
    /// The entry's id as the log names it: 64 hexadecimal digits, or 80 with the shard in front.
    pub uuid: String,
    /// The entry object: `body`, `integratedTime`, `logID`, `logIndex`, `verification`.
    pub entry: Value,
}

/// One unverified attestation, and where it was found.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The attestation as read. Shared, since it may be large.
    pub attestation: Arc<Attestation>,
    /// Where it was found.
    pub found: Found,
    /// What the transparency log answered for a classic envelope; empty for every other format.
    pub log_answers: Vec<RekorAnswer>,
}

/// Where a piece of evidence was found; for reports only, it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The kind of place.
    pub kind: SourceKind,
    /// A path, or a URL without credentials and secrets.
    pub location: String,
    /// 1-based line of a JSON Lines file, or 1-based number within a provenance object or wrapper.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<usize>,
}

/// The kinds of places where evidence is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A directory of provenance files that the user named.
    Directory,
    /// A file or URL that the user named.
    File,
    /// The index: the file's `provenance` URL or the Integrity API.
    IndexIntegrity,
    /// An asset of a GitHub release.
    GithubRelease,
    /// GitHub's attestations API.
    GithubAttestation,
}

impl SourceKind {
    /// The name as reports and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File => "file",
            Self::IndexIntegrity => "index-integrity",
            Self::GithubRelease => "github-release",
            Self::GithubAttestation => "github-attestation",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.location),
            None => f.write_str(&self.location),
        }
    }
}
