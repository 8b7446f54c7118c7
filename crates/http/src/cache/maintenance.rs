//! Looking at, pruning and emptying a cache folder. Only files that are named as entries are ever removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use slsa_pip_cache::CacheFolder;

use super::CacheSettings;

/// How unfinished files begin; a process that was killed leaves them.
pub(super) const UNFINISHED: &str = ".new-";
/// After this long an unfinished file belongs to no process that still writes it.
const ABANDONED: Duration = Duration::from_hours(1);
/// Sub-folder of the answers.
pub(super) const HTTP: &str = "http";
/// Sub-folder of the wheels.
pub(super) const WHEELS: &str = "wheels";
/// How many folders deep entries lie.
const DEPTH: usize = 2;

/// How much there is of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Files.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What is in a cache folder. Other sub-folders than these two are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheInfo {
    /// HTTP answers.
    pub http: Usage,
    /// Wheels.
    pub wheels: Usage,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Entries, and files that a killed process left unfinished.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Counts what is in the folder; nothing if it does not exist.
///
/// # Errors
/// What the file system says, but for files that vanish meanwhile.
pub fn info(cache: &CacheFolder) -> io::Result<CacheInfo> {
    let usage = |folder: &str| -> io::Result<Usage> {
        let mut usage = Usage::default();
        for file in files(&cache.path().join(folder))?
            .iter()
            .filter(|file| !file.unfinished)
        {
            usage.entries += 1;
            usage.bytes += file.bytes;
        }
        Ok(usage)
    };
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
        remove_empty(&folder, DEPTH)?;
    }
    Ok(removed)
}

/// Prunes one sub-folder.
pub(super) fn prune_folder(folder: &Path, max_bytes: u64) -> io::Result<Removed> {
    let mut removed = Removed::default();
    let now = SystemTime::now();
    let (unfinished, mut entries): (Vec<_>, Vec<_>) = files(folder)?.into_iter().partition(|file| file.unfinished);
    let abandoned = |file: &&Found| now.duration_since(file.used).is_ok_and(|age| age >= ABANDONED);
    for file in unfinished.iter().filter(abandoned) {
        removed.remove(file)?;
    }
    let mut bytes: u64 = entries.iter().map(|file| file.bytes).sum();
    entries.sort_by_key(|file| file.used);
    for file in entries {
        if bytes <= max_bytes {
            break;
        }
        removed.remove(&file)?;
        bytes -= file.bytes;
    }
    Ok(removed)
}

impl Removed {
    fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
        }
    }

    fn remove(&mut self, file: &Found) -> io::Result<()> {
        match fs::remove_file(&file.path) {
            Ok(()) => {
                self.entries += 1;
                self.bytes += file.bytes;
                Ok(())
            }
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

struct Found {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    unfinished: bool,
}

/// The entries and unfinished files below a sub-folder. Links are neither counted nor followed.
fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    walk(folder, DEPTH, &mut found)?;
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<Found>) -> io::Result<()> {
    let Some(entries) = present(fs::read_dir(folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let Some(metadata) = present(entry.metadata())? else {
            continue;
        };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if metadata.is_dir() && depth > 1 && is_hex(name, 2) {
            walk(&entry.path(), depth - 1, found)?;
        } else if metadata.is_file() && (is_hex(name, 64) || name.starts_with(UNFINISHED)) {
            found.push(Found {
                path: entry.path(),
                bytes: metadata.len(),
                used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                unfinished: name.starts_with(UNFINISHED),
            });
        }
    }
    Ok(())
}

/// Removes the folder and those of entries in it, as far as they are empty.
fn remove_empty(folder: &Path, depth: usize) -> io::Result<()> {
    let Some(entries) = present(fs::read_dir(folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let folder_of_entries = depth > 1 && entry.file_name().to_str().is_some_and(|name| is_hex(name, 2));
        if folder_of_entries && entry.file_type()?.is_dir() {
            remove_empty(&entry.path(), depth - 1)?;
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => Err(error),
        _ => Ok(()),
    }
}

fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn is_hex(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
