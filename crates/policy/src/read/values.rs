//! Single values: types, words, lists.

use jiff::SignedDuration;
use toml::de::DeValue;

use super::table::{Span, Table, quoted};
use crate::builder::BuilderId;
use crate::errors::{Collector, PolicyCode};
use crate::expectation::KindSet;
use crate::keys::words;
use crate::suggest::nearest;

/// Longest value of a key that names something; GitHub's own names stay far below.
const MAX_TEXT: usize = 1024;

/// SLSA's build levels; level 0 asks for nothing.
const LEVELS: [&str; 3] = ["1", "2", "3"];

pub(super) fn wrong_type(span: &Span, key: &str, expected: &str, found: &DeValue<'_>, errors: &mut Collector<'_>) {
    let found = match found {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let message = format!("`{key}` must be {expected}, not {found}");
    errors.push(PolicyCode::WrongType, span, message, None);
}

/// A string that says something: not blank, not too long, without control characters.
pub(super) fn text<'t>(table: &mut Table<'t>, key: &str, errors: &mut Collector<'_>) -> Option<(Span, &'t str)> {
    let (span, value) = table.take(key)?;
    let DeValue::String(text) = value else {
        wrong_type(&span, key, "a string", value, errors);
        return None;
    };
    sound(&span, key, text, errors).then_some((span, text.as_ref()))
}

fn sound(span: &Span, key: &str, text: &str, errors: &mut Collector<'_>) -> bool {
    let problem = if text.trim().is_empty() {
        Some((PolicyCode::EmptyValue, format!("`{key}` is empty")))
    } else if text.len() > MAX_TEXT {
        Some((
            PolicyCode::ValueTooLong,
            format!("`{key}` has {} bytes; at most {MAX_TEXT} are read", text.len()),
        ))
    } else if text.chars().any(char::is_control) {
        Some((
            PolicyCode::ControlCharacter,
            format!("`{key}` holds a control character"),
        ))
    } else {
        None
    };
    match problem {
        None => true,
        Some((code, message)) => {
            errors.push(code, span, message, None);
            false
        }
    }
}

/// A list of strings, not empty, nothing in it twice; the good ones of them.
pub(super) fn strings<'t>(
    table: &mut Table<'t>,
    key: &str,
    errors: &mut Collector<'_>,
) -> Option<Vec<(Span, &'t str)>> {
    let (span, value) = table.take(key)?;
    let DeValue::Array(items) = value else {
        wrong_type(&span, key, "a list of strings", value, errors);
        return None;
    };
    if items.is_empty() {
        errors.push(PolicyCode::EmptyValue, &span, format!("`{key}` is an empty list"), None);
        return None;
    }
    let mut read: Vec<(Span, &str)> = Vec::new();
    for item in items {
        let span = item.span();
        match item.get_ref() {
            DeValue::String(text) if read.iter().any(|(_, earlier)| earlier == text) => errors.push(
                PolicyCode::DuplicateValue,
                &span,
                format!("`{key}` names this twice"),
                None,
            ),
            DeValue::String(text) => {
                if sound(&span, key, text, errors) {
                    read.push((span, text.as_ref()));
                }
            }
            other => wrong_type(&span, key, "a list of strings", other, errors),
        }
    }
    Some(read)
}

/// One of a few words.
pub(super) fn one_of<'t>(
    span: &Span,
    key: &str,
    word: &'t str,
    known: &[&str],
    errors: &mut Collector<'_>,
) -> Option<&'t str> {
    if known.contains(&word) {
        return Some(word);
    }
    let help = match nearest(word, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known here: {}", quoted(known)),
    };
    let message = format!("`{key}` cannot be \"{word}\"");
    errors.push(PolicyCode::UnknownValue, span, message, Some(help));
    None
}

/// `evidence`, kinds of evidence that suffice.
pub(super) fn evidence(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, KindSet)> {
    let (at, _) = table.take("evidence")?;
    let list = strings(table, "evidence", errors)?;
    let mut kinds = KindSet {
        build: false,
        publish: false,
    };
    for (span, word) in list {
        match one_of(&span, "evidence", word, words("evidence"), errors) {
            Some("build") => kinds.build = true,
            Some(_) => kinds.publish = true,
            None => {}
        }
    }
    Some((at, kinds))
}

/// `minimum-level`, a SLSA build level.
pub(super) fn level(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, u8)> {
    let (span, value) = table.take("minimum-level")?;
    let DeValue::Integer(number) = value else {
        wrong_type(&span, "minimum-level", "an integer", value, errors);
        return None;
    };
    if LEVELS.contains(&number.as_str()) {
        return number.as_str().parse().ok().map(|level| (span, level));
    }
    errors.push(
        PolicyCode::InvalidLevel,
        &span,
        format!("there is no SLSA build level {number}"),
        Some("`minimum-level` is 1, 2 or 3".to_owned()),
    );
    None
}

/// A key that is one of the words of the table of keys, with the place in that list.
pub(super) fn word(table: &mut Table<'_>, key: &str, errors: &mut Collector<'_>) -> Option<(Span, &'static str)> {
    let (span, written) = text(table, key, errors)?;
    let known = words(key);
    one_of(&span, key, written, known, errors)?;
    known.iter().find(|word| **word == written).map(|word| (span, *word))
}

/// A builder.
pub(super) fn builder(span: &Span, text: &str, errors: &mut Collector<'_>) -> Option<BuilderId> {
    text.parse()
        .map_err(|error: crate::builder::InvalidBuilder| {
            errors.push(PolicyCode::InvalidBuilder, span, error.to_string(), None);
        })
        .ok()
}

/// Longest `minimum-age`, in days: more is a mistyped number.
const MAX_DAYS: i64 = 3650;

/// `minimum-age`, a whole number of minutes, hours, days or weeks.
pub(super) fn age(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, SignedDuration)> {
    let (span, text) = text(table, "minimum-age", errors)?;
    let age = parse_age(text);
    if age.is_none() {
        errors.push(
            PolicyCode::InvalidAge,
            &span,
            format!("`minimum-age` is no length of time: \"{text}\""),
            Some(format!(
                "write \"7 days\", \"12 hours\" or \"2 weeks\"; at most {MAX_DAYS} days"
            )),
        );
    }
    age.map(|age| (span, age))
}

fn parse_age(text: &str) -> Option<SignedDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let hours_of = |unit: &str| match unit {
        "hour" | "hours" => Some(1),
        "day" | "days" => Some(24),
        "week" | "weeks" => Some(7 * 24),
        _ => None,
    };
    let number: i64 = number.parse().ok()?;
    let age = match unit.trim_start() {
        "minute" | "minutes" => SignedDuration::from_mins(number.min(MAX_DAYS * 24 * 60 + 1)),
        unit => SignedDuration::from_hours(number.min(MAX_DAYS * 24 + 1).checked_mul(hours_of(unit)?)?),
    };
    (age <= SignedDuration::from_hours(MAX_DAYS * 24)).then_some(age)
}
