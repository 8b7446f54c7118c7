//! Exemptions: files that may be installed without provenance, each named by its digest.

use jiff::civil::Date;
use slsa_pip_distribution::{PackageName, Sha256Digest, VersionSpecifiers};

/// One `[exemptions.NAME]` table: someone vouches for these files by digest, gives a reason, and maybe an end date.
///
/// Holding an `Exemption` proves nothing yet: that the digest of the bytes at hand is among [`sha256`](Self::sha256)
/// and that it has not [expired](Self::expires) is checked by the verification core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The project.
    pub package: PackageName,
    /// Versions it is for (PEP 440 specifiers); never empty.
    pub versions: VersionSpecifiers,
    /// Digests of the files it is for; never empty.
    pub sha256: Vec<Sha256Digest>,
    /// Why, as its author wrote it; never blank.
    pub reason: String,
    /// Last day on which it holds (UTC).
    pub expires: Option<Date>,
    /// Where it is written, for reports: `slsa-pip.toml: [exemptions.NAME]`.
    pub written_at: String,
}

impl Exemption {
    /// Whether the exemption no longer holds on `today` (UTC). On the day `expires` names it still holds.
    #[must_use]
    pub fn expired_on(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Whether the exemption names this digest.
    #[must_use]
    pub fn names(&self, digest: &Sha256Digest) -> bool {
        self.sha256.contains(digest)
    }
}
