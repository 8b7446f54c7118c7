//! Rekor v2: a tile log whose entries have neither time nor SET, only an inclusion proof against a checkpoint.
//!
//! Checkpoints are signed notes (C2SP `tlog-checkpoint`): the key id of an Ed25519 log is bound to its origin, and
//! witnesses may have signed beside the log. There is no look-up API: bundles carry everything.

use super::faults::Faults;
use super::key::Key;
use super::log::{Proof, Proven};
use super::merkle;
use crate::encoding::{base64, canonical_json, hex, sha256};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;

/// Foreign entries before the first one, and after each one, so that proofs have more than one hash.
const FOREIGN_FIRST: usize = 13;
const FOREIGN_BETWEEN: usize = 2;

/// `SubjectPublicKeyInfo` of an Ed25519 key (RFC 8410) up to its 32 bytes.
const ED25519_SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signature type of Ed25519 in a signed note's key id.
const NOTE_ED25519: u8 = 1;

/// A key of a log or a signer: Ed25519 as the real logs of today, or ECDSA.
pub(crate) enum AnyKey {
    Ed25519(Ed25519KeyPair),
    Ecdsa(Key),
}

impl AnyKey {
    pub(crate) fn ed25519(seed: u64, label: &str) -> Self {
        let secret = sha256(format!("slsa-pip test world {seed} {label}").as_bytes());
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&secret).expect("32 bytes"))
    }

    /// DER `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => [&ED25519_SPKI_HEAD, pair.public_key().as_ref()].concat(),
            Self::Ecdsa(key) => key.spki(),
        }
    }

    /// As a trusted root names it.
    pub(crate) fn details(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "PKIX_ED25519",
            Self::Ecdsa(_) => "PKIX_ECDSA_P256_SHA_256",
        }
    }

    /// The log's id; its first four bytes are the key hint on checkpoints.
    fn id(&self, origin: &str) -> [u8; 32] {
        match self {
            Self::Ed25519(pair) => {
                let head = [origin.as_bytes(), b"\n", &[NOTE_ED25519]].concat();
                sha256(&[&head, pair.public_key().as_ref()].concat())
            }
            Self::Ecdsa(key) => key.id(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Ecdsa(key) => key.sign(message),
        }
    }
}

/// A tile log under one key.
pub(crate) struct TileLog {
    origin: &'static str,
    key: AnyKey,
    impostor: AnyKey,
    witness: AnyKey,
    leaves: Vec<[u8; 32]>,
}

impl TileLog {
    /// The active log of `seed`, `log2025-1.rekor.test`, under an Ed25519 key.
    pub(crate) fn active(seed: u64) -> Self {
        Self::new(seed, "log2025-1.rekor.test", AnyKey::ed25519(seed, "rekor v2"))
    }

    /// A log that was closed before anything is signed by default, `log2024-1.rekor.test`, under an ECDSA key.
    pub(crate) fn retired(seed: u64) -> Self {
        let key = AnyKey::Ecdsa(Key::derive(seed, "retired rekor v2"));
        Self::new(seed, "log2024-1.rekor.test", key)
    }

    /// A log of the active one's name under a key that no trusted root holds.
    pub(crate) fn unknown(seed: u64) -> Self {
        Self::new(seed, "log2025-1.rekor.test", AnyKey::ed25519(seed, "unknown rekor v2"))
    }

    fn new(seed: u64, origin: &'static str, key: AnyKey) -> Self {
        let mut log = Self {
            origin,
            key,
            impostor: AnyKey::ed25519(seed, "no rekor v2"),
            witness: AnyKey::ed25519(seed, "witness"),
            leaves: Vec::new(),
        };
        log.append_foreign(FOREIGN_FIRST);
        log
    }

    pub(crate) fn origin(&self) -> &'static str {
        self.origin
    }

    pub(crate) fn key(&self) -> &AnyKey {
        &self.key
    }

    pub(crate) fn id(&self) -> [u8; 32] {
        self.key.id(self.origin)
    }

    fn append_foreign(&mut self, count: usize) {
        for _ in 0..count {
            let body = json!({"apiVersion": "0.0.2", "kind": "foreign", "spec": {"number": self.leaves.len()}});
            self.leaves.push(merkle::hash_leaf(canonical_json(&body).as_bytes()));
        }
    }

    /// Adds an entry and a few foreign ones after it, and proves it against the whole tree. `other` is the log whose
    /// checkpoints are taken for [`Faults::foreign_checkpoint`].
    pub(crate) fn append(&mut self, body: String, faults: Faults, other: &Self) -> Proven {
        let index = self.leaves.len();
        let leaf = merkle::hash_leaf(body.as_bytes());
        self.leaves.push(leaf);
        self.append_foreign(FOREIGN_BETWEEN);
        Proven {
            uuid: hex(&leaf),
            body,
            integrated_time: None,
            log_id: self.id(),
            log_index: index,
            set: None,
            proof: (!faults.omit_inclusion_proof).then(|| self.proof(index, faults, other)),
        }
    }

    fn proof(&self, index: usize, faults: Faults, other: &Self) -> Proof {
        let tree_size = self.leaves.len();
        let mut hashes = merkle::inclusion_proof(index, &self.leaves);
        if faults.wrong_inclusion_proof
            && let Some(first) = hashes.first_mut()
        {
            first[0] ^= 1;
        }
        let mut root = merkle::root(&self.leaves);
        let size = if faults.stale_checkpoint {
            tree_size - 1
        } else {
            tree_size
        };
        let checkpoint = self.checkpoint(size, faults, other);
        if faults.wrong_root_hash {
            root[0] ^= 1;
        }
        Proof {
            index,
            tree_size,
            root,
            hashes,
            checkpoint,
        }
    }

    /// A signed note over the first `size` leaves: origin, size, root; then a line for each signature.
    fn checkpoint(&self, size: usize, faults: Faults, other: &Self) -> String {
        let mut root = merkle::root(self.leaves.get(..size).unwrap_or(&self.leaves));
        if faults.checkpoint_of_other_tree {
            root[0] ^= 1;
        }
        let body = format!("{}\n{size}\n{}\n", self.origin, base64(&root));
        let own = self.id();
        let mut lines = Vec::new();
        if faults.cosigned_checkpoint || faults.unsigned_checkpoint {
            let time = 1_748_779_200_u64.to_be_bytes();
            let message = format!("cosignature/v1\ntime {}\n{body}", u64::from_be_bytes(time));
            let signature = [&time, self.witness.sign(message.as_bytes()).as_slice()].concat();
            lines.push(line("witness.test", &self.witness.id("witness.test"), &signature));
        }
        if faults.colliding_key_hint {
            lines.push(line(self.origin, &own, &self.impostor.sign(body.as_bytes())));
        }
        if faults.wrong_checkpoint {
            lines.push(line(self.origin, &own, &self.impostor.sign(body.as_bytes())));
        } else if faults.foreign_checkpoint {
            lines.push(line(other.origin, &other.id(), &other.key.sign(body.as_bytes())));
        } else if !faults.unsigned_checkpoint {
            lines.push(line(self.origin, &own, &self.key.sign(body.as_bytes())));
        }
        format!("{body}\n{}", lines.concat())
    }
}

/// A signature line of a note: name, then key hint and signature in base64.
fn line(name: &str, id: &[u8; 32], signature: &[u8]) -> String {
    let hint: Vec<u8> = id.iter().take(4).copied().collect();
    format!("\u{2014} {name} {}\n", base64(&[&hint, signature].concat()))
}
