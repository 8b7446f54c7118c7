//! Looking at, pruning and emptying a cache folder. Only files that are named as entries are ever removed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use slsa_pip_cache::CacheFolder;
use slsa_pip_cache::sweep::{self, Found, Removed, Usage, is_hex};

use super::CacheSettings;

/// Sub-folder of the answers.
pub(super) const HTTP: &str = "http";
/// Sub-folder of the wheels.
pub(super) const WHEELS: &str = "wheels";

/// What is in a cache folder. Other sub-folders than these two are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheInfo {
    /// HTTP answers.
    pub http: Usage,
    /// Wheels.
    pub wheels: Usage,
}

/// Counts what is in the folder; nothing if it does not exist.
///
/// # Errors
/// What the file system says, but for files that vanish meanwhile.
pub fn info(cache: &CacheFolder) -> io::Result<CacheInfo> {
    let usage = |folder: &str| files(&cache.path().join(folder)).map(|files| Usage::of(&files));
    Ok(CacheInfo {
        http: usage(HTTP)?,
        wheels: usage(WHEELS)?,
    })
}

/// Removes the entries that were not used for longest until what stays is within the settings' bounds, and files that were
/// left unfinished an hour ago or more.
///
/// # Errors
/// As [`info`].
pub fn prune(settings: &CacheSettings) -> io::Result<Removed> {
    let answers = prune_folder(&settings.folder.path().join(HTTP), settings.max_http_bytes)?;
    let wheels = prune_folder(&settings.folder.path().join(WHEELS), settings.max_wheel_bytes)?;
    Ok(answers.and(wheels))
}

/// Removes every entry, and the two sub-folders where nothing else is in them. A process that is using the cache finds its
/// entries absent, and fetches again.
///
/// # Errors
/// As [`info`].
pub fn clean(cache: &CacheFolder) -> io::Result<Removed> {
    let mut removed = Removed::default();
    for folder in [HTTP, WHEELS].map(|name| cache.path().join(name)) {
        for file in files(&folder)? {
            removed.remove(&file)?;
        }
        for below in parts(&folder)? {
            sweep::remove_empty(&below)?;
        }
        sweep::remove_empty(&folder)?;
    }
    Ok(removed)
}

/// Prunes one sub-folder.
pub(super) fn prune_folder(folder: &Path, max_bytes: u64) -> io::Result<Removed> {
    let mut removed = Removed::default();
    let now = SystemTime::now();
    let (unfinished, mut entries): (Vec<_>, Vec<_>) = files(folder)?.into_iter().partition(|file| file.unfinished);
    for file in unfinished.iter().filter(|file| file.is_abandoned(now)) {
        removed.remove(file)?;
    }
    let mut bytes: u64 = entries.iter().map(|file| file.bytes).sum();
    // Reading an entry notes its use in the time of its file.
    entries.sort_by_key(|file| file.modified);
    for file in entries {
        if bytes <= max_bytes {
            break;
        }
        removed.remove(&file)?;
        bytes -= file.bytes;
    }
    Ok(removed)
}

/// The entries and unfinished files of a sub-folder, and of the folders of entries in it.
fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let is_entry = |name: &str| is_hex(name, 64);
    let mut found = sweep::files(folder, is_entry)?;
    for below in parts(folder)? {
        found.extend(sweep::files(&below, is_entry)?);
    }
    Ok(found)
}

/// The folders of entries, named by the digits that those begin with.
fn parts(folder: &Path) -> io::Result<Vec<PathBuf>> {
    sweep::folders(folder, |name| is_hex(name, 2))
}
