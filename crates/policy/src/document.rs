//! Policy files before they are put together: each read by itself, with the names of those that it imports.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::Sha256Digest;
use url::Url;

use crate::errors::{self, Collector, PolicyCode, PolicyErrors, Shown};
use crate::merge::{Clash, Combined};
use crate::policy::{MAX_POLICY_LEN, Policy};
use crate::read;
use crate::setting::Place;
use crate::sheet::Sheet;

/// Most files that are imported in one run, all in all: an organisation, a team and a few that they share. Since each is named
/// by its digest, none can import itself, and this bounds how deep they nest too.
pub const MAX_IMPORTS: usize = 16;

/// Most bytes that are imported in one run, all in all: what is put together is kept once for every file that imports it.
const MAX_IMPORTED_LEN: usize = 2 * MAX_POLICY_LEN;

/// How a policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `slsa-pip.toml`, and whatever is imported.
    Policy,
    /// `pyproject.toml`, below `[tool.slsa-pip]`.
    Pyproject,
}

/// One policy file, without mistakes of its own.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) label: String,
    pub(crate) text: String,
    pub(crate) sheet: Sheet,
    pub(crate) imports: Vec<Import>,
}

/// A file that another one imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Where it is.
    pub target: Target,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Where the digest is written.
    pub(crate) span: std::ops::Range<usize>,
}

/// Where an imported file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A path, from the folder of the importing file.
    Path(String),
    /// A URL: https, or http on this machine; without login.
    Url(Url),
}

/// Who imports a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importer {
    /// The project's file.
    Project,
    /// The user-wide file.
    User,
    /// The imported file of this digest.
    Import(Sha256Digest),
}

/// All files that hold in a run.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// The project's file.
    pub project: Option<Document>,
    /// The user-wide file, which counts where the project's says nothing for the same packages.
    pub user: Option<Document>,
    /// What is imported, by the digest of its bytes. That each has this digest is for whoever reads the bytes to check.
    pub imported: BTreeMap<Sha256Digest, Document>,
}

impl Document {
    /// Reads one file; `None` for a `pyproject.toml` without `[tool.slsa-pip]`.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn parse(text: &str, label: &str, format: Format) -> Result<Option<Self>, PolicyErrors> {
        read::document(text, label, format)
    }

    /// The files that it imports.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// How reports name the file.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// A mistake about one of its imports that shows only when that is read.
    #[must_use]
    pub fn import_error(&self, import: &Import, code: PolicyCode, message: &str, help: &str) -> PolicyErrors {
        let mut errors = Collector::new(&self.text);
        errors.push(code, &import.span, message, Some(help.to_owned()));
        errors.into_errors(&self.label)
    }
}

impl Layers {
    /// The imports that are named by a file and were not read yet, each once, with one file that names it.
    ///
    /// # Errors
    /// If with them there are more than [`MAX_IMPORTS`], or if those that were read are too large together.
    pub fn missing(&self) -> Result<Vec<(Importer, Import)>, PolicyErrors> {
        let total: usize = self.imported.values().map(|document| document.text.len()).sum();
        if total > MAX_IMPORTED_LEN {
            let importing = self
                .documents()
                .find_map(|(_, document)| Some((document, document.imports.first()?)));
            if let Some((document, import)) = importing {
                let message = format!("the imported files have more than {MAX_IMPORTED_LEN} bytes, all in all");
                return Err(document.import_error(
                    import,
                    PolicyCode::TooLarge,
                    &message,
                    "import fewer or smaller files",
                ));
            }
        }
        let mut seen = BTreeSet::new();
        let mut missing = Vec::new();
        for (importer, document) in self.documents() {
            for import in &document.imports {
                if self.imported.contains_key(&import.sha256) || !seen.insert(import.sha256) {
                    continue;
                }
                if self.imported.len() + missing.len() == MAX_IMPORTS {
                    let message = format!("more than {MAX_IMPORTS} files are imported, all in all");
                    let help = "put several of them together into one";
                    return Err(document.import_error(import, PolicyCode::TooManyImports, &message, help));
                }
                missing.push((importer, import.clone()));
            }
        }
        Ok(missing)
    }

    /// The document of an importer.
    #[must_use]
    pub fn document(&self, importer: &Importer) -> Option<&Document> {
        match importer {
            Importer::Project => self.project.as_ref(),
            Importer::User => self.user.as_ref(),
            Importer::Import(digest) => self.imported.get(digest),
        }
    }

    /// The project's first, then the user-wide one, then what is imported.
    fn documents(&self) -> impl Iterator<Item = (Importer, &Document)> {
        let project = self.project.as_ref().map(|document| (Importer::Project, document));
        let user = self.user.as_ref().map(|document| (Importer::User, document));
        let imported = self
            .imported
            .iter()
            .map(|(digest, document)| (Importer::Import(*digest), document));
        project.into_iter().chain(user).chain(imported)
    }

