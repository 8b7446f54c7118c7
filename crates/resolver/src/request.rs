//! What is to be resolved.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pep508_rs::MarkerEnvironment;
use slsa_pip_distribution::{PackageName, Requirement, Sha256Digest, SupportedTags, Version};

use crate::control::{FormatControl, ReleaseControl};
use crate::installed::{Installed, Upgrade};

/// What is to be resolved, and for which interpreter. All options have the meaning that pip gives them.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub struct Request {
    /// What the user asked for. Requirements whose marker is false are skipped.
    pub requirements: Vec<Requirement>,
    /// Constraints (`-c`): they narrow versions or name the file to take, and request nothing.
    pub constraints: Vec<Requirement>,
    /// Allowed digests (`--hash`) per project; a project without an entry may have any, one with an empty entry none.
    pub hashes: BTreeMap<PackageName, Vec<Sha256Digest>>,
    /// Whether every project needs allowed digests and an exact pin (`--require-hashes`). Implied by any entry in `hashes`.
    pub require_hashes: bool,
    /// The interpreter's marker values. They stay its own where files are chosen for another platform.
    pub env: MarkerEnvironment,
    /// The compatible tags: the interpreter's, or those of `--platform`, `--python-version`, `--implementation`, `--abi`.
    pub tags: SupportedTags,
    /// The version to resolve for; only its release numbers are compared with `Requires-Python`, as pip does.
    pub python: Version,
    /// Which projects may have pre-releases (`--pre`, `--all-releases`, `--only-final`).
    pub releases: ReleaseControl,
    /// Which projects are to be built from source, or not (`--no-binary`, `--only-binary`).
    pub formats: FormatControl,
    /// Whether an older wheel is wanted rather than a newer source distribution (`--prefer-binary`): the note about it is
    /// left out. Source distributions are never chosen in either case.
    pub prefer_binary: bool,
    /// Only files of an index that were uploaded before this moment (`--uploaded-prior-to`).
    pub uploaded_prior_to: Option<Timestamp>,
    /// Whether the source is asked about each release that would be chosen ([`crate::Source::ruling`]), so that the newest one
    /// that it does not rule out is taken. What is installed is not asked about.
    pub ask_rulings: bool,
    /// Whether `Requires-Python` counts for nothing (`--ignore-requires-python`).
    pub ignore_requires_python: bool,
    /// Whether only what the user asked for is wanted (`--no-deps`).
    pub no_deps: bool,
    /// What is installed where pip would look.
    pub installed: BTreeMap<PackageName, Installed>,
    /// Which of it may be replaced although it fits.
    pub upgrade: Upgrade,
    /// Whether what is installed counts for nothing (`--ignore-installed`; pip implies it by `--target`).
    pub ignore_installed: bool,
    /// Whether everything is taken from the index anew (`--force-reinstall`).
    pub force_reinstall: bool,
}

impl Request {
    /// A request for nothing yet, with pip's defaults and nothing installed.
    #[must_use]
    pub fn new(env: MarkerEnvironment, tags: SupportedTags, python: Version) -> Self {
        Self {
            requirements: Vec::new(),
            constraints: Vec::new(),
            hashes: BTreeMap::new(),
            require_hashes: false,
            env,
            tags,
            python,
            releases: ReleaseControl::default(),
            formats: FormatControl::default(),
            prefer_binary: false,
            uploaded_prior_to: None,
            ask_rulings: false,
            ignore_requires_python: false,
            no_deps: false,
            installed: BTreeMap::new(),
            upgrade: Upgrade::No,
            ignore_installed: false,
            force_reinstall: false,
        }
    }
}
