//! `slsa-pip install`: resolve, verify everything, and only then hand the verified files to pip.

use std::time::Instant;

use slsa_pip_distribution::DistributionFilename;
use slsa_pip_pip::{HandOff, PipOutput};
use slsa_pip_resolver::Request;
use slsa_pip_verify::{Basis, Verified};
use url::Url;

use crate::args::{Format, InstallArgs, Words};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::continuity::Records;
use crate::failure::{Failure, Result};
use crate::in_place;
use crate::interrupt;
use crate::pipeline::{self, Outcome};
use crate::printer::Printer;
use crate::report::exemptions::Exemptions;
use crate::report::exports::Exports;
use crate::report::installation::{self, Installation};
use crate::report::{Report, Verdict, human, json};
use crate::resolution::{self, Package};
use crate::session::{Session, pip_failure};
use crate::timings::Stage;

/// Runs the command.
pub(crate) async fn run(args: &InstallArgs, printer: &Printer) -> Result<u8> {
    let exports = Exports::new(&args.exports)?;
    let (session, outcome) = match interrupt::guard(prepare(args, printer)).await {
        Ok(prepared) => prepared?,
        Err(code) => return Ok(code),
    };
    let packages: Vec<Package> = outcome.judged.iter().filter_map(|file| file.package.clone()).collect();
    let records = Records::of(&session, &outcome.judged);
    let (mut report, verified) = gate("install", &session, outcome);

    if args.format == Format::Human {
        human::print(&report, &session.trust.policy_file.display().to_string(), printer);
    }
    exports.write_files(&report, &session.trust.export_run(args.wanted.first_file()))?;
    let Some(verified) = verified else {
        printer.progress("Nothing was installed.");
        exports.append_summary(&report)?;
        if args.format == Format::Json {
            printer.document(&json::document(&report));
        }
        return Ok(EXIT_REFUSED);
    };
    let install = &session.probe.install;
    if let Some(to) = &install.report {
        Installation::new(&session.probe, &report, &packages, &verified)?.write(to, printer)?;
    }
    let code = if install.dry_run {
        printer.progress(&would_install_line(&verified));
        EXIT_VERIFIED
    } else if verified.is_empty() {
        EXIT_VERIFIED
    } else {
        let kept = kept(&session, &verified)?;
        records.check(&session.continuity)?;
        let options = hand_off(&packages, printer);
        let began = Instant::now();
        let outcome = session.interpreter.install(&session.probe, &verified, &options).await;
        let outcome = outcome.map_err(|error| pip_failure(&error))?;
        session.timings.add(Stage::HandOff, began);
        report.installed = outcome.installed;
        if report.installed {
            printer.progress(&installed_line(&verified, &kept));
            records.write(&session.continuity, printer)?;
        } else if let Some(output) = &outcome.output {
            printer.important(&printer.plain(output));
        }
        outcome.code
    };
    exports.append_summary(&report)?;
    if args.format == Format::Json {
        report.timings = Some(session.timings.shown());
        printer.document(&json::document(&report));
    }
    Ok(code)
}

/// Everything before the hand-off: nothing of it outlives an interrupt.
async fn prepare(args: &InstallArgs, printer: &Printer) -> Result<(Session, Outcome)> {
    let mut words = Words::default();
    args.place.add_to(&mut words);
    words.flag("--dry-run", args.dry_run);
    words.option("--report", &args.report);
    let session = Session::open("install", &args.wanted, words, &args.evidence, printer).await?;
    check_report(&session, args.format)?;
    check_externally_managed(&session)?;
    check_platform(&session)?;
    let mut request = resolution::request(&session.probe)?;
    if args.verify_installed {
        verify_installed(&session, &mut request).await?;
    }
    let outcome = pipeline::run(&session, &request, printer).await?;
    Ok((session, outcome))
}

/// Two documents cannot both be standard output's only one.
fn check_report(session: &Session, format: Format) -> Result<()> {
    match &session.probe.install.report {
        Some(to) if format == Format::Json && installation::is_stdout(to) => Err(Failure::new(
            "`--report -` and `--format json` would both write to standard output",
        )
        .hint("Name a file: `--report FILE`")),
        _ => Ok(()),
    }
}

/// What pip would refuse at the very end is refused at once (PEP 668).
fn check_externally_managed(session: &Session) -> Result<()> {
    let install = &session.probe.install;
    let elsewhere = install.target.is_some() || install.prefix.is_some() || install.root.is_some();
    match &session.probe.externally_managed {
        Some(message) if !install.dry_run && !install.break_system_packages && !elsewhere => Err(Failure::new(
            "This environment is externally managed: pip must not change it (PEP 668)",
        )
        .detail(message.clone())
        .hint("python3 -m venv .venv && . .venv/bin/activate, then run slsa-pip again")),
        _ => Ok(()),
    }
}

