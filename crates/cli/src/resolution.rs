//! From what the user asked for to one file per project.

use std::collections::BTreeMap;
use std::sync::Arc;

use slsa_pip_distribution::{PackageName, Requirement, Sha256Digest};
use slsa_pip_pip::{Probe, UpgradeStrategy};
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile};
use slsa_pip_resolver::{Installed, Request, Resolution, ResolveError, SourceError, Upgrade};
use slsa_pip_verify::Refusal;

use crate::failure::{Failure, Result};
use crate::judge::digest_refusal;
use crate::resolve_policy::Chooser;
use crate::source::IndexSource;

/// A project with its chosen file.
pub(crate) type Package = slsa_pip_resolver::Resolved<Arc<IndexFile>>;

/// A file as if it had been chosen, for nobody.
pub(crate) fn unchosen(file: Arc<IndexFile>) -> Package {
    Package {
        name: file.filename.name().clone(),
        version: file.filename.version().clone(),
        filename: file.filename.clone(),
        file,
        direct: false,
        requested: false,
        extras: Vec::new(),
        required_by: Vec::new(),
        requirement_texts: Vec::new(),
        why: Vec::new(),
        requires: Vec::new(),
    }
}

/// What became of the requirements.
pub(crate) enum Resolved {
    /// One file per project; none of them is verified.
    Files(Resolution<Arc<IndexFile>>),
    /// The index served other bytes than it announces, so nothing it says is used.
    Refused(Box<Refusal>),
    /// No choice of releases satisfies policy.
    NoneSatisfies(NoneSatisfies),
}

/// Why no choice of releases satisfies policy.
pub(crate) struct NoneSatisfies {
    /// In plain words, several lines.
    pub(crate) explanation: String,
    /// The projects of which a release that policy does not take stands in the way, sorted.
    pub(crate) projects: Vec<PackageName>,
}

impl NoneSatisfies {
    /// The same as an error, where nothing is known of single files.
    pub(crate) fn failure(self) -> Failure {
        Failure::new("No set of versions satisfies all requirements").detail(self.explanation)
    }
}

/// Chooses the newest files that fit, whatever policy says of them; `offline` is for the hints.
pub(crate) async fn resolve(index: &IndexClient, offline: bool, request: &Request) -> Result<Resolved> {
    choose(index, None, offline, request).await
}

/// Chooses the newest files that fit and that the chooser, where there is one, lets pass; `offline` is for the hints.
pub(crate) async fn choose(
    index: &IndexClient,
    chooser: Option<&Chooser<'_>>,
    offline: bool,
    request: &Request,
) -> Result<Resolved> {
    let source = IndexSource { index, chooser };
    let mut request = request.clone();
    request.ask_rulings = chooser.is_some();
    match slsa_pip_resolver::resolve(&source, &request).await {
        Ok(resolution) if resolution.packages.is_empty() && resolution.satisfied.is_empty() => Err(Failure::new(
            "There is nothing to install: no requirement applies to this interpreter",
        )
        .hint("Check the environment markers of the requirements")),
        Ok(resolution) => Ok(Resolved::Files(resolution)),
        Err(ResolveError::Unsatisfiable { explanation, ruled_out }) if !ruled_out.is_empty() => {
            Ok(Resolved::NoneSatisfies(NoneSatisfies {
                explanation,
                projects: ruled_out,
            }))
        }
        Err(error) => {
            let refusal = index_error(&error).and_then(|(name, index)| digest_refusal(Some(name.as_str()), index));
            if let Some(refusal) = refusal {
                return Ok(Resolved::Refused(Box::new(refusal)));
            }
            let mut failure = failure(&error, offline);
            // What has no files because of that looks as if it had none.
            for remark in index.quarantined() {
                let detail = failure.detail.get_or_insert_default();
                detail.push_str(if detail.is_empty() { "" } else { "\n\n" });
                detail.push_str(&capitalised(&remark));
            }
            Err(failure)
        }
    }
}

/// The index's own error behind a failed resolution.
fn index_error(error: &ResolveError) -> Option<(&PackageName, &IndexError)> {
    match error {
        ResolveError::Source {
            name,
            source: SourceError::Failed(cause),
            ..
        } => cause.downcast_ref::<IndexError>().map(|index| (name, index)),
        _ => None,
    }
}

