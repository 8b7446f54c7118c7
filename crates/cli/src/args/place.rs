//! Where and how pip installs, and what becomes of what is installed already: pip's own options, which pip itself parses.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::args::Words;

/// Where to install.
#[derive(Debug, Args)]
#[command(next_help_heading = "Installation, as for pip")]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub(crate) struct PlaceArgs {
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
    /// What `--upgrade` means for dependencies: `only-if-needed` (pip's default) or `eager`
    #[arg(long, value_name = "STRATEGY")]
    pub(crate) upgrade_strategy: Option<String>,
    /// Reinstall even what is installed in the same version
    #[arg(long)]
    pub(crate) force_reinstall: bool,
    /// Ignore what is installed, and write over it
    #[arg(short = 'I', long)]
    pub(crate) ignore_installed: bool,
    /// Do not compile to bytecode
    #[arg(long)]
    pub(crate) no_compile: bool,
    /// Do not warn about scripts that are installed outside PATH
    #[arg(long)]
    pub(crate) no_warn_script_location: bool,
    /// Do not warn about what would not fit together after the installation
    #[arg(long)]
    pub(crate) no_warn_conflicts: bool,
    /// Allow changing an externally managed environment (PEP 668)
    #[arg(long)]
    pub(crate) break_system_packages: bool,
    /// Whether pip warns when it is run as root: `warn` (pip's default) or `ignore`
    #[arg(long, value_name = "ACTION")]
    pub(crate) root_user_action: Option<String>,
}

impl PlaceArgs {
    /// These options in pip's own words.
    pub(crate) fn add_to(&self, words: &mut Words) {
        words.option("--target", &self.target);
        words.option("--prefix", &self.prefix);
        words.option("--root", &self.root);
        words.flag("--user", self.user);
        words.flag("--upgrade", self.upgrade);
        words.option("--upgrade-strategy", &self.upgrade_strategy);
        words.flag("--force-reinstall", self.force_reinstall);
        words.flag("--ignore-installed", self.ignore_installed);
        words.flag("--no-compile", self.no_compile);
        words.flag("--no-warn-script-location", self.no_warn_script_location);
        words.flag("--no-warn-conflicts", self.no_warn_conflicts);
        words.flag("--break-system-packages", self.break_system_packages);
        words.option("--root-user-action", &self.root_user_action);
    }
}
