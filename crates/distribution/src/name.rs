//! Project names, normalised as PEP 503 asks.

use std::fmt;
use std::str::FromStr;

/// Longest project name that is read; the index refuses longer ones.
pub const MAX_NAME_LEN: usize = 256;

/// A project name in the normalised form of PEP 503: lower case, runs of `-`, `_` and `.` folded to one `-`.
///
/// Two names compare equal exactly if the index treats them as the same project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageName(String);

/// Why a text is not a project name (PEP 508, `identifier`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not a valid project name: letters, digits, `.`, `-` and `_` only, beginning and ending with a letter or digit"
)]
pub struct InvalidName {
    /// The text as it was given, cut to a printable length.
    pub given: String,
}

impl PackageName {
    /// The normalised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as wheel and sdist file names spell it (`-` becomes `_`).
    #[must_use]
    pub fn as_filename_part(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for PackageName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            given: given.chars().take(80).collect(),
        };
        let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let edges_valid = alphanumeric(given.chars().next()) && alphanumeric(given.chars().next_back());
        let chars_valid = given
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if given.len() > MAX_NAME_LEN || !edges_valid || !chars_valid {
            return Err(invalid());
        }
        let mut normalised = String::with_capacity(given.len());
        for c in given.chars() {
            match c {
                '-' | '_' | '.' if normalised.ends_with('-') => {}
                '-' | '_' | '.' => normalised.push('-'),
                c => normalised.push(c.to_ascii_lowercase()),
            }
        }
        Ok(Self(normalised))
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text::serde_as_text!(PackageName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_pep_503_asks() {
        for spelling in [
            "Friendly-Bard",
            "friendly.bard",
            "FRIENDLY_BARD",
            "friendly--.bard",
            "FrIeNdLy-._.-bArD",
        ] {
            assert_eq!(
                spelling.parse::<PackageName>().unwrap().as_str(),
                "friendly-bard",
                "{spelling}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in [
            "",
            "-a",
            "a-",
            "a b",
            "a/b",
            "ä",
            "../x",
            "a\n",
            &"a".repeat(MAX_NAME_LEN + 1),
        ] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
        }
    }
}
