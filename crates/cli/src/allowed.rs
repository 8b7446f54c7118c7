//! Where policy lets files come from: `[defaults] indexes`, and `index` of a package.
//!
//! Looked at before anything is asked: the configured indexes, the places of `--find-links`, and the URLs and paths that
//! requirements and constraints name, whoever wrote them. A place belongs to an index if it is the index, or lies below it.
//!
//! Where no index is asked at all (`--no-index`, `--offline`), what lies on this machine may be taken: the user has put it there.
//! What lies elsewhere may not, since a requirements file can say `--no-index --find-links URL` too.

use std::path::Path;

use slsa_pip_distribution::{PackageName, Requirement};
use slsa_pip_http::redact;
use slsa_pip_pip::Probe;
use slsa_pip_policy::Policy;
use slsa_pip_verify::{Code, Refusal};
use url::Url;

/// Longest part of a place that is shown.
const MAX_SHOWN: usize = 300;

/// One refusal for each place that policy does not allow, in the order in which they were configured or written.
///
/// *Not looked at*: where an allowed index says that its files are, and where it redirects.
pub(crate) fn refused(policy: &Policy, probe: &Probe, offline: bool) -> Vec<Refusal> {
    let asks_none = probe.no_index || offline;
    let configured: Vec<&Url> = if asks_none {
        Vec::new()
    } else {
        probe.index_url.iter().chain(&probe.extra_index_urls).collect()
    };
    let rules = Rules {
        policy,
        asks_none: configured.is_empty(),
    };
    let mut refused: Vec<Refusal> = configured.iter().filter_map(|index| rules.index(index)).collect();
    refused.extend(probe.find_links.iter().filter_map(|text| rules.links(text)));
    for parsed in &probe.requirements {
        // One that cannot be read is refused for that, later.
        let requirement = parsed.requirement.parse::<Requirement>().ok();
        let applying = requirement.filter(|it| it.applies(&probe.markers, None));
        refused.extend(applying.and_then(|it| rules.direct(it.name(), it.url()?, &parsed.origin)));
    }
    refused
}

/// The refusal of a file that a lock names, unless the lock claims an allowed index for it; one that is named by its URL alone must
/// lie below an allowed index. No index is asked for it, so that what lies on this machine may be taken.
///
/// *Not looked at*: whether the index has ever had it. Hash and provenance say what it is.
pub(crate) fn of_lock(
    policy: &Policy,
    name: &PackageName,
    claimed: Option<&Url>,
    url: &Url,
    label: &str,
) -> Option<Refusal> {
    let allowed = match policy.index(name) {
        Some(assigned) => std::slice::from_ref(assigned),
        None => policy.allowed_indexes(),
    };
    let is_allowed = match claimed {
        Some(claimed) => allowed.iter().any(|open| same(open, claimed)),
        None => allowed.iter().any(|open| within(open, url)),
    };
    if allowed.is_empty() || url.scheme() == "file" || is_allowed {
        return None;
    }
    let summary = format!("policy takes `{name}` from other indexes than {label} names");
    let hint = format!("lock it again under this policy: slsa-pip lock … -o {label}");
    let place = redact(claimed.unwrap_or(url));
    Some(refusal(&place, Some(name), &summary, allowed, Some(hint)))
}

struct Rules<'a> {
    policy: &'a Policy,
    /// Whether no index is asked.
    asks_none: bool,
}

