//! Wheel file names (PEP 427, PEP 491) and sdist file names (PEP 625, and the older spellings).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use crate::name::PackageName;
use crate::tags::Tag;

/// Longest file name that is read: what common file systems can hold.
pub const MAX_FILENAME_LEN: usize = 255;
/// Most tags that one wheel's compressed tag set may stand for; real wheels have fewer than thirty.
pub const MAX_TAGS: usize = 512;

/// A parsed wheel file name. The name as written is kept for display and for the file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelFilename {
    file: String,
    /// Project name.
    pub name: PackageName,
    /// Version.
    pub version: Version,
    /// Build tag, such as `1` or `2abc`; it breaks ties between wheels of one version.
    pub build: Option<String>,
}

/// A parsed sdist file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdistFilename {
    file: String,
    /// Project name.
    pub name: PackageName,
    /// Version.
    pub version: Version,
}

/// A wheel's or an sdist's file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionFilename {
    /// `*.whl`
    Wheel(WheelFilename),
    /// `*.tar.gz` or `*.zip`
    Sdist(SdistFilename),
}

/// Why a text is no distribution's file name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not the file name of a wheel or sdist: {why}")]
pub struct InvalidFilename {
    /// The text as it was given, cut to a printable length.
    pub given: String,
    /// What does not fit.
    pub why: &'static str,
}

fn invalid(given: &str, why: &'static str) -> InvalidFilename {
    InvalidFilename {
        given: given.chars().take(120).collect(),
        why,
    }
}

/// A file name must be one plain path component, whatever else it is.
fn check_component(given: &str) -> Result<(), InvalidFilename> {
    if given.len() > MAX_FILENAME_LEN {
        return Err(invalid(given, "it is too long"));
    }
    if given.is_empty()
        || given.starts_with('.')
        || given
            .chars()
            .any(|c| !c.is_ascii_graphic() || "/\\:*?\"<>|".contains(c))
    {
        return Err(invalid(given, "it holds characters that a file name may not have"));
    }
    Ok(())
}

impl FromStr for WheelFilename {
    type Err = InvalidFilename;

    fn from_str(given: &str) -> Result<Self, InvalidFilename> {
        check_component(given)?;
        let stem = given
            .strip_suffix(".whl")
            .ok_or_else(|| invalid(given, "a wheel ends in `.whl`"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, python, abi, platform) = match parts.as_slice() {
            [name, version, python, abi, platform] => (*name, *version, None, *python, *abi, *platform),
            [name, version, build, python, abi, platform] => (*name, *version, Some(*build), *python, *abi, *platform),
            _ => return Err(invalid(given, "a wheel has five or six parts separated by `-`")),
        };
        if build.is_some_and(|build| !build.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(invalid(given, "a build tag begins with a digit"));
        }
        // Counted before any is made, and as written: a set of repeated parts would stay small, however long it takes to fill.
        let product = [python, abi, platform]
            .iter()
            .try_fold(1_usize, |product, part| product.checked_mul(part.split('.').count()));
        if product.is_none_or(|product| product > MAX_TAGS) {
            return Err(invalid(given, "it stands for too many tags"));
        }
        if [python, abi, platform]
            .iter()
            .any(|part| part.split('.').any(str::is_empty))
        {
            return Err(invalid(given, "a tag is empty"));
        }
        Ok(Self {
            file: given.to_owned(),
            name: name
                .parse()
                .map_err(|_| invalid(given, "its project name is not valid"))?,
            version: version
                .replace('_', "-")
                .parse()
                .map_err(|_| invalid(given, "its version is not valid (PEP 440)"))?,
            build: build.map(str::to_owned),
        })
    }
}

impl FromStr for SdistFilename {
    type Err = InvalidFilename;

    /// Splits at the last `-`, which is unambiguous for every version that PEP 625 can write.
    fn from_str(given: &str) -> Result<Self, InvalidFilename> {
        check_component(given)?;
        let stem = given
            .strip_suffix(".tar.gz")
            .or_else(|| given.strip_suffix(".zip"))
            .ok_or_else(|| invalid(given, "an sdist ends in `.tar.gz` or `.zip`"))?;
        let (name, version) = stem
            .rsplit_once('-')
            .ok_or_else(|| invalid(given, "an sdist is named `NAME-VERSION`"))?;
        Ok(Self {
            file: given.to_owned(),
            name: name
                .parse()
                .map_err(|_| invalid(given, "its project name is not valid"))?,
            version: version
                .parse()
                .map_err(|_| invalid(given, "its version is not valid (PEP 440)"))?,
        })
    }
}

impl FromStr for DistributionFilename {
    type Err = InvalidFilename;

    fn from_str(given: &str) -> Result<Self, InvalidFilename> {
        if given.strip_suffix(".whl").is_some() {
            given.parse().map(Self::Wheel)
        } else {
            given.parse().map(Self::Sdist)
        }
    }
}

impl WheelFilename {
    /// The file name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.file
    }

