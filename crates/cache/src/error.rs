//! Why the cache folder cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why something cannot be read from, or written to, the cache folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The operating system has refused.
    #[error("`{}` cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `written`, `made`, `locked`, `removed`.
        doing: &'static str,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// Another user owns it, who could have written anything there.
    #[error("`{}` belongs to another user (id {owner})", path.display())]
    Foreign {
        /// The folder or file.
        path: PathBuf,
        /// The owner's numeric id.
        owner: u32,
    },
    /// Others than the owner may write to it.
    #[error("`{}` may be written to by others than its owner (mode {mode:04o})", path.display())]
    Shared {
        /// The folder or file.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// A symbolic link, or something that is neither file nor folder, stands where the cache would put one of its own.
    #[error("`{}` is not an ordinary {wanted}", path.display())]
    Kind {
        /// What was found there.
        path: PathBuf,
        /// `file` or `folder`.
        wanted: &'static str,
    },
    /// A file has more bytes than its reader takes.
    #[error("`{}` has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The reader's limit in bytes.
        limit: u64,
    },
    /// A name that would leave the folder.
    #[error("`{name}` cannot be a name in the cache folder")]
    Name {
        /// The name.
        name: String,
    },
}

impl CacheError {
    /// What it is about, except for names that are none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::Foreign { path, .. }
            | Self::Shared { path, .. }
            | Self::Kind { path, .. }
            | Self::TooLarge { path, .. } => Some(path),
            Self::Name { .. } => None,
        }
    }

    /// What can be typed against it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Shared { path, .. } => {
                format!(
                    "`chmod go-w '{}'`, or name another folder: `--cache-dir DIR`",
                    path.display()
                )
            }
            Self::Kind { path, .. } | Self::TooLarge { path, .. } => {
                format!("Remove `{}`, or name another folder: `--cache-dir DIR`", path.display())
            }
            _ => "Name a folder of your own: `--cache-dir DIR`, or use none: `--no-cache-dir`".to_owned(),
        }
    }
}
