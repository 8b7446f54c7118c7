//! Which redirects are followed, and what may be sent where.

use url::{Host, Url};

use crate::error::{HttpError, RedirectProblem};
use crate::redact::redact;

/// Most redirects in a row; browsers allow 20, indexes and release hosts need two or three.
pub const MAX_REDIRECTS: usize = 8;

/// Whether scheme, host and port are equal. Credentials are sent to their own origin only.
#[must_use]
pub fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// Whether a URL can be asked at all.
pub(crate) fn check_scheme(url: &Url) -> Result<(), HttpError> {
    if matches!(url.scheme(), "http" | "https") && url.host().is_some() {
        Ok(())
    } else {
        Err(HttpError::Scheme { url: redact(url) })
    }
}

/// The next URL of a redirect, without any credentials that the server wrote into it.
pub(crate) fn next_hop(from: &Url, location: Option<&str>, hops: usize) -> Result<Url, HttpError> {
    let refuse = |why| HttpError::Redirect { url: redact(from), why };
    if hops >= MAX_REDIRECTS {
        return Err(refuse(RedirectProblem::TooMany { limit: MAX_REDIRECTS }));
    }
    let mut to = location
        .and_then(|location| from.join(location).ok())
        .ok_or_else(|| refuse(RedirectProblem::NoTarget))?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(refuse(RedirectProblem::Scheme { to: redact(&to) }));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(refuse(RedirectProblem::Downgrade { to: redact(&to) }));
    }
    // These fail only for URLs without a host, and http URLs have one.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    Ok(to)
}

/// Whether a URL is a private way: encrypted, or to this machine itself. Logins, tokens and what is asked for in private take no
/// other.
#[must_use]
pub fn is_private_way(url: &Url) -> bool {
    let this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(from: &str, location: &str, hops: usize) -> Result<Url, RedirectProblem> {
        next_hop(&Url::parse(from).unwrap(), Some(location), hops).map_err(|error| match error {
            HttpError::Redirect { why, .. } => why,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn https_is_never_left() {
        assert_eq!(
            hop("https://index.example/a", "http://index.example/a?t=1", 0),
            Err(RedirectProblem::Downgrade {
                to: "http://index.example/a?…".to_owned()
            })
        );
        assert!(hop("http://index.example/a", "https://index.example/a", 0).is_ok());
        assert!(hop("http://index.example/a", "http://other.example/a", 0).is_ok());
    }

    #[test]
    fn only_http_and_https_are_followed() {
        for location in ["file:///etc/passwd", "ftp://index.example/", "data:text/plain,x"] {
            assert!(
                matches!(
                    hop("https://index.example/", location, 0),
                    Err(RedirectProblem::Scheme { .. })
                ),
                "{location}"
            );
        }
    }

    #[test]
    fn hops_are_counted_and_targets_required() {
        assert_eq!(
            hop("https://index.example/", "/b", MAX_REDIRECTS),
            Err(RedirectProblem::TooMany { limit: MAX_REDIRECTS })
        );
        let from = Url::parse("https://index.example/").unwrap();
        assert!(matches!(
            next_hop(&from, None, 0),
            Err(HttpError::Redirect {
                why: RedirectProblem::NoTarget,
                ..
            })
        ));
        assert_eq!(
            hop("https://index.example/", "https://:x", 0),
            Err(RedirectProblem::NoTarget)
        );
    }

    #[test]
    fn a_server_cannot_plant_credentials() {
        assert_eq!(
            hop("https://index.example/a/", "//user:pw@other.example/x", 0)
                .unwrap()
                .as_str(),
            "https://other.example/x"
        );
        assert_eq!(
            hop("https://u:p@index.example/a/", "b", 0).unwrap().as_str(),
            "https://index.example/a/b"
        );
    }
}
