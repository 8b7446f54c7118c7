//! The cache on disk: HTTP answers (RFC 9111, as a private cache) and verified wheels.
//!
//! `http/` below the folder holds one file for each answer, `wheels/` one for each file, named by its sha256. Every byte is
//! hashed again when it is read: a damaged entry counts as absent and is removed. Files appear under their name in one step,
//! so processes side by side need no lock. Folders and files that others may write to are not used. A cache that cannot be used costs time, never a result.

mod control;
mod entry;
mod key;
mod maintenance;
mod settings;
mod store;
mod trouble;
mod wheels;

pub use control::{MAX_LIFETIME, NEGATIVE_LIFETIME};
pub use entry::MAX_ENTRY_BYTES;
pub use maintenance::{CacheInfo, clean, info, prune};
pub use settings::{CacheSettings, Caching};
pub use slsa_pip_cache::sweep::{Removed, Usage};
pub use wheels::WheelStore;

pub(crate) use control::Freshness;
pub(crate) use entry::{Entry, Head, Kept, Validators};
pub(crate) use key::Key;
pub(crate) use store::Store;
pub(crate) use trouble::Troubles;
