//! GitHub's attestations API.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_http::{Response, redact, same_origin};
use url::Url;

use crate::answer::{Answer, Asked, ReleaseAnswer};
use crate::fetch::{Fetched, Place};
use crate::github::Github;
use crate::link;
use crate::list::{List, object};
use crate::{MAX_BUNDLE_URLS, MAX_EVIDENCE_BYTES, MAX_PAGES, MAX_PER_PAGE};

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
        let mut pages = 0;
        while let Some(url) = next.take_if(|_| pages < MAX_PAGES && !answer.is_full()) {
            pages += 1;
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
                    why: format!("it is one of more pages than are read, or of more bytes: {pages} were read"),
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
            let page = page_of(&bundles);
            let mut shown = fetched.url.clone();
            shown.set_query(None);
            answer.evidence_files.push((shown, page));
        }
        self.collect(Place::Bundles, elsewhere, answer).await;
    }
}

/// A page of the API, its elements unread.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    attestations: List<'a, MAX_PER_PAGE>,
}

#[derive(Deserialize)]
struct Attestation<'a> {
    #[serde(borrow)]
    bundle: Option<&'a RawValue>,
    bundle_url: Option<String>,
}

/// A page with these bundles alone, in the API's own shape.
fn page_of(bundles: &[&RawValue]) -> Bytes {
    let (begin, before, after, end) = ("{\"attestations\":[", "{\"bundle\":", "}", "]}");
    let length = bundles
        .iter()
        .map(|bundle| bundle.get().len() + before.len() + after.len() + 1);
    let mut page = String::with_capacity(length.sum::<usize>() + begin.len() + end.len());
    page.push_str(begin);
    for (at, bundle) in bundles.iter().enumerate() {
        page.push_str(if at == 0 { "" } else { "," });
        page.push_str(before);
        page.push_str(bundle.get());
        page.push_str(after);
    }
    page.push_str(end);
    Bytes::from(page)
}

/// The bundles of a page, word for word and unread, and the URLs of those that are not in it.
pub(crate) fn bundles<'a>(body: &'a [u8], page: &Url) -> Result<(Vec<&'a RawValue>, Vec<Url>), String> {
    let list: Page<'a> = object(body, "a list of attestations")?;
    let list = list.attestations.0;
    if list.len() > MAX_PER_PAGE {
        return Err(format!("it lists more than {MAX_PER_PAGE} attestations"));
    }
    let (mut inline, mut elsewhere) = (Vec::new(), Vec::new());
    for item in list {
        let Ok(item) = object::<Attestation<'a>>(item.get().as_bytes(), "an attestation") else {
            continue;
        };
        match item.bundle {
            Some(bundle) if bundle.get().starts_with('{') => inline.push(bundle),
            _ => elsewhere.extend(item.bundle_url.and_then(|url| bundle_url(&url, page))),
        }
    }
    elsewhere.truncate(MAX_BUNDLE_URLS);
    Ok((inline, elsewhere))
}

/// A bundle's own URL: https, unless the API itself is not (a test server).
fn bundle_url(text: &str, page: &Url) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let may_be = url.scheme() == "https" || (url.scheme() == "http" && page.scheme() == "http");
    without_login(url).filter(|_| may_be)
}

/// A URL without user name and password: no answer has us log in anywhere.
fn without_login(mut url: Url) -> Option<Url> {
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// The next page that the `Link` header names, if it is of the page's own origin.
fn next_page(response: &Response, page: &Url) -> Option<Url> {
    let next = link::next(response.header("link")?)?;
    let next = page.join(next).ok().filter(|url| same_origin(url, page))?;
    // Of a relative link it is the page's own, which is configured.
    if next.username() == page.username() && next.password() == page.password() {
        return Some(next);
    }
    without_login(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_plant_credentials() {
        let page: Url = "https://api.example/x".parse().unwrap();
        let body = br#"{"attestations":[{"bundle":null,"bundle_url":"https://user:pw@bundles.example/b?s=1"}]}"#;
        let (_, elsewhere) = bundles(body, &page).unwrap();
        assert_eq!(elsewhere, ["https://bundles.example/b?s=1".parse().unwrap()]);
        assert_eq!(bundle_url("http://bundles.example/b", &page), None);
        assert_eq!(bundle_url("data:x", &page), None);
    }
}
