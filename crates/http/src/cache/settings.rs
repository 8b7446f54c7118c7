//! Where the cache is, how large it may be, and what a caller lets it keep.

use slsa_pip_cache::CacheFolder;
use slsa_pip_distribution::Sha256Digest;

/// Default bound of the answers: some hundred projects' pages, metadata and provenance.
const MAX_HTTP_BYTES: u64 = 512 << 20;
/// Default bound of the wheels: a few large environments.
const MAX_WHEEL_BYTES: u64 = 4 << 30;

/// A cache on disk.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CacheSettings {
    /// The folder; `http/` and `wheels/` below it are made when first written to, for their owner only (0700).
    pub folder: CacheFolder,
    /// Bytes of answers that stay after pruning. A run may go over it by what it fetches itself.
    pub max_http_bytes: u64,
    /// Bytes of wheels that stay after pruning.
    pub max_wheel_bytes: u64,
}

impl CacheSettings {
    /// A cache in this folder with the default bounds.
    #[must_use]
    pub fn new(folder: CacheFolder) -> Self {
        Self {
            folder,
            max_http_bytes: MAX_HTTP_BYTES,
            max_wheel_bytes: MAX_WHEEL_BYTES,
        }
    }
}

/// What may be done with the answer to one GET. The caller chooses: nothing is cached by default, and a POST never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caching {
    /// Neither kept nor taken from the cache.
    #[default]
    Never,
    /// As the server's headers say: index pages, project metadata.
    Standard,
    /// As [`Caching::Standard`]; and that nothing is there (404, 410) is believed for [`super::NEGATIVE_LIFETIME`],
    /// whatever the headers say but `no-store`. For evidence, which is asked for in many places that hold none.
    Evidence,
    /// A body of this digest, which the caller checks, is as good from the cache as from the server, however old.
    Digest(Sha256Digest),
}
