//! Whether what lies outside the cache folder can be relied on: files that others may have written, folders in which others can
//! swap what this user puts there.

use std::path::Path;

use crate::error::CacheError;

/// Refuses a file that belongs to another user, root excepted. Of a symbolic link, both it and what it leads to are looked at.
///
/// *Not checked*: who may write to it. Its owner has allowed that.
///
/// # Errors
/// [`CacheError::Foreign`]; what the operating system says, as when there is no such file.
#[cfg(unix)]
pub fn check_owner(path: &Path) -> Result<(), CacheError> {
    for metadata in [std::fs::symlink_metadata(path), std::fs::metadata(path)] {
        let metadata = metadata.map_err(|source| unreadable(path, source))?;
        unix::owned(path, &metadata)?;
    }
    Ok(())
}

/// Refuses a folder for temporary files in which others could rename what this user puts there, however private that is: if it,
/// or one above it, belongs to another user than root, or others may write to it without its sticky bit.
///
/// # Errors
/// [`CacheError::Foreign`], [`CacheError::Shared`]; what the operating system says.
#[cfg(unix)]
pub fn check_temporary(folder: &Path) -> Result<(), CacheError> {
    let folder = folder.canonicalize().map_err(|source| unreadable(folder, source))?;
    for path in folder.ancestors() {
        let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if !unix::is_unmapped(&metadata) {
            unix::owned(path, &metadata)?;
        }
        unix::not_shared(path, &metadata)?;
    }
    Ok(())
}

/// Elsewhere both lie in the user's profile, whose rights they inherit.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn check_owner(_path: &Path) -> Result<(), CacheError> {
    Ok(())
}

/// Elsewhere both lie in the user's profile, whose rights they inherit.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn check_temporary(_folder: &Path) -> Result<(), CacheError> {
    Ok(())
}

#[cfg(unix)]
fn unreadable(path: &Path, source: std::io::Error) -> CacheError {
    CacheError::Io {
        path: path.to_owned(),
        doing: "read",
        source,
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use crate::error::CacheError;

    /// Nobody but the owner of an entry may rename it, although others may write to the folder.
    const STICKY: u32 = 0o1000;
    const GROUP_WRITES: u32 = 0o020;
    const WORLD_WRITES: u32 = 0o002;
    /// Whom Linux shows for users that do not exist in a user namespace, root outside of it among them.
    const OVERFLOW: u32 = 65534;

    pub(super) fn owned(path: &Path, metadata: &Metadata) -> Result<(), CacheError> {
        let owner = metadata.uid();
        if owner == 0 || owner == rustix::process::geteuid().as_raw() {
            return Ok(());
        }
        Err(CacheError::Foreign {
            path: path.to_owned(),
            owner,
        })
    }

    pub(super) fn is_unmapped(metadata: &Metadata) -> bool {
        metadata.uid() == OVERFLOW
    }

    /// A group with the number of the owner is the owner's alone, by the convention of most systems.
    pub(super) fn not_shared(path: &Path, metadata: &Metadata) -> Result<(), CacheError> {
        let mode = metadata.mode() & 0o7777;
        let by_group = mode & GROUP_WRITES != 0 && metadata.gid() != metadata.uid();
        if mode & STICKY != 0 || !(by_group || mode & WORLD_WRITES != 0) {
            return Ok(());
        }
        Err(CacheError::Shared {
            path: path.to_owned(),
            mode,
        })
    }
}
