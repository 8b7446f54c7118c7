//! What is true of each file of the closure: by the same pipeline as for `install`, and what a pin would make of it.

use std::sync::Arc;

use slsa_pip_distribution::{PackageName, SourceRepository, Version};
use slsa_pip_policy::{Identity, Policy};
use slsa_pip_provenance::Evidence;
use slsa_pip_verify::{Attested, Basis, Code, Context, Refusal, StagedFile, Verified, exempt, verify_file};

use crate::consistency;
use crate::failure::Result;
use crate::judge::Judged;
use crate::pipeline::{self, Grounds};
use crate::printer::Printer;
use crate::report::FileReport;
use crate::resolution::{self, Package};
use crate::session::Session;

/// Everything that was found out.
pub(crate) struct Survey {
    /// One per file, by project.
    pub(crate) files: Vec<Surveyed>,
    /// Files that were refused before they could be chosen.
    pub(crate) unchosen: Vec<FileReport>,
    /// Remarks.
    pub(crate) notes: Vec<String>,
    /// What was verified with; `None` if there was nothing to verify.
    pub(crate) grounds: Option<Arc<Grounds>>,
}

/// One file.
pub(crate) struct Surveyed {
    /// What was chosen.
    pub(crate) package: Package,
    /// What the judge says of it.
    pub(crate) report: FileReport,
    /// What that means for a policy.
    pub(crate) finding: Finding,
    /// Whether an exemption lets it pass as well.
    pub(crate) exempted: bool,
}

/// What there is to be written.
pub(crate) enum Finding {
    /// It passes, and policy pins it.
    Pinned(Box<Proof>),
    /// It passes, or would if its repository were pinned; nothing pins it.
    FirstUse(Box<Proof>),
    /// It passes by an exemption, and by nothing else.
    Exempt,
    /// Every place has answered, and none has provenance for it.
    Unattested(StagedFile),
    /// It does not pass.
    Refused(Vec<Refusal>),
}

/// A proof, with what it was made from.
pub(crate) struct Proof {
    /// What is proven.
    pub(crate) attested: Attested,
    evidence: Vec<Evidence>,
    staged: StagedFile,
}

/// Resolves, downloads, searches and verifies.
pub(crate) async fn run(session: &mut Session, held: &Policy, no_deps: bool, printer: &Printer) -> Result<Survey> {
    // A package that has no pin yet is to get one: that it has none refuses nothing here. What is exempt is looked at as well, since
    // it may be attested by now.
    session.trust.policy = held.for_first_use().without_exemptions();
    let mut request = resolution::request(&session.probe)?;
    request.no_deps |= no_deps;
    session.keeps_insufficient = true;
    let outcome = pipeline::run(session, &request, printer).await?;
    let grounds = outcome.root.map(|root| {
        Arc::new(Grounds {
            root,
            named: Vec::new(),
        })
    });
    let mut survey = Survey {
        files: Vec::new(),
        unchosen: Vec::new(),
        notes: outcome.notes,
        grounds,
    };
    for judged in outcome.judged {
        survey.add(session, held, judged);
    }
    // Pins come first, also in a new file.
    let is_unattested = |file: &Surveyed| matches!(file.finding, Finding::Unattested(_));
    let files = &mut survey.files;
    files.sort_by(|a, b| (is_unattested(a), &a.package.name).cmp(&(is_unattested(b), &b.package.name)));
    Ok(survey)
}

