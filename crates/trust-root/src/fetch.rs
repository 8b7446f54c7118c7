//! Requests to a TUF repository, and which of its answers mean that it cannot be reached.

use slsa_pip_http::{Client, Get, HttpError, redact};
use url::Url;

use crate::limits::SILENCE;
use crate::problem::Problem;

/// Why a file was not had.
#[derive(Debug)]
pub(crate) enum FetchError {
    /// No answer, or one that says that the server is in trouble: an older copy may be used instead.
    Unreachable(String),
    /// A wrong answer: nothing may be used instead.
    Refused(Problem),
}

impl From<Problem> for FetchError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// A client for metadata: the same certificates and proxy as `http`, with little patience and no repetitions.
pub(crate) fn client(http: &Client) -> Result<Client, HttpError> {
    let mut settings = http.settings().clone();
    settings.timeout = settings.timeout.min(SILENCE);
    settings.retries = 0;
    // An answer from a cache would be taken for the repository's own.
    settings.cache = None;
    Client::new(settings)
}

/// A repository's files, bounded in size.
pub(crate) struct Fetch<'a> {
    pub(crate) client: &'a Client,
    pub(crate) base: &'a Url,
}

impl Fetch<'_> {
    /// A file that must be there.
    pub(crate) async fn required(&self, name: &str, limit: u64) -> Result<String, FetchError> {
        match self.get(name, limit).await? {
            Ok(text) => Ok(text),
            Err(status) => Err(FetchError::Refused(Problem::Missing {
                file: name.to_owned(),
                status,
            })),
        }
    }

    /// A file that may not be there: object stores say so with 404, or with 403 where nobody may list them.
    pub(crate) async fn optional(&self, name: &str, limit: u64) -> Result<Option<String>, FetchError> {
        match self.get(name, limit).await? {
            Ok(text) => Ok(Some(text)),
            Err(403 | 404) => Ok(None),
            Err(status) => Err(FetchError::Refused(Problem::Missing {
                file: name.to_owned(),
                status,
            })),
        }
    }

    /// The text of a success, or the status of what is none.
    async fn get(&self, name: &str, limit: u64) -> Result<Result<String, u16>, FetchError> {
        let malformed = |why: String| {
            FetchError::Refused(Problem::Malformed {
                what: name.to_owned(),
                why,
            })
        };
        let url = self.base.join(name).map_err(|error| malformed(error.to_string()))?;
        // Signed or not, an answer must not lead into the private network. The login that an address names is the client's.
        let answer = match self.client.fetch(&Get::new(&url, limit).guard(self.base)).await {
            Ok(answer) => answer,
            Err(HttpError::TooLarge { limit, .. }) => {
                return Err(FetchError::Refused(Problem::TooLarge {
                    file: name.to_owned(),
                    limit,
                }));
            }
            Err(
                error @ (HttpError::Encoding { .. }
                | HttpError::Redirect { .. }
                | HttpError::Private { .. }
                | HttpError::Scheme { .. }
                | HttpError::Unencrypted { .. }
                | HttpError::Range { .. }),
            ) => return Err(malformed(error.to_string())),
            Err(error) => return Err(FetchError::Unreachable(error.reason())),
        };
        match answer.status {
            200..300 => match String::from_utf8(answer.body.to_vec()) {
                Ok(text) => Ok(Ok(text)),
                Err(error) => Err(malformed(error.to_string())),
            },
            // "Try later", in the words of servers and proxies.
            status @ (408 | 425 | 429 | 500..600) => Err(FetchError::Unreachable(format!(
                "`{}` answered with status {status}",
                redact(&url)
            ))),
            status => Ok(Err(status)),
        }
    }
}
