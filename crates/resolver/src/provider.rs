//! PubGrub's view of the index.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, VersionSet as _};
use slsa_pip_distribution::PackageName;

use crate::edges::{Edges, Reason, edges};
use crate::error::ResolveError;
use crate::package::Package;
use crate::request::Request;
use crate::rules::Rules;
use crate::store::{Stop, Store};
use crate::traits::Traits;
use crate::version_set::{Index, VersionSet};

/// Most decisions of one run. Long real backtracking takes some thousands; one takes microseconds once all is fetched.
pub const MAX_DECISIONS: usize = 200_000;
/// Most releases of one project fetched ahead when the solver goes from one to the next: a few rounds of requests, after
/// which as many have been looked at as real backtracking seldom exceeds.
const MAX_BATCH: usize = 64;
/// After so many releases of a project, older ones than are allowed now are fetched ahead too.
const DRIFT: u32 = 3;
/// A project that took part in this many conflicts is decided earlier than pip's order has it.
const CONFLICTS_PER_STEP: u32 = 5;

/// What the explanation wants to know beyond PubGrub's tree: who required what, and in which words.
pub(crate) type Texts = HashMap<(Package, Package), Vec<(VersionSet, BTreeSet<String>)>>;

/// The only release of [`Package::Root`].
pub(crate) const ROOT: Index = 0;

pub(crate) struct Run<'a, F> {
    request: &'a Request,
    inner: RefCell<Inner<'a, F>>,
}

pub(crate) struct Inner<'a, F> {
    pub(crate) store: &'a mut Store<F>,
    pub(crate) rules: &'a mut Rules,
    pub(crate) known: HashMap<(Package, Index), Edges>,
    pub(crate) texts: Texts,
    traits: HashMap<PackageName, Traits>,
    /// What of a package was allowed when that was last asked; only to know what is worth fetching.
    allowed: HashMap<Package, VersionSet>,
    /// The release that was decided on last, and how many others were before.
    tried: HashMap<PackageName, (Index, u32)>,
    decisions: usize,
    /// When a package was decided on last.
    pub(crate) when: HashMap<Package, usize>,
    /// Whether it turned out that the installed release alone will not do, so that this run is of no use.
    opened: bool,
}

impl<'a, F: Clone> Run<'a, F> {
    pub(crate) fn new(request: &'a Request, store: &'a mut Store<F>, rules: &'a mut Rules) -> Self {
        Self {
            request,
            inner: RefCell::new(Inner {
                store,
                rules,
                known: HashMap::new(),
                texts: HashMap::new(),
                traits: HashMap::new(),
                allowed: HashMap::new(),
                tried: HashMap::new(),
                decisions: 0,
                when: HashMap::new(),
                opened: false,
            }),
        }
    }

    pub(crate) fn into_inner(self) -> Inner<'a, F> {
        self.inner.into_inner()
    }
}

impl<F: Clone> Inner<'_, F> {
    /// pip would try other releases of a project that takes part in a conflict, even if one is installed.
    fn in_conflict(&mut self, name: &PackageName) {
        self.opened |= self.store.open(name);
    }

    /// Fetches the next releases ahead, in growing batches, where one after the other has to be given up.
    fn batch(&mut self, name: &PackageName, range: &VersionSet, best: Index) {
        let (last, changes) = self.tried.entry(name.clone()).or_insert((best, 0));
        if *last != best {
            *last = best;
            *changes += 1;
        }
        if *changes > 0 {
            let count = 1_usize.checked_shl(*changes).unwrap_or(MAX_BATCH).min(MAX_BATCH);
            self.store.batch_ahead(name, range, count);
            if *changes >= DRIFT {
                // What requires it goes from release to release as well, and the range with it.
                self.store.batch_ahead(name, &VersionSet::from_indices(0..best), count);
            }
        }
    }

    fn edges(&mut self, request: &Request, package: &Package, index: Index) -> Result<Edges, Stop> {
        let found = edges(self.store, self.rules, request, package, index)?;
        for (place, edge) in found.iter().flatten().enumerate() {
            if let Some(requirement) = &edge.requirement {
                let traits = self.traits.entry(requirement.name().clone()).or_default();
                traits.learn(requirement, (*package == Package::Root).then_some(place));
                let texts = self.texts.entry((package.clone(), edge.to.clone())).or_default();
                let text = requirement.to_string();
                match texts.iter_mut().find(|(set, _)| *set == edge.set) {
                    Some((_, same)) => {
                        same.insert(text);
                    }
                    None => texts.push((edge.set.clone(), BTreeSet::from([text]))),
                }
            }
            if let (Package::Base(name), Some(_)) = (&edge.to, &edge.requirement) {
                let set = match self.allowed.get(&edge.to) {
                    Some(allowed) => allowed.intersection(&edge.set),
                    None => edge.set.clone(),
                };
                self.store.fetch_ahead(name, &set);
            }
        }
        self.known.insert((package.clone(), index), found.clone());
        Ok(found)
    }
}

