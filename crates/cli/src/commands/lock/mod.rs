//! `slsa-pip lock`: resolve, verify everything, and write what was verified as a lock file (PEP 751).
//!
//! Judged as by `download`: with one refusal nothing is written. By default only the verified wheel of each package is listed, so
//! that every hash in the file is one of verified bytes; the file names the environment that it was resolved for.

mod entries;
mod pins;

use std::fmt::Write as _;
use std::path::Path;

use slsa_pip_pylock::{Lock, Recorded, is_lock_name};
use slsa_pip_verify::Verified;

use crate::args::{Format, LockArgs, Words};
use crate::commands::install::gate;
use crate::commands::resolve::{check_not_read, replace};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::locked::{LockFile, Locked};
use crate::pipeline;
use crate::printer::Printer;
use crate::report::{human, json};
use crate::resolution::{self, Package};
use crate::session::{self, Session};

/// Runs the command.
pub(crate) async fn run(args: &LockArgs, printer: &Printer) -> Result<u8> {
    match interrupt::guard(lock(args, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn lock(args: &LockArgs, printer: &Printer) -> Result<u8> {
    session::check_any(&args.wanted.requirements, "lock")?;
    check_name(&args.output)?;
    check_not_read(&args.output, &args.wanted.requirements)?;
    let before = previous(&args.output)?;
    // What is installed plays no part.
    let mut words = Words::default();
    words.flag("--ignore-installed", true);
    let mut session = Session::open("lock", &args.wanted, words, &args.evidence, printer).await?;
    session.locked = Locked::known(&before);
    let mut request = resolution::request(&session.probe)?;
    let moved = pins::keep(&session, &mut request, &before, args).await?;
    let mut outcome = pipeline::run(&session, &request, printer).await?;
    outcome.notes.extend(moved);
    let packages: Vec<Option<Package>> = outcome.judged.iter().map(|file| file.package.clone()).collect();
    let (mut report, verified) = gate("lock", &session, outcome);
    if args.format == Format::Human {
        human::print(&report, &session.trust.policy_file.display().to_string(), printer);
    }
    let code = match verified {
        None => {
            printer.progress("No lock file was written.");
            EXIT_REFUSED
        }
        Some(verified) => {
            let files: Vec<(&Package, &Verified)> = packages.iter().flatten().zip(&verified).collect();
            let lock = entries::lock(&session, &files, args).await?;
            write(&args.output, &lock, printer)?;
            EXIT_VERIFIED
        }
    };
    if args.format == Format::Json {
        report.timings = Some(session.timings.shown());
        printer.document(&json::document(&report));
    }
    Ok(code)
}

/// Tools know a lock file by its name alone.
fn check_name(output: &Path) -> Result<()> {
    let name = output.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_lock_name(name) {
        return Ok(());
    }
    Err(
        Failure::new(format!("`{}` is no name of a lock file (PEP 751)", output.display()))
            .hint("Name it `pylock.toml`, or `pylock.NAME.toml` without further dots: `-o pylock.dev.toml`"),
    )
}

/// The lock that is there already; an empty one if there is none.
fn previous(output: &Path) -> Result<Lock> {
    match std::fs::symlink_metadata(output) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        _ => LockFile::read(output)
            .map(|file| file.lock)
            .map_err(|failure| failure.hint("Mend it, or remove it to lock anew: what it pins cannot be kept")),
    }
}

/// Replaces the file as a whole, if there is anything new in it.
fn write(output: &Path, lock: &Lock, printer: &Printer) -> Result<()> {
    let text = slsa_pip_pylock::write(lock);
    let count = lock.packages.len();
    let packages = format!("{count} package{}", if count == 1 { "" } else { "s" });
    let shown = output.display();
    // It is read as it will be: what cannot be read again must not replace what can.
    let again = slsa_pip_pylock::read(&text, &shown.to_string())
        .map_err(|errors| Failure::new("The lock that was made cannot be read again").detail(errors.to_string()))?;
    if slsa_pip_pylock::write(&again.lock) != text {
        return Err(Failure::new("The lock that was made reads as another one"));
    }
    if std::fs::read(output).is_ok_and(|bytes| bytes == text.as_bytes()) {
        printer.progress(&format!("{shown} is as it should be: {packages}"));
        return Ok(());
    }
    replace(output, &text, "lock file", "--output pylock.toml")?;
    let unproven = |of: fn(&Recorded) -> bool| {
        let recorded = lock.packages.iter().filter_map(|package| package.recorded.as_ref());
        recorded.filter(|recorded| of(recorded)).count()
    };
    let mut told = format!("Wrote {shown}: {packages}");
    for (count, what) in [
        (unproven(|it| it.exempt.is_some()), "exempt"),
        (
            unproven(|it| it.tolerated.is_some()),
            "not proven, which the policy only warns of",
        ),
    ] {
        if count > 0 {
            let _ = write!(told, ", {count} of them {what}");
        }
    }
    printer.progress(&told);
    Ok(())
}
