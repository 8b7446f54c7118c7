//! `slsa-pip diff`: what differs between two lock files, for reviewing an update.

mod document;
mod human;
mod markdown;

use std::path::Path;

use slsa_pip_pylock::diff::{Change, Snapshot, Status, Weight, compare};

use crate::args::{DiffArgs, DiffFormat};
use crate::artifact::read_document;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result};
use crate::locked::{LockFile, is_lock};
use crate::printer::Printer;
use crate::report::json;

/// The schema's name in JSON documents; docs/pylock.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/lock-diff/v1";

/// Said with every result.
const NOTE: &str = "only what the files say is compared; nothing was verified";

/// Runs the command.
pub(crate) fn run(args: &DiffArgs, printer: &Printer) -> Result<u8> {
    let (old, new) = snapshots(args)?;
    let changes = compare(&old, &new);
    match args.format {
        DiffFormat::Human => printer.result(&human::text(&changes, printer)),
        DiffFormat::Markdown => printer.document(markdown::text(&changes).trim_end()),
        DiffFormat::Json => printer.document(&json::document(&document::Document::new(args, &changes))),
    }
    let urgent = changes.iter().any(|change| change.weight() < Weight::Note);
    Ok(if args.exit_code && urgent {
        EXIT_REFUSED
    } else {
        EXIT_VERIFIED
    })
}

/// How the record of what was accepted last is named, whatever stands before it: `git difftool` makes temporary files.
const ACCEPTED: &str = "slsa-pip.lock.toml";

/// Both locks, which must be of one kind.
fn snapshots(args: &DiffArgs) -> Result<(Snapshot, Snapshot)> {
    let is_accepted = |path: &Path| path.to_str().is_some_and(|name| name.ends_with(ACCEPTED));
    match (is_accepted(&args.old), is_accepted(&args.new)) {
        (true, true) => Ok((accepted(&args.old)?, accepted(&args.new)?)),
        (false, false) => Ok((locked(&args.old)?, locked(&args.new)?)),
        _ => Err(
            Failure::new(format!("`{ACCEPTED}` and a lock file of packages cannot be compared"))
                .hint("Name two files of one kind: slsa-pip diff OLD/pylock.toml pylock.toml"),
        ),
    }
}

fn locked(path: &Path) -> Result<Snapshot> {
    let file = LockFile::read(path).map_err(|failure| {
        if is_lock(path) {
            failure
        } else {
            failure.hint(format!(
                "`slsa-pip diff` compares lock files: pylock.toml (PEP 751), or {ACCEPTED}"
            ))
        }
    })?;
    Ok(Snapshot::from(&file.lock))
}

fn accepted(path: &Path) -> Result<Snapshot> {
    let label = path.display().to_string();
    let unreadable = || Failure::new(format!("The lock file `{label}` cannot be read"));
    let bytes = read_document(path).map_err(|error| unreadable().caused_by(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| unreadable().caused_by(&error))?;
    let lock = slsa_pip_policy::Lock::parse(&text, &label).map_err(|errors| unreadable().detail(errors.to_string()))?;
    Ok(Snapshot::from(&lock))
}

/// How many packages there are of each weight: alarms, to be looked at, ordinary.
fn counts(changes: &[Change]) -> [usize; 3] {
    [Weight::Alarm, Weight::Look, Weight::Note]
        .map(|weight| changes.iter().filter(|change| change.weight() == weight).count())
}

/// `1.0 → 1.1`, `1.1 (new)`, `1.0 (removed)`.
fn versions(change: &Change) -> String {
    let none = || "no version".to_owned();
    match (&change.old_version, &change.new_version) {
        (None, None) => String::new(),
        (Some(old), Some(new)) if old == new => old.clone(),
        (old, new) => match change.status {
            Status::Added => new.clone().unwrap_or_default(),
            Status::Removed => old.clone().unwrap_or_default(),
            Status::Changed => format!(
                "{} → {}",
                old.clone().unwrap_or_else(none),
                new.clone().unwrap_or_else(none)
            ),
        },
    }
}

/// A summary in one line.
fn summary(changes: &[Change]) -> String {
    let [alarms, looks, notes] = counts(changes);
    if changes.is_empty() {
        return "The locks pin the same.".to_owned();
    }
    let packages = |count: usize| format!("{count} package{}", if count == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if alarms > 0 {
        parts.push(format!("{} to be understood first", packages(alarms)));
    }
    if looks > 0 {
        parts.push(format!("{} to look at", packages(looks)));
    }
    if notes > 0 {
        parts.push(format!("{} as an ordinary update changes them", packages(notes)));
    }
    format!("{}.", parts.join(", "))
}
