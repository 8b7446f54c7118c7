//! Whether a wheel that was accepted is what it seems ([`slsa_pip_wheel`]), and what is worth knowing of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;
use slsa_pip_distribution::{PackageName, WheelFilename};
use slsa_pip_policy::Policy;
use slsa_pip_verify::{Code, Refusal, StagedFile};
use slsa_pip_wheel::{Defect, DefectKind, Inspection, NoteKind, inspect};

/// What a wheel holds besides what its provenance says; no part of any verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WheelReport {
    /// How many files.
    pub(crate) files: usize,
    /// The bytes of all of them, unpacked.
    pub(crate) unpacked: u64,
    /// What is worth knowing, one per kind.
    pub(crate) notes: Vec<NoteReport>,
}

/// Things of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NoteReport {
    /// The kind, as docs/wheels.md lists it.
    pub(crate) kind: &'static str,
    /// How many there are.
    pub(crate) count: usize,
    /// Their names, twenty at most.
    pub(crate) names: Vec<String>,
    /// Whether people are told without asking.
    #[serde(skip)]
    pub(crate) unusual: bool,
}

/// What `inspect` finds out about a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WheelFindings {
    /// What it holds; absent if anything is wrong with it.
    pub(crate) contents: Option<WheelReport>,
    /// Why it would be refused, whatever its provenance.
    pub(crate) defects: Vec<DefectReport>,
}

/// Something that is wrong with a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DefectReport {
    /// The code that a refusal would have.
    pub(crate) code: Code,
    /// The file inside the wheel, where it is about one.
    pub(crate) path: Option<String>,
    pub(crate) problem: String,
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
}

impl WheelFindings {
    /// Of a file that is named like a wheel; `None` of any other.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let wheel: WheelFilename = path.file_name()?.to_str()?.parse().ok()?;
        let (contents, defects) = match open_and_inspect(path, &wheel) {
            Ok(inspection) => (Some(WheelReport::new(&inspection)), Vec::new()),
            Err(defects) => (None, defects),
        };
        let defects = defects.into_iter().map(|defect| DefectReport {
            code: code(defect.kind),
            path: defect.path,
            problem: defect.problem,
            expected: defect.expected,
            found: defect.found,
        });
        Some(Self {
            contents,
            defects: defects.collect(),
        })
    }
}

/// Why policy refuses a wheel for what it holds, though nothing is wrong with it: one refusal for each kind.
pub(crate) fn denied(
    report: &WheelReport,
    staged: &StagedFile,
    package: &PackageName,
    policy: &Policy,
) -> Vec<Refusal> {
    let Some(written_at) = policy.startup_files_denied(package) else {
        return Vec::new();
    };
    let kinds = [NoteKind::PthFile, NoteKind::StartupModule].map(NoteKind::as_str);
    let notes = report.notes.iter().filter(|note| kinds.contains(&note.kind));
    let refusal = |note: &NoteReport| Refusal {
        code: Code::WheelStartupFile,
        rule: Code::WheelStartupFile.rule(),
        package: Some(package.to_string()),
        file: staged.filename().to_owned(),
        summary: "the wheel holds what Python runs at every start, and policy allows none".to_owned(),
        expected: Some(format!("no such file ({written_at})")),
        found: Some(note.line()),
        source: None,
        hint: Some(format!(
            "look at it, and allow it for this package alone:\n[packages.{package}]\nstartup-files = \"allow\""
        )),
    };
    notes.map(refusal).collect()
}

/// Inspects a staged file; `None` if it is no wheel, which pip would not be given.
///
/// # Errors
/// One refusal for each defect.
pub(crate) async fn check(staged: &StagedFile) -> Result<Option<WheelReport>, Vec<Refusal>> {
    let Ok(wheel) = staged.filename().parse::<WheelFilename>() else {
        return Ok(None);
    };
    match of_file(staged.path().to_owned(), wheel.clone()).await {
        Ok(inspection) => Ok(Some(WheelReport::new(&inspection))),
        Err(defects) => Err(defects.iter().map(|defect| refusal(defect, &wheel)).collect()),
    }
}

/// Inspects a file off the asynchronous threads.
///
/// # Errors
/// Everything that is wrong with it; that it cannot be opened is a defect as well.
async fn of_file(path: PathBuf, wheel: WheelFilename) -> Result<Inspection, Vec<Defect>> {
    let read = tokio::task::spawn_blocking(move || open_and_inspect(&path, &wheel)).await;
    read.unwrap_or_else(|_| Err(vec![unread("its reader failed")]))
}

/// The same where nothing else waits.
fn open_and_inspect(path: &Path, wheel: &WheelFilename) -> Result<Inspection, Vec<Defect>> {
    match File::open(path) {
        Ok(file) => inspect(file, wheel),
        Err(error) => Err(vec![unread(&format!("it cannot be opened: {error}"))]),
    }
}

