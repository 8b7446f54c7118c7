//! Continuity: what `slsa-pip.lock.toml` records is expected of each release, and what was accepted is recorded there.
//!
//! The lock lies beside the policy file, or where that would be. It is used wherever it exists; it is begun where policy says
//! `unpinned = "continuity"`, or by `slsa-pip policy accept`. docs/continuity.md.

mod derive;
mod file;
mod record;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use slsa_pip_distribution::{PackageName, SourceRepository, Version};
use slsa_pip_policy::lock::Entry;
use slsa_pip_policy::{Expectation, Lock};
use slsa_pip_pypi_client::Project;
use slsa_pip_verify::{Code, Refusal};

use crate::failure::{Failure, Result};
use crate::judge::Judge;
use crate::resolution::Package;
use crate::session::Session;
use crate::settings::Trust;

pub(crate) use record::{Records, entry};

/// The lock's file name.
pub(crate) const LOCK_FILE: &str = "slsa-pip.lock.toml";

/// Releases on either side of a refused one that hints may name.
const NEAR: usize = 1;

/// What is recorded, and what may be.
pub(crate) struct Continuity {
    path: PathBuf,
    /// What was read; `None` where there is no file.
    lock: Option<Lock>,
    /// Whether the lock must be there and stay as it is.
    locked: bool,
    /// Whether identities are only looked at, by somebody who decides about them (`slsa-pip policy accept`).
    pub(crate) reviews: bool,
    /// Whether nobody has named the policy, so that what lies about must be the user's own.
    unasked: bool,
    /// Remarks that change no verdict.
    notes: Mutex<Vec<String>>,
}

impl Continuity {
    /// Reads the lock, if there is one.
    ///
    /// # Errors
    /// A lock that cannot be read, is another user's or a symbolic link; with `locked`, that there is none.
    pub(crate) fn open(trust: &Trust, unasked: bool, locked: bool) -> Result<Self> {
        let path = trust.policy_file.with_file_name(LOCK_FILE);
        let lock = file::read(&path, unasked)?;
        if locked && lock.is_none() {
            return Err(
                Failure::new(format!("There is no `{}`, and `--locked` needs it", path.display())).hint(
                    "Run once without `--locked`, look at the file that it writes, and put it under version control",
                ),
            );
        }
        Ok(Self {
            path,
            lock,
            locked,
            reviews: false,
            unasked,
            notes: Mutex::new(Vec::new()),
        })
    }

    /// How reports name the lock.
    pub(crate) fn label(&self) -> String {
        self.path.display().to_string()
    }

    /// What is recorded of a package, the oldest line first.
    pub(crate) fn lines(&self, name: &PackageName) -> &[Entry] {
        self.lock.as_ref().map_or(&[], |lock| lock.lines(name))
    }

    /// The refusal of a package that neither the lock nor policy knows, where the lock may not be changed.
    fn unrecorded(&self, expectation: &Expectation, package: &Package) -> Option<Refusal> {
        let known = !expectation.previous.is_empty() || expectation.is_pinned();
        (self.locked && !known).then(|| {
            let hint = format!(
                "run once without `--locked`, or look at its identity and record it: slsa-pip policy accept {}=={}",
                package.name, package.version
            );
            refusal(
                Code::ContinuityNotRecorded,
                package,
                "nothing is recorded of this package, and `--locked` lets nothing be recorded",
                Some(format!("an entry in {}, or a pin in the policy", self.label())),
                Some(hint),
            )
        })
    }

    /// Records a release that somebody has looked at, beside the lines that were shown to them.
    ///
    /// # Errors
    /// If the lock cannot be read or written, or holds other lines by now.
    pub(crate) fn accept(&self, name: &PackageName, shown: &[Entry], entry: &Entry) -> Result<()> {
        let recorded = file::update(&self.path, self.unasked, |lock| {
            if lock.lines(name) != shown {
                return Err(
                    Failure::new("The lock was changed meanwhile; nothing was recorded").hint(format!(
                        "Look at it again: slsa-pip policy accept {name}=={}",
                        entry.version
                    )),
                );
            }
            lock.accept(name, entry.clone());
            Ok(Some(()))
        });
        recorded.map(drop)
    }

