//! `[defaults]`, and the settings that it shares with the tables of packages.

use toml::de::DeValue;

use super::table::{Span, Table};
use super::{packages, values};
use crate::builder::{BuilderId, InvalidBuilder};
use crate::errors::{Collector, PolicyCode};
use crate::expectation::{Mode, Unpinned};
use crate::setting::{BuilderRule, Key, Value};
use crate::sheet::Entry;

pub(super) fn read(mut table: Table<'_>, errors: &mut Collector<'_>) -> Entry {
    table.refuse_unknown(errors);
    let mut entry = shared(&mut table, errors);
    let mut set = |key: Key, read: Option<(Span, Value)>, table: &Table<'_>| {
        if let Some((span, value)) = read {
            entry.settings.insert(key, table.setting(span, value));
        }
    };
    let mode = values::word(&mut table, "mode", errors).map(|(span, word)| {
        let mode = if word == "warn" { Mode::Warn } else { Mode::Enforce };
        (span, Value::Mode(mode))
    });
    set(Key::Mode, mode, &table);
    let builders = builders(&mut table, errors);
    set(Key::Builders, builders, &table);
    let indexes = packages::indexes(&mut table, errors).map(|(span, urls)| (span, Value::Urls(urls)));
    set(Key::Indexes, indexes, &table);
    let flag = flag(&mut table, "importers-may-exempt", errors);
    set(Key::ImportersMayExempt, flag, &table);
    entry
}

/// What may stand in `[defaults]` and in the tables of packages.
pub(super) fn shared(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Entry {
    let mut entry = Entry {
        places: vec![table.place()],
        ..Entry::default()
    };
    let unpinned = values::word(table, "unpinned", errors).map(|(span, word)| {
        let unpinned = match word {
            "deny" => Unpinned::Deny,
            "continuity" => Unpinned::Continuity,
            _ => Unpinned::Claimed,
        };
        (span, Value::Unpinned(unpinned))
    });
    let runner =
        values::word(table, "runner-environment", errors).map(|(span, word)| (span, Value::Text(word.to_owned())));
    let read = [
        (Key::Unpinned, unpinned),
        (Key::RunnerEnvironment, runner),
        (
            Key::Evidence,
            values::evidence(table, errors).map(|(span, kinds)| (span, Value::Kinds(kinds))),
        ),
        (
            Key::MinimumLevel,
            values::level(table, errors).map(|(span, level)| (span, Value::Level(level))),
        ),
        (
            Key::StartupFiles,
            values::word(table, "startup-files", errors)
                .map(|(span, word)| (span, Value::Startup { deny: word == "deny" })),
        ),
        (
            Key::MinimumAge,
            values::age(table, errors).map(|(span, age)| (span, Value::Age(age))),
        ),
    ];
    for (key, value) in read {
        if let Some((span, value)) = value {
            entry.settings.insert(key, table.setting(span, value));
        }
    }
    entry
}

/// `builders`: `NAME`, `NAME@vX.Y.Z` or `NAME@>=vX.Y.Z`.
fn builders(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, Value)> {
    let (at, _) = table.take("builders")?;
    let mut rules: Vec<BuilderRule> = Vec::new();
    for (span, text) in values::strings(table, "builders", errors)? {
        let (written, at_least) = match text.split_once("@>=") {
            Some((name, least)) => (format!("{name}@{least}"), true),
            None => (text.to_owned(), false),
        };
        let id = written.parse::<BuilderId>();
        match id {
            Ok(id) if rules.iter().any(|rule| rule.id == id && rule.at_least == at_least) => {
                errors.push(PolicyCode::DuplicateValue, &span, "`builders` names this twice", None);
            }
            Ok(id) => rules.push(BuilderRule { id, at_least }),
            Err(error) => {
                let error: InvalidBuilder = error;
                errors.push(PolicyCode::InvalidBuilder, &span, error.to_string(), None);
            }
        }
    }
    Some((at, Value::Builders(rules)))
}

fn flag(table: &mut Table<'_>, key: &str, errors: &mut Collector<'_>) -> Option<(Span, Value)> {
    let (span, value) = table.take(key)?;
    if let DeValue::Boolean(on) = value {
        return Some((span, Value::Flag(*on)));
    }
    values::wrong_type(&span, key, "`true` or `false`", value, errors);
    None
}
