//! The client workflow of TUF 1.0, section 5: what is asked for, in which order, and what is taken over from the copy.

use jiff::Timestamp;
use sigstore_tuf::metadata::MetaFile;
use sigstore_tuf::trusted::TrustedMetadataSet;

use crate::fetch::{Fetch, FetchError};
use crate::kept::Kept;
use crate::limits::{
    MAX_NEW_ROOTS, MAX_ROOT_BYTES, ROOT_METADATA, SNAPSHOT_METADATA, TARGETS_METADATA, TIMESTAMP_METADATA,
};
use crate::metadata::{self, ANY_TIME, Files};
use crate::problem::Problem;
use crate::repository::{Repository, TARGET};

/// Asks the repository for everything that is newer than the copy. What is returned has been verified as a whole, from the
/// start root on, with nothing expired at `now`.
pub(crate) async fn refresh(
    repository: &Repository,
    kept: Option<&Kept>,
    fetch: &Fetch<'_>,
    now: Timestamp,
) -> Result<Kept, FetchError> {
    let (mut set, roots) = newest_root(repository, kept, fetch).await?;
    set.check_root_expired(now)
        .map_err(|error| Problem::of("root", error))?;
    let timestamp = newest_timestamp(&mut set, kept, fetch, now).await?;
    let snapshot = newest_snapshot(&mut set, kept, fetch, now).await?;
    let targets = newest_targets(&mut set, kept, fetch, now).await?;
    let target = newest_target(&set, kept, fetch).await?;
    let files = Files {
        roots,
        timestamp,
        snapshot,
        targets,
        target,
    };
    // Once more as a whole: this is what every later run will have to do with what is kept now.
    let set = metadata::verify(repository.verified_start()?, &files, now)?;
    Ok(Kept {
        files,
        set,
        refreshed: now,
    })
}

/// 5.3: root versions one by one, until there is no next one.
async fn newest_root(
    repository: &Repository,
    kept: Option<&Kept>,
    fetch: &Fetch<'_>,
) -> Result<(TrustedMetadataSet, Vec<String>), FetchError> {
    let (mut set, mut roots) = match kept {
        Some(kept) => (kept.set.clone(), kept.files.roots.clone()),
        None => (repository.verified_start()?, Vec::new()),
    };
    let known = roots.len();
    while let Some(next) = set.root().version.checked_add(1) {
        let Some(root) = fetch.optional(&format!("{next}.root.json"), ROOT_METADATA).await? else {
            break;
        };
        if roots.len() >= MAX_NEW_ROOTS {
            return Err(Problem::TooManyRoots { limit: MAX_NEW_ROOTS }.into());
        }
        metadata::add_root(&mut set, root.as_bytes())?;
        roots.push(root);
    }
    // A new root lets go of what was accepted under the old one; its versions stay lower bounds unless keys were changed.
    if roots.len() > known
        && let Some(kept) = kept
        && !metadata::rotated(kept.set.root(), set.root())
    {
        restore(&mut set, &kept.files)?;
    }
    Ok((set, roots))
}

/// The copy's timestamp, snapshot and targets under a newer root. What that root asks more signatures for than were made is
/// let go, as is all below it: only the keys of the root can bring that about.
fn restore(set: &mut TrustedMetadataSet, files: &Files) -> Result<(), Problem> {
    let roles = [
        ("timestamp", &files.timestamp),
        ("snapshot", &files.snapshot),
        ("targets", &files.targets),
    ];
    for (role, text) in roles {
        let bytes = text.as_bytes();
        let restored = match role {
            "timestamp" => set.update_timestamp(bytes, ANY_TIME),
            "snapshot" => set.update_snapshot(bytes, ANY_TIME),
            _ => set.update_targets(bytes, ANY_TIME).map(|_| ()),
        };
        match restored {
            Ok(()) => {}
            Err(sigstore_tuf::Error::ThresholdNotMet { .. }) => return Ok(()),
            Err(error) => return Err(Problem::of(role, error)),
        }
    }
    Ok(())
}

/// 5.4: always asked for; an unchanged one counts only while it is valid.
async fn newest_timestamp(
    set: &mut TrustedMetadataSet,
    kept: Option<&Kept>,
    fetch: &Fetch<'_>,
    now: Timestamp,
) -> Result<String, FetchError> {
    let offered = fetch.required("timestamp.json", TIMESTAMP_METADATA).await?;
    match (set.update_timestamp(offered.as_bytes(), now), kept) {
        (Ok(()), _) => Ok(offered),
        (Err(sigstore_tuf::Error::EqualVersion { .. }), Some(kept)) => {
            set.check_timestamp_expired(now)
                .map_err(|error| Problem::of("timestamp", error))?;
            Ok(kept.files.timestamp.clone())
        }
        (Err(error), _) => Err(Problem::of("timestamp", error).into()),
    }
}

