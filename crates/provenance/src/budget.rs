//! Limits on everything hostile (A6). Each is far above what real files need and far below what could hurt.

/// Largest provenance document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;
