//! Lists in JSON answers whose elements are read one by one: a list of millions of small elements must not become many times
//! its size in memory.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The elements, each unread; of more than `MOST` one more than that.
pub(crate) struct List<'a, const MOST: usize>(pub(crate) Vec<&'a RawValue>);

impl<'de: 'a, 'a, const MOST: usize> Deserialize<'de> for List<'a, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<const MOST: usize>;

        impl<'de, const MOST: usize> Visitor<'de> for Elements<MOST> {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while elements.len() <= MOST {
                    match list.next_element()? {
                        Some(element) => elements.push(element),
                        None => return Ok(elements),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(elements)
            }
        }

        deserializer.deserialize_seq(Elements::<MOST>).map(List)
    }
}

/// Reads an object. An array, which would do for a structure as well, is none.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a [u8], what: &str) -> Result<T, String> {
    let begin = text.trim_ascii_start().first();
    if begin == Some(&b'<') {
        return Err("it is a web page".to_owned());
    }
    if begin != Some(&b'{') {
        return Err(format!("it is not {what}"));
    }
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it is not {what} (line {line}, column {column})")
    })
}
