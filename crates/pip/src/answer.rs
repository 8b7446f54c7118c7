//! The probe's answer, as the script in `probe.py` writes it.

use std::path::PathBuf;

use jiff::Timestamp;
use pep508_rs::MarkerEnvironment;
use serde::Deserialize;

/// What precedes the answer on standard output.
const MARKER: &[u8] = b"\n=====slsa-pip-probe=====\n";
/// How an answer begins.
const ANSWER: &[u8] = b"{\"executable\": ";

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
    /// `Provides-Extra`, as written.
    pub provides_extra: Vec<String>,
    /// `Requires-Python`, as written.
    pub requires_python: Option<String>,
    /// Where it was installed from, if that was a URL or a path (PEP 610).
    pub direct_url: Option<DirectUrl>,
    /// Whether it is an editable installation.
    pub editable: bool,
    /// Whether a pip that was killed has left it: part of its files may be missing.
    pub unfinished: bool,
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

/// Finds the answer in what has been printed so far: a line of JSON after a marker. What stands after a marker and is no JSON was
/// printed by something else.
pub(crate) fn find() -> impl FnMut(&[u8]) -> Option<Result<Answer, String>> {
    let (mut from, mut seen) = (0, 0);
    move |printed| {
        let before = std::mem::replace(&mut seen, printed.len());
        loop {
            let rest = printed.get(from..)?;
            let at = rest.windows(MARKER.len()).position(|window| window == MARKER);
            let Some(at) = at else {
                // The marker may have been printed in part.
                from = printed.len().saturating_sub(MARKER.len()).max(from);
                return None;
            };
            let start = from + at + MARKER.len();
            // What was there before has no line end, or the answer would have been found.
            let begin = start.max(before);
            let end = printed.get(begin..)?.iter().position(|byte| *byte == b'\n')?;
            let document = printed.get(start..begin + end)?;
            match serde_json::from_slice(document) {
                Ok(answer) => return Some(Ok(answer)),
                // An answer of this program has a part of this name; it is told apart from noise by that.
                Err(error) if document.starts_with(ANSWER) => return Some(Err(error.to_string())),
                Err(_) => from = start,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = r#"{"error": {"kind": "no-pip", "message": ""}}"#;

    /// The answer, and after how many bytes it is found.
    fn found(printed: &str, chunk: usize) -> Option<(Result<Answer, String>, usize)> {
        let mut find = find();
        let mut ends: Vec<usize> = (0..printed.len()).step_by(chunk).skip(1).collect();
        ends.push(printed.len());
        ends.into_iter()
            .find_map(|end| find(&printed.as_bytes()[..end]).map(|answer| (answer, end)))
    }

    #[test]
    fn an_answer_is_found_as_soon_as_it_is_there_and_noise_is_none() {
        let marker = std::str::from_utf8(MARKER).unwrap();
        let noise = format!("noise{marker}{{}}\n{marker}text{marker}\n");
        let printed = format!("{noise}{marker}{FAILED}\nmore noise");
        for chunk in [1, 2, 3, 7, 40, 1000] {
            let (answer, end) = found(&printed, chunk).unwrap();
            assert!(
                matches!(answer, Ok(Answer::Failed { error }) if error.kind == "no-pip"),
                "{chunk}"
            );
            assert!(end < noise.len() + MARKER.len() + FAILED.len() + 1 + chunk, "{chunk}");
        }
        for part in [&noise, &format!("{marker}{FAILED}"), &FAILED.to_owned(), &String::new()] {
            assert!(found(part, 5).is_none(), "{part}");
        }
        let (broken, _) = found(&format!("{marker}{{\"executable\": 1}}\n"), 5).unwrap();
        assert!(broken.is_err());
    }
}
