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
