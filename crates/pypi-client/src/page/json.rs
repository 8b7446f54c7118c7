//! Simple pages in JSON (PEP 691, 700, 708, 714, 740, 792).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::about::RawAbout;
use super::{Announced, MAX_FILES, Place, Raw, printable};
use crate::error::IndexError;
use crate::types::{Project, SkipReason, Skipped};

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    meta: Meta,
    files: Vec<Entry>,
    #[serde(default)]
    versions: Lenient<Vec<String>>,
    #[serde(default, rename = "alternate-locations")]
    alternate_locations: Lenient<Vec<String>>,
    #[serde(default, rename = "project-status")]
    project_status: Lenient<Status>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    api_version: Option<String>,
    #[serde(default)]
    tracks: Lenient<Vec<String>>,
}

#[derive(Deserialize, Default)]
struct Status {
    status: Option<String>,
    reason: Option<String>,
}

/// A value for reports: one of another type counts as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Value(T),
    Other(IgnoredAny),
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl<T> Lenient<T> {
    fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

/// An entry that does not follow the format is left out, and does not spoil the page.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    File(Box<File>),
    Named { filename: String },
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    requires_python: Option<String>,
    yanked: Option<Yanked>,
    core_metadata: Option<Metadata>,
    dist_info_metadata: Option<Metadata>,
    /// The spelling of some indexes for the field above.
    data_dist_info_metadata: Option<Metadata>,
    provenance: Option<String>,
    size: Option<u64>,
    upload_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    Reason(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Metadata {
    Flag(bool),
    Hashes(BTreeMap<String, String>),
}

pub(super) fn parse(body: &[u8], place: &Place<'_>) -> Result<Project, IndexError> {
    let page: Page = serde_json::from_slice(body).map_err(|error| IndexError::NotAnIndex {
        url: place.shown.clone(),
        reason: if body.trim_ascii_start().starts_with(b"<") {
            "it says it is JSON, and is HTML".to_owned()
        } else {
            format!(
                "it is not the JSON of an index (line {}, column {})",
                error.line(),
                error.column()
            )
        },
    })?;
    if let Some(version) = &page.meta.api_version {
        place.check_version(version)?;
    }
    let status = page.project_status.value().unwrap_or_default();
    let about = RawAbout {
        status: status.status,
        reason: status.reason,
        versions: page.versions.value().unwrap_or_default(),
        tracks: page.meta.tracks.value().unwrap_or_default(),
        alternate_locations: page.alternate_locations.value().unwrap_or_default(),
    };
    if page.files.len() > MAX_FILES {
        return Err(place.too_many());
    }
    let mut project = place.empty();
    project.about = about.read();
    for entry in page.files {
        let filename = match entry {
            Entry::File(file) => {
                place.add(file.into_raw(), &mut project);
                continue;
            }
            Entry::Named { filename } => printable(&filename),
            Entry::Other(_) => String::new(),
        };
        project.skipped.push(Skipped {
            filename,
            reason: SkipReason::Entry,
        });
    }
    Ok(project)
}

impl File {
    fn into_raw(self) -> Raw {
        let announced = self
            .core_metadata
            .or(self.dist_info_metadata)
            .or(self.data_dist_info_metadata);
        Raw {
            filename: self.filename,
            url: self.url,
            hashes: self.hashes.into_iter().collect(),
            requires_python: self.requires_python,
            yanked: match self.yanked {
                None | Some(Yanked::Flag(false)) => None,
                Some(Yanked::Flag(true)) => Some(String::new()),
                Some(Yanked::Reason(reason)) => Some(reason),
            },
            metadata: match announced {
                None | Some(Metadata::Flag(false)) => Announced::No,
                Some(Metadata::Flag(true)) => Announced::Yes,
                Some(Metadata::Hashes(mut hashes)) => {
                    hashes.remove("sha256").map_or(Announced::Yes, Announced::WithSha256)
                }
            },
            provenance: self.provenance,
            size: self.size,
            upload_time: self.upload_time,
        }
    }
}
