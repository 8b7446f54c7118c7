//! The probe's answer, as the script in `probe.py` writes it.

use std::path::PathBuf;

use jiff::Timestamp;
use pep508_rs::MarkerEnvironment;
use serde::Deserialize;

/// A requirement that pip has parsed: an argument, or a line of a requirements or constraints file, or of a dependency group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ParsedRequirement {
    /// The requirement in the words of PEP 508, without its options: of a path or URL of a wheel `NAME @ URL`. Without a name
    /// it is the URL alone, and no requirement that could be resolved.
    pub requirement: String,
    /// The project, not normalised, if the requirement says which: a wheel's file name does.
    pub name: Option<String>,
    /// Where to take it from, if it is a URL or a path, as a URL with its fragment. It may hold a password.
    pub link: Option<String>,
    /// `--hash` options, each `ALGORITHM:HEX`.
    pub hashes: Vec<String>,
    /// Whether it only constrains.
    pub constraint: bool,
    /// Whether it is written with `-e`.
    pub editable: bool,
    /// Where it is written, as pip says it: `-r requirements.txt (line 3)`; `the command line` for all else.
    pub origin: String,
}

/// A distribution that is installed, in the texts of its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InstalledDistribution {
    /// `Name`, not normalised.
    pub name: String,
    /// `Version`; it may be no valid one.
    pub version: String,
    /// The directory that its files are relative to, if it has one.
    pub location: Option<PathBuf>,
    /// `Requires-Dist`, in order.
    pub requires_dist: Vec<String>,
    /// `Requires-Python`, as written.
    pub requires_python: Option<String>,
    /// Where it was installed from, if that was a URL or a path (PEP 610).
    pub direct_url: Option<DirectUrl>,
    /// Whether it is an editable installation.
    pub editable: bool,
}

/// The URL or path that something was installed from (PEP 610).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DirectUrl {
    /// The URL, as it was written down: the text is nobody's to trust.
    pub url: String,
    /// The hashes of the archive, each `ALGORITHM:HEX`.
    pub hashes: Vec<String>,
    /// The commit, of a checkout.
    pub commit: Option<String>,
}

/// `--upgrade-strategy`: what `--upgrade` does with dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpgradeStrategy {
    /// They stay where they satisfy what requires them.
    #[default]
    OnlyIfNeeded,
    /// They are upgraded too.
    Eager,
}

/// The whole document.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Failed { error: Failed },
    Answered(Box<Answered>),
}

#[derive(Deserialize)]
pub(crate) struct Failed {
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) option: String,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub(crate) struct Answered {
    pub(crate) executable: String,
    pub(crate) prefix: String,
    pub(crate) in_virtualenv: bool,
    pub(crate) python_version: String,
    pub(crate) markers: MarkerEnvironment,
    pub(crate) tags: Vec<String>,
    pub(crate) pip_version: String,
    pub(crate) index_urls: Vec<String>,
    pub(crate) find_links: Vec<String>,
    pub(crate) no_index: bool,
    pub(crate) no_cache_dir: bool,
    pub(crate) trusted_hosts: Vec<String>,
    pub(crate) cert: Option<String>,
    pub(crate) client_cert: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) keyring_provider: Option<String>,
    pub(crate) no_input: bool,
    pub(crate) timeout: f64,
    pub(crate) retries: u32,
    pub(crate) pre: bool,
    pub(crate) all_releases: Vec<String>,
    pub(crate) only_final: Vec<String>,
    pub(crate) uploaded_prior_to: Option<Timestamp>,
    pub(crate) require_hashes: bool,
    pub(crate) no_deps: bool,
    pub(crate) ignore_requires_python: bool,
    pub(crate) prefer_binary: bool,
    pub(crate) no_binary: Vec<String>,
    pub(crate) only_binary: Vec<String>,
    pub(crate) positional: Vec<String>,
    pub(crate) requirements: Vec<ParsedRequirement>,
    pub(crate) install: AnsweredInstall,
    pub(crate) installed: Vec<InstalledDistribution>,
    pub(crate) user_site: Option<String>,
    pub(crate) externally_managed: Option<String>,
    pub(crate) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub(crate) struct AnsweredInstall {
    pub(crate) target: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) root: Option<String>,
    pub(crate) user: bool,
    pub(crate) dry_run: bool,
    pub(crate) report: Option<String>,
    pub(crate) upgrade: bool,
    pub(crate) upgrade_strategy: UpgradeStrategy,
    pub(crate) force_reinstall: bool,
    pub(crate) ignore_installed: bool,
    pub(crate) no_compile: bool,
    pub(crate) break_system_packages: bool,
    pub(crate) no_warn_script_location: bool,
    pub(crate) no_warn_conflicts: bool,
    pub(crate) ignore_root_user: bool,
    pub(crate) platforms: Vec<String>,
    pub(crate) python_version: Option<String>,
    pub(crate) implementation: Option<String>,
    pub(crate) abis: Vec<String>,
}
