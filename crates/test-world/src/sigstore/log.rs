//! Rekor v1: an append-only log with signed entry timestamps, inclusion proofs and signed checkpoints.

use super::faults::Faults;
use super::key::Key;
use super::merkle;
use crate::encoding::{base64, canonical_json, hex};
use serde_json::{Value, json};

/// Tree id of the active shard, as in the checkpoint's origin and the entries' UUIDs.
const TREE_ID: u64 = 1_193_050_959_916_656_506;

/// Entries in older shards: `logIndex` of an entry is this much above its index in the tree.
const OLDER_SHARDS: usize = 121_904_262;

/// Foreign entries before the first one, and after each one, so that proofs have more than one hash.
const FOREIGN_FIRST: usize = 21;
const FOREIGN_BETWEEN: usize = 3;

/// A log entry as stored.
struct Entry {
    body: String,
    integrated_time: i64,
    /// What the index finds it by.
    digests: Vec<String>,
    visible: bool,
    /// What is wrong with every proof of it that the log gives out.
    faults: Faults,
}

/// An append-only log under one key.
pub(crate) struct Log {
    key: Key,
    impostor: Key,
    entries: Vec<Entry>,
    leaves: Vec<[u8; 32]>,
}

/// One entry with its proofs as of now.
pub(crate) struct Proven {
    pub(crate) uuid: String,
    pub(crate) body: String,
    /// None in Rekor v2.
    pub(crate) integrated_time: Option<i64>,
    pub(crate) log_id: [u8; 32],
    pub(crate) log_index: usize,
    pub(crate) set: Option<Vec<u8>>,
    pub(crate) proof: Option<Proof>,
}

/// An inclusion proof against a checkpoint.
pub(crate) struct Proof {
    pub(super) index: usize,
    pub(super) tree_size: usize,
    pub(super) root: [u8; 32],
    pub(super) hashes: Vec<[u8; 32]>,
    pub(super) checkpoint: String,
}

impl Log {
    pub(crate) fn new(seed: u64) -> Self {
        let mut log = Self {
            key: Key::derive(seed, "rekor"),
            impostor: Key::derive(seed, "no rekor"),
            entries: Vec::new(),
            leaves: Vec::new(),
        };
        log.append_foreign(FOREIGN_FIRST);
        log
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Adds an entry and a few foreign ones after it; its index in the tree. `digests` are hex SHA-256 values to find it by.
    pub(crate) fn append(&mut self, body: String, integrated_time: i64, digests: Vec<String>, faults: Faults) -> usize {
        let index = self.push(Entry {
            body,
            integrated_time,
            digests,
            visible: !faults.unlogged,
            faults,
        });
        self.append_foreign(FOREIGN_BETWEEN);
        index
    }

    fn append_foreign(&mut self, count: usize) {
        for _ in 0..count {
            let body = json!({"apiVersion": "0.0.1", "kind": "foreign", "spec": {"number": self.entries.len()}});
            self.push(Entry {
                body: canonical_json(&body),
                integrated_time: 0,
                digests: Vec::new(),
                visible: false,
                faults: Faults::default(),
            });
        }
    }

    fn push(&mut self, entry: Entry) -> usize {
        self.leaves.push(merkle::hash_leaf(entry.body.as_bytes()));
        self.entries.push(entry);
        self.entries.len() - 1
    }

    /// Index in the tree of the visible entry with exactly this body.
    pub(crate) fn find_body(&self, body: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.visible && entry.body == body)
    }

    /// Index in the tree of the visible entry with this UUID, with or without the tree id.
    pub(crate) fn find_uuid(&self, uuid: &str) -> Option<usize> {
        let hash = uuid.get(uuid.len().checked_sub(64)?..)?;
        (0..self.entries.len()).find(|index| {
            self.entries.get(*index).is_some_and(|entry| entry.visible)
                && self.leaves.get(*index).is_some_and(|leaf| hex(leaf) == hash)
        })
    }

    /// Index in the tree of the visible entry with this `logIndex`.
    pub(crate) fn find_log_index(&self, log_index: usize) -> Option<usize> {
        let index = log_index.checked_sub(OLDER_SHARDS)?;
        self.entries.get(index).filter(|entry| entry.visible).map(|_| index)
    }

    /// UUIDs of the visible entries that the index finds by a hex SHA-256.
    pub(crate) fn find_digest(&self, digest: &str) -> Vec<String> {
        let matches = |entry: &Entry| entry.visible && entry.digests.iter().any(|known| known == digest);
        (0..)
            .zip(&self.entries)
            .filter(|(_, entry)| matches(entry))
            .map(|(index, _)| self.uuid(index))
            .collect()
    }

