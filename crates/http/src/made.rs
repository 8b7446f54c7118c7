//! What was made of a file, such as the METADATA out of a wheel, kept by the file's digest: made once, it need not be fetched
//! again to be made.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use slsa_pip_distribution::Sha256Digest;
use url::Url;

use crate::cache::{Entry, Kept, Key, Store};
use crate::cached::{now, prune_behind};
use crate::client::Client;

/// Something that is made of a file.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// What it is: a word of its own for each kind.
    pub what: &'a str,
    /// Digest of the file.
    pub of: &'a Sha256Digest,
    /// Where the file is. [`Made::at`] says whether that counts.
    pub url: &'a Url,
    /// Whether what one server says about that digest counts for its own URL alone: where it was not made of the whole file,
    /// nobody has compared the digest.
    pub at: bool,
}

impl Made<'_> {
    fn key(&self) -> Key {
        Key::of_made(self.what, self.of, Some(self.url).filter(|_| self.at))
    }
}

impl Client {
    /// What was kept before, every byte as it was written. Nothing without a cache, and offline.
    pub async fn made(&self, made: &Made<'_>) -> Option<Bytes> {
        let (store, key) = (self.store_for_made()?, made.key());
        let entry = store.run(move |store| {
            let entry = store.read(&key)?;
            store.touch(&key);
            Some(entry)
        });
        let body = entry.await.flatten()?.body;
        self.shared.cache_hits.fetch_add(1, Ordering::Relaxed);
        Some(body)
    }

    /// Keeps it. Best effort: what fails is noted in [`Client::cache_trouble`].
    pub async fn keep_made(&self, made: &Made<'_>, bytes: Bytes) {
        if let Some(store) = self.store_for_made() {
            let key = made.key();
            let (at, headers) = (Kept::of(made.url, true), HeaderMap::new());
            let entry = Entry::new(&key, 200, at, &headers, bytes, Duration::ZERO, now());
            if store.run(move |store| store.write(&key, &entry)).await == Some(true) {
                prune_behind(store);
            }
        }
    }

    /// Removes it, if it is there: for something that turned out to be wrong.
    pub async fn forget_made(&self, made: &Made<'_>) {
        if let Some(store) = self.store_for_made() {
            let key = made.key();
            store.run(move |store| store.remove(&key)).await;
        }
    }

    fn store_for_made(&self) -> Option<&Arc<Store>> {
        self.shared.store.as_ref().filter(|_| !self.shared.settings.offline)
    }
}
