//! The report in the forms that other programs read: SARIF, verification summaries, a GitHub job summary.

mod sarif;
mod summary;
mod vsa;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::args::ExportArgs;
use crate::environment;
use crate::failure::{Failure, Result};
use crate::report::Report;
use crate::whole_file;

/// What the forms need besides the report.
pub(crate) struct Run<'a> {
    /// When the verdicts were made.
    pub(crate) now: Timestamp,
    /// The policy file, where there is one.
    pub(crate) policy: Option<&'a Path>,
    /// The file in which what is wanted is written: where a code scanner shows what was refused.
    pub(crate) requirements: Option<&'a Path>,
}

/// Where everything goes, known before anything is done.
pub(crate) struct Exports {
    sarif: Option<PathBuf>,
    vsa: Option<PathBuf>,
    summary: Option<PathBuf>,
}

impl Exports {
    /// Reads the options; that a job summary can be had is checked at once.
    pub(crate) fn new(args: &ExportArgs) -> Result<Self> {
        let summary = if args.github_summary {
            let named = std::env::var_os(environment::GITHUB_STEP_SUMMARY).filter(|path| !path.is_empty());
            let path = named.ok_or_else(|| {
                Failure::new("`--github-summary` is for jobs of GitHub Actions: `GITHUB_STEP_SUMMARY` is not set")
                    .hint("Leave it out; `--format json` gives the same anywhere")
            })?;
            Some(path.into())
        } else {
            None
        };
        Ok(Self {
            sarif: args.sarif.clone(),
            vsa: args.vsa.clone(),
            summary,
        })
    }

    /// Writes the files that were asked for, each replaced as a whole. Nothing was installed yet: where they cannot be written,
    /// nothing is.
    pub(crate) fn write_files(&self, report: &Report, run: &Run<'_>) -> Result<()> {
        if let Some(path) = &self.sarif {
            whole_file::write(path, sarif::document(report, run).as_bytes())
                .map_err(|error| not_written("--sarif", path, &error))?;
        }
        if let Some(path) = &self.vsa {
            whole_file::write(path, vsa::documents(report, run).as_bytes())
                .map_err(|error| not_written("--vsa", path, &error))?;
        }
        Ok(())
    }

    /// Appends to the job summary, when all is done.
    pub(crate) fn append_summary(&self, report: &Report) -> Result<()> {
        let Some(path) = &self.summary else {
            return Ok(());
        };
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(summary::markdown(report).as_bytes()))
            .map_err(|error| not_written("--github-summary", path, &error))
    }
}

fn not_written(option: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{option}` cannot be written to `{}`", path.display()))
        .caused_by(error)
        .hint("Name a file that can be written to; the verdicts stand above")
}
