//! The arguments of `slsa-pip resolve`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{CacheArgs, Format, WantedArgs};
use crate::environment as env;

/// `slsa-pip resolve`
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// The policy file, for the indexes that it assigns packages to [default: the nearest slsa-pip.toml,
    /// or pyproject.toml with a policy]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::POLICY, help_heading = "Index and interpreter")]
    pub(crate) policy: Option<PathBuf>,
    /// Make no network request: packages come from folders of `--find-links`
    #[arg(long, env = env::OFFLINE, value_parser = clap::builder::BoolishValueParser::new(), num_args = 0, default_missing_value = "true",
        default_value = "false", help_heading = "Index and interpreter")]
    pub(crate) offline: bool,
    /// Write the files to this requirements file as well, each with its version and hash
    ///
    /// `slsa-pip install -r FILE`, and pip itself, take exactly these files. It is for this interpreter and platform, and the
    /// hashes are those that the index announces.
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Options")]
    pub(crate) output: Option<PathBuf>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}
