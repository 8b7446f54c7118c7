//! What became of the policy's exemptions in one run: the used ones always, and what is left of the others in few words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use slsa_pip_policy::{Exemption, Policy};
use slsa_pip_verify::Basis;

use crate::report::FileReport;

/// Expired exemptions that are listed one by one; of a policy for hundreds of packages the count says enough.
const MAX_LISTED: usize = 100;
/// Exemptions that notes speak of one by one.
const MAX_NOTED: usize = 5;

/// The exemptions of a policy, by what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Exemptions {
    /// Those that have let a file pass.
    pub(crate) used: Vec<Entry>,
    /// Those for a package of this run that have not, and have not run out.
    pub(crate) unused: Vec<Entry>,
    /// Those that have run out, whatever package they are for; at most [`MAX_LISTED`].
    pub(crate) expired: Vec<Entry>,
    /// How many have run out.
    pub(crate) expired_count: usize,
    /// How many are for packages that this run had nothing to do with, and have not run out.
    pub(crate) elsewhere_count: usize,
}

/// One exemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    package: String,
    versions: String,
    reason: String,
    /// The last day on which it holds, if it is limited.
    expires: Option<String>,
    written_at: String,
    /// Why it was not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Exemptions {
    /// Compares the policy's exemptions with the files of a run; `None` if the policy has none.
    pub(crate) fn new(policy: &Policy, files: &[FileReport], now: Timestamp) -> Option<Self> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let mut by_package: BTreeMap<&str, Vec<&FileReport>> = BTreeMap::new();
        for file in files {
            by_package
                .entry(file.package.as_deref().unwrap_or_default())
                .or_default()
                .push(file);
        }
        let mut sorted = Self {
            used: Vec::new(),
            unused: Vec::new(),
            expired: Vec::new(),
            expired_count: 0,
            elsewhere_count: 0,
        };
        let mut any = false;
        for exemption in policy.exemptions() {
            any = true;
            let here = by_package
                .get(exemption.package.as_str())
                .map_or(&[][..], Vec::as_slice);
            if here.iter().any(|file| is_used_by(exemption, file)) {
                sorted.used.push(Entry::new(exemption, None));
            } else if exemption.expired_on(today) {
                sorted.expired_count += 1;
                if sorted.expired.len() < MAX_LISTED {
                    sorted.expired.push(Entry::new(exemption, None));
                }
            } else if here.is_empty() {
                sorted.elsewhere_count += 1;
            } else {
                let why = why_unused(exemption, here);
                sorted.unused.push(Entry::new(exemption, Some(why)));
            }
        }
        any.then_some(sorted)
    }

    /// A line for each unused or expired one, as far as there are few. The used ones have blocks of their own.
    pub(crate) fn notes(&self) -> Vec<String> {
        let unused = self.unused.iter().map(|entry| {
            let why = entry.why.as_deref().unwrap_or_default();
            format!(
                "an exemption of {} was not used: {why} ({})",
                entry.package, entry.written_at
            )
        });
        let expired = self.expired.iter().map(|entry| {
            let last = entry.expires.as_deref().unwrap_or_default();
            format!(
                "an exemption of {} has run out on {last} ({})",
                entry.package, entry.written_at
            )
        });
        let mut notes: Vec<String> = unused.chain(expired).take(MAX_NOTED).collect();
        let more = (self.unused.len() + self.expired_count).saturating_sub(notes.len());
        if more > 0 {
            notes.push(format!(
                "{more} more exemptions were not used or have run out: `slsa-pip policy check` lists them"
            ));
        }
        notes
    }
}

impl Entry {
    fn new(exemption: &Exemption, why: Option<String>) -> Self {
        Self {
            package: exemption.package.to_string(),
            versions: exemption.versions.to_string(),
            reason: exemption.reason.clone(),
            expires: exemption.expires.map(|last| last.to_string()),
            written_at: exemption.written_at.clone(),
            why,
        }
    }
}

fn is_used_by(exemption: &Exemption, file: &FileReport) -> bool {
    matches!(&file.evidence, Some(Basis::Exempt(basis))
        if basis.written_at == exemption.written_at && exemption.names(&basis.sha256))
}

fn why_unused(exemption: &Exemption, files: &[&FileReport]) -> String {
    let is_version = |file: &&&FileReport| {
        let version = file.version.as_deref().and_then(|version| version.parse().ok());
        version.is_some_and(|version| exemption.versions.contains(&version))
    };
    let Some(file) = files.iter().find(is_version) else {
        let chosen: Vec<&str> = files.iter().filter_map(|file| file.version.as_deref()).collect();
        return format!("it is for {}, not for {}", exemption.versions, chosen.join(" or "));
    };
    match &file.sha256 {
        Some(digest) if !exemption.names(digest) => format!("it names other bytes than those of {}", file.name),
        _ => format!("{} was judged without it", file.name),
    }
}
