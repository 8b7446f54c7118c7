//! A publisher as PEP 740 writes it and lock files record it.

use std::fmt;

use crate::repository::SourceRepository;

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
    /// Any other kind, or a known one without the fields that it needs; no file ever meets it (A5).
    Other {
        /// The kind as written.
        kind: String,
    },
}

impl Publisher {
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
