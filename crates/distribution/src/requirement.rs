//! Requirements (PEP 508), read from users and from hostile metadata.

use std::fmt;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use pep508_rs::MarkerEnvironment;
use url::Url;

use crate::marker::Marker;
use crate::name::PackageName;
use crate::specifier::parse_specifiers;

/// Longest requirement that is read.
pub const MAX_REQUIREMENT_LEN: usize = 8 * 1024;

/// The name of an extra; PEP 685 normalises it exactly as PEP 503 does project names.
pub type ExtraName = PackageName;

/// A requirement that parsed: project, extras, versions or URL, marker.
///
/// The grammar is the one that pip reads; the text is displayed as it was written, except that the credentials of a
/// URL are left out.
#[derive(Debug, Clone)]
pub struct Requirement {
    text: String,
    name: PackageName,
    extras: Vec<ExtraName>,
    specifiers: VersionSpecifiers,
    url: Option<Url>,
    marker: Option<Marker>,
}

/// Why a text is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a valid requirement: {why}")]
pub struct InvalidRequirement {
    /// The text as it was given, cut to a printable length.
    pub given: String,
    /// What does not fit.
    pub why: String,
}

impl Requirement {
    /// Project name.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The extras that it asks for, sorted, each once.
    #[must_use]
    pub fn extras(&self) -> &[ExtraName] {
        &self.extras
    }

    /// The versions that it allows; empty if any, and if it names a URL.
    #[must_use]
    pub fn specifiers(&self) -> &VersionSpecifiers {
        &self.specifiers
    }

    /// The URL of `name @ url`, with its credentials.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// Whether its marker holds in `env` with `extra` being asked for (`None`: no extra); true without a marker.
    #[must_use]
    pub fn applies(&self, env: &MarkerEnvironment, extra: Option<&ExtraName>) -> bool {
        self.marker.as_ref().is_none_or(|marker| marker.evaluate(env, extra))
    }
}

impl FromStr for Requirement {
    type Err = InvalidRequirement;

    fn from_str(given: &str) -> Result<Self, InvalidRequirement> {
        if given.len() > MAX_REQUIREMENT_LEN {
            return Err(invalid(given, "it is too long"));
        }
        parse(given.trim()).map_err(|why| invalid(given.trim(), why))
    }
}

fn invalid(given: &str, why: impl Into<String>) -> InvalidRequirement {
    // What stands between `://` and `@` may be a secret, and is never needed to find the mistake.
    let shown = match given.split_once("://") {
        Some((before, after)) if after.contains('@') => {
            format!("{before}://{}", after.rsplit_once('@').map_or(after, |(_, rest)| rest))
        }
        _ => given.to_owned(),
    };
    InvalidRequirement {
        given: shown.chars().take(120).collect(),
        why: why.into(),
    }
}

fn parse(text: &str) -> Result<Requirement, String> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name: PackageName = name.parse().map_err(|_| "it does not begin with a project name")?;
    let (extras, rest) = parse_extras(rest.trim_start())?;
    let rest = rest.trim_start();
    let (specifiers, url, marker) = if let Some(rest) = rest.strip_prefix('@') {
        let (url, marker) = split_url(rest.trim_start())?;
        (VersionSpecifiers::empty(), Some(url), marker)
    } else {
        let (versions, marker) = match rest.split_once(';') {
            Some((versions, marker)) => (versions, Some(marker)),
            None => (rest, None),
        };
        (parse_specifiers(unwrap_parentheses(versions.trim())?)?, None, marker)
    };
    let marker = marker.map(Marker::parse).transpose()?;
    Ok(Requirement {
        text: displayed(text, url.as_ref()),
        name,
        extras,
        specifiers,
        url,
        marker,
    })
}

/// `[a, b]` and what follows; no bracket, no extras.
fn parse_extras(text: &str) -> Result<(Vec<ExtraName>, &str), String> {
    let Some(rest) = text.strip_prefix('[') else {
        return Ok((Vec::new(), text));
    };
    let (list, rest) = rest.split_once(']').ok_or("the bracket of its extras is not closed")?;
    if list.trim().is_empty() {
        return Ok((Vec::new(), rest));
    }
    let mut extras = list
        .split(',')
        .map(|extra| extra.trim().parse())
        .collect::<Result<Vec<ExtraName>, _>>()
        .map_err(|_| "the name of an extra is not valid")?;
    extras.sort();
    extras.dedup();
    Ok((extras, rest))
}

