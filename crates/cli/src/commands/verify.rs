//! `slsa-pip verify`: local files, or digests, against provenance that the user names.
//!
//! Everything that is named is read before anything is judged, so that all that cannot be read is reported together, and all that
//! is refused as well (F3).

pub(super) mod flags;

use std::path::PathBuf;

use jiff::Timestamp;
use slsa_pip_distribution::DistributionFilename;
use slsa_pip_http::Client;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::SourceKind;
use slsa_pip_verify::{Basis, Context, TrustRoots, Verified, verify_file};

use crate::args::{Format, VerifyArgs};
use crate::artifact::Artifact;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result};
use crate::harvest::{Harvest, file_report};
use crate::log_answers::{LogAnswers, REKOR_ENDING};
use crate::named;
use crate::network::standalone_client;
use crate::printer::Printer;
use crate::report::exports::Exports;
use crate::report::{FileReport, Report, Verdict, human, json};
use crate::settings::Trust;

use flags::Flags;

/// Runs the command.
pub(crate) async fn run(args: &VerifyArgs, printer: &Printer) -> Result<u8> {
    let flags = Flags::parse(args)?;
    let exports = Exports::new(&args.exports)?;
    let http = standalone_client(args.trust.root.offline, &args.network)?;
    let (artifacts, provenance) = read_all(&args.files, &args.provenance, &http).await?;
    let trust = Trust::load(&args.trust)?;
    trust.tell_policy(printer);
    let root = trust.root(&http).await?;
    let log = LogAnswers::new(&http, &trust);
    let mut judged = Vec::new();
    for artifact in &artifacts {
        let parsed = artifact.staged.filename().parse().ok();
        let expectation = flags.expectation(&trust, parsed.as_ref());
        judged.push(judge(artifact, trust.now, &root.roots, &expectation, &provenance, &log).await);
    }
    let all_passed = judged.iter().all(|(report, _)| report.verdict == Verdict::Verified);
    let mut statements = Vec::new();
    if args.print_provenance && all_passed {
        for (report, verified) in &mut judged {
            let statement = verified.as_ref().map(statement_of).unwrap_or_default();
            // The strict reader, as for the verdict: serde's own reads another document out of some texts.
            report.provenance = slsa_pip_provenance::json::parse(statement).ok();
            statements.push(statement.to_vec());
        }
    }
    let files = judged.into_iter().map(|(report, _)| report).collect();
    let mut report = Report::new("verify", Some(root.describe(trust.now)), files);
    report.policy_files = trust.policy_files();
    report.notes.clone_from(&root.notes);
    report.requests = http.request_count() + root.requests;
    exports.write_files(&report, &trust.export_run(None))?;
    exports.append_summary(&report)?;
    if args.format == Format::Json {
        printer.document(&json::document(&report));
    } else {
        human::print(&report, &trust.policy_file.display().to_string(), printer);
        human::print_count(&report, printer);
        for statement in &statements {
            printer.document_bytes(statement);
        }
    }
    Ok(if report.verdict == Verdict::Verified {
        EXIT_VERIFIED
    } else {
        EXIT_REFUSED
    })
}

/// Reads what is named: the artifacts, and the provenance. What cannot be read *in* those is kept beside what can.
pub(super) async fn read_all(
    files: &[PathBuf],
    provenance: &[PathBuf],
    http: &Client,
) -> Result<(Vec<Artifact>, Harvest)> {
    let mut failures = Vec::new();
    let mut artifacts = Vec::new();
    for word in files {
        match Artifact::read(word) {
            Ok(artifact) => artifacts.push(artifact),
            Err(failure) => failures.push(failure),
        }
    }
    let (names, unusable) = named::parse_all(provenance, http.settings().offline);
    let (documents, unreadable) = named::read_all(&names, http).await;
    failures.extend(unusable.into_iter().chain(unreadable));
    let mut harvest = Harvest::default();
    for document in documents {
        harvest.read(SourceKind::File, &document.location, &document.bytes);
        harvest.add_sidecars(&document.location, document.sidecars);
    }
    match Failure::all(failures) {
        Some(failure) => Err(failure),
        None => Ok((artifacts, harvest)),
    }
}

/// The verdict on one artifact.
pub(super) async fn judge(
    artifact: &Artifact,
    now: Timestamp,
    roots: &TrustRoots,
    expectation: &Expectation,
    provenance: &Harvest,
    log: &LogAnswers<'_>,
) -> (FileReport, Option<Verified>) {
    let staged = &artifact.staged;
    let parsed = staged.filename().parse::<DistributionFilename>().ok();
    let context = Context {
        roots,
        expectation,
        now,
        package: parsed.as_ref().map(DistributionFilename::name),
    };
    let mut harvest = provenance.clone();
    // `slsa-pip download` names the log's answers after the artifact.
    if let Some(path) = artifact.path() {
        let mut sidecar = path.as_os_str().to_owned();
        sidecar.push(REKOR_ENDING);
        let locations: Vec<_> = harvest.evidence.iter().map(|it| it.found.location.clone()).collect();
        for location in locations {
            harvest.add_sidecars(&location, [sidecar.clone().into()]);
        }
    }
    log.attach(&mut harvest, staged, &context).await;
    let outcome = verify_file(staged, &harvest.evidence, &context);
    let verified = outcome.as_ref().ok().cloned();
    let sha256 = Some(*staged.sha256());
    let mut report = file_report(staged.filename(), parsed.as_ref(), sha256, outcome, harvest);
    report.path = Some(artifact.typed.clone());
    (report, verified)
}

/// The statement that a file was accepted for.
fn statement_of(verified: &Verified) -> &[u8] {
    match verified.basis() {
        Basis::Attested(attested) => &attested.statement,
        // `verify` takes no exemptions, and tolerates nothing.
        Basis::Exempt(_) | Basis::Tolerated(_) => &[],
    }
}
