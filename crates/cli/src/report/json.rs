//! The report for machines (docs/report.md).

use serde_json::json;

use crate::failure::Failure;
use crate::report::{Report, SCHEMA};

/// The whole report as one JSON document.
pub(crate) fn document(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap_or_else(|error| {
        // Unreachable with the types above; an error document keeps the promise of exactly one document.
        json!({ "schema": SCHEMA, "verdict": "error", "error": { "message": error.to_string() } }).to_string()
    })
}

/// The document of a run that ended without a verdict.
pub(crate) fn error_document(command: &str, failure: &Failure) -> String {
    let document = json!({ "schema": SCHEMA, "command": command, "verdict": "error", "files": [], "error": failure });
    format!("{document:#}")
}
