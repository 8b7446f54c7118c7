//! `slsa-pip policy accept`: a change of identity, shown side by side with what is recorded, and recorded once it was reviewed.
//!
//! What is recorded is what was shown: without a terminal to ask at, the command prints a digest over everything that it has shown,
//! and records nothing unless that is given back. Whatever changes in between, at the index or in the lock, changes the digest.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;
use slsa_pip_distribution::{PackageName, Sha256Digest};
use slsa_pip_policy::Identity;
use slsa_pip_policy::lock::{AcceptedBy, Entry};
use slsa_pip_verify::Refusal;

use crate::args::{Format, PolicyAcceptArgs, Words};
use crate::commands::install::gate;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::continuity;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::pipeline;
use crate::printer::Printer;
use crate::report::{Report, human, json};
use crate::resolution;
use crate::session::Session;

/// The schema of its JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/policy-accept/v1";

/// What was found out, and what became of it.
#[derive(Serialize)]
struct Review<'a> {
    schema: &'static str,
    command: &'static str,
    package: &'a str,
    version: String,
    file: &'a str,
    sha256: String,
    /// The recorded release lines, the oldest first.
    recorded: Vec<Line<'a>>,
    /// Who stands behind the file.
    identity: &'a Identity,
    evidence: &'a str,
    found_at: &'a str,
    /// Over all of the above but the place of the evidence.
    reviewed: String,
    /// Whether it is recorded now.
    accepted: bool,
    /// The lock.
    lock: String,
}

/// A recorded release line.
#[derive(Serialize)]
struct Line<'a> {
    version: String,
    sha256: String,
    identity: &'a Identity,
}

/// What is said of a file that is refused whoever reviews it.
#[derive(Serialize)]
struct Refused<'a> {
    schema: &'static str,
    command: &'static str,
    accepted: bool,
    refusals: Vec<&'a Refusal>,
}

