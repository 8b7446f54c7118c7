//! The arguments of `slsa-pip policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use jiff::civil::Date;
use slsa_pip_cache::CacheFolder;
use slsa_pip_distribution::Sha256Digest;

use super::{CacheArgs, DiffFormat, EvidenceArgs, Format, WantedArgs};
use crate::cache_dir;
use crate::commands::policy;
use crate::environment as env;
use crate::failure::Result;

/// `slsa-pip policy`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Write a policy for what the requirements stand for: pins for what is attested, exemptions for what is not
    ///
    /// Resolves, downloads and verifies as `install` does, and installs nothing. What is attested is pinned to the identity that was
    /// verified: trust on first use, which the summary says of each. What has no provenance is exempted by digest. What is refused for any
    /// other reason gets no entry. Run again, it adds what is missing; entries that are there stay as they are, with their comments, and
    /// where one does not fit that is said. Exit codes: 0 every file has an entry that lets it pass; 1 some have not; 2 no verdict.
    Init(Box<PolicyInitArgs>),
    /// Add an entry for single packages, without what they require
    ///
    /// As `policy init` otherwise. `--with-dependencies` adds what they require as well. Exit codes: 0 each has an entry that lets it
    /// pass; 1 some have not; 2 no verdict.
    Add(Box<PolicyAddArgs>),
    /// Look at who stands behind a release, beside who stood behind the one that is recorded, and record it (docs/continuity.md)
    ///
    /// Verifies the release as `install` does, but for continuity and for its repository's being claimed alone, and shows both
    /// identities. Asks on a terminal; elsewhere it prints the command that records exactly what was shown. Exit codes: 0 recorded; 1
    /// not recorded, or refused; 2 no verdict.
    Accept(Box<PolicyAcceptArgs>),
    /// Drop exemptions that are not needed any longer: every file that they name is attested by now, and accepted without them
    ///
    /// Resolves, downloads and verifies as `install` does, as if there were no exemption, and installs nothing. What is not among the
    /// requirements keeps its exemption. Exit codes: 0 done, whether there was anything to drop or not; 2 not done.
    Prune(Box<PolicyPruneArgs>),
    /// Check that the policy is valid, and tell what in it has no effect any longer, or will soon have none
    ///
    /// Makes no request and looks at no evidence, unless requirements are given, which are resolved. Problems are exemptions that have
    /// run out and tables of which nothing counts; the rest is worth knowing. Exit codes: 0 in order; 1 problems (with `--strict`, any
    /// finding); 2 the policy is not valid.
    Check(Box<PolicyCheckArgs>),
    /// Show what holds for a package, which rule decides each value, and where it is written
    ///
    /// Exit codes: 0 shown; 2 the policy is not valid.
    Explain(PolicyExplainArgs),
    /// Show what another policy would make looser and what stricter, package by package, for review
    ///
    /// Exit codes: 0 nothing is looser; 1 something is, or may be; 2 one of the policies is not valid.
    Diff(PolicyDiffArgs),
}

impl PolicyCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "policy init",
            Self::Add(_) => "policy add",
            Self::Accept(_) => "policy accept",
            Self::Prune(_) => "policy prune",
            Self::Check(_) => "policy check",
            Self::Explain(_) => "policy explain",
            Self::Diff(_) => "policy diff",
        }
    }

    /// The form of the result that was asked for.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Init(args) => args.edit.format,
            Self::Add(args) => args.edit.format,
            Self::Accept(args) => args.format,
            Self::Prune(args) => args.format,
            Self::Check(args) => args.format,
            Self::Explain(args) => args.format,
            Self::Diff(args) => args.format.of_errors(),
        }
    }

    /// The schema of the command's JSON documents.
    pub(crate) fn schema(&self) -> &'static str {
        match self {
            Self::Init(_) | Self::Add(_) => policy::EDIT_SCHEMA,
            Self::Accept(_) => policy::ACCEPT_SCHEMA,
            Self::Prune(_) => policy::PRUNE_SCHEMA,
            Self::Check(_) => policy::CHECK_SCHEMA,
            Self::Explain(_) => policy::EXPLAIN_SCHEMA,
            Self::Diff(_) => policy::DIFF_SCHEMA,
        }
    }
}

