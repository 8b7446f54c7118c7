//! What a table says: values by their meaning, each with the place where it is written.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::SignedDuration;
use slsa_pip_distribution::SourceRepository;
use url::Url;

use crate::account::Account;
use crate::builder::BuilderId;
use crate::expectation::{KindSet, Mode, Unpinned};
use crate::owner::Owner;

/// What is set, in the order in which it is explained. `ref` and `tag` are one setting, and so are the four keys that say who
/// the source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Mode,
    Unpinned,
    Source,
    RepositoryId,
    OwnerId,
    Reference,
    Workflow,
    Builder,
    Trigger,
    Environment,
    RunnerEnvironment,
    Evidence,
    MinimumLevel,
    MinimumAge,
    StartupFiles,
    Index,
    Builders,
    Indexes,
    ImportersMayExempt,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Mode(Mode),
    Unpinned(Unpinned),
    Source(Box<Source>),
    Text(String),
    Builder(BuilderId),
    Kinds(KindSet),
    Level(u8),
    Age(SignedDuration),
    /// Whether files that Python runs at its start are refused.
    Startup {
        deny: bool,
    },
    Url(Url),
    Builders(Vec<BuilderRule>),
    Urls(Vec<Url>),
    Flag(bool),
}

/// Who may stand behind a package; any one of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Source {
    pub(crate) repositories: Vec<SourceRepository>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) accounts: Vec<Account>,
}

/// One item of `builders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuilderRule {
    /// The builder; with `at_least`, the least release of it.
    pub(crate) id: BuilderId,
    pub(crate) at_least: bool,
}

/// Where a value is written. The file's number is given when files are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) span: std::ops::Range<usize>,
    /// The header of the table.
    pub(crate) table: Arc<str>,
}

/// A value that is written somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

impl Source {
    pub(crate) fn is_empty(&self) -> bool {
        self.repositories.is_empty() && self.owners.is_empty() && self.accounts.is_empty()
    }

    fn accepts(&self, repository: &SourceRepository) -> bool {
        self.repositories.contains(repository) || self.owners.iter().any(|owner| owner.owns(repository))
    }

    fn covers(&self, owner: &Owner) -> bool {
        self.owners.iter().any(|own| own.covers(owner))
    }

    /// Whether everything that it accepts is accepted by the other too.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.repositories.iter().all(|repository| other.accepts(repository))
            && self.owners.iter().all(|owner| other.covers(owner))
            && self.accounts.iter().all(|account| other.accounts.contains(account))
    }

    /// What both accept; maybe nothing.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        fn both<T: Clone + PartialEq>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> Vec<T> {
            let mut kept: Vec<T> = Vec::new();
            for item in a.chain(b) {
                if !kept.contains(&item) {
                    kept.push(item);
                }
            }
            kept
        }
        let repositories = |a: &Self, b: &Self| -> Vec<_> {
            let kept = a.repositories.iter().filter(|repository| b.accepts(repository));
            kept.cloned().collect()
        };
        let owners = |a: &Self, b: &Self| -> Vec<_> {
            let kept = a.owners.iter().filter(|owner| b.covers(owner));
            kept.cloned().collect()
        };
        let accounts = self.accounts.iter().filter(|account| other.accounts.contains(account));
        Self {
            repositories: both(
                repositories(self, other).into_iter(),
                repositories(other, self).into_iter(),
            ),
            owners: both(owners(self, other).into_iter(), owners(other, self).into_iter()),
            accounts: accounts.cloned().collect(),
        }
    }
}

impl BuilderRule {
    /// As it is written in `builders`.
    pub(crate) fn shown(&self) -> String {
        let shown = self.id.to_string();
        if self.at_least {
            shown.replace("@refs/tags/", "@>=")
        } else {
            shown
        }
    }
}

