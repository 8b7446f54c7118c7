//! The blocking half: runs PubGrub until its result agrees with pip's rules.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pubgrub::PubGrubError;
use slsa_pip_distribution::PackageName;

use crate::derivation;
use crate::edges::Edges;
use crate::error::ResolveError;
use crate::explain;
use crate::package::Package;
use crate::page::Page;
use crate::provider::{ROOT, Run};
use crate::request::Request;
use crate::resolution::Resolution;
use crate::rules::{Active, MAX_RUNS, Rules};
use crate::solution;
use crate::store::{Stop, Store};
use crate::version_set::Index;

/// A complete choice, with all that was found out on the way.
pub(crate) struct Chosen {
    pub(crate) packages: BTreeMap<Package, Index>,
    pub(crate) known: HashMap<(Package, Index), Edges>,
    when: HashMap<Package, usize>,
}

pub(crate) fn solve<F: Clone>(request: &Request, store: &mut Store<F>) -> Result<Resolution<F>, Stop> {
    check_requirements(request)?;
    let mut rules = Rules {
        control: request.releases.clone(),
        ..Rules::default()
    };
    // Every restart corrects a rule or opens a page for good; only the former could go on for long.
    let mut runs = 0;
    while runs < MAX_RUNS {
        let opened = store.opened();
        let run = Run::new(request, store, &mut rules);
        match pubgrub::resolve(&run, Package::Root, ROOT) {
            Ok(selected) => {
                let inner = run.into_inner();
                let chosen = Chosen {
                    packages: selected.into_iter().collect(),
                    known: inner.known,
                    when: inner.when,
                };
                if !correct(&chosen, store, &mut rules) {
                    return solution::resolution(request, store, &chosen);
                }
            }
            Err(PubGrubError::NoSolution(tree)) => {
                let inner = run.into_inner();
                let opened = derivation::projects(&tree)
                    .into_iter()
                    .filter(|name| inner.store.open(name))
                    .count();
                if opened == 0 {
                    return Err(explain::no_solution(&tree, &inner).into());
                }
            }
            Err(
                PubGrubError::ErrorRetrievingDependencies { source, .. }
                | PubGrubError::ErrorChoosingVersion { source, .. }
                | PubGrubError::ErrorInShouldCancel(source),
            ) => match source {
                Stop::Restart => {}
                stop => return Err(stop),
            },
        }
        if store.opened() == opened {
            runs += 1;
        }
    }
    Err(ResolveError::Budget {
        what: "runs with corrected pre-release and yank rules",
        limit: MAX_RUNS,
    }
    .into())
}

/// What can be refused before anything is asked.
fn check_requirements(request: &Request) -> Result<(), ResolveError> {
    for constraint in &request.constraints {
        if !constraint.extras().is_empty() {
            return Err(ResolveError::ConstraintExtras {
                constraint: constraint.to_string(),
            });
        }
    }
    Ok(())
}

impl Chosen {
    /// The edges of all chosen packages, with where they start.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&Package, &crate::edges::Edge)> {
        self.packages.iter().flat_map(|(package, index)| {
            let edges = self.known.get(&(package.clone(), *index));
            edges.into_iter().flatten().flatten().map(move |edge| (package, edge))
        })
    }
}

fn correct<F: Clone>(chosen: &Chosen, store: &Store<F>, rules: &mut Rules) -> bool {
    let mut decided: HashMap<&PackageName, usize> = HashMap::new();
    for package in chosen.packages.keys() {
        if let (Some(name), Some(&when)) = (package.project(), chosen.when.get(package)) {
            decided
                .entry(name)
                .and_modify(|first| *first = when.min(*first))
                .or_insert(when);
        }
    }
    let mut active: BTreeMap<&PackageName, Vec<Active<'_>>> = BTreeMap::new();
    for (from, edge) in chosen.edges() {
        if let Some(requirement) = &edge.requirement {
            let name = requirement.name();
            active.entry(name).or_default().push(Active {
                specifiers: requirement.specifiers(),
                known: chosen.when.get(from) < decided.get(name),
            });
        }
    }
    rules.correct_all(&active, |name| {
        let index = chosen.packages.get(&Package::Base(name.clone()))?;
        let page: &Page<F> = store.page(name).map(Arc::as_ref)?;
        Some((*index, page, store.prefers_installed(name)))
    })
}
