//! What can be signed wrongly on purpose: one switch per rule that a verifier must enforce.

/// Deliberate defects of one signature and its log entry. All false (the default) gives material that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each switch is one independent defect")]
pub struct Faults {
    /// The certificate carries no SCT.
    pub omit_sct: bool,
    /// The SCT is signed by a key that is no log's.
    pub wrong_sct: bool,
    /// The certificate is issued by a CA of the same names that the trusted root does not hold.
    pub other_ca: bool,
    /// The certificate lacks the code-signing extended key usage.
    pub omit_code_signing: bool,
    /// The log integrated the entry one hour after the certificate had expired.
    pub expired_certificate: bool,
    /// The log integrated the entry one hour before the certificate became valid.
    pub not_yet_valid_certificate: bool,
    /// The signing key, and so its certificate's, is an Ed25519 one.
    pub ed25519_key: bool,
    /// The signature is over another payload. The log entry records that same signature.
    pub wrong_signature: bool,
    /// The signed entry timestamp is signed by a key that is not the log's.
    pub wrong_set: bool,
    /// No signed entry timestamp at all.
    pub omit_set: bool,
    /// No inclusion proof at all.
    pub omit_inclusion_proof: bool,
    /// One hash of the inclusion proof is altered.
    pub wrong_inclusion_proof: bool,
    /// The checkpoint is signed by a key that is not the log's, under the log's name and key hint.
    pub wrong_checkpoint: bool,
    /// The checkpoint is an older, genuine one: its tree size differs from the proof's.
    pub stale_checkpoint: bool,
    /// The entry's body records another payload hash.
    pub logged_other_payload: bool,
    /// The entry's body records another signature.
    pub logged_other_signature: bool,
    /// The entry's body records another certificate.
    pub logged_other_certificate: bool,
    /// No RFC 3161 timestamp where Rekor v2 or GitHub's own instance would have one.
    pub omit_timestamp: bool,
    /// The RFC 3161 timestamp is over another signature. Matters where there is one, as with all faults of timestamps.
    pub wrong_timestamp: bool,
    /// The RFC 3161 timestamp is of one hour after signing, when the certificate has expired.
    pub late_timestamp: bool,
    /// The RFC 3161 timestamp is of one hour before signing, when the certificate is not yet valid.
    pub early_timestamp: bool,
    /// The RFC 3161 timestamp is by an authority of the trusted root whose window there has ended.
    pub retired_tsa: bool,
    /// The RFC 3161 timestamp is by an authority of the trusted root whose own certificate has expired.
    pub expired_tsa: bool,
    /// The RFC 3161 timestamp's signature is altered.
    pub tampered_timestamp: bool,
    /// The RFC 3161 timestamp is by an authority of the same names that the trusted root does not hold.
    pub other_tsa: bool,
    /// Rekor v2: the checkpoint has a witness's signature beside the log's. No defect: it verifies.
    pub cosigned_checkpoint: bool,
    /// Rekor v2: a line under the log's own name and key hint with an impostor's signature stands before the log's. No defect: it verifies.
    pub colliding_key_hint: bool,
    /// Rekor v2: the checkpoint has a witness's signature only.
    pub unsigned_checkpoint: bool,
    /// Rekor v2: the checkpoint is signed by the other log of the trusted root.
    pub foreign_checkpoint: bool,
    /// Rekor v2: the checkpoint is the log's, but of a tree that does not hold the entry.
    pub checkpoint_of_other_tree: bool,
    /// Rekor v2: the proof's root hash is not the checkpoint's.
    pub wrong_root_hash: bool,
    /// Rekor v2: the entry is in a log of the trusted root whose key's window has ended.
    pub retired_log: bool,
    /// Rekor v2: the entry is in a log of the trusted one's name that the trusted root does not hold.
    pub unknown_log: bool,
    /// Rekor v1: the entry is in an older shard. No defect: it verifies.
    pub older_shard: bool,
    /// The entry was never registered: the log's look-ups do not find it. Bundles still carry it.
    pub unlogged: bool,
}

/// How the log's server misleads whoever asks it; see [`TestSigstore::mislead`](super::TestSigstore::mislead).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLie {
    /// Entries are given under the id of another entry.
    OtherId,
    /// Entries are given under the right leaf hash in another shard's tree.
    OtherShard,
    /// Another entry of the log is given under the id of the one that was asked for.
    OtherEntry,
    /// Another entry of the log is given, under its own id, in the place of the one that was asked for.
    Foreign,
    /// Every entry is given twice, in one object under one key.
    DuplicateKeys,
    /// Every entry is given twice, in two objects.
    Repeated,
    /// The asked entry is given with this many others of the log, more than were asked for.
    WithOthers(usize),
    /// Entries are given with the id of a log that nobody knows.
    UnknownLog,
    /// Entries are given as they were provable before the last ones came. No lie: it verifies.
    Stale,
    /// The log says that it has nothing.
    Denial,
}
