//! Who signs: the workflow run that a Fulcio certificate names, and every claim of it.

use std::collections::BTreeMap;

/// GitHub's OIDC issuer.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The generic SLSA generator's workflow, without its ref.
pub const GENERIC_GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

/// The commit of the generator's `v2.0.0`.
const GENERATOR_SHA: &str = "5a775b367a56d5bd118a224a811bba288150a563";

/// A workflow run as Fulcio would describe it. All fields may be changed; [`Identity::claim`] and
/// [`Identity::without_claim`] override single certificate extensions whatever the fields say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Source repository, `owner/name`.
    pub repository: String,
    /// Source ref, such as `refs/tags/1.0.0`.
    pub reference: String,
    /// Commit that was built, 40 hex digits.
    pub sha: String,
    /// Path of the top-level workflow in the source repository.
    pub workflow: String,
    /// Its display name.
    pub workflow_name: String,
    /// Event that started the run: `push`, `release`, `workflow_dispatch`, …
    pub trigger: String,
    /// The reusable workflow that signed, `https://github.com/o/r/path`, with its ref and commit; `None`: the top-level workflow signed.
    pub builder: Option<Builder>,
    /// Numeric id of the source repository.
    pub repository_id: String,
    /// Numeric id of its owner.
    pub owner_id: String,
    /// `github-hosted` or `self-hosted`.
    pub runner_environment: String,
    /// Deployment environment; `None` leaves the claim out.
    pub environment: Option<String>,
    /// `public`, `private` or `internal`.
    pub visibility: String,
    /// Run number.
    pub run_id: String,
    /// Attempt of the run.
    pub run_attempt: String,
    /// OIDC issuer.
    pub issuer: String,
    /// Subject alternative name; `None` derives the URI from the builder or the workflow.
    pub san: Option<San>,
    overrides: BTreeMap<u32, Option<String>>,
}

/// A reusable workflow that signs in the name of another repository's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// `https://github.com/<owner>/<repository>/<path>`.
    pub name: String,
    /// `refs/tags/v2.0.0`.
    pub reference: String,
    /// Commit of that ref.
    pub sha: String,
}

/// The certificate's subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum San {
    /// A URI, as for workflows.
    Uri(String),
    /// An e-mail address, as for people and Google service accounts.
    Email(String),
}

