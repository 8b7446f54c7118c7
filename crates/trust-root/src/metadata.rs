//! The verification of TUF metadata, from the start root to the target. No I/O, no clock.
//!
//! The rules of the client workflow (TUF 1.0, section 5) are applied by `sigstore_tuf`'s state machine. Added here: one
//! key counts once whatever ids it is given, the target's length and hash, and that all files are verified together.
//! Delegations are not followed: Sigstore's repositories list the trusted root in the top-level targets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sigstore_tuf::key::Key;
use sigstore_tuf::metadata::{Role as _, Root, TargetFile};
use sigstore_tuf::trusted::TrustedMetadataSet;
use sigstore_verify::crypto::{sha256, sha512};

use crate::limits::MAX_NEW_ROOTS;
use crate::problem::Problem;
use crate::repository::TARGET;

/// The top-level roles, each of which a root must name.
const ROLES: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

/// A time at which nothing has expired: for verifying what was kept, whose age is judged apart.
pub(crate) const ANY_TIME: Timestamp = Timestamp::MIN;

/// All files that lead from a start root to a trusted root, as they were served. Unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The root versions after the start root, in order.
    pub(crate) roots: Vec<String>,
    pub(crate) timestamp: String,
    pub(crate) snapshot: String,
    pub(crate) targets: String,
    pub(crate) target: String,
}

/// The start root, which must be signed by its own keys.
pub(crate) fn start(bytes: &[u8]) -> Result<TrustedMetadataSet, Problem> {
    let set = TrustedMetadataSet::from_root(bytes).map_err(|error| Problem::of("root", error))?;
    check_keys(set.root())?;
    Ok(set)
}

/// The next root: version plus one, signed to the threshold of the old keys and of its own.
pub(crate) fn add_root(set: &mut TrustedMetadataSet, bytes: &[u8]) -> Result<(), Problem> {
    set.update_root(bytes).map_err(|error| Problem::of("root", error))?;
    check_keys(set.root())
}

/// Every file after the start root, which [`start`] has verified; at [`ANY_TIME`] without expiry.
pub(crate) fn verify(start: TrustedMetadataSet, files: &Files, now: Timestamp) -> Result<TrustedMetadataSet, Problem> {
    let mut set = start;
    if files.roots.len() > MAX_NEW_ROOTS {
        return Err(Problem::TooManyRoots { limit: MAX_NEW_ROOTS });
    }
    for root in &files.roots {
        add_root(&mut set, root.as_bytes())?;
    }
    set.check_root_expired(now)
        .map_err(|error| Problem::of("root", error))?;
    set.update_timestamp(files.timestamp.as_bytes(), now)
        .map_err(|error| Problem::of("timestamp", error))?;
    set.update_snapshot(files.snapshot.as_bytes(), now)
        .map_err(|error| Problem::of("snapshot", error))?;
    set.update_targets(files.targets.as_bytes(), now)
        .map_err(|error| Problem::of("targets", error))?;
    check_target(target(&set)?, files.target.as_bytes())?;
    match expired(&set, now) {
        Some((role, expires)) => Err(Problem::Expired {
            role: role.to_owned(),
            expires,
        }),
        None => Ok(set),
    }
}

/// What the targets metadata says about the trusted root.
pub(crate) fn target(set: &TrustedMetadataSet) -> Result<&TargetFile, Problem> {
    set.targets_role("targets")
        .and_then(|targets| targets.target(TARGET))
        .ok_or(Problem::NoTarget)
}

/// Length and every hash that is known; at least one must be.
pub(crate) fn check_target(said: &TargetFile, bytes: &[u8]) -> Result<(), Problem> {
    let wrong = |what: String| Err(Problem::Target { what });
    if u64::try_from(bytes.len()).ok() != Some(said.length) {
        return wrong(format!("{} bytes instead of {}", bytes.len(), said.length));
    }
    let mut checked = false;
    for (algorithm, expected) in &said.hashes {
        let found = match algorithm.as_str() {
            "sha256" => sha256(bytes).to_hex(),
            "sha512" => sha512(bytes).to_hex(),
            _ => continue,
        };
        if !found.eq_ignore_ascii_case(expected) {
            return wrong(format!("its {algorithm} is {found} instead of {expected}"));
        }
        checked = true;
    }
    if checked {
        Ok(())
    } else {
        wrong("it names neither sha256 nor sha512".to_owned())
    }
}

