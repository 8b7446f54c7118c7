//! Lock files as input: `install -r pylock.toml`, and what a lock that is written anew had pinned before.
//!
//! A lock takes the place of resolution: no index is asked what there is. It adds to what is demanded of each file (its hash, its
//! size, and the publishers that it records) and takes nothing away: the verdict is the usual one, with the policy as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, SourceRepository};
use slsa_pip_pip::Probe;
use slsa_pip_policy::{Expectation, LockedPublishers, Policy};
use slsa_pip_pylock::{Chosen, Lock, MAX_LOCK_LEN, Place, Target, is_lock_name};
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile};
use slsa_pip_resolver::{FormatControl, Request, Resolution, Satisfied};
use slsa_pip_verify::Refusal;
use url::Url;

use crate::allowed;
use crate::args::RequirementArgs;
use crate::failure::{Failure, Result};
use crate::judge::Judged;
use crate::resolution::Package;

/// A lock file that was read.
#[derive(Debug)]
pub(crate) struct LockFile {
    /// How messages name it.
    pub(crate) label: String,
    /// The folder that its paths are relative to.
    folder: PathBuf,
    /// What it says.
    pub(crate) lock: Lock,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
}

/// What lock files demand of the files of a run; nothing, by default.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    /// What is installed instead of what an index offers.
    chosen: Option<Vec<Package>>,
    /// The publishers that are recorded, by project.
    publishers: BTreeMap<PackageName, LockedPublishers>,
    /// What policy refuses of the places that the lock names.
    refused: Vec<Refusal>,
    /// The only digests that files of these names may have.
    digests: BTreeMap<String, Sha256Digest>,
}

impl LockFile {
    /// Reads one, with all its mistakes told.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let label = path.display().to_string();
        let unreadable = || Failure::new(format!("The lock file `{label}` cannot be read"));
        let metadata = std::fs::metadata(path).map_err(|error| unreadable().caused_by(&error))?;
        if !metadata.is_file() {
            return Err(unreadable().hint("Name an ordinary file"));
        }
        if metadata.len() > MAX_LOCK_LEN as u64 {
            let why = format!("it has {} bytes; at most {MAX_LOCK_LEN} are read", metadata.len());
            return Err(unreadable().detail(why));
        }
        let bytes = crate::directory::read_bounded(path).map_err(|error| unreadable().caused_by(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| unreadable().caused_by(&error))?;
        let read = slsa_pip_pylock::read(&text, &label).map_err(|errors| unreadable().detail(errors.to_string()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            lock: read.lock,
            warnings: read.warnings,
            label,
        })
    }

    /// The lock among the requirements files, which must then be all that is asked for.
    pub(crate) fn find(requirements: &RequirementArgs) -> Result<Option<Self>> {
        let RequirementArgs {
            requirements: words,
            requirement_files: files,
            constraint_files,
            group,
            requirements_from_script: scripts,
            editable,
            ..
        } = requirements;
        let Some(path) = files.iter().find(|path| is_lock(path)) else {
            return Ok(None);
        };
        if files.len() > 1
            || !words.is_empty()
            || !constraint_files.is_empty()
            || !group.is_empty()
            || !scripts.is_empty()
            || !editable.is_empty()
        {
            let message = format!(
                "The lock file `{}` cannot be combined with other requirements",
                path.display()
            );
            return Err(Failure::new(message).hint(format!(
                "A lock says all that is to be installed: slsa-pip install -r {}",
                path.display()
            )));
        }
        if path.to_str().is_some_and(|text| text.contains("://")) {
            return Err(
                Failure::new(format!("The lock file `{}` is not on this machine", path.display()))
                    .hint("Fetch it first, look at it, and name the file"),
            );
        }
        Self::read(path).map(Some)
    }
}

/// Whether a requirements file is a lock file by its name, as for pip.
pub(crate) fn is_lock(path: &Path) -> bool {
    // The last component of a URL as well.
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(is_lock_name)
}

