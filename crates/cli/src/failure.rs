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
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            detail: None,
        }
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

    /// Prints the error to standard error.
    pub(crate) fn print(&self, printer: &Printer) {
        let mut text = format!("{} {}\n", printer.bad("error:"), printer.plain(&self.message));
        for cause in &self.causes {
            let _ = writeln!(text, "  Caused by: {}", printer.plain(cause));
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