/// The first role that is not valid at `now` any more. TUF asks for an end *after* it; the state machine takes its equal, too.
pub(crate) fn expired(set: &TrustedMetadataSet, now: Timestamp) -> Option<(&'static str, Timestamp)> {
    let ends = [
        ("timestamp", set.timestamp().map(|role| role.expires)),
        ("snapshot", set.snapshot().map(|role| role.expires)),
        ("targets", set.targets_role("targets").map(|role| role.expires)),
        ("root", Some(set.root().expires())),
    ];
    ends.into_iter()
        .filter_map(|(role, end)| Some((role, end?)))
        .find(|(_, end)| *end <= now)
}

/// Whether the keys of timestamp or snapshot were changed: what they had signed before then sets no lower bound any more
/// (TUF 5.3.11), so that a repository can recover from keys that were stolen and used to sign huge version numbers.
pub(crate) fn rotated(before: &Root, after: &Root) -> bool {
    let keys = |root: &Root, role: &str| -> BTreeSet<String> {
        let ids = root.role(role).map(|role| role.keyids.clone()).unwrap_or_default();
        ids.into_iter().collect()
    };
    ["timestamp", "snapshot"]
        .iter()
        .any(|role| keys(before, role) != keys(after, role))
}

/// What tells keys apart: the key itself, which may be written in several ways (PEM or hexadecimal, line ends, schemes). A
/// key that cannot be read never counts, so that its id will do.
fn identity(root: &Root, id: &str) -> Vec<u8> {
    match root.keys.get(id).map(Key::verification_key) {
        Some(Ok(key)) => key.as_bytes().to_vec(),
        None | Some(Err(_)) => format!("id {id}").into_bytes(),
    }
}

