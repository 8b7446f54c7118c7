//! Where provenance is looked for, what it is verified with, and where things are kept.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::environment as env;

/// A kind of place that is asked for provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    /// Folders: `--provenance-dir`, and those of `--find-links`
    Dir,
    /// The index that a file comes from (PEP 740)
    Index,
    /// Assets of a GitHub release
    GithubRelease,
    /// GitHub's attestations API
    GithubAttestation,
}

/// Where provenance is looked for, and what it is verified with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Provenance")]
pub(crate) struct EvidenceArgs {
    /// The kinds of places that are asked for provenance, separated by commas (repeatable)
    #[arg(long, value_name = "PLACES", value_enum, value_delimiter = ',', env = env::EVIDENCE, hide_env_values = true,
        default_value = "dir,index,github-release,github-attestation")]
    pub(crate) evidence: Vec<Place>,
    /// Longest search for the provenance of one file, in seconds [default: 120, or four times `--timeout` if that is longer]
    #[arg(long, value_name = "SECONDS", env = env::SEARCH_TIMEOUT, hide_env_values = true)]
    pub(crate) search_timeout: Option<NonZeroU32>,
    /// A document of provenance for any of the files, asked before any other place (repeatable): a file, or an https URL
    ///
    /// `.intoto.jsonl`, Sigstore bundle, or PEP 740 object. Each is read once, before anything is downloaded; one that cannot be
    /// read ends the run.
    #[arg(long, value_name = "PATH_OR_URL", value_hint = ValueHint::FilePath)]
    pub(crate) provenance: Vec<PathBuf>,
    /// A folder of provenance files, asked before the index and GitHub (repeatable); folders of `--find-links` are asked as well
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) provenance_dir: Vec<PathBuf>,
    /// Base URL of GitHub, for release downloads
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::GITHUB_URL, hide_env_values = true, default_value = "https://github.com")]
    pub(crate) github_url: String,
    /// Base URL of GitHub's API [default: the one that belongs to `--github-url`; of an Enterprise server its `/api/v3/`]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::GITHUB_API_URL, hide_env_values = true)]
    pub(crate) github_api_url: Option<String>,
    /// A file that holds a token for GitHub's API, in place of `GITHUB_TOKEN` and `GH_TOKEN`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) github_token_file: Option<PathBuf>,
    /// Take the token for GitHub's API from `gh auth token`, in place of `GITHUB_TOKEN` and `GH_TOKEN`
    #[arg(long, conflicts_with = "github_token_file")]
    pub(crate) github_token_from_gh: bool,
    /// Record nothing in slsa-pip.lock.toml, which must be there; what it does not know must be pinned by the policy
    #[arg(long)]
    pub(crate) locked: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// What signatures are verified with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct TrustArgs {
    /// The policy file [default: the nearest slsa-pip.toml, or pyproject.toml with a policy]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::POLICY)]
    pub(crate) policy: Option<PathBuf>,
    /// Base URL of the transparency log that is asked for classic provenance
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::REKOR_URL, hide_env_values = true, default_value = "https://rekor.sigstore.dev")]
    pub(crate) rekor_url: String,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Where the trusted root comes from: its TUF repository, the cache, or a file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct RootArgs {
    /// Use this Sigstore trusted root, and no other
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::TRUSTED_ROOT)]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Take the trusted root from this TUF repository, and from no other; needs `--tuf-root`
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, env = env::TUF_URL, hide_env_values = true)]
    pub(crate) tuf_url: Option<String>,
    /// The TUF root metadata (root.json) to start from; needs `--tuf-url`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = env::TUF_ROOT)]
    pub(crate) tuf_root: Option<PathBuf>,
    /// Make no network request: packages come from folders of `--find-links`, provenance from there as well
    #[arg(long, env = env::OFFLINE, value_parser = clap::builder::BoolishValueParser::new(), num_args = 0, default_missing_value = "true", default_value = "false")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Where things are kept between runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArgs {
    /// The cache folder [default: the platform's, docs/environment.md]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = env::CACHE_DIR, hide_env_values = true)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Keep nothing between runs, and use nothing that was kept
    #[arg(long)]
    pub(crate) no_cache_dir: bool,
}
