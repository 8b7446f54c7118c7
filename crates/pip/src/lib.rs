//! The wrapped pip: what it is configured for (the probe), and the hand-off of verified files.
//!
//! [`Interpreter::start`] starts the target interpreter and asks its own pip for everything that is needed before packages can
//! be resolved, so that options, configuration files and variables mean here what they mean to pip. [`Interpreter::install`]
//! copies files into a private directory and lets that pip install exactly those, by name, version and hash, in the same
//! process. It takes [`slsa_pip_verify::Verified`] and nothing else.

mod answer;
mod channel;
mod environment;
mod error;
mod hand_off;
mod install;
mod interpreter;
mod keyring;
mod private;
mod probe;
mod process;
mod script;
mod staging;

pub use answer::{DirectUrl, InstalledDistribution, ParsedRequirement, UpgradeStrategy};
pub use environment::{Environment, find_python};
pub use error::PipError;
pub use hand_off::{HandOff, PipOutput};
pub use install::{PipOutcome, install};
pub use interpreter::Interpreter;
pub use keyring::Keyring;
pub use private::private_directory;
pub use probe::{InstallOptions, Probe, probe, probe_in};
