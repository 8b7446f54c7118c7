//! What can be wrong in a policy file, where, and what to do about it.

use std::fmt;
use std::ops::Range;

use crate::merge::Clash;
use crate::setting::Place;

/// Most errors that are kept; a file with more is not read by its author line by line anyway.
pub const MAX_ERRORS: usize = 100;
/// Most errors that are noted before they are sorted; further ones are counted. A hostile file can hold one in each byte.
const MAX_NOTED: usize = 10_000;
/// Longest source line that is shown, in characters; the caret's surroundings are cut out of longer ones.
const MAX_SNIPPET: usize = 160;

/// The kinds of mistakes, each with a stable kebab-case code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PolicyCode {
    /// The file is larger than is read.
    TooLarge,
    /// It is no TOML.
    Syntax,
    /// `version` names a format that is not known.
    UnknownVersion,
    /// A key or table that is not known.
    UnknownKey,
    /// A value of another type.
    WrongType,
    /// A table name that is no project name.
    InvalidName,
    /// Two tables for one project, spelled differently.
    DuplicateName,
    /// A table that says nothing.
    EmptyTable,
    /// A key that is needed and missing.
    MissingKey,
    /// A value that must not be empty.
    EmptyValue,
    /// A list that says one thing twice.
    DuplicateValue,
    /// Two keys that exclude one another.
    ConflictingKeys,
    /// Not the base URL of an index.
    InvalidIndex,
    /// Not a source repository.
    InvalidRepository,
    /// Not a numeric id.
    InvalidId,
    /// A numeric id without the repository it belongs to.
    IdWithoutRepository,
    /// A ref or tag template that cannot work.
    InvalidRef,
    /// Not a workflow file.
    InvalidWorkflow,
    /// Not a builder.
    InvalidBuilder,
    /// Not one of the words that are known here.
    UnknownValue,
    /// Not a SLSA build level.
    InvalidLevel,
    /// Not version specifiers.
    InvalidVersions,
    /// Not a sha256 digest.
    InvalidDigest,
    /// Not a date.
    InvalidDate,
    /// Not a length of time.
    InvalidAge,
    /// A text with a control character.
    ControlCharacter,
    /// A text longer than anything it could mean.
    ValueTooLong,
    /// A name with a `*` that is no pattern.
    InvalidPattern,
    /// Not an owner of repositories.
    InvalidOwner,
    /// Not an account of a publisher.
    InvalidAccount,
    /// Not a file that can be imported.
    InvalidImport,
    /// More imports, or deeper ones, than are read.
    TooManyImports,
    /// Imports where nothing can be read but this one file.
    ImportNotRead,
    /// An imported file has another digest than the one that is written.
    ImportDigest,
    /// A file asks for less than one that it imports.
    LoosenedImport,
    /// Two policies allow nothing in common.
    ImportConflict,
    /// `pyproject.toml` without `[tool.slsa-pip]`.
    MissingTable,
}

impl PolicyCode {
    /// All codes, in the order of their declaration.
    pub const ALL: [Self; 37] = [
        Self::TooLarge,
        Self::Syntax,
        Self::UnknownVersion,
        Self::UnknownKey,
        Self::WrongType,
        Self::InvalidName,
        Self::DuplicateName,
        Self::EmptyTable,
        Self::MissingKey,
        Self::EmptyValue,
        Self::DuplicateValue,
        Self::ConflictingKeys,
        Self::InvalidIndex,
        Self::InvalidRepository,
        Self::InvalidId,
        Self::IdWithoutRepository,
        Self::InvalidRef,
        Self::InvalidWorkflow,
        Self::InvalidBuilder,
        Self::UnknownValue,
        Self::InvalidLevel,
        Self::InvalidVersions,
        Self::InvalidDigest,
        Self::InvalidDate,
        Self::InvalidAge,
        Self::ControlCharacter,
        Self::ValueTooLong,
        Self::InvalidPattern,
        Self::InvalidOwner,
        Self::InvalidAccount,
        Self::InvalidImport,
        Self::TooManyImports,
        Self::ImportNotRead,
        Self::ImportDigest,
        Self::LoosenedImport,
        Self::ImportConflict,
        Self::MissingTable,
    ];

    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "policy-too-large",
            Self::Syntax => "policy-syntax",
            Self::UnknownVersion => "unknown-policy-version",
            Self::UnknownKey => "unknown-key",
            Self::WrongType => "wrong-type",
            Self::InvalidName => "invalid-name",
            Self::DuplicateName => "duplicate-name",
            Self::EmptyTable => "empty-table",
            Self::MissingKey => "missing-key",
            Self::EmptyValue => "empty-value",
            Self::DuplicateValue => "duplicate-value",
            Self::ConflictingKeys => "conflicting-keys",
            Self::InvalidIndex => "invalid-index",
            Self::InvalidRepository => "invalid-repository",
            Self::InvalidId => "invalid-id",
            Self::IdWithoutRepository => "id-without-repository",
            Self::InvalidRef => "invalid-ref",
            Self::InvalidWorkflow => "invalid-workflow",
            Self::InvalidBuilder => "invalid-builder",
            Self::UnknownValue => "unknown-value",
            Self::InvalidLevel => "invalid-level",
            Self::InvalidVersions => "invalid-versions",
            Self::InvalidDigest => "invalid-digest",
            Self::InvalidDate => "invalid-date",
            Self::InvalidAge => "invalid-age",
            Self::ControlCharacter => "control-character",
            Self::ValueTooLong => "value-too-long",
            Self::InvalidPattern => "invalid-pattern",
            Self::InvalidOwner => "invalid-owner",
            Self::InvalidAccount => "invalid-account",
            Self::InvalidImport => "invalid-import",
            Self::TooManyImports => "too-many-imports",
            Self::ImportNotRead => "import-not-read",
            Self::ImportDigest => "import-digest-mismatch",
            Self::LoosenedImport => "loosened-import",
            Self::ImportConflict => "import-conflict",
            Self::MissingTable => "missing-table",
        }
    }
}

