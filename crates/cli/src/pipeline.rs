//! From requirements to verdicts: resolve, then judge every file, side by side.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use slsa_pip_http::with_room;
use slsa_pip_resolver::{Request, Resolution, Satisfied};
use slsa_pip_trust_root::Loaded;
use tokio::sync::{oneshot, watch};

use crate::args::ResolvePolicy;
use crate::failure::{Failure, Result};
use crate::judge::{Judge, Judged};
use crate::named::{self, NamedProvenance};
use crate::printer::Printer;
use crate::report::SatisfiedReport;
use crate::resolution::{self, NoneSatisfies, Package, Resolved};
use crate::resolve_policy::{Chooser, Need, Skipped};
use crate::session::Session;
use crate::timings::Stage;

/// All verdicts of a run.
pub(crate) struct Outcome {
    /// One per file, in no particular order.
    pub(crate) judged: Vec<Judged>,
    /// What is installed already and stays as it is; nothing of it was fetched or verified.
    pub(crate) satisfied: Vec<SatisfiedReport>,
    /// Newer releases that policy does not take (`--resolve-policy=satisfying`).
    pub(crate) skipped: Vec<Skipped>,
    /// Remarks that change no verdict.
    pub(crate) notes: Vec<String>,
    /// The trusted root that was verified with; `None` if there was nothing to verify.
    pub(crate) root: Option<Arc<Loaded>>,
}

impl Outcome {
    fn new(session: &Session) -> Self {
        Self {
            judged: Vec::new(),
            satisfied: Vec::new(),
            skipped: Vec::new(),
            notes: session.notes.clone(),
            root: None,
        }
    }
}

/// What files are judged with.
pub(crate) struct Grounds {
    /// The trusted root.
    pub(crate) root: Arc<Loaded>,
    /// Documents of provenance that the user has named.
    pub(crate) named: Vec<NamedProvenance>,
}

/// The grounds, for whoever has to wait for them.
#[derive(Clone)]
pub(crate) struct Awaited(watch::Receiver<Option<Arc<Grounds>>>);

/// Resolves, then judges every file. An error ends the run; a refusal is a verdict, and the others are still judged, so
/// that all of them are reported together (F3).
pub(crate) async fn run(session: &Session, request: &Request, printer: &Printer) -> Result<Outcome> {
    if !session.refused_places.is_empty() {
        let refusals = session.refused_places.iter().cloned();
        return Ok(Outcome {
            judged: refusals.map(|refusal| Judged::refused(None, refusal)).collect(),
            ..Outcome::new(session)
        });
    }
    let certain = needs_files(request);
    let (need, needed) = oneshot::channel();
    let (give, given) = watch::channel(None);
    // The trusted root is refreshed, where it must be, while the resolver waits for the index; but not where everything may
    // turn out to be installed already.
    let prepare = async {
        if !certain && needed.await.is_err() {
            return Ok(None);
        }
        let named = named::load(&session.documents, &session.http).await?;
        let root = session.trust.root(&session.http).await?;
        let grounds = Arc::new(Grounds {
            root: Arc::clone(&root),
            named,
        });
        // Nobody is left to be told where the work has failed.
        let _ = give.send(Some(grounds));
        Ok(Some(root))
    };
    let work = async {
        if certain && !session.documents.is_empty() {
            // What the user names is looked at before any server is asked.
            Awaited(given.clone()).get().await?;
        }
        work(session, request, need, Awaited(given.clone()), printer).await
    };
    let (mut prepare, mut work) = (Box::pin(prepare), Box::pin(work));
    let (root, outcome) = tokio::select! {
        root = &mut prepare => (root?, work.await?),
        outcome = &mut work => {
            drop(work);
            // Without a root there is no verdict, whatever the index says.
            (prepare.await?, outcome?)
        }
    };
    Ok(Outcome { root, ..outcome })
}

/// Whether some file will have to be judged, whatever the index says: a project is wanted that is not installed, or that is to
/// be installed again.
fn needs_files(request: &Request) -> bool {
    request.ignore_installed
        || request.force_reinstall
        || request
            .requirements
            .iter()
            .any(|wanted| wanted.applies(&request.env, None) && !request.installed.contains_key(wanted.name()))
}

