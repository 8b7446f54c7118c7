//! The expectations that are typed: slsa-verifier's flags (rules D3 and E1 to E5).

use std::collections::BTreeMap;

use slsa_pip_distribution::repository::InvalidRepository;
use slsa_pip_distribution::{DistributionFilename, SourceRepository};
use slsa_pip_policy::{BuilderId, Expectation, InvalidBuilder};

use crate::args::{CheckReleaseArgs, VerifyArgs};
use crate::failure::{Failure, Result};
use crate::settings::Trust;

/// The expectations that were typed.
pub(in crate::commands) struct Flags {
    /// The option that has named the repository.
    pinned_by: &'static str,
    repository: Option<SourceRepository>,
    tag: Option<String>,
    versioned_tag: Option<String>,
    inputs: BTreeMap<String, String>,
    branch: Option<String>,
    builder: Option<BuilderId>,
}

impl Flags {
    pub(super) fn parse(args: &VerifyArgs) -> Result<Self> {
        Ok(Self {
            pinned_by: "--source-uri",
            repository: args
                .source_uri
                .as_deref()
                .map(|given| repository("--source-uri", given))
                .transpose()?,
            tag: args.source_tag.clone(),
            versioned_tag: args.source_versioned_tag.clone(),
            inputs: workflow_inputs(&args.build_workflow_input)?,
            branch: args.source_branch.clone(),
            builder: builder(args.builder_id.as_deref())?,
        })
    }

    /// What a maintainer says of a release.
    pub(in crate::commands) fn of_release(args: &CheckReleaseArgs) -> Result<Self> {
        Ok(Self {
            pinned_by: "--repository",
            repository: Some(repository("--repository", &args.repository)?),
            tag: Some(args.tag.clone()),
            versioned_tag: None,
            inputs: BTreeMap::new(),
            branch: None,
            builder: builder(args.builder_id.as_deref())?,
        })
    }

    /// The policy's expectation for the file, narrowed by the flags. Where its name does not say which package it is, and for a
    /// bare digest, that is what policy expects of every file.
    pub(in crate::commands) fn expectation(&self, trust: &Trust, file: Option<&DistributionFilename>) -> Expectation {
        let mut expectation = match file {
            Some(file) => trust.policy.expectation(file.name(), file.version()),
            None => trust.policy.default_expectation(),
        };
        if let Some(repository) = &self.repository {
            // It takes the place of all that policy accepts.
            expectation.repositories = vec![repository.clone()];
            expectation.owners.clear();
            expectation.accounts.clear();
            expectation.pinned_by = Some(self.pinned_by.to_owned());
        }
        expectation.source_tag.clone_from(&self.tag);
        expectation.versioned_tag.clone_from(&self.versioned_tag);
        expectation.source_branch.clone_from(&self.branch);
        expectation.workflow_inputs.clone_from(&self.inputs);
        if let Some(builder) = &self.builder {
            // Who names a builder trusts it, for these files.
            expectation.trusted_builders.add(builder.clone());
            expectation.builder = Some(builder.clone());
        }
        expectation
    }
}

fn repository(option: &str, given: &str) -> Result<SourceRepository> {
    given.parse().map_err(|error: InvalidRepository| {
        Failure::new(format!("`{option}` takes a source repository"))
            .caused_by(&error)
            .hint(format!("`{option} github.com/OWNER/NAME`"))
    })
}

fn builder(given: Option<&str>) -> Result<Option<BuilderId>> {
    given.map(str::parse).transpose().map_err(|error: InvalidBuilder| {
        Failure::new("`--builder-id` takes a builder")
            .caused_by(&error)
            .hint("`--builder-id https://github.com/OWNER/NAME/.github/workflows/FILE.yml@vX.Y.Z`")
    })
}

/// `KEY=VALUE` words; a key that is named twice would leave open which value counts.
fn workflow_inputs(words: &[String]) -> Result<BTreeMap<String, String>> {
    let mut inputs = BTreeMap::new();
    for word in words {
        let pair = word.split_once('=').filter(|(key, _)| !key.is_empty());
        let fresh = pair.is_some_and(|(key, value)| inputs.insert(key.to_owned(), value.to_owned()).is_none());
        if !fresh {
            let why = if pair.is_some() {
                "names a key a second time"
            } else {
                "is not KEY=VALUE"
            };
            return Err(Failure::new(format!("`--build-workflow-input {word}` {why}"))
                .hint("`--build-workflow-input release=true`"));
        }
    }
    Ok(inputs)
}
