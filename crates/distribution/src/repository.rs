//! Source repositories, as users, policies, certificates and package metadata spell them (VERIFICATION.md E1).

use std::fmt;
use std::str::FromStr;

/// A source repository: host, owner path and name, without scheme, credentials, `.git`, ref or query.
///
/// Compared ASCII case-insensitively on `github.com`, as GitHub itself does, and exactly elsewhere (the host always
/// case-insensitively). Displayed in the spelling that was given, as `host/owner/name`.
#[derive(Debug, Clone)]
pub struct SourceRepository {
    host: String,
    path: String,
}

/// Why a text names no source repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` does not name a source repository: {why}")]
pub struct InvalidRepository {
    /// The text as it was given, without credentials, cut to a printable length.
    pub given: String,
    /// What does not fit.
    pub why: &'static str,
}

/// GitHub's host, the default where a repository is written `owner/name`.
pub const GITHUB: &str = "github.com";

impl SourceRepository {
    /// A repository on GitHub; both parts must be valid GitHub names.
    ///
    /// # Errors
    /// If a part is empty or holds other characters than letters, digits, `.`, `-` and `_`.
    pub fn github(owner: &str, name: &str) -> Result<Self, InvalidRepository> {
        format!("{GITHUB}/{owner}/{name}").parse()
    }

    /// Host, lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `owner/name`; on hosts with groups, the owner may itself have several parts.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Owner, without the repository's name.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(owner, _)| owner)
    }

    /// The repository's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name)
    }

    /// Whether it is on GitHub.
    #[must_use]
    pub fn is_github(&self) -> bool {
        self.host == GITHUB
    }

    /// The `https://` URL, as certificates write it (claim 1.12).
    #[must_use]
    pub fn https_url(&self) -> String {
        format!("https://{}/{}", self.host, self.path)
    }

    /// Finds the repository that a project URL of package metadata points into, such as
    /// `https://github.com/o/r/issues` or `https://github.com/o/r#readme`. Only GitHub's and GitLab's shapes are known.
    #[must_use]
    pub fn from_project_url(url: &str) -> Option<Self> {
        Self::from_project_url_at(url, None)
    }

    /// [`Self::from_project_url`] with the host of a GitHub Enterprise server as well, whose URLs have GitHub's shape; its port
    /// does not count.
    #[must_use]
    pub fn from_project_url_at(url: &str, enterprise: Option<&str>) -> Option<Self> {
        let url = url.trim();
        let rest = strip_scheme(url)?;
        let rest = rest.split(['#', '?']).next()?;
        let mut parts = rest.split('/');
        let host = parts.next()?.rsplit('@').next()?.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        if host != GITHUB && host != "gitlab.com" && enterprise.is_none_or(|known| !known.eq_ignore_ascii_case(host)) {
            return None;
        }
        let (owner, name) = (parts.next()?, parts.next()?);
        if matches!(
            owner,
            "sponsors" | "orgs" | "topics" | "users" | "apps" | "marketplace" | "settings"
        ) {
            return None;
        }
        format!("{host}/{owner}/{name}").parse().ok()
    }

    fn key(&self) -> (&str, String) {
        let path = if self.is_github() {
            self.path.to_ascii_lowercase()
        } else {
            self.path.clone()
        };
        (&self.host, path)
    }
}

/// Removes `git+` and a URL scheme; `None` if there is no scheme that git repositories are written with.
fn strip_scheme(url: &str) -> Option<&str> {
    let url = url.strip_prefix("git+").unwrap_or(url);
    let (scheme, rest) = url.split_once("://")?;
    matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http" | "ssh" | "git").then_some(rest)
}

impl FromStr for SourceRepository {
    type Err = InvalidRepository;

