//! The predicate against the certificate's claims: rules D5 and D6.

use slsa_pip_distribution::SourceRepository;
use slsa_pip_provenance::{BuildFields, split_ref};

use crate::claims::{Claims, missing};
use crate::code::Code;
use crate::refusal::Failure;

/// The build type of the generator's delegators.
pub(crate) const DELEGATOR_TYPE: &str = "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0";

/// A predicate that a trusted builder wrote: where both say something, they say the same. Certificates from before 2023 lack
/// some claims.
pub(crate) fn check_trusted(
    fields: &BuildFields,
    claims: &Claims,
    repository: &SourceRepository,
) -> Result<(), Failure> {
    check_locations(fields, claims, repository)?;
    for (name, field, claim) in scalars(fields, claims) {
        if let (Some(field), Some(claim)) = (field, claim.1)
            && field != claim
        {
            return Err(differs(name, claim, field));
        }
    }
    Ok(())
}

/// A predicate that the workflow wrote itself (D4): every field has its claim, and is equal to it.
pub(crate) fn check_forgeable(
    fields: &BuildFields,
    claims: &Claims,
    repository: &SourceRepository,
) -> Result<(), Failure> {
    let needed = [
        ("repository", fields.repository.as_ref()),
        ("ref", fields.reference.as_ref()),
        ("source", fields.source_uri.as_ref()),
    ];
    for (name, field) in needed {
        if field.is_none() {
            return Err(absent(name));
        }
    }
    claims.reference().ok_or_else(|| missing(14))?;
    if fields.workflow_ref.is_some() || fields.trigger_uri.is_some() {
        claims.require(18)?;
    }
    check_locations(fields, claims, repository)?;
    let whole = [
        (
            "workflow commit",
            fields.trigger_digest.as_deref(),
            (19, claims.get(19)),
        ),
        ("invocation", fields.invocation_id.as_deref(), (21, claims.get(21))),
    ];
    for (name, field, (number, claim)) in scalars(fields, claims).into_iter().chain(whole) {
        let Some(field) = field else { continue };
        let claim = claim.ok_or_else(|| missing(number))?;
        if field != claim {
            return Err(differs(name, claim, field));
        }
    }
    // A workflow that cannot be named as its claim does was not compared above.
    if fields.workflow_ref.is_none() {
        return Err(absent("workflow"));
    }
    Ok(())
}

type Scalar<'a> = (&'static str, Option<&'a str>, (u32, Option<&'a str>));

/// Fields that must equal a claim, with the claim's number.
fn scalars<'a>(fields: &'a BuildFields, claims: &'a Claims) -> [Scalar<'a>; 10] {
    let (run, attempt) = run_of(claims.get(21));
    let workflow_commit = claims.get(19).or_else(|| claims.get(10));
    [
        ("event name", fields.event_name.as_deref(), (20, claims.trigger())),
        ("ref", fields.reference.as_deref(), (14, claims.reference())),
        ("commit", fields.sha.as_deref(), (13, claims.commit())),
        ("source commit", fields.source_digest.as_deref(), (13, claims.commit())),
        (
            "workflow commit",
            fields.trigger_digest.as_deref(),
            (19, workflow_commit.or_else(|| claims.commit())),
        ),
        ("repository id", fields.repository_id.as_deref(), (15, claims.get(15))),
        ("owner id", fields.owner_id.as_deref(), (17, claims.get(17))),
        (
            "runner environment",
            fields.runner_environment.as_deref(),
            (11, claims.get(11)),
        ),
        ("run id", fields.run_id.as_deref(), (21, run)),
        ("run attempt", fields.run_attempt.as_deref(), (21, attempt)),
    ]
}

/// Run and attempt of `…/actions/runs/ID/attempts/N`.
fn run_of(url: Option<&str>) -> (Option<&str>, Option<&str>) {
    let Some((run, attempt)) = url
        .and_then(|url| url.rsplit_once("/actions/runs/"))
        .and_then(|(_, rest)| rest.split_once("/attempts/"))
    else {
        return (None, None);
    };
    (Some(run), Some(attempt))
}

/// Source, trigger and repository all name the claimed repository, and their refs the claimed ref.
fn check_locations(fields: &BuildFields, claims: &Claims, repository: &SourceRepository) -> Result<(), Failure> {
    let source = fields.source_uri.as_deref().ok_or_else(|| absent("source"))?;
    let source_ref = if may_build_another_ref(fields) {
        Ref::OrNone
    } else {
        Ref::Needed
    };
    check_uri("source", source, (claims.reference(), source_ref), repository)?;
    if let Some(uri) = &fields.external_source_uri {
        check_uri("external source", uri, (claims.reference(), source_ref), repository)?;
    }
    if let Some(named) = &fields.repository {
        let same = named
            .parse::<SourceRepository>()
            .is_ok_and(|named| named == *repository);
        if !same {
            return Err(differs("repository", &repository.https_url(), named));
        }
    }
    let workflow_ref = claims.get(18).and_then(split_ref).map(|(_, reference)| reference);
    if let Some(uri) = &fields.trigger_uri {
        let reference = workflow_ref.or_else(|| claims.reference());
        check_uri("trigger", uri, (reference, Ref::Needed), repository)?;
    }
    if let (Some(field), Some(claim)) = (&fields.workflow_ref, claims.get(18)) {
        let field = format!("https://github.com/{field}");
        if field != claim {
            return Err(differs("workflow", claim, &field));
        }
    }
    Ok(())
}

/// Whether a URI must name its ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ref {
    Needed,
    OrNone,
}

/// Below the delegators a workflow may commit while it releases, and then names its source without a ref.
fn may_build_another_ref(fields: &BuildFields) -> bool {
    fields.build_type.as_deref() == Some(DELEGATOR_TYPE)
}

/// A URI as all builders write it: `git+https://github.com/OWNER/NAME@REF`. Other spellings of a repository are for people.
fn check_uri(
    name: &str,
    uri: &str,
    (reference, need): (Option<&str>, Ref),
    repository: &SourceRepository,
) -> Result<(), Failure> {
    let expected = || {
        let reference = reference.map(|reference| format!("@{reference}")).unwrap_or_default();
        format!("git+{}{reference}", repository.https_url())
    };
    let (location, found) = match split_ref(uri) {
        Some((location, found)) => (location, Some(found)),
        None => (uri, None),
    };
    let same_repository = location.starts_with("git+https://")
        && location
            .parse::<SourceRepository>()
            .is_ok_and(|named| named == *repository);
    let same_reference = match found {
        Some(_) => found == reference,
        None => need == Ref::OrNone,
    };
    if same_repository && same_reference {
        return Ok(());
    }
    Err(differs(name, &expected(), uri))
}

/// The refusal of a field that differs.
pub(crate) fn differs(field: &str, expected: &str, found: &str) -> Failure {
    Failure::new(
        Code::PredicateMismatch,
        format!("the provenance names another {field} than the certificate"),
    )
    .expected(expected)
    .found(found)
}

/// The refusal of a field that is absent.
pub(crate) fn absent(field: &str) -> Failure {
    Failure::new(
        Code::PredicateFieldMissing,
        format!("the provenance does not say its {field}"),
    )
    .expected(field)
    .found("nothing")
}
