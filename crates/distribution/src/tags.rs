//! Compatibility tags (PEP 425).

use std::collections::HashMap;
use std::fmt;

use crate::filename::WheelFilename;

/// One compatibility tag: interpreter, ABI and platform, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// Interpreter, such as `py3` or `cp312`.
    pub python: String,
    /// ABI, such as `none` or `abi3`.
    pub abi: String,
    /// Platform, such as `any` or `manylinux_2_17_x86_64`.
    pub platform: String,
}

impl Tag {
    /// Parses `python-abi-platform`; `None` unless there are exactly three non-empty parts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(str::to_ascii_lowercase);
        let tag = Self {
            python: parts.next()?,
            abi: parts.next()?,
            platform: parts.next()?,
        };
        let complete = ![&tag.python, &tag.abi, &tag.platform]
            .iter()
            .any(|part| part.is_empty());
        (complete && parts.next().is_none()).then_some(tag)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// The tags that an interpreter accepts, most specific first, as its own pip lists them.
#[derive(Debug, Clone, Default)]
pub struct SupportedTags {
    /// By the tag as it is displayed.
    rank: HashMap<String, usize>,
}

impl SupportedTags {
    /// From the interpreter's list, most preferred first.
    #[must_use]
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Self {
        let mut rank = HashMap::new();
        for (index, tag) in tags.into_iter().enumerate() {
            rank.entry(tag.to_string()).or_insert(index);
        }
        Self { rank }
    }

    /// The best rank (0 is the most preferred) among `tags`; `None` if the interpreter accepts none of them.
    #[must_use]
    pub fn rank<'a>(&self, tags: impl IntoIterator<Item = &'a Tag>) -> Option<usize> {
        let rank = |tag: &Tag| self.rank.get(&tag.to_string()).copied();
        tags.into_iter().filter_map(rank).min()
    }

    /// The best rank among a wheel's tags, as [`SupportedTags::rank`] of [`WheelFilename::tags`], without making them.
    #[must_use]
    pub fn rank_wheel(&self, wheel: &WheelFilename) -> Option<usize> {
        let [pythons, abis, platforms] = wheel.tag_parts();
        let mut best: Option<usize> = None;
        let mut tag = String::new();
        for python in pythons.split('.') {
            for abi in abis.split('.') {
                for platform in platforms.split('.') {
                    tag.clear();
                    for part in [python, "-", abi, "-", platform] {
                        tag.push_str(part);
                    }
                    tag.make_ascii_lowercase();
                    let rank = self.rank.get(&tag).copied();
                    best = [best, rank].into_iter().flatten().min();
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_has_the_rank_of_its_best_tag() {
        let tags = ["cp312-cp312-linux_x86_64", "cp312-abi3-linux_x86_64", "py3-none-any"];
        let supported = SupportedTags::new(tags.map(|tag| Tag::parse(tag).unwrap()));
        for (tag, rank) in [
            ("py3-none-any", Some(2)),
            ("py2.py3-none-any", Some(2)),
            ("CP312-abi3-Linux_x86_64.win32", Some(1)),
            ("py3.cp312-none.cp312.abi3-any.linux_x86_64", Some(0)),
            ("cp311-cp311-linux_x86_64", None),
            ("py3-none-win32", None),
        ] {
            let wheel: WheelFilename = format!("foo-1.0-{tag}.whl").parse().unwrap();
            assert_eq!(supported.rank_wheel(&wheel), rank, "{tag}");
            assert_eq!(supported.rank(&wheel.tags()), rank, "{tag}");
        }
    }
}
