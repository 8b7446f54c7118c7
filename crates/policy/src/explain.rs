//! Which rule decides, and where it is written.

use std::fmt;

use slsa_pip_distribution::{PackageName, Version};

use crate::exemption::Exemption;
use crate::policy::Policy;
use crate::scope::Scope;
use crate::setting::{Key, Place};

/// A place in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file's label.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// The header of the table: `[packages."acme-*"]`.
    pub table: String,
}

/// What a policy says about one package.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The package.
    pub package: PackageName,
    /// The version that was asked about.
    pub version: Option<Version>,
    /// The tables that hold for it, the most specific first, `[defaults]` last.
    pub tables: Vec<Origin>,
    /// What is set, in a fixed order; what no file says and means nothing by default is left out.
    pub settings: Vec<Effective>,
    /// The exemption for this version; without a version, that of the package.
    pub exemption: Option<(Exemption, Origin)>,
}

/// One value that holds, with where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key, as it is written.
    pub key: &'static str,
    /// The value, as TOML.
    pub value: String,
    /// Where it is written; `None` if it is what the program does unless told otherwise.
    pub origin: Option<Origin>,
    /// Values of less specific tables that do not count because of it.
    pub overridden: Vec<(String, Origin)>,
}

/// What an entry is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// `[defaults]`, `[packages.NAME]` or `[packages."PREFIX*"]`.
    Table(Scope),
    /// `[exemptions.NAME]`
    Exemption(PackageName),
}

/// One table of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRef {
    /// What it is for.
    pub kind: EntryKind,
    /// Where it is written. A table that several files have is listed once for each.
    pub origin: Origin,
    /// The keys that it sets and that count; for an exemption none.
    pub keys: Vec<&'static str>,
}

impl Policy {
    /// What holds for a package, and where each value is written.
    #[must_use]
    pub fn explain(&self, name: &PackageName, version: Option<&Version>) -> Explanation {
        let scope = Scope::Package(name.clone());
        let chain: Vec<_> = self.sheet.chain(&scope).collect();
        let mut settings = Vec::new();
        for key in Key::ALL {
            let mut found = chain.iter().filter_map(|entry| entry.settings.get(key));
            let Some(first) = found.next() else {
                settings.extend(default_of(key));
                continue;
            };
            let overridden: Vec<_> = found
                .flat_map(|setting| {
                    let origin = self.origin(&setting.place);
                    let lines = setting.value.shown(key).into_iter();
                    lines.map(move |(key, value)| (format!("{key} = {value}"), origin.clone()))
                })
                .collect();
            for (at, (key, value)) in first.value.shown(key).into_iter().enumerate() {
                settings.push(Effective {
                    key,
                    value,
                    origin: Some(self.origin(&first.place)),
                    overridden: if at == 0 { overridden.clone() } else { Vec::new() },
                });
            }
        }
        let exempt = self.sheet.exemptions.get(name);
        let exempt = exempt.filter(|exempt| version.is_none_or(|version| exempt.exemption.versions.contains(version)));
        Explanation {
            package: name.clone(),
            version: version.cloned(),
            tables: chain
                .iter()
                .flat_map(|entry| &entry.places)
                .map(|place| self.origin(place))
                .collect(),
            settings,
            exemption: exempt.map(|exempt| (exempt.exemption.clone(), self.origin(&exempt.place))),
        }
    }

    /// All tables of all files: `[defaults]`, groups, packages, then exemptions, each sorted by name.
    #[must_use]
    pub fn entries(&self) -> Vec<EntryRef> {
        let tables = self.sheet.entries().flat_map(|(scope, entry)| {
            let keys: Vec<&'static str> = entry
                .settings
                .iter()
                .flat_map(|(key, setting)| setting.value.shown(key).into_iter().map(|(key, _)| key))
                .collect();
            entry.places.iter().map(move |place| EntryRef {
                kind: EntryKind::Table(scope.clone()),
                origin: self.origin(place),
                keys: keys.clone(),
            })
        });
        let exemptions = self.sheet.exemptions.iter().map(|(name, exempt)| EntryRef {
            kind: EntryKind::Exemption(name.clone()),
            origin: self.origin(&exempt.place),
            keys: Vec::new(),
        });
        tables.chain(exemptions).collect()
    }

    /// Where the exemption of a package is written.
    #[must_use]
    pub fn exemption_origin(&self, name: &PackageName) -> Option<Origin> {
        let exempt = self.sheet.exemptions.get(name)?;
        Some(self.origin(&exempt.place))
    }

    fn origin(&self, place: &Place) -> Origin {
        let file = self.files.get(place.file);
        Origin {
            file: file.map(|file| file.label.clone()).unwrap_or_default(),
            line: file.map_or(1, |file| file.line(place)),
            table: place.table.to_string(),
        }
    }
}

/// What holds where no file says anything; keys that then ask for nothing are not listed.
fn default_of(key: Key) -> Option<Effective> {
    let value = match key {
        Key::Mode => "\"enforce\"",
        Key::Unpinned => "\"claimed\"",
        Key::Evidence => "[\"build\", \"publish\"]",
        _ => return None,
    };
    Some(Effective {
        key: key.as_str(),
        value: value.to_owned(),
        origin: None,
        overridden: Vec::new(),
    })
}

impl fmt::Display for Origin {
    /// `slsa-pip.toml:7: [packages.urllib3]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.table)
    }
}
