//! What is to be had, from which index, for which interpreter. All of it but `--python`, `--index-strategy` and
//! `--resolve-policy` are pip's own options, under pip's names: they are handed to the target interpreter's pip as words, and pip parses them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};

use slsa_pip_pypi_client::IndexStrategy;

use crate::args::pip::PipOptions;
use crate::environment as env;
use crate::locked::is_lock;

/// The requirements, how versions and files are chosen, and where they come from.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    #[command(flatten)]
    pub(crate) requirements: RequirementArgs,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) pip: PipOptions,
}

/// What to install.
#[derive(Debug, Args)]
#[command(next_help_heading = "Requirements")]
pub(crate) struct RequirementArgs {
    /// Requirements, as pip takes them: `urllib3`, `"urllib3[socks]>=2"`, `"name @ https://….whl"`, `./file.whl`
    #[arg(value_name = "REQUIREMENT")]
    pub(crate) requirements: Vec<String>,
    /// Install from this requirements file, a path or a URL (repeatable)
    #[arg(short = 'r', long = "requirement", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirement_files: Vec<PathBuf>,
    /// Constrain versions by this constraints file, a path or a URL (repeatable)
    #[arg(short = 'c', long = "constraint", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) constraint_files: Vec<PathBuf>,
    /// Install this dependency group of `pyproject.toml`, or of the file before a colon (repeatable; pip 25.1 and newer)
    #[arg(long, value_name = "[PATH:]GROUP")]
    pub(crate) group: Vec<String>,
    /// Install what a script says it needs (PEP 723; pip 26.0 and newer)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirements_from_script: Vec<PathBuf>,
    /// Refused, with what to do instead: what is in a folder has no provenance
    #[arg(short = 'e', long, value_name = "PATH", hide = true)]
    pub(crate) editable: Vec<String>,
    /// Require a hash for every requirement
    #[arg(long)]
    pub(crate) require_hashes: bool,
    /// Do not install dependencies
    #[arg(long)]
    pub(crate) no_deps: bool,
}

/// Which versions and files may be chosen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Choice of versions and files")]
pub(crate) struct ChoiceArgs {
    /// Allow pre-release and development versions
    #[arg(long)]
    pub(crate) pre: bool,
    /// Allow pre-releases of these projects, or of `:all:` (repeatable; pip 26.0 and newer)
    #[arg(long, value_name = "NAMES")]
    pub(crate) all_releases: Vec<String>,
    /// Allow final releases only of these projects, or of `:all:` (repeatable; pip 26.0 and newer)
    #[arg(long, value_name = "NAMES")]
    pub(crate) only_final: Vec<String>,
    /// Only what was uploaded before this time, in ISO 8601; the index must tell (pip 26.0 and newer)
    #[arg(long, value_name = "TIME")]
    pub(crate) uploaded_prior_to: Option<String>,
    /// Rather an older wheel than a newer source distribution
    #[arg(long)]
    pub(crate) prefer_binary: bool,
    /// No source distributions of these projects, or of `:all:`; slsa-pip installs none in any case (repeatable)
    #[arg(long, value_name = "NAMES")]
    pub(crate) only_binary: Vec<String>,
    /// No wheels of these projects, or of `:all:`, so that they cannot be installed (repeatable)
    #[arg(long, value_name = "NAMES")]
    pub(crate) no_binary: Vec<String>,
    /// Wheels for this platform in place of the interpreter's (repeatable; with `--target` or `--dry-run`)
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Vec<String>,
    /// Wheels and `Requires-Python` for this version of Python: `3`, `3.12`, `312`, `3.12.1`
    #[arg(long, value_name = "VERSION")]
    pub(crate) python_version: Option<String>,
    /// Wheels for this implementation of Python: `pp`, `jy`, `cp`, `ip`, or `py` for any
    #[arg(long, value_name = "IMPLEMENTATION")]
    pub(crate) implementation: Option<String>,
    /// Wheels for this ABI (repeatable)
    #[arg(long, value_name = "ABI")]
    pub(crate) abi: Vec<String>,
    /// Do not look at `Requires-Python`
    #[arg(long)]
    pub(crate) ignore_requires_python: bool,
    /// What happens where the newest release that fits does not satisfy policy: it is refused, or an older one is taken
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = ResolvePolicy::Newest)]
    pub(crate) resolve_policy: ResolvePolicy,
}

/// Which of the releases that fit is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResolvePolicy {
    /// The newest, which must satisfy policy
    Newest,
    /// The newest that satisfies policy; the report says what was passed over, and why
    Satisfying,
}

/// How an index is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// The first that has it, in order
    FirstIndex,
    /// The best version of all, as pip does it: whoever can publish on one index replaces the packages of all others
    UnsafeBestMatch,
}

