//! What a project publishes: a file, the evidence for it, and what goes wrong on the way.

use crate::identity::Identity;
use crate::sigstore::SigningOptions;
use crate::statement::{self, Subject};
use crate::wheel::Wheel;
use serde_json::Value;

/// A file with its evidence, to be put into the world by [`World::publish`](crate::World::publish).
#[derive(Debug, Clone)]
pub struct Release {
    /// The file as it was built and signed.
    pub wheel: Wheel,
    /// Evidence, each signed separately.
    pub evidence: Vec<Evidence>,
    /// Reason for yanking; an empty reason is possible.
    pub yanked: Option<String>,
    /// When the index says that it was uploaded, if it is not the same time as for every file; empty: it does not say.
    pub uploaded: Option<String>,
    /// What goes wrong between signing and serving.
    pub faults: ReleaseFaults,
}

impl Release {
    /// A release without evidence.
    pub fn new(wheel: Wheel) -> Self {
        Self {
            wheel,
            evidence: Vec::new(),
            yanked: None,
            uploaded: None,
            faults: ReleaseFaults::default(),
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Sets what goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: ReleaseFaults) -> Self {
        self.faults = faults;
        self
    }

    /// Lets the index say this time of upload, or none if it is empty.
    #[must_use]
    pub fn uploaded(mut self, time: &str) -> Self {
        self.uploaded = Some(time.to_owned());
        self
    }

    /// Yanks the file.
    #[must_use]
    pub fn yanked(mut self, reason: &str) -> Self {
        self.yanked = Some(reason.to_owned());
        self
    }
}

/// What goes wrong between signing and serving.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReleaseFaults {
    /// The index serves these bytes instead, and names their digest: a compromised index or upload.
    pub served_bytes: Option<Vec<u8>>,
    /// The index names this digest, whatever it serves.
    pub announced_sha256: Option<String>,
    /// The index names no digest.
    pub no_announced_digest: bool,
}

impl ReleaseFaults {
    /// The index serves [`Wheel::tampered`] and names its digest.
    pub fn tampered(wheel: &Wheel) -> Self {
        Self {
            served_bytes: Some(wheel.tampered().bytes),
            ..Self::default()
        }
    }

    /// The index names a digest of other bytes than those it serves.
    pub fn lying_digest() -> Self {
        Self {
            announced_sha256: Some("0".repeat(64)),
            ..Self::default()
        }
    }
}

/// One piece of evidence, where it is published and how it is signed.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// A PEP 740 provenance object at the index. Several for one file share one object.
    Pep740(Signing),
    /// A line of a release asset. Several in one asset are several lines.
    GithubRelease {
        /// `owner/name` of the repository that holds the release.
        repository: String,
        /// Tag of the release.
        tag: String,
        /// Name of the asset.
        asset: String,
        /// Form of the line.
        form: AssetForm,
        /// What is signed and how.
        signing: Signing,
    },
    /// An attestation that GitHub's API finds by digest.
    GithubAttestation {
        /// `owner/name` of the repository that holds it.
        repository: String,
        /// Whether the API holds the bundle or only a URL of it.
        delivery: Delivery,
        /// What is signed and how.
        signing: Signing,
    },
    /// Any bundle in GitHub's API, verbatim, as often as this.
    RawAttestation {
        /// `owner/name` of the repository that holds it.
        repository: String,
        /// Whether the API holds the bundle or only a URL of it.
        delivery: Delivery,
        /// The bundle.
        bundle: Value,
        /// How many of them.
        count: usize,
    },
    /// Any PEP 740 provenance object, verbatim.
    RawProvenance(Value),
    /// Any line of a release asset, verbatim.
    RawAsset {
        /// `owner/name` of the repository that holds the release.
        repository: String,
        /// Tag of the release.
        tag: String,
        /// Name of the asset.
        asset: String,
        /// The line.
        line: String,
    },
}

