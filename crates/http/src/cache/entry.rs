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
use crate::attempt::kept_url;
use crate::hashed::sha256;

/// Largest body that is kept. The largest real index pages have 25 MB.
pub const MAX_ENTRY_BYTES: u64 = 32 << 20;
/// Largest description; real ones stay below 2 KiB.
const MAX_DESCRIPTION: usize = 64 << 10;
/// Changes with the form.
const MAGIC: &[u8; 8] = b"slsapip1";
/// What stands before the description.
const PREFIX: usize = MAGIC.len() + 32 + 4;
/// What is read of a file to know its [`Head`].
pub(crate) const MAX_HEAD: u64 = (MAX_DESCRIPTION + PREFIX) as u64;
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

/// What there is to know about a kept answer before its body is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) description: Description,
    /// Length of the body, as far as the file's length is right. It is checked when the body is read.
    pub(crate) body: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    key: String,
    status: u16,
    /// Without credentials; of a redirected answer without its query, which may be a pre-signed secret.
    final_url: Url,
    /// SHA-256 of that query, since only the same answer may be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query_sha256: Option<String>,
    headers: Vec<(String, String)>,
    /// Seconds since 1970 when it arrived or was last confirmed.
    confirmed: u64,
    /// Seconds from then on for which it needs no confirmation.
    lifetime: u64,
    sha256: String,
}

impl Validators {
    /// Whether they are for the answer of this URL.
    pub(crate) fn fit(&self, url: &Url, redirected: bool) -> bool {
        self.at == Kept::of(url, redirected)
    }
}

impl Kept {
    /// Where a redirect led, a query may be a pre-signed secret.
    pub(crate) fn of(url: &Url, redirected: bool) -> Self {
        let query = url.query().filter(|_| redirected);
        Self {
            url: kept_url(url, redirected),
            query_sha256: query.map(|query| sha256(query.as_bytes()).to_hex()),
        }
    }
}

impl Description {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn final_url(&self) -> &Url {
        &self.final_url
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let pairs = self.headers.iter();
        pairs
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
            .collect()
    }

    /// Whether it can be used without asking the server. A clock that was set back makes it stale.
    pub(crate) fn serves(&self, caching: Caching, now: u64) -> bool {
        let Self {
            confirmed,
            lifetime,
            status,
            ..
        } = *self;
        let fresh = now.checked_sub(confirmed).is_some_and(|age| age < lifetime);
        match caching {
            Caching::Never => false,
            Caching::Standard => fresh && status == 200,
            Caching::Evidence => fresh,
            Caching::Digest(expected) => status == 200 && self.sha256 == expected.to_hex(),
        }
    }

    /// Whether it may ever serve again.
    pub(crate) fn is_of_use(&self, caching: Caching) -> bool {
        let by_digest = matches!(caching, Caching::Digest(_)) && self.status == 200;
        by_digest || self.lifetime > 0 || self.validators(caching).is_some()
    }

    /// What confirms it; `None` if nothing does. With a digest that it does not have, there is no use in confirming it.
    pub(crate) fn validators(&self, caching: Caching) -> Option<Validators> {
        if self.status != 200 || matches!(caching, Caching::Digest(_) | Caching::Never) {
            return None;
        }
        let header = |name: &str| {
            let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
            value.parse::<HeaderValue>().ok()
        };
        let (etag, last_modified) = (header("etag"), header("last-modified"));
        (etag.is_some() || last_modified.is_some()).then(|| Validators {
            at: Kept {
                url: self.final_url.clone(),
                query_sha256: self.query_sha256.clone(),
            },
            etag,
            last_modified,
        })
    }
}

/// The URL of an answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    url: Url,
    query_sha256: Option<String>,
}

/// What a conditional request sends (RFC 9110, section 13), and to which URL alone.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    at: Kept,
    pub(crate) etag: Option<HeaderValue>,
    pub(crate) last_modified: Option<HeaderValue>,
}

