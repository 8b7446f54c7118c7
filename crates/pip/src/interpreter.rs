//! One process for the probe and the hand-off: starting Python and importing pip takes longer than installing a wheel.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use slsa_pip_verify::Verified;
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::channel::Channel;
use crate::environment::Environment;
use crate::error::PipError;
use crate::hand_off::HandOff;
use crate::install::{self, PipOutcome};
use crate::probe::{self, Probe};
use crate::script::{HAND_OFF, Instruction, PREPARE};

/// The target interpreter. It runs from [`Interpreter::start`] on; when this value is dropped, it is ended.
pub struct Interpreter {
    asked: Option<Asked>,
    waiting: Mutex<Option<Waiting>>,
}

/// A process that waits for what to do next.
pub(crate) struct Waiting {
    pub(crate) child: Child,
    pub(crate) channel: Channel,
}

/// A probe under way. Dropping it ends the process.
struct Asked(JoinHandle<Result<(Probe, Waiting), PipError>>);

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").finish_non_exhaustive()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Interpreter {
    /// Starts it in the process's own environment; see [`Interpreter::start_in`].
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(python: &Path, pip_args: &[OsString]) -> Result<Self, PipError> {
        Self::start_in(Environment::current(), python, pip_args)
    }

    /// Starts an interpreter and asks it. `pip_args` are arguments of `pip install` (without `install`), which pip itself
    /// parses. The answer is waited for by [`Interpreter::probe`]. Needs a tokio runtime.
    ///
    /// Requirements files are read by pip, over the network where they are URLs. Nothing is written. The interpreter is run
    /// with `-I`, so nothing in the working directory is imported; its own site directories and the user's are trusted.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_in(environment: Environment, python: &Path, pip_args: &[OsString]) -> Result<Self, PipError> {
        let question = probe::start(environment, python, pip_args)?;
        let asked = tokio::spawn(async move {
            let (probe, child, mut channel) = question.await?;
            // While packages are resolved and fetched, it gets ready. Where its standard input is a pipe, no open file can be
            // passed later on: pip is then started anew.
            let mut further = Instruction::run(PREPARE).bytes();
            for source in HAND_OFF.iter().skip(1) {
                further.extend(Instruction::run(source).bytes());
            }
            // One that has ended is noticed when it is needed.
            let _ = channel.send(&further).await;
            Ok((probe, Waiting { child, channel }))
        });
        Ok(Self {
            asked: Some(Asked(asked)),
            waiting: Mutex::new(None),
        })
    }

    /// What the interpreter has answered. To be called once.
    ///
    /// # Errors
    /// If the interpreter or its pip cannot be used, or pip refuses the arguments, its configuration or a file.
    pub async fn probe(&mut self) -> Result<Probe, PipError> {
        let Some(mut asked) = self.asked.take() else {
            return Err(PipError::Broken {
                path: OsStr::new("python").into(),
                why: "it has answered already".to_owned(),
            });
        };
        let answer = (&mut asked.0).await.unwrap_or_else(|error| {
            Err(PipError::Broken {
                path: OsStr::new("python").into(),
                why: error.to_string(),
            })
        });
        let (probe, waiting) = answer?;
        if cfg!(unix) {
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
        }
        Ok(probe)
    }

    /// Lets pip install the files, and nothing else: as [`crate::install()`], in the process that has answered the probe, if it
    /// still runs.
    ///
    /// # Errors
    /// As [`crate::install()`].
    pub async fn install(&self, probe: &Probe, files: &[Verified], options: &HandOff) -> Result<PipOutcome, PipError> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        install::run(waiting, probe, files, options).await
    }
}
