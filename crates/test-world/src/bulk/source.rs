//! Text that costs what real files cost: Python modules to compile, and data that hardly compresses.

use std::fmt::Write as _;

const NOUNS: [&str; 10] = [
    "buffer", "charset", "cursor", "header", "locale", "offset", "record", "session", "socket", "window",
];
/// None of them is a noun above or a word of Python: both are names of arguments.
const VERBS: [&str; 6] = ["digest", "limit", "merge", "parse", "reset", "trace"];
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LINE: usize = 76;

/// Writes text; the same number to begin with gives the same text.
pub(super) struct Source(u64);

impl Source {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number of a linear congruential generator (Knuth's MMIX); its upper half is random enough for text.
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = usize::try_from(self.next()).unwrap_or_default() % from.len();
        *from.get(place).expect("it is below the length")
    }

    /// A module of about this many lines: functions and a class, as people write them.
    pub(super) fn module(&mut self, lines: usize) -> String {
        let mut text =
            String::from("\"\"\"A module of the test world.\"\"\"\n\nfrom __future__ import annotations\n\n");
        let mut written = 4;
        let mut number = 0;
        while written < lines {
            number += 1;
            let (noun, verb) = (self.pick(&NOUNS), self.pick(&VERBS));
            let (low, high) = (self.next() % 97, self.next() % 9_973);
            if number % 4 == 0 {
                let _ = write!(
                    text,
                    "class {}{number}:\n    \"\"\"Holds a {noun} until the {verb} wants it.\"\"\"\n\n    limit = {high}\n\n    \
                     def __init__(self, {noun}, {verb}=None):\n        self.{noun} = {noun}\n        self.{verb}_ = {verb} or {{}}\n        \
                     self._seen = {{\"{noun}\": {low}, \"{verb}\": {high}}}\n\n    \
                     @property\n    def {noun}_{verb}(self):\n        return [key for key, value in self._seen.items() if value > {low}]\n\n    \
                     def update(self, other, *, strict=False):\n        for key in sorted(other):\n            \
                     if strict and key in self._seen:\n                raise KeyError(f\"{{key!r}} is there already\")\n            \
                     self._seen[key] = len(key) * {low} % self.limit\n        return self\n\n\n",
                    capitalised(noun)
                );
                written += 23;
            } else {
                let _ = write!(
                    text,
                    "def {verb}_{noun}_{number}({noun}, {verb}_size={low}, *rest, **options):\n    \"\"\"Reads the {noun} as far as {verb} allows.\"\"\"\n    \
                     total, parts = 0, []\n    for position, item in enumerate({noun}):\n        if position >= {high}:\n            break\n        \
                     if isinstance(item, (bytes, bytearray)):\n            item = item.decode(\"utf-8\", \"replace\")\n        \
                     elif item is None and not options.get(\"{verb}\"):\n            continue\n        \
                     parts.append(\"%s=%s\" % (position, str(item).strip().lower()))\n        total += len(parts[-1]) + {low}\n    \
                     try:\n        return total // {verb}_size, \"&\".join(parts + list(rest))\n    \
                     except ZeroDivisionError:\n        return total, options.setdefault(\"{noun}\", parts)\n\n\n"
                );
                written += 19;
            }
        }
        text
    }

    /// Lines of base64 digits in no order, so many bytes in all.
    pub(super) fn noise(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + LINE);
        while text.len() < bytes {
            for _ in 0..LINE {
                text.push(char::from(self.pick(ALPHABET)));
            }
            text.push('\n');
        }
        text
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_for_the_same_number_and_else_not() {
        assert_eq!(Source::new(3).module(100), Source::new(3).module(100));
        assert_ne!(Source::new(3).module(100), Source::new(4).module(100));
        assert!((90..140).contains(&Source::new(1).module(100).lines().count()));
    }
}
