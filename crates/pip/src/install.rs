//! The hand-off: pip installs exactly the verified files.

use std::ffi::OsStr;
#[cfg(unix)]
use std::os::fd::AsFd as _;
use std::process::{ExitStatus, Stdio};

use slsa_pip_verify::Verified;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;

use crate::channel::{self, Channel};
use crate::error::PipError;
use crate::hand_off::{self, HandOff, PipOutput};
use crate::interpreter::Waiting;
use crate::probe::Probe;
use crate::script::{HAND_OFF, Instruction};
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
    run(None, probe, files, options).await
}

/// [`install()`], in a process that waits, or else in a new one.
pub(crate) async fn run(
    waiting: Option<Waiting>,
    probe: &Probe,
    files: &[Verified],
    options: &HandOff,
) -> Result<PipOutcome, PipError> {
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
    let mut order = Instruction::new("hand-off")
        .with(staging.path().as_os_str())
        .with(staging.temporary().as_os_str())
        .with(OsStr::new(&hand_off::wishes(probe, options, files)));
    for word in hand_off::arguments(probe, options, &staging.wheels(), &staging.hashes()) {
        if word.as_encoded_bytes().contains(&0) {
            // What follows would be an argument of its own. Configuration files can hold such values.
            let text = word.to_string_lossy();
            let (option, value) = text.split_once('=').unwrap_or((&text, ""));
            return Err(PipError::UnsupportedOption {
                option: option.escape_debug().to_string(),
                value: value.escape_debug().to_string(),
            });
        }
        order = order.with(&word);
    }
    let order = order.bytes();

    let start = |source| PipError::Start {
        path: probe.executable.clone(),
        source,
    };
    let running = match waiting {
        Some(waiting) => Running::go_on(waiting, options.output, &order).await,
        None => None,
    };
    let mut running = match running {
        Some(running) => running,
        None => Running::begin(probe, &staging, options.output, &order)
            .await
            .map_err(start)?,
    };
    let (interrupted, status, output) = wait(&mut running).await.map_err(start)?;
    // Only now may the files go.
    drop(staging);
    Ok(PipOutcome {
        code: if interrupted { INTERRUPTED } else { code(status) },
        installed: status.success(),
        output: (options.output == PipOutput::Quiet).then_some(output),
    })
}

type Stream = Box<dyn AsyncRead + Send + Unpin>;

/// pip at work.
struct Running {
    child: Child,
    /// Its way back ends with it.
    _channel: Channel,
    outputs: Vec<Stream>,
}

impl Running {
    /// In a process that waits; `None` if that has ended meanwhile.
    #[cfg(unix)]
    async fn go_on(mut waiting: Waiting, output: PipOutput, order: &[u8]) -> Option<Self> {
        if let Ok(outputs) = Self::pass_on(&mut waiting, output, order).await {
            return Some(Self {
                child: waiting.child,
                _channel: waiting.channel,
                outputs,
            });
        }
        // It has not begun, since it has not got all of its order. There is nothing to be done about a process that cannot be
        // killed.
        let _ = waiting.child.kill().await;
        None
    }

    /// Open files cannot be passed.
    #[cfg(not(unix))]
    async fn go_on(_: Waiting, _: PipOutput, _: &[u8]) -> Option<Self> {
        None
    }

    #[cfg(unix)]
    async fn pass_on(waiting: &mut Waiting, output: PipOutput, order: &[u8]) -> std::io::Result<Vec<Stream>> {
        use tokio::net::unix::pipe::Receiver;

        if waiting.child.try_wait()?.is_some() {
            return Err(std::io::Error::other("it has ended"));
        }
        let channel = &mut waiting.channel;
        channel.send(&Instruction::new("streams").bytes()).await?;
        let mut outputs: Vec<Stream> = Vec::new();
        match output {
            PipOutput::Inherit => {
                channel
                    .pass([std::io::stdout().as_fd(), std::io::stderr().as_fd()])
                    .await?;
            }
            PipOutput::ToStderr => {
                channel
                    .pass([std::io::stderr().as_fd(), std::io::stderr().as_fd()])
                    .await?;
            }
            PipOutput::Quiet => {
                let ((from_out, out), (from_err, err)) = (std::io::pipe()?, std::io::pipe()?);
                channel.pass([out.as_fd(), err.as_fd()]).await?;
                for pipe in [from_out, from_err] {
                    outputs.push(Box::new(Receiver::from_owned_fd(pipe.into())?));
                }
            }
        }
        channel.send(order).await?;
        Ok(outputs)
    }

    /// In a new process.
    async fn begin(probe: &Probe, staging: &Staging, output: PipOutput, order: &[u8]) -> std::io::Result<Self> {
        let mut command = channel::command(&probe.executable, &probe.environment);
        command.current_dir(staging.path());
        match output {
            PipOutput::Inherit => {}
            PipOutput::ToStderr => {
                command.stdout(Stdio::from(std::io::stderr()));
            }
            PipOutput::Quiet => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
            }
        }
        let (mut child, mut channel) = channel::start(command)?;
        let mut outputs: Vec<Stream> = Vec::new();
        outputs.extend(child.stdout.take().map(|pipe| Box::new(pipe) as Stream));
        outputs.extend(child.stderr.take().map(|pipe| Box::new(pipe) as Stream));
        let mut orders: Vec<u8> = HAND_OFF
            .iter()
            .flat_map(|source| Instruction::run(source).bytes())
            .collect();
        orders.extend(order);
        // One that takes no orders says why with its exit code and its output.
        let _ = channel.send(&orders).await;
        Ok(Self {
            child,
            _channel: channel,
            outputs,
        })
    }
}

/// Waits for pip. A terminal sends interrupts to pip as well, which then undoes what it began; one that reaches this process
/// alone leaves pip time to finish, as long as that takes. Only a second one ends it half-way.
async fn wait(running: &mut Running) -> std::io::Result<(bool, ExitStatus, String)> {
    let child = &mut running.child;
    let mut outputs = running.outputs.drain(..);
    let (out, err) = (outputs.next(), outputs.next());
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

async fn kept(pipe: Option<Stream>) -> String {
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
