//! The claims of a signing certificate: what Fulcio vouches for.

use std::collections::BTreeMap;

use slsa_pip_distribution::SourceRepository;
use slsa_pip_provenance::split_ref;

use crate::code::Code;
use crate::refusal::Failure;

/// GitHub's OIDC issuer.
pub(crate) const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
/// GitLab's OIDC issuer.
pub(crate) const GITLAB_ISSUER: &str = "https://gitlab.com";
/// Google's OIDC issuer.
pub(crate) const GOOGLE_ISSUER: &str = "https://accounts.google.com";
/// `CircleCI`'s OIDC issuer.
pub(crate) const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";

/// The certificate's identity (SAN).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A workload.
    Uri(String),
    /// A person or a service account.
    Email(String),
}

impl Identity {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Uri(value) | Self::Email(value) => value,
        }
    }
}

/// The identity and the extensions below `1.3.6.1.4.1.57264.1`, by their last number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    identity: Identity,
    values: BTreeMap<u32, String>,
}

/// Names of the extensions for reports, as Fulcio's own documentation has them.
const NAMES: [(u32, &str); 23] = [
    (1, "issuer (old)"),
    (2, "trigger (old)"),
    (3, "commit (old)"),
    (4, "workflow name (old)"),
    (5, "repository (old)"),
    (6, "ref (old)"),
    (8, "issuer"),
    (9, "build signer URI"),
    (10, "build signer digest"),
    (11, "runner environment"),
    (12, "source repository URI"),
    (13, "source repository digest"),
    (14, "source repository ref"),
    (15, "source repository id"),
    (16, "source repository owner URI"),
    (17, "source repository owner id"),
    (18, "build config URI"),
    (19, "build config digest"),
    (20, "build trigger"),
    (21, "run invocation URI"),
    (22, "source repository visibility"),
    (23, "deployment environment"),
    (24, "token subject"),
];

/// The pairs of an old extension and its successor (D1); the repository's, 5 and 12, differ in spelling.
const PAIRS: [(u32, u32); 4] = [(1, 8), (2, 20), (3, 13), (6, 14)];

const GITHUB_URL: &str = "https://github.com/";

impl Claims {
    /// Collects the claims and compares old with new extensions (D1).
    pub(crate) fn new(identity: Identity, values: BTreeMap<u32, String>) -> Result<Self, Failure> {
        let claims = Self { identity, values };
        for (old, new) in PAIRS {
            if let (Some(old_value), Some(new_value)) = (claims.get(old), claims.get(new)) {
                inconsistent(old, old_value, new, new_value, old_value == new_value)?;
            }
        }
        if let (Some(old), Some(new)) = (claims.get(5), claims.get(12)) {
            inconsistent(5, old, 12, new, new.strip_prefix(GITHUB_URL) == Some(old))?;
        }
        if let (Some(signer), Identity::Uri(identity)) = (claims.get(9), &claims.identity)
            && claims.issuer() == Some(GITHUB_ISSUER)
        {
            let same = signer == identity;
            if !same {
                return Err(Failure::new(
                    Code::ClaimsInconsistent,
                    "the certificate's identity and its build signer URI (1.9) differ",
                )
                .expected(identity)
                .found(signer));
            }
        }
        Ok(claims)
    }

    /// The value of extension `1.3.6.1.4.1.57264.1.N`.
    pub(crate) fn get(&self, number: u32) -> Option<&str> {
        self.values.get(&number).map(String::as_str)
    }

    /// The same, or a refusal that names it.
    pub(crate) fn require(&self, number: u32) -> Result<&str, Failure> {
        self.get(number).ok_or_else(|| missing(number))
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.get(8).or_else(|| self.get(1))
    }

    /// The source repository: 1.12, or 1.5 in certificates from before it existed. `None` if absent.
    pub(crate) fn repository(&self) -> Result<Option<SourceRepository>, Failure> {
        let url = match (self.get(12), self.get(5)) {
            (Some(url), _) => url.to_owned(),
            (None, Some(old)) => format!("{GITHUB_URL}{old}"),
            (None, None) => return Ok(None),
        };
        let malformed = || {
            Failure::new(
                Code::ClaimsInconsistent,
                "the source repository claim (1.12) names no repository",
            )
            .found(url.clone())
        };
        if !url.starts_with("https://") {
            return Err(malformed());
        }
        url.parse().map(Some).map_err(|_| malformed())
    }

    /// The ref: 1.14, or 1.6.
    pub(crate) fn reference(&self) -> Option<&str> {
        self.get(14).or_else(|| self.get(6))
    }

    /// The commit: 1.13, or 1.3.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.get(13).or_else(|| self.get(3))
    }

    /// The event: 1.20, or 1.2.
    pub(crate) fn trigger(&self) -> Option<&str> {
        self.get(20).or_else(|| self.get(2))
    }

    /// All claims, by name.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        NAMES
            .iter()
            .filter_map(|(number, name)| Some((*name, self.get(*number)?.to_owned())))
            .collect()
    }
}

/// The refusal for an absent claim.
pub(crate) fn missing(number: u32) -> Failure {
    let name = NAMES
        .iter()
        .find(|(n, _)| *n == number)
        .map_or("unknown", |(_, name)| *name);
    Failure::new(
        Code::ClaimMissing,
        format!("the certificate lacks the claim `{name}` (1.{number})"),
    )
    .expected(format!("claim 1.{number}"))
    .found("no such claim")
}

fn inconsistent(old: u32, old_value: &str, new: u32, new_value: &str, equal: bool) -> Result<(), Failure> {
    if equal {
        return Ok(());
    }
    Err(Failure::new(
        Code::ClaimsInconsistent,
        format!("claims 1.{old} and 1.{new} of the certificate contradict each other"),
    )
    .expected(new_value)
    .found(old_value))
}

/// A GitHub workflow identity, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkflowIdentity {
    /// `https://github.com/OWNER/REPO/PATH`
    pub(crate) name: String,
    /// The ref.
    pub(crate) reference: String,
    /// `OWNER/REPO`
    pub(crate) repository: SourceRepository,
    /// The path within the repository.
    pub(crate) path: String,
}

impl WorkflowIdentity {
    /// Splits `https://github.com/OWNER/REPO/PATH@REF` where the ref begins; neither half may be empty (D2). What is trusted does
    /// not hang on the place: no trusted builder's name or release holds an `@`, and owner and repository come before any.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let (name, reference) = split_ref(uri)?;
        let location = name.strip_prefix(GITHUB_URL)?;
        let mut parts = location.splitn(3, '/');
        let (owner, repository, path) = (parts.next()?, parts.next()?, parts.next()?);
        if reference.is_empty() || path.is_empty() {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            reference: reference.to_owned(),
            repository: SourceRepository::github(owner, repository).ok()?,
            path: path.to_owned(),
        })
    }
}
