//! `slsa-pip verify`: local files against provenance files.

use std::collections::BTreeMap;
use std::path::Path;

use slsa_pip_distribution::{DistributionFilename, SourceRepository};
use slsa_pip_http::Client;
use slsa_pip_policy::{BuilderId, Expectation};
use slsa_pip_provenance::SourceKind;
use slsa_pip_verify::{Context, StagedFile, verify_file};

use crate::args::{Format, VerifyArgs};
use crate::collect;
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::harvest::{Harvest, file_report};
use crate::hashing::sha256_file;
use crate::printer::Printer;
use crate::report::{FileReport, Report, Verdict, human, json};
use crate::settings::Trust;

/// Runs the command.
pub(crate) async fn run(args: &VerifyArgs, printer: &Printer) -> Result<u8> {
    let trust = Trust::load(&args.trust)?;
    let flags = Flags::parse(args)?;
    let provenance = read_provenance(args)?;
    let http = collect::standalone_client(args.trust.offline)?;
    let mut files = Vec::new();
    for path in &args.files {
        files.push(judge(path, &trust, &flags, &provenance, &http).await?);
    }
    let mut report = Report::new("verify", trust.root_origin.to_string(), files);
    report.requests = http.request_count();
    if args.format == Format::Json {
        printer.document(&json::document(&report));
    } else {
        human::print(&report, &trust.policy_file.display().to_string(), printer);
    }
    Ok(if report.verdict == Verdict::Verified {
        EXIT_VERIFIED
    } else {
        EXIT_REFUSED
    })
}

/// The expectations that were typed.
struct Flags {
    repository: Option<SourceRepository>,
    tag: Option<String>,
    versioned_tag: Option<String>,
    inputs: BTreeMap<String, String>,
    branch: Option<String>,
    builder: Option<BuilderId>,
}

impl Flags {
    fn parse(args: &VerifyArgs) -> Result<Self> {
        let repository = args
            .source_uri
            .as_deref()
            .map(str::parse::<SourceRepository>)
            .transpose()
            .map_err(|error| {
                Failure::new("`--source-uri` takes a source repository")
                    .caused_by(&error)
                    .hint("`--source-uri github.com/OWNER/NAME`")
            })?;
        let builder = args
            .builder_id
            .as_deref()
            .map(str::parse::<BuilderId>)
            .transpose()
            .map_err(|error| {
                Failure::new("`--builder-id` takes a builder")
                    .caused_by(&error)
                    .hint("`--builder-id https://github.com/OWNER/NAME/.github/workflows/FILE.yml@vX.Y.Z`")
            })?;
        Ok(Self {
            repository,
            tag: args.source_tag.clone(),
            versioned_tag: args.source_versioned_tag.clone(),
            inputs: workflow_inputs(&args.build_workflow_input)?,
            branch: args.source_branch.clone(),
            builder,
        })
    }

    /// The policy's expectation for the file, where its name says which package it is, narrowed by the flags.
    fn expectation(&self, trust: &Trust, filename: &str) -> Expectation {
        let parsed = filename.parse::<DistributionFilename>().ok();
        let mut expectation = match &parsed {
            Some(file) => trust.policy.expectation(file.name(), file.version()),
            None => Expectation::default(),
        };
        if let Some(repository) = &self.repository {
            expectation.repositories = vec![repository.clone()];
            expectation.pinned_by = Some("--source-uri".to_owned());
        }
        expectation.source_tag.clone_from(&self.tag);
        expectation.versioned_tag.clone_from(&self.versioned_tag);
        expectation.source_branch.clone_from(&self.branch);
        expectation.workflow_inputs.clone_from(&self.inputs);
        if let Some(builder) = &self.builder {
            // Who names a builder trusts it, for these files.
            expectation.trusted_builders.add(builder.clone());
            expectation.builder = Some(builder.clone());
        }
        expectation
    }
}

/// `KEY=VALUE` words; a key that is named twice would leave open which value counts.
fn workflow_inputs(words: &[String]) -> Result<BTreeMap<String, String>> {
    let mut inputs = BTreeMap::new();
    for word in words {
        let pair = word.split_once('=').filter(|(key, _)| !key.is_empty());
        let fresh = pair.is_some_and(|(key, value)| inputs.insert(key.to_owned(), value.to_owned()).is_none());
        if !fresh {
            return Err(Failure::new(format!(
                "`--build-workflow-input` takes KEY=VALUE, each key once: `{word}`"
            ))
            .hint("`--build-workflow-input release=true`"));
        }
    }
    Ok(inputs)
}

/// Reads the named provenance files; what cannot be read in them is kept beside what can.
fn read_provenance(args: &VerifyArgs) -> Result<Harvest> {
    let mut harvest = Harvest::default();
    for path in &args.provenance {
        let bytes = read_bounded(path).map_err(|error| {
            Failure::new(format!("The provenance file `{}` cannot be read", path.display()))
                .caused_by(&error)
                .hint("Name an existing file: `--provenance PATH`")
        })?;
        harvest.read(SourceKind::File, &path.display().to_string(), &bytes);
    }
    Ok(harvest)
}

async fn judge(path: &Path, trust: &Trust, flags: &Flags, provenance: &Harvest, http: &Client) -> Result<FileReport> {
    let unreadable =
        |error: &std::io::Error| Failure::new(format!("The file `{}` cannot be read", path.display())).caused_by(error);
    let (sha256, size) = sha256_file(path).map_err(|error| unreadable(&error))?;
    let filename = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let staged = StagedFile::new(path.to_owned(), filename.clone(), sha256, size);
    let expectation = flags.expectation(trust, &filename);
    let parsed = filename.parse::<DistributionFilename>().ok();

    let mut harvest = provenance.clone();
    collect::attach_log_answers(&mut harvest, http, trust, &sha256).await;
    let context = Context {
        roots: &trust.roots,
        expectation: &expectation,
        now: trust.now,
        package: parsed.as_ref().map(DistributionFilename::name),
    };
    let outcome = verify_file(&staged, &harvest.evidence, &context);
    Ok(file_report(&filename, parsed.as_ref(), Some(sha256), outcome, harvest))
}
