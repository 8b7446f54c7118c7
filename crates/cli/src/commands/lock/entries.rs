//! The entries of a lock, from what was verified.

use std::collections::BTreeMap;
use std::path::Path;

use slsa_pip_distribution::{DistributionFilename, PackageName};
use slsa_pip_policy::Publisher;
use slsa_pip_pylock::{
    Dependency, Environment, File, Line, Lock, Package as Entry, Place, Recorded, Source, Specifiers,
};
use slsa_pip_pypi_client::{IndexClient, IndexFile};
use slsa_pip_verify::{Basis, Verified};
use url::Url;

use crate::args::LockArgs;
use crate::failure::{Failure, Result};
use crate::resolution::Package;
use crate::session::{Session, whole_index_client};

/// The name under which the standard wants tools to sign.
const CREATED_BY: &str = "slsa-pip";

/// The whole lock, sorted by name.
pub(super) async fn lock(session: &Session, files: &[(&Package, &Verified)], args: &LockArgs) -> Result<Lock> {
    let mut requires: BTreeMap<&PackageName, Vec<Dependency>> = BTreeMap::new();
    for (package, _) in files {
        for by in &package.required_by {
            requires.entry(by).or_default().push(Dependency {
                name: package.name.clone(),
                version: None,
            });
        }
    }
    let whole = if args.all_wheels || args.sdists {
        // What was resolved with knows nothing of other platforms.
        let Session { probe, trust, http, .. } = session;
        let index = &args.wanted.index;
        Some(whole_index_client(probe, index, &trust.policy, trust.offline, http)?)
    } else {
        None
    };
    let mut packages = Vec::with_capacity(files.len());
    for (package, verified) in files {
        let dependencies = requires.remove(&package.name).unwrap_or_default();
        packages.push(entry(whole.as_ref(), package, verified, dependencies, args).await?);
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    let python = &session.probe.python_version;
    let minor: Vec<String> = python.release().iter().take(2).map(ToString::to_string).collect();
    Ok(Lock {
        environments: vec![environment(session)?],
        requires_python: Some(specifiers(&format!(">={}", minor.join(".")))?),
        created_by: CREATED_BY.to_owned(),
        packages,
        ..Lock::default()
    })
}

/// What the resolution holds for: markers of dependencies were decided by these.
fn environment(session: &Session) -> Result<Environment> {
    let markers = &session.probe.markers;
    let parts = [
        ("python_version", markers.python_version().string.as_str()),
        ("sys_platform", markers.sys_platform()),
        ("platform_machine", markers.platform_machine()),
        ("implementation_name", markers.implementation_name()),
    ];
    let parts = parts.map(|(name, value)| format!("{name} == '{value}'"));
    Environment::parse(&parts.join(" and "))
        .map_err(|why| Failure::new("This interpreter's environment cannot be written as a marker").detail(why))
}

fn specifiers(text: &str) -> Result<Specifiers> {
    Specifiers::parse(text).map_err(|why| Failure::new(format!("`{text}` cannot be written to a lock")).detail(why))
}

async fn entry(
    whole: Option<&IndexClient>,
    package: &Package,
    verified: &Verified,
    dependencies: Vec<Dependency>,
    args: &LockArgs,
) -> Result<Entry> {
    let index = &package.file;
    let mut own = file(index, package.filename.as_str(), &args.output)?;
    // The bytes that were verified, whatever was announced.
    own.sha256 = Some(*verified.file().sha256());
    own.size = Some(verified.file().size());
    let source = match &package.filename {
        DistributionFilename::Wheel(wheel) if !package.direct => {
            let mut wheels = vec![(wheel.clone(), own)];
            let mut sdist = None;
            if let Some(whole) = whole {
                (wheels, sdist) = others(whole, package, wheels, args).await?;
            }
            Source::Files { wheels, sdist }
        }
        _ => Source::Archive(own),
    };
    let (publishers, recorded) = recorded(verified);
    let from_index = !package.direct && matches!(index.index_url.scheme(), "http" | "https");
    Ok(Entry {
        name: package.name.clone(),
        version: Some(package.version.clone()),
        marker: None,
        requires_python: match &index.requires_python {
            Some(wanted) if !wanted.is_empty() => Some(specifiers(&wanted.to_string())?),
            _ => None,
        },
        dependencies,
        index: from_index.then(|| plain(&index.index_url)).transpose()?,
        source,
        publishers,
        recorded: Some(recorded),
        line: Line::default(),
    })
}

/// The other wheels of the version, and its source distribution, as the index announces them. What it announces no sha256 of is
/// left out: a lock without hashes is none.
async fn others(
    index: &IndexClient,
    package: &Package,
    mut wheels: Vec<(slsa_pip_distribution::WheelFilename, File)>,
    args: &LockArgs,
) -> Result<(Vec<(slsa_pip_distribution::WheelFilename, File)>, Option<File>)> {
    let failed = || Failure::new(format!("The index cannot be asked for the files of `{}`", package.name));
    let project = index
        .project(&package.name)
        .await
        .map_err(|error| failed().caused_by(&error))?;
    let mut sdist = None;
    for other in &project.files {
        let same = *other.filename.version() == package.version && other.filename.as_str() != package.filename.as_str();
        if !same || other.sha256.is_none() || other.index_url != package.file.index_url {
            continue;
        }
        match &other.filename {
            DistributionFilename::Wheel(wheel) if args.all_wheels => {
                wheels.push((wheel.clone(), file(other, wheel.as_str(), &args.output)?));
            }
            DistributionFilename::Sdist(source) if args.sdists => {
                sdist = Some(file(other, source.as_str(), &args.output)?);
            }
            _ => {}
        }
    }
    wheels.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    Ok((wheels, sdist))
}

fn file(index: &IndexFile, name: &str, output: &Path) -> Result<File> {
    let place = if index.is_local() {
        Place::Path(below(&index.url, output)?)
    } else {
        Place::Url(plain(&index.url)?)
    };
    Ok(File {
        name: name.to_owned(),
        place,
        size: index.size,
        upload_time: index.upload_time.as_deref().and_then(|time| time.parse().ok()),
        sha256: index.sha256,
        other_hashes: BTreeMap::new(),
    })
}

/// The URL without login and fragment.
fn plain(url: &Url) -> Result<Url> {
    let mut plain = url.clone();
    plain.set_fragment(None);
    if plain.set_username("").is_err() || plain.set_password(None).is_err() {
        return Err(Failure::new("A file cannot be locked: its URL names no host"));
    }
    Ok(plain)
}

/// The path of a local file relative to the lock, which must lie above it.
fn below(url: &Url, output: &Path) -> Result<String> {
    let path = url.to_file_path().unwrap_or_default();
    let outside = || {
        Failure::new(format!("`{}` cannot be locked", path.display()))
            .hint("Put it below the folder of the lock file: paths in it must lead nowhere else")
    };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder
        .unwrap_or(Path::new("."))
        .canonicalize()
        .map_err(|error| outside().caused_by(&error))?;
    let real = path.canonicalize().map_err(|error| outside().caused_by(&error))?;
    let relative = real.strip_prefix(&folder).map_err(|_| outside())?;
    let parts: Option<Vec<&str>> = relative.iter().map(std::ffi::OsStr::to_str).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(outside)
}

/// Who published it, where that was proven, and what else a reviewer of the next change will want to compare.
fn recorded(verified: &Verified) -> (Vec<Publisher>, Recorded) {
    match verified.basis() {
        Basis::Attested(attested) => {
            let identity = attested.origin();
            let publisher = identity.publisher();
            let recorded = Recorded {
                verified: vec![verified.file().filename().to_owned()],
                evidence: Some(identity.kind),
                level: Some(identity.level),
                repository: identity.repository.map(|repository| repository.to_string()),
                repository_id: identity.repository_id,
                owner_id: identity.owner_id,
                workflow: identity.workflow,
                builder: identity.builder,
                reference: identity.reference,
                trigger: identity.trigger,
                runner_environment: identity.runner_environment,
                exempt: None,
                tolerated: None,
            };
            (publisher.into_iter().collect(), recorded)
        }
        Basis::Exempt(exempt) => {
            let recorded = Recorded {
                exempt: Some(plain_text(&exempt.reason)),
                ..Recorded::default()
            };
            (Vec::new(), recorded)
        }
        Basis::Tolerated(tolerated) => {
            let codes: Vec<&str> = tolerated.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
            let recorded = Recorded {
                tolerated: Some(codes.join(", ")),
                ..Recorded::default()
            };
            (Vec::new(), recorded)
        }
    }
}

/// One line without control characters, as a lock may hold it.
fn plain_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
