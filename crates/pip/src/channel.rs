//! The running interpreter, and the channel that it takes its instructions from.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::environment::Environment;
use crate::script;

#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};

/// A way to the interpreter. When it is dropped, the interpreter ends, unless pip is at work.
pub(crate) struct Channel {
    /// A socket, since it can carry open files.
    #[cfg(unix)]
    socket: tokio::net::UnixStream,
    #[cfg(not(unix))]
    pipe: tokio::process::ChildStdin,
}

/// The command that starts the interpreter with the program, and nothing that pip or Python is configured by.
pub(crate) fn command(python: &Path, environment: &Environment) -> Command {
    let mut command = Command::new(python);
    // `-I`: nothing in the working directory is imported, and no variable of Python counts.
    command.args([OsStr::new("-I"), OsStr::new("-c"), OsStr::new(script::MAIN)]);
    command.env_clear().envs(environment.for_hand_off());
    command.kill_on_drop(true);
    command
}

#[cfg(unix)]
/// Starts it.
pub(crate) fn start(mut command: Command) -> io::Result<(Child, Channel)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let socket = tokio::net::UnixStream::from_std(ours)?;
    let child = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
    // Dropping the command closes their end here, so that each side sees when the other ends.
    Ok((child, Channel { socket }))
}

#[cfg(not(unix))]
/// Starts it.
pub(crate) fn start(mut command: Command) -> io::Result<(Child, Channel)> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let pipe = child
        .stdin
        .take()
        .ok_or_else(|| io::Error::other("no standard input"))?;
    Ok((child, Channel { pipe }))
}

impl Channel {
    /// Sends instructions, one after the other.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(unix)]
        return self.socket.write_all(bytes).await;
        #[cfg(not(unix))]
        return self.pipe.write_all(bytes).await;
    }

    /// Passes two open files: standard output and standard error of the hand-off.
    #[cfg(unix)]
    pub(crate) async fn pass(&self, streams: [impl AsFd; 2]) -> io::Result<()> {
        use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
        use std::io::IoSlice;
        use std::mem::MaybeUninit;

        let streams = [streams[0].as_fd(), streams[1].as_fd()];
        loop {
            self.socket.writable().await?;
            let sent = self.socket.try_io(tokio::io::Interest::WRITABLE, || {
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
                let mut files = SendAncillaryBuffer::new(&mut space);
                if !files.push(SendAncillaryMessage::ScmRights(&streams)) {
                    return Err(io::Error::other("no space for two files"));
                }
                Ok(sendmsg(
                    &self.socket,
                    &[IoSlice::new(b".")],
                    &mut files,
                    SendFlags::empty(),
                )?)
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return sent.map(drop),
            }
        }
    }
}
