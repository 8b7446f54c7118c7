//! PubGrub over the index.
mod error;
mod request;
mod source;
pub use error::ResolveError;
pub use request::{Request, Resolution, Resolved};
pub use source::{CandidateFile, MAX_CONCURRENT, Source, SourceError};

/// Finds one file per project so that all requirements hold, newest versions first, by pip's rules.
///
/// # Errors
/// See [`ResolveError`].
pub async fn resolve<S: Source>(_source: &S, _request: &Request) -> Result<Resolution<S::File>, ResolveError> {
    Err(ResolveError::Unsatisfiable {
        explanation: String::new(),
    })
}
