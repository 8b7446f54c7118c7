//! What can go wrong with a request. URLs are stored redacted, so no variant can show a secret.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why a request gave no usable answer. `url` is always redacted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Requests are switched off.
    #[error("`{url}` was not asked: offline")]
    Offline {
        /// What would have been asked.
        url: String,
    },
    /// Nothing arrived in time, or the whole answer took too long.
    #[error("`{url}` did not answer within {} s", .after.as_secs_f32())]
    Timeout {
        /// What was asked.
        url: String,
        /// The limit that was passed.
        after: Duration,
    },
    /// A download that trickles.
    #[error("`{url}` sends too slowly: {received} bytes in {} s", .after.as_secs())]
    TooSlow {
        /// What was asked.
        url: String,
        /// Bytes so far.
        received: u64,
        /// Time so far.
        after: Duration,
    },
    /// The body is larger than the caller reads.
    #[error("the answer of `{url}` is larger than the limit of {limit} bytes")]
    TooLarge {
        /// What was asked.
        url: String,
        /// Limit in bytes, after decompression.
        limit: u64,
    },
    /// No connection.
    #[error("cannot connect to `{url}`: {reason}")]
    Connect {
        /// What was asked.
        url: String,
        /// The network's own words.
        reason: String,
    },
    /// No connection, and an earlier request of this client has tried often enough.
    #[error("`{url}` was not asked again: {reason}")]
    Unreachable {
        /// What would have been asked.
        url: String,
        /// The network's own words, of the earlier request.
        reason: String,
    },
    /// The server's certificate or the TLS handshake failed.
    #[error("no trusted TLS connection to `{url}`: {reason}")]
    Tls {
        /// What was asked.
        url: String,
        /// TLS's own words.
        reason: String,
    },
    /// The connection broke, or the answer is no HTTP.
    #[error("the connection to `{url}` failed: {reason}")]
    Transport {
        /// What was asked.
        url: String,
        /// The network's own words.
        reason: String,
    },
    /// Fewer bytes than announced.
    #[error("the answer of `{url}` is truncated: {received} of {expected} bytes")]
    Truncated {
        /// What was asked.
        url: String,
        /// `Content-Length`.
        expected: u64,
        /// Bytes that arrived.
        received: u64,
    },
    /// The body's encoding is unknown, broken, or was not asked for.
    #[error("the answer of `{url}` has an unusable content encoding: {reason}")]
    Encoding {
        /// What was asked.
        url: String,
        /// What does not fit.
        reason: String,
    },
    /// A status that is no success.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A login is wanted; the one that was asked for is wrong, or could not be had.
    #[error("`{url}` wants a login (status 401): {why}")]
    Login {
        /// What was asked.
        url: String,
        /// What is wrong with it; no secret.
        why: String,
    },
    /// A redirect that is not followed.
    #[error("`{url}` redirects: {why}")]
    Redirect {
        /// The URL that redirected.
        url: String,
        /// Why it is not followed.
        why: RedirectProblem,
    },
    /// A URL or redirect of a stranger that leads into a private network, or to this machine.
    #[error("`{url}` is not asked: it is in a private network, and what names it is not")]
    Private {
        /// What would have been asked.
        url: String,
    },
    /// Neither https nor of this machine, where it must be.
    #[error("`{url}` is not encrypted")]
    Unencrypted {
        /// What was to be asked.
        url: String,
    },
    /// Not an http or https URL.
    #[error("`{url}` is neither an http nor an https URL")]
    Scheme {
        /// What was to be asked.
        url: String,
    },
    /// A range answer that does not fit the question.
    #[error("`{url}` answered a range request wrongly: {reason}")]
    Range {
        /// What was asked.
        url: String,
        /// What does not fit.
        reason: String,
    },
    /// The file system refused the download's file.
    #[error("cannot write `{}`", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The client's settings are unusable: certificates, proxy, user agent.
    #[error("unusable network settings: {reason}")]
    Settings {
        /// What does not fit.
        reason: String,
    },
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectProblem {
    /// More hops than allowed.
    #[error("more than {limit} times in a row")]
    TooMany {
        /// Most hops.
        limit: usize,
    },
    /// From https to http.
    #[error("from https to http, to `{to}`")]
    Downgrade {
        /// Redacted target.
        to: String,
    },
    /// To something that is neither https nor of this machine, where it must be.
    #[error("to `{to}`, which is not encrypted")]
    Unencrypted {
        /// Redacted target.
        to: String,
    },
    /// To something that is not http or https.
    #[error("to `{to}`, which is neither http nor https")]
    Scheme {
        /// Redacted target.
        to: String,
    },
    /// Without a `Location` that can be read.
    #[error("without a readable `Location`")]
    NoTarget,
}

impl HttpError {
    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. } | Self::Connect { .. } | Self::Transport { .. } | Self::Truncated { .. }
        )
    }

    /// What went wrong, without the URL where that is shown beside it anyway.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Connect { reason, .. } | Self::Unreachable { reason, .. } => format!("cannot connect: {reason}"),
            Self::Transport { reason, .. } => format!("the connection failed: {reason}"),
            Self::Tls { reason, .. } => format!("no trusted TLS connection: {reason}"),
            other => other.to_string(),
        }
    }

    /// The status, where the failure is one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Login { .. } => Some(401),
            _ => None,
        }
    }

    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Offline { .. } => {
                Some("leave out `--offline`, or give the file with `--find-links` or `--provenance-dir`")
            }
            Self::Timeout { .. } | Self::TooSlow { .. } => {
                Some("check the network and the proxy; `--timeout SECONDS` waits longer")
            }
            Self::Connect { .. } | Self::Unreachable { .. } | Self::Transport { .. } => {
                Some("check the address, the network and the proxy")
            }
            Self::Tls { .. } => {
                Some("if a company proxy or a private index has its own authority, give it with `--cert FILE`")
            }
            Self::Status { status: 401 | 403, .. } => {
                Some("check user name, password or token; they can be part of the index URL")
            }
            Self::Login { .. } => Some(
                "set the password anew: `keyring set INDEX-URL USER`; or give it in a netrc file and leave keyring out: `--keyring-provider disabled`",
            ),
            Self::Status { status: 407, .. } => {
                Some("the proxy wants credentials: `--proxy http://USER:PASSWORD@HOST`")
            }
            Self::Status { status: 429, .. } => Some("the server limits requests; try again later"),
            Self::Redirect { .. } => Some("check the URL; a login page or a wrong proxy may redirect"),
            Self::File { .. } => Some("check the directory's permissions and free space"),
            Self::Settings { .. } => Some("check `--cert`, `--client-cert` and `--proxy`"),
            _ => None,
        }
    }
}