/// As pip: what is chosen for another interpreter must not end up in this one.
fn check_platform(session: &Session) -> Result<()> {
    let install = &session.probe.install;
    let other = !install.platforms.is_empty()
        || !install.abis.is_empty()
        || install.python_version.is_some()
        || install.implementation.is_some();
    if other && install.target.is_none() && !install.dry_run {
        return Err(
            Failure::new("Wheels for another platform, ABI or Python can be installed only with `--target`")
                .hint("Name a folder for them: `--target DIR`; or only look: `--dry-run`"),
        );
    }
    Ok(())
}

/// Changes the request so that what would be left alone is fetched and verified as well, in the version that is installed.
async fn verify_installed(session: &Session, request: &mut Request) -> Result<()> {
    if session.locked.is_input() {
        // The lock pins every version itself.
        request.ignore_installed = true;
        return Ok(());
    }
    if !session.refused_places.is_empty() {
        // Nothing is asked then.
        return Ok(());
    }
    let satisfied = match resolution::resolve(&session.index, session.trust.offline, request).await? {
        resolution::Resolved::Files(resolution) => resolution.satisfied,
        // The same refusal comes again, and is reported then.
        resolution::Resolved::Refused(_) => return Ok(()),
        resolution::Resolved::NoneSatisfies(none) => return Err(none.failure()),
    };
    for it in satisfied {
        let pin = format!("{}==={}", it.name, it.version);
        request.constraints.push(pin.parse().map_err(|error| {
            Failure::new(format!("The installed version of `{}` cannot be asked for", it.name)).caused_by(&error)
        })?);
    }
    request.ignore_installed = true;
    Ok(())
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
    let root = outcome.root.as_ref();
    let mut report = Report::new(command, root.map(|root| root.describe(session.trust.now)), files);
    report.policy_files = session.trust.policy_files();
    report.exemptions = Exemptions::new(&session.trust.policy, &report.files, session.trust.now);
    report.satisfied = outcome.satisfied;
    if report.files.is_empty() && !report.satisfied.is_empty() {
        report.verdict = Verdict::NothingToVerify;
    }
    report.notes = outcome.notes;
    report
        .notes
        .extend(outcome.skipped.iter().filter_map(|it| it.note.clone()));
    report.passed_over = outcome.skipped.into_iter().map(|it| it.report).collect();
    report.notes.extend(session.continuity.notes());
    report
        .notes
        .extend(root.iter().flat_map(|root| root.notes.iter().cloned()));
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
    report.requests = counters.requests + root.map_or(0, |root| root.requests);
    report.cached = counters.cache_hits + counters.wheel_hits;
    report.revalidated = counters.revalidations;
    let verified = verified.filter(|_| report.verdict != Verdict::Refused);
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
    let is_kept = |proof: &Verified| {
        kept.iter()
            .any(|kept| kept.file().filename() == proof.file().filename())
    };
    let fresh = listed(verified.iter().filter(|proof| !is_kept(proof)));
    match (fresh.is_empty(), kept.len()) {
        (true, _) => "Already installed, with the contents that were verified.".to_owned(),
        (false, 0) => format!("Successfully installed {fresh}"),
        (false, count) => format!("Successfully installed {fresh} ({count} already there)"),
    }
}

/// The same of a dry run.
fn would_install_line(verified: &[Verified]) -> String {
    if verified.is_empty() {
        return "Nothing would be installed (--dry-run).".to_owned();
    }
    let is_proven = |proof: &Verified| matches!(proof.basis(), Basis::Attested(_));
    let how_far = if verified.iter().all(is_proven) {
        "Everything was verified"
    } else {
        "Not everything was verified"
    };
    format!(
        "Would install {}\n{how_far}; nothing was installed (--dry-run).",
        listed(verified.iter())
    )
}

/// `name-version` of each, as pip lists them.
fn listed<'a>(verified: impl Iterator<Item = &'a Verified>) -> String {
    let mut files: Vec<DistributionFilename> = verified
        .filter_map(|proof| proof.file().filename().parse().ok())
        .collect();
    files.sort_by(|a, b| a.name().cmp(b.name()));
    let names: Vec<String> = files
        .iter()
        .map(|file| format!("{}-{}", file.name(), file.version()))
        .collect();
    names.join(" ")
}

/// What pip is told on top of its own options, which the probe has parsed.
fn hand_off(packages: &[Package], printer: &Printer) -> HandOff {
    let requested = packages.iter().filter(|package| package.requested);
    let direct = packages.iter().filter(|package| package.direct);
    HandOff {
        requested: Some(requested.map(|package| package.name.clone()).collect()),
        direct: direct
            .map(|package| (package.name.clone(), Url::clone(&package.file.url)))
            .collect(),
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
