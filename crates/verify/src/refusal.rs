//! Refusals: typed reasons why a file may not be installed (F3).

use std::fmt;

use serde::Serialize;
use slsa_pip_provenance::Found;

use crate::code::Code;

/// Why one file, on one piece of evidence, may not be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// The rule of VERIFICATION.md.
    pub rule: &'static str,
    /// The package, where known.
    pub package: Option<String>,
    /// The file's name.
    pub file: String,
    /// One sentence, without the values below.
    pub summary: String,
    /// What would have been accepted.
    pub expected: Option<String>,
    /// What was there.
    pub found: Option<String>,
    /// Where the evidence came from; `None` if there is none.
    pub source: Option<Found>,
    /// What to do next, where there is something: a text that can be typed or pasted.
    pub hint: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}, rule {}]", self.file, self.summary, self.code, self.rule)
    }
}

impl std::error::Error for Refusal {}

/// A failed rule, before it is known for which file and evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) summary: String,
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, summary: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            expected: None,
            found: None,
            hint: None,
        }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(printable(&expected.into()));
        self
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(printable(&found.into()));
        self
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    /// A hint may have several lines; none of them may drive a terminal.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.map(|hint| hint.split('\n').map(printable).collect::<Vec<_>>().join("\n"));
        self
    }

    pub(crate) fn into_refusal(self, file: &str, package: Option<&str>, source: Option<Found>) -> Refusal {
        Refusal {
            code: self.code,
            rule: self.code.rule(),
            package: package.map(str::to_owned),
            file: file.to_owned(),
            summary: printable(&self.summary),
            expected: self.expected,
            found: self.found,
            source,
            hint: self.hint,
        }
    }
}

/// Longest value that is shown: evidence is hostile, and may hold megabytes where a name belongs.
const MAX_SHOWN: usize = 400;

/// Cuts a hostile value to a printable length and replaces control characters, so that it cannot drive a terminal.
pub(crate) fn printable(value: &str) -> String {
    let mut shown: String = value
        .chars()
        .take(MAX_SHOWN)
        .map(|c| if c.is_control() || is_format(c) { '\u{fffd}' } else { c })
        .collect();
    if value.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters that reorder or hide their neighbours.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_keeps_its_lines_and_nothing_that_drives_a_terminal() {
        let hint = |text: &str| Failure::new(Code::NoEvidence, "").hint(text).hint.unwrap();
        assert_eq!(hint("write:\n[packages.foo]"), "write:\n[packages.foo]");
        assert_eq!(hint("a\u{1b}[2J\rb\n\u{202e}c"), "a\u{fffd}[2J\u{fffd}b\n\u{fffd}c");
        assert_eq!(hint(&"x".repeat(500)).chars().count(), MAX_SHOWN + 1);
        assert_eq!(Failure::new(Code::NoEvidence, "").maybe_hint(None).hint, None);
    }
}
