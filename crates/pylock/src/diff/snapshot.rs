//! A lock reduced to what is compared, whatever its format.

use std::collections::BTreeMap;

use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::{EvidenceKind, Publisher};

use crate::model::{Lock, Package, Place, Recorded, Source, SourceTree};

/// What a lock says its entry rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Provenance, with kind and level where they are recorded.
    Attested {
        /// Build or publish.
        kind: Option<EvidenceKind>,
        /// SLSA build level.
        level: Option<u8>,
    },
    /// An exemption in the policy, with its reason.
    Exempt(String),
    /// Let pass though it was refused.
    Tolerated(String),
    /// Nothing: hashes alone.
    Nothing,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The version, if it has one.
    pub version: Option<Version>,
    /// Its marker, or nothing.
    pub marker: String,
    /// Where it comes from, such as `wheels` or `git checkout`.
    pub kind: String,
    /// The index.
    pub index: Option<String>,
    /// The hosts that its files lie on, sorted.
    pub hosts: Vec<String>,
    /// Its files with their sha256, or the first other hash.
    pub files: BTreeMap<String, String>,
    /// Who may have published it, sorted.
    pub publishers: Vec<Publisher>,
    /// What it rests on.
    pub basis: Basis,
    /// Further facts by name: ids, builder, trigger, runner.
    pub facts: BTreeMap<&'static str, String>,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The entries of each project, in the lock's order.
    pub packages: BTreeMap<PackageName, Vec<Entry>>,
}

impl From<&Lock> for Snapshot {
    fn from(lock: &Lock) -> Self {
        let mut packages: BTreeMap<PackageName, Vec<Entry>> = BTreeMap::new();
        for package in &lock.packages {
            packages.entry(package.name.clone()).or_default().push(entry(package));
        }
        Self { packages }
    }
}

/// `slsa-pip.lock.toml`: what was accepted last of each release line.
impl From<&slsa_pip_policy::Lock> for Snapshot {
    fn from(lock: &slsa_pip_policy::Lock) -> Self {
        let accepted = |(name, lines): (&PackageName, &[slsa_pip_policy::lock::Entry])| {
            let entries = lines.iter().map(|line| {
                let identity = &line.identity;
                Entry {
                    version: Some(line.version.clone()),
                    marker: String::new(),
                    kind: "an accepted file".to_owned(),
                    index: None,
                    hosts: Vec::new(),
                    files: BTreeMap::from([(line.file.to_string(), format!("sha256:{}", line.sha256))]),
                    publishers: identity.publisher().into_iter().collect(),
                    basis: Basis::Attested {
                        kind: Some(identity.kind),
                        level: Some(identity.level),
                    },
                    facts: facts(&[
                        ("repository-id", &identity.repository_id),
                        ("owner-id", &identity.owner_id),
                        ("builder", &identity.builder),
                        ("trigger", &identity.trigger),
                        ("runner", &identity.runner_environment),
                        (REF, &identity.reference),
                    ]),
                }
            });
            (name.clone(), entries.collect())
        };
        Self {
            packages: lock.packages().map(accepted).collect(),
        }
    }
}

/// The fact that a ref stands for: which one it is changes with every release; what kind of ref, does not.
const REF: &str = "ref-kind";

fn facts(given: &[(&'static str, &Option<String>)]) -> BTreeMap<&'static str, String> {
    let known = given
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    known
        .map(|(name, value)| (name, if name == REF { ref_kind(value) } else { value }.to_owned()))
        .collect()
}

fn entry(package: &Package) -> Entry {
    let mut hosts = Vec::new();
    let mut files = BTreeMap::new();
    for file in package.files() {
        hosts.push(match &file.place {
            Place::Url(url) => match url.port() {
                Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
                None => url.host_str().unwrap_or_default().to_owned(),
            },
            Place::Path(_) => "a folder".to_owned(),
        });
        let hash = match (&file.sha256, file.other_hashes.iter().next()) {
            (Some(digest), _) => format!("sha256:{digest}"),
            (None, Some((name, digits))) => format!("{name}:{digits}"),
            (None, None) => "no hash".to_owned(),
        };
        files.insert(file.name.clone(), hash);
    }
    hosts.sort();
    hosts.dedup();
    let kind = match &package.source {
        Source::Tree(SourceTree::Vcs { kind, place, commit }) => format!("{kind} checkout of {place} at {commit}"),
        Source::Tree(SourceTree::Directory { path, editable: false }) => format!("folder {path}"),
        Source::Tree(SourceTree::Directory { path, editable: true }) => format!("editable folder {path}"),
        Source::Archive(file) => format!("archive {}", file.place),
        Source::Files { .. } => "files of an index".to_owned(),
    };
    let mut publishers = package.publishers.clone();
    publishers.sort();
    publishers.dedup();
    let nothing = Recorded::default();
    let recorded = package.recorded.as_ref().unwrap_or(&nothing);
    let basis = match (&recorded.exempt, &recorded.tolerated) {
        (Some(reason), _) => Basis::Exempt(reason.clone()),
        (None, Some(why)) => Basis::Tolerated(why.clone()),
        (None, None) if publishers.is_empty() && recorded.evidence.is_none() => Basis::Nothing,
        (None, None) => Basis::Attested {
            kind: recorded.evidence,
            level: recorded.level,
        },
    };
    Entry {
        version: package.version.clone(),
        marker: package.marker.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind,
        index: package.index.as_ref().map(ToString::to_string),
        hosts,
        files,
        publishers,
        basis,
        facts: facts(&[
            ("repository-id", &recorded.repository_id),
            ("owner-id", &recorded.owner_id),
            ("builder", &recorded.builder),
            ("trigger", &recorded.trigger),
            ("runner", &recorded.runner_environment),
            (REF, &recorded.reference),
        ]),
    }
}

/// Tag, branch, or something else.
fn ref_kind(reference: &str) -> &'static str {
    if reference.starts_with("refs/tags/") {
        "a tag"
    } else if reference.starts_with("refs/heads/") {
        "a branch"
    } else if reference.starts_with("refs/pull/") {
        "a pull request"
    } else {
        "another ref"
    }
}

impl Basis {
    /// In a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Attested { kind, level } => match (kind, level) {
                (Some(EvidenceKind::Build), Some(level)) => format!("build provenance, level {level}"),
                (Some(EvidenceKind::Build), None) => "build provenance".to_owned(),
                (Some(EvidenceKind::Publish), _) => "a publish attestation".to_owned(),
                (None, _) => "an attestation".to_owned(),
            },
            Self::Exempt(reason) => format!("an exemption: {reason}"),
            Self::Tolerated(why) => format!("nothing, tolerated: {why}"),
            Self::Nothing => "hashes alone".to_owned(),
        }
    }

    /// For comparing: what proves more is greater. An attestation of unknown kind is a publish attestation at least.
    pub(super) fn strength(&self) -> (u8, u8) {
        match self {
            Self::Nothing | Self::Tolerated(_) => (0, 0),
            // Somebody has looked at these bytes.
            Self::Exempt(_) => (1, 0),
            Self::Attested {
                kind: Some(EvidenceKind::Build),
                level,
            } => (3, level.unwrap_or(0)),
            Self::Attested { .. } => (2, 0),
        }
    }
}
