//! The Integrity API (PEP 740), and the JSON API's project URLs.

use std::collections::BTreeMap;

use serde::Deserialize;
use slsa_pip_http::{Caching, Get};
use url::Url;

use crate::client::IndexClient;
use crate::error::IndexError;
use crate::page::printable;
use crate::types::{IndexFile, IntegrityAnswer};

const ACCEPT: &str = "application/vnd.pypi.integrity.v1+json";
/// Largest provenance object, in bytes; real ones have 10 to 50 kB for each attestation.
const MAX_PROVENANCE: u64 = 8 * 1024 * 1024;
/// Largest answer of the JSON API; those of single versions stay below 1 MB.
const MAX_PROJECT_JSON: u64 = 8 * 1024 * 1024;
/// Most project URLs that are looked at, and the longest of them.
const MAX_PROJECT_URLS: usize = 64;
const MAX_URL_LEN: usize = 2048;

impl IndexClient {
    /// Asks for a file's provenance object: at the URL that its entry names, else at the Integrity API of its index.
    ///
    /// # Errors
    /// Failed requests and statuses other than 200, 403, 404, 406 and 410.
    pub async fn integrity_provenance(&self, file: &IndexFile) -> Result<IntegrityAnswer, IndexError> {
        let Some(url) = file.provenance.as_deref().cloned().or_else(|| integrity_url(file)) else {
            return Ok(IntegrityAnswer::NotOffered);
        };
        // The page names the URL: a public index must not make this machine ask its own network.
        let get = Get::new(&url, MAX_PROVENANCE).accept(Some(ACCEPT));
        let get = get.caching(Caching::Evidence).guard(&file.index_url);
        let answer = self.http().fetch(&get).await?;
        Ok(match answer.status {
            404 | 410 => IntegrityAnswer::None { url },
            403 => IntegrityAnswer::Disabled { url },
            406 => IntegrityAnswer::Unusable {
                url,
                reason: "it does not serve version 1 of provenance objects".to_owned(),
            },
            _ => {
                let answer = answer.success()?;
                if is_json_object(&answer.body) {
                    IntegrityAnswer::Found {
                        bytes: answer.body,
                        url,
                    }
                } else {
                    self.http().forget(&get).await;
                    let kind = printable(answer.header("content-type").unwrap_or("unknown type"));
                    IntegrityAnswer::Unusable {
                        url,
                        reason: format!("it answered with {kind} instead of a JSON object"),
                    }
                }
            }
        })
    }

    /// The project URLs that the JSON API of the file's index names for its version, as (label, URL), and the home page as
    /// `Home-page`. Unsigned: they may tell where to look for evidence.
    ///
    /// Empty if the index has no JSON API, or one that cannot be read, and for files that are on no index.
    ///
    /// # Errors
    /// Failed requests, and the statuses of servers that cannot answer now: 408, 429 and those from 500 on.
    pub async fn project_json(&self, file: &IndexFile) -> Result<Vec<(String, String)>, IndexError> {
        let version = file.filename.version().to_string();
        let parts = ["pypi", file.filename.name().as_str(), &version, "json"];
        let Some(url) = beside_simple(&file.index_url, &parts) else {
            return Ok(Vec::new());
        };
        let get = Get::new(&url, MAX_PROJECT_JSON).accept(Some("application/json"));
        let answer = self.http().fetch(&get.caching(Caching::Standard)).await?;
        let cannot_answer = matches!(answer.status, 408 | 429 | 500..);
        if !answer.is_success() && !cannot_answer {
            return Ok(Vec::new());
        }
        let answer = answer.success()?;
        Ok(project_urls(&answer.body))
    }
}

/// Whether a body can be a JSON object at all; the provenance parser says whether it is one.
fn is_json_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

fn integrity_url(file: &IndexFile) -> Option<Url> {
    let version = file.filename.version().to_string();
    let parts = [
        "integrity",
        file.filename.name().as_str(),
        &version,
        file.filename.as_str(),
        "provenance",
    ];
    beside_simple(&file.index_url, &parts)
}

/// A URL below the index's root, which is its URL without `simple/` at the end.
fn beside_simple(index: &Url, parts: &[&str]) -> Option<Url> {
    if !matches!(index.scheme(), "http" | "https") {
        return None;
    }
    let root = index.path().strip_suffix("/simple/")?;
    let mut url = index.clone();
    url.set_path(root);
    url.path_segments_mut().ok()?.pop_if_empty().extend(parts);
    Some(url)
}

#[derive(Deserialize)]
struct ProjectJson {
    info: Info,
}

#[derive(Deserialize)]
struct Info {
    project_urls: Option<BTreeMap<String, Option<String>>>,
    home_page: Option<String>,
}

pub(crate) fn project_urls(body: &[u8]) -> Vec<(String, String)> {
    let Ok(ProjectJson { info }) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let named = info.project_urls.unwrap_or_default();
    let named = named.into_iter().filter_map(|(label, url)| Some((label, url?)));
    let home = info.home_page.map(|url| ("Home-page".to_owned(), url));
    named
        .chain(home)
        .filter(|(label, url)| !url.is_empty() && url.len() <= MAX_URL_LEN && label.len() <= MAX_URL_LEN)
        .take(MAX_PROJECT_URLS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_beside_the_simple_index() {
        let at = |index: &str| beside_simple(&Url::parse(index).unwrap(), &["integrity", "a b", "x"]).map(String::from);
        assert_eq!(
            at("https://index.example/simple/").unwrap(),
            "https://index.example/integrity/a%20b/x"
        );
        assert_eq!(
            at("https://index.example/root/dev/simple/").unwrap(),
            "https://index.example/root/dev/integrity/a%20b/x"
        );
        assert_eq!(at("https://index.example/root/dev/"), None);
        assert_eq!(at("file:///wheels/simple/"), None);
    }

    #[test]
    fn hostile_project_urls_are_bounded() {
        let long = "h".repeat(MAX_URL_LEN + 1);
        let body = format!(
            r#"{{"info":{{"project_urls":{{"a":"{long}","b":null,"c":"https://x.example"}},"home_page":""}}}}"#
        );
        assert_eq!(
            project_urls(body.as_bytes()),
            [("c".to_owned(), "https://x.example".to_owned())]
        );
        for broken in ["", "[]", r#"{"info":{"project_urls":[]}}"#, "<html>"] {
            assert_eq!(project_urls(broken.as_bytes()), [], "{broken}");
        }
    }
}
