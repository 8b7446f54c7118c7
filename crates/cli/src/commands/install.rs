//! `slsa-pip install`: resolve, verify everything, and only then hand the verified files to pip.

use slsa_pip_distribution::DistributionFilename;
use slsa_pip_pip::{HandOff, PipOutput};
use slsa_pip_verify::Verified;

use crate::args::{Format, InstallArgs, Words};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result};
use crate::in_place;
use crate::interrupt;
use crate::pipeline::{self, Outcome};
use crate::printer::Printer;
use crate::report::{Report, Verdict, human, json};
use crate::session::{Session, pip_failure};

/// Runs the command.
pub(crate) async fn run(args: &InstallArgs, printer: &Printer) -> Result<u8> {
    let (session, outcome) = match interrupt::guard(prepare(args, printer)).await {
        Ok(prepared) => prepared?,
        Err(code) => return Ok(code),
    };
    let (mut report, verified) = gate("install", &session, outcome);

    if args.format == Format::Human {
        human::print(&report, &session.trust.policy_file.display().to_string(), printer);
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
            let kept = kept(&session, &verified)?;
            let outcome = slsa_pip_pip::install(&session.probe, &verified, &hand_off(printer)).await;
            let outcome = outcome.map_err(|error| pip_failure(&error))?;
            report.installed = outcome.installed;
            if report.installed {
                printer.progress(&installed_line(&verified, &kept));
            } else if let Some(output) = &outcome.output {
                printer.important(&printer.plain(output));
            }
            outcome.code
        }
    };
    if args.format == Format::Json {
        printer.document(&json::document(&report));
    }
    Ok(code)
}

/// Everything before the hand-off: nothing of it outlives an interrupt.
async fn prepare(args: &InstallArgs, printer: &Printer) -> Result<(Session, Outcome)> {
    let mut words = Words::default();
    args.place.add_to(&mut words);
    let session = Session::open("install", &args.wanted, words, &args.evidence, printer).await?;
    check_externally_managed(&session, args.dry_run)?;
    let outcome = pipeline::run(&session, &args.wanted.requirements, printer).await?;
    Ok((session, outcome))
}

/// What pip would refuse at the very end is refused at once (PEP 668).
fn check_externally_managed(session: &Session, dry_run: bool) -> Result<()> {
    let install = &session.probe.install;
    let elsewhere = install.target.is_some() || install.prefix.is_some() || install.root.is_some();
    match &session.probe.externally_managed {
        Some(message) if !dry_run && !install.break_system_packages && !elsewhere => Err(Failure::new(
            "This environment is externally managed: pip must not change it (PEP 668)",
        )
        .detail(message.clone())
        .hint("python3 -m venv .venv && . .venv/bin/activate, then run slsa-pip again")),
        _ => Ok(()),
    }
}

/// The gate: with one refusal, nothing passes (F3).
pub(crate) fn gate(command: &'static str, session: &Session, outcome: Outcome) -> (Report, Option<Vec<Verified>>) {
    let mut files = Vec::new();
    let mut verified = Some(Vec::new());
    for file in outcome.judged {
        files.push(file.report);
        match (file.verified, &mut verified) {
            (Some(proof), Some(proofs)) => proofs.push(proof),
            _ => verified = None,
        }
    }
    let mut report = Report::new(command, outcome.root.describe(session.trust.now), files);
    report.notes = outcome.notes;
    report.notes.extend(outcome.root.notes.iter().cloned());
    report.notes.extend(
        session
            .http
            .cache_trouble()
            .map(|why| format!("the cache could not be used: {why}")),
    );
    if session.github.token_refused() {
        let note = "GitHub has refused the token, and was asked without it";
        report.notes.push(note.to_owned());
    }
    let counters = session.http.counters();
    report.requests = counters.requests + outcome.root.requests;
    report.cached = counters.cache_hits + counters.wheel_hits;
    report.revalidated = counters.revalidations;
    let verified = verified.filter(|_| report.verdict == Verdict::Verified);
    (report, verified)
}

/// The files that pip will leave as they are, since the same lie there already; anything else in their place is an error.
fn kept<'a>(session: &Session, verified: &'a [Verified]) -> Result<Vec<&'a Verified>> {
    let install = &session.probe.install;
    if let Some(target) = &install.target {
        return in_place::check_target(verified, target, install.upgrade).map(|()| Vec::new());
    }
    if install.force_reinstall || install.ignore_installed {
        return Ok(Vec::new());
    }
    in_place::kept(verified, &session.probe.installed)
}

/// What pip has done, in pip's own words: what was there already, pip has left as it is.
fn installed_line(verified: &[Verified], kept: &[&Verified]) -> String {
    let mut fresh: Vec<DistributionFilename> = verified
        .iter()
        .filter(|proof| {
            !kept
                .iter()
                .any(|kept| kept.file().filename() == proof.file().filename())
        })
        .filter_map(|proof| proof.file().filename().parse().ok())
        .collect();
    fresh.sort_by(|a, b| a.name().cmp(b.name()));
    let name = |file: &DistributionFilename| format!("{}-{}", file.name(), file.version());
    let fresh: Vec<String> = fresh.iter().map(name).collect();
    match (fresh.is_empty(), kept.len()) {
        (true, _) => "Already installed, with the contents that were verified.".to_owned(),
        (false, 0) => format!("Successfully installed {}", fresh.join(" ")),
        (false, count) => format!("Successfully installed {} ({count} already there)", fresh.join(" ")),
    }
}

/// What pip is told on top of its own options, which the probe has parsed.
fn hand_off(printer: &Printer) -> HandOff {
    HandOff {
        no_color: !printer.is_colored(),
        quiet: u8::from(!printer.is_verbose()),
        output: if printer.is_quiet() {
            PipOutput::Quiet
        } else {
            PipOutput::ToStderr
        },
        ..HandOff::default()
    }
}
