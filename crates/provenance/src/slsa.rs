//! What a build predicate says about the build (D5, D6). Written by the build itself: forgeable unless a trusted builder
//! wrote it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::statement::{PredicateType, Statement};

/// The fields of a SLSA v0.2 or v1 build predicate that the rules compare (D5, D6).
///
/// A lenient view: whatever is absent, empty or of another type is `None`, and it is for the rules to refuse what they
/// need and do not find. Numbers where GitHub's ids are expected are taken as their decimal text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildFields {
    /// The builder's id: v0.2 `builder.id`, v1 `runDetails.builder.id`.
    pub builder_id: Option<String>,
    /// v0.2 `buildType`, v1 `buildDefinition.buildType`.
    pub build_type: Option<String>,
    /// v0.2 `materials[0].uri`, v1 `buildDefinition.resolvedDependencies[0].uri`.
    pub source_uri: Option<String>,
    /// The git commit of the source: `sha1` or `gitCommit` of its digest; both, as no commit is written, where they differ.
    pub source_digest: Option<String>,
    /// v1 of the container-based builder: `externalParameters.source.uri`, a second place for the source.
    pub external_source_uri: Option<String>,
    /// Where the triggering workflow lies, as `git+https://github.com/owner/name@ref`. v0.2: `invocation.configSource.uri` as
    /// written; v1: composed of `GITHUB_WORKFLOW_REF`, or of `externalParameters.workflow` (actions/attest).
    pub trigger_uri: Option<String>,
    /// The commit of the triggering workflow: v0.2 `invocation.configSource.digest`, v1 `GITHUB_WORKFLOW_SHA`.
    pub trigger_digest: Option<String>,
    /// The workflow file, relative to the repository: v0.2 `invocation.configSource.entryPoint`, v1 the path within
    /// `GITHUB_WORKFLOW_REF` or `externalParameters.workflow.path`.
    pub entry_point: Option<String>,
    /// The event that started the workflow.
    pub event_name: Option<String>,
    /// As written: `owner/name`, or the repository's URL (actions/attest).
    pub repository: Option<String>,
    /// The git ref, such as `refs/tags/v1`.
    pub reference: Option<String>,
    /// The base branch, as written.
    pub base_ref: Option<String>,
    /// `branch` or `tag`, as written.
    pub ref_type: Option<String>,
    /// The commit of the run: `GITHUB_SHA`.
    pub sha: Option<String>,
    /// The repository's numeric id.
    pub repository_id: Option<String>,
    /// The owner's numeric id.
    pub owner_id: Option<String>,
    /// The workflow run's id; from the invocation's URL where no field holds it.
    pub run_id: Option<String>,
    /// The workflow run's attempt; from the invocation's URL where no field holds it.
    pub run_attempt: Option<String>,
    /// `owner/name/path@ref`: `GITHUB_WORKFLOW_REF`, or composed of `externalParameters.workflow` (actions/attest).
    pub workflow_ref: Option<String>,
    /// `github-hosted` or `self-hosted` (actions/attest).
    pub runner_environment: Option<String>,
    /// The invocation as written: v0.2 `metadata.buildInvocationID`, v1 `runDetails.metadata.invocationId`.
    pub invocation_id: Option<String>,
    /// Inputs of a `workflow_dispatch` event: `inputs` of the event's payload.
    pub workflow_inputs: Option<BTreeMap<String, Value>>,
    /// The event's payload as GitHub gave it.
    pub event_payload: Option<Value>,
}

impl BuildFields {
    /// The build fields of a statement; `None` if its predicate is of another type than SLSA v0.2 or v1.
    #[must_use]
    pub fn from_statement(statement: &Statement) -> Option<Self> {
        match statement.predicate_type {
            PredicateType::SlsaV02 => Some(v02(&statement.predicate)),
            PredicateType::SlsaV1 => Some(v1(&statement.predicate)),
            PredicateType::PypiPublishV1 | PredicateType::Other(_) => None,
        }
    }
}

/// A text that is not empty, or a number's decimal text.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn at(value: &Value, pointer: &str) -> Option<String> {
    text(value.pointer(pointer))
}

/// The git commit of a digest set. Two that differ make a text that no claim equals: a contradiction is no absence.
fn commit(digest: Option<&Value>) -> Option<String> {
    let digest = digest?;
    match (text(digest.get("sha1")), text(digest.get("gitCommit"))) {
        (Some(sha1), Some(git)) if sha1 != git => Some(format!("{sha1} and {git}")),
        (sha1, git) => sha1.or(git),
    }
}

