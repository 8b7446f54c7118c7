//! Simple pages in JSON (PEP 691, 700, 708, 714, 740, 792).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
struct File<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow, default)]
    hashes: Hashes<'a>,
    #[serde(borrow)]
    requires_python: Option<Text<'a>>,
    #[serde(borrow)]
    yanked: Option<&'a RawValue>,
    #[serde(borrow)]
    core_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    dist_info_metadata: Option<&'a RawValue>,
    /// The spelling of some indexes for the field above.
    #[serde(borrow)]
    data_dist_info_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    provenance: Option<Text<'a>>,
    size: Option<u64>,
    #[serde(borrow)]
    upload_time: Option<Text<'a>>,
}

/// A text, in the page itself where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Of all hashes the sha256.
#[derive(Default)]
struct Hashes<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Hashes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;

        impl<'de> Visitor<'de> for Named {
            type Value = Option<Cow<'de, str>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("hashes by their algorithm")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut sha256 = None;
                while let Some((Text(algorithm), Text(digest))) = map.next_entry()? {
                    if algorithm.eq_ignore_ascii_case("sha256") {
                        sha256 = Some(digest);
                    }
                }
                Ok(sha256)
            }
        }

        deserializer.deserialize_map(Named).map(Hashes)
    }
}

/// `yanked`: `false`, `true`, or a reason.
fn yanked(raw: &RawValue) -> serde_json::Result<Option<Cow<'_, str>>> {
    match raw.get() {
        "false" => Ok(None),
        "true" => Ok(Some(Cow::Borrowed(""))),
        text => serde_json::from_str(text).map(|Text(reason)| Some(reason)),
    }
}

/// What is said about metadata: `false`, `true`, or its hashes; nothing if it is of another type.
fn announced(raw: &RawValue) -> Option<Announced<'_>> {
    match raw.get() {
        "false" => Some(Announced::No),
        "true" => Some(Announced::Yes),
        text => serde_json::from_str(text)
            .ok()
            .map(|Hashes(sha256)| sha256.map_or(Announced::Yes, Announced::WithSha256)),
    }
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
        let file = entry.and_then(|entry| serde_json::from_str::<File<'_>>(entry).ok());
        if let Some(raw) = file.and_then(File::into_raw) {
            place.add(&raw, &mut project)?;
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

impl<'a> File<'a> {
    /// Nothing if one of its values is of the wrong type.
    fn into_raw(self) -> Option<Raw<'a>> {
        let metadata = self
            .core_metadata
            .or(self.dist_info_metadata)
            .or(self.data_dist_info_metadata);
        let text = |Text(text): Text<'a>| text;
        Some(Raw {
            filename: self.filename.0,
            url: self.url.0,
            sha256: self.hashes.0,
            requires_python: self.requires_python.map(text),
            yanked: self.yanked.map(yanked).transpose().ok()?.flatten(),
            metadata: metadata.map_or(Some(Announced::No), announced)?,
            provenance: self.provenance.map(text),
            size: self.size,
            upload_time: self.upload_time.map(text),
        })
    }
}
