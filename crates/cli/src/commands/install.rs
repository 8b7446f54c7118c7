//! `slsa-pip install`: resolve, verify everything, and only then hand the verified files to pip.

use slsa_pip_pip::{HandOff, PipOutput};
use slsa_pip_verify::Verified;

use crate::args::{Format, InstallArgs};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::Result;
use crate::pipeline::{self, Judged};
use crate::printer::Printer;
use crate::report::{Report, Verdict, human, json};
use crate::session::{Session, pip_failure};

/// Runs the command.
pub(crate) async fn run(args: &InstallArgs, printer: &Printer) -> Result<u8> {
    let session = Session::open(&args.requirements, &args.index, &args.evidence, printer).await?;
    let resolution = pipeline::resolve(&session, &args.requirements, printer).await?;
    let notes = resolution.notes.clone();
    let judged = pipeline::judge_all(&session, resolution).await?;
    let (mut report, verified) = gate("install", &session, judged);
    report.notes = notes;

    let policy_file = session.trust.policy_file.display().to_string();
    if args.format == Format::Human {
        human::print(&report, &policy_file, printer);
    }
    let code = match verified {
        None => {
            printer.progress("Nothing was installed.");
            EXIT_REFUSED
        }
        Some(_) if args.dry_run => {
            printer.progress("Everything was verified; nothing was installed (--dry-run).");
            EXIT_VERIFIED
        }
        Some(verified) => {
            let outcome = slsa_pip_pip::install(&session.probe, &verified, &hand_off(args, printer)).await;
            let code = outcome.map_err(|error| pip_failure(&error))?.code;
            report.installed = code == 0;
            code
        }
    };
    if args.format == Format::Json {
        printer.document(&json::document(&report));
    }
    Ok(code)
}

/// The gate: with one refusal, nothing passes (F3).
pub(crate) fn gate(command: &'static str, session: &Session, judged: Vec<Judged>) -> (Report, Option<Vec<Verified>>) {
    let mut files = Vec::new();
    let mut verified = Some(Vec::new());
    for file in judged {
        files.push(file.report);
        match (file.verified, &mut verified) {
            (Some(proof), Some(proofs)) => proofs.push(proof),
            _ => verified = None,
        }
    }
    let mut report = Report::new(command, session.trust.root_origin.to_string(), files);
    report.requests = session.http.request_count();
    let verified = verified.filter(|_| report.verdict == Verdict::Verified);
    (report, verified)
}

/// The options that pip is given again, since the hand-off isolates it from everything else.
fn hand_off(args: &InstallArgs, printer: &Printer) -> HandOff {
    let pip = &args.pip;
    HandOff {
        target: pip.target.clone(),
        prefix: pip.prefix.clone(),
        root: pip.root.clone(),
        user: pip.user,
        upgrade: pip.upgrade,
        force_reinstall: pip.force_reinstall,
        ignore_installed: pip.ignore_installed,
        no_compile: pip.no_compile,
        break_system_packages: pip.break_system_packages,
        output: if printer.is_quiet() { PipOutput::Quiet } else { PipOutput::ToStderr },
    }
}
