//! What was expected: rules D4 and E1 to E7. An absent claim never meets an expectation.

use slsa_pip_policy::{Account, BuilderId, Expectation, Identity, Previous};
use slsa_pip_provenance::split_ref;

use crate::basis::EvidenceKind;
use crate::claims::Claims;
use crate::code::Code;
use crate::continuity;
use crate::locked;
use crate::origin::Origin;
use crate::publisher::{gitlab_pipeline, path_within};
use crate::refusal::Failure;
use crate::source_ref;

/// Where GitHub looks for workflows.
const WORKFLOW_FOLDER: &str = ".github/workflows/";

/// Compares a proven origin with everything that is expected; which other release it continues, if that is known.
pub(crate) fn check<'e>(
    origin: &Origin,
    claims: &Claims,
    found: &Identity,
    expectation: &'e Expectation,
    package: Option<&str>,
) -> Result<Option<&'e Previous>, Failure> {
    repository(origin, claims, found, expectation, package)?;
    locked::check(claims, expectation)?;
    kind(origin, expectation)?;
    builder(origin, claims, expectation)?;
    equal(
        Code::RepositoryIdMismatch,
        "the source repository has another id",
        expectation.repository_id.as_deref(),
        claims.get(15),
    )?;
    equal(
        Code::OwnerIdMismatch,
        "the source repository's owner has another id",
        expectation.owner_id.as_deref(),
        claims.get(17),
    )?;
    equal(
        Code::RefMismatch,
        "it was made from another ref",
        expectation.reference.as_deref(),
        claims.reference(),
    )?;
    source_ref::check_tag(expectation.source_tag.as_deref(), claims.reference())?;
    source_ref::check_versioned_tag(expectation.versioned_tag.as_deref(), claims.reference(), package)?;
    source_ref::check_branch(
        expectation.source_branch.as_deref(),
        claims.reference(),
        claims.trigger(),
        origin.trusted_fields.as_ref(),
    )?;
    inputs(origin, claims, expectation)?;
    workflow(origin, claims, expectation)?;
    equal(
        Code::TriggerMismatch,
        "another event started the workflow",
        expectation.trigger.as_deref(),
        claims.trigger(),
    )?;
    equal(
        Code::EnvironmentMismatch,
        "it was made in another deployment environment",
        expectation.environment.as_deref(),
        claims.get(23),
    )?;
    equal(
        Code::RunnerMismatch,
        "it was made on another kind of runner",
        expectation.runner_environment.as_deref(),
        claims.get(11),
    )?;
    continuity::check(found, expectation, package)
}

fn equal(code: Code, summary: &str, expected: Option<&str>, found: Option<&str>) -> Result<(), Failure> {
    match expected {
        Some(expected) if found != Some(expected) => Err(Failure::new(code, summary)
            .expected(expected)
            .found(found.unwrap_or("no such claim"))),
        _ => Ok(()),
    }
}

/// E1, E7, E8, D4.
fn repository(
    origin: &Origin,
    claims: &Claims,
    identity: &Identity,
    expectation: &Expectation,
    package: Option<&str>,
) -> Result<(), Failure> {
    let found = origin.repository.as_ref();
    let shown = found.map_or_else(|| "no repository".to_owned(), ToString::to_string);
    let pin = || {
        found.map(|repository| match package {
            Some(package) => format!(
                "if that is the project's source, pin it in slsa-pip.toml:\n[packages.{package}]\nrepository = \"{repository}\""
            ),
            None => format!("if that is the project's source, say so: --source-uri {repository}"),
        })
    };
    if expectation.is_pinned() {
        return pinned(origin, claims, expectation);
    }
    if expectation.lacks_required_pin() {
        return Err(Failure::new(
            Code::RepositoryNotPinned,
            "policy accepts pinned source repositories only, and none is pinned for this package",
        )
        .expected("a pinned repository")
        .found(format!("{shown}, merely claimed"))
        .maybe_hint(pin()));
    }
    // What is recorded is a pin, but for what only the index says of other releases. Whoever reviews decides for themselves.
    let continued = continuity::check(identity, expectation, package)?;
    if expectation.under_review || continued.is_some_and(|previous| previous.recorded) {
        return Ok(());
    }
    if let Some(declared) = &expectation.declared
        && found != Some(declared)
    {
        // Anybody can have an account elsewhere: an identity without a repository is not the declared one's.
        let identity = || format!("{}, which proves no repository", claims.identity().as_str());
        return Err(Failure::new(
            Code::RepositoryDiffersFromDeclared,
            "the package's metadata names another source repository than the certificate",
        )
        .expected(declared.to_string())
        .found(found.map_or_else(identity, ToString::to_string))
        .maybe_hint(pin()));
    }
    if origin.kind == EvidenceKind::Build && origin.builder.is_none() {
        return Err(Failure::new(
            Code::BuilderNotPinned,
            "the repository's own workflow built it, which is accepted for pinned repositories only",
        )
        .expected("a trusted builder, or a pinned repository")
        .found(format!("a workflow of {shown}, not pinned"))
        .maybe_hint(pin()));
    }
    Ok(())
}

