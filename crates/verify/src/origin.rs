//! Who built or published the file: rules D1 to D5, by provider.

use slsa_pip_distribution::SourceRepository;
use slsa_pip_policy::{Expectation, Provider};
use slsa_pip_provenance::{BuildFields, Publisher, Statement};

use crate::basis::EvidenceKind;
use crate::builder;
use crate::claims::{
    CIRCLECI_ISSUER, Claims, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER, Identity, WorkflowIdentity, missing,
};
use crate::code::Code;
use crate::publisher;
use crate::refusal::Failure;

/// GitLab's host; its issuer vouches for no other.
const GITLAB: &str = "gitlab.com";

/// Where a file comes from, as far as claims prove it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) kind: EvidenceKind,
    pub(crate) repository: Option<SourceRepository>,
    /// Who published it, where there is no repository: whose word it is, and the account as the certificate names it.
    pub(crate) account: Option<(Provider, String)>,
    /// Name and ref of a trusted builder.
    pub(crate) builder: Option<(String, String)>,
    /// 3 for a trusted builder, 2 for the repository's own workflow (1 on a runner of its own), 0 for publish.
    pub(crate) level: u8,
    /// The predicate, where a trusted builder wrote it: nobody else's word is taken for what no claim says.
    pub(crate) trusted_fields: Option<BuildFields>,
}

/// Judges the origin of a signed statement.
pub(crate) fn judge(
    statement: &Statement,
    kind: EvidenceKind,
    claims: &Claims,
    publisher: Option<&Publisher>,
    expectation: &Expectation,
) -> Result<Origin, Failure> {
    if let Some(publisher) = publisher {
        publisher::check(publisher, claims)?;
    }
    match (claims.issuer().unwrap_or_default(), kind) {
        (GITHUB_ISSUER, kind) => github(statement, kind, claims, expectation),
        (GITLAB_ISSUER, EvidenceKind::Publish) => gitlab(claims),
        (GOOGLE_ISSUER, EvidenceKind::Publish) => google(claims),
        (CIRCLECI_ISSUER, EvidenceKind::Publish) => circleci(claims),
        (issuer @ (GITLAB_ISSUER | GOOGLE_ISSUER | CIRCLECI_ISSUER), EvidenceKind::Build) => Err(Failure::new(
            Code::BuilderUntrusted,
            "no builder of this provider is trusted to write build provenance",
        )
        .expected(GITHUB_ISSUER)
        .found(issuer)),
        (issuer, _) => Err(Failure::new(
            Code::IssuerUnexpected,
            "the certificate was issued to an identity of another provider",
        )
        .expected(GITHUB_ISSUER)
        .found(issuer)),
    }
}

fn github(
    statement: &Statement,
    kind: EvidenceKind,
    claims: &Claims,
    expectation: &Expectation,
) -> Result<Origin, Failure> {
    let identity = match claims.identity() {
        Identity::Uri(uri) => WorkflowIdentity::parse(uri),
        Identity::Email(_) => None,
    };
    let identity = identity.ok_or_else(|| {
        Failure::new(
            Code::IdentityMalformed,
            "the certificate's identity is no GitHub workflow",
        )
        .expected("https://github.com/OWNER/REPO/PATH@REF")
        .found(claims.identity().as_str())
    })?;
    let repository = claims.repository()?.ok_or_else(|| missing(12))?;
    if !repository.is_github() {
        return Err(Failure::new(
            Code::ClaimsInconsistent,
            "GitHub vouches for a source repository elsewhere",
        )
        .expected("github.com/OWNER/REPO")
        .found(repository.to_string()));
    }
    if kind == EvidenceKind::Publish {
        publisher::github_workflow(claims, &repository)?;
        return Ok(published(Some(repository), None));
    }
    builder::judge(statement, claims, &identity, repository, expectation)
}

fn gitlab(claims: &Claims) -> Result<Origin, Failure> {
    let repository = claims.repository()?.ok_or_else(|| missing(12))?;
    if repository.host() != GITLAB {
        return Err(Failure::new(
            Code::ClaimsInconsistent,
            "GitLab vouches for a source repository elsewhere",
        )
        .expected(format!("{GITLAB}/GROUP/PROJECT"))
        .found(repository.to_string()));
    }
    claims.require(13)?;
    claims.require(14)?;
    publisher::gitlab_pipeline(claims, &repository)?;
    Ok(published(Some(repository), None))
}

fn google(claims: &Claims) -> Result<Origin, Failure> {
    match claims.identity() {
        Identity::Email(email) => Ok(published(None, Some((Provider::Google, email.clone())))),
        Identity::Uri(uri) => Err(Failure::new(
            Code::IdentityMalformed,
            "the certificate's identity is no Google account",
        )
        .expected("an e-mail address")
        .found(uri)),
    }
}

/// What `CircleCI` names in claim 1.12 is where the code was fetched from, which the project's owner chooses: no source repository
/// is proven by it.
fn circleci(claims: &Claims) -> Result<Origin, Failure> {
    let pipeline = claims.require(9)?;
    Ok(published(None, Some((Provider::CircleCi, pipeline.to_owned()))))
}

const fn published(repository: Option<SourceRepository>, account: Option<(Provider, String)>) -> Origin {
    Origin {
        kind: EvidenceKind::Publish,
        repository,
        account,
        builder: None,
        level: 0,
        trusted_fields: None,
    }
}
