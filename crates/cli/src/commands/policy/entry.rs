//! From what was proven, or not, to the keys of an entry.

use jiff::civil::Date;
use slsa_pip_distribution::{Sha256Digest, Version};
use slsa_pip_policy::{EvidenceKind, Identity, Provider};

use super::document::Written;

/// Keys with their values, in the order in which they are written.
pub(crate) type Keys = Vec<(&'static str, Written)>;

/// Where GitHub looks for workflows; of GitHub's, only those can be pinned by `workflow`.
const GITHUB_WORKFLOWS: &str = ".github/workflows/";

/// How the address of a `CircleCI` pipeline definition begins, and what stands between its two ids.
const CIRCLECI: (&str, &str) = ("https://circleci.com/api/v2/projects/", "/pipeline-definitions/");

/// The pin of an identity, without its ref; `None` if it has nothing that can be pinned.
///
/// `evidence` is written for build provenance, so that it cannot be lost unnoticed. A publish attestation may well be followed by
/// build provenance one day, so nothing is said of it.
pub(crate) fn pin(identity: &Identity) -> Option<Keys> {
    let mut keys: Keys = vec![source(identity)?];
    let mut add = |key: &'static str, value: Option<&String>| keys.extend(value.map(|value| (key, text(value))));
    add("repository-id", identity.repository_id.as_ref());
    add("owner-id", identity.owner_id.as_ref());
    let workflow = identity.workflow.as_ref();
    let on_github = identity.provider == Provider::GitHub;
    add(
        "workflow",
        workflow.filter(|path| !on_github || path.starts_with(GITHUB_WORKFLOWS)),
    );
    add("environment", identity.environment.as_ref());
    add("builder", identity.builder.as_ref());
    if identity.kind == EvidenceKind::Build {
        keys.push(("evidence", Written::Words(vec![identity.kind.to_string()])));
    }
    Some(keys)
}

/// Who is pinned: a repository, or an account.
pub(crate) fn source(identity: &Identity) -> Option<(&'static str, Written)> {
    let account = identity.account.as_ref();
    match identity.provider {
        Provider::GitHub | Provider::GitLab => Some(("repository", text(identity.repository.as_ref()?))),
        Provider::Google => Some(("google", text(account?))),
        Provider::CircleCi => {
            let (project, definition) = account?.strip_prefix(CIRCLECI.0)?.split_once(CIRCLECI.1)?;
            Some(("circleci", Written::Text(format!("{project}/{definition}"))))
        }
    }
}

/// The key of a ref's template.
pub(crate) const REF: &str = "ref";
/// The key of an exemption's digests.
pub(crate) const DIGESTS: &str = "sha256";

/// Further digests of an exemption.
pub(crate) fn digests(files: &[(Sha256Digest, String)]) -> Keys {
    let files = files.iter().map(|(digest, name)| (digest.to_string(), name.clone()));
    vec![(DIGESTS, Written::Lines(files.collect()))]
}

/// The template of the ref.
pub(crate) fn reference(template: &str) -> (&'static str, Written) {
    (REF, Written::Text(template.to_owned()))
}

/// An exemption for these files of one version.
pub(crate) fn exemption(
    version: &Version,
    files: &[(Sha256Digest, String)],
    reason: &str,
    expires: Option<Date>,
) -> Keys {
    let mut keys = vec![("versions", Written::Text(format!("=={version}")))];
    keys.extend(digests(files));
    keys.push(("reason", Written::Text(reason.to_owned())));
    keys.extend(expires.map(|date| ("expires", Written::Date(date))));
    keys
}

fn text(value: &impl ToString) -> Written {
    Written::Text(value.to_string())
}