impl<F: Clone> DependencyProvider for Run<'_, F> {
    type P = Package;
    type V = Index;
    type VS = VersionSet;
    /// Highest first: kind of package, conflicts, then pip's order, at last by name.
    type Priority = (u8, u32, Traits, Reverse<Option<PackageName>>);
    type M = Reason;
    type Err = Stop;

    fn prioritize(
        &self,
        package: &Package,
        range: &VersionSet,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let inner = &mut *self.inner.borrow_mut();
        if let (Some(name), 1..) = (package.project(), statistics.conflict_count()) {
            inner.in_conflict(name);
        }
        inner.allowed.insert(package.clone(), range.clone());
        let kind = match package {
            Package::Root => 3,
            // Both follow from the choice of one release, and say more about it.
            Package::Extra(..) | Package::ExtraDeps(..) => 2,
            Package::Base(_) => 1,
        };
        let traits = package.project().and_then(|name| inner.traits.get(name));
        let traits = traits.copied().unwrap_or_default();
        (
            kind,
            statistics.conflict_count() / CONFLICTS_PER_STEP,
            traits,
            Reverse(package.project().cloned()),
        )
    }

    fn choose_version(&self, package: &Package, range: &VersionSet) -> Result<Option<Index>, Stop> {
        let inner = &mut *self.inner.borrow_mut();
        if inner.opened {
            return Err(Stop::Restart);
        }
        inner.decisions += 1;
        if inner.decisions > MAX_DECISIONS {
            return Err(ResolveError::Budget {
                what: "decisions",
                limit: MAX_DECISIONS,
            }
            .into());
        }
        inner.when.insert(package.clone(), inner.decisions);
        let Some(name) = package.project() else {
            return Ok(Some(ROOT));
        };
        let Some(page) = inner.store.page(name).cloned() else {
            return Ok(None);
        };
        let prefer_installed = inner.store.prefers_installed(name);
        let best = inner.rules.best(name, &page, range, prefer_installed);
        if best.is_none() && inner.store.open(name) {
            return Err(Stop::Restart);
        }
        match (package, best) {
            (Package::Base(_), Some(best)) => inner.batch(name, range, best),
            (Package::ExtraDeps(_, extra), Some(best)) => {
                // Only this release fits the one that was chosen with its extra; the next ones are those that may be.
                let with_extra = Package::Extra(name.clone(), extra.clone());
                let range = inner.allowed.get(&with_extra).unwrap_or(range).clone();
                inner.batch(name, &range, best);
            }
            // Such a release is mostly given up without its metadata.
            _ => {}
        }
        Ok(best)
    }

    fn get_dependencies(
        &self,
        package: &Package,
        index: &Index,
    ) -> Result<Dependencies<Package, VersionSet, Reason>, Stop> {
        let inner = &mut *self.inner.borrow_mut();
        Ok(match inner.edges(self.request, package, *index)? {
            Ok(edges) => Dependencies::Available(edges.into_iter().map(|edge| (edge.to, edge.set)).collect()),
            Err(reason) => Dependencies::Unavailable(reason),
        })
    }
}
