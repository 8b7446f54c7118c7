//! Looking through the folders of a cache, and removing from them. Links are neither followed nor counted, and what other processes
//! remove meanwhile is no error.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How unfinished files begin; a process that was killed leaves them.
pub const UNFINISHED: &str = ".new-";

/// After this long an unfinished file belongs to no process that still writes it.
const ABANDONED: Duration = Duration::from_hours(1);

/// How much there is of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Files.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Entries, and files that a killed process left unfinished.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file of the cache.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was written, or used last where use is noted so.
    pub modified: SystemTime,
    /// Whether it never got its name.
    pub unfinished: bool,
}

impl Usage {
    /// Of these files, without the unfinished ones.
    #[must_use]
    pub fn of(files: &[Found]) -> Self {
        let entries = files.iter().filter(|file| !file.unfinished);
        entries.fold(Self::default(), |sum, file| Self {
            entries: sum.entries + 1,
            bytes: sum.bytes + file.bytes,
        })
    }
}

impl Removed {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What the file system says, but for a file that is gone already.
    pub fn remove(&mut self, file: &Found) -> io::Result<()> {
        if present(fs::remove_file(&file.path))?.is_some() {
            self.entries += 1;
            self.bytes += file.bytes;
        }
        Ok(())
    }
}

impl Found {
    /// Whether it is unfinished, and no process still writes it.
    #[must_use]
    pub fn is_abandoned(&self, now: SystemTime) -> bool {
        self.unfinished && now.duration_since(self.modified).is_ok_and(|age| age >= ABANDONED)
    }
}

/// The files of a folder that are named as entries, and the unfinished ones.
///
/// # Errors
/// What the file system says, but for what vanishes meanwhile; no folder is no file.
pub fn files(folder: &Path, is_entry: impl Fn(&str) -> bool) -> io::Result<Vec<Found>> {
    let found = inside(folder)?.into_iter().filter_map(|(path, metadata)| {
        let name = path.file_name()?.to_str()?;
        let unfinished = name.starts_with(UNFINISHED);
        (metadata.is_file() && (unfinished || is_entry(name))).then(|| Found {
            bytes: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            unfinished,
            path,
        })
    });
    Ok(found.collect())
}

/// The folders in a folder that have such names.
///
/// # Errors
/// As [`files`].
pub fn folders(folder: &Path, is_named: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let named = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&is_named);
    let found = inside(folder)?.into_iter();
    let found = found.filter(|(path, metadata)| metadata.is_dir() && named(path));
    Ok(found.map(|(path, _)| path).collect())
}

/// Removes a folder if it is empty.
///
/// # Errors
/// What the file system says, but for a folder that is not there or not empty.
pub fn remove_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
        other => present(other).map(drop),
    }
}

/// Whether a name is so many lower-case hexadecimal digits, as digests and parts of them are written.
#[must_use]
pub fn is_hex(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn inside(folder: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let Some(entries) = present(fs::read_dir(folder))? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(metadata) = present(entry.metadata())? {
            found.push((entry.path(), metadata));
        }
    }
    Ok(found)
}

fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
