//! What tells two answers apart.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use reqwest::header::HeaderValue;
use slsa_pip_distribution::Sha256Digest;
use url::Url;

/// Method, URL, `Accept` and the credentials that went with a request, as one digest: no file name and no file holds a
/// secret of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// The key of a GET. `url` is without credentials and fragment.
    pub(crate) fn of_get(url: &Url, accept: Option<&str>, login: Option<&HeaderValue>) -> Self {
        let login = login.map_or(&b""[..], HeaderValue::as_bytes);
        Self::of(&[
            b"GET",
            url.as_str().as_bytes(),
            accept.unwrap_or_default().as_bytes(),
            login,
        ])
    }

    /// The key of something that was made of the file of this digest, or of this digest at that URL.
    pub(crate) fn of_made(what: &str, digest: &Sha256Digest, at: Option<&Url>) -> Self {
        Self::of(&[
            b"made",
            what.as_bytes(),
            digest.as_bytes(),
            at.map_or("", Url::as_str).as_bytes(),
        ])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = digest::Context::new(&digest::SHA256);
        for part in parts {
            // With its length, so that no two lists of parts read the same.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let hex = hasher.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self(hex)
    }

    /// Its first two digits.
    pub(crate) fn prefix(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// 64 hexadecimal digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_matters_makes_another_key() {
        let url = Url::parse("https://index.example/simple/a/").unwrap();
        let other = Url::parse("https://index.example/simple/a").unwrap();
        let login = HeaderValue::from_static("Basic eA==");
        let second = HeaderValue::from_static("Basic eQ==");
        let digest = Sha256Digest::from_bytes([7; 32]);
        let keys = [
            Key::of_get(&url, None, None),
            Key::of_get(&other, None, None),
            Key::of_get(&url, Some("text/html"), None),
            Key::of_get(&url, None, Some(&login)),
            Key::of_get(&url, None, Some(&second)),
            Key::of_made("METADATA", &digest, None),
            Key::of_made("METADATA", &digest, Some(&url)),
            Key::of_made("METADATA", &digest, Some(&other)),
            Key::of_made("RECORD", &digest, None),
            Key::of_made("METADATA", &Sha256Digest::from_bytes([8; 32]), None),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(key.as_str().len(), 64);
            assert!(keys.iter().skip(at + 1).all(|other| other != key));
        }
        assert_eq!(keys[0], Key::of_get(&url, None, None));
    }
}