impl Entry {
    pub(crate) fn new(
        key: &Key,
        status: u16,
        at: Kept,
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
                final_url: at.url,
                query_sha256: at.query_sha256,
                headers: kept.collect(),
                confirmed: now,
                lifetime: lifetime.as_secs(),
                sha256: sha256(&body).to_hex(),
            },
            body,
        }
    }

    /// Renews it as a 304 says. Returns whether that is worth writing. The headers stay those of the body.
    pub(crate) fn confirm(&mut self, lifetime: Duration, now: u64) -> bool {
        let known = &mut self.description;
        let changed = !lifetime.is_zero() || known.lifetime != 0;
        known.confirmed = now;
        known.lifetime = lifetime.as_secs();
        changed
    }

    /// What stands in the file before the body; `None` if the description is larger than allowed, or the body is.
    pub(crate) fn before_body(&self) -> Option<Vec<u8>> {
        let description = serde_json::to_vec(&self.description).ok()?;
        if description.len() > MAX_DESCRIPTION || self.body.len() as u64 > MAX_ENTRY_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(PREFIX + description.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(sha256(&description).as_bytes());
        bytes.extend_from_slice(&u32::try_from(description.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&description);
        Some(bytes)
    }

    /// Reads a file; `None` if it is not, byte for byte, what was written for this key.
    pub(crate) fn parse(bytes: Vec<u8>, key: &Key) -> Option<Self> {
        let bytes = Bytes::from(bytes);
        let (description, length) = described(&bytes, key)?;
        let body = bytes.slice(PREFIX + length..);
        let whole = sha256(&body).to_hex() == description.sha256;
        whole.then_some(Self { description, body })
    }
}

impl Head {
    /// Reads the beginning of a file of `length` bytes; `None` if it is none of this key, or longer than any.
    pub(crate) fn parse(start: &[u8], length: u64, key: &Key) -> Option<Self> {
        let (description, described) = described(start, key)?;
        let body = length.checked_sub((PREFIX + described) as u64)?;
        (body <= MAX_ENTRY_BYTES).then_some(Self { description, body })
    }
}

/// The description at the beginning of a file, and its length in bytes.
fn described(bytes: &[u8], key: &Key) -> Option<(Description, usize)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let text = rest.get(..length).filter(|_| length <= MAX_DESCRIPTION)?;
    if sha256(text) != Sha256Digest::from_bytes(*digest) {
        return None;
    }
    let description: Description = serde_json::from_slice(text).ok()?;
    (description.key == key.as_str()).then_some((description, length))
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
        let entry = Entry::new(
            &key,
            200,
            Kept::of(&url, false),
            &headers,
            body,
            Duration::from_mins(1),
            1000,
        );
        (key, entry)
    }

    fn bytes_of(entry: &Entry) -> Vec<u8> {
        [entry.before_body().unwrap().as_slice(), &entry.body].concat()
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let (key, entry) = entry();
        let bytes = bytes_of(&entry);
        let head = Head::parse(&bytes[..bytes.len() - 3], bytes.len() as u64, &key).unwrap();
        assert_eq!((&head.description, head.body), (&entry.description, 6));
        assert_eq!(Head::parse(&bytes, MAX_FILE + 1, &key), None);
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
            let mut bytes = bytes_of(&entry);
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
            assert_eq!(entry.description.serves(Caching::Standard, now), fresh, "{now}");
            assert!(!entry.description.serves(Caching::Never, now));
            assert!(entry.description.serves(Caching::Digest(sha256(b"a page")), now));
            assert!(!entry.description.serves(Caching::Digest(sha256(b"another")), now));
        }
    }

    #[test]
    fn a_confirmation_renews_it() {
        let (_, mut entry) = entry();
        assert!(entry.confirm(Duration::from_mins(1), 2000));
        assert!(entry.description.serves(Caching::Standard, 2059));
        assert!(entry.confirm(Duration::ZERO, 2000));
        assert!(!entry.confirm(Duration::ZERO, 3000));
        assert!(!entry.description.serves(Caching::Standard, 3000));
        assert_eq!(
            entry.description.validators(Caching::Standard).unwrap().etag.unwrap(),
            "\"1\""
        );
    }
}
