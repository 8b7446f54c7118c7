//! Where a policy is written: whole, under its old rights, and only if the policy's own reader takes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slsa_pip_distribution::PackageName;
use slsa_pip_policy::{self as policy, Format, Layers, Policy};

use super::document::{Document, Section};
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::policy_file::{self, Access};
use crate::whole_file;

/// What a new policy file begins with.
const HEADER: &str =
    "# Who may build what: the policy of slsa-pip. Every entry is yours to review and to change.\nversion = 1\n";

/// A policy file as it lies there, with what holds besides.
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its text; `None` if it does not exist yet.
    text: Option<String>,
    /// The user-wide file, and all that is imported.
    layers: Layers,
}

/// Entries that an edit has added, changed or removed.
pub(crate) type Touched = BTreeSet<(Section, PackageName)>;

impl Place {
    /// Finds and reads the file that is to be edited: `output`, or else the policy that holds, or would.
    ///
    /// # Errors
    /// As where policies are read; if the file cannot be read.
    pub(crate) fn find(output: Option<&Path>, named: Option<&Path>, access: Access<'_>) -> Result<Self> {
        // A `pyproject.toml` may be there and hold no policy yet.
        let text = output.map(read).transpose()?.flatten();
        let holds = |text: &String, path: &Path| !policy_file::is_pyproject(path) || holds_policy(text);
        let there = output.filter(|path| text.as_ref().is_some_and(|text| holds(text, path)));
        let (mut layers, path) = policy_file::load_layers(there.or(named), access)?;
        let path = output.map_or(path, Path::to_owned);
        if output.is_some() && there.is_none() {
            layers.project = None;
        }
        Ok(Self {
            text: read(&path)?,
            path,
            layers,
        })
    }

    /// Whether the file is there.
    pub(crate) fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// The text for editing; that of an empty policy if there is no file.
    pub(crate) fn document(&self) -> Result<Document> {
        let empty = if self.is_pyproject() { "" } else { HEADER };
        Document::parse(self.text.as_deref().unwrap_or(empty), self.is_pyproject())
    }

    /// The policy that would hold if this text stood in this place.
    ///
    /// # Errors
    /// If the reader refuses it.
    pub(crate) fn policy(&self, text: &str) -> Result<Policy> {
        let format = if self.is_pyproject() {
            Format::Pyproject
        } else {
            Format::Policy
        };
        let label = self.path.display().to_string();
        let project = policy::Document::parse(text, &label, format).map_err(|errors| policy_file::invalid(&errors))?;
        Policy::of_layers(Layers {
            project,
            ..self.layers.clone()
        })
        .map_err(|errors| policy_file::invalid(&errors))
    }

    /// The policy that holds.
    ///
    /// # Errors
    /// If the reader refuses it.
    pub(crate) fn current(&self) -> Result<Policy> {
        Policy::of_layers(self.layers.clone()).map_err(|errors| policy_file::invalid(&errors))
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
        if read(&self.path)? != self.text {
            return Err(Failure::new(format!(
                "The policy file `{}` was changed meanwhile",
                self.path.display()
            ))
            .hint("Run the command again"));
        }
        whole_file::write(&self.path, text.as_bytes()).map_err(|error| {
            Failure::new(format!("The policy file `{}` cannot be written", self.path.display()))
                .caused_by(&error)
                .hint("Name another one: `--output FILE`")
        })
    }

    fn is_pyproject(&self) -> bool {
        policy_file::is_pyproject(&self.path)
    }
}

/// Whether a `pyproject.toml` holds a policy, or what was meant to be one: then it is to be read, with its mistakes.
fn holds_policy(text: &str) -> bool {
    !matches!(policy::Document::parse(text, "", Format::Pyproject), Ok(None))
}

/// The text of a file; `None` if it is not there.
fn read(path: &Path) -> Result<Option<String>> {
    let unreadable = || Failure::new(format!("The policy file `{}` cannot be read", path.display()));
    match read_bounded(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes);
            Ok(Some(text.map_err(|error| unreadable().caused_by(&error))?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable().caused_by(&error)),
    }
}
