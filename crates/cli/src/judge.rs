//! From one chosen file to its verdict. Download and search go on side by side: what is searched for is the provenance of the
//! digest that the index announces. The verdict is made on the digest of the bytes alone, once they are there; where it is
//! another one, the download has failed, and nothing of what was found counts.

use std::pin::pin;
use std::time::Instant;

use futures_util::future::{Either, select};
use jiff::Timestamp;
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;
use slsa_pip_pypi_client::{IndexError, StagedDownload};
use slsa_pip_verify::{Attested, Basis, Code, Context, Refusal, StagedFile, Verified, exempt, tolerate, verify_file};
use tokio::sync::Semaphore;

use crate::collect::{Collector, Subject};
use crate::consistency;
use crate::continuity;
use crate::cooldown;
use crate::declared;
use crate::failure::{Failure, Result};
use crate::harvest::{Harvest, file_report};
use crate::log_answers::LogAnswers;
use crate::pipeline::Awaited;
use crate::report::FileReport;
use crate::resolution::Package;
use crate::resolve_policy::Known;
use crate::search::{self, Search};
use crate::session::Session;
use crate::timings::Stage;
use crate::wheel_inspection;

/// Files that are downloaded at the same time: enough to hide latency, few enough for any index to be polite to.
const DOWNLOADS_AT_ONCE: usize = 16;
/// Files whose provenance is searched for at the same time.
const SEARCHES_AT_ONCE: usize = 16;
/// Wheels that are inspected at the same time: it is work for the processor, and each may hold a directory in memory.
const INSPECTIONS_AT_ONCE: usize = 4;

/// A file with its verdict.
pub(crate) struct Judged {
    /// What the report says.
    pub(crate) report: FileReport,
    /// What it was chosen for; `None` if the index was caught before it could be chosen.
    pub(crate) package: Option<Package>,
    /// The proof, if it was accepted.
    pub(crate) verified: Option<Verified>,
    /// The evidence that was accepted, as it was read.
    pub(crate) accepted: Option<Evidence>,
    /// The bytes that were judged; `None` where they could not be had, or were not those that were announced.
    pub(crate) staged: Option<StagedFile>,
    /// What was found for a file that was refused, or is merely tolerated.
    pub(crate) insufficient: Vec<Evidence>,
}

/// What the provenance of a file would prove if the index were right about its digest. Nothing passes by it.
pub(crate) enum Foretold {
    /// This attestation would be accepted.
    Attested(Box<Attested>),
    /// It would be refused.
    Refused {
        /// Whether every place that could hold provenance has answered, and with what can be read.
        complete: bool,
    },
}

/// Judges the files of one run.
pub(crate) struct Judge<'a> {
    pub(crate) session: &'a Session,
    grounds: Awaited,
    /// Whether the identities are only looked at, by somebody who decides about them.
    reviews: bool,
    downloads: Semaphore,
    searches: Semaphore,
    inspections: Semaphore,
    /// What was searched for before files were chosen.
    pub(crate) known: Known,
}

/// What the search for a file's provenance has brought. No verdict.
#[derive(Clone)]
pub(crate) struct Examined {
    pub(crate) expectation: Expectation,
    pub(crate) declared: Option<SourceRepository>,
    /// Whether nobody knows what the metadata declares, so that a repository may not have been asked.
    pub(crate) unanswered: bool,
    pub(crate) harvest: Harvest,
    /// Why the file is refused whatever its own evidence says.
    pub(crate) gap: Option<Refusal>,
}

impl<'a> Judge<'a> {
    /// Judges by these grounds.
    pub(crate) fn new(session: &'a Session, grounds: Awaited) -> Self {
        Self {
            session,
            grounds,
            reviews: session.continuity.reviews,
            downloads: Semaphore::new(DOWNLOADS_AT_ONCE),
            searches: Semaphore::new(SEARCHES_AT_ONCE),
            inspections: Semaphore::new(INSPECTIONS_AT_ONCE),
            known: Known::default(),
        }
    }

