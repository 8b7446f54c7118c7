//! Finds evidence on GitHub: release assets by version tag, and the attestations API (VERIFICATION.md, "Where evidence is
//! found", 2 and 3).
//!
//! Everything that is found is unverified, and GitHub's answers are unsigned: they can find evidence, never satisfy a pin
//! (E7). A place that could not be asked is told apart from one that holds nothing; neither is a pass.

mod answer;
mod attestations;
mod fetch;
#[doc(hidden)]
pub mod fuzzing;
mod releases;
mod tags;
mod urls;

pub use answer::{Answer, Asked, ReleaseAnswer};
pub use attestations::attestations;
pub use releases::release_evidence;
pub use tags::tags;
pub use urls::GithubUrls;

/// Largest evidence file, in bytes: what the provenance parser reads.
pub const MAX_EVIDENCE_BYTES: u64 = slsa_pip_provenance::budget::MAX_DOCUMENT_BYTES as u64;

/// Largest answer of the API about a release, in bytes. A release can have 1,000 assets of about 2 KiB each.
pub const MAX_RELEASE_BYTES: u64 = 8 << 20;

/// Most evidence files of a release that are downloaded for one distribution file.
pub const MAX_ASSETS: usize = 32;

/// Most tags that are tried for one version.
pub const MAX_TAGS: usize = 24;

/// Most pages of the attestations API, of 100 attestations each.
pub const MAX_PAGES: usize = 5;

/// Most bundles of one page that are fetched by a URL of their own.
pub const MAX_BUNDLE_URLS: usize = 32;
