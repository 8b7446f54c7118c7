//! From the text of a policy file to its settings, all mistakes at once.

mod defaults;
mod exemptions;
mod imports;
mod packages;
mod source;
mod table;
mod values;

use std::collections::BTreeSet;

use slsa_pip_distribution::PackageName;
use toml::de::{DeTable, DeValue};

use crate::document::{Document, Format};
use crate::errors::{Collector, PolicyCode, PolicyErrors};
use crate::keys::TableKind;
use crate::policy::MAX_POLICY_LEN;
use crate::scope::{InvalidPattern, Scope};
use crate::sheet::Sheet;
use table::{Span, Table};

/// The only version of the format there is.
const FORMAT_VERSION: &str = "1";

/// Where the policy stands in `pyproject.toml`.
const PYPROJECT_TABLES: [&str; 2] = ["tool", "slsa-pip"];

/// Reads the whole file; `None` if it is a `pyproject.toml` that holds no policy.
pub(crate) fn document(text: &str, label: &str, format: Format) -> Result<Option<Document>, PolicyErrors> {
    let mut errors = Collector::new(text);
    if text.len() > MAX_POLICY_LEN {
        errors.push(
            PolicyCode::TooLarge,
            &(0..0),
            format!("the file has {} bytes; at most {MAX_POLICY_LEN} are read", text.len()),
            None,
        );
        return Err(errors.into_errors(label));
    }
    let (parsed, problems) = DeTable::parse_recoverable(text);
    for problem in &problems {
        let span = problem.span().unwrap_or_default();
        errors.push(PolicyCode::Syntax, &span, problem.message(), None);
    }
    if !errors.is_empty() {
        return Err(errors.into_errors(label));
    }
    let root = match format {
        Format::Policy => Some((parsed.get_ref(), 0..0)),
        Format::Pyproject => below_tool(parsed.get_ref(), &mut errors),
    };
    let document = root.map(|(table, span)| read_root(text, table, &span, label, format, &mut errors));
    if errors.is_empty() {
        Ok(document)
    } else {
        Err(errors.into_errors(label))
    }
}

/// `[tool.slsa-pip]`.
fn below_tool<'t>(root: &'t DeTable<'t>, errors: &mut Collector<'_>) -> Option<(&'t DeTable<'t>, Span)> {
    let mut found = (root, 0..0);
    for name in PYPROJECT_TABLES {
        let (key, value) = found.0.get_key_value(name)?;
        let DeValue::Table(table) = value.get_ref() else {
            values::wrong_type(&value.span(), name, "a table", value.get_ref(), errors);
            return None;
        };
        found = (table, key.span());
    }
    Some(found)
}

fn read_root(
    text: &str,
    entries: &DeTable<'_>,
    span: &Span,
    label: &str,
    format: Format,
    errors: &mut Collector<'_>,
) -> Document {
    let header = |rest: &str| match format {
        Format::Policy => format!("[{rest}]"),
        Format::Pyproject => format!("[{}.{rest}]", PYPROJECT_TABLES.join(".")),
    };
    let title = match format {
        Format::Policy => "the file".to_owned(),
        Format::Pyproject => format!("[{}]", PYPROJECT_TABLES.join(".")),
    };
    let mut root = Table::new(entries, TableKind::Root, &title, span);
    root.refuse_unknown(errors);
    if let Some((span, value)) = root.take("version") {
        read_version(&span, value, errors);
    }
    let mut sheet = Sheet::default();
    if let Some((span, value)) = root.take("defaults") {
        if let DeValue::Table(table) = value {
            let at = root.key_span("defaults").unwrap_or(span);
            let table = Table::new(table, TableKind::Defaults, &header("defaults"), &at);
            *sheet.entry(&Scope::All) = defaults::read(table, errors);
        } else {
            values::wrong_type(&span, "defaults", "a table", value, errors);
        }
    }
    for (scope, table, span) in scoped_tables(&mut root, errors) {
        let name = match &scope {
            Scope::Package(name) => name.to_string(),
            group => format!("\"{}\"", group.name()),
        };
        let table = Table::new(table, TableKind::Package, &header(&format!("packages.{name}")), &span);
        *sheet.entry(&scope) = packages::read(table, errors);
    }
    for (name, table, span) in named_tables(&mut root, "exemptions", errors) {
        let title = header(&format!("exemptions.{name}"));
        let table = Table::new(table, TableKind::Exemption, &title, &span);
        if let Some(exempt) = exemptions::read(&name, table, label, errors) {
            sheet.exemptions.insert(name, exempt);
        }
    }
    Document {
        label: label.to_owned(),
        text: text.to_owned(),
        sheet,
        imports: imports::read(&mut root, &header("imports"), errors),
    }
}

