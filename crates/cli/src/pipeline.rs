//! From requirements to verdicts: resolve, then per file, side by side: download, collect, verify.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;
use slsa_pip_pypi_client::IndexError;
use slsa_pip_trust_root::Loaded;
use slsa_pip_verify::{Basis, Code, Context, Refusal, StagedFile, TrustRoots, Verified, exempt};

use crate::args::RequirementArgs;
use crate::collect::{Collector, Subject};
use crate::consistency;
use crate::declared;
use crate::failure::{Failure, Result};
use crate::harvest::{Harvest, file_report};
use crate::log_answers::LogAnswers;
use crate::printer::Printer;
use crate::report::FileReport;
use crate::resolution::{self, Package, Resolved};
use crate::search::Search;
use crate::session::Session;

/// Files that are downloaded and judged at the same time.
const FILES_AT_ONCE: usize = 8;

/// A file with its verdict.
pub(crate) struct Judged {
    /// What the report says.
    pub(crate) report: FileReport,
    /// The proof, if it was accepted.
    pub(crate) verified: Option<Verified>,
    /// The evidence that was accepted, as it was read.
    pub(crate) accepted: Option<Evidence>,
}

/// All verdicts of a run.
pub(crate) struct Outcome {
    /// One per file, in no particular order.
    pub(crate) judged: Vec<Judged>,
    /// Remarks that change no verdict.
    pub(crate) notes: Vec<String>,
    /// The trusted root that was verified with.
    pub(crate) root: Arc<Loaded>,
}

/// Resolves, then judges every file. An error ends the run; a refusal is a verdict, and the others are still judged, so
/// that all of them are reported together (F3).
pub(crate) async fn run(session: &Session, args: &RequirementArgs, printer: &Printer) -> Result<Outcome> {
    let request = resolution::request(&session.probe, args)?;
    // The trusted root is refreshed, where it must be, while the resolver waits for the index.
    let (resolved, root) = tokio::join!(
        resolution::resolve(&session.index, session.trust.offline, &request),
        session.trust.root(&session.http)
    );
    // Without a root there is no verdict, whatever the index says.
    let (root, resolved) = (root?, resolved?);
    let resolution = match resolved {
        Resolved::Files(resolution) => resolution,
        Resolved::Refused(refusal) => {
            let judged = vec![Judged::refused(None, *refusal)];
            return Ok(Outcome {
                judged,
                notes: Vec::new(),
                root,
            });
        }
    };
    let count = resolution.packages.len();
    printer.progress(&format!(
        "Resolved {count} package{}",
        if count == 1 { "" } else { "s" }
    ));
    let mut notes = session.notes.clone();
    notes.extend(resolution.notes);
    let hashes = &request.hashes;
    let roots = &root.roots;
    let judged = stream::iter(resolution.packages)
        .map(|package| async move {
            let allowed = hashes.get(&package.name).map(Vec::as_slice).unwrap_or_default();
            judge(session, roots, package, allowed).await
        })
        .buffer_unordered(FILES_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Outcome { judged, notes, root })
}

async fn judge(session: &Session, roots: &TrustRoots, package: Package, allowed: &[Sha256Digest]) -> Result<Judged> {
    let filename = package.filename.as_str().to_owned();
    let mut expectation = session.trust.policy.expectation(&package.name, &package.version);
    let download = match session
        .index
        .download(&package.file, session.staging.path(), allowed)
        .await
    {
        Ok(download) => download,
        Err(error) => return download_verdict(&package, &error),
    };
    let staged = StagedFile::new(download.path, filename, download.sha256, download.size);

    let policy = &session.trust.policy;
    let mut unexempted = None;
    if let Some(exemption) = policy.exemption(&package.name, &package.version) {
        match exempt(&staged, exemption, &package.name, &package.version, session.trust.now) {
            Ok(verified) => {
                let outcome = consistent(session, &package, &staged, Ok(verified)).await;
                return Ok(judged(&package, &staged, outcome, Harvest::default(), None));
            }
            Err(refusal) => unexempted = Some(refusal),
        }
    }

    let declared = declared::repository(session, &package).await;
    expectation.declared.clone_from(&declared);
    let (outcome, harvest) =
        collect_and_verify(session, roots, &package, &staged, &expectation, declared.as_slice()).await;
    // An exemption that is for other bytes forbids nothing; but where nothing else lets the file pass, it is the reason.
    let outcome = outcome.map_err(|mut refusals| {
        if let Some(refusal) = unexempted {
            refusals.retain(|refusal| refusal.code != Code::NoEvidence);
            refusals.insert(0, refusal);
        }
        refusals
    });
    let outcome = consistent(session, &package, &staged, outcome).await;
    Ok(judged(&package, &staged, outcome, harvest, declared))
}

/// What was accepted passes only if it was resolved with its own metadata.
async fn consistent(
    session: &Session,
    package: &Package,
    staged: &StagedFile,
    outcome: std::result::Result<Verified, Vec<Refusal>>,
) -> std::result::Result<Verified, Vec<Refusal>> {
    let verified = outcome?;
    match consistency::check(&session.index, &package.file, staged).await {
        Ok(()) => Ok(verified),
        Err(refusal) => Err(vec![refusal]),
    }
}

/// Searches for evidence until it suffices.
async fn collect_and_verify(
    session: &Session,
    roots: &TrustRoots,
    package: &Package,
    staged: &StagedFile,
    expectation: &Expectation,
    declared: &[SourceRepository],
) -> (std::result::Result<Verified, Vec<Refusal>>, Harvest) {
    let log = LogAnswers::new(&session.http, &session.trust);
    let collector = Collector {
        index: &session.index,
        named: &session.named,
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
        sha256: staged.sha256(),
        repositories: if expectation.is_pinned() {
            &expectation.repositories
        } else {
            declared
        },
        tag: expectation
            .reference
            .as_deref()
            .and_then(|reference| reference.strip_prefix("refs/tags/")),
    };
    let context = Context {
        roots,
        expectation,
        now: session.trust.now,
        package: Some(&package.name),
    };
    let search = Search {
        collector: &collector,
        subject: &subject,
        staged,
        context: &context,
        has_token: session.has_token,
    };
    search.run().await
}

fn judged(
    package: &Package,
    staged: &StagedFile,
    outcome: std::result::Result<Verified, Vec<Refusal>>,
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
        Basis::Exempt(_) => None,
    });
    let mut report = file_report(
        staged.filename(),
        Some(&package.filename),
        Some(*staged.sha256()),
        outcome,
        harvest,
    );
    report.required_by = package.required_by.iter().map(ToString::to_string).collect();
    report.declared_repository = declared.map(|repository| repository.to_string());
    Judged {
        report,
        verified,
        accepted,
    }
}

/// Bytes that are not those that were announced or allowed are refused; that they could not be had is an error.
fn download_verdict(package: &Package, error: &IndexError) -> Result<Judged> {
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
    fn refused(package: Option<&Package>, refusal: Refusal) -> Self {
        let filename = refusal.file.clone();
        let parsed = filename.parse().ok();
        let mut report = file_report(&filename, parsed.as_ref(), None, Err(vec![refusal]), Harvest::default());
        if let Some(package) = package {
            report.required_by = package.required_by.iter().map(ToString::to_string).collect();
        }
        Self {
            report,
            verified: None,
            accepted: None,
        }
    }
}
