//! What is wrong in a lock file, and where.

use std::fmt;
use std::ops::Range;

/// Most mistakes that are shown; nobody mends more of them by hand.
const MAX_SHOWN: usize = 50;
/// Most mistakes that are noted before they are sorted; a hostile file can hold one in each byte.
const MAX_NOTED: usize = 1000;
/// Longest piece of a source line that is shown, in characters.
const MAX_SNIPPET: usize = 140;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// Stable kebab-case code.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// A piece of the line, control characters replaced; URLs with credentials are never in it.
    pub snippet: String,
    /// Characters before the caret.
    pub caret: usize,
    /// What to do, if that is known.
    pub help: Option<String>,
}

/// All mistakes of a lock file, in the file's order; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LockErrors {
    /// How messages name the file.
    pub file: String,
    /// The mistakes.
    pub errors: Vec<LockError>,
    /// How many more there are.
    pub omitted: usize,
}

impl fmt::Display for LockErrors {
    /// Each with code, position, line, caret and help, as compilers do it; without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            let number = error.line.to_string();
            let gutter = " ".repeat(number.len());
            writeln!(f, "error[{}]: {}", error.code, error.message)?;
            writeln!(f, "{gutter}--> {}:{}:{}", self.file, error.line, error.column)?;
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{}", format!("{number} | {}", error.snippet).trim_end())?;
            write!(f, "{gutter} | {}^", " ".repeat(error.caret))?;
            if let Some(help) = &error.help {
                write!(f, "\n{gutter} = help: {help}")?;
            }
        }
        if self.omitted > 0 {
            write!(f, "\n\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

/// Collects mistakes by their place.
pub(crate) struct Collector<'t> {
    text: &'t str,
    noted: Vec<Noted>,
    uncounted: usize,
}

struct Noted {
    span: Range<usize>,
    code: &'static str,
    message: String,
    help: Option<String>,
    hidden: bool,
}

impl<'t> Collector<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            noted: Vec::new(),
            uncounted: 0,
        }
    }

    /// Notes a mistake at a range of bytes.
    pub(crate) fn push(&mut self, code: &'static str, span: &Range<usize>, message: impl Into<String>) {
        self.note(code, span, message.into(), None, false);
    }

    /// The same with what to do.
    pub(crate) fn push_help(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.note(code, span, message.into(), Some(help.to_owned()), false);
    }

    /// The same of a value that may hold a password: its line is not shown.
    pub(crate) fn push_hidden(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.note(code, span, message.into(), Some(help.to_owned()), true);
    }

    fn note(&mut self, code: &'static str, span: &Range<usize>, message: String, help: Option<String>, hidden: bool) {
        if self.noted.len() == MAX_NOTED {
            self.uncounted += 1;
            return;
        }
        self.noted.push(Noted {
            span: span.clone(),
            code,
            message,
            help,
            hidden,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.noted.is_empty()
    }

    pub(crate) fn into_errors(self, file: &str) -> LockErrors {
        let mut noted = self.noted;
        noted.sort_by_key(|noted| noted.span.start);
        let omitted = noted.len().saturating_sub(MAX_SHOWN) + self.uncounted;
        LockErrors {
            file: file.to_owned(),
            errors: noted
                .into_iter()
                .take(MAX_SHOWN)
                .map(|noted| noted.locate(self.text))
                .collect(),
            omitted,
        }
    }
}

impl Noted {
    fn locate(self, text: &str) -> LockError {
        let mut start = self.span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = text.get(line_start..start).map_or(0, |part| part.chars().count());
        let skipped = column.saturating_sub(MAX_SNIPPET / 2);
        let line_text = text
            .get(line_start..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let snippet: String = if self.hidden {
            "(not shown: it may hold a password)".to_owned()
        } else {
            line_text
                .chars()
                .skip(skipped)
                .take(MAX_SNIPPET)
                .map(printable)
                .collect()
        };
        LockError {
            code: self.code,
            message: self.message.chars().map(printable).collect(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            caret: if self.hidden { 0 } else { column - skipped },
            snippet: without_logins(&snippet),
            help: self.help,
        }
    }
}

/// The lines of lock files are shown on terminals.
pub(crate) fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Covers what stands between `://` and `@` in the same word; the length stays, so that carets do.
fn without_logins(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let end = after
            .find(|c: char| c.is_whitespace() || "/?#`'\"<>,".contains(c))
            .unwrap_or(after.len());
        let login = after.get(..end).and_then(|authority| authority.rfind('@')).unwrap_or(0);
        clean.extend(after.get(..login).unwrap_or_default().chars().map(|_| '*'));
        rest = after.get(login..).unwrap_or_default();
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_as_compilers_do_it_and_a_password_is_not() {
        let text = "a = 1\nurl = 'https://u:p@host.example/x'  # \u{202e}\n";
        let mut errors = Collector::new(text);
        errors.push_help("wrong", &(6..9), "it is wrong\u{7}", "mend it");
        let shown = errors.into_errors("pylock.toml").to_string();
        let expected = "error[wrong]: it is wrong\u{fffd}\n --> pylock.toml:2:1\n  |\n2 | url = 'https://***@host.example/x'  # \u{fffd}\n  | ^\n  = help: mend it";
        assert_eq!(shown, expected);
        let mut errors = Collector::new(text);
        errors.push_hidden("wrong", &(12..40), "no", "x");
        assert!(!errors.into_errors("f").to_string().contains("u:p"));
    }

    #[test]
    fn many_mistakes_are_counted_and_positions_outside_do_no_harm() {
        let mut errors = Collector::new("é");
        for at in 0..2000 {
            errors.push("x", &(at..at + 1), "y");
        }
        let errors = errors.into_errors("f");
        assert_eq!((errors.errors.len(), errors.omitted), (MAX_SHOWN, 1950));
    }
}
