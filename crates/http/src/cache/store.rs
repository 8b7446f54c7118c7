//! The answers on disk.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use slsa_pip_cache::{CacheError, CacheFolder};

use super::entry::{Entry, Head, MAX_FILE, MAX_HEAD};
use super::maintenance::{HTTP, prune_folder};
use super::trouble::{Troubles, touch};
use super::{CacheSettings, Key};

/// The answers of one cache folder, `http/ab/abcdef…`, so that no folder grows too large. All of it blocks; [`Store::run`]
/// moves it off the asynchronous threads.
#[derive(Debug)]
pub(crate) struct Store {
    root: CacheFolder,
    max_bytes: u64,
    troubles: Arc<Troubles>,
    /// Set by the first write of a run.
    pruned: OnceLock<()>,
}

impl Store {
    pub(crate) fn new(settings: &CacheSettings, troubles: Arc<Troubles>) -> Self {
        Self {
            root: settings.folder.clone(),
            max_bytes: settings.max_http_bytes,
            troubles,
            pruned: OnceLock::new(),
        }
    }

    /// Runs `work` with the store where blocking is allowed. `None` if it panicked or the runtime ends.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&store)).await.ok()
    }

    fn folder(&self, key: &Key) -> Result<CacheFolder, CacheError> {
        self.root.folder(HTTP)?.folder(key.prefix())
    }

    fn path(&self, key: &Key) -> Option<PathBuf> {
        let folder = self.troubles.heed(self.folder(key))?;
        Some(folder.path().join(key.as_str()))
    }

    /// What there is to know of the entry before its body is read; one that cannot be read is removed.
    pub(crate) fn head(&self, key: &Key) -> Option<Head> {
        let read = self
            .folder(key)
            .and_then(|folder| folder.read_start(key.as_str(), MAX_HEAD));
        self.readable(key, read, |(start, length)| Head::parse(&start, length, key))
    }

    /// The entry, if there is one and every byte of it is as it was written; a damaged one is removed.
    pub(crate) fn read(&self, key: &Key) -> Option<Entry> {
        let read = self.folder(key).and_then(|folder| folder.read(key.as_str(), MAX_FILE));
        self.readable(key, read, |bytes| Entry::parse(bytes, key))
    }

    fn readable<R, T>(
        &self,
        key: &Key,
        read: Result<Option<R>, CacheError>,
        parse: impl FnOnce(R) -> Option<T>,
    ) -> Option<T> {
        match read {
            Ok(bytes) => {
                let parsed = parse(bytes?);
                if parsed.is_none() {
                    self.remove(key);
                }
                parsed
            }
            Err(error) => {
                // Removing it fails as well where the folder itself is the trouble.
                self.remove(key);
                self.troubles.heed(Err(error))
            }
        }
    }

    /// Notes that the entry was used.
    pub(crate) fn touch(&self, key: &Key) {
        if let Some(path) = self.path(key) {
            self.troubles.heed_io(&path, touch(&path));
        }
    }

    /// Writes an entry over whatever is there. Returns whether it is the first of this run, after which to prune.
    pub(crate) fn write(&self, key: &Key, entry: &Entry) -> bool {
        let Some(before) = entry.before_body() else {
            return false;
        };
        // Not copied together: a body may be large.
        let parts = [before.as_slice(), &entry.body];
        let written = self
            .folder(key)
            .and_then(|folder| folder.write_checked(key.as_str(), &parts));
        self.troubles.heed(written).is_some() && self.pruned.set(()).is_ok()
    }

    pub(crate) fn remove(&self, key: &Key) {
        let removed = self.folder(key).and_then(|folder| folder.remove(key.as_str()));
        self.troubles.heed(removed);
    }

    pub(crate) fn prune(&self) {
        let root = self.root.path().join(HTTP);
        self.troubles.heed_io(&root, prune_folder(&root, self.max_bytes));
    }
}
