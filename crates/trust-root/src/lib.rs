//! The trusted root: refreshed from its TUF repository, else its verified cache, else the embedded copy; or a file that
//! the user names.
//!
//! ```text
//! repository ── where it is, and the root.json to start from
//!     │
//! open ──────── the cached copy, verified again from that root.json on      (disk)
//!     │
//! refresh ───── root chain → timestamp → snapshot → targets → target        (network)
//!     │            every step through `metadata`, which does no I/O
//!     ▼
//! Loaded ────── prepared roots, where they come from, how old they are
//! ```
//!
//! Who controls the trusted root controls every verdict. So: whatever a repository answers, and whatever the cache holds,
//! is hostile until the chain of signatures from the start root has been verified; a repository that answers wrongly, or a
//! cache that does not verify, is an error with a code of its own and is never passed over for the next best copy. Only a
//! repository that does not answer is. What a root then makes acceptable is the business of `slsa-pip-verify`.

mod assemble;
mod describe;
mod embedded;
mod error;
mod fetch;
mod file;
#[doc(hidden)]
pub mod fuzzing;
mod kept;
mod limits;
mod loaded;
mod metadata;
mod open;
mod origin;
mod problem;
mod refresh;
mod repository;

pub use describe::{Authority, Contents, Key, RoleState};
pub use embedded::EMBEDDED_DATE;
pub use error::{Code, LoadError};
pub use file::from_file;
pub use limits::{FRESH_FOR, MAX_ROOT_BYTES, QUICK, THOROUGH};
pub use loaded::{Loaded, Part};
pub use open::{Opened, Source, open};
pub use origin::Origin;
pub use problem::Problem;
pub use repository::Repository;
