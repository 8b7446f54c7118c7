//! A folder of the cache, and the files in it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::check;
use crate::error::CacheError;
use crate::room::make_room;
use crate::sweep::UNFINISHED;

/// Longest wait for a lock: whoever holds one writes a few small files.
pub const LONGEST_LOCK: Duration = Duration::from_secs(2);

/// Time between two tries for a lock.
const LOCK_STEP: Duration = Duration::from_millis(10);

/// A folder of the cache. Making this value touches nothing: the folder is made, with mode 0700, by the first [`Self::write`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFolder {
    /// The cache folder itself; it may be reached through symbolic links, since the user has named it.
    root: PathBuf,
    /// The folders below it, which are the cache's own.
    below: Vec<String>,
}

impl CacheFolder {
    /// The cache folder at a path.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            below: Vec::new(),
        }
    }

    /// A folder in this one.
    ///
    /// # Errors
    /// If the name holds anything but ASCII letters, digits, `.`, `_` and `-`, or begins with a dot.
    pub fn folder(&self, name: &str) -> Result<Self, CacheError> {
        let mut below = self.below.clone();
        below.push(checked_name(name)?.to_owned());
        Ok(Self {
            root: self.root.clone(),
            below,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.below.iter().fold(self.root.clone(), |path, name| path.join(name))
    }

    /// A file's bytes; `None` where there is no such file. They are unverified.
    ///
    /// # Errors
    /// If the file or a folder on the way is a symbolic link, belongs to or may be written by others, has more than `limit`
    /// bytes, or cannot be read.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, CacheError> {
        let Some((bytes, _)) = self.read_start(name, limit.saturating_add(1))? else {
            return Ok(None);
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            let path = self.path().join(checked_name(name)?);
            return Err(CacheError::TooLarge { path, limit });
        }
        Ok(Some(bytes))
    }

    /// The first `most` bytes of a file, and how long the whole of it is; `None` where it does not exist.
    ///
    /// # Errors
    /// As [`Self::read`], but for its limit.
    pub fn read_start(&self, name: &str, most: u64) -> Result<Option<(Vec<u8>, u64)>, CacheError> {
        if !self.is_there()? {
            return Ok(None);
        }
        let path = self.path().join(checked_name(name)?);
        let Some(metadata) = look(&path)? else {
            return Ok(None);
        };
        if !metadata.is_file() {
            return Err(CacheError::Kind { path, wanted: "file" });
        }
        check::private(&path, &metadata)?;
        let failed = |source| io_error(&path, "read", source);
        let mut bytes = Vec::new();
        make_room(
            &mut bytes,
            usize::try_from(metadata.len().min(most)).unwrap_or(usize::MAX),
        );
        match File::open(&path) {
            Ok(file) => file.take(most).read_to_end(&mut bytes).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        Ok(Some((bytes, metadata.len())))
    }

    /// Writes a file whole: a reader sees the old bytes or the new ones, never half of them, also when two processes write at
    /// once or one is killed. Makes the folders that are not there yet.
    ///
    /// # Errors
    /// If a folder on the way is a symbolic link, belongs to or may be written by others, or if writing fails.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CacheError> {
        self.put(name, &[bytes], true)
    }

    /// [`Self::write`] of a file whose bytes are not in one place, for readers that check every byte: it does not wait until the
    /// disk has them, so that a power cut may leave a damaged file under the final name.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_checked(&self, name: &str, parts: &[&[u8]]) -> Result<(), CacheError> {
        self.put(name, parts, false)
    }

    fn put(&self, name: &str, parts: &[&[u8]], lasting: bool) -> Result<(), CacheError> {
        let folder = self.make()?;
        let path = folder.join(checked_name(name)?);
        let failed = |source| io_error(&path, "written", source);
        // Made with mode 0600 by `tempfile`; the name begins with a dot, which no file of the cache does.
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&folder)
            .map_err(failed)?;
        for part in parts {
            file.write_all(part).map_err(failed)?;
        }
        if lasting {
            // Without it a power cut could leave an empty file under the final name.
            file.as_file().sync_data().map_err(failed)?;
        }
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Waits until no other process holds the lock of this name, and holds it until the value is dropped. Writers that read
    /// before they write take it; readers need not, since every file is replaced whole.
    ///
    /// # Errors
    /// As [`Self::write`]; also if another process holds it for longer than [`LONGEST_LOCK`].
    pub fn lock(&self, name: &str) -> Result<Lock, CacheError> {
        let path = self.make()?.join(checked_name(name)?);
        let failed = |source| io_error(&path, "locked", source);
        if look(&path)?.is_some_and(|metadata| !metadata.is_file()) {
            return Err(CacheError::Kind { path, wanted: "file" });
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LONGEST_LOCK => std::thread::sleep(LOCK_STEP),
                Err(error) => return Err(failed(error.into())),
            }
        }
    }

    /// Removes a file; nothing happens where there is none.
    ///
    /// # Errors
    /// As [`Self::read`], for the folder, or if the operating system refuses.
    pub fn remove(&self, name: &str) -> Result<(), CacheError> {
        if !self.is_there()? {
            return Ok(());
        }
        let path = self.path().join(checked_name(name)?);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io_error(&path, "removed", error)),
        }
    }

    /// The names of the files in the folder, sorted; none where it does not exist. Half-written files are left out.
    ///
    /// # Errors
    /// As [`Self::read`], for the folder.
    pub fn names(&self) -> Result<Vec<String>, CacheError> {
        if !self.is_there()? {
            return Ok(Vec::new());
        }
        let path = self.path();
        let failed = |source| io_error(&path, "read", source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            names.extend(
                name.to_str()
                    .filter(|name| checked_name(name).is_ok())
                    .map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }

    /// Whether the folder exists, after a check of it and all above it up to the cache folder itself.
    fn is_there(&self) -> Result<bool, CacheError> {
        let mut path = self.root.clone();
        match fs::metadata(&path) {
            Ok(metadata) => checked_folder(&path, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(io_error(&path, "read", error)),
        }
        for name in &self.below {
            path.push(name);
            match look(&path)? {
                Some(metadata) => checked_folder(&path, &metadata)?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The folder's path, after making what is missing of it: for files too large for [`Self::write`].
    ///
    /// # Errors
    /// If a folder on the way is a symbolic link, belongs to or may be written by others, or cannot be made.
    pub fn make(&self) -> Result<PathBuf, CacheError> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).map_err(|error| io_error(parent, "made", error))?;
        }
        let mut path = self.root.clone();
        make_one(&path)?;
        for name in &self.below {
            path.push(name);
            make_one(&path)?;
        }
        self.is_there()?;
        Ok(path)
    }
}

/// A lock between processes; dropping it lets the next one in.
#[derive(Debug)]
pub struct Lock {
    /// Closing the file releases the lock.
    _file: File,
}

/// One folder with mode 0700; another process may be quicker.
fn make_one(path: &Path) -> Result<(), CacheError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io_error(path, "made", error)),
    }
}

/// What stands at a path, not following a link; `None` where nothing does.
fn look(path: &Path) -> Result<Option<fs::Metadata>, CacheError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path, "read", error)),
    }
}

fn checked_folder(path: &Path, metadata: &fs::Metadata) -> Result<(), CacheError> {
    if !metadata.is_dir() {
        return Err(CacheError::Kind {
            path: path.to_owned(),
            wanted: "folder",
        });
    }
    check::private(path, metadata)
}

/// Names are made by this program; one that could leave the folder, or hide in it, is a mistake.
fn checked_name(name: &str) -> Result<&str, CacheError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(CacheError::Name { name: name.to_owned() });
    }
    Ok(name)
}

fn io_error(path: &Path, doing: &'static str, source: io::Error) -> CacheError {
    CacheError::Io {
        path: path.to_owned(),
        doing,
        source,
    }
}
