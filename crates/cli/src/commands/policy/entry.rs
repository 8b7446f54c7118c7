//! From what was proven, or not, to the keys of an entry.

use jiff::civil::Date;
use slsa_pip_distribution::{Sha256Digest, Version};
use slsa_pip_policy::{EvidenceKind, Identity};

use super::document::Written;

/// Keys with their values, in the order in which they are written.
pub(crate) type Keys = Vec<(&'static str, Written)>;

/// Where GitHub looks for workflows; only those can be pinned by `workflow`.
const GITHUB_WORKFLOWS: &str = ".github/workflows/";

/// The pin of an identity, without its ref; `None` if the identity names no repository.
///
/// `evidence` is written for build provenance, so that it cannot be lost unnoticed. A publish attestation may well be followed by
/// build provenance one day, so nothing is said of it.
pub(crate) fn pin(identity: &Identity) -> Option<Keys> {
    let mut keys: Keys = vec![("repository", text(identity.repository.as_ref()?))];
    let mut add = |key: &'static str, value: Option<&String>| keys.extend(value.map(|value| (key, text(value))));
    add("repository-id", identity.repository_id.as_ref());
    add("owner-id", identity.owner_id.as_ref());
    let workflow = identity.workflow.as_ref();
    add("workflow", workflow.filter(|path| path.starts_with(GITHUB_WORKFLOWS)));
    add("environment", identity.environment.as_ref());
    add("builder", identity.builder.as_ref());
    if identity.kind == EvidenceKind::Build {
        keys.push(("evidence", Written::Words(vec![identity.kind.to_string()])));
    }
    Some(keys)
}

/// The same with the repository alone.
pub(crate) fn repository_alone(identity: &Identity) -> Option<Keys> {
    Some(vec![("repository", text(identity.repository.as_ref()?))])
}

/// The template of the ref.
pub(crate) fn reference(template: &str) -> (&'static str, Written) {
    ("ref", Written::Text(template.to_owned()))
}

/// An exemption for these files of one version.
pub(crate) fn exemption(
    version: &Version,
    files: &[(Sha256Digest, String)],
    reason: &str,
    expires: Option<Date>,
) -> Keys {
    let files = files.iter().map(|(digest, name)| (digest.to_string(), name.clone()));
    let mut keys = vec![
        ("versions", Written::Text(format!("=={version}"))),
        ("sha256", Written::Lines(files.collect())),
        ("reason", Written::Text(reason.to_owned())),
    ];
    keys.extend(expires.map(|date| ("expires", Written::Date(date))));
    keys
}

fn text(value: &impl ToString) -> Written {
    Written::Text(value.to_string())
}
