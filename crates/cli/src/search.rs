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
use slsa_pip_verify::{Context, Refusal, StagedFile, Verified, verify_file};
use tokio::sync::oneshot;

use crate::args::Place;
use crate::collect::{Collector, Subject};
use crate::harvest::Harvest;

/// How long the attestations API is not asked yet while the release is searched, where nobody has given a token: most proofs are
/// there by then, and anonymously the API answers 60 questions an hour.
const HEAD_START: Duration = Duration::from_secs(1);
/// How long a release may still take once an attestation has sufficed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A verdict on a file.
pub(crate) type Outcome = Result<Verified, Vec<Refusal>>;

/// One search, for one file.
pub(crate) struct Search<'a> {
    pub(crate) collector: &'a Collector<'a>,
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) staged: &'a StagedFile,
    pub(crate) context: &'a Context<'a>,
    /// Whether GitHub's API is asked with a token.
    pub(crate) has_token: bool,
}

impl Search<'_> {
    /// Asks until the evidence suffices; every place is in what it returns, and what was refused there.
    pub(crate) async fn run(&self) -> (Outcome, Harvest) {
        let (outcome, mut harvest) = self.ask_all().await;
        if let Err(refusals) = &outcome {
            harvest.mark_refused(refusals);
        } else {
            let refusals = self.passed_over(&harvest);
            harvest.mark_refused(&refusals);
        }
        (outcome, harvest)
    }

    /// What speaks against the evidence that the verdict does not rest on.
    fn passed_over(&self, harvest: &Harvest) -> Vec<Refusal> {
        // Mostly there is only what the verdict rests on.
        let others = harvest.evidence.iter().filter(|_| harvest.evidence.len() > 1);
        others
            .filter_map(|it| verify_file(self.staged, std::slice::from_ref(it), self.context).err())
            .flatten()
            .collect()
    }

    async fn ask_all(&self) -> (Outcome, Harvest) {
        let mut harvest = self.collector.ask_named(self.subject, self.staged, self.context).await;
        let mut outcome = self.judge(&harvest);
        for place in [Place::Dir, Place::Index] {
            if outcome.is_ok() {
                harvest.absorb(self.collector.spared(place));
                continue;
            }
            let answer = self.ask(place).await;
            let brought_evidence = !answer.evidence.is_empty();
            harvest.absorb(answer);
            if brought_evidence {
                outcome = self.judge(&harvest);
            }
        }
        if outcome.is_err() {
            return self.ask_github(harvest).await;
        }
        for place in [Place::GithubRelease, Place::GithubAttestation] {
            harvest.absorb(self.collector.spared(place));
        }
        (outcome, harvest)
    }

    /// Both places of GitHub. Whoever answers first, the verdict is that on the release where it suffices.
    async fn ask_github(&self, before: Harvest) -> (Outcome, Harvest) {
        let (searching, searched) = oneshot::channel::<()>();
        let release = pin!(async {
            let answer = self.ask(Place::GithubRelease).await;
            // Wakes the other one, if it is still waiting.
            drop(searching);
            answer
        });
        let attestation = pin!(async {
            if !self.has_token {
                // Elapsed, or the release is through: nothing is ever sent.
                let _ = tokio::time::timeout(HEAD_START, searched).await;
            }
            self.ask(Place::GithubAttestation).await
        });
        let given_up = |place| self.collector.spared(place);
        let (release, attestation) = match select(release, attestation).await {
            Either::Left((release, pending)) => {
                let attestation = if self.suffices(&before, &release) {
                    given_up(Place::GithubAttestation)
                } else {
                    pending.await
                };
                (release, attestation)
            }
            Either::Right((attestation, pending)) => {
                let release = if self.suffices(&before, &attestation) {
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
        let outcome = self.judge(&harvest);
        if outcome.is_ok() {
            harvest.absorb_places(attestation);
            return (outcome, harvest);
        }
        harvest.absorb(attestation);
        (self.judge(&harvest), harvest)
    }

    async fn ask(&self, place: Place) -> Harvest {
        self.collector.ask(place, self.subject, self.staged, self.context).await
    }

    fn judge(&self, harvest: &Harvest) -> Outcome {
        verify_file(self.staged, &harvest.evidence, self.context)
    }

    fn suffices(&self, before: &Harvest, answer: &Harvest) -> bool {
        if answer.evidence.is_empty() {
            return false;
        }
        let evidence: Vec<_> = before.evidence.iter().chain(&answer.evidence).cloned().collect();
        verify_file(self.staged, &evidence, self.context).is_ok()
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, work).await.ok()
}
