//! The probe's answer, as the script in `probe.py` writes it.

use std::path::PathBuf;

use pep508_rs::MarkerEnvironment;
use serde::Deserialize;

/// A requirement of a requirements or constraints file, as pip has parsed the file. The requirement itself is not parsed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ParsedRequirement {
    /// The requirement as written, without its options.
    pub requirement: String,
    /// `--hash` options, each `ALGORITHM:HEX`.
    pub hashes: Vec<String>,
    /// Whether it only constrains.
    pub constraint: bool,
    /// Whether it is written with `-e`.
    pub editable: bool,
    /// Where it is written, as pip says it: `-r requirements.txt (line 3)`.
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
    pub(crate) require_hashes: bool,
    pub(crate) no_deps: bool,
    pub(crate) ignore_requires_python: bool,
    pub(crate) prefer_binary: bool,
    pub(crate) no_binary: Vec<String>,
    pub(crate) only_binary: Vec<String>,
    pub(crate) positional: Vec<String>,
    pub(crate) requirements: Vec<ParsedRequirement>,
    pub(crate) install: AnsweredInstall,
    pub(crate) unsupported: Vec<(String, String)>,
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
    pub(crate) upgrade: bool,
    pub(crate) force_reinstall: bool,
    pub(crate) ignore_installed: bool,
    pub(crate) no_compile: bool,
    pub(crate) break_system_packages: bool,
    pub(crate) no_warn_script_location: bool,
    pub(crate) ignore_root_user: bool,
    pub(crate) platforms: Vec<String>,
    pub(crate) python_version: Option<String>,
    pub(crate) implementation: Option<String>,
    pub(crate) abis: Vec<String>,
}
