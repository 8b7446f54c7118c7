//! What users will pin, out of what was verified: identities that differ within one release cannot be pinned.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use slsa_pip_distribution::{DistributionFilename, PackageName};
use slsa_pip_policy::Identity;
use slsa_pip_verify::{Basis, Verified};

use super::completeness::Problem;

/// The identities of a release, by project.
pub(super) struct Pins<'a> {
    tag: &'a str,
    projects: BTreeMap<PackageName, Vec<Proven>>,
}

struct Proven {
    file: DistributionFilename,
    identity: Identity,
}

impl<'a> Pins<'a> {
    pub(super) const fn new(tag: &'a str) -> Self {
        Self {
            tag,
            projects: BTreeMap::new(),
        }
    }

    /// Adds a verified distribution.
    pub(super) fn add(&mut self, file: &DistributionFilename, verified: &Verified) {
        if let Basis::Attested(attested) = verified.basis() {
            let identity = attested.origin();
            let file = file.clone();
            self.projects
                .entry(file.name().clone())
                .or_default()
                .push(Proven { file, identity });
        }
    }

    /// Files of one project that no single pin would let pass.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, proven) in &self.projects {
            let Some((first, others)) = proven.split_first() else {
                continue;
            };
            for other in others {
                if let Some(what) = difference(&first.identity, &other.identity) {
                    problems.push(Problem {
                        code: "identities-differ",
                        message: format!(
                            "`{}` and `{}` have different {what}, so that no pin of `{name}` fits both",
                            first.file, other.file
                        ),
                    });
                }
            }
        }
        problems
    }

    /// What is right, and yet a burden for users.
    pub(super) fn notes(&self) -> Vec<String> {
        let without = self
            .projects
            .iter()
            .filter(|(_, proven)| self.template(proven).is_none());
        without
            .map(|(name, _)| {
                format!(
                    "the tag `{}` does not hold the version as `{name}`'s file names spell it, so that users cannot bind versions to tags by a template",
                    self.tag
                )
            })
            .collect()
    }

    /// The lines of policy that pin the release.
    pub(super) fn lines(&self) -> String {
        let mut text = String::new();
        for (name, proven) in &self.projects {
            let Some(Proven { identity, .. }) = proven.first() else {
                continue;
            };
            let Some(repository) = &identity.repository else {
                continue;
            };
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(text, "[packages.{name}]");
            line(&mut text, "repository", &repository.to_string());
            if let Some(id) = &identity.repository_id {
                line(&mut text, "repository-id", id);
            }
            if let Some(id) = &identity.owner_id {
                line(&mut text, "owner-id", id);
            }
            if let Some(template) = self.template(proven) {
                line(&mut text, "ref", &format!("refs/tags/{template}"));
            }
            if let Some(builder) = &identity.builder {
                line(&mut text, "builder", builder);
            } else if let Some(workflow) = &identity.workflow {
                line(&mut text, "workflow", workflow);
            }
        }
        text
    }

    /// The tag with the version's place marked, if that is the same for all files.
    fn template(&self, proven: &[Proven]) -> Option<String> {
        let version = proven.first()?.file.version();
        let same = proven.iter().all(|it| it.file.version() == version);
        let version = version.to_string();
        let mut places = self.tag.match_indices(&version);
        let (at, _) = places.next().filter(|_| same)?;
        // Twice in one tag, and one of them may be something else.
        if places.next().is_some() {
            return None;
        }
        let (before, rest) = self.tag.split_at_checked(at)?;
        let after = rest.get(version.len()..)?;
        Some(format!("{before}{{version}}{after}"))
    }
}

/// One key. The value is written as a TOML string: whatever a certificate or a user has written stays a value.
fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {}", toml_edit::Value::from(value));
}

/// What a pin could not say of both.
fn difference(a: &Identity, b: &Identity) -> Option<&'static str> {
    if a.kind != b.kind {
        return Some("kinds of evidence");
    }
    if a.builder != b.builder {
        return Some("builders");
    }
    (a.builder.is_none() && a.workflow != b.workflow).then_some("workflows")
}