impl Rules<'_> {
    /// A configured index. One that a package, or a group, is assigned to may be there for that alone.
    fn index(&self, index: &Url) -> Option<Refusal> {
        let allowed = self.policy.allowed_indexes();
        let is_assigned = || self.policy.indexes_of_packages().any(|assigned| same(assigned, index));
        if allowed.is_empty() || allowed.iter().any(|open| same(open, index)) || is_assigned() {
            return None;
        }
        let hint = first(allowed).map(|open| {
            format!("name an index that policy allows: `--index-url {open}`; or add this one to `[defaults] indexes`")
        });
        Some(refusal(
            &redact(index),
            None,
            "policy does not allow this index",
            allowed,
            hint,
        ))
    }

    /// A place of `--find-links`.
    fn links(&self, text: &str) -> Option<Refusal> {
        let allowed = self.policy.allowed_indexes();
        if allowed.is_empty() {
            return None;
        }
        let remote = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let (is_allowed, shown) = match &remote {
            Some(url) => (allowed.iter().any(|open| within(open, url)), redact(url)),
            None => (self.asks_none, Path::new(text).display().to_string()),
        };
        let hint = "leave `--find-links` out; folders of this machine may be used with `--no-index` or `--offline`";
        (!is_allowed).then(|| {
            refusal(
                &shown,
                None,
                "policy takes files from its indexes alone, and not from these links",
                allowed,
                Some(hint.to_owned()),
            )
        })
    }

    /// A file that a requirement names.
    fn direct(&self, name: &PackageName, url: &Url, origin: &str) -> Option<Refusal> {
        let assigned = self.policy.index(name);
        let allowed = match assigned {
            Some(assigned) => std::slice::from_ref(assigned),
            None => self.policy.allowed_indexes(),
        };
        let is_here = url.scheme() == "file" && self.asks_none;
        if allowed.is_empty() || is_here || allowed.iter().any(|open| within(open, url)) {
            return None;
        }
        let summary = match assigned {
            Some(_) => format!("policy takes `{name}` from one index alone, and {origin} names a file elsewhere"),
            None => format!("policy takes files from its indexes alone, and {origin} names one elsewhere"),
        };
        let hint = format!("ask for it by its version, `{name}==VERSION`, so that it is taken from the index");
        Some(refusal(&redact(url), Some(name), &summary, allowed, Some(hint)))
    }
}

fn refusal(
    place: &str,
    package: Option<&PackageName>,
    summary: &str,
    allowed: &[Url],
    hint: Option<String>,
) -> Refusal {
    let shown: Vec<String> = allowed.iter().map(redact).collect();
    let code = Code::IndexNotAllowed;
    Refusal {
        code,
        rule: code.rule(),
        package: package.map(ToString::to_string),
        file: place.chars().take(MAX_SHOWN).collect(),
        summary: summary.to_owned(),
        expected: Some(shown.join(" or ")),
        found: Some(place.chars().take(MAX_SHOWN).collect()),
        source: None,
        hint,
    }
}

fn first(allowed: &[Url]) -> Option<String> {
    allowed.first().map(redact)
}

/// Whether two URLs are those of one index: everything but login, query, fragment and a `/` at the end is equal.
fn same(a: &Url, b: &Url) -> bool {
    same_server(a, b) && a.path().trim_end_matches('/') == b.path().trim_end_matches('/')
}

/// Whether a URL is that of an index, or lies below it. One that hides a `/` or `\` in its path lies nowhere.
fn within(index: &Url, url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let base = index.path().trim_end_matches('/');
    let below = url
        .path()
        .strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    same_server(index, url) && below && !path.contains("%2f") && !path.contains("%5c")
}

fn same_server(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_index_is_known_by_its_url_without_login() {
        let index = url("https://index.example/simple/");
        for equal in [
            "https://index.example/simple",
            "https://user:pass@index.example:443/simple/?x#y",
            "https://INDEX.example/simple/",
        ] {
            assert!(same(&index, &url(equal)), "{equal}");
        }
        for other in [
            "http://index.example/simple/",
            "https://index.example:8443/simple/",
            "https://index.example/simple/foo/",
            "https://index.example/",
            "https://index.example.evil.example/simple/",
            "https://index.example@evil.example/simple/",
        ] {
            assert!(!same(&index, &url(other)), "{other}");
        }
    }

    #[test]
    fn what_lies_below_an_index_belongs_to_it() {
        let index = url("https://index.example/simple/");
        for below in [
            "https://index.example/simple",
            "https://index.example/simple/foo/foo-1-py3-none-any.whl",
        ] {
            assert!(within(&index, &url(below)), "{below}");
        }
        for beside in [
            "https://index.example/simple/../evil/foo-1-py3-none-any.whl",
            "https://index.example/simple/%2e%2e/evil/foo-1-py3-none-any.whl",
            "https://index.example/simple/..%2fevil/foo-1-py3-none-any.whl",
            "https://index.example/simple/..%5Cevil/foo-1-py3-none-any.whl",
            "https://index.example/simplest/foo-1-py3-none-any.whl",
            "https://evil.example/simple/foo-1-py3-none-any.whl",
            "file:///simple/foo-1-py3-none-any.whl",
        ] {
            assert!(!within(&index, &url(beside)), "{beside}");
        }
    }
}