    fn uuid(&self, index: usize) -> String {
        self.leaves
            .get(index)
            .map(|leaf| format!("{TREE_ID:016x}{}", hex(leaf)))
            .unwrap_or_default()
    }

    /// The entry at `index` of the tree with SET, proof and checkpoint against the whole tree as it is now, and with the
    /// faults that it was appended with.
    pub(crate) fn prove(&self, index: usize) -> Proven {
        let entry = self.entries.get(index).expect("an index that append gave");
        let faults = entry.faults;
        let log_id = self.key.id();
        let log_index = OLDER_SHARDS + index;
        let promise = canonical_json(&json!({
            "body": base64(entry.body.as_bytes()),
            "integratedTime": entry.integrated_time,
            "logID": hex(&log_id),
            "logIndex": log_index,
        }));
        let set_key = if faults.wrong_set { &self.impostor } else { &self.key };
        Proven {
            uuid: self.uuid(index),
            body: entry.body.clone(),
            integrated_time: Some(entry.integrated_time),
            log_id,
            log_index,
            set: (!faults.omit_set).then(|| set_key.sign(promise.as_bytes())),
            proof: (!faults.omit_inclusion_proof).then(|| self.proof(index, faults)),
        }
    }

    fn proof(&self, index: usize, faults: Faults) -> Proof {
        let tree_size = self.leaves.len();
        let mut hashes = merkle::inclusion_proof(index, &self.leaves);
        if faults.wrong_inclusion_proof
            && let Some(first) = hashes.first_mut()
        {
            first[0] ^= 1;
        }
        let checkpoint_size = if faults.stale_checkpoint {
            tree_size - 1
        } else {
            tree_size
        };
        Proof {
            index,
            tree_size,
            root: merkle::root(&self.leaves),
            hashes,
            checkpoint: self.checkpoint(checkpoint_size, faults.wrong_checkpoint),
        }
    }

    /// A signed note over the first `size` leaves: origin, size, root, time; key hint before the signature.
    fn checkpoint(&self, size: usize, wrong: bool) -> String {
        let root = merkle::root(self.leaves.get(..size).unwrap_or(&self.leaves));
        let body = format!("rekor.test - {TREE_ID}\n{size}\n{}\n", base64(&root));
        let key = if wrong { &self.impostor } else { &self.key };
        let mut line: Vec<u8> = self.key.id().iter().take(4).copied().collect();
        line.extend_from_slice(&key.sign(body.as_bytes()));
        format!("{body}\n\u{2014} rekor.test {}\n", base64(&line))
    }
}

impl Proven {
    /// `{uuid: entry}` as Rekor v1's API answers, hashes in hex and numbers as numbers.
    pub(crate) fn api_answer(&self) -> Value {
        let mut verification = serde_json::Map::new();
        if let Some(proof) = &self.proof {
            verification.insert("inclusionProof".to_owned(), proof.api_form());
        }
        if let Some(set) = &self.set {
            verification.insert("signedEntryTimestamp".to_owned(), base64(set).into());
        }
        let entry = json!({
            "body": base64(self.body.as_bytes()),
            "integratedTime": self.integrated_time,
            "logID": hex(&self.log_id),
            "logIndex": self.log_index,
            "verification": verification,
        });
        json!({ self.uuid.as_str(): entry })
    }

    /// The entry as bundles and PEP 740 objects hold it: bytes in base64 and numbers as strings.
    pub(crate) fn bundle_entry(&self, kind: &str, version: &str) -> Value {
        let mut entry = serde_json::Map::new();
        let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        put("logIndex", self.log_index.to_string().into());
        put("logId", json!({"keyId": base64(&self.log_id)}));
        put("kindVersion", json!({"kind": kind, "version": version}));
        if let Some(time) = self.integrated_time {
            put("integratedTime", time.to_string().into());
        }
        put("canonicalizedBody", base64(self.body.as_bytes()).into());
        if let Some(set) = &self.set {
            put("inclusionPromise", json!({"signedEntryTimestamp": base64(set)}));
        }
        if let Some(proof) = &self.proof {
            put("inclusionProof", proof.bundle_form());
        }
        Value::Object(entry)
    }
}

impl Proof {
    fn bundle_form(&self) -> Value {
        json!({
            "logIndex": self.index.to_string(),
            "rootHash": base64(&self.root),
            "treeSize": self.tree_size.to_string(),
            "hashes": self.hashes.iter().map(|hash| base64(hash)).collect::<Vec<_>>(),
            "checkpoint": {"envelope": self.checkpoint},
        })
    }

    fn api_form(&self) -> Value {
        json!({
            "checkpoint": self.checkpoint,
            "hashes": self.hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
            "logIndex": self.index,
            "rootHash": hex(&self.root),
            "treeSize": self.tree_size,
        })
    }
}