impl Value {
    /// `KEY = VALUE` as TOML, a line for each key.
    pub(crate) fn shown(&self, key: Key) -> Vec<(&'static str, String)> {
        let one = |text: String| vec![(key.as_str(), text)];
        match self {
            Self::Mode(Mode::Enforce) => one(quoted("enforce")),
            Self::Mode(Mode::Warn) => one(quoted("warn")),
            Self::Unpinned(Unpinned::Claimed) => one(quoted("claimed")),
            Self::Unpinned(Unpinned::Continuity) => one(quoted("continuity")),
            Self::Unpinned(Unpinned::Deny) => one(quoted("deny")),
            Self::Source(source) => source.shown(),
            Self::Text(text) => one(quoted(text)),
            Self::Builder(builder) => one(quoted(&builder.to_string())),
            Self::Kinds(kinds) => {
                let words = [(kinds.build, "build"), (kinds.publish, "publish")];
                one(list(
                    words.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()),
                ))
            }
            Self::Level(level) => one(level.to_string()),
            Self::Age(age) => one(quoted(&age_shown(*age))),
            Self::Startup { deny } => one(quoted(if *deny { "deny" } else { "allow" })),
            Self::Url(url) => one(quoted(url.as_str())),
            Self::Builders(rules) => one(list(rules.iter().map(BuilderRule::shown))),
            Self::Urls(urls) => one(list(urls.iter().map(ToString::to_string))),
            Self::Flag(on) => one(on.to_string()),
        }
    }
}

impl Source {
    fn shown(&self) -> Vec<(&'static str, String)> {
        let account = |account: &Account| match account {
            Account::Google { email } => ("google", email.clone()),
            Account::CircleCi {
                project_id,
                pipeline_definition_id,
            } => ("circleci", format!("{project_id}/{pipeline_definition_id}")),
        };
        let repositories = self.repositories.iter().map(|r| ("repository", r.to_string()));
        let owners = self.owners.iter().map(|owner| ("owner", owner.to_string()));
        let all: Vec<_> = repositories
            .chain(owners)
            .chain(self.accounts.iter().map(account))
            .collect();
        let mut lines = Vec::new();
        for key in ["repository", "owner", "google", "circleci"] {
            let values: Vec<String> = all
                .iter()
                .filter(|(of, _)| *of == key)
                .map(|(_, text)| text.clone())
                .collect();
            match values.as_slice() {
                [] => {}
                [one] => lines.push((key, quoted(one))),
                _ => lines.push((key, list(values.into_iter()))),
            }
        }
        lines
    }
}

/// A length of time as `minimum-age` is written.
pub(crate) fn age_shown(age: SignedDuration) -> String {
    let minutes = age.as_mins();
    let (number, unit) = match minutes {
        m if m % (24 * 60) == 0 => (m / (24 * 60), "day"),
        m if m % 60 == 0 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| quoted(&item)).collect();
    format!("[{}]", items.join(", "))
}

/// A basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                shown.push('\\');
                shown.push(c);
            }
            c if c.is_control() => {
                let _ = write!(shown, "\\u{:04X}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

impl Key {
    /// All, in the order in which they are explained.
    pub(crate) const ALL: [Self; 19] = [
        Self::Mode,
        Self::Unpinned,
        Self::Source,
        Self::RepositoryId,
        Self::OwnerId,
        Self::Reference,
        Self::Workflow,
        Self::Builder,
        Self::Trigger,
        Self::Environment,
        Self::RunnerEnvironment,
        Self::Evidence,
        Self::MinimumLevel,
        Self::MinimumAge,
        Self::StartupFiles,
        Self::Index,
        Self::Builders,
        Self::Indexes,
        Self::ImportersMayExempt,
    ];

    /// As it is written; of several spellings the first.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Unpinned => "unpinned",
            Self::Source => "repository",
            Self::RepositoryId => "repository-id",
            Self::OwnerId => "owner-id",
            Self::Reference => "ref",
            Self::Workflow => "workflow",
            Self::Builder => "builder",
            Self::Trigger => "trigger",
            Self::Environment => "environment",
            Self::RunnerEnvironment => "runner-environment",
            Self::Evidence => "evidence",
            Self::MinimumLevel => "minimum-level",
            Self::MinimumAge => "minimum-age",
            Self::StartupFiles => "startup-files",
            Self::Index => "index",
            Self::Builders => "builders",
            Self::Indexes => "indexes",
            Self::ImportersMayExempt => "importers-may-exempt",
        }
    }
}
