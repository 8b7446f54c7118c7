//! The arguments of `slsa-pip policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use jiff::civil::Date;
use slsa_pip_distribution::Sha256Digest;

use crate::commands::policy;

use super::{EvidenceArgs, Format, WantedArgs};

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
    /// The same for single packages, without their dependencies
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
}

impl PolicyCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "policy init",
            Self::Add(_) => "policy add",
            Self::Accept(_) => "policy accept",
            Self::Prune(_) => "policy prune",
        }
    }

    /// The form of the result that was asked for.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Init(args) => args.edit.format,
            Self::Add(args) => args.edit.format,
            Self::Accept(args) => args.format,
            Self::Prune(args) => args.format,
        }
    }

    /// The schema of the command's JSON documents.
    pub(crate) fn schema(&self) -> &'static str {
        match self {
            Self::Init(_) | Self::Add(_) => policy::EDIT_SCHEMA,
            Self::Accept(_) => policy::ACCEPT_SCHEMA,
            Self::Prune(_) => policy::PRUNE_SCHEMA,
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
