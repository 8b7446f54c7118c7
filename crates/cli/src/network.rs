//! The network of commands that start no interpreter, so that no pip says how it is configured.

use std::path::PathBuf;

use slsa_pip_http::{Client, Settings};

use crate::args::NetworkArgs;
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};

/// Variables that name certificate authorities, in the order in which pip looks at them.
const CA_BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// A client with the certificates and the proxy of the command line, else those of the environment, else the system's.
///
/// # Errors
/// If a file of certificates cannot be read or holds none, or the proxy is none.
pub(crate) fn standalone_client(offline: bool, args: &NetworkArgs) -> Result<Client> {
    let mut settings = Settings::default();
    settings.offline = offline;
    settings.proxy.clone_from(&args.proxy);
    settings.ca_bundle_pem = authorities(args)?;
    Client::new(settings).map_err(|error| {
        Failure::new("The network client could not be set up")
            .caused_by(&error)
            .hint("Check `--cert`, `--proxy`, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE")
    })
}

fn authorities(args: &NetworkArgs) -> Result<Option<Vec<u8>>> {
    let of_environment = CA_BUNDLES.iter().find_map(|name| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty())?;
        Some((*name, PathBuf::from(path)))
    });
    let Some((named_by, path)) = args.cert.clone().map(|path| ("--cert", path)).or(of_environment) else {
        return Ok(None);
    };
    read_bounded(&path).map(Some).map_err(|error| {
        Failure::new(format!(
            "The certificates `{}` that {named_by} names cannot be read",
            path.display()
        ))
        .caused_by(&error)
        .hint("Name a PEM file: `--cert FILE`")
    })
}
