//! `slsa-pip resolve`: which files an install would take; none of them is verified, kept or installed.
//!
//! Needs no trusted root and no evidence, so it reads none; of the policy, only which index a package is assigned to. What is
//! installed in the environment plays no part: the answer is about the requirements alone, as of
//! `pip install --dry-run --ignore-installed`.

mod lock;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use slsa_pip_distribution::{PackageName, Sha256Digest};
use slsa_pip_resolver::Why;
use slsa_pip_verify::Refusal;

use crate::allowed;
use crate::args::{Format, RequirementArgs, ResolveArgs, ResolvePolicy, Words};
use crate::cache_dir;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result, without_logins};
use crate::hashing::sha256_file;
use crate::interrupt;
use crate::policy_file::{self, Access};
use crate::printer::Printer;
use crate::report::json;
use crate::resolution::{self, Package, Resolved};
use crate::session;

pub(crate) use lock::replace;

/// The schema's name in every JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/resolution/v1";

/// What every form of the answer says.
const NOTE: &str =
    "a resolution only: nothing was verified, kept or installed, and the digests are those that the index announces";

/// What the command prints.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    verified: bool,
    note: &'static str,
    python: String,
    packages: Vec<Chosen>,
    /// The index serves other bytes than it announces.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    notes: Vec<String>,
    requests: u64,
    cached: u64,
    revalidated: u64,
}

/// One file. All of it is what the index says.
#[derive(Debug, Serialize)]
pub(crate) struct Chosen {
    name: String,
    version: String,
    file: String,
    /// Without credentials.
    url: String,
    /// Whether it was named by its URL or path.
    direct: bool,
    /// The index that it was found on; `None` for one that was named by its URL or path.
    index: Option<String>,
    /// `None` if the index announces none and no `--hash` names the only one; of a local file, the digest of its bytes.
    sha256: Option<Sha256Digest>,
    size: Option<u64>,
    yanked: Option<String>,
    extras: Vec<String>,
    requested: bool,
    required_by: Vec<String>,
    /// The requirements that led to it.
    why: Vec<Reason>,
    /// What it requires itself, here and with these extras.
    requires: Vec<String>,
}

/// One requirement.
#[derive(Debug, Serialize)]
pub(crate) struct Reason {
    /// The project whose metadata says so; `None` if the user does.
    by: Option<String>,
    /// As written, without credentials.
    requirement: String,
}

