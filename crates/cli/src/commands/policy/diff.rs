//! `slsa-pip policy diff`: what another policy would make looser, and what stricter.

mod compare;
mod show;

use serde::Serialize;

use crate::args::{DiffFormat, PolicyDiffArgs};
use crate::cache_dir;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::Result;
use crate::policy_file::{self, Access};
use crate::printer::Printer;
use crate::report::json;

/// The schema's name in the JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/policy-diff/v1";

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Effect {
    /// Something passes that did not.
    Looser,
    /// Other things pass than before.
    Different,
    /// Something passes no longer, and nothing new does.
    Stricter,
    /// The same things pass.
    Neutral,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Change {
    key: String,
    /// As TOML; `None` if it was not set.
    old: Option<String>,
    /// The same now.
    new: Option<String>,
    effect: Effect,
}

/// What has changed for one table: the effective values, wherever they are written.
#[derive(Debug, Serialize)]
struct Changed {
    /// `[defaults]`, `[packages."acme-*"]`, `[packages.NAME]` or `[exemptions.NAME]`.
    table: String,
    /// The loosest of its changes.
    effect: Effect,
    changes: Vec<Change>,
}

/// What the command prints.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    old: String,
    new: String,
    /// Whether nothing is looser or different.
    not_looser: bool,
    changed: Vec<Changed>,
}

/// Runs the command.
pub(super) fn run(args: &PolicyDiffArgs, printer: &Printer) -> Result<u8> {
    let cache = cache_dir::resolve(&args.cache)?;
    let access = Access {
        cache: cache.as_ref(),
        offline: args.offline,
    };
    let (old, _) = policy_file::load_policy(Some(&args.old), access)?;
    let (new, _) = policy_file::load_policy(Some(&args.new), access)?;
    let changed = compare::policies(&old, &new);
    let document = Document {
        schema: SCHEMA,
        command: "policy diff",
        old: args.old.display().to_string(),
        new: args.new.display().to_string(),
        not_looser: changed.iter().all(|table| table.effect >= Effect::Stricter),
        changed,
    };
    match args.format {
        DiffFormat::Json => printer.document(&json::document(&document)),
        DiffFormat::Markdown => printer.document(&show::markdown(&document)),
        DiffFormat::Human => printer.result(&show::human(&document, printer)),
    }
    Ok(if document.not_looser {
        EXIT_VERIFIED
    } else {
        EXIT_REFUSED
    })
}

impl Effect {
    fn as_str(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Different => "different",
            Self::Stricter => "stricter",
            Self::Neutral => "neutral",
        }
    }
}
