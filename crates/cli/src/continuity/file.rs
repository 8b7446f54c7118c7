//! The lock on disk: read with care, written whole, by one process at a time.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use slsa_pip_policy::Lock;

use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::whole_file;

/// Longest wait for another process that writes the lock: it takes milliseconds.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// Reads the lock; `None` where there is none. `unasked` says that nobody has named the folder, so that the file must be the user's
/// own: somebody else's could record whom they like.
///
/// # Errors
/// If it is no ordinary file, another user's, no UTF-8, or no lock.
pub(super) fn read(path: &Path, unasked: bool) -> Result<Option<Lock>> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path).caused_by(&error)),
        // Also before it is opened, which would wait for a writer if it is a pipe. A link would be replaced by what is written.
        Ok(metadata) if !metadata.is_file() => {
            return Err(
                Failure::new(format!("The lock `{}` is not an ordinary file", path.display()))
                    .hint("Put the file itself there; a symbolic link would be replaced when the lock is written"),
            );
        }
        Ok(_) => {}
    }
    let check_owner = || {
        if !unasked {
            return Ok(());
        }
        slsa_pip_cache::check_owner(path).map_err(|error| {
            Failure::new(format!("The lock `{}` is not yours", path.display()))
                .caused_by(&error)
                .hint("Read it, and if it is to hold, name the policy beside it: `--policy FILE`")
        })
    };
    check_owner()?;
    let bytes = read_bounded(path).map_err(|error| unreadable(path).caused_by(&error))?;
    // It may have been put there meanwhile.
    check_owner()?;
    let label = path.display().to_string();
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::new(format!("The lock `{label}` is not UTF-8 text")).caused_by(&error))?;
    let lock = Lock::parse(&text, &label)
        .map_err(|errors| Failure::new(format!("The lock `{label}` is not valid")).detail(errors.to_string()))?;
    Ok(Some(lock))
}

fn unreadable(path: &Path) -> Failure {
    Failure::new(format!("The lock `{}` cannot be read", path.display()))
}

/// Reads the lock anew, lets it be changed, and replaces the file if it was: a reader sees the old text or the new one, also when two
/// processes write at once or one is killed. `change` returns what it has to say, or `None` if nothing has changed.
///
/// # Errors
/// If the lock cannot be read or written; what `change` says.
pub(super) fn update<T>(
    path: &Path,
    unasked: bool,
    change: impl FnOnce(&mut Lock) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let folder = whole_file::folder_of(path);
    let _alone = alone(folder).map_err(|error| unwritable(path).caused_by(&error))?;
    let label = path.display().to_string();
    let mut lock = read(path, unasked)?.unwrap_or_else(|| Lock::empty(&label));
    let Some(said) = change(&mut lock)? else {
        return Ok(None);
    };
    let text = sound_text(&lock, path)?;
    write(folder, path, &text).map_err(|error| unwritable(path).caused_by(&error))?;
    Ok(Some(said))
}

/// That a lock can be written there, without writing it.
///
/// # Errors
/// If it cannot.
pub(super) fn check(lock: &Lock, path: &Path) -> Result<()> {
    sound_text(lock, path)?;
    let tried = whole_file::begin(whole_file::folder_of(path)).map_err(|error| unwritable(path).caused_by(&error))?;
    tried.close().map_err(|error| unwritable(path).caused_by(&error))
}

/// The lock's text, if the same is read from it again: what certificates hold may be too long, or no text at all.
///
/// # Errors
/// If it is not.
fn sound_text(lock: &Lock, path: &Path) -> Result<String> {
    let text = lock.to_text();
    let label = path.display().to_string();
    match Lock::parse(&text, &label) {
        Ok(read) if read == *lock => Ok(text),
        Ok(_) => Err(unwritable(path)),
        Err(errors) => Err(unwritable(path).detail(errors.to_string())),
    }
}

fn unwritable(path: &Path) -> Failure {
    Failure::new(format!("The lock `{}` cannot be written", path.display()))
        .hint("Use it as it is, without recording anything: `--locked`")
}

fn write(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let mut partial = whole_file::begin(folder)?;
    partial.write_all(text.as_bytes())?;
    whole_file::finish(partial, path)
}

/// Holds the folder, so that no file is left behind that only serves for waiting. Where folders cannot be held, the file is
/// replaced whole all the same.
fn alone(folder: &Path) -> std::io::Result<Option<File>> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let held = File::open(folder)?;
    let begun = Instant::now();
    loop {
        match held.try_lock() {
            Ok(()) => return Ok(Some(held)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LONGEST_WAIT => std::thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => {
                return Err(std::io::Error::new(
                    ErrorKind::TimedOut,
                    "another process holds its folder",
                ));
            }
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