impl Locked {
    /// What a lock says is to be installed here.
    pub(crate) fn install(file: &LockFile, probe: &Probe, policy: &Policy, index: &IndexClient) -> Result<Self> {
        let target = Target {
            env: &probe.markers,
            tags: &probe.tags,
            python: &probe.python_version,
            ignore_requires_python: probe.ignore_requires_python,
            extras: &[],
            groups: None,
        };
        let chosen = slsa_pip_pylock::select(&file.lock, &target).map_err(|problems| {
            let mut failure = Failure::new(format!("The lock file `{}` cannot be installed here", file.label));
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            failure.detail = Some(shown.join("\n"));
            for hint in problems.iter().filter_map(slsa_pip_pylock::Unusable::hint) {
                if !failure.hints.iter().any(|known| known == hint) {
                    failure.hints.push(hint.to_owned());
                }
            }
            failure
        })?;
        let mut locked = Self::default();
        let mut packages = Vec::with_capacity(chosen.len());
        for it in &chosen {
            let name = &it.package.name;
            check_options(it, probe, &file.label)?;
            locked.digests.insert(it.wheel.as_str().to_owned(), it.sha256);
            if !it.package.publishers.is_empty() {
                let publishers = LockedPublishers {
                    publishers: it.package.publishers.clone(),
                    written_at: format!("{}, line {}: {name}", file.label, it.package.line.0),
                };
                locked.publishers.insert(name.clone(), publishers);
            }
            let package = package(it, file, policy, index)?;
            let claimed = it.package.index.as_ref();
            let refused = allowed::of_lock(policy, name, claimed, &package.file.url, &file.label);
            locked.refused.extend(refused);
            packages.push(package);
        }
        if packages.is_empty() {
            return Err(Failure::new(format!(
                "There is nothing to install: no package of the lock file `{}` applies to this interpreter",
                file.label
            )));
        }
        locked.chosen = Some(packages);
        Ok(locked)
    }

    /// What a lock that is written anew must not change: the bytes of files that it lists already.
    pub(crate) fn known(lock: &Lock) -> Self {
        let files = lock.packages.iter().flat_map(slsa_pip_pylock::Package::files);
        Self {
            digests: files
                .filter_map(|file| Some((file.name.clone(), file.sha256?)))
                .collect(),
            ..Self::default()
        }
    }

    /// Whether a lock takes the place of resolution.
    pub(crate) const fn is_input(&self) -> bool {
        self.chosen.is_some()
    }

    /// What policy refuses of the places that the lock names.
    pub(crate) fn refused_places(&self) -> Vec<Refusal> {
        self.refused.clone()
    }

    /// What is to be installed, and what of it lies there already; `None` where that is to be resolved.
    pub(crate) fn resolution(&self, request: &Request) -> Option<Resolution<Arc<IndexFile>>> {
        let chosen = self.chosen.as_ref()?;
        let stays = |package: &Package| {
            let installed = request.installed.get(&package.name);
            !package.direct
                && !request.ignore_installed
                && !request.force_reinstall
                && installed.is_some_and(|installed| installed.version == package.version)
        };
        let (satisfied, packages): (Vec<&Package>, Vec<&Package>) = chosen.iter().partition(|it| stays(it));
        let satisfied = satisfied.into_iter().map(|package| Satisfied {
            name: package.name.clone(),
            version: package.version.clone(),
            requested: true,
            extras: Vec::new(),
            required_by: Vec::new(),
            why: package.why.clone(),
            requires: Vec::new(),
        });
        Some(Resolution {
            packages: packages.into_iter().cloned().collect(),
            satisfied: satisfied.collect(),
            notes: Vec::new(),
        })
    }

    /// The only digest that a file may have, if a lock lists one of its name.
    pub(crate) fn digest(&self, package: &Package) -> Option<&Sha256Digest> {
        self.digests.get(package.filename.as_str())
    }

    /// Adds the recorded publishers to what policy expects.
    pub(crate) fn narrow(&self, name: &PackageName, expectation: &mut Expectation) {
        expectation.locked = self.publishers.get(name).cloned();
    }

    /// Whether publishers are recorded: then nothing but an attestation by one of them will do, not even an exemption.
    pub(crate) fn demands_publisher(&self, name: &PackageName) -> bool {
        self.publishers.contains_key(name)
    }

    /// The repositories of the recorded publishers: where else provenance may be found.
    pub(crate) fn repositories(&self, name: &PackageName) -> Vec<SourceRepository> {
        let publishers = self.publishers.get(name).map(|locked| locked.publishers.as_slice());
        let found = publishers.unwrap_or_default().iter();
        found.filter_map(slsa_pip_policy::Publisher::repository).collect()
    }

