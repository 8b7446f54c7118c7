//! Whether a release comes from whom the earlier ones came from: the comparison, and nothing else.

use std::fmt::Write as _;

use slsa_pip_distribution::Version;

use crate::identity::{EvidenceKind, Identity};

/// An identity that was accepted for another release of the package, or for this one, and that a release is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Who stood behind that release.
    pub identity: Identity,
    /// That release.
    pub version: Version,
    /// Where it is recorded, for reports: `slsa-pip.lock.toml: [[packages.NAME]]`, or the release in the index.
    pub recorded_at: String,
    /// Whether it was read from a lock. What is derived from the index has been reviewed by nobody: it is no pin.
    pub recorded: bool,
    /// The release that is compared with it.
    pub wanted: Version,
    /// Whether its maintainers have withdrawn the wanted release (PEP 592), as the index says: for hints alone.
    pub wanted_yanked: bool,
    /// The same of the release that is compared with.
    pub yanked: bool,
    /// Releases near the wanted one for which the index announces provenance: for hints alone.
    pub attested_near: Vec<Version>,
}

/// How an identity differs for the worse. Where several do, the first of this order is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Break {
    /// Another provider vouches for it.
    Provider,
    /// Another source repository, or none.
    Repository,
    /// The same name, another repository: its numeric id or its owner's differs or is gone.
    RepositoryIds,
    /// Another account or pipeline, where there is no repository.
    Account,
    /// A publish attestation where there was build provenance.
    Kind,
    /// A lower SLSA build level.
    Level,
    /// Another workflow file, or none.
    Workflow,
    /// Another builder, or none.
    Builder,
    /// An older release of the same builder, for a newer release of the package.
    BuilderOlder,
    /// Not from a tag any more.
    Tag,
    /// Started by a pull request.
    PullRequest,
    /// Another deployment environment, or none.
    Environment,
    /// Not on a runner of the provider any more.
    Runner,
}

impl Break {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 13] = [
        Self::Provider,
        Self::Repository,
        Self::RepositoryIds,
        Self::Account,
        Self::Kind,
        Self::Level,
        Self::Workflow,
        Self::Builder,
        Self::BuilderOlder,
        Self::Tag,
        Self::PullRequest,
        Self::Environment,
        Self::Runner,
    ];
}

const TAGS: &str = "refs/tags/";
/// Runners of the providers, as claim 1.11 names them.
const HOSTED: [&str; 2] = ["github-hosted", "gitlab-hosted"];
/// `pull_request`, `pull_request_target`, `pull_request_review`: whoever opens one has a say in what is built.
const PULL_REQUEST: &str = "pull_request";

/// Compares an identity with one that was accepted before. What has become stronger, and what was not known before, is no break.
///
/// `is_older` says that the release is older than the one that was accepted: an older line may use an older builder.
///
/// *Not compared*: the ref but for its being a tag, and the event but for pull requests; both change with each release.
///
/// # Errors
/// The first break in the order of [`Break::ALL`].
pub fn compare(previous: &Identity, found: &Identity, is_older: bool) -> Result<(), Break> {
    match Break::ALL
        .into_iter()
        .find(|kind| broken(*kind, previous, found, is_older))
    {
        Some(kind) => Err(kind),
        None => Ok(()),
    }
}

fn broken(kind: Break, previous: &Identity, found: &Identity, is_older: bool) -> bool {
    match kind {
        Break::Provider => previous.provider != found.provider,
        Break::Repository => lost(previous.repository.as_ref(), found.repository.as_ref()),
        Break::RepositoryIds => {
            lost(previous.repository_id.as_ref(), found.repository_id.as_ref())
                || lost(previous.owner_id.as_ref(), found.owner_id.as_ref())
        }
        Break::Account => lost(previous.account.as_ref(), found.account.as_ref()),
        Break::Kind => found.kind < previous.kind,
        Break::Level => found.level < previous.level,
        Break::Workflow => lost(previous.workflow.as_ref(), found.workflow.as_ref()),
        // Owner and repository are spelled in any case; a path is not, and a workflow is found by it.
        Break::Builder => lost(
            previous.builder.as_deref().map(builder_key).as_ref(),
            found.builder.as_deref().map(builder_key).as_ref(),
        ),
        Break::BuilderOlder => {
            !is_older
                && match (
                    release(previous.builder_ref.as_deref()),
                    release(found.builder_ref.as_deref()),
                ) {
                    (Some(previous), Some(found)) => found < previous,
                    (Some(_), None) => true,
                    (None, _) => lost(previous.builder_ref.as_ref(), found.builder_ref.as_ref()),
                }
        }
        Break::Tag => is_tag(previous) && !is_tag(found),
        Break::PullRequest => is_pull_request(found) && !is_pull_request(previous),
        Break::Environment => lost(previous.environment.as_ref(), found.environment.as_ref()),
        Break::Runner => previous
            .runner_environment
            .as_deref()
            .is_some_and(|runner| HOSTED.contains(&runner) && found.runner_environment.as_deref() != Some(runner)),
    }
}