/// Runs the command.
pub(super) async fn run(args: &PolicyAcceptArgs, printer: &Printer) -> Result<u8> {
    match interrupt::guard(accept(args, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn accept(args: &PolicyAcceptArgs, printer: &Printer) -> Result<u8> {
    if args.evidence.locked {
        return Err(
            Failure::new("`--locked` lets nothing be recorded, and that is all that this command does")
                .hint("Leave `--locked` out"),
        );
    }
    // What is installed plays no part.
    let mut words = Words::default();
    words.flag("--ignore-installed", true);
    let mut session = Session::open("policy accept", &args.wanted, words, &args.evidence, printer).await?;
    session.continuity.reviews = true;
    let mut request = resolution::request(&session.probe)?;
    request.no_deps = true;
    let outcome = pipeline::run(&session, &request, printer).await?;
    let mut entries = outcome.judged.iter().filter_map(|it| continuity::entry(&session, it));
    let found = (entries.next(), entries.next(), outcome.judged.len());
    drop(entries);
    match found {
        (_, _, 2..) => Err(
            Failure::new("One package is accepted at a time: each is to be looked at")
                .hint("slsa-pip policy accept NAME==VERSION"),
        ),
        (Some((name, entry)), None, _) => review(args, &session, &name, entry, printer),
        _ => {
            let (report, _) = gate("policy accept", &session, outcome);
            Ok(refuse(args, &session, &report, printer))
        }
    }
}

/// Nothing can be recorded of a file that proves nothing.
fn refuse(args: &PolicyAcceptArgs, session: &Session, report: &Report, printer: &Printer) -> u8 {
    match args.format {
        Format::Human => {
            human::print(report, &session.trust.policy_file.display().to_string(), printer);
            printer.progress("Nothing was recorded: there is no identity that is proven.");
        }
        Format::Json => printer.document(&json::document(&Refused {
            schema: SCHEMA,
            command: "policy accept",
            accepted: false,
            refusals: report.files.iter().flat_map(|file| &file.refusals).collect(),
        })),
    }
    EXIT_REFUSED
}

fn review(
    args: &PolicyAcceptArgs,
    session: &Session,
    name: &PackageName,
    found: Entry,
    printer: &Printer,
) -> Result<u8> {
    let continuity = &session.continuity;
    let lines = continuity.lines(name);
    let found = Entry {
        by: AcceptedBy::Review,
        ..found
    };
    let digest = digest(name, lines, &found)?;
    let mut review = Review {
        schema: SCHEMA,
        command: "policy accept",
        package: name.as_str(),
        version: found.version.to_string(),
        file: found.file.as_str(),
        sha256: found.sha256.to_hex(),
        recorded: lines
            .iter()
            .map(|line| Line {
                version: line.version.to_string(),
                sha256: line.sha256.to_hex(),
                identity: &line.identity,
            })
            .collect(),
        identity: &found.identity,
        evidence: &found.evidence,
        found_at: &found.found_at,
        reviewed: digest.to_hex(),
        accepted: false,
        lock: continuity.label(),
    };
    if args.format == Format::Human {
        printer.important(&page(name, lines, &found, printer));
    }
    let decision = match &args.reviewed {
        Some(given) if *given == digest => Ok(true),
        Some(_) => {
            return Err(
                Failure::new("What there is now is not what was reviewed; nothing was recorded")
                    .code("reviewed-mismatch")
                    .hint(format!(
                        "Look at it again: slsa-pip policy accept {name}=={}",
                        found.version
                    )),
            );
        }
        None if asks(args) => ask(printer),
        None => Ok(false),
    };
    if decision.map_err(|error| Failure::new("The answer cannot be read").caused_by(&error))? {
        continuity.accept(name, lines, &found)?;
        review.accepted = true;
        printer.progress(&format!("Recorded in {}: {name} {}", continuity.label(), found.version));
    } else {
        printer.progress(&format!(
            "Nothing was recorded. If this is meant, record exactly this:\n  slsa-pip policy accept {name}=={} --reviewed {}",
            found.version,
            digest.to_hex(),
        ));
    }
    let accepted = review.accepted;
    if args.format == Format::Json {
        printer.document(&json::document(&review));
    }
    Ok(if accepted { EXIT_VERIFIED } else { EXIT_REFUSED })
}

/// Over what is shown: the release, the very bytes, who stands behind them, and what is recorded.
fn digest(name: &PackageName, lines: &[Entry], found: &Entry) -> Result<Sha256Digest> {
    let recorded: Vec<_> = lines
        .iter()
        .map(|line| (line.version.to_string(), line.sha256.to_hex(), &line.identity))
        .collect();
    let shown = (
        SCHEMA,
        name.as_str(),
        found.version.to_string(),
        found.file.as_str(),
        found.sha256.to_hex(),
        &found.identity,
        recorded,
    );
    let bytes = serde_json::to_vec(&shown)
        .map_err(|error| Failure::new("What was found cannot be written down").caused_by(&error))?;
    Ok(slsa_pip_http::sha256(&bytes))
}

fn asks(args: &PolicyAcceptArgs) -> bool {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    terminal && args.format == Format::Human && !args.wanted.network.no_input
}

fn ask(printer: &Printer) -> std::io::Result<bool> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{} ", printer.strong("Record this identity? [y/N]"))?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Both identities side by side, with a mark where they differ.
fn page(name: &PackageName, lines: &[Entry], found: &Entry, printer: &Printer) -> String {
    let rows = lines.iter().map(|line| fields(&line.identity)).collect::<Vec<_>>();
    let new = fields(&found.identity);
    let mut table: Vec<Vec<String>> = Vec::new();
    let mut head = vec![String::new(), String::new()];
    head.extend(lines.iter().map(|line| format!("recorded: {}", line.version)));
    head.push(format!("found: {}", found.version));
    table.push(head);
    for (index, (field, value)) in new.iter().enumerate() {
        let recorded: Vec<String> = rows
            .iter()
            .map(|row| row.get(index).map(|(_, value)| value.clone()).unwrap_or_default())
            .collect();
        if value.is_empty() && recorded.iter().all(String::is_empty) {
            continue;
        }
        // The newest line is the one that a newer release is compared with.
        let differs = recorded.last().is_some_and(|recorded| recorded != value);
        let mut row = vec![if differs { "!" } else { "" }.to_owned(), (*field).to_owned()];
        row.extend(recorded);
        row.push(value.clone());
        table.push(row);
    }
    let mut text = format!(
        "{name} {}: {} sha256:{}\n  proven by {} at {}\n\n",
        found.version,
        found.file,
        found.sha256.to_hex(),
        found.evidence,
        found.found_at
    );
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        table
            .iter()
            .filter_map(|row| row.get(column))
            .map(|it| it.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0).max(1)).collect();
    for row in &table {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                format!(
                    "{}{}",
                    printer.plain_line(cell),
                    " ".repeat(width - cell.chars().count().min(*width))
                )
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn fields(identity: &Identity) -> Vec<(&'static str, String)> {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        ("provider", identity.provider.to_string()),
        ("kind", identity.kind.to_string()),
        ("level", identity.level.to_string()),
        (
            "repository",
            identity
                .repository
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("repository id", or_none(&identity.repository_id)),
        ("owner id", or_none(&identity.owner_id)),
        ("account", or_none(&identity.account)),
        ("workflow", or_none(&identity.workflow)),
        ("builder", or_none(&identity.builder)),
        ("builder ref", or_none(&identity.builder_ref)),
        ("ref", or_none(&identity.reference)),
        ("trigger", or_none(&identity.trigger)),
        ("environment", or_none(&identity.environment)),
        ("runner", or_none(&identity.runner_environment)),
    ]
}
