//! What is kept of a repository between runs: one file with everything that leads to its trusted root, and one with the
//! highest versions that were ever kept.
//!
//! One file, replaced whole, since its parts only verify together. It is written only after it was verified, and verified
//! again whenever it is read: one that does not is refused, since nobody but this program should have written it. The second
//! file makes an older, genuine copy that was put in its place known for what it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sigstore_tuf::trusted::TrustedMetadataSet;
use slsa_pip_cache::CacheFolder;

use crate::error::LoadError;
use crate::limits::CACHE_FILE;
use crate::metadata::{self, ANY_TIME, Files};
use crate::problem::Problem;
use crate::repository::Repository;

const SCHEMA: &str = "slsa-pip/tuf/v1";
const COPY: &str = "copy.json";
const VERSIONS: &str = "versions.json";
const LOCK: &str = "lock";
/// Largest [`VERSIONS`] file, in bytes.
const VERSIONS_LIMIT: u64 = 1024;

/// A verified copy; expiry is judged by its user.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) files: Files,
    pub(crate) set: TrustedMetadataSet,
    pub(crate) refreshed: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    repository: String,
    refreshed: Timestamp,
    roots: Vec<String>,
    timestamp: String,
    snapshot: String,
    targets: String,
    trusted_root: String,
}

/// Versions of the four roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Versions {
    root: u64,
    timestamp: u64,
    snapshot: u64,
    targets: u64,
}

impl Versions {
    fn of(set: &TrustedMetadataSet) -> Self {
        Self {
            root: set.root().version,
            timestamp: set.timestamp().map_or(0, |role| role.version),
            snapshot: set.snapshot().map_or(0, |role| role.version),
            targets: set.targets_role("targets").map_or(0, |role| role.version),
        }
    }

    /// The first version that is lower than in `before`. Below a newer root the others may begin again (TUF 5.3.11).
    fn behind(self, before: Self) -> Option<String> {
        let roles = [
            ("root", self.root, before.root),
            ("timestamp", self.timestamp, before.timestamp),
            ("snapshot", self.snapshot, before.snapshot),
            ("targets", self.targets, before.targets),
        ];
        let counted = if self.root > before.root { 1 } else { roles.len() };
        roles
            .into_iter()
            .take(counted)
            .find(|(_, found, before)| found < before)
            .map(|(role, found, before)| format!("{role} version {found}, after version {before} was kept"))
    }
}

/// The copy of a repository, verified from its start root on; `None` where none was kept.
pub(crate) fn read(repository: &Repository, folder: &CacheFolder) -> Result<Option<Kept>, LoadError> {
    let refused = |problem| LoadError::CacheRefused {
        folder: folder.path(),
        problem,
    };
    let rolled_back = |what| LoadError::CacheRollback {
        folder: folder.path(),
        what,
    };
    // Before the copy: a writer that is quicker than this reader then leaves a newer copy than asked for, not an older one.
    let before: Option<Versions> = match folder.read(VERSIONS, VERSIONS_LIMIT)? {
        Some(bytes) => Some(parse("versions", &bytes).map_err(refused)?),
        None => None,
    };
    let Some(bytes) = folder.read(COPY, CACHE_FILE)? else {
        return match before {
            Some(before) => Err(rolled_back(format!(
                "root version {} was kept, and is gone",
                before.root
            ))),
            None => Ok(None),
        };
    };
    let document: Document = parse("cached", &bytes).map_err(refused)?;
    if document.schema != SCHEMA || document.repository != repository.address() {
        return Err(refused(Problem::MixedUp {
            what: format!("it is a copy of `{}` ({})", document.repository, document.schema),
        }));
    }
    let files = Files {
        roots: document.roots,
        timestamp: document.timestamp,
        snapshot: document.snapshot,
        targets: document.targets,
        target: document.trusted_root,
    };
    let start = repository.verified_start().map_err(refused)?;
    let set = metadata::verify(start, &files, ANY_TIME).map_err(refused)?;
    if let Some(what) = before.and_then(|before| Versions::of(&set).behind(before)) {
        return Err(rolled_back(what));
    }
    Ok(Some(Kept {
        files,
        set,
        refreshed: document.refreshed,
    }))
}

/// Keeps a copy, unless another process has kept a newer one meanwhile. With `anew`, whatever was there is replaced: its
/// owner has asked for that after it was refused.
pub(crate) fn write(repository: &Repository, folder: &CacheFolder, kept: &Kept, anew: bool) -> Result<(), LoadError> {
    let versions = Versions::of(&kept.set);
    let document = Document {
        schema: SCHEMA.to_owned(),
        repository: repository.address(),
        refreshed: kept.refreshed,
        roots: kept.files.roots.clone(),
        timestamp: kept.files.timestamp.clone(),
        snapshot: kept.files.snapshot.clone(),
        targets: kept.files.targets.clone(),
        trusted_root: kept.files.target.clone(),
    };
    let bytes = to_bytes(&document)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > CACHE_FILE {
        // It would be refused when it is read.
        return Err(LoadError::CacheRefused {
            folder: folder.path(),
            problem: Problem::TooLarge {
                file: COPY.to_owned(),
                limit: CACHE_FILE,
            },
        });
    }
    let _lock = folder.lock(LOCK)?;
    if !anew
        && let Some(there) = folder.read(VERSIONS, VERSIONS_LIMIT)?
        && parse::<Versions>("versions", &there).is_ok_and(|there| versions.behind(there).is_some())
    {
        return Ok(());
    }
    // In this order: a copy that is newer than the versions is in order, one that is older is refused.
    folder.write(COPY, &bytes)?;
    folder.write(VERSIONS, &to_bytes(&versions)?)?;
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Malformed {
        what: what.to_owned(),
        why: error.to_string(),
    })
}

/// Strings and numbers can always be written; an error is passed on all the same.
fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, LoadError> {
    serde_json::to_vec(value).map_err(|error| {
        LoadError::Cache(slsa_pip_cache::CacheError::Name {
            name: error.to_string(),
        })
    })
}