/// `slsa-pip policy init`
#[derive(Debug, Args)]
pub(crate) struct PolicyInitArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

/// `slsa-pip policy accept`
#[derive(Debug, Args)]
pub(crate) struct PolicyAcceptArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Record what was reviewed, and nothing else: the digest that the command has printed
    #[arg(long, value_name = "DIGEST", help_heading = "Options")]
    pub(crate) reviewed: Option<Sha256Digest>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip policy add`
#[derive(Debug, Args)]
pub(crate) struct PolicyAddArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Add what the packages require as well
    #[arg(long, conflicts_with = "no_deps", help_heading = "Options")]
    pub(crate) with_dependencies: bool,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

/// What is written, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct EditArgs {
    /// The policy file to write or to complete [default: the policy that holds, else slsa-pip.toml of the working directory]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Exempt all wheels of a version, for other platforms as well, by the digests that the index announces
    ///
    /// Without it, only the file that this interpreter would take is exempted, by the digest of its bytes.
    #[arg(long)]
    pub(crate) all_files: bool,
    /// The reason that new exemptions give [default: that no provenance was found, and when]
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The last day on which new exemptions hold, such as 2027-06-30
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: Option<Date>,
    /// Write nothing, only say what would be written
    #[arg(long = "dry-run")]
    pub(crate) edit_dry_run: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `slsa-pip policy prune`
#[derive(Debug, Args)]
pub(crate) struct PolicyPruneArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Drop exemptions that have run out as well; alone, without requirements, nothing is asked for
    #[arg(long, help_heading = "Options")]
    pub(crate) expired: bool,
    /// Write nothing, only say what would be dropped
    #[arg(long = "dry-run", help_heading = "Options")]
    pub(crate) prune_dry_run: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// Which policy is read, and where its imports may come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyFileArgs {
    /// The policy file [default: slsa-pip.toml, or pyproject.toml with `[tool.slsa-pip]`, from the working directory upwards]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::POLICY)]
    pub(crate) policy: Option<PathBuf>,
    /// Make no network request: imports come from files and from the cache
    #[arg(long, env = env::OFFLINE, value_parser = clap::builder::BoolishValueParser::new(), num_args = 0, default_missing_value = "true",
        default_value = "false")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

impl PolicyFileArgs {
    /// The cache folder, if there is to be one.
    ///
    /// # Errors
    /// If it cannot be used.
    pub(crate) fn cache(&self) -> Result<Option<CacheFolder>> {
        cache_dir::resolve(&self.cache)
    }
}

/// `slsa-pip policy check`
#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    #[command(flatten)]
    pub(crate) files: PolicyFileArgs,
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Tell entries that mean nothing that is installed
    #[arg(long, help_heading = "Options")]
    pub(crate) installed: bool,
    /// Tell exemptions that run out within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30, help_heading = "Options")]
    pub(crate) soon: u16,
    /// End with exit code 1 for whatever is found
    #[arg(long, help_heading = "Options")]
    pub(crate) strict: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip policy explain`
#[derive(Debug, Args)]
pub(crate) struct PolicyExplainArgs {
    /// The packages: `urllib3`, or `urllib3==2.5.0`, of which the exemption of that version and its ref are shown
    #[arg(value_name = "PACKAGE", required = true)]
    pub(crate) packages: Vec<String>,
    #[command(flatten)]
    pub(crate) files: PolicyFileArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip policy diff`
#[derive(Debug, Args)]
pub(crate) struct PolicyDiffArgs {
    /// The policy as it was
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub(crate) old: PathBuf,
    /// The policy as it is to be
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub(crate) new: PathBuf,
    /// Make no network request: imports come from files and from the cache
    #[arg(long, env = env::OFFLINE, value_parser = clap::builder::BoolishValueParser::new(), num_args = 0, default_missing_value = "true",
        default_value = "false", help_heading = "Options")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = DiffFormat::Human, help_heading = "Options")]
    pub(crate) format: DiffFormat,
}
