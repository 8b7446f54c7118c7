//! The verdicts on real, public files: those of the manifest, one by one, beside those of other tools.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "../common/mod.rs"]
mod common;

// The files that a verdict depends on most closely, each looked at from several sides.
mod files;
// Every file of the manifest: its verdict by all rules, and its signature's alone.
mod verdicts;
// Every log entry of the manifest.
mod log_entries;
// sigstore-conformance's cases.
mod conformance;
// The document that names every difference between our verdicts and other tools'.
mod differences;
