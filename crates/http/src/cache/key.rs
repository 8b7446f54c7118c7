//! What tells two answers apart.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use reqwest::header::HeaderValue;
use url::Url;

/// Method, URL, `Accept` and the credentials that went with a request, as one digest: no file name and no file holds a
/// secret of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// The key of a GET. `url` is without credentials and fragment.
    pub(crate) fn of_get(url: &Url, accept: Option<&str>, login: Option<&HeaderValue>) -> Self {
        let mut hasher = digest::Context::new(&digest::SHA256);
        let login = login.map_or(&b""[..], HeaderValue::as_bytes);
        for part in [
            b"GET",
            url.as_str().as_bytes(),
            accept.unwrap_or_default().as_bytes(),
            login,
        ] {
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
        let keys = [
            Key::of_get(&url, None, None),
            Key::of_get(&other, None, None),
            Key::of_get(&url, Some("text/html"), None),
            Key::of_get(&url, None, Some(&login)),
            Key::of_get(&url, None, Some(&second)),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(key.as_str().len(), 64);
            assert!(keys.iter().skip(at + 1).all(|other| other != key));
        }
        assert_eq!(keys[0], Key::of_get(&url, None, None));
    }
}
