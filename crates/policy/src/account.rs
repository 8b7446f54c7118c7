//! Publishers that have no source repository: what a pin names in its place.

use std::fmt;

use crate::identity::Provider;

/// A publisher who is known by an account, and by no repository. It is compared exactly with what the certificate says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// A Google account.
    Google {
        /// The certificate's e-mail address (SAN).
        email: String,
    },
    /// A `CircleCI` pipeline definition (claim 1.9).
    CircleCi {
        /// The project's id.
        project_id: String,
        /// The pipeline definition's id.
        pipeline_definition_id: String,
    },
}

impl Account {
    /// Who must vouch for it.
    #[must_use]
    pub const fn provider(&self) -> Provider {
        match self {
            Self::Google { .. } => Provider::Google,
            Self::CircleCi { .. } => Provider::CircleCi,
        }
    }

    /// The text that a certificate names it by: that of [`Identity::account`](crate::Identity::account).
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Google { email } => email.clone(),
            Self::CircleCi {
                project_id,
                pipeline_definition_id,
            } => format!(
                "https://circleci.com/api/v2/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}"
            ),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.subject(), self.provider())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_as_certificates_name_it() {
        let google = Account::Google {
            email: "release@acme.example".to_owned(),
        };
        assert_eq!(
            (google.subject().as_str(), google.provider()),
            ("release@acme.example", Provider::Google)
        );
        let circleci = Account::CircleCi {
            project_id: "p-1".to_owned(),
            pipeline_definition_id: "d-2".to_owned(),
        };
        assert_eq!(
            circleci.to_string(),
            "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2 (circleci)"
        );
    }
}
