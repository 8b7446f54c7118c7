//! What `install` and `download` set up before they resolve: interpreter, network, index, trust, staging.

use std::ffi::OsString;
use std::path::Path;

use slsa_pip_github_releases::GithubUrls;
use slsa_pip_http::{Client, Settings};
use slsa_pip_pip::Probe;
use slsa_pip_pypi_client::IndexClient;
use tempfile::TempDir;

use crate::args::{EvidenceArgs, IndexArgs, RequirementArgs};
use crate::directory::{ProvenanceDir, read_bounded};
use crate::environment::GITHUB_TOKENS;
use crate::failure::{Failure, Result, without_logins};
use crate::printer::Printer;
use crate::settings::{Endpoints, Trust};

/// Everything that a run needs; dropping it removes what was staged.
pub(crate) struct Session {
    /// The target interpreter and the options that pip has parsed.
    pub(crate) probe: Probe,
    /// The network, as pip is configured for it.
    pub(crate) http: Client,
    /// The indexes.
    pub(crate) index: IndexClient,
    /// Policy, roots, log.
    pub(crate) trust: Trust,
    /// Where GitHub is.
    pub(crate) github: GithubUrls,
    /// A token for GitHub's API, if the environment has one.
    pub(crate) github_token: Option<String>,
    /// Folders of provenance.
    pub(crate) dirs: Vec<ProvenanceDir>,
    /// Private folder (0700) that downloads go to.
    pub(crate) staging: TempDir,
}

impl Session {
    /// Sets everything up. Policy and trusted root come first: they fail fastest.
    pub(crate) async fn open(
        requirements: &RequirementArgs,
        index: &IndexArgs,
        evidence: &EvidenceArgs,
        printer: &Printer,
    ) -> Result<Self> {
        if requirements.is_empty() {
            return Err(Failure::new("There is nothing to install: no requirement was given")
                .hint("`slsa-pip install urllib3`, or `slsa-pip install -r requirements.txt`"));
        }
        let trust = Trust::load(&evidence.trust)?;
        let endpoints = Endpoints::new(evidence)?;
        let dirs = evidence
            .provenance_dir
            .iter()
            .map(|path| ProvenanceDir::load(path))
            .collect::<Result<Vec<_>>>()?;
        let probe = probe(requirements, index).await?;
        if printer.is_verbose() {
            printer.progress(&format!(
                "interpreter {} with pip {}",
                probe.executable.display(),
                probe.pip_version
            ));
        }
        let http = client(&probe)?;
        let index = index_client(&probe, &http)?;
        let staging = tempfile::Builder::new()
            .prefix("slsa-pip-")
            .tempdir()
            .map_err(|error| {
                Failure::new("No private folder could be made for the downloads")
                    .caused_by(&error)
                    .hint("Check the space and the rights of the folder that TMPDIR names")
            })?;
        Ok(Self {
            probe,
            http,
            index,
            trust,
            github: GithubUrls {
                web: endpoints.github,
                api: endpoints.github_api,
            },
            github_token: GITHUB_TOKENS
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|token| !token.is_empty())),
            dirs,
            staging,
        })
    }
}

/// Asks the interpreter; pip itself parses its options, its configuration and the requirements files.
async fn probe(requirements: &RequirementArgs, index: &IndexArgs) -> Result<Probe> {
    let python = slsa_pip_pip::find_python(index.python.as_deref()).map_err(|error| pip_failure(&error))?;
    let mut words: Vec<OsString> = index.pip_words();
    words.extend(requirements.pip_words());
    slsa_pip_pip::probe(&python, &words)
        .await
        .map_err(|error| pip_failure(&error))
}

/// What pip is configured for and this program does otherwise.
pub(crate) fn configuration_notes(probe: &Probe) -> Vec<String> {
    let mut notes: Vec<String> = probe.warnings.iter().map(|text| without_logins(text)).collect();
    let mut note = |set: bool, text: &str| notes.extend(set.then(|| text.to_owned()));
    note(
        !probe.no_binary.is_empty(),
        "pip is configured with `no-binary`; slsa-pip installs wheels only, and builds nothing",
    );
    note(
        probe.no_deps,
        "pip is configured with `no-deps`; slsa-pip installs, and verifies, dependencies as well",
    );
    note(
        !probe.trusted_hosts.is_empty(),
        "pip is configured with `trusted-host`; slsa-pip checks every server's certificate",
    );
    notes
}

/// An error of the interpreter or of pip, with its own hint.
pub(crate) fn pip_failure(error: &slsa_pip_pip::PipError) -> Failure {
    Failure::new("The Python interpreter or its pip cannot be used")
        .caused_by(error)
        .maybe_hint(error.hint())
}

/// The network as pip is configured: certificates, proxy, time-outs, retries.
fn client(probe: &Probe) -> Result<Client> {
    let mut settings = Settings::default();
    let read = |option: &str, path: &Path| {
        read_bounded(path).map_err(|error| {
            Failure::new(format!(
                "The file `{}` of pip's option `{option}` cannot be read",
                path.display()
            ))
            .caused_by(&error)
        })
    };
    settings.ca_bundle_pem = probe.cert.as_deref().map(|path| read("--cert", path)).transpose()?;
    settings.client_identity_pem = probe
        .client_cert
        .as_deref()
        .map(|path| read("--client-cert", path))
        .transpose()?;
    settings.proxy.clone_from(&probe.proxy);
    settings.timeout = probe.timeout;
    settings.retries = probe.retries;
    Client::new(settings).map_err(|error| {
        Failure::new("The network client could not be set up")
            .caused_by(&error)
            .maybe_hint(error.hint())
    })
}

fn index_client(probe: &Probe, http: &Client) -> Result<IndexClient> {
    let indexes = if probe.no_index {
        Vec::new()
    } else {
        probe.index_url.iter().chain(&probe.extra_index_urls).cloned().collect()
    };
    IndexClient::new(http.clone(), indexes, &probe.find_links).map_err(|error| {
        Failure::new("The configured index cannot be used")
            .caused_by(&error)
            .maybe_hint(error.hint())
    })
}
