//! From bytes to attestations (A1–A6).

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use crate::attestation::Attestation;
use crate::budget::{MAX_ATTESTATIONS, MAX_DOCUMENT_BYTES, MAX_JSON_VALUES, MAX_LINES};
use crate::fields::Object;
use crate::json::{self, JsonError};
use crate::problem::Problem;
use crate::{bundle, classic, pep740, wrapper};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What one file, or one answer of a server, held.
#[derive(Debug, Clone, Default)]
pub struct ParsedFile {
    /// The attestations that could be read, in order. Shared, since they may be large.
    pub attestations: Vec<Located<Arc<Attestation>>>,
    /// Everything that could not be read, in order.
    pub problems: Vec<Located<Problem>>,
}

/// Something, and where in the document it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// 1-based line of a JSON Lines file, or 1-based number within a provenance object or wrapper; `None` when the document
    /// is a single attestation.
    pub line: Option<usize>,
    /// What stood there.
    pub item: T,
}

/// Reads any mix of the accepted formats (A1–A6).
///
/// A document is either one JSON value, over as many lines as it likes, or JSON Lines: one value per line, blank lines
/// allowed, `\n` or `\r\n`, with or without a last line end. In JSON Lines each line stands alone: a bad one is a problem
/// with its number and hides no good one. Values may be classic DSSE envelopes, Sigstore bundles v0.1–v0.3, PEP 740
/// attestation and provenance objects, and the attestation lists of GitHub's and npm's APIs.
///
/// Never panics. Nothing is verified. A document that holds nothing has the problem [`Problem::Empty`].
#[must_use]
pub fn parse_provenance(bytes: &[u8]) -> ParsedFile {
    let mut file = ParsedFile::default();
    read_document(bytes, &mut file);
    if file.attestations.len() > MAX_ATTESTATIONS {
        file = ParsedFile::default();
        file.problem(None, Problem::TooManyAttestations);
    }
    if file.attestations.is_empty() && file.problems.is_empty() {
        file.problem(None, Problem::Empty);
    }
    file
}

impl ParsedFile {
    fn problem(&mut self, line: Option<usize>, item: Problem) {
        self.problems.push(Located { line, item });
    }

    fn take(&mut self, line: Option<usize>, result: Result<Attestation, Problem>) {
        match result {
            Ok(item) => self.attestations.push(Located {
                line,
                item: Arc::new(item),
            }),
            Err(problem) => self.problem(line, problem),
        }
    }
}

fn read_document(bytes: &[u8], file: &mut ParsedFile) {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return file.problem(None, Problem::TooLarge { size: bytes.len() });
    }
    if bytes.trim_ascii().is_empty() {
        return;
    }
    if let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK)
        && json::parse(rest).is_ok()
    {
        return file.problem(None, Problem::ByteOrderMark);
    }
    match json::parse(bytes) {
        Ok(value) => read_value(value, bytes, None, file),
        Err(error) => read_lines(bytes, error, file),
    }
}

/// Reads JSON Lines, or reports `whole`, the error of the document as one value, if it does not look like lines.
fn read_lines(bytes: &[u8], whole: JsonError, file: &mut ParsedFile) {
    let lines: Vec<(usize, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.is_empty())
        .take(MAX_LINES + 1)
        .collect();
    // One broken value over many lines has lines that begin with something else, and none that is an attestation.
    let all_begin_objects = lines.iter().all(|(_, line)| line.starts_with(b"{"));
    if lines.len() < 2 {
        return file.problem(None, whole.into());
    }
    let values_left = Cell::new(MAX_JSON_VALUES);
    let parsed: Vec<(usize, &[u8], Result<Value, Problem>)> = lines
        .iter()
        .map(|(number, line)| (*number, *line, read_line(line, &values_left)))
        .collect();
    let any_known = parsed
        .iter()
        .any(|(.., value)| value.as_ref().is_ok_and(|value| Format::of(value).is_ok()));
    if !all_begin_objects && !any_known {
        return file.problem(None, whole.into());
    }
    if lines.len() > MAX_LINES {
        return file.problem(None, Problem::TooManyLines);
    }
    for (number, line, value) in parsed {
        match value {
            Ok(value) => read_value(value, line, Some(number), file),
            Err(problem) => file.problem(Some(number), problem),
        }
    }
}

