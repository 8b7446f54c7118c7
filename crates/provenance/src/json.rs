//! Strict reading of hostile JSON (RFC 8259): one value, no duplicate key, bounded depth and number of values.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::budget::{MAX_JSON_DEPTH, MAX_JSON_VALUES};

/// Why a text is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON at all (syntax, encoding, or cut short).
    #[error("it is not JSON: {why}, at line {line}, column {column}")]
    Syntax {
        /// What does not fit.
        why: String,
        /// 1-based line within the text.
        line: usize,
        /// Column as `serde_json` counts it: bytes, 1-based.
        column: usize,
    },
    /// Something follows the value.
    #[error("something follows the JSON value, at line {line}, column {column}")]
    TrailingData {
        /// 1-based line within the text.
        line: usize,
        /// Byte column, 1-based.
        column: usize,
    },
    /// An object holds a key twice: readers disagree on which one counts.
    #[error("an object holds the key `{key}` twice")]
    DuplicateKey {
        /// The key, escaped and cut to a printable length.
        key: String,
    },
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    #[error("it is nested deeper than {MAX_JSON_DEPTH} levels")]
    TooDeep,
    /// More values than [`MAX_JSON_VALUES`].
    #[error("it holds more than {MAX_JSON_VALUES} values")]
    TooManyValues,
}

impl JsonError {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "not-json",
            Self::TrailingData { .. } => "trailing-data",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::TooDeep => "json-too-deep",
            Self::TooManyValues => "json-too-many-values",
        }
    }
}

/// Reads one JSON value. The caller bounds the size of the text.
///
/// # Errors
/// If it is not exactly one JSON value, if an object holds a key twice, or if it goes over a limit.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_within(bytes, &Cell::new(MAX_JSON_VALUES))
}

/// Like [`parse`], with a number of values that several texts share.
pub(crate) fn parse_within(bytes: &[u8], values_left: &Cell<usize>) -> Result<Value, JsonError> {
    let refused = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let reader = Reader {
        depth: 0,
        values_left,
        refused: &refused,
    };
    let value = reader
        .deserialize(&mut deserializer)
        .map_err(|error| refused.take().unwrap_or_else(|| syntax(&error)))?;
    deserializer.end().map_err(|error| JsonError::TrailingData {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(value)
}

fn syntax(error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    JsonError::Syntax {
        why: why.to_owned(),
        line: error.line(),
        column: error.column(),
    }
}

/// A hostile text as it may be shown: control characters escaped, at most 80 characters.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

/// Builds a [`Value`] and keeps count.
#[derive(Clone, Copy)]
struct Reader<'a> {
    depth: usize,
    values_left: &'a Cell<usize>,
    refused: &'a RefCell<Option<JsonError>>,
}

impl Reader<'_> {
    /// Notes the reason; serde carries only a text.
    fn refuse<E: serde::de::Error>(self, reason: JsonError) -> E {
        self.refused.replace(Some(reason));
        E::custom("refused")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_JSON_DEPTH {
            return Err(self.refuse(JsonError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.values_left.get().checked_sub(1) {
            Some(left) => self.values_left.set(left),
            None => return Err(self.refuse(JsonError::TooManyValues)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(self.refuse(JsonError::DuplicateKey { key: printable(&key) }));
            }
            let value = access.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        parse(text.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        for text in [
            r#"{"a":[1,-2,1.5,"x\n",null,true],"b":{"c":{}}}"#,
            "[]",
            "18446744073709551615",
            "\"é\"",
        ] {
            assert_eq!(
                parse(text.as_bytes()).unwrap(),
                serde_json::from_str::<Value>(text).unwrap()
            );
        }
    }

    #[test]
    fn ambiguous_or_broken_texts_are_refused() {
        assert_eq!(code(r#"{"a":1,"a":1}"#), "duplicate-key");
        assert_eq!(code(r#"{"a":1,"\u0061":2}"#), "duplicate-key");
        assert_eq!(code(r#"[{"x":{"b":1,"c":2,"b":3}}]"#), "duplicate-key");
        assert_eq!(code("{} {}"), "trailing-data");
        assert_eq!(code("{}x"), "trailing-data");
        for text in ["", "{", "{'a':1}", "{\"a\":1,}", "nul", "1e999", "\"\u{1}\"", "NaN"] {
            assert_eq!(code(text), "not-json", "{text}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().code(), "not-json");
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(MAX_JSON_DEPTH).as_bytes()).is_ok());
        assert_eq!(code(&nested(MAX_JSON_DEPTH + 1)), "json-too-deep");
        assert_eq!(code(&"[".repeat(1_000_000)), "json-too-deep");
        let list = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
        assert!(parse(list(MAX_JSON_VALUES).as_bytes()).is_ok());
        assert_eq!(code(&list(MAX_JSON_VALUES + 1)), "json-too-many-values");
    }

    #[test]
    fn shown_keys_hold_no_control_characters() {
        let key = printable("a\u{1b}[31m\n");
        assert!(!key.chars().any(char::is_control), "{key}");
        assert_eq!(printable(&"x".repeat(200)).chars().count(), 81);
    }
}
