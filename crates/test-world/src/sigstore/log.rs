//! Rekor v1: an append-only log with signed entry timestamps, inclusion proofs and signed checkpoints.

#![allow(clippy::indexing_slicing, reason = "places in shards are given by the log itself")]

use super::faults::{Faults, LogLie};
use super::key::Key;
use super::merkle;
use crate::encoding::{base64, canonical_json, hex};
use serde_json::{Value, json};

/// Tree ids of the older and of the active shard, as in the checkpoints' origins and the entries' UUIDs.
const TREE_IDS: [u64; 2] = [2_605_736_670_972_794_746, 1_193_050_959_916_656_506];

/// Entries in older shards: `logIndex` of an entry of the active one is this much above its index in the tree.
const OLDER_SHARDS: usize = 121_904_262;

/// Places in [`Log::shards`].
const OLDER: usize = 0;
const ACTIVE: usize = 1;

/// Foreign entries before the first one, and after each one, so that proofs have more than one hash.
const FOREIGN_FIRST: usize = 21;
const FOREIGN_BETWEEN: usize = 3;

/// A tree of the log.
struct Shard {
    tree_id: u64,
    /// `logIndex` of its first entry.
    first: usize,
    leaves: Vec<[u8; 32]>,
}

/// A log entry as stored.
struct Entry {
    /// Shard, and index in its tree.
    place: (usize, usize),
    body: String,
    integrated_time: i64,
    /// What the index finds it by.
    digests: Vec<String>,
    visible: bool,
    /// What is wrong with every proof of it that the log gives out.
    faults: Faults,
}

