//! Why there is no trusted root, with stable codes and hints that can be typed.

use std::fmt;
use std::path::PathBuf;

use slsa_pip_cache::CacheError;
use slsa_pip_verify::RootError;

use crate::limits::MAX_ROOT_BYTES;
use crate::origin::Origin;
use crate::problem::Problem;

/// Stable names of the reasons; docs/trusted-root.md lists them. All are environment errors (exit code 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// `tuf-expired`
    Expired,
    /// `tuf-rollback`
    Rollback,
    /// `tuf-root-version`
    RootVersion,
    /// `tuf-signatures`
    Signatures,
    /// `tuf-repeated-key`
    RepeatedKey,
    /// `tuf-mixed-up`
    MixedUp,
    /// `tuf-target-mismatch`
    Target,
    /// `tuf-malformed`
    Malformed,
    /// `tuf-missing-file`
    Missing,
    /// `tuf-no-target`
    NoTarget,
    /// `tuf-too-large`
    TooLarge,
    /// `tuf-too-many-roots`
    TooManyRoots,
    /// `tuf-unreachable`
    Unreachable,
    /// `tuf-start-root`
    StartRoot,
    /// `tuf-cache-refused`
    CacheRefused,
    /// `tuf-cache-rollback`
    CacheRollback,
    /// `cache-unusable`
    CacheUnusable,
    /// `trusted-root-unreadable`
    RootUnreadable,
    /// `trusted-root-unusable`
    RootUnusable,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 19] = [
        Self::Expired,
        Self::Rollback,
        Self::RootVersion,
        Self::Signatures,
        Self::RepeatedKey,
        Self::MixedUp,
        Self::Target,
        Self::Malformed,
        Self::Missing,
        Self::NoTarget,
        Self::TooLarge,
        Self::TooManyRoots,
        Self::Unreachable,
        Self::StartRoot,
        Self::CacheRefused,
        Self::CacheRollback,
        Self::CacheUnusable,
        Self::RootUnreadable,
        Self::RootUnusable,
    ];

    /// The code as it is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "tuf-expired",
            Self::Rollback => "tuf-rollback",
            Self::RootVersion => "tuf-root-version",
            Self::Signatures => "tuf-signatures",
            Self::RepeatedKey => "tuf-repeated-key",
            Self::MixedUp => "tuf-mixed-up",
            Self::Target => "tuf-target-mismatch",
            Self::Malformed => "tuf-malformed",
            Self::Missing => "tuf-missing-file",
            Self::NoTarget => "tuf-no-target",
            Self::TooLarge => "tuf-too-large",
            Self::TooManyRoots => "tuf-too-many-roots",
            Self::Unreachable => "tuf-unreachable",
            Self::StartRoot => "tuf-start-root",
            Self::CacheRefused => "tuf-cache-refused",
            Self::CacheRollback => "tuf-cache-rollback",
            Self::CacheUnusable => "cache-unusable",
            Self::RootUnreadable => "trusted-root-unreadable",
            Self::RootUnusable => "trusted-root-unusable",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no trusted root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the trusted root {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any trusted root.
    #[error("the trusted root {} is larger than {MAX_ROOT_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The document cannot be used.
    #[error("the trusted root ({}) cannot be used", origin.name())]
    Unusable {
        /// Where it comes from.
        origin: Origin,
        /// What is wrong with it.
        #[source]
        source: RootError,
    },
    /// The address of a repository is none.
    #[error("the address of the TUF repository is not a URL")]
    Address {
        /// What is wrong.
        #[source]
        source: url::ParseError,
    },
    /// The root metadata to start from cannot be used.
    #[error("the TUF root to start from cannot be used")]
    StartRoot {
        /// What is wrong.
        #[source]
        problem: Problem,
    },
    /// The repository has answered, and wrongly.
    #[error("the TUF repository {url} is refused")]
    Refused {
        /// Its address.
        url: String,
        /// What is wrong.
        #[source]
        problem: Problem,
    },
    /// The repository does not answer, and there is no copy to use instead (or none was to be used).
    #[error("the TUF repository {url} cannot be reached: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// The network's own words.
        reason: String,
    },
    /// There is no copy, and no request may be made.
    #[error("there is no copy of the trusted root of {url}, and no request may be made")]
    NoCopy {
        /// Its address.
        url: String,
    },
    /// The cached copy does not verify.
    #[error("the cached copy in `{}` is refused", folder.display())]
    CacheRefused {
        /// Its folder.
        folder: PathBuf,
        /// What is wrong.
        #[source]
        problem: Problem,
    },
    /// The cached copy is older than what was kept before.
    #[error("the cached copy in `{}` is rolled back: {what}", folder.display())]
    CacheRollback {
        /// Its folder.
        folder: PathBuf,
        /// What is older.
        what: String,
    },
    /// The cache folder cannot be used.
    #[error("the cache folder cannot be used")]
    Cache(#[from] CacheError),
}

impl LoadError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } => Code::RootUnreadable,
            Self::Unusable { .. } => Code::RootUnusable,
            Self::Address { .. } | Self::Unreachable { .. } | Self::NoCopy { .. } => Code::Unreachable,
            Self::StartRoot { .. } => Code::StartRoot,
            Self::Refused { problem, .. } => problem.code(),
            Self::CacheRefused { .. } => Code::CacheRefused,
            Self::CacheRollback { .. } => Code::CacheRollback,
            Self::Cache(_) => Code::CacheUnusable,
        }
    }

    /// What can be typed against it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } | Self::Unusable { .. } => {
                "Name a Sigstore trusted_root.json: `--trusted-root FILE`, or leave the option out".to_owned()
            }
            Self::Address { .. } | Self::StartRoot { .. } => {
                "Name the repository and a root.json of it: `--tuf-url URL --tuf-root FILE`".to_owned()
            }
            Self::Refused {
                problem: Problem::Expired { .. },
                ..
            } => "Look whether this machine's clock is right (`date -u`), or a mirror stands still: `slsa-pip trust-root update`; \
                  until it is repaired, `--offline` uses the last verified copy, `--trusted-root FILE` one of your own"
                .to_owned(),
            Self::Refused { .. } => {
                "Look whether a proxy or a mirror answers in its place: `slsa-pip trust-root update`; until it is repaired, \
                 `--offline` uses the last verified copy, `--trusted-root FILE` one of your own"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "Check the network and the proxy, then `slsa-pip trust-root update`; `--offline` uses the last verified copy"
                    .to_owned()
            }
            Self::NoCopy { .. } => "Fetch it first: `slsa-pip trust-root update`".to_owned(),
            Self::CacheRefused { folder, .. } | Self::CacheRollback { folder, .. } => format!(
                "Find out who has changed it, then fetch it anew: `slsa-pip trust-root update`, or remove the folder: `rm -r '{}'`",
                folder.display()
            ),
            Self::Cache(error) => error.hint(),
        }
    }
}
