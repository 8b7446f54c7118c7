//! What an index says about a project and its files.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, VersionSpecifiers};
use url::Url;

/// Which index a project is taken from when several have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexStrategy {
    /// The first that has it, in the order of the indexes, and no other: a public index cannot slip files into a project of a
    /// private one that is listed before it.
    #[default]
    FirstIndex,
    /// All of them, as pip does it. Whoever can publish on one index can then replace the projects of every other.
    UnsafeBestMatch,
}

/// A project's page: the files that can be used, and those that cannot, with the reason.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project.
    pub name: PackageName,
    /// The index that has it, without credentials, ending in `/`; the `file:` URL of the directory, or the URL of the page, if
    /// only find-links have it.
    pub index_url: Url,
    /// Files in the page's order, those of find-links first. Where the interpreter's tags are known, of a release without wheels
    /// for it one wheel and one sdist at most, and of any other nothing but those wheels.
    pub files: Vec<Arc<IndexFile>>,
    /// Entries of the page that are left out.
    pub skipped: Vec<Skipped>,
    /// What else the page of `index_url` says about the project as a whole.
    pub about: About,
    /// What a report should say about the project and its indexes, in sentences: a status (PEP 792), an assignment by policy,
    /// several indexes.
    pub remarks: Vec<String>,
}

/// What a page says about a project as a whole. Unsigned, for reports; all texts are printable and cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct About {
    /// The project's status (PEP 792): `active` where none is named.
    pub status: ProjectStatus,
    /// The reason for that status.
    pub status_reason: Option<String>,
    /// The versions that the index knows, also without files, as it spells them (PEP 700).
    pub versions: Vec<String>,
    /// URLs of the project on other indexes that this one follows (PEP 708).
    pub tracks: Vec<String>,
    /// URLs of the project on indexes that the owner vouches for (PEP 708).
    pub alternate_locations: Vec<String>,
}

/// A project's status on its index (PEP 792).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProjectStatus {
    /// Nothing special.
    #[default]
    Active,
    /// No more releases are expected.
    Archived,
    /// The index holds it to be unsafe, and should offer no files.
    Quarantined,
    /// Superseded or given up.
    Deprecated,
    /// A status that is not known here.
    Other(String),
}

/// One file of a project, as its index describes it. All of it is unverified.
#[derive(Debug, Clone)]
pub struct IndexFile {
    /// File name, parsed; it belongs to the project of the page.
    pub filename: DistributionFilename,
    /// Where the file is: http, https, or file for find-links. Without credentials and fragment.
    pub url: Url,
    /// The sha256 that its page or requirement names. Other digests are not read.
    pub sha256: Option<Sha256Digest>,
    /// `requires-python`. A value that is no specifier counts as none, as pip does.
    pub requires_python: Option<VersionSpecifiers>,
    /// The reason if the file was yanked, printable and cut, which may be empty (PEP 592).
    pub yanked: Option<String>,
    /// Whether the METADATA is served beside the file (PEP 658, 714), and its digest.
    pub metadata: Option<MetadataHash>,
    /// Where the provenance object is (PEP 740).
    pub provenance: Option<Box<Url>>,
    /// Size in bytes (PEP 700).
    pub size: Option<u64>,
    /// Time of upload as the index writes it (PEP 700).
    pub upload_time: Option<String>,
    /// The index, as in [`Project::index_url`]; of a wheel that a requirement names, its own URL.
    pub index_url: Arc<Url>,
}

impl IndexFile {
    /// Whether the file is on this machine, in a find-links directory.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.url.scheme() == "file"
    }
}

/// The digest of separately served metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataHash {
    /// SHA-256 of the METADATA, where the index names it.
    pub sha256: Option<Sha256Digest>,
}

/// An entry of a page that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// File name as written, printable characters only, cut to a printable length; empty if the entry has none.
    pub filename: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why an entry is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Not a wheel's or sdist's file name.
    #[error("{0}")]
    Filename(&'static str),
    /// The index holds the whole project to be unsafe (PEP 792).
    #[error("its index has quarantined the project")]
    Quarantined,
    /// An egg, an installer or another old kind of file.
    #[error("files of this kind cannot be installed")]
    Kind,
    /// The file name names another project.
    #[error("it belongs to another project")]
    OtherProject,
    /// No usable http or https URL.
    #[error("its URL is not an http or https URL")]
    Url,
    /// A sha256 that is none.
    #[error("its sha256 is not valid")]
    Digest,
    /// Another entry of the same name names another sha256.
    #[error("the page names two digests for it")]
    TwoDigests,
    /// Fields missing or of the wrong type.
    #[error("its entry does not follow the format")]
    Entry,
}

/// A complete download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedDownload {
    /// The file, named as on the index.
    pub path: PathBuf,
    /// SHA-256 of its bytes, computed here.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}

/// What an index answered when asked for a file's provenance. Whatever it sent is unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntegrityAnswer {
    /// A provenance object, unparsed.
    Found {
        /// The body.
        bytes: Bytes,
        /// What was asked.
        url: Url,
    },
    /// 404: the index has none for this file, or has no Integrity API.
    None {
        /// What was asked.
        url: Url,
    },
    /// 403: switched off.
    Disabled {
        /// What was asked.
        url: Url,
    },
    /// 406, or an answer that is no JSON document, such as a log-in page.
    Unusable {
        /// What was asked.
        url: Url,
        /// What does not fit.
        reason: String,
    },
    /// Nothing was asked: the file names no provenance and its index has no place for an Integrity API.
    NotOffered,
}
