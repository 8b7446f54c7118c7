//! The verdict on one file.

use jiff::Timestamp;
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;

use crate::code::Code;
use crate::refusal::{Failure, Refusal};
use crate::roots::TrustRoots;
use crate::staged::StagedFile;
use crate::verified::Verified;

/// Everything besides the file and its evidence that the verdict depends on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The trusted roots.
    pub roots: &'a TrustRoots,
    /// What is expected of the package.
    pub expectation: &'a Expectation,
    /// The time of the run.
    pub now: Timestamp,
    /// The package, for messages; the file alone is known to `slsa-pip verify`.
    pub package: Option<&'a PackageName>,
}

/// Judges a file by its evidence.
///
/// # Errors
/// A refusal for each attestation.
pub fn verify_file(file: &StagedFile, _evidence: &[Evidence], ctx: &Context<'_>) -> Result<Verified, Vec<Refusal>> {
    Err(vec![
        Failure::new(Code::NoEvidence, "no attestation of this file was found")
            .into_refusal(file.filename(), ctx.package.map(PackageName::as_str), None),
    ])
}

/// How far a refusal got.
pub(crate) fn rank(code: Code) -> usize {
    Code::ALL.iter().position(|c| *c == code).unwrap_or(0)
}
