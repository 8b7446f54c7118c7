//! Finds evidence on GitHub: release assets by version tag, and the attestations API (VERIFICATION.md, "Where evidence is
//! found", 2 and 3).
//!
//! Everything that is found is unverified, and GitHub's answers are unsigned: they can find evidence, never satisfy a pin
//! (E7). A place that could not be asked is told apart from one that holds nothing; neither is a pass.

mod answer;
mod attestations;
mod bundle;
mod fetch;
#[doc(hidden)]
pub mod fuzzing;
mod github;
mod limits;
mod link;
mod list;
mod releases;
mod tags;
mod urls;

pub use answer::{Answer, Asked, ReleaseAnswer};
pub use github::Github;
pub use tags::tags;
pub use urls::GithubUrls;

/// Largest evidence file, and page of the attestations API, in bytes. Real files have 10 to 200 kB, pages up to 1.5 MB. Less than
/// the provenance parser reads of local files: strangers send these, and what is made of them is several times as large.
pub const MAX_EVIDENCE_BYTES: u64 = 4 << 20;

/// Largest bundle that lies elsewhere than in the API's answer, in bytes, before and after it is decoded. Real ones have 10 to
/// 50 kB; one about 1,024 subjects has 200.
pub const MAX_BUNDLE_BYTES: u64 = 4 << 20;

/// Bytes of evidence after which no further page and no further large file is fetched for one distribution file.
pub const MAX_TOTAL_BYTES: u64 = 6 << 20;

/// Largest answer of the API about a release, in bytes. A release can have 1,000 assets of about 2 KiB each.
pub const MAX_RELEASE_BYTES: u64 = 4 << 20;

/// Most assets that a release can have.
pub const MAX_LISTED: usize = 1000;

/// Most evidence files of a release that are downloaded for one distribution file.
pub const MAX_ASSETS: usize = 32;

/// Most tags that are tried for one version.
pub const MAX_TAGS: usize = 24;

/// Most pages of the attestations API, of 100 attestations each.
pub const MAX_PAGES: usize = 5;

/// Most attestations of one page: as many as are asked for.
pub const MAX_PER_PAGE: usize = 100;

/// Most bundles of one page that are fetched by a URL of their own.
pub const MAX_BUNDLE_URLS: usize = 32;