/// A URL ends at white space; only a marker may follow.
fn split_url(text: &str) -> Result<(Url, Option<&str>), String> {
    let (url, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim_start();
    let marker = match rest.strip_prefix(';') {
        Some(marker) => Some(marker),
        None if rest.is_empty() => None,
        None => return Err("only a marker may follow its URL".to_owned()),
    };
    let url = Url::parse(url).map_err(|error| format!("its URL is not valid: {error}"))?;
    Ok((url, marker))
}

fn unwrap_parentheses(versions: &str) -> Result<&str, String> {
    match versions.strip_prefix('(') {
        None => Ok(versions),
        Some(inner) => inner
            .strip_suffix(')')
            .ok_or_else(|| "the parenthesis of its versions is not closed".to_owned()),
    }
}

fn displayed(text: &str, url: Option<&Url>) -> String {
    let (Some(url), Some((before, after))) = (url, text.split_once('@')) else {
        return text.to_owned();
    };
    let mut shown = url.clone();
    let public = shown.username().is_empty() && shown.password().is_none();
    let hidden = public || (shown.set_username("").is_ok() && shown.set_password(None).is_ok());
    shown.set_query(None);
    let marker = after
        .trim_start()
        .split_once(char::is_whitespace)
        .map_or("", |(_, marker)| marker);
    let shown = if hidden { shown.as_str() } else { url.scheme() };
    format!("{}@ {shown} {}", before, marker.trim_start())
        .trim_end()
        .to_owned()
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_requirement() {
        let parsed: Requirement = " Foo.Bar [B, a_,] ".replace("a_,", "a_1").parse().unwrap();
        assert_eq!(parsed.name().as_str(), "foo-bar");
        assert_eq!(
            parsed.extras().iter().map(ExtraName::as_str).collect::<Vec<_>>(),
            ["a-1", "b"]
        );
        for (text, count) in [
            ("foo", 0),
            ("foo[]", 0),
            ("foo>=1", 1),
            ("foo (>=1, <2)", 2),
            ("foo ~= 1.0,", 1),
            ("foo>=1;os_name=='a'", 1),
            ("foo [x]==1.* ; python_version<'3'", 1),
            ("foo; extra == 'x'", 0),
        ] {
            let parsed: Requirement = text.parse().unwrap();
            assert_eq!(
                (parsed.specifiers().len(), parsed.to_string().as_str()),
                (count, text),
                "{text}"
            );
        }
    }

    #[test]
    fn urls_are_kept_but_shown_without_credentials() {
        let parsed: Requirement = "foo[x] @ https://user:secret@host.example/foo.whl?token=secret ; os_name == 'a'"
            .parse()
            .unwrap();
        assert_eq!(parsed.url().unwrap().password(), Some("secret"));
        assert_eq!(
            parsed.to_string(),
            "foo[x] @ https://host.example/foo.whl ; os_name == 'a'"
        );
        let error = "foo @ https://user:secret@host.example/ x"
            .parse::<Requirement>()
            .unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn what_is_no_requirement_is_refused_without_panic() {
        for bad in [
            "",
            "foo[a-]",
            "foo[a",
            "foo[-a]",
            "foo[a,,b]",
            "foo[é]",
            "foo>=1.*",
            "foo>=1.* ; os_name == 'a'",
            "foo bar",
            "foo >= 1 bar",
            "foo(>=1",
            "foo>=1)",
            "foo @",
            "foo @ not a url",
            "foo @ https://host.example/ x",
            "-foo",
            "foo-",
            "foo;",
            "foo; os_name == 'a' é",
            "foo é",
            "é",
            "./foo.whl",
            "foo==1 --hash=sha256:00",
            "foo ~= 18446744073709551615.1",
        ] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad:?}");
        }
        let error = format!("foo{}", " ".repeat(MAX_REQUIREMENT_LEN))
            .parse::<Requirement>()
            .unwrap_err();
        assert_eq!(error.why, "it is too long");
    }
}
