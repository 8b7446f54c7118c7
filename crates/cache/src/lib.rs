//! The cache folder: private to the user, made when first written to, each file replaced whole.
//!
//! It keeps bytes and proves nothing about them: whatever is read from it must be verified again before it is used. What the
//! folder does guarantee is that nobody else could have written there (on Unix: owner and mode are checked, and below the
//! folder itself no symbolic link is followed), that a reader never sees half a file, and that no read is without a limit.

mod check;
mod error;
mod folder;
mod place;
mod room;
pub mod sweep;

pub use error::CacheError;
pub use folder::{CacheFolder, LONGEST_LOCK, Lock};
pub use place::{check_owner, check_temporary};
pub use room::make_room;
