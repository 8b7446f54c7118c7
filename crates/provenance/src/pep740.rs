//! A3: PEP 740 attestation objects and provenance objects.

use serde_json::Value;

use crate::attestation::{Attestation, Pep740Attestation, Publisher};
use crate::budget::{MAX_CERTIFICATE_BYTES, MAX_LOG_ENTRIES};
use crate::fields::{Field, Object};
use crate::json::printable;
use crate::parse::unknown_format;
use crate::problem::Problem;

/// Reads an attestation object; `publisher` is the one of the provenance object around it.
pub(crate) fn read(value: Value, publisher: Option<Publisher>) -> Result<Pep740Attestation, Problem> {
    let Value::Object(object) = &value else {
        return Err(unknown_format(&value));
    };
    let version = version(object, "attestation object")?;
    let material = Field("verification_material", "verification_material").object(object)?;
    let certificate = Field("certificate", "verification_material.certificate").base64_in_lines(material)?;
    if certificate.len() > MAX_CERTIFICATE_BYTES {
        return Err(Problem::CertificateTooLarge {
            size: certificate.len(),
            limit: MAX_CERTIFICATE_BYTES,
        });
    }
    let entries = log_entries(material)?;
    let envelope = Field("envelope", "envelope").object(object)?;
    Ok(Pep740Attestation {
        version,
        certificate_der: certificate,
        transparency_entries: entries,
        statement: Field("statement", "envelope.statement").base64_in_lines(envelope)?,
        signature: Field("signature", "envelope.signature").base64_in_lines(envelope)?,
        publisher,
        json: value,
    })
}

/// Reads a provenance object: each attestation on its own, with its publisher.
pub(crate) fn read_provenance(value: Value) -> Result<Vec<Result<Attestation, Problem>>, Problem> {
    let Value::Object(mut object) = value else {
        return Err(unknown_format(&value));
    };
    version(&object, "provenance object")?;
    let field = Field("attestation_bundles", "attestation_bundles");
    field.array(&object)?;
    let Some(Value::Array(bundles)) = object.remove(field.0) else {
        return Ok(Vec::new());
    };
    let mut members = Vec::new();
    for bundle in bundles {
        match read_group(bundle) {
            Ok(group) => members.extend(group),
            Err(problem) => members.push(Err(problem)),
        }
    }
    Ok(members)
}

/// Reads one publisher's attestations.
fn read_group(value: Value) -> Result<Vec<Result<Attestation, Problem>>, Problem> {
    let Value::Object(mut group) = value else {
        return Err(Field("", "attestation_bundles[]").wrong("an object"));
    };
    let field = Field("attestations", "attestation_bundles[].attestations");
    field.array(&group)?;
    let publisher = group.get("publisher").and_then(Value::as_object).map(publisher);
    let Some(Value::Array(attestations)) = group.remove(field.0) else {
        return Ok(Vec::new());
    };
    let read_one = |attestation| read(attestation, publisher.clone()).map(|read| Attestation::Pep740(Box::new(read)));
    Ok(attestations.into_iter().map(read_one).collect())
}

fn version(object: &Object, what: &'static str) -> Result<u64, Problem> {
    match Field("version", "version").get(object) {
        Some(version) if version.as_u64() == Some(1) => Ok(1),
        Some(version) => Err(Problem::UnknownVersion {
            what,
            found: printable(&version.to_string()),
        }),
        None => Err(Problem::MissingField { field: "version" }),
    }
}

fn log_entries(material: &Object) -> Result<Vec<Value>, Problem> {
    let field = Field("transparency_entries", "verification_material.transparency_entries");
    let entries = field.array(material)?;
    if entries.is_empty() {
        return Err(Problem::MissingField {
            field: "verification_material.transparency_entries[0]",
        });
    }
    if entries.len() > MAX_LOG_ENTRIES {
        return Err(Problem::TooManyLogEntries {
            found: entries.len(),
            limit: MAX_LOG_ENTRIES,
        });
    }
    Ok(entries.to_vec())
}

/// Reads a publisher object. It is unsigned and only finds evidence, so whatever does not fit is of another kind (A5).
fn publisher(object: &Object) -> Publisher {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text("kind").unwrap_or_default();
    let environment = text("environment").filter(|name| !name.is_empty());
    let known = match kind.as_str() {
        "GitHub" => text("repository")
            .zip(text("workflow"))
            .map(|(repository, workflow)| Publisher::GitHub {
                repository,
                workflow,
                environment,
            }),
        "GitLab" => text("repository")
            .zip(text("workflow_filepath"))
            .map(|(repository, workflow_filepath)| Publisher::GitLab {
                repository,
                workflow_filepath,
                environment,
            }),
        "Google" => text("email").map(|email| Publisher::Google { email }),
        "CircleCI" => {
            text("project_id")
                .zip(text("pipeline_definition_id"))
                .map(|(project_id, pipeline_definition_id)| Publisher::CircleCi {
                    project_id,
                    pipeline_definition_id,
                })
        }
        _ => None,
    };
    known.unwrap_or_else(|| Publisher::Other { kind: printable(&kind) })
}
