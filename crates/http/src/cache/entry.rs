//! One kept answer, and its form on disk.
//!
//! `MAGIC`, the sha256 of the description, its length (u32, little endian), the description (JSON), the body. The
//! description names the body's sha256 and the key, so every byte is checked when an entry is read.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use slsa_pip_distribution::Sha256Digest;
use url::Url;

use super::{Key, settings::Caching};
use crate::hashed::sha256;

/// Largest body that is kept. The largest real index pages have 25 MB, and writing takes a copy of it.
pub const MAX_ENTRY_BYTES: u64 = 32 << 20;
/// Largest description; real ones stay below 2 KiB.
const MAX_DESCRIPTION: usize = 64 << 10;
/// Changes with the form.
const MAGIC: &[u8; 8] = b"slsapip1";
/// What stands before the description.
const PREFIX: usize = MAGIC.len() + 32 + 4;
/// Largest file of an entry.
pub(crate) const MAX_FILE: u64 = MAX_ENTRY_BYTES + (MAX_DESCRIPTION + PREFIX) as u64;

/// Headers that are kept: those that callers read and those that revalidation needs. No cookies.
const KEPT: [&str; 5] = ["content-type", "link", "etag", "last-modified", "cache-control"];

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) description: Description,
    pub(crate) body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    key: String,
    status: u16,
    /// Without credentials; of a redirected answer without its query, which may be a pre-signed secret.
    final_url: Url,
    headers: Vec<(String, String)>,
    /// Seconds since 1970 when it arrived or was last confirmed.
    confirmed: u64,
    /// Seconds from then on for which it needs no confirmation.
    lifetime: u64,
    sha256: String,
}

/// What a conditional request sends (RFC 9110, section 13), and to which URL alone.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    pub(crate) at: Url,
    pub(crate) etag: Option<HeaderValue>,
    pub(crate) last_modified: Option<HeaderValue>,
}

