//! Who stands behind a file: what a pin names, a lock records and an attestation proves, in one vocabulary.

use std::fmt;

use serde::Serialize;
use slsa_pip_distribution::SourceRepository;

/// The kinds of evidence (rule C4), the weaker first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A publish attestation: who uploaded the file, not how it was built.
    Publish,
    /// SLSA provenance: how the file was built.
    Build,
}

/// Whose OIDC issuer vouches for the identity (the publishers of PEP 740).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD on gitlab.com.
    GitLab,
    /// A Google account.
    Google,
    /// `CircleCI`.
    CircleCi,
}

/// The identity behind one attestation, without what changes with each release but the ref.
///
/// A plain record: it proves nothing by itself. Made from an accepted attestation by the verification core, or read from a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// Who vouches for it.
    pub provider: Provider,
    /// Build or publish.
    pub kind: EvidenceKind,
    /// SLSA build level, 0 for publish attestations.
    pub level: u8,
    /// The source repository; `None` for Google and `CircleCI`.
    pub repository: Option<SourceRepository>,
    /// The repository's numeric id, in decimal (claim 1.15).
    pub repository_id: Option<String>,
    /// The owner's numeric id, in decimal (claim 1.17).
    pub owner_id: Option<String>,
    /// The workflow or pipeline file, as a path within the repository and without its ref (claim 1.18).
    pub workflow: Option<String>,
    /// The trusted reusable builder without its ref, `https://github.com/OWNER/REPO/PATH`.
    pub builder: Option<String>,
    /// The builder's ref, such as `refs/tags/v2.1.0`.
    pub builder_ref: Option<String>,
    /// The ref that was built (claim 1.14).
    pub reference: Option<String>,
    /// The event that started the build (claim 1.20).
    pub trigger: Option<String>,
    /// The deployment environment (claim 1.23).
    pub environment: Option<String>,
    /// `github-hosted` or `self-hosted` (claim 1.11).
    pub runner_environment: Option<String>,
    /// What identifies the publisher where there is no repository: the e-mail address of a Google account, the URL of a
    /// `CircleCI` pipeline definition (claim 1.9).
    pub account: Option<String>,
}

impl EvidenceKind {
    /// The name as policies, reports and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Build => "build",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Provider {
    /// The name as policies and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Google => "google",
            Self::CircleCi => "circleci",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
