//! What is installed already.

use slsa_pip_distribution::Version;
use slsa_pip_distribution::requirement::ExtraName;

/// An installed distribution, in the texts of its metadata.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its version.
    pub version: Version,
    /// `Requires-Dist`, in order, not parsed.
    pub requires_dist: Vec<String>,
    /// `Provides-Extra`; `None` if that is not known, so that every extra counts as provided.
    pub provides_extra: Option<Vec<ExtraName>>,
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