impl Entry {
    pub(crate) fn new(
        key: &Key,
        status: u16,
        final_url: Url,
        headers: &HeaderMap,
        body: Bytes,
        lifetime: Duration,
        now: u64,
    ) -> Self {
        // Every line of a header: the second `Cache-Control` may be the one that forbids.
        let lines = KEPT
            .iter()
            .flat_map(|name| headers.get_all(*name).into_iter().map(move |value| (*name, value)));
        let kept = lines.filter_map(|(name, value)| Some((name.to_owned(), value.to_str().ok()?.to_owned())));
        Self {
            description: Description {
                key: key.as_str().to_owned(),
                status,
                final_url,
                headers: kept.collect(),
                confirmed: now,
                lifetime: lifetime.as_secs(),
                sha256: sha256(&body).to_hex(),
            },
            body,
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.description.status
    }

    pub(crate) fn final_url(&self) -> &Url {
        &self.description.final_url
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let pairs = self.description.headers.iter();
        pairs
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
            .collect()
    }

    /// Whether it can be used without asking the server. A clock that was set back makes it stale.
    pub(crate) fn serves(&self, caching: Caching, now: u64) -> bool {
        let Description {
            confirmed,
            lifetime,
            status,
            ..
        } = self.description;
        let fresh = now.checked_sub(confirmed).is_some_and(|age| age < lifetime);
        match caching {
            Caching::Never => false,
            Caching::Standard => fresh && status == 200,
            Caching::Evidence => fresh,
            Caching::Digest(expected) => status == 200 && self.description.sha256 == expected.to_hex(),
        }
    }

    /// Whether it may ever serve again.
    pub(crate) fn is_of_use(&self, caching: Caching) -> bool {
        let by_digest = matches!(caching, Caching::Digest(_)) && self.description.status == 200;
        by_digest || self.description.lifetime > 0 || self.validators(caching).is_some()
    }

    /// What confirms it; `None` if nothing does. With a digest that it does not have, there is no use in confirming it.
    pub(crate) fn validators(&self, caching: Caching) -> Option<Validators> {
        if self.description.status != 200 || matches!(caching, Caching::Digest(_) | Caching::Never) {
            return None;
        }
        let header = |name: &str| {
            let (_, value) = self.description.headers.iter().find(|(known, _)| known == name)?;
            value.parse::<HeaderValue>().ok()
        };
        let (etag, last_modified) = (header("etag"), header("last-modified"));
        (etag.is_some() || last_modified.is_some()).then(|| Validators {
            at: self.description.final_url.clone(),
            etag,
            last_modified,
        })
    }

    /// Renews it as a 304 says. Returns whether that is worth writing. The headers stay those of the body.
    pub(crate) fn confirm(&mut self, lifetime: Duration, now: u64) -> bool {
        let known = &mut self.description;
        let changed = !lifetime.is_zero() || known.lifetime != 0;
        known.confirmed = now;
        known.lifetime = lifetime.as_secs();
        changed
    }

    /// The file's bytes; `None` if the description is larger than allowed, or the body is.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let description = serde_json::to_vec(&self.description).ok()?;
        if description.len() > MAX_DESCRIPTION || self.body.len() as u64 > MAX_ENTRY_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(PREFIX + description.len() + self.body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(sha256(&description).as_bytes());
        bytes.extend_from_slice(&u32::try_from(description.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&description);
        bytes.extend_from_slice(&self.body);
        Some(bytes)
    }

    /// Reads a file; `None` if it is not, byte for byte, what was written for this key.
    pub(crate) fn parse(bytes: Vec<u8>, key: &Key) -> Option<Self> {
        let bytes = Bytes::from(bytes);
        let rest = bytes.strip_prefix(MAGIC)?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let description = rest.get(..length).filter(|_| length <= MAX_DESCRIPTION)?;
        if sha256(description) != Sha256Digest::from_bytes(*digest) {
            return None;
        }
        let description: Description = serde_json::from_slice(description).ok()?;
        let body = bytes.slice(PREFIX + length..);
        let whole = description.key == key.as_str() && sha256(&body).to_hex() == description.sha256;
        whole.then_some(Self { description, body })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> (Key, Entry) {
        let url = Url::parse("https://index.example/simple/a/").unwrap();
        let key = Key::of_get(&url, None, None);
        let mut headers = HeaderMap::new();
        headers.insert("etag", "\"1\"".parse().unwrap());
        headers.insert("set-cookie", "s3cret".parse().unwrap());
        let body = Bytes::from_static(b"a page");
        let entry = Entry::new(&key, 200, url, &headers, body, Duration::from_mins(1), 1000);
        (key, entry)
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let (key, entry) = entry();
        let bytes = entry.to_bytes().unwrap();
        assert_eq!(Entry::parse(bytes.clone(), &key), Some(entry));
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret"));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(Entry::parse(flipped, &key), None, "byte {at}");
            assert_eq!(Entry::parse(bytes[..at].to_vec(), &key), None, "cut at {at}");
        }
        assert_eq!(Entry::parse([bytes.as_slice(), b"x"].concat(), &key), None);
        let other = Key::of_get(&Url::parse("https://index.example/").unwrap(), None, None);
        assert_eq!(Entry::parse(bytes, &other), None);
    }

    proptest! {
        #[test]
        fn no_other_bytes_are_an_entry(at in 0_usize..300, other in any::<Vec<u8>>()) {
            let (key, entry) = entry();
            let mut bytes = entry.to_bytes().unwrap();
            let at = at.min(bytes.len());
            let end = (at + other.len()).min(bytes.len());
            let changed = bytes[at..end] != other[..];
            bytes.splice(at..end, other);
            prop_assert_eq!(Entry::parse(bytes, &key).is_none(), changed);
        }
    }

    #[test]
    fn it_serves_for_its_lifetime_or_its_digest() {
        let (_, entry) = entry();
        for (now, fresh) in [(1000, true), (1059, true), (1060, false), (999, false), (0, false)] {
            assert_eq!(entry.serves(Caching::Standard, now), fresh, "{now}");
            assert!(!entry.serves(Caching::Never, now));
            assert!(entry.serves(Caching::Digest(sha256(b"a page")), now));
            assert!(!entry.serves(Caching::Digest(sha256(b"another")), now));
        }
    }

    #[test]
    fn a_confirmation_renews_it() {
        let (_, mut entry) = entry();
        assert!(entry.confirm(Duration::from_mins(1), 2000));
        assert!(entry.serves(Caching::Standard, 2059));
        assert!(entry.confirm(Duration::ZERO, 2000));
        assert!(!entry.confirm(Duration::ZERO, 3000));
        assert!(!entry.serves(Caching::Standard, 3000));
        assert_eq!(entry.validators(Caching::Standard).unwrap().etag.unwrap(), "\"1\"");
    }
}