    /// Bytes that are not those of the lock are not those that are allowed; no index has announced them.
    pub(crate) fn reworded(&self, error: IndexError) -> IndexError {
        match error {
            IndexError::DigestMismatch {
                file,
                expected,
                computed,
            } if self.is_input() => IndexError::HashNotAllowed {
                file,
                allowed: vec![expected],
                computed,
            },
            other => other,
        }
    }

    /// That files have the sizes that the lock says, as the standard demands. With the right hash and another size, the lock
    /// contradicts itself.
    pub(crate) fn check_sizes(&self, judged: &[Judged]) -> Result<()> {
        if !self.is_input() {
            return Ok(());
        }
        for file in judged {
            let (Some(package), Some(staged)) = (&file.package, &file.staged) else {
                continue;
            };
            match package.file.size {
                Some(size) if size != staged.size() => {
                    let name = staged.filename();
                    let found = staged.size();
                    return Err(Failure::new(format!(
                        "The lock file says that `{name}` has {size} bytes, and it has {found}"
                    ))
                    .hint("Its hash is the recorded one: look at who has changed the lock file, and lock again"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// pip's options of the choice that a lock can contradict: there is nothing else to choose.
fn check_options(it: &Chosen<'_>, probe: &Probe, label: &str) -> Result<()> {
    let name = &it.package.name;
    let contradicts = |option: &str, why: &str| {
        Failure::new(format!(
            "`{option}` rules out `{name}` of the lock file `{label}`: {why}"
        ))
        .hint(format!(
            "Leave `{option}` out (pip's configuration may say it too), or lock again with it"
        ))
    };
    let formats = FormatControl {
        no_binary: probe.no_binary.iter().collect(),
        only_binary: probe.only_binary.iter().collect(),
    };
    if !formats.wheels_allowed(name) {
        return Err(contradicts("--no-binary", "wheels are all that is installed"));
    }
    match (probe.uploaded_prior_to, it.file.upload_time) {
        (Some(before), Some(time)) if time >= before => Err(contradicts(
            "--uploaded-prior-to",
            &format!("it was uploaded on {time}"),
        )),
        (Some(_), None) => Err(contradicts(
            "--uploaded-prior-to",
            "the lock does not say when it was uploaded",
        )),
        _ => Ok(()),
    }
}

/// A file of a lock as if an index had offered it.
fn package(it: &Chosen<'_>, file: &LockFile, policy: &Policy, index: &IndexClient) -> Result<Package> {
    let name = &it.package.name;
    let url = match &it.file.place {
        Place::Url(url) => url.clone(),
        Place::Path(path) => local(file, path)?,
    };
    // Where provenance is asked for. Nothing is chosen from it.
    let beside = it.package.index.as_ref().or_else(|| policy.index(name));
    let index_url = beside.or_else(|| index.indexes().first()).unwrap_or(&url).clone();
    let filename = DistributionFilename::Wheel(it.wheel.clone());
    let requirement = format!("{name}=={}", it.wheel.version);
    Ok(Package {
        name: name.clone(),
        version: it.wheel.version.clone(),
        file: Arc::new(IndexFile {
            filename: filename.clone(),
            url,
            sha256: Some(it.sha256),
            requires_python: None,
            yanked: None,
            metadata: None,
            provenance: None,
            size: it.file.size,
            upload_time: it.file.upload_time.map(|time| time.to_string()),
            index_url: Arc::new(index_url),
        }),
        filename,
        direct: it.direct,
        requested: true,
        extras: Vec::new(),
        required_by: Vec::new(),
        requirement_texts: vec![requirement.clone()],
        why: vec![slsa_pip_resolver::Why { by: None, requirement }],
        requires: Vec::new(),
    })
}

/// A file below the lock's folder, which no link leads out of.
fn local(file: &LockFile, path: &str) -> Result<Url> {
    let unusable = || Failure::new(format!("`{path}` of the lock file `{}` cannot be used", file.label));
    let folder = file
        .folder
        .canonicalize()
        .map_err(|error| unusable().caused_by(&error))?;
    let real = folder
        .join(path)
        .canonicalize()
        .map_err(|error| unusable().caused_by(&error))?;
    if !real.starts_with(&folder) || !real.is_file() {
        return Err(unusable().hint("It must be an ordinary file below the folder of the lock file"));
    }
    Url::from_file_path(&real).map_err(|()| unusable())
}
