//! A publisher as PEP 740 writes it and a lock file records it: less than an [`Identity`], and comparable with a certificate.

use std::fmt;

use slsa_pip_distribution::SourceRepository;

use crate::identity::{Identity, Provider};

/// The folder of GitHub's workflows, which publishers leave out.
const WORKFLOWS: &str = ".github/workflows/";
/// What `CircleCI` identities begin with.
const CIRCLECI_PROJECTS: &str = "https://circleci.com/api/v2/projects/";

/// Who may have published a file (PEP 740, "publisher"). A plain record: it proves nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publisher {
    /// A GitHub Actions workflow.
    GitHub {
        /// `OWNER/NAME` on github.com.
        repository: String,
        /// File name below `.github/workflows/`.
        workflow: String,
        /// Deployment environment; `None` asks for none.
        environment: Option<String>,
    },
    /// A pipeline on gitlab.com.
    GitLab {
        /// `GROUP/…/NAME`.
        repository: String,
        /// Path of the top-level pipeline file.
        workflow_filepath: String,
        /// Deployment environment; `None` asks for none.
        environment: Option<String>,
    },
    /// A Google account.
    Google {
        /// Its e-mail address.
        email: String,
    },
    /// A `CircleCI` pipeline.
    CircleCi {
        /// Project id.
        project_id: String,
        /// Id of the pipeline definition.
        pipeline_definition_id: String,
    },
    /// A kind that is not known here; no file ever meets it.
    Other {
        /// The kind as written.
        kind: String,
    },
}

/// The identities that a lock file records for one package (PEP 751, `attestation-identities`). One of them must be behind the
/// file. They narrow what policy accepts and never widen it: a lock file is often written by a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPublishers {
    /// The recorded publishers; never empty.
    pub publishers: Vec<Publisher>,
    /// Where they are written, for reports: `pylock.toml: [[packages]] urllib3`.
    pub written_at: String,
}

impl Publisher {
    /// The publisher that an identity stands for; `None` if PEP 740 has no words for it.
    #[must_use]
    pub fn of(identity: &Identity) -> Option<Self> {
        let repository = identity.repository.as_ref();
        let environment = || identity.environment.clone().filter(|name| !name.is_empty());
        match identity.provider {
            Provider::GitHub => {
                let repository = repository.filter(|repository| repository.is_github())?;
                let workflow = identity.workflow.as_deref()?.strip_prefix(WORKFLOWS)?;
                Some(Self::GitHub {
                    repository: repository.path().to_owned(),
                    workflow: workflow.to_owned(),
                    environment: environment(),
                })
            }
            Provider::GitLab => {
                let repository = repository.filter(|repository| repository.host() == "gitlab.com")?;
                Some(Self::GitLab {
                    repository: repository.path().to_owned(),
                    workflow_filepath: identity.workflow.clone()?,
                    environment: environment(),
                })
            }
            Provider::Google => identity.account.clone().map(|email| Self::Google { email }),
            Provider::CircleCi => {
                let rest = identity.account.as_deref()?.strip_prefix(CIRCLECI_PROJECTS)?;
                let (project, definition) = rest.split_once("/pipeline-definitions/")?;
                let plain = |id: &str| !id.is_empty() && !id.contains('/');
                (plain(project) && plain(definition)).then(|| Self::CircleCi {
                    project_id: project.to_owned(),
                    pipeline_definition_id: definition.to_owned(),
                })
            }
        }
    }

    /// PEP 740's name of the kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::GitHub { .. } => "GitHub",
            Self::GitLab { .. } => "GitLab",
            Self::Google { .. } => "Google",
            Self::CircleCi { .. } => "CircleCI",
            Self::Other { kind } => kind,
        }
    }

    /// The source repository, where the kind has one and it is well-formed.
    #[must_use]
    pub fn repository(&self) -> Option<SourceRepository> {
        match self {
            Self::GitHub { repository, .. } => format!("https://github.com/{repository}").parse().ok(),
            Self::GitLab { repository, .. } => format!("https://gitlab.com/{repository}").parse().ok(),
            Self::Google { .. } | Self::CircleCi { .. } | Self::Other { .. } => None,
        }
    }
}

impl fmt::Display for Publisher {
    /// In one line: `github.com/acme/rocket, release.yml, environment pypi`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (repository, workflow, environment) = match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
            } => (format!("github.com/{repository}"), workflow, environment),
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => (format!("gitlab.com/{repository}"), workflow_filepath, environment),
            Self::Google { email } => return write!(f, "Google account {email}"),
            Self::CircleCi {
                project_id,
                pipeline_definition_id,
            } => {
                return write!(
                    f,
                    "CircleCI project {project_id}, pipeline definition {pipeline_definition_id}"
                );
            }
            Self::Other { kind } => return write!(f, "a publisher of the unknown kind `{kind}`"),
        };
        write!(f, "{repository}, {workflow}")?;
        match environment {
            Some(environment) => write!(f, ", environment {environment}"),
            None => Ok(()),
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
        let shown = |identity: &Identity| Publisher::of(identity).map(|publisher| publisher.to_string());
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
            assert_eq!(Publisher::of(&identity(provider)), None, "{provider}");
        }
        let elsewhere = Identity {
            repository: Some("https://ghe.example/acme/rocket".parse().unwrap()),
            workflow: Some(".github/workflows/release.yml".to_owned()),
            ..identity(Provider::GitHub)
        };
        assert_eq!(Publisher::of(&elsewhere), None);
        let odd = Identity {
            account: Some("https://circleci.com/api/v2/projects/p/pipeline-definitions/d/x".to_owned()),
            ..identity(Provider::CircleCi)
        };
        assert_eq!(Publisher::of(&odd), None);
    }
}
