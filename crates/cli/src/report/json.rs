//! The report for machines (docs/report.md).

use serde::Serialize;
use serde_json::json;

use crate::args::Command;
use crate::failure::Failure;
use crate::report::SCHEMA;

/// The whole result as one JSON document.
pub(crate) fn document(report: &impl Serialize) -> String {
    serde_json::to_string_pretty(report).unwrap_or_else(|error| {
        // Unreachable with the types above; an error document keeps the promise of exactly one document.
        json!({ "schema": SCHEMA, "verdict": "error", "error": { "message": error.to_string() } }).to_string()
    })
}

/// The document of a run that ended without a verdict.
pub(crate) fn error_document(command: &Command, failure: &Failure) -> String {
    let (schema, name) = (command.schema(), command.name());
    let document = match command {
        Command::Inspect(_) => json!({ "schema": schema, "command": name, "verified": false, "error": failure }),
        Command::Resolve(_) | Command::Diff(_) => {
            json!({ "schema": schema, "command": name, "verified": false, "packages": [], "error": failure })
        }
        Command::VerifyBundle(_)
        | Command::TrustRoot(_)
        | Command::Cache(_)
        | Command::Policy(_)
        | Command::Pip(_)
        | Command::Completions(_)
        | Command::Man(_) => {
            json!({ "schema": schema, "command": name, "verdict": "error", "error": failure })
        }
        Command::Install(_)
        | Command::Download(_)
        | Command::Lock(_)
        | Command::Verify(_)
        | Command::CheckRelease(_) => {
            json!({ "schema": schema, "command": name, "verdict": "error", "files": [], "error": failure })
        }
    };
    format!("{document:#}")
}
