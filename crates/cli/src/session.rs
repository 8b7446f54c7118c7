//! What `install` and `download` set up before they resolve: interpreter, network, index, trust, staging.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use slsa_pip_cache::CacheFolder;
use slsa_pip_github_releases::Github;
use slsa_pip_http::{AskedLogins, CacheSettings, Client, LoginAnswer, Netrc, Settings, redact};
use slsa_pip_pip::{Environment, Interpreter, Keyring, PipError, Probe};
use slsa_pip_policy::Policy;
use slsa_pip_pypi_client::IndexClient;
use slsa_pip_verify::Refusal;
use tempfile::TempDir;
use url::Url;

use crate::allowed;
use crate::args::{EvidenceArgs, IndexArgs, Place, RequirementArgs, ResolvePolicy, WantedArgs, Words};
use crate::continuity::Continuity;
use crate::directory::{ProvenanceDir, read_bounded};
use crate::failure::{Failure, Result, without_logins};
use crate::github_token::{self, GithubToken};
use crate::locked::{LockFile, Locked, is_lock};
use crate::named::{self, Name};
use crate::printer::Printer;
use crate::resolution::Package;
use crate::settings::{Endpoints, Trust};
use crate::temporary;
use crate::timings::{Stage, Timings};

/// Everything that a run needs; dropping it removes what was staged.
pub(crate) struct Session {
    /// The target interpreter, which waits for the hand-off.
    pub(crate) interpreter: Interpreter,
    /// What it is, and the options that its pip has parsed.
    pub(crate) probe: Probe,
    /// The network, as pip is configured for it.
    pub(crate) http: Client,
    /// The indexes.
    pub(crate) index: IndexClient,
    /// Policy, roots, log.
    pub(crate) trust: Trust,
    /// What was accepted before.
    pub(crate) continuity: Continuity,
    /// Whether evidence that did not suffice is kept to the end of the run: it may be many megabytes for each file.
    pub(crate) keeps_insufficient: bool,
    /// GitHub, and what it has said in this run.
    pub(crate) github: Github,
    /// Whether its API is asked with a token.
    pub(crate) has_token: bool,
    /// Where GitHub is.
    pub(crate) endpoints: Endpoints,
    /// The kinds of places that are asked for provenance.
    pub(crate) places: Vec<Place>,
    /// Documents of provenance that the user has named; none of them is read yet.
    pub(crate) documents: Vec<Name>,
    /// Folders of provenance.
    pub(crate) dirs: Vec<ProvenanceDir>,
    /// Which of the releases that fit is taken.
    pub(crate) resolve_policy: ResolvePolicy,
    /// Places that files might come from, and that policy does not allow.
    pub(crate) refused_places: Vec<Refusal>,
    /// Remarks that change no verdict.
    pub(crate) notes: Vec<String>,
    /// How long what took.
    pub(crate) timings: Timings,
    /// What a lock file demands.
    pub(crate) locked: Locked,
    /// Private folder (0700) that downloads go to.
    pub(crate) staging: TempDir,
}

impl Session {
    /// Sets everything up. Policy and trusted root come first: they fail fastest. `command` is the command's name, `words` are
    /// its own options for pip.
    pub(crate) async fn open(
        command: &str,
        wanted: &WantedArgs,
        words: Words,
        evidence: &EvidenceArgs,
        printer: &Printer,
    ) -> Result<Self> {
        let timings = Timings::start();
        check_any(&wanted.requirements, command)?;
        let lock = LockFile::find(&wanted.requirements)?;
        let trust = Trust::load(&evidence.trust)?;
        trust.tell_policy(printer);
        let continuity = Continuity::open(&trust, evidence.trust.policy.is_none(), evidence.locked)?;
        let endpoints = Endpoints::new(evidence)?;
        let places = evidence.evidence.clone();
        let (documents, failures) = named::parse_all(&evidence.provenance, trust.offline);
        if let Some(failure) = Failure::all(failures) {
            return Err(failure);
        }
        let began = Instant::now();
        // It starts while all else that needs no answer of it is read.
        let mut interpreter = start(wanted, words, trust.offline)?;
        let mut dirs = Vec::new();
        if places.contains(&Place::Dir) {
            for path in &evidence.provenance_dir {
                dirs.push(ProvenanceDir::load(path)?);
            }
        }
        let GithubToken { token, mut notes } = if asks_github(&places, &trust) {
            github_token::find(evidence, &endpoints).await?
        } else {
            GithubToken::default()
        };
        let probe = interpreter.probe().await.map_err(|error| pip_failure(&error))?;
        timings.add(Stage::Interpreter, began);
        if printer.is_verbose() {
            printer.progress(&format!(
                "interpreter {} with pip {}",
                probe.executable.display(),
                probe.pip_version
            ));
        }
        if places.contains(&Place::Dir) {
            dirs.extend(linked_dirs(&probe, &evidence.provenance_dir)?);
        }
        notes.extend(configuration_notes(&probe));
        let http = client(&probe, trust.offline, trust.cache.clone(), &mut notes)?;
        let index = index_client(&probe, &wanted.index, &trust.policy, trust.offline, &http)?;
        let locked = match &lock {
            Some(file) => {
                notes.extend(file.warnings.iter().cloned());
                Locked::install(file, &probe, &trust.policy, &index)?
            }
            None => Locked::default(),
        };
        // A lock names its files itself, and asks no index.
        let refused_places = if locked.is_input() {
            locked.refused_places()
        } else {
            allowed::refused(&trust.policy, &probe, trust.offline)
        };
        let staging = slsa_pip_pip::private_directory().map_err(|error| {
            Failure::new("No private folder could be made for the downloads")
                .caused_by(&error)
                .hint("Check the space and the rights of the folder that TMPDIR names")
        })?;
        Ok(Self {
            interpreter,
            probe,
            index,
            trust,
            continuity,
            keeps_insufficient: false,
            has_token: token.is_some(),
            github: Github::new(http.clone(), endpoints.urls(), token),
            http,
            endpoints,
            places,
            documents,
            dirs,
            resolve_policy: wanted.choice.resolve_policy,
            refused_places,
            notes,
            timings,
            locked,
            staging,
        })
    }
}

