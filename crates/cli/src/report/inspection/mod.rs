//! What a provenance file says, for people and machines: nothing of it is verified.

pub(crate) mod human;
mod read;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use slsa_pip_provenance::ParsedFile;

use crate::report::Fields;

/// The schema's name in every JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/inspect/v1";

/// What a file holds.
#[derive(Debug, Serialize)]
pub(crate) struct Inspection {
    /// Always [`SCHEMA`].
    schema: &'static str,
    /// Always `inspect`.
    command: &'static str,
    /// Always false.
    verified: bool,
    /// The file's path, as it was typed.
    pub(crate) file: String,
    /// What could be read, in order.
    pub(crate) attestations: Vec<Inspected>,
    /// What could not, in order.
    pub(crate) problems: Vec<Unreadable>,
}

/// One attestation.
#[derive(Debug, Serialize)]
pub(crate) struct Inspected {
    /// Its line, or its number within an object; absent if it is the whole file.
    pub(crate) line: Option<usize>,
    /// The format's name.
    pub(crate) format: &'static str,
    /// A bundle's media type.
    pub(crate) media_type: Option<String>,
    /// The envelope's payload type; PEP 740 objects do not write it.
    pub(crate) payload_type: Option<String>,
    /// The statement's predicate type, as written.
    pub(crate) predicate_type: Option<String>,
    /// What the statement is about; for a signed plain message its digest, without a name.
    pub(crate) subjects: Vec<Subject>,
    /// The log entries that stand beside the signature.
    pub(crate) log_entries: Vec<LogEntry>,
    /// RFC 3161 timestamps that stand beside the signature.
    pub(crate) signed_timestamps: usize,
    /// What the certificate claims; to be relied on if it verifies.
    pub(crate) certificate: Option<Certificate>,
    /// What the build has written; forgeable.
    pub(crate) build: Option<Build>,
    /// The publisher object that the index has put beside the attestation; unsigned.
    pub(crate) publisher: Option<Fields>,
    /// Parts of it that could not be read.
    pub(crate) problems: Vec<Unreadable>,
}

/// Something that a statement is about.
#[derive(Debug, Serialize)]
pub(crate) struct Subject {
    pub(crate) name: Option<String>,
    /// By algorithm.
    pub(crate) digest: BTreeMap<String, String>,
}

/// An entry of a transparency log, all as written.
#[derive(Debug, Serialize)]
pub(crate) struct LogEntry {
    /// Kind and version, such as `dsse 0.0.1`.
    pub(crate) kind: Option<String>,
    /// Index within the log.
    pub(crate) index: Option<String>,
    /// Seconds since 1970.
    pub(crate) integrated_time: Option<String>,
}

/// The signing certificate.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    pub(crate) identity: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) claims: Fields,
}

/// A build predicate.
#[derive(Debug, Serialize)]
pub(crate) struct Build {
    pub(crate) fields: Fields,
    /// Inputs of a dispatched workflow.
    pub(crate) inputs: BTreeMap<String, Value>,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
pub(crate) struct Unreadable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Stable code.
    pub(crate) code: &'static str,
    /// One sentence.
    pub(crate) summary: String,
}

impl Inspection {
    /// Describes a file that was read.
    pub(crate) fn new(file: String, parsed: ParsedFile) -> Self {
        let problems = parsed.problems.into_iter().map(|located| Unreadable {
            line: located.line,
            code: located.item.code(),
            summary: located.item.to_string(),
        });
        Self {
            schema: SCHEMA,
            command: "inspect",
            verified: false,
            file,
            problems: problems.collect(),
            attestations: parsed
                .attestations
                .iter()
                .map(|located| read::attestation(located.line, &located.item))
                .collect(),
        }
    }
}
