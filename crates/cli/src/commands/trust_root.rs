//! `slsa-pip trust-root`: what the trusted root is, and a refresh on request.

use jiff::Timestamp;
use serde::Serialize;
use slsa_pip_trust_root::{Authority, Contents, Key, LoadError, Loaded, Opened, Part, RoleState, Source, open};

use crate::args::{Format, TrustRootArgs, TrustRootUpdateArgs};
use crate::commands::EXIT_VERIFIED;
use crate::failure::{Failure, Result};
use crate::network::standalone_client;
use crate::printer::Printer;
use crate::report::json;
use crate::settings::{root_failure, root_source};

/// The schema's name in every JSON document; docs/trusted-root.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/trust-root/v1";

/// What the commands print.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    /// In one line, as in every report.
    trusted_root: String,
    instances: Vec<Instance>,
    notes: Vec<String>,
    requests: u64,
}

/// One instance's root.
#[derive(Debug, Serialize)]
struct Instance {
    name: &'static str,
    repository: Option<String>,
    /// `file`, `embedded`, `tuf` or `cache`.
    origin: &'static str,
    /// When the copy was known to be the newest.
    as_of: Option<Timestamp>,
    /// In a few words.
    description: String,
    /// Versions and ends of the TUF metadata.
    metadata: Vec<RoleState>,
    #[serde(flatten)]
    contents: Contents,
}

/// `slsa-pip trust-root show`; makes no request.
pub(crate) fn show(args: &TrustRootArgs, printer: &Printer) -> Result<u8> {
    let now = Timestamp::now();
    let loaded = open(root_source(&args.root)?, now)
        .and_then(Opened::locally)
        .map_err(|error| root_failure(&error))?;
    print("trust-root show", &loaded, args.format, now, printer)
}

/// `slsa-pip trust-root update`
pub(crate) async fn update(args: &TrustRootUpdateArgs, printer: &Printer) -> Result<u8> {
    let TrustRootUpdateArgs { common: args, network } = args;
    let now = Timestamp::now();
    let source = root_source(&args.root)?;
    if let Source::File(path) = &source {
        return Err(Failure::new(format!("A file is not refreshed: `{}`", path.display()))
            .hint("Leave out `--trusted-root` (and SLSA_PIP_TRUSTED_ROOT), or name a repository: `--tuf-url URL --tuf-root FILE`"));
    }
    if args.root.offline {
        return Err(Failure::new("The trusted root cannot be refreshed without requests")
            .hint("Leave out `--offline` (and SLSA_PIP_OFFLINE)"));
    }
    let http = standalone_client(false, network)?;
    let warn = |error: LoadError| {
        let failure = root_failure(&error);
        printer.important(&format!(
            "{} what was kept is replaced, since it was refused [{}]: {}\n",
            printer.note("warning:"),
            error.code(),
            printer.plain_line(&failure.causes.join(": "))
        ));
    };
    let opened = Opened::anew(source, now, warn).map_err(|error| root_failure(&error))?;
    let loaded = opened.update(&http).await.map_err(|error| root_failure(&error))?;
    print("trust-root update", &loaded, args.format, now, printer)
}

fn print(command: &'static str, loaded: &Loaded, format: Format, now: Timestamp, printer: &Printer) -> Result<u8> {
    let instances = loaded
        .parts
        .iter()
        .map(|part| instance(part, now))
        .collect::<Result<Vec<_>>>()?;
    let document = Document {
        schema: SCHEMA,
        command,
        trusted_root: loaded.describe(now),
        instances,
        notes: loaded.notes.clone(),
        requests: loaded.requests,
    };
    match format {
        Format::Json => printer.document(&json::document(&document)),
        Format::Human => printer.important(&human(&document, printer)),
    }
    Ok(EXIT_VERIFIED)
}

fn instance(part: &Part, now: Timestamp) -> Result<Instance> {
    Ok(Instance {
        name: part.name,
        repository: part.url.as_ref().map(slsa_pip_http::redact),
        origin: part.origin.word(),
        as_of: part.origin.as_of(),
        description: part.origin.describe(now),
        metadata: part.roles.clone(),
        contents: part.contents().map_err(|error| root_failure(&error))?,
    })
}

fn human(document: &Document, printer: &Printer) -> String {
    let mut lines = Vec::new();
    for instance in &document.instances {
        lines.push(format!("{}: {}", instance.name, instance.description));
        lines.extend(instance.repository.iter().map(|url| format!("  repository  {url}")));
        for role in &instance.metadata {
            lines.push(format!(
                "  {:<10}  version {}, expires {}",
                role.role, role.version, role.expires
            ));
        }
        let contents = &instance.contents;
        authorities("certificate authority", &contents.certificate_authorities, &mut lines);
        logs("transparency log", &contents.transparency_logs, &mut lines);
        logs("certificate log", &contents.certificate_logs, &mut lines);
        authorities("timestamp authority", &contents.timestamp_authorities, &mut lines);
    }
    lines.extend(document.notes.iter().map(|note| format!("note: {note}")));
    // A repository may have put anything into its texts.
    let lines: Vec<String> = lines.iter().map(|line| printer.plain_line(line)).collect();
    format!("{}\n", lines.join("\n"))
}

fn authorities(kind: &str, found: &[Authority], lines: &mut Vec<String>) {
    for authority in found {
        let url = authority.url.as_deref().unwrap_or("no address");
        lines.push(format!(
            "  {kind}  {} ({url}), {}",
            authority.name,
            window(authority.from, authority.until)
        ));
        lines.extend(
            authority
                .certificates
                .iter()
                .map(|digest| format!("    sha256:{digest}")),
        );
    }
}

fn logs(kind: &str, found: &[Key], lines: &mut Vec<String>) {
    for key in found {
        lines.push(format!(
            "  {kind}  {} ({}), {}",
            key.url,
            key.algorithm,
            window(key.from, key.until)
        ));
        lines.push(format!("    {}", key.id));
    }
}

fn window(from: Option<Timestamp>, until: Option<Timestamp>) -> String {
    match (from, until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("since {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("{from} to {until}"),
    }
}
