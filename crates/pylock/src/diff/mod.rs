//! What differs between two locks, and what of it a reviewer must look at.
//!
//! Only what the files say is compared; nothing is verified, and a file may say what it likes. Installing verifies.

mod compare;
mod snapshot;

pub use compare::compare;
pub use snapshot::{Basis, Entry, Snapshot};

use slsa_pip_distribution::PackageName;

/// How much a difference matters, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// What an attack looks like: to be understood before the change is accepted.
    Alarm,
    /// What a reviewer should know.
    Look,
    /// What an ordinary update brings.
    Note,
}

/// One difference of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// Stable kebab-case code.
    pub code: &'static str,
    /// What has changed, in words of this program alone.
    pub what: &'static str,
    /// What the old lock says.
    pub old: Option<String>,
    /// What the new lock says.
    pub new: Option<String>,
}

/// What became of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Only the new lock has it.
    Added,
    /// Only the old lock has it.
    Removed,
    /// Both have it.
    Changed,
}

/// All differences of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The project.
    pub name: PackageName,
    /// What became of it.
    pub status: Status,
    /// The old version.
    pub old_version: Option<String>,
    /// The new version.
    pub new_version: Option<String>,
    /// The differences, the most urgent first; never empty.
    pub findings: Vec<Finding>,
}

impl Weight {
    /// The word of reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Look => "look",
            Self::Note => "note",
        }
    }
}

impl Status {
    /// The word of reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

impl Change {
    /// The weight of the most urgent difference.
    #[must_use]
    pub fn weight(&self) -> Weight {
        self.findings
            .iter()
            .map(|finding| finding.weight)
            .min()
            .unwrap_or(Weight::Note)
    }
}
