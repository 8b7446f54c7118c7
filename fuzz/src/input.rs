//! Taking a fuzzer's bytes apart.

use serde_json::Value;

/// Bytes that decide what is done; when they are used up, only zeros follow.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Reads from the first byte on.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number.checked_rem(end).unwrap_or(0)
    }

    /// A few bytes, the first of which says how many.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte() & 63).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// A few bytes as text.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// A small JSON value.
    pub fn value(&mut self) -> Value {
        match self.byte() % 10 {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::from(0),
            3 => Value::from(-1),
            4 => Value::from(u64::MAX),
            5 => Value::from(1.5),
            6 => Value::from(""),
            7 => Value::Array(Vec::new()),
            8 => Value::Object(serde_json::Map::new()),
            _ => Value::from(self.text()),
        }
    }
}

/// The bytes as text, if they are.
pub fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
