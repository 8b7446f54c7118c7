//! The hand-off: pip installs exactly the verified files.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};

use slsa_pip_verify::Verified;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use crate::error::PipError;
use crate::hand_off::{self, HandOff, PipOutput};
use crate::probe::Probe;
use crate::staging::{Staging, wanted};

/// Most bytes of each stream that are kept with [`PipOutput::Quiet`]; what comes after is read and dropped.
const KEPT_OUTPUT: u64 = 256 * 1024;
/// The exit code after an interrupt, as shells report it.
const INTERRUPTED: u8 = 130;

/// How pip ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipOutcome {
    /// The exit code of pip: 0 if everything is installed. 128 and the number of the signal that ended it; 130 after an
    /// interrupt.
    pub code: u8,
    /// Whether pip itself has reported success; after an interrupt that may be so although the code is 130.
    pub installed: bool,
    /// What pip printed, with [`PipOutput::Quiet`]: standard output, then standard error.
    pub output: Option<String>,
}

/// Lets pip install the files, and nothing else.
///
/// The files are copied into a private directory and hashed again on the way; pip gets them by name, version and hash, from
/// that directory alone, without its configuration, its variables and its cache, started in that directory. What is
/// installed already in the same version stays, as with pip. With no files nothing is run. The directory is removed in
/// any case. After an interrupt (Ctrl-C) pip is given time to undo what it began.
///
/// It is not checked whether the files go together, or with what is installed: that is the resolver's business.
///
/// # Errors
/// If a file is no wheel, is there twice for a project, or is not what was verified; if the directory cannot be made; if the
/// interpreter cannot be started. pip has then not run. That pip fails is no error: see [`PipOutcome::code`].
pub async fn install(probe: &Probe, files: &[Verified], options: &HandOff) -> Result<PipOutcome, PipError> {
    if files.is_empty() {
        return Ok(PipOutcome {
            code: 0,
            installed: true,
            output: None,
        });
    }
    let wanted = wanted(files)?;
    let staging = tokio::task::spawn_blocking(move || Staging::fill(&wanted))
        .await
        .map_err(|error| PipError::Staging {
            what: "written",
            source: std::io::Error::other(error),
        })??;
    let arguments = hand_off::arguments(probe, options, &staging.wheels(), &staging.hashes());

    let mut command = Command::new(&probe.executable);
    command.args([OsStr::new("-I"), OsStr::new("-c"), OsStr::new(hand_off::SCRIPT)]);
    command.args(arguments);
    command.env_clear().envs(probe.environment.for_hand_off());
    // `--isolated` alone still reads the file that this variable names, and the environment's own `pip.conf`.
    command.env("PIP_CONFIG_FILE", NULL_DEVICE);
    // Old Pythons read `setup.cfg` of the working directory for the places to install to.
    command.current_dir(staging.path());
    // What pip leaves behind when a signal ends it goes with the directory.
    for name in ["TMPDIR", "TEMP", "TMP"] {
        command.env(name, staging.temporary());
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    match options.output {
        PipOutput::Inherit => {}
        PipOutput::ToStderr => {
            command.stdout(Stdio::from(std::io::stderr()));
        }
        PipOutput::Quiet => {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
    }
    let start = |source| PipError::Start {
        path: probe.executable.clone(),
        source,
    };
    let mut child = command.spawn().map_err(start)?;
    let (interrupted, status, output) = wait(&mut child).await.map_err(start)?;
    // Only now may the files go.
    drop(staging);
    Ok(PipOutcome {
        code: if interrupted { INTERRUPTED } else { code(status) },
        installed: status.success(),
        output: (options.output == PipOutput::Quiet).then_some(output),
    })
}

/// Waits for pip. A terminal sends interrupts to pip as well, which then undoes what it began; one that reaches this process
/// alone leaves pip time to finish, as long as that takes. Only a second one ends it half-way.
async fn wait(child: &mut Child) -> std::io::Result<(bool, ExitStatus, String)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    {
        let finished = async {
            let (out, err) = tokio::join!(kept(out), kept(err));
            (child.wait().await, out + &err)
        };
        tokio::pin!(finished);
        let interrupted = tokio::select! {
            (status, output) = &mut finished => return Ok((false, status?, output)),
            interrupt = tokio::signal::ctrl_c() => interrupt.is_ok(),
        };
        if !interrupted {
            // Interrupts cannot be watched here, so one ends this process as usual.
            let (status, output) = finished.await;
            return Ok((false, status?, output));
        }
        tokio::select! {
            (status, output) = &mut finished => return Ok((true, status?, output)),
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    child.start_kill()?;
    Ok((true, child.wait().await?, String::new()))
}

async fn kept(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What cannot be read is missing in the report; the exit code decides.
        let _ = (&mut pipe).take(KEPT_OUTPUT).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// What Python calls `os.devnull`: pip compares with it.
const NULL_DEVICE: &str = if cfg!(windows) { "nul" } else { "/dev/null" };
