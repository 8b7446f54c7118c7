//! Where GitHub is, and the URLs below it.

use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use url::Url;

/// Where GitHub is: the public one, an Enterprise server, or a test server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubUrls {
    /// The site, where release assets are downloaded: `https://github.com/`.
    pub web: Url,
    /// The REST API: `https://api.github.com/`, or `https://HOST/api/v3/` of an Enterprise server.
    pub api: Url,
}

impl GithubUrls {
    /// The GitHub whose site is at `web`: `https://github.com/` with its API at `api.github.com`, `https://NAME.ghe.com/` with
    /// its API at `api.NAME.ghe.com`, and any other as an Enterprise server with its API below `/api/v3/`.
    ///
    /// `None` if `web` is no http or https URL.
    #[must_use]
    pub fn of_site(web: &Url) -> Option<Self> {
        let host = web.host_str().filter(|_| matches!(web.scheme(), "http" | "https"))?;
        let mut api = web.clone();
        api.set_query(None);
        api.set_fragment(None);
        if host == "github.com" || host.ends_with(".ghe.com") {
            api.set_host(Some(&format!("api.{host}"))).ok()?;
            api.set_path("/");
        } else {
            api.path_segments_mut().ok()?.pop_if_empty().extend(["api", "v3", ""]);
        }
        Some(Self { web: web.clone(), api })
    }

    /// Whether a repository is here: on the public GitHub, which these URLs stand for unless they are another's, or on the
    /// site's own host.
    pub(crate) fn serves(&self, repository: &SourceRepository) -> bool {
        repository.is_github() || self.web.host_str() == Some(repository.host())
    }

    /// The download of a release's asset.
    pub(crate) fn asset(&self, repository: &SourceRepository, tag: &str, asset: &str) -> Option<Url> {
        let (owner, name) = (repository.owner(), repository.name());
        below(&self.web, &[owner, name, "releases", "download", tag, asset])
    }

    /// The API's description of a release.
    pub(crate) fn release(&self, repository: &SourceRepository, tag: &str) -> Option<Url> {
        let (owner, name) = (repository.owner(), repository.name());
        below(&self.api, &["repos", owner, name, "releases", "tags", tag])
    }

    /// The first page of the attestations about a digest.
    pub(crate) fn attestations(&self, repository: &SourceRepository, digest: &Sha256Digest) -> Option<Url> {
        if !self.serves(repository) {
            return None;
        }
        let (owner, name) = (repository.owner(), repository.name());
        let subject = format!("sha256:{digest}");
        let mut url = below(&self.api, &["repos", owner, name, "attestations", &subject])?;
        url.query_pairs_mut().append_pair("per_page", "100");
        Some(url)
    }
}

/// `base` with path segments added, each percent-encoded, so that none can reach out of its place. `None` if a segment
/// is empty, `.` or `..` or holds control characters (the URL parser drops line ends, which could leave `..`), or if
/// `base` cannot have a path.
fn below(base: &Url, segments: &[&str]) -> Option<Url> {
    let unfit = |segment: &&str| ["", ".", ".."].contains(segment) || segment.contains(char::is_control);
    if segments.iter().any(unfit) {
        return None;
    }
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(web: &str) -> GithubUrls {
        GithubUrls {
            web: web.parse().unwrap(),
            api: "https://api.example/v3/".parse().unwrap(),
        }
    }

    #[test]
    fn segments_are_encoded_and_stay_in_their_place() {
        let repository = SourceRepository::github("o", "r").unwrap();
        let asset = |web, tag| urls(web).asset(&repository, tag, "a b.intoto.jsonl").map(String::from);
        let download = "https://github.example/o/r/releases/download";
        for (tag, encoded) in [
            ("v1.0", "v1.0"),
            ("foo@1.0", "foo@1.0"),
            ("foo/1.0", "foo%2F1.0"),
            ("../../x", "..%2F..%2Fx"),
            ("1?x#y%2e", "1%3Fx%23y%252e"),
            ("1.0+local", "1.0+local"),
            ("é", "%C3%A9"),
        ] {
            let expected = format!("{download}/{encoded}/a%20b.intoto.jsonl");
            assert_eq!(asset("https://github.example", tag), Some(expected), "{tag:?}");
        }
        for tag in ["", ".", "..", ".\n.", "1.0\n", "\t"] {
            assert_eq!(asset("https://github.example", tag), None);
        }
        assert_eq!(
            asset("https://ghe.example/x/?q#f", "1").unwrap(),
            "https://ghe.example/x/o/r/releases/download/1/a%20b.intoto.jsonl"
        );
        assert_eq!(asset("data:x", "1"), None);
    }

    #[test]
    fn the_api_of_a_site_is_known() {
        for (site, api) in [
            ("https://github.com/", "https://api.github.com/"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com/"),
            ("https://git.acme.example/", "https://git.acme.example/api/v3/"),
            ("http://127.0.0.1:8080/sub/?x", "http://127.0.0.1:8080/sub/api/v3/"),
            ("https://evilghe.com/", "https://evilghe.com/api/v3/"),
        ] {
            let urls = GithubUrls::of_site(&site.parse().unwrap()).unwrap();
            assert_eq!(urls.api.as_str(), api);
        }
        assert_eq!(GithubUrls::of_site(&"file:///x".parse().unwrap()), None);
    }

    #[test]
    fn repositories_of_the_site_are_here() {
        let enterprise = urls("https://git.acme.example/");
        let serves = |text: &str| enterprise.serves(&text.parse().unwrap());
        assert!(serves("git.acme.example/o/r") && serves("github.com/o/r"));
        assert!(!serves("gitlab.com/o/r"));
    }

    #[test]
    fn the_api_has_its_own_base() {
        let repository = SourceRepository::github("o", "r").unwrap();
        let urls = urls("https://github.example");
        assert_eq!(
            urls.release(&repository, "v1").unwrap().as_str(),
            "https://api.example/v3/repos/o/r/releases/tags/v1"
        );
        let digest = Sha256Digest::from_bytes([0xab; 32]);
        assert_eq!(
            urls.attestations(&repository, &digest).unwrap().as_str(),
            format!("https://api.example/v3/repos/o/r/attestations/sha256:{digest}?per_page=100")
        );
    }
}