/// How GitHub's API hands out a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As `bundle` of the answer.
    #[default]
    Inline,
    /// `bundle` is null; `bundle_url` leads to the JSON text.
    UrlJson,
    /// `bundle` is null; `bundle_url` leads to the JSON text in Snappy's block format.
    UrlSnappy,
    /// `bundle` is null; `bundle_url` leads to the JSON text in Snappy's framed format.
    UrlSnappyFramed,
}

/// Form of a line in a release asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetForm {
    /// A classic envelope with the certificate inside.
    Classic,
    /// A classic envelope without a certificate.
    ClassicWithoutCertificate,
    /// A v0.3 bundle.
    BundleV03,
    /// A v0.2 bundle.
    BundleV02,
}

/// What is signed, by whom and how.
#[derive(Debug, Clone)]
pub struct Signing {
    /// Who signs.
    pub identity: Identity,
    /// The statement's predicate.
    pub predicate: Predicate,
    /// Time, kind of log entry, defects.
    pub options: SigningOptions,
    /// The subjects; `None`: the release's file.
    pub subjects: Option<Vec<Subject>>,
    /// The whole statement, verbatim; wins over predicate and subjects.
    pub statement: Option<Value>,
}

/// Predicate of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    /// `https://slsa.dev/provenance/v0.2`
    SlsaV02,
    /// `https://slsa.dev/provenance/v1`
    SlsaV1,
    /// PEP 740's publish attestation.
    Publish,
}

impl Signing {
    /// Signs `predicate` as `identity` for the release's file, without defects.
    pub fn new(identity: Identity, predicate: Predicate) -> Self {
        Self {
            identity,
            predicate,
            options: SigningOptions::default(),
            subjects: None,
            statement: None,
        }
    }

    /// Sets time, kind of log entry and defects.
    #[must_use]
    pub fn options(mut self, options: SigningOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the subjects.
    #[must_use]
    pub fn subjects(mut self, subjects: Vec<Subject>) -> Self {
        self.subjects = Some(subjects);
        self
    }

    /// The statement about `wheel`.
    pub fn statement_for(&self, wheel: &Wheel) -> Value {
        if let Some(statement) = &self.statement {
            return statement.clone();
        }
        let own = || vec![Subject::of(&wheel.filename, &wheel.bytes)];
        let subjects = self.subjects.clone().unwrap_or_else(own);
        match self.predicate {
            Predicate::SlsaV02 => statement::slsa_v02(&self.identity, &subjects),
            Predicate::SlsaV1 => statement::slsa_v1(&self.identity, &subjects),
            Predicate::Publish => statement::publish(&subjects),
        }
    }
}

impl Evidence {
    /// A publish attestation at the index.
    pub fn pep740(identity: Identity) -> Self {
        Self::Pep740(Signing::new(identity, Predicate::Publish))
    }

    /// `multiple.intoto.jsonl` with a classic envelope (SLSA v0.2) in the release `tag` of the identity's repository.
    pub fn classic_release(identity: Identity, tag: &str) -> Self {
        Self::release(identity, tag, AssetForm::Classic)
    }

    /// `multiple.intoto.jsonl` with a v0.3 bundle (SLSA v0.2) in the release `tag` of the identity's repository.
    pub fn bundle_release(identity: Identity, tag: &str) -> Self {
        Self::release(identity, tag, AssetForm::BundleV03)
    }

    fn release(identity: Identity, tag: &str, form: AssetForm) -> Self {
        Self::GithubRelease {
            repository: identity.repository.clone(),
            tag: tag.to_owned(),
            asset: "multiple.intoto.jsonl".to_owned(),
            form,
            signing: Signing::new(identity, Predicate::SlsaV02),
        }
    }

    /// An SLSA v1 attestation in GitHub's API under the identity's repository.
    pub fn github_attestation(identity: Identity) -> Self {
        Self::GithubAttestation {
            repository: identity.repository.clone(),
            delivery: Delivery::Inline,
            signing: Signing::new(identity, Predicate::SlsaV1),
        }
    }
}
