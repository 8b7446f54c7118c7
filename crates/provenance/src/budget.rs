//! Limits on everything hostile (A6). Each is far above what real files need and far below what could hurt; going over one
//! is a problem with its own code, never a silent cut.

/// Largest provenance document, in bytes. The largest real ones (a release's `multiple.intoto.jsonl`) stay below 1 MiB; a
/// statement over the most subjects allowed here needs about 1 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// Deepest nesting of JSON arrays and objects. GitHub's event payloads, the deepest real content, need about ten.
pub const MAX_JSON_DEPTH: usize = 64;

/// Most JSON values in one document: it bounds memory, since a small object costs some 400 bytes of memory in ten of text.
/// Real attestations have 30 to 100 each, so the most that are allowed here fit.
pub const MAX_JSON_VALUES: usize = 200_000;

/// Most lines that are not blank in a JSON Lines file: one per wheel and per re-run of a release, with room.
pub const MAX_LINES: usize = 1024;

/// Most attestations in one document; verifying one costs about a millisecond.
pub const MAX_ATTESTATIONS: usize = 1024;

/// Most signatures of one envelope. Verification accepts exactly one; more are read only to be named in the refusal.
pub const MAX_SIGNATURES: usize = 8;

/// Most transparency log entries beside one signature. Verification accepts exactly one.
pub const MAX_LOG_ENTRIES: usize = 8;

/// Most certificates in one bundle's chain; real chains have at most three.
pub const MAX_CERTIFICATES: usize = 8;

/// Longest certificate, in bytes, PEM or DER. Fulcio's have about 2 KiB.
pub const MAX_CERTIFICATE_BYTES: usize = 64 << 10;

/// Most subjects of one statement. The largest producers stop at 1,024.
pub const MAX_SUBJECTS: usize = 4096;

/// Most digests of one subject: there are fewer algorithms in use.
pub const MAX_DIGESTS: usize = 16;

/// Longest subject name, type or digest text that is read, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;