    /// The verdict on one file.
    ///
    /// # Errors
    /// If it cannot be had, or there is no trusted root. Bytes that are not those that were announced or `allowed` are refused.
    pub(crate) async fn judge(&self, package: Package, allowed: &[Sha256Digest]) -> Result<Judged> {
        if !self.session.documents.is_empty() {
            // What the user has named is read before anything is downloaded.
            self.grounds.clone().get().await?;
        }
        let download = self.download(&package, allowed);
        let Some(announced) = announced(self.session, &package, allowed) else {
            return match download.await {
                Ok(staged) => {
                    let examined = self.examined(&package, &staged).await?;
                    self.conclude(package, &staged, examined).await
                }
                Err(error) => download_verdict(package, &error),
            };
        };
        let outcome = {
            let (download, examined) = (pin!(download), pin!(self.examined(&package, &announced)));
            match select(download, examined).await {
                Either::Left((Ok(staged), pending)) => Ok((staged, pending.await?)),
                Either::Left((Err(error), _)) => Err(error),
                Either::Right((examined, pending)) => {
                    let examined = examined?;
                    pending.await.map(|staged| (staged, examined))
                }
            }
        };
        match outcome {
            Ok((staged, examined)) => self.conclude(package, &staged, examined).await,
            Err(error) => download_verdict(package, &error),
        }
    }

    /// Looks for the provenance of a file that is not downloaded, by the digest that the index announces; `None` if it announces
    /// none.
    pub(crate) async fn foretell(&self, package: &Package) -> Result<Option<Foretold>> {
        let Some(announced) = announced(self.session, package, &[]) else {
            return Ok(None);
        };
        let examined = self.examine(package, &announced).await?;
        self.foretold(package, &announced, examined).await.map(Some)
    }

    /// The same, whatever other releases were made by, and whether or not anybody has pinned who made it: for whoever decides about
    /// that, or compares others with it. Nothing may be installed by it.
    pub(crate) async fn reveal(&self, package: &Package) -> Result<Option<Foretold>> {
        let Some(announced) = announced(self.session, package, &[]) else {
            return Ok(None);
        };
        let expectation = Expectation {
            under_review: true,
            // It is about the files that it lists, and this one is of another release.
            locked: None,
            ..self.expectation(package)
        };
        let examined = self.look(package, &announced, expectation).await?;
        self.foretold(package, &announced, examined).await.map(Some)
    }

    async fn foretold(&self, package: &Package, announced: &StagedFile, examined: Examined) -> Result<Foretold> {
        let Examined {
            expectation,
            mut harvest,
            gap,
            ..
        } = examined;
        let grounds = self.grounds.clone().get().await?;
        let context = Context {
            roots: &grounds.root.roots,
            expectation: &expectation,
            now: self.session.trust.now,
            package: Some(&package.name),
        };
        let mut outcome = search::verdict(announced, &mut harvest, &context);
        if let (Ok(_), Some(gap)) = (&outcome, gap) {
            outcome = Err(vec![gap]);
        }
        if let Ok(Basis::Attested(attested)) = outcome.as_ref().map(Verified::basis) {
            return Ok(Foretold::Attested(attested.clone()));
        }
        let filename = package.filename.as_str();
        let report = file_report(filename, Some(&package.filename), None, outcome, harvest);
        let is_unreadable = |refusal: &Refusal| refusal.code == Code::EvidenceUnreadable;
        let complete = !report.may_be_found_later() && !report.refusals.iter().any(is_unreadable);
        Ok(Foretold::Refused { complete })
    }

    /// Whether policy lets a file of this digest pass without provenance.
    pub(crate) fn is_exempt(&self, package: &Package, file: &StagedFile) -> bool {
        exemption(self.session, package, file).is_some_and(|exempted| exempted.is_ok())
    }

    /// What was found before the file was chosen, or else is found now.
    async fn examined(&self, package: &Package, announced: &StagedFile) -> Result<Examined> {
        match self.known.take(&package.file, announced.sha256()) {
            Some(examined) => Ok(examined),
            None => self.examine(package, announced).await,
        }
    }

