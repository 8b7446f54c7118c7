//! What the resolver asks of an index.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use slsa_pip_distribution::metadata::InvalidMetadata;
use slsa_pip_distribution::{CoreMetadata, DistributionFilename, PackageName, Sha256Digest, VersionSpecifiers};
use url::Url;

/// Where candidates come from. The resolver does no I/O of its own.
///
/// All methods may be called many times at once (at most [`crate::MAX_CONCURRENT`]), each key once per run; some
/// calls are made ahead of need, so their failures count only if the answer turns out to be needed.
pub trait Source: Sync {
    /// The source's own description of one file, handed back in the resolution.
    type File: Clone + Send + Sync + 'static;

    /// All wheels and sdists of a project, in the order of its page, unsupported ones included.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if there is no such project; [`SourceError::Failed`] if that could not be found out.
    fn files(
        &self,
        name: &PackageName,
    ) -> impl Future<Output = Result<Arc<Vec<CandidateFile<Self::File>>>, SourceError>> + Send;

    /// The core metadata of one wheel.
    ///
    /// # Errors
    /// [`SourceError::Unusable`] excludes this release; anything else ends the resolution.
    fn metadata(&self, file: &Self::File) -> impl Future<Output = Result<Arc<CoreMetadata>, SourceError>> + Send;

    /// The one file that a requirement names by URL or path (`name @ https://host.example/name-1-py3-none-any.whl`).
    ///
    /// # Errors
    /// [`SourceError::Unusable`] if the URL names no wheel; anything else ends the resolution.
    fn direct(&self, url: &Url) -> impl Future<Output = Result<CandidateFile<Self::File>, SourceError>> + Send;

    /// Whether a wheel may be chosen at all, for reasons that only the source knows. Asked where [`Request::ask_rulings`] is
    /// set, after the metadata of the same file, and at most [`crate::MAX_RULINGS_AT_ONCE`] at a time. Nothing is ruled out
    /// unless a source does it.
    ///
    /// # Errors
    /// Any error ends the resolution: that a source cannot tell is no reason to go on to an older release.
    ///
    /// [`Request::ask_rulings`]: crate::Request::ask_rulings
    fn ruling(&self, file: &Self::File) -> impl Future<Output = Result<Ruling, SourceError>> + Send {
        let _ = file;
        std::future::ready(Ok(Ruling::Eligible))
    }
}

/// Whether a file may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It may.
    Eligible,
    /// It may not. The reason goes on where the name of the release ends: `has no acceptable provenance (no-evidence)`.
    Out(String),
}

/// One file of a project's page.
#[derive(Debug, Clone)]
pub struct CandidateFile<F> {
    /// Its parsed name.
    pub filename: DistributionFilename,
    /// `requires-python` of the page, if any.
    pub requires_python: Option<VersionSpecifiers>,
    /// The reason for which it was yanked (possibly empty); `None` if it was not.
    pub yanked: Option<String>,
    /// The digest that the page announces, unverified.
    pub sha256: Option<Sha256Digest>,
    /// When it was uploaded, as its index says; `None` if the index does not say.
    pub uploaded: Option<Timestamp>,
    /// Whether it lies on this machine: the time of upload does not matter.
    pub local: bool,
    /// Why it may not be chosen, whatever is required, if the source knows that beforehand: `uploaded an hour ago`. Another file
    /// of the same release may do.
    pub excluded: Option<String>,
    /// Whether its metadata is served beside it (PEP 658), so that it costs one small request and not a part of the wheel, or
    /// all of it. Decides only how much is fetched ahead.
    pub metadata_served: bool,
    /// The source's own description.
    pub file: F,
}

/// Why a source has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The project or file does not exist.
    #[error("not found")]
    NotFound,
    /// The answer was complete, but what it says cannot be used. Only this one release is concerned.
    #[error("{0}")]
    Unusable(String),
    /// No usable answer: network, disk, or a broken index. Never taken for "no versions".
    #[error("{0}")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl SourceError {
    /// Wraps the source's own error as [`SourceError::Failed`].
    pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl From<InvalidMetadata> for SourceError {
    fn from(error: InvalidMetadata) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// Most requests to the source under way at once: enough to hide latency, few enough for any index to be polite to.
pub const MAX_CONCURRENT: usize = 32;
/// Most rulings asked for at once, beside other requests: each may take many of its own.
pub const MAX_RULINGS_AT_ONCE: usize = 16;
