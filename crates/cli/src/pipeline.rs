//! From requirements to verdicts: resolve, then per file, side by side: download, collect, verify.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use slsa_pip_distribution::{PackageName, Requirement, Sha256Digest, SourceRepository};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;
use slsa_pip_pypi_client::{IndexError, IndexFile};
use slsa_pip_resolver::{Request, Resolution, ResolveError, Resolved};
use slsa_pip_verify::{Basis, Code, Context, Refusal, StagedFile, Verified, exempt, verify_file};

use crate::args::RequirementArgs;
use crate::collect::{Collector, Harvest, STAGES, Subject, file_report};
use crate::declared;
use crate::failure::{Failure, Result};
use crate::printer::Printer;
use crate::report::FileReport;
use crate::session::Session;
use crate::source::IndexSource;

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

/// Resolves the requirements of the command line and of the files that pip has parsed.
pub(crate) async fn resolve(
    session: &Session,
    args: &RequirementArgs,
    printer: &Printer,
) -> Result<Resolution<IndexFile>> {
    let request = request(session, args)?;
    let resolution = slsa_pip_resolver::resolve(&IndexSource(&session.index), &request)
        .await
        .map_err(resolve_failure)?;
    if resolution.packages.is_empty() {
        return Err(
            Failure::new("There is nothing to install: no requirement applies to this interpreter")
                .hint("Check the environment markers of the requirements"),
        );
    }
    let count = resolution.packages.len();
    printer.progress(&format!(
        "Resolved {count} package{}",
        if count == 1 { "" } else { "s" }
    ));
    Ok(resolution)
}

fn request(session: &Session, args: &RequirementArgs) -> Result<Request> {
    let probe = &session.probe;
    let mut requirements = Vec::new();
    let mut constraints = Vec::new();
    let mut hashes: BTreeMap<PackageName, Vec<Sha256Digest>> = BTreeMap::new();
    for text in &args.requirements {
        requirements.push(parse(text, "the command line")?);
    }
    for parsed in &probe.requirements {
        let requirement = parse(&parsed.requirement, &parsed.origin)?;
        for hash in &parsed.hashes {
            hashes
                .entry(requirement.name().clone())
                .or_default()
                .push(parse_hash(hash, &parsed.origin)?);
        }
        if parsed.constraint {
            constraints.push(requirement)
        } else {
            requirements.push(requirement)
        }
    }
    Ok(Request {
        requirements,
        constraints,
        require_hashes: args.require_hashes || probe.require_hashes || !hashes.is_empty(),
        hashes,
        env: probe.markers.clone(),
        tags: probe.tags.clone(),
        python: probe.python_version.clone(),
        pre: args.pre || probe.pre,
    })
}

fn parse(text: &str, origin: &str) -> Result<Requirement> {
    text.parse::<Requirement>().map_err(|error| {
        Failure::new(format!("Invalid requirement in {origin}"))
            .caused_by(&error)
            .hint("Write a project's name and, if needed, its versions: `urllib3`, `\"urllib3>=2,<3\"`")
    })
}

fn parse_hash(text: &str, origin: &str) -> Result<Sha256Digest> {
    let hex = text.strip_prefix("sha256:").ok_or_else(|| {
        Failure::new(format!("The hash `{text}` in {origin} is not a sha256 hash"))
            .hint("Other algorithms are not accepted: write `--hash=sha256:…`, as `pip hash FILE` prints it")
    })?;
    hex.parse()
        .map_err(|error| Failure::new(format!("Invalid hash in {origin}")).caused_by(&error))
}

