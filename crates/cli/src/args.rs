//! The command line. Parsing only: what the values mean is decided in [`crate::settings`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::commands::{cache, trust_root};
use crate::environment as env;
use crate::report;

/// `pip install`, with the provenance of every file verified first.
///
/// Resolves the requirements, downloads the wheels, finds their provenance, verifies it, and only then hands the
/// verified files to `python -m pip install`. Nothing is installed unless every file has passed.
///
/// Exit codes: 0 verified (and installed); 1 refused; 2 usage, configuration or environment error; the exit code
/// of pip where the hand-off fails.
#[derive(Debug, Parser)]
#[command(name = "slsa-pip", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours in messages
    #[arg(long, value_enum, global = true, default_value_t = ColorChoice::Auto, hide_possible_values = false)]
    pub(crate) color: ColorChoice,
    /// Less output: once leaves results and errors, twice leaves errors alone
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) quiet: u8,
    /// More output: every place that was asked for provenance, and every claim of the certificates
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the result on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Format {
    /// For people, on standard error
    #[default]
    Human,
    /// One JSON document on standard output (docs/report.md)
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify and install packages
    ///
    /// Every wheel of the closure needs provenance that passes all rules, or an exemption in the policy file;
    /// otherwise nothing is installed and the exit code is 1.
    Install(Box<InstallArgs>),
    /// Verify packages and keep the files, with their provenance beside them
    ///
    /// Writes each wheel and, under its name with a further ending, the evidence that was accepted; also the trusted root that
    /// was used. The folder serves `slsa-pip install --offline --find-links DIR` (docs/offline.md).
    Download(Box<DownloadArgs>),
    /// Verify local files against a provenance file
    ///
    /// Any file may be verified: wheels, sdists, binaries; or `sha256:HEX` in place of one. The provenance may be a
    /// `.intoto.jsonl` file, a Sigstore bundle, or a PEP 740 attestation or provenance object; the last two bind a file's name,
    /// so they need the file. Answers of the transparency log are read from `.rekor.json` files beside either, where there are
    /// any. docs/slsa-verifier.md translates from slsa-verifier. Exit codes: 0 all verified; 1 at least one refused; 2 no verdict.
    Verify(Box<VerifyArgs>),
    /// Show what a provenance file says, or the provenance beside a file; nothing is verified
    ///
    /// For each attestation: what it is about, what its certificate claims, and what the build has written itself. Anybody
    /// can write such a file: only `slsa-pip verify` tells whether it is true. Exit codes: 0 at least one attestation could
    /// be read; 1 none could; 2 the file could not.
    Inspect(InspectArgs),
    /// Verify the signature of a Sigstore bundle against an exact identity; no provenance
    ///
    /// Sigstore's generic form: certificate, identity, issuer, signing time, log entry and digest, for a signed file as well as
    /// for an attestation about it. What an attestation says is not looked at, so nothing is proven about a build or a source:
    /// that is what `slsa-pip verify` does. Exit codes: 0 the signature is good; 1 refused; 2 no verdict.
    VerifyBundle(Box<VerifyBundleArgs>),
    /// Show or refresh the trusted root: whose signatures count
    ///
    /// Every other command refreshes it by itself, once a day (docs/trusted-root.md).
    #[command(subcommand)]
    TrustRoot(TrustRootCommand),
    /// Show, prune or empty the cache folder: answers of servers, wheels, log answers, trusted roots
    ///
    /// Nothing in it is trusted: everything is verified again whenever it is used, so that it may be emptied at any time.
    #[command(subcommand)]
    Cache(CacheCommand),
}

/// `slsa-pip cache`
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache folder is
    Dir(CacheCommandArgs),
    /// Show how much of what is in it
    Info(CacheCommandArgs),
    /// Remove what was not used for longest, as far as there is more than its bounds allow, and what killed runs have left
    Prune(CacheCommandArgs),
    /// Remove everything that slsa-pip has put there; the next run fetches it again
    ///
    /// A folder that holds anything else is left as it is (exit code 2).
    Clean(CacheCommandArgs),
}

