//! What the search for evidence has brought so far, and what becomes of it in the report.

use std::fmt::Write as _;
use std::path::PathBuf;

use slsa_pip_distribution::{DistributionFilename, Sha256Digest};
use slsa_pip_github_releases::{Answer, ReleaseAnswer};
use slsa_pip_provenance::{Evidence, Found, Located, ParsedFile, Problem, SourceKind, parse_provenance};
use slsa_pip_verify::{Basis, Code, Refusal, Verified};

use crate::report::table::Standing;
use crate::report::{FileReport, Outcome, Searched, Verdict};

/// What the places have answered so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Harvest {
    /// Attestations that could be read.
    pub(crate) evidence: Vec<Evidence>,
    /// What could not be read.
    pub(crate) problems: Vec<(Found, Problem)>,
    /// Every place that was asked.
    pub(crate) searched: Vec<Searched>,
    /// Whether the search was ended before every place had answered.
    pub(crate) out_of_time: bool,
    /// Where answers of the log may be stored for the evidence of a location ([`Found::location`]); most are not there.
    sidecars: Vec<(String, PathBuf)>,
}

impl Harvest {
    /// Records a place and its answer.
    pub(crate) fn searched(&mut self, place: SourceKind, location: &str, outcome: Outcome, answer: impl Into<String>) {
        self.searched.push(Searched {
            place,
            location: location.to_owned(),
            outcome,
            answer: answer.into(),
        });
    }

    /// Adds what another place has answered.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.evidence.extend(other.evidence);
        self.problems.extend(other.problems);
        self.searched.extend(other.searched);
        self.out_of_time |= other.out_of_time;
        self.sidecars.extend(other.sidecars);
    }

    /// Adds where was looked, and nothing of what was found there: the verdict was reached without it.
    pub(crate) fn absorb_places(&mut self, other: Self) {
        self.searched.extend(other.searched);
        self.out_of_time |= other.out_of_time;
    }

    /// Says of each place what was refused of its evidence. Of a place that has good evidence too, what is about other files is
    /// not worth a word.
    pub(crate) fn mark_refused(&mut self, refusals: &[Refusal]) {
        for searched in self.searched.iter_mut().filter(|it| it.outcome == Outcome::Found) {
            let here = |found: &Found| found.kind == searched.place && found.location == searched.location;
            let of_place = |refusal: &&Refusal| refusal.source.as_ref().is_some_and(here);
            let count = refusals.iter().filter(of_place).count();
            let all = count == self.evidence.iter().filter(|it| here(&it.found)).count();
            let counts = |refusal: &&Refusal| all || refusal.code != Code::DigestMismatch;
            if let Some(first) = refusals.iter().filter(of_place).find(counts) {
                let _ = write!(searched.answer, ", refused: {} [{}]", first.summary, first.code);
                if all {
                    searched.outcome = Outcome::Refused;
                }
            }
        }
    }

    /// Adds to the refusals of a file what the search has to say, and they do not yet: what could not be read, and that it was
    /// ended early.
    pub(crate) fn complete(&self, filename: &str, package: Option<&str>, mut refusals: Vec<Refusal>) -> Vec<Refusal> {
        let problems = self.problems.iter();
        let unreadable = problems.map(|(found, problem)| unreadable(filename, package, found, problem));
        let out_of_time = self.out_of_time.then(|| out_of_time(filename, package));
        let added: Vec<Refusal> = unreadable.chain(out_of_time).collect();
        if !added.is_empty() {
            refusals.retain(|refusal| !refusal.code.is_absence() && !added.contains(refusal));
        }
        refusals.extend(added);
        refusals
    }

    /// Names files that may hold the log's answers for what was found at a location.
    pub(crate) fn add_sidecars(&mut self, location: &str, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let named = (location.to_owned(), path);
            if !self.sidecars.contains(&named) {
                self.sidecars.push(named);
            }
        }
    }

    /// The files that may hold the log's answers for what was found at a location.
    pub(crate) fn sidecars_of(&self, location: &str) -> Vec<PathBuf> {
        let here = self.sidecars.iter().filter(|(named, _)| named == location);
        here.map(|(_, path)| path.clone()).collect()
    }

    /// Reads what GitHub has answered with, and records the places that held nothing.
    pub(crate) fn read_answer(&mut self, place: SourceKind, answer: ReleaseAnswer) {
        for asked in answer.asked.iter().filter(|asked| asked.answer != Answer::Found) {
            let outcome = match asked.answer {
                Answer::None => Outcome::None,
                Answer::Forbidden => Outcome::Forbidden,
                Answer::RateLimited { .. } => Outcome::RateLimited,
                Answer::TimedOut => Outcome::TimedOut,
                Answer::Offline => Outcome::NotAsked,
                Answer::Unreadable { .. } => Outcome::Unreadable,
                _ => Outcome::Failed,
            };
            self.searched(place, &asked.location, outcome, asked.answer.to_string());
        }
        // Each is dropped before the next one is read.
        for (url, bytes) in answer.evidence_files {
            self.read(place, &slsa_pip_http::redact(&url), &bytes);
        }
    }

    /// Reads a document that a place has answered with, or that the user has named.
    pub(crate) fn read(&mut self, kind: SourceKind, location: &str, bytes: &[u8]) {
        let parsed = parse_provenance(bytes);
        let (outcome, words) = describe(&parsed);
        self.searched(kind, location, outcome, words);
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
        let problems = parsed.problems.into_iter();
        self.problems
            .extend(problems.map(|problem| (found(problem.line), problem.item)));
    }
}