fn read_version(span: &Span, value: &DeValue<'_>, errors: &mut Collector<'_>) {
    match value {
        DeValue::Integer(number) if number.as_str() == FORMAT_VERSION => {}
        DeValue::Integer(number) => errors.push(
            PolicyCode::UnknownVersion,
            span,
            format!("policy format version {number} is not known"),
            Some(format!("this release reads `version = {FORMAT_VERSION}`")),
        ),
        other => values::wrong_type(span, "version", "an integer", other, errors),
    }
}

/// The tables below `[packages]`: of packages, and of groups of them.
fn scoped_tables<'t>(root: &mut Table<'t>, errors: &mut Collector<'_>) -> Vec<(Scope, &'t DeTable<'t>, Span)> {
    let scope_of = |written: &str, span: &Span, errors: &mut Collector<'_>| {
        if !written.contains(['*', '?', '[', ']']) {
            return name_of(written, span, errors).map(Scope::Package);
        }
        match Scope::group(written) {
            Ok(scope) => Some(scope),
            Err(error) => {
                let help = match error {
                    InvalidPattern::Everything => "what holds for every package is written into [defaults]",
                    _ => "a group is named by the beginning of its names, such as `[packages.\"acme-*\"]`",
                };
                errors.push(
                    PolicyCode::InvalidPattern,
                    span,
                    error.to_string(),
                    Some(help.to_owned()),
                );
                None
            }
        }
    };
    tables_by(root, "packages", &scope_of, errors)
}

/// The tables below `[exemptions]`, under normalised names.
fn named_tables<'t>(
    root: &mut Table<'t>,
    key: &str,
    errors: &mut Collector<'_>,
) -> Vec<(PackageName, &'t DeTable<'t>, Span)> {
    tables_by(root, key, &name_of, errors)
}

fn name_of(written: &str, span: &Span, errors: &mut Collector<'_>) -> Option<PackageName> {
    let parsed = written.parse();
    parsed
        .map_err(|error: slsa_pip_distribution::name::InvalidName| {
            errors.push(PolicyCode::InvalidName, span, error.to_string(), None);
        })
        .ok()
}

/// The tables below a key, in the order in which they are written; those that are in order.
fn tables_by<'t, Name: Ord + Clone + Named>(
    root: &mut Table<'t>,
    key: &str,
    name_of: &dyn Fn(&str, &Span, &mut Collector<'_>) -> Option<Name>,
    errors: &mut Collector<'_>,
) -> Vec<(Name, &'t DeTable<'t>, Span)> {
    let Some((span, value)) = root.take(key) else {
        return Vec::new();
    };
    let DeValue::Table(tables) = value else {
        values::wrong_type(&span, key, "a table", value, errors);
        return Vec::new();
    };
    let mut entries: Vec<_> = tables.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    let mut read = Vec::new();
    for (written, value) in entries {
        let span = written.span();
        let Some(name) = name_of(written.get_ref(), &span, errors) else {
            continue;
        };
        if !seen.insert(name.clone()) {
            errors.push(
                PolicyCode::DuplicateName,
                &span,
                format!(
                    "a second table for `{}`: `{}` is the same {}",
                    name.name(),
                    written.get_ref(),
                    name.kind(),
                ),
                Some("names are compared as the index does: case, `-`, `_` and `.` make no difference".to_owned()),
            );
            continue;
        }
        match value.get_ref() {
            DeValue::Table(table) => read.push((name, table, span)),
            other => values::wrong_type(&value.span(), written.get_ref(), "a table", other, errors),
        }
    }
    read
}

/// How messages name what a table is for.
trait Named {
    fn name(&self) -> String;
    fn kind(&self) -> &'static str;
}

impl Named for PackageName {
    fn name(&self) -> String {
        self.to_string()
    }
    fn kind(&self) -> &'static str {
        "project"
    }
}

impl Named for Scope {
    fn name(&self) -> String {
        Self::name(self)
    }
    fn kind(&self) -> &'static str {
        match self {
            Self::Package(_) => "project",
            Self::All | Self::Group(_) => "group",
        }
    }
}
