//! PEP 740 publishers: the claims that prove an uploader's identity, and the unsigned object beside an attestation, which must
//! not contradict them (E7).

use slsa_pip_distribution::SourceRepository;
use slsa_pip_provenance::{Publisher, split_ref};

use crate::claims::{CIRCLECI_ISSUER, Claims, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER, Identity};
use crate::code::Code;
use crate::refusal::Failure;

/// Compares the publisher object with the certificate.
pub(crate) fn check(publisher: &Publisher, claims: &Claims) -> Result<(), Failure> {
    match publisher {
        Publisher::GitHub {
            repository,
            workflow,
            environment,
        } => {
            same("issuer", GITHUB_ISSUER, claims.issuer())?;
            let base = format!("https://github.com/{repository}");
            let claimed = same_repository(&base, claims)?;
            let (path, _) = github_workflow(claims, &claimed)?;
            same("workflow", &format!(".github/workflows/{workflow}"), Some(&path))?;
            same_environment(environment.as_deref(), claims)
        }
        Publisher::GitLab {
            repository,
            workflow_filepath,
            environment,
        } => {
            same("issuer", GITLAB_ISSUER, claims.issuer())?;
            let claimed = same_repository(&format!("https://gitlab.com/{repository}"), claims)?;
            let path = gitlab_pipeline(claims, &claimed)?;
            same("workflow file", workflow_filepath, Some(&path))?;
            same_environment(environment.as_deref(), claims)
        }
        Publisher::Google { email } => {
            same("issuer", GOOGLE_ISSUER, claims.issuer())?;
            match claims.identity() {
                Identity::Email(claimed) => same("e-mail address", email, Some(claimed)),
                Identity::Uri(uri) => same("e-mail address", email, Some(uri)),
            }
        }
        Publisher::CircleCi {
            project_id,
            pipeline_definition_id,
        } => {
            same("issuer", CIRCLECI_ISSUER, claims.issuer())?;
            let expected = format!(
                "https://circleci.com/api/v2/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}"
            );
            same("pipeline definition", &expected, claims.get(9))
        }
        Publisher::Other { kind } => Err(Failure::new(
            Code::PublisherUnknown,
            "the publisher beside the attestation is of an unknown kind",
        )
        .expected("GitHub, GitLab, Google or CircleCI")
        .found(kind)),
    }
}

/// Claim 1.18 of a GitHub identity: path and ref of the workflow, which must be of the source repository, at its commit or ref.
pub(crate) fn github_workflow(claims: &Claims, repository: &SourceRepository) -> Result<(String, String), Failure> {
    let uri = claims.require(18)?;
    let inconsistent = || {
        Failure::new(
            Code::ClaimsInconsistent,
            "the workflow (1.18) is not one of the source repository at the ref or commit that was built",
        )
        .expected(format!("{}/.github/workflows/FILE@REF", repository.https_url()))
        .found(uri)
    };
    let (location, reference) = split_ref(uri).ok_or_else(inconsistent)?;
    let path = path_within(location, repository).ok_or_else(inconsistent)?;
    let known = [claims.commit(), claims.reference()].contains(&Some(reference));
    if !known || !path.starts_with(".github/workflows/") {
        return Err(inconsistent());
    }
    Ok((path, reference.to_owned()))
}

/// Claim 1.18 of a GitLab identity: the path of the pipeline file within the source repository.
pub(crate) fn gitlab_pipeline(claims: &Claims, repository: &SourceRepository) -> Result<String, Failure> {
    let uri = claims.require(18)?;
    let prefix = format!("{}//", repository.https_url());
    let path = split_ref(uri)
        .filter(|(_, reference)| [claims.commit(), claims.reference()].contains(&Some(reference)))
        .and_then(|(location, _)| location.strip_prefix(&prefix));
    path.filter(|path| !path.is_empty()).map(str::to_owned).ok_or_else(|| {
        Failure::new(
            Code::ClaimsInconsistent,
            "the pipeline file (1.18) is not one of the source repository at the ref or commit that was built",
        )
        .expected(format!("{prefix}FILE@REF"))
        .found(uri)
    })
}

/// The path below a repository's URL on GitHub, whose owner and name are compared as GitHub does.
pub(crate) fn path_within(location: &str, repository: &SourceRepository) -> Option<String> {
    let rest = location.strip_prefix("https://github.com/")?;
    let mut parts = rest.splitn(3, '/');
    let (owner, name, path) = (parts.next()?, parts.next()?, parts.next()?);
    let found = SourceRepository::github(owner, name).ok()?;
    (found == *repository && !path.is_empty()).then(|| path.to_owned())
}

fn same_repository(url: &str, claims: &Claims) -> Result<SourceRepository, Failure> {
    let claimed = claims.repository()?;
    match (claimed, url.parse::<SourceRepository>()) {
        (Some(claimed), Ok(named)) if claimed == named => Ok(claimed),
        (claimed, _) => Err(mismatch(
            "repository",
            url,
            claimed.map(|repository| repository.https_url()).as_deref(),
        )),
    }
}

/// GitHub's environment names are not case-sensitive, and the index stores them folded. A certificate from before claim 1.23
/// has none.
fn same_environment(named: Option<&str>, claims: &Claims) -> Result<(), Failure> {
    match (named, claims.get(23)) {
        (Some(named), Some(claimed)) if !named.eq_ignore_ascii_case(claimed) => {
            Err(mismatch("environment", named, Some(claimed)))
        }
        _ => Ok(()),
    }
}

fn same(what: &str, named: &str, claimed: Option<&str>) -> Result<(), Failure> {
    if claimed == Some(named) {
        return Ok(());
    }
    Err(mismatch(what, named, claimed))
}

/// The certificate is what is known; the object beside it is what was found to contradict it.
fn mismatch(what: &str, named: &str, claimed: Option<&str>) -> Failure {
    Failure::new(
        Code::PublisherMismatch,
        format!("the publisher beside the attestation names another {what} than the certificate"),
    )
    .expected(claimed.unwrap_or("no such claim"))
    .found(named)
}
