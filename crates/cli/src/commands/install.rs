//! `slsa-pip install`: resolve, verify everything, and only then hand the verified files to pip.

use slsa_pip_distribution::DistributionFilename;
use slsa_pip_pip::{HandOff, PipOutput};
use slsa_pip_verify::Verified;

use crate::args::{Format, InstallArgs};
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
            let kept = kept(&session, args, &verified)?;
            let outcome = slsa_pip_pip::install(&session.probe, &verified, &hand_off(args, printer)).await;
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
    let session = Session::open(&args.requirements, &args.index, &args.evidence, printer).await?;
    check_externally_managed(&session, args)?;
    let outcome = pipeline::run(&session, &args.requirements, printer).await?;
    Ok((session, outcome))
}

/// What pip would refuse at the very end is refused at once (PEP 668).
fn check_externally_managed(session: &Session, args: &InstallArgs) -> Result<()> {
    let allowed = args.dry_run || args.pip.break_system_packages || session.probe.install.break_system_packages;
    match &session.probe.externally_managed {
        Some(message) if !allowed && !is_elsewhere(session, args) => Err(Failure::new(
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
fn kept<'a>(session: &Session, args: &InstallArgs, verified: &'a [Verified]) -> Result<Vec<&'a Verified>> {
    let (given, configured) = (&args.pip, &session.probe.install);
    let named = given.target.is_some() || given.prefix.is_some() || given.root.is_some() || given.user;
    let target = if named { &given.target } else { &configured.target };
    if let Some(target) = target {
        let upgrade = given.upgrade || configured.upgrade;
        return in_place::check_target(verified, target, upgrade).map(|()| Vec::new());
    }
    let replaced =
        given.force_reinstall || configured.force_reinstall || given.ignore_installed || configured.ignore_installed;
    if replaced {
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

/// Whether the files go somewhere else than into the environment itself.
fn is_elsewhere(session: &Session, args: &InstallArgs) -> bool {
    let configured = &session.probe.install;
    let places = [
        &args.pip.target,
        &args.pip.prefix,
        &args.pip.root,
        &configured.target,
        &configured.prefix,
        &configured.root,
    ];
    places.iter().any(|place| place.is_some())
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
