//! The TUF client against a real repository on 127.0.0.1, well-behaved and not; nothing of it is mocked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]

mod attacks;
mod cache;
mod faults;
mod mutations;
mod order;
mod scene;
