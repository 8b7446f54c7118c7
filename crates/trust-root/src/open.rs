//! What was kept, and whether the repository has to be asked (rule B9).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use slsa_pip_cache::CacheFolder;
use slsa_pip_http::Client;

use crate::assemble::{Outcome, assemble};
use crate::error::LoadError;
use crate::fetch::{self, Fetch, FetchError};
use crate::file::from_file;
use crate::kept::{self, Kept};
use crate::limits::{FRESH_FOR, QUICK, THOROUGH};
use crate::loaded::Loaded;
use crate::metadata;
use crate::refresh::refresh;
use crate::repository::Repository;

/// The folder below the cache folder.
const FOLDER: &str = "tuf";

/// Where the trusted root is to come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file; nothing is fetched, kept or embedded.
    File(PathBuf),
    /// TUF repositories: either one of the user's, or the public-good one and GitHub's, in this order.
    Repositories {
        /// The repositories.
        repositories: Vec<Repository>,
        /// Where copies are kept; `None`: nowhere.
        cache: Option<CacheFolder>,
        /// Whether requests are forbidden.
        offline: bool,
    },
}

/// What is there before any request; see [`open`].
#[derive(Debug, Clone)]
pub struct Opened {
    now: Timestamp,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    File(Arc<Loaded>),
    Copies { copies: Vec<Copy>, offline: bool },
}

/// A repository and what was kept of it.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    pub(crate) repository: Repository,
    pub(crate) folder: Option<CacheFolder>,
    pub(crate) kept: Option<Kept>,
    /// Whether what is there was refused and is to be replaced.
    pub(crate) anew: bool,
}

/// Reads the file, or what was kept of the repositories, and verifies it from the start roots on. Makes no request.
///
/// # Errors
/// If the file cannot be used; if something was kept and does not verify, or is older than what was kept before.
pub fn open(source: Source, now: Timestamp) -> Result<Opened, LoadError> {
    open_with(source, now, Err)
}

impl Opened {
    /// As [`open`], but what was kept and is refused is left aside, to be replaced by [`Opened::update`]; `refused` is told
    /// why, each time.
    ///
    /// # Errors
    /// If the file cannot be used, or the cache folder itself.
    pub fn anew(source: Source, now: Timestamp, mut refused: impl FnMut(LoadError)) -> Result<Self, LoadError> {
        open_with(source, now, |error| match error {
            LoadError::CacheRefused { .. } | LoadError::CacheRollback { .. } => {
                refused(error);
                Ok(())
            }
            other => Err(other),
        })
    }

    /// Whether [`Opened::finish`] will make requests.
    #[must_use]
    pub fn needs_network(&self) -> bool {
        match &self.state {
            State::File(_) => false,
            State::Copies { copies, offline } => !offline && copies.iter().any(|copy| !copy.is_fresh(self.now)),
        }
    }

    /// Without any request: what was kept, else what is embedded.
    ///
    /// # Errors
    /// If there is neither, or if it cannot be used.
    pub fn locally(self) -> Result<Arc<Loaded>, LoadError> {
        match self.state {
            State::File(loaded) => Ok(loaded),
            State::Copies { copies, offline } => {
                let why = offline.then(|| "--offline".to_owned());
                let outcomes = copies.into_iter().map(|copy| Outcome {
                    copy,
                    new: None,
                    unreachable: why.clone(),
                });
                assemble(&outcomes.collect::<Vec<_>>(), self.now).map(Arc::new)
            }
        }
    }

    /// Refreshes what is not fresh, all repositories side by side, for at most [`QUICK`]; then as [`Opened::locally`].
    ///
    /// # Errors
    /// If a repository answers wrongly; if one cannot be reached and there is no copy; if a root cannot be used.
    pub async fn finish(self, http: &Client) -> Result<Arc<Loaded>, LoadError> {
        if !self.needs_network() {
            return self.locally();
        }
        self.refresh(http, QUICK, false).await
    }

    /// Refreshes everything, however fresh, for at most [`THOROUGH`].
    ///
    /// # Errors
    /// If a repository answers wrongly or cannot be reached, or if a root cannot be used.
    pub async fn update(self, http: &Client) -> Result<Arc<Loaded>, LoadError> {
        self.refresh(http, THOROUGH, true).await
    }

