//! Fetching evidence files, side by side and within one budget, and saying what came back.

use bytes::Bytes;
use futures_util::future::join_all;
use slsa_pip_http::{Response, redact};
use slsa_pip_provenance::{Located, Problem, parse_provenance};
use url::Url;

use crate::answer::{Answer, Asked, ReleaseAnswer};
use crate::github::Github;
use crate::{MAX_BUNDLE_BYTES, MAX_EVIDENCE_BYTES, MAX_TOTAL_BYTES, bundle};

/// What is fetched side by side of each file. Real ones have 10 to 50 kB; larger ones are fetched one by one, so that many
/// large ones are not in memory at once.
const SIDE_BY_SIDE: u64 = 1 << 20;

/// One place, what it answered, and the body of a success.
pub(crate) struct Fetched {
    pub(crate) url: Url,
    pub(crate) result: Result<Response, Miss>,
}

/// An answer that is no success.
pub(crate) struct Miss {
    pub(crate) answer: Answer,
    pub(crate) status: Option<u16>,
    /// There is more of it than was asked for.
    pub(crate) too_large: bool,
}

impl Miss {
    pub(crate) fn new(answer: Answer) -> Self {
        Self {
            answer,
            status: None,
            too_large: false,
        }
    }
}

impl Fetched {
    pub(crate) fn asked(&self, answer: Answer) -> Asked {
        Asked {
            location: redact(&self.url),
            answer,
        }
    }
}

/// Where evidence files lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among a release's assets.
    Assets,
    /// Where the attestations API says, perhaps compressed.
    Bundles,
}

impl Place {
    fn limit(self) -> u64 {
        match self {
            Self::Assets => MAX_EVIDENCE_BYTES,
            Self::Bundles => MAX_BUNDLE_BYTES,
        }
    }
}

/// A place that was asked, and the evidence found there.
type Brought = (Asked, Option<(Url, Bytes)>);

impl Github {
    /// Fetches evidence files and records each in the order given. One with `Found` holds at least one attestation.
    pub(crate) async fn collect(&self, place: Place, urls: Vec<Url>, answer: &mut ReleaseAnswer) {
        let small = urls.into_iter().map(async |url| {
            let brought = self.evidence(place, url.clone(), SIDE_BY_SIDE).await;
            (url, brought)
        });
        for (url, brought) in join_all(small).await {
            let (asked, found) = match brought {
                Some(brought) => brought,
                None => self.large(place, url, answer).await,
            };
            answer.asked.push(asked);
            answer.evidence_files.extend(found);
        }
    }

    async fn large(&self, place: Place, url: Url, answer: &ReleaseAnswer) -> Brought {
        let refused = |why: String| Asked {
            location: redact(&url),
            answer: Answer::Unreadable { why },
        };
        if answer.is_full() {
            return (
                refused(format!("more than {MAX_TOTAL_BYTES} bytes were found before it")),
                None,
            );
        }
        let limit = place.limit();
        match self.evidence(place, url.clone(), limit).await {
            Some(brought) => brought,
            None => (refused(format!("it is larger than {limit} bytes")), None),
        }
    }

    /// `None` if it is larger than `limit` bytes.
    async fn evidence(&self, place: Place, url: Url, limit: u64) -> Option<Brought> {
        let fetched = match place {
            Place::Assets => self.ask_web(url, limit).await,
            Place::Bundles => self.ask_elsewhere(url, limit).await,
        };
        let response = match &fetched.result {
            Ok(response) => response,
            Err(miss) if miss.too_large => return None,
            Err(miss) => return Some((fetched.asked(miss.answer.clone()), None)),
        };
        let body = match place {
            Place::Assets => Ok(response.body.clone()),
            Place::Bundles => bundle::decode(&response.body, response.header("content-type")),
        };
        Some(match body.and_then(|body| readable(&body).map(|()| body)) {
            Ok(body) => (fetched.asked(Answer::Found), Some((shown(fetched.url), body))),
            Err(why) => {
                if place == Place::Assets {
                    self.forget_web(&fetched.url).await;
                }
                (fetched.asked(Answer::Unreadable { why }), None)
            }
        })
    }
}

impl ReleaseAnswer {
    /// Whether as much was found as is held in memory.
    pub(crate) fn is_full(&self) -> bool {
        let held: usize = self.evidence_files.iter().map(|(_, bytes)| bytes.len()).sum();
        held as u64 >= MAX_TOTAL_BYTES
    }
}

/// Whether a content holds an attestation; if not, why. An error page with status 200 does not.
fn readable(body: &[u8]) -> Result<(), String> {
    let parsed = parse_provenance(body);
    match parsed.problems.first() {
        Some(Located { item, .. }) if parsed.attestations.is_empty() => Err(match item {
            Problem::Json(_) if body.trim_ascii_start().starts_with(b"<") => "it is a web page".to_owned(),
            other => other.to_string(),
        }),
        _ => Ok(()),
    }
}

/// A URL without what may be secret in it.
fn shown(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for URLs without a host, and this one was asked.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}
