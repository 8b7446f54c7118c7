//! Lock files as PEP 751 defines them (`pylock.toml`): read strictly, written in one way, chosen from, and compared.
//!
//! Pure: texts and the target environment are arguments; nothing here reads a file, the network or the clock. A lock file is
//! hostile input like any other: what it says of files, hashes and identities is an expectation, and proves nothing.

pub mod diff;
mod error;
mod model;
mod name;
mod read;
mod select;
mod write;

pub use error::{LockError, LockErrors};
pub use model::{Dependency, Environment, File, Line, Lock, Package, Place, Recorded, Source, SourceTree, Specifiers};
pub use name::is_lock_name;
pub use read::{MAX_LOCK_LEN, MAX_PACKAGES, MAX_PUBLISHERS, MAX_WHEELS, Read, read};
pub use select::{Chosen, Target, Unusable, select};
pub use write::write;
