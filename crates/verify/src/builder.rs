//! Builders on GitHub: rules D2 to D5.

use slsa_pip_distribution::SourceRepository;
use slsa_pip_policy::{BuilderId, Expectation};
use slsa_pip_provenance::{BuildFields, Statement};

use crate::basis::EvidenceKind;
use crate::claims::{Claims, WorkflowIdentity};
use crate::code::Code;
use crate::origin::Origin;
use crate::predicate;
use crate::refusal::Failure;

/// Level of a trusted reusable builder.
const LEVEL_TRUSTED: u8 = 3;
/// Level of a repository's own workflow on a hosted runner.
const LEVEL_OWN: u8 = 2;
/// Level of a repository's own workflow anywhere else: level 2 asks for a hosted build platform.
const LEVEL_SELF_HOSTED: u8 = 1;

/// Claim 1.11 of GitHub's own runners.
const HOSTED: &str = "github-hosted";

const GENERATOR: &str = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";

/// Build types of workflows that attest themselves (actions/attest).
const WORKFLOW_TYPES: [&str; 2] = [
    "https://actions.github.io/buildtypes/workflow/v1",
    "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
];

/// Build types of the generator's workflows (D5).
const GENERATOR_TYPES: [(&str, &[&str]); 5] = [
    (
        "generator_generic_slsa3.yml",
        &["https://github.com/slsa-framework/slsa-github-generator/generic@v1"],
    ),
    (
        "builder_go_slsa3.yml",
        &["https://github.com/slsa-framework/slsa-github-generator/go@v1"],
    ),
    (
        "builder_container-based_slsa3.yml",
        &["https://slsa.dev/container-based-build/v0.1?draft"],
    ),
    ("delegator_generic_slsa3.yml", DELEGATOR_TYPES),
    ("delegator_lowperms-generic_slsa3.yml", DELEGATOR_TYPES),
];
const DELEGATOR_TYPES: &[&str] = &[predicate::DELEGATOR_TYPE];

/// Judges build provenance signed by a GitHub workflow.
pub(crate) fn judge(
    statement: &Statement,
    claims: &Claims,
    identity: &WorkflowIdentity,
    repository: SourceRepository,
    expectation: &Expectation,
) -> Result<Origin, Failure> {
    let fields = BuildFields::from_statement(statement)
        .ok_or_else(|| Failure::new(Code::PredicateTypeUnknown, "the predicate is no build provenance"))?;
    let trusted = &expectation.trusted_builders;
    if is_respelled_generator(&identity.name) {
        return Err(Failure::new(
            Code::BuilderUntrusted,
            "the generator's workflows are trusted under their own spelling only",
        )
        .expected(format!("{GENERATOR}…"))
        .found(claims.identity().as_str()));
    }
    if trusted.knows(&identity.name) {
        if !trusted.trusts(&identity.name, &identity.reference) {
            return Err(unreleased(&identity.name, &identity.reference));
        }
        check_age(expectation, &identity.name, &identity.reference)?;
        check_runner(claims)?;
        let builder = trusted_builder(&fields, identity, expectation)?;
        if identity.name.starts_with(GENERATOR) {
            check_type(&fields, generator_types(&identity.name))?;
            predicate::check_trusted(&fields, claims, &repository)?;
        } else {
            check_type(&fields, &WORKFLOW_TYPES)?;
            predicate::check_forgeable(&fields, claims, &repository)?;
        }
        // Who can change the source can change such a builder too: trusting it does not make it another party.
        let is_own = [&identity.repository, &builder.repository].contains(&&repository);
        return Ok(Origin {
            kind: EvidenceKind::Build,
            repository: Some(repository),
            account: None,
            builder: Some((builder.name, builder.reference)),
            level: if is_own { own_level(claims) } else { LEVEL_TRUSTED },
            trusted_fields: (!is_own).then_some(fields),
        });
    }
    if identity.repository != repository {
        return Err(Failure::new(
            Code::BuilderUntrusted,
            "the builder is neither a trusted one nor a workflow of the source repository",
        )
        .expected(format!("a trusted builder, or a workflow of {repository}"))
        .found(claims.identity().as_str())
        .maybe_hint(trust_hint(&identity.name)));
    }
    check_age(expectation, &identity.name, &identity.reference)?;
    own_builder_id(&fields, claims)?;
    check_type(&fields, &WORKFLOW_TYPES)?;
    predicate::check_forgeable(&fields, claims, &repository)?;
    Ok(Origin {
        kind: EvidenceKind::Build,
        repository: Some(repository),
        account: None,
        builder: None,
        level: own_level(claims),
        trusted_fields: None,
    })
}

/// Whether a name is below the generator's path, however owner and repository are spelled.
fn is_below_generator(name: &str) -> bool {
    name.get(..GENERATOR.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(GENERATOR))
}

/// GitHub does not tell `Owner` from `owner`, so the list of builders does not either. But which build types and which word of a
/// predicate count hangs on the generator's name, and Fulcio writes it as GitHub has it.
fn is_respelled_generator(name: &str) -> bool {
    is_below_generator(name) && !name.starts_with(GENERATOR)
}

