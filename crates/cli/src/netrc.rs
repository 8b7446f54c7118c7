//! The netrc file: whose it is, and who may read it.

use std::fs::Metadata;
use std::path::Path;

use slsa_pip_http::Netrc;

use crate::collect::describe_error;
use crate::directory::read_bounded;

/// Reads a netrc file, with a note if others may read it.
///
/// pip's own reading looks at neither owner nor mode. A file of another user is not used all the same: whoever put it there
/// would choose by which account packages are asked for. That others may read it harms its owner alone, who is told.
///
/// # Errors
/// Why it is not used.
pub(crate) fn read(path: &Path) -> Result<(Netrc, Option<String>), String> {
    slsa_pip_cache::check_owner(path).map_err(|error| describe_error(&error))?;
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let bytes = read_bounded(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let netrc = Netrc::parse(&text).map_err(|error| error.to_string())?;
    Ok((netrc, note_on_rights(path, &metadata)))
}

/// A warning if others may read the file.
#[cfg(unix)]
fn note_on_rights(path: &Path, metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    /// Rights of the group and of others.
    const OTHERS: u32 = 0o077;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & OTHERS != 0).then(|| {
        let path = path.display();
        format!("the netrc file `{path}` is open to others than its owner (mode {mode:04o}): `chmod 600 '{path}'`")
    })
}

#[cfg(not(unix))]
fn note_on_rights(_path: &Path, _metadata: &Metadata) -> Option<String> {
    None
}
