//! What is expected of one package's provenance (VERIFICATION.md, section E).

use std::collections::BTreeMap;

use slsa_pip_distribution::SourceRepository;

use crate::account::Account;
use crate::builder::{BuilderId, TrustedBuilders};
use crate::continuity::Previous;
use crate::owner::Owner;
use crate::publisher::LockedPublishers;

/// Which kinds of evidence suffice (rule C4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindSet {
    /// SLSA build provenance suffices.
    pub build: bool,
    /// A publish attestation suffices: it proves who uploaded the file, not how it was built.
    pub publish: bool,
}

impl Default for KindSet {
    /// Both kinds.
    fn default() -> Self {
        Self {
            build: true,
            publish: true,
        }
    }
}

/// What happens to a package that has no pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Unpinned {
    /// The repository that its attestation claims is accepted, and reported as merely claimed.
    #[default]
    Claimed,
    /// It is accepted as long as it keeps the identity that was accepted before.
    Continuity,
    /// It is refused.
    Deny,
}

/// What a refusal means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Nothing is installed.
    #[default]
    Enforce,
    /// What policy and missing evidence refuse is reported, loudly, and installed all the same; bytes that are not the announced
    /// or allowed ones are refused in any mode.
    Warn,
}

/// What the verification core compares the claims of an attestation with.
///
/// The default pins nothing: any repository is accepted and reported as merely claimed. The fields are public since
/// the command line adds to what the policy file says; every value that is present must be met by a claim, and an
/// absent claim never meets it (rule E6).
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// Accepted source repositories. Nothing is pinned if this, [`owners`](Self::owners) and [`accounts`](Self::accounts) are
    /// all empty; otherwise any one of all three is accepted.
    pub repositories: Vec<SourceRepository>,
    /// Owners of whom every repository is accepted.
    pub owners: Vec<Owner>,
    /// Accepted publishers without a repository. Beside [`repositories`](Self::repositories) any one of either suffices, so that a
    /// project can move from one to the other.
    pub accounts: Vec<Account>,
    /// Where the pin is written, for reports: `slsa-pip.toml: [packages.NAME]`, `--source-uri`.
    pub pinned_by: Option<String>,
    /// What holds when no repository is pinned. With [`Unpinned::Deny`] a claimed repository is not enough, whatever else the
    /// attestation says. See [`Expectation::lacks_required_pin`].
    pub unpinned: Unpinned,
    /// Numeric id of the source repository (claim 1.15), in decimal.
    pub repository_id: Option<String>,
    /// Numeric id of the repository's owner (claim 1.17), in decimal.
    pub owner_id: Option<String>,
    /// The exact ref claim (1.14), templates already expanded, such as `refs/tags/1.2.3`.
    pub reference: Option<String>,
    /// `--source-tag`: the ref claim is `refs/tags/` and this, exactly (rule E2).
    pub source_tag: Option<String>,
    /// `--source-versioned-tag`: compared as a version (rule E3).
    pub versioned_tag: Option<String>,
    /// `--source-branch` (rule E4).
    pub source_branch: Option<String>,
    /// The builder that must have built the file (rule D3).
    pub builder: Option<BuilderId>,
    /// Workflow or pipeline file of the source repository (claim 1.18). On GitHub a bare file name, or a path that begins with
    /// `.github/workflows/`; on GitLab the path within the repository, such as `.gitlab-ci.yml`.
    pub workflow: Option<String>,
    /// Event that triggered the build (claim 1.20), such as `push` or `release`.
    pub trigger: Option<String>,
    /// Deployment environment (claim 1.23).
    pub environment: Option<String>,
    /// Runner environment (claim 1.11): `github-hosted`, `gitlab-hosted` or `self-hosted`.
    pub runner_environment: Option<String>,
    /// Inputs of a manually dispatched workflow, each of which must be present and equal (rule E5).
    pub workflow_inputs: BTreeMap<String, String>,
    /// Kinds of evidence that suffice.
    pub kinds: KindSet,
    /// Lowest SLSA build level that suffices, 1 to 3.
    pub minimum_level: Option<u8>,
    /// Reusable workflows that are trusted to write provenance (rule D2).
    pub trusted_builders: TrustedBuilders,
    /// The publishers that a lock file records, one of which must be the certificate's. They come on top of all else: they pin
    /// nothing that policy leaves open.
    pub locked: Option<LockedPublishers>,
    /// The repository that unsigned metadata names. Only for the report: it satisfies nothing (rule E7).
    pub declared: Option<SourceRepository>,
    /// Identities of the package's other releases, one of which must be continued (rule E8). Where nothing else pins the package, a
    /// recorded one is its pin; where something does, a repository that is pinned may take the place of the recorded one.
    pub previous: Vec<Previous>,
    /// Somebody will look at the identity and decide about it: that the repository is merely claimed, and that it may differ from
    /// the declared one, is then no reason to refuse. What is accepted so is shown and never installed.
    pub under_review: bool,
}

impl Expectation {
    /// Whether a source repository, an owner or an account is pinned. Numeric ids alone are no pin: they mean something only
    /// together with the host that assigned them.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        !(self.repositories.is_empty() && self.owners.is_empty() && self.accounts.is_empty())
    }

    /// Whether a source repository is a pinned one, or one of a pinned owner. Nothing pinned: false.
    #[must_use]
    pub fn accepts_repository(&self, found: &SourceRepository) -> bool {
        self.repositories.contains(found) || self.owners.iter().any(|owner| owner.owns(found))
    }

    /// All that is pinned, as refusals show what was expected: `github.com/acme/foo or any repository of github.com/acme`.
    #[must_use]
    pub fn pinned_sources(&self) -> String {
        let owners = self.owners.iter().map(|owner| format!("any repository of {owner}"));
        let accounts = self.accounts.iter().map(ToString::to_string);
        let repositories = self.repositories.iter().map(ToString::to_string);
        repositories
            .chain(owners)
            .chain(accounts)
            .collect::<Vec<_>>()
            .join(" or ")
    }

    /// Whether policy asks for a pin and there is none: then no attestation may be accepted.
    #[must_use]
    pub fn lacks_required_pin(&self) -> bool {
        self.unpinned == Unpinned::Deny && !self.is_pinned()
    }
}