fn read_line(line: &[u8], values_left: &Cell<usize>) -> Result<Value, Problem> {
    if line.starts_with(BYTE_ORDER_MARK) {
        return Err(Problem::ByteOrderMark);
    }
    Ok(json::parse_within(line, values_left)?)
}

/// Reads one JSON value of any known format. `text` is what it was read from.
fn read_value(value: Value, text: &[u8], line: Option<usize>, file: &mut ParsedFile) {
    let format = match Format::of(&value) {
        Ok(format) => format,
        Err(problem) => return file.problem(line, problem),
    };
    match format {
        Format::Classic => file.take(line, classic::read(value, text).map(Attestation::Classic)),
        Format::Bundle => file.take(
            line,
            bundle::read(value).map(|bundle| Attestation::Bundle(Box::new(bundle))),
        ),
        Format::Pep740 => {
            let attestation = pep740::read(value, None);
            file.take(line, attestation.map(|read| Attestation::Pep740(Box::new(read))));
        }
        Format::Pep740Provenance => take_list(pep740::read_provenance(value), line, file),
        Format::Wrapper => take_list(wrapper::read(value), line, file),
    }
}

/// Adds the members of a list, numbered from 1 unless they share a line of JSON Lines.
fn take_list(list: Result<Vec<Result<Attestation, Problem>>, Problem>, line: Option<usize>, file: &mut ParsedFile) {
    match list {
        Ok(members) if members.is_empty() => file.problem(line, Problem::Empty),
        Ok(members) => {
            for (index, member) in members.into_iter().enumerate() {
                file.take(line.or(Some(index + 1)), member);
            }
        }
        Err(problem) => file.problem(line, problem),
    }
}

#[derive(Clone, Copy)]
enum Format {
    Classic,
    Bundle,
    Pep740,
    Pep740Provenance,
    Wrapper,
}

impl Format {
    /// The keys that mark a format; no two formats share one.
    const MARKS: [(&'static str, Self); 9] = [
        ("payload", Self::Classic),
        ("payloadType", Self::Classic),
        ("signatures", Self::Classic),
        ("mediaType", Self::Bundle),
        ("verificationMaterial", Self::Bundle),
        ("verification_material", Self::Pep740),
        ("envelope", Self::Pep740),
        ("attestation_bundles", Self::Pep740Provenance),
        ("attestations", Self::Wrapper),
    ];

    fn of(value: &Value) -> Result<Self, Problem> {
        let object = value.as_object().ok_or_else(|| unknown_format(value))?;
        let mut marks = Self::MARKS.iter().filter(|(key, _)| object.contains_key(*key));
        let (first, format) = *marks.next().ok_or_else(|| unknown_format(value))?;
        let other = marks.find(|(_, other)| std::mem::discriminant(other) != std::mem::discriminant(&format));
        match other {
            Some(&(second, _)) => Err(Problem::AmbiguousFormat { first, second }),
            None => Ok(format),
        }
    }
}

pub(crate) fn unknown_format(value: &Value) -> Problem {
    let outline = match value {
        Value::Object(object) => keys(object),
        Value::Array(_) => "an array".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a truth value".to_owned(),
        Value::Null => "null".to_owned(),
    };
    Problem::UnknownFormat { outline }
}

fn keys(object: &Object) -> String {
    let keys: Vec<String> = object
        .keys()
        .take(8)
        .map(|key| format!("`{}`", json::printable(key)))
        .collect();
    if keys.is_empty() {
        return "an empty object".to_owned();
    }
    format!("an object with {}", keys.join(", "))
}