/// `slsa-pip cache dir`, `info`, `prune` and `clean`
#[derive(Debug, Args)]
pub(crate) struct CacheCommandArgs {
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip trust-root`
#[derive(Debug, Subcommand)]
pub(crate) enum TrustRootCommand {
    /// Show the trusted root that would be used without a request: where it comes from, how old it is, what it holds
    Show(TrustRootArgs),
    /// Refresh the trusted root now, and replace what is kept
    ///
    /// Exit codes: 0 refreshed; 2 not, with the reason.
    Update(TrustRootArgs),
}

/// `slsa-pip trust-root show` and `update`
#[derive(Debug, Args)]
pub(crate) struct TrustRootArgs {
    #[command(flatten)]
    pub(crate) root: RootArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

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

/// A kind of place that is asked for provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    /// Folders: `--provenance-dir`, and those of `--find-links`
    Dir,
    /// The index that a file comes from (PEP 740)
    Index,
    /// Assets of a GitHub release
    GithubRelease,
    /// GitHub's attestations API
    GithubAttestation,
}

/// Where provenance is looked for, and what it is verified with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Provenance")]
pub(crate) struct EvidenceArgs {
    /// The kinds of places that are asked for provenance, separated by commas (repeatable)
    #[arg(long, value_name = "PLACES", value_enum, value_delimiter = ',', env = env::EVIDENCE, hide_env_values = true,
        default_value = "dir,index,github-release,github-attestation")]
    pub(crate) evidence: Vec<Place>,
    /// A document of provenance for any of the files, asked before any other place (repeatable): a file, or an https URL
    ///
    /// `.intoto.jsonl`, Sigstore bundle, or PEP 740 object. Each is read once, before anything is downloaded; one that cannot be
    /// read ends the run.
    #[arg(long, value_name = "PATH_OR_URL", value_hint = ValueHint::FilePath)]
    pub(crate) provenance: Vec<PathBuf>,
    /// A folder of provenance files, asked before the index and GitHub (repeatable); folders of `--find-links` are asked as well
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) provenance_dir: Vec<PathBuf>,
    /// Base URL of GitHub, for release downloads
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::GITHUB_URL, hide_env_values = true, default_value = "https://github.com")]
    pub(crate) github_url: String,
    /// Base URL of GitHub's API [default: the one that belongs to `--github-url`; of an Enterprise server its `/api/v3/`]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::GITHUB_API_URL, hide_env_values = true)]
    pub(crate) github_api_url: Option<String>,
    /// A file that holds a token for GitHub's API, in place of `GITHUB_TOKEN` and `GH_TOKEN`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) github_token_file: Option<PathBuf>,
    /// Take the token for GitHub's API from `gh auth token`, in place of `GITHUB_TOKEN` and `GH_TOKEN`
    #[arg(long, conflicts_with = "github_token_file")]
    pub(crate) github_token_from_gh: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// What signatures are verified with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct TrustArgs {
    /// The policy file [default: slsa-pip.toml of the working directory, where there is one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::POLICY)]
    pub(crate) policy: Option<PathBuf>,
    /// Base URL of the transparency log that is asked for classic provenance
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::REKOR_URL, hide_env_values = true, default_value = "https://rekor.sigstore.dev")]
    pub(crate) rekor_url: String,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Where the trusted root comes from: its TUF repository, the cache, or a file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct RootArgs {
    /// Use this Sigstore trusted root, and no other
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::TRUSTED_ROOT)]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Take the trusted root from this TUF repository, and from no other; needs `--tuf-root`
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::TUF_URL, hide_env_values = true)]
    pub(crate) tuf_url: Option<String>,
    /// The TUF root metadata (root.json) to start from; needs `--tuf-url`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::TUF_ROOT)]
    pub(crate) tuf_root: Option<PathBuf>,
    /// Make no network request: packages come from folders of `--find-links`, provenance from there as well
    #[arg(long, env = env::OFFLINE, value_parser = clap::builder::BoolishValueParser::new(), num_args = 0, default_missing_value = "true", default_value = "false")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Where things are kept between runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArgs {
    /// The cache folder [default: the platform's, docs/environment.md]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = env::CACHE_DIR, hide_env_values = true)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Keep nothing between runs, and use nothing that was kept
    #[arg(long)]
    pub(crate) no_cache_dir: bool,
}

/// `slsa-pip install`
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    pub(crate) requirements: RequirementArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) pip: PipArgs,
    /// Resolve, download and verify, but install nothing
    #[arg(long, help_heading = "Options")]
    pub(crate) dry_run: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// Options that are handed on to pip.
#[derive(Debug, Args)]
#[command(next_help_heading = "Handed on to pip")]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub(crate) struct PipArgs {
    /// Install into this folder
    #[arg(short = 't', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) target: Option<PathBuf>,
    /// Install under this prefix
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) prefix: Option<PathBuf>,
    /// Install relative to this root folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// Install into the user's own site directory
    #[arg(long)]
    pub(crate) user: bool,
    /// Replace what is installed by the newest versions that fit
    #[arg(short = 'U', long)]
    pub(crate) upgrade: bool,
    /// Reinstall even what is installed in the same version
    #[arg(long)]
    pub(crate) force_reinstall: bool,
    /// Ignore what is installed
    #[arg(short = 'I', long)]
    pub(crate) ignore_installed: bool,
    /// Do not compile to bytecode
    #[arg(long)]
    pub(crate) no_compile: bool,
    /// Allow changing an externally managed environment (PEP 668)
    #[arg(long)]
    pub(crate) break_system_packages: bool,
}

/// `slsa-pip download`
#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) requirements: RequirementArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// The folder to write to; it is made if it does not exist
    #[arg(short = 'd', long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".",
        help_heading = "Options")]
    pub(crate) dest: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The files to verify, or their digests as `sha256:HEX`
    #[arg(value_name = "FILE_OR_DIGEST", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The provenance (repeatable), a file or an https URL: `.intoto.jsonl`, Sigstore bundle, or PEP 740 object
    #[arg(long, visible_alias = "provenance-path", value_name = "PATH_OR_URL", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) provenance: Vec<PathBuf>,
    /// The source repository that the file must come from, such as `github.com/owner/name`
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag that it must have been built from, exactly
    #[arg(long, value_name = "TAG")]
    pub(crate) source_tag: Option<String>,
    /// The version whose tag it must have been built from: as many parts are compared as given, so `2.1` takes `v2.1.3`
    #[arg(long, value_name = "VERSION", conflicts_with = "source_tag")]
    pub(crate) source_versioned_tag: Option<String>,
    /// The branch that it must have been built from; for a tag, the branch that a trusted builder says it was made on
    #[arg(long, value_name = "BRANCH")]
    pub(crate) source_branch: Option<String>,
    /// The builder that must have built it: `NAME` or `NAME@TAG`
    #[arg(long, value_name = "BUILDER")]
    pub(crate) builder_id: Option<String>,
    /// An input that the workflow must have been dispatched with (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) build_workflow_input: Vec<String>,
    /// Print each verified statement on standard output, as it was signed; nothing if any file is refused
    ///
    /// With `--format json` the statements stand in the document, as `files[].provenance`.
    #[arg(long)]
    pub(crate) print_provenance: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The provenance file (`.intoto.jsonl`, Sigstore bundle, PEP 740 object), or a file that has some beside it
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `slsa-pip verify-bundle`
#[derive(Debug, Args)]
pub(crate) struct VerifyBundleArgs {
    /// The signed file, or its digest as `sha256:HEX`
    #[arg(value_name = "FILE_OR_DIGEST", value_hint = ValueHint::FilePath)]
    pub(crate) artifact: PathBuf,
    /// The Sigstore bundle
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: PathBuf,
    /// The identity (SAN) that the certificate must have, exactly
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) certificate_identity: String,
    /// The OIDC issuer that the certificate must name, exactly
    #[arg(long, value_name = "URL")]
    pub(crate) certificate_oidc_issuer: String,
    #[command(flatten)]
    pub(crate) root: RootArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
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

impl Command {
    /// The command's name, for reports.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Download(_) => "download",
            Self::Verify(_) => "verify",
            Self::Inspect(_) => "inspect",
            Self::VerifyBundle(_) => "verify-bundle",
            Self::TrustRoot(command) => command.name(),
            Self::Cache(command) => command.name(),
        }
    }

    /// The schema of the command's JSON documents.
    pub(crate) fn schema(&self) -> &'static str {
        match self {
            Self::Install(_) | Self::Download(_) | Self::Verify(_) => report::SCHEMA,
            Self::Inspect(_) => report::inspection::SCHEMA,
            Self::VerifyBundle(_) => report::signature::SCHEMA,
            Self::TrustRoot(_) => trust_root::SCHEMA,
            Self::Cache(_) => cache::SCHEMA,
        }
    }

    /// The form of the result that was asked for.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Install(args) => args.format,
            Self::Download(args) => args.format,
            Self::Verify(args) => args.format,
            Self::Inspect(args) => args.format,
            Self::VerifyBundle(args) => args.format,
            Self::TrustRoot(TrustRootCommand::Show(args) | TrustRootCommand::Update(args)) => args.format,
            Self::Cache(command) => command.args().format,
        }
    }
}

impl TrustRootCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Show(_) => "trust-root show",
            Self::Update(_) => "trust-root update",
        }
    }
}

impl CacheCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Dir(_) => "cache dir",
            Self::Info(_) => "cache info",
            Self::Prune(_) => "cache prune",
            Self::Clean(_) => "cache clean",
        }
    }

    /// The options, which are the same for all.
    pub(crate) fn args(&self) -> &CacheCommandArgs {
        match self {
            Self::Dir(args) | Self::Info(args) | Self::Prune(args) | Self::Clean(args) => args,
        }
    }
}
