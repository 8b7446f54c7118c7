//! The settings of one file, or of several put together: entries by scope, found from the most specific to the least.

use std::collections::BTreeMap;
use std::ops::Bound;

use slsa_pip_distribution::PackageName;

use crate::exemption::Exemption;
use crate::scope::Scope;
use crate::setting::{Key, Place, Setting, Value};

/// One table below `[packages]`, or `[defaults]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// Where its name is written; several if files with such a table were put together.
    pub(crate) places: Vec<Place>,
    pub(crate) settings: Settings,
}

/// What one table sets: a few keys, sorted, in no more room than they need. A policy has thousands of such tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(Vec<(Key, Setting)>);

impl Settings {
    fn position(&self, key: Key) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(key, _)| *key)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Setting> {
        let (_, setting) = self.position(key).ok().and_then(|at| self.0.get(at))?;
        Some(setting)
    }

    /// Sets a key, whatever was set before.
    pub(crate) fn insert(&mut self, key: Key, setting: Setting) {
        match self.position(key) {
            Ok(at) => {
                if let Some(entry) = self.0.get_mut(at) {
                    entry.1 = setting;
                }
            }
            Err(at) => self.0.insert(at, (key, setting)),
        }
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.0.retain(|(known, _)| *known != key);
    }

    /// In the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Setting)> {
        self.0.iter().map(|(key, setting)| (*key, setting))
    }

    fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.0.iter_mut().map(|(_, setting)| &mut setting.place)
    }
}

/// A group's entry, and the next larger group that holds it: how much of the prefix that shares.
#[derive(Debug, Clone, Default)]
struct Group {
    entry: Entry,
    parent: Option<usize>,
}

/// An exemption, and where its table's name is written.
#[derive(Debug, Clone)]
pub(crate) struct Exempt {
    pub(crate) exemption: Exemption,
    pub(crate) place: Place,
}

/// All entries and exemptions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    all: Entry,
    groups: BTreeMap<String, Group>,
    packages: BTreeMap<PackageName, Entry>,
    pub(crate) exemptions: BTreeMap<PackageName, Exempt>,
}

impl Sheet {
    /// The entry of a scope, made if it is not there.
    pub(crate) fn entry(&mut self, scope: &Scope) -> &mut Entry {
        match scope {
            Scope::All => &mut self.all,
            Scope::Group(prefix) => {
                if !self.groups.contains_key(prefix) {
                    self.add_group(prefix);
                }
                &mut self.groups.entry(prefix.clone()).or_default().entry
            }
            Scope::Package(name) => self.packages.entry(name.clone()).or_default(),
        }
    }

    /// The entry of exactly this scope.
    pub(crate) fn exactly(&self, scope: &Scope) -> Option<&Entry> {
        match scope {
            Scope::All => Some(&self.all),
            Scope::Group(prefix) => self.groups.get(prefix).map(|group| &group.entry),
            Scope::Package(name) => self.packages.get(name),
        }
    }

    /// All entries, `[defaults]` first, then groups, then packages, each sorted by name.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Scope, &Entry)> {
        let groups = self
            .groups
            .iter()
            .map(|(prefix, group)| (Scope::Group(prefix.clone()), &group.entry));
        let packages = self
            .packages
            .iter()
            .map(|(name, entry)| (Scope::Package(name.clone()), entry));
        std::iter::once((Scope::All, &self.all)).chain(groups).chain(packages)
    }

    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        let groups = self.groups.values_mut().map(|group| &mut group.entry);
        std::iter::once(&mut self.all)
            .chain(groups)
            .chain(self.packages.values_mut())
    }

    /// The names of the packages that have a table of their own.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &PackageName> {
        self.packages.keys()
    }

    /// The entries that hold for a whole scope, the most specific first, `[defaults]` last.
    pub(crate) fn chain<'s>(&'s self, scope: &Scope) -> impl Iterator<Item = &'s Entry> {
        let own = match scope {
            Scope::Package(name) => self.packages.get(name),
            Scope::All | Scope::Group(_) => None,
        };
        own.into_iter().chain(self.groups_of(scope.prefix())).chain([&self.all])
    }

    /// The entries of the groups that hold all names with this beginning, the longest first.
    fn groups_of(&self, beginning: &str) -> Vec<&Entry> {
        let mut found = Vec::new();
        // What is sorted between a prefix of a text and the text itself begins with that prefix too. So the greatest entry that is
        // no greater than the text is the group that is looked for, or lies in it.
        let mut next = self
            .groups
            .range::<str, _>((Bound::Unbounded, Bound::Included(beginning)))
            .next_back();
        while let Some((prefix, group)) = next {
            if beginning.starts_with(prefix.as_str()) {
                found.push(&group.entry);
            }
            let parent = group.parent.and_then(|length| prefix.get(..length));
            next = parent.and_then(|parent| self.groups.get_key_value(parent));
        }
        found
    }

    /// Makes a group, and tells those that lie in it.
    fn add_group(&mut self, prefix: &str) {
        let below = self
            .groups
            .range_mut::<str, _>((Bound::Excluded(prefix), Bound::Unbounded));
        for (_, group) in below.take_while(|(other, _)| other.starts_with(prefix)) {
            group.parent = group.parent.max(Some(prefix.len()));
        }
        let above = self
            .groups
            .range::<str, _>((Bound::Unbounded, Bound::Excluded(prefix)))
            .next_back();
        let mut parent = above.map(|(other, _)| other.as_str());
        while let Some(other) = parent.filter(|other| !prefix.starts_with(other)) {
            let length = self.groups.get(other).and_then(|group| group.parent);
            parent = length.and_then(|length| other.get(..length));
        }
        let parent = parent.map(str::len);
        let entry = Entry::default();
        self.groups.insert(prefix.to_owned(), Group { entry, parent });
    }

    /// The setting that holds for a whole scope.
    pub(crate) fn lookup(&self, scope: &Scope, key: Key) -> Option<&Setting> {
        self.chain(scope).find_map(|entry| entry.settings.get(key))
    }

    /// Whether a package has a table of its own, or is in a group that has one.
    pub(crate) fn names(&self, package: &PackageName) -> bool {
        self.packages.contains_key(package) || !self.groups_of(package.as_str()).is_empty()
    }

    /// A setting of `[defaults]`.
    pub(crate) fn of_defaults(&self, key: Key) -> Option<&Value> {
        self.all.settings.get(key).map(|setting| &setting.value)
    }

    /// Puts another sheet below: what it says counts where this one says nothing for the same scope.
    pub(crate) fn over(&mut self, below: Self) {
        for (scope, entry) in below.entries() {
            let own = self.entry(&scope);
            own.places.extend(entry.places.iter().cloned());
            for (key, setting) in entry.settings.iter() {
                if own.settings.get(key).is_none() {
                    own.settings.insert(key, setting.clone());
                }
            }
        }
        for (name, exempt) in below.exemptions {
            self.exemptions.entry(name).or_insert(exempt);
        }
    }

    /// Gives every place its file.
    pub(crate) fn stamp(&mut self, file: usize) {
        for entry in self.entries_mut() {
            for place in entry.places.iter_mut().chain(entry.settings.places_mut()) {
                place.file = file;
            }
        }
        for exempt in self.exemptions.values_mut() {
            exempt.place.file = file;
        }
    }
}
