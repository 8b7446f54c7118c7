//! The trusted root: the embedded copies, or a file that the user names.
//!
//! Only reads and prepares; what a root makes acceptable is the business of `slsa-pip-verify`. Refreshing over TUF is not done
//! yet: the embedded copy is as old as the release, and [`Loaded::origin`] says so in the report.

use std::fmt;
use std::path::{Path, PathBuf};

use sigstore_verify::trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT};
use slsa_pip_verify::{RootError, TrustRoots};

/// Largest `trusted_root.json` that is read, in bytes; the public-good one has 6 kB.
pub const MAX_ROOT_BYTES: u64 = 4 << 20;

/// When the embedded copies were taken: the release of the crate that carries them.
pub const EMBEDDED_VERSION: &str = "sigstore-trust-root 0.15.1";

/// Trusted roots, and where they come from.
#[derive(Debug)]
pub struct Loaded {
    /// The prepared roots.
    pub roots: TrustRoots,
    /// Where they come from, for the report.
    pub origin: Origin,
}

/// Where trusted roots come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    Embedded {
        /// The release they were taken from.
        version: &'static str,
    },
    /// A file that the user named.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded { version } => write!(f, "embedded copy ({version})"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why there is no trusted root.
#[derive(Debug, thiserror::Error)]
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
    #[error("the trusted root ({origin}) cannot be used")]
    Unusable {
        /// Where it comes from.
        origin: Origin,
        /// What is wrong with it.
        #[source]
        source: RootError,
    },
}

/// The embedded public-good and GitHub roots.
///
/// # Errors
/// Only if the embedded copies are damaged.
pub fn embedded() -> Result<Loaded, LoadError> {
    let origin = Origin::Embedded {
        version: EMBEDDED_VERSION,
    };
    match TrustRoots::new(SIGSTORE_PRODUCTION_TRUSTED_ROOT, Some(SIGSTORE_GITHUB_TRUSTED_ROOT)) {
        Ok(roots) => Ok(Loaded { roots, origin }),
        Err(source) => Err(LoadError::Unusable { origin, source }),
    }
}

/// A `trusted_root.json` of the user's; it replaces the embedded ones.
///
/// # Errors
/// If the file cannot be read, is too large, or is no usable trusted root.
pub fn from_file(path: &Path) -> Result<Loaded, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(read)?.len();
    if size > MAX_ROOT_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    let json = std::fs::read_to_string(path).map_err(read)?;
    let origin = Origin::File(path.to_owned());
    match TrustRoots::custom(&json) {
        Ok(roots) => Ok(Loaded { roots, origin }),
        Err(source) => Err(LoadError::Unusable { origin, source }),
    }
}
