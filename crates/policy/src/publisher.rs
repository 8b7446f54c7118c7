//! Identities as PEP 740 and lock files write them: less than an [`Identity`], and comparable with a certificate.

use slsa_pip_distribution::Publisher;

use crate::identity::{Identity, Provider};

/// The folder of GitHub's workflows, which publishers leave out.
const WORKFLOWS: &str = ".github/workflows/";
/// What `CircleCI` identities begin with.
const CIRCLECI_PROJECTS: &str = "https://circleci.com/api/v2/projects/";

/// The identities that a lock file records for one package (PEP 751, `attestation-identities`). One of them must be behind the
/// file. They narrow what policy accepts and never widen it: a lock file is often written by a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPublishers {
    /// The recorded publishers; never empty.
    pub publishers: Vec<Publisher>,
    /// Where they are written, for reports: `pylock.toml: [[packages]] urllib3`.
    pub written_at: String,
}

impl Identity {
    /// The publisher that it stands for; `None` if PEP 740 has no words for it.
    #[must_use]
    pub fn publisher(&self) -> Option<Publisher> {
        let repository = self.repository.as_ref();
        let environment = || self.environment.clone().filter(|name| !name.is_empty());
        match self.provider {
            Provider::GitHub => {
                let repository = repository.filter(|repository| repository.is_github())?;
                let workflow = self.workflow.as_deref()?.strip_prefix(WORKFLOWS)?;
                Some(Publisher::GitHub {
                    repository: repository.path().to_owned(),
                    workflow: workflow.to_owned(),
                    environment: environment(),
                })
            }
            Provider::GitLab => {
                let repository = repository.filter(|repository| repository.host() == "gitlab.com")?;
                Some(Publisher::GitLab {
                    repository: repository.path().to_owned(),
                    workflow_filepath: self.workflow.clone()?,
                    environment: environment(),
                })
            }
            Provider::Google => self.account.clone().map(|email| Publisher::Google { email }),
            Provider::CircleCi => {
                let rest = self.account.as_deref()?.strip_prefix(CIRCLECI_PROJECTS)?;
                let (project, definition) = rest.split_once("/pipeline-definitions/")?;
                let plain = |id: &str| !id.is_empty() && !id.contains('/');
                (plain(project) && plain(definition)).then(|| Publisher::CircleCi {
                    project_id: project.to_owned(),
                    pipeline_definition_id: definition.to_owned(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::EvidenceKind;

    fn identity(provider: Provider) -> Identity {
        Identity {
            provider,
            kind: EvidenceKind::Publish,
            level: 0,
            repository: None,
            repository_id: None,
            owner_id: None,
            workflow: None,
            builder: None,
            builder_ref: None,
            reference: None,
            trigger: None,
            environment: None,
            runner_environment: None,
            account: None,
        }
    }

    #[test]
    fn every_provider_has_its_publisher() {
        let github = Identity {
            repository: Some("github.com/acme/rocket".parse().unwrap()),
            workflow: Some(".github/workflows/release.yml".to_owned()),
            environment: Some("pypi".to_owned()),
            ..identity(Provider::GitHub)
        };
        let shown = |identity: &Identity| identity.publisher().map(|publisher| publisher.to_string());
        assert_eq!(
            shown(&github).unwrap(),
            "github.com/acme/rocket, release.yml, environment pypi"
        );
        let gitlab = Identity {
            repository: Some("https://gitlab.com/group/sub/rocket".parse().unwrap()),
            workflow: Some(".gitlab-ci.yml".to_owned()),
            ..identity(Provider::GitLab)
        };
        assert_eq!(shown(&gitlab).unwrap(), "gitlab.com/group/sub/rocket, .gitlab-ci.yml");
        let google = Identity {
            account: Some("release@acme.example".to_owned()),
            ..identity(Provider::Google)
        };
        assert_eq!(shown(&google).unwrap(), "Google account release@acme.example");
        let circleci = Identity {
            account: Some("https://circleci.com/api/v2/projects/p/pipeline-definitions/d".to_owned()),
            ..identity(Provider::CircleCi)
        };
        assert_eq!(shown(&circleci).unwrap(), "CircleCI project p, pipeline definition d");
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        for provider in [Provider::GitHub, Provider::GitLab, Provider::Google, Provider::CircleCi] {
            assert_eq!(identity(provider).publisher(), None, "{provider}");
        }
        let elsewhere = Identity {
            repository: Some("https://ghe.example/acme/rocket".parse().unwrap()),
            workflow: Some(".github/workflows/release.yml".to_owned()),
            ..identity(Provider::GitHub)
        };
        assert_eq!(elsewhere.publisher(), None);
        let odd = Identity {
            account: Some("https://circleci.com/api/v2/projects/p/pipeline-definitions/d/x".to_owned()),
            ..identity(Provider::CircleCi)
        };
        assert_eq!(odd.publisher(), None);
    }
}
