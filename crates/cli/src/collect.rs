//! The evidence collector: asks one kind of place for a file's provenance, and records every answer.
//!
//! What it brings is unverified. A place that fails is recorded and never taken for a pass: without sufficient evidence
//! the verification core refuses.

use std::time::Duration;

use slsa_pip_distribution::{PackageName, Sha256Digest, SourceRepository, Version};
use slsa_pip_github_releases::Github;
use slsa_pip_http::{HttpError, redact};
use slsa_pip_provenance::SourceKind;
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile, IntegrityAnswer};
use slsa_pip_verify::{Context, StagedFile};

use crate::args::Place;
use crate::directory::ProvenanceDir;
use crate::harvest::Harvest;
use crate::log_answers::LogAnswers;
use crate::named::NamedProvenance;
use crate::report::Outcome;
use crate::settings::{Endpoints, Trust};

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

/// Longest wait for one answer that is reckoned with; `--timeout` takes any number.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

/// Asks the places.
pub(crate) struct Collector<'a> {
    pub(crate) index: &'a IndexClient,
    pub(crate) named: &'a [NamedProvenance],
    pub(crate) dirs: &'a [ProvenanceDir],
    pub(crate) github: &'a Github,
    pub(crate) endpoints: &'a Endpoints,
    /// The kinds of places that the user lets be asked.
    pub(crate) places: &'a [Place],
    pub(crate) trust: &'a Trust,
    pub(crate) log: &'a LogAnswers<'a>,
}

impl Collector<'_> {
    /// Asks one kind of place, and the transparency log for what needs it.
    pub(crate) async fn ask(
        &self,
        place: Place,
        subject: &Subject<'_>,
        staged: &StagedFile,
        context: &Context<'_>,
    ) -> Harvest {
        if !self.may_ask(place) {
            return self.spared(place);
        }
        let mut harvest = Harvest::default();
        match place {
            Place::Dir => self.ask_directories(subject, &mut harvest),
            Place::Index => self.ask_index(subject, &mut harvest).await,
            Place::GithubRelease | Place::GithubAttestation => self.ask_github(place, subject, &mut harvest).await,
        }
        self.log.attach(&mut harvest, staged, context).await;
        harvest
    }

    /// Asks the documents that the user has named, which cannot be switched off, and the transparency log for what needs it.
    pub(crate) async fn ask_named(&self, subject: &Subject<'_>, staged: &StagedFile, context: &Context<'_>) -> Harvest {
        let mut harvest = Harvest::default();
        for document in self.named {
            document.ask(subject.file.filename.as_str(), subject.sha256, &mut harvest);
        }
        self.log.attach(&mut harvest, staged, context).await;
        harvest
    }

    fn may_ask(&self, place: Place) -> bool {
        self.places.contains(&place) && (place == Place::Dir || !self.trust.offline)
    }

    /// The record of a place that is not asked, or not to the end: it may not be, or there is enough without it.
    pub(crate) fn spared(&self, place: Place) -> Harvest {
        let why = if !self.places.contains(&place) {
            "not asked: switched off"
        } else if self.may_ask(place) {
            "not asked: there was enough evidence"
        } else {
            "not asked: --offline"
        };
        self.not_asked(place, why)
    }

    fn not_asked(&self, place: Place, why: &str) -> Harvest {
        let mut harvest = Harvest::default();
        harvest.searched(kind(place), &self.location(place), Outcome::NotAsked, why);
        harvest
    }

    /// The record of a place whose answer was not waited for any longer; `None` for the documents that the user has named.
    pub(crate) fn timed_out(&self, place: Option<Place>) -> Harvest {
        let mut harvest = Harvest::default();
        harvest.out_of_time = true;
        let (kind, location) = match place {
            Some(place) => (kind(place), self.location(place)),
            None => (SourceKind::File, "named documents".to_owned()),
        };
        let words = "timed out: the search for this file has taken too long";
        harvest.searched(kind, &location, Outcome::TimedOut, words);
        harvest
    }

    /// How long one answer is waited for.
    pub(crate) fn timeout(&self) -> Duration {
        self.index.http().settings().timeout.min(LONGEST_TIMEOUT)
    }

    fn location(&self, place: Place) -> String {
        match place {
            Place::Dir => "folders".to_owned(),
            Place::Index => "index".to_owned(),
            Place::GithubRelease => redact(&self.endpoints.github),
            Place::GithubAttestation => redact(&self.endpoints.github_api),
        }
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
                harvest.searched(place, &redact(&url), Outcome::Forbidden, words);
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
            Err(error) => {
                let location = subject.file.provenance.as_deref().map_or("index".to_owned(), redact);
                let (outcome, word) = outcome_of(&error);
                let words = format!("{word}: {}", describe_error(&error));
                harvest.searched(place, &location, outcome, words);
            }
        }
    }

    async fn ask_github(&self, place: Place, subject: &Subject<'_>, harvest: &mut Harvest) {
        let mut asked = false;
        for repository in subject.repositories {
            let answer = if place == Place::GithubRelease {
                let filename = subject.file.filename.as_str();
                let (name, version) = (subject.name, subject.version);
                self.github
                    .release_evidence(repository, name, version, filename, subject.tag)
                    .await
            } else {
                self.github.attestations(repository, subject.sha256).await
            };
            // Of repositories elsewhere GitHub is not asked.
            asked |= !answer.asked.is_empty();
            harvest.read_answer(kind(place), answer);
        }
        if !asked {
            let words = "not asked: neither policy nor metadata names a GitHub repository";
            harvest.absorb(self.not_asked(place, words));
        }
    }
}

/// How reports name a kind of place.
fn kind(place: Place) -> SourceKind {
    match place {
        Place::Dir => SourceKind::Directory,
        Place::Index => SourceKind::IndexIntegrity,
        Place::GithubRelease => SourceKind::GithubRelease,
        Place::GithubAttestation => SourceKind::GithubAttestation,
    }
}

/// What an error of the index says about provenance there.
fn outcome_of(error: &IndexError) -> (Outcome, &'static str) {
    let IndexError::Http(error) = error else {
        return (Outcome::Failed, "failed");
    };
    match error {
        HttpError::Timeout { .. } | HttpError::TooSlow { .. } | HttpError::Status { status: 408 | 504, .. } => {
            (Outcome::TimedOut, "timed out")
        }
        HttpError::Status { status: 429, .. } => (Outcome::RateLimited, "rate-limited"),
        HttpError::Login { .. } | HttpError::Status { status: 401 | 407, .. } => (Outcome::Forbidden, "forbidden"),
        HttpError::TooLarge { .. } | HttpError::Encoding { .. } => (Outcome::Unreadable, "unreadable"),
        _ => (Outcome::Failed, "failed"),
    }
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