impl fmt::Display for PolicyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Which kind of mistake.
    pub code: PolicyCode,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line as written, control characters replaced, cut if it is long.
    pub source_line: String,
    /// How many characters of [`source_line`](Self::source_line) come before the caret.
    pub caret_offset: usize,
    /// How many characters the caret underlines, at least 1.
    pub caret_len: usize,
    /// What to do, if that is known.
    pub help: Option<String>,
    /// The file, where that is not the one that all mistakes are said to be of.
    pub file: Option<String>,
    /// A second place that has to do with it.
    pub related: Option<Related>,
}

/// A place that a mistake clashes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The file's label.
    pub file: String,
    /// What is said of it, in a few words.
    pub said: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line as written, as in [`PolicyError::source_line`].
    pub source_line: String,
    /// As in [`PolicyError::caret_offset`].
    pub caret_offset: usize,
    /// As in [`PolicyError::caret_len`].
    pub caret_len: usize,
}

/// All mistakes of one policy file, sorted by position; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors {
    /// The file's label, as it was given.
    pub file: String,
    /// The mistakes.
    pub errors: Vec<PolicyError>,
    /// How many further mistakes were dropped (see [`MAX_ERRORS`]).
    pub omitted: usize,
}

impl fmt::Display for PolicyErrors {
    /// All mistakes, each with code, position, source line, caret and help; without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            error.render(&self.file, f)?;
        }
        if self.omitted > 0 {
            write!(f, "\n\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl PolicyError {
    /// Writes it as compilers do.
    fn render(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or(file);
        let last = self.related.as_ref().map_or(0, |related| related.line).max(self.line);
        let width = last.to_string().len();
        let gutter = " ".repeat(width);
        let indent = " ".repeat(self.caret_offset);
        let carets = "^".repeat(self.caret_len);
        writeln!(f, "error[{}]: {}", self.code, self.message)?;
        writeln!(f, "{gutter}--> {file}:{}:{}", self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        let number = self.line;
        writeln!(f, "{}", format!("{number:>width$} | {}", self.source_line).trim_end())?;
        write!(f, "{gutter} | {indent}{carets}")?;
        if let Some(related) = &self.related {
            let (number, indent) = (related.line, " ".repeat(related.caret_offset));
            let dashes = "-".repeat(related.caret_len);
            write!(
                f,
                "\n{gutter}::: {}:{number}:{}\n{gutter} |\n",
                related.file, related.column
            )?;
            writeln!(
                f,
                "{}",
                format!("{number:>width$} | {}", related.source_line).trim_end()
            )?;
            write!(f, "{gutter} | {indent}{dashes} {}", related.said)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// Collects mistakes by their place in the text.
pub(crate) struct Collector<'t> {
    text: &'t str,
    noted: Vec<Noted>,
    /// Mistakes after [`MAX_NOTED`].
    uncounted: usize,
}

/// A mistake whose line was not looked for yet: that costs a walk through the text, and only few are shown.
struct Noted {
    span: Range<usize>,
    code: PolicyCode,
    message: String,
    help: Option<String>,
    /// Whether what is meant is not shown, since it may hold a password.
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

    /// Notes a mistake at a byte range of the text.
    pub(crate) fn push(
        &mut self,
        code: PolicyCode,
        span: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.note(Noted::new(code, span, message, help));
    }

    /// The same for a value that may hold a password: it is covered wherever the line is shown.
    pub(crate) fn push_hidden(
        &mut self,
        code: PolicyCode,
        span: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.note(Noted {
            hidden: true,
            ..Noted::new(code, span, message, help)
        });
    }

    fn note(&mut self, noted: Noted) {
        if self.noted.len() == MAX_NOTED {
            self.uncounted += 1;
            return;
        }
        self.noted.push(noted);
    }

    /// Whether nothing was noted.
    pub(crate) fn is_empty(&self) -> bool {
        self.noted.is_empty()
    }

    /// All mistakes, sorted by place.
    pub(crate) fn into_errors(self, file: &str) -> PolicyErrors {
        let mut noted = self.noted;
        noted.sort_by_key(|noted| noted.span.start);
        let omitted = noted.len().saturating_sub(MAX_ERRORS) + self.uncounted;
        // What one mistake covers, no other in the same line may show.
        let hidden: Vec<Range<usize>> = noted
            .iter()
            .filter(|noted| noted.hidden)
            .map(|noted| noted.span.clone())
            .collect();
        let shown = noted.into_iter().take(MAX_ERRORS);
        PolicyErrors {
            file: file.to_owned(),
            errors: shown.map(|noted| noted.locate(self.text, &hidden)).collect(),
            omitted,
        }
    }
}

impl Noted {
    fn new(code: PolicyCode, span: &Range<usize>, message: impl Into<String>, help: Option<String>) -> Self {
        Self {
            span: span.clone(),
            code,
            message: message.into(),
            help,
            hidden: false,
        }
    }

    /// Finds its line and column.
    fn locate(self, text: &str, hidden: &[Range<usize>]) -> PolicyError {
        let shown = Snippet::of(text, &self.span, hidden);
        PolicyError {
            code: self.code,
            message: self.message.chars().map(printable).collect(),
            line: shown.line,
            column: shown.column,
            source_line: shown.source_line,
            caret_offset: shown.caret_offset,
            caret_len: shown.caret_len,
            help: self.help,
            file: None,
            related: None,
        }
    }
}

/// A line of a text with what is meant in it.
struct Snippet {
    line: usize,
    column: usize,
    source_line: String,
    caret_offset: usize,
    caret_len: usize,
}

impl Snippet {
    fn of(text: &str, span: &Range<usize>, hidden: &[Range<usize>]) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let line_text = rest.split('\n').next().unwrap_or_default();
        let line_text = line_text.strip_suffix('\r').unwrap_or(line_text);
        let column = chars_between(text, line_start, start);
        let line_len = line_text.chars().count();
        // A range over several lines is underlined on its first line only; one at the end of a line has one caret.
        let len = chars_between(text, start, end)
            .min(line_len.saturating_sub(column))
            .max(1);
        let skipped = if line_len > MAX_SNIPPET {
            column.saturating_sub(MAX_SNIPPET / 2)
        } else {
            0
        };
        let shown = line_text.char_indices().skip(skipped).take(MAX_SNIPPET);
        let line = line_start..line_start + line_text.len();
        let hidden: Vec<_> = hidden
            .iter()
            .filter(|span| span.start < line.end && line.start < span.end)
            .collect();
        let covered = |at: usize| hidden.iter().any(|span| span.contains(&(line_start + at)));
        Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            source_line: shown
                .map(|(at, c)| if covered(at) { '*' } else { printable(c) })
                .collect(),
            caret_offset: column - skipped,
            caret_len: len.min(MAX_SNIPPET - (column - skipped).min(MAX_SNIPPET - 1)),
        }
    }
}

/// A file's label and text, to show lines of.
pub(crate) struct Shown<'t> {
    pub(crate) label: &'t str,
    pub(crate) text: &'t str,
}

/// What lies in two places, of which the first counts for the order.
pub(crate) fn clashes(clashes: &[Clash], files: &[Shown<'_>]) -> PolicyErrors {
    let nothing = Shown { label: "", text: "" };
    let file_of = |place: &Place| files.get(place.file).unwrap_or(&nothing);
    let mut sorted: Vec<&Clash> = clashes.iter().collect();
    sorted.sort_by_key(|clash| (clash.place.file, clash.place.span.start));
    sorted.dedup_by(|a, b| a.place == b.place && a.message == b.message);
    let errors = sorted.iter().take(MAX_ERRORS).map(|clash| {
        let file = file_of(&clash.place);
        let noted = Noted::new(
            clash.code,
            &clash.place.span,
            clash.message.as_str(),
            Some(clash.help.clone()),
        );
        let related = clash.other.as_ref().map(|(place, said)| {
            let other = file_of(place);
            let shown = Snippet::of(other.text, &place.span, &[]);
            Related {
                file: other.label.to_owned(),
                said: (*said).to_owned(),
                line: shown.line,
                column: shown.column,
                source_line: shown.source_line,
                caret_offset: shown.caret_offset,
                caret_len: shown.caret_len,
            }
        });
        PolicyError {
            file: Some(file.label.to_owned()),
            related,
            ..noted.locate(file.text, &[])
        }
    });
    PolicyErrors {
        file: files.first().map(|file| file.label.to_owned()).unwrap_or_default(),
        errors: errors.collect(),
        omitted: sorted.len().saturating_sub(MAX_ERRORS),
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn chars_between(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(0, |part| part.chars().count())
}

/// A policy file may come with a project that is not trusted, and its words are shown on a terminal.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_bidi(c) => '\u{fffd}',
        c => c,
    }
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
