//! The table at the end: one line a file, with what its acceptance rests on.

use std::fmt::{self, Write as _};

use serde::Serialize;
use slsa_pip_verify::{Attested, Basis};

use crate::printer::Printer;
use crate::report::{FileReport, Verdict};

/// Widest column; what is longer is not cut, but shifts the rest of its line.
const MAX_WIDTH: usize = 44;

/// What the acceptance of a file rests on, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// Evidence of the repository or account that policy or the user has pinned.
    Pinned,
    /// Evidence of an identity that nobody has pinned, and that is the one of earlier releases: of the lock, or of the index.
    Continuity,
    /// Evidence of an identity that nobody has pinned: the certificate merely claims it.
    Claimed,
    /// Policy exempts its digest; nothing is proven.
    Exempt,
    /// Refused, and let pass by the policy's `mode = "warn"`; nothing is proven.
    Tolerated,
    /// Refused.
    Refused,
}

impl Standing {
    /// That of a basis; `None` is a refused file's.
    pub(crate) fn of(basis: Option<&Basis>) -> Self {
        match basis {
            Some(Basis::Attested(attested)) => of_attested(attested),
            Some(Basis::Exempt(_)) => Self::Exempt,
            Some(Basis::Tolerated(_)) => Self::Tolerated,
            None => Self::Refused,
        }
    }

    const ALL: [Self; 6] = [
        Self::Pinned,
        Self::Continuity,
        Self::Claimed,
        Self::Exempt,
        Self::Tolerated,
        Self::Refused,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Continuity => "continuity",
            Self::Claimed => "claimed",
            Self::Exempt => "exempt",
            Self::Tolerated => "tolerated",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A lock's pin is continuity; what the policy or the user pins is more, whether it continues anything or not.
fn of_attested(attested: &Attested) -> Standing {
    let by_lock = attested.continues.is_some() && attested.pinned_by == attested.continues;
    match (attested.pinned && !by_lock, &attested.continues) {
        (true, _) => Standing::Pinned,
        (false, Some(_)) => Standing::Continuity,
        (false, None) => Standing::Claimed,
    }
}

/// One line a file and a line with the sums, a blank line after it.
pub(crate) fn of(files: &[FileReport], printer: &Printer) -> String {
    let rows: Vec<[String; 3]> = files.iter().map(|file| row(file, printer)).collect();
    let width = |column: usize| {
        let widths = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        widths.filter(|width| *width <= MAX_WIDTH).max().unwrap_or(0)
    };
    let (subject_width, proof_width) = (width(0), width(1));
    let mut text = String::new();
    for (file, [subject, proof, who]) in files.iter().zip(&rows) {
        let standing = format!("{:<10}", file.standing.as_str());
        let standing = match file.verdict {
            Verdict::Refused => printer.bad(&standing),
            _ if file.standing >= Standing::Exempt => printer.warn(&standing),
            _ => printer.good(&standing),
        };
        let line = format!("{subject:<subject_width$}  {proof:<proof_width$}  {who}");
        let _ = writeln!(text, "  {standing}  {}", line.trim_end());
    }
    let sums = Standing::ALL.into_iter().filter_map(|standing| {
        let count = files.iter().filter(|file| file.standing == standing).count();
        (count > 0).then(|| format!("{count} {standing}"))
    });
    let sums: Vec<String> = sums.collect();
    let _ = writeln!(text, "  {} files: {}\n", files.len(), sums.join(", "));
    text
}

/// Which file, what it rests on, and who is behind it.
fn row(file: &FileReport, printer: &Printer) -> [String; 3] {
    let subject = match (&file.package, &file.version) {
        (Some(package), Some(version)) => format!("{package} {version}"),
        _ => file.path.as_ref().unwrap_or(&file.name).clone(),
    };
    let (proof, who) = match &file.evidence {
        Some(Basis::Attested(attested)) => (describe_proof(attested), describe_identity(attested)),
        Some(Basis::Exempt(exempt)) => ("no proof".to_owned(), exempt.written_at.clone()),
        Some(Basis::Tolerated(_)) | None => ("no proof".to_owned(), codes(file)),
    };
    [subject, proof, who].map(|cell| printer.plain_line(&cell))
}

fn describe_proof(attested: &Attested) -> String {
    match attested.build_level {
        0 => attested.kind.to_string(),
        level => format!("{}, level {level}", attested.kind),
    }
}

fn describe_identity(attested: &Attested) -> String {
    let repository = attested.repository.as_ref();
    repository.map_or_else(|| attested.identity.clone(), ToString::to_string)
}

/// Each code once.
fn codes(file: &FileReport) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for refusal in &file.refusals {
        if !codes.contains(&refusal.code.as_str()) {
            codes.push(refusal.code.as_str());
        }
    }
    codes.join(", ")
}
