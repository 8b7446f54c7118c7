//! Simple pages in JSON (PEP 691, 700, 708, 714, 740, 792).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::about::RawAbout;
use super::{Announced, MAX_FILES, Place, Raw, printable};
use crate::error::IndexError;
use crate::types::{Project, SkipReason, Skipped};

/// Largest entry that is looked into, and largest of the values about the project, in bytes of JSON: what is kept of a page
/// must not be many times its size. Real entries have about 1 kB.
const MAX_ENTRY: usize = 64 * 1024;
const MAX_VALUE: usize = 1024 * 1024;

/// The page, with its parts unread.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Page<'a> {
    #[serde(borrow, default)]
    meta: Meta<'a>,
    #[serde(borrow)]
    files: Files<'a>,
    #[serde(borrow)]
    versions: Option<&'a RawValue>,
    #[serde(borrow)]
    alternate_locations: Option<&'a RawValue>,
    #[serde(borrow)]
    project_status: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Meta<'a> {
    api_version: Option<String>,
    #[serde(borrow)]
    tracks: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Status {
    status: Option<String>,
    reason: Option<String>,
}

/// A value for reports: one that is too large or of another type counts as absent.
fn lenient<T: DeserializeOwned + Default>(raw: Option<&RawValue>) -> T {
    let raw = raw.map(RawValue::get).filter(|raw| raw.len() <= MAX_VALUE);
    raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
}

/// The entries, each unread; of more than [`MAX_FILES`] one more than that.
struct Files<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Files<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of files")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() <= MAX_FILES {
                    match list.next_element()? {
                        Some(entry) => entries.push(entry),
                        None => return Ok(entries),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(entries)
            }
        }

        deserializer.deserialize_seq(Entries).map(Files)
    }
}

#[derive(Deserialize)]
struct Named {
    filename: String,
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
    // An array would do for a structure as well.
    let object = Some(body).filter(|body| body.trim_ascii_start().first() != Some(&b'['));
    let page: Page = serde_json::from_slice(object.unwrap_or_default()).map_err(|error| IndexError::NotAnIndex {
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
    let status: Status = lenient(page.project_status);
    let about = RawAbout {
        status: status.status,
        reason: status.reason,
        versions: lenient(page.versions),
        tracks: lenient(page.meta.tracks),
        alternate_locations: lenient(page.alternate_locations),
    };
    if page.files.0.len() > MAX_FILES {
        return Err(place.too_many());
    }
    let mut project = place.empty();
    project.about = about.read();
    for entry in page.files.0 {
        let entry = Some(entry.get()).filter(|entry| entry.len() <= MAX_ENTRY && entry.starts_with('{'));
        if let Some(file) = entry.and_then(|entry| serde_json::from_str::<File>(entry).ok()) {
            place.add(file.into_raw(), &mut project)?;
            continue;
        }
        let named = entry.and_then(|entry| serde_json::from_str::<Named>(entry).ok());
        project.skipped.push(Skipped {
            filename: named.map(|named| printable(&named.filename)).unwrap_or_default(),
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