/// Runs the command.
pub(crate) async fn run(args: &ResolveArgs, printer: &Printer) -> Result<u8> {
    match interrupt::guard(resolve(args, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn resolve(args: &ResolveArgs, printer: &Printer) -> Result<u8> {
    session::check_any(&args.wanted.requirements, "resolve")?;
    check_newest(args.wanted.choice.resolve_policy)?;
    if let Some(output) = &args.output {
        check_not_read(output, &args.wanted.requirements)?;
    }
    let cache = cache_dir::resolve(&args.cache)?;
    let access = Access {
        cache: cache.as_ref(),
        offline: args.offline,
    };
    let (policy, _) = policy_file::load_policy(args.policy.as_deref(), access)?;
    let probe = session::probe(&args.wanted, Words::default(), args.offline).await?;
    let mut notes = session::configuration_notes(&probe);
    let mut refused_places = allowed::refused(&policy, &probe, args.offline).into_iter();
    let refused_place = refused_places.next();
    notes.extend(refused_places.map(|refusal| refusal.to_string()));
    let http = session::client(&probe, args.offline, cache, &mut notes)?;
    let index = session::index_client(&probe, &args.wanted.index, &policy, args.offline, &http)?;
    let mut request = resolution::request(&probe)?;
    request.ignore_installed = true;
    let resolved = match refused_place {
        Some(refusal) => Resolved::Refused(Box::new(refusal)),
        None => resolution::resolve(&index, args.offline, &request).await?,
    };
    let (packages, refusal) = match resolved {
        Resolved::Files(resolution) => {
            notes.extend(resolution.notes);
            let names = resolution.packages.iter().map(|package| &package.name);
            notes.extend(names.flat_map(|name| index.remarks(name)));
            (chosen(&resolution.packages, &request.hashes)?, None)
        }
        Resolved::Refused(refusal) => (Vec::new(), Some(*refusal)),
        Resolved::NoneSatisfies(none) => return Err(none.failure()),
    };
    notes.extend(
        http.cache_trouble()
            .map(|why| format!("the cache could not be used: {why}")),
    );
    let counters = http.counters();
    let document = Document {
        schema: SCHEMA,
        command: "resolve",
        verified: false,
        note: NOTE,
        python: probe.python_version.to_string(),
        packages,
        refusal,
        notes,
        requests: counters.requests,
        cached: counters.cache_hits + counters.wheel_hits,
        revalidated: counters.revalidations,
    };
    if let (Some(output), None) = (&args.output, &document.refusal) {
        let target = format!(
            "Python {} on {}, {}",
            probe.python_version,
            probe.markers.sys_platform(),
            probe.markers.platform_machine()
        );
        lock::write(output, &lock::text(&document.packages, &target)?)?;
    }
    match args.format {
        Format::Json => printer.document(&json::document(&document)),
        Format::Human => printer.result(&human(&document, args.output.as_deref(), printer)),
    }
    Ok(if document.refusal.is_none() {
        EXIT_VERIFIED
    } else {
        EXIT_REFUSED
    })
}

/// That nothing depends on evidence: this command looks at none, and its answer must not look as if it had.
fn check_newest(policy: ResolvePolicy) -> Result<()> {
    match policy {
        ResolvePolicy::Newest => Ok(()),
        ResolvePolicy::Satisfying => Err(Failure::new(
            "`slsa-pip resolve` verifies nothing, so it cannot say which releases satisfy policy",
        )
        .hint("slsa-pip lock --resolve-policy=satisfying REQUIREMENT… (verifies, and writes what it chose); or slsa-pip install --dry-run --resolve-policy=satisfying REQUIREMENT…")),
    }
}

/// That the file to be written is none of those that are read: a failed run would have eaten its own input.
pub(crate) fn check_not_read(output: &Path, requirements: &RequirementArgs) -> Result<()> {
    let Ok(real) = output.canonicalize() else {
        return Ok(());
    };
    let mut inputs = requirements
        .requirement_files
        .iter()
        .chain(&requirements.constraint_files);
    match inputs.find(|file| file.canonicalize().is_ok_and(|file| file == real)) {
        Some(file) => Err(Failure::new(format!(
            "`--output {}` would replace the requirements that are read from `{}`",
            output.display(),
            file.display()
        ))
        .hint("Name another file: `--output requirements.lock.txt`")),
        None => Ok(()),
    }
}

fn chosen(packages: &[Package], hashes: &BTreeMap<PackageName, Vec<Sha256Digest>>) -> Result<Vec<Chosen>> {
    let mut chosen = Vec::with_capacity(packages.len());
    for package in packages {
        let file = &package.file;
        let unreadable = || Failure::new(format!("`{}` cannot be read", package.filename));
        let mut sha256 = file.sha256;
        // Of a file that was named by its URL, there is only what the user says: no other bytes would be taken.
        if let (None, Some([allowed])) = (sha256, hashes.get(&package.name).map(Vec::as_slice)) {
            sha256 = Some(*allowed);
        }
        if sha256.is_none() && file.is_local() {
            let path = file.url.to_file_path().map_err(|()| unreadable())?;
            sha256 = Some(sha256_file(&path).map_err(|error| unreadable().caused_by(&error))?.0);
        }
        chosen.push(Chosen {
            name: package.name.to_string(),
            version: package.version.to_string(),
            file: package.filename.as_str().to_owned(),
            url: slsa_pip_http::redact(&file.url),
            direct: package.direct,
            index: (!package.direct).then(|| slsa_pip_http::redact(&file.index_url)),
            sha256,
            size: file.size,
            yanked: file.yanked.clone(),
            extras: package.extras.iter().map(ToString::to_string).collect(),
            requested: package.requested,
            required_by: package.required_by.iter().map(ToString::to_string).collect(),
            why: package.why.iter().map(Reason::new).collect(),
            requires: package.requires.iter().map(|text| without_logins(text)).collect(),
        });
    }
    Ok(chosen)
}

fn human(document: &Document, output: Option<&Path>, printer: &Printer) -> String {
    let mut lines = Vec::new();
    for package in &document.packages {
        lines.push(format!(
            "{} {}  {}",
            printer.strong(&printer.plain_line(&package.name)),
            printer.plain_line(&package.version),
            printer.plain_line(&package.file)
        ));
        let digest = package.sha256.map_or_else(
            || "the index announces no sha256".to_owned(),
            |digest| format!("sha256:{digest}"),
        );
        lines.push(format!("  {} {digest}", printer.label("announced:")));
        lines.push(format!(
            "  {} {}",
            printer.label("why:"),
            printer.plain_line(&package.reason())
        ));
    }
    if let Some(refusal) = &document.refusal {
        lines.push(format!(
            "{} {}",
            printer.bad("Refused"),
            printer.plain_lines(&refusal.to_string())
        ));
        for (label, value) in [("expected:", &refusal.expected), ("found:", &refusal.found)] {
            let value = value.as_ref().map(|value| printer.plain_line(value));
            lines.extend(value.map(|value| format!("  {} {value}", printer.label(label))));
        }
    }
    for note in &document.notes {
        lines.push(format!("{} {}", printer.note("note:"), printer.plain_line(note)));
    }
    if document.refusal.is_none() {
        let count = document.packages.len();
        let ending = if count == 1 { "" } else { "s" };
        let written = output.map_or_else(String::new, |path| format!(", written to {}", path.display()));
        lines.push(format!("Resolved {count} package{ending}{written}"));
    }
    lines.push(format!("{} {NOTE}", printer.warn("not verified:")));
    format!("{}\n", lines.join("\n"))
}

impl Chosen {
    /// Why it is there, in one line.
    fn reason(&self) -> String {
        let reasons = self.why.iter().map(|why| match &why.by {
            None => format!("asked for: {}", why.requirement),
            Some(by) => format!("required by {by}: {}", why.requirement),
        });
        let mut seen: Vec<String> = reasons.collect();
        seen.dedup();
        seen.join("; ")
    }
}

impl Reason {
    fn new(why: &Why) -> Self {
        Self {
            by: why.by.as_ref().map(ToString::to_string),
            requirement: without_logins(&why.requirement),
        }
    }
}
