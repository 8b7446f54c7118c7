//! pip's installation report (`--report`), version 1: made here, of verified files, with the verdicts added under `slsa_pip`.

mod metadata;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use slsa_pip_distribution::metadata::MAX_METADATA_LEN;
use slsa_pip_pip::Probe;
use slsa_pip_verify::Verified;
use zip::ZipArchive;

use crate::failure::{Failure, Result};
use crate::printer::Printer;
use crate::report::{FileReport, Report, SatisfiedReport};
use crate::resolution::Package;

/// The report on standard output.
const STDOUT: &str = "-";

/// The whole document.
#[derive(Serialize)]
pub(crate) struct Installation<'a> {
    /// Of the format.
    version: &'static str,
    pip_version: &'a str,
    install: Vec<Item<'a>>,
    /// The values of markers.
    environment: Value,
    /// What pip does not say.
    slsa_pip: Added<'a>,
}

#[derive(Serialize)]
struct Item<'a> {
    download_info: DownloadInfo,
    is_direct: bool,
    is_yanked: bool,
    requested: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requested_extras: Vec<String>,
    metadata: Map<String, Value>,
    /// The verdict, as in the report of `--format json`.
    slsa_pip: &'a FileReport,
}

/// PEP 610.
#[derive(Serialize)]
struct DownloadInfo {
    /// Without credentials.
    url: String,
    archive_info: ArchiveInfo,
}

#[derive(Serialize)]
struct ArchiveInfo {
    hash: String,
    hashes: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Added<'a> {
    schema: &'static str,
    verdict: crate::report::Verdict,
    trusted_root: Option<&'a str>,
    /// What was installed before, and left alone.
    satisfied: &'a [SatisfiedReport],
}

impl<'a> Installation<'a> {
    /// The report on files that were all verified. `packages` is what they were chosen for.
    pub(crate) fn new(
        probe: &'a Probe,
        report: &'a Report,
        packages: &[Package],
        verified: &[Verified],
    ) -> Result<Self> {
        let mut install = Vec::new();
        for proof in verified {
            let file = proof.file();
            let package = packages.iter().find(|it| it.filename.as_str() == file.filename());
            let shown = report.files.iter().find(|it| it.name == file.filename());
            let (Some(package), Some(shown)) = (package, shown) else {
                return Err(Failure::new(format!("`{}` is missing in the report", file.filename())));
            };
            let sha256 = file.sha256().to_hex();
            install.push(Item {
                download_info: DownloadInfo {
                    url: package.file.url.to_string(),
                    archive_info: ArchiveInfo {
                        hash: format!("sha256={sha256}"),
                        hashes: BTreeMap::from([("sha256", sha256)]),
                    },
                },
                is_direct: package.direct,
                is_yanked: package.file.yanked.is_some(),
                requested: package.requested,
                requested_extras: if package.requested {
                    package.extras.iter().map(ToString::to_string).collect()
                } else {
                    Vec::new()
                },
                metadata: metadata::fields(&read_metadata(file.path(), file.filename())?),
                slsa_pip: shown,
            });
        }
        Ok(Self {
            version: "1",
            pip_version: &probe.pip_version,
            install,
            environment: serde_json::to_value(&probe.markers)
                .map_err(|error| Failure::new("The environment cannot be shown").caused_by(&error))?,
            slsa_pip: Added {
                schema: report.schema,
                verdict: report.verdict,
                trusted_root: report.trusted_root.as_deref(),
                satisfied: &report.satisfied,
            },
        })
    }

    /// Writes it to a file, which is replaced, or to standard output (`-`).
    pub(crate) fn write(&self, to: &Path, printer: &Printer) -> Result<()> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Failure::new(format!(
                "The installation report cannot be written to `{}`",
                to.display()
            ))
            .caused_by(error)
            .hint("Name a file that can be written to: `--report FILE`, or `--report -`")
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        if to == Path::new(STDOUT) {
            printer.document(&text);
            return Ok(());
        }
        std::fs::write(to, text).map_err(|error| failed(&error))
    }
}

/// Whether a report is to go to standard output.
pub(crate) fn is_stdout(to: &Path) -> bool {
    to == Path::new(STDOUT)
}

/// The METADATA inside a wheel.
fn read_metadata(wheel: &Path, name: &str) -> Result<String> {
    let unreadable =
        |why: &dyn std::fmt::Display| Failure::new(format!("The METADATA of `{name}` cannot be read again: {why}"));
    let archive = File::open(wheel).map_err(|error| unreadable(&error))?;
    let mut archive = ZipArchive::new(BufReader::new(archive)).map_err(|error| unreadable(&error))?;
    for position in 0..archive.len() {
        let entry = archive.by_index(position).map_err(|error| unreadable(&error))?;
        let path = entry.name().map_err(|error| unreadable(&error))?;
        let is_metadata = path
            .split_once('/')
            .is_some_and(|(folder, file)| folder.ends_with(".dist-info") && file == "METADATA");
        if is_metadata {
            let mut bytes = Vec::new();
            let limit = u64::try_from(MAX_METADATA_LEN).unwrap_or(u64::MAX);
            entry
                .take(limit)
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable(&error))?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Err(unreadable(&"there is none"))
}
