//! All output of the program: results on standard output, everything else on standard error.

use std::io::Write as _;

use owo_colors::{OwoColorize as _, Style};

use crate::args::{Cli, ColorChoice};

/// Where and how messages are written. Libraries never print; they return what there is to say.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    quiet: u8,
    verbose: u8,
    color: bool,
}

impl Printer {
    /// From the global options and the terminal.
    pub(crate) fn new(cli: &Cli) -> Self {
        let color = match cli.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
        };
        Self {
            quiet: cli.quiet,
            verbose: cli.verbose,
            color,
        }
    }

    /// Whether details were asked for.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether pip should be told to be quiet.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Whether messages are coloured.
    pub(crate) fn is_colored(&self) -> bool {
        self.color
    }

    /// One line of progress; silenced by `-q`.
    pub(crate) fn progress(&self, line: &str) {
        if self.quiet == 0 {
            self.write(&format!("{line}\n"));
        }
    }

    /// A result for people; silenced by `-qq`.
    pub(crate) fn result(&self, text: &str) {
        if self.quiet < 2 {
            self.write(text);
        }
    }

    /// Errors and refusals; never silenced.
    pub(crate) fn important(&self, text: &str) {
        self.write(text);
    }

    /// A machine-readable document, on standard output. A closed pipe is the reader's choice, not an error.
    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    pub(crate) fn document(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{text}");
        let _ = stdout.flush();
    }

    /// The same for bytes that are to be had exactly as they are.
    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    pub(crate) fn document_bytes(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(bytes).and_then(|()| stdout.write_all(b"\n"));
        let _ = stdout.flush();
    }

    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    fn write(&self, text: &str) {
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.color {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Styled as good news.
    pub(crate) fn good(&self, text: &str) -> String {
        self.styled(text, Style::new().green().bold())
    }

    /// Styled as bad news.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled(text, Style::new().red().bold())
    }

    /// Styled as a warning.
    pub(crate) fn warn(&self, text: &str) -> String {
        self.styled(text, Style::new().yellow().bold())
    }

    /// Styled as a hint.
    pub(crate) fn note(&self, text: &str) -> String {
        self.styled(text, Style::new().cyan().bold())
    }

    /// Styled as a label.
    pub(crate) fn label(&self, text: &str) -> String {
        self.styled(text, Style::new().dimmed())
    }

    /// Styled as a heading.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    /// Text from outside, with control characters made visible: a hostile name must not drive the terminal.
    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    pub(crate) fn plain(&self, text: &str) -> String {
        sanitize(text)
    }

    /// The same in one line: nor must it forge further lines of a report.
    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    pub(crate) fn plain_line(&self, text: &str) -> String {
        sanitize(text).replace('\n', "\\n")
    }

    /// The same with every further line set in, for texts that may have several.
    #[expect(clippy::unused_self, reason = "whoever prints holds the printer")]
    pub(crate) fn plain_lines(&self, text: &str) -> String {
        sanitize(text).replace('\n', "\n    ")
    }
}

/// Replaces control characters, other than line feeds and tabs, and direction overrides by `\u{…}` escapes.
pub(crate) fn sanitize(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if (c.is_control() && c != '\n' && c != '\t') || hidden {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::sanitize;

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        assert_eq!(
            sanitize("a\u{1b}[2Jb\r\u{202e}c\n\td é"),
            "a\\u{1b}[2Jb\\u{d}\\u{202e}c\n\td é"
        );
    }
}
