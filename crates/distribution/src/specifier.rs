//! Version specifiers as pip reads them: the rules of PEP 440 as the `packaging` library applies them.
//!
//! `pep440_rs` parses; matching is done here, since its own `contains` takes `1` for a match of `==1.1.*` and differs
//! from pip on several local versions and post-releases.

use std::borrow::Cow;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

/// Largest release number that is accepted in a specifier; larger ones are no versions but attempts to overflow.
const MAX_NUMBER: u64 = u64::MAX / 2;
/// Most specifiers that one requirement may list; real ones stay below forty.
const MAX_SPECIFIERS: usize = 256;

/// Parses `>=1,<2`: comma-separated specifiers, with a comma allowed at the end. An empty text matches everything.
///
/// # Errors
/// A text naming what is wrong: an unknown operator, an invalid version, or a wildcard with another operator than
/// `==` and `!=` (such as the legacy `>=1.*`). Stricter than pip, `===` too needs a valid version.
pub fn parse_specifiers(text: &str) -> Result<VersionSpecifiers, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(VersionSpecifiers::empty());
    }
    let parts: Vec<&str> = text.strip_suffix(',').unwrap_or(text).split(',').collect();
    if parts.len() > MAX_SPECIFIERS {
        return Err("it lists too many versions".to_owned());
    }
    parts.into_iter().map(|part| parse_specifier(part.trim())).collect()
}

/// Parses one specifier, such as `>=1`.
pub(crate) fn parse_specifier(text: &str) -> Result<VersionSpecifier, String> {
    let shown = || text.chars().take(60).collect::<String>();
    if !text.is_ascii() {
        return Err(format!("`{}` is not a version specifier", shown()));
    }
    let specifier = VersionSpecifier::from_str(text)
        .map_err(|error| format!("`{}` is not a version specifier: {error}", shown()))?;
    let version = specifier.version();
    let numbers = version
        .release()
        .iter()
        .copied()
        .chain([version.epoch()])
        .chain(version.post())
        .chain(version.dev())
        .chain(version.pre().map(|pre| pre.number));
    if numbers.into_iter().any(|number| number > MAX_NUMBER) {
        return Err(format!("`{}` holds an absurdly large number", shown()));
    }
    Ok(specifier)
}

/// Whether `version` matches all of `specifiers`, pre-releases included: whether a pre-release is *wanted* is decided
/// elsewhere, see [`names_prerelease`].
#[must_use]
pub fn contains(specifiers: &VersionSpecifiers, version: &Version) -> bool {
    specifiers.iter().all(|specifier| matches(specifier, version))
}

/// Whether a specifier names a pre-release itself, which is how it asks for them (PEP 440). Every operator but `!=`
/// counts, as in pip since 26; before, `<` and `>` did not.
#[must_use]
pub fn names_prerelease(specifiers: &VersionSpecifiers) -> bool {
    specifiers.iter().any(|specifier| {
        !matches!(specifier.operator(), Operator::NotEqual | Operator::NotEqualStar)
            && specifier.version().any_prerelease()
    })
}

/// Whether a specifier pins one version: `==` without wildcard, or `===`.
#[must_use]
pub fn pins(specifiers: &VersionSpecifiers) -> bool {
    specifiers
        .iter()
        .any(|specifier| matches!(specifier.operator(), Operator::Equal | Operator::ExactEqual))
}

/// Whether a specifier leaves out all versions from some on: `<`, `<=`, `~=`, or `==` with a wildcard.
#[must_use]
pub fn has_upper_bound(specifiers: &VersionSpecifiers) -> bool {
    specifiers.iter().any(|specifier| {
        matches!(
            specifier.operator(),
            Operator::LessThan | Operator::LessThanEqual | Operator::TildeEqual | Operator::EqualStar
        )
    })
}

