//! A TUF repository for a trusted root: consistent snapshots, ECDSA keys, roots that rotate. It can misbehave in every way
//! that a client must notice.
//!
//! Built in memory from a seed and a time; the same two and the same calls always give the same bytes.

#![allow(
    clippy::indexing_slicing,
    reason = "it reads what it has written itself, and a world that cannot be built is a failed test"
)]

mod canonical;
mod fault;

pub use fault::TufFault;

use crate::encoding::{hex, sha256_hex};
use crate::sigstore::Key;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The target's name.
const TARGET: &str = "trusted_root.json";
const DAY: i64 = 24 * 60 * 60;

/// The top-level roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TufRole {
    /// Names the keys of all others, and of the next root.
    Root,
    /// Names the newest snapshot.
    Timestamp,
    /// Names the newest targets.
    Snapshot,
    /// Names the trusted root.
    Targets,
}

impl TufRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Root, Self::Timestamp, Self::Snapshot, Self::Targets];

    /// Its name in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }

    /// How long its metadata is valid, in seconds: as the public-good instance does it.
    fn lifetime(self) -> i64 {
        match self {
            Self::Root | Self::Targets => 180 * DAY,
            Self::Snapshot => 21 * DAY,
            Self::Timestamp => 7 * DAY,
        }
    }
}

/// Who signs for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signers {
    /// Labels of its keys.
    keys: Vec<String>,
    threshold: usize,
}

/// A TUF repository, in memory.
#[derive(Debug, Clone)]
pub struct TufRepository {
    seed: u64,
    /// Unix time of what is signed next.
    time: i64,
    signers: BTreeMap<TufRole, Signers>,
    versions: BTreeMap<TufRole, u64>,
    target: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
}

impl TufRepository {
    /// A repository whose four roles are in version 1, signed at `time` (Unix seconds). Three keys for root and three for
    /// targets, two of which must sign; one for timestamp and one for snapshot.
    pub fn new(seed: u64, time: i64, trusted_root_json: &str) -> Self {
        let keys = |name: &str, count: u32| (1..=count).map(|number| format!("{name} {number}")).collect();
        let signers = TufRole::ALL.map(|role| {
            let many = matches!(role, TufRole::Root | TufRole::Targets);
            let signers = Signers {
                keys: keys(role.name(), if many { 3 } else { 1 }),
                threshold: if many { 2 } else { 1 },
            };
            (role, signers)
        });
        let mut repository = Self {
            seed,
            time,
            signers: signers.into(),
            versions: TufRole::ALL.map(|role| (role, 0)).into(),
            target: trusted_root_json.as_bytes().to_vec(),
            files: BTreeMap::new(),
        };
        repository.sign_root(&[], |_| {});
        repository.publish(TufRole::Targets, |_| {});
        repository
    }

    /// The root to start from: version 1.
    pub fn start_root(&self) -> Vec<u8> {
        self.file("1.root.json").to_vec()
    }

    /// Every file by its path below the repository's URL.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The newest version of a role.
    pub fn version(&self, role: TufRole) -> u64 {
        self.versions[&role]
    }

    /// What is signed from now on is signed at this time.
    pub fn set_time(&mut self, time: i64) {
        self.time = time;
    }

    /// Signs a new timestamp, as a repository does every few days though nothing has changed.
    pub fn renew(&mut self) {
        self.publish(TufRole::Timestamp, |_| {});
    }

    /// Publishes another trusted root: new targets, snapshot and timestamp.
    pub fn replace_target(&mut self, trusted_root_json: &str) {
        self.target = trusted_root_json.as_bytes().to_vec();
        self.publish(TufRole::Targets, |_| {});
    }

    /// A new root that replaces every key of these roles, signed by old and new root keys; then everything anew.
    pub fn rotate(&mut self, roles: &[TufRole]) {
        let before = self.signers[&TufRole::Root].keys.clone();
        self.replace_keys(roles);
        self.sign_root(&before, |_| {});
        self.publish(TufRole::Targets, |_| {});
    }

    /// Lets a role begin again at version 1 with its next publication, as after keys were stolen and rotated.
    pub fn begin_again(&mut self, role: TufRole) {
        self.versions.insert(role, 0);
    }

