//! The policy as read.

use jiff::SignedDuration;
use slsa_pip_distribution::{PackageName, Version};
use url::Url;

use crate::builder::{BuilderId, TrustedBuilders};
use crate::document::{Document, File, Format, Layers};
use crate::errors::PolicyErrors;
use crate::exemption::Exemption;
use crate::expectation::{Expectation, Mode};
use crate::merge::Combined;
use crate::scope::Scope;
use crate::setting::{Key, Setting, Value};
use crate::sheet::{Entry, Sheet};

/// Largest policy file that is read, in bytes: room for several thousand packages.
pub const MAX_POLICY_LEN: usize = 1024 * 1024;

/// A policy. The default has no pins and no exemptions, takes both kinds of evidence, and accepts a claimed repository.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(crate) files: Vec<File>,
    pub(crate) sheet: Sheet,
    pub(crate) trusted: TrustedBuilders,
}

/// The placeholder of ref templates.
pub(crate) const VERSION_PLACEHOLDER: &str = "{version}";

impl Policy {
    /// Reads a policy file's text; `file_label` is how reports name the file. It may import nothing: see
    /// [`Policy::of_layers`].
    ///
    /// # Errors
    /// All mistakes at once. Where the text is no TOML, only the mistakes of syntax: what was meant by the rest is then
    /// a guess.
    pub fn parse(text: &str, file_label: &str) -> Result<Self, PolicyErrors> {
        let project = Document::parse(text, file_label, Format::Policy)?;
        Self::of_layers(Layers {
            project,
            ..Layers::default()
        })
    }

    /// Puts all files of a run together. For every package and every key the most specific table counts (the package's own,
    /// then groups, the longest prefix first, then `[defaults]`), and of tables for the same packages the project's before the
    /// user-wide file's. What is imported holds whatever the importing files say: the stricter of both counts.
    ///
    /// # Errors
    /// An import that was not read; settings that are less strict than an import; policies that allow nothing in common.
    pub fn of_layers(layers: Layers) -> Result<Self, PolicyErrors> {
        layers.combine()
    }