    /// Puts them together: the project's file over the user-wide one, both held to what they import.
    pub(crate) fn combine(self) -> Result<Policy, PolicyErrors> {
        if let Some((importer, import)) = self.missing()?.first()
            && let Some(document) = self.document(importer)
        {
            let message = "this file is imported and was not read";
            let help = "only the program itself reads imports: a single file has none";
            return Err(document.import_error(import, PolicyCode::ImportNotRead, message, help));
        }
        let numbers: BTreeMap<Importer, usize> = self
            .documents()
            .enumerate()
            .map(|(number, (importer, _))| (importer, number))
            .collect();
        let mut clashes = Vec::new();
        let mut done = Done {
            states: BTreeMap::new(),
            uses: BTreeMap::new(),
        };
        for import in self.documents().flat_map(|(_, document)| &document.imports) {
            *done.uses.entry(import.sha256).or_default() += 1;
        }
        let digests: Vec<Sha256Digest> = self.imported.keys().copied().collect();
        for digest in digests {
            self.import(digest, &numbers, &mut done, &mut clashes);
        }
        let sheet = |importer: Importer| {
            let document = self.document(&importer)?;
            let mut sheet = document.sheet.clone();
            sheet.stamp(numbers.get(&importer).copied().unwrap_or_default());
            Some(sheet)
        };
        let mut local = sheet(Importer::Project).unwrap_or_default();
        if let Some(below) = sheet(Importer::User) {
            local.over(below);
        }
        let mut wanted: BTreeMap<Sha256Digest, (Place, usize)> = BTreeMap::new();
        for importer in [Importer::Project, Importer::User] {
            let file = numbers.get(&importer).copied().unwrap_or_default();
            for import in self.document(&importer).map_or(&[][..], |document| &document.imports) {
                let (_, uses) = wanted.entry(import.sha256).or_insert((import.place(file), 0));
                *uses += 1;
            }
        }
        let mut imports = Vec::new();
        for (digest, (place, uses)) in wanted {
            match done.take(&digest, uses) {
                Some(combined) => imports.push(combined),
                None => clashes.push(imports_itself(place)),
            }
        }
        let combined = Combined::with_imports(local, imports, &mut clashes);
        if !clashes.is_empty() {
            let shown: Vec<Shown<'_>> = self
                .documents()
                .map(|(_, document)| Shown {
                    label: &document.label,
                    text: &document.text,
                })
                .collect();
            return Err(errors::clashes(&clashes, &shown));
        }
        let files = self
            .documents()
            .map(|(_, document)| (document.label.as_str(), document.text.as_str()));
        Ok(Policy::new(combined, files))
    }

    /// An imported file with what it imports itself. No file can name its own digest, so this ends.
    fn import(
        &self,
        digest: Sha256Digest,
        numbers: &BTreeMap<Importer, usize>,
        done: &mut Done,
        clashes: &mut Vec<Clash>,
    ) {
        if done.states.contains_key(&digest) {
            return;
        }
        let Some(document) = self.imported.get(&digest) else {
            return;
        };
        let number = numbers.get(&Importer::Import(digest)).copied().unwrap_or_default();
        done.states.insert(digest, None);
        let mut imports = Vec::new();
        for import in &document.imports {
            self.import(import.sha256, numbers, done, clashes);
            match done.take(&import.sha256, 1) {
                Some(combined) => imports.push(combined),
                None => clashes.push(imports_itself(import.place(number))),
            }
        }
        let mut sheet = document.sheet.clone();
        sheet.stamp(number);
        let combined = Combined::with_imports(sheet, imports, clashes);
        done.states.insert(digest, Some(combined));
    }
}

/// Only with documents under digests that are not theirs.
fn imports_itself(place: Place) -> Clash {
    Clash {
        code: PolicyCode::InvalidImport,
        message: "a policy imports itself".to_owned(),
        place,
        other: None,
        help: "remove this import".to_owned(),
    }
}

impl Import {
    fn place(&self, file: usize) -> Place {
        Place {
            file,
            span: self.span.clone(),
            table: "[[imports]]".into(),
        }
    }
}

/// Imports that were put together with their own imports.
struct Done {
    /// `None` while that is under way, and once nobody asks any more.
    states: BTreeMap<Sha256Digest, Option<Combined>>,
    /// How many files still ask for each: the last one gets it without a copy.
    uses: BTreeMap<Sha256Digest, usize>,
}

impl Done {
    /// One of them, for this many of the files that ask for it; `None` if it is not ready.
    fn take(&mut self, digest: &Sha256Digest, count: usize) -> Option<Combined> {
        let left = self.uses.get_mut(digest)?;
        *left = left.saturating_sub(count);
        let state = self.states.get_mut(digest)?;
        if *left == 0 { state.take() } else { state.clone() }
    }
}

/// Where lines begin, to find the line of a place without reading the text again.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    pub(crate) label: String,
    line_ends: Vec<usize>,
}

impl File {
    pub(crate) fn new(label: &str, text: &str) -> Self {
        Self {
            label: label.to_owned(),
            line_ends: text.match_indices('\n').map(|(at, _)| at).collect(),
        }
    }

    /// The line of a place, counted from 1.
    pub(crate) fn line(&self, place: &Place) -> usize {
        self.line_ends.partition_point(|end| *end < place.span.start) + 1
    }
}
