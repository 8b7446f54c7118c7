//! From an attestation to what is shown of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{Attestation, BuildFields, Publisher, Statement, json};
use slsa_pip_verify::certificate_claims;

use super::{Build, Certificate, Inspected, LogEntry, Signs, Subject, Unreadable, timestamp};
use crate::report::Fields;

/// Describes one attestation.
pub(super) fn attestation(source: &str, line: Option<usize>, attestation: &Attestation) -> Inspected {
    let mut inspected = Inspected {
        source: source.to_owned(),
        line,
        format: attestation.format_name(),
        signs: match attestation.payload() {
            Some(_) => Signs::Statement,
            None => Signs::Message,
        },
        is_about_file: None,
        media_type: None,
        payload_type: None,
        predicate_type: None,
        subjects: Vec::new(),
        log_entries: Vec::new(),
        stored_log_answers: Vec::new(),
        signed_timestamps: 0,
        signed_times: Vec::new(),
        certificate: None,
        build: None,
        publisher: None,
        problems: Vec::new(),
    };
    match attestation {
        Attestation::Classic(envelope) => inspected.payload_type = Some(envelope.payload_type.clone()),
        Attestation::Bundle(bundle) => {
            inspected.media_type = Some(bundle.media_type.clone());
            inspected.read_bundle(&bundle.json);
        }
        Attestation::Pep740(attestation) => {
            inspected.log_entries = attestation.transparency_entries.iter().map(log_entry).collect();
            inspected.publisher = attestation.publisher.as_ref().map(publisher);
        }
    }
    if let Some(payload) = attestation.payload() {
        inspected.read_statement(payload);
    }
    match certificate_claims(attestation) {
        Ok(claimed) => {
            inspected.certificate = Some(Certificate {
                identity: claimed.identity,
                not_before: claimed.not_before,
                not_after: claimed.not_after,
                claims: Fields(claimed.claims),
            });
        }
        Err((code, summary)) => inspected.problem(code.as_str(), summary),
    }
    inspected
}

impl Inspected {
    fn problem(&mut self, code: &'static str, summary: String) {
        self.problems.push(Unreadable {
            source: None,
            line: None,
            code,
            summary,
        });
    }

    fn read_bundle(&mut self, bundle: &Value) {
        let list = |pointer| bundle.pointer(pointer).and_then(Value::as_array);
        let entries = list("/verificationMaterial/tlogEntries").into_iter().flatten();
        self.log_entries = entries.map(log_entry).collect();
        let timestamps = list("/verificationMaterial/timestampVerificationData/rfc3161Timestamps");
        self.signed_timestamps = timestamps.map_or(0, Vec::len);
        let times = timestamps.into_iter().flatten().map(|timestamp| {
            let der = STANDARD.decode(scalar(timestamp, "/signedTimestamp")?).ok()?;
            timestamp::claimed(&der)
        });
        self.signed_times = times.collect();
        self.payload_type = scalar(bundle, "/dsseEnvelope/payloadType");
        if let Some(digest) = bundle.pointer("/messageSignature/messageDigest") {
            self.subjects.extend(message(digest));
        }
    }

    fn read_statement(&mut self, payload: &[u8]) {
        // The type is shown as written, also of statements that are none.
        self.predicate_type = json::parse(payload).ok().and_then(|it| scalar(&it, "/predicateType"));
        let statement = match Statement::parse(payload) {
            Ok(statement) => statement,
            Err(error) => return self.problem(error.code(), error.to_string()),
        };
        self.build = BuildFields::from_statement(&statement).map(|written| build(written, &statement.predicate));
        let subjects = statement.subjects.into_iter();
        self.subjects = subjects
            .map(|subject| Subject {
                name: subject.name,
                digest: subject.digest,
            })
            .collect();
    }
}

/// A text as written, or a number's decimal text.
fn scalar(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn log_entry(entry: &Value) -> LogEntry {
    let kind = scalar(entry, "/kindVersion/kind").map(|kind| {
        let version = scalar(entry, "/kindVersion/version").unwrap_or_default();
        format!("{kind} {version}").trim_end().to_owned()
    });
    LogEntry {
        kind,
        index: scalar(entry, "/logIndex"),
        integrated_time: scalar(entry, "/integratedTime"),
    }
}

/// The digest of a signed plain message: a SHA-256 shown as everywhere else, any other as written.
fn message(digest: &Value) -> Option<Subject> {
    let (algorithm, written) = (scalar(digest, "/algorithm")?, scalar(digest, "/digest")?);
    let sha256 = || <[u8; 32]>::try_from(STANDARD.decode(&written).ok()?).ok();
    let entry = match sha256().filter(|_| algorithm == "SHA2_256") {
        Some(bytes) => ("sha256".to_owned(), Sha256Digest::from_bytes(bytes).to_hex()),
        None => (algorithm, written),
    };
    Some(Subject {
        name: None,
        digest: [entry].into(),
    })
}

fn fields<const N: usize>(all: [(&'static str, Option<String>); N]) -> Fields {
    Fields(
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
    )
}

/// The fields that verification reads, and the build's own times, which nothing vouches for and no rule reads.
fn build(written: BuildFields, predicate: &Value) -> Build {
    let time = |v02, v1| scalar(predicate, v02).or_else(|| scalar(predicate, v1));
    Build {
        inputs: written.workflow_inputs.unwrap_or_default(),
        fields: fields([
            ("builder_id", written.builder_id),
            ("build_type", written.build_type),
            ("source_uri", written.source_uri),
            ("source_digest", written.source_digest),
            ("external_source_uri", written.external_source_uri),
            ("repository", written.repository),
            ("reference", written.reference),
            ("ref_type", written.ref_type),
            ("base_ref", written.base_ref),
            ("sha", written.sha),
            ("trigger_uri", written.trigger_uri),
            ("trigger_digest", written.trigger_digest),
            ("entry_point", written.entry_point),
            ("workflow_ref", written.workflow_ref),
            ("event_name", written.event_name),
            ("repository_id", written.repository_id),
            ("owner_id", written.owner_id),
            ("runner_environment", written.runner_environment),
            ("run_id", written.run_id),
            ("run_attempt", written.run_attempt),
            ("invocation_id", written.invocation_id),
            (
                "started_on",
                time("/metadata/buildStartedOn", "/runDetails/metadata/startedOn"),
            ),
            (
                "finished_on",
                time("/metadata/buildFinishedOn", "/runDetails/metadata/finishedOn"),
            ),
        ]),
    }
}

fn publisher(publisher: &Publisher) -> Fields {
    let some = |text: &str| Some(text.to_owned());
    match publisher {
        Publisher::GitHub {
            repository,
            workflow,
            environment,
        } => fields([
            ("kind", some("GitHub")),
            ("repository", some(repository)),
            ("workflow", some(workflow)),
            ("environment", environment.clone()),
        ]),
        Publisher::GitLab {
            repository,
            workflow_filepath,
            environment,
        } => fields([
            ("kind", some("GitLab")),
            ("repository", some(repository)),
            ("workflow_filepath", some(workflow_filepath)),
            ("environment", environment.clone()),
        ]),
        Publisher::Google { email } => fields([("kind", some("Google")), ("email", some(email))]),
        Publisher::CircleCi {
            project_id,
            pipeline_definition_id,
        } => fields([
            ("kind", some("CircleCI")),
            ("project_id", some(project_id)),
            ("pipeline_definition_id", some(pipeline_definition_id)),
        ]),
        Publisher::Other { kind } => fields([("kind", some(kind))]),
    }
}
