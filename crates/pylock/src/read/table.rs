//! One table, whose keys are taken by name, with the checks that every value needs.

use slsa_pip_distribution::PackageName;
use toml::de::{DeTable, DeValue};

use crate::error::Collector;

/// A range of bytes in the text.
pub(super) type Span = std::ops::Range<usize>;

/// Longest text of a value; URLs of real files stay below 300 bytes, markers below 2,000.
const MAX_TEXT: usize = 16 * 1024;

/// A table with its title, as messages name it.
#[derive(Clone)]
pub(super) struct Table<'t> {
    entries: &'t DeTable<'t>,
    pub(super) title: String,
    pub(super) span: Span,
}

impl<'t> Table<'t> {
    pub(super) fn new(entries: &'t DeTable<'t>, title: impl Into<String>, span: &Span) -> Self {
        Self {
            entries,
            title: title.into(),
            span: span.clone(),
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, Span)> {
        self.entries.keys().map(|key| (key.get_ref().as_ref(), key.span()))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<(Span, &'t DeValue<'t>)> {
        self.entries.get(key).map(|value| (value.span(), value.get_ref()))
    }

    fn wrong_type(&self, span: &Span, key: &str, expected: &str, errors: &mut Collector<'_>) {
        errors.push(
            "wrong-type",
            span,
            format!("`{key}` of {} must be {expected}", self.title),
        );
    }

    fn missing(&self, key: &str, errors: &mut Collector<'_>) {
        errors.push("missing-key", &self.span, format!("{} has no `{key}`", self.title));
    }

    /// A string that says something: not blank, not too long, no control characters.
    pub(super) fn text(&self, key: &str, errors: &mut Collector<'_>) -> Option<(Span, &'t str)> {
        let (span, value) = self.get(key)?;
        let DeValue::String(text) = value else {
            self.wrong_type(&span, key, "a string", errors);
            return None;
        };
        let title = &self.title;
        if text.trim().is_empty() {
            errors.push("empty-value", &span, format!("`{key}` of {title} is empty"));
        } else if text.len() > MAX_TEXT {
            errors.push(
                "value-too-long",
                &span,
                format!(
                    "`{key}` of {title} has {} bytes; at most {MAX_TEXT} are read",
                    text.len()
                ),
            );
        } else if text.chars().any(char::is_control) {
            errors.push(
                "control-character",
                &span,
                format!("`{key}` of {title} holds a control character"),
            );
        } else {
            return Some((span, text.as_ref()));
        }
        None
    }

    /// The same of a key that must be there.
    pub(super) fn needed(&self, key: &str, errors: &mut Collector<'_>) -> Option<(Span, &'t str)> {
        if !self.has(key) {
            self.missing(key, errors);
        }
        self.text(key, errors)
    }

    /// A string that parses.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        errors: &mut Collector<'_>,
    ) -> Option<T> {
        let (span, text) = self.text(key, errors)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("`{key}` of {} is not valid: {error}", self.title);
                errors.push("invalid-value", &span, message);
                None
            }
        }
    }

    pub(super) fn boolean(&self, key: &str, errors: &mut Collector<'_>) -> Option<bool> {
        match self.get(key)? {
            (_, DeValue::Boolean(value)) => Some(*value),
            (span, _) => {
                self.wrong_type(&span, key, "true or false", errors);
                None
            }
        }
    }

    pub(super) fn integer(&self, key: &str, errors: &mut Collector<'_>) -> Option<u64> {
        let (span, value) = self.get(key)?;
        let DeValue::Integer(number) = value else {
            self.wrong_type(&span, key, "an integer", errors);
            return None;
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix());
        if parsed.is_err() {
            self.wrong_type(&span, key, "an integer that is not negative", errors);
        }
        parsed.ok()
    }

    pub(super) fn table(&self, key: &str, errors: &mut Collector<'_>) -> Option<Self> {
        match self.get(key)? {
            (span, DeValue::Table(table)) => Some(Self::new(table, format!("`{key}` of {}", self.title), &span)),
            (span, _) => {
                self.wrong_type(&span, key, "a table", errors);
                None
            }
        }
    }

    /// The items of a list of `what`, at most `longest`; none where it is no such list.
    fn items(
        &self,
        key: &str,
        what: &str,
        longest: usize,
        errors: &mut Collector<'_>,
    ) -> &'t [toml::Spanned<DeValue<'t>>] {
        let Some((span, value)) = self.get(key) else {
            return &[];
        };
        let DeValue::Array(items) = value else {
            self.wrong_type(&span, key, what, errors);
            return &[];
        };
        if items.len() > longest {
            let message = format!(
                "`{key}` of {} has {} entries; at most {longest} are read",
                self.title,
                items.len()
            );
            errors.push("too-many", &span, message);
            return &[];
        }
        items
    }

    /// A list of tables, at most `longest`.
    pub(super) fn tables(&self, key: &str, longest: usize, errors: &mut Collector<'_>) -> Vec<Self> {
        const WHAT: &str = "a list of tables";
        let items = self.items(key, WHAT, longest, errors);
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => {
                    tables.push(Self::new(
                        table,
                        format!("an entry of `{key}` of {}", self.title),
                        &item.span(),
                    ));
                }
                _ => self.wrong_type(&item.span(), key, WHAT, errors),
            }
        }
        tables
    }

    /// A list of strings, at most `longest`, each parsed; the good ones of them.
    pub(super) fn list<T, E: std::fmt::Display>(
        &self,
        key: &str,
        longest: usize,
        parse: impl Fn(&str) -> Result<T, E>,
        errors: &mut Collector<'_>,
    ) -> Vec<T> {
        const WHAT: &str = "a list of strings";
        let items = self.items(key, WHAT, longest, errors);
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::String(text) if text.len() <= MAX_TEXT && !text.chars().any(char::is_control) => {
                    match parse(text) {
                        Ok(value) => values.push(value),
                        Err(error) => errors.push(
                            "invalid-value",
                            &item.span(),
                            format!("`{key}` of {} holds what is not valid: {error}", self.title),
                        ),
                    }
                }
                _ => self.wrong_type(&item.span(), key, WHAT, errors),
            }
        }
        values
    }

    /// A list of names of extras or groups, which are normalised.
    pub(super) fn names(&self, key: &str, errors: &mut Collector<'_>) -> Vec<PackageName> {
        /// Most extras or groups of one lock; real projects stay below a hundred.
        const MAX_NAMES: usize = 4096;
        self.list(key, MAX_NAMES, str::parse, errors)
    }
}