impl Survey {
    fn add(&mut self, session: &Session, held: &Policy, judged: Judged) {
        let Judged {
            mut report,
            package,
            verified,
            accepted,
            staged,
            insufficient,
        } = judged;
        let Some(package) = package else {
            self.unchosen.push(report);
            return;
        };
        let refusals = std::mem::take(&mut report.refusals);
        let basis = verified.as_ref().map(Verified::basis);
        let exempted = staged.as_ref().is_some_and(|staged| {
            let (name, version) = (&package.name, &package.version);
            let exemption = held.exemption(name, version);
            exemption.is_some_and(|exemption| exempt(staged, exemption, name, version, session.trust.now).is_ok())
        });
        let finding = match (basis, staged) {
            (Some(Basis::Attested(attested)), Some(staged)) => {
                let proof = Box::new(Proof {
                    attested: (**attested).clone(),
                    evidence: accepted.into_iter().collect(),
                    staged,
                });
                if held.expectation(&package.name, &package.version).is_pinned() {
                    Finding::Pinned(proof)
                } else {
                    Finding::FirstUse(proof)
                }
            }
            (_, Some(_)) if exempted && !is_pinnable(&refusals) => Finding::Exempt,
            (_, Some(staged)) if is_unattested(&refusals) && !report.may_be_found_later() => {
                Finding::Unattested(staged)
            }
            (_, Some(staged)) if !insufficient.is_empty() => {
                let proof = self.pinned_as_declared(session, &package, &report, &refusals, staged, insufficient);
                match proof {
                    Some(proof) => Finding::FirstUse(Box::new(proof)),
                    None if exempted => Finding::Exempt,
                    None => Finding::Refused(refusals),
                }
            }
            _ => Finding::Refused(refusals),
        };
        self.files.push(Surveyed {
            package,
            report,
            finding,
            exempted,
        });
    }

    /// The proof that there would be, were the repository pinned that the package's own metadata names: a repository's own
    /// workflow counts only where somebody has pinned it, and that is about to be done. The certificate must name it as well.
    fn pinned_as_declared(
        &self,
        session: &Session,
        package: &Package,
        report: &FileReport,
        refusals: &[Refusal],
        staged: StagedFile,
        evidence: Vec<Evidence>,
    ) -> Option<Proof> {
        if !is_pinnable(refusals) {
            return None;
        }
        let declared: SourceRepository = report.declared_repository.as_deref()?.parse().ok()?;
        let mut expectation = session.trust.policy.expectation(&package.name, &package.version);
        expectation.repositories = vec![declared];
        let context = Context {
            roots: &self.grounds.as_ref()?.root.roots,
            expectation: &expectation,
            now: session.trust.now,
            package: Some(&package.name),
        };
        match verify_file(&staged, &evidence, &context).ok()?.basis() {
            Basis::Attested(attested) => Some(Proof {
                attested: (**attested).clone(),
                evidence,
                staged,
            }),
            _ => None,
        }
    }

    /// Whether a policy lets a proven file pass: the verdict is made anew, by that policy as it was read.
    pub(crate) fn passes(
        &self,
        session: &Session,
        policy: &Policy,
        package: &Package,
        proof: &Proof,
    ) -> std::result::Result<(), Vec<Refusal>> {
        let Some(grounds) = &self.grounds else {
            return Err(Vec::new());
        };
        let context = Context {
            roots: &grounds.root.roots,
            expectation: &policy.expectation(&package.name, &package.version),
            now: session.trust.now,
            package: Some(&package.name),
        };
        verify_file(&proof.staged, &proof.evidence, &context).map(drop)
    }
}

impl Proof {
    /// The identity that stands behind it.
    pub(crate) fn identity(&self) -> Identity {
        self.attested.origin()
    }
}

/// Whether a policy's exemption lets a file pass, as for `install`: by its digest, and only with its own metadata.
pub(crate) async fn passes_exempt(
    session: &Session,
    policy: &Policy,
    package: &Package,
    staged: &StagedFile,
) -> std::result::Result<(), Vec<Refusal>> {
    let (name, version): (&PackageName, &Version) = (&package.name, &package.version);
    let Some(exemption) = policy.exemption(name, version) else {
        return Err(Vec::new());
    };
    exempt(staged, exemption, name, version, session.trust.now).map_err(|refusal| vec![refusal])?;
    let check = consistency::check(&session.index, &package.file, staged).await;
    check.map_err(|refusal| vec![refusal])
}

/// Whether a pin may be what is missing.
fn is_pinnable(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| refusal.code == Code::BuilderNotPinned)
}

/// Whether nothing speaks against the file but that there is no provenance.
fn is_unattested(refusals: &[Refusal]) -> bool {
    !refusals.is_empty() && refusals.iter().all(|refusal| refusal.code == Code::NoEvidence)
}
