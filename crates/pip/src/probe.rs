//! One question to the target interpreter: what are you, and what is your pip configured for?

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use pep508_rs::MarkerEnvironment;
use slsa_pip_distribution::{SupportedTags, Tag, Version};
use tokio::process::Child;
use url::Url;

use crate::answer::{
    self, Answer, Answered, AnsweredInstall, Failed, InstalledDistribution, ParsedRequirement, UpgradeStrategy,
};
use crate::channel::{self, Channel};
use crate::environment::Environment;
use crate::error::PipError;
use crate::interpreter::Interpreter;
use crate::process::{self, Stopped, tail};
use crate::script::{Instruction, PROBE};

/// A probe takes half a second; a slow disk, or a requirements file fetched over the network, takes longer.
const TIME_LIMIT: Duration = Duration::from_secs(90);
/// Requirements with all hashes of all files of a thousand packages are below 10 MB.
const OUTPUT_LIMIT: u64 = 32 * 1024 * 1024;
/// pip's own default, where its answer is no duration.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

/// An interpreter, and its pip's effective options: command line, variables and configuration files, as pip merges them,
/// and the options inside requirements files.
///
/// No `Debug` of its own: index URLs and proxies may hold passwords.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub struct Probe {
    /// The interpreter as it names itself; pip is handed the files with this one.
    pub executable: PathBuf,
    /// `sys.prefix`.
    pub prefix: PathBuf,
    /// Whether that is a virtual environment.
    pub in_virtualenv: bool,
    /// The version to resolve for: the interpreter's, or `--python-version`.
    pub python_version: Version,
    /// The environment of markers.
    pub markers: MarkerEnvironment,
    /// The tags that this pip accepts, most preferred first.
    pub tags: SupportedTags,
    /// The version of pip.
    pub pip_version: String,
    /// The first index; `None` with `--no-index`.
    pub index_url: Option<Url>,
    /// Further indexes, in order.
    pub extra_index_urls: Vec<Url>,
    /// `--find-links`: paths and URLs, in order.
    pub find_links: Vec<String>,
    /// `--no-index`.
    pub no_index: bool,
    /// `--no-cache-dir`.
    pub no_cache_dir: bool,
    /// `--trusted-host`, as `host` or `host:port`.
    pub trusted_hosts: Vec<String>,
    /// `--cert`, or what requests reads instead: a bundle of CA certificates.
    pub cert: Option<PathBuf>,
    /// `--client-cert`.
    pub client_cert: Option<PathBuf>,
    /// `--proxy`. The usual proxy variables are not in it.
    pub proxy: Option<String>,
    /// `--keyring-provider`, since pip 23.1.
    pub keyring_provider: Option<String>,
    /// `--no-input`.
    pub no_input: bool,
    /// `--timeout` of one connection.
    pub timeout: Duration,
    /// `--retries`.
    pub retries: u32,
    /// `--pre`, or `--all-releases=:all:`.
    pub pre: bool,
    /// `--all-releases`, since pip 26: names, or `:all:`.
    pub all_releases: Vec<String>,
    /// `--only-final`, since pip 26: names, or `:all:`.
    pub only_final: Vec<String>,
    /// `--uploaded-prior-to`, since pip 26: files that were uploaded at that time or later do not count, nor those of an index
    /// that does not say when.
    pub uploaded_prior_to: Option<Timestamp>,
    /// `--require-hashes`, asked for or implied by a hash.
    pub require_hashes: bool,
    /// `--no-deps`.
    pub no_deps: bool,
    /// `--ignore-requires-python`.
    pub ignore_requires_python: bool,
    /// `--prefer-binary`.
    pub prefer_binary: bool,
    /// `--no-binary`: names, or `:all:`.
    pub no_binary: Vec<String>,
    /// `--only-binary`: names, or `:all:`.
    pub only_binary: Vec<String>,
    /// The requirements among the arguments, as written.
    pub positional: Vec<String>,
    /// All requirements, in pip's order: constraints first, then arguments, dependency groups, files.
    pub requirements: Vec<ParsedRequirement>,
    /// Where and how pip installs.
    pub install: InstallOptions,
    /// Everything that is installed, in this interpreter's site directories and the user's.
    pub installed: Vec<InstalledDistribution>,
    /// The user site directory, where a plain start of the interpreter has one.
    pub user_site: Option<PathBuf>,
    /// PEP 668: the message of whoever manages this environment, if it is not to be changed by pip.
    pub externally_managed: Option<String>,
    /// What pip would have warned about.
    pub warnings: Vec<String>,
    pub(crate) environment: Environment,
}