    /// A remark for the report.
    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// All remarks so far, sorted: files are judged in no particular order.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        notes.sort();
        notes
    }
}

/// Adds what is recorded of the package, or derived from its earlier releases, to what is expected of one of them. A refusal if
/// that cannot be found out, or nothing is known and nothing may be recorded: it holds whatever the release's own evidence says.
pub(crate) async fn expect(
    session: &Session,
    judge: &Judge<'_>,
    expectation: &mut Expectation,
    package: &Package,
) -> Result<Option<Refusal>> {
    let continuity = &session.continuity;
    if let Some(lock) = &continuity.lock {
        expectation.previous = lock.previous(&package.name, &package.version);
    }
    if let Some(refusal) = continuity.unrecorded(expectation, package) {
        return Ok(Some(refusal));
    }
    derive::derive(session, judge, expectation, package).await
}

/// The repositories that a release is expected to continue, for the search: what is recorded there, nobody else may declare.
pub(crate) fn repositories(expectation: &Expectation) -> Vec<SourceRepository> {
    let mut repositories: Vec<SourceRepository> = Vec::new();
    for repository in expectation
        .previous
        .iter()
        .filter_map(|it| it.identity.repository.as_ref())
    {
        if !repositories.contains(repository) {
            repositories.push(repository.clone());
        }
    }
    repositories
}

/// Whether a refusal is about continuity, so that [`explained`] has something to add.
pub(crate) fn is_about(refusals: &[Refusal]) -> bool {
    let is_about = |refusal: &Refusal| refusal.code.rule() == Code::ContinuityEvidenceLost.rule();
    refusals.iter().any(is_about)
}

/// What is expected, with what the index says of the releases around a refused one, for the hints.
pub(crate) async fn explained(session: &Session, expectation: &Expectation, package: &Package) -> Expectation {
    let mut expectation = expectation.clone();
    for previous in &mut expectation.previous {
        previous.wanted_yanked = package.file.yanked.is_some();
    }
    if package.direct || session.trust.offline {
        return expectation;
    }
    // Without it there are fewer hints, and no other verdict.
    let Ok(project) = session.index.project(&package.name).await else {
        return expectation;
    };
    let near = attested_near(&project, &package.version);
    for previous in &mut expectation.previous {
        previous.yanked = is_yanked(&project, &previous.version);
        previous.attested_near.clone_from(&near);
    }
    expectation
}

fn is_yanked(project: &Project, version: &Version) -> bool {
    let mut files = project.files.iter().filter(|file| file.filename.version() == version);
    let first = files.next();
    first.is_some_and(|first| first.yanked.is_some()) && files.all(|file| file.yanked.is_some())
}

/// The nearest releases before and after this one for which the index announces provenance, the oldest first.
fn attested_near(project: &Project, version: &Version) -> Vec<Version> {
    let attested = project
        .files
        .iter()
        .filter(|it| it.provenance.is_some() && it.yanked.is_none());
    let mut versions: Vec<&Version> = attested
        .map(|file| file.filename.version())
        .filter(|it| !it.any_prerelease())
        .collect();
    versions.sort();
    versions.dedup();
    let below = versions.iter().rev().filter(|it| **it < version).take(NEAR);
    let above = versions.iter().filter(|it| **it > version).take(NEAR);
    below.chain(above).map(|it| (*it).clone()).collect()
}

fn refusal(code: Code, package: &Package, summary: &str, expected: Option<String>, hint: Option<String>) -> Refusal {
    Refusal {
        code,
        rule: code.rule(),
        package: Some(package.name.to_string()),
        file: package.filename.as_str().to_owned(),
        summary: summary.to_owned(),
        expected,
        found: None,
        source: None,
        hint,
    }
}
