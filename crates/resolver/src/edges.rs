//! Requirements as edges between the things that the solver decides about.

use std::collections::BTreeMap;
use std::fmt;

use pubgrub::VersionSet as _;
use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{CoreMetadata, PackageName, Requirement};

use crate::error::ResolveError;
use crate::package::Package;
use crate::page::Kind;
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
pub(crate) type Edges = Result<Vec<Edge>, Reason>;

/// Why a release cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// For what it is, or what is said about it.
    Unusable(String),
    /// The source has ruled it out; the text goes on where the name of the release ends.
    RuledOut(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unusable(text) | Self::RuledOut(text)) = self;
        f.write_str(text)
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::Unusable(text)
    }
}

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
            match required(store, request, name, package.extra(), index)? {
                Ok(requirements) => requirements,
                Err(reason) => return Ok(Err(reason)),
            }
        }
    };
    convert(store, rules, package, index, requirements)
}

/// What a release requires here, with an extra or without any.
fn required<F: Clone>(
    store: &mut Store<F>,
    request: &Request,
    name: &PackageName,
    extra: Option<&ExtraName>,
    index: Index,
) -> Result<Result<Vec<Requirement>, Reason>, Stop> {
    if store.is_installed(name, index) {
        let Some(metadata) = store.installed_metadata(name).filter(|_| !request.no_deps) else {
            return Ok(Ok(Vec::new()));
        };
        return match &metadata.requires_dist {
            Ok(all) => {
                let extra = extra.filter(|extra| metadata.provides(extra));
                Ok(Ok(applying(all, request, extra)))
            }
            // Another release may do.
            Err(_) if store.open(name) => Err(Stop::Restart),
            Err(reason) => Ok(Err(reason.clone().into())),
        };
    }
    let metadata = match store.need_metadata(name, index)? {
        Ok(metadata) => metadata,
        Err(reason) => return Ok(Err(reason.into())),
    };
    if let Some(reason) = mismatch(store, request, name, index, &metadata) {
        return Ok(Err(reason.into()));
    }
    if extra.is_none()
        && let Some(reason) = store.need_ruling(name, index)?
    {
        return Ok(Err(Reason::RuledOut(reason)));
    }
    if request.no_deps {
        return Ok(Ok(Vec::new()));
    }
    // An extra that is not provided adds nothing, whatever the markers say.
    let extra = extra.filter(|extra| metadata.provides_extra.contains(extra));
    Ok(Ok(applying(&metadata.requires_dist, request, extra)))
}

fn applying(all: &[Requirement], request: &Request, extra: Option<&ExtraName>) -> Vec<Requirement> {
    all.iter()
        .filter(|it| it.applies(&request.env, extra))
        .cloned()
        .collect()
}

/// Whether metadata belongs to the file that it came with, and to this interpreter.
fn mismatch<F: Clone>(
    store: &Store<F>,
    request: &Request,
    name: &PackageName,
    index: Index,
    metadata: &CoreMetadata,
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
    let fits = request.ignore_requires_python || slsa_pip_distribution::specifier::contains(wanted, &python);
    (!fits).then(|| format!("requires Python {wanted}"))
}

fn convert<F: Clone>(
    store: &mut Store<F>,
    rules: &mut Rules,
    package: &Package,
    index: Index,
    requirements: Vec<Requirement>,
) -> Result<Edges, Stop> {
    store.need_pages(requirements.iter().map(Requirement::name))?;
    let mut changed = false;
    let mut sets: Vec<(VersionSet, Requirement)> = Vec::with_capacity(requirements.len());
    for requirement in requirements {
        let name = requirement.name();
        let Some(page) = store.page(name).cloned() else {
            continue;
        };
        if !page.found() && *package == Package::Root {
            return Err(ResolveError::NotFound {
                name: name.clone(),
                required_by: Vec::new(),
            }
            .into());
        }
        let set = match requirement.url() {
            None => store.matching(name, requirement.specifiers()),
            Some(url) => match page.linked(url) {
                set if !set.is_empty() || *package == Package::Root => set,
                // Where what is installed came from is not asked.
                _ if package.project().is_some_and(|by| store.is_installed(by, index)) && page.kept().is_some() => {
                    VersionSet::from_indices(page.kept())
                }
                _ => return Ok(Err(stranger(&requirement).into())),
            },
        };
        if set.is_empty() && page.kind == Kind::Installed {
            changed |= store.open(name);
        }
        changed |= rules.learn(name, &page, requirement.specifiers());
        sets.push((set, requirement));
    }
    if changed {
        return Err(Stop::Restart);
    }
    Ok(connect(package, index, sets))
}

fn stranger(requirement: &Requirement) -> String {
    format!("requires `{requirement}`, a URL that you have not named yourself")
}

fn connect(package: &Package, index: Index, sets: Vec<(VersionSet, Requirement)>) -> Edges {
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
                return Err(format!("requires another version of itself: `{requirement}`").into());
            }
            continue;
        }
        edges.push(Edge {
            to,
            set,
            requirement: Some(requirement),
        });
    }
    Ok(edges)
}
