//! What a derivation rests on, and in which order it is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pubgrub::{DerivationTree, Derived, External};
use slsa_pip_distribution::PackageName;

use crate::edges::Reason;
use crate::package::Package;
use crate::store::Store;
use crate::version_set::VersionSet;
use crate::wheel::Unusable;

pub(crate) type Tree = DerivationTree<Package, VersionSet, Reason>;
pub(crate) type Fact = External<Package, VersionSet, Reason>;
pub(crate) type Step = Derived<Package, VersionSet, Reason>;

/// The same derivation, told so that of two causes the one with the shorter reason comes first.
pub(crate) fn shortest_first(tree: &Tree) -> Tree {
    ordered(tree, &mut HashMap::new()).0
}

/// Parts that are already in order, by their address, with the number of steps that they take.
type Known = HashMap<*const Tree, (Arc<Tree>, usize)>;

fn ordered(tree: &Tree, known: &mut Known) -> (Tree, usize) {
    let DerivationTree::Derived(step) = tree else {
        return (tree.clone(), 1);
    };
    let ((first, first_length), (second, second_length)) = (part(&step.cause1, known), part(&step.cause2, known));
    let (cause1, cause2) = if second_length < first_length {
        (second, first)
    } else {
        (first, second)
    };
    let step = Derived {
        terms: step.terms.clone(),
        shared_id: step.shared_id,
        cause1,
        cause2,
    };
    let length = first_length.saturating_add(second_length).saturating_add(1);
    (DerivationTree::Derived(step), length)
}

fn part(cause: &Arc<Tree>, known: &mut Known) -> (Arc<Tree>, usize) {
    let key = Arc::as_ptr(cause);
    if let Some(found) = known.get(&key) {
        return found.clone();
    }
    let (tree, length) = ordered(cause, known);
    let found = (Arc::new(tree), length);
    known.insert(key, found.clone());
    found
}

/// All facts that a derivation rests on. A shared part is visited once.
pub(crate) fn facts(tree: &Tree) -> Vec<&Fact> {
    let mut seen = BTreeSet::new();
    let mut open = vec![tree];
    let mut found = Vec::new();
    while let Some(tree) = open.pop() {
        match tree {
            DerivationTree::External(fact) => found.push(fact),
            DerivationTree::Derived(step) => {
                if step.shared_id.is_none_or(|id| seen.insert(id)) {
                    open.push(&step.cause1);
                    open.push(&step.cause2);
                }
            }
        }
    }
    found
}

/// If nothing but one project stands in the way, that project: no requirement contradicts another, and the only dead
/// end is that it does not exist, or that all its fitting releases are source distributions.
pub(crate) fn single_cause<F: Clone>(tree: &Tree, store: &Store<F>) -> Option<(PackageName, Vec<PackageName>, Cause)> {
    let mut parents: BTreeMap<&PackageName, BTreeSet<&Package>> = BTreeMap::new();
    let mut dead_ends: BTreeSet<&PackageName> = BTreeSet::new();
    let mut stuck: Vec<&VersionSet> = Vec::new();
    for fact in facts(tree) {
        match fact {
            External::FromDependencyOf(from, _, to, set) => {
                let name = to.project()?;
                if from.project() != Some(name) {
                    parents.entry(name).or_default().insert(from);
                }
                if set.is_empty() {
                    dead_ends.insert(name);
                }
            }
            External::NoVersions(package, set) => {
                stuck.push(set);
                dead_ends.insert(package.project()?);
            }
            External::Custom(..) => return None,
            External::NotRoot(..) => {}
        }
    }
    let mut dead_ends = dead_ends.into_iter();
    let (Some(name), None) = (dead_ends.next(), dead_ends.next()) else {
        return None;
    };
    if parents.values().any(|from| from.len() > 1) {
        return None;
    }
    let page = store.page(name)?;
    let blocked: Vec<_> = page
        .numbered()
        .filter(|(index, _)| stuck.iter().any(|set| set.has(*index)))
        .map(|(_, release)| release.wheel.as_ref().err())
        .collect();
    let any = |cause: &Unusable| blocked.contains(&Some(cause));
    let all = |causes: &[Unusable]| {
        blocked
            .iter()
            .all(|reason| reason.is_some_and(|reason| causes.contains(reason)))
    };
    let cause = if !page.found() {
        Cause::Missing
    } else if any(&Unusable::OnlySdists) && all(&[Unusable::OnlySdists]) {
        Cause::OnlySdists
    } else if any(&Unusable::NoBinary) && all(&[Unusable::NoBinary, Unusable::OnlySdists, Unusable::NoWheel]) {
        Cause::WheelsExcluded
    } else {
        return None;
    };
    let by = parents.remove(name).unwrap_or_default();
    let by: BTreeSet<PackageName> = by.into_iter().filter_map(Package::project).cloned().collect();
    Some((name.clone(), by.into_iter().collect(), cause))
}

/// The projects that a derivation is about.
pub(crate) fn projects(tree: &Tree) -> BTreeSet<PackageName> {
    let packages = facts(tree).into_iter().flat_map(|fact| match fact {
        External::FromDependencyOf(from, _, to, _) => vec![from, to],
        External::NoVersions(package, _) | External::Custom(package, ..) | External::NotRoot(package, _) => {
            vec![package]
        }
    });
    packages.filter_map(Package::project).cloned().collect()
}

/// The projects of which a release stands in the way that the source has ruled out or excluded.
pub(crate) fn ruled_out<F: Clone>(tree: &Tree, store: &Store<F>) -> BTreeSet<PackageName> {
    let facts = facts(tree).into_iter();
    let projects = facts.filter_map(|fact| match fact {
        External::Custom(package, _, Reason::RuledOut(_)) => package.project(),
        External::NoVersions(package, set) => {
            let name = package.project()?;
            let mut releases = store.page(name)?.numbered().filter(|(index, _)| set.has(*index));
            let excluded = |reason: Option<&Unusable>| matches!(reason, Some(Unusable::Excluded(_)));
            releases
                .any(|(_, release)| excluded(release.wheel.as_ref().err()))
                .then_some(name)
        }
        _ => None,
    });
    projects.cloned().collect()
}

/// What alone stands in the way.
pub(crate) enum Cause {
    Missing,
    OnlySdists,
    WheelsExcluded,
}