    async fn download(
        &self,
        package: &Package,
        allowed: &[Sha256Digest],
    ) -> std::result::Result<StagedFile, IndexError> {
        // It is never closed; if it were, nothing would have to wait.
        let _permit = self.downloads.acquire().await;
        let session = self.session;
        let download = session.index.download(&package.file, session.staging.path(), allowed);
        let downloaded = download.await.map_err(|error| session.locked.reworded(error));
        let StagedDownload { path, sha256, size } = downloaded?;
        Ok(StagedFile::new(
            path,
            package.filename.as_str().to_owned(),
            sha256,
            size,
        ))
    }

    /// What policy expects of a release, and what the lock file does that it is taken from.
    fn expectation(&self, package: &Package) -> Expectation {
        let session = self.session;
        let mut expectation = session.trust.policy.expectation(&package.name, &package.version);
        session.locked.narrow(&package.name, &mut expectation);
        expectation
    }

    /// Searches for evidence until it would suffice for a file of this digest. What policy exempts is not searched for.
    pub(crate) async fn examine(&self, package: &Package, file: &StagedFile) -> Result<Examined> {
        let mut expectation = self.expectation(package);
        if self.is_exempt(package, file) {
            return Ok(Examined {
                expectation,
                declared: None,
                unanswered: false,
                harvest: Harvest::default(),
                gap: None,
            });
        }
        if self.reviews {
            expectation.under_review = true;
            return self.look(package, file, expectation).await;
        }
        let gap = continuity::expect(self.session, self, &mut expectation, package).await?;
        let examined = self.look(package, file, expectation).await?;
        Ok(Examined { gap, ..examined })
    }

    /// Searches for what meets this expectation.
    async fn look(&self, package: &Package, file: &StagedFile, expectation: Expectation) -> Result<Examined> {
        let session = self.session;
        let mut examined = Examined {
            expectation,
            declared: None,
            unanswered: false,
            harvest: Harvest::default(),
            gap: None,
        };
        let grounds = self.grounds.clone().get().await?;
        let _permit = self.searches.acquire().await;
        let continued = continuity::repositories(&examined.expectation);
        let is_known = match &examined.expectation {
            // Which of an owner's repositories it is, only the metadata says.
            expected if expected.repositories.is_empty() && !expected.owners.is_empty() => false,
            expected => expected.is_pinned() || !continued.is_empty(),
        };
        let declared = declared::repository(session, package, is_known).await;
        (examined.declared, examined.unanswered) = (declared.repository, declared.unanswered);
        examined.expectation.declared.clone_from(&examined.declared);
        let expectation = &examined.expectation;
        let log = LogAnswers::new(&session.http, &session.trust);
        let collector = Collector {
            index: &session.index,
            named: &grounds.named,
            dirs: &session.dirs,
            github: &session.github,
            endpoints: &session.endpoints,
            places: &session.places,
            trust: &session.trust,
            log: &log,
        };
        let recorded = session.locked.repositories(&package.name);
        let continued: Vec<SourceRepository> = continued.into_iter().chain(examined.declared.clone()).collect();
        let of_owners = continued
            .iter()
            .filter(|it| expectation.owners.iter().any(|owner| owner.owns(it)));
        let pinned: Vec<SourceRepository> = expectation.repositories.iter().chain(of_owners).cloned().collect();
        let subject = Subject {
            file: &package.file,
            name: &package.name,
            version: &package.version,
            sha256: file.sha256(),
            repositories: if expectation.is_pinned() {
                &pinned
            } else if continued.is_empty() {
                &recorded
            } else {
                &continued
            },
            tag: expectation
                .reference
                .as_deref()
                .and_then(|reference| reference.strip_prefix("refs/tags/")),
        };
        let search = Search {
            collector: &collector,
            subject: &subject,
            file,
            context: &Context {
                roots: &grounds.root.roots,
                expectation,
                now: session.trust.now,
                package: Some(&package.name),
            },
            has_token: session.has_token,
        };
        examined.harvest = search.run().await;
        Ok(examined)
    }

