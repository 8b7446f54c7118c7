//! The commands that resolve: `install` and `download`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::args::{EvidenceArgs, Format, IndexArgs, PipArgs, RequirementArgs};

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
