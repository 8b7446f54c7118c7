//! Interrupts: before the hand-off they end the run, and what was staged is removed; during the hand-off they are pip's.

/// What signals add to their number, as shells report them.
const SIGNALLED: u8 = 128;

/// Runs `work` unless the process is asked to end before it is done; then `work` is dropped, with all it has staged, and
/// the exit code is returned as the error.
pub(crate) async fn guard<T>(work: impl Future<Output = T>) -> Result<T, u8> {
    tokio::select! {
        done = work => Ok(done),
        signal = interrupted() => Err(SIGNALLED + signal),
    }
}

/// Resolves to the number of the signal that asks the process to end.
#[cfg(unix)]
async fn interrupted() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut hangup), Ok(mut interrupt), Ok(mut quit), Ok(mut terminate)) = (
        signal(SignalKind::hangup()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::quit()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = hangup.recv() => 1,
        _ = interrupt.recv() => 2,
        _ = quit.recv() => 3,
        _ = terminate.recv() => 15,
    }
}

/// Resolves to the number of the signal that asks the process to end.
#[cfg(not(unix))]
async fn interrupted() -> u8 {
    if tokio::signal::ctrl_c().await.is_err() {
        return std::future::pending().await;
    }
    2
}