/// Whether what was known is another thing now, or not known any more.
fn lost<T: PartialEq>(previous: Option<&T>, found: Option<&T>) -> bool {
    previous.is_some() && previous != found
}

fn is_tag(identity: &Identity) -> bool {
    identity.reference.as_deref().is_some_and(|text| text.starts_with(TAGS))
}

fn is_pull_request(identity: &Identity) -> bool {
    let trigger = identity.trigger.as_deref();
    trigger.is_some_and(|event| event.starts_with(PULL_REQUEST))
}

/// `refs/tags/vX.Y.Z` as a version; the builders that are trusted are used at such tags only.
fn release(reference: Option<&str>) -> Option<Version> {
    reference?.strip_prefix(TAGS)?.parse().ok()
}

/// `https://github.com/OWNER/REPO` in lower case, and the path as it is.
fn builder_key(name: &str) -> String {
    let end = name.match_indices('/').map(|(at, _)| at).nth(4).unwrap_or(name.len());
    let (repository, path) = name.split_at_checked(end).unwrap_or((name, ""));
    format!("{}{path}", repository.to_ascii_lowercase())
}

impl Identity {
    /// The identity in one line, for reports: what it is compared by first, what changes with each release not at all.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = match &self.repository {
            Some(repository) => repository.to_string(),
            None => match &self.account {
                Some(account) => format!("{account} ({})", self.provider),
                None => format!("no repository ({})", self.provider),
            },
        };
        let ids = [("id", &self.repository_id), ("owner id", &self.owner_id)];
        let ids: Vec<String> = ids
            .into_iter()
            .filter_map(|(name, id)| id.as_ref().map(|id| format!("{name} {id}")))
            .collect();
        if !ids.is_empty() {
            let _ = write!(text, " ({})", ids.join(", "));
        }
        match self.kind {
            EvidenceKind::Build => {
                let _ = write!(text, ", build level {}", self.level);
            }
            EvidenceKind::Publish => text.push_str(", publish"),
        }
        if let Some(workflow) = &self.workflow {
            let _ = write!(text, ", {workflow}");
        }
        if let Some(builder) = &self.builder {
            let name = builder.strip_prefix("https://github.com/").unwrap_or(builder);
            let _ = write!(text, ", by {name}");
            if let Some(reference) = &self.builder_ref {
                let _ = write!(text, "@{}", reference.strip_prefix(TAGS).unwrap_or(reference));
            }
        }
        if let Some(environment) = &self.environment {
            let _ = write!(text, ", environment {environment}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Provider;

    fn identity() -> Identity {
        Identity {
            provider: Provider::GitHub,
            kind: EvidenceKind::Build,
            level: 3,
            repository: Some("github.com/acme/rocket".parse().unwrap()),
            repository_id: Some("1".to_owned()),
            owner_id: Some("2".to_owned()),
            workflow: Some(".github/workflows/release.yml".to_owned()),
            builder: Some("https://github.com/Acme/builder/.github/workflows/b.yml".to_owned()),
            builder_ref: Some("refs/tags/v2.10.0".to_owned()),
            reference: Some("refs/tags/v1.0".to_owned()),
            trigger: Some("push".to_owned()),
            environment: Some("release".to_owned()),
            runner_environment: Some("github-hosted".to_owned()),
            account: None,
        }
    }

    fn found(change: impl FnOnce(&mut Identity)) -> Result<(), Break> {
        let mut found = identity();
        change(&mut found);
        compare(&identity(), &found, false)
    }

    #[test]
    fn what_is_stronger_or_new_or_changes_with_each_release_is_no_break() {
        let mut earlier = identity();
        earlier.kind = EvidenceKind::Publish;
        earlier.level = 0;
        earlier.builder = None;
        earlier.builder_ref = None;
        earlier.environment = None;
        earlier.repository_id = None;
        earlier.reference = Some("refs/heads/main".to_owned());
        assert_eq!(compare(&earlier, &identity(), false), Ok(()));
        assert_eq!(
            found(|it| it.builder_ref = Some("refs/tags/v2.11.0".to_owned())),
            Ok(())
        );
        assert_eq!(
            found(|it| it.builder_ref = Some("refs/tags/v10.0.0".to_owned())),
            Ok(())
        );
        assert_eq!(found(|it| it.reference = Some("refs/tags/v2.0".to_owned())), Ok(()));
        assert_eq!(found(|it| it.trigger = Some("release".to_owned())), Ok(()));
        assert_eq!(
            found(|it| it.repository = Some("github.com/ACME/Rocket".parse().unwrap())),
            Ok(())
        );
        assert_eq!(
            found(|it| it.builder = Some("https://github.com/acme/BUILDER/.github/workflows/b.yml".to_owned())),
            Ok(())
        );
    }

    #[test]
    fn each_change_for_the_worse_is_told_apart() {
        type Change = fn(&mut Identity);
        let table: [(Break, Change); 20] = [
            (Break::Provider, |it| it.provider = Provider::GitLab),
            (Break::Repository, |it| {
                it.repository = Some("github.com/acme/rockets".parse().unwrap());
            }),
            (Break::Repository, |it| it.repository = None),
            (Break::RepositoryIds, |it| it.repository_id = Some("3".to_owned())),
            (Break::RepositoryIds, |it| it.owner_id = Some("3".to_owned())),
            (Break::RepositoryIds, |it| it.owner_id = None),
            (Break::Kind, |it| it.kind = EvidenceKind::Publish),
            (Break::Level, |it| it.level = 2),
            (Break::Workflow, |it| {
                it.workflow = Some(".github/workflows/Release.yml".to_owned());
            }),
            (Break::Workflow, |it| it.workflow = None),
            (Break::Builder, |it| it.builder = None),
            (Break::Builder, |it| {
                it.builder = Some("https://github.com/acme/builder/.github/workflows/B.yml".to_owned());
            }),
            (Break::BuilderOlder, |it| {
                it.builder_ref = Some("refs/tags/v2.9.9".to_owned());
            }),
            (Break::BuilderOlder, |it| {
                it.builder_ref = Some("refs/heads/main".to_owned());
            }),
            (Break::BuilderOlder, |it| it.builder_ref = None),
            (Break::Tag, |it| it.reference = Some("refs/heads/v1.0".to_owned())),
            (Break::PullRequest, |it| {
                it.trigger = Some("pull_request_target".to_owned());
            }),
            (Break::Environment, |it| it.environment = None),
            (Break::Runner, |it| {
                it.runner_environment = Some("self-hosted".to_owned());
            }),
            (Break::Runner, |it| it.runner_environment = None),
        ];
        for (expected, change) in table {
            assert_eq!(found(change), Err(expected), "{expected:?}");
        }
        let account = |text: &str| Identity {
            provider: Provider::Google,
            repository: None,
            account: Some(text.to_owned()),
            ..identity()
        };
        assert_eq!(compare(&account("a@x.example"), &account("a@x.example"), false), Ok(()));
        assert_eq!(
            compare(&account("a@x.example"), &account("A@x.example"), false),
            Err(Break::Account)
        );
    }

    #[test]
    fn an_older_line_may_use_an_older_builder_and_nothing_else() {
        let mut older = identity();
        older.builder_ref = Some("refs/tags/v1.9.0".to_owned());
        assert_eq!(compare(&identity(), &older, false), Err(Break::BuilderOlder));
        assert_eq!(compare(&identity(), &older, true), Ok(()));
        older.level = 2;
        assert_eq!(compare(&identity(), &older, true), Err(Break::Level));
    }

    #[test]
    fn a_description_says_what_is_compared() {
        assert_eq!(
            identity().describe(),
            "github.com/acme/rocket (id 1, owner id 2), build level 3, .github/workflows/release.yml, \
             by Acme/builder/.github/workflows/b.yml@v2.10.0, environment release"
        );
    }
}
