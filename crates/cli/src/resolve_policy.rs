//! `--resolve-policy=satisfying`: the newest release that satisfies policy, chosen by the same search and the same verification as
//! the verdict, on the digest that the index announces.
//!
//! A release is passed over only for what is *known* of it: every place has answered, and what there is proves something else than
//! policy wants, or nothing at all. Where some place did not answer, or something cannot be read or its signature not be checked,
//! the release stays the one that would be taken, and the verdict on it refuses: whoever can cut off an answer must not be able to
//! choose an older release by it (docs/resolve-policy.md).

mod conclusive;
mod known;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_http::with_room;
use slsa_pip_policy::Mode;
use slsa_pip_pypi_client::IndexFile;
use slsa_pip_resolver::{Ruling, SourceError};
use slsa_pip_verify::{Code, Refusal, StagedFile};
use tokio::sync::oneshot;

use crate::cooldown::{self, TooYoung};
use crate::failure::Failure;
use crate::harvest::{Harvest, file_report};
use crate::hashing::sha256_file;
use crate::judge::{Judge, Judged, announced};
use crate::report::FileReport;
use crate::resolution;
use crate::search;

use conclusive::is_conclusive;
pub(crate) use known::Known;

/// Most releases passed over that are remembered with their refusals; the notes name them all.
const MAX_REMEMBERED: usize = 512;
/// Most refusals that are remembered of each: a release's provenance may have a line for each of a thousand files.
const MAX_REFUSALS: usize = 4;

/// Tells that something will have to be verified, once.
pub(crate) struct Need(Mutex<Option<oneshot::Sender<()>>>);

impl Need {
    /// Tells it to this one.
    pub(crate) fn new(sender: oneshot::Sender<()>) -> Self {
        Self(Mutex::new(Some(sender)))
    }

    /// It is needed, from now on.
    pub(crate) fn now(&self) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Whoever does not listen any more needs no telling.
            let _ = sender.send(());
        }
    }
}

/// Which releases may be chosen.
pub(crate) struct Chooser<'a> {
    judge: &'a Judge<'a>,
    need: &'a Need,
    passed_over: Mutex<PassedOver>,
}

/// The releases that may not be chosen, with the reports on their files.
#[derive(Default)]
struct PassedOver {
    by_project: BTreeMap<PackageName, BTreeMap<Version, FileReport>>,
    count: usize,
}

/// A release that was passed over for a newer or older one, as reports have it.
pub(crate) struct Skipped {
    /// What was wrong with it.
    pub(crate) report: FileReport,
    /// What there was in place of what policy wants, in a sentence; `None` where there was nothing.
    pub(crate) note: Option<String>,
}

impl<'a> Chooser<'a> {
    /// Chooses by what this judge would say.
    pub(crate) fn new(judge: &'a Judge<'a>, need: &'a Need) -> Self {
        Self {
            judge,
            need,
            passed_over: Mutex::default(),
        }
    }

    /// Why a file may not be chosen, as far as that is known without asking anybody: it is too young.
    pub(crate) fn excluded(&self, file: &IndexFile) -> Option<String> {
        let trust = &self.judge.session.trust;
        if trust.policy.mode() == Mode::Warn {
            // It may pass with a warning, so it satisfies.
            return None;
        }
        let young = cooldown::check(&trust.policy, file, None, trust.now)?;
        let package = resolution::unchosen(Arc::new(file.clone()));
        let announced = announced(self.judge.session, &package, &[]);
        if announced.is_some_and(|announced| self.judge.is_exempt(&package, &announced)) {
            return None;
        }
        self.remember_young(file, young);
        Some(young.reason())
    }

    /// Whether a file may be chosen. What was searched for it is kept for the verdict.
    ///
    /// # Errors
    /// If there is nothing to verify with. A file of which not even the digest is known may be chosen: nothing can be said before
    /// its bytes are there, and the verdict on them says it.
    pub(crate) async fn ruling(&self, file: &Arc<IndexFile>) -> Result<Ruling, SourceError> {
        self.need.now();
        let ruling = with_room(Box::pin(self.rule(file))).await;
        ruling.map_err(|failure| SourceError::failed(NoRuling(failure.message)))
    }