fn resolve_failure(error: ResolveError) -> Failure {
    let text = error.to_string();
    let (message, detail) = match text.split_once("\n\n") {
        Some((message, detail)) => (message.to_owned(), Some(detail.to_owned())),
        None => (text, None),
    };
    let mut failure = Failure::new(capitalised(&message));
    if let Some(detail) = detail {
        failure = failure.detail(detail);
    }
    match &error {
        ResolveError::Source { source, .. } => {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source);
            while let Some(error) = cause {
                if let Some(hint) = error.downcast_ref::<IndexError>().and_then(IndexError::hint) {
                    return failure.hint(hint);
                }
                cause = error.source();
            }
            failure
        }
        ResolveError::NotFound { .. } => failure.hint("Check the spelling, and the index: `--index-url URL`"),
        ResolveError::OnlySdists { .. } => failure.hint(
            "slsa-pip installs wheels only: require a version that has wheels, or ask the project to publish them",
        ),
        _ => failure,
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Judges every file of the resolution. An error ends the run; a refusal is a verdict, and the others are still judged, so
/// that all of them are reported together (F3).
pub(crate) async fn judge_all(session: &Session, resolution: Resolution<IndexFile>) -> Result<Vec<Judged>> {
    stream::iter(resolution.packages.into_iter().map(|package| judge(session, package)))
        .buffer_unordered(FILES_AT_ONCE)
        .try_collect()
        .await
}

async fn judge(session: &Session, package: Resolved<IndexFile>) -> Result<Judged> {
    let filename = package.filename.as_str().to_owned();
    let mut expectation = session.trust.policy.expectation(&package.name, &package.version);
    let download = match session.index.download(&package.file, session.staging.path(), &[]).await {
        Ok(download) => download,
        Err(error) => return download_verdict(&package, error),
    };
    let staged = StagedFile::new(download.path, filename, download.sha256, download.size);

    if let Some(exemption) = session.trust.policy.exemption(&package.name, &package.version) {
        let outcome = exempt(&staged, exemption, &package.name, &package.version, session.trust.now)
            .map_err(|refusal| vec![refusal]);
        return Ok(judged(&package, &staged, outcome, Harvest::default(), None));
    }

    let declared = declared::repository(session, &package).await;
    expectation.declared.clone_from(&declared);
    let (outcome, harvest) = collect_and_verify(session, &package, &staged, &expectation, declared.as_ref()).await;
    Ok(judged(&package, &staged, outcome, harvest, declared))
}

/// Asks one kind of place after the other until the evidence suffices.
async fn collect_and_verify(
    session: &Session,
    package: &Resolved<IndexFile>,
    staged: &StagedFile,
    expectation: &Expectation,
    declared: Option<&SourceRepository>,
) -> (std::result::Result<Verified, Vec<Refusal>>, Harvest) {
    let collector = Collector {
        http: &session.http,
        index: &session.index,
        dirs: &session.dirs,
        github: &session.github,
        github_token: session.github_token.as_deref(),
        trust: &session.trust,
    };
    let subject = Subject {
        file: &package.file,
        name: &package.name,
        version: &package.version,
        sha256: staged.sha256(),
        repository: expectation.repositories.first().or(declared),
        tag: expectation
            .reference
            .as_deref()
            .and_then(|reference| reference.strip_prefix("refs/tags/")),
    };
    let context = Context {
        roots: &session.trust.roots,
        expectation,
        now: session.trust.now,
        package: Some(&package.name),
    };
    let mut harvest = Harvest::default();
    for place in STAGES {
        let answer = collector.ask(place, &subject).await;
        let brought_evidence = !answer.evidence.is_empty();
        harvest.absorb(answer);
        if brought_evidence && let Ok(verified) = verify_file(staged, &harvest.evidence, &context) {
            return (Ok(verified), harvest);
        }
    }
    (verify_file(staged, &harvest.evidence, &context), harvest)
}

fn judged(
    package: &Resolved<IndexFile>,
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
fn download_verdict(package: &Resolved<IndexFile>, error: IndexError) -> Result<Judged> {
    let (code, summary, expected, found) = match &error {
        IndexError::DigestMismatch { expected, computed, .. } => (
            Code::IndexDigestMismatch,
            "the downloaded bytes are not those that the index announces",
            expected.to_hex(),
            *computed,
        ),
        IndexError::HashNotAllowed { allowed, computed, .. } => (
            Code::HashNotAllowed,
            "the downloaded bytes have none of the allowed hashes",
            allowed
                .iter()
                .map(Sha256Digest::to_hex)
                .collect::<Vec<_>>()
                .join(" or "),
            *computed,
        ),
        _ => {
            return Err(Failure::new(format!("`{}` could not be downloaded", package.filename))
                .caused_by(&error)
                .maybe_hint(error.hint()));
        }
    };
    let refusal = Refusal {
        code,
        rule: code.rule(),
        package: Some(package.name.to_string()),
        file: package.filename.to_string(),
        summary: summary.to_owned(),
        expected: Some(expected),
        found: Some(found.to_hex()),
        source: None,
        hint: error.hint().map(str::to_owned),
    };
    let mut report = file_report(
        package.filename.as_str(),
        Some(&package.filename),
        Some(found),
        Err(vec![refusal]),
        Harvest::default(),
    );
    report.required_by = package.required_by.iter().map(ToString::to_string).collect();
    Ok(Judged {
        report,
        verified: None,
        accepted: None,
    })
}
