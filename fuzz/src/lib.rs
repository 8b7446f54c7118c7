//! What the fuzz targets share: signed documents of the test Sigstore, ways to change them, and what may still be accepted.

pub mod edit;
pub mod good;
pub mod input;
pub mod proof;
pub mod verdict;
