//! The commands on what is kept: `trust-root` and `cache`.

use clap::{Args, Subcommand};

use crate::args::{CacheArgs, Format, RootArgs};

/// `slsa-pip trust-root`
#[derive(Debug, Subcommand)]
pub(crate) enum TrustRootCommand {
    /// Show the trusted root that would be used without a request: where it comes from, how old it is, what it holds
    Show(TrustRootArgs),
    /// Refresh the trusted root now, and replace what is kept
    ///
    /// Exit codes: 0 refreshed; 2 not, with the reason.
    Update(TrustRootArgs),
}

impl TrustRootCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Show(_) => "trust-root show",
            Self::Update(_) => "trust-root update",
        }
    }
}

/// `slsa-pip trust-root show` and `update`
#[derive(Debug, Args)]
pub(crate) struct TrustRootArgs {
    #[command(flatten)]
    pub(crate) root: RootArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip cache`
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache folder is
    Dir(CacheCommandArgs),
    /// Show how much of what is in it
    Info(CacheCommandArgs),
    /// Remove what was not used for longest, as far as there is more than its bounds allow, and what killed runs have left
    Prune(CacheCommandArgs),
    /// Remove everything that slsa-pip has put there; the next run fetches it again
    ///
    /// A folder that holds anything else is left as it is (exit code 2).
    Clean(CacheCommandArgs),
}

impl CacheCommand {
    /// The command's name, as in its JSON documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Dir(_) => "cache dir",
            Self::Info(_) => "cache info",
            Self::Prune(_) => "cache prune",
            Self::Clean(_) => "cache clean",
        }
    }

    /// The options, which are the same for all.
    pub(crate) fn args(&self) -> &CacheCommandArgs {
        match self {
            Self::Dir(args) | Self::Info(args) | Self::Prune(args) | Self::Clean(args) => args,
        }
    }
}

/// `slsa-pip cache dir`, `info`, `prune` and `clean`
#[derive(Debug, Args)]
pub(crate) struct CacheCommandArgs {
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}
