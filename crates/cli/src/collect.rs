//! The evidence collector: asks one kind of place at a time for a file's provenance, and remembers every answer.
//!
//! What it brings is unverified. A place that fails is recorded and never taken for a pass: without sufficient evidence
//! the verification core refuses.

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, SourceRepository, Version};
use slsa_pip_github_releases::{Answer, GithubUrls, ReleaseAnswer};
use slsa_pip_http::{Client, Settings};
use slsa_pip_provenance::{Attestation, Evidence, Found, Located, ParsedFile, Problem, SourceKind, parse_provenance};
use slsa_pip_pypi_client::{IndexClient, IndexFile, IntegrityAnswer};
use slsa_pip_verify::{Code, Refusal, Verified};

use crate::directory::ProvenanceDir;
use crate::failure::{Failure, Result};
use crate::report::{FileReport, Searched, Verdict};
use crate::settings::Trust;

/// The places, in the order in which they are asked: what the user named, what is nearest, what costs most.
pub(crate) const STAGES: [SourceKind; 4] = [
    SourceKind::Directory,
    SourceKind::IndexIntegrity,
    SourceKind::GithubRelease,
    SourceKind::GithubAttestation,
];

/// What the places have answered so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Harvest {
    /// Attestations that could be read.
    pub(crate) evidence: Vec<Evidence>,
    /// What could not be read.
    pub(crate) problems: Vec<(Found, Problem)>,
    /// Every place that was asked.
    pub(crate) searched: Vec<Searched>,
}

impl Harvest {
    /// Records a place and its answer.
    pub(crate) fn searched(&mut self, place: SourceKind, location: &str, answer: &str) {
        self.searched.push(Searched {
            place,
            location: location.to_owned(),
            answer: answer.to_owned(),
        });
    }

    /// Adds what another place has answered.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.evidence.extend(other.evidence);
        self.problems.extend(other.problems);
        self.searched.extend(other.searched);
    }

    /// Reads what GitHub has answered with, and records the places that held nothing.
    fn read_answer(&mut self, place: SourceKind, answer: &ReleaseAnswer) {
        for asked in answer.asked.iter().filter(|asked| asked.answer != Answer::Found) {
            self.searched(place, &asked.location, &asked.answer.to_string());
        }
        for (url, bytes) in &answer.evidence_files {
            self.read(place, &slsa_pip_http::redact(url), bytes);
        }
    }

    /// Reads a document that a place has answered with.
    fn read(&mut self, kind: SourceKind, location: &str, bytes: &[u8]) {
        let parsed = parse_provenance(bytes);
        self.searched(kind, location, &describe_parsed(&parsed));
        let found = |line| Found {
            kind,
            location: location.to_owned(),
            line,
        };
        for Located { line, item } in parsed.attestations {
            self.evidence.push(Evidence {
                attestation: item,
                found: found(line),
                log_answers: Vec::new(),
            });
        }
        self.problems.extend(
            parsed
                .problems
                .into_iter()
                .map(|problem| (found(problem.line), problem.item)),
        );
    }
}

/// What a document held, in a few words.
pub(crate) fn describe_parsed(parsed: &ParsedFile) -> String {
    match (parsed.attestations.len(), parsed.problems.as_slice()) {
        (0, []) => "empty".to_owned(),
        (0, [problem, ..]) => format!("unreadable: {}", problem.item),
        (1, []) => "found one attestation".to_owned(),
        (count, []) => format!("found {count} attestations"),
        (count, problems) => format!(
            "found {count} attestation(s), and {} part(s) that cannot be read",
            problems.len()
        ),
    }
}

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
    /// The repository that policy pins, or that unsigned metadata names: where to look, never what to believe (E7).
    pub(crate) repository: Option<&'a SourceRepository>,
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
}

impl Collector<'_> {
    /// Asks one kind of place, and the transparency log for what needs it.
    pub(crate) async fn ask(&self, place: SourceKind, subject: &Subject<'_>) -> Harvest {
        let mut harvest = Harvest::default();
        match place {
            SourceKind::Directory => self.ask_directories(subject, &mut harvest),
            _ if self.trust.offline => harvest.searched(place, "(network)", "not asked: --offline"),
            SourceKind::IndexIntegrity => self.ask_index(subject, &mut harvest).await,
            SourceKind::GithubRelease => self.ask_releases(subject, &mut harvest).await,
            SourceKind::GithubAttestation => self.ask_attestations(subject, &mut harvest).await,
            SourceKind::File => {}
        }
        attach_log_answers(&mut harvest, self.http, self.trust, subject.sha256).await;
        harvest
    }

    fn ask_directories(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        for dir in self.dirs {
            let answer = dir.evidence_for(subject.file.filename.as_str(), subject.sha256);
            let words = match (answer.evidence.len(), answer.problems.len()) {
                (0, 0) => "none".to_owned(),
                (0, _) => "unreadable".to_owned(),
                (1, _) => "found one attestation".to_owned(),
                (count, _) => format!("found {count} attestations"),
            };
            harvest.searched(SourceKind::Directory, &dir.path().display().to_string(), &words);
            harvest.evidence.extend(answer.evidence);
            harvest.problems.extend(answer.problems);
        }
    }

    async fn ask_index(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        let place = SourceKind::IndexIntegrity;
        match self.index.integrity_provenance(subject.file).await {
            Ok(IntegrityAnswer::Found { bytes, url }) => harvest.read(place, &slsa_pip_http::redact(&url), &bytes),
            Ok(answer) => {
                let (location, words) = describe_integrity(&answer);
                harvest.searched(place, &location, &words);
            }
            Err(error) => harvest.searched(place, "index", &describe_error(&error)),
        }
    }

    async fn ask_releases(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        let place = SourceKind::GithubRelease;
        let Some(repository) = subject.repository.filter(|repository| repository.is_github()) else {
            harvest.searched(
                place,
                self.github.web.as_str(),
                "not asked: neither policy nor metadata names a GitHub repository",
            );
            return;
        };
        let filename = subject.file.filename.as_str();
        let answer = slsa_pip_github_releases::release_evidence(
            self.http,
            self.github,
            repository,
            subject.name,
            subject.version,
            filename,
            subject.tag,
        )
        .await;
        harvest.read_answer(place, &answer);
    }

    async fn ask_attestations(&self, subject: &Subject<'_>, harvest: &mut Harvest) {
        let place = SourceKind::GithubAttestation;
        let Some(repository) = subject.repository.filter(|repository| repository.is_github()) else {
            harvest.searched(
                place,
                self.github.api.as_str(),
                "not asked: neither policy nor metadata names a GitHub repository",
            );
            return;
        };
        let answer = slsa_pip_github_releases::attestations(
            self.http,
            self.github,
            repository,
            subject.sha256,
            self.github_token,
        )
        .await;
        harvest.read_answer(place, &answer);
    }
}