    fn from_str(given: &str) -> Result<Self, InvalidRepository> {
        let shown = || {
            given
                .rsplit_once('@')
                .map_or(given, |(_, rest)| rest)
                .chars()
                .take(120)
                .collect()
        };
        let invalid = |why| InvalidRepository { given: shown(), why };
        let has_scheme = given.contains("://");
        let location = if has_scheme {
            let rest = strip_scheme(given).ok_or_else(|| invalid("only https, http, ssh and git URLs are known"))?;
            // `git@host` is a user name of ssh; anything else before `@` would be a secret or a ref, neither belongs here.
            rest.strip_prefix("git@").unwrap_or(rest).to_owned()
        } else if let Some(scp) = given.strip_prefix("git@") {
            scp.replacen(':', "/", 1)
        } else {
            given.to_owned()
        };
        if location.contains(['@', '?', '#', ' ', '%', '\\', ':']) {
            return Err(invalid(
                "it must be plain `host/owner/name`, without credentials, port, ref or query",
            ));
        }
        let location = location.strip_suffix('/').unwrap_or(&location);
        let location = location.strip_suffix(".git").unwrap_or(location);
        if location.strip_suffix(".git").is_some() {
            // Written as a URL it would be read as the repository without the ending; no host allows such a name.
            return Err(invalid("a repository's name cannot end in `.git`"));
        }
        let mut parts: Vec<&str> = location.split('/').collect();
        if parts.len() == 2 && !has_scheme && !given.starts_with("git@") {
            // No owner on GitHub has a dot in its name: this is a host, and a name is missing.
            if parts.first().is_some_and(|first| first.contains('.')) {
                return Err(invalid("both an owner and a name are needed"));
            }
            parts.insert(0, GITHUB);
        }
        let part_valid = |part: &&str| {
            !["", ".", ".."].contains(part) && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if !parts.iter().all(part_valid) {
            return Err(invalid("its parts may hold letters, digits, `.`, `-` and `_` only"));
        }
        let [host, path @ ..] = parts.as_slice() else {
            return Err(invalid("it is empty"));
        };
        let host = host.to_ascii_lowercase();
        if !host.contains('.') {
            return Err(invalid("write `owner/name` for GitHub, or `host/owner/name`"));
        }
        match path.len() {
            2 => {}
            0 | 1 => return Err(invalid("both an owner and a name are needed")),
            _ if host == GITHUB => {
                return Err(invalid(
                    "a GitHub repository is `github.com/owner/name`, nothing below it",
                ));
            }
            _ => {}
        }
        Ok(Self {
            host,
            path: path.join("/"),
        })
    }
}

impl PartialEq for SourceRepository {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for SourceRepository {}
impl std::hash::Hash for SourceRepository {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for SourceRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

crate::text::serde_as_text!(SourceRepository);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_rule_e1_are_one_repository() {
        let expected: SourceRepository = "github.com/Acme/Foo".parse().unwrap();
        for spelling in [
            "acme/foo",
            "https://github.com/acme/foo",
            "https://github.com/acme/foo.git",
            "https://github.com/acme/foo/",
            "git+https://github.com/acme/foo",
            "git@github.com:acme/foo.git",
            "ssh://git@github.com/acme/foo",
            "GitHub.com/ACME/FOO",
        ] {
            assert_eq!(spelling.parse::<SourceRepository>().unwrap(), expected, "{spelling}");
        }
        assert_eq!(expected.to_string(), "github.com/Acme/Foo");
    }

    #[test]
    fn look_alikes_are_other_repositories_or_refused() {
        let expected: SourceRepository = "acme/foo".parse().unwrap();
        for other in [
            "acme/foo2",
            "acme-/foo",
            "github.com.evil.example/acme/foo",
            "gitlab.com/acme/foo",
            "evil.example/github.com/acme",
        ] {
            assert_ne!(other.parse::<SourceRepository>().unwrap(), expected, "{other}");
        }
        for bad in [
            "",
            "acme",
            "github.com/acme",
            "git.example/acme",
            "https://github.com/acme",
            "https://github.com/acme/foo/tree/main",
            "https://user:secret@github.com/acme/foo",
            "https://github.com/acme/foo?x",
            "https://github.com/acme/foo#x",
            "acme/foo@v1",
            "acme/../foo",
            "acme/foo.git.git",
            "https://gitlab.com/acme/foo.git.git/",
            "acme/.git",
            "file:///acme/foo",
            "https://github.com:443/acme/foo",
            "acme/fo%6f",
            "https://github.com\\acme/foo",
            "äcme/foo",
        ] {
            assert!(bad.parse::<SourceRepository>().is_err(), "{bad:?}");
        }
        let error = "https://user:secret@github.com/acme/foo"
            .parse::<SourceRepository>()
            .unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn gitlab_groups_nest_and_keep_their_case() {
        let nested: SourceRepository = "gitlab.com/a/b/c".parse().unwrap();
        assert_eq!((nested.owner(), nested.name()), ("a/b", "c"));
        assert_ne!(nested, "gitlab.com/A/b/c".parse().unwrap());
    }

    #[test]
    fn project_urls_are_cut_to_their_repository() {
        let found = |url| SourceRepository::from_project_url(url).map(|r| r.to_string());
        assert_eq!(
            found("https://github.com/o/r/issues?q=1").as_deref(),
            Some("github.com/o/r")
        );
        assert_eq!(
            found("http://www.github.com/o/r.git#readme").as_deref(),
            Some("github.com/o/r")
        );
        assert_eq!(found("https://github.com/sponsors/o"), None);
        assert_eq!(found("https://example.com/o/r"), None);
    }
}
