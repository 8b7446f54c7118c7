//! What can go wrong with an index.

use std::path::PathBuf;
use std::sync::Arc;

use slsa_pip_distribution::{PackageName, Sha256Digest};
use slsa_pip_http::HttpError;

/// Why an index could not be used. URLs in it are redacted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// No index has the project.
    #[error("no index has a project `{name}` (asked: {})", if .asked.is_empty() { "none".to_owned() } else { .asked.join(", ") })]
    NotFound {
        /// The project.
        name: PackageName,
        /// Redacted URLs that were asked, and find-links.
        asked: Vec<String>,
    },
    /// Policy assigns the project to an index that is not configured.
    #[error("policy takes `{name}` from `{index}`, which is not among the configured indexes ({})", .configured.join(", "))]
    NotConfigured {
        /// The project.
        name: PackageName,
        /// The index, redacted.
        index: String,
        /// Those that are configured, redacted.
        configured: Vec<String>,
    },
    /// A wheel that is named by URL or path, and cannot be used.
    #[error("`{link}` cannot be used: {reason}")]
    Direct {
        /// The URL, redacted, or the path.
        link: String,
        /// What does not fit.
        reason: String,
    },
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer is not a simple index page.
    #[error("`{url}` is not a page of a package index: {reason}")]
    NotAnIndex {
        /// The page.
        url: String,
        /// What does not fit.
        reason: String,
    },
    /// The page follows a version of the format that is not known.
    #[error("`{url}` follows version {version} of the index format; only versions 1.x are known")]
    FormatVersion {
        /// The page.
        url: String,
        /// The version as written.
        version: String,
    },
    /// The page lists more files than are read.
    #[error("`{url}` lists more than {limit} files")]
    TooManyFiles {
        /// The page.
        url: String,
        /// Most files.
        limit: usize,
    },
    /// What all pages and METADATA of a run take is more than fits.
    #[error("what the indexes list takes more than {} MiB of memory; the last was `{what}`", .limit >> 20)]
    TooMuch {
        /// The page, or the file whose METADATA it was.
        what: String,
        /// Most bytes.
        limit: usize,
    },
    /// A find-links location of a kind that is not read.
    #[error("`{location}` cannot be used as find-links: it is neither a path nor a file, http or https URL")]
    FindLinks {
        /// Redacted location.
        location: String,
    },
    /// A file has no usable METADATA.
    #[error("`{file}` has no usable METADATA: {reason}")]
    Metadata {
        /// File name.
        file: String,
        /// What does not fit.
        reason: String,
    },
    /// The bytes are not those that the index names, or has sent before.
    #[error(
        "the bytes of `{file}` are not those that the index has named or sent before\n  Expected: sha256:{expected}\n  Computed: sha256:{computed}"
    )]
    DigestMismatch {
        /// File name, with `.metadata` for its separately served METADATA.
        file: String,
        /// The sha256 that the index names, or of what it sent before.
        expected: Sha256Digest,
        /// Computed here.
        computed: Sha256Digest,
    },
    /// The user gave hashes, and the file has none of them.
    #[error("`{file}` has none of the {} allowed hashes\n  Computed: sha256:{computed}", .allowed.len())]
    HashNotAllowed {
        /// File name.
        file: String,
        /// The user's hashes.
        allowed: Vec<Sha256Digest>,
        /// Computed here.
        computed: Sha256Digest,
    },
    /// The file system refused.
    #[error("cannot use `{}`", .path.display())]
    File {
        /// File or directory.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: Arc<std::io::Error>,
    },
}

impl IndexError {
    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => {
                Some("check the spelling and the index: `--index-url URL`, `--find-links DIRECTORY`")
            }
            Self::NotConfigured { .. } => Some(
                "add the index: `--extra-index-url URL`; or change `index` of `[packages.NAME]` in the policy file",
            ),
            Self::Direct { .. } => Some("name a wheel: `name @ https://HOST/FILE.whl#sha256=HEX`, or `./FILE.whl`"),
            Self::Http(error) => error.hint(),
            Self::NotAnIndex { .. } => {
                Some("an index URL usually ends in `/simple/`; a log-in page means that credentials are missing")
            }
            Self::FindLinks { .. } => {
                Some("download the files into a directory and give that: `--find-links DIRECTORY`")
            }
            Self::DigestMismatch { .. } => {
                Some("the file was changed on its way or on the index; do not install it, try another mirror")
            }
            Self::HashNotAllowed { .. } => Some("if the file is the one you mean, add its hash to the requirement"),
            Self::File { .. } => Some("check that the file or directory exists, its permissions and the free space"),
            Self::TooMuch { .. } => Some("install fewer packages in one run, or pin their versions"),
            Self::Metadata { .. } | Self::FormatVersion { .. } | Self::TooManyFiles { .. } => None,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            source: Arc::new(source),
        }
    }
}