fn v02(predicate: &Value) -> BuildFields {
    let empty = Value::Null;
    let environment = predicate.pointer("/invocation/environment").unwrap_or(&empty);
    let mut fields = from_environment(environment, |key| format!("github_{key}"));
    if fields.event_name.is_none() {
        // npm's own builder kept the variables' spelling.
        fields = from_environment(environment, |key| format!("GITHUB_{}", key.to_ascii_uppercase()));
    }
    fields.sha = at(environment, "/github_sha1").or(fields.sha);
    fields.builder_id = at(predicate, "/builder/id");
    fields.build_type = at(predicate, "/buildType");
    fields.source_uri = at(predicate, "/materials/0/uri");
    fields.source_digest = commit(predicate.pointer("/materials/0/digest"));
    fields.trigger_uri = at(predicate, "/invocation/configSource/uri");
    fields.trigger_digest = commit(predicate.pointer("/invocation/configSource/digest"));
    fields.entry_point = at(predicate, "/invocation/configSource/entryPoint");
    fields.invocation_id = at(predicate, "/metadata/buildInvocationID");
    fields
}

fn v1(predicate: &Value) -> BuildFields {
    let empty = Value::Null;
    let internal = predicate
        .pointer("/buildDefinition/internalParameters")
        .unwrap_or(&empty);
    let external = predicate
        .pointer("/buildDefinition/externalParameters")
        .unwrap_or(&empty);
    let mut fields = from_environment(internal, |key| format!("GITHUB_{}", key.to_ascii_uppercase()));
    if let Some(workflow) = external.get("workflow") {
        add_attest_fields(&mut fields, internal, workflow);
    }
    if let Some((location, reference)) = fields.workflow_ref.as_deref().and_then(split_ref) {
        let mut parts = location.splitn(3, '/');
        if let (Some(owner), Some(name), Some(path)) = (parts.next(), parts.next(), parts.next()) {
            fields.trigger_uri = Some(format!("git+https://github.com/{owner}/{name}@{reference}"));
            fields.entry_point = Some(path.to_owned());
        }
    }
    fields.builder_id = at(predicate, "/runDetails/builder/id");
    fields.build_type = at(predicate, "/buildDefinition/buildType");
    fields.source_uri = at(predicate, "/buildDefinition/resolvedDependencies/0/uri");
    fields.source_digest = commit(predicate.pointer("/buildDefinition/resolvedDependencies/0/digest"));
    fields.external_source_uri = at(external, "/source/uri");
    fields.invocation_id = at(predicate, "/runDetails/metadata/invocationId");
    if let Some((run, attempt)) = fields.invocation_id.as_deref().and_then(run_and_attempt) {
        fields.run_id = fields.run_id.or(Some(run));
        fields.run_attempt = fields.run_attempt.or(Some(attempt));
    }
    fields
}

/// Splits `LOCATION@REF`.
///
/// A ref's name may hold an `@` (`refs/tags/name@v1`), so the split is where `@refs/` begins, if it occurs once; otherwise (a
/// commit, or a ref that holds `@refs/` itself) at the last `@`. `None` without an `@`. *Not checked*: that both halves are
/// meaningful, or not empty.
#[must_use]
pub fn split_ref(text: &str) -> Option<(&str, &str)> {
    let mut places = text.match_indices("@refs/").map(|(at, _)| at);
    match (places.next(), places.next()) {
        (Some(at), None) => {
            let (location, reference) = text.split_at_checked(at)?;
            Some((location, reference.strip_prefix('@')?))
        }
        _ => text.rsplit_once('@'),
    }
}

