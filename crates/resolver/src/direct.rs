//! Files that the user named by URL or path (`name @ https://host.example/name-1-py3-none-any.whl`).

use std::collections::BTreeMap;

use slsa_pip_distribution::{PackageName, Requirement, Sha256Digest};
use url::Url;

use crate::request::Request;

/// The URLs that requirements and constraints of the user name, each once. Such a project has no other releases, as with
/// pip: its page on the index is not even asked for.
pub(crate) fn links(request: &Request) -> BTreeMap<PackageName, Vec<(Url, Requirement)>> {
    let mut links: BTreeMap<PackageName, Vec<(Url, Requirement)>> = BTreeMap::new();
    let written = request.requirements.iter().chain(&request.constraints);
    for requirement in written.filter(|it| it.applies(&request.env, None)) {
        let Some(url) = requirement.url() else {
            continue;
        };
        let known = links.entry(requirement.name().clone()).or_default();
        if !known.iter().any(|(link, _)| same_file(link, url)) {
            known.push((url.clone(), requirement.clone()));
        }
    }
    links
}

/// Whether two URLs stand for the same file: everything but credentials is equal, and of the fragment the digests.
pub(crate) fn same_file(a: &Url, b: &Url) -> bool {
    let digests = |url: &Url| {
        let fragment = url.fragment().unwrap_or_default();
        let mut digests: Vec<String> = fragment
            .split('&')
            .filter(|part| {
                part.split_once('=')
                    .is_some_and(|(key, _)| !matches!(key, "egg" | "subdirectory"))
            })
            .map(str::to_ascii_lowercase)
            .collect();
        digests.sort();
        digests
    };
    a.scheme() == b.scheme()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
        && a.path() == b.path()
        && a.query() == b.query()
        && digests(a) == digests(b)
}

/// The sha256 in the fragment of a URL.
pub(crate) fn digest(url: &Url) -> Option<Sha256Digest> {
    let mut parts = url.fragment()?.split('&');
    parts.find_map(|part| part.strip_prefix("sha256=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        let base = url("https://host.example/a.whl#sha256=ab&egg=a");
        for same in [
            "https://host.example/a.whl#sha256=AB",
            "https://user:pass@host.example:443/a.whl#egg=b&sha256=ab",
        ] {
            assert!(same_file(&base, &url(same)), "{same}");
        }
        for other in [
            "https://host.example/a.whl",
            "https://host.example/a.whl#sha256=cd",
            "http://host.example/a.whl#sha256=ab",
            "https://host.example:8443/a.whl#sha256=ab",
            "https://host.example/a.whl?x#sha256=ab",
            "https://other.example/a.whl#sha256=ab",
        ] {
            assert!(!same_file(&base, &url(other)), "{other}");
        }
    }
}
