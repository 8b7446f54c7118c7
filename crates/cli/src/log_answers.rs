//! The log's answers for classic envelopes (B7): first what was stored beside the provenance, then what the cache has, then
//! the log itself.
//!
//! A stored answer is as hostile as a fresh one: it counts only if the whole verification passes with it, and one that does not
//! is reported and hides nothing that comes after it. Only what has led to a verified file is kept.

mod kept;
mod stored;

use std::path::PathBuf;

use slsa_pip_http::{Client, redact};
use slsa_pip_provenance::{Attestation, ClassicEnvelope, Evidence, RekorAnswer};
use slsa_pip_verify::{Context, Refusal, StagedFile, verify_file};

use crate::collect::describe_error;
use crate::harvest::Harvest;
use crate::report::Outcome;
use crate::settings::Trust;

use kept::Kept;
pub(crate) use stored::{REKOR_ENDING, document, sidecars_of};

/// Envelopes about one file that the log is asked about: a release holds one for each file, and anybody may append others,
/// each of which costs up to a dozen requests.
const MAX_ASKED: usize = 32;

/// Envelopes about one file whose refused answers are kept to say what is wrong with them: stored answers may have megabytes,
/// and each of a thousand envelopes would hold its own copy. Of the others it is said that there is none that passes.
const MAX_REFUSED_KEPT: usize = 4;

/// Where log answers come from, for all files of a run.
pub(crate) struct LogAnswers<'a> {
    http: &'a Client,
    trust: &'a Trust,
    kept: Kept,
}

/// What one place has for an envelope.
enum Answer {
    /// Entries, unverified; never none.
    Entries(Vec<RekorAnswer>),
    /// Nothing that can be tried, and the words for it.
    Nothing(Outcome, String),
}

/// What was found for an envelope.
#[derive(Default)]
struct Found {
    /// The answers that suffice; else those of the last place that had any, so that the refusal says what is wrong with them.
    answers: Vec<RekorAnswer>,
    /// Whether they suffice.
    passed: bool,
}

/// A place that is asked.
enum Place {
    Stored(PathBuf),
    Kept,
    Log,
}

impl<'a> LogAnswers<'a> {
    /// Nothing is read or asked yet.
    pub(crate) fn new(http: &'a Client, trust: &'a Trust) -> Self {
        let kept = Kept::new(trust.cache.as_ref(), &trust.rekor_url);
        Self { http, trust, kept }
    }

    /// Finds an answer for each classic envelope about the file. The log itself is asked until one has passed.
    pub(crate) async fn attach(&self, harvest: &mut Harvest, file: &StagedFile, context: &Context<'_>) {
        let mut asks = MAX_ASKED;
        let mut refused = 0;
        for index in 0..harvest.evidence.len() {
            let Some(evidence) = harvest.evidence.get(index).cloned() else {
                continue;
            };
            let is_about = evidence.attestation.sha256_subjects_hint().contains(file.sha256());
            if let Attestation::Classic(envelope) = evidence.attestation.as_ref()
                && is_about
            {
                let found = self
                    .find(envelope, &evidence, harvest, file, (context, &mut asks))
                    .await;
                if found.passed {
                    asks = 0;
                } else if !found.answers.is_empty() {
                    refused += 1;
                    if refused > MAX_REFUSED_KEPT {
                        continue;
                    }
                }
                if let Some(evidence) = harvest.evidence.get_mut(index) {
                    evidence.log_answers = found.answers;
                }
            }
        }
    }

