//! Refusal codes: stable, kebab-case, one per way to fail.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $rule:literal;)+) => {
        /// Why a file was refused. The texts are part of the interface and never change meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the rules.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable kebab-case text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }

            /// The rule of VERIFICATION.md that it enforces.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule),+ }
            }
        }
    };
}

codes! {
    /// There is no attestation for the file.
    NoEvidence = "no-evidence", "F1";
    /// What was found as the file's provenance cannot be read.
    EvidenceUnreadable = "evidence-unreadable", "F1";
    /// The search for evidence was ended before every place had answered.
    SearchTimedOut = "search-timed-out", "F1";
    /// The downloaded bytes do not have the digest that the index announced.
    IndexDigestMismatch = "index-digest-mismatch", "C2";
    /// The downloaded bytes have none of the digests that the user allowed (`--hash`).
    HashNotAllowed = "hash-not-allowed", "C2";
    /// The metadata that the index serves for the file is not the one inside it.
    MetadataMismatch = "metadata-mismatch", "C2";
    /// The bundle's media type is not known.
    MediaTypeUnknown = "media-type-unknown", "A5";
    /// The bundle does not have the shape of its media type.
    BundleMalformed = "bundle-malformed", "A2";
    /// The attestation signs a plain message, so it says nothing about a build or a publication.
    NotAStatement = "not-a-statement", "A5";
    /// The predicate type is not known.
    PredicateTypeUnknown = "predicate-type-unknown", "A5";
    /// The publisher is of an unknown kind.
    PublisherUnknown = "publisher-unknown", "A5";
    /// The log entry is of an unknown kind.
    LogEntryKindUnknown = "log-entry-kind-unknown", "A5";
    /// A limit on hostile input was exceeded.
    OverBudget = "over-budget", "A6";
    /// The DSSE payload type is not in-toto's.
    PayloadTypeUnexpected = "payload-type-unexpected", "B1";
    /// There is not exactly one signature.
    SignatureCount = "signature-count", "B1";
    /// The signature does not verify.
    SignatureInvalid = "signature-invalid", "B1";
    /// The signing key is of an unexpected kind.
    SignatureAlgorithm = "signature-algorithm", "B1";
    /// There is no signing certificate.
    CertificateMissing = "certificate-missing", "B2";
    /// The certificate cannot be read, or has not exactly one identity, or repeats an extension.
    CertificateMalformed = "certificate-malformed", "B2";
    /// The certificate does not chain to a trusted authority.
    CertificateUntrusted = "certificate-untrusted", "B2";
    /// The certificate was not valid at the proven signing time.
    CertificateOutsideValidity = "certificate-outside-validity", "B2";
    /// No certificate transparency timestamp of a trusted log is in the certificate.
    SctInvalid = "sct-invalid", "B3";
    /// There is no proven signing time.
    SigningTimeUnproven = "signing-time-unproven", "B4";
    /// A signed timestamp does not verify.
    TimestampInvalid = "timestamp-invalid", "B4";
    /// The signing time lies in the future.
    SigningTimeInFuture = "signing-time-in-future", "B4";
    /// There is not exactly one log entry (or, on GitHub's own instance, not none).
    LogEntryCount = "log-entry-count", "B5";
    /// The log entry cannot be read.
    LogEntryMalformed = "log-entry-malformed", "B5";
    /// The log is not in the trusted root.
    LogUnknown = "log-unknown", "B5";
    /// There is no inclusion proof.
    InclusionProofMissing = "inclusion-proof-missing", "B5";
    /// The inclusion proof does not prove inclusion.
    InclusionProofInvalid = "inclusion-proof-invalid", "B5";
    /// The checkpoint is missing, malformed or not signed by the log.
    CheckpointInvalid = "checkpoint-invalid", "B5";
    /// The checkpoint and the proof speak of trees of different sizes.
    CheckpointTreeSize = "checkpoint-tree-size", "B5";
    /// There is no signed entry timestamp.
    SetMissing = "set-missing", "B5";
    /// The signed entry timestamp does not verify.
    SetInvalid = "set-invalid", "B5";
    /// The log entry is about another payload, signature or certificate.
    LogEntryMismatch = "log-entry-mismatch", "B6";
    /// The log has no entry for the envelope, or was not asked.
    LogEntryMissing = "log-entry-missing", "B7";
    /// The verification library did not assert a check that we rely on.
    CheckNotPerformed = "check-not-performed", "B2";
    /// The signed payload is no in-toto statement.
    StatementMalformed = "statement-malformed", "C1";
    /// The statement's type is not one of those accepted for the format.
    StatementTypeUnexpected = "statement-type-unexpected", "C1";
    /// No subject has the digest of the file.
    DigestMismatch = "digest-mismatch", "C2";
    /// A PEP 740 statement must have exactly one subject.
    SubjectCount = "subject-count", "C3";
    /// The subject names another distribution.
    SubjectNameMismatch = "subject-name-mismatch", "C3";
    /// Only a digest was given, so the name that a PEP 740 attestation binds cannot be compared.
    SubjectNameUnchecked = "subject-name-unchecked", "C3";
    /// The OIDC issuer is not the expected one.
    IssuerUnexpected = "issuer-unexpected", "D1";
    /// Two claims of the certificate contradict each other.
    ClaimsInconsistent = "claims-inconsistent", "D1";
    /// The certificate lacks a claim that the rules need.
    ClaimMissing = "claim-missing", "D1";
    /// The certificate's identity is not of the expected shape.
    IdentityMalformed = "identity-malformed", "D2";
    /// The certificate's identity is not the one that was asked for.
    IdentityMismatch = "identity-mismatch", "D2";
    /// The builder is neither trusted nor a workflow of the source repository.
    BuilderUntrusted = "builder-untrusted", "D2";
    /// A trusted builder was not used at a release tag.
    BuilderRefUnreleased = "builder-ref-unreleased", "D2";
    /// The builder is older than policy demands.
    BuilderTooOld = "builder-too-old", "D2";
    /// The builder is not the one that was asked for.
    BuilderMismatch = "builder-mismatch", "D3";
    /// The repository's own workflow built the file, and nobody pinned the repository.
    BuilderNotPinned = "builder-not-pinned", "D4";
    /// The builder does not write this build type.
    BuildTypeUnknown = "build-type-unknown", "D5";
    /// A field of the predicate differs from the certificate, or from another field.
    PredicateMismatch = "predicate-mismatch", "D5";
    /// A field of the predicate that the rules compare is absent.
    PredicateFieldMissing = "predicate-field-missing", "D5";
    /// The publisher object beside the attestation names another identity than the certificate.
    PublisherMismatch = "publisher-mismatch", "E7";
    /// The certificate's repository is not the pinned one.
    RepositoryMismatch = "repository-mismatch", "E1";
    /// The repository's numeric id is not the pinned one.
    RepositoryIdMismatch = "repository-id-mismatch", "E1";
    /// The owner's numeric id is not the pinned one.
    OwnerIdMismatch = "owner-id-mismatch", "E1";
    /// Policy demands a pinned repository and none is pinned.
    RepositoryNotPinned = "repository-not-pinned", "E1";
    /// The metadata names another repository than the certificate, and nobody pinned one.
    RepositoryDiffersFromDeclared = "repository-differs-from-declared", "E7";
    /// The publisher's account is not the pinned one.
    AccountMismatch = "account-mismatch", "E6";
    /// Another release of the package has evidence, and this file has none.
    ContinuityEvidenceLost = "continuity-evidence-lost", "E8";
    /// The evidence is weaker than another release's: of another kind, or of a lower build level.
    ContinuityEvidenceWeaker = "continuity-evidence-weaker", "E8";
    /// Another provider vouches for it than for another release.
    ContinuityProviderChanged = "continuity-provider-changed", "E8";
    /// The source repository is not another release's.
    ContinuityRepositoryChanged = "continuity-repository-changed", "E8";
    /// The source repository has the name of another release's, and other numeric ids: its name was taken.
    ContinuityRepositoryReplaced = "continuity-repository-replaced", "E8";
    /// The account that published it is not another release's.
    ContinuityAccountChanged = "continuity-account-changed", "E8";
    /// The workflow is not another release's.
    ContinuityWorkflowChanged = "continuity-workflow-changed", "E8";
    /// The builder is not another release's, or an older one than an older release's.
    ContinuityBuilderChanged = "continuity-builder-changed", "E8";
    /// It was made with less care than another release: from no tag, for a pull request, in another environment, on another runner.
    ContinuityBuildWeaker = "continuity-build-weaker", "E8";
    /// What other releases' evidence is could not be found out.
    ContinuityUnknown = "continuity-unknown", "E8";
    /// Nothing is recorded of the package, and nothing may be (`--locked`).
    ContinuityNotRecorded = "continuity-not-recorded", "E8";
    /// The ref is not the expected one.
    RefMismatch = "ref-mismatch", "E6";
    /// A tag was expected and the build ran on something else.
    NotATag = "not-a-tag", "E2";
    /// The tag is not the expected one.
    TagMismatch = "tag-mismatch", "E2";
    /// The tag's version does not match.
    VersionedTagMismatch = "versioned-tag-mismatch", "E3";
    /// The branch is not the expected one.
    BranchMismatch = "branch-mismatch", "E4";
    /// A workflow input is not the expected one.
    WorkflowInputMismatch = "workflow-input-mismatch", "E5";
    /// The workflow is not the expected one.
    WorkflowMismatch = "workflow-mismatch", "E6";
    /// The trigger event is not the expected one.
    TriggerMismatch = "trigger-mismatch", "E6";
    /// The deployment environment is not the expected one.
    EnvironmentMismatch = "environment-mismatch", "E6";
    /// The runner environment is not the expected one.
    RunnerMismatch = "runner-mismatch", "E6";
    /// This kind of evidence does not suffice.
    KindNotAccepted = "kind-not-accepted", "E6";
    /// The build level is too low.
    LevelTooLow = "level-too-low", "E6";
    /// The file was published more recently than policy's `minimum-age` allows.
    ReleaseTooYoung = "release-too-young", "E6";
    /// Policy has a `minimum-age`, and nobody says when the file was uploaded.
    UploadTimeMissing = "upload-time-missing", "E6";
    /// Policy takes this package, or any, from other places.
    IndexNotAllowed = "index-not-allowed", "E6";
    /// The lock file records other identities than the certificate's.
    LockedIdentityMismatch = "locked-identity-mismatch", "E6";
    /// The exemption does not name this package.
    ExemptionPackageMismatch = "exemption-package-mismatch", "F3";
    /// The exemption does not name this digest.
    ExemptionDigestMismatch = "exemption-digest-mismatch", "F3";
    /// The exemption is for other versions.
    ExemptionVersionMismatch = "exemption-version-mismatch", "F3";
    /// The exemption has run out.
    ExemptionExpired = "exemption-expired", "F3";
    /// The exemption gives no reason.
    ExemptionReasonMissing = "exemption-reason-missing", "F3";
    /// The wheel is not an archive that can be read to its end.
    WheelArchiveMalformed = "wheel-archive-malformed", "G1";
    /// The archive can be read in more than one way.
    WheelArchiveAmbiguous = "wheel-archive-ambiguous", "G1";
    /// The archive's directory and the header in front of a file say different things.
    WheelHeaderMismatch = "wheel-header-mismatch", "G1";
    /// The archive holds bytes that belong to none of its files.
    WheelHiddenData = "wheel-hidden-data", "G1";
    /// A file of the archive is encrypted, or compressed by another method than DEFLATE.
    WheelMethodUnsupported = "wheel-method-unsupported", "G1";
    /// A file of the archive does not have the size or the checksum that the archive names.
    WheelContentDamaged = "wheel-content-damaged", "G1";
    /// The wheel has more files, or larger ones, than any real wheel.
    WheelOverBudget = "wheel-over-budget", "G2";
    /// The name of a file leads out of the place that it is installed into, or systems read it differently.
    WheelNameUnsafe = "wheel-name-unsafe", "G3";
    /// Two files of the wheel have names that some file system takes for one.
    WheelNameCollision = "wheel-name-collision", "G3";
    /// The wheel holds a link, a device, or something else that is neither a file nor a folder.
    WheelSpecialFile = "wheel-special-file", "G3";
    /// The wheel has not exactly one `.dist-info` folder, or it is that of another project or version.
    WheelDistInfo = "wheel-dist-info", "G4";
    /// METADATA or WHEEL is missing or cannot be read.
    WheelMetadataMalformed = "wheel-metadata-malformed", "G4";
    /// METADATA is that of another project or version than the file's name.
    WheelIdentityMismatch = "wheel-identity-mismatch", "G4";
    /// The file's name promises more than the tags in WHEEL, or WHEEL names another build.
    WheelTagsMismatch = "wheel-tags-mismatch", "G4";
    /// WHEEL names a version of the wheel format that installers do not know.
    WheelFormatUnknown = "wheel-format-unknown", "G4";
    /// RECORD is missing or cannot be read.
    WheelRecordMalformed = "wheel-record-malformed", "G5";
    /// A file of the wheel is not listed in RECORD.
    WheelFileUnlisted = "wheel-file-unlisted", "G5";
    /// RECORD lists a file that the wheel does not hold.
    WheelFileMissing = "wheel-file-missing", "G5";
    /// RECORD has no digest of a file, or only one that proves nothing.
    WheelDigestMissing = "wheel-digest-missing", "G5";
    /// A file does not have the digest or the size that RECORD lists.
    WheelRecordMismatch = "wheel-record-mismatch", "G5";
    /// A file below the wheel's `.data` folder belongs to no place that installers know.
    WheelDataScheme = "wheel-data-scheme", "G6";
    /// A script of `entry_points.txt` is none that can be made safely.
    WheelEntryPoints = "wheel-entry-points", "G6";
    /// The wheel holds a file that Python runs at every start, and policy allows none.
    WheelStartupFile = "wheel-startup-file", "G7";
}

impl Code {
    /// Whether it says that there is no attestation of the file at all, so that anything else that was found says more.
    #[must_use]
    pub const fn is_absence(self) -> bool {
        matches!(self, Self::NoEvidence | Self::ContinuityEvidenceLost)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