fn unread(problem: &str) -> Defect {
    Defect {
        kind: DefectKind::ArchiveMalformed,
        path: None,
        problem: problem.to_owned(),
        expected: None,
        found: None,
    }
}

fn refusal(defect: &Defect, wheel: &WheelFilename) -> Refusal {
    let code = code(defect.kind);
    Refusal {
        code,
        rule: code.rule(),
        package: Some(wheel.name.to_string()),
        file: wheel.as_str().to_owned(),
        summary: match &defect.path {
            Some(path) => format!("the wheel is not what it seems: `{path}`: {}", defect.problem),
            None => format!("the wheel is not what it seems: {}", defect.problem),
        },
        expected: defect.expected.clone(),
        found: defect.found.clone(),
        source: None,
        hint: None,
    }
}

/// The refusal's code for each kind of defect.
const fn code(kind: DefectKind) -> Code {
    match kind {
        DefectKind::ArchiveMalformed => Code::WheelArchiveMalformed,
        DefectKind::ArchiveAmbiguous => Code::WheelArchiveAmbiguous,
        DefectKind::HeaderMismatch => Code::WheelHeaderMismatch,
        DefectKind::HiddenData => Code::WheelHiddenData,
        DefectKind::MethodUnsupported => Code::WheelMethodUnsupported,
        DefectKind::ContentDamaged => Code::WheelContentDamaged,
        DefectKind::OverBudget => Code::WheelOverBudget,
        DefectKind::NameUnsafe => Code::WheelNameUnsafe,
        DefectKind::NameCollision => Code::WheelNameCollision,
        DefectKind::SpecialFile => Code::WheelSpecialFile,
        DefectKind::DistInfo => Code::WheelDistInfo,
        DefectKind::MetadataMalformed => Code::WheelMetadataMalformed,
        DefectKind::IdentityMismatch => Code::WheelIdentityMismatch,
        DefectKind::TagsMismatch => Code::WheelTagsMismatch,
        DefectKind::FormatUnknown => Code::WheelFormatUnknown,
        DefectKind::RecordMalformed => Code::WheelRecordMalformed,
        DefectKind::FileUnlisted => Code::WheelFileUnlisted,
        DefectKind::FileMissing => Code::WheelFileMissing,
        DefectKind::DigestMissing => Code::WheelDigestMissing,
        DefectKind::RecordMismatch => Code::WheelRecordMismatch,
        DefectKind::DataScheme => Code::WheelDataScheme,
        DefectKind::EntryPoints => Code::WheelEntryPoints,
    }
}

impl WheelReport {
    pub(crate) fn new(inspection: &Inspection) -> Self {
        let notes = inspection.notes.counts().map(|(kind, count)| NoteReport {
            kind: kind.as_str(),
            count,
            names: inspection
                .notes
                .iter()
                .filter(|note| note.kind == kind)
                .map(|note| note.name.clone())
                .collect(),
            unusual: kind.is_unusual(),
        });
        Self {
            files: inspection.files,
            unpacked: inspection.unpacked,
            notes: notes.collect(),
        }
    }

    /// A line for each kind: those that people are told without asking (what runs without being imported, and what takes the
    /// names of others), or all.
    pub(crate) fn lines(&self, all: bool) -> impl Iterator<Item = String> {
        let shown = self.notes.iter().filter(move |note| all || note.unusual);
        shown.map(NoteReport::line)
    }
}

impl NoteReport {
    /// The kind, and as many names as fit on a line.
    pub(crate) fn line(&self) -> String {
        const SHOWN: usize = 5;
        let names: Vec<&str> = self.names.iter().take(SHOWN).map(String::as_str).collect();
        let more = self.count.saturating_sub(names.len());
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        format!("{}: {}{more}", self.kind, names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_defect_has_the_code_of_its_own_name() {
        for kind in DefectKind::ALL {
            assert_eq!(code(*kind).as_str(), kind.as_str());
            assert!(code(*kind).rule().starts_with('G'), "{kind}");
            assert!(!code(*kind).is_tolerable(), "{kind}");
        }
        let wheels = Code::ALL.iter().filter(|code| code.as_str().starts_with("wheel-"));
        // One more is policy's.
        assert_eq!(wheels.count(), DefectKind::ALL.len() + 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_refused() {
        let wheel = "acme-1.0-py3-none-any.whl".parse().unwrap();
        let defects = open_and_inspect(Path::new("/nowhere/acme.whl"), &wheel).unwrap_err();
        assert_eq!(defects[0].kind, DefectKind::ArchiveMalformed);
    }

    #[test]
    fn long_notes_are_cut() {
        let note = NoteReport {
            kind: "script",
            count: 7,
            names: ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).to_vec(),
            unusual: false,
        };
        assert_eq!(note.line(), "script: a, b, c, d, e, and 2 more");
    }
}
