//! GitHub's attestations API.

use bytes::Bytes;
use serde_json::{Value, json};
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_http::{Client, Response, redact, same_origin};
use slsa_pip_provenance::json as strict_json;
use url::Url;

use crate::answer::{Answer, Asked, ReleaseAnswer};
use crate::fetch::{Fetched, Place};
use crate::github::Github;
use crate::link;
use crate::urls::GithubUrls;
use crate::{MAX_BUNDLE_URLS, MAX_EVIDENCE_BYTES, MAX_PAGES};

impl Github {
    /// Asks the attestations API for the bundles about a digest.
    ///
    /// Pages are followed within the API's own origin only. A bundle that is not in the answer itself is fetched by its
    /// `bundle_url`, without the token, which never leaves the API; it may be compressed there with snappy.
    ///
    /// Each page's bundles come as one evidence file in the API's own shape, `{"attestations":[{"bundle":…}]}`. Nothing is
    /// verified, not even that a bundle is about this digest.
    pub async fn attestations(&self, repository: &SourceRepository, digest: &Sha256Digest) -> ReleaseAnswer {
        let mut answer = ReleaseAnswer::default();
        let mut next = self.urls.attestations(repository, digest);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return answer };
            let fetched = self.ask_api(url.clone(), MAX_EVIDENCE_BYTES, &mut answer).await;
            next = match &fetched.result {
                Ok(response) => {
                    let next = next_page(response, &url);
                    self.read_page(&fetched, &response.body, &mut answer).await;
                    next
                }
                Err(miss) => {
                    answer.asked.push(fetched.asked(miss.answer.clone()));
                    None
                }
            };
        }
        if let Some(url) = next {
            answer.asked.push(Asked {
                location: redact(&url),
                answer: Answer::Unreadable {
                    why: format!("there are more than {MAX_PAGES} pages"),
                },
            });
        }
        answer
    }

    /// Takes the bundles of one page and fetches those that lie elsewhere.
    async fn read_page(&self, fetched: &Fetched, body: &Bytes, answer: &mut ReleaseAnswer) {
        let (bundles, elsewhere) = match bundles(body, &fetched.url) {
            Ok(found) => found,
            Err(why) => return answer.asked.push(fetched.asked(Answer::Unreadable { why })),
        };
        let said = if bundles.is_empty() && elsewhere.is_empty() {
            Answer::None
        } else {
            Answer::Found
        };
        answer.asked.push(fetched.asked(said));
        if !bundles.is_empty() {
            let page = json!({"attestations": bundles}).to_string();
            let mut shown = fetched.url.clone();
            shown.set_query(None);
            answer.evidence_files.push((shown, Bytes::from(page)));
        }
        self.collect(Place::Bundles, elsewhere, answer).await;
    }
}

/// [`Github::attestations`] of a GitHub that is asked this once.
pub async fn attestations(
    http: &Client,
    base: &GithubUrls,
    repository: &SourceRepository,
    digest: &Sha256Digest,
    token: Option<&str>,
) -> ReleaseAnswer {
    let github = Github::new(http.clone(), base.clone(), token.map(str::to_owned));
    github.attestations(repository, digest).await
}

/// The bundles of a page, and the URLs of those that are not in it.
pub(crate) fn bundles(body: &[u8], page: &Url) -> Result<(Vec<Value>, Vec<Url>), String> {
    let mut value = strict_json::parse(body).map_err(|error| error.to_string())?;
    let Some(Value::Array(list)) = value.get_mut("attestations").map(Value::take) else {
        return Err("it is not a list of attestations".to_owned());
    };
    let (mut inline, mut elsewhere) = (Vec::new(), Vec::new());
    for mut item in list {
        match item.get_mut("bundle").map(Value::take) {
            Some(bundle) if bundle.is_object() => inline.push(json!({"bundle": bundle})),
            _ => elsewhere.extend(
                item.get("bundle_url")
                    .and_then(Value::as_str)
                    .and_then(|url| bundle_url(url, page)),
            ),
        }
    }
    elsewhere.truncate(MAX_BUNDLE_URLS);
    Ok((inline, elsewhere))
}

/// A bundle's own URL: https, unless the API itself is not (a test server).
fn bundle_url(text: &str, page: &Url) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    (url.scheme() == "https" || (url.scheme() == "http" && page.scheme() == "http")).then_some(url)
}

/// The next page that the `Link` header names, if it is of the page's own origin.
fn next_page(response: &Response, page: &Url) -> Option<Url> {
    let next = link::next(response.header("link")?)?;
    page.join(next).ok().filter(|url| same_origin(url, page))
}
