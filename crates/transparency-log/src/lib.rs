//! Rekor look-up for classic envelopes.

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::Client;
use slsa_pip_provenance::{ClassicEnvelope, RekorAnswer};
use url::Url;

/// Why the log gave no answer that could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The answer could not be read.
    #[error("the transparency log's answer cannot be read: {why}")]
    Unreadable {
        /// What does not fit.
        why: String,
    },
}

/// Asks the log for the entries of an envelope.
///
/// # Errors
/// If the log cannot be asked or its answer cannot be read.
#[expect(clippy::unused_async, reason = "body follows")]
pub async fn lookup(
    _http: &Client,
    _rekor_url: &Url,
    _envelope: &ClassicEnvelope,
    _digest: &Sha256Digest,
) -> Result<Vec<RekorAnswer>, LookupError> {
    Err(LookupError::Unreadable { why: String::new() })
}
