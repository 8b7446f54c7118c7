//! In which order places are asked, and when the search ends.
//!
//! What the user has named comes first, then folders, since they cost nothing; then the index; and only if that does not
//! suffice GitHub's releases and its attestations, side by side. The first sufficient evidence ends the search, and what is
//! under way then is given up. Which evidence is reported does not depend on who is quicker: a place that comes earlier in the
//! order goes first, as long as it answers in time.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use slsa_pip_http::{anew, watch_cache};
use slsa_pip_provenance::Evidence;
use slsa_pip_verify::{Context, Refusal, StagedFile, Verified, verify_file};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::args::Place;
use crate::collect::{Collector, Subject};
use crate::harvest::Harvest;

/// How long the attestations API is not asked yet while the release is searched, where nobody has given a token: most proofs are
/// there by then, and anonymously the API answers 60 questions an hour.
const HEAD_START: Duration = Duration::from_secs(1);
/// How long a release may still take once an attestation has sufficed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest search for one file, whatever its servers do: ten times what the slowest real ones take, with waits for GitHub's
/// limits. With a longer `--timeout` it is four times that.
const LONGEST: Duration = Duration::from_mins(2);

/// A verdict on a file.
pub(crate) type Outcome = Result<Verified, Vec<Refusal>>;

/// One search, for one file.
pub(crate) struct Search<'a> {
    pub(crate) collector: &'a Collector<'a>,
    pub(crate) subject: &'a Subject<'a>,
    /// The file as far as it is known: while it is being downloaded, with the digest that the index announces. Nothing that
    /// is concluded from it here leaves the search but what was found.
    pub(crate) file: &'a StagedFile,
    pub(crate) context: &'a Context<'a>,
    /// Whether GitHub's API is asked with a token.
    pub(crate) has_token: bool,
}

impl Search<'_> {
    /// Asks until the evidence suffices, or until time is up; every place is in what it returns. The verdict is [`verdict`]'s.
    ///
    /// If it does not suffice and some of it was the cache's, everything is asked once more without that: what the cache holds
    /// may be damaged or out of date, and refuses nothing that its server would let pass.
    pub(crate) async fn run(&self) -> Harvest {
        let longest = self.collector.endpoints.longest_search;
        let end = Instant::now() + longest.unwrap_or(LONGEST.max(self.collector.timeout() * 4));
        let (harvest, kept) = Box::pin(watch_cache(self.look(end))).await;
        if !kept || self.suffices(&harvest.evidence) {
            return harvest;
        }
        // Most files are spared that.
        Box::pin(anew(self.look(end))).await
    }

    async fn look(&self, end: Instant) -> Harvest {
        let named = self.collector.ask_named(self.subject, self.file, self.context);
        let mut harvest = match timeout_at(end, named).await {
            Ok(harvest) => harvest,
            // Only the log is asked there.
            Err(_) => self.collector.timed_out(None),
        };
        let mut enough = self.suffices(&harvest.evidence);
        for place in [Place::Dir, Place::Index] {
            if enough {
                harvest.absorb(self.collector.spared(place));
                continue;
            }
            let answer = self.ask(place, end).await;
            let brought_evidence = !answer.evidence.is_empty();
            harvest.absorb(answer);
            if brought_evidence {
                enough = self.suffices(&harvest.evidence);
            }
        }
        if !enough {
            // The larger part of the search, which most files are spared.
            return Box::pin(self.ask_github(harvest, end)).await;
        }
        for place in [Place::GithubRelease, Place::GithubAttestation] {
            harvest.absorb(self.collector.spared(place));
        }
        harvest
    }

    /// Both places of GitHub. Whoever answers first, the verdict is that on the release where it suffices.
    async fn ask_github(&self, before: Harvest, end: Instant) -> Harvest {
        let (searching, searched) = oneshot::channel::<()>();
        let release = pin!(async {
            let answer = self.ask(Place::GithubRelease, end).await;
            // Wakes the other one, if it is still waiting.
            drop(searching);
            answer
        });
        let attestation = pin!(async {
            if !self.has_token {
                // Elapsed, or the release is through: nothing is ever sent.
                let _ = tokio::time::timeout(HEAD_START, searched).await;
            }
            self.ask(Place::GithubAttestation, end).await
        });
        let given_up = |place| self.collector.spared(place);
        let (release, attestation) = match select(release, attestation).await {
            Either::Left((release, pending)) => {
                let attestation = if self.would_suffice(&before, &release) {
                    given_up(Place::GithubAttestation)
                } else {
                    pending.await
                };
                (release, attestation)
            }
            Either::Right((attestation, pending)) => {
                let release = if self.would_suffice(&before, &attestation) {
                    within(PATIENCE, pending)
                        .await
                        .unwrap_or_else(|| given_up(Place::GithubRelease))
                } else {
                    pending.await
                };
                (release, attestation)
            }
        };
        let mut harvest = before;
        harvest.absorb(release);
        if self.suffices(&harvest.evidence) {
            harvest.absorb_places(attestation);
        } else {
            harvest.absorb(attestation);
        }
        harvest
    }

    /// Asks one kind of place until `end`. What it has brought by then is given up, since it was not looked at to its end.
    async fn ask(&self, place: Place, end: Instant) -> Harvest {
        let asked = self.collector.ask(place, self.subject, self.file, self.context);
        let answered = timeout_at(end, asked).await;
        answered.unwrap_or_else(|_| self.collector.timed_out(Some(place)))
    }

    fn suffices(&self, evidence: &[Evidence]) -> bool {
        !evidence.is_empty() && verify_file(self.file, evidence, self.context).is_ok()
    }

    fn would_suffice(&self, before: &Harvest, answer: &Harvest) -> bool {
        let evidence: Vec<_> = before.evidence.iter().chain(&answer.evidence).cloned().collect();
        !answer.evidence.is_empty() && self.suffices(&evidence)
    }
}

/// The verdict on the bytes, by what was found; what was refused of it is marked.
pub(crate) fn verdict(staged: &StagedFile, harvest: &mut Harvest, context: &Context<'_>) -> Outcome {
    let outcome = verify_file(staged, &harvest.evidence, context);
    match &outcome {
        Err(refusals) => harvest.mark_refused(refusals),
        // Mostly there is only what the verdict rests on; else what speaks against the rest of it.
        Ok(_) if harvest.evidence.len() > 1 => {
            let alone = |it| verify_file(staged, std::slice::from_ref(it), context).err();
            let passed_over: Vec<Refusal> = harvest.evidence.iter().filter_map(alone).flatten().collect();
            harvest.mark_refused(&passed_over);
        }
        Ok(_) => {}
    }
    outcome
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, work).await.ok()
}
