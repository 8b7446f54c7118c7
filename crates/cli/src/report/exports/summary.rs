//! Markdown for a job summary of GitHub Actions. Every value is escaped: names and texts come from indexes and certificates.

use std::fmt::Write as _;

use slsa_pip_verify::Basis;

use crate::printer::sanitize;
use crate::report::table::Standing;
use crate::report::{FileReport, Report, Verdict};

/// Files that are listed; a summary has a limit of its own (1 MiB), and nobody reads further.
const MAX_FILES: usize = 500;

/// The section that is appended.
pub(super) fn markdown(report: &Report) -> String {
    let heading = match report.verdict {
        Verdict::Verified if report.installed => "verified and installed",
        Verdict::Verified => "verified",
        Verdict::Tolerated => "tolerated: policy only warns",
        Verdict::Refused => "refused: nothing was installed",
        Verdict::NothingToVerify => "nothing to verify",
    };
    let mut text = format!("### slsa-pip {}: {heading}\n\n", report.command);
    let count = |standing| report.files.iter().filter(|file| file.standing == standing).count();
    let sums: Vec<String> = [
        (Standing::Pinned, "pinned"),
        (Standing::Claimed, "claimed"),
        (Standing::Exempt, "exempt"),
        (Standing::Tolerated, "tolerated"),
        (Standing::Refused, "refused"),
    ]
    .into_iter()
    .filter_map(|(standing, word)| Some((count(standing), word)).filter(|(count, _)| *count > 0))
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let _ = writeln!(text, "{} files: {}\n", report.files.len(), sums.join(", "));
    if !report.files.is_empty() {
        text.push_str("| | package | version | evidence | source | ref |\n|---|---|---|---|---|---|\n");
    }
    for file in report.files.iter().take(MAX_FILES) {
        row(&mut text, file);
    }
    if report.files.len() > MAX_FILES {
        let _ = writeln!(text, "\nand {} more", report.files.len() - MAX_FILES);
    }
    for file in report
        .files
        .iter()
        .filter(|file| file.verdict == Verdict::Refused)
        .take(MAX_FILES)
    {
        refusal(&mut text, file);
    }
    text.push('\n');
    text
}

fn row(text: &mut String, file: &FileReport) {
    let sign = match file.verdict {
        Verdict::Verified if file.standing < Standing::Exempt => "✅",
        Verdict::Refused => "❌",
        _ => "⚠️",
    };
    let (evidence, source, reference) = match &file.evidence {
        Some(Basis::Attested(attested)) => {
            let level = match attested.build_level {
                0 => attested.kind.to_string(),
                level => format!("{}, level {level}", attested.kind),
            };
            let pinned = if attested.pinned { "pinned" } else { "claimed" };
            let repository = attested.repository.as_ref();
            let who = repository.map_or_else(|| attested.identity.clone(), ToString::to_string);
            (level, format!("{who} ({pinned})"), attested.reference.clone())
        }
        Some(Basis::Exempt(exempt)) => ("exempt".to_owned(), exempt.reason.clone(), None),
        Some(Basis::Tolerated(_)) | None => {
            let codes = file.refusals.iter().map(|refusal| refusal.code.as_str());
            let mut codes: Vec<&str> = codes.collect();
            codes.dedup();
            (codes.join(", "), String::new(), None)
        }
    };
    let package = file.package.as_ref().unwrap_or(&file.name);
    let version = file.version.as_deref().unwrap_or_default();
    let cells = [
        package,
        version,
        &evidence,
        &source,
        reference.as_deref().unwrap_or_default(),
    ];
    let _ = write!(text, "| {sign} ");
    for cell in cells {
        let _ = write!(text, "| {} ", escaped(cell));
    }
    text.push_str("|\n");
}

fn refusal(text: &mut String, file: &FileReport) {
    let _ = writeln!(text, "\n<details><summary>{}</summary>\n", escaped(&file.name));
    for refusal in &file.refusals {
        let _ = writeln!(text, "- **{}**: {}", refusal.code, escaped(&refusal.summary));
        for (label, value) in [("expected", &refusal.expected), ("found", &refusal.found)] {
            if let Some(value) = value {
                let _ = writeln!(text, "  - {label}: {}", escaped(value));
            }
        }
    }
    text.push_str("\n</details>\n");
}

/// One line that Markdown and HTML show as it is: each sign that either could read is a character reference.
fn escaped(text: &str) -> String {
    const MAX_LEN: usize = 300;
    let text = sanitize(text);
    let mut escaped = String::new();
    for c in text.chars().take(MAX_LEN) {
        match c {
            '\n' | '\r' | '\t' => escaped.push(' '),
            c if c.is_alphanumeric() || " -_.,:;/+=()".contains(c) => escaped.push(c),
            c => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
        }
    }
    if text.chars().nth(MAX_LEN).is_some() {
        escaped.push('…');
    }
    escaped
}
