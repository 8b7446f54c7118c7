//! What becomes of a run in the lock: nothing before the run has succeeded.

use jiff::Unit;
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::lock::{AcceptedBy, Entry};
use slsa_pip_policy::{Lock, Unpinned};
use slsa_pip_verify::Basis;

use super::{Continuity, LOCK_FILE, file};
use crate::failure::{Failure, Result};
use crate::judge::Judged;
use crate::printer::{Printer, sanitize};
use crate::resolution::Package;
use crate::session::Session;

/// Longest place of evidence that is recorded, in characters; it is for people.
const MAX_PLACE: usize = 1000;

/// What is to be recorded once the run has succeeded.
#[derive(Debug, Default)]
pub(crate) struct Records(Vec<(PackageName, Entry)>);

/// What was recorded.
#[derive(Debug, PartialEq, Eq)]
struct Recorded {
    /// Packages of which nothing was recorded before.
    new: Vec<PackageName>,
    /// Packages of which something else was.
    changed: Vec<PackageName>,
}

impl Records {
    /// What the files of a run were accepted by. What is exempt or merely tolerated proves nothing, so nothing is recorded of it.
    pub(crate) fn of(session: &Session, judged: &[Judged]) -> Self {
        let continuity = &session.continuity;
        if continuity.locked {
            return Self::default();
        }
        let wanted = |judged: &&Judged| {
            // Where there is no lock yet, it is begun for what policy asks continuity of.
            let begun = continuity.lock.is_some();
            begun
                || judged
                    .package
                    .as_ref()
                    .is_some_and(|it| asks_for_continuity(session, it))
        };
        let judged = judged.iter().filter(wanted);
        Self(judged.filter_map(|judged| entry(session, judged)).collect())
    }

    /// That all of it can be recorded, before anything is installed that then cannot.
    ///
    /// # Errors
    /// If what certificates say may not stand in a lock, or the lock's folder cannot be written to.
    pub(crate) fn check(&self, continuity: &Continuity) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut lock = continuity.lock.clone().unwrap_or_default();
        if self.add_to(&mut lock)?.is_nothing() {
            return Ok(());
        }
        file::check(&lock, &continuity.path)
    }

    /// Records it, and says so.
    ///
    /// # Errors
    /// If the lock cannot be read or written, or another process has recorded another identity meanwhile.
    pub(crate) fn write(&self, continuity: &Continuity, printer: &Printer) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let recorded = file::update(&continuity.path, continuity.unasked, |lock| {
            let recorded = self.add_to(lock)?;
            Ok((!recorded.is_nothing()).then_some(recorded))
        })?;
        if let Some(recorded) = recorded {
            printer.progress(&recorded.line(continuity));
        }
        Ok(())
    }

    fn add_to(&self, lock: &mut Lock) -> Result<Recorded> {
        let mut recorded = Recorded {
            new: Vec::new(),
            changed: Vec::new(),
        };
        for (name, entry) in &self.0 {
            let is_new = lock.lines(name).is_empty();
            match lock.record(name, entry.clone()) {
                Ok(true) if is_new => recorded.new.push(name.clone()),
                Ok(true) => recorded.changed.push(name.clone()),
                Ok(false) => {}
                // The project has moved, and policy names where it is now.
                Err(_) if entry.by == AcceptedBy::Policy => {
                    lock.accept(name, entry.clone());
                    recorded.changed.push(name.clone());
                }
                Err(error) => {
                    return Err(Failure::new("The lock was changed while packages were judged by it")
                        .caused_by(&error)
                        .hint(format!("Look at `{LOCK_FILE}`, and run slsa-pip again")));
                }
            }
        }
        recorded.new.sort();
        recorded.changed.sort();
        Ok(recorded)
    }
}

impl Recorded {
    fn is_nothing(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty()
    }

    fn line(&self, continuity: &Continuity) -> String {
        let names = |names: &[PackageName]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let mut parts = Vec::new();
        if !self.new.is_empty() {
            parts.push(format!("on first use {}", names(&self.new)));
        }
        if !self.changed.is_empty() {
            parts.push(format!("newly {}", names(&self.changed)));
        }
        format!("Recorded in {}: {}", continuity.label(), parts.join("; "))
    }
}

fn asks_for_continuity(session: &Session, package: &Package) -> bool {
    let expectation = session.trust.policy.expectation(&package.name, &package.version);
    expectation.unpinned == Unpinned::Continuity
}

/// The record of a file, if an attestation was accepted for it.
pub(crate) fn entry(session: &Session, judged: &Judged) -> Option<(PackageName, Entry)> {
    let (package, verified) = (judged.package.as_ref()?, judged.verified.as_ref()?);
    let now = session.trust.now;
    let Basis::Attested(attested) = verified.basis() else {
        return None;
    };
    let by_policy = session
        .trust
        .policy
        .expectation(&package.name, &package.version)
        .is_pinned();
    let entry = Entry {
        version: package.version.clone(),
        file: package.filename.clone(),
        sha256: *verified.file().sha256(),
        accepted: now.round(Unit::Second).unwrap_or(now),
        by: if by_policy {
            AcceptedBy::Policy
        } else {
            AcceptedBy::FirstUse
        },
        evidence: attested.found.kind.as_str().to_owned(),
        found_at: sanitize(&attested.found.location).chars().take(MAX_PLACE).collect(),
        identity: attested.origin(),
    };
    Some((package.name.clone(), entry))
}
