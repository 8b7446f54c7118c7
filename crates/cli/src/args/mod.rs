//! The command line. Parsing only: what the values mean is decided in [`crate::settings`].

mod evidence;
mod exports;
mod files;
mod lock;
mod network;
mod packages;
mod pip;
mod place;
mod policy;
mod resolve;
mod upkeep;
mod wanted;

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{cache, trust_root};
use crate::report;

pub(crate) use evidence::{CacheArgs, EvidenceArgs, Place, RootArgs, TrustArgs};
pub(crate) use exports::ExportArgs;
pub(crate) use files::{CheckReleaseArgs, InspectArgs, VerifyArgs, VerifyBundleArgs};
pub(crate) use lock::{DiffArgs, DiffFormat, LockArgs};
pub(crate) use network::NetworkArgs;
pub(crate) use packages::{DownloadArgs, InstallArgs};
pub(crate) use pip::PassedArgs;
pub(crate) use place::PlaceArgs;
pub(crate) use policy::{
    EditArgs, PolicyAcceptArgs, PolicyAddArgs, PolicyCheckArgs, PolicyCommand, PolicyDiffArgs, PolicyExplainArgs,
    PolicyFileArgs, PolicyInitArgs, PolicyPruneArgs,
};
pub(crate) use resolve::ResolveArgs;
pub(crate) use upkeep::{
    CacheCommand, CacheCommandArgs, CompletionsArgs, ManArgs, TrustRootArgs, TrustRootCommand, TrustRootUpdateArgs,
};
pub(crate) use wanted::{IndexArgs, RequirementArgs, ResolvePolicy, WantedArgs, Words};

