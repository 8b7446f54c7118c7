//! `slsa-pip inspect`: what a provenance file says, or the provenance beside a file; unverified.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::{DistributionFilename, Sha256Digest};
use slsa_pip_provenance::{ParsedFile, parse_provenance};

use crate::args::{Format, InspectArgs};
use crate::artifact::{Artifact, read_document};
use crate::directory::ENDINGS;
use crate::failure::{Failure, Result};
use crate::log_answers::{REKOR_ENDING, sidecars_of};
use crate::printer::Printer;
use crate::report::inspection::{Artifact as Described, Inspection, Source, human};
use crate::report::json;
use crate::wheel_inspection::WheelFindings;

/// At least one attestation could be read.
const EXIT_READ: u8 = 0;
/// There is nothing that could be read.
const EXIT_NOTHING: u8 = 1;

/// Names that tools write and that a folder of provenance knows by their last part only: the generator's, and those that
/// pypi-attestations leaves beside a distribution.
const FURTHER_ENDINGS: [&str; 3] = [".intoto.jsonl", ".publish.attestation", ".slsa.attestation"];
/// The generator's name for the provenance of several files, which lies beside all of them.
const MULTIPLE: &str = "multiple.intoto.jsonl";

/// Runs the command.
pub(crate) fn run(args: &InspectArgs, printer: &Printer) -> Result<u8> {
    let inspection = inspect(&args.file)?;
    if args.format == Format::Json {
        printer.document(&json::document(&inspection));
    } else {
        human::print(&inspection, printer);
    }
    Ok(if inspection.attestations.is_empty() {
        EXIT_NOTHING
    } else {
        EXIT_READ
    })
}

/// A file that holds an attestation is provenance, whatever its name; so is one that looks like it and has none beside it.
fn inspect(path: &Path) -> Result<Inspection> {
    let location = path.display().to_string();
    let unreadable = |error: &std::io::Error| {
        Failure::new(format!("The file `{location}` cannot be read"))
            .caused_by(error)
            .hint("Name an existing file: `slsa-pip inspect FILE`")
    };
    let parsed = match read_document(path) {
        Ok(bytes) => {
            let looks_like_provenance = looks_like_provenance(path, &bytes);
            Some((parse_provenance(&bytes), looks_like_provenance))
        }
        // Provenance is smaller than that; what is larger can only be what it is about.
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => None,
        Err(error) => return Err(unreadable(&error)),
    };
    let own = |parsed: ParsedFile| {
        let source = Source {
            file: location.clone(),
            parsed,
            log_answers: log_answers(path, None),
        };
        Inspection::of_provenance(location.clone(), source)
    };
    let parsed = match parsed {
        Some((parsed, _)) if !parsed.attestations.is_empty() => return Ok(own(parsed)),
        parsed => parsed,
    };
    let names = names_beside(path);
    let beside: Vec<&PathBuf> = names.iter().filter(|name| name.is_file()).collect();
    match parsed {
        Some((parsed, true)) if beside.is_empty() => Ok(own(parsed)),
        _ => {
            let artifact = Artifact::of_file(path)?;
            let sources = beside
                .into_iter()
                .map(|name| read(name, path))
                .collect::<Result<Vec<_>>>()?;
            let described = Described {
                sha256: *artifact.staged.sha256(),
                sources: sources.iter().map(|source| source.file.clone()).collect(),
                looked_for: names.iter().map(|name| name.display().to_string()).collect(),
                wheel: WheelFindings::of(path),
            };
            Ok(Inspection::of_artifact(
                location,
                described,
                about(sources, artifact.staged.sha256()),
            ))
        }
    }
}

/// Of the document for all files of a folder, what is about others is left out; what is named after the file is shown whole.
fn about(mut sources: Vec<Source>, sha256: &Sha256Digest) -> Vec<Source> {
    for source in &mut sources {
        if Path::new(&source.file).file_name() == Some(OsStr::new(MULTIPLE)) {
            source
                .parsed
                .attestations
                .retain(|located| located.item.sha256_subjects_hint().contains(sha256));
        }
    }
    sources
}

fn read(path: &Path, artifact: &Path) -> Result<Source> {
    let file = path.display().to_string();
    match read_document(path) {
        Ok(bytes) => Ok(Source {
            parsed: parse_provenance(&bytes),
            log_answers: log_answers(path, Some(artifact)),
            file,
        }),
        Err(error) => Err(Failure::new(format!("The provenance file `{file}` cannot be read")).caused_by(&error)),
    }
}

/// The files of stored log answers that `verify` would read for a provenance file.
fn log_answers(provenance: &Path, artifact: Option<&Path>) -> Vec<String> {
    let own = artifact.map(|artifact| with_ending(artifact, REKOR_ENDING));
    let mut names = sidecars_of(provenance);
    names.extend(own.filter(|own| !names.contains(own)));
    let there = names.iter().filter(|name| name.is_file());
    there.map(|name| name.display().to_string()).collect()
}

/// Whether a file without any attestation was meant to be provenance: by its name, or by its first character.
fn looks_like_provenance(path: &Path, bytes: &[u8]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if name.parse::<DistributionFilename>().is_ok() {
        return false;
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || matches!(first, None | Some(b'{' | b'['))
}

/// The names under which provenance of a file is written.
fn names_beside(path: &Path) -> Vec<PathBuf> {
    let endings = FURTHER_ENDINGS.iter().chain(&ENDINGS);
    let named_after = endings.map(|ending| with_ending(path, ending));
    named_after.chain([path.with_file_name(MULTIPLE)]).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
