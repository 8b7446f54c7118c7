//! Where a policy is written: whole, under its old rights, and only if the policy's own reader takes it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::PackageName;
use slsa_pip_policy::Policy;

use super::document::{Document, Section};
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};

/// What a new policy file begins with.
const HEADER: &str =
    "# Who may build what: the policy of slsa-pip. Every entry is yours to review and to change.\nversion = 1\n";

/// A policy file as it lies there.
#[derive(Debug)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its text; `None` if it does not exist yet.
    text: Option<String>,
}

/// Entries that an edit has added, changed or removed.
pub(crate) type Touched = BTreeSet<(Section, PackageName)>;

impl Place {
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let unreadable = || Failure::new(format!("The policy file `{}` cannot be read", path.display()));
        let text = match read_bounded(path) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|error| unreadable().caused_by(&error))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable().caused_by(&error)),
        };
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// Whether the file is there.
    pub(crate) fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// The text for editing; that of an empty policy if there is no file.
    pub(crate) fn document(&self) -> Result<Document> {
        Document::parse(self.text.as_deref().unwrap_or(HEADER), self.is_pyproject())
    }

    /// The policy that a text in this place would be.
    ///
    /// # Errors
    /// If the reader refuses it.
    pub(crate) fn policy(&self, text: &str) -> Result<Policy> {
        Policy::parse(text, &self.path.display().to_string()).map_err(|errors| {
            Failure::new(format!("The policy file `{}` is not valid", self.path.display())).detail(errors.to_string())
        })
    }

    /// The policy that lies there; empty if there is no file.
    ///
    /// # Errors
    /// If the reader refuses it.
    pub(crate) fn current(&self) -> Result<Policy> {
        self.text
            .as_deref()
            .map_or_else(|| Ok(Policy::default()), |text| self.policy(text))
    }

    /// Whether the text differs from what lies there.
    pub(crate) fn would_change(&self, document: &Document) -> bool {
        self.text.as_deref() != Some(document.text().as_str())
    }

    /// Writes the document in place of what lies there, after it was read back: nothing but the `touched` entries may mean
    /// anything else than before. The file keeps its rights; a link is followed.
    ///
    /// # Errors
    /// If the text would not be read as it is meant, if the file was changed meanwhile, or if it cannot be written. Then nothing is changed.
    pub(crate) fn write(&self, document: &Document, touched: &Touched) -> Result<()> {
        let text = document.text();
        self.policy(&text)?;
        let again = Document::parse(&text, self.is_pyproject())?;
        let before = self.document()?.values();
        let after = again.values();
        let differs = |path: &&Vec<String>| {
            before.get(*path) != after.get(*path)
                && !touched
                    .iter()
                    .any(|(section, name)| again.lies_in(path, *section, name))
        };
        if let Some(path) = before.keys().chain(after.keys()).find(differs) {
            return Err(Failure::new(format!(
                "The policy file `{}` was not written: `{}` would have become another value",
                self.path.display(),
                path.join(".")
            )));
        }
        let now = Self::read(&self.path)?;
        if now.text != self.text {
            return Err(Failure::new(format!(
                "The policy file `{}` was changed meanwhile",
                self.path.display()
            ))
            .hint("Run the command again"));
        }
        replace(&self.path, text.as_bytes()).map_err(|error| {
            Failure::new(format!("The policy file `{}` cannot be written", self.path.display()))
                .caused_by(&error)
                .hint("Name another one: `--output FILE`")
        })
    }

    fn is_pyproject(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "pyproject.toml")
    }
}

/// Replaces a file as a whole, or makes it.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut partial = tempfile::Builder::new()
        .prefix(".slsa-pip-")
        .suffix(".partial")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    partial.write_all(bytes)?;
    match std::fs::metadata(&real) {
        Ok(before) => partial.as_file().set_permissions(before.permissions())?,
        Err(_) => ordinary(partial.as_file())?,
    }
    partial.as_file().sync_all()?;
    partial.persist(&real).map(drop).map_err(|error| error.error)
}

/// The rights of an ordinary file: a temporary one has those of a secret.
fn ordinary(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}