/// Asks the transparency log about the classic envelopes that are about this digest and have no answer yet (B7).
pub(crate) async fn attach_log_answers(harvest: &mut Harvest, http: &Client, trust: &Trust, sha256: &Sha256Digest) {
    for position in 0..harvest.evidence.len() {
        let Some(evidence) = harvest.evidence.get_mut(position) else {
            continue;
        };
        let Attestation::Classic(envelope) = &evidence.attestation else {
            continue;
        };
        if !evidence.log_answers.is_empty() || !evidence.attestation.sha256_subjects_hint().contains(sha256) {
            continue;
        }
        let place = evidence.found.kind;
        let location = format!("transparency log {}", slsa_pip_http::redact(&trust.rekor_url));
        let words = if trust.offline {
            "not asked: --offline".to_owned()
        } else {
            match slsa_pip_transparency_log::lookup(http, &trust.rekor_url, envelope, sha256).await {
                Ok(answers) => {
                    evidence.log_answers = answers;
                    format!("found {} log entries", evidence.log_answers.len())
                }
                Err(error) => describe_error(&error),
            }
        };
        harvest.searched(place, &location, &words);
    }
}

/// An HTTP client that no pip has configured, for commands that need no interpreter.
pub(crate) fn standalone_client(offline: bool) -> Result<Client> {
    let mut settings = Settings::default();
    settings.offline = offline;
    Client::new(settings).map_err(|error| Failure::new("The network client could not be set up").caused_by(&error))
}

/// Where an index was asked and what it answered, where that was no provenance object.
fn describe_integrity(answer: &IntegrityAnswer) -> (String, String) {
    use slsa_pip_http::redact;
    match answer {
        IntegrityAnswer::Found { url, .. } => (redact(url), "found".to_owned()),
        IntegrityAnswer::None { url } => (redact(url), "none".to_owned()),
        IntegrityAnswer::Disabled { url } => (
            redact(url),
            "forbidden: the index has switched provenance off".to_owned(),
        ),
        IntegrityAnswer::Unusable { url, reason } => (redact(url), format!("unreadable: {reason}")),
        _ => ("index".to_owned(), "not offered".to_owned()),
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

/// The report on one file. Unreadable evidence counts as a refusal of its own where nothing was accepted.
pub(crate) fn file_report(
    filename: &str,
    parsed: Option<&DistributionFilename>,
    sha256: Option<Sha256Digest>,
    outcome: std::result::Result<Verified, Vec<Refusal>>,
    harvest: Harvest,
) -> FileReport {
    let package = parsed.map(|file| file.name().to_string());
    let (verdict, evidence, refusals) = match outcome {
        Ok(verified) => (Verdict::Verified, Some(verified.basis().clone()), Vec::new()),
        Err(mut refusals) => {
            let unreadable: Vec<Refusal> = harvest
                .problems
                .iter()
                .map(|(found, problem)| unreadable(filename, package.as_deref(), found, problem))
                .collect();
            if !unreadable.is_empty() {
                refusals.retain(|refusal| refusal.code != Code::NoEvidence);
            }
            refusals.extend(unreadable);
            (Verdict::Refused, None, refusals)
        }
    };
    FileReport {
        name: filename.to_owned(),
        package,
        version: parsed.map(|file| file.version().to_string()),
        sha256,
        verdict,
        evidence,
        refusals,
        searched: harvest.searched,
        required_by: Vec::new(),
        declared_repository: None,
    }
}

fn unreadable(filename: &str, package: Option<&str>, found: &Found, problem: &Problem) -> Refusal {
    Refusal {
        code: Code::EvidenceUnreadable,
        rule: Code::EvidenceUnreadable.rule(),
        package: package.map(str::to_owned),
        file: filename.to_owned(),
        summary: "what was found as its provenance cannot be read".to_owned(),
        expected: Some("a DSSE envelope, a Sigstore bundle, or a PEP 740 object".to_owned()),
        found: Some(format!("{problem} [{}]", problem.code())),
        source: Some(found.clone()),
        hint: None,
    }
}
