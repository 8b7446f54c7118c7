//! Releases of one project that are given up one after the other are told of in one sentence.

use std::collections::HashMap;
use std::sync::Arc;

use pubgrub::{DerivationTree, External, Term};
use slsa_pip_distribution::PackageName;

use crate::derivation::{Fact, Step, Tree};
use crate::edges::Reason;
use crate::package::Package;
use crate::version_set::{Index, VersionSet};

/// From how many releases on they are told of together.
const MANY: usize = 3;

/// The sentences that stand for many, by what they say, each with the fact about the newest release.
pub(crate) type Merged = HashMap<(Package, VersionSet, Option<(Package, VersionSet)>), (Index, Fact)>;

/// What a part of a derivation is about, if it is about the releases of one project alone: what they require of another one, or
/// why they cannot be used.
#[derive(Clone)]
struct About {
    project: PackageName,
    other: Option<PackageName>,
    /// Whether it says only that there are no more releases.
    missing: bool,
    releases: usize,
    newest: Option<(Index, Fact)>,
}

type Part = (Arc<Tree>, Option<About>);

pub(crate) struct Collapse<'a> {
    /// How many releases a project's page has.
    pub(crate) length: &'a dyn Fn(&PackageName) -> Index,
    pub(crate) merged: Merged,
    known: HashMap<*const Tree, Part>,
}

impl<'a> Collapse<'a> {
    pub(crate) fn new(length: &'a dyn Fn(&PackageName) -> Index) -> Self {
        Self {
            length,
            merged: Merged::new(),
            known: HashMap::new(),
        }
    }

    /// The same derivation, with such parts as single facts.
    pub(crate) fn collapse(&mut self, tree: &Tree) -> Tree {
        let (tree, _) = self.walk(tree);
        Arc::unwrap_or_clone(tree)
    }

    fn walk(&mut self, tree: &Tree) -> Part {
        let step = match tree {
            DerivationTree::External(fact) => return (Arc::new(tree.clone()), self.about(fact)),
            DerivationTree::Derived(step) => step,
        };
        let (first, second) = (self.part(&step.cause1), self.part(&step.cause2));
        let about = first.1.as_ref().zip(second.1.as_ref()).and_then(|(a, b)| a.with(b));
        let (cause1, cause2) = if about.is_some() {
            (first.0, second.0)
        } else {
            (self.merge(first), self.merge(second))
        };
        let step = Step {
            terms: step.terms.clone(),
            shared_id: step.shared_id,
            cause1,
            cause2,
        };
        (Arc::new(DerivationTree::Derived(step)), about)
    }

    fn part(&mut self, cause: &Arc<Tree>) -> Part {
        let key = Arc::as_ptr(cause);
        if let Some(found) = self.known.get(&key) {
            return found.clone();
        }
        let found = self.walk(cause);
        self.known.insert(key, found.clone());
        found
    }

    fn about(&self, fact: &Fact) -> Option<About> {
        let (package, other, set) = match fact {
            External::FromDependencyOf(from, set, to, _) => (from, to.project(), Some(set)),
            External::Custom(package, set, _) => (package, None, Some(set)),
            External::NoVersions(package, _) => (package, None, None),
            External::NotRoot(..) => return None,
        };
        let project = package.project()?;
        let other = other.filter(|other| *other != project);
        // Between the stand-ins of one project there is nothing to tell.
        let told = set.filter(|_| other.is_some() || matches!(fact, External::Custom(..)));
        let newest = told.and_then(|set| (0..(self.length)(project)).rev().find(|index| set.has(*index)));
        Some(About {
            project: project.clone(),
            other: other.cloned(),
            missing: matches!(fact, External::NoVersions(..)),
            releases: usize::from(told.is_some()),
            newest: newest.map(|index| (index, fact.clone())),
        })
    }

    /// The one fact that stands for a part about many releases.
    fn merge(&mut self, (tree, about): Part) -> Arc<Tree> {
        let (DerivationTree::Derived(step), Some(about)) = (&*tree, about) else {
            return tree;
        };
        let Some(newest) = about.newest.filter(|_| about.releases >= MANY) else {
            return tree;
        };
        let mut terms: Vec<_> = step.terms.iter().collect();
        terms.sort_by_key(|(_, term)| matches!(term, Term::Negative(_)));
        let (package, set, other) = match terms.as_slice() {
            [(package, Term::Positive(set))] => (*package, set, None),
            [(package, Term::Positive(set)), (other, Term::Negative(needed))] => {
                (*package, set, Some((*other, needed)))
            }
            _ => return tree,
        };
        if package.project() != Some(&about.project) {
            return tree;
        }
        let key = (
            package.clone(),
            set.clone(),
            other.map(|(other, needed)| (other.clone(), needed.clone())),
        );
        let fact = match key.clone() {
            (package, set, Some((other, needed))) => External::FromDependencyOf(package, set, other, needed),
            (package, set, None) => External::Custom(package, set, Reason::Unusable(String::new())),
        };
        self.merged.insert(key, newest);
        Arc::new(DerivationTree::External(fact))
    }
}

impl About {
    fn with(&self, other: &Self) -> Option<Self> {
        if self.project != other.project {
            // That the other project has no more releases belongs to what is required of it.
            return match (self.missing, other.missing) {
                (false, true) if self.other.as_ref() == Some(&other.project) => Some(self.clone()),
                (true, false) if other.other.as_ref() == Some(&self.project) => Some(other.clone()),
                _ => None,
            };
        }
        let same = match (&self.other, &other.other) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let newest = match (&self.newest, &other.newest) {
            (Some(a), Some(b)) => Some(if a.0 >= b.0 { a } else { b }),
            (a, b) => a.as_ref().or(b.as_ref()),
        };
        same.then(|| Self {
            project: self.project.clone(),
            other: self.other.clone().or_else(|| other.other.clone()),
            missing: self.missing && other.missing,
            releases: self.releases.saturating_add(other.releases),
            newest: newest.cloned(),
        })
    }
}
