//! A lock file's identities (PEP 751): one of them must be the certificate's, field by field. An absent claim meets none (E6).

use slsa_pip_policy::{Expectation, Publisher};
use slsa_pip_provenance::split_ref;

use crate::claims::{CIRCLECI_ISSUER, Claims, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER, Identity};
use crate::code::Code;
use crate::publisher::{gitlab_pipeline, path_within};
use crate::refusal::Failure;

/// The folder of GitHub's workflows, which publishers leave out.
const WORKFLOWS: &str = ".github/workflows/";

/// Compares the certificate with what the lock records, if it records anything.
pub(crate) fn check(claims: &Claims, expectation: &Expectation) -> Result<(), Failure> {
    let Some(locked) = &expectation.locked else {
        return Ok(());
    };
    if locked.publishers.iter().any(|publisher| meets(publisher, claims)) {
        return Ok(());
    }
    let expected: Vec<String> = locked.publishers.iter().map(ToString::to_string).collect();
    Err(Failure::new(
        Code::LockedIdentityMismatch,
        "the lock file records another identity than the certificate's",
    )
    .expected(expected.join(" or "))
    .found(found(claims))
    .hint(format!(
        "if the project has changed its release, look at the change, and lock again: slsa-pip lock --upgrade ({})",
        locked.written_at
    )))
}

/// Whether the claims are those of this publisher, all of them.
fn meets(publisher: &Publisher, claims: &Claims) -> bool {
    let repository = || {
        let claimed = claims.repository().ok().flatten()?;
        publisher.repository().filter(|locked| *locked == claimed)
    };
    // GitHub's and GitLab's environment names are not case-sensitive.
    let environment = |wanted: &Option<String>| {
        wanted.as_deref().is_none_or(|wanted| {
            claims
                .get(23)
                .is_some_and(|claimed| claimed.eq_ignore_ascii_case(wanted))
        })
    };
    match publisher {
        Publisher::GitHub {
            workflow,
            environment: wanted,
            ..
        } => {
            let file = repository().and_then(|repository| {
                let (location, _) = split_ref(claims.get(18)?)?;
                path_within(location, &repository)
            });
            let file = file.as_deref().and_then(|path| path.strip_prefix(WORKFLOWS));
            let workflow = workflow.strip_prefix(WORKFLOWS).unwrap_or(workflow);
            claims.issuer() == Some(GITHUB_ISSUER) && file == Some(workflow) && environment(wanted)
        }
        Publisher::GitLab {
            workflow_filepath,
            environment: wanted,
            ..
        } => {
            let path = repository().and_then(|repository| gitlab_pipeline(claims, &repository).ok());
            claims.issuer() == Some(GITLAB_ISSUER)
                && path.as_deref() == Some(workflow_filepath.as_str())
                && environment(wanted)
        }
        Publisher::Google { email } => {
            let claimed = match claims.identity() {
                Identity::Email(claimed) | Identity::Uri(claimed) => claimed,
            };
            claims.issuer() == Some(GOOGLE_ISSUER) && claimed == email
        }
        Publisher::CircleCi {
            project_id,
            pipeline_definition_id,
        } => {
            let wanted = format!(
                "https://circleci.com/api/v2/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}"
            );
            claims.issuer() == Some(CIRCLECI_ISSUER) && claims.get(9) == Some(wanted.as_str())
        }
        Publisher::Other { .. } => false,
    }
}

/// The certificate's side, in the words of a publisher where there are any.
fn found(claims: &Claims) -> String {
    let workflow = claims.get(18).and_then(split_ref).map(|(location, _)| location);
    let mut text = workflow.unwrap_or_else(|| claims.identity().as_str()).to_owned();
    if let Some(environment) = claims.get(23) {
        text.push_str(", environment ");
        text.push_str(environment);
    }
    text
}
