//! What the fuzz targets reach: the verification of TUF metadata, without the fetching. No part of the public interface.

use jiff::Timestamp;

use crate::metadata::{self, Files};

/// Whether the files lead from the start root to the target, which is the last of `files`; before it stand the timestamp, the
/// snapshot and the targets, and before them the roots.
#[must_use]
pub fn verifies(start: &[u8], mut files: Vec<String>, now: Timestamp) -> bool {
    let mut last = || files.pop().unwrap_or_default();
    let (target, targets, snapshot, timestamp) = (last(), last(), last(), last());
    let files = Files {
        roots: files,
        timestamp,
        snapshot,
        targets,
        target,
    };
    metadata::start(start)
        .and_then(|start| metadata::verify(start, &files, now))
        .is_ok()
}
