//! The commands that resolve and verify: `install` and `download`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::args::{EvidenceArgs, ExportArgs, Format, PlaceArgs, WantedArgs};

/// `slsa-pip install`
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Resolve, download and verify, but install nothing
    #[arg(long, help_heading = "Options")]
    pub(crate) dry_run: bool,
    /// Verify what is installed already as well: its files must be those of the verified wheel
    ///
    /// Without it, what satisfies the requirements is left alone, as pip leaves it, and nothing is fetched for it; the report
    /// names it as not verified.
    #[arg(long, help_heading = "Options")]
    pub(crate) verify_installed: bool,
    /// Write pip's installation report, version 1, to this file (`-`: standard output), with the verdicts added
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Options")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) exports: ExportArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip download`
#[derive(Debug, Args)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// The folder to write to; it is made if it does not exist
    #[arg(short = 'd', long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".",
        help_heading = "Options")]
    pub(crate) dest: PathBuf,
    #[command(flatten)]
    pub(crate) exports: ExportArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}
