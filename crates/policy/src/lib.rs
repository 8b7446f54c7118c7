//! `slsa-pip.toml`: pins, exemptions and defaults, and the [`Expectation`] they give per package.
//!
//! Pure: the text and the label it is shown under are arguments; nothing here reads a file, the clock or the
//! environment. The file is read strictly: whatever is not understood is an error with its position, never ignored,
//! since a mistyped pin that is silently dropped would be no pin at all.

mod account;
pub mod builder;
pub mod continuity;
pub mod document;
pub mod errors;
pub mod exemption;
pub mod expectation;
mod explain;
mod identity;
pub mod keys;
pub mod lock;
mod merge;
pub mod owner;
mod policy;
mod publisher;
mod read;
mod review;
pub mod schema;
mod scope;
mod setting;
mod sheet;
mod suggest;

pub use account::Account;
pub use builder::{BuilderId, BuilderMismatch, InvalidBuilder, TrustedBuilders};
pub use continuity::{Break, Previous};
pub use document::{Document, Format, Import, Importer, Layers, MAX_IMPORTS, Target};
pub use errors::{PolicyCode, PolicyError, PolicyErrors, Related};
pub use exemption::Exemption;
pub use expectation::{Expectation, KindSet, Mode, Unpinned};
pub use explain::{Effective, EntryKind, EntryRef, Explanation, Origin};
pub use identity::{EvidenceKind, Identity, Provider};
pub use lock::Lock;
pub use owner::{InvalidOwner, Owner};
pub use policy::{MAX_POLICY_LEN, Policy};
pub use publisher::LockedPublishers;
pub use scope::Scope;
pub use slsa_pip_distribution::Publisher;
