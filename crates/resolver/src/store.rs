//! Pages and metadata as the solver knows them, fetched once each, and fetched ahead of need.
//!
//! What is known only decides how long the solver waits, never what it decides: it always asks by key and waits for
//! the answer, so results do not depend on the timing of the network.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, mpsc as blocking};

use slsa_pip_distribution::specifier::contains;
use slsa_pip_distribution::{CoreMetadata, PackageName, Requirement, VersionSpecifiers};
use tokio::sync::mpsc;
use url::Url;

use crate::direct;
use crate::error::ResolveError;
use crate::fetch::{Answer, Want, Wish};
use crate::installed::{self, InstalledMetadata};
use crate::page::{self, Kind, Page, Release};
use crate::request::Request;
use crate::source::{CandidateFile, Ruling, SourceError};
use crate::version_set::{Index, VersionSet};

/// Most projects that one resolution may look at; the largest real environments have under a thousand.
pub const MAX_PROJECTS: usize = 4_000;
/// Most metadata files that one resolution may need; long real backtracking takes about three hundred.
pub const MAX_METADATA_FETCHES: usize = 2_000;
/// Most fetches ahead of need: a little more than the largest real environments can use.
const MAX_AHEAD: usize = 3_000;

/// Most releases that one resolution may ask about whether they may be chosen: as many as the largest real environments have
/// projects, with some to spare for those that may not.
pub const MAX_RULINGS: usize = 1_500;
/// Most releases of one project that are ruled out one after the other. Whoever has published so many in a row without what is
/// wanted has mostly never published it, and each costs a search.
pub const MAX_RULED_OUT: usize = 16;
/// Most releases of one project that are asked about ahead, once one was ruled out.
const MAX_RULINGS_AHEAD: usize = 4;
/// Most releases of one project fetched ahead at a time where that takes a part of each wheel.
const MAX_COSTLY: usize = 16;

/// Why the solver stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Error(Box<ResolveError>),
    /// The rules or pages have changed, so the run starts anew.
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

type Known<T> = Result<Arc<T>, ResolveError>;

