//! One table, whose keys are taken out one by one.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::errors::{Collector, PolicyCode};
use crate::keys::{self, TableKind};
use crate::setting::{Place, Setting, Value};
use crate::suggest::nearest;

/// A range of bytes in the text.
pub(super) type Span = std::ops::Range<usize>;

/// A table with its title, as messages name it.
pub(super) struct Table<'t> {
    entries: &'t DeTable<'t>,
    /// Where the table's name is written.
    pub(super) span: Span,
    kind: TableKind,
    header: Arc<str>,
}

impl<'t> Table<'t> {
    pub(super) fn new(entries: &'t DeTable<'t>, kind: TableKind, title: &str, span: &Span) -> Self {
        Self {
            entries,
            span: span.clone(),
            kind,
            header: Arc::from(title),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A value of a key of this table, with the place where it is written.
    pub(super) fn setting(&self, span: Span, value: Value) -> Setting {
        let table = Arc::clone(&self.header);
        Setting {
            value,
            place: Place { file: 0, span, table },
        }
    }

    /// Where the table's name is written.
    pub(super) fn place(&self) -> Place {
        Place {
            file: 0,
            span: self.span.clone(),
            table: Arc::clone(&self.header),
        }
    }

    /// The value of a key, with the range of the value.
    pub(super) fn take(&mut self, key: &str) -> Option<(Span, &'t DeValue<'t>)> {
        self.entries.get(key).map(|value| (value.span(), value.get_ref()))
    }

    /// Where a key is written.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.get_key_value(key).map(|(key, _)| key.span())
    }

    /// Refuses every key but the known ones.
    pub(super) fn refuse_unknown(&self, errors: &mut Collector<'_>) {
        let known: Vec<&str> = keys::of_table(self.kind).map(|key| key.name).collect();
        for key in self.entries.keys() {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let help = match nearest(key.get_ref(), &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", quoted(&known)),
            };
            let message = format!("unknown key `{}` in {}", key.get_ref(), self.header);
            errors.push(PolicyCode::UnknownKey, &key.span(), message, Some(help));
        }
    }

    /// The table's header, as messages name it.
    pub(super) fn title(&self) -> &str {
        &self.header
    }

    /// Notes that a key is needed.
    pub(super) fn missing(&self, key: &str, help: &str, errors: &mut Collector<'_>) {
        errors.push(
            PolicyCode::MissingKey,
            &self.span,
            format!("{} has no `{key}`", self.header),
            Some(help.to_owned()),
        );
    }
}

/// Words as messages list them.
pub(super) fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
