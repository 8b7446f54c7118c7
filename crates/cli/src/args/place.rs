//! Where and how pip installs.

use std::path::PathBuf;

use clap::{Args, ValueHint};

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
