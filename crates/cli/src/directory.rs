//! A folder of provenance files (`--provenance-dir`): read once, asked per file.
//!
//! Files named after the distribution (`<file>.provenance`, `<file>.publish.attestation`, `<file>.sigstore.json`, …) and
//! files that hold a statement about its digest (`multiple.intoto.jsonl`) are evidence for it. `<file>.rekor.json`, named after
//! the distribution or after the provenance, holds the log's stored answers for a classic envelope.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{Evidence, Found, Located, ParsedFile, Problem, SourceKind, parse_provenance};

use crate::failure::{Failure, Result};
use crate::log_answers::{REKOR_ENDING, sidecars_of};

/// Most files of one folder that are read; a folder with more is not a folder of provenance.
const MAX_FILES: usize = 20_000;
/// Most bytes of one folder that are read: all of it is kept while files are judged.
const MAX_FOLDER_SIZE: usize = 512 * 1024 * 1024;
/// Largest file that is read, in bytes; the parser's own limit is lower and gives the better message.
const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;
/// Endings of files that may hold provenance.
pub(crate) const ENDINGS: [&str; 8] = [
    ".provenance",
    ".attestation",
    ".jsonl",
    ".intoto",
    ".sigstore",
    ".sigstore.json",
    ".intoto.json",
    ".slsa",
];
/// A folder of provenance, read.
#[derive(Debug)]
pub(crate) struct ProvenanceDir {
    path: PathBuf,
    files: Vec<ProvenanceFile>,
}

#[derive(Debug)]
struct ProvenanceFile {
    name: String,
    parsed: ParsedFile,
}

/// What a folder holds for one distribution.
#[derive(Debug, Default)]
pub(crate) struct DirectoryAnswer {
    /// Attestations about the file, or named after it.
    pub(crate) evidence: Vec<Evidence>,
    /// Files named after it that could not be read, whole or in part.
    pub(crate) problems: Vec<(Found, Problem)>,
    /// Where the log's answers may be stored, by the location of the evidence.
    pub(crate) sidecars: Vec<(String, Vec<PathBuf>)>,
}

impl ProvenanceDir {
    /// Reads the folder, without its subfolders.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let unreadable = |error: &std::io::Error| {
            Failure::new(format!("The provenance folder `{}` cannot be read", path.display()))
                .caused_by(error)
                .hint("Name an existing folder: `--provenance-dir DIR`")
        };
        let mut files = Vec::new();
        let mut total = 0;
        for entry in std::fs::read_dir(path).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if !ENDINGS.iter().any(|ending| name.ends_with(ending)) || !entry.path().is_file() {
                continue;
            }
            if files.len() == MAX_FILES {
                return Err(Failure::new(format!(
                    "The folder `{}` holds more than {MAX_FILES} files",
                    path.display()
                ))
                .hint("Name a folder that holds provenance only"));
            }
            let bytes = read_bounded(&entry.path()).map_err(|error| unreadable(&error))?;
            total += bytes.len();
            if total > MAX_FOLDER_SIZE {
                let folder = path.display();
                return Err(Failure::new(format!(
                    "The folder `{folder}` holds more than {MAX_FOLDER_SIZE} bytes of provenance"
                ))
                .hint("Name a folder that holds the provenance of what is to be installed only"));
            }
            files.push(ProvenanceFile {
                name,
                parsed: parse_provenance(&bytes),
            });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            path: path.to_owned(),
            files,
        })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the folder holds for the distribution `filename` with this digest.
    pub(crate) fn evidence_for(&self, filename: &str, digest: &Sha256Digest) -> DirectoryAnswer {
        let mut answer = DirectoryAnswer::default();
        for file in &self.files {
            let named_after = file
                .name
                .strip_prefix(filename)
                .is_some_and(|rest| rest.starts_with('.'));
            let path = self.path.join(&file.name);
            let location = path.display().to_string();
            let found = |line| Found {
                kind: SourceKind::Directory,
                location: location.clone(),
                line,
            };
            let before = answer.evidence.len();
            for Located { line, item } in &file.parsed.attestations {
                if named_after || item.sha256_subjects_hint().contains(digest) {
                    answer.evidence.push(Evidence {
                        attestation: item.clone(),
                        found: found(*line),
                        log_answers: Vec::new(),
                    });
                }
            }
            if answer.evidence.len() > before {
                let own = self.path.join(format!("{filename}{REKOR_ENDING}"));
                let paths = sidecars_of(&path).into_iter().chain([own]);
                answer.sidecars.push((location.clone(), paths.collect()));
            }
            if named_after {
                let problems = file.parsed.problems.iter();
                answer
                    .problems
                    .extend(problems.map(|problem| (found(problem.line), problem.item.clone())));
            }
        }
        answer
    }
}

/// Reads a file of at most [`MAX_FILE_SIZE`]; a larger one is an error.
pub(crate) fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)?
        .take(MAX_FILE_SIZE + 1)
        .read_to_end(&mut bytes)?;
    if read as u64 > MAX_FILE_SIZE {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            format!("`{}` is larger than {MAX_FILE_SIZE} bytes", path.display()),
        ));
    }
    Ok(bytes)
}
