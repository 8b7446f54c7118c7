//! A `trusted_root.json` that the user names.

use std::io::Read as _;
use std::path::Path;

use slsa_pip_verify::TrustRoots;

use crate::error::LoadError;
use crate::limits::MAX_ROOT_BYTES;
use crate::loaded::{Loaded, Part};
use crate::origin::Origin;

/// A `trusted_root.json` of the user's; it replaces all others.
///
/// # Errors
/// If the file cannot be read, is too large, or is no usable trusted root.
pub fn from_file(path: &Path) -> Result<Loaded, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let mut json = String::new();
    // A pipe has no length that could be asked beforehand.
    let bounded = MAX_ROOT_BYTES.saturating_add(1);
    let size = std::fs::File::open(path)
        .and_then(|file| file.take(bounded).read_to_string(&mut json))
        .map_err(read)?;
    if u64::try_from(size).unwrap_or(u64::MAX) > MAX_ROOT_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    let origin = Origin::File(path.to_owned());
    match TrustRoots::custom(&json) {
        Ok(roots) => Ok(Loaded::new(roots, vec![Part::plain("custom", None, origin, json)])),
        Err(source) => Err(LoadError::Unusable { origin, source }),
    }
}
