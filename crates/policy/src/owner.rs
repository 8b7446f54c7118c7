//! An owner of source repositories, all of which are accepted.

use std::fmt;
use std::str::FromStr;

use slsa_pip_distribution::SourceRepository;

/// An account or a group on a source host: every repository of it is accepted.
///
/// Parsed from `github.com/OWNER` or `gitlab.com/GROUP[/SUBGROUP]`. Compared as repositories are: case-insensitively on GitHub.
#[derive(Debug, Clone)]
pub struct Owner {
    host: String,
    path: String,
}

/// Why a text names no owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` does not name an owner of repositories: {why}")]
pub struct InvalidOwner {
    /// The text as it was given, cut to a printable length.
    pub given: String,
    /// What does not fit.
    pub why: &'static str,
}

impl Owner {
    /// Host, lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a repository is one of this owner's; on GitLab also one of a group below it.
    #[must_use]
    pub fn owns(&self, repository: &SourceRepository) -> bool {
        if repository.host() != self.host {
            return false;
        }
        let owner = repository.owner();
        if repository.is_github() {
            return owner.eq_ignore_ascii_case(&self.path);
        }
        owner
            .strip_prefix(&self.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether all that another owner has is this one's too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        format!("{other}/x").parse().is_ok_and(|any| self.owns(&any))
    }
}

impl FromStr for Owner {
    type Err = InvalidOwner;

    fn from_str(given: &str) -> Result<Self, InvalidOwner> {
        let invalid = |why| InvalidOwner {
            given: given.chars().take(120).collect(),
            why,
        };
        let text = given.strip_prefix("https://").unwrap_or(given);
        let text = text.strip_suffix('/').unwrap_or(text);
        let (host, path) = text
            .split_once('/')
            .ok_or_else(|| invalid("write `github.com/OWNER` or `gitlab.com/GROUP`"))?;
        // A repository of this owner has the same parts and one more: what is allowed in them is decided in one place.
        let any: SourceRepository = format!("{host}/{path}/x").parse().map_err(
            |error: slsa_pip_distribution::repository::InvalidRepository| {
                if host.eq_ignore_ascii_case("github.com") && path.contains('/') {
                    invalid("an owner on GitHub is `github.com/OWNER`; one repository is named by `repository`")
                } else {
                    invalid(error.why)
                }
            },
        )?;
        Ok(Self {
            host: any.host().to_owned(),
            path: any.owner().to_owned(),
        })
    }
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.covers(other) && other.covers(self)
    }
}
impl Eq for Owner {}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_its_own_repositories_and_no_look_alikes() {
        let owner = |text: &str| text.parse::<Owner>().unwrap();
        let owns = |text: &str, repository: &str| owner(text).owns(&repository.parse().unwrap());
        assert!(owns("github.com/Acme", "acme/tools"));
        assert!(owns("https://github.com/acme/", "github.com/ACME/x"));
        assert!(owns("gitlab.com/acme", "gitlab.com/acme/sub/x"));
        for (text, other) in [
            ("github.com/acme", "acme-evil/tools"),
            ("github.com/acme", "acm/e"),
            ("github.com/acme", "gitlab.com/acme/tools"),
            ("github.com/acme", "github.com.evil.example/acme/tools"),
            ("gitlab.com/acme", "gitlab.com/acme2/x"),
            ("gitlab.com/acme", "gitlab.com/Acme/x"),
            ("gitlab.com/acme/sub", "gitlab.com/acme/x"),
        ] {
            assert!(!owns(text, other), "{text} {other}");
        }
        assert!(owner("gitlab.com/a").covers(&owner("gitlab.com/a/b")));
        assert!(!owner("gitlab.com/a/b").covers(&owner("gitlab.com/a")));
        assert_eq!(owner("github.com/ACME"), owner("github.com/acme"));
        for bad in [
            "",
            "acme",
            "github.com/",
            "github.com/acme/tools",
            "github.com/*",
            "/acme",
            "github.com/a b",
            "https://u:p@github.com/a",
        ] {
            assert!(bad.parse::<Owner>().is_err(), "{bad:?}");
        }
    }
}