/// Key ids are names that the root's author chooses: one key under two names would count twice for a threshold.
fn check_keys(root: &Root) -> Result<(), Problem> {
    for name in ROLES {
        let Some(role) = root.role(name) else {
            return Err(Problem::Malformed {
                what: "root".to_owned(),
                why: format!("it does not say who signs {name}"),
            });
        };
        let mut seen = BTreeSet::new();
        for id in &role.keyids {
            if !seen.insert(identity(root, id)) {
                return Err(Problem::RepeatedKey {
                    role: name.to_owned(),
                    key: id.clone(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sigstore_verify::trust_root::SigstoreInstance;

    use super::*;

    /// A root whose role `root` has these keys, each under an id of its own.
    fn root_of(keys: &[(&str, &str)]) -> Root {
        let ids: Vec<String> = (0..keys.len()).map(|number| format!("key {number}")).collect();
        let entry = |(id, (scheme, public)): (&String, &(&str, &str))| {
            let key = serde_json::json!({"keytype": "any", "scheme": scheme, "keyval": {"public": public}});
            (id.clone(), key)
        };
        let all: serde_json::Map<_, _> = ids.iter().zip(keys).map(entry).collect();
        let nobody = serde_json::json!({"keyids": [], "threshold": 1});
        let root = serde_json::json!({
            "_type": "root", "spec_version": "1.0", "version": 1, "expires": "2030-01-01T00:00:00Z", "keys": all,
            "roles": {
                "root": {"keyids": ids, "threshold": 2}, "timestamp": nobody, "snapshot": nobody, "targets": nobody,
            },
        });
        serde_json::from_value(root).unwrap()
    }

    #[test]
    fn one_key_in_two_spellings_is_one_key() {
        let ed25519 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let upper = ed25519.to_uppercase();
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        let with_header = pem.replace("KEY-----\nMC", "KEY-----\nNote: another one\n\nMC");
        for other in [ed25519, &upper, pem, &with_header] {
            let root = root_of(&[("ed25519", ed25519), ("ed25519", other)]);
            assert!(matches!(check_keys(&root), Err(Problem::RepeatedKey { .. })), "{other}");
        }
        check_keys(&root_of(&[
            ("ed25519", ed25519),
            ("ed25519", &ed25519.replace('a', "b")),
        ]))
        .unwrap();
    }

    #[test]
    fn keys_that_cannot_be_read_do_not_count_and_do_no_harm() {
        check_keys(&root_of(&[
            ("of-tomorrow", "x"),
            ("of-tomorrow", "x"),
            ("ed25519", "zz"),
        ]))
        .unwrap();
    }

    /// Root versions of the real public-good repository, in order.
    fn real_roots() -> Vec<Vec<u8>> {
        let data = std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA names the folder of real provenance");
        let folder = std::path::PathBuf::from(data).join("trusted-roots/tuf-public-good/metadata/root_history");
        let read = |version| std::fs::read(folder.join(format!("{version}.root.json"))).expect("a root version");
        (1..=15).map(read).collect()
    }

    /// The set after these versions, from the first on.
    fn walk(roots: &[Vec<u8>]) -> Result<TrustedMetadataSet, Problem> {
        let (first, rest) = roots.split_first().expect("a start root");
        let mut set = start(first)?;
        rest.iter().try_for_each(|root| add_root(&mut set, root))?;
        Ok(set)
    }

    #[test]
    #[ignore = "needs SLSA_PIP_DATA"]
    fn the_real_root_chain_leads_to_the_start_root_that_is_compiled_in() {
        let mut roots = real_roots();
        roots.push(SigstoreInstance::PublicGood.tuf_root().to_vec());
        // Versions 1 to 4 write their keys as bare points, which was given up in 2022 and is not read.
        for early in 0..4 {
            assert!(matches!(walk(&roots[early..]), Err(Problem::Signatures { .. })));
        }
        for from in 4..16 {
            assert_eq!(walk(&roots[from..]).unwrap().root().version, 16);
        }
    }

    #[test]
    #[ignore = "needs SLSA_PIP_DATA"]
    fn no_real_root_can_be_left_out_repeated_or_changed() {
        let roots = real_roots();
        for gap in 5..14 {
            let mut without = roots[4..].to_vec();
            without.remove(gap - 4);
            assert!(matches!(walk(&without), Err(Problem::RootVersion { .. })));
            let mut twice = roots[4..].to_vec();
            twice.insert(gap - 4, roots[gap].clone());
            assert!(matches!(walk(&twice), Err(Problem::RootVersion { .. })));
        }
        let text = String::from_utf8(roots[14].clone()).unwrap();
        let changed = text.replace("\"expires\": \"20", "\"expires\": \"21");
        assert_ne!(text, changed);
        let changed = [roots[13].clone(), changed.into_bytes()];
        assert!(matches!(walk(&changed), Err(Problem::Signatures { .. })));
    }

    #[test]
    #[ignore = "needs SLSA_PIP_DATA"]
    fn the_real_timestamp_holds_until_it_expires() {
        let data = std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA");
        let path = std::path::PathBuf::from(data).join("trusted-roots/tuf-public-good/metadata/timestamp.json");
        let bytes = std::fs::read(path).unwrap();
        let mut set = walk(&real_roots()[10..]).unwrap();
        set.update_timestamp(&bytes, ANY_TIME).unwrap();
        let expires = set.timestamp().unwrap().expires;
        let second = jiff::SignedDuration::from_secs(1);
        let at = |time| {
            let mut set = walk(&real_roots()[10..]).unwrap();
            set.update_timestamp(&bytes, time)
        };
        at(expires - second).unwrap();
        assert!(matches!(at(expires + second), Err(sigstore_tuf::Error::Expired { .. })));
    }
}