    /// All tags that the compressed tag set stands for, at most [`MAX_TAGS`]. Made anew at each call: an index lists thousands of
    /// wheels, of few of which they are asked for, and they take ten times the memory of everything else in a name.
    #[must_use]
    pub fn tags(&self) -> BTreeSet<Tag> {
        let [pythons, abis, platforms] = self.tag_parts().map(|parts| {
            let parts = parts.to_ascii_lowercase();
            parts.split('.').map(str::to_owned).collect::<Vec<_>>()
        });
        let mut tags = BTreeSet::new();
        for python in &pythons {
            for abi in &abis {
                tags.extend(platforms.iter().map(|platform| Tag {
                    python: python.clone(),
                    abi: abi.clone(),
                    platform: platform.clone(),
                }));
            }
        }
        tags
    }

    /// The three parts of the compressed tag set as written: interpreters, ABIs, platforms.
    pub(crate) fn tag_parts(&self) -> [&str; 3] {
        let stem = self.file.strip_suffix(".whl").unwrap_or_default();
        let mut parts = stem.rsplitn(4, '-').map(Some).chain(std::iter::repeat(None));
        let [platforms, abis, pythons] =
            [parts.next(), parts.next(), parts.next()].map(|part| part.flatten().unwrap_or_default());
        [pythons, abis, platforms]
    }

    /// The build tag as a sort key: leading number first, the rest as text; no build tag sorts lowest.
    #[must_use]
    pub fn build_key(&self) -> Option<(u64, &str)> {
        let build = self.build.as_deref()?;
        let digits = build.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = build.split_at(digits);
        Some((number.parse().unwrap_or(u64::MAX), rest))
    }
}

impl SdistFilename {
    /// The file name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.file
    }
}

impl DistributionFilename {
    /// The file name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Wheel(wheel) => wheel.as_str(),
            Self::Sdist(sdist) => sdist.as_str(),
        }
    }

    /// Project name.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        match self {
            Self::Wheel(wheel) => &wheel.name,
            Self::Sdist(sdist) => &sdist.name,
        }
    }

    /// Version.
    #[must_use]
    pub fn version(&self) -> &Version {
        match self {
            Self::Wheel(wheel) => &wheel.version,
            Self::Sdist(sdist) => &sdist.version,
        }
    }

    /// Whether both names stand for the same distribution: kind, project, version, build tag and tag set
    /// equal (VERIFICATION.md C3). Spelling may differ.
    #[must_use]
    pub fn same_distribution(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Wheel(a), Self::Wheel(b)) => {
                a.name == b.name && a.version == b.version && a.build == b.build && a.tags() == b.tags()
            }
            (Self::Sdist(a), Self::Sdist(b)) => a.name == b.name && a.version == b.version,
            _ => false,
        }
    }
}

impl fmt::Display for DistributionFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> DistributionFilename {
        name.parse().unwrap()
    }

    #[test]
    fn wheel_names_are_taken_apart() {
        let wheel: WheelFilename = "Foo.Bar-1.0_1-2b-cp39.py3-abi3-manylinux_2_17_x86_64.any.whl"
            .parse()
            .unwrap();
        assert_eq!(wheel.name.as_str(), "foo-bar");
        assert_eq!(wheel.version, "1.0.post1".parse().unwrap());
        assert_eq!(wheel.build_key(), Some((2, "b")));
        let tags: Vec<_> = wheel.tags().iter().map(ToString::to_string).collect();
        assert_eq!(
            tags,
            [
                "cp39-abi3-any",
                "cp39-abi3-manylinux_2_17_x86_64",
                "py3-abi3-any",
                "py3-abi3-manylinux_2_17_x86_64"
            ]
        );
    }

    #[test]
    fn spelling_does_not_make_another_distribution() {
        assert!(parse("Foo_Bar-1.0-py3-none-any.whl").same_distribution(&parse("foo.bar-1.0.0-py3-none-any.whl")));
        assert!(parse("foo-bar-1.0.tar.gz").same_distribution(&parse("foo_bar-1.0.tar.gz")));
        for other in [
            "foo_bar-1.0-1-py3-none-any.whl",
            "foo_bar-1.1-py3-none-any.whl",
            "foo_bar-1.0-py2.py3-none-any.whl",
            "foo_bar-1.0.tar.gz",
        ] {
            assert!(
                !parse("foo_bar-1.0-py3-none-any.whl").same_distribution(&parse(other)),
                "{other}"
            );
        }
    }

    #[test]
    fn tags_are_counted_as_they_are_written() {
        let wheel = |parts: usize| {
            let letters = vec!["a"; parts].join(".");
            format!("foo-1-{letters}-{letters}-{letters}.whl").parse::<WheelFilename>()
        };
        let accepted = wheel(8).unwrap();
        assert_eq!(accepted.tags().len(), 1);
        for parts in [9, 40] {
            let refused = wheel(parts).unwrap_err();
            assert_eq!(refused.why, "it stands for too many tags", "{parts}");
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        for bad in [
            "",
            ".whl",
            "../foo-1.0-py3-none-any.whl",
            "foo-1.0-py3-none-any.whl\n",
            "foo-1.0-none-any.whl",
            "foo-x-py3-none-any.whl",
            "foo-1.0-b1-py3-none-any.whl",
            "foo-1.0-py3..py2-none-any.whl",
            "foo.tar.gz",
            "foo-1.0.exe",
            "C:foo-1.0.zip",
            "a\\b-1.0.zip",
        ] {
            assert!(bad.parse::<DistributionFilename>().is_err(), "{bad:?}");
        }
    }
}
