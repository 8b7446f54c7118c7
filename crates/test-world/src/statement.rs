//! In-toto statements, word for word in the shapes that real builders write.

use crate::identity::Identity;
use serde_json::{Value, json};

/// Payload type of every envelope here.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Predicate type of a PEP 740 publish attestation. Recognised by its path; the host is an example.
pub const PUBLISH_V1: &str = "https://docs.index.example/attestations/publish/v1";

/// A file that a statement speaks of: its name and the hex SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name as the statement gives it.
    pub name: String,
    /// Lower-case hex.
    pub sha256: String,
}

impl Subject {
    /// A subject for `bytes` under `name`.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            sha256: crate::encoding::sha256_hex(bytes),
        }
    }
}

fn subjects(subjects: &[Subject]) -> Value {
    subjects
        .iter()
        .map(|subject| json!({"name": subject.name, "digest": {"sha256": subject.sha256}}))
        .collect()
}

/// SLSA v0.2 as slsa-github-generator's generic generator writes it.
pub fn slsa_v02(identity: &Identity, files: &[Subject]) -> Value {
    let source = format!("git+{}@{}", identity.repository_url(), identity.reference);
    let is_tag = identity.reference.starts_with("refs/tags/");
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": subjects(files),
        "predicate": {
            "builder": {"id": identity.signer_url()},
            "buildType": "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
            "invocation": {
                "configSource": {
                    "uri": source,
                    "digest": {"sha1": identity.sha},
                    "entryPoint": identity.workflow,
                },
                "parameters": {},
                "environment": {
                    "github_actor": "octocat",
                    "github_actor_id": "583231",
                    "github_base_ref": "",
                    "github_event_name": identity.trigger,
                    "github_event_payload": {
                        "after": identity.sha,
                        "base_ref": if is_tag { json!("refs/heads/main") } else { Value::Null },
                        "ref": identity.reference,
                        "repository": {"full_name": identity.repository, "default_branch": "main"},
                    },
                    "github_head_ref": "",
                    "github_ref": identity.reference,
                    "github_ref_type": if is_tag { "tag" } else { "branch" },
                    "github_repository_id": identity.repository_id,
                    "github_repository_owner": identity.owner(),
                    "github_repository_owner_id": identity.owner_id,
                    "github_run_attempt": identity.run_attempt,
                    "github_run_id": identity.run_id,
                    "github_run_number": "99",
                    "github_sha1": identity.sha,
                },
            },
            "metadata": {
                "buildInvocationID": format!("{}-{}", identity.run_id, identity.run_attempt),
                "completeness": {"parameters": true, "environment": false, "materials": false},
                "reproducible": false,
            },
            "materials": [{"uri": source, "digest": {"sha1": identity.sha}}],
        },
    })
}

/// SLSA v1 as actions/attest writes it.
pub fn slsa_v1(identity: &Identity, files: &[Subject]) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects(files),
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {
                    "workflow": {
                        "ref": identity.reference,
                        "repository": identity.repository_url(),
                        "path": identity.workflow,
                    },
                },
                "internalParameters": {
                    "github": {
                        "event_name": identity.trigger,
                        "repository_id": identity.repository_id,
                        "repository_owner_id": identity.owner_id,
                        "runner_environment": identity.runner_environment,
                    },
                },
                "resolvedDependencies": [{
                    "uri": format!("git+{}@{}", identity.repository_url(), identity.reference),
                    "digest": {"gitCommit": identity.sha},
                }],
            },
            "runDetails": {
                "builder": {"id": identity.signer_url()},
                "metadata": {"invocationId": identity.run_url()},
            },
        },
    })
}

/// The publish attestation of PEP 740: who uploaded, nothing about the build.
pub fn publish(files: &[Subject]) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects(files),
        "predicateType": PUBLISH_V1,
        "predicate": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v02_agrees_with_the_identity() {
        let identity = Identity::slsa_generator("acme/widget").tag("1.2.3");
        let statement = slsa_v02(&identity, &[Subject::of("./dist/x.whl", b"x")]);
        assert_eq!(statement["predicate"]["builder"]["id"], identity.signer_url());
        assert_eq!(
            statement["predicate"]["materials"][0]["uri"],
            "git+https://github.com/acme/widget@refs/tags/1.2.3"
        );
        assert_eq!(
            statement["predicate"]["invocation"]["environment"]["github_ref_type"],
            "tag"
        );
        assert_eq!(
            statement["subject"][0]["digest"]["sha256"].as_str().map(str::len),
            Some(64)
        );
    }

    #[test]
    fn publish_has_a_null_predicate() {
        let statement = publish(&[Subject::of("x.whl", b"x")]);
        assert!(statement["predicate"].is_null());
        assert!(
            statement["predicateType"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("/attestations/publish/v1"))
        );
    }
}