    async fn rule(&self, file: &Arc<IndexFile>) -> Result<Ruling, Failure> {
        let judge = self.judge;
        let package = resolution::unchosen(Arc::clone(file));
        let Some(announced) = announced(judge.session, &package, &[]).or_else(|| lying_here(file)) else {
            return Ok(Ruling::Eligible);
        };
        let mut examined = judge.examine(&package, &announced).await?;
        let found = examined.clone();
        let outcome = judge.decide(&package, &announced, &mut examined).await?;
        match outcome {
            Ok(verified) => {
                judge.known.keep_what_passed(file, &announced, examined, &verified);
                Ok(Ruling::Eligible)
            }
            Err(refusals) if !is_conclusive(&refusals, &found) => {
                judge.known.keep(file, &announced, found);
                Ok(Ruling::Eligible)
            }
            Err(refusals) => {
                let reason = reason(&refusals);
                self.remember(file, Err(refusals), examined.harvest);
                Ok(Ruling::Out(reason))
            }
        }
    }

    fn remember_young(&self, file: &IndexFile, young: TooYoung) {
        let newest_only = {
            let passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
            let known = passed_over.by_project.get(file.filename.name());
            known.is_some_and(|known| known.keys().next_back() >= Some(file.filename.version()))
        };
        // Of a page with hundreds of young files, one says enough.
        if !newest_only {
            self.remember(file, Err(vec![young.refusal(file)]), Harvest::default());
        }
    }

    fn remember(&self, file: &IndexFile, outcome: search::Outcome, harvest: Harvest) {
        let mut report = file_report(file.filename.as_str(), Some(&file.filename), None, outcome, harvest);
        report.refusals.truncate(MAX_REFUSALS);
        let mut passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
        if passed_over.count < MAX_REMEMBERED {
            passed_over.count += 1;
            let releases = passed_over.by_project.entry(file.filename.name().clone()).or_default();
            releases.insert(file.filename.version().clone(), report);
        }
    }

    /// What was passed over although it is newer than what was taken. Call it once, at the end.
    pub(crate) fn skipped(&self, taken: &[(&PackageName, &Version)]) -> Vec<Skipped> {
        let mut passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
        let mut skipped = Vec::new();
        for (name, version) in taken {
            let releases = passed_over.by_project.remove(*name).unwrap_or_default();
            let newer = releases.into_iter().rev().filter(|(passed, _)| passed > version);
            skipped.extend(newer.map(|(passed, report)| Skipped {
                note: note(name, &passed, &report),
                report,
            }));
        }
        skipped
    }

    /// The refusals of the newest release of each of these projects, where none of them could be chosen.
    pub(crate) fn refused(&self, projects: &[PackageName]) -> Vec<Judged> {
        let mut passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = projects.iter().filter_map(|name| {
            let (_, report) = passed_over.by_project.get_mut(name)?.pop_last()?;
            Some(Judged {
                report,
                package: None,
                verified: None,
                accepted: None,
                staged: None,
                insufficient: Vec::new(),
            })
        });
        newest.collect()
    }
}

/// A file of this machine, whose digest nobody announces.
fn lying_here(file: &IndexFile) -> Option<StagedFile> {
    let path = file.url.to_file_path().ok().filter(|_| file.is_local())?;
    // One that cannot be read cannot be judged beforehand either.
    let (sha256, size) = sha256_file(&path).ok()?;
    Some(StagedFile::new(path, file.filename.as_str().to_owned(), sha256, size))
}

/// Goes on where the name of the release ends.
fn reason(refusals: &[Refusal]) -> String {
    let is_age = |refusal: &&Refusal| matches!(refusal.code, Code::ReleaseTooYoung | Code::UploadTimeMissing);
    match refusals.iter().find(|refusal| !is_age(refusal)) {
        Some(refusal) => format!("has no acceptable provenance ({})", refusal.code),
        None => format!("is too young ({})", Code::ReleaseTooYoung),
    }
}

/// What was wrong with a release, for people: that there is a proof of something else is what they should look at.
fn note(name: &PackageName, passed: &Version, report: &FileReport) -> Option<String> {
    let refusal = report.refusals.first()?;
    if matches!(
        refusal.code,
        Code::NoEvidence | Code::ReleaseTooYoung | Code::UploadTimeMissing
    ) {
        return None;
    }
    let text = format!("{name} {passed}: {} [{}]", refusal.summary, refusal.code);
    Some(match (&refusal.expected, &refusal.found) {
        (Some(expected), Some(found)) => format!("{text}; expected {expected}, found {found}"),
        _ => text,
    })
}

/// There is nothing to rule by; whoever should have provided it says why.
#[derive(Debug)]
struct NoRuling(String);

impl fmt::Display for NoRuling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRuling {}
