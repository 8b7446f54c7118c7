//! The verdict on one file: rules F1 to F4.

use std::cmp::Reverse;

use jiff::Timestamp;
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, PredicateType, Statement};

use crate::basis::{Attested, Basis};
use crate::code::Code;
use crate::continuity;
use crate::expectation;
use crate::origin::{self, Origin};
use crate::refusal::{Failure, Refusal};
use crate::roots::TrustRoots;
use crate::sigstore::{self, Signed};
use crate::staged::StagedFile;
use crate::subject;
use crate::verified::Verified;

/// Attestations that are judged for one file. Release files hold one for each artifact; those for other files cost one parse.
pub const MAX_EVIDENCE: usize = 4096;

/// Everything besides the file and its evidence that the verdict depends on (F4).
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The trusted roots.
    pub roots: &'a TrustRoots,
    /// What is expected of the package.
    pub expectation: &'a Expectation,
    /// The time of the run: no signature may be younger.
    pub now: Timestamp,
    /// The package, for messages; `slsa-pip verify` knows the file alone.
    pub package: Option<&'a PackageName>,
}

/// Judges a file by its evidence.
///
/// Every attestation is judged on its own: one that fails hides no other. Of those that pass, the one with the highest build
/// level becomes the basis. *Not checked*: that the bytes at the file's path still have its digest; the hand-off hashes again.
///
/// # Errors
/// A refusal for each attestation, the one that got furthest first; a single `no-evidence` or `continuity-evidence-lost` if there is none (F1).
pub fn verify_file(file: &StagedFile, evidence: &[Evidence], ctx: &Context<'_>) -> Result<Verified, Vec<Refusal>> {
    let package = ctx.package.map(PackageName::as_str);
    if evidence.is_empty() {
        let failure = continuity::lost(ctx.expectation, package).unwrap_or_else(|| {
            Failure::new(Code::NoEvidence, "no attestation of this file was found")
                .expected("build provenance or a publish attestation")
                .found("none")
        });
        return Err(vec![failure.into_refusal(file.filename(), package, None)]);
    }
    if evidence.len() > MAX_EVIDENCE {
        let failure = Failure::new(Code::OverBudget, "there are too many attestations")
            .expected(format!("at most {MAX_EVIDENCE}"))
            .found(evidence.len().to_string());
        return Err(vec![failure.into_refusal(file.filename(), package, None)]);
    }
    let mut best: Option<Attested> = None;
    let mut refusals = Vec::new();
    for evidence in evidence {
        match judge(file, evidence, ctx) {
            Ok(attested) => {
                if best.as_ref().is_none_or(|best| best.build_level < attested.build_level) {
                    best = Some(attested);
                }
            }
            Err(failure) => {
                refusals.push(failure.into_refusal(file.filename(), package, Some(evidence.found.clone())));
            }
        }
    }
    if let Some(attested) = best {
        return Ok(Verified::new(file.clone(), Basis::Attested(Box::new(attested))));
    }
    refusals.sort_by_key(|refusal| Reverse(rank(refusal.code)));
    Err(refusals)
}

/// One attestation: first what can be refused by looking (C), then the signature (B), then who (D) and whether expected (E).
fn judge(file: &StagedFile, evidence: &Evidence, ctx: &Context<'_>) -> Result<Attested, Failure> {
    let attestation = &evidence.attestation;
    let statement = subject::statement(attestation)?;
    let kind = subject::kind(&statement)?;
    subject::check(&statement, attestation, kind, file)?;
    let signed = sigstore::verify_signature(evidence, file.sha256(), ctx.roots, ctx.now)?;
    let publisher = match attestation.as_ref() {
        Attestation::Pep740(attestation) => attestation.publisher.as_ref(),
        Attestation::Classic(_) | Attestation::Bundle(_) => None,
    };
    let origin = origin::judge(&statement, kind, &signed.claims, publisher, ctx.expectation)?;
    let mut attested = attested(evidence, &statement, &signed, &origin, ctx.expectation);
    let package = ctx.package.map(PackageName::as_str);
    let found = attested.origin();
    let continued = expectation::check(&origin, &signed.claims, &found, ctx.expectation, package)?;
    if let Some(previous) = continued {
        attested.continues = Some(previous.recorded_at.clone());
        if previous.recorded && !attested.pinned {
            attested.pinned = true;
            attested.pinned_by.clone_from(&attested.continues);
        }
    }
    Ok(attested)
}

fn attested(
    evidence: &Evidence,
    statement: &Statement,
    signed: &Signed,
    origin: &Origin,
    expectation: &Expectation,
) -> Attested {
    let claims = &signed.claims;
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let pinned = expectation.is_pinned();
    Attested {
        kind: origin.kind,
        format: evidence.attestation.format_name(),
        found: evidence.found.clone(),
        predicate_type: predicate_type(&statement.predicate_type).to_owned(),
        repository: origin.repository.clone(),
        pinned,
        pinned_by: expectation.pinned_by.clone().filter(|_| pinned),
        continues: None,
        reference: owned(claims.reference()),
        commit: owned(claims.commit()),
        workflow: owned(claims.get(18)),
        builder: origin
            .builder
            .as_ref()
            .map(|(name, reference)| format!("{name}@{reference}")),
        build_level: origin.level,
        trigger: owned(claims.trigger()),
        runner_environment: owned(claims.get(11)),
        repository_id: owned(claims.get(15)),
        owner_id: owned(claims.get(17)),
        issuer: claims.issuer().unwrap_or_default().to_owned(),
        identity: claims.identity().as_str().to_owned(),
        log_index: signed.log_index,
        log_id: signed.log_id.clone(),
        signed_at: signed.time,
        claims: claims.named(),
        instance: signed.instance,
        statement: evidence.attestation.payload().unwrap_or_default().to_vec(),
    }
}

fn predicate_type(predicate_type: &PredicateType) -> &str {
    match predicate_type {
        PredicateType::SlsaV02 => "https://slsa.dev/provenance/v0.2",
        PredicateType::SlsaV1 => "https://slsa.dev/provenance/v1",
        PredicateType::PypiPublishV1 => "publish/v1",
        PredicateType::Other(text) => text,
    }
}

/// How far a refusal got, for choosing which to show first: evidence about other files or of unknown kinds says least, a
/// verified signature that meets no expectation says most.
pub(crate) fn rank(code: Code) -> usize {
    const STAGE: usize = 1000;
    let stage = match code.rule().as_bytes() {
        [b'A', ..] | b"C1" | b"C2" | b"F1" => 0,
        b"C3" => 1,
        [b'B', ..] => 2,
        _ => 3,
    };
    let within = Code::ALL.iter().position(|known| *known == code).unwrap_or(0);
    stage * STAGE + within
}
