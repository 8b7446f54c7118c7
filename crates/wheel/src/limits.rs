//! Budgets: a wheel is hostile until it has been looked at, and even then its size is whatever its maker wanted.

/// Most entries of an archive. The largest wheels known have about seventy thousand files.
pub const MAX_ENTRIES: u64 = 100_000;
/// Largest directory of an archive, in bytes: [`MAX_ENTRIES`] with names of ordinary length. It is held in memory.
pub const MAX_DIRECTORY: u64 = 16 * 1024 * 1024;
/// Longest name of an entry, in bytes. Installers prepend the path of the environment, and systems end at 4096 bytes, or 1024.
pub const MAX_NAME: usize = 1024;
/// Longest part of a name between two slashes, in bytes: what common file systems can hold.
pub const MAX_NAME_PART: usize = 255;
/// Most parts of a name. The deepest wheels known have about twenty.
pub const MAX_PARTS: usize = 64;
/// Most rows of RECORD that have no file in the wheel before nobody reads on.
pub const MAX_MISSING: usize = 1000;
/// Most bytes of extra fields of one header. Times, owners, long sizes and an alignment need less.
pub const MAX_EXTRA: usize = 4096;
/// Largest sum of all unpacked files, in bytes. The largest wheels known unpack to about four gigabytes.
pub const MAX_UNPACKED: u64 = 16 * 1024 * 1024 * 1024;
/// Unpacked bytes up to which nobody asks how well they were compressed: small files of zeros are nobody's weapon.
pub const UNPACKED_FREE: u64 = 64 * 1024 * 1024;
/// Most unpacked bytes for each byte of the archive above [`UNPACKED_FREE`]. Programs and texts shrink to a third or a
/// tenth; DEFLATE ends at a thousandth, which is what bombs are made of.
pub const MAX_RATIO: u64 = 100;
/// Largest RECORD, in bytes: [`MAX_ENTRIES`] with digests. It is held in memory.
pub const MAX_RECORD: u64 = 32 * 1024 * 1024;
/// Largest WHEEL or `entry_points.txt`, in bytes.
pub const MAX_SMALL_FILE: u64 = 1024 * 1024;
/// Bytes that are read, or unpacked, at a time.
pub(crate) const CHUNK: usize = 64 * 1024;