/// The index and the interpreter.
#[derive(Debug, Args)]
#[command(next_help_heading = "Index and interpreter")]
pub(crate) struct IndexArgs {
    /// Base URL of the index; the default is the one that the wrapped pip is configured for
    #[arg(short = 'i', long, alias = "pypi-url", value_name = "URL", value_hint = ValueHint::Url)]
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
    /// A folder of wheels, or the URL of a page of links (repeatable)
    #[arg(short = 'f', long, value_name = "DIR_OR_URL", value_hint = ValueHint::DirPath)]
    pub(crate) find_links: Vec<String>,
    /// Which index a package is taken from that several have; policy may assign it to one (docs/policy.md)
    #[arg(long, value_name = "STRATEGY", value_enum, default_value_t = Strategy::FirstIndex)]
    pub(crate) index_strategy: Strategy,
    /// The interpreter to install for; the default is the active virtual environment's, else `python3`
    #[arg(long, value_name = "PATH", value_hint = ValueHint::ExecutablePath, env = env::PYTHON)]
    pub(crate) python: Option<PathBuf>,
}

/// How servers are reached, and what else pip is configured by.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network and configuration, as for pip")]
pub(crate) struct NetworkArgs {
    /// The proxy for all requests
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) proxy: Option<String>,
    /// A file of CA certificates, in place of the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,
    /// A file with a client's certificate and its key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_cert: Option<PathBuf>,
    /// Seconds until a server must have answered
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<String>,
    /// How often a request is repeated
    #[arg(long, value_name = "COUNT")]
    pub(crate) retries: Option<String>,
    /// Ignore variables `PIP_*` and the user's own configuration of pip
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Only ever change a virtual environment
    #[arg(long)]
    pub(crate) require_virtualenv: bool,
    /// Ask for no login
    #[arg(long)]
    pub(crate) no_input: bool,
}

/// Words of a command line for pip.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<OsString>);

impl Words {
    /// An option without a value, where it is set.
    pub(crate) fn flag(&mut self, option: &str, set: bool) {
        self.0.extend(set.then(|| option.into()));
    }

    /// An option once for each of its values, each in one word with it, so that none is taken for another option.
    pub(crate) fn option(&mut self, option: &str, values: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        for value in values {
            let mut word = OsString::from(option);
            word.push("=");
            word.push(value);
            self.0.push(word);
        }
    }

    /// What is no option, last of all.
    fn positional(&mut self, words: &[String]) {
        self.0.push("--".into());
        self.0.extend(words.iter().map(Into::into));
    }

    /// The words.
    pub(crate) fn finish(self) -> Vec<OsString> {
        self.0
    }
}

impl WantedArgs {
    /// The first requirements file, where one is named that lies here.
    pub(crate) fn first_file(&self) -> Option<&Path> {
        let mut files = self.requirements.requirement_files.iter().map(PathBuf::as_path);
        files.find(|file| !file.to_string_lossy().contains("://"))
    }

    /// These options in pip's own words.
    pub(crate) fn add_to(&self, words: &mut Words) {
        self.requirements.add_to(words);
        self.choice.add_to(words);
        self.index.add_to(words);
        self.network.add_to(words);
        words.positional(&self.requirements.requirements);
    }
}

impl RequirementArgs {
    /// Whether there is anything to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
            && self.requirement_files.is_empty()
            && self.group.is_empty()
            && self.requirements_from_script.is_empty()
            && self.editable.is_empty()
    }

    fn add_to(&self, words: &mut Words) {
        // A lock file is read here, and pip is told nothing of it.
        let files = self.requirement_files.iter().filter(|path| !is_lock(path));
        words.option("--requirement", files);
        words.option("--constraint", &self.constraint_files);
        words.option("--group", &self.group);
        words.option("--requirements-from-script", &self.requirements_from_script);
        words.option("--editable", &self.editable);
        words.flag("--require-hashes", self.require_hashes);
        words.flag("--no-deps", self.no_deps);
    }
}

impl ChoiceArgs {
    fn add_to(&self, words: &mut Words) {
        words.flag("--pre", self.pre);
        words.option("--all-releases", &self.all_releases);
        words.option("--only-final", &self.only_final);
        words.option("--uploaded-prior-to", &self.uploaded_prior_to);
        words.flag("--prefer-binary", self.prefer_binary);
        words.option("--only-binary", &self.only_binary);
        words.option("--no-binary", &self.no_binary);
        words.option("--platform", &self.platform);
        words.option("--python-version", &self.python_version);
        words.option("--implementation", &self.implementation);
        words.option("--abi", &self.abi);
        words.flag("--ignore-requires-python", self.ignore_requires_python);
    }
}

impl From<Strategy> for IndexStrategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::FirstIndex => Self::FirstIndex,
            Strategy::UnsafeBestMatch => Self::UnsafeBestMatch,
        }
    }
}

impl IndexArgs {
    fn add_to(&self, words: &mut Words) {
        words.option("--index-url", &self.index_url);
        words.option("--extra-index-url", &self.extra_index_url);
        words.option("--find-links", &self.find_links);
        words.flag("--no-index", self.no_index);
        words.option("--keyring-provider", &self.keyring_provider);
    }
}

impl NetworkArgs {
    fn add_to(&self, words: &mut Words) {
        words.option("--proxy", &self.proxy);
        words.option("--cert", &self.cert);
        words.option("--client-cert", &self.client_cert);
        words.option("--timeout", &self.timeout);
        words.option("--retries", &self.retries);
        words.flag("--isolated", self.isolated);
        words.flag("--require-virtualenv", self.require_virtualenv);
        words.flag("--no-input", self.no_input);
    }
}
