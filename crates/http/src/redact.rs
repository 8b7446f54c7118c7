//! URLs without their secrets, for every text that a person or a log may see.

use url::Url;

/// The URL without user name, password, query values and fragment: `https://****@host/path?…`.
///
/// Queries are hidden as well since pre-signed URLs carry their secret there.
#[must_use]
pub fn redact(url: &Url) -> String {
    if url.cannot_be_a_base() {
        // `user:password@host`, without a scheme, is such a URL too.
        return "(a URL without a host)".to_owned();
    }
    let mut shown = url.clone();
    let secret = !url.username().is_empty() || url.password().is_some();
    shown.set_fragment(None);
    shown.set_query(None);
    // Both setters fail only for URLs that cannot hold credentials at all.
    let _ = shown.set_password(None);
    let _ = shown.set_username(if secret { "****" } else { "" });
    let mut text = shown.to_string();
    if url.query().is_some() {
        text.push_str("?…");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let url = Url::parse("https://user:pw@index.example/simple/?token=abc#frag").unwrap();
        assert_eq!(redact(&url), "https://****@index.example/simple/?…");
        let token = Url::parse("https://token@index.example/").unwrap();
        assert_eq!(redact(&token), "https://****@index.example/");
        let forgotten = Url::parse("user:pw@index.example").unwrap();
        assert_eq!(redact(&forgotten), "(a URL without a host)");
    }

    #[test]
    fn a_plain_url_stays_as_it_is() {
        let url = Url::parse("http://127.0.0.1:8080/simple/foo/").unwrap();
        assert_eq!(redact(&url), url.as_str());
    }
}
