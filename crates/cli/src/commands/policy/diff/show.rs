//! A comparison for people, and for pull requests.

use std::fmt::Write as _;

use super::{Change, Document, Effect};
use crate::printer::Printer;

/// What stands where a value is not set.
const UNSET: &str = "not set";

pub(super) fn human(document: &Document, printer: &Printer) -> String {
    let mut text = String::new();
    for table in &document.changed {
        let _ = writeln!(
            text,
            "{} {}",
            effect(table.effect, printer),
            printer.strong(&printer.plain_line(&table.table))
        );
        for change in &table.changes {
            let (old, new) = sides(change);
            let key = printer.plain_line(&change.key);
            let _ = writeln!(text, "  {} {key}", effect(change.effect, printer));
            let _ = writeln!(text, "    - {}", printer.plain_line(old));
            let _ = writeln!(text, "    + {}", printer.plain_line(new));
        }
    }
    let _ = writeln!(text, "{}", ending(document));
    text
}

pub(super) fn markdown(document: &Document) -> String {
    let mut text = format!("**{}**\n", ending(document));
    if document.changed.is_empty() {
        return text;
    }
    text.push_str("\n| table | key | old | new | effect |\n|---|---|---|---|---|\n");
    for table in &document.changed {
        for change in &table.changes {
            let (old, new) = sides(change);
            let effect = match change.effect {
                effect @ (Effect::Looser | Effect::Different) => format!("**{}**", effect.as_str()),
                effect => effect.as_str().to_owned(),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {effect} |",
                code(&table.table),
                code(&change.key),
                code(old),
                code(new)
            );
        }
    }
    text
}

fn sides(change: &Change) -> (&str, &str) {
    (
        change.old.as_deref().unwrap_or(UNSET),
        change.new.as_deref().unwrap_or(UNSET),
    )
}

fn effect(effect: Effect, printer: &Printer) -> String {
    let text = effect.as_str();
    match effect {
        Effect::Looser => printer.bad(text),
        Effect::Different => printer.warn(text),
        Effect::Stricter => printer.good(text),
        Effect::Neutral => text.to_owned(),
    }
}

fn ending(document: &Document) -> String {
    let count = |effect: Effect| {
        let changes = document.changed.iter().flat_map(|table| &table.changes);
        changes.filter(|change| change.effect == effect).count()
    };
    if document.changed.is_empty() {
        return "The same packages pass as before".to_owned();
    }
    format!(
        "{} looser, {} different, {} stricter",
        count(Effect::Looser),
        count(Effect::Different),
        count(Effect::Stricter)
    )
}

/// A text as code in a cell: whatever is in it neither ends the cell nor the code.
fn code(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() || c == '`' { '\u{fffd}' } else { c })
        .collect();
    format!("`{}`", clean.replace('|', "\\|"))
}
