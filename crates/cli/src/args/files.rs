//! The commands on local files: `verify`, `inspect`, `verify-bundle`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::args::{ExportArgs, Format, NetworkArgs, RootArgs, TrustArgs};

/// `slsa-pip verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The files to verify, or their digests as `sha256:HEX`
    #[arg(value_name = "FILE_OR_DIGEST", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The provenance (repeatable), a file or an https URL: `.intoto.jsonl`, Sigstore bundle, or PEP 740 object
    #[arg(long, visible_alias = "provenance-path", value_name = "PATH_OR_URL", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) provenance: Vec<PathBuf>,
    /// The source repository that the file must come from, such as `github.com/owner/name`
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag that it must have been built from, exactly
    #[arg(long, value_name = "TAG")]
    pub(crate) source_tag: Option<String>,
    /// The version whose tag it must have been built from: as many parts are compared as given, so `2.1` takes `v2.1.3`
    #[arg(long, value_name = "VERSION", conflicts_with = "source_tag")]
    pub(crate) source_versioned_tag: Option<String>,
    /// The branch that it must have been built from; for a tag, the branch that a trusted builder says it was made on
    #[arg(long, value_name = "BRANCH")]
    pub(crate) source_branch: Option<String>,
    /// The builder that must have built it: `NAME` or `NAME@TAG`
    #[arg(long, value_name = "BUILDER")]
    pub(crate) builder_id: Option<String>,
    /// An input that the workflow must have been dispatched with (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) build_workflow_input: Vec<String>,
    /// Print each verified statement on standard output, as it was signed; nothing if any file is refused
    ///
    /// With `--format json` the statements stand in the document, as `files[].provenance`.
    #[arg(long)]
    pub(crate) print_provenance: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) exports: ExportArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip check-release`
#[derive(Debug, Args)]
pub(crate) struct CheckReleaseArgs {
    /// All files of the release
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The provenance that will be published with them (repeatable): `.intoto.jsonl`, Sigstore bundle, or PEP 740 object
    #[arg(long, value_name = "PATH_OR_URL", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) provenance: Vec<PathBuf>,
    /// The source repository that users will pin, such as `github.com/owner/name`
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) repository: String,
    /// The tag of the release, exactly
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: String,
    /// The builder that must have built the files: `NAME` or `NAME@TAG`
    #[arg(long, value_name = "BUILDER")]
    pub(crate) builder_id: Option<String>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human, help_heading = "Options")]
    pub(crate) format: Format,
}

/// `slsa-pip inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The provenance file (`.intoto.jsonl`, Sigstore bundle, PEP 740 object), or a file that has some beside it
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// `slsa-pip verify-bundle`
#[derive(Debug, Args)]
pub(crate) struct VerifyBundleArgs {
    /// The signed file, or its digest as `sha256:HEX`
    #[arg(value_name = "FILE_OR_DIGEST", value_hint = ValueHint::FilePath)]
    pub(crate) artifact: PathBuf,
    /// The Sigstore bundle
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) bundle: PathBuf,
    /// The identity (SAN) that the certificate must have, exactly
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) certificate_identity: String,
    /// The OIDC issuer that the certificate must name, exactly
    #[arg(long, value_name = "URL")]
    pub(crate) certificate_oidc_issuer: String,
    #[command(flatten)]
    pub(crate) root: RootArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