async fn work(
    session: &Session,
    request: &Request,
    need: oneshot::Sender<()>,
    grounds: Awaited,
    printer: &Printer,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(session);
    let began = Instant::now();
    let need = Need::new(need);
    let judge = Judge::new(session, grounds);
    let satisfying = session.resolve_policy == ResolvePolicy::Satisfying;
    let chooser = satisfying.then(|| Chooser::new(&judge, &need));
    let resolved = match session.locked.resolution(request) {
        Some(locked) => Resolved::Files(locked),
        None => resolution::choose(&session.index, chooser.as_ref(), session.trust.offline, request).await?,
    };
    session.timings.add(Stage::Resolve, began);
    let resolution = match resolved {
        Resolved::Files(resolution) => resolution,
        Resolved::Refused(refusal) => {
            need.now();
            outcome.judged.push(Judged::refused(None, *refusal));
            return Ok(outcome);
        }
        Resolved::NoneSatisfies(none) => {
            need.now();
            none_satisfies(none, chooser.as_ref(), &mut outcome)?;
            return Ok(outcome);
        }
    };
    let Resolution {
        packages,
        satisfied,
        notes,
        ..
    } = resolution;
    outcome.notes.extend(notes);
    for package in &packages {
        outcome.notes.extend(session.index.remarks(&package.name));
    }
    if let Some(chooser) = &chooser {
        let fetched = packages.iter().map(|it| (&it.name, &it.version));
        let kept = satisfied.iter().map(|it| (&it.name, &it.version));
        outcome.skipped = chooser.skipped(&fetched.chain(kept).collect::<Vec<_>>());
    }
    outcome.satisfied = satisfied.iter().map(|it| left_alone(session, it)).collect();
    for satisfied in &outcome.satisfied {
        printer.progress(&printer.plain_line(&satisfied.line()));
    }
    if packages.is_empty() {
        return Ok(outcome);
    }
    need.now();
    let count = packages.len();
    printer.progress(&format!(
        "Resolved {count} package{}",
        if count == 1 { "" } else { "s" }
    ));
    let began = Instant::now();
    outcome.judged = stream::iter(biggest_first(packages))
        .map(|package| {
            let locked = session.locked.digest(&package).map(std::slice::from_ref);
            let allowed = locked.or_else(|| request.hashes.get(&package.name).map(Vec::as_slice));
            with_room(judge.judge(package, allowed.unwrap_or_default()))
        })
        // All are under way at once; how many load and search at a time is the judge's business.
        .buffer_unordered(count)
        .try_collect()
        .await?;
    session.locked.check_sizes(&outcome.judged)?;
    session.timings.add(Stage::Files, began);
    Ok(outcome)
}

/// The refusals behind a resolution that has failed by policy alone, or with its help.
fn none_satisfies(none: NoneSatisfies, chooser: Option<&Chooser<'_>>, outcome: &mut Outcome) -> Result<()> {
    let judged = chooser
        .map(|chooser| chooser.refused(&none.projects))
        .unwrap_or_default();
    if judged.is_empty() {
        return Err(none.failure());
    }
    outcome.judged = judged;
    let lines = none.explanation.lines();
    outcome
        .notes
        .extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    Ok(())
}

/// The file that takes longest is begun first. Of some the index does not say how long they are.
fn biggest_first(mut packages: Vec<Package>) -> Vec<Package> {
    packages.sort_by_key(|package| std::cmp::Reverse(package.file.size.unwrap_or(0)));
    packages
}

fn left_alone(session: &Session, satisfied: &Satisfied) -> SatisfiedReport {
    let installed = session.probe.installed.iter();
    let location = installed
        .filter(|it| it.name.parse().as_ref() == Ok(&satisfied.name))
        .find_map(|it| it.location.clone());
    SatisfiedReport {
        package: satisfied.name.to_string(),
        version: satisfied.version.to_string(),
        location,
        requirements: satisfied.why.iter().map(|why| why.requirement.clone()).collect(),
        required_by: satisfied.required_by.iter().map(ToString::to_string).collect(),
        verified: false,
    }
}

impl Awaited {
    /// Grounds that are there already.
    pub(crate) fn ready(grounds: Arc<Grounds>) -> Self {
        Self(watch::channel(Some(grounds)).1)
    }

    /// The grounds, as soon as they are there.
    ///
    /// # Errors
    /// If there will be none; the reason is that of [`run`], which ends with it.
    pub(crate) async fn get(mut self) -> Result<Arc<Grounds>> {
        let grounds = self.0.wait_for(Option::is_some).await;
        let grounds = grounds.ok().and_then(|grounds| grounds.as_ref().map(Arc::clone));
        grounds.ok_or_else(|| Failure::new("There is no trusted root to verify with"))
    }
}
