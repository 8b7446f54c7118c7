//! What is to be installed, from which index, for which interpreter: pip's own options, which pip itself parses.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::environment as env;

/// What to install, and where it comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Requirements")]
pub(crate) struct RequirementArgs {
    /// Requirements, as pip takes them: `urllib3`, `"urllib3[socks]>=2"`
    #[arg(value_name = "REQUIREMENT")]
    pub(crate) requirements: Vec<String>,
    /// Install from this requirements file (repeatable)
    #[arg(short = 'r', long = "requirement", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirement_files: Vec<PathBuf>,
    /// Constrain versions by this constraints file (repeatable)
    #[arg(short = 'c', long = "constraint", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) constraint_files: Vec<PathBuf>,
    /// Allow pre-release and development versions
    #[arg(long)]
    pub(crate) pre: bool,
    /// Require a hash for every requirement, as pip's option does
    #[arg(long)]
    pub(crate) require_hashes: bool,
}

impl RequirementArgs {
    /// Whether there is anything to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.requirement_files.is_empty()
    }

    /// These options in pip's own words, for the probe: pip parses its own files.
    pub(crate) fn pip_words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        for (option, files) in [("-r", &self.requirement_files), ("-c", &self.constraint_files)] {
            for file in files {
                words.extend([OsString::from(option), file.into()]);
            }
        }
        for (set, option) in [(self.pre, "--pre"), (self.require_hashes, "--require-hashes")] {
            words.extend(set.then(|| option.into()));
        }
        words
    }
}

/// The index and the interpreter.
#[derive(Debug, Args)]
#[command(next_help_heading = "Index and interpreter")]
pub(crate) struct IndexArgs {
    /// Base URL of the index; the default is the one that the wrapped pip is configured for
    #[arg(short = 'i', long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) index_url: Option<String>,
    /// Further indexes, asked in order for what the ones before do not have (repeatable)
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) extra_index_url: Vec<String>,
    /// Ask no index, only `--find-links`
    #[arg(long)]
    pub(crate) no_index: bool,
    /// How keyring is asked for the login of an index that wants one, as for pip: `disabled`, `subprocess`, `import` or `auto`
    /// [default: pip's; `auto` means `subprocess`]
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) keyring_provider: Option<String>,
    /// A local folder of wheels (repeatable)
    #[arg(short = 'f', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) find_links: Vec<String>,
    /// The interpreter to install for; the default is the active virtual environment's, else `python3`
    #[arg(long, value_name = "PATH", value_hint = ValueHint::ExecutablePath, env = env::PYTHON)]
    pub(crate) python: Option<PathBuf>,
}

impl IndexArgs {
    /// These options in pip's own words, for the probe.
    pub(crate) fn pip_words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        words.extend(self.index_url.iter().flat_map(|url| ["--index-url".into(), url.into()]));
        words.extend(
            self.extra_index_url
                .iter()
                .flat_map(|url| ["--extra-index-url".into(), url.into()]),
        );
        words.extend(
            self.find_links
                .iter()
                .flat_map(|dir| ["--find-links".into(), dir.into()]),
        );
        words.extend(self.no_index.then(|| "--no-index".into()));
        words.extend(
            self.keyring_provider
                .iter()
                .flat_map(|provider| ["--keyring-provider".into(), provider.into()]),
        );
        words
    }
}
