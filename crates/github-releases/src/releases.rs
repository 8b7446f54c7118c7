//! Evidence among a repository's release assets.

use bytes::Bytes;
use serde::Deserialize;
use slsa_pip_distribution::{PackageName, SourceRepository, Version};
use slsa_pip_provenance::{Statement, parse_provenance};
use url::Url;

use crate::answer::{Answer, ReleaseAnswer};
use crate::fetch::{Miss, Place};
use crate::github::Github;
use crate::list::{List, object};
use crate::tags::tags;
use crate::{MAX_ASSETS, MAX_LISTED, MAX_RELEASE_BYTES};

/// The asset that slsa-github-generator names when it is given several files.
const MULTIPLE: &str = "multiple.intoto.jsonl";

/// Endings of assets that may be evidence.
const ENDINGS: [&str; 3] = [".intoto.jsonl", ".sigstore", ".sigstore.json"];

/// Longest description of an asset that is looked into, in bytes; real ones have about 2 KiB.
const MAX_ASSET: usize = 64 * 1024;

/// Endings of distribution files.
const DISTRIBUTIONS: [&str; 3] = [".whl", ".tar.gz", ".zip"];

impl Github {
    /// Looks for evidence about one distribution file among the repository's release assets.
    ///
    /// Tags are tried in the groups of [`crate::tags()`], with the assets `multiple.intoto.jsonl` and
    /// `{filename}.intoto.jsonl`, which needs no API call and no token. The groups after the first that leads to an
    /// attestation naming the file are left out. If none does, the releases are listed by the API, those with such assets
    /// first, tag after tag until one exists, and its other `*.intoto.jsonl`, `*.sigstore` and `*.sigstore.json` are fetched,
    /// but for those of another distribution file. All URLs are built from the configured ones; none is taken from an answer.
    ///
    /// Repositories elsewhere than on this GitHub have no releases here: nothing is asked. Nothing found is verified, not even
    /// that it is about this file.
    pub async fn release_evidence(
        &self,
        repository: &SourceRepository,
        name: &PackageName,
        version: &Version,
        filename: &str,
        tag_template: Option<&str>,
    ) -> ReleaseAnswer {
        let mut answer = ReleaseAnswer::default();
        if !self.urls.serves(repository) {
            return answer;
        }
        let groups = tags(name, version, filename, tag_template);
        let own = format!("{filename}.intoto.jsonl");
        let direct = |tag: &str| [MULTIPLE, own.as_str()].map(|asset| self.urls.asset(repository, tag, asset));
        for group in &groups {
            let urls = group.iter().flat_map(|tag| direct(tag)).flatten();
            self.collect(Place::Assets, urls.collect(), &mut answer).await;
            if answer.names(filename) {
                return answer;
            }
        }
        let mut tags: Vec<&String> = groups.iter().flatten().collect();
        // A release that is known to exist is worth the first of few questions to the API.
        tags.sort_by_key(|tag| !direct(tag).iter().flatten().any(|url| answer.has_found(url)));
        for tag in tags {
            match self.list(repository, tag, &mut answer).await {
                Listing::Assets(names) => {
                    let urls = chosen(&names, filename).filter_map(|asset| self.urls.asset(repository, tag, asset));
                    let urls = urls.filter(|url| !answer.has_asked(url)).take(MAX_ASSETS);
                    let urls: Vec<Url> = urls.collect();
                    self.collect(Place::Assets, urls, &mut answer).await;
                    return answer;
                }
                Listing::Nothing => {}
                Listing::NoUse => return answer,
            }
        }
        answer
    }

    async fn list(&self, repository: &SourceRepository, tag: &str, answer: &mut ReleaseAnswer) -> Listing {
        let Some(url) = self.urls.release(repository, tag) else {
            return Listing::Nothing;
        };
        let fetched = self.ask_api(url, MAX_RELEASE_BYTES, answer).await;
        let (listing, said) = match &fetched.result {
            Ok(response) => match asset_names(&response.body) {
                Ok(names) => (Listing::Assets(names), Answer::Found),
                Err(why) => (Listing::NoUse, Answer::Unreadable { why }),
            },
            Err(Miss {
                answer: Answer::None, ..
            }) => (Listing::Nothing, Answer::None),
            Err(other) => (Listing::NoUse, other.answer.clone()),
        };
        answer.asked.push(fetched.asked(said));
        listing
    }
}

