//! What is installed already.

use std::collections::BTreeSet;

use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{PackageName, Requirement, Version};

use crate::request::Request;

/// An installed distribution, in the texts of its metadata.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its version.
    pub version: Version,
    /// `Requires-Dist`, in order, not parsed.
    pub requires_dist: Vec<String>,
    /// `Provides-Extra`, not parsed.
    pub provides_extra: Vec<String>,
    /// Whether it is installed in editable mode: a file of the same version replaces it.
    pub editable: bool,
}

/// Which installed distributions may be replaced although they satisfy what is required of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Upgrade {
    /// None (no `--upgrade`).
    #[default]
    No,
    /// Those that the user named (`--upgrade --upgrade-strategy only-if-needed`).
    OnlyIfNeeded,
    /// All (`--upgrade --upgrade-strategy eager`).
    Eager,
}

/// What the solver wants to know about an installed distribution.
#[derive(Debug)]
pub(crate) struct InstalledMetadata {
    pub(crate) requires_dist: Result<Vec<Requirement>, String>,
    provides_extra: Vec<ExtraName>,
}

impl InstalledMetadata {
    pub(crate) fn read(installed: &Installed) -> Self {
        let lines = installed.requires_dist.iter();
        let requires_dist = lines.map(|line| line.parse::<Requirement>()).collect::<Result<_, _>>();
        Self {
            requires_dist: requires_dist
                .map_err(|error| format!("its installed metadata has an invalid requirement: {error}")),
            provides_extra: installed
                .provides_extra
                .iter()
                .filter_map(|extra| extra.parse().ok())
                .collect(),
        }
    }

    pub(crate) fn provides(&self, extra: &ExtraName) -> bool {
        self.provides_extra.contains(extra)
    }
}

/// What is installed of a project, unless that counts for nothing.
pub(crate) fn usable<'a>(request: &'a Request, name: &PackageName) -> Option<&'a Installed> {
    let ignored = request.ignore_installed || request.force_reinstall;
    request.installed.get(name).filter(|_| !ignored)
}

/// The projects that the user's requirements name.
pub(crate) fn named(request: &Request) -> BTreeSet<PackageName> {
    let applying = request.requirements.iter().filter(|it| it.applies(&request.env, None));
    applying.map(|requirement| requirement.name().clone()).collect()
}

/// Whether what is installed is kept even where there is something newer.
pub(crate) fn prefers(request: &Request, name: &PackageName, named: bool) -> bool {
    usable(request, name).is_some()
        && match request.upgrade {
            Upgrade::No => true,
            Upgrade::OnlyIfNeeded => !named,
            Upgrade::Eager => false,
        }
}
