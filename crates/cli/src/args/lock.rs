//! Lock files: `lock` and `diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::args::{EvidenceArgs, Format, WantedArgs};

/// `slsa-pip lock`
#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// The lock file: `pylock.toml`, or `pylock.NAME.toml`
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, default_value = "pylock.toml",
        help_heading = "Options")]
    pub(crate) output: PathBuf,
    /// Choose all versions anew, whatever the file pins
    #[arg(short = 'U', long, help_heading = "Options")]
    pub(crate) upgrade: bool,
    /// Choose the version of this project anew (repeatable)
    #[arg(short = 'P', long, value_name = "NAME", help_heading = "Options")]
    pub(crate) upgrade_package: Vec<String>,
    /// List all wheels of each version, not only the verified one
    ///
    /// Their hashes are those that the index announces; each is verified when it is installed.
    #[arg(long, help_heading = "Options")]
    pub(crate) all_wheels: bool,
    /// List source distributions as well, for other tools; slsa-pip installs none
    #[arg(long, help_heading = "Options")]
    pub(crate) sdists: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The lock file as it was
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub(crate) old: PathBuf,
    /// The lock file as it is
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub(crate) new: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub(crate) format: DiffFormat,
    /// Exit with 1 if a reviewer must look at something: any difference but what an ordinary update brings
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// The form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people, on standard error
    Human,
    /// For a comment on a pull request, on standard output
    Markdown,
    /// One JSON document on standard output (docs/pylock.md)
    Json,
}

impl DiffFormat {
    /// The form of an error instead of it.
    pub(crate) const fn of_errors(self) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Human | Self::Markdown => Format::Human,
        }
    }
}
