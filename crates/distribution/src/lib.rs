//! The nouns of Python packaging that every other crate speaks of: names, versions, file names, tags, digests,
//! requirements, and the source repositories and publishers that provenance names.
//!
//! Pure: no I/O and no clock. Each type is parsed once, at the edge, and is valid from then on.

pub mod digest;
pub mod filename;
pub mod marker;
pub mod metadata;
pub mod name;
mod publisher;
pub mod repository;
pub mod requirement;
pub mod specifier;
pub mod tags;
mod text;

pub use digest::Sha256Digest;
pub use filename::{DistributionFilename, SdistFilename, WheelFilename};
pub use metadata::CoreMetadata;
pub use name::PackageName;
pub use pep440_rs::{Version, VersionSpecifiers};
pub use publisher::Publisher;
pub use repository::SourceRepository;
pub use requirement::Requirement;
pub use tags::{SupportedTags, Tag};
