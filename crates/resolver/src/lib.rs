//! From requirements to one wheel per project: PubGrub over the index, by pip's rules.
//!
//! Pure: whatever is asked of an index goes through [`Source`]. Wheels only; building a source distribution would run
//! unverified code. The result depends on the request and the source's answers alone, not on their timing.
//!
//! The solver is synchronous and runs on a thread of its own; it sends its wishes to the asynchronous half
//! ([`resolve`]'s own future), which fetches up to [`MAX_CONCURRENT`] at once, many of them ahead of need. Dropping the
//! future ends the thread.

mod collapse;
mod control;
mod derivation;
mod direct;
mod edges;
mod error;
mod explain;
mod fetch;
mod hashes;
mod installed;
mod notes;
mod package;
mod page;
mod provider;
mod request;
mod resolution;
mod rules;
mod solution;
mod solve;
mod source;
mod store;
mod traits;
mod version_set;
mod wheel;

use std::sync::{Arc, mpsc as blocking};
use std::thread;

use tokio::sync::{mpsc, oneshot};

pub use control::{FormatControl, ProjectList, ReleaseControl};
pub use error::ResolveError;
pub use installed::{Installed, Upgrade};
pub use provider::MAX_DECISIONS;
pub use request::Request;
pub use resolution::{Resolution, Resolved, Satisfied, Why};
pub use source::{CandidateFile, MAX_CONCURRENT, MAX_RULINGS_AT_ONCE, Ruling, Source, SourceError};
pub use store::{MAX_METADATA_FETCHES, MAX_PROJECTS, MAX_RULED_OUT, MAX_RULINGS};

use crate::store::{Stop, Store};

/// Stack of the solver's thread, in bytes. Derivations are trees that are walked and dropped recursively, as deep as
/// the solver has met conflicts.
const SOLVER_STACK: usize = 64 * 1024 * 1024;

/// Finds one wheel per project so that all requirements hold, newest versions first, by pip's rules for extras,
/// markers, `Requires-Python`, tags, yanked releases, pre-releases, constraints and hashes.
///
/// Digests and metadata are taken as the source gives them: nothing is verified here.
///
/// # Errors
/// See [`ResolveError`].
pub async fn resolve<S: Source>(source: &S, request: &Request) -> Result<Resolution<S::File>, ResolveError> {
    let (wishes, wishes_received) = mpsc::unbounded_channel();
    let (answers, answers_received) = blocking::channel();
    let (result, result_received) = oneshot::channel();
    let request = Arc::new(request.clone());
    thread::Builder::new()
        .name("solver".to_owned())
        .stack_size(SOLVER_STACK)
        .spawn(move || {
            let mut store = Store::new(Arc::clone(&request), wishes, answers_received);
            let outcome = solve::solve(&request, &mut store);
            drop(store);
            // If the future was dropped, nobody wants the result.
            let _ = result.send(outcome);
        })
        .map_err(|error| ResolveError::Internal(error.to_string()))?;
    // Ends when the solver drops its store.
    fetch::serve(source, wishes_received, answers).await;
    match result_received.await {
        Ok(Ok(resolution)) => Ok(resolution),
        Ok(Err(Stop::Error(error))) => Err(*error),
        Ok(Err(stop)) => Err(ResolveError::Internal(stop.to_string())),
        Err(_) => Err(ResolveError::Internal("its thread ended early".to_owned())),
    }
}
