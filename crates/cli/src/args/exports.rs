//! The report in further forms, written to files.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Forms of the report that other programs read; each is written whenever there are verdicts, also when something was refused.
#[derive(Debug, Args)]
#[command(next_help_heading = "Further reports")]
pub(crate) struct ExportArgs {
    /// Write what was refused as SARIF 2.1.0, for code scanners
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sarif: Option<PathBuf>,
    /// Write a verification summary of each file (in-toto statements of SLSA's `verification_summary/v1`, one a line; not signed)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) vsa: Option<PathBuf>,
    /// Append a table to the job summary of GitHub Actions (`GITHUB_STEP_SUMMARY`)
    #[arg(long)]
    pub(crate) github_summary: bool,
}