/// An append-only log of two shards under one key. Entries are numbered through both, in the order in which they came.
pub(crate) struct Log {
    key: Key,
    impostor: Key,
    entries: Vec<Entry>,
    shards: [Shard; 2],
    pub(crate) lie: Option<LogLie>,
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
            shards: [(OLDER, 0), (ACTIVE, OLDER_SHARDS)].map(|(at, first)| Shard {
                tree_id: TREE_IDS[at],
                first,
                leaves: Vec::new(),
            }),
            lie: None,
        };
        log.append_foreign(OLDER, FOREIGN_FIRST);
        log.append_foreign(ACTIVE, FOREIGN_FIRST);
        log
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Adds an entry and a few foreign ones after it; its number. `digests` are hex SHA-256 values to find it by.
    pub(crate) fn append(&mut self, body: String, integrated_time: i64, digests: Vec<String>, faults: Faults) -> usize {
        let shard = if faults.older_shard { OLDER } else { ACTIVE };
        let entry = Entry {
            place: (shard, 0),
            body,
            integrated_time,
            digests,
            visible: !faults.unlogged,
            faults,
        };
        let number = self.push(entry);
        self.append_foreign(shard, FOREIGN_BETWEEN);
        number
    }

    /// Adds an entry without others after it; its number.
    pub(crate) fn append_one(&mut self, body: String, integrated_time: i64, digests: Vec<String>) -> usize {
        self.push(Entry {
            place: (ACTIVE, 0),
            body,
            integrated_time,
            digests,
            visible: true,
            faults: Faults::default(),
        })
    }

    fn append_foreign(&mut self, shard: usize, count: usize) {
        for _ in 0..count {
            let number = self.shards[shard].leaves.len();
            let body = json!({"apiVersion": "0.0.1", "kind": "foreign", "spec": {"number": number}});
            self.push(Entry {
                place: (shard, 0),
                body: canonical_json(&body),
                integrated_time: 0,
                digests: Vec::new(),
                visible: false,
                faults: Faults::default(),
            });
        }
    }

    fn push(&mut self, mut entry: Entry) -> usize {
        let (shard, index) = &mut entry.place;
        let leaves = &mut self.shards[*shard].leaves;
        *index = leaves.len();
        leaves.push(merkle::hash_leaf(entry.body.as_bytes()));
        self.entries.push(entry);
        self.entries.len() - 1
    }

    /// Number of the visible entry with exactly this body.
    pub(crate) fn find_body(&self, body: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.visible && entry.body == body)
    }

    /// Number of the visible entry with this UUID, with or without the tree id.
    pub(crate) fn find_uuid(&self, uuid: &str) -> Option<usize> {
        let hash = uuid.get(uuid.len().checked_sub(64)?..)?;
        let tree = uuid.strip_suffix(hash)?;
        self.find(|log, entry| {
            let own = log.uuid(entry);
            own.ends_with(hash) && (tree.is_empty() || own.starts_with(tree))
        })
    }

    /// Number of the visible entry with this `logIndex`.
    pub(crate) fn find_log_index(&self, log_index: usize) -> Option<usize> {
        self.find(|log, entry| log.log_index(entry) == log_index)
    }

    /// Number of the newest visible entry but those of this body: what a stranger has logged.
    pub(crate) fn find_other(&self, body: &str) -> Option<usize> {
        let is_other = |entry: &Entry| entry.visible && entry.body != body;
        self.entries.iter().rposition(is_other)
    }

    fn find(&self, is_it: impl Fn(&Self, &Entry) -> bool) -> Option<usize> {
        let matches = |entry: &Entry| entry.visible && is_it(self, entry);
        self.entries.iter().position(matches)
    }

    /// UUIDs of the visible entries that the index finds by a hex SHA-256.
    pub(crate) fn find_digest(&self, digest: &str) -> Vec<String> {
        let matches = |entry: &&Entry| entry.visible && entry.digests.iter().any(|known| known == digest);
        let found = self.entries.iter().filter(matches);
        found.map(|entry| self.uuid(entry)).collect()
    }

    fn leaf(&self, entry: &Entry) -> &[u8; 32] {
        let (shard, index) = entry.place;
        &self.shards[shard].leaves[index]
    }

    fn uuid(&self, entry: &Entry) -> String {
        let tree_id = self.shards[entry.place.0].tree_id;
        format!("{tree_id:016x}{}", hex(self.leaf(entry)))
    }

    fn log_index(&self, entry: &Entry) -> usize {
        let (shard, index) = entry.place;
        self.shards[shard].first + index
    }

    /// The log as `GET /api/v1/log` tells of it: the active shard, and the older one.
    pub(crate) fn describe(&self) -> Value {
        let of = |shard: &Shard| {
            json!({
                "rootHash": hex(&merkle::root(&shard.leaves)),
                "signedTreeHead": self.checkpoint(shard, shard.leaves.len(), false),
                "treeID": shard.tree_id.to_string(),
                "treeSize": shard.leaves.len(),
            })
        };
        let [older, active] = &self.shards;
        let mut log = of(active);
        log["inactiveShards"] = json!([of(older)]);
        log
    }

    /// The entry of this number with SET, proof and checkpoint against the whole tree as it is now, and with the faults that
    /// it was appended with.
    pub(crate) fn prove(&self, number: usize) -> Proven {
        let entry = self.entries.get(number).expect("a number that append gave");
        let faults = entry.faults;
        let log_id = self.key.id();
        let log_index = self.log_index(entry);
        let promise = canonical_json(&json!({
            "body": base64(entry.body.as_bytes()),
            "integratedTime": entry.integrated_time,
            "logID": hex(&log_id),
            "logIndex": log_index,
        }));
        let set_key = if faults.wrong_set { &self.impostor } else { &self.key };
        Proven {
            uuid: self.uuid(entry),
            body: entry.body.clone(),
            integrated_time: Some(entry.integrated_time),
            log_id,
            log_index,
            set: (!faults.omit_set).then(|| set_key.sign(promise.as_bytes())),
            proof: (!faults.omit_inclusion_proof).then(|| self.proof(entry.place, faults)),
        }
    }

    fn proof(&self, (shard, index): (usize, usize), faults: Faults) -> Proof {
        let shard = &self.shards[shard];
        // An answer from before the last entries came is as good as one from after.
        let newer = if self.lie == Some(LogLie::Stale) {
            FOREIGN_BETWEEN
        } else {
            0
        };
        let tree_size = (shard.leaves.len() - newer).max(index + 1);
        let leaves = &shard.leaves[..tree_size];
        let mut hashes = merkle::inclusion_proof(index, leaves);
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
            root: merkle::root(leaves),
            hashes,
            checkpoint: self.checkpoint(shard, checkpoint_size, faults.wrong_checkpoint),
        }
    }

    /// A signed note over the first `size` leaves: origin, size, root, time; key hint before the signature.
    fn checkpoint(&self, shard: &Shard, size: usize, wrong: bool) -> String {
        let root = merkle::root(&shard.leaves[..size]);
        let body = format!("rekor.test - {}\n{size}\n{}\n", shard.tree_id, base64(&root));
        let key = if wrong { &self.impostor } else { &self.key };
        let mut line: Vec<u8> = self.key.id().iter().take(4).copied().collect();
        line.extend_from_slice(&key.sign(body.as_bytes()));
        format!("{body}\n\u{2014} rekor.test {}\n", base64(&line))
    }
}

impl Proven {
    /// `{uuid: entry}` as Rekor v1's API answers.
    pub(crate) fn api_answer(&self) -> Value {
        json!({ self.uuid.as_str(): self.api_entry() })
    }

    /// The entry in that answer, hashes in hex and numbers as numbers.
    pub(crate) fn api_entry(&self) -> Value {
        let mut verification = serde_json::Map::new();
        if let Some(proof) = &self.proof {
            verification.insert("inclusionProof".to_owned(), proof.api_form());
        }
        if let Some(set) = &self.set {
            verification.insert("signedEntryTimestamp".to_owned(), base64(set).into());
        }
        json!({
            "body": base64(self.body.as_bytes()),
            "integratedTime": self.integrated_time,
            "logID": hex(&self.log_id),
            "logIndex": self.log_index,
            "verification": verification,
        })
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
