//! Compatibility tags (PEP 425).

use std::collections::HashMap;
use std::fmt;

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
    rank: HashMap<Tag, usize>,
}

impl SupportedTags {
    /// From the interpreter's list, most preferred first.
    #[must_use]
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Self {
        let mut rank = HashMap::new();
        for (index, tag) in tags.into_iter().enumerate() {
            rank.entry(tag).or_insert(index);
        }
        Self { rank }
    }

    /// The best rank (0 is the most preferred) among `tags`; `None` if the interpreter accepts none of them.
    #[must_use]
    pub fn rank<'a>(&self, tags: impl IntoIterator<Item = &'a Tag>) -> Option<usize> {
        tags.into_iter().filter_map(|tag| self.rank.get(tag).copied()).min()
    }
}
