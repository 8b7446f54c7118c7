//! pip's options that name projects: which may have pre-releases, which are to be built.

use std::collections::BTreeSet;

use slsa_pip_distribution::PackageName;

/// A list of projects as pip's options write it: names, and `:all:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectList {
    /// `:all:`.
    pub all: bool,
    /// Projects that are named.
    pub names: BTreeSet<PackageName>,
}

impl ProjectList {
    /// Every project.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            all: true,
            names: BTreeSet::new(),
        }
    }
}

impl<T: AsRef<str>> FromIterator<T> for ProjectList {
    /// From the entries as pip keeps them. What is neither `:all:` nor a project's name concerns no project.
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut list = Self::default();
        for entry in entries {
            match entry.as_ref() {
                ":all:" => list.all = true,
                name => list.names.extend(name.parse::<PackageName>()),
            }
        }
        list
    }
}

/// Which projects may have pre-releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseControl {
    /// `--all-releases`, and `--pre`: pre-releases are as good as final releases.
    pub all_releases: ProjectList,
    /// `--only-final`: no pre-release, whatever the requirements say.
    pub only_final: ProjectList,
}

impl ReleaseControl {
    /// Whether pre-releases are as good as final ones (`true`), out of the question (`false`), or left to the
    /// requirements. A name counts more than `:all:`.
    #[must_use]
    pub fn prereleases(&self, name: &PackageName) -> Option<bool> {
        if self.all_releases.names.contains(name) {
            Some(true)
        } else if self.only_final.names.contains(name) {
            Some(false)
        } else if self.all_releases.all {
            Some(true)
        } else {
            self.only_final.all.then_some(false)
        }
    }
}

/// Which projects are to be built from source, or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatControl {
    /// `--no-binary`: no wheel may be taken, so nothing can be installed here.
    pub no_binary: ProjectList,
    /// `--only-binary`: source distributions do not even count as passed over.
    pub only_binary: ProjectList,
}

impl FormatControl {
    /// Whether wheels may be taken. A name counts more than `:all:`, and `--only-binary` more than `--no-binary`.
    #[must_use]
    pub fn wheels_allowed(&self, name: &PackageName) -> bool {
        if self.only_binary.names.contains(name) {
            true
        } else if self.no_binary.names.contains(name) {
            false
        } else {
            self.only_binary.all || !self.no_binary.all
        }
    }

    /// Whether pip would build a source distribution if there is no wheel.
    #[must_use]
    pub fn sdists_allowed(&self, name: &PackageName) -> bool {
        if self.only_binary.names.contains(name) {
            false
        } else if self.no_binary.names.contains(name) {
            true
        } else {
            !self.only_binary.all
        }
    }
}
