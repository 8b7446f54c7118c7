//! What came of looking.

use std::fmt;

use bytes::Bytes;
use jiff::{Timestamp, Unit};
use serde::Serialize;
use slsa_pip_http::HttpError;
use url::Url;

/// What was found in one kind of place.
#[derive(Debug, Clone, Default)]
pub struct ReleaseAnswer {
    /// The evidence files, unverified: where each was found (without secrets), and its content. Each holds at least one
    /// attestation that can be read.
    pub evidence_files: Vec<(Url, Bytes)>,
    /// Every place that was asked, in order.
    pub asked: Vec<Asked>,
}

/// One place that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The URL, redacted.
    pub location: String,
    /// What came back.
    pub answer: Answer,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Answer {
    /// Evidence, unverified; or, of a listing, something to fetch.
    Found,
    /// Nothing is there.
    None,
    /// The server refuses to tell (401, 403): perhaps a private repository, or a wrong token.
    Forbidden,
    /// Too many requests were made; the same question may be answered later, or with a token.
    RateLimited {
        /// When the server answers again, by its own word.
        until: Timestamp,
    },
    /// No answer in time.
    TimedOut,
    /// Not asked, since requests are switched off.
    Offline,
    /// Something came back that holds no evidence that can be read.
    Unreadable {
        /// What does not fit.
        why: String,
    },
    /// The question could not be put, or the server failed.
    Failed {
        /// What went wrong.
        why: String,
    },
}

impl Answer {
    /// Whether the place has said that it holds nothing. Any other answer but `Found` leaves it open.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// What a failed request means.
    pub(crate) fn of_error(error: &HttpError) -> Self {
        match error {
            HttpError::Offline { .. } => Self::Offline,
            HttpError::Timeout { .. } | HttpError::TooSlow { .. } => Self::TimedOut,
            HttpError::TooLarge { limit, .. } => Self::Unreadable {
                why: format!("it is larger than {limit} bytes"),
            },
            HttpError::Encoding { reason, .. } => Self::Unreadable { why: reason.clone() },
            other => Self::Failed { why: other.reason() },
        }
    }

    /// What a status means that is about no limit; `None` for a success.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            404 | 410 | 422 => Some(Self::None),
            401 | 403 => Some(Self::Forbidden),
            408 | 504 => Some(Self::TimedOut),
            status => Some(Self::Failed {
                why: format!("status {status}"),
            }),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found => f.write_str("found"),
            Self::None => f.write_str("none"),
            Self::Forbidden => f.write_str("forbidden"),
            Self::RateLimited { until } => {
                // The report needs no fractions of seconds.
                write!(f, "rate-limited until {}", until.round(Unit::Second).unwrap_or(*until))
            }
            Self::TimedOut => f.write_str("timed out"),
            Self::Offline => f.write_str("not asked: offline"),
            Self::Unreadable { why } => write!(f, "unreadable: {why}"),
            Self::Failed { why } => write!(f, "failed: {why}"),
        }
    }
}
