//! Whom an entry is for: every package, those whose names begin alike, or one.

use std::fmt;
use std::str::FromStr;

use slsa_pip_distribution::PackageName;

/// Whom a table is for, from the least specific to the most.
///
/// A group is all names with one beginning, so that of two groups one holds the other or they share nothing: which of several
/// tables is the most specific for a package is never in doubt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `[defaults]`: every package.
    All,
    /// `[packages."acme-*"]`: every package whose normalised name begins with this.
    Group(String),
    /// `[packages.NAME]`: one package.
    Package(PackageName),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPattern {
    /// A `*` in another place than the end.
    #[error("`{0}` is no pattern that is known here: `*` stands at the end, for any rest of a name")]
    Star(String),
    /// Nothing but `*`.
    #[error("`*` alone is every package")]
    Everything,
    /// What stands before the `*` begins no name.
    #[error("no name begins with `{0}`")]
    Prefix(String),
}

impl Scope {
    /// The scope of a group, `PREFIX*`. Case, `-`, `_` and `.` make no difference, as in names.
    pub(crate) fn group(pattern: &str) -> Result<Self, InvalidPattern> {
        let shown = || pattern.chars().take(80).collect();
        let prefix = match pattern.strip_suffix('*') {
            Some("") => return Err(InvalidPattern::Everything),
            Some(prefix) if !prefix.contains(['*', '?', '[']) => prefix,
            _ => return Err(InvalidPattern::Star(shown())),
        };
        // Some name with this beginning, normalised; its own last letter is cut off again.
        let name = PackageName::from_str(&format!("{prefix}x")).map_err(|_| InvalidPattern::Prefix(shown()))?;
        let mut prefix = name.as_str().to_owned();
        prefix.pop();
        Ok(Self::Group(prefix))
    }

    /// Whether a package is meant by it.
    #[must_use]
    pub fn contains(&self, name: &PackageName) -> bool {
        match self {
            Self::All => true,
            Self::Group(prefix) => name.as_str().starts_with(prefix),
            Self::Package(package) => package == name,
        }
    }

    /// The beginning that all names in it share.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::All => "",
            Self::Group(prefix) => prefix,
            Self::Package(name) => name.as_str(),
        }
    }

    /// The table's name, as it is written below `[packages]`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::All => "defaults".to_owned(),
            Self::Group(prefix) => format!("{prefix}*"),
            Self::Package(name) => name.to_string(),
        }
    }
}

impl fmt::Display for Scope {
    /// The table's header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("[defaults]"),
            Self::Group(prefix) => write!(f, "[packages.\"{prefix}*\"]"),
            Self::Package(name) => write!(f, "[packages.{name}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_beginning() {
        let group = Scope::group("Acme_*").unwrap();
        assert_eq!(group.to_string(), "[packages.\"acme-*\"]");
        for (name, inside) in [
            ("acme-new", true),
            ("Acme.New", true),
            ("acme", false),
            ("acmeevil", false),
        ] {
            assert_eq!(group.contains(&name.parse().unwrap()), inside, "{name}");
        }
        assert_eq!(Scope::group("acme-._*").unwrap(), group);
        assert!(Scope::group("acme*").unwrap().contains(&"acmeevil".parse().unwrap()));
        for bad in ["*", "*-acme", "a*b", "a**", "acme-", "-*", "a b*", "ä*", "a?*", "[a]*"] {
            assert!(Scope::group(bad).is_err(), "{bad}");
        }
    }
}