/// A trusted builder is worth its level on GitHub's own runners only: on another, whoever runs the machine can sign what they
/// like. Certificates from before claim 1.11 do not say.
fn check_runner(claims: &Claims) -> Result<(), Failure> {
    match claims.get(11) {
        None | Some(HOSTED) => Ok(()),
        Some(other) => Err(Failure::new(
            Code::RunnerMismatch,
            "the trusted builder did not run on a hosted runner",
        )
        .expected(HOSTED)
        .found(other)),
    }
}

/// D2: not below the least release that policy demands of it.
fn check_age(expectation: &Expectation, name: &str, reference: &str) -> Result<(), Failure> {
    match expectation.trusted_builders.too_old(name, reference) {
        None => Ok(()),
        Some(least) => Err(
            Failure::new(Code::BuilderTooOld, "the builder is older than policy demands")
                .expected(format!("{least} or a later release"))
                .found(format!("{name}@{reference}"))
                .hint("take a version of the package that a newer builder built; or review the old one and exempt the file by its digest"),
        ),
    }
}

fn own_level(claims: &Claims) -> u8 {
    match claims.get(11) {
        Some(HOSTED) => LEVEL_OWN,
        _ => LEVEL_SELF_HOSTED,
    }
}

/// D5: the predicate's builder id is the certificate's identity. The delegators run a builder of somebody else's, whose id they
/// verify and write; that one must be trusted as well, or be asked for.
fn trusted_builder(
    fields: &BuildFields,
    identity: &WorkflowIdentity,
    expectation: &Expectation,
) -> Result<WorkflowIdentity, Failure> {
    let id = fields
        .builder_id
        .as_deref()
        .ok_or_else(|| predicate::absent("builder id"))?;
    let own = format!("{}@{}", identity.name, identity.reference);
    if id == own {
        return Ok(identity.clone());
    }
    let is_delegator = identity
        .name
        .strip_prefix(GENERATOR)
        .is_some_and(|file| file.starts_with("delegator_"));
    if !is_delegator {
        return Err(predicate::differs("builder id", &own, id));
    }
    let inner = WorkflowIdentity::parse(id).ok_or_else(|| predicate::differs("builder id", &own, id))?;
    // The generator's own workflows sign for themselves; a delegator that names one has been told so.
    if is_below_generator(&inner.name) {
        return Err(predicate::differs("builder id", &own, id));
    }
    let asked_for = expectation
        .builder
        .as_ref()
        .is_some_and(|builder| builder.matches(&inner.name, &inner.reference).is_ok());
    let listed = expectation.trusted_builders.trusts(&inner.name, &inner.reference);
    if !slsa_pip_policy::builder::is_release_ref(&inner.reference) {
        return Err(unreleased(&inner.name, &inner.reference));
    }
    if asked_for || listed {
        check_age(expectation, &inner.name, &inner.reference)?;
        return Ok(inner);
    }
    Err(Failure::new(
        Code::BuilderUntrusted,
        "the builder that the trusted delegator ran is not itself trusted",
    )
    .expected("a builder that is listed or asked for")
    .found(id)
    .maybe_hint(trust_hint(&inner.name)))
}

/// D5 for the repository's own workflow: the id is the certificate's identity, or older: GitHub's runner of the claimed kind.
fn own_builder_id(fields: &BuildFields, claims: &Claims) -> Result<(), Failure> {
    let id = fields
        .builder_id
        .as_deref()
        .ok_or_else(|| predicate::absent("builder id"))?;
    let identity = claims.identity().as_str();
    let runner = claims
        .get(11)
        .map(|environment| format!("https://github.com/actions/runner/{environment}"));
    if id == identity || Some(id) == runner.as_deref() {
        return Ok(());
    }
    Err(predicate::differs("builder id", identity, id))
}

fn generator_types(name: &str) -> &'static [&'static str] {
    GENERATOR_TYPES
        .iter()
        .find(|(file, _)| name.strip_prefix(GENERATOR) == Some(*file))
        .map_or(&[], |(_, types)| types)
}

fn check_type(fields: &BuildFields, known: &[&str]) -> Result<(), Failure> {
    let found = fields.build_type.as_deref().unwrap_or_default();
    if known.contains(&found) {
        return Ok(());
    }
    Err(
        Failure::new(Code::BuildTypeUnknown, "this builder does not write this build type")
            .expected(known.join(" or "))
            .found(found),
    )
}

/// How to trust a builder, for those that could be listed: whatever else an identity holds has no place in a line to paste.
fn trust_hint(name: &str) -> Option<String> {
    let builder: BuilderId = name.parse().ok()?;
    Some(format!(
        "whoever controls a builder can attest anything: read that workflow first, and only if you trust its owner with every package write in slsa-pip.toml:\n[defaults]\nbuilders = [\"{builder}\"]"
    ))
}

fn unreleased(name: &str, reference: &str) -> Failure {
    Failure::new(
        Code::BuilderRefUnreleased,
        "the trusted builder was not used at a release that is trusted",
    )
    .expected(format!("{name}@refs/tags/vX.Y.Z"))
    .found(format!("{name}@{reference}"))
}
