//! From the solver's choice to the resolution that is handed out.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::specifier::{contains, pins};
use slsa_pip_distribution::{PackageName, Requirement};

use crate::error::ResolveError;
use crate::package::Package;
use crate::page::{Page, Unusable};
use crate::request::Request;
use crate::resolution::{Resolution, Resolved, Why};
use crate::solve::Chosen;
use crate::store::{Stop, Store};
use crate::version_set::Index;

/// Most notes; after that only their number.
const MAX_NOTES: usize = 50;

#[derive(Default)]
struct Reasons<'a> {
    requested: bool,
    extras: BTreeSet<ExtraName>,
    required_by: BTreeSet<PackageName>,
    requirements: Vec<&'a Requirement>,
    why: BTreeSet<Why>,
}

pub(crate) fn resolution<F: Clone>(
    request: &Request,
    store: &mut Store<F>,
    chosen: &Chosen,
) -> Result<Resolution<F>, Stop> {
    let mut reasons: BTreeMap<&PackageName, Reasons<'_>> = BTreeMap::new();
    for (from, edge) in chosen.edges() {
        let (Some(requirement), Some(name)) = (&edge.requirement, edge.to.project()) else {
            continue;
        };
        let entry = reasons.entry(name).or_default();
        match from.project() {
            None => entry.requested = true,
            Some(by) if by != name => {
                entry.required_by.insert(by.clone());
            }
            Some(_) => {}
        }
        entry.extras.extend(edge.to.extra().cloned());
        entry.requirements.push(requirement);
        entry.why.insert(Why {
            by: from.project().cloned(),
            requirement: requirement.to_string(),
        });
    }
    check_hashes(request, &reasons)?;
    let mut notes = excluded(store, chosen);
    for requirement in &request.requirements {
        if !requirement.applies(&request.env, None) {
            notes.insert(format!("`{requirement}` was skipped: its marker does not hold here"));
        }
    }
    let mut packages = Vec::new();
    for (package, index) in &chosen.packages {
        let Package::Base(name) = package else {
            continue;
        };
        let (Some(page), Some(why)) = (store.page(name).cloned(), reasons.remove(name)) else {
            continue;
        };
        let Some(wheel) = page.release(*index).and_then(|release| release.wheel.as_ref().ok()) else {
            continue;
        };
        notes.extend(passed_over(name, &page, *index, &why.requirements));
        if let Some(reason) = &wheel.yanked {
            notes.insert(format!("{} is yanked: {}", wheel.filename, reason.trim()));
        }
        if let Ok(metadata) = store.need_metadata(name, *index)? {
            let unknown = why
                .extras
                .iter()
                .filter(|extra| !metadata.provides_extra.contains(extra));
            notes.extend(unknown.map(|extra| format!("{name} {} has no extra `{extra}`", metadata.version)));
        }
        let texts: BTreeSet<String> = why.requirements.iter().map(ToString::to_string).collect();
        packages.push(Resolved {
            name: name.clone(),
            version: wheel.filename.version().clone(),
            filename: wheel.filename.clone(),
            file: wheel.file.clone(),
            direct: false,
            requested: why.requested,
            extras: why.extras.into_iter().collect(),
            required_by: why.required_by.into_iter().collect(),
            requirement_texts: texts.into_iter().collect(),
            why: why.why.into_iter().collect(),
            requires: Vec::new(),
        });
    }
    let more = notes.len().saturating_sub(MAX_NOTES);
    let mut notes: Vec<String> = notes.into_iter().take(MAX_NOTES).collect();
    if more > 0 {
        notes.push(format!("… and {more} more notes"));
    }
    Ok(Resolution {
        packages,
        satisfied: Vec::new(),
        notes,
    })
}

/// pip's `--require-hashes`: every project of the closure needs a digest and an exact pin of the user's.
fn check_hashes(request: &Request, reasons: &BTreeMap<&PackageName, Reasons<'_>>) -> Result<(), ResolveError> {
    if !request.require_hashes && request.hashes.is_empty() {
        return Ok(());
    }
    let lacking = |has: &dyn Fn(&PackageName) -> bool| -> Vec<PackageName> {
        let names = reasons.keys().filter(|name| !has(name));
        names.map(|name| (*name).clone()).collect()
    };
    let pinned = |name: &PackageName| {
        let written = request.requirements.iter().chain(&request.constraints);
        let mut own = written.filter(|it| it.name() == name && it.applies(&request.env, None));
        own.any(|requirement| pins(requirement.specifiers()))
    };
    let unpinned = lacking(&pinned);
    let names = lacking(&|name| request.hashes.get(name).is_some_and(|digests| !digests.is_empty()));
    if !names.is_empty() {
        return Err(ResolveError::HashMissing { names });
    }
    if !unpinned.is_empty() {
        return Err(ResolveError::NotPinned { names: unpinned });
    }
    Ok(())
}

/// Releases newer than the chosen one that the solver wanted and could not use.
fn excluded<F: Clone>(store: &Store<F>, chosen: &Chosen) -> BTreeSet<String> {
    let refused = chosen.known.iter().filter_map(|((package, index), edges)| {
        let (name, reason) = (package.project()?, edges.as_ref().err()?);
        let taken = chosen.packages.get(&Package::Base(name.clone()))?;
        if index < taken {
            return None;
        }
        let version = &store.page(name)?.release(*index)?.version;
        Some(format!("{name} {version} was left out: {reason}"))
    });
    refused.collect()
}

/// The newest release that would have been chosen if only it had a wheel.
fn passed_over<F>(name: &PackageName, page: &Page<F>, chosen: Index, active: &[&Requirement]) -> Option<String> {
    let taken = &page.release(chosen)?.version;
    page.numbered()
        .rev()
        .take_while(|(index, _)| *index > chosen)
        .find_map(|(_, release)| {
            let reason = release.wheel.as_ref().err()?;
            let wanted = matches!(reason, Unusable::OnlySdists | Unusable::NoWheel)
                && (taken.any_prerelease() || !release.version.any_prerelease())
                && active
                    .iter()
                    .all(|requirement| contains(requirement.specifiers(), &release.version));
            wanted.then(|| {
                format!(
                    "{name} {taken} was chosen although {} is newer: that has {reason}",
                    release.version
                )
            })
        })
}
