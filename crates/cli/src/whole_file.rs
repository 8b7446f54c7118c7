//! Writing a file as a whole or not at all: a reader sees the old one or the new one, and a killed run leaves the old one.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// How an unfinished file is called, for as long as it is unfinished.
const PREFIX: &str = ".slsa-pip-";
const SUFFIX: &str = ".partial";

/// Replaces a file, or makes it, with the rights of the one that was there, else those of an ordinary file. A symbolic link is
/// followed, and stays a link.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut partial = begin(folder_of(&real))?;
    partial.write_all(bytes)?;
    finish(partial, &real)
}

/// The same, but a symbolic link is replaced and never followed: for names that whoever made a folder could have taken before.
pub(crate) fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = begin(folder_of(path))?;
    partial.write_all(bytes)?;
    finish(partial, path)
}

/// The folder that a path lies in, as a path that can be opened.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// An unfinished file in the folder that the finished one will lie in; dropping it removes it.
pub(crate) fn begin(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(folder)
}

/// Gives a complete file its name.
pub(crate) fn finish(partial: NamedTempFile, path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(before) if before.is_file() => partial.as_file().set_permissions(before.permissions())?,
        _ => ordinary(partial.as_file())?,
    }
    partial.as_file().sync_all()?;
    partial.persist(path).map(drop).map_err(|error| error.error)
}

/// The rights of an ordinary file: a temporary one has those of a secret.
#[cfg(unix)]
fn ordinary(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn ordinary(_: &File) -> io::Result<()> {
    Ok(())
}
