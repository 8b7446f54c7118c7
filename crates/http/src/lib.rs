//! One HTTP client for everything that slsa-pip fetches: bounded bodies, bounded redirects, bounded retries, credentials
//! that stay with their origin, URLs that are redacted wherever they are shown, a cache on disk, and an offline switch.
//!
//! Whatever a server answers is hostile input. Nothing here decides whether an answer can be trusted.

mod anew;
mod ask;
mod attempt;
mod body;
pub mod cache;
mod cached;
mod client;
mod download;
mod error;
mod get;
mod guard;
mod hashed;
mod made;
mod netrc;
mod range;
mod redact;
mod redirect;
mod response;
mod retry;
mod room;
mod settings;

pub use anew::{anew, watch_cache};
pub use ask::{AskedLogins, LoginAnswer, LoginQuestion};
pub use bytes::Bytes;
pub use cache::{CacheSettings, Caching};
pub use client::{Client, Counters};
pub use error::{HttpError, RedirectProblem};
pub use get::Get;
pub use guard::is_public;
pub use hashed::{Downloaded, copy_hashed, sha256};
pub use made::Made;
pub use netrc::{MAX_NETRC, Netrc, NetrcError};
pub use range::{Partial, RangeAnswer};
pub use redact::redact;
pub use redirect::{MAX_REDIRECTS, is_private_way, same_origin};
pub use reqwest::header::HeaderMap;
pub use response::{Origin, Response};
pub use room::with_room;
pub use settings::Settings;
