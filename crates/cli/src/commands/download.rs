//! `slsa-pip download`: verified files in a folder, their provenance beside them.
//!
//! Layout: `<file>`, and as `<file>.attestation`, `<file>.sigstore.json` or `<file>.intoto.jsonl` the attestation that was
//! accepted, in the format it was found in; `<file>.rekor.json` holds the log's answers for a classic envelope, and
//! `trusted_root.json` the trusted root that was verified with. The folder serves `install --offline --find-links` as it is
//! (docs/offline.md). Files are written under temporary names and renamed when complete.

use std::path::Path;

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{Attestation, Evidence};
use slsa_pip_trust_root::Loaded;
use slsa_pip_verify::{Basis, Instance, StagedFile, Verified};

use crate::args::{DownloadArgs, Format, Words};
use crate::commands::install::gate;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::continuity::Records;
use crate::failure::{Failure, Result};
use crate::hashing::sha256_file;
use crate::interrupt;
use crate::log_answers::{self, REKOR_ENDING};
use crate::pipeline;
use crate::printer::Printer;
use crate::report::exports::Exports;
use crate::report::{human, json};
use crate::resolution;
use crate::session::Session;
use crate::whole_file;

/// The main trusted root.
const ROOT: &str = "trusted_root.json";
/// GitHub's own, for attestations of private repositories.
const GITHUB_ROOT: &str = "trusted_root.github.json";

/// Runs the command.
pub(crate) async fn run(args: &DownloadArgs, printer: &Printer) -> Result<u8> {
    match interrupt::guard(download(args, printer)).await {
        Ok(code) => code,
        Err(code) => Ok(code),
    }
}

async fn download(args: &DownloadArgs, printer: &Printer) -> Result<u8> {
    let exports = Exports::new(&args.exports)?;
    // What is installed plays no part.
    let mut words = Words::default();
    words.flag("--ignore-installed", true);
    let session = Session::open("download", &args.wanted, words, &args.evidence, printer).await?;
    let request = resolution::request(&session.probe)?;
    let outcome = pipeline::run(&session, &request, printer).await?;
    let accepted: Vec<Option<Evidence>> = outcome.judged.iter().map(|file| file.accepted.clone()).collect();
    let root = outcome.root.clone();
    let records = Records::of(&session, &outcome.judged);
    let (mut report, verified) = gate("download", &session, outcome);
    if args.format == Format::Human {
        human::print(&report, &session.trust.policy_file.display().to_string(), printer);
    }
    exports.write_files(&report, &session.trust.export_run(args.wanted.first_file()))?;
    let code = match verified {
        None => {
            printer.progress("Nothing was kept.");
            EXIT_REFUSED
        }
        Some(verified) => {
            records.check(&session.continuity)?;
            keep_folder(&args.dest)?;
            for (proof, evidence) in verified.iter().zip(&accepted) {
                keep(&args.dest, proof.file(), evidence.as_ref())?;
            }
            let roots = match &root {
                Some(root) => keep_roots(&args.dest, root, &verified)?,
                None => Vec::new(),
            };
            printer.progress(&format!(
                "Wrote {} file(s) and their provenance to {}",
                verified.len(),
                args.dest.display()
            ));
            for (name, sha256) in roots {
                printer.progress(&format!("Wrote {name}, sha256:{sha256}"));
            }
            records.write(&session.continuity, printer)?;
            EXIT_VERIFIED
        }
    };
    exports.append_summary(&report)?;
    if args.format == Format::Json {
        report.timings = Some(session.timings.shown());
        printer.document(&json::document(&report));
    }
    Ok(code)
}

fn keep_folder(dest: &Path) -> Result<()> {
    std::fs::create_dir_all(dest).map_err(|error| {
        Failure::new(format!("The folder `{}` cannot be made", dest.display()))
            .caused_by(&error)
            .hint("Name a folder that can be written to: `--dest DIR`")
    })
}

/// Writes a verified file, and what it was verified by.
fn keep(dest: &Path, file: &StagedFile, evidence: Option<&Evidence>) -> Result<()> {
    let failed = |error: &std::io::Error| {
        Failure::new(format!(
            "`{}` cannot be written to `{}`",
            file.filename(),
            dest.display()
        ))
        .caused_by(error)
    };
    let beside = |ending: &str| dest.join(format!("{}{ending}", file.filename()));
    // The evidence first: a folder with a file and no proof beside it would look complete after a crash.
    if let Some(evidence) = evidence {
        let (ending, document) = provenance_document(evidence);
        whole_file::write_over(&beside(ending), document.as_bytes()).map_err(|error| failed(&error))?;
        if !evidence.log_answers.is_empty() {
            let answers = log_answers::document(&evidence.log_answers);
            whole_file::write_over(&beside(REKOR_ENDING), answers.as_bytes()).map_err(|error| failed(&error))?;
        }
    }
    let bytes = std::fs::File::open(file.path());
    let mut partial = whole_file::begin(dest).map_err(|error| failed(&error))?;
    bytes
        .and_then(|mut bytes| std::io::copy(&mut bytes, &mut partial))
        .map_err(|error| failed(&error))?;
    let (digest, _) = sha256_file(partial.path()).map_err(|error| failed(&error))?;
    if digest != *file.sha256() {
        return Err(Failure::new(format!(
            "`{}` was changed on this machine while it was being kept",
            file.filename()
        )));
    }
    whole_file::finish(partial, &dest.join(file.filename())).map_err(|error| failed(&error))
}

/// Writes the trusted roots that the files were verified with: the main one, and GitHub's if a file needed it. Returns their names
/// and digests, for whoever compares them elsewhere: nothing in the folder vouches for them.
fn keep_roots(dest: &Path, root: &Loaded, verified: &[Verified]) -> Result<Vec<(&'static str, Sha256Digest)>> {
    let needs_github = verified.iter().any(|proof| match proof.basis() {
        Basis::Attested(attested) => attested.instance == Instance::Github,
        Basis::Exempt(_) | Basis::Tolerated(_) => false,
    });
    let mut kept = Vec::new();
    for part in &root.parts {
        let name = match part.name {
            "github" if needs_github => GITHUB_ROOT,
            "github" => continue,
            _ => ROOT,
        };
        let bytes = part.json().as_bytes();
        whole_file::write_over(&dest.join(name), bytes).map_err(|error| {
            Failure::new(format!("`{name}` cannot be written to `{}`", dest.display())).caused_by(&error)
        })?;
        kept.push((name, slsa_pip_http::sha256(bytes)));
    }
    Ok(kept)
}

/// The accepted attestation in the format it was found in, and the ending of its file.
fn provenance_document(evidence: &Evidence) -> (&'static str, String) {
    match evidence.attestation.as_ref() {
        Attestation::Classic(envelope) => (".intoto.jsonl", format!("{}\n", envelope.text.trim_end())),
        Attestation::Bundle(bundle) => (".sigstore.json", format!("{}\n", bundle.json)),
        // The publisher object beside it is unsigned and was not needed: the attestation object stands alone.
        Attestation::Pep740(attestation) => (".attestation", format!("{}\n", attestation.json)),
    }
}
