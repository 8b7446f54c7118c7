//! `slsa-pip check-release`: a release as its users will verify it, before it is published.

mod completeness;
mod pins;

use std::fmt::Write as _;

use serde::Serialize;
use slsa_pip_distribution::DistributionFilename;

use crate::args::{CheckReleaseArgs, Format};
use crate::commands::verify::{self, flags::Flags};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::Result;
use crate::log_answers::LogAnswers;
use crate::network::standalone_client;
use crate::printer::Printer;
use crate::report::{Report, Verdict, human, json};
use crate::settings::Trust;

use completeness::Problem;
use pins::Pins;

/// The schema's name in JSON documents.
pub(crate) const SCHEMA: &str = "slsa-pip/check-release/v1";

/// The result.
#[derive(Debug, Serialize)]
struct ReleaseReport {
    schema: &'static str,
    command: &'static str,
    /// `verified` only if every file was, and there is no problem.
    verdict: Verdict,
    repository: String,
    tag: String,
    trusted_root: Option<String>,
    files: Vec<crate::report::FileReport>,
    problems: Vec<Problem>,
    /// Lines of policy that pin this release; empty where nothing could be verified.
    pins: String,
    notes: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &CheckReleaseArgs, printer: &Printer) -> Result<u8> {
    let flags = Flags::of_release(args)?;
    let http = standalone_client(args.trust.root.offline, &args.network)?;
    let (artifacts, provenance) = verify::read_all(&args.files, &args.provenance, &http).await?;
    let trust = Trust::load(&args.trust)?;
    trust.tell_policy(printer);
    let root = trust.root(&http).await?;
    let log = LogAnswers::new(&http, &trust);
    let mut problems = completeness::check(&artifacts, &provenance);
    let mut pins = Pins::new(&args.tag);
    let mut files = Vec::new();
    for artifact in &artifacts {
        let parsed: Option<DistributionFilename> = artifact.staged.filename().parse().ok();
        let mut expectation = flags.expectation(&trust, parsed.as_ref());
        // A file of another version than the tag's would be refused by everybody who binds versions to tags.
        expectation.versioned_tag = parsed.as_ref().map(|file| file.version().to_string());
        let (report, verified) = verify::judge(artifact, trust.now, &root.roots, &expectation, &provenance, &log).await;
        if let (Some(verified), Some(parsed)) = (&verified, &parsed) {
            pins.add(parsed, verified);
        }
        files.push(report);
    }
    problems.extend(pins.problems());
    let mut report = Report::new("check-release", Some(root.describe(trust.now)), files);
    report.notes.clone_from(&root.notes);
    report.notes.extend(pins.notes());
    report.requests = http.request_count() + root.requests;
    if !problems.is_empty() {
        report.verdict = Verdict::Refused;
    }
    let pins = pins.lines();
    let verdict = report.verdict;
    if args.format == Format::Json {
        printer.document(&json::document(&ReleaseReport {
            schema: SCHEMA,
            command: "check-release",
            verdict,
            repository: args.repository.clone(),
            tag: args.tag.clone(),
            trusted_root: report.trusted_root,
            files: report.files,
            problems,
            pins,
            notes: report.notes,
        }));
    } else {
        human::print(&report, &trust.policy_file.display().to_string(), printer);
        human::print_count(&report, printer);
        print(&problems, &pins, verdict, printer);
    }
    Ok(if verdict == Verdict::Verified {
        EXIT_VERIFIED
    } else {
        EXIT_REFUSED
    })
}

fn print(problems: &[Problem], pins: &str, verdict: Verdict, printer: &Printer) {
    for problem in problems {
        printer.important(&format!(
            "{} {} [{}]\n",
            printer.bad("error:"),
            printer.plain_line(&problem.message),
            problem.code
        ));
    }
    if verdict == Verdict::Verified {
        let mut text = "The release is complete, and verifies as its users will verify it.\n".to_owned();
        if !pins.is_empty() {
            text.push_str("They can pin it in `slsa-pip.toml`:\n\n");
            for line in pins.lines() {
                let _ = writeln!(text, "    {}", printer.plain_line(line));
            }
        }
        printer.result(&text);
    } else {
        printer.important("Do not publish this release.\n");
    }
}
