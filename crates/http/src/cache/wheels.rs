//! Files by their sha256: what was fetched and checked once is not fetched again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use slsa_pip_cache::CacheFolder;
use slsa_pip_cache::sweep::UNFINISHED;
use slsa_pip_distribution::Sha256Digest;

use super::CacheSettings;
use super::maintenance::{WHEELS, prune_folder};
use super::trouble::{Troubles, touch};
use crate::error::HttpError;
use crate::hashed::{Downloaded, copy_hashed};

/// The files of one cache folder, `wheels/SHA256`. Nothing in it is trusted: each file is hashed again while it is copied out.
#[derive(Debug, Clone)]
pub struct WheelStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: CacheFolder,
    max_bytes: u64,
    troubles: Arc<Troubles>,
    pruned: OnceLock<()>,
    hits: AtomicU64,
}

impl WheelStore {
    pub(crate) fn new(settings: &CacheSettings, troubles: Arc<Troubles>) -> Self {
        Self {
            shared: Arc::new(Shared {
                root: settings.folder.clone(),
                max_bytes: settings.max_wheel_bytes,
                troubles,
                pruned: OnceLock::new(),
                hits: AtomicU64::new(0),
            }),
        }
    }

    /// Copies the file of this digest into the new file `dest`, if there is one and its bytes still have the digest. A damaged
    /// file is removed from the store, and no `dest` is left then.
    ///
    /// # Errors
    /// [`HttpError::File`] if `dest` cannot be written, as when it exists.
    pub async fn take(&self, digest: &Sha256Digest, dest: &Path, limit: u64) -> Result<Option<Downloaded>, HttpError> {
        let path = self.shared.folder_path().join(digest.to_hex());
        let there = tokio::fs::symlink_metadata(&path).await;
        if !there.is_ok_and(|found| found.is_file() && found.len() <= limit) {
            return Ok(None);
        }
        let copied = match copy_hashed(&path, dest, limit).await {
            Ok(copied) => copied,
            // The store's own file could not be read to its end, or has grown.
            Err(HttpError::File { path: failed, .. }) if failed == path => return Ok(None),
            Err(HttpError::TooLarge { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if copied.sha256 != *digest {
            let (dest, shown) = (dest.to_owned(), path.clone());
            let left = fs::remove_file(&dest).map_err(|source| HttpError::File {
                path: dest,
                source: Arc::new(source),
            });
            self.shared.troubles.heed_io(&shown, fs::remove_file(&path));
            return left.map(|()| None);
        }
        self.shared.hits.fetch_add(1, Ordering::Relaxed);
        self.blocking(move |shared| {
            shared.troubles.heed_io(&path, touch(&path));
        })
        .await;
        Ok(Some(copied))
    }

    /// Keeps a copy of `file`, whose bytes the caller has just found to have this digest. Best effort: what fails is noted in
    /// [`crate::Client::cache_trouble`].
    pub async fn put(&self, digest: &Sha256Digest, file: &Path) {
        let (name, file) = (digest.to_hex(), file.to_owned());
        let prune = self
            .blocking(move |shared| shared.put(&name, &file) == Some(true) && shared.pruned.set(()).is_ok())
            .await;
        if prune == Some(true) {
            let shared = Arc::clone(&self.shared);
            // Not waited for: the run goes on, and the runtime ends no earlier than this.
            drop(tokio::task::spawn_blocking(move || shared.prune()));
        }
    }

    /// Files that were taken from the store in this run.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.shared.hits.load(Ordering::Relaxed)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Shared) -> T + Send + 'static) -> Option<T> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || work(&shared)).await.ok()
    }
}

impl Shared {
    fn folder_path(&self) -> PathBuf {
        self.root.path().join(WHEELS)
    }

    /// Whether the file is new; nothing if it could not be kept.
    fn put(&self, name: &str, file: &Path) -> Option<bool> {
        let place = self.folder_path().join(name);
        let size = self.troubles.heed_io(file, fs::metadata(file))?.len();
        if size > self.max_bytes || place.symlink_metadata().is_ok() {
            return Some(false);
        }
        let folder = self
            .troubles
            .heed(self.root.folder(WHEELS).and_then(|folder| folder.make()))?;
        let copied = || {
            let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder)?;
            // The system's own copy shares blocks where it can. It takes over the permissions, which are the owner's alone.
            fs::copy(file, unfinished.path())?;
            unfinished.persist(&place).map_err(|error| error.error)?;
            Ok(true)
        };
        self.troubles.heed_io(&place, copied())
    }

    fn prune(&self) {
        let root = self.folder_path();
        self.troubles.heed_io(&root, prune_folder(&root, self.max_bytes));
    }
}
