//! The copies that are compiled in.

use jiff::civil::{Date, date};

/// When the embedded copies were taken: the release of `sigstore-trust-root` 0.15.1, which carries them.
pub const EMBEDDED_DATE: Date = date(2026, 10, 23);
