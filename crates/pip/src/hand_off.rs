//! How pip is called for the hand-off.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde_json::json;
use slsa_pip_distribution::{PackageName, Version, WheelFilename};
use slsa_pip_verify::Verified;
use url::Url;

use crate::probe::Probe;

/// The first pip that knows `--break-system-packages`; older ones do not heed PEP 668.
const HEEDS_EXTERNALLY_MANAGED: [u64; 3] = [23, 0, 1];

/// Where the output of pip goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PipOutput {
    /// Both streams as they are.
    #[default]
    Inherit,
    /// Both to standard error: standard output belongs to a report.
    ToStderr,
    /// Kept, see [`crate::PipOutcome::output`].
    Quiet,
}

/// What the hand-off is told on top of pip's own options, which the probe has parsed ([`crate::InstallOptions`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandOff {
    /// The projects that the user has asked for by name; pip marks them with a file REQUESTED. All of the files with `None`.
    pub requested: Option<BTreeSet<PackageName>>,
    /// The projects that were asked for by URL or path, with that URL: pip writes it down (PEP 610), and shows it in `freeze`.
    pub direct: BTreeMap<PackageName, Url>,
    /// `--no-color`
    pub no_color: bool,
    /// `--quiet`, this many times
    pub quiet: u8,
    /// `--verbose`, this many times
    pub verbose: u8,
    /// Where its output goes.
    pub output: PipOutput,
}

/// pip's arguments.
pub(crate) fn arguments(probe: &Probe, options: &HandOff, wheels: &Path, hashes: &Path) -> Vec<OsString> {
    let mut words = Words(Vec::new());
    // `--isolated` leaves out PIP_* and the user's configuration; the rest is left out by the environment.
    // `--no-input`: a question could not be answered. `--disable-pip-version-check`: no network request.
    words.all(["--isolated", "--no-input", "--disable-pip-version-check", "install"]);
    // The files, and nothing else: no index, no dependency, nothing that would be built, nothing without its hash, and
    // nothing out of a cache, where pip might otherwise find a wheel that it once built for the same link.
    words.all([
        "--no-index",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-cache-dir",
    ]);
    words.pair("--find-links", wheels.as_os_str());
    words.pair("-r", hashes.as_os_str());
    place(probe, &mut words);
    manner(probe, options, &mut words);
    words.0
}

/// What pip's options cannot say; see `script/hand_off.py`.
pub(crate) fn wishes(probe: &Probe, options: &HandOff, files: &[Verified]) -> String {
    // Without dependencies pip does not warn of conflicts either.
    let silent = probe.no_deps || probe.install.no_warn_conflicts;
    let direct: BTreeMap<&str, serde_json::Value> = options
        .direct
        .iter()
        .map(|(name, url)| (name.as_str(), json!({"url": url, "hash": digest(name, files)})))
        .collect();
    let requested: Option<Vec<&str>> = options
        .requested
        .as_ref()
        .map(|names| names.iter().map(PackageName::as_str).collect());
    json!({"warn_conflicts": !silent, "requested": requested, "direct": direct}).to_string()
}

/// The hash of a project's file.
fn digest(name: &PackageName, files: &[Verified]) -> Option<String> {
    let file = files.iter().map(Verified::file).find(|file| {
        let wheel: Result<WheelFilename, _> = file.filename().parse();
        wheel.is_ok_and(|wheel| wheel.name == *name)
    })?;
    Some(format!("sha256={}", file.sha256()))
}

/// Where to install.
fn place(probe: &Probe, words: &mut Words) {
    let configured = &probe.install;
    for (option, path) in [
        ("--target", &configured.target),
        ("--prefix", &configured.prefix),
        ("--root", &configured.root),
    ] {
        if let Some(path) = path {
            words.pair(option, path.as_os_str());
        }
    }
    // Said in either case: pip's own choice would depend on what is writable.
    words.all([if configured.user { "--user" } else { "--no-user" }]);
    for platform in &configured.platforms {
        words.pair("--platform", OsStr::new(platform));
    }
    for abi in &configured.abis {
        words.pair("--abi", OsStr::new(abi));
    }
    for (option, value) in [
        ("--python-version", &configured.python_version),
        ("--implementation", &configured.implementation),
    ] {
        if let Some(value) = value {
            words.pair(option, OsStr::new(value));
        }
    }
}

/// How to install.
fn manner(probe: &Probe, options: &HandOff, words: &mut Words) {
    let configured = &probe.install;
    let break_system = configured.break_system_packages
        && probe
            .pip_version
            .parse::<Version>()
            .is_ok_and(|version| version >= Version::new(HEEDS_EXTERNALLY_MANAGED));
    for (set, option) in [
        // It matters with `--target` only, since every version is pinned.
        (configured.upgrade, "--upgrade"),
        (configured.force_reinstall, "--force-reinstall"),
        (configured.ignore_installed, "--ignore-installed"),
        (configured.no_compile, "--no-compile"),
        (break_system, "--break-system-packages"),
        (configured.no_warn_script_location, "--no-warn-script-location"),
        (configured.ignore_root_user, "--root-user-action=ignore"),
        (probe.ignore_requires_python, "--ignore-requires-python"),
        (options.no_color, "--no-color"),
    ] {
        if set {
            words.all([option]);
        }
    }
    for (count, option) in [(options.quiet, "--quiet"), (options.verbose, "--verbose")] {
        for _ in 0..count.min(3) {
            words.all([option]);
        }
    }
}

struct Words(Vec<OsString>);

impl Words {
    fn all<const N: usize>(&mut self, words: [&str; N]) {
        self.0.extend(words.map(OsString::from));
    }

    fn pair(&mut self, option: &str, value: &OsStr) {
        let mut word = OsString::from(option);
        if option.starts_with("--") {
            word.push("=");
            word.push(value);
            self.0.push(word);
        } else {
            self.0.extend([word, value.to_os_string()]);
        }
    }
}