/// E1, E6: one of the pinned repositories, a repository of a pinned owner, or a pinned account.
fn pinned(origin: &Origin, claims: &Claims, expectation: &Expectation) -> Result<(), Failure> {
    let is_account = |account: &Account| {
        let found = origin.account.as_ref();
        found.is_some_and(|(provider, subject)| *provider == account.provider() && *subject == account.subject())
    };
    let found = origin.repository.as_ref();
    let accounts = &expectation.accounts;
    if found.is_some_and(|found| expectation.accepts_repository(found)) || accounts.iter().any(is_account) {
        return Ok(());
    }
    let names_no_repository = expectation.repositories.is_empty() && expectation.owners.is_empty();
    let by_account = names_no_repository || (!accounts.is_empty() && found.is_none());
    let (code, summary) = if by_account {
        let summary = "it was published by another identity than the pinned account";
        (Code::AccountMismatch, summary)
    } else {
        let summary = "it was made from another source repository than the pinned one";
        (Code::RepositoryMismatch, summary)
    };
    let shown = match (found, &origin.account) {
        (Some(repository), _) => repository.to_string(),
        (None, Some((provider, subject))) if by_account => format!("{subject} ({provider})"),
        (None, _) if by_account => claims.identity().as_str().to_owned(),
        (None, _) => "no repository".to_owned(),
    };
    let pinned_by = expectation.pinned_by.as_deref().unwrap_or("the pin");
    Err(Failure::new(code, summary)
        .expected(expectation.pinned_sources())
        .found(shown)
        .hint(format!("if the project moved, change {pinned_by}")))
}

/// C4, E6.
fn kind(origin: &Origin, expectation: &Expectation) -> Result<(), Failure> {
    let accepted = match origin.kind {
        EvidenceKind::Build => expectation.kinds.build,
        EvidenceKind::Publish => expectation.kinds.publish,
    };
    if !accepted {
        let wanted = [
            (expectation.kinds.build, "build"),
            (expectation.kinds.publish, "publish"),
        ];
        let wanted: Vec<&str> = wanted.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        return Err(
            Failure::new(Code::KindNotAccepted, "policy does not accept this kind of evidence")
                .expected(wanted.join(" or "))
                .found(origin.kind.as_str()),
        );
    }
    match expectation.minimum_level {
        Some(minimum) if origin.level < minimum => {
            Err(Failure::new(Code::LevelTooLow, "the SLSA build level is too low")
                .expected(format!("at least {minimum}"))
                .found(origin.level.to_string()))
        }
        _ => Ok(()),
    }
}

/// D3.
fn builder(origin: &Origin, claims: &Claims, expectation: &Expectation) -> Result<(), Failure> {
    let Some(expected) = &expectation.builder else {
        return Ok(());
    };
    let found = origin.builder.as_ref();
    let matches =
        |expected: &BuilderId| found.is_some_and(|(name, reference)| expected.matches(name, reference).is_ok());
    if matches(expected) {
        return Ok(());
    }
    Err(Failure::new(Code::BuilderMismatch, "another builder built it")
        .expected(expected.to_string())
        .found(found.map_or_else(
            || format!("{}, which is no trusted builder", claims.identity().as_str()),
            |(name, reference)| format!("{name}@{reference}"),
        )))
}

/// E5. No claim holds the inputs, so only a trusted builder's word counts.
fn inputs(origin: &Origin, claims: &Claims, expectation: &Expectation) -> Result<(), Failure> {
    if expectation.workflow_inputs.is_empty() {
        return Ok(());
    }
    let mismatch = |summary: &str| Failure::new(Code::WorkflowInputMismatch, summary);
    if claims.trigger() != Some("workflow_dispatch") {
        return Err(mismatch("the workflow was not dispatched by hand, so it has no inputs")
            .expected("workflow_dispatch")
            .found(claims.trigger().unwrap_or("no such claim")));
    }
    let Some(fields) = &origin.trusted_fields else {
        return Err(
            mismatch("only a trusted builder's word counts for a workflow's inputs, and none built it")
                .expected("a trusted builder")
                .found(claims.identity().as_str()),
        );
    };
    let logged = fields.workflow_inputs.as_ref();
    for (key, expected) in &expectation.workflow_inputs {
        let found = logged.and_then(|inputs| inputs.get(key));
        if found.and_then(|value| value.as_str()) != Some(expected) {
            return Err(mismatch("the workflow had another input")
                .expected(format!("{key}={expected}"))
                .found(found.map_or_else(|| format!("no input {key}"), |value| format!("{key}={value}"))));
        }
    }
    Ok(())
}

/// E6: claim 1.18, a workflow or pipeline file of the source repository. On GitHub all of them lie in one folder, which need not
/// be written; on GitLab the file may lie anywhere, and the whole path counts.
fn workflow(origin: &Origin, claims: &Claims, expectation: &Expectation) -> Result<(), Failure> {
    let Some(expected) = &expectation.workflow else {
        return Ok(());
    };
    let is_expected = match &origin.repository {
        Some(repository) if repository.is_github() => {
            let location = claims.get(18).and_then(split_ref).map(|(location, _)| location);
            let path = location.and_then(|location| path_within(location, repository));
            let file = path.as_deref().and_then(|path| path.strip_prefix(WORKFLOW_FOLDER));
            file == Some(expected.strip_prefix(WORKFLOW_FOLDER).unwrap_or(expected))
        }
        Some(repository) => gitlab_pipeline(claims, repository).is_ok_and(|path| path == *expected),
        None => false,
    };
    if is_expected {
        return Ok(());
    }
    Err(Failure::new(Code::WorkflowMismatch, "another workflow made it")
        .expected(expected)
        .found(claims.get(18).unwrap_or("no such claim")))
}