    /// Asks one place after the other.
    async fn find(
        &self,
        envelope: &ClassicEnvelope,
        evidence: &Evidence,
        harvest: &mut Harvest,
        file: &StagedFile,
        (context, asks): (&Context<'_>, &mut usize),
    ) -> Found {
        let stored = harvest
            .sidecars_of(&evidence.found.location)
            .into_iter()
            .map(Place::Stored);
        let mut found = Found::default();
        for place in stored.chain([Place::Kept, Place::Log]) {
            let (location, answer) = self.ask(&place, envelope, file, asks).await;
            let entries = match answer {
                Answer::Entries(entries) => entries,
                Answer::Nothing(outcome, words) => {
                    if !words.is_empty() {
                        harvest.searched(evidence.found.kind, &location, outcome, words);
                    }
                    continue;
                }
            };
            let words = match entries.len() {
                1 => "found one entry".to_owned(),
                count => format!("found {count} entries"),
            };
            let candidate = Evidence {
                log_answers: entries,
                ..evidence.clone()
            };
            let verdict = verify_file(file, std::slice::from_ref(&candidate), context);
            let refusal = match verdict {
                Ok(_) => {
                    harvest.searched(evidence.found.kind, &location, Outcome::Found, words);
                    if matches!(place, Place::Log)
                        && let Err(why) = self.kept.keep(envelope, &candidate.log_answers)
                    {
                        let words = format!("the log's answer could not be kept: {why}");
                        harvest.searched(evidence.found.kind, &self.kept.location(), Outcome::Failed, words);
                    }
                    return Found {
                        answers: candidate.log_answers,
                        passed: true,
                    };
                }
                Err(refusals) => refusals.into_iter().next(),
            };
            found.answers = candidate.log_answers;
            // What is expected is compared last: the entry was good, and another one could change nothing.
            if refusal.as_ref().is_some_and(is_about_expectation) {
                harvest.searched(evidence.found.kind, &location, Outcome::Found, words);
                return found;
            }
            let why = refusal.map_or_else(String::new, |refusal| format!("{} [{}]", refusal.summary, refusal.code));
            let words = format!("{words}, refused: {why}");
            harvest.searched(evidence.found.kind, &location, Outcome::Refused, words);
        }
        found
    }

    async fn ask(
        &self,
        place: &Place,
        envelope: &ClassicEnvelope,
        file: &StagedFile,
        asks: &mut usize,
    ) -> (String, Answer) {
        match place {
            Place::Stored(path) => (path.display().to_string(), unverified(stored::read(path))),
            Place::Kept => (self.kept.location(), unverified(self.kept.read(envelope))),
            Place::Log => {
                let location = format!("transparency log {}", redact(&self.trust.rekor_url));
                (location, self.ask_log(envelope, file, asks).await)
            }
        }
    }

    async fn ask_log(&self, envelope: &ClassicEnvelope, file: &StagedFile, asks: &mut usize) -> Answer {
        if self.trust.offline {
            return Answer::Nothing(Outcome::NotAsked, "not asked: --offline".to_owned());
        }
        let Some(left) = asks.checked_sub(1) else {
            let why = format!("not asked: another envelope has passed, or {MAX_ASKED} were asked about");
            return Answer::Nothing(Outcome::NotAsked, why);
        };
        *asks = left;
        match slsa_pip_transparency_log::lookup(self.http, &self.trust.rekor_url, envelope, file.sha256()).await {
            Ok(answers) if answers.is_empty() => {
                Answer::Nothing(Outcome::None, "no entry for this envelope".to_owned())
            }
            Ok(answers) => Answer::Entries(answers),
            Err(error) => Answer::Nothing(Outcome::Failed, describe_error(&error)),
        }
    }
}

/// What was read from a disk: a file that is absent is not worth a word, one that holds no answer is.
fn unverified(read: Result<Option<Vec<RekorAnswer>>, String>) -> Answer {
    match read {
        Ok(Some(entries)) if !entries.is_empty() => Answer::Entries(entries),
        Ok(Some(_)) => Answer::Nothing(Outcome::None, "holds no entry".to_owned()),
        Ok(None) => Answer::Nothing(Outcome::None, String::new()),
        Err(why) => Answer::Nothing(Outcome::Unreadable, format!("unreadable: {why}")),
    }
}

fn is_about_expectation(refusal: &Refusal) -> bool {
    refusal.rule.starts_with('E')
}
