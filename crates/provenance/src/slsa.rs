//! What a build predicate says about the build. Written by the build itself: forgeable unless a trusted builder wrote it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::statement::Statement;

/// The fields of a SLSA v0.2 or v1 build predicate that the rules compare (D5, D6). Every one may be absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildFields {
    /// The builder's id: v0.2 `builder.id`, v1 `runDetails.builder.id`.
    pub builder_id: Option<String>,
    /// v0.2 `buildType`, v1 `buildDefinition.buildType`.
    pub build_type: Option<String>,
    /// v0.2 `materials[0].uri`, v1 `buildDefinition.resolvedDependencies[0].uri`.
    pub source_uri: Option<String>,
    /// The git commit of the source: `sha1` or `gitCommit` of its digest.
    pub source_digest: Option<String>,
    /// Where the triggering workflow lies: v0.2 `invocation.configSource.uri`.
    pub trigger_uri: Option<String>,
    /// The workflow file, relative to the repository.
    pub entry_point: Option<String>,
    /// The event that started the workflow.
    pub event_name: Option<String>,
    /// `owner/name`, or a URL (actions/attest), as written.
    pub repository: Option<String>,
    /// The git ref, such as `refs/tags/v1`.
    pub reference: Option<String>,
    /// The base branch, as written.
    pub base_ref: Option<String>,
    /// `branch` or `tag`.
    pub ref_type: Option<String>,
    /// The commit of the run.
    pub sha: Option<String>,
    /// The repository's numeric id.
    pub repository_id: Option<String>,
    /// The owner's numeric id.
    pub owner_id: Option<String>,
    /// The workflow run's id.
    pub run_id: Option<String>,
    /// The workflow run's attempt.
    pub run_attempt: Option<String>,
    /// `owner/name/.github/workflows/file.yml@ref`.
    pub workflow_ref: Option<String>,
    /// The invocation's URL or id as written (`metadata.invocationId`, `metadata.buildInvocationID`).
    pub invocation_id: Option<String>,
    /// Inputs of a `workflow_dispatch` event.
    pub workflow_inputs: Option<BTreeMap<String, Value>>,
    /// The event's payload as GitHub gave it.
    pub event_payload: Option<Value>,
}

impl BuildFields {
    /// The build fields of a statement; `None` if its predicate is of another type.
    #[must_use]
    pub fn from_statement(_statement: &Statement) -> Option<Self> {
        None
    }
}
