//! Continuity without a lock: what the nearest earlier releases were made by, as their own evidence proves it.
//!
//! It stops a change of identity between two releases; it does not stop an index that lies about all of them, which is what the
//! lock is for. So nothing that is derived counts as a pin.

use futures_util::future::try_join_all;
use slsa_pip_policy::{Expectation, Previous, Unpinned};
use slsa_pip_pypi_client::{IndexError, Project};
use slsa_pip_verify::{Code, Refusal};

use super::refusal;
use crate::earlier;
use crate::failure::Result;
use crate::judge::{Foretold, Judge};
use crate::resolution::Package;
use crate::session::Session;

/// Derives what is expected of a release where policy asks for continuity and nothing is recorded or pinned. A refusal if the
/// evidence of earlier releases could not be had: that there is some cannot be ruled out then.
///
/// What a lock file records of its own files (pylock.toml) is not looked at: it takes no check away. Of a file from its own URL the
/// earlier releases are those of the indexes, where one has the project.
///
/// Where no earlier release has evidence, or there is none, this one is trusted on first use, which a remark says.
pub(super) async fn derive(
    session: &Session,
    judge: &Judge<'_>,
    expectation: &mut Expectation,
    package: &Package,
) -> Result<Option<Refusal>> {
    let known = expectation.is_pinned() || !expectation.previous.is_empty();
    if known || expectation.unpinned != Unpinned::Continuity {
        return Ok(None);
    }
    let name = &package.name;
    let project = match session.index.project(name).await {
        Ok(project) => project,
        Err(IndexError::NotFound { .. }) if package.direct => {
            let note = format!("{name}: first use of a file from its own URL; its identity is accepted as claimed");
            session.continuity.note(note);
            return Ok(None);
        }
        Err(error) => return Ok(Some(unknown(package, &error.to_string()))),
    };
    let candidates = candidates(&project, package);
    // The newest alone is mostly enough.
    let (newest, older) = candidates.split_at(candidates.len().min(1));
    let mut answers = ask(judge, newest).await?;
    if !answers
        .iter()
        .any(|answer| matches!(answer, Some(Foretold::Attested(_))))
    {
        answers.extend(ask(judge, older).await?);
    }
    for (candidate, answer) in candidates.iter().zip(answers) {
        match answer {
            Some(Foretold::Attested(attested)) => {
                let version = candidate.version.clone();
                session.continuity.note(format!(
                    "{name}: nothing is recorded; compared with {version}, the newest earlier release with provenance"
                ));
                expectation.previous.push(Previous {
                    identity: attested.origin(),
                    recorded_at: format!("{version} in the index"),
                    version,
                    recorded: false,
                    wanted: package.version.clone(),
                    wanted_yanked: package.file.yanked.is_some(),
                    yanked: false,
                    attested_near: Vec::new(),
                });
                return Ok(None);
            }
            Some(Foretold::Refused { complete: false }) => {
                let why = format!("not every place has answered for {}", candidate.filename);
                return Ok(Some(unknown(package, &why)));
            }
            Some(Foretold::Refused { .. }) | None => {}
        }
    }
    let earlier = if candidates.is_empty() {
        "there is no earlier release".to_owned()
    } else {
        format!("none of the {} releases before it has provenance", candidates.len())
    };
    let note = format!("{name}: first use; {earlier}, so its identity is accepted as claimed");
    session.continuity.note(note);
    Ok(None)
}

async fn ask(judge: &Judge<'_>, candidates: &[Package]) -> Result<Vec<Option<Foretold>>> {
    try_join_all(candidates.iter().map(|candidate| judge.reveal(candidate))).await
}

fn unknown(package: &Package, why: &str) -> Refusal {
    let mut refusal = refusal(
        Code::ContinuityUnknown,
        package,
        "nothing is recorded of this package, and who made its earlier releases could not be found out",
        Some("the provenance of an earlier release, or that there is none".to_owned()),
        Some(format!(
            "try again later; or look at this release and record it: slsa-pip policy accept {}=={}",
            package.name, package.version
        )),
    );
    refusal.found = Some(why.to_owned());
    refusal
}

/// One wheel of each of the newest releases before this one, and after those of the newest yanked ones. A yanked one may be the very
/// one that was wrong, so that any other goes first; but who withdraws them all makes no first use by it.
fn candidates(project: &Project, package: &Package) -> Vec<Package> {
    let mut found = earlier::wheels(&project.files, package, |file| file.yanked.is_none());
    found.extend(earlier::wheels(&project.files, package, |file| file.yanked.is_some()));
    found
}
