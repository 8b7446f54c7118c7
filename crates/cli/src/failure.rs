//! Errors that end a command before there is a verdict: what happened, why, and what can be typed next.

use std::fmt::Write as _;

use serde::Serialize;

use crate::printer::Printer;

/// The exit code of a usage, configuration or environment error.
pub(crate) const EXIT_ERROR: u8 = 2;

/// A command's result where it is not a verdict.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// An error as the user sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// A stable code, where the reason has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    /// What did not work.
    pub(crate) message: String,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// What can be done about it.
    pub(crate) hints: Vec<String>,
    /// Text shown as it is, between causes and hints: a file's lines with carets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl Failure {
    /// An error with its message alone.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            detail: None,
        }
    }

    /// Several errors of the same step as one, so that all of them are seen at once; `None` if there are none.
    pub(crate) fn all(mut failures: Vec<Self>) -> Option<Self> {
        if failures.len() < 2 {
            return failures.pop();
        }
        let mut all = Self::new(format!("{} of the named files cannot be used", failures.len()));
        for failure in failures {
            let why = failure.causes.join(": ");
            let separator = if why.is_empty() { "" } else { ": " };
            all.causes.push(format!("{}{separator}{why}", failure.message));
            for hint in failure.hints {
                if !all.hints.contains(&hint) {
                    all.hints.push(hint);
                }
            }
        }
        Some(all)
    }

    /// Names its stable code.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds an error and its sources as causes.
    pub(crate) fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Libraries often repeat their source's text in their own; one line is enough.
            if !self.causes.last().is_some_and(|last| last.ends_with(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds a hint; it should hold something that can be typed.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint where there is one.
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Adds a text that is shown as it is.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same without user names and passwords of URLs, whoever has quoted them: pip, a requirements file, a library.
    pub(crate) fn without_logins(mut self) -> Self {
        let texts = self.causes.iter_mut().chain(&mut self.hints).chain(&mut self.detail);
        for text in texts.chain([&mut self.message]) {
            *text = without_logins(text);
        }
        self
    }

    /// Prints the error to standard error.
    pub(crate) fn print(&self, printer: &Printer) {
        let code = self.code.map_or_else(String::new, |code| format!(" [{code}]"));
        let message = printer.plain_lines(&self.message);
        let mut text = format!("{} {message}{code}\n", printer.bad("error:"));
        for cause in &self.causes {
            let _ = writeln!(text, "  Caused by: {}", printer.plain_lines(cause));
        }
        if let Some(detail) = &self.detail {
            let _ = writeln!(text, "\n{}", printer.plain(detail.trim_end()));
        }
        for hint in &self.hints {
            let _ = writeln!(text, "\n{} {}", printer.note("hint:"), printer.plain(hint));
        }
        printer.important(&text);
    }
}

/// A text whose URLs have lost what stands between `://` and `@`.
pub(crate) fn without_logins(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let end = after
            .find(|c: char| c.is_whitespace() || "/?#`'\"<>".contains(c))
            .unwrap_or(after.len());
        let login = after.get(..end).and_then(|authority| authority.rfind('@'));
        rest = after.get(login.map_or(0, |at| at + 1)..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::without_logins;

    #[test]
    fn urls_lose_their_logins_and_nothing_else() {
        for (text, clean) in [
            (
                "`git+https://u:p@host/x.git#egg=a`: no",
                "`git+https://host/x.git#egg=a`: no",
            ),
            ("`://u:p@host/` and http://t@h", "`://host/` and http://h"),
            ("http://u:p@w@host", "http://host"),
            ("https://host/a@b", "https://host/a@b"),
            ("http://host, mail@host", "http://host, mail@host"),
            ("é://é@é", "é://é"),
            ("no URL", "no URL"),
        ] {
            assert_eq!(without_logins(text), clean);
        }
    }
}
