//! From one chosen file to its verdict. Download and search go on side by side: what is searched for is the provenance of the
//! digest that the index announces. The verdict is made on the digest of the bytes alone, once they are there; where it is
//! another one, the download has failed, and nothing of what was found counts.

use std::pin::pin;
use std::time::Instant;

use futures_util::future::{Either, select};
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;
use slsa_pip_pypi_client::{IndexError, StagedDownload};
use slsa_pip_verify::{Attested, Basis, Code, Context, Refusal, StagedFile, Verified, exempt, tolerate};
use tokio::sync::Semaphore;

use crate::collect::{Collector, Subject};
use crate::consistency;
use crate::declared;
use crate::failure::{Failure, Result};
use crate::harvest::{Harvest, file_report};
use crate::log_answers::LogAnswers;
use crate::pipeline::Awaited;
use crate::report::FileReport;
use crate::resolution::Package;
use crate::search::{self, Search};
use crate::session::Session;
use crate::timings::Stage;

/// Files that are downloaded at the same time: enough to hide latency, few enough for any index to be polite to.
const DOWNLOADS_AT_ONCE: usize = 16;
/// Files whose provenance is searched for at the same time.
const SEARCHES_AT_ONCE: usize = 16;

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
    /// It would be refused for these reasons; [`Code::NoEvidence`] alone if nothing was found.
    Refused {
        /// Why.
        refusals: Vec<Refusal>,
        /// Whether every place that could hold provenance has answered.
        complete: bool,
    },
}

/// Judges the files of one run.
pub(crate) struct Judge<'a> {
    session: &'a Session,
    grounds: Awaited,
    downloads: Semaphore,
    searches: Semaphore,
}

/// What the search for a file's provenance has brought. No verdict.
struct Examined {
    expectation: Expectation,
    declared: Option<SourceRepository>,
    harvest: Harvest,
}

impl<'a> Judge<'a> {
    /// Judges by these grounds.
    pub(crate) fn new(session: &'a Session, grounds: Awaited) -> Self {
        Self {
            session,
            grounds,
            downloads: Semaphore::new(DOWNLOADS_AT_ONCE),
            searches: Semaphore::new(SEARCHES_AT_ONCE),
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
                    let examined = self.examine(&package, &staged).await?;
                    self.conclude(package, &staged, examined).await
                }
                Err(error) => download_verdict(package, &error),
            };
        };
        let outcome = {
            let (download, examined) = (pin!(download), pin!(self.examine(&package, &announced)));
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
        let Examined {
            expectation,
            mut harvest,
            ..
        } = self.examine(package, &announced).await?;
        let grounds = self.grounds.clone().get().await?;
        let context = Context {
            roots: &grounds.root.roots,
            expectation: &expectation,
            now: self.session.trust.now,
            package: Some(&package.name),
        };
        let outcome = search::verdict(&announced, &mut harvest, &context);
        Ok(Some(match outcome.as_ref().map(Verified::basis) {
            Ok(Basis::Attested(attested)) => Foretold::Attested(attested.clone()),
            _ => {
                let filename = package.filename.as_str();
                let report = file_report(filename, Some(&package.filename), None, outcome, harvest);
                Foretold::Refused {
                    complete: !report.may_be_found_later(),
                    refusals: report.refusals,
                }
            }
        }))
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
        let StagedDownload { path, sha256, size } = download.await?;
        Ok(StagedFile::new(
            path,
            package.filename.as_str().to_owned(),
            sha256,
            size,
        ))
    }

    /// Searches for evidence until it would suffice for a file of this digest. What policy exempts is not searched for.
    async fn examine(&self, package: &Package, file: &StagedFile) -> Result<Examined> {
        let session = self.session;
        let policy = &session.trust.policy;
        let mut examined = Examined {
            expectation: policy.expectation(&package.name, &package.version),
            declared: None,
            harvest: Harvest::default(),
        };
        if exemption(session, package, file).is_some_and(|exempted| exempted.is_ok()) {
            return Ok(examined);
        }
        let grounds = self.grounds.clone().get().await?;
        let _permit = self.searches.acquire().await;
        examined.declared = declared::repository(session, package, examined.expectation.is_pinned()).await;
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
        let subject = Subject {
            file: &package.file,
            name: &package.name,
            version: &package.version,
            sha256: file.sha256(),
            repositories: if expectation.is_pinned() {
                &expectation.repositories
            } else {
                examined.declared.as_slice()
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
    async fn conclude(&self, package: Package, staged: &StagedFile, examined: Examined) -> Result<Judged> {
        let session = self.session;
        let Examined {
            expectation,
            declared,
            mut harvest,
        } = examined;
        let outcome = match exemption(session, &package, staged) {
            Some(Ok(verified)) => Ok(verified),
            other => {
                let grounds = self.grounds.clone().get().await?;
                let context = Context {
                    roots: &grounds.root.roots,
                    expectation: &expectation,
                    now: session.trust.now,
                    package: Some(&package.name),
                };
                // An exemption that is for other bytes forbids nothing; but where nothing else lets the file pass, it is the
                // reason.
                let began = Instant::now();
                let outcome = search::verdict(staged, &mut harvest, &context);
                session.timings.add(Stage::Verify, began);
                outcome
                    .map_err(|mut refusals| {
                        if let Some(Err(refusal)) = other {
                            refusals.retain(|refusal| refusal.code != Code::NoEvidence);
                            refusals.insert(0, refusal);
                        }
                        harvest.complete(staged.filename(), Some(package.name.as_str()), refusals)
                    })
                    .or_else(|refusals| {
                        let policy = &session.trust.policy;
                        let written_at = format!("{}: [defaults] mode = \"warn\"", policy.label());
                        tolerate(staged, refusals, policy.mode(), &written_at)
                    })
            }
        };
        let outcome = match outcome {
            // What was accepted, or is tolerated, passes only if it was resolved with its own metadata.
            Ok(verified) => match consistency::check(&session.index, &package.file, staged).await {
                Ok(()) => Ok(verified),
                Err(refusal) => Err(vec![refusal]),
            },
            refused => refused,
        };
        Ok(judged(session, package, staged, outcome, harvest, declared))
    }
}

/// The file as it would be if the index were right about it; `None` where it does not say, or the user does not allow it.
fn announced(session: &Session, package: &Package, allowed: &[Sha256Digest]) -> Option<StagedFile> {
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
        Some(Basis::Attested(_) | Basis::Exempt(_)) => Vec::new(),
        Some(Basis::Tolerated(_)) | None => harvest.evidence.clone(),
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
