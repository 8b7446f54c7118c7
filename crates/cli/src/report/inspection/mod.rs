//! What a provenance file says, for people and machines: nothing of it is verified.

pub(crate) mod human;
mod read;
mod timestamp;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::ParsedFile;

use crate::report::Fields;
use crate::wheel_inspection::WheelFindings;

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
    /// The file itself, if it is no provenance; what follows was then read beside it.
    pub(crate) artifact: Option<Artifact>,
    /// What could be read, in order.
    pub(crate) attestations: Vec<Inspected>,
    /// What could not, in order.
    pub(crate) problems: Vec<Unreadable>,
}

/// A file with provenance beside it, or without.
#[derive(Debug, Serialize)]
pub(crate) struct Artifact {
    pub(crate) sha256: Sha256Digest,
    /// The provenance files that are there.
    pub(crate) sources: Vec<String>,
    /// All names that were looked for.
    pub(crate) looked_for: Vec<String>,
    /// What is inside, if it is named like a wheel. It changes no exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wheel: Option<WheelFindings>,
}

/// A provenance file that was read.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) parsed: ParsedFile,
    /// Files of stored log answers that stand beside it.
    pub(crate) log_answers: Vec<String>,
}

/// What a signature is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Signs {
    /// A statement about files.
    Statement,
    /// A file's own bytes: `verify-bundle` is for that.
    Message,
}

/// One attestation.
#[derive(Debug, Serialize)]
pub(crate) struct Inspected {
    /// The provenance file that it stands in.
    pub(crate) source: String,
    /// Its line, or its number within an object; absent if it is the whole file.
    pub(crate) line: Option<usize>,
    /// The format's name.
    pub(crate) format: &'static str,
    /// A statement, or a plain message.
    pub(crate) signs: Signs,
    /// Whether a subject has the digest of the file that the provenance was found beside; absent where there is no such file.
    pub(crate) is_about_file: Option<bool>,
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
    /// Files beside it that hold the log's answers, for formats that hold no entry; unread.
    pub(crate) stored_log_answers: Vec<String>,
    /// RFC 3161 timestamps that stand beside the signature.
    pub(crate) signed_timestamps: usize,
    /// The times that they name; `None` for one that cannot be read.
    pub(crate) signed_times: Vec<Option<Timestamp>>,
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
    /// The provenance file; absent for a part of an attestation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Stable code.
    pub(crate) code: &'static str,
    /// One sentence.
    pub(crate) summary: String,
}

impl Inspection {
    /// Describes a provenance file.
    pub(crate) fn of_provenance(file: String, source: Source) -> Self {
        Self::new(file, None, vec![source])
    }

    /// Describes what was found beside a file.
    pub(crate) fn of_artifact(file: String, artifact: Artifact, sources: Vec<Source>) -> Self {
        Self::new(file, Some(artifact), sources)
    }

    fn new(file: String, artifact: Option<Artifact>, sources: Vec<Source>) -> Self {
        let mut inspection = Self {
            schema: SCHEMA,
            command: "inspect",
            verified: false,
            file,
            artifact,
            attestations: Vec::new(),
            problems: Vec::new(),
        };
        for Source {
            file,
            parsed,
            log_answers,
        } in sources
        {
            for located in &parsed.attestations {
                let mut inspected = read::attestation(&file, located.line, &located.item);
                if inspected.is_envelope() {
                    inspected.stored_log_answers.clone_from(&log_answers);
                }
                if let Some(artifact) = &inspection.artifact {
                    inspected.is_about_file = Some(inspected.names(&artifact.sha256));
                }
                inspection.attestations.push(inspected);
            }
            inspection
                .problems
                .extend(parsed.problems.into_iter().map(|located| Unreadable {
                    source: Some(file.clone()),
                    line: located.line,
                    code: located.item.code(),
                    summary: located.item.to_string(),
                }));
        }
        inspection
    }
}

impl Inspected {
    /// Whether it is a classic envelope, whose log entry is not inside.
    pub(crate) fn is_envelope(&self) -> bool {
        self.media_type.is_none() && self.log_entries.is_empty() && self.payload_type.is_some()
    }

    /// Whether a subject, or the signed message, has this digest.
    fn names(&self, sha256: &Sha256Digest) -> bool {
        let wanted = sha256.to_hex();
        let mut digests = self.subjects.iter().filter_map(|subject| subject.digest.get("sha256"));
        digests.any(|digest| digest.eq_ignore_ascii_case(&wanted))
    }
}
