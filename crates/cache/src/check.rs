//! Whether nobody else can have written to a folder or a file.

use std::fs::Metadata;
use std::path::Path;

use crate::error::CacheError;

/// Permission bits that let others than the owner write.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

/// Refuses what another user owns or may write to.
#[cfg(unix)]
pub(crate) fn private(path: &Path, metadata: &Metadata) -> Result<(), CacheError> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(CacheError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(CacheError::Shared {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Elsewhere the folder lies in the user's profile, whose rights it inherits.
#[cfg(not(unix))]
pub(crate) fn private(_path: &Path, _metadata: &Metadata) -> Result<(), CacheError> {
    Ok(())
}