/// `pip install`, with the provenance of every file verified first.
///
/// Resolves the requirements, downloads the wheels, finds their provenance, verifies it, and only then hands the
/// verified files to `python -m pip install`. Nothing is installed unless every file has passed.
///
/// Exit codes: 0 verified (and installed); 1 refused; 2 usage, configuration or environment error; the exit code
/// of pip where the hand-off fails.
#[derive(Debug, Parser)]
#[command(name = "slsa-pip", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours in messages
    #[arg(long, value_enum, global = true, default_value_t = ColorChoice::Auto, hide_possible_values = false)]
    pub(crate) color: ColorChoice,
    /// Less output: once leaves results and errors, twice leaves errors alone
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) quiet: u8,
    /// More output: every place that was asked for provenance, and every claim of the certificates
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Cli {
    /// With the words for a command of pip's, where it is one.
    pub(crate) fn with_passed(mut self, words: Vec<OsString>) -> Self {
        if let Command::Pip(args) = &mut self.command {
            args.words = words;
        }
        self
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the result on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Format {
    /// For people, on standard error
    #[default]
    Human,
    /// One JSON document on standard output (docs/report.md)
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify and install packages
    ///
    /// Every wheel of the closure needs provenance that passes all rules, or an exemption in the policy file;
    /// otherwise nothing is installed and the exit code is 1.
    Install(Box<InstallArgs>),
    /// Verify packages and keep the files, with their provenance beside them
    ///
    /// Writes each wheel and, under its name with a further ending, the evidence that was accepted; also the trusted root that
    /// was used. The folder serves `slsa-pip install --offline --find-links DIR` (docs/offline.md). Exit codes: 0 everything is
    /// verified and kept; 1 something was refused, and nothing is kept; 2 no verdict.
    Download(Box<DownloadArgs>),
    /// Show which files the requirements stand for; nothing is verified, kept or installed
    ///
    /// The files that `install` would take, what is installed left aside: name, version, URL, announced hash, and why each is
    /// there. `--output FILE` writes a requirements file with hashes. Exit codes: 0 resolved; 1 the index serves other bytes than
    /// it announces; 2 there is no resolution.
    Resolve(Box<ResolveArgs>),
    /// Resolve, verify, and write a lock file: `pylock.toml` (PEP 751)
    ///
    /// Every file is verified as by `install`; what is written are versions, URLs, hashes, and who published each file
    /// (`[[packages.attestation-identities]]`). `slsa-pip install -r pylock.toml` then takes these files alone, asks no index what
    /// there is, and demands these publishers again; pip and uv can install it too. What the file pins already stays, unless
    /// `--upgrade` is given (docs/pylock.md). Exit codes: 0 written; 1 something was refused; 2 there is no lock.
    Lock(Box<LockArgs>),
    /// Show what differs between two lock files, and what of it to look at first
    ///
    /// For reviewing an update: changed bytes under one name, other publishers, weaker evidence, other places, then everything
    /// else. Only what the files say is compared; `install` verifies. Exit codes: 0; with `--exit-code` 1 if a reviewer must look at
    /// something; 2 a file cannot be read.
    Diff(DiffArgs),
    /// Verify local files against a provenance file
    ///
    /// Any file may be verified: wheels, sdists, binaries; or `sha256:HEX` in place of one. The provenance may be a
    /// `.intoto.jsonl` file, a Sigstore bundle, or a PEP 740 attestation or provenance object; the last two bind a file's name,
    /// so they need the file. Answers of the transparency log are read from `.rekor.json` files beside either, where there are
    /// any. docs/slsa-verifier.md translates from slsa-verifier. Exit codes: 0 all verified; 1 at least one refused; 2 no verdict.
    Verify(Box<VerifyArgs>),
    /// Check a release before it is published: every file is proven, nothing is missing, and users can pin it
    ///
    /// For maintainers, in the release workflow, between the provenance and the upload (docs/publish.md): every file has provenance that
    /// verifies for this repository and tag, every subject of the provenance is among the files under its own name, and the
    /// identities are those that users will pin, which are shown. Exit codes: 0 ready; 1 something is wrong; 2 no verdict.
    CheckRelease(Box<CheckReleaseArgs>),
    /// Show what a provenance file says, or the provenance beside a file; nothing is verified
    ///
    /// For each attestation: what it is about, what its certificate claims, and what the build has written itself. Anybody
    /// can write such a file: only `slsa-pip verify` tells whether it is true. Exit codes: 0 at least one attestation could
    /// be read; 1 none could; 2 the file could not.
    Inspect(InspectArgs),
    /// Verify the signature of a Sigstore bundle against an exact identity; no provenance
    ///
    /// Sigstore's generic form: certificate, identity, issuer, signing time, log entry and digest, for a signed file as well as
    /// for an attestation about it. What an attestation says is not looked at, so nothing is proven about a build or a source:
    /// that is what `slsa-pip verify` does. Exit codes: 0 the signature is good; 1 refused; 2 no verdict.
    VerifyBundle(Box<VerifyBundleArgs>),
    /// Write, complete, check and explain the policy: who may build what (docs/adopt.md)
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Show or refresh the trusted root: whose signatures count
    ///
    /// Every other command refreshes it by itself, once a day (docs/trusted-root.md).
    #[command(subcommand)]
    TrustRoot(TrustRootCommand),
    /// Show, prune or empty the cache folder: answers of servers, wheels, log answers, trusted roots
    ///
    /// Nothing in it is trusted: everything is verified again whenever it is used, so that it may be emptied at any time.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// pip's own commands that install nothing, as they are (docs/pip-options.md)
    ///
    /// `slsa-pip list`, `show`, `freeze`, `check`, `uninstall`, `config` and `hash` are pip's; `slsa-pip pip COMMAND …` runs these and what slsa-pip
    /// has under the same name, such as `slsa-pip pip inspect`. All words after it are pip's, and so is the exit code.
    #[command(visible_aliases = ["list", "show", "freeze", "check", "uninstall", "config", "hash"])]
    Pip(PassedArgs),
    /// Print the completions for a shell
    ///
    /// For bash: `slsa-pip completions bash > ~/.local/share/bash-completion/completions/slsa-pip`
    Completions(CompletionsArgs),
    /// Print the manual page, or write all pages into a folder
    Man(ManArgs),
}

impl Command {
    /// The command's name, for reports.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Download(_) => "download",
            Self::Resolve(_) => "resolve",
            Self::Lock(_) => "lock",
            Self::Diff(_) => "diff",
            Self::Verify(_) => "verify",
            Self::CheckRelease(_) => "check-release",
            Self::Inspect(_) => "inspect",
            Self::VerifyBundle(_) => "verify-bundle",
            Self::Policy(command) => command.name(),
            Self::TrustRoot(command) => command.name(),
            Self::Cache(command) => command.name(),
            Self::Pip(_) => "pip",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }

    /// The schema of the command's JSON documents.
    pub(crate) fn schema(&self) -> &'static str {
        match self {
            Self::Diff(_) => crate::commands::diff::SCHEMA,
            Self::Install(_)
            | Self::Download(_)
            | Self::Lock(_)
            | Self::Verify(_)
            | Self::Pip(_)
            | Self::Completions(_)
            | Self::Man(_) => report::SCHEMA,
            Self::Resolve(_) => crate::commands::resolve::SCHEMA,
            Self::CheckRelease(_) => crate::commands::check_release::SCHEMA,
            Self::Inspect(_) => report::inspection::SCHEMA,
            Self::VerifyBundle(_) => report::signature::SCHEMA,
            Self::Policy(command) => command.schema(),
            Self::TrustRoot(_) => trust_root::SCHEMA,
            Self::Cache(_) => cache::SCHEMA,
        }
    }

    /// The form of the result that was asked for.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Install(args) => args.format,
            Self::Download(args) => args.format,
            Self::Resolve(args) => args.format,
            Self::Lock(args) => args.format,
            Self::Diff(args) => args.format.of_errors(),
            Self::Verify(args) => args.format,
            Self::CheckRelease(args) => args.format,
            Self::Inspect(args) => args.format,
            Self::VerifyBundle(args) => args.format,
            Self::Policy(command) => command.format(),
            Self::TrustRoot(TrustRootCommand::Show(args)) => args.format,
            Self::TrustRoot(TrustRootCommand::Update(args)) => args.common.format,
            Self::Cache(command) => command.args().format,
            Self::Pip(_) | Self::Completions(_) | Self::Man(_) => Format::Human,
        }
    }
}