    /// The verdict on the bytes.
    async fn conclude(&self, package: Package, staged: &StagedFile, mut examined: Examined) -> Result<Judged> {
        let session = self.session;
        let mut wheel = None;
        let outcome = match self.decide(&package, staged, &mut examined).await? {
            // What was accepted, or is tolerated, passes only if it was resolved with its own metadata, and is what it seems.
            Ok(verified) => {
                let consistent = consistency::check(&session.index, &package.file, staged);
                let inspect = async {
                    let _permit = self.inspections.acquire().await;
                    wheel_inspection::check(staged).await
                };
                let (consistent, inspected) = tokio::join!(consistent, inspect);
                let mut refusals: Vec<Refusal> = consistent.err().into_iter().collect();
                match inspected {
                    Ok(report) => {
                        let denied =
                            |report| wheel_inspection::denied(report, staged, &package.name, &session.trust.policy);
                        refusals.extend(report.as_ref().map(denied).unwrap_or_default());
                        wheel = report;
                    }
                    Err(defects) => refusals.extend(defects),
                }
                if refusals.is_empty() {
                    Ok(verified)
                } else {
                    Err(refusals)
                }
            }
            refused => refused,
        };
        let Examined {
            harvest,
            declared,
            unanswered,
            ..
        } = examined;
        let mut judged = judged(session, package, staged, outcome, harvest, declared);
        judged.report.declared_unknown = unanswered && judged.report.declared_repository.is_none();
        judged.report.wheel = wheel;
        Ok(judged)
    }

    /// What policy and evidence say of a file of this digest.
    pub(crate) async fn decide(
        &self,
        package: &Package,
        file: &StagedFile,
        examined: &mut Examined,
    ) -> Result<search::Outcome> {
        let session = self.session;
        let policy = &session.trust.policy;
        let other = match exemption(session, package, file) {
            Some(Ok(verified)) => return Ok(Ok(verified)),
            other => other,
        };
        let grounds = self.grounds.clone().get().await?;
        let context = Context {
            roots: &grounds.root.roots,
            expectation: &examined.expectation,
            now: session.trust.now,
            package: Some(&package.name),
        };
        let harvest = &mut examined.harvest;
        let began = Instant::now();
        let mut outcome = search::verdict(file, harvest, &context);
        session.timings.add(Stage::Verify, began);
        if outcome.as_ref().is_err_and(|refusals| continuity::is_about(refusals)) {
            // The same verdict, with what the index says of the releases around it.
            let expectation = &continuity::explained(session, &examined.expectation, package).await;
            outcome = verify_file(file, &harvest.evidence, &Context { expectation, ..context });
        }
        if let (Ok(_), Some(gap)) = (&outcome, &examined.gap) {
            outcome = Err(vec![gap.clone()]);
        }
        let outcome = outcome.map_err(|mut refusals| {
            // An exemption that is for other bytes forbids nothing; but where nothing else lets the file pass, it is the
            // reason.
            if let Some(Err(refusal)) = other {
                refusals.retain(|refusal| !refusal.code.is_absence());
                refusals.insert(0, refusal);
            }
            harvest.complete(file.filename(), Some(package.name.as_str()), refusals)
        });
        let outcome = match cooldown::check(policy, &package.file, signed_at(&outcome), session.trust.now) {
            None => outcome,
            Some(young) => {
                let mut refusals = outcome.err().unwrap_or_default();
                refusals.push(young.refusal(&package.file));
                Err(refusals)
            }
        };
        if session.locked.demands_publisher(&package.name) {
            // Nothing that lacks the recorded publisher is merely warned of.
            return Ok(outcome);
        }
        Ok(outcome.or_else(|refusals| {
            let written_at = policy.mode_written_at().unwrap_or_default();
            tolerate(file, refusals, policy.mode(), &written_at)
        }))
    }
}

/// When the attestation was signed that a file was accepted for.
fn signed_at(outcome: &search::Outcome) -> Option<Timestamp> {
    match outcome.as_ref().ok()?.basis() {
        Basis::Attested(attested) => Some(attested.signed_at),
        Basis::Exempt(_) | Basis::Tolerated(_) => None,
    }
}

/// The file as it would be if the index were right about it; `None` where it does not say, or the user does not allow it.
pub(crate) fn announced(session: &Session, package: &Package, allowed: &[Sha256Digest]) -> Option<StagedFile> {
    let filename = package.filename.as_str();
    let sha256 = package.file.sha256?;
    let may_be = allowed.is_empty() || allowed.contains(&sha256);
    let path = session.staging.path().join(filename);
    may_be.then(|| StagedFile::new(path, filename.to_owned(), sha256, package.file.size.unwrap_or(0)))
}