    async fn refresh(self, http: &Client, within: Duration, forced: bool) -> Result<Arc<Loaded>, LoadError> {
        let copies = match self.state {
            State::File(loaded) => return Ok(loaded),
            State::Copies { copies, .. } => copies,
        };
        let now = self.now;
        let client = match fetch::client(http) {
            Ok(client) => client,
            Err(error) => {
                let url = copies
                    .first()
                    .map_or_else(String::new, |copy| copy.repository.url.to_string());
                return Err(LoadError::Unreachable {
                    url,
                    reason: error.to_string(),
                });
            }
        };
        let each = copies
            .into_iter()
            .map(|copy| copy.refresh(&client, now, within, forced));
        let outcomes = join_all(each).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut loaded = assemble(&outcomes, now)?;
        loaded.requests = client.request_count();
        Ok(Arc::new(loaded))
    }
}

impl Copy {
    /// Refreshed less than [`FRESH_FOR`] ago (and not in the future), with nothing expired.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.kept.as_ref().is_some_and(|kept| {
            let age = now.duration_since(kept.refreshed);
            (SignedDuration::ZERO..FRESH_FOR).contains(&age) && metadata::expired(&kept.set, now).is_none()
        })
    }

    async fn refresh(
        self,
        client: &Client,
        now: Timestamp,
        within: Duration,
        forced: bool,
    ) -> Result<Outcome, LoadError> {
        if !forced && self.is_fresh(now) {
            return Ok(Outcome {
                copy: self,
                new: None,
                unreachable: None,
            });
        }
        let address = slsa_pip_http::redact(&self.repository.url);
        let fetch = Fetch {
            client,
            base: &self.repository.url,
        };
        let attempt = refresh(&self.repository, self.kept.as_ref(), &fetch, now);
        let reason = match tokio::time::timeout(within, attempt).await {
            Ok(Ok(new)) => {
                return Ok(Outcome {
                    copy: self,
                    new: Some(new),
                    unreachable: None,
                });
            }
            Ok(Err(FetchError::Refused(problem))) => return Err(LoadError::Refused { url: address, problem }),
            Ok(Err(FetchError::Unreachable(reason))) => reason,
            Err(_) => format!("it took longer than {} s", within.as_secs()),
        };
        if forced {
            return Err(LoadError::Unreachable { url: address, reason });
        }
        Ok(Outcome {
            copy: self,
            new: None,
            unreachable: Some(format!("{address}: {reason}")),
        })
    }
}

fn open_with(
    source: Source,
    now: Timestamp,
    mut on_refused: impl FnMut(LoadError) -> Result<(), LoadError>,
) -> Result<Opened, LoadError> {
    let (repositories, cache, offline) = match source {
        Source::File(path) => {
            let state = State::File(Arc::new(from_file(&path)?));
            return Ok(Opened { now, state });
        }
        Source::Repositories {
            repositories,
            cache,
            offline,
        } => (repositories, cache, offline),
    };
    let folder = |repository: &Repository| match &cache {
        Some(cache) => cache.folder(FOLDER)?.folder(&repository.folder()).map(Some),
        None => Ok(None),
    };
    let mut places = Vec::new();
    for repository in repositories {
        let folder = folder(&repository)?;
        places.push((repository, folder));
    }
    let found = read_all(&places);
    let mut copies = Vec::new();
    for ((repository, folder), found) in places.into_iter().zip(found) {
        let (kept, anew) = match found {
            Ok(kept) => (kept, false),
            Err(error) => {
                on_refused(error)?;
                (None, true)
            }
        };
        copies.push(Copy {
            repository,
            folder,
            kept,
            anew,
        });
    }
    let state = State::Copies { copies, offline };
    Ok(Opened { now, state })
}

/// What was kept of each repository, verified side by side: the signatures take most of the time of a run that makes no request.
fn read_all(places: &[(Repository, Option<CacheFolder>)]) -> Vec<Result<Option<Kept>, LoadError>> {
    let read = |(repository, folder): &(Repository, Option<CacheFolder>)| match folder {
        Some(folder) => kept::read(repository, folder),
        None => Ok(None),
    };
    let Some((first, others)) = places.split_first() else {
        return Vec::new();
    };
    std::thread::scope(|threads| {
        let others: Vec<_> = others.iter().map(|place| threads.spawn(move || read(place))).collect();
        let mut all = vec![read(first)];
        for other in others {
            all.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}
