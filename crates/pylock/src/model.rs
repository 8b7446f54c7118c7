//! A lock file as read, or as it is to be written.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use slsa_pip_distribution::marker::Marker;
use slsa_pip_distribution::requirement::ExtraName;
use slsa_pip_distribution::{PackageName, Sha256Digest, Version, VersionSpecifiers, WheelFilename};
use slsa_pip_policy::{EvidenceKind, Publisher};
use url::Url;

/// A whole lock file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// The environments that it is for; empty: any.
    pub environments: Vec<Environment>,
    /// The versions of Python that it is for.
    pub requires_python: Option<Specifiers>,
    /// The extras that can be asked for.
    pub extras: Vec<ExtraName>,
    /// The dependency groups that can be asked for.
    pub dependency_groups: Vec<ExtraName>,
    /// The groups that are installed where none is asked for.
    pub default_groups: Vec<ExtraName>,
    /// The tool that wrote it.
    pub created_by: String,
    /// What may be installed, in the file's order.
    pub packages: Vec<Package>,
}

/// A marker with its text.
#[derive(Debug, Clone)]
pub struct Environment {
    pub(crate) text: String,
    pub(crate) marker: Marker,
}

/// Version specifiers with their text.
#[derive(Debug, Clone)]
pub struct Specifiers {
    pub(crate) text: String,
    pub(crate) parsed: VersionSpecifiers,
}

/// One entry of `[[packages]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Project.
    pub name: PackageName,
    /// Version; source trees have none.
    pub version: Option<Version>,
    /// Where it is to be installed; `None`: everywhere.
    pub marker: Option<Environment>,
    /// The versions of Python that it runs on.
    pub requires_python: Option<Specifiers>,
    /// What it depends on. For people alone: nothing is ever installed because of it.
    pub dependencies: Vec<Dependency>,
    /// Base URL of the index that the files were found on.
    pub index: Option<Url>,
    /// Where it comes from.
    pub source: Source,
    /// Who may have published it; one of them must have, if there are any.
    pub publishers: Vec<Publisher>,
    /// What this program noted when it wrote the entry.
    pub recorded: Option<Recorded>,
    /// The line of the file that the entry begins on, counted from 1; 0 in one that was not read.
    pub line: Line,
}

/// A line number, which makes no difference between entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line(pub usize);

/// One entry of `packages.dependencies`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Project.
    pub name: PackageName,
    /// Its version, where that is needed to tell it from another entry.
    pub version: Option<Version>,
}

/// Where a package comes from. The standard lets no two of these stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A checkout (`vcs`) or a folder (`directory`): never installed here.
    Tree(SourceTree),
    /// One archive by its URL or path (`archive`).
    Archive(File),
    /// Files of an index (`wheels`, `sdist`).
    Files {
        /// The wheels, in the file's order, with their parsed names.
        wheels: Vec<(WheelFilename, File)>,
        /// The source distribution.
        sdist: Option<File>,
    },
}

/// A source tree, as far as it is needed to say why it is refused and what has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceTree {
    /// Under version control.
    Vcs {
        /// Kind, such as `git`.
        kind: String,
        /// URL or path.
        place: String,
        /// The commit.
        commit: String,
    },
    /// A folder of the machine.
    Directory {
        /// Path.
        path: String,
        /// Whether it is installed in place.
        editable: bool,
    },
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// File name: `name`, or the last component of path or URL.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Size in bytes.
    pub size: Option<u64>,
    /// When it was uploaded.
    pub upload_time: Option<Timestamp>,
    /// SHA-256 of the bytes.
    pub sha256: Option<Sha256Digest>,
    /// Hashes of other algorithms, which are kept and never compared.
    pub other_hashes: BTreeMap<String, String>,
}

/// Where a file is. The standard prefers the path where both are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An http or https URL without credentials and fragment.
    Url(Url),
    /// A path relative to the lock file, with `/`, which stays below its folder.
    Path(String),
}

/// What this program notes beside an entry (`[packages.tool.slsa-pip]`): for people and for comparing locks. It is not part of
/// any expectation, as the standard demands of tool tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// The files whose provenance was verified.
    pub verified: Vec<String>,
    /// Build or publish.
    pub evidence: Option<EvidenceKind>,
    /// SLSA build level.
    pub level: Option<u8>,
    /// The source repository.
    pub repository: Option<String>,
    /// Its numeric id.
    pub repository_id: Option<String>,
    /// Its owner's numeric id.
    pub owner_id: Option<String>,
    /// The workflow or pipeline file.
    pub workflow: Option<String>,
    /// The trusted builder, without its ref.
    pub builder: Option<String>,
    /// The ref that was built.
    pub reference: Option<String>,
    /// The event that started it.
    pub trigger: Option<String>,
    /// Where it ran.
    pub runner_environment: Option<String>,
    /// The policy's reason for an exemption: nothing was proven.
    pub exempt: Option<String>,
    /// Why the file was let pass though it was refused (`mode = "warn"`): nothing was proven.
    pub tolerated: Option<String>,
}

impl PartialEq for Line {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Line {}

impl Environment {
    /// Parses a marker; those of lock files may ask for extras and dependency groups.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Marker::parse_of_lock(text).map(|marker| Self {
            text: text.to_owned(),
            marker,
        })
    }
}

impl Specifiers {
    /// Parses version specifiers.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(text: &str) -> Result<Self, String> {
        slsa_pip_distribution::specifier::parse_specifiers(text).map(|parsed| Self {
            text: text.to_owned(),
            parsed,
        })
    }

    /// Whether this version of Python is among them; only its release numbers count, as for pip.
    #[must_use]
    pub fn contain(&self, python: &Version) -> bool {
        slsa_pip_distribution::specifier::contains(&self.parsed, &python.only_release())
    }
}

macro_rules! by_text {
    ($type:ty) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.text == other.text
            }
        }
        impl Eq for $type {}
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    };
}
by_text!(Environment);
by_text!(Specifiers);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

impl Package {
    /// `name 1.0`, or the name alone.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.to_string(),
        }
    }

    /// Every file that it lists, the archive among them.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let (archive, wheels, sdist) = match &self.source {
            Source::Tree(_) => (None, &[][..], None),
            Source::Archive(file) => (Some(file), &[][..], None),
            Source::Files { wheels, sdist } => (None, wheels.as_slice(), sdist.as_ref()),
        };
        archive
            .into_iter()
            .chain(wheels.iter().map(|(_, file)| file))
            .chain(sdist)
    }
}
