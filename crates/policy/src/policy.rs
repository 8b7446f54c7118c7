//! The policy as read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use slsa_pip_distribution::{PackageName, SourceRepository, Version};
use url::Url;

use crate::builder::{BuilderId, TrustedBuilders};
use crate::errors::PolicyErrors;
use crate::exemption::Exemption;
use crate::expectation::{Expectation, KindSet, Mode, Unpinned};
use crate::read;

/// Largest policy file that is read, in bytes: room for several thousand packages.
pub const MAX_POLICY_LEN: usize = 1024 * 1024;

/// A policy. The default has no pins and no exemptions, takes both kinds of evidence, and accepts a claimed repository.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(crate) label: String,
    pub(crate) defaults: Defaults,
    pub(crate) packages: BTreeMap<PackageName, Pin>,
    pub(crate) exemptions: BTreeMap<PackageName, Exemption>,
}

/// The `[defaults]` table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    pub(crate) kinds: KindSet,
    pub(crate) minimum_level: Option<u8>,
    pub(crate) trusted_builders: TrustedBuilders,
    pub(crate) runner_environment: Option<String>,
    pub(crate) unpinned: Unpinned,
    pub(crate) mode: Mode,
    pub(crate) minimum_age: Option<SignedDuration>,
    pub(crate) indexes: Vec<Url>,
}

/// One `[packages.NAME]` table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pin {
    /// Base URL of the one index that the package is taken from.
    pub(crate) index: Option<Url>,
    pub(crate) repositories: Vec<SourceRepository>,
    pub(crate) repository_id: Option<String>,
    pub(crate) owner_id: Option<String>,
    /// Template of a full ref.
    pub(crate) reference: Option<String>,
    pub(crate) workflow: Option<String>,
    pub(crate) builder: Option<BuilderId>,
    pub(crate) trigger: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) runner_environment: Option<String>,
    pub(crate) kinds: Option<KindSet>,
    pub(crate) minimum_level: Option<u8>,
    pub(crate) minimum_age: Option<SignedDuration>,
}

/// The placeholder of ref templates.
pub(crate) const VERSION_PLACEHOLDER: &str = "{version}";

impl Policy {
    /// Reads a policy file's text; `file_label` is how reports name the file.
    ///
    /// # Errors
    /// All mistakes at once. Where the text is no TOML, only the mistakes of syntax: what was meant by the rest is then
    /// a guess.
    pub fn parse(text: &str, file_label: &str) -> Result<Self, PolicyErrors> {
        read::policy(text, file_label)
    }

    /// What is expected of the provenance of one version of a package.
    #[must_use]
    pub fn expectation(&self, name: &PackageName, version: &Version) -> Expectation {
        let nothing = Pin::default();
        let pin = self.packages.get(name).unwrap_or(&nothing);
        let defaults = self.default_expectation();
        let version = version.to_string();
        let mut trusted_builders = defaults.trusted_builders;
        if let Some(builder) = &pin.builder {
            // Whoever pins a package to a builder trusts that builder, for that package.
            trusted_builders.add(builder.clone());
        }
        Expectation {
            repositories: pin.repositories.clone(),
            pinned_by: (!pin.repositories.is_empty()).then(|| format!("{}: [packages.{name}]", self.label)),
            repository_id: pin.repository_id.clone(),
            owner_id: pin.owner_id.clone(),
            reference: pin
                .reference
                .as_ref()
                .map(|template| template.replace(VERSION_PLACEHOLDER, &version)),
            builder: pin.builder.clone(),
            workflow: pin.workflow.clone(),
            trigger: pin.trigger.clone(),
            environment: pin.environment.clone(),
            runner_environment: pin.runner_environment.clone().or(defaults.runner_environment),
            kinds: pin.kinds.unwrap_or(defaults.kinds),
            minimum_level: pin.minimum_level.or(defaults.minimum_level),
            trusted_builders,
            unpinned: defaults.unpinned,
            ..Expectation::default()
        }
    }

    /// What is expected of every file, also of one whose name does not say which package it is of: the `[defaults]` table.
    #[must_use]
    pub fn default_expectation(&self) -> Expectation {
        let defaults = &self.defaults;
        Expectation {
            unpinned: defaults.unpinned,
            runner_environment: defaults.runner_environment.clone(),
            kinds: defaults.kinds,
            minimum_level: defaults.minimum_level,
            trusted_builders: defaults.trusted_builders.clone(),
            ..Expectation::default()
        }
    }

    /// The exemption for one version of a package, if there is one. Neither its digests nor its end date are checked
    /// here: the verification core does that.
    #[must_use]
    pub fn exemption(&self, name: &PackageName, version: &Version) -> Option<&Exemption> {
        self.exemptions
            .get(name)
            .filter(|exemption| exemption.versions.contains(version))
    }

    /// All exemptions, sorted by name.
    pub fn exemptions(&self) -> impl Iterator<Item = &Exemption> {
        self.exemptions.values()
    }

    /// The names of all packages that have a `[packages.NAME]` table, sorted.
    pub fn packages(&self) -> impl Iterator<Item = &PackageName> {
        self.packages.keys()
    }

    /// The packages that are assigned to an index, sorted by name, each with the base URL of that index: http or https, without
    /// login, query and fragment. Whether that index is configured is not known here.
    pub fn assigned_indexes(&self) -> impl Iterator<Item = (&PackageName, &Url)> {
        self.packages
            .iter()
            .filter_map(|(name, pin)| Some((name, pin.index.as_ref()?)))
    }

    /// What a refusal means for the run.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.defaults.mode
    }

    /// How long a file of a package must have been published before it may be chosen; `None` asks for nothing. A file whose
    /// upload time is not known does not satisfy it.
    #[must_use]
    pub fn minimum_age(&self, name: &PackageName) -> Option<SignedDuration> {
        let own = self.packages.get(name).and_then(|pin| pin.minimum_age);
        own.or(self.defaults.minimum_age)
    }

    /// The only indexes that may be asked, as base URLs without login; empty: whichever are configured.
    #[must_use]
    pub fn allowed_indexes(&self) -> &[Url] {
        &self.defaults.indexes
    }

    /// The one index that a package is taken from, if policy assigns it to one: what [`assigned_indexes`](Self::assigned_indexes)
    /// lists, and what groups of packages are assigned to.
    #[must_use]
    pub fn index(&self, name: &PackageName) -> Option<&Url> {
        self.packages.get(name)?.index.as_ref()
    }

    /// How reports name the file; empty for the default policy.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}