/// What GitHub's environment variables say; `spell` gives a variable's name without its prefix `GITHUB_` as the predicate
/// writes it.
fn from_environment(environment: &Value, spell: impl Fn(&str) -> String) -> BuildFields {
    let get = |key: &str| environment.get(spell(key));
    let event_payload = get("event_payload").filter(|payload| payload.is_object());
    let inputs = event_payload.and_then(|payload| payload.get("inputs")?.as_object());
    BuildFields {
        event_name: text(get("event_name")),
        repository: text(get("repository")),
        reference: text(get("ref")),
        base_ref: text(get("base_ref")),
        ref_type: text(get("ref_type")),
        sha: text(get("sha")),
        repository_id: text(get("repository_id")),
        owner_id: text(get("repository_owner_id")),
        run_id: text(get("run_id")),
        run_attempt: text(get("run_attempt")),
        workflow_ref: text(get("workflow_ref")),
        trigger_digest: text(get("workflow_sha")),
        workflow_inputs: inputs.map(|inputs| inputs.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
        event_payload: event_payload.cloned(),
        ..BuildFields::default()
    }
}

/// actions/attest: `externalParameters.workflow` and `internalParameters.github`.
fn add_attest_fields(fields: &mut BuildFields, internal: &Value, workflow: &Value) {
    fields.repository = at(workflow, "/repository");
    fields.reference = at(workflow, "/ref");
    fields.event_name = at(internal, "/github/event_name");
    fields.repository_id = at(internal, "/github/repository_id");
    fields.owner_id = at(internal, "/github/repository_owner_id");
    fields.runner_environment = at(internal, "/github/runner_environment");
    let repository = fields.repository.as_deref();
    let name = repository.and_then(|url| url.strip_prefix("https://github.com/"));
    if let (Some(name), Some(path), Some(reference)) = (name, at(workflow, "/path"), &fields.reference) {
        fields.workflow_ref = Some(format!("{name}/{path}@{reference}"));
    }
}

/// Run id and attempt of `https://github.com/{owner}/{name}/actions/runs/{id}/attempts/{attempt}`.
fn run_and_attempt(url: &str) -> Option<(String, String)> {
    let path = url.strip_prefix("https://github.com/")?;
    let parts: Vec<&str> = path.split('/').collect();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [_, _, "actions", "runs", run, "attempts", attempt] if number(run) && number(attempt) => {
            Some(((*run).to_owned(), (*attempt).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(predicate_type: PredicateType, predicate: Value) -> Option<BuildFields> {
        BuildFields::from_statement(&Statement {
            type_: String::new(),
            subjects: Vec::new(),
            predicate_type,
            predicate,
        })
    }

    #[test]
    fn a_ref_may_hold_an_at_sign() {
        for (text, expected) in [
            ("o/r/w.yml@refs/tags/v1", Some(("o/r/w.yml", "refs/tags/v1"))),
            ("o/r/w.yml@refs/tags/foo@v1", Some(("o/r/w.yml", "refs/tags/foo@v1"))),
            ("o/r/a@b.yml@refs/heads/x", Some(("o/r/a@b.yml", "refs/heads/x"))),
            ("o/r/w.yml@0123", Some(("o/r/w.yml", "0123"))),
            ("x@refs/tags/y@refs/tags/v1", Some(("x@refs/tags/y", "refs/tags/v1"))),
            (
                "x@refs/tags/y@refs/tags/z@v1",
                Some(("x@refs/tags/y@refs/tags/z", "v1")),
            ),
            ("x@", Some(("x", ""))),
            ("o/r/w.yml", None),
            ("", None),
        ] {
            assert_eq!(split_ref(text), expected, "{text}");
        }
    }

    #[test]
    fn other_predicates_have_no_build_fields() {
        assert_eq!(fields(PredicateType::PypiPublishV1, json!({})), None);
        assert_eq!(fields(PredicateType::Other("x".into()), json!({})), None);
    }

    #[test]
    fn whatever_does_not_fit_is_absent() {
        for odd in [
            json!(null),
            json!([]),
            json!("x"),
            json!({"builder": [], "materials": {"0": 1}}),
        ] {
            assert_eq!(
                fields(PredicateType::SlsaV02, odd.clone()),
                Some(BuildFields::default())
            );
            assert_eq!(fields(PredicateType::SlsaV1, odd), Some(BuildFields::default()));
        }
        let both = json!({"materials": [{"digest": {"sha1": "a", "gitCommit": "b"}}]});
        let read = fields(PredicateType::SlsaV02, both).unwrap();
        assert_eq!(read.source_digest.as_deref(), Some("a and b"));
        let empty = json!({"invocation": {"environment": {"github_event_name": "push", "github_base_ref": ""}}});
        assert_eq!(fields(PredicateType::SlsaV02, empty).unwrap().base_ref, None);
    }

    #[test]
    fn only_github_run_urls_give_run_and_attempt() {
        assert_eq!(
            run_and_attempt("https://github.com/o/r/actions/runs/12/attempts/3"),
            Some(("12".into(), "3".into()))
        );
        for other in [
            "12",
            "https://evil.example/o/r/actions/runs/12/attempts/3",
            "https://github.com/o/r/actions/runs/12/attempts/",
            "https://github.com/o/r/actions/runs/12/attempts/3/x",
        ] {
            assert_eq!(run_and_attempt(other), None, "{other}");
        }
    }
}
