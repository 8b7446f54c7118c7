//! The verification core: `(file, evidence, trusted roots, expectation, time)` → [`Verified`] or [`Refusal`]s.
//!
//! Pure: bytes, time and roots are arguments; nothing here reads a file, the network or the environment (F4). One exception
//! lies below us: `sigstore-verify` itself compares log times with the system clock, but only to refuse times in the future;
//! we compare the proven signing time with the `now` that we are given.
//!
//! The rules, A1 to F4, are those of the verification design; every refusal names its rule.

mod basis;
mod builder;
mod certificate;
mod claims;
mod code;
mod continuity;
mod core;
mod exempt;
mod expectation;
mod locked;
mod origin;
mod predicate;
mod publisher;
mod refusal;
mod roots;
mod sigstore;
mod source_ref;
mod staged;
mod subject;
mod tolerate;
mod verified;

pub use crate::basis::{Attested, Basis, EvidenceKind, ExemptBasis, Instance, ToleratedBasis};
pub use crate::code::Code;
pub use crate::core::{Context, MAX_EVIDENCE, verify_file};
pub use crate::exempt::exempt;
pub use crate::refusal::Refusal;
pub use crate::roots::{RootError, TrustRoots};
pub use crate::sigstore::{ClaimedCertificate, SignedBundle, certificate_claims, verify_signature_bundle};
pub use crate::staged::StagedFile;
pub use crate::tolerate::tolerate;
pub use crate::verified::Verified;
