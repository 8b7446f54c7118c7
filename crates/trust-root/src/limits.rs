//! Budgets: what a repository, or a cache, may cost.

use std::time::Duration;

use jiff::SignedDuration;

/// Largest `trusted_root.json` that is read, in bytes; the public-good one has 6 kB, GitHub's 32 kB.
pub const MAX_ROOT_BYTES: u64 = 4 << 20;

/// How long a refreshed root counts as fresh, so that no request is made: public-good timestamps are signed for about a
/// week and renewed every few days.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Time for a refresh that other work waits for: what an unreachable repository can cost a run. Two repositories are
/// asked side by side.
pub const QUICK: Duration = Duration::from_secs(5);

/// Time for a refresh that was asked for.
pub const THOROUGH: Duration = Duration::from_mins(1);

/// Longest wait for a connection and for the next bytes, within [`QUICK`] or [`THOROUGH`].
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

/// Most root versions after the start root: the public-good instance has made 16 in five years.
pub(crate) const MAX_NEW_ROOTS: usize = 64;

/// Largest metadata files, in bytes, as in python-tuf's `UpdaterConfig`; the real ones have 6 kB at most.
pub(crate) const ROOT_METADATA: u64 = 512_000;
pub(crate) const TIMESTAMP_METADATA: u64 = 16_384;
pub(crate) const SNAPSHOT_METADATA: u64 = 2_000_000;
pub(crate) const TARGETS_METADATA: u64 = 5_000_000;

/// Largest cache file of a repository: everything above once and the roots at their usual size, with room to spare.
pub(crate) const CACHE_FILE: u64 = 16 << 20;