/// The requirements of the command line, and of the files that pip has parsed.
pub(crate) fn request(probe: &Probe) -> Result<Request> {
    let mut requirements = Vec::new();
    let mut constraints = Vec::new();
    let mut hashes: BTreeMap<PackageName, Vec<Sha256Digest>> = BTreeMap::new();
    for parsed in &probe.requirements {
        if parsed.editable {
            return Err(Failure::new(format!(
                "Editable requirements cannot be verified: `{}` ({})",
                parsed.requirement, parsed.origin
            ))
            .hint("install it apart, after everything else: python -m pip install --no-deps -e PATH"));
        }
        let requirement = parse(&parsed.requirement, &parsed.origin)?;
        let mut of_line = Vec::new();
        for hash in &parsed.hashes {
            of_line.push(parse_hash(hash, &parsed.origin)?);
        }
        if requirement.applies(&probe.markers, None) {
            allow(&mut hashes, requirement.name(), of_line, &parsed.origin)?;
        }
        if parsed.constraint {
            constraints.push(requirement);
        } else {
            requirements.push(requirement);
        }
    }
    let mut request = Request::new(probe.markers.clone(), probe.tags.clone(), probe.python_version.clone());
    request.requirements = requirements;
    request.constraints = constraints;
    request.require_hashes = probe.require_hashes || !hashes.is_empty();
    request.hashes = hashes;
    request.releases.all_releases = probe.all_releases.iter().collect();
    request.releases.all_releases.all |= probe.pre;
    request.releases.only_final = probe.only_final.iter().collect();
    request.uploaded_prior_to = probe.uploaded_prior_to;
    request.formats.no_binary = probe.no_binary.iter().collect();
    request.formats.only_binary = probe.only_binary.iter().collect();
    request.prefer_binary = probe.prefer_binary;
    request.ignore_requires_python = probe.ignore_requires_python;
    request.no_deps = probe.no_deps;
    request.installed = installed(probe);
    let install = &probe.install;
    request.upgrade = match (install.upgrade, install.upgrade_strategy) {
        (false, _) => Upgrade::No,
        (true, UpgradeStrategy::OnlyIfNeeded) => Upgrade::OnlyIfNeeded,
        (true, UpgradeStrategy::Eager) => Upgrade::Eager,
    };
    request.force_reinstall = install.force_reinstall;
    // As pip: what lies in another place says nothing about that one.
    request.ignore_installed = install.ignore_installed || install.target.is_some();
    Ok(request)
}

/// What pip finds installed; the first of a name counts. What has no valid name or version satisfies nothing.
fn installed(probe: &Probe) -> BTreeMap<PackageName, Installed> {
    let mut installed = BTreeMap::new();
    // What a killed pip has left half installed satisfies nothing: it is fetched again, and found to lie there.
    for distribution in probe.installed.iter().filter(|it| !it.unfinished) {
        if let (Ok(name), Ok(version)) = (distribution.name.parse(), distribution.version.parse()) {
            installed.entry(name).or_insert_with(|| Installed {
                version,
                requires_dist: distribution.requires_dist.clone(),
                provides_extra: distribution.provides_extra.clone(),
                editable: distribution.editable,
            });
        }
    }
    installed
}

/// Adds the hashes of one line, which are alternatives; several lines must all allow a file, as for pip. That none is left must
/// not come to mean that any file will do.
fn allow(
    hashes: &mut BTreeMap<PackageName, Vec<Sha256Digest>>,
    name: &PackageName,
    of_line: Vec<Sha256Digest>,
    origin: &str,
) -> Result<()> {
    if of_line.is_empty() {
        return Ok(());
    }
    let allowed = match hashes.get(name) {
        Some(before) => before.iter().copied().filter(|hash| of_line.contains(hash)).collect(),
        None => of_line,
    };
    if allowed.is_empty() {
        return Err(Failure::new(format!(
            "The hashes of `{name}` in {origin} and in an earlier line have none in common"
        ))
        .hint("No file can have both: correct the older of the two lines"));
    }
    hashes.insert(name.clone(), allowed);
    Ok(())
}

fn parse(text: &str, origin: &str) -> Result<Requirement> {
    text.parse::<Requirement>().map_err(|error| {
        Failure::new(format!("Invalid requirement in {origin}"))
            .caused_by(&error)
            .hint("Write a project's name and, if needed, its versions: `urllib3`, `\"urllib3>=2,<3\"`")
    })
}

fn parse_hash(text: &str, origin: &str) -> Result<Sha256Digest> {
    let hex = text.strip_prefix("sha256:").ok_or_else(|| {
        Failure::new(format!("The hash `{text}` in {origin} is not a sha256 hash"))
            .hint("Other algorithms are not accepted: write `--hash=sha256:…`, as `pip hash FILE` prints it")
    })?;
    hex.parse()
        .map_err(|error| Failure::new(format!("Invalid hash in {origin}")).caused_by(&error))
}

fn failure(error: &ResolveError, offline: bool) -> Failure {
    let text = error.to_string();
    let (message, detail) = match text.split_once("\n\n") {
        Some((message, detail)) => (message.to_owned(), Some(detail.to_owned())),
        None => (text, None),
    };
    let mut failure = Failure::new(capitalised(&message));
    failure.detail = detail;
    let hint = match error {
        ResolveError::NotFound { .. } if offline => {
            Some("offline no index is asked: name a folder that `slsa-pip download` has written: `--find-links DIR`")
        }
        ResolveError::NotFound { .. } => Some("check the spelling, and the index: `--index-url URL`"),
        ResolveError::OnlySdists { .. } => {
            Some("slsa-pip installs wheels only: require a version that has wheels, or ask the project to publish them")
        }
        ResolveError::DirectUrl { .. } => {
            Some("name a wheel: `name @ https://HOST/FILE.whl#sha256=HEX`, or `./FILE.whl`")
        }
        ResolveError::WheelsExcluded { .. } => {
            Some("leave `--no-binary` out for it, or let its wheels pass: `--only-binary NAME`")
        }
        ResolveError::UploadTimeMissing { .. } => {
            Some("use an index that tells times of upload (PEP 700), or leave `--uploaded-prior-to` out")
        }
        ResolveError::HashMissing { .. } | ResolveError::NotPinned { .. } => {
            Some("let it be written with all pins and hashes: slsa-pip resolve REQUIREMENT… -o requirements.txt")
        }
        ResolveError::ConstraintExtras { .. } => {
            Some("write the extras into a requirement, and the versions into the constraint")
        }
        _ => index_error(error).and_then(|(_, index)| index.hint()),
    };
    failure.maybe_hint(hint)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
