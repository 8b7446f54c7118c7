//! Simple pages, JSON or HTML.

mod entities;
mod html;
mod json;

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest};
use slsa_pip_http::{Response, redact};
use url::Url;

use crate::error::IndexError;
use crate::types::{IndexFile, MetadataHash, Project, SkipReason, Skipped};

/// Largest page, in bytes after decompression; the largest real ones have about 25 MB.
pub const MAX_PAGE_SIZE: u64 = 64 * 1024 * 1024;
/// Most files that a page may list; the largest real project has about 15 000.
pub const MAX_FILES: usize = 100_000;
/// Longest texts of an entry that are kept, in bytes: yank reasons, times, versions.
const MAX_TEXT: usize = 4 * 1024;
/// Kinds of files that old pages list.
const ARCHIVES: [&str; 12] = [
    ".whl", ".tar.gz", ".zip", ".egg", ".exe", ".msi", ".rpm", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".deb",
];

/// One entry of a page, with the texts as they are there.
struct Raw {
    filename: String,
    url: String,
    hashes: Vec<(String, String)>,
    requires_python: Option<String>,
    yanked: Option<String>,
    metadata: Option<Option<String>>,
    provenance: Option<String>,
    size: Option<u64>,
    upload_time: Option<String>,
}

/// Where a page was found.
struct Place<'a> {
    /// The page's redacted URL, for errors.
    shown: String,
    /// What its relative URLs are relative to.
    base: Url,
    index: &'a Url,
    name: &'a PackageName,
}

/// Reads a page in whichever format its `Content-Type` names.
pub(crate) fn parse(answer: &Response, index: &Url, name: &PackageName) -> Result<Project, IndexError> {
    let place = Place {
        shown: redact(&answer.final_url),
        base: answer.final_url.clone(),
        index,
        name,
    };
    let content_type = answer.header("content-type").unwrap_or_default();
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json::parse(&answer.body, &place),
        "application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml" => {
            html::parse(&answer.body, place)
        }
        other => Err(match other.strip_prefix("application/vnd.pypi.simple.v") {
            Some(version) => IndexError::FormatVersion {
                url: place.shown,
                version: printable(version.split('+').next().unwrap_or_default()),
            },
            None => IndexError::NotAnIndex {
                url: place.shown,
                reason: format!("its content type is `{}`", printable(other)),
            },
        }),
    }
}

impl Place<'_> {
    fn empty(&self) -> Project {
        Project {
            name: self.name.clone(),
            index_url: self.index.clone(),
            files: Vec::new(),
            skipped: Vec::new(),
        }
    }

    fn too_many(&self) -> IndexError {
        IndexError::TooManyFiles {
            url: self.shown.clone(),
            limit: MAX_FILES,
        }
    }

    /// Accepts versions 1.x.
    fn check_version(&self, version: &str) -> Result<(), IndexError> {
        let major = version.trim().split('.').next().unwrap_or_default();
        if major == "1" {
            return Ok(());
        }
        Err(IndexError::FormatVersion {
            url: self.shown.clone(),
            version: printable(version),
        })
    }

    /// Adds an entry to the project's files, or to those that are skipped.
    fn add(&self, raw: Raw, project: &mut Project) {
        let filename = printable(&raw.filename);
        match self.file(raw) {
            Ok(file) => project.files.push(file),
            Err(reason) => project.skipped.push(Skipped { filename, reason }),
        }
    }

    fn file(&self, raw: Raw) -> Result<IndexFile, SkipReason> {
        let filename = check_filename(&raw.filename, self.name)?;
        let url = self.link(&raw.url).ok_or(SkipReason::Url)?;
        let sha256 = raw
            .hashes
            .iter()
            .find(|(algorithm, _)| algorithm.eq_ignore_ascii_case("sha256"))
            .map(|(_, digest)| digest.parse::<Sha256Digest>().map_err(|_| SkipReason::Digest))
            .transpose()?;
        let metadata = raw.metadata.map(|sha256| match sha256 {
            None => Ok(MetadataHash { sha256: None }),
            Some(digest) => digest
                .parse()
                .map(|digest| MetadataHash { sha256: Some(digest) })
                .map_err(|_| SkipReason::Digest),
        });
        let provenance = raw.provenance.as_deref().and_then(|link| self.link(link));
        Ok(IndexFile {
            filename,
            url,
            hashes: raw
                .hashes
                .into_iter()
                .map(|(name, hex)| (cut(name), cut(hex)))
                .collect(),
            sha256,
            requires_python: raw
                .requires_python
                .and_then(|text| cut(text).trim().parse().ok())
                .filter(|specifiers: &slsa_pip_distribution::VersionSpecifiers| !specifiers.is_empty()),
            yanked: raw.yanked.map(cut),
            metadata: metadata.transpose()?,
            // From an https index, evidence over http would only be a way to tell others what is installed.
            provenance: provenance.filter(|link| link.scheme() == "https" || self.index.scheme() == "http"),
            size: raw.size,
            upload_time: raw.upload_time.map(cut),
            index_url: self.index.clone(),
        })
    }

    /// An http or https URL of the page, without credentials and fragment.
    fn link(&self, link: &str) -> Option<Url> {
        let mut url = self.base.join(link.trim()).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        Some(url)
    }
}

/// A file name of this very project.
pub(crate) fn check_filename(file: &str, name: &PackageName) -> Result<DistributionFilename, SkipReason> {
    let known = [".whl", ".tar.gz", ".zip"].iter().any(|end| file.ends_with(end));
    if !known && is_archive(file) {
        return Err(SkipReason::Kind);
    }
    let filename: DistributionFilename = file
        .parse()
        .map_err(|error: slsa_pip_distribution::filename::InvalidFilename| SkipReason::Filename(error.why))?;
    if filename.name() == name {
        Ok(filename)
    } else {
        Err(SkipReason::OtherProject)
    }
}

fn is_archive(file: &str) -> bool {
    ARCHIVES.iter().any(|end| file.ends_with(end))
}

/// Whether a file of a directory is most likely an archive of this project, although it cannot be used.
pub(crate) fn is_archive_of(file: &str, name: &PackageName) -> bool {
    let mut normalised = file.to_ascii_lowercase().replace(['_', '.'], "-");
    normalised.truncate(name.as_str().len() + 1);
    is_archive(file) && normalised.strip_suffix('-') == Some(name.as_str())
}

/// A text for people: no control characters, not too long.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        text.truncate(end);
    }
    text
}
