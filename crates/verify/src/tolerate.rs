//! `mode = "warn"`: a file that policy or missing evidence refuses may pass, and is told apart from every accepted one.
//!
//! What says nothing is tolerated: no evidence, evidence of an unknown kind, a sound proof that is not the one policy wants. What says
//! something false never is: bytes that are not the announced ones, a signature or log entry that does not verify, claims and
//! predicates that contradict each other, a proof that names another distribution, and whatever goes over a limit. Nobody publishes
//! such things by neglect.

use slsa_pip_policy::Mode;
use slsa_pip_provenance::SourceKind;

use crate::basis::{Basis, ToleratedBasis};
use crate::code::Code;
use crate::refusal::Refusal;
use crate::staged::StagedFile;
use crate::verified::Verified;

/// Lets a refused file pass, where the policy's mode says so and every one of its refusals may be tolerated.
///
/// `refusals` are those of [`crate::verify_file`], and what the caller has to add to them; `written_at` is where the policy says
/// `warn`. *Not checked*: that the refusals are all there are.
///
/// # Errors
/// The refusals as they came, in any other case: another mode, no refusal at all, a refusal of another file, or one that is
/// [never tolerated](Code::is_tolerable).
pub fn tolerate(
    file: &StagedFile,
    refusals: Vec<Refusal>,
    mode: Mode,
    written_at: &str,
) -> Result<Verified, Vec<Refusal>> {
    let may_pass = mode == Mode::Warn
        && !file.is_bare_digest()
        && !refusals.is_empty()
        && refusals
            .iter()
            .all(|refusal| refusal.file == file.filename() && is_tolerated(refusal));
    if !may_pass {
        return Err(refusals);
    }
    let basis = ToleratedBasis {
        refusals,
        written_at: written_at.to_owned(),
    };
    Ok(Verified::new(file.clone(), Basis::Tolerated(basis)))
}

/// The index's own provenance of a file is about that file alone: where it names other bytes, they have been replaced. Release
/// files and folders hold proofs of many files, and may just lack this one's.
fn is_tolerated(refusal: &Refusal) -> bool {
    let of_this_file = refusal
        .source
        .as_ref()
        .is_some_and(|found| found.kind == SourceKind::IndexIntegrity);
    refusal.code.is_tolerable() && !(refusal.code == Code::DigestMismatch && of_this_file)
}

impl Code {
    /// Whether `mode = "warn"` may let a file pass that was refused with this code. A code that is not listed here never does.
    /// [`Code::DigestMismatch`] does not where the index's own provenance of the file names other bytes.
    #[must_use]
    pub const fn is_tolerable(self) -> bool {
        matches!(
            self,
            // Nothing that could be verified.
            Self::NoEvidence
                | Self::EvidenceUnreadable
                | Self::SearchTimedOut
                | Self::MediaTypeUnknown
                | Self::BundleMalformed
                | Self::NotAStatement
                | Self::PredicateTypeUnknown
                | Self::PublisherUnknown
                | Self::LogEntryKindUnknown
                | Self::LogEntryMissing
                | Self::StatementMalformed
                | Self::StatementTypeUnexpected
                | Self::DigestMismatch
                | Self::SubjectCount
                // Somebody whom nobody trusts.
                | Self::IssuerUnexpected
                | Self::ClaimMissing
                | Self::IdentityMalformed
                | Self::BuilderUntrusted
                | Self::BuilderRefUnreleased
                | Self::BuilderTooOld
                | Self::BuilderMismatch
                | Self::BuilderNotPinned
                | Self::BuildTypeUnknown
                | Self::PredicateFieldMissing
                // Not what policy expects.
                | Self::RepositoryMismatch
                | Self::RepositoryIdMismatch
                | Self::OwnerIdMismatch
                | Self::RepositoryNotPinned
                | Self::RepositoryDiffersFromDeclared
                | Self::AccountMismatch
                | Self::RefMismatch
                | Self::NotATag
                | Self::TagMismatch
                | Self::VersionedTagMismatch
                | Self::BranchMismatch
                | Self::WorkflowInputMismatch
                | Self::WorkflowMismatch
                | Self::TriggerMismatch
                | Self::EnvironmentMismatch
                | Self::RunnerMismatch
                | Self::KindNotAccepted
                | Self::LevelTooLow
                | Self::ReleaseTooYoung
                | Self::UploadTimeMissing
                | Self::ContinuityEvidenceLost
                | Self::ContinuityEvidenceWeaker
                | Self::ContinuityProviderChanged
                | Self::ContinuityRepositoryChanged
                | Self::ContinuityRepositoryReplaced
                | Self::ContinuityAccountChanged
                | Self::ContinuityWorkflowChanged
                | Self::ContinuityBuilderChanged
                | Self::ContinuityBuildWeaker
                | Self::ContinuityUnknown
                | Self::ContinuityNotRecorded
                | Self::ExemptionExpired
        )
    }
}
