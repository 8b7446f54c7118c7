//! From the text of a policy file to a [`Policy`], all mistakes at once.

mod exemptions;
mod packages;
mod table;
mod values;

use slsa_pip_distribution::PackageName;
use toml::de::{DeTable, DeValue};

use crate::errors::{Collector, PolicyCode, PolicyErrors};
use crate::expectation::{Mode, Unpinned};
use crate::policy::{Defaults, MAX_POLICY_LEN, Policy};
use table::{Span, Table};

/// The only version of the format there is.
const FORMAT_VERSION: &str = "1";

/// Reads the whole file.
pub(crate) fn policy(text: &str, label: &str) -> Result<Policy, PolicyErrors> {
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
    let (document, problems) = DeTable::parse_recoverable(text);
    for problem in &problems {
        let span = problem.span().unwrap_or_default();
        errors.push(PolicyCode::Syntax, &span, problem.message(), None);
    }
    if !errors.is_empty() {
        return Err(errors.into_errors(label));
    }
    let policy = read_document(document.get_ref(), label, &mut errors);
    if errors.is_empty() {
        Ok(policy)
    } else {
        Err(errors.into_errors(label))
    }
}

fn read_document(document: &DeTable<'_>, label: &str, errors: &mut Collector<'_>) -> Policy {
    let mut policy = Policy {
        label: label.to_owned(),
        ..Policy::default()
    };
    let mut root = Table::new(document, "the file", &(0..0));
    root.refuse_unknown(&["version", "packages", "exemptions", "defaults"], errors);
    if let Some((span, value)) = root.take("version") {
        read_version(&span, value, errors);
    }
    if let Some((span, value)) = root.take("defaults") {
        if let DeValue::Table(table) = value {
            policy.defaults = read_defaults(Table::new(table, "[defaults]", &span), errors);
        } else {
            values::wrong_type(&span, "defaults", "a table", value, errors);
        }
    }
    for (name, table, span) in named_tables(&mut root, "packages", errors) {
        let title = format!("[packages.{name}]");
        let pin = packages::read(Table::new(table, &title, &span), errors);
        policy.packages.insert(name, pin);
    }
    for (name, table, span) in named_tables(&mut root, "exemptions", errors) {
        let title = format!("[exemptions.{name}]");
        let table = Table::new(table, &title, &span);
        if let Some(exemption) = exemptions::read(&name, table, label, errors) {
            policy.exemptions.insert(name, exemption);
        }
    }
    policy
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

fn read_defaults(mut table: Table<'_>, errors: &mut Collector<'_>) -> Defaults {
    table.refuse_unknown(
        &[
            "evidence",
            "minimum-level",
            "builders",
            "runner-environment",
            "unpinned",
            "mode",
            "minimum-age",
            "indexes",
        ],
        errors,
    );
    let mut defaults = Defaults {
        kinds: values::evidence(&mut table, errors).unwrap_or_default(),
        minimum_level: values::level(&mut table, errors),
        runner_environment: values::runner_environment(&mut table, errors),
        minimum_age: values::age(&mut table, errors),
        indexes: packages::indexes(&mut table, errors),
        ..Defaults::default()
    };
    if let Some(list) = values::strings(&mut table, "builders", errors) {
        for (span, text) in list {
            if let Some(builder) = values::builder(&span, text, errors) {
                defaults.trusted_builders.add(builder);
            }
        }
    }
    if let Some((span, word)) = values::text(&mut table, "unpinned", errors) {
        let word = values::one_of(&span, "unpinned", word, &["claimed", "continuity", "deny"], errors);
        defaults.unpinned = match word {
            Some("deny") => Unpinned::Deny,
            Some("continuity") => Unpinned::Continuity,
            _ => Unpinned::Claimed,
        };
    }
    if let Some((span, word)) = values::text(&mut table, "mode", errors) {
        defaults.mode = match values::one_of(&span, "mode", word, &["enforce", "warn"], errors) {
            Some("warn") => Mode::Warn,
            _ => Mode::Enforce,
        };
    }
    defaults
}

/// The tables below `[packages]` or `[exemptions]`, under normalised names; those that are in order.
fn named_tables<'t>(
    root: &mut Table<'t>,
    key: &str,
    errors: &mut Collector<'_>,
) -> Vec<(PackageName, &'t DeTable<'t>, Span)> {
    let Some((span, value)) = root.take(key) else {
        return Vec::new();
    };
    let DeValue::Table(tables) = value else {
        values::wrong_type(&span, key, "a table", value, errors);
        return Vec::new();
    };
    let mut entries: Vec<_> = tables.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut read: Vec<(PackageName, &DeTable<'_>, Span)> = Vec::new();
    for (written, value) in entries {
        let span = written.span();
        let name: PackageName = match written.get_ref().parse() {
            Ok(name) => name,
            Err(error) => {
                let error: slsa_pip_distribution::name::InvalidName = error;
                errors.push(PolicyCode::InvalidName, &span, error.to_string(), None);
                continue;
            }
        };
        if read.iter().any(|(earlier, ..)| *earlier == name) {
            errors.push(
                PolicyCode::DuplicateName,
                &span,
                format!(
                    "a second table for `{name}`: `{}` is the same project",
                    written.get_ref()
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
