//! The package index as a client sees it: simple pages (PEP 503, 691, 700), wheel metadata (PEP 658, 714), downloads checked
//! against the index's and the user's digests, and the Integrity API (PEP 740).
//!
//! Everything an index says is hostile input and unsigned: it finds files and evidence, and proves nothing. A digest that
//! an index names guards against accidents, not against the index.

mod budget;
mod client;
mod direct;
mod download;
mod error;
mod find_links;
#[doc(hidden)]
pub mod fuzzing;
mod integrity;
mod lookup;
mod metadata;
mod of_wheel;
mod page;
mod sparse;
mod types;
mod wheel;

pub use budget::{MAX_KEPT, MAX_PAGE_KEPT};
pub use client::IndexClient;
pub use error::IndexError;
pub use page::{MAX_FILES, MAX_PAGE_SIZE};
pub use types::{
    About, IndexFile, IndexStrategy, IntegrityAnswer, MetadataHash, Project, ProjectStatus, SkipReason, Skipped,
    StagedDownload,
};