impl Session {
    /// Where a file came from, where that could have been more than one place: its own URL, or its index, without credentials.
    pub(crate) fn origin(&self, package: &Package) -> Option<String> {
        let places = self.index.indexes().len() + self.probe.find_links.len();
        let from: &Url = if package.direct {
            &package.file.url
        } else {
            &package.file.index_url
        };
        (package.direct || places > 1).then(|| redact(from))
    }
}

/// That there is anything to do; `command` is shown to whoever has given nothing.
pub(crate) fn check_any(requirements: &RequirementArgs, command: &str) -> Result<()> {
    let locks = requirements.requirement_files.iter().find(|path| is_lock(path));
    if let Some(path) = locks.filter(|_| !["install", "download"].contains(&command)) {
        let message = format!(
            "`slsa-pip {command}` reads requirements, and `{}` is a lock file",
            path.display()
        );
        return Err(Failure::new(message).hint(format!("To install it: slsa-pip install -r {}", path.display())));
    }
    if !requirements.is_empty() {
        return Ok(());
    }
    Err(
        Failure::new(format!("There is nothing to {command}: no requirement was given")).hint(format!(
            "`slsa-pip {command} urllib3`, or `slsa-pip {command} -r requirements.txt`"
        )),
    )
}

/// Whether GitHub may be asked at all in this run.
fn asks_github(places: &[Place], trust: &Trust) -> bool {
    let on = |place| places.contains(&place);
    !trust.offline && (on(Place::GithubRelease) || on(Place::GithubAttestation))
}

/// The local folders among pip's find-links, as folders of provenance: what `slsa-pip download` writes is both. One that is not
/// there, or no folder, is the index client's to judge.
fn linked_dirs(probe: &Probe, named: &[PathBuf]) -> Result<Vec<ProvenanceDir>> {
    let mut seen: Vec<PathBuf> = named.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut dirs = Vec::new();
    for text in &probe.find_links {
        let path = match Url::parse(text) {
            Ok(url) if url.scheme() == "file" => url.to_file_path().ok(),
            // One letter is a drive, not a scheme.
            Ok(url) if url.scheme().len() > 1 => None,
            _ => Some(PathBuf::from(text)),
        };
        let Some(path) = path.filter(|path| path.is_dir()) else {
            continue;
        };
        let Ok(real) = path.canonicalize() else { continue };
        if !seen.contains(&real) {
            seen.push(real);
            dirs.push(ProvenanceDir::load(&path)?);
        }
    }
    Ok(dirs)
}

/// Asks an interpreter that is not needed any further; see [`start`].
pub(crate) async fn probe(wanted: &WantedArgs, words: Words, offline: bool) -> Result<Probe> {
    let mut interpreter = start(wanted, words, offline)?;
    interpreter.probe().await.map_err(|error| pip_failure(&error))
}

/// Starts the interpreter and asks it; pip itself parses its options, its configuration and the requirements files. `words` are
/// options of the command's own.
fn start(wanted: &WantedArgs, mut words: Words, offline: bool) -> Result<Interpreter> {
    wanted.pip.check()?;
    let python = slsa_pip_pip::find_python(wanted.index.python.as_deref()).map_err(|error| pip_failure(&error))?;
    wanted.add_to(&mut words);
    let environment = Environment::current();
    let environment = if offline {
        environment.without_network()
    } else {
        environment
    };
    Interpreter::start_in(environment, &python, &words.finish()).map_err(|error| pip_failure(&error))
}

