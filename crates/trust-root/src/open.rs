//! Which copy is used (rule B9): refreshed from the repository, else kept, else embedded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use slsa_pip_cache::CacheFolder;
use slsa_pip_http::Client;
use slsa_pip_verify::{Instance, RootError, TrustRoots};

use crate::describe;
use crate::embedded::EMBEDDED_DATE;
use crate::error::LoadError;
use crate::fetch::{self, Fetch, FetchError};
use crate::file::from_file;
use crate::kept::{self, Kept};
use crate::limits::{FRESH_FOR, QUICK, THOROUGH};
use crate::loaded::{Loaded, Part};
use crate::metadata;
use crate::origin::Origin;
use crate::problem::Problem;
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
struct Copy {
    repository: Repository,
    folder: Option<CacheFolder>,
    kept: Option<Kept>,
    /// Whether what is there was refused and is to be replaced.
    anew: bool,
}

/// What a refresh has brought.
struct Outcome {
    copy: Copy,
    /// The new copy; `None` where the kept one is used.
    new: Option<Kept>,
    /// Why it is not fresh.
    unreachable: Option<String>,
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
    fn is_fresh(&self, now: Timestamp) -> bool {
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
    let mut copies = Vec::new();
    for repository in repositories {
        let folder = match &cache {
            Some(cache) => Some(cache.folder(FOLDER)?.folder(&repository.folder())?),
            None => None,
        };
        let (kept, anew) = match folder.as_ref().map(|folder| kept::read(&repository, folder)) {
            None => (None, false),
            Some(Ok(kept)) => (kept, false),
            Some(Err(error)) => {
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

/// Prepares the roots, then keeps what is new: what cannot be used is not kept either.
fn assemble(outcomes: &[Outcome], now: Timestamp) -> Result<Loaded, LoadError> {
    let parts = outcomes
        .iter()
        .map(|outcome| part(outcome, now))
        .collect::<Result<Vec<_>, _>>()?;
    let roots = prepare(&parts).map_err(|source| unusable(outcomes, &parts, source))?;
    let mut loaded = Loaded::new(roots, parts);
    loaded.notes.extend(not_fresh(outcomes, &loaded.parts, now));
    for outcome in outcomes {
        if let (Some(new), Some(folder)) = (&outcome.new, &outcome.copy.folder)
            && let Err(error) = kept::write(&outcome.copy.repository, folder, new, outcome.copy.anew)
        {
            loaded
                .notes
                .push(format!("the trusted root could not be kept: {}", in_one_line(&error)));
        }
    }
    Ok(loaded)
}

/// The copy that is used of a repository.
fn part(outcome: &Outcome, now: Timestamp) -> Result<Part, LoadError> {
    let Copy { repository, kept, .. } = &outcome.copy;
    let url = Some(repository.url.clone());
    if let Some(used) = outcome.new.as_ref().or(kept.as_ref()) {
        let refreshed = used.refreshed;
        let fresh = outcome.new.is_some() || outcome.copy.is_fresh(now);
        return Ok(Part {
            name: repository.name,
            url,
            origin: if fresh {
                Origin::Fresh { refreshed }
            } else {
                Origin::Cached { refreshed }
            },
            roles: describe::roles(&used.set),
            json: used.files.target.clone(),
        });
    }
    let address = slsa_pip_http::redact(&repository.url);
    match (repository.embedded, &outcome.unreachable) {
        (Some(json), _) => {
            let origin = Origin::Embedded { taken: EMBEDDED_DATE };
            Ok(Part::plain(repository.name, url, origin, json.to_owned()))
        }
        (None, Some(reason)) if reason != "--offline" => Err(LoadError::Unreachable {
            url: address,
            reason: reason.clone(),
        }),
        (None, _) => Err(LoadError::NoCopy { url: address }),
    }
}

fn prepare(parts: &[Part]) -> Result<TrustRoots, RootError> {
    let json = |name| {
        parts
            .iter()
            .find(|part| part.name == name)
            .map(|part| part.json.as_str())
    };
    match json("public-good") {
        Some(public_good) => TrustRoots::new(public_good, json("github")),
        None => TrustRoots::custom(json("custom").unwrap_or_default()),
    }
}

/// Whose root cannot be used; a repository that has just served it is refused.
fn unusable(outcomes: &[Outcome], parts: &[Part], source: RootError) -> LoadError {
    let (RootError::Unreadable { instance, .. }
    | RootError::Unusable { instance, .. }
    | RootError::Incomplete { instance, .. }) = &source;
    let name = match instance {
        Instance::PublicGood => "public-good",
        Instance::Github => "github",
        Instance::Custom => "custom",
    };
    let found = outcomes.iter().zip(parts).find(|(_, part)| part.name == name);
    match found {
        Some((outcome, _)) if outcome.new.is_some() => LoadError::Refused {
            url: slsa_pip_http::redact(&outcome.copy.repository.url),
            problem: Problem::Unusable(Box::new(source)),
        },
        Some((_, part)) => LoadError::Unusable {
            origin: part.origin.clone(),
            source,
        },
        None => LoadError::Unusable {
            origin: Origin::Embedded { taken: EMBEDDED_DATE },
            source,
        },
    }
}

/// One note for all copies that are not fresh: which is used, how old it is, and why.
fn not_fresh(outcomes: &[Outcome], parts: &[Part], now: Timestamp) -> Option<String> {
    let mut used = Vec::new();
    let mut reasons: Vec<&str> = Vec::new();
    for (outcome, part) in outcomes.iter().zip(parts) {
        if matches!(part.origin, Origin::Fresh { .. }) {
            continue;
        }
        let expired = outcome
            .copy
            .kept
            .as_ref()
            .and_then(|kept| metadata::expired(&kept.set, now))
            .map_or_else(String::new, |(role, end)| {
                format!(" (its {role} metadata expired on {end})")
            });
        used.push(format!("{}: {}{expired}", part.name, part.origin.describe(now)));
        reasons.extend(
            outcome
                .unreachable
                .as_deref()
                .filter(|reason| !reasons.contains(reason)),
        );
    }
    if used.is_empty() {
        return None;
    }
    let why = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join("; "))
    };
    Some(format!(
        "the trusted root was not refreshed{why}; used: {}",
        used.join("; ")
    ))
}

fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