impl Identity {
    /// A release workflow of `repository` (`owner/name`) that signs for itself, as with actions/attest and trusted publishing.
    pub fn github(repository: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            reference: "refs/tags/v1.0.0".to_owned(),
            sha: "c1b8afd3d6ca038dc2bb512503c619fcab489d2b".to_owned(),
            workflow: ".github/workflows/release.yml".to_owned(),
            workflow_name: "release".to_owned(),
            trigger: "push".to_owned(),
            builder: None,
            repository_id: "538293197".to_owned(),
            owner_id: "3059210".to_owned(),
            runner_environment: "github-hosted".to_owned(),
            environment: None,
            visibility: "public".to_owned(),
            run_id: "11243052988".to_owned(),
            run_attempt: "1".to_owned(),
            issuer: GITHUB_ISSUER.to_owned(),
            san: None,
            overrides: BTreeMap::new(),
        }
    }

    /// A run of `repository` in which the generic SLSA generator at `v2.0.0` built the provenance and signed it.
    pub fn slsa_generator(repository: &str) -> Self {
        Self::github(repository).builder(GENERIC_GENERATOR, "refs/tags/v2.0.0")
    }

    /// Sets the source ref.
    #[must_use]
    pub fn reference(mut self, reference: &str) -> Self {
        reference.clone_into(&mut self.reference);
        self
    }

    /// Sets the source ref to a tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        self.reference(&format!("refs/tags/{tag}"))
    }

    /// Sets the path of the top-level workflow.
    #[must_use]
    pub fn workflow(mut self, path: &str) -> Self {
        path.clone_into(&mut self.workflow);
        self
    }

    /// Sets the event that started the run.
    #[must_use]
    pub fn trigger(mut self, event: &str) -> Self {
        event.clone_into(&mut self.trigger);
        self
    }

    /// Sets the reusable workflow that signs, by name and ref.
    #[must_use]
    pub fn builder(mut self, name: &str, reference: &str) -> Self {
        self.builder = Some(Builder {
            name: name.to_owned(),
            reference: reference.to_owned(),
            sha: GENERATOR_SHA.to_owned(),
        });
        self
    }

    /// Sets the deployment environment.
    #[must_use]
    pub fn environment(mut self, environment: &str) -> Self {
        self.environment = Some(environment.to_owned());
        self
    }

    /// Sets extension 1.3.6.1.4.1.57264.1.`number` to `value`, whatever the fields say.
    #[must_use]
    pub fn claim(mut self, number: u32, value: &str) -> Self {
        self.overrides.insert(number, Some(value.to_owned()));
        self
    }

    /// Leaves extension 1.3.6.1.4.1.57264.1.`number` out.
    #[must_use]
    pub fn without_claim(mut self, number: u32) -> Self {
        self.overrides.insert(number, None);
        self
    }

    /// Sets the subject alternative name.
    #[must_use]
    pub fn san(mut self, san: San) -> Self {
        self.san = Some(san);
        self
    }

    /// `https://github.com/<owner>/<name>`.
    pub fn repository_url(&self) -> String {
        format!("https://github.com/{}", self.repository)
    }

    /// Owner part of the repository.
    pub fn owner(&self) -> &str {
        self.repository
            .split_once('/')
            .map_or(self.repository.as_str(), |(owner, _)| owner)
    }

    /// The top-level workflow with its ref, as claim 18 has it.
    pub fn workflow_url(&self) -> String {
        format!("{}/{}@{}", self.repository_url(), self.workflow, self.reference)
    }

    /// The workflow that signs with its ref: the builder, or the top-level workflow.
    pub fn signer_url(&self) -> String {
        self.builder.as_ref().map_or_else(
            || self.workflow_url(),
            |builder| format!("{}@{}", builder.name, builder.reference),
        )
    }

    /// `https://github.com/<owner>/<name>/actions/runs/<id>/attempts/<n>`.
    pub fn run_url(&self) -> String {
        format!(
            "{}/actions/runs/{}/attempts/{}",
            self.repository_url(),
            self.run_id,
            self.run_attempt
        )
    }

    /// The subject alternative name to write.
    pub(crate) fn subject_alternative_name(&self) -> San {
        self.san.clone().unwrap_or_else(|| San::Uri(self.signer_url()))
    }

    /// Extension numbers under 1.3.6.1.4.1.57264.1 with their values, ascending, overrides applied.
    pub fn claims(&self) -> Vec<(u32, String)> {
        let signer_sha = self.builder.as_ref().map_or(&self.sha, |builder| &builder.sha);
        let mut claims: BTreeMap<u32, String> = [
            (1, self.issuer.clone()),
            (2, self.trigger.clone()),
            (3, self.sha.clone()),
            (4, self.workflow_name.clone()),
            (5, self.repository.clone()),
            (6, self.reference.clone()),
            (8, self.issuer.clone()),
            (9, self.signer_url()),
            (10, signer_sha.clone()),
            (11, self.runner_environment.clone()),
            (12, self.repository_url()),
            (13, self.sha.clone()),
            (14, self.reference.clone()),
            (15, self.repository_id.clone()),
            (16, format!("https://github.com/{}", self.owner())),
            (17, self.owner_id.clone()),
            (18, self.workflow_url()),
            (19, self.sha.clone()),
            (20, self.trigger.clone()),
            (21, self.run_url()),
            (22, self.visibility.clone()),
        ]
        .into();
        claims.extend(self.environment.clone().map(|environment| (23, environment)));
        for (number, value) in &self.overrides {
            match value {
                Some(value) => claims.insert(*number, value.clone()),
                None => claims.remove(number),
            };
        }
        claims.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_signs_for_the_source_repository() {
        let identity = Identity::slsa_generator("acme/widget").tag("v2");
        let claims: BTreeMap<_, _> = identity.claims().into_iter().collect();
        assert_eq!(claims[&9], format!("{GENERIC_GENERATOR}@refs/tags/v2.0.0"));
        assert_eq!(claims[&12], "https://github.com/acme/widget");
        assert_eq!(
            claims[&18],
            "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v2"
        );
        assert_eq!(claims[&16], "https://github.com/acme");
        assert!(!claims.contains_key(&23));
    }

    #[test]
    fn overrides_win() {
        let identity = Identity::github("acme/widget")
            .claim(23, "prod")
            .claim(12, "x")
            .without_claim(5);
        let claims: BTreeMap<_, _> = identity.claims().into_iter().collect();
        assert_eq!((claims[&23].as_str(), claims[&12].as_str()), ("prod", "x"));
        assert!(!claims.contains_key(&5));
    }
}
