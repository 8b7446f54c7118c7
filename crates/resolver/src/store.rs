//! Pages and metadata as the solver knows them, fetched once each, and fetched ahead of need.
//!
//! What is known only decides how long the solver waits, never what it decides: it always asks by key and waits for
//! the answer, so results do not depend on the timing of the network.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, mpsc as blocking};

use slsa_pip_distribution::{CoreMetadata, PackageName, Requirement, VersionSpecifiers};
use tokio::sync::mpsc;

use crate::error::ResolveError;
use crate::fetch::{Answer, Want, Wish};
use crate::page::Page;
use crate::request::Request;
use crate::source::SourceError;
use crate::version_set::{Index, VersionSet};

/// Most projects that one resolution may look at; the largest real environments have under a thousand.
pub const MAX_PROJECTS: usize = 4_000;
/// Most metadata files that one resolution may need; long real backtracking takes about three hundred.
pub const MAX_METADATA_FETCHES: usize = 2_000;
/// Most fetches ahead of need: a little more than the largest real environments can use.
const MAX_AHEAD: usize = 3_000;

/// Why the solver stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Error(Box<ResolveError>),
    /// The rules have changed, so the run starts anew.
    #[error("restart")]
    Restart,
    /// Nobody waits for the result any more.
    #[error("cancelled")]
    Cancelled,
}

impl From<ResolveError> for Stop {
    fn from(error: ResolveError) -> Self {
        Self::Error(Box::new(error))
    }
}

type Known<T> = Result<Arc<T>, SourceError>;

pub(crate) struct Store<F> {
    request: Arc<Request>,
    wishes: mpsc::UnboundedSender<Wish<F>>,
    answers: blocking::Receiver<Answer<F>>,
    pages: HashMap<PackageName, Known<Page<F>>>,
    metadata: HashMap<(PackageName, Index), Known<CoreMetadata>>,
    needed_pages: HashSet<PackageName>,
    needed_metadata: HashSet<(PackageName, Index)>,
    ahead: HashSet<(PackageName, Option<Index>)>,
    /// What specifiers mean on a page; the same few are met again and again.
    sets: HashMap<PackageName, HashMap<VersionSpecifiers, VersionSet>>,
    /// Requirements whose best release is to be fetched as soon as the page is there.
    waiting: HashMap<PackageName, Vec<VersionSpecifiers>>,
}

