//! GET through the cache.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::CACHE_CONTROL;

use crate::attempt::{Outgoing, kept_url, without_credentials};
use crate::cache::{Caching, Entry, Freshness, Key, MAX_ENTRY_BYTES, NEGATIVE_LIFETIME, Store};
use crate::client::Client;
use crate::error::HttpError;
use crate::get::Get;
use crate::response::{Origin, Response, Way};

impl Client {
    /// GET with the body read up to the request's limit, counted after decompression; from the cache where the request allows
    /// it and the kept answer is fresh or confirmed.
    ///
    /// Any status is an answer (see [`Response::success`]); 429, 502, 503 and 504 and failed connections are tried again
    /// first. What is kept but stale is never used without the server's word, whatever fails.
    ///
    /// # Errors
    /// Any [`HttpError`] but `Status`. Offline nothing is answered, from the cache neither.
    pub async fn fetch(&self, get: &Get<'_>) -> Result<Response, HttpError> {
        let mut outgoing = get.outgoing();
        let store = self.shared.store.as_ref().filter(|_| get.caching != Caching::Never);
        let Some(store) = store.filter(|_| !self.shared.settings.offline) else {
            return self.answer(&outgoing, get.limit).await;
        };
        let key = self.key(&outgoing)?;
        let wanted = key.clone();
        let known = store.run(move |store| store.read(&wanted)).await.flatten();
        let known = known.filter(|entry| entry.body.len() as u64 <= get.limit);
        if let Some(entry) = known.as_ref().filter(|entry| entry.serves(get.caching, now())) {
            self.shared.cache_hits.fetch_add(1, Ordering::Relaxed);
            let key = key.clone();
            store.run(move |store| store.touch(&key)).await;
            return Ok(response(entry, Origin::Cache));
        }
        outgoing.validators = known.as_ref().and_then(|entry| entry.validators(get.caching));
        let answer = self.answer(&outgoing, get.limit).await?;
        match known {
            Some(entry) if answer.status == 304 && answer.way.conditional => {
                self.shared.revalidations.fetch_add(1, Ordering::Relaxed);
                Ok(confirmed(store, key, entry, &answer).await)
            }
            _ => {
                keep(store, key, get.caching, &answer).await;
                Ok(answer)
            }
        }
    }

    /// Removes the kept answer to this request, if there is one: for an answer that turned out to be unusable.
    pub async fn forget(&self, get: &Get<'_>) {
        if let (Some(store), Ok(key)) = (&self.shared.store, self.key(&get.outgoing())) {
            store.run(move |store| store.remove(&key)).await;
        }
    }

    fn key(&self, outgoing: &Outgoing<'_>) -> Result<Key, HttpError> {
        let login = self.login(outgoing)?;
        let url = without_credentials(outgoing.url);
        Ok(Key::of_get(&url, outgoing.accept, login.as_ref()))
    }
}

/// The kept answer after a 304, which may name another lifetime.
async fn confirmed(store: &Arc<Store>, key: Key, mut entry: Entry, answer: &Response) -> Response {
    let says_itself = answer.headers.contains_key(CACHE_CONTROL);
    let freshness = if says_itself {
        Freshness::of(&answer.headers)
    } else {
        Freshness::of(&entry.headers())
    };
    let confirmed = match freshness {
        Freshness::NoStore => None,
        Freshness::For(lifetime) => Some(entry.confirm(unredirected(lifetime, answer.way), now())),
    };
    let response = response(&entry, Origin::Revalidated);
    store
        .run(move |store| match confirmed {
            None => store.remove(&key),
            Some(true) => {
                store.write(&key, &entry);
            }
            Some(false) => store.touch(&key),
        })
        .await;
    response
}

/// Keeps an answer if it may be kept, and removes an older one that it supersedes.
async fn keep(store: &Arc<Store>, key: Key, caching: Caching, answer: &Response) {
    let fitting = !answer.way.foreign_login && answer.body.len() as u64 <= MAX_ENTRY_BYTES;
    let lifetime = match (Freshness::of(&answer.headers), answer.status) {
        (Freshness::For(lifetime), 200) if fitting => Some(unredirected(lifetime, answer.way)),
        (Freshness::For(_), 404 | 410) if fitting && caching == Caching::Evidence => Some(NEGATIVE_LIFETIME),
        // A failure says nothing about what was kept.
        (_, 401 | 403 | 408 | 429 | 500..) => return,
        _ => None,
    };
    let entry = lifetime.map(|lifetime| {
        let url = kept_url(&answer.final_url, answer.way.redirected);
        Entry::new(
            &key,
            answer.status,
            url,
            &answer.headers,
            answer.body.clone(),
            lifetime,
            now(),
        )
    });
    let prune = store
        .run(move |store| match entry {
            // What is neither fresh nor can be confirmed would never be used.
            Some(entry) if entry.is_of_use(caching) => store.write(&key, &entry),
            _ => {
                store.remove(&key);
                false
            }
        })
        .await;
    if prune == Some(true) {
        let store = Arc::clone(store);
        // Not waited for: the run goes on, and the runtime ends no earlier than this.
        drop(tokio::task::spawn_blocking(move || store.prune()));
    }
}

/// A redirect is followed anew each time: its own lifetime is not known here.
fn unredirected(lifetime: Duration, way: Way) -> Duration {
    if way.redirected { Duration::ZERO } else { lifetime }
}

fn response(entry: &Entry, origin: Origin) -> Response {
    Response {
        status: entry.status(),
        headers: entry.headers(),
        final_url: entry.final_url().clone(),
        body: entry.body.clone(),
        origin,
        way: Way::default(),
    }
}

/// Seconds since 1970. A clock before that makes everything stale.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
