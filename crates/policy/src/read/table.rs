//! One table, whose keys are taken out one by one.

use toml::de::{DeTable, DeValue};

use crate::errors::{Collector, PolicyCode};
use crate::suggest::nearest;

/// A range of bytes in the text.
pub(super) type Span = std::ops::Range<usize>;

/// A table with its title, as messages name it.
pub(super) struct Table<'t> {
    entries: &'t DeTable<'t>,
    pub(super) title: String,
    /// Where the table's name is written.
    pub(super) span: Span,
}

impl<'t> Table<'t> {
    pub(super) fn new(entries: &'t DeTable<'t>, title: &str, span: &Span) -> Self {
        Self {
            entries,
            title: title.to_owned(),
            span: span.clone(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
    pub(super) fn refuse_unknown(&self, known: &[&str], errors: &mut Collector<'_>) {
        for key in self.entries.keys() {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let help = match nearest(key.get_ref(), known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", quoted(known)),
            };
            let message = format!("unknown key `{}` in {}", key.get_ref(), self.title);
            errors.push(PolicyCode::UnknownKey, &key.span(), message, Some(help));
        }
    }

    /// Notes that a key is needed.
    pub(super) fn missing(&self, key: &str, help: &str, errors: &mut Collector<'_>) {
        errors.push(
            PolicyCode::MissingKey,
            &self.span,
            format!("{} has no `{key}`", self.title),
            Some(help.to_owned()),
        );
    }
}

/// Words as messages list them.
pub(super) fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
