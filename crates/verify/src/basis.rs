//! Why a file may pass: what an attestation proves, what an exemption says, or that policy only warns.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
pub use slsa_pip_policy::EvidenceKind;
use slsa_pip_policy::{Identity, Provider};
use slsa_pip_provenance::{Found, split_ref};

use crate::claims::{CIRCLECI_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER};
use crate::refusal::Refusal;

/// Why a file was accepted.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "basis")]
pub enum Basis {
    /// An attestation passed every rule.
    Attested(Box<Attested>),
    /// Policy exempts it; nothing is proven about its origin.
    Exempt(ExemptBasis),
    /// It was refused, and the policy's mode lets it pass all the same; nothing is proven about its origin.
    Tolerated(ToleratedBasis),
}

/// What a file was refused for that `mode = "warn"` lets pass.
#[derive(Debug, Clone, Serialize)]
pub struct ToleratedBasis {
    /// Every refusal; never empty. Not part of this in reports, which list a file's refusals in a place of their own.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
    /// Where the policy says `warn`.
    pub written_at: String,
}

/// What the policy's exemption said.
#[derive(Debug, Clone, Serialize)]
pub struct ExemptBasis {
    /// The reason that the policy gives.
    pub reason: String,
    /// Where the exemption is written.
    pub written_at: String,
    /// The last day on which it holds, if it is limited.
    pub expires: Option<String>,
    /// The digest that was found in the exemption's list.
    pub sha256: Sha256Digest,
}

/// The Sigstore instances (B8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instance {
    /// Sigstore's public-good instance.
    PublicGood,
    /// GitHub's own instance for private repositories: timestamps only, no log.
    Github,
    /// The trusted root that the user named.
    Custom,
}

/// What an accepted attestation proves. Every value is a certificate claim or was compared with one, except where said.
#[derive(Debug, Clone, Serialize)]
pub struct Attested {
    /// Build or publish.
    pub kind: EvidenceKind,
    /// The format's name.
    pub format: &'static str,
    /// Where it was found.
    pub found: Found,
    /// The predicate type, as written.
    pub predicate_type: String,
    /// The source repository (claim 1.12); `None` for identities without one (Google, `CircleCI`).
    pub repository: Option<SourceRepository>,
    /// Whether policy, the user or the lock pinned the repository; `false` means that the certificate merely claims it.
    pub pinned: bool,
    /// Where the pin is written.
    pub pinned_by: Option<String>,
    /// Where the release is recorded whose identity it continues (E8): in a lock, where that may be the pin, or in the index.
    pub continues: Option<String>,
    /// The ref (claim 1.14).
    pub reference: Option<String>,
    /// The commit (claim 1.13).
    pub commit: Option<String>,
    /// The workflow with its ref (claim 1.18).
    pub workflow: Option<String>,
    /// The trusted reusable builder, `name@ref`; `None` when the workflow itself is the builder.
    pub builder: Option<String>,
    /// SLSA build level that the evidence supports: 3 for a trusted builder, 2 for the repository's own workflow (1 if GitHub did
    /// not host its runner), 0 for publish.
    pub build_level: u8,
    /// The event that started the build (claim 1.20).
    pub trigger: Option<String>,
    /// `github-hosted` or `self-hosted` (claim 1.11).
    pub runner_environment: Option<String>,
    /// The repository's numeric id (claim 1.15).
    pub repository_id: Option<String>,
    /// The owner's numeric id (claim 1.17).
    pub owner_id: Option<String>,
    /// The OIDC issuer (claim 1.8 or 1.1).
    pub issuer: String,
    /// The certificate's identity (SAN).
    pub identity: String,
    /// Global index of the log entry; `None` without a log.
    pub log_index: Option<u64>,
    /// The log's id, hexadecimal; `None` without a log.
    pub log_id: Option<String>,
    /// The proven signing time (B4).
    pub signed_at: Timestamp,
    /// All claims of the certificate, by name.
    pub claims: Vec<(&'static str, String)>,
    /// The Sigstore instance.
    pub instance: Instance,
    /// The in-toto statement that was verified, byte for byte as it was signed. Not part of reports: a builder's own words.
    #[serde(skip)]
    pub statement: Vec<u8>,
}

impl Attested {
    /// The identity behind the attestation, as pins and locks know it.
    #[must_use]
    pub fn origin(&self) -> Identity {
        let claim = |wanted: &str| {
            let found = self.claims.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let provider = match self.issuer.as_str() {
            GITLAB_ISSUER => Provider::GitLab,
            GOOGLE_ISSUER => Provider::Google,
            CIRCLECI_ISSUER => Provider::CircleCi,
            _ => Provider::GitHub,
        };
        let builder = self.builder.as_deref().and_then(split_ref);
        Identity {
            provider,
            kind: self.kind,
            level: self.build_level,
            repository: self.repository.clone(),
            repository_id: self.repository_id.clone(),
            owner_id: self.owner_id.clone(),
            workflow: self.workflow_path(),
            builder: builder.map(|(name, _)| name.to_owned()),
            builder_ref: builder.map(|(_, reference)| reference.to_owned()),
            reference: self.reference.clone(),
            trigger: self.trigger.clone(),
            environment: claim("deployment environment"),
            runner_environment: self.runner_environment.clone(),
            account: match provider {
                Provider::Google => Some(self.identity.clone()),
                Provider::CircleCi => claim("build signer URI"),
                Provider::GitHub | Provider::GitLab => None,
            },
        }
    }

    /// The path of the workflow or pipeline file within the source repository.
    fn workflow_path(&self) -> Option<String> {
        let (location, _) = split_ref(self.workflow.as_deref()?)?;
        // GitLab writes `https://gitlab.com/GROUP/PROJECT//FILE`; compared as GitHub and GitLab spell the repository themselves.
        let base = self.repository.as_ref()?.https_url();
        let (head, rest) = location.split_at_checked(base.len())?;
        let path = rest.trim_start_matches('/');
        (head.eq_ignore_ascii_case(&base) && rest.starts_with('/') && !path.is_empty()).then(|| path.to_owned())
    }
}

macro_rules! names {
    ($type:ty { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $type {
            /// The name as reports and JSON write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
names!(Instance { PublicGood => "public-good", Github => "github", Custom => "custom" });
