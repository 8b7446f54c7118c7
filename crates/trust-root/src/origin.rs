//! Where a trusted root comes from, and how old it is.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Where a trusted root comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file that the user named.
    File(PathBuf),
    /// Compiled in.
    Embedded {
        /// The day it was taken.
        taken: Date,
    },
    /// From its repository, so recently that it counts as fresh.
    Fresh {
        /// When the repository was last asked.
        refreshed: Timestamp,
    },
    /// Kept from an earlier refresh, and not fresh any more.
    Cached {
        /// When the repository was last asked.
        refreshed: Timestamp,
    },
}

impl Origin {
    /// When the copy was known to be the newest; `None` for a file, of which nobody knows.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        match self {
            Self::File(_) => None,
            Self::Embedded { taken } => taken.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp()),
            Self::Fresh { refreshed } | Self::Cached { refreshed } => Some(*refreshed),
        }
    }

    /// In a few words, as of `now`: `TUF, refreshed 3 hours ago`.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> String {
        let age = |since| age(since, now);
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Embedded { taken } => {
                let old = self
                    .as_of()
                    .map_or_else(|| "of unknown age".to_owned(), |since| format!("{} old", age(since)));
                format!("embedded copy of {taken}, {old}")
            }
            Self::Fresh { refreshed } => format!("TUF, refreshed {} ago", age(*refreshed)),
            Self::Cached { refreshed } => format!("cache, {} old", age(*refreshed)),
        }
    }

    /// Which copy it is, whatever its age.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Embedded { taken } => format!("embedded copy of {taken}"),
            Self::Fresh { .. } | Self::Cached { .. } => "kept copy".to_owned(),
        }
    }

    /// One word for machines: `file`, `embedded`, `tuf` or `cache`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Embedded { .. } => "embedded",
            Self::Fresh { .. } => "tuf",
            Self::Cached { .. } => "cache",
        }
    }
}

/// `3 hours`, `12 days`; a time in the future is as good as none.
fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs();
    let (count, unit) = match seconds {
        ..0 => return "an unknown time".to_owned(),
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_unit_that_fits() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (since, words) in [
            ("2026-11-23T12:00:00Z", "0 seconds"),
            ("2026-11-23T11:59:00Z", "1 minute"),
            ("2026-11-23T09:00:00Z", "3 hours"),
            ("2026-11-22T11:00:00Z", "25 hours"),
            ("2026-11-11T12:00:00Z", "12 days"),
            ("2026-11-23T12:00:01Z", "an unknown time"),
        ] {
            assert_eq!(age(since.parse().unwrap(), now), words);
        }
        let embedded = Origin::Embedded {
            taken: jiff::civil::date(2026, 10, 23),
        };
        assert_eq!(embedded.describe(now), "embedded copy of 2026-10-23, 31 days old");
    }
}
