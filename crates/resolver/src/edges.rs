//! Requirements as edges between the things that the solver decides about.

use std::collections::BTreeMap;

use pubgrub::VersionSet as _;
use slsa_pip_distribution::{PackageName, Requirement};

use crate::error::ResolveError;
use crate::package::Package;
use crate::request::Request;
use crate::rules::Rules;
use crate::store::{Stop, Store};
use crate::version_set::{Index, VersionSet};

/// One dependency of one release.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) to: Package,
    pub(crate) set: VersionSet,
    /// The requirement behind it; `None` between the stand-ins of one project.
    pub(crate) requirement: Option<Requirement>,
}

/// The dependencies of one release, or why it cannot be used.
pub(crate) type Edges = Result<Vec<Edge>, String>;

/// Finds the dependencies of a release, fetching what that needs.
pub(crate) fn edges<F: Clone>(
    store: &mut Store<F>,
    rules: &mut Rules,
    request: &Request,
    package: &Package,
    index: Index,
) -> Result<Edges, Stop> {
    let requirements: Vec<Requirement> = match package {
        Package::Root => {
            let applying = request.requirements.iter().filter(|it| it.applies(&request.env, None));
            applying.cloned().collect()
        }
        Package::Extra(name, extra) => {
            let stand_ins = [
                Package::Base(name.clone()),
                Package::ExtraDeps(name.clone(), extra.clone()),
            ];
            return Ok(Ok(stand_ins
                .map(|to| Edge {
                    to,
                    set: VersionSet::singleton(index),
                    requirement: None,
                })
                .to_vec()));
        }
        Package::Base(name) | Package::ExtraDeps(name, _) => {
            let metadata = match store.need_metadata(name, index)? {
                Ok(metadata) => metadata,
                Err(reason) => return Ok(Err(reason)),
            };
            if let Some(reason) = mismatch(store, request, name, index, &metadata) {
                return Ok(Err(reason));
            }
            let all = metadata.requires_dist.iter();
            all.filter(|it| it.applies(&request.env, package.extra()))
                .cloned()
                .collect()
        }
    };
    convert(store, rules, package, index, requirements)
}

/// Whether metadata belongs to the file that it came with, and to this interpreter.
fn mismatch<F: Clone>(
    store: &Store<F>,
    request: &Request,
    name: &PackageName,
    index: Index,
    metadata: &slsa_pip_distribution::CoreMetadata,
) -> Option<String> {
    let version = &store.page(name)?.release(index)?.version;
    if metadata.name != *name || metadata.version != *version {
        return Some(format!(
            "its metadata is that of {} {}, not of its file name",
            metadata.name, metadata.version
        ));
    }
    let wanted = metadata.requires_python.as_ref()?;
    let python = request.python.only_release();
    (!slsa_pip_distribution::specifier::contains(wanted, &python)).then(|| format!("requires Python {wanted}"))
}

fn convert<F: Clone>(
    store: &mut Store<F>,
    rules: &mut Rules,
    package: &Package,
    index: Index,
    requirements: Vec<Requirement>,
) -> Result<Edges, Stop> {
    if let Some(direct) = requirements.iter().find(|requirement| requirement.url().is_some()) {
        if *package == Package::Root {
            return Err(ResolveError::DirectUrl {
                name: direct.name().clone(),
                requirement: direct.to_string(),
            }
            .into());
        }
        return Ok(Err(format!(
            "requires `{direct}`, a URL instead of a version from the index"
        )));
    }
    store.need_pages(requirements.iter().map(Requirement::name))?;
    let mut learnt = false;
    let mut sets: Vec<(VersionSet, Requirement)> = Vec::with_capacity(requirements.len());
    for requirement in requirements {
        let name = requirement.name();
        let Some(page) = store.page(name).cloned() else {
            continue;
        };
        if !page.found && *package == Package::Root {
            return Err(ResolveError::NotFound {
                name: name.clone(),
                required_by: Vec::new(),
            }
            .into());
        }
        learnt |= rules.learn(name, &page, requirement.specifiers());
        sets.push((store.matching(name, requirement.specifiers()), requirement));
    }
    if learnt {
        return Err(Stop::Restart);
    }
    // What one release says about one project in several lines holds for that project's extras too.
    let mut narrowed: BTreeMap<PackageName, VersionSet> = BTreeMap::new();
    for (set, requirement) in &sets {
        let all = narrowed
            .entry(requirement.name().clone())
            .or_insert_with(VersionSet::full);
        *all = all.intersection(set);
    }
    let mut edges = Vec::with_capacity(sets.len());
    for (set, requirement) in sets {
        let name = requirement.name();
        for extra in requirement.extras() {
            edges.push(Edge {
                to: Package::Extra(name.clone(), extra.clone()),
                set: narrowed.get(name).unwrap_or(&set).clone(),
                requirement: Some(requirement.clone()),
            });
        }
        let to = Package::Base(name.clone());
        if to == *package {
            if !set.has(index) {
                return Ok(Err(format!("requires another version of itself: `{requirement}`")));
            }
            continue;
        }
        edges.push(Edge {
            to,
            set,
            requirement: Some(requirement),
        });
    }
    Ok(Ok(edges))
}
