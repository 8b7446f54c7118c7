//! What the lock that is replaced has pinned stays pinned, as long as it fits.

use std::collections::BTreeSet;

use slsa_pip_distribution::specifier::contains;
use slsa_pip_distribution::{PackageName, Requirement, Version};
use slsa_pip_pylock::Lock;
use slsa_pip_resolver::Request;

use crate::args::LockArgs;
use crate::failure::{Failure, Result};
use crate::resolution::{self, Resolved};
use crate::session::Session;

/// Most pins that are tried one by one where not all of them fit together; each is a resolution, with everything at hand.
const MAX_TRIED: usize = 200;

/// Adds the pins that fit to the constraints; returns a remark for each that does not.
pub(super) async fn keep(
    session: &Session,
    request: &mut Request,
    before: &Lock,
    args: &LockArgs,
) -> Result<Vec<String>> {
    let mut anew = BTreeSet::new();
    for name in &args.upgrade_package {
        let name: PackageName = name.parse().map_err(|error| {
            let error: slsa_pip_distribution::name::InvalidName = error;
            Failure::new("`--upgrade-package` needs the name of a project").caused_by(&error)
        })?;
        anew.insert(name);
    }
    let mut moved = Vec::new();
    let mut pins = Vec::new();
    let mut names = BTreeSet::new();
    for package in before.packages.iter().filter(|_| !args.upgrade) {
        let Some(version) = &package.version else { continue };
        // Of several entries for one project, none is the one.
        if anew.contains(&package.name) || !names.insert(&package.name) {
            continue;
        }
        if excluded(request, &package.name, version) {
            moved.push(format!(
                "{} {version} is no longer asked for: it is chosen anew",
                package.name
            ));
        } else {
            pins.push((package.name.clone(), version.clone(), pin(&package.name, version)?));
        }
    }
    let own = request.constraints.len();
    request.constraints.extend(pins.iter().map(|(_, _, pin)| pin.clone()));
    if pins.is_empty() || resolves(session, request).await {
        return Ok(moved);
    }
    // Not all of them fit. If nothing does without any, that is what is wrong, and the run will say so.
    request.constraints.truncate(own);
    if !resolves(session, request).await {
        return Ok(moved);
    }
    for (at, (name, version, pin)) in pins.into_iter().enumerate() {
        request.constraints.push(pin);
        if at >= MAX_TRIED || !resolves(session, request).await {
            request.constraints.pop();
            moved.push(format!("{name} {version} no longer fits: it is chosen anew"));
        }
    }
    Ok(moved)
}

async fn resolves(session: &Session, request: &Request) -> bool {
    if !session.refused_places.is_empty() {
        // Nothing is asked then; the run is refused for it.
        return false;
    }
    let resolved = resolution::resolve(&session.index, session.trust.offline, request).await;
    matches!(resolved, Ok(Resolved::Files(_)))
}

/// Whether what the user asks for now rules the version out, or names a file by its URL.
fn excluded(request: &Request, name: &PackageName, version: &Version) -> bool {
    let of_user = request.requirements.iter().chain(&request.constraints);
    of_user
        .filter(|wanted| wanted.name() == name && wanted.applies(&request.env, None))
        .any(|wanted| wanted.url().is_some() || !contains(wanted.specifiers(), version))
}

fn pin(name: &PackageName, version: &Version) -> Result<Requirement> {
    let text = format!("{name}=={version}");
    text.parse()
        .map_err(|error| Failure::new(format!("The pinned `{text}` cannot be asked for")).caused_by(&error))
}
