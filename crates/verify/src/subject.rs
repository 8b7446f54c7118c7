//! What the statement is about: rules C1 to C4. Unsigned so far, which only matters for what is accepted, not for what is refused.

use slsa_pip_distribution::DistributionFilename;
use slsa_pip_provenance::statement::STATEMENT_V1;
use slsa_pip_provenance::{Attestation, PredicateType, Statement, StatementError};

use crate::basis::EvidenceKind;
use crate::code::Code;
use crate::refusal::Failure;
use crate::staged::StagedFile;

/// Most subject digests that a refusal shows.
const MAX_SHOWN_DIGESTS: usize = 4;

/// Reads the statement of an attestation.
pub(crate) fn statement(attestation: &Attestation) -> Result<Statement, Failure> {
    let payload = attestation.payload().ok_or_else(|| {
        Failure::new(
            Code::NotAStatement,
            "it signs a plain message: that says nothing about a build or a publication",
        )
    })?;
    parse(payload)
}

/// Reads a payload as a statement (C1).
pub(crate) fn parse(payload: &[u8]) -> Result<Statement, Failure> {
    Statement::parse(payload).map_err(|error| {
        let code = match error {
            StatementError::UnknownType { .. } => Code::StatementTypeUnexpected,
            StatementError::TooLarge { .. } | StatementError::TooManySubjects { .. } => Code::OverBudget,
            _ => Code::StatementMalformed,
        };
        Failure::new(code, error.to_string())
    })
}

/// C4: which kind of evidence a predicate is.
pub(crate) fn kind(statement: &Statement) -> Result<EvidenceKind, Failure> {
    match &statement.predicate_type {
        PredicateType::SlsaV02 | PredicateType::SlsaV1 => Ok(EvidenceKind::Build),
        PredicateType::PypiPublishV1 => Ok(EvidenceKind::Publish),
        PredicateType::Other(found) => Err(Failure::new(
            Code::PredicateTypeUnknown,
            "the attestation is neither SLSA provenance nor a publish attestation",
        )
        .expected("SLSA provenance v0.2 or v1, or a publish attestation v1")
        .found(found)),
    }
}

/// C1 to C3: the file's digest is a subject's, and for PEP 740 the one subject's name is this distribution's.
pub(crate) fn check(
    statement: &Statement,
    attestation: &Attestation,
    kind: EvidenceKind,
    file: &StagedFile,
) -> Result<(), Failure> {
    let matches = |digest| digest == Some(*file.sha256());
    if !statement.subjects.iter().any(|subject| matches(subject.sha256())) {
        let named: Vec<String> = statement
            .subjects
            .iter()
            .take(MAX_SHOWN_DIGESTS)
            .map(|subject| match subject.sha256() {
                Some(digest) => digest.to_string(),
                None => "no sha256 digest".to_owned(),
            })
            .collect();
        let more = statement.subjects.len().saturating_sub(named.len());
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        return Err(Failure::new(
            Code::DigestMismatch,
            "the attestation is about other files: no subject has this file's digest",
        )
        .expected(file.sha256().to_string())
        .found(format!("{}{rest}", named.join(", "))));
    }
    let is_pep740 = matches!(attestation, Attestation::Pep740(_)) || kind == EvidenceKind::Publish;
    if is_pep740 { pep740(statement, file) } else { Ok(()) }
}

fn pep740(statement: &Statement, file: &StagedFile) -> Result<(), Failure> {
    if statement.type_ != STATEMENT_V1 {
        return Err(Failure::new(
            Code::StatementTypeUnexpected,
            "a PEP 740 attestation must hold a statement v1",
        )
        .expected(STATEMENT_V1)
        .found(&statement.type_));
    }
    let [subject] = statement.subjects.as_slice() else {
        return Err(Failure::new(
            Code::SubjectCount,
            "a PEP 740 attestation must have exactly one subject",
        )
        .expected("1")
        .found(statement.subjects.len().to_string()));
    };
    let named = subject.name.as_deref().unwrap_or_default();
    if file.is_bare_digest() {
        return Err(Failure::new(
            Code::SubjectNameUnchecked,
            "a PEP 740 attestation is about a file of one name, and a bare digest has none to compare",
        )
        .expected("the file itself, under its name")
        .found(format!("a digest; the attestation names {named}"))
        .hint("name the file in place of its digest: `slsa-pip verify FILE --provenance PATH`"));
    }
    let same = match (
        named.parse::<DistributionFilename>(),
        file.filename().parse::<DistributionFilename>(),
    ) {
        (Ok(named), Ok(actual)) => named.same_distribution(&actual),
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(Failure::new(
        Code::SubjectNameMismatch,
        "the attestation's subject names another distribution",
    )
    .expected(file.filename())
    .found(named))
}