/// What policy says of a file without provenance, if it exempts this version at all.
fn exemption(
    session: &Session,
    package: &Package,
    file: &StagedFile,
) -> Option<std::result::Result<Verified, Refusal>> {
    let (name, version) = (&package.name, &package.version);
    if session.locked.demands_publisher(name) {
        return None;
    }
    let exemption = session.trust.policy.exemption(name, version)?;
    Some(exempt(file, exemption, name, version, session.trust.now))
}

fn judged(
    session: &Session,
    package: Package,
    staged: &StagedFile,
    outcome: search::Outcome,
    harvest: Harvest,
    declared: Option<SourceRepository>,
) -> Judged {
    let verified = outcome.as_ref().ok().cloned();
    let accepted = verified.as_ref().and_then(|verified| match verified.basis() {
        Basis::Attested(attested) => harvest
            .evidence
            .iter()
            .find(|evidence| evidence.found == attested.found)
            .cloned(),
        Basis::Exempt(_) | Basis::Tolerated(_) => None,
    });
    let insufficient = match verified.as_ref().map(Verified::basis) {
        Some(Basis::Tolerated(_)) | None if session.keeps_insufficient => harvest.evidence.clone(),
        _ => Vec::new(),
    };
    let mut report = file_report(
        staged.filename(),
        Some(&package.filename),
        Some(*staged.sha256()),
        outcome,
        harvest,
    );
    report.required_by = package.required_by.iter().map(ToString::to_string).collect();
    report.origin = session.origin(&package);
    report.declared_repository = declared.map(|repository| repository.to_string());
    Judged {
        report,
        package: Some(package),
        verified,
        accepted,
        staged: Some(staged.clone()),
        insufficient,
    }
}

/// Bytes that are not those that were announced or allowed are refused; that they could not be had is an error.
fn download_verdict(package: Package, error: &IndexError) -> Result<Judged> {
    match digest_refusal(Some(package.name.as_str()), error) {
        Some(refusal) => Ok(Judged::refused(Some(package), refusal)),
        None => Err(Failure::new(format!("`{}` could not be downloaded", package.filename))
            .caused_by(error)
            .maybe_hint(error.hint())),
    }
}

/// The refusal that an error of the index stands for, if it is about the bytes and not about getting them.
pub(crate) fn digest_refusal(package: Option<&str>, error: &IndexError) -> Option<Refusal> {
    let (code, summary, file, expected, computed) = match error {
        IndexError::DigestMismatch {
            file,
            expected,
            computed,
        } => {
            let summary = "the downloaded bytes are not those that the index announces";
            (Code::IndexDigestMismatch, summary, file, expected.to_hex(), computed)
        }
        IndexError::HashNotAllowed {
            file,
            allowed,
            computed,
        } => {
            let allowed: Vec<String> = allowed.iter().map(Sha256Digest::to_hex).collect();
            let summary = "the downloaded bytes have none of the allowed hashes";
            (Code::HashNotAllowed, summary, file, allowed.join(" or "), computed)
        }
        _ => return None,
    };
    Some(Refusal {
        code,
        rule: code.rule(),
        package: package.map(str::to_owned),
        file: file.clone(),
        summary: summary.to_owned(),
        expected: Some(expected),
        found: Some(computed.to_hex()),
        source: None,
        hint: error.hint().map(str::to_owned),
    })
}

impl Judged {
    /// A file that was refused before there was anything to verify.
    pub(crate) fn refused(package: Option<Package>, refusal: Refusal) -> Self {
        let filename = refusal.file.clone();
        let parsed = filename.parse().ok();
        let mut report = file_report(&filename, parsed.as_ref(), None, Err(vec![refusal]), Harvest::default());
        if let Some(package) = &package {
            report.required_by = package.required_by.iter().map(ToString::to_string).collect();
        }
        Self {
            report,
            package,
            verified: None,
            accepted: None,
            staged: None,
            insufficient: Vec::new(),
        }
    }
}