/// Where and how pip is told to install, by its arguments, variables and configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are pip's options")]
pub struct InstallOptions {
    /// `--target`, absolute.
    pub target: Option<PathBuf>,
    /// `--prefix`, absolute.
    pub prefix: Option<PathBuf>,
    /// `--root`, absolute.
    pub root: Option<PathBuf>,
    /// Whether pip would install into the user site: asked for, or because nothing else is writable.
    pub user: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--report`: a path, as it is given, or `-`.
    pub report: Option<PathBuf>,
    /// `--upgrade`.
    pub upgrade: bool,
    /// `--upgrade-strategy`.
    pub upgrade_strategy: UpgradeStrategy,
    /// `--force-reinstall`.
    pub force_reinstall: bool,
    /// `--ignore-installed`.
    pub ignore_installed: bool,
    /// `--no-compile`.
    pub no_compile: bool,
    /// `--break-system-packages`.
    pub break_system_packages: bool,
    /// `--no-warn-script-location`.
    pub no_warn_script_location: bool,
    /// `--no-warn-conflicts`.
    pub no_warn_conflicts: bool,
    /// `--root-user-action=ignore`.
    pub ignore_root_user: bool,
    /// `--platform`.
    pub platforms: Vec<String>,
    /// `--python-version`.
    pub python_version: Option<String>,
    /// `--implementation`.
    pub implementation: Option<String>,
    /// `--abi`.
    pub abis: Vec<String>,
}

/// Asks an interpreter, in the process's own environment; see [`Interpreter::start_in`].
///
/// # Errors
/// As [`Interpreter::probe`].
pub async fn probe(python: &Path, pip_args: &[OsString]) -> Result<Probe, PipError> {
    probe_in(Environment::current(), python, pip_args).await
}

/// Asks an interpreter, which is not kept; see [`Interpreter::start_in`].
///
/// # Errors
/// As [`Interpreter::probe`].
pub async fn probe_in(environment: Environment, python: &Path, pip_args: &[OsString]) -> Result<Probe, PipError> {
    Interpreter::start_in(environment, python, pip_args)?.probe().await
}

/// Starts the interpreter, and asks it. It then waits for further instructions.
pub(crate) fn start(
    environment: Environment,
    python: &Path,
    pip_args: &[OsString],
) -> Result<impl Future<Output = Result<(Probe, Child, Channel), PipError>> + use<>, PipError> {
    let mut command = channel::command(python, &environment);
    if let Some(directory) = environment.directory() {
        command.current_dir(directory);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, mut channel) = channel::start(command).map_err(|source| PipError::Start {
        path: python.to_path_buf(),
        source,
    })?;
    let question = question(&environment, pip_args);
    let python = python.to_path_buf();
    Ok(async move {
        let exchange = async {
            // One that ends early says why on its standard error.
            let sent = async { Ok::<_, Stopped>(channel.send(&question).await.ok()) };
            let (answer, _) = tokio::try_join!(process::answer(&mut child, OUTPUT_LIMIT, answer::find()), sent)?;
            match answer {
                Ok(answer) => Ok(Ok(answer)),
                Err(stderr) => Ok(Err((child.wait().await.map_err(Stopped::Lost)?, stderr))),
            }
        };
        let path = || python.clone();
        let outcome = tokio::time::timeout(TIME_LIMIT, exchange).await;
        let answer = match outcome.unwrap_or(Err(Stopped::Timeout)) {
            Ok(Ok(answer)) => answer,
            Ok(Err((status, stderr))) => return Err(no_answer(status, &stderr, &python)),
            Err(Stopped::Start(source) | Stopped::Lost(source)) => {
                return Err(PipError::Start { path: path(), source });
            }
            Err(Stopped::Timeout) => {
                return Err(PipError::Timeout {
                    path: path(),
                    seconds: TIME_LIMIT.as_secs(),
                });
            }
            Err(Stopped::TooLarge) => {
                return Err(PipError::OutputTooLarge {
                    path: path(),
                    limit: OUTPUT_LIMIT,
                });
            }
        };
        let probe = match answer {
            Ok(Answer::Answered(answered)) => Probe::new(*answered, environment, &python)?,
            Ok(Answer::Failed { error }) => return Err(failure(&error, &python)),
            Err(why) => {
                return Err(PipError::Broken {
                    path: path(),
                    why: format!("its answer cannot be read: {why}"),
                });
            }
        };
        Ok((probe, child, channel))
    })
}

/// The instructions: what to run, and the question.
fn question(environment: &Environment, pip_args: &[OsString]) -> Vec<u8> {
    let mut bytes: Vec<u8> = PROBE
        .iter()
        .flat_map(|source| Instruction::run(source).bytes())
        .collect();
    let count = pip_args.len().to_string();
    let mut question = Instruction::new("probe").with(OsStr::new(&count));
    for argument in pip_args {
        question = question.with(argument);
    }
    for (name, value) in environment.for_probe() {
        let mut variable = name.to_os_string();
        variable.push("=");
        variable.push(value);
        question = question.with(&variable);
    }
    bytes.extend(question.bytes());
    bytes
}

/// Why there is no answer.
fn no_answer(status: ExitStatus, stderr: &[u8], python: &Path) -> PipError {
    let path = python.to_path_buf();
    let said = tail(stderr, 5);
    if said.contains("Unknown option: -I") {
        // Known since 3.4.
        return PipError::PythonTooOld {
            path,
            version: "2".to_owned(),
        };
    }
    let why = format!("{status}, and it printed: {said}");
    PipError::Broken { path, why }
}

fn failure(failed: &Failed, python: &Path) -> PipError {
    let path = python.to_path_buf();
    let message: String = failed
        .message
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .take(2000)
        .collect();
    match failed.kind.as_str() {
        "python-too-old" => PipError::PythonTooOld { path, version: message },
        "no-pip" => PipError::NoPip { path },
        "pip-too-old" => PipError::PipTooOld { path, version: message },
        "usage" => PipError::Usage { message },
        "requirements" => PipError::Requirements { message },
        "unsupported" => PipError::UnsupportedOption {
            option: failed.option.clone(),
            value: message,
        },
        "virtualenv-required" => PipError::VirtualenvRequired { path },
        _ => PipError::Broken { path, why: message },
    }
}

impl Probe {
    fn new(answered: Answered, environment: Environment, python: &Path) -> Result<Self, PipError> {
        let broken = |why: String| PipError::Broken {
            path: python.to_path_buf(),
            why,
        };
        if answered.executable.is_empty() {
            return Err(broken("it does not know its own path".to_owned()));
        }
        let python_version = answered.python_version.parse().map_err(|error| {
            broken(format!(
                "its version `{}` is not valid: {error}",
                answered.python_version
            ))
        })?;
        let tags: Vec<Tag> = answered.tags.iter().filter_map(|tag| Tag::parse(tag)).collect();
        if tags.is_empty() {
            return Err(broken("its pip accepts no tag at all".to_owned()));
        }
        let mut index_urls = Vec::new();
        for (index, url) in answered.index_urls.iter().enumerate() {
            let url = Url::parse(url).map_err(|_| PipError::InvalidIndexUrl { position: index + 1 })?;
            index_urls.push(url);
        }
        let mut index_urls = index_urls.into_iter();
        Ok(Self {
            executable: answered.executable.into(),
            prefix: answered.prefix.into(),
            in_virtualenv: answered.in_virtualenv,
            python_version,
            markers: answered.markers,
            tags: SupportedTags::new(tags),
            pip_version: answered.pip_version,
            index_url: index_urls.next(),
            extra_index_urls: index_urls.collect(),
            find_links: answered.find_links,
            no_index: answered.no_index,
            no_cache_dir: answered.no_cache_dir,
            trusted_hosts: answered.trusted_hosts,
            cert: answered.cert.map(PathBuf::from),
            client_cert: answered.client_cert.map(PathBuf::from),
            proxy: answered.proxy,
            keyring_provider: answered.keyring_provider,
            no_input: answered.no_input,
            timeout: Duration::try_from_secs_f64(answered.timeout).unwrap_or(DEFAULT_TIMEOUT),
            retries: answered.retries,
            pre: answered.pre,
            all_releases: answered.all_releases,
            only_final: answered.only_final,
            uploaded_prior_to: answered.uploaded_prior_to,
            require_hashes: answered.require_hashes,
            no_deps: answered.no_deps,
            ignore_requires_python: answered.ignore_requires_python,
            prefer_binary: answered.prefer_binary,
            no_binary: answered.no_binary,
            only_binary: answered.only_binary,
            positional: answered.positional,
            requirements: answered.requirements,
            install: InstallOptions::new(answered.install, &environment),
            installed: answered.installed,
            user_site: answered.user_site.map(PathBuf::from),
            externally_managed: answered.externally_managed,
            warnings: answered.warnings,
            environment,
        })
    }
}

impl InstallOptions {
    fn new(answered: AnsweredInstall, environment: &Environment) -> Self {
        let absolute = |path: Option<String>| path.map(|path| environment.absolute(Path::new(&path)));
        Self {
            target: absolute(answered.target),
            prefix: absolute(answered.prefix),
            root: absolute(answered.root),
            user: answered.user,
            dry_run: answered.dry_run,
            report: answered.report.map(PathBuf::from),
            upgrade: answered.upgrade,
            upgrade_strategy: answered.upgrade_strategy,
            force_reinstall: answered.force_reinstall,
            ignore_installed: answered.ignore_installed,
            no_compile: answered.no_compile,
            break_system_packages: answered.break_system_packages,
            no_warn_script_location: answered.no_warn_script_location,
            no_warn_conflicts: answered.no_warn_conflicts,
            ignore_root_user: answered.ignore_root_user,
            platforms: answered.platforms,
            python_version: answered.python_version,
            implementation: answered.implementation,
            abis: answered.abis,
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("executable", &self.executable)
            .field("python_version", &self.python_version)
            .field("pip_version", &self.pip_version)
            .finish_non_exhaustive()
    }
}