impl ReleaseAnswer {
    fn has_asked(&self, url: &Url) -> bool {
        let location = slsa_pip_http::redact(url);
        self.asked.iter().any(|asked| asked.location == location)
    }

    fn has_found(&self, url: &Url) -> bool {
        self.evidence_files.iter().any(|(found, _)| found == url)
    }

    /// Whether some attestation says that it is about a file of this name.
    fn names(&self, filename: &str) -> bool {
        self.evidence_files.iter().any(|(_, content)| names(content, filename))
    }
}

fn names(content: &Bytes, filename: &str) -> bool {
    let parsed = parse_provenance(content);
    let payloads = parsed.attestations.iter().filter_map(|located| located.item.payload());
    let mut subjects = payloads
        .filter_map(|payload| Statement::parse(payload).ok())
        .flat_map(|s| s.subjects);
    subjects.any(|subject| {
        let name = subject.name.unwrap_or_default();
        name.rsplit('/').next() == Some(filename)
    })
}

enum Listing {
    /// Names of a release's assets.
    Assets(Vec<String>),
    /// There is no such release.
    Nothing,
    /// The API cannot be asked now, for this tag or any other.
    NoUse,
}

/// A release as the API describes it, but for everything that is not needed: it may be large.
#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow)]
    assets: List<'a, MAX_LISTED>,
}

#[derive(Deserialize)]
struct Asset {
    name: String,
}

/// Names of the assets of a release, as the API describes it.
pub(crate) fn asset_names(body: &[u8]) -> Result<Vec<String>, String> {
    let release: Release<'_> = object(body, "the description of a release")?;
    let assets = release.assets.0;
    if assets.len() > MAX_LISTED {
        return Err(format!("it lists more than {MAX_LISTED} assets"));
    }
    let small = assets.iter().filter(|asset| asset.get().len() <= MAX_ASSET);
    let read = small.filter_map(|asset| object::<Asset>(asset.get().as_bytes(), "an asset").ok());
    Ok(read.map(|asset| asset.name).collect())
}

/// The assets that may be evidence about a file: those named after it first, none named after another distribution file.
pub(crate) fn chosen<'a>(names: &'a [String], filename: &str) -> impl Iterator<Item = &'a str> {
    let mut chosen: Vec<(bool, &str)> = names
        .iter()
        .filter_map(|name| {
            let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
            let own = stem == filename;
            let of_other = !own && DISTRIBUTIONS.iter().any(|ending| stem.ends_with(ending));
            (!of_other).then_some((!own, name.as_str()))
        })
        .collect();
    chosen.sort_by_key(|(other, _)| *other);
    chosen.into_iter().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_chosen_by_their_ending_and_whose_they_are() {
        let names = [
            "multiple.intoto.jsonl",
            "cp312.intoto.jsonl",
            "pywemo-1.4.0.intoto.jsonl",
            "a-1.0-py3-none-any.whl",
            "b-1.0-py3-none-any.whl.sigstore.json",
            "b-1.0.tar.gz.intoto.jsonl",
            "release.sigstore",
            "sbom.json",
            "a-1.0-py3-none-any.whl.sigstore.json",
            "intoto.jsonl",
        ]
        .map(str::to_owned);
        let chosen: Vec<&str> = chosen(&names, "a-1.0-py3-none-any.whl").collect();
        assert_eq!(
            chosen,
            [
                "a-1.0-py3-none-any.whl.sigstore.json",
                "multiple.intoto.jsonl",
                "cp312.intoto.jsonl",
                "pywemo-1.4.0.intoto.jsonl",
                "release.sigstore",
            ]
        );
    }

    #[test]
    fn the_description_of_a_release_is_read_for_names_only() {
        let body = br#"{"assets":[{"name":"a","browser_download_url":"https://evil.example/"},{"name":1},7]}"#;
        assert_eq!(asset_names(body).unwrap(), ["a"]);
        for bad in ["", "<html>", "[]", "{}", r#"{"assets":{}}"#] {
            assert!(asset_names(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
