//! What can be wrong with TUF metadata, wherever it was read.

use jiff::Timestamp;
use slsa_pip_verify::RootError;

use crate::error::Code;

/// Why metadata, or the target that it vouches for, is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Its validity has ended.
    #[error("{role} metadata has expired on {expires}")]
    Expired {
        /// `root`, `timestamp`, `snapshot` or `targets`.
        role: String,
        /// When.
        expires: Timestamp,
    },
    /// A version is lower than one that was accepted before.
    #[error("{role} metadata is rolled back: version {offered} after version {trusted}")]
    RolledBack {
        /// Which role's version.
        role: String,
        /// The version that was accepted before.
        trusted: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// The next root is not the next version.
    #[error("root metadata has version {offered}, where version {} must follow", trusted.saturating_add(1))]
    RootVersion {
        /// The version that is trusted.
        trusted: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// Too few valid signatures of distinct keys.
    #[error("{role} metadata has {found} of the {threshold} signatures it needs")]
    Signatures {
        /// The role whose keys should have signed.
        role: String,
        /// Valid signatures of distinct keys.
        found: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// One key would count more than once.
    #[error("{role} metadata counts the key {key} more than once")]
    RepeatedKey {
        /// The role.
        role: String,
        /// The key's id.
        key: String,
    },
    /// Files that do not belong together: a length, hash or version differs from what the signed metadata above it says.
    #[error("the metadata does not belong together: {what}")]
    MixedUp {
        /// What differs.
        what: String,
    },
    /// The trusted root differs from what the targets metadata says.
    #[error("the trusted root is not the one that the targets metadata names: {what}")]
    Target {
        /// What differs.
        what: String,
    },
    /// Not TUF metadata of the role and version of the standard that is expected.
    #[error("{what} metadata cannot be read: {why}")]
    Malformed {
        /// Which file.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A file that must be there is not.
    #[error("the repository has no `{file}` (status {status})")]
    Missing {
        /// Its name in the repository.
        file: String,
        /// What the server said.
        status: u16,
    },
    /// The targets metadata names no trusted root.
    #[error("the targets metadata names no trusted root")]
    NoTarget,
    /// A file is larger than it may be.
    #[error("`{file}` has more than {limit} bytes")]
    TooLarge {
        /// Its name.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// More root versions than any repository has made.
    #[error("there are more than {limit} root versions after the start root")]
    TooManyRoots {
        /// The limit.
        limit: usize,
    },
    /// The trusted root is genuine, but cannot be used.
    #[error("the trusted root cannot be used")]
    Unusable(#[source] Box<RootError>),
}

impl Problem {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Expired { .. } => Code::Expired,
            Self::RolledBack { .. } => Code::Rollback,
            Self::RootVersion { .. } => Code::RootVersion,
            Self::Signatures { .. } => Code::Signatures,
            Self::RepeatedKey { .. } => Code::RepeatedKey,
            Self::MixedUp { .. } => Code::MixedUp,
            Self::Target { .. } => Code::Target,
            Self::Malformed { .. } => Code::Malformed,
            Self::Missing { .. } => Code::Missing,
            Self::NoTarget => Code::NoTarget,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::TooManyRoots { .. } => Code::TooManyRoots,
            Self::Unusable(_) => Code::RootUnusable,
        }
    }

    /// What the state machine has said about a role's file.
    pub(crate) fn of(role: &str, error: sigstore_tuf::Error) -> Self {
        use sigstore_tuf::Error;
        match error {
            Error::Expired { role, expires } => Self::Expired { role, expires },
            Error::Rollback { role, trusted, new } => Self::RolledBack {
                role,
                trusted,
                offered: new,
            },
            Error::BadRootVersion { trusted, new } => Self::RootVersion { trusted, offered: new },
            Error::ThresholdNotMet { role, found, threshold } => Self::Signatures { role, found, threshold },
            Error::DuplicateSignature { role, key_id } => Self::RepeatedKey { role, key: key_id },
            Error::IntegrityMismatch(what) => Self::MixedUp { what },
            Error::Malformed(why) => Self::Malformed {
                what: role.to_owned(),
                why,
            },
            other => Self::Malformed {
                what: role.to_owned(),
                why: match std::error::Error::source(&other) {
                    Some(source) => format!("{other}: {source}"),
                    None => other.to_string(),
                },
            },
        }
    }
}
