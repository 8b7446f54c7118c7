//! Prepared roots, and everything that is to be said about them.

use std::fmt;

use jiff::Timestamp;
use slsa_pip_verify::TrustRoots;
use url::Url;

use crate::describe::{Contents, RoleState};
use crate::error::LoadError;
use crate::origin::Origin;

/// Trusted roots, and where they come from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The prepared roots.
    pub roots: TrustRoots,
    /// One per instance: the public-good one (or the user's own) first.
    pub parts: Vec<Part>,
    /// What the user should know: a copy that is not fresh, with its age; a cache that could not be written.
    pub notes: Vec<String>,
    /// Requests made.
    pub requests: u64,
}

/// One instance's trusted root.
#[derive(Clone)]
#[non_exhaustive]
pub struct Part {
    /// `public-good`, `github` or `custom`.
    pub name: &'static str,
    /// Its repository; `None` for a file.
    pub url: Option<Url>,
    /// Where this copy comes from.
    pub origin: Origin,
    /// Versions and expiry of the TUF metadata that vouches for it; empty where none was kept.
    pub roles: Vec<RoleState>,
    pub(crate) json: String,
}

impl Loaded {
    pub(crate) fn new(roots: TrustRoots, parts: Vec<Part>) -> Self {
        Self {
            roots,
            parts,
            notes: Vec::new(),
            requests: 0,
        }
    }

    /// Where the roots come from and how old they are, in one line: `TUF, refreshed 3 hours ago`.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> String {
        let words: Vec<(&str, String)> = self
            .parts
            .iter()
            .map(|part| (part.name, part.origin.describe(now)))
            .collect();
        match words.split_first() {
            None => String::new(),
            Some(((_, first), rest)) if rest.iter().all(|(_, other)| other == first) => first.clone(),
            Some(_) => {
                let each: Vec<String> = words.iter().map(|(name, words)| format!("{name}: {words}")).collect();
                each.join("; ")
            }
        }
    }
}

impl Part {
    pub(crate) fn plain(name: &'static str, url: Option<Url>, origin: Origin, json: String) -> Self {
        Self {
            name,
            url,
            origin,
            roles: Vec::new(),
            json,
        }
    }

    /// The document itself, as a file that [`crate::from_file`] reads.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The authorities and logs in it.
    ///
    /// # Errors
    /// If the document cannot be read; those of a [`Loaded`] can.
    pub fn contents(&self) -> Result<Contents, LoadError> {
        Contents::read(&self.json, &self.origin)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("url", &self.url.as_ref().map(slsa_pip_http::redact))
            .field("origin", &self.origin)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