    pub(crate) fn new<'t>(combined: Combined, files: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        Self {
            files: files.map(|(label, text)| File::new(label, text)).collect(),
            sheet: combined.sheet,
            trusted: combined.trusted,
        }
    }

    /// What is expected of the provenance of one version of a package.
    #[must_use]
    pub fn expectation(&self, name: &PackageName, version: &Version) -> Expectation {
        let chain: Vec<&Entry> = self.sheet.chain(&Scope::Package(name.clone())).collect();
        self.expected(&chain, Some(version))
    }

    /// What is expected of every file, also of one whose name does not say which package it is of: the `[defaults]` table.
    #[must_use]
    pub fn default_expectation(&self) -> Expectation {
        let chain: Vec<&Entry> = self.sheet.chain(&Scope::All).collect();
        self.expected(&chain, None)
    }

    /// Puts together what tables say, the most specific first.
    fn expected(&self, chain: &[&Entry], version: Option<&Version>) -> Expectation {
        let found = |key: Key| chain.iter().find_map(|entry| entry.settings.get(key));
        let text = |key: Key| match found(key).map(|setting| &setting.value) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let mut expectation = Expectation {
            repository_id: text(Key::RepositoryId),
            owner_id: text(Key::OwnerId),
            workflow: text(Key::Workflow),
            trigger: text(Key::Trigger),
            environment: text(Key::Environment),
            runner_environment: text(Key::RunnerEnvironment),
            trusted_builders: self.trusted.clone(),
            ..Expectation::default()
        };
        if let Some(template) = text(Key::Reference) {
            let version = version.map(ToString::to_string).unwrap_or_default();
            expectation.reference = Some(template.replace(VERSION_PLACEHOLDER, &version));
        }
        if let Some(setting) = found(Key::Source)
            && let Value::Source(source) = &setting.value
        {
            expectation.repositories.clone_from(&source.repositories);
            expectation.owners.clone_from(&source.owners);
            expectation.accounts.clone_from(&source.accounts);
            expectation.pinned_by = Some(self.written_at(setting));
        }
        if let Some(Value::Builder(builder)) = found(Key::Builder).map(|setting| &setting.value) {
            trust_pinned(&mut expectation.trusted_builders, builder);
            expectation.builder = Some(builder.clone());
        }
        if let Some(Value::Unpinned(unpinned)) = found(Key::Unpinned).map(|setting| &setting.value) {
            expectation.unpinned = *unpinned;
        }
        if let Some(Value::Kinds(kinds)) = found(Key::Evidence).map(|setting| &setting.value) {
            expectation.kinds = *kinds;
        }
        if let Some(Value::Level(level)) = found(Key::MinimumLevel).map(|setting| &setting.value) {
            expectation.minimum_level = Some(*level);
        }
        expectation
    }

    /// The exemption for one version of a package, if there is one. Neither its digests nor its end date are checked
    /// here: the verification core does that.
    #[must_use]
    pub fn exemption(&self, name: &PackageName, version: &Version) -> Option<&Exemption> {
        let found = self.sheet.exemptions.get(name).map(|exempt| &exempt.exemption);
        found.filter(|exemption| exemption.versions.contains(version))
    }

    /// All exemptions, sorted by name.
    pub fn exemptions(&self) -> impl Iterator<Item = &Exemption> {
        self.sheet.exemptions.values().map(|exempt| &exempt.exemption)
    }

    /// The names of all packages that have a `[packages.NAME]` table, sorted.
    pub fn packages(&self) -> impl Iterator<Item = &PackageName> {
        self.sheet.packages()
    }

    /// The packages that are assigned to an index by a table of their own, sorted by name, each with the base URL of that index:
    /// http or https, without login, query and fragment. Whether that index is configured is not known here. What groups are
    /// assigned to is not listed: see [`Policy::index`].
    pub fn assigned_indexes(&self) -> impl Iterator<Item = (&PackageName, &Url)> {
        self.sheet.packages().filter_map(|name| Some((name, self.index(name)?)))
    }

    /// Every index that a package, or a group of packages, is assigned to; one may be named several times.
    pub fn indexes_of_packages(&self) -> impl Iterator<Item = &Url> {
        self.sheet
            .entries()
            .filter_map(|(_, entry)| match &entry.settings.get(Key::Index)?.value {
                Value::Url(url) => Some(url),
                _ => None,
            })
    }

    /// What a refusal means for the run.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.sheet.of_defaults(Key::Mode) {
            Some(Value::Mode(mode)) => *mode,
            _ => Mode::Enforce,
        }
    }

    /// Where the mode is written, with its value; `None` if no file says it.
    #[must_use]
    pub fn mode_written_at(&self) -> Option<String> {
        let setting = self.sheet.lookup(&Scope::All, Key::Mode)?;
        let words = setting.value.shown(Key::Mode).into_iter();
        let words: Vec<String> = words.map(|(key, value)| format!("{key} = {value}")).collect();
        Some(format!("{} {}", self.written_at(setting), words.join(" ")))
    }

    /// Where it is written that no wheel of a package may hold files that Python runs at every start (`.pth`, `sitecustomize`,
    /// `usercustomize`); `None` if they are allowed.
    #[must_use]
    pub fn startup_files_denied(&self, name: &PackageName) -> Option<String> {
        let setting = self.sheet.lookup(&Scope::Package(name.clone()), Key::StartupFiles)?;
        (setting.value == Value::Startup { deny: true }).then(|| self.written_at(setting))
    }

    /// How long a file of a package must have been published before it may be chosen; `None` asks for nothing. A file whose
    /// upload time is not known does not satisfy it.
    #[must_use]
    pub fn minimum_age(&self, name: &PackageName) -> Option<SignedDuration> {
        match self.setting(name, Key::MinimumAge)? {
            Value::Age(age) => Some(*age),
            _ => None,
        }
    }

    /// The only indexes that may be asked, as base URLs without login; empty: whichever are configured.
    #[must_use]
    pub fn allowed_indexes(&self) -> &[Url] {
        match self.sheet.of_defaults(Key::Indexes) {
            Some(Value::Urls(urls)) => urls,
            _ => &[],
        }
    }

    /// The one index that a package is taken from, if policy assigns it, or a group that it is in, to one: http or https, without
    /// login, query and fragment.
    #[must_use]
    pub fn index(&self, name: &PackageName) -> Option<&Url> {
        match self.setting(name, Key::Index)? {
            Value::Url(url) => Some(url),
            _ => None,
        }
    }

    /// How reports name the first file, which is the project's where it has one; empty for the default policy.
    #[must_use]
    pub fn label(&self) -> &str {
        self.files.first().map_or("", |file| file.label.as_str())
    }

    /// How reports name all files that it was read from: the project's, the user-wide one, then those that are imported.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.label.as_str())
    }

    fn setting(&self, name: &PackageName, key: Key) -> Option<&Value> {
        let found = self.sheet.lookup(&Scope::Package(name.clone()), key);
        found.map(|setting| &setting.value)
    }

    fn written_at(&self, setting: &Setting) -> String {
        let label = self
            .files
            .get(setting.place.file)
            .map_or("", |file| file.label.as_str());
        format!("{label}: {}", setting.place.table)
    }
}

/// Whoever pins a package to a builder trusts that builder, for that package; a least release that is demanded of it holds
/// all the same.
fn trust_pinned(trusted: &mut TrustedBuilders, builder: &BuilderId) {
    trusted.add(builder.clone());
}