/// 5.5: the copy's, if it is the one that the timestamp names; else the repository's.
async fn newest_snapshot(
    set: &mut TrustedMetadataSet,
    kept: Option<&Kept>,
    fetch: &Fetch<'_>,
    now: Timestamp,
) -> Result<String, FetchError> {
    if let Some(kept) = kept
        && set.update_snapshot(kept.files.snapshot.as_bytes(), now).is_ok()
    {
        return Ok(kept.files.snapshot.clone());
    }
    let pin = set.timestamp().and_then(|timestamp| timestamp.snapshot_meta()).cloned();
    let offered = pinned(fetch, set, "snapshot", pin, SNAPSHOT_METADATA).await?;
    set.update_snapshot(offered.as_bytes(), now)
        .map_err(|error| Problem::of("snapshot", error))?;
    Ok(offered)
}

/// 5.6: the copy's, if it is the one that the snapshot names; else the repository's.
async fn newest_targets(
    set: &mut TrustedMetadataSet,
    kept: Option<&Kept>,
    fetch: &Fetch<'_>,
    now: Timestamp,
) -> Result<String, FetchError> {
    if let Some(kept) = kept
        && set.update_targets(kept.files.targets.as_bytes(), now).is_ok()
    {
        return Ok(kept.files.targets.clone());
    }
    let pin = set
        .snapshot()
        .and_then(|snapshot| snapshot.meta.get("targets.json"))
        .cloned();
    let offered = pinned(fetch, set, "targets", pin, TARGETS_METADATA).await?;
    set.update_targets(offered.as_bytes(), now)
        .map_err(|error| Problem::of("targets", error))?;
    Ok(offered)
}

/// 5.7: the trusted root; length and hash are in the targets metadata.
async fn newest_target(set: &TrustedMetadataSet, kept: Option<&Kept>, fetch: &Fetch<'_>) -> Result<String, FetchError> {
    let said = metadata::target(set)?;
    if let Some(kept) = kept
        && metadata::check_target(said, kept.files.target.as_bytes()).is_ok()
    {
        return Ok(kept.files.target.clone());
    }
    if said.length > MAX_ROOT_BYTES {
        return Err(Problem::TooLarge {
            file: TARGET.to_owned(),
            limit: MAX_ROOT_BYTES,
        }
        .into());
    }
    let name = if set.root().consistent_snapshot {
        let hash = ["sha256", "sha512"].iter().find_map(|name| said.hashes.get(*name));
        // It becomes part of a URL.
        let hash = hash.filter(|hash| hash.chars().all(|c| c.is_ascii_hexdigit()));
        let hash = hash.ok_or_else(|| Problem::Target {
            what: "it has no readable sha256 or sha512".to_owned(),
        })?;
        format!("targets/{hash}.{TARGET}")
    } else {
        format!("targets/{TARGET}")
    };
    let offered = fetch.required(&name, said.length).await.map_err(|error| match error {
        FetchError::Refused(Problem::TooLarge { limit, .. }) => FetchError::Refused(Problem::Target {
            what: format!("more than {limit} bytes"),
        }),
        other => other,
    })?;
    metadata::check_target(said, offered.as_bytes())?;
    Ok(offered)
}

/// A metadata file that signed metadata names; no more is read of it than the length that is signed, within the budget.
async fn pinned(
    fetch: &Fetch<'_>,
    set: &TrustedMetadataSet,
    role: &str,
    pin: Option<MetaFile>,
    budget: u64,
) -> Result<String, FetchError> {
    let pin = pin.ok_or_else(|| Problem::MixedUp {
        what: format!("no version of {role} is named"),
    })?;
    let name = if set.root().consistent_snapshot {
        format!("{}.{role}.json", pin.version)
    } else {
        format!("{role}.json")
    };
    let signed = pin.length.filter(|length| *length <= budget);
    let offered = fetch.required(&name, signed.unwrap_or(budget)).await;
    offered.map_err(|error| match (error, signed) {
        (FetchError::Refused(Problem::TooLarge { file, limit }), Some(_)) => FetchError::Refused(Problem::MixedUp {
            what: format!("`{file}` has more than the {limit} bytes that are signed for it"),
        }),
        (error, _) => error,
    })
}
