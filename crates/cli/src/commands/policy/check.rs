//! `slsa-pip policy check`: whether the policy is valid, and what in it has no effect any longer, or will soon have none.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::{EntryKind, EntryRef, Exemption, Policy, Scope};

use super::explain::Where;
use super::load;
use crate::args::{Format, PolicyCheckArgs, Words};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::Result;
use crate::printer::Printer;
use crate::report::json;
use crate::resolution::{self, Resolved};
use crate::session;

/// The schema's name in the JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/policy-check/v1";

/// What is wrong with an entry, or worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// An exemption has run out.
    Expired,
    /// Nothing that it says counts: others say all of it for the same packages.
    Shadowed,
    /// An exemption will run out soon.
    ExpiresSoon,
    /// The files that are exempt pass without the pin of the same package.
    PinBehindExemption,
    /// Nothing of what is wanted, or installed, is meant by it.
    Unused,
}

impl Kind {
    /// Whether the policy is not in order because of it.
    fn is_problem(self) -> bool {
        matches!(self, Self::Expired | Self::Shadowed)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Shadowed => "shadowed",
            Self::ExpiresSoon => "expires-soon",
            Self::PinBehindExemption => "pin-behind-exemption",
            Self::Unused => "unused",
        }
    }
}

/// One finding.
#[derive(Debug, Serialize)]
struct Finding {
    kind: Kind,
    problem: bool,
    written_at: Where,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// What the command prints.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    /// Whether there is no problem; with `--strict`, no finding.
    in_order: bool,
    /// All files that hold, the project's first.
    files: Vec<String>,
    /// How many tables of which kind.
    packages: usize,
    groups: usize,
    exemptions: usize,
    findings: Vec<Finding>,
}

/// Runs the command.
pub(super) async fn run(args: &PolicyCheckArgs, printer: &Printer) -> Result<u8> {
    let (policy, _) = load(&args.files)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let entries = policy.entries();
    let mut findings: Vec<Finding> = policy
        .exemptions()
        .filter_map(|exemption| dates(&policy, exemption, today, args.soon))
        .collect();
    findings.extend(entries.iter().filter_map(|entry| shadowed(&policy, entry)));
    findings.extend(policy.exemptions().filter_map(|exemption| behind(&policy, exemption)));
    if let Some(known) = known(args, &policy).await? {
        findings.extend(entries.iter().filter_map(|entry| unused(&policy, entry, &known)));
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (
                !finding.problem,
                finding.written_at.file.clone(),
                finding.written_at.line,
                finding.kind,
            )
        };
        key(a).cmp(&key(b))
    });
    let count = |wanted: fn(&EntryKind) -> bool| entries.iter().filter(|entry| wanted(&entry.kind)).count();
    let document = Document {
        schema: SCHEMA,
        command: "policy check",
        in_order: !findings.iter().any(|finding| finding.problem || args.strict),
        files: policy.labels().map(str::to_owned).collect(),
        packages: count(|kind| matches!(kind, EntryKind::Table(Scope::Package(_)))),
        groups: count(|kind| matches!(kind, EntryKind::Table(Scope::Group(_)))),
        exemptions: count(|kind| matches!(kind, EntryKind::Exemption(_))),
        findings,
    };
    match args.format {
        Format::Json => printer.document(&json::document(&document)),
        Format::Human => printer.result(&human(&document, printer)),
    }
    Ok(if document.in_order { EXIT_VERIFIED } else { EXIT_REFUSED })
}

/// The releases that the entries are to be compared with; `None` if none were asked for. Requirements are resolved, and nothing is
/// verified; what is installed is the interpreter's to say, without a request.
async fn known(args: &PolicyCheckArgs, policy: &Policy) -> Result<Option<BTreeMap<PackageName, Version>>> {
    let wants = !args.wanted.requirements.is_empty();
    if !wants && !args.installed {
        return Ok(None);
    }
    let offline = args.files.offline;
    let probe = session::probe(&args.wanted, Words::default(), offline).await?;
    let mut known = BTreeMap::new();
    if args.installed {
        for it in &probe.installed {
            if let (Ok(name), Ok(version)) = (it.name.parse(), it.version.parse()) {
                known.insert(name, version);
            }
        }
    }
    if wants {
        let http = session::client(&probe, offline, args.files.cache()?, &mut Vec::new())?;
        let index = session::index_client(&probe, &args.wanted.index, policy, offline, &http)?;
        let mut request = resolution::request(&probe)?;
        request.ignore_installed = true;
        match resolution::resolve(&index, offline, &request).await? {
            Resolved::Files(resolution) => {
                known.extend(
                    resolution
                        .packages
                        .into_iter()
                        .map(|package| (package.name, package.version)),
                );
            }
            Resolved::Refused(refusal) => {
                return Err(
                    crate::failure::Failure::new("What the requirements stand for cannot be told")
                        .code(refusal.code.as_str())
                        .caused_by(&Said(refusal.to_string())),
                );
            }
            Resolved::NoneSatisfies(none) => return Err(none.failure()),
        }
    }
    Ok(Some(known))
}

/// A text as an error.
#[derive(Debug)]
struct Said(String);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

/// An exemption that has run out, or will within so many days.
fn dates(policy: &Policy, exemption: &Exemption, today: Date, soon: u16) -> Option<Finding> {
    let last = exemption.expires?;
    let at = Where::of(&policy.exemption_origin(&exemption.package)?);
    let review = "review it and set a later `expires`, or drop it: slsa-pip policy prune --expired".to_owned();
    if exemption.expired_on(today) {
        let message = format!("it ran out on {last} and lets nothing pass any longer");
        return Some(Finding::new(Kind::Expired, at, message, Some(review)));
    }
    let horizon = today.checked_add(i64::from(soon).days()).unwrap_or(Date::MAX);
    (last <= horizon).then(|| {
        let message = format!("it runs out on {last}, the last day on which its files pass");
        Finding::new(Kind::ExpiresSoon, at, message, None)
    })
}

