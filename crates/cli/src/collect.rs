//! The evidence collector: asks one kind of place at a time for a file's provenance, and remembers every answer.
//!
//! What it brings is unverified. A place that fails is recorded and never taken for a pass: without sufficient evidence
//! the verification core refuses.

use slsa_pip_distribution::{PackageName, Sha256Digest, SourceRepository, Version};
use slsa_pip_github_releases::{GithubUrls, attestations, release_evidence};
use slsa_pip_http::{Client, Settings, redact};
use slsa_pip_provenance::SourceKind;
use slsa_pip_pypi_client::{IndexClient, IndexFile, IntegrityAnswer};
use slsa_pip_verify::{Context, StagedFile};

use crate::directory::ProvenanceDir;
use crate::failure::{Failure, Result};
use crate::harvest::Harvest;
use crate::log_answers::LogAnswers;
use crate::report::Outcome;
use crate::settings::Trust;

/// The places, in the order in which they are asked: what the user named, what is nearest, what costs most.
pub(crate) const STAGES: [SourceKind; 4] = [
    SourceKind::Directory,
    SourceKind::IndexIntegrity,
    SourceKind::GithubRelease,
    SourceKind::GithubAttestation,
];

/// One file, as far as the search for its provenance needs to know it.
pub(crate) struct Subject<'a> {
    /// The index's description of the file.
    pub(crate) file: &'a IndexFile,
    /// Project.
    pub(crate) name: &'a PackageName,
    /// Version.
    pub(crate) version: &'a Version,
    /// Digest of the downloaded bytes.
    pub(crate) sha256: &'a Sha256Digest,
    /// The repositories that policy pins, or the one that unsigned metadata names: where to look, never what to believe
    /// (E7).
    pub(crate) repositories: &'a [SourceRepository],
    /// The tag that policy binds this version to, if it does.
    pub(crate) tag: Option<&'a str>,
}

/// Asks the places.
pub(crate) struct Collector<'a> {
    pub(crate) http: &'a Client,
    pub(crate) index: &'a IndexClient,
    pub(crate) dirs: &'a [ProvenanceDir],
    pub(crate) github: &'a GithubUrls,
    pub(crate) github_token: Option<&'a str>,
    pub(crate) trust: &'a Trust,
    pub(crate) log: &'a LogAnswers<'a>,
}

impl Collector<'_> {
    /// Asks one kind of place, and the transparency log for what needs it.
    pub(crate) async fn ask(
        &self,
        place: SourceKind,
        subject: &Subject<'_>,
        staged: &StagedFile,
        context: &Context<'_>,
    ) -> Harvest {
        let mut harvest = Harvest::default();
        match place {
            SourceKind::Directory => self.ask_directories(subject, &mut harvest),
            _ if self.trust.offline => harvest.searched(place, "(network)", Outcome::NotAsked, "not asked: --offline"),
            SourceKind::IndexIntegrity => self.ask_index(subject, &mut harvest).await,
            SourceKind::GithubRelease | SourceKind::GithubAttestation => {
                self.ask_github(place, subject, &mut harvest).await;
            }
            SourceKind::File => {}
        }
        self.log.attach(&mut harvest, staged, context).await;
        harvest
    }

    fn ask_directories(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        for dir in self.dirs {
            let answer = dir.evidence_for(subject.file.filename.as_str(), subject.sha256);
            let (outcome, words) = match (answer.evidence.len(), answer.problems.len()) {
                (0, 0) => (Outcome::None, "none".to_owned()),
                (0, _) => (Outcome::Unreadable, "unreadable".to_owned()),
                (1, _) => (Outcome::Found, "found one attestation".to_owned()),
                (count, _) => (Outcome::Found, format!("found {count} attestations")),
            };
            harvest.searched(SourceKind::Directory, &dir.path().display().to_string(), outcome, words);
            harvest.evidence.extend(answer.evidence);
            harvest.problems.extend(answer.problems);
            for (location, paths) in answer.sidecars {
                harvest.add_sidecars(&location, paths);
            }
        }
    }

    async fn ask_index(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        let place = SourceKind::IndexIntegrity;
        match self.index.integrity_provenance(subject.file).await {
            Ok(IntegrityAnswer::Found { bytes, url }) => harvest.read(place, &redact(&url), &bytes),
            Ok(IntegrityAnswer::None { url }) => harvest.searched(place, &redact(&url), Outcome::None, "none"),
            Ok(IntegrityAnswer::Disabled { url }) => {
                let words = "forbidden: the index has switched provenance off";
                harvest.searched(place, &redact(&url), Outcome::None, words);
            }
            Ok(IntegrityAnswer::Unusable { url, reason }) => {
                harvest.searched(
                    place,
                    &redact(&url),
                    Outcome::Unreadable,
                    format!("unreadable: {reason}"),
                );
            }
            Ok(_) => harvest.searched(place, "index", Outcome::NotAsked, "not offered"),
            Err(error) => harvest.searched(place, "index", Outcome::Failed, describe_error(&error)),
        }
    }

    async fn ask_github(&self, place: SourceKind, subject: &Subject<'_>, harvest: &mut Harvest) {
        let mut asked = false;
        for repository in subject.repositories.iter().filter(|repository| repository.is_github()) {
            asked = true;
            let answer = if place == SourceKind::GithubRelease {
                let filename = subject.file.filename.as_str();
                let (name, version) = (subject.name, subject.version);
                release_evidence(self.http, self.github, repository, name, version, filename, subject.tag).await
            } else {
                attestations(self.http, self.github, repository, subject.sha256, self.github_token).await
            };
            harvest.read_answer(place, &answer);
        }
        if !asked {
            let url = if place == SourceKind::GithubRelease {
                &self.github.web
            } else {
                &self.github.api
            };
            let words = "not asked: neither policy nor metadata names a GitHub repository";
            harvest.searched(place, &redact(url), Outcome::NotAsked, words);
        }
    }
}

/// An HTTP client that no pip has configured, for commands that need no interpreter.
pub(crate) fn standalone_client(offline: bool) -> Result<Client> {
    let mut settings = Settings::default();
    settings.offline = offline;
    Client::new(settings).map_err(|error| Failure::new("The network client could not be set up").caused_by(&error))
}

/// An error and its sources in one line.
pub(crate) fn describe_error(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}
