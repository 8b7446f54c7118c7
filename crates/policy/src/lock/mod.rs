//! `slsa-pip.lock.toml`: who stood behind each package when it was last accepted.
//!
//! Pure, and read as strictly as a policy: whatever is not understood is an error with its position. What is written is sorted
//! and stable, so that a review shows what has changed and nothing else.

mod read;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, Version};

use crate::continuity::{Previous, compare};
use crate::errors::PolicyErrors;
use crate::identity::Identity;

/// Largest lock that is read, in bytes: room for several thousand packages.
pub const MAX_LOCK_LEN: usize = 4 * 1024 * 1024;
/// Most release lines of one package; each but the newest was accepted by hand.
pub const MAX_LINES: usize = 32;

/// The lock as read. The default is empty.
#[derive(Debug, Clone, Default)]
pub struct Lock {
    /// How reports name the file.
    label: String,
    /// The release lines of each package, the oldest first; none is empty.
    packages: BTreeMap<PackageName, Vec<Entry>>,
}

impl PartialEq for Lock {
    /// Whether both say the same, whatever they are called.
    fn eq(&self, other: &Self) -> bool {
        self.packages == other.packages
    }
}

/// What was accepted last of one release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The release.
    pub version: Version,
    /// The file that was accepted; its name says which kind it is.
    pub file: DistributionFilename,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// When it was accepted, in whole seconds.
    pub accepted: Timestamp,
    /// Why it was accepted.
    pub by: AcceptedBy,
    /// The kind of place that the evidence was found in, as reports name it.
    pub evidence: String,
    /// That place.
    pub found_at: String,
    /// Who stood behind it.
    pub identity: Identity,
}

/// Why an identity was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcceptedBy {
    /// Nothing was recorded before: it was trusted on first use.
    FirstUse,
    /// It continues what was recorded before.
    Continuity,
    /// Somebody has looked at it: `slsa-pip policy accept`.
    Review,
    /// The policy pins what it was made by.
    Policy,
}

impl AcceptedBy {
    const ALL: [Self; 4] = [Self::FirstUse, Self::Continuity, Self::Review, Self::Policy];

    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::Continuity => "continuity",
            Self::Review => "review",
            Self::Policy => "policy",
        }
    }
}

impl Lock {
    /// An empty lock that reports call `label`.
    #[must_use]
    pub fn empty(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            packages: BTreeMap::new(),
        }
    }

    /// Reads a lock's text; `label` is how reports name the file.
    ///
    /// # Errors
    /// All mistakes at once, as [`crate::Policy::parse`] tells them.
    pub fn parse(text: &str, label: &str) -> Result<Self, PolicyErrors> {
        read::lock(text, label)
    }

    /// The text, sorted by name and version; [`Lock::parse`] reads the same lock from it.
    ///
    /// *Not checked*: that it is short enough and that every value may stand in it; whoever writes it reads it first.
    #[must_use]
    pub fn to_text(&self) -> String {
        write::lock(self)
    }

    /// The release lines of a package, the oldest first.
    #[must_use]
    pub fn lines(&self, name: &PackageName) -> &[Entry] {
        self.packages.get(name).map_or(&[], Vec::as_slice)
    }

    /// All packages with their release lines, sorted by name.
    pub fn packages(&self) -> impl Iterator<Item = (&PackageName, &[Entry])> {
        self.packages.iter().map(|(name, lines)| (name, lines.as_slice()))
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// What a release is compared with, one of which it must continue: the newest line, where it is as new or newer; else the
    /// line above it, and the one below it. None if nothing is recorded.
    ///
    /// So an old line that somebody has accepted goes on by itself, and never speaks for what is newer than every record.
    #[must_use]
    pub fn previous(&self, name: &PackageName, version: &Version) -> Vec<Previous> {
        self.neighbours(name, version)
            .into_iter()
            .map(|entry| Previous {
                identity: entry.identity.clone(),
                version: entry.version.clone(),
                recorded_at: format!("{}: [[packages.{name}]] {}", self.label, entry.version),
                recorded: true,
                wanted: version.clone(),
                wanted_yanked: false,
                yanked: false,
                attested_near: Vec::new(),
            })
            .collect()
    }

    fn neighbours(&self, name: &PackageName, version: &Version) -> Vec<&Entry> {
        let lines = self.lines(name);
        let below = lines.iter().rfind(|entry| entry.version < *version);
        match lines.iter().find(|entry| entry.version >= *version) {
            Some(entry) if entry.version == *version => vec![entry],
            Some(above) => std::iter::once(above).chain(below).collect(),
            None => below.into_iter().collect(),
        }
    }

    /// Records a release that was accepted, where that says anything new: a package that was not there, a newer release of a
    /// line, stronger evidence. `false` if nothing is changed.
    ///
    /// # Errors
    /// If it continues no line; nothing is changed then.
    pub fn record(&mut self, name: &PackageName, entry: Entry) -> Result<bool, NotContinued> {
        let Some(previous) = self.continued(name, &entry)? else {
            self.packages.entry(name.clone()).or_default().push(entry);
            return Ok(true);
        };
        let is_newer = entry.version > previous;
        let lines = self.packages.entry(name.clone()).or_default();
        let Some(line) = lines.iter_mut().find(|line| line.version == previous) else {
            return Ok(false);
        };
        // Of an older release than the recorded one there is nothing to learn, nor of the same one again.
        let says_more = is_newer || (entry.version == previous && is_stronger(&entry.identity, &line.identity));
        if says_more {
            *line = Entry {
                by: AcceptedBy::Continuity,
                ..entry
            };
        }
        Ok(says_more)
    }

    /// The version of the line that a release continues; `None` if nothing is recorded of the package.
    fn continued(&self, name: &PackageName, entry: &Entry) -> Result<Option<Version>, NotContinued> {
        let neighbours = self.neighbours(name, &entry.version);
        let continues = |line: &&&Entry| {
            let is_older = entry.version < line.version;
            compare(&line.identity, &entry.identity, is_older).is_ok()
        };
        match neighbours.iter().find(continues) {
            Some(line) => Ok(Some(line.version.clone())),
            None if neighbours.is_empty() => Ok(None),
            None => Err(NotContinued(name.clone())),
        }
    }

    /// Records a release that somebody has looked at, or that policy pins, whatever was recorded before: in place of the newest line
    /// if it is as new or newer, else as a line of its own.
    pub fn accept(&mut self, name: &PackageName, entry: Entry) {
        let lines = self.packages.entry(name.clone()).or_default();
        match lines.last_mut() {
            Some(newest) if newest.version <= entry.version => *newest = entry,
            _ => {
                lines.retain(|line| line.version != entry.version);
                lines.push(entry);
                lines.sort_by(|a, b| a.version.cmp(&b.version));
            }
        }
    }
}

/// Another identity is recorded by now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("another identity is recorded for `{0}` by now")]
pub struct NotContinued(PackageName);

/// Whether it continues the other one and is not continued by it, so that there is something to record.
fn is_stronger(found: &Identity, recorded: &Identity) -> bool {
    compare(recorded, found, false).is_ok() && compare(found, recorded, false).is_err()
}