/// A table of which nothing counts for any package that it is for.
fn shadowed(policy: &Policy, entry: &EntryRef) -> Option<Finding> {
    let EntryKind::Table(scope) = &entry.kind else {
        return None;
    };
    let probe = probe(policy, scope)?;
    let settings = policy.explain(&probe, None).settings;
    let is_here = |at: &slsa_pip_policy::Origin| at.file == entry.origin.file && at.table == entry.origin.table;
    let counts = settings.iter().any(|set| set.origin.as_ref().is_some_and(is_here));
    if counts || entry.keys.is_empty() {
        return None;
    }
    let mut by: Vec<String> = settings
        .iter()
        .filter_map(|set| set.origin.as_ref().map(ToString::to_string))
        .collect();
    by.dedup();
    let message = format!("nothing that it says counts; what does is written in {}", by.join("; "));
    Some(Finding::new(
        Kind::Shadowed,
        Where::of(&entry.origin),
        message,
        Some("remove the table that is not meant".to_owned()),
    ))
}

/// A name for which nothing more specific holds than this scope.
fn probe(policy: &Policy, scope: &Scope) -> Option<PackageName> {
    let beginning = match scope {
        Scope::Package(name) => return Some(name.clone()),
        Scope::Group(prefix) => prefix.as_str(),
        Scope::All => "",
    };
    // Whatever the policy names, one of these is not among it.
    let mut candidates = (0..=policy.entries().len()).map(|number| format!("{beginning}q{number}q"));
    candidates.find_map(|name| {
        let name: PackageName = name.parse().ok()?;
        let narrower = |entry: &EntryRef| match &entry.kind {
            EntryKind::Table(other) => other != scope && other.contains(&name) && is_within(other, scope),
            EntryKind::Exemption(_) => false,
        };
        (!policy.entries().iter().any(narrower)).then_some(name)
    })
}

/// Whether one scope is a part of another; both hold some name.
fn is_within(narrow: &Scope, wide: &Scope) -> bool {
    match (narrow, wide) {
        (_, Scope::All) | (Scope::Package(_), Scope::Group(_)) => true,
        (Scope::Group(narrow), Scope::Group(wide)) => narrow.len() > wide.len(),
        _ => false,
    }
}

/// An exemption of a package that is pinned as well.
fn behind(policy: &Policy, exemption: &Exemption) -> Option<Finding> {
    let settings = policy.explain(&exemption.package, None).settings;
    let pin = settings
        .iter()
        .find(|set| ["repository", "owner", "google", "circleci"].contains(&set.key))?;
    let pin = pin.origin.as_ref()?;
    // A group's pin is for others too: an exception from it is what exemptions are for.
    if pin.table.contains('*') {
        return None;
    }
    let at = Where::of(&policy.exemption_origin(&exemption.package)?);
    let message = format!("its files pass without provenance, whatever the pin says in {pin}");
    let hint = "if they have provenance by now, drop it: slsa-pip policy prune -r requirements.txt".to_owned();
    Some(Finding::new(Kind::PinBehindExemption, at, message, Some(hint)))
}

/// An entry that means none of these releases.
fn unused(policy: &Policy, entry: &EntryRef, known: &BTreeMap<PackageName, Version>) -> Option<Finding> {
    let at = Where::of(&entry.origin);
    let message = match &entry.kind {
        EntryKind::Table(Scope::All) => return None,
        EntryKind::Table(scope) => {
            let used = known.keys().any(|name| scope.contains(name));
            (!used).then(|| "no package that it is for is among them".to_owned())?
        }
        EntryKind::Exemption(name) => match known.get(name) {
            None => "the package is not among them".to_owned(),
            Some(version) if policy.exemption(name, version).is_none() => {
                format!("it is not for {version}, which is among them")
            }
            Some(_) => return None,
        },
    };
    Some(Finding::new(Kind::Unused, at, message, None))
}

impl Finding {
    fn new(kind: Kind, written_at: Where, message: String, hint: Option<String>) -> Self {
        Self {
            kind,
            problem: kind.is_problem(),
            written_at,
            message,
            hint,
        }
    }
}

fn human(document: &Document, printer: &Printer) -> String {
    let mut lines = Vec::new();
    for finding in &document.findings {
        let kind = finding.kind.as_str();
        let kind = if finding.problem {
            printer.bad(kind)
        } else {
            printer.warn(kind)
        };
        lines.push(format!(
            "{kind} {}: {}",
            printer.strong(&printer.plain_line(&finding.written_at.to_string())),
            printer.plain_line(&finding.message)
        ));
        if let Some(hint) = &finding.hint {
            lines.push(format!("  {} {}", printer.note("hint:"), printer.plain_line(hint)));
        }
    }
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    if document.files.is_empty() {
        lines.push("There is no policy file: slsa-pip policy init -r requirements.txt".to_owned());
    } else {
        let files: Vec<String> = document.files.iter().map(|file| printer.plain_line(file)).collect();
        lines.push(format!(
            "{} {}: {}, {}, {}",
            if document.in_order {
                printer.good("valid")
            } else {
                printer.bad("not in order")
            },
            files.join(", "),
            counted(document.packages, "package"),
            counted(document.groups, "group"),
            counted(document.exemptions, "exemption")
        ));
    }
    format!("{}\n", lines.join("\n"))
}
