//! What can go wrong with an interpreter, its pip, and the hand-off.

use std::io;
use std::path::PathBuf;

use slsa_pip_distribution::Sha256Digest;

/// Why an interpreter or its pip cannot be used, or why a hand-off was stopped before pip ran.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipError {
    /// There is no interpreter to be found.
    #[error("no Python interpreter: no virtual environment is active, and neither `python3` nor `python` is on PATH")]
    NoInterpreter,
    /// The named interpreter is not there.
    #[error("there is no Python interpreter at `{}`", path.display())]
    InterpreterMissing {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// The interpreter could not be started.
    #[error("`{}` could not be started", path.display())]
    Start {
        /// The interpreter.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The interpreter did not answer in time.
    #[error("`{}` did not answer within {seconds} seconds", path.display())]
    Timeout {
        /// The interpreter.
        path: PathBuf,
        /// The limit.
        seconds: u64,
    },
    /// The interpreter answered more than is read.
    #[error("`{}` answered more than {limit} bytes", path.display())]
    OutputTooLarge {
        /// The interpreter.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The interpreter runs, but did not answer as a Python with pip does.
    #[error("`{}` did not answer as a Python interpreter with pip does: {why}", path.display())]
    Broken {
        /// The interpreter.
        path: PathBuf,
        /// What happened, with the last lines that were printed.
        why: String,
    },
    /// The interpreter is too old.
    #[error("`{}` is Python {version}; 3.7 is the oldest that is supported", path.display())]
    PythonTooOld {
        /// The interpreter.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// The interpreter has no pip.
    #[error("`{}` has no pip", path.display())]
    NoPip {
        /// The interpreter.
        path: PathBuf,
    },
    /// pip is too old.
    #[error("`{}` has pip {version}; 22.2 is the oldest that is supported", path.display())]
    PipTooOld {
        /// The interpreter.
        path: PathBuf,
        /// The version of its pip.
        version: String,
    },
    /// pip refuses an option, a variable or a configuration file.
    #[error("pip does not accept its options or its configuration: {message}")]
    Usage {
        /// What pip says.
        message: String,
    },
    /// pip cannot read a requirement, or a file or group of them.
    #[error("pip cannot read the requirements: {message}")]
    Requirements {
        /// What pip says, in its words: the file, the line, a caret below what it stumbled over.
        message: String,
    },
    /// pip is configured to change virtual environments only, and this is none.
    #[error("pip is configured to need a virtual environment, and `{}` is in none", path.display())]
    VirtualenvRequired {
        /// The interpreter.
        path: PathBuf,
    },
    /// An option of pip that is not supported.
    #[error("pip's option `{option}` is set (`{value}`) and is not supported")]
    UnsupportedOption {
        /// The option.
        option: String,
        /// Its value.
        value: String,
    },
    /// An index that is no URL. The text is not repeated, since it may hold a password.
    #[error("index number {position} of pip's configuration is not a URL")]
    InvalidIndexUrl {
        /// Which one, counted from 1.
        position: usize,
    },
    /// The private directory could not be made or written.
    #[error("the private directory for pip could not be {what}")]
    Staging {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A verified file could not be read again.
    #[error("`{file}` could not be read again after it was verified")]
    Unreadable {
        /// The file's name.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it was when it was verified.
    #[error("`{file}` has changed since it was verified: expected sha256 {expected}, found {found}")]
    DigestMismatch {
        /// The file's name.
        file: String,
        /// The digest that was verified.
        expected: Sha256Digest,
        /// The digest of the bytes that are there now.
        found: Sha256Digest,
    },
    /// A verified file is no wheel, so pip would have to run its code to build one.
    #[error("`{file}` cannot be handed to pip: {why}")]
    NotAWheel {
        /// The file's name.
        file: String,
        /// What does not fit.
        why: String,
    },
    /// Two files for one project.
    #[error("two files for `{name}` cannot be installed together: `{first}` and `{second}`")]
    DuplicateProject {
        /// The project.
        name: String,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
}

impl PipError {
    /// What to do about it, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoInterpreter => "activate a virtual environment, or name an interpreter: `--python PATH`",
            Self::InterpreterMissing { .. } | Self::Start { .. } => {
                "check `--python` (or the variable VIRTUAL_ENV): it must name an interpreter that can be run"
            }
            Self::Timeout { .. } => {
                "try `python -I -m pip --version` with that interpreter; a requirements file on a slow host delays it too"
            }
            Self::OutputTooLarge { .. } => "check what that interpreter prints when it starts",
            Self::Broken { .. } => "try `python -I -m pip --version` with that interpreter",
            Self::PythonTooOld { .. } => "name a newer interpreter: `--python PATH`",
            Self::NoPip { .. } => "install pip with `python -m ensurepip --upgrade`, or make the environment with pip",
            Self::PipTooOld { .. } => "upgrade it with `python -m pip install --upgrade pip`",
            Self::Usage { .. } => {
                "compare with `python -m pip config debug`: a variable PIP_* or a configuration file may be wrong"
            }
            Self::VirtualenvRequired { .. } => "activate a virtual environment, or unset PIP_REQUIRE_VIRTUALENV",
            Self::UnsupportedOption { .. } => "unset it for this run",
            Self::InvalidIndexUrl { .. } => "write the index as a URL: `https://…/simple` or `file:///…`",
            Self::Staging { .. } => "check the space and the rights of the folder that TMPDIR names",
            Self::DigestMismatch { .. } => "something else writes to the staged files; nothing was installed",
            Self::Requirements { .. }
            | Self::Unreadable { .. }
            | Self::NotAWheel { .. }
            | Self::DuplicateProject { .. } => return None,
        })
    }
}
