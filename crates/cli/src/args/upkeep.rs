//! The commands on what is kept: `trust-root` and `cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::args::{CacheArgs, Format, NetworkArgs, RootArgs};

/// `slsa-pip trust-root`
#[derive(Debug, Subcommand)]
pub(crate) enum TrustRootCommand {
    /// Show the trusted root that would be used without a request: where it comes from, how old it is, what it holds
    Show(TrustRootArgs),
    /// Refresh the trusted root now, and replace what is kept
    ///
    /// Exit codes: 0 refreshed; 2 not, with the reason.
    Update(TrustRootUpdateArgs),
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

/// `slsa-pip trust-root update`
#[derive(Debug, Args)]
pub(crate) struct TrustRootUpdateArgs {
    #[command(flatten)]
    pub(crate) common: TrustRootArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// `slsa-pip trust-root show`, and `update` as well
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
    Prune(CachePruneArgs),
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
            Self::Dir(args) | Self::Info(args) | Self::Clean(args) => args,
            Self::Prune(args) => &args.common,
        }
    }
}

/// `slsa-pip cache prune`
#[derive(Debug, Args)]
pub(crate) struct CachePruneArgs {
    /// Most bytes of answers and files together that stay, such as `500M`, `2G` or `0` (K, M, G: powers of 1024)
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) max_size: Option<u64>,
    #[command(flatten)]
    pub(crate) common: CacheCommandArgs,
}

/// A number of bytes, perhaps with a unit.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (text.get(..at), 10),
        Some((at, 'M' | 'm')) => (text.get(..at), 20),
        Some((at, 'G' | 'g')) => (text.get(..at), 30),
        _ => (Some(text), 0_u32),
    };
    let number: Option<u64> = number.and_then(|digits| digits.parse().ok());
    let number = number.filter(|_| !text.starts_with('+'));
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "a whole number, with K, M or G where it is not of bytes".to_owned())
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

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("0", 0),
            ("10", 10),
            ("3k", 3 << 10),
            ("500M", 500 << 20),
            ("2G", 2 << 30),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "G",
            "-1",
            "+1",
            "1.5G",
            "1 G",
            "1T",
            "99999999999999999999",
            "18446744073709551615K",
        ] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}

/// `slsa-pip completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// `slsa-pip man`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for the program and for each of its commands into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}
