//! Test Sigstore, wheel builder, index, GitHub and Rekor servers; the demo. Development only.
//!
//! Everything here is real except who vouches for it: keys, certificates, SCTs, log entries, proofs and checkpoints are
//! made and signed as Sigstore's public-good instance makes them, under roots that only this crate knows. Nothing is
//! mocked in the verifier: it is given [`sigstore::TestSigstore::trusted_root_json`] and does its whole work.
//!
//! Layers, each knowing only those before it: [`sigstore`] signs, [`statement`] writes what is signed, [`wheel`] builds
//! files, [`server`] answers HTTP on 127.0.0.1, [`world`] puts a release with its evidence into all of them, [`bulk`]
//! puts hundreds there, [`demo`] runs the real binary against it.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that cannot be built is a failed test; a Result would only be unwrapped by each caller"
)]

pub mod bulk;
pub mod demo;
mod encoding;
pub mod fixtures;
pub mod identity;
pub mod malformed;
pub mod release;
pub mod server;
pub mod sigstore;
pub mod statement;
pub mod tuf;
pub mod wheel;
pub mod world;

pub use identity::Identity;
pub use release::{AssetForm, Delivery, Evidence, Predicate, Release, ReleaseFaults, Signing};
pub use server::fault::Fault;
pub use sigstore::{Faults, LogKind, Signed, SigningOptions, TestSigstore};
pub use tuf::{TufFault, TufRepository, TufRole};
pub use wheel::{Wheel, WheelBuilder};
pub use world::{World, WorldBuilder};
