//! GET through the cache.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::CACHE_CONTROL;

use crate::anew;
use crate::attempt::{Outgoing, without_credentials};
use crate::cache::{Caching, Entry, Freshness, Head, Kept, Key, MAX_ENTRY_BYTES, NEGATIVE_LIFETIME, Store};
use crate::client::Client;
use crate::error::HttpError;
use crate::get::Get;
use crate::response::{Origin, Response, Way};
use crate::room::{Growth, Pauses, with_room};

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
        with_room(self.fetch_with_room(get)).await
    }

    async fn fetch_with_room(&self, get: &Get<'_>) -> Result<Response, HttpError> {
        let mut outgoing = get.outgoing();
        let store = self.shared.store.as_ref().filter(|_| get.caching != Caching::Never);
        let Some(store) = store.filter(|_| !self.shared.settings.offline) else {
            return self.answer(&outgoing, get.limit).await;
        };
        let key = self.key(&outgoing)?;
        let wanted = key.clone();
        let known = store.run(move |store| store.head(&wanted)).await.flatten();
        let known = known.filter(|head| {
            let nothing = head.description.status() != 200;
            head.body <= get.limit && (nothing || anew::may_use(get.caching))
        });
        if let Some(head) = known
            .as_ref()
            .filter(|head| head.description.serves(get.caching, now()))
            && let Some(entry) = whole(store, &key, head).await
        {
            self.shared.cache_hits.fetch_add(1, Ordering::Relaxed);
            if entry.description.status() == 200 {
                anew::used(get.caching);
            }
            let key = key.clone();
            store.run(move |store| store.touch(&key)).await;
            return Ok(response(&entry, Origin::Cache));
        }
        outgoing.validators = known.as_ref().and_then(|head| head.description.validators(get.caching));
        let mut answer = self.answer(&outgoing, get.limit).await?;
        if let Some(head) = known.filter(|_| answer.status == 304 && answer.way.conditional) {
            if let Some(entry) = whole(store, &key, &head).await {
                self.shared.revalidations.fetch_add(1, Ordering::Relaxed);
                anew::used(get.caching);
                return Ok(confirmed(store, key, entry, &answer).await);
            }
            // What the server has confirmed is damaged, or another process has replaced it.
            outgoing.validators = None;
            answer = self.answer(&outgoing, get.limit).await?;
        }
        keep(store, key, get.caching, &answer).await;
        Ok(answer)
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

/// The kept answer whose beginning is known, as soon as there is room for its body; none if it is another one by now.
async fn whole(store: &Arc<Store>, key: &Key, head: &Head) -> Option<Entry> {
    let pauses = Pauses::default();
    Growth::new(&pauses)
        .to(usize::try_from(head.body).unwrap_or(usize::MAX))
        .await;
    let wanted = key.clone();
    let entry = store.run(move |store| store.read(&wanted)).await.flatten();
    entry.filter(|entry| entry.description == head.description)
}

/// The kept answer after a 304, which may name another lifetime.
async fn confirmed(store: &Arc<Store>, key: Key, mut entry: Entry, answer: &Response) -> Response {
    let says_itself = answer.headers.contains_key(CACHE_CONTROL);
    let freshness = if says_itself {
        Freshness::of(&answer.headers)
    } else {
        Freshness::of(&entry.description.headers())
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
        Entry::new(
            &key,
            answer.status,
            Kept::of(&answer.final_url, answer.way.redirected),
            &answer.headers,
            answer.body.clone(),
            lifetime,
            now(),
        )
    });
    let prune = store
        .run(move |store| match entry {
            // What is neither fresh nor can be confirmed would never be used.
            Some(entry) if entry.description.is_of_use(caching) => store.write(&key, &entry),
            _ => {
                store.remove(&key);
                false
            }
        })
        .await;
    if prune == Some(true) {
        prune_behind(store);
    }
}

/// Prunes without being waited for: the run goes on, and the runtime ends no earlier than this.
pub(crate) fn prune_behind(store: &Arc<Store>) {
    let store = Arc::clone(store);
    drop(tokio::task::spawn_blocking(move || store.prune()));
}

/// A redirect is followed anew each time: its own lifetime is not known here.
fn unredirected(lifetime: Duration, way: Way) -> Duration {
    if way.redirected { Duration::ZERO } else { lifetime }
}

fn response(entry: &Entry, origin: Origin) -> Response {
    Response {
        status: entry.description.status(),
        headers: entry.description.headers(),
        final_url: entry.description.final_url().clone(),
        body: entry.body.clone(),
        origin,
        way: Way::default(),
    }
}

/// Seconds since 1970. A clock before that makes everything stale.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