pub(crate) fn matches(specifier: &VersionSpecifier, version: &Version) -> bool {
    let spec = specifier.version();
    let public = public(version);
    match specifier.operator() {
        Operator::Equal => equal(spec, version),
        Operator::NotEqual => !equal(spec, version),
        Operator::EqualStar => has_prefix(spec.release(), spec.epoch(), version),
        Operator::NotEqualStar => !has_prefix(spec.release(), spec.epoch(), version),
        Operator::ExactEqual => spec.to_string() == version.to_string(),
        Operator::TildeEqual => {
            let prefix = spec.release().split_last().map_or(&[][..], |(_, prefix)| prefix);
            *public >= *spec && has_prefix(prefix, spec.epoch(), version)
        }
        Operator::LessThanEqual => *public <= *spec,
        Operator::GreaterThanEqual => *public >= *spec,
        // Unless it is a pre-release itself, `<V` leaves out the pre-releases of V too.
        Operator::LessThan if spec.any_prerelease() => version < spec,
        Operator::LessThan => *version < spec.clone().with_dev(Some(0)),
        Operator::GreaterThan => greater(spec, version),
    }
}

/// `>V` leaves out V's local versions, and its post-releases unless V is one.
fn greater(spec: &Version, version: &Version) -> bool {
    let next = |number: u64| Some(number.saturating_add(1));
    if let Some(dev) = spec.dev() {
        *version >= spec.clone().without_local().with_dev(next(dev))
    } else if let Some(post) = spec.post() {
        *version >= spec.clone().without_local().with_post(next(post)).with_dev(Some(0))
    } else {
        version > spec && !(same_release(spec, version) && spec.pre() == version.pre())
    }
}

/// The version without its local part; most have none, and are not copied.
fn public(version: &Version) -> Cow<'_, Version> {
    if version.local().is_empty() {
        Cow::Borrowed(version)
    } else {
        Cow::Owned(version.clone().without_local())
    }
}

/// `==` ignores the candidate's local version unless the specifier has one.
fn equal(spec: &Version, version: &Version) -> bool {
    if spec.local().is_empty() {
        *public(version) == *spec
    } else {
        version == spec
    }
}

/// Whether the release numbers begin with `prefix`, missing ones counting as zero.
fn has_prefix(prefix: &[u64], epoch: u64, version: &Version) -> bool {
    let padded = version.release().iter().copied().chain(std::iter::repeat(0));
    version.epoch() == epoch
        && prefix
            .iter()
            .copied()
            .zip(padded)
            .all(|(wanted, number)| wanted == number)
}

