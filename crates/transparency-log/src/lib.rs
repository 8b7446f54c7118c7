//! Rekor (v1) look-up for classic envelopes (VERIFICATION.md B7).
//!
//! A classic DSSE envelope holds no log entry, so the log itself is asked. What it answers is hostile like everything
//! else: here it is only taken apart within limits; the verification core decides what it is worth.

mod answer;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod query;

pub use error::LookupError;
pub use query::lookup;

/// Most entry ids in one request; the real server refuses more (`maxItems` of its `SearchLogQuery`).
pub const MAX_IDS_PER_REQUEST: usize = 10;

/// Most entries of the index that are looked at for one digest. Anyone may log entries about any digest, so a flood must cost
/// a bounded number of requests: this is a hundred. Of more, the oldest and the newest are looked at.
pub const MAX_IDS: usize = 1000;

/// Requests for entries that are under way at once.
pub const MAX_REQUESTS_AT_ONCE: usize = 4;

/// Most entries that are handed on: as many as the verification core reads. Of more, the first and the last are.
pub const MAX_ENTRIES: usize = 256;

/// Most entries in one answer: up to four proposed entries, each perhaps in several shards, or the ids asked for.
pub const MAX_ENTRIES_PER_ANSWER: usize = 20;

/// Largest answer, in bytes. An entry may carry its stored attestation, which the real server keeps up to 100 kB of.
pub const MAX_ANSWER_BYTES: u64 = 8 << 20;