/// What pip is configured for and this program does otherwise.
pub(crate) fn configuration_notes(probe: &Probe) -> Vec<String> {
    let mut notes: Vec<String> = probe.warnings.iter().map(|text| without_logins(text)).collect();
    let mut note = |set: bool, text: &str| notes.extend(set.then(|| text.to_owned()));
    note(
        !probe.trusted_hosts.is_empty(),
        "pip is configured with `trusted-host`; slsa-pip checks every server's certificate",
    );
    notes
}

/// An error of the interpreter or of pip, with its own hint.
pub(crate) fn pip_failure(error: &PipError) -> Failure {
    let message = match error {
        PipError::UnsupportedOption { option, value } if option == "--editable" => {
            return Failure::new(format!("Editable requirements cannot be verified: `{value}`"))
                .hint("install it apart, after everything else: python -m pip install --no-deps -e PATH");
        }
        PipError::Requirements { .. } => "The requirements cannot be read",
        PipError::Usage { .. } | PipError::UnsupportedOption { .. } => "The options for pip cannot be used",
        _ => "The Python interpreter or its pip cannot be used",
    };
    let names = matches!(error, PipError::Requirements { message } if message.contains("Invalid requirement"));
    let requirement =
        names.then_some("Write a project's name and, if needed, its versions: `urllib3`, `\"urllib3>=2,<3\"`");
    Failure::new(message)
        .caused_by(error)
        .maybe_hint(error.hint().or(requirement))
}

/// The network as pip is configured: certificates, proxy, time-outs, retries, logins.
pub(crate) fn client(
    probe: &Probe,
    offline: bool,
    cache: Option<CacheFolder>,
    notes: &mut Vec<String>,
) -> Result<Client> {
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
    settings.offline = offline;
    settings.cache = cache.filter(|_| !probe.no_cache_dir).map(CacheSettings::new);
    if let Some(path) = Netrc::locate(std::env::var_os("NETRC"), std::env::home_dir().as_deref()) {
        // As to pip, one that cannot be used is none.
        match crate::netrc::read(&path) {
            Ok((netrc, note)) => {
                settings.netrc = netrc;
                notes.extend(note);
            }
            Err(why) => notes.push(format!("`{}` is not used: {why}", path.display())),
        }
    }
    settings.asked_logins = asked_logins(probe);
    Client::new(settings).map_err(|error| {
        Failure::new("The network client could not be set up")
            .caused_by(&error)
            .maybe_hint(error.hint())
    })
}

/// keyring, for the indexes alone.
fn asked_logins(probe: &Probe) -> Option<Arc<AskedLogins>> {
    let keyring = Arc::new(Keyring::new(probe)?);
    let indexes: Vec<Url> = probe.index_url.iter().chain(&probe.extra_index_urls).cloned().collect();
    let question = move |urls: Vec<Url>| -> Pin<Box<dyn Future<Output = LoginAnswer> + Send>> {
        let keyring = Arc::clone(&keyring);
        Box::pin(async move { keyring.ask(&urls).await })
    };
    Some(Arc::new(AskedLogins::new(&indexes, Box::new(question))))
}

/// The indexes that pip is configured for; none of them offline. Policy may assign packages to one of them. Of each page only
/// what this interpreter can use is kept.
pub(crate) fn index_client(
    probe: &Probe,
    args: &IndexArgs,
    policy: &Policy,
    offline: bool,
    http: &Client,
) -> Result<IndexClient> {
    whole_index_client(probe, args, policy, offline, http).map(|client| client.with_tags(probe.tags.clone()))
}

/// The same with the files of all platforms.
pub(crate) fn whole_index_client(
    probe: &Probe,
    args: &IndexArgs,
    policy: &Policy,
    offline: bool,
    http: &Client,
) -> Result<IndexClient> {
    temporary::check()?;
    let indexes = if probe.no_index || offline {
        Vec::new()
    } else {
        probe.index_url.iter().chain(&probe.extra_index_urls).cloned().collect()
    };
    let assigned = policy.clone();
    let open = policy.allowed_indexes();
    IndexClient::new(http.clone(), indexes, &probe.find_links)
        .map(|client| client.with_strategy(args.index_strategy.into()))
        .map(|client| client.with_assignment(move |name| assigned.index(name).cloned()))
        .and_then(|client| match open {
            [] => Ok(client),
            open => client.with_open(open.iter().cloned()),
        })
        .map_err(|error| {
            Failure::new("The configured index cannot be used")
                .caused_by(&error)
                .maybe_hint(error.hint())
        })
}
