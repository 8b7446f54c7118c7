//! Requirements (PEP 508), read from users and from hostile metadata.

use std::fmt;
use std::str::FromStr;

use crate::name::PackageName;

/// Longest requirement that is read.
pub const MAX_REQUIREMENT_LEN: usize = 8 * 1024;

/// The name of an extra; PEP 685 normalises it exactly as PEP 503 does project names.
pub type ExtraName = PackageName;

/// A requirement that parsed: project, extras, versions, marker.
#[derive(Debug, Clone)]
pub struct Requirement {
    inner: pep508_rs::Requirement,
    name: PackageName,
}

/// Why a text is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a valid requirement: {why}")]
pub struct InvalidRequirement {
    /// The text as it was given, cut to a printable length.
    pub given: String,
    /// What does not fit.
    pub why: String,
}

impl Requirement {
    /// Project name.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The parsed requirement of `pep508_rs`, for the resolver.
    #[must_use]
    pub fn as_pep508(&self) -> &pep508_rs::Requirement {
        &self.inner
    }
}

impl FromStr for Requirement {
    type Err = InvalidRequirement;

    fn from_str(given: &str) -> Result<Self, InvalidRequirement> {
        let invalid = |why: String| InvalidRequirement {
            given: given.chars().take(120).collect(),
            why,
        };
        if given.len() > MAX_REQUIREMENT_LEN {
            return Err(invalid("it is too long".to_owned()));
        }
        let inner = pep508_rs::Requirement::from_str(given).map_err(|error| invalid(error.to_string()))?;
        let name = inner
            .name
            .to_string()
            .parse()
            .map_err(|_| invalid("its project name is not valid".to_owned()))?;
        Ok(Self { inner, name })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
