//! What the user should know about a choice that was made.

use std::collections::BTreeSet;

use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::specifier::contains;
use slsa_pip_distribution::{PackageName, Requirement};

use crate::edges::Reason;
use crate::package::Package;
use crate::page::Page;
use crate::request::Request;
use crate::solve::Chosen;
use crate::store::{Stop, Store};
use crate::version_set::Index;
use crate::wheel::Unusable;

/// Most excluded releases of one project that are told of.
const MAX_EXCLUDED: usize = 4;
/// Most notes; after that only their number.
const MAX_NOTES: usize = 50;

pub(crate) fn listed(notes: BTreeSet<String>) -> Vec<String> {
    let more = notes.len().saturating_sub(MAX_NOTES);
    let mut notes: Vec<String> = notes.into_iter().take(MAX_NOTES).collect();
    if more > 0 {
        notes.push(format!("… and {more} more notes"));
    }
    notes
}

/// Requirements that do not apply here.
pub(crate) fn skipped(request: &Request) -> BTreeSet<String> {
    let skipped = request.requirements.iter().filter(|it| !it.applies(&request.env, None));
    skipped
        .map(|requirement| format!("`{requirement}` was skipped: its marker does not hold here"))
        .collect()
}

/// Extras that the chosen release does not have: they add nothing.
pub(crate) fn unknown_extras<F: Clone>(
    store: &mut Store<F>,
    name: &PackageName,
    index: Index,
    extras: &BTreeSet<ExtraName>,
) -> Result<Vec<String>, Stop> {
    let Some(version) = store
        .page(name)
        .and_then(|page| page.release(index))
        .map(|release| release.version.clone())
        .filter(|_| !extras.is_empty())
    else {
        return Ok(Vec::new());
    };
    let unknown: Vec<&ExtraName> = if store.is_installed(name, index) {
        let metadata = store.installed_metadata(name);
        let provided = |extra: &ExtraName| metadata.as_ref().is_none_or(|metadata| metadata.provides(extra));
        extras.iter().filter(|extra| !provided(extra)).collect()
    } else {
        match store.need_metadata(name, index)? {
            Ok(metadata) => extras
                .iter()
                .filter(|extra| !metadata.provides_extra.contains(extra))
                .collect(),
            Err(_) => Vec::new(),
        }
    };
    let note = |extra: &ExtraName| format!("{name} {version} has no extra `{extra}`");
    Ok(unknown.into_iter().map(note).collect())
}

/// A `Requires-Python` that cannot be read.
pub(crate) fn ignored_python<F: Clone>(
    store: &mut Store<F>,
    name: &PackageName,
    index: Index,
) -> Result<Option<String>, Stop> {
    let metadata = store.need_metadata(name, index)?.ok();
    Ok(metadata.and_then(|metadata| {
        let text = metadata.invalid_requires_python.as_ref()?;
        Some(format!(
            "{name} {}: its Requires-Python `{text}` is not valid and was ignored",
            metadata.version
        ))
    }))
}

/// Releases newer than the chosen one that the solver wanted and could not use.
pub(crate) fn excluded<F: Clone>(store: &Store<F>, chosen: &Chosen) -> BTreeSet<String> {
    let refused = chosen.known.iter().filter_map(|((package, index), edges)| {
        let (name, reason) = (package.project()?, edges.as_ref().err()?);
        let taken = chosen.packages.get(&Package::Base(name.clone()))?;
        if index < taken && !store.is_installed(name, *index) {
            return None;
        }
        let version = &store.page(name)?.release(*index)?.version;
        Some(match reason {
            Reason::Unusable(reason) => format!("{name} {version} was left out: {reason}"),
            Reason::RuledOut(reason) => format!("{name} {version} was passed over: it {reason}"),
        })
    });
    refused.collect()
}

/// Newer releases that would have been looked at, had the source not excluded them; the newest of them.
pub(crate) fn excluded_beforehand<F>(
    name: &PackageName,
    page: &Page<F>,
    chosen: Index,
    active: &[&Requirement],
) -> Vec<String> {
    let Some(taken) = page.release(chosen).map(|release| &release.version) else {
        return Vec::new();
    };
    let newer = page.numbered().rev().take_while(|(index, _)| *index > chosen);
    let fitting = newer.filter(|(_, release)| {
        (taken.any_prerelease() || !release.version.any_prerelease())
            && active
                .iter()
                .all(|requirement| contains(requirement.specifiers(), &release.version))
    });
    let notes = fitting.filter_map(|(_, release)| match &release.wheel {
        Err(Unusable::Excluded(reason)) => Some(format!("{name} {} was passed over: {reason}", release.version)),
        _ => None,
    });
    notes.take(MAX_EXCLUDED).collect()
}

/// The newest release that would have been chosen if only it had a wheel.
pub(crate) fn passed_over<F>(
    request: &Request,
    name: &PackageName,
    page: &Page<F>,
    chosen: Index,
    active: &[&Requirement],
) -> Option<String> {
    // Whoever has said that wheels are wanted knows that others are passed over.
    if request.prefer_binary || !request.formats.sdists_allowed(name) {
        return None;
    }
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
