//! Which policy files hold, and reading them: the project's, found upwards or named, the user-wide one below it, and what they
//! import. What they mean is decided in `slsa-pip-policy`, which reads no file.

mod imports;
mod search;

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use slsa_pip_cache::CacheFolder;
use slsa_pip_policy::{Document, Format, Importer, Layers, Policy, PolicyCode, PolicyErrors};

pub(crate) use imports::FOLDER as IMPORTS;

use crate::directory::read_bounded;
use crate::failure::{Failure, Result};

/// The policy file that is looked for when none is named, and where exemptions go that are suggested.
pub(crate) const DEFAULT_POLICY_FILE: &str = "slsa-pip.toml";
/// The other file that may hold a policy, below `[tool.slsa-pip]`.
const PYPROJECT: &str = "pyproject.toml";

/// How imports are read that lie on a server.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    /// Where they are kept; `None` where nothing is to be kept.
    pub(crate) cache: Option<&'a CacheFolder>,
    /// Whether requests are forbidden.
    pub(crate) offline: bool,
}

/// A file that was read, with the folder that its imports are named from.
struct Read {
    document: Document,
    path: PathBuf,
}

/// Reads the named policy, or the one that is found; below it the user-wide one, and what both import. Without any, nothing is
/// pinned and nothing exempt. The path is that of the project's file, or where it would be.
///
/// # Errors
/// Files that cannot be read, hold mistakes, or belong to another user and were not named; imports that cannot be had.
pub(crate) fn load_policy(named: Option<&Path>, access: Access<'_>) -> Result<(Policy, PathBuf)> {
    let (layers, path) = load_layers(named, access)?;
    let policy = Policy::of_layers(layers).map_err(|errors| invalid(&errors))?;
    Ok((policy, path))
}

/// The same before they are put together, for whoever edits one of them.
pub(crate) fn load_layers(named: Option<&Path>, access: Access<'_>) -> Result<(Layers, PathBuf)> {
    let project = match named {
        Some(path) => Some(read_named(path)?),
        None => search::upwards()?,
    };
    let path = project
        .as_ref()
        .map_or_else(|| PathBuf::from(DEFAULT_POLICY_FILE), |read| read.path.clone());
    let user = match search::user_wide() {
        Some(place) if !is_same_file(&place, &path) => read_unasked(&place)?,
        _ => None,
    };
    let mut folders = BTreeMap::new();
    let mut layers = Layers::default();
    for (importer, read) in [(Importer::Project, project), (Importer::User, user)] {
        let Some(Read { document, path }) = read else { continue };
        folders.insert(importer, imports::Base::Folder(folder_of(&path)));
        match importer {
            Importer::User => layers.user = Some(document),
            _ => layers.project = Some(document),
        }
    }
    imports::read_all(&mut layers, folders, access)?;
    Ok((layers, path))
}

/// Whether a policy is a part of `pyproject.toml`.
pub(crate) fn is_pyproject(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PYPROJECT)
}

fn read_named(path: &Path) -> Result<Read> {
    let bytes =
        read_bounded(path).map_err(|error| unreadable(path, &error).hint("Name an existing file: `--policy FILE`"))?;
    let text = utf8(path, bytes)?;
    let format = if is_pyproject(path) {
        Format::Pyproject
    } else {
        Format::Policy
    };
    let document = parse(&text, path, format)?.ok_or_else(|| {
        Failure::new(format!("`{}` holds no policy", path.display()))
            .code(PolicyCode::MissingTable.as_str())
            .hint("A policy stands below `[tool.slsa-pip]` there, or in a file of its own: `--policy slsa-pip.toml`")
    })?;
    Ok(Read {
        document,
        path: path.to_owned(),
    })
}

/// A file that nobody has named: it must not be somebody else's. `None` where it is not there.
fn read_unasked(path: &Path) -> Result<Option<Read>> {
    if look(path, path.symlink_metadata())?.is_none() {
        return Ok(None);
    }
    // Before it is opened, which would wait if it is a pipe.
    check_owner(path)?;
    let bytes = match read_bounded(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error).hint(readable(path))),
    };
    // It may have been put there meanwhile.
    check_owner(path)?;
    let text = utf8(path, bytes)?;
    let document = parse(&text, path, Format::Policy)?;
    Ok(document.map(|document| Read {
        document,
        path: path.to_owned(),
    }))
}

/// The policy in a `pyproject.toml`; `None` where there is no such file, or no policy in it. Most such files are other users' in
/// nobody's eyes but git's, so that only one with a policy must be the user's own.
fn read_pyproject(path: &Path) -> Result<Option<Read>> {
    if !look(path, path.metadata())?.is_some_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let bytes = match read_bounded(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error).hint(readable(path))),
    };
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    // Keys can be written with escapes as well.
    if !holds(b"slsa-pip") && !holds(b"\\") {
        return Ok(None);
    }
    let text = utf8(path, bytes)?;
    let Some(document) = parse(&text, path, Format::Pyproject)? else {
        return Ok(None);
    };
    check_owner(path)?;
    Ok(Some(Read {
        document,
        path: path.to_owned(),
    }))
}

/// What is at a path; `None` if nothing is. That it cannot be looked at says nothing about whether it is there.
fn look(path: &Path, metadata: std::io::Result<Metadata>) -> Result<Option<Metadata>> {
    match metadata {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error).hint(readable(path))),
    }
}

fn parse(text: &str, path: &Path, format: Format) -> Result<Option<Document>> {
    Document::parse(text, &path.display().to_string(), format).map_err(|errors| invalid(&errors))
}

/// A policy with mistakes, all of them shown.
pub(crate) fn invalid(errors: &PolicyErrors) -> Failure {
    Failure::new(format!("The policy file `{}` is not valid", errors.file)).detail(errors.to_string())
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(format!("The policy file `{}` is not UTF-8 text", path.display())).caused_by(&error)
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("The policy file `{}` cannot be read", path.display())).caused_by(error)
}

fn readable(path: &Path) -> String {
    format!(
        "Make it readable, or name the policy that is to hold: `--policy {}`",
        path.display()
    )
}

/// That nobody else has put the policy there that nobody has named: they could exempt what they like.
fn check_owner(path: &Path) -> Result<()> {
    slsa_pip_cache::check_owner(path).map_err(|error| {
        Failure::new(format!("The policy file `{}` is not yours", path.display()))
            .caused_by(&error)
            .hint(format!(
                "Read it, and if it is to hold, name it: `--policy {}`",
                path.display()
            ))
    })
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