/// What a document held.
fn describe(parsed: &ParsedFile) -> (Outcome, String) {
    match (parsed.attestations.len(), parsed.problems.as_slice()) {
        (0, []) => (Outcome::Unreadable, "empty".to_owned()),
        (0, [problem, ..]) => (Outcome::Unreadable, format!("unreadable: {}", problem.item)),
        (1, []) => (Outcome::Found, "found one attestation".to_owned()),
        (count, []) => (Outcome::Found, format!("found {count} attestations")),
        (count, problems) => (
            Outcome::Found,
            format!(
                "found {count} attestation(s), and {} part(s) that cannot be read",
                problems.len()
            ),
        ),
    }
}

/// The report on one file. Unreadable evidence counts as a refusal of its own where nothing was accepted.
pub(crate) fn file_report(
    filename: &str,
    parsed: Option<&DistributionFilename>,
    sha256: Option<Sha256Digest>,
    outcome: Result<Verified, Vec<Refusal>>,
    harvest: Harvest,
) -> FileReport {
    let package = parsed.map(|file| file.name().to_string());
    let (verdict, refusals, evidence) = match outcome {
        Ok(verified) => {
            let basis = verified.basis().clone();
            match &basis {
                Basis::Tolerated(tolerated) => (Verdict::Tolerated, tolerated.refusals.clone(), Some(basis)),
                Basis::Attested(_) | Basis::Exempt(_) => (Verdict::Verified, Vec::new(), Some(basis)),
            }
        }
        Err(refusals) => {
            let refusals = harvest.complete(filename, package.as_deref(), refusals);
            (Verdict::Refused, refusals, None)
        }
    };
    FileReport {
        name: filename.to_owned(),
        package,
        version: parsed.map(|file| file.version().to_string()),
        sha256,
        verdict,
        standing: Standing::of(evidence.as_ref()),
        evidence,
        refusals,
        searched: harvest.searched,
        required_by: Vec::new(),
        origin: None,
        declared_repository: None,
        declared_unknown: false,
        path: None,
        wheel: None,
        provenance: None,
    }
}

fn out_of_time(filename: &str, package: Option<&str>) -> Refusal {
    let code = Code::SearchTimedOut;
    Refusal {
        code,
        rule: code.rule(),
        package: package.map(str::to_owned),
        file: filename.to_owned(),
        summary: "timed out: not every place has answered before the search for its provenance ended".to_owned(),
        expected: Some("build provenance or a publish attestation".to_owned()),
        found: None,
        source: None,
        hint: Some("try again later; or leave out the places that are slow: `--evidence index`".to_owned()),
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