impl<F: Clone> Store<F> {
    pub(crate) fn new(
        request: Arc<Request>,
        wishes: mpsc::UnboundedSender<Wish<F>>,
        answers: blocking::Receiver<Answer<F>>,
    ) -> Self {
        Self {
            request,
            wishes,
            answers,
            pages: HashMap::new(),
            metadata: HashMap::new(),
            needed_pages: HashSet::new(),
            needed_metadata: HashSet::new(),
            ahead: HashSet::new(),
            sets: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Waits until the pages of all `names` are known. A project that no index has gets an empty page.
    pub(crate) fn need_pages<'a>(&mut self, names: impl IntoIterator<Item = &'a PackageName>) -> Result<(), Stop> {
        let mut missing = Vec::new();
        for name in names {
            self.needed_pages.insert(name.clone());
            if self.needed_pages.len() > MAX_PROJECTS {
                return Err(over("projects", MAX_PROJECTS));
            }
            if !self.pages.contains_key(name) {
                self.wish(Want::Page(name.clone()), true)?;
                missing.push(name.clone());
            }
        }
        for name in missing {
            while !self.pages.contains_key(&name) {
                self.absorb_one()?;
            }
            if let Some(Err(error)) = self.pages.get(&name) {
                return Err(failed(name, "the index page".to_owned(), error));
            }
        }
        Ok(())
    }

    /// A page that was needed before.
    pub(crate) fn page(&self, name: &PackageName) -> Option<&Arc<Page<F>>> {
        self.pages.get(name)?.as_ref().ok()
    }

    /// The releases that match, pre-releases, yanked and unusable ones included; none if the page is not known.
    pub(crate) fn matching(&mut self, name: &PackageName, specifiers: &VersionSpecifiers) -> VersionSet {
        let known = self.sets.get(name).and_then(|sets| sets.get(specifiers));
        if let Some(set) = known {
            return set.clone();
        }
        let Some(page) = self.page(name) else {
            return VersionSet::from_indices([]);
        };
        let set = page.matching(specifiers);
        let sets = self.sets.entry(name.clone()).or_default();
        sets.insert(specifiers.clone(), set.clone());
        set
    }

    /// Waits for the metadata of a release that has a wheel. The inner error is the reason why only this release is
    /// unusable.
    pub(crate) fn need_metadata(
        &mut self,
        name: &PackageName,
        index: Index,
    ) -> Result<Result<Arc<CoreMetadata>, String>, Stop> {
        let key = (name.clone(), index);
        let wheel = self
            .page(name)
            .and_then(|page| page.release(index)?.wheel.as_ref().ok())
            .map(|wheel| (wheel.file.clone(), wheel.filename.to_string()));
        let Some((file, filename)) = wheel else {
            return Ok(Err("has no wheel".to_owned()));
        };
        self.needed_metadata.insert(key.clone());
        if self.needed_metadata.len() > MAX_METADATA_FETCHES {
            return Err(over("metadata files", MAX_METADATA_FETCHES));
        }
        if !self.metadata.contains_key(&key) {
            self.wish(Want::Metadata(name.clone(), index, file), true)?;
        }
        loop {
            match self.metadata.get(&key) {
                Some(Ok(metadata)) => return Ok(Ok(Arc::clone(metadata))),
                Some(Err(SourceError::Unusable(reason))) => return Ok(Err(reason.clone())),
                Some(Err(error)) => return Err(failed(name.clone(), format!("the metadata of {filename}"), error)),
                None => self.absorb_one()?,
            }
        }
    }

    /// Fetches ahead the metadata of the `count` best releases of `set`.
    pub(crate) fn fetch_ahead(&mut self, name: &PackageName, set: &VersionSet, count: usize) {
        let Some(page) = self.page(name).cloned() else {
            return;
        };
        let final_first = [false, true].into_iter().flat_map(|prerelease| {
            page.numbered()
                .rev()
                .filter(move |(_, release)| release.version.any_prerelease() == prerelease)
        });
        let wheels = final_first.filter_map(|(index, release)| {
            let wheel = release.wheel.as_ref().ok()?;
            (set.has(index) && wheel.yanked.is_none()).then(|| (index, wheel.file.clone()))
        });
        for (index, file) in wheels.take(count) {
            let new = !self.metadata.contains_key(&(name.clone(), index));
            if new && self.may_fetch_ahead(name, Some(index)) {
                // If nobody listens any more, the next thing that is needed finds out.
                let _ = self.wish(Want::Metadata(name.clone(), index, file), false);
            }
        }
    }

    fn requirement_ahead(&mut self, requirement: &Requirement) {
        let name = requirement.name();
        if requirement.url().is_some() {
            return;
        }
        if self.page(name).is_some() {
            let set = self.matching(name, requirement.specifiers());
            self.fetch_ahead(name, &set, 1);
        } else {
            let waiting = self.waiting.entry(name.clone()).or_default();
            waiting.push(requirement.specifiers().clone());
            if self.may_fetch_ahead(name, None) {
                let _ = self.wish(Want::Page(name.clone()), false);
            }
        }
    }

    fn may_fetch_ahead(&mut self, name: &PackageName, index: Option<Index>) -> bool {
        self.ahead.len() < MAX_AHEAD && self.ahead.insert((name.clone(), index))
    }

    fn wish(&self, want: Want<F>, urgent: bool) -> Result<(), Stop> {
        self.wishes.send(Wish { want, urgent }).map_err(|_| Stop::Cancelled)
    }

    fn absorb_one(&mut self) -> Result<(), Stop> {
        match self.answers.recv().map_err(|_| Stop::Cancelled)? {
            Answer::Page(name, answer) => {
                let page = match answer {
                    Ok(files) => Ok(Arc::new(Page::new(&name, &files, &self.request))),
                    Err(SourceError::NotFound) => Ok(Arc::new(Page::missing())),
                    Err(error) => Err(error),
                };
                let waiting = self.waiting.remove(&name).unwrap_or_default();
                self.pages.insert(name.clone(), page);
                for specifiers in waiting {
                    let set = self.matching(&name, &specifiers);
                    self.fetch_ahead(&name, &set, 1);
                }
            }
            Answer::Metadata(name, index, answer) => {
                self.metadata.insert((name, index), answer.clone());
                if let Ok(metadata) = answer {
                    let request = Arc::clone(&self.request);
                    let applying = metadata
                        .requires_dist
                        .iter()
                        .filter(|requirement| requirement.applies(&request.env, None));
                    applying.for_each(|requirement| self.requirement_ahead(requirement));
                }
            }
        }
        Ok(())
    }
}

fn over(what: &'static str, limit: usize) -> Stop {
    ResolveError::Budget { what, limit }.into()
}

fn failed(name: PackageName, what: String, error: &SourceError) -> Stop {
    ResolveError::Source {
        name,
        what,
        source: error.clone(),
    }
    .into()
}