    /// Puts a file of another content in place.
    pub fn replace_file(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.to_owned(), bytes.into());
    }

    /// Takes a file away.
    pub fn remove_file(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Misbehaves.
    pub fn fault(&mut self, fault: TufFault) {
        fault::apply(self, fault);
    }

    fn file(&self, path: &str) -> &[u8] {
        self.files.get(path).expect("a file that was published")
    }

    fn replace_keys(&mut self, roles: &[TufRole]) {
        let next = self.version(TufRole::Root) + 1;
        for role in roles {
            let signers = self.signers.get_mut(role).expect("every role has signers");
            for key in &mut signers.keys {
                *key = format!("{key} of root {next}");
            }
        }
    }

    /// The next version of root, with further signers.
    fn sign_root(&mut self, also: &[String], edit: impl FnOnce(&mut Value)) {
        let version = self.bump(TufRole::Root);
        let mut keys = Map::new();
        let mut roles = Map::new();
        for (role, signers) in &self.signers {
            let ids = signers.keys.iter().map(|label| {
                let key = self.public_key(label);
                let id = key_id(&key);
                keys.insert(id.clone(), key);
                id
            });
            let ids: Vec<String> = ids.collect();
            roles.insert(
                role.name().to_owned(),
                json!({"keyids": ids, "threshold": signers.threshold}),
            );
        }
        let mut signed = self.head(TufRole::Root);
        signed["consistent_snapshot"] = json!(true);
        signed["keys"] = Value::Object(keys);
        signed["roles"] = Value::Object(roles);
        edit(&mut signed);
        let own = self.signers[&TufRole::Root].keys.clone();
        let also = also.iter().filter(|label| !own.contains(label));
        let signed = self.envelope(&signed, own.iter().chain(also));
        self.files.insert(format!("{version}.root.json"), signed);
    }

    /// The next version of a role and of those above it, up to the timestamp; `edit` changes what `role` signs.
    fn publish(&mut self, role: TufRole, edit: impl FnOnce(&mut Value)) {
        let mut edit = Some(edit);
        for next in [TufRole::Targets, TufRole::Snapshot, TufRole::Timestamp] {
            if next > role {
                continue;
            }
            self.bump(next);
            let mut signed = self.content(next);
            if next == role
                && let Some(edit) = edit.take()
            {
                edit(&mut signed);
            }
            let keys = self.signers[&next].keys.clone();
            self.put(next, &signed, &keys);
        }
    }

    /// What a role says at present.
    fn content(&mut self, role: TufRole) -> Value {
        let mut signed = self.head(role);
        match role {
            TufRole::Root => {}
            TufRole::Targets => {
                let sha256 = sha256_hex(&self.target);
                self.files
                    .insert(format!("targets/{sha256}.{TARGET}"), self.target.clone());
                signed["targets"] = json!({TARGET: {"length": self.target.len(), "hashes": {"sha256": sha256}}});
            }
            TufRole::Snapshot => signed["meta"] = json!({"targets.json": self.pin(TufRole::Targets)}),
            TufRole::Timestamp => signed["meta"] = json!({"snapshot.json": self.pin(TufRole::Snapshot)}),
        }
        signed
    }

    /// Signs and stores a role's metadata under the name that its own version asks for.
    fn put(&mut self, role: TufRole, signed: &Value, keys: &[String]) {
        let bytes = self.envelope(signed, keys);
        self.store(role, bytes);
    }

    fn store(&mut self, role: TufRole, bytes: Vec<u8>) {
        self.files.insert(self.path(role), bytes);
    }

    /// The newest file of a role.
    pub fn path(&self, role: TufRole) -> String {
        match role {
            TufRole::Timestamp => "timestamp.json".to_owned(),
            other => format!("{}.{}.json", self.version(other), other.name()),
        }
    }

    fn head(&self, role: TufRole) -> Value {
        json!({
            "_type": role.name(),
            "spec_version": "1.0.31",
            "version": self.version(role),
            "expires": rfc3339(self.time + role.lifetime()),
        })
    }

    fn pin(&self, role: TufRole) -> Value {
        let bytes = self.file(&self.path(role));
        json!({"version": self.version(role), "length": bytes.len(), "hashes": {"sha256": sha256_hex(bytes)}})
    }

    fn bump(&mut self, role: TufRole) -> u64 {
        let version = self.versions.get_mut(&role).expect("every role has a version");
        *version += 1;
        *version
    }

    fn key(&self, label: &str) -> Key {
        Key::derive(self.seed, &format!("tuf {label}"))
    }

    fn public_key(&self, label: &str) -> Value {
        json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": self.key(label).public_pem()}})
    }

    /// The signed document with one signature for each label.
    fn envelope<'a>(&self, signed: &Value, labels: impl IntoIterator<Item = &'a String>) -> Vec<u8> {
        let message = canonical::bytes(signed);
        let signatures = labels.into_iter().map(|label| {
            let id = key_id(&self.public_key(label));
            json!({"keyid": id, "sig": hex(&self.key(label).sign(&message))})
        });
        let signatures: Vec<Value> = signatures.collect();
        json!({"signatures": signatures, "signed": signed})
            .to_string()
            .into_bytes()
    }
}

/// A key's id as securesystemslib makes it: the digest of the canonical key.
fn key_id(key: &Value) -> String {
    sha256_hex(&canonical::bytes(key))
}

/// A Unix time as metadata writes it.
pub fn rfc3339(unix: i64) -> String {
    let time = jiff::Timestamp::from_second(unix).expect("a time of this era");
    format!("{time:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_calls_give_the_same_bytes() {
        let make = || {
            let mut repository = TufRepository::new(1, 1_790_000_000, "{}");
            repository.rotate(&[TufRole::Root, TufRole::Timestamp]);
            repository.renew();
            repository
        };
        assert_eq!(make().files(), make().files());
        assert_ne!(TufRepository::new(2, 1_790_000_000, "{}").files(), make().files());
        assert_eq!(make().version(TufRole::Timestamp), 3);
    }

    #[test]
    fn times_have_no_fractions() {
        assert_eq!(rfc3339(1_790_000_000), "2026-09-21T14:13:20Z");
    }
}
