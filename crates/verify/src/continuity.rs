//! Continuity: whether the identity is one that earlier releases had (rule E8).

use slsa_pip_policy::continuity::compare;
use slsa_pip_policy::{Break, Expectation, Identity, Previous};

use crate::code::Code;
use crate::refusal::Failure;

/// Compares a proven identity with those of the other releases, if there are any; which one it continues.
///
/// Where the policy names the repository that was found, and the record another one, policy has the say: the project has moved,
/// and what belongs to a repository is not compared. The evidence may not be weaker all the same.
pub(crate) fn check<'e>(
    found: &Identity,
    expectation: &'e Expectation,
    package: Option<&str>,
) -> Result<Option<&'e Previous>, Failure> {
    if expectation.under_review {
        return Ok(None);
    }
    let mut first = None;
    for previous in &expectation.previous {
        let is_older = previous.wanted < previous.version;
        let outcome = match compare(&previous.identity, found, is_older) {
            Err(_) if has_moved(previous, found, expectation) => {
                compare(&moved(&previous.identity, found), found, is_older)
            }
            other => other,
        };
        match outcome {
            Ok(()) => return Ok(Some(previous)),
            Err(broken) if first.is_none() => first = Some(refusal(broken, previous, found, package)),
            Err(_) => {}
        }
    }
    first.map_or(Ok(None), Err)
}

/// The refusal of a file without any evidence, where other releases have some; `None` if nothing is known of any.
pub(crate) fn lost(expectation: &Expectation, package: Option<&str>) -> Option<Failure> {
    let previous = expectation.previous.first().filter(|_| !expectation.under_review)?;
    Some(
        Failure::new(
            Code::ContinuityEvidenceLost,
            "no attestation of this file was found, and another release of the package has one",
        )
        .expected(shown(previous))
        .found("none")
        .hint(lost_hint(previous, package)),
    )
}

/// Whether policy names the very repository. That it accepts any of an owner's says nothing about this package's.
fn has_moved(previous: &Previous, found: &Identity, expectation: &Expectation) -> bool {
    let named = |repository| expectation.repositories.contains(repository);
    found.repository.as_ref().is_some_and(named) && found.repository != previous.identity.repository
}

/// What was recorded, had it been recorded in the repository that was found.
fn moved(recorded: &Identity, found: &Identity) -> Identity {
    Identity {
        kind: recorded.kind,
        level: recorded.level,
        reference: recorded.reference.clone(),
        trigger: recorded.trigger.clone(),
        runner_environment: recorded.runner_environment.clone(),
        ..found.clone()
    }
}

fn refusal(broken: Break, previous: &Previous, found: &Identity, package: Option<&str>) -> Failure {
    let (code, summary) = words(broken);
    Failure::new(code, summary)
        .expected(shown(previous))
        .found(format!("{} ({})", found.describe(), previous.wanted))
        .hint(hint(broken, previous, found, package))
}

fn shown(previous: &Previous) -> String {
    format!("{} ({})", previous.identity.describe(), previous.recorded_at)
}

const fn words(broken: Break) -> (Code, &'static str) {
    match broken {
        Break::Provider => (
            Code::ContinuityProviderChanged,
            "another provider vouches for it than for the other release",
        ),
        Break::Repository => (
            Code::ContinuityRepositoryChanged,
            "it was made from another source repository than the other release",
        ),
        Break::RepositoryIds => (
            Code::ContinuityRepositoryReplaced,
            "its source repository has the name of the other release's and is not the same one",
        ),
        Break::Account => (
            Code::ContinuityAccountChanged,
            "another account has published it than the other release",
        ),
        Break::Kind => (
            Code::ContinuityEvidenceWeaker,
            "it has a publish attestation, and the other release has build provenance",
        ),
        Break::Level => (
            Code::ContinuityEvidenceWeaker,
            "its build level is lower than the other release's",
        ),
        Break::Workflow => (
            Code::ContinuityWorkflowChanged,
            "another workflow made it than the other release",
        ),
        Break::Builder => (
            Code::ContinuityBuilderChanged,
            "another builder built it than the other release",
        ),
        Break::BuilderOlder => (
            Code::ContinuityBuilderChanged,
            "an older release of its builder built it than the other, older release",
        ),
        Break::Tag => (
            Code::ContinuityBuildWeaker,
            "it was not made from a tag, and the other release was",
        ),
        Break::PullRequest => (
            Code::ContinuityBuildWeaker,
            "a pull request started the workflow that made it",
        ),
        Break::Environment => (
            Code::ContinuityBuildWeaker,
            "it was not made in the deployment environment of the other release",
        ),
        Break::Runner => (
            Code::ContinuityBuildWeaker,
            "it was not made on a hosted runner, and the other release was",
        ),
    }
}

/// What it may be, and what to do then. The last line can be typed.
fn hint(broken: Break, previous: &Previous, found: &Identity, package: Option<&str>) -> String {
    let (recorded, wanted) = (&previous.version, &previous.wanted);
    let mut lines = Vec::new();
    let ids = |identity: &Identity| {
        let (repository, owner) = (identity.repository_id.clone()?, identity.owner_id.clone()?);
        Some((identity.provider, repository, owner))
    };
    let same_ids = ids(found).is_some() && ids(found) == ids(&previous.identity);
    if previous.yanked {
        lines.push(format!(
            "{recorded} has been withdrawn (yanked) since: if that was the wrong one, this may be the right one"
        ));
    }
    if previous.wanted_yanked {
        lines.push(format!(
            "{wanted} has been withdrawn (yanked): take another release, unless it is needed"
        ));
    } else if wanted < recorded {
        lines.push(format!(
            "{wanted} is older than {recorded}: an old release line is often made in another way"
        ));
    } else if broken == Break::Repository && same_ids {
        lines.push("the numeric ids are the same: the repository was renamed or moved".to_owned());
    } else if broken == Break::RepositoryIds {
        lines.push("the old repository was deleted or renamed, and somebody has taken its name".to_owned());
    }
    lines.push("if the project says that it has changed this, look at both and accept the new one:".to_owned());
    lines.push(accept(package, previous));
    lines.join("\n")
}

fn lost_hint(previous: &Previous, package: Option<&str>) -> String {
    let Previous { wanted, version, .. } = previous;
    let name = package.unwrap_or("NAME");
    let (below, above): (Vec<_>, Vec<_>) = previous.attested_near.iter().partition(|near| *near < wanted);
    let mut lines = Vec::new();
    if previous.wanted_yanked {
        lines.push(format!("{wanted} has been withdrawn (yanked): take another release"));
    } else if let (Some(below), Some(above)) = (below.last(), above.first()) {
        lines.push(format!(
            "{below} and {above} have one, so it may have been lost by mistake for this release: ask the project, or take {above}"
        ));
    } else if wanted < version {
        lines.push(format!(
            "{wanted} is older than {version}: the project may not have attested its releases yet, or does not on this line"
        ));
    } else {
        lines.push(
            "whoever has stolen a password can upload files, and cannot attest them: ask the project first".to_owned(),
        );
    }
    let near = above.first().or(below.last());
    lines.push(match near {
        Some(near) => format!("slsa-pip install {name}=={near}"),
        None => format!("slsa-pip install \"{name}!={wanted}\""),
    });
    lines.join("\n")
}

fn accept(package: Option<&str>, previous: &Previous) -> String {
    format!(
        "slsa-pip policy accept {}=={}",
        package.unwrap_or("NAME"),
        previous.wanted
    )
}
