//! `[[packages.attestation-identities]]`: a `kind`, and the keys that PEP 740 gives its publishers.

use slsa_pip_policy::Publisher;
use toml::de::DeValue;

use super::table::Table;
use crate::error::Collector;

/// One identity. A known kind without the keys that it needs is a mistake: it would pin less than it says.
pub(super) fn read(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<Publisher> {
    let (_, kind) = table.needed("kind", errors)?;
    let mut needed = |key: &str| table.needed(key, errors).map(|(_, text)| text.to_owned());
    let publisher = match kind {
        "GitHub" => {
            let (repository, workflow) = (needed("repository"), needed("workflow"));
            Publisher::GitHub {
                repository: repository?,
                workflow: workflow?,
                environment: environment(table, errors),
            }
        }
        "GitLab" => {
            let (repository, workflow) = (needed("repository"), needed("workflow_filepath"));
            Publisher::GitLab {
                repository: repository?,
                workflow_filepath: workflow?,
                environment: environment(table, errors),
            }
        }
        "Google" => Publisher::Google {
            email: needed("email")?,
        },
        "CircleCI" => {
            let (project, definition) = (needed("project_id"), needed("pipeline_definition_id"));
            Publisher::CircleCi {
                project_id: project?,
                pipeline_definition_id: definition?,
            }
        }
        other => Publisher::Other { kind: other.to_owned() },
    };
    let has_repository = matches!(publisher, Publisher::GitHub { .. } | Publisher::GitLab { .. });
    if has_repository && publisher.repository().is_none() {
        let message = format!("`repository` of {} is no repository of {kind}", table.title);
        errors.push("invalid-value", &table.span, message);
        return None;
    }
    Some(publisher)
}

/// Empty means none, as tools write it that know no null. What is no text is a mistake, and the file is refused for it.
fn environment(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<String> {
    match table.get("environment") {
        Some((_, DeValue::String(text))) if text.is_empty() => None,
        _ => table.text("environment", errors).map(|(_, text)| text.to_owned()),
    }
}
