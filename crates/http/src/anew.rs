//! Evidence that the cache has kept, and that may have to be asked for once more.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::Caching;

tokio::task_local! {
    static SEARCH: Arc<Search>;
}

/// A search under way.
#[derive(Default)]
struct Search {
    /// Whether a kept answer was used that holds something.
    kept: AtomicBool,
    /// Whether none may be used.
    anew: bool,
}

/// Runs a search, and tells whether evidence ([`Caching::Evidence`]) was the cache's, confirmed by its server or not.
pub async fn watch_cache<T>(search: impl Future<Output = T>) -> (T, bool) {
    let watched = Arc::<Search>::default();
    let done = SEARCH.scope(Arc::clone(&watched), search).await;
    (done, watched.kept.load(Ordering::Relaxed))
}

/// Runs a search that takes no evidence from the cache: what is kept is asked for as if it were not, and replaced. That a place
/// holds nothing is still believed.
pub async fn anew<T>(search: impl Future<Output = T>) -> T {
    let anew = Search {
        anew: true,
        ..Search::default()
    };
    SEARCH.scope(Arc::new(anew), search).await
}

/// Whether a kept answer with something in it may be used, as far as a search under way says.
pub(crate) fn may_use(caching: Caching) -> bool {
    caching != Caching::Evidence || !SEARCH.try_with(|search| search.anew).unwrap_or(false)
}

/// Notes that a kept answer with something in it was used.
pub(crate) fn used(caching: Caching) {
    if caching == Caching::Evidence {
        // Nobody may be watching.
        let _ = SEARCH.try_with(|search| search.kept.store(true, Ordering::Relaxed));
    }
}
