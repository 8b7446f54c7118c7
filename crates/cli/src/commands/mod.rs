//! The commands: each takes its arguments, returns an exit code, and says everything through the printer.

pub(crate) mod cache;
pub(crate) mod check_release;
pub(crate) mod diff;
pub(crate) mod download;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod lock;
pub(crate) mod pip;
pub(crate) mod policy;
pub(crate) mod resolve;
pub(crate) mod trust_root;
pub(crate) mod verify;
pub(crate) mod verify_bundle;

/// Everything was verified.
pub(crate) const EXIT_VERIFIED: u8 = 0;
/// Something was refused.
pub(crate) const EXIT_REFUSED: u8 = 1;