pub(crate) struct Store<F> {
    request: Arc<Request>,
    wishes: mpsc::UnboundedSender<Wish<F>>,
    answers: blocking::Receiver<Answer<F>>,
    /// The pages that this run decides on.
    pages: HashMap<PackageName, Known<Page<F>>>,
    /// Pages of indexes, fetched ahead, of projects whose installed release still does.
    held: HashMap<PackageName, Known<Page<F>>>,
    metadata: HashMap<(PackageName, Index), Result<Arc<CoreMetadata>, SourceError>>,
    installed: HashMap<PackageName, Arc<InstalledMetadata>>,
    /// Projects of which what is installed does not do, so that their index was asked.
    opened: BTreeSet<PackageName>,
    /// What the user asked for by name.
    named: BTreeSet<PackageName>,
    links: BTreeMap<PackageName, Vec<(Url, Requirement)>>,
    direct: HashMap<(PackageName, usize), Result<CandidateFile<F>, SourceError>>,
    needed_pages: HashSet<PackageName>,
    needed_metadata: HashSet<(PackageName, Index)>,
    ahead: HashSet<(PackageName, Option<Index>)>,
    /// Releases fetched ahead that the solver may never come to.
    distant: HashSet<(PackageName, Index)>,
    rulings: HashMap<(PackageName, Index), Result<Ruling, SourceError>>,
    needed_rulings: HashSet<(PackageName, Index)>,
    /// How many releases of each project were ruled out when they were needed.
    ruled_out: HashMap<PackageName, usize>,
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
            links: direct::links(&request),
            named: installed::named(&request),
            request,
            wishes,
            answers,
            pages: HashMap::new(),
            held: HashMap::new(),
            metadata: HashMap::new(),
            installed: HashMap::new(),
            opened: BTreeSet::new(),
            direct: HashMap::new(),
            needed_pages: HashSet::new(),
            needed_metadata: HashSet::new(),
            ahead: HashSet::new(),
            distant: HashSet::new(),
            rulings: HashMap::new(),
            needed_rulings: HashSet::new(),
            ruled_out: HashMap::new(),
            sets: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Waits until the pages of all `names` are known. A project that no index has gets an empty page; one whose
    /// installed release is preferred, and was not [opened](Self::open), one with nothing but that release.
    pub(crate) fn need_pages<'a>(&mut self, names: impl IntoIterator<Item = &'a PackageName>) -> Result<(), Stop> {
        let mut missing = Vec::new();
        for name in names {
            self.needed_pages.insert(name.clone());
            if self.needed_pages.len() > MAX_PROJECTS {
                return Err(over("projects", MAX_PROJECTS));
            }
            if self.pages.contains_key(name) {
                continue;
            }
            if let Some(page) = self.installed_page(name) {
                self.pages.insert(name.clone(), Ok(Arc::new(page)));
            } else if let Some(page) = self.held.remove(name) {
                self.place(name, page);
            } else if let Some(links) = self.links.get(name) {
                for (place, (url, _)) in links.iter().enumerate() {
                    self.wish(Want::Direct(name.clone(), place, url.clone()), true)?;
                }
            } else {
                self.wish(Want::Page(name.clone()), true)?;
            }
            missing.push(name.clone());
        }
        for name in missing {
            while !self.pages.contains_key(&name) {
                self.absorb_one()?;
            }
            if let Some(Err(error)) = self.pages.get(&name) {
                return Err(error.clone().into());
            }
        }
        Ok(())
    }

    /// A page that was needed before.
    pub(crate) fn page(&self, name: &PackageName) -> Option<&Arc<Page<F>>> {
        self.pages.get(name)?.as_ref().ok()
    }

    /// Whether a release is installed, and may stay.
    pub(crate) fn is_installed(&self, name: &PackageName, index: Index) -> bool {
        let release = self.page(name).and_then(|page| page.release(index));
        release.is_some_and(|release| release.installed)
    }

    /// Whether what is installed of a project is preferred to newer releases.
    pub(crate) fn prefers_installed(&self, name: &PackageName) -> bool {
        installed::prefers(&self.request, name, self.named.contains(name))
    }

    /// Gives up that the installed release alone will do, if that was assumed: from the next run on, the project's index
    /// counts. Returns whether anything changes.
    pub(crate) fn open(&mut self, name: &PackageName) -> bool {
        let assumed = self.page(name).is_some_and(|page| page.kind == Kind::Installed);
        if assumed {
            self.opened.insert(name.clone());
            self.pages.remove(name);
            self.sets.remove(name);
        }
        assumed
    }

    /// Whether the files that the user named of a project all have a digest, which is then part of their URLs.
    pub(crate) fn linked_with_digest(&self, name: &PackageName) -> bool {
        let page = self.page(name).filter(|page| page.kind == Kind::Direct);
        let digest = |release: &Release<F>| release.link.as_ref().and_then(direct::digest);
        page.is_some_and(|page| page.releases.iter().all(|release| digest(release).is_some()))
    }

    /// How many projects were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.len()
    }

    /// The page with nothing but the installed release, if that is where to begin.
    fn installed_page(&self, name: &PackageName) -> Option<Page<F>> {
        let begin = !self.opened.contains(name) && !self.links.contains_key(name) && self.prefers_installed(name);
        let installed = installed::usable(&self.request, name).filter(|_| begin)?;
        let constraints = page::constraints(name, &self.request);
        let allowed = page::excluding(&constraints, &installed.version).is_none();
        allowed.then(|| Page::installed(installed.version.clone()))
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

    /// What is installed of a project, read; it must be installed.
    pub(crate) fn installed_metadata(&mut self, name: &PackageName) -> Option<Arc<InstalledMetadata>> {
        if !self.installed.contains_key(name) {
            let found = InstalledMetadata::read(installed::usable(&self.request, name)?);
            self.installed.insert(name.clone(), Arc::new(found));
        }
        self.installed.get(name).cloned()
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
                Some(Err(error)) => return Err(failed(name, format!("the metadata of {filename}"), error).into()),
                None => self.absorb_one()?,
            }
        }
    }

    /// Why a release that is not installed may not be chosen, waiting for the source's ruling where rulings are asked for.
    pub(crate) fn need_ruling(&mut self, name: &PackageName, index: Index) -> Result<Option<String>, Stop> {
        let key = (name.clone(), index);
        let Some(file) = self.file_to_rule_on(name, index) else {
            return Ok(None);
        };
        if !self.needed_rulings.contains(&key) && self.ruled_out.get(name).is_some_and(|count| *count >= MAX_RULED_OUT)
        {
            let more = format!("is not looked at, after {MAX_RULED_OUT} others that may not be chosen");
            return Ok(Some(more));
        }
        let new = self.needed_rulings.insert(key.clone());
        if self.needed_rulings.len() > MAX_RULINGS {
            return Err(over("releases whose acceptability was looked into", MAX_RULINGS));
        }
        if !self.rulings.contains_key(&key) {
            self.wish(Want::Ruling(name.clone(), index, file), true)?;
        }
        loop {
            match self.rulings.get(&key) {
                Some(Ok(Ruling::Eligible)) => return Ok(None),
                Some(Ok(Ruling::Out(reason))) => {
                    if new {
                        *self.ruled_out.entry(name.clone()).or_default() += 1;
                    }
                    return Ok(Some(reason.clone()));
                }
                Some(Err(error)) => return Err(failed(name, "what speaks for a release".to_owned(), error).into()),
                None => self.absorb_one()?,
            }
        }
    }

    /// The wheel of a release on which the source has to rule; `None` if it has not to.
    fn file_to_rule_on(&self, name: &PackageName, index: Index) -> Option<F> {
        let release = self.page(name).and_then(|page| page.release(index))?;
        let wanted = self.request.ask_rulings && !release.installed;
        release
            .wheel
            .as_ref()
            .ok()
            .filter(|_| wanted)
            .map(|wheel| wheel.file.clone())
    }

    /// Asks for the ruling on a release whose metadata is there, before the solver needs it.
    fn ruling_ahead(&mut self, name: &PackageName, index: Index) {
        let key = (name.clone(), index);
        if !matches!(self.metadata.get(&key), Some(Ok(_))) || self.rulings.contains_key(&key) {
            return;
        }
        // After so many, no further one is looked at, so that asking would be for nothing.
        if self.ruled_out.get(name).is_some_and(|count| *count >= MAX_RULED_OUT) {
            return;
        }
        if let Some(file) = self.file_to_rule_on(name, index) {
            let _ = self.wish(Want::Ruling(name.clone(), index, file), false);
        }
    }

    /// Fetches ahead the metadata of the best release of `set`, and what that will need.
    pub(crate) fn fetch_ahead(&mut self, name: &PackageName, set: &VersionSet) {
        self.best_ahead(name, set, 1);
    }

    /// Fetches ahead the metadata of the `count` best releases of `set`. Of what they require, only the pages: most of them
    /// are given up for what they say.
    pub(crate) fn batch_ahead(&mut self, name: &PackageName, set: &VersionSet, count: usize) {
        let asked = self.best_ahead(name, set, count);
        self.distant
            .extend(asked.into_iter().map(|index| (name.clone(), index)));
        if !self.ruled_out.contains_key(name) {
            return;
        }
        // What comes next is as likely to be ruled out.
        let Some(page) = self.page(name).cloned() else {
            return;
        };
        let fetchable = page
            .numbered()
            .rev()
            .filter(|(index, release)| set.has(*index) && release.wheel.is_ok());
        for (index, _) in fetchable.take(MAX_RULINGS_AHEAD) {
            self.distant.remove(&(name.clone(), index));
            self.ruling_ahead(name, index);
        }
    }

    /// Returns what is newly asked for.
    fn best_ahead(&mut self, name: &PackageName, set: &VersionSet, count: usize) -> Vec<Index> {
        let mut asked = Vec::new();
        let Some(page) = self.page(name).cloned() else {
            return asked;
        };
        if self.prefers_installed(name) && page.kept().is_some_and(|index| set.has(index)) {
            return asked;
        }
        let final_first = [false, true].into_iter().flat_map(|prerelease| {
            page.numbered()
                .rev()
                .filter(move |(_, release)| release.version.any_prerelease() == prerelease)
        });
        let wheels = final_first.filter_map(|(index, release)| {
            let wheel = release.wheel.as_ref().ok()?;
            let wanted = set.has(index) && !release.installed && wheel.yanked.is_none();
            wanted.then_some((index, wheel))
        });
        for (place, (index, wheel)) in wheels.take(count).enumerate() {
            if place >= MAX_COSTLY && !wheel.metadata_served {
                break;
            }
            let file = wheel.file.clone();
            let new = !self.metadata.contains_key(&(name.clone(), index));
            if new && self.may_fetch_ahead(name, Some(index)) {
                asked.push(index);
                // If nobody listens any more, the next thing that is needed finds out.
                let _ = self.wish(Want::Metadata(name.clone(), index, file), false);
            }
        }
        asked
    }

    fn requirement_ahead(&mut self, requirement: &Requirement, distant: bool) {
        let name = requirement.name();
        if requirement.url().is_some() || self.links.contains_key(name) {
            return;
        }
        let installed = installed::usable(&self.request, name)
            .filter(|_| self.installed_page(name).is_some())
            .is_some_and(|installed| contains(requirement.specifiers(), &installed.version));
        if installed {
            // That will do.
        } else if self.page(name).is_some_and(|page| page.kind != Kind::Installed) {
            if !distant {
                let set = self.matching(name, requirement.specifiers());
                self.fetch_ahead(name, &set);
            }
        } else {
            if !distant {
                let waiting = self.waiting.entry(name.clone()).or_default();
                waiting.push(requirement.specifiers().clone());
            }
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
                let page = self.index_page(&name, &answer).map(Arc::new);
                if self.pages.contains_key(&name) || self.installed_page(&name).is_some() {
                    self.held.insert(name, page);
                } else {
                    self.place(&name, page);
                }
            }
            Answer::Direct(name, place, answer) => {
                self.direct.insert((name.clone(), place), answer);
                if let Some(page) = self.direct_page(&name) {
                    self.place(&name, page.map(Arc::new));
                }
            }
            Answer::Ruling(name, index, answer) => {
                self.rulings.insert((name, index), answer);
            }
            Answer::Metadata(name, index, answer) => {
                let distant = self.distant.contains(&(name.clone(), index));
                self.metadata.insert((name.clone(), index), answer.clone());
                if !distant {
                    self.ruling_ahead(&name, index);
                }
                if let (Ok(metadata), false) = (answer, self.request.no_deps) {
                    let request = Arc::clone(&self.request);
                    let applying = metadata
                        .requires_dist
                        .iter()
                        .filter(|requirement| requirement.applies(&request.env, None));
                    applying.for_each(|requirement| self.requirement_ahead(requirement, distant));
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, name: &PackageName, page: Known<Page<F>>) {
        let waiting = self.waiting.remove(name).unwrap_or_default();
        self.pages.insert(name.clone(), page);
        for specifiers in waiting {
            let set = self.matching(name, &specifiers);
            self.fetch_ahead(name, &set);
        }
    }

    fn index_page(
        &self,
        name: &PackageName,
        answer: &Result<Arc<Vec<CandidateFile<F>>>, SourceError>,
    ) -> Result<Page<F>, ResolveError> {
        let files = match answer {
            Ok(files) => Some(files.as_slice()),
            Err(SourceError::NotFound) => None,
            Err(error) => return Err(failed(name, "the index page".to_owned(), error)),
        };
        let mut remote = files.unwrap_or_default().iter().filter(|file| !file.local);
        let untimed = remote.find(|file| self.request.uploaded_prior_to.is_some() && file.uploaded.is_none());
        if let Some(file) = untimed {
            return Err(ResolveError::UploadTimeMissing {
                name: name.clone(),
                filename: file.filename.to_string(),
            });
        }
        let installed = installed::usable(&self.request, name).map(|installed| &installed.version);
        Ok(Page::new(name, files, installed, &self.request))
    }

    /// The page of a project whose files the user named, once all of them are known.
    fn direct_page(&self, name: &PackageName) -> Option<Result<Page<F>, ResolveError>> {
        let links = self.links.get(name)?;
        let mut files = Vec::with_capacity(links.len());
        for (place, (url, requirement)) in links.iter().enumerate() {
            let unusable = |reason: String| ResolveError::DirectUrl {
                name: name.clone(),
                requirement: requirement.to_string(),
                reason,
            };
            match self.direct.get(&(name.clone(), place))? {
                Ok(file) if file.filename.name() != name => {
                    let reason = format!("it names a file of {}", file.filename.name());
                    return Some(Err(unusable(reason)));
                }
                Ok(file) => files.push((url.clone(), file.clone())),
                Err(SourceError::Unusable(reason)) => return Some(Err(unusable(reason.clone()))),
                Err(error) => return Some(Err(failed(name, format!("the file `{requirement}`"), error))),
            }
        }
        Some(Ok(Page::direct(name, &files, &self.request)))
    }
}

fn over(what: &'static str, limit: usize) -> Stop {
    ResolveError::Budget { what, limit }.into()
}

fn failed(name: &PackageName, what: String, error: &SourceError) -> ResolveError {
    ResolveError::Source {
        name: name.clone(),
        what,
        source: error.clone(),
    }
}
