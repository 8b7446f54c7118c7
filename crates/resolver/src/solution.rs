//! From the solver's choice to the resolution that is handed out.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{PackageName, Requirement};

use crate::hashes;
use crate::installed;
use crate::notes;
use crate::package::Package;
use crate::page::Release;
use crate::request::Request;
use crate::resolution::{Resolution, Resolved, Satisfied, Why};
use crate::solve::Chosen;
use crate::store::{Stop, Store};
use crate::wheel::Wheel;

/// Why a project was chosen.
#[derive(Default)]
pub(crate) struct Reasons<'a> {
    pub(crate) requested: bool,
    pub(crate) extras: BTreeSet<ExtraName>,
    required_by: BTreeSet<PackageName>,
    pub(crate) requirements: Vec<&'a Requirement>,
    why: BTreeSet<Why>,
}

pub(crate) fn resolution<F: Clone>(
    request: &Request,
    store: &mut Store<F>,
    chosen: &Chosen,
) -> Result<Resolution<F>, Stop> {
    let reasons = reasons(chosen);
    let mut notes = notes::skipped(request);
    notes.extend(notes::excluded(store, chosen));
    let mut resolution = Resolution {
        packages: Vec::new(),
        satisfied: Vec::new(),
        notes: Vec::new(),
    };
    for (package, index) in &chosen.packages {
        let Package::Base(name) = package else {
            continue;
        };
        let (Some(page), Some(reasons)) = (store.page(name).cloned(), reasons.get(name)) else {
            continue;
        };
        let Some(release) = page.release(*index) else {
            continue;
        };
        notes.extend(notes::unknown_extras(store, name, *index, &reasons.extras)?);
        notes.extend(notes::excluded_beforehand(name, &page, *index, &reasons.requirements));
        if release.installed {
            resolution.satisfied.push(satisfied(chosen, name, release, reasons));
            continue;
        }
        let Ok(wheel) = &release.wheel else {
            continue;
        };
        if stays(request, name, release) {
            notes.insert(format!(
                "{name} {} is installed already, so the file that was named is not; `--force-reinstall` installs it",
                release.version
            ));
            resolution.satisfied.push(satisfied(chosen, name, release, reasons));
            continue;
        }
        notes.extend(notes::ignored_python(store, name, *index)?);
        notes.extend(notes::passed_over(request, name, &page, *index, &reasons.requirements));
        if let Some(reason) = &wheel.yanked {
            notes.insert(format!("{} is yanked: {}", wheel.filename, reason.trim()));
        }
        resolution
            .packages
            .push(resolved(chosen, name, release, wheel, reasons));
    }
    let to_fetch = resolution.packages.iter().map(|package| &package.name);
    hashes::check(request, store, &reasons, to_fetch)?;
    resolution.notes = notes::listed(notes);
    Ok(resolution)
}

fn reasons(chosen: &Chosen) -> BTreeMap<&PackageName, Reasons<'_>> {
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
    reasons
}

/// Whether pip leaves what is installed in place of a file that was named by its URL: it is of the same version.
fn stays<F>(request: &Request, name: &PackageName, release: &Release<F>) -> bool {
    let installed = installed::usable(request, name).filter(|_| release.link.is_some());
    installed.is_some_and(|installed| installed.version == release.version && !installed.editable)
}

fn satisfied<F>(chosen: &Chosen, name: &PackageName, release: &Release<F>, reasons: &Reasons<'_>) -> Satisfied {
    Satisfied {
        name: name.clone(),
        version: release.version.clone(),
        requested: reasons.requested,
        extras: reasons.extras.iter().cloned().collect(),
        required_by: reasons.required_by.iter().cloned().collect(),
        why: reasons.why.iter().cloned().collect(),
        requires: requires(chosen, name),
    }
}

fn resolved<F: Clone>(
    chosen: &Chosen,
    name: &PackageName,
    release: &Release<F>,
    wheel: &Wheel<F>,
    reasons: &Reasons<'_>,
) -> Resolved<F> {
    let texts: BTreeSet<String> = reasons.requirements.iter().map(ToString::to_string).collect();
    Resolved {
        name: name.clone(),
        version: wheel.filename.version().clone(),
        filename: wheel.filename.clone(),
        file: wheel.file.clone(),
        direct: release.link.is_some(),
        requested: reasons.requested,
        extras: reasons.extras.iter().cloned().collect(),
        required_by: reasons.required_by.iter().cloned().collect(),
        requirement_texts: texts.into_iter().collect(),
        why: reasons.why.iter().cloned().collect(),
        requires: requires(chosen, name),
    }
}

/// What the chosen release of a project requires, in the order of its metadata.
fn requires(chosen: &Chosen, name: &PackageName) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let own = chosen.edges().filter(|(from, _)| from.project() == Some(name));
    for requirement in own.filter_map(|(_, edge)| edge.requirement.as_ref()) {
        let text = requirement.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}