fn same_release(a: &Version, b: &Version) -> bool {
    a.epoch() == b.epoch() && a.only_release() == b.only_release()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked line by line with `packaging` 26.3, pip's own: specifier, versions that match, versions that do not.
    const TABLE: &[(&str, &str, &str)] = &[
        ("==1.0", "1.0 1 1.0.0 1.0+local", "1.0.1 1.0.post1 1.0a1 1!1.0"),
        ("==1.0+local", "1.0+local 1+LOCAL", "1.0 1.0+local.1 1.0+other"),
        ("!=1.0", "1.1 1.0.post1", "1.0 1.0+local"),
        ("!=1.0+local", "1.0 1.0+other", "1.0+local"),
        ("<=1.0", "0.9 1.0 1.0+local 1.0a1", "1.0.post1 1.1"),
        (">=1.0", "1.0 1.0+local 1.0.post1 2.0a1", "1.0a1 0.9"),
        (">1.0", "1.1 1.0.1 2.0a1", "1.0 1.0+local 1.0.post1 1.0a1"),
        (">1.0.post1", "1.0.post2 1.1", "1.0.post1 1.0 1.0.post1+local"),
        (
            ">1.0a1",
            "1.0 1.0.post1 1.0+local 1.0a2",
            "1.0a1.post1 1.0a1+local 1.0a1",
        ),
        (">1.0.dev1", "1.0.dev2 1.0a1 1.0", "1.0.dev1 1.0.dev1+local"),
        ("<1.0", "0.9 0.9+local 0.9a1", "1.0 1.0a1 1.0.dev1 1.0+local"),
        ("<1.0rc1", "1.0a1 0.9", "1.0rc1 1.0"),
        ("<1.0.post1", "1.0 1.0+local 1.0a1", "1.0.post1 1.0.post1.dev1"),
        ("<1.0.post2", "1.0 1.0.post1 1.0.post1+local 1.0rc1", "1.0.post2"),
        ("==1.1.*", "1.1 1.1.5 1.1a1 1.1.post1 1.1+local", "1 1.10 1.2"),
        ("==1.0.*", "1 1.0.3", "1.1"),
        ("!=1.1.*", "1 1.10", "1.1 1.1a1"),
        ("~=1.4", "1.4 1.9 1.4.post1 1.5a1 1.4+local", "2.0 1.3 1.4a1 2.0a1"),
        ("~=1.4.2", "1.4.2 1.4.9", "1.5 1.4.1"),
        ("~=1.4.2.post1", "1.4.2.post1 1.4.3", "1.4.2 1.5"),
        ("===1.0", "1.0", "1.0.0 1 1.0+local"),
        ("===1.0+local", "1.0+local", "1.0"),
        ("<1!1.0", "1.0 1.0a1 2.0", "1!1.0 1!1.0a1"),
        (">1!1.0", "1!1.1 2!1.0.post1", "1!1.0.post1 1!1.0+local 2.0"),
        ("==1!1.0", "1!1.0", "1.0 2!1.0"),
        (">=1,<2,!=1.5", "1.0 1.6", "1.5 2.0 0.9"),
        ("", "1.0 2.0a1 1+local", ""),
    ];

    #[test]
    fn matching_agrees_with_pip() {
        for (specifier, matching, others) in TABLE {
            let parsed = parse_specifiers(specifier).unwrap();
            for version in matching.split_whitespace() {
                assert!(contains(&parsed, &version.parse().unwrap()), "{version} in {specifier}");
            }
            for version in others.split_whitespace() {
                assert!(
                    !contains(&parsed, &version.parse().unwrap()),
                    "{version} not in {specifier}"
                );
            }
        }
    }

    #[test]
    fn what_names_a_prerelease_and_what_pins() {
        for (specifier, prerelease, pin) in [
            ("==1.0a1", true, true),
            (">=1.0.dev1", true, false),
            ("<=1.0rc1", true, false),
            ("~=1.0b1", true, false),
            ("===1.0a1", true, true),
            ("!=1.0a1", false, false),
            ("<1.0a1", true, false),
            ("==1.0", false, true),
            ("==1.*", false, false),
            ("", false, false),
            (">=1,<2.0a1", true, false),
        ] {
            let parsed = parse_specifiers(specifier).unwrap();
            assert_eq!(
                (names_prerelease(&parsed), pins(&parsed)),
                (prerelease, pin),
                "{specifier}"
            );
        }
    }

    #[test]
    fn what_has_an_upper_bound() {
        for (specifier, bound) in [
            ("<2", true),
            ("<=2", true),
            ("~=1.0", true),
            ("==1.*", true),
            (">=1,<2", true),
            ("==1.0", false),
            ("===1.0", false),
            (">=1", false),
            ("!=1.*", false),
            ("", false),
        ] {
            assert_eq!(
                has_upper_bound(&parse_specifiers(specifier).unwrap()),
                bound,
                "{specifier}"
            );
        }
    }

    #[test]
    fn what_is_no_specifier_is_refused() {
        for bad in [
            ">=1.*",
            "<1.*",
            "~=1",
            "=1",
            "1",
            ">=",
            ">=1 2",
            "==1.0.dev1.*",
            "==1.*+local",
            ">=1+local",
            "~=18446744073709551615.0",
            "==18446744073709551616",
            ">=é",
            "=>1",
            ",",
            ">=1,,<2",
            ",>=1",
        ] {
            assert!(parse_specifiers(bad).is_err(), "{bad}");
        }
        assert!(parse_specifiers(&"!=1,".repeat(MAX_SPECIFIERS + 1)).is_err());
    }
}
