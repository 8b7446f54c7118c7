//! The folder for temporary files: whoever can rename what is in it could swap a private folder below it after its files were
//! verified, and before pip reads them.

use slsa_pip_cache::CacheError;

use crate::failure::{Failure, Result};

/// Refuses one in which others can do that. One that cannot be read is the business of whoever makes a folder in it.
pub(crate) fn check() -> Result<()> {
    let folder = std::env::temp_dir();
    match slsa_pip_cache::check_temporary(&folder) {
        Ok(()) | Err(CacheError::Io { .. }) => Ok(()),
        Err(error) => Err(Failure::new(format!(
            "In the folder for temporary files, `{}`, others could exchange what was verified",
            folder.display()
        ))
        .caused_by(&error)
        .hint("Name a folder of your own: `TMPDIR=DIR slsa-pip …`")),
    }
}
