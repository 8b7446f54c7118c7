//! Why a look-up failed.

use slsa_pip_http::HttpError;

/// Why the log gave no answer that could be used. None of these is "there is no entry", which is an empty answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The log could not be asked: offline, no connection, a time-out, an answer over the limit.
    #[error("the transparency log could not be asked: {0}")]
    Unreachable(#[from] HttpError),
    /// The log answered with a status that is no success.
    #[error("the transparency log `{url}` answered with status {status}{}", .message.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Status {
        /// What was asked, redacted.
        url: String,
        /// HTTP status.
        status: u16,
        /// The server's own words, escaped and cut to a printable length, if there are any.
        message: Option<String>,
    },
    /// The answer is not what the log's interface says.
    #[error("the answer of the transparency log `{url}` cannot be read: {why}")]
    Unreadable {
        /// What was asked, redacted.
        url: String,
        /// What does not fit.
        why: String,
    },
    /// The index knows more entries than are looked at, and none of these is about the envelope.
    #[error(
        "the transparency log `{url}` knows {found} entries for this file; none of the {limit} that were looked at is about this provenance"
    )]
    TooManyEntries {
        /// What was asked, redacted.
        url: String,
        /// How many there are.
        found: usize,
        /// How many are looked at.
        limit: usize,
    },
    /// The log's URL is not one that paths can be added to.
    #[error("`{url}` is not the URL of a transparency log")]
    BadUrl {
        /// The URL, redacted.
        url: String,
    },
}

impl LookupError {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "log-unreachable",
            Self::Status { .. } => "log-status",
            Self::Unreadable { .. } => "log-unreadable",
            Self::TooManyEntries { .. } => "log-too-many-entries",
            Self::BadUrl { .. } => "log-bad-url",
        }
    }
}
