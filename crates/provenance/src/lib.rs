//! Reads evidence: JSON Lines, DSSE envelopes, Sigstore bundles, PEP 740 objects, in-toto statements, SLSA predicates.
//!
//! Pure: bytes in, values out. Nothing here is verified: every value of this crate is what an unknown party wrote, checked
//! for shape and size only (VERIFICATION.md A1–A6). Signatures, certificates, log entries, digests and identities are the
//! business of the verification core.

pub mod attestation;
pub mod budget;
mod bundle;
mod classic;
pub mod evidence;
mod fields;
pub mod json;
pub mod parse;
mod pep740;
pub mod problem;
pub mod slsa;
pub mod statement;
mod wrapper;

pub use attestation::{Attestation, ClassicEnvelope, ClassicSignature, Pep740Attestation, Publisher, SigstoreBundle};
pub use bundle::MEDIA_TYPES as BUNDLE_MEDIA_TYPES;
pub use evidence::{Evidence, Found, RekorAnswer, SourceKind};
pub use json::JsonError;
pub use parse::{Located, ParsedFile, parse_provenance};
pub use problem::Problem;
pub use slsa::{BuildFields, split_ref};
pub use statement::{PredicateType, Statement, StatementError, Subject};
