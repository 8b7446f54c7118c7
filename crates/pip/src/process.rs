//! Running a program whose output and time are bounded.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// How a bounded run ended, if it ended in order.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
}

/// Why a bounded run was stopped, or never began.
pub(crate) enum Stopped {
    Start(io::Error),
    Timeout,
    TooLarge,
    Lost(io::Error),
}

/// Runs a command whose outputs are piped, with this on standard input, if that is piped; it must be small, since it is written
/// before anything is read. The command is killed when a limit is reached, and when the future is dropped.
pub(crate) async fn run(command: &mut Command, input: &[u8], time: Duration, limit: u64) -> Result<Finished, Stopped> {
    let mut child = command.kill_on_drop(true).spawn().map_err(Stopped::Start)?;
    let exchange = async {
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input).await.map_err(Stopped::Lost)?;
        }
        gather(&mut child, limit).await
    };
    let outcome = tokio::time::timeout(time, exchange).await;
    let outcome = outcome.unwrap_or(Err(Stopped::Timeout));
    if outcome.is_err() {
        // It may have ended on its own; there is nothing to be done about a process that cannot be killed.
        let _ = child.kill().await;
    }
    outcome
}

async fn gather(child: &mut Child, limit: u64) -> Result<Finished, Stopped> {
    let (stdout, _) = outputs(child, limit).await?;
    let status = child.wait().await.map_err(Stopped::Lost)?;
    Ok(Finished { status, stdout })
}

/// What a program prints on both streams, until they end.
async fn outputs(child: &mut Child, limit: u64) -> Result<(Vec<u8>, Vec<u8>), Stopped> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    tokio::try_join!(bounded(out, limit), bounded(err, limit))
}

/// What a program answers on its standard output: the first that is `found` in what it has printed so far, which may be long
/// before its streams end. Without an answer, what it has printed on its standard error.
pub(crate) async fn answer<T>(
    child: &mut Child,
    limit: u64,
    mut found: impl FnMut(&[u8]) -> Option<T>,
) -> Result<Result<T, Vec<u8>>, Stopped> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let errors = bounded(err, limit);
    tokio::pin!(errors);
    let answer = async {
        let Some(mut out) = out else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = out.read(&mut chunk).await.map_err(Stopped::Lost)?;
            if read == 0 {
                return Ok(None);
            }
            bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
            if let Some(answer) = found(&bytes) {
                return Ok(Some(answer));
            }
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
                return Err(Stopped::TooLarge);
            }
        }
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => match answer? {
            Some(answer) => Ok(Ok(answer)),
            None => Ok(Err(errors.await?)),
        },
        errors = &mut errors => {
            let errors = errors?;
            Ok(answer.await?.ok_or(errors))
        }
    }
}

/// Bytes that are read at a time: what a pipe holds.
const CHUNK: usize = 64 * 1024;

async fn bounded(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, Stopped> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let read = pipe
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(Stopped::Lost)?;
        if u64::try_from(read).unwrap_or(u64::MAX) > limit {
            return Err(Stopped::TooLarge);
        }
    }
    Ok(bytes)
}

/// The last lines of what a program printed, for a message.
pub(crate) fn tail(output: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(output);
    let all: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let from = all.len().saturating_sub(lines);
    let kept: String = all.get(from..).unwrap_or_default().join("\n");
    kept.chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .take(MAX_TAIL)
        .collect()
}

/// Longest such text, in characters.
const MAX_TAIL: usize = 2000;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::Stdio;
    use std::time::Instant;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[tokio::test]
    async fn both_streams_and_the_status_are_returned() {
        let limit = Duration::from_secs(20);
        let script = "echo out; echo err >&2; exit 3";
        let Ok(finished) = run(&mut shell(script), &[], limit, 100).await else {
            panic!("it must finish");
        };
        assert_eq!(
            (finished.stdout.as_slice(), finished.status.code()),
            (&b"out\n"[..], Some(3))
        );
        let both = outputs(&mut shell(script).spawn().unwrap(), 100).await;
        assert!(matches!(both, Ok((out, err)) if out == b"out\n" && err == b"err\n"));
    }

    #[tokio::test]
    async fn limits_of_time_and_size_stop_it() {
        let began = Instant::now();
        let slow = run(&mut shell("exec sleep 60"), &[], Duration::from_millis(200), 100).await;
        assert!(matches!(slow, Err(Stopped::Timeout)));
        let loud = run(&mut shell("exec yes >&2"), &[], Duration::from_secs(20), 100).await;
        assert!(matches!(loud, Err(Stopped::TooLarge)));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_tail_is_short_and_harmless() {
        assert_eq!(tail(b"one\ntwo\n\x1b[31mthree\n\n", 2), "two\n[31mthree");
        assert!(tail(&vec![b'x'; 10_000], 5).len() <= MAX_TAIL);
    }
}
