//! `slsa-pip policy explain`: which rule decides, and where it is written.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::{Effective, Explanation, Origin};

use super::load;
use crate::args::{Format, PolicyExplainArgs};
use crate::commands::EXIT_VERIFIED;
use crate::failure::{Failure, Result};
use crate::printer::Printer;
use crate::report::json;

/// The schema's name in the JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/policy-explanation/v1";

/// What the command prints.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    command: &'static str,
    /// All files that hold, the project's first.
    files: Vec<String>,
    packages: Vec<Explained>,
}

/// What holds for one package.
#[derive(Debug, Serialize)]
struct Explained {
    package: String,
    version: Option<String>,
    /// The tables that hold for it, the most specific first.
    tables: Vec<Where>,
    settings: Vec<Set>,
    exemption: Option<Exempt>,
}

/// One value.
#[derive(Debug, Serialize)]
struct Set {
    key: &'static str,
    /// As TOML.
    value: String,
    /// `None` if no file says so.
    written_at: Option<Where>,
    /// What does not count because of it.
    overridden: Vec<Overridden>,
}

/// A value that does not count.
#[derive(Debug, Serialize)]
struct Overridden {
    setting: String,
    written_at: Where,
}

/// A place.
#[derive(Debug, Serialize)]
pub(super) struct Where {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) table: String,
}

/// An exemption.
#[derive(Debug, Serialize)]
struct Exempt {
    versions: String,
    sha256: Vec<String>,
    reason: String,
    expires: Option<String>,
    expired: bool,
    written_at: Where,
}

/// Runs the command.
pub(super) fn run(args: &PolicyExplainArgs, printer: &Printer) -> Result<u8> {
    let mut asked = Vec::new();
    for text in &args.packages {
        asked.push(package(text)?);
    }
    let (policy, _) = load(&args.files)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let explained = |(name, version): &(PackageName, Option<Version>)| {
        let explanation = policy.explain(name, version.as_ref());
        let Explanation {
            tables,
            settings,
            exemption,
            ..
        } = explanation;
        Explained {
            package: name.to_string(),
            version: version.as_ref().map(ToString::to_string),
            tables: tables.iter().map(Where::of).collect(),
            settings: settings.iter().map(Set::of).collect(),
            exemption: exemption.map(|(exemption, origin)| Exempt {
                versions: exemption.versions.to_string(),
                sha256: exemption.sha256.iter().map(ToString::to_string).collect(),
                expired: exemption.expired_on(today),
                expires: exemption.expires.map(|date| date.to_string()),
                reason: exemption.reason,
                written_at: Where::of(&origin),
            }),
        }
    };
    let document = Document {
        schema: SCHEMA,
        command: "policy explain",
        files: policy.labels().map(str::to_owned).collect(),
        packages: asked.iter().map(explained).collect(),
    };
    match args.format {
        Format::Json => printer.document(&json::document(&document)),
        Format::Human => printer.result(&human(&document, printer)),
    }
    Ok(EXIT_VERIFIED)
}

/// `NAME` or `NAME==VERSION`.
fn package(text: &str) -> Result<(PackageName, Option<Version>)> {
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        Failure::new(format!("`{text}` names no package"))
            .caused_by(error)
            .hint("Write a project's name and, if it is about one version, that: `urllib3`, `urllib3==2.5.0`")
    };
    let (name, version) = match text.split_once("==") {
        Some((name, version)) => (name.trim(), Some(version.trim())),
        None => (text.trim(), None),
    };
    let name = name.parse::<PackageName>().map_err(|error| invalid(&error))?;
    let version = version.map(str::parse::<Version>).transpose();
    Ok((name, version.map_err(|error| invalid(&error))?))
}

fn human(document: &Document, printer: &Printer) -> String {
    let mut lines = Vec::new();
    for package in &document.packages {
        let version = package
            .version
            .as_ref()
            .map_or_else(String::new, |version| format!(" {version}"));
        lines.push(format!("{}{version}", printer.strong(&package.package)));
        let shown: Vec<String> = package
            .settings
            .iter()
            .map(|set| printer.plain_line(&format!("{} = {}", set.key, set.value)))
            .collect();
        let width = shown.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        for (set, text) in package.settings.iter().zip(&shown) {
            let at = set.written_at.as_ref().map_or_else(
                || "no file says otherwise".to_owned(),
                |at| printer.plain_line(&at.to_string()),
            );
            lines.push(format!("  {text:width$}  {}", printer.label(&at)));
            for other in &set.overridden {
                let setting = printer.plain_line(&other.setting);
                lines.push(format!(
                    "    not {setting}  {}",
                    printer.label(&printer.plain_line(&other.written_at.to_string()))
                ));
            }
        }
        match &package.exemption {
            Some(exempt) => {
                lines.push(format!(
                    "  {} for {}, {}  {}",
                    printer.warn("exempt"),
                    printer.plain_line(&exempt.versions),
                    match exempt.sha256.len() {
                        1 => "1 file".to_owned(),
                        count => format!("{count} files"),
                    },
                    printer.label(&printer.plain_line(&exempt.written_at.to_string()))
                ));
                lines.push(format!("    {}", printer.plain_line(&exempt.reason)));
                if let Some(expires) = &exempt.expires {
                    let verb = if exempt.expired { "ran out on" } else { "until" };
                    lines.push(format!("    {verb} {expires}"));
                }
            }
            None if package.version.is_some() => lines.push("  no exemption for this version".to_owned()),
            None => lines.push("  no exemption".to_owned()),
        }
        if !package
            .settings
            .iter()
            .any(|set| ["repository", "owner", "google", "circleci"].contains(&set.key))
        {
            lines.push(format!("  no pin: slsa-pip policy add {}", package.package));
        }
    }
    if document.files.is_empty() {
        lines.push("There is no policy file: slsa-pip policy init -r requirements.txt".to_owned());
    }
    format!("{}\n", lines.join("\n"))
}

impl Set {
    fn of(effective: &Effective) -> Self {
        let overridden = effective.overridden.iter().map(|(setting, origin)| Overridden {
            setting: setting.clone(),
            written_at: Where::of(origin),
        });
        Self {
            key: effective.key,
            value: effective.value.clone(),
            written_at: effective.origin.as_ref().map(Where::of),
            overridden: overridden.collect(),
        }
    }
}

impl Where {
    pub(super) fn of(origin: &Origin) -> Self {
        Self {
            file: origin.file.clone(),
            line: origin.line,
            table: origin.table.clone(),
        }
    }
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.table)
    }
}
