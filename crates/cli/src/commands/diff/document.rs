//! The comparison as JSON.

use serde::Serialize;
use slsa_pip_pylock::diff::{Change, Finding};

use super::{NOTE, SCHEMA, counts};
use crate::args::DiffArgs;

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    schema: &'static str,
    command: &'static str,
    /// Always: nothing is verified here.
    verified: bool,
    note: &'static str,
    old: String,
    new: String,
    alarms: usize,
    looks: usize,
    notes: usize,
    packages: Vec<Package>,
}

#[derive(Debug, Serialize)]
struct Package {
    name: String,
    status: &'static str,
    weight: &'static str,
    old_version: Option<String>,
    new_version: Option<String>,
    findings: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    weight: &'static str,
    code: &'static str,
    what: &'static str,
    old: Option<String>,
    new: Option<String>,
}

impl Document {
    pub(super) fn new(args: &DiffArgs, changes: &[Change]) -> Self {
        let [alarms, looks, notes] = counts(changes);
        Self {
            schema: SCHEMA,
            command: "diff",
            verified: false,
            note: NOTE,
            old: args.old.display().to_string(),
            new: args.new.display().to_string(),
            alarms,
            looks,
            notes,
            packages: changes.iter().map(package).collect(),
        }
    }
}

fn package(change: &Change) -> Package {
    Package {
        name: change.name.to_string(),
        status: change.status.as_str(),
        weight: change.weight().as_str(),
        old_version: change.old_version.clone(),
        new_version: change.new_version.clone(),
        findings: change.findings.iter().map(found).collect(),
    }
}

fn found(finding: &Finding) -> Found {
    Found {
        weight: finding.weight.as_str(),
        code: finding.code,
        what: finding.what,
        old: finding.old.clone(),
        new: finding.new.clone(),
    }
}
