//! The network, for commands that ask no pip how it is configured.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Certificates and proxy of commands that start no interpreter.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// The certificate authorities that servers are checked against, in place of the system's: a PEM file
    ///
    /// Without it: the file that `REQUESTS_CA_BUNDLE` names, else `CURL_CA_BUNDLE`, as for pip; else the system's, or those of
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,
    /// The proxy for every request [default: that of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) proxy: Option<String>,
}
