//! A cache that fails costs time, never a result; what failed first is remembered.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use slsa_pip_cache::CacheError;

/// A use is noted in an entry's time at most this often.
const TOUCH_EVERY: Duration = Duration::from_mins(30);

/// Why the cache could not be used, the first time that happened.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<Option<String>>);

impl Troubles {
    /// The result, or nothing and a note.
    pub(crate) fn heed<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        result.map_err(|error| self.note(&error)).ok()
    }

    /// As [`Self::heed`], for the system's own errors. A file that is gone is no trouble: another process was faster.
    pub(crate) fn heed_io<T>(&self, path: &Path, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.remember(format!("`{}`: {error}", path.display()));
                None
            }
        }
    }

    pub(crate) fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, error: &CacheError) {
        let source = error.source().map(|source| format!(": {source}"));
        self.remember(format!("{error}{}", source.unwrap_or_default()));
    }

    fn remember(&self, text: String) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(text);
    }
}

/// Notes that the file was used, for pruning.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    let noted = fs::metadata(path)?.modified()?;
    if now.duration_since(noted).is_ok_and(|age| age < TOUCH_EVERY) {
        return Ok(());
    }
    File::options().write(true).open(path)?.set_modified(now)
}
