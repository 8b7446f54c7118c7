//! Files: URL or path, size, time, hashes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use slsa_pip_distribution::{PackageName, Sha256Digest, Version, WheelFilename};
use toml::de::DeValue;
use url::Url;

use super::table::{Span, Table};
use crate::error::Collector;
use crate::model::{File, Place};

/// Most algorithms of one file; there are about fifteen.
const MAX_HASHES: usize = 64;
/// The longest digest of an algorithm that is known has 128 digits.
const MAX_DIGITS: usize = 512;

/// A wheel, whose name must be that of the entry's project and version.
pub(super) fn wheel(
    table: &Table<'_>,
    name: &PackageName,
    version: Option<&Version>,
    errors: &mut Collector<'_>,
) -> Option<(WheelFilename, File)> {
    let file = read(table, errors)?;
    let parsed: WheelFilename = match file.name.parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            let error: slsa_pip_distribution::filename::InvalidFilename = error;
            errors.push("invalid-file", &table.span, error.to_string());
            return None;
        }
    };
    if parsed.name != *name || version.is_some_and(|version| parsed.version != *version) {
        let version = version.map_or_else(String::new, |version| format!(" {version}"));
        let message = format!(
            "`{}` is no wheel of `{name}`{version}, under which it stands",
            file.name
        );
        errors.push("foreign-file", &table.span, message);
        return None;
    }
    Some((parsed, file))
}

/// Any file.
pub(super) fn read(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<File> {
    let place = place(table, errors);
    let hashes = hashes(table, errors);
    let size = table.integer("size", errors);
    let upload_time = upload_time(table, errors);
    let place = place?;
    let named = table.text("name", errors).map(|(_, text)| text.to_owned());
    let name = named.or_else(|| last_component(&place));
    let Some(name) = name.filter(|name| !name.contains(['/', '\\']) && name != "." && name != "..") else {
        errors.push(
            "invalid-file",
            &table.span,
            format!("{} has no usable file name", table.title),
        );
        return None;
    };
    let (sha256, other_hashes) = hashes?;
    Some(File {
        name,
        place,
        size,
        upload_time,
        sha256,
        other_hashes,
    })
}

/// The path, or else the URL.
fn place(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<Place> {
    if let Some((span, text)) = table.text("path", errors) {
        return path(table, &span, text, errors);
    }
    if table.has("path") {
        return None;
    }
    let Some((span, text)) = table.text("url", errors) else {
        if !table.has("url") {
            errors.push(
                "missing-key",
                &table.span,
                format!("{} has neither `url` nor `path`", table.title),
            );
        }
        return None;
    };
    web_url(&table.title, "url", &span, text, errors).map(Place::Url)
}

/// A path below the lock file's folder. The standard allows any; but whoever writes the file would choose what of the machine is
/// read.
fn path(table: &Table<'_>, span: &Span, text: &str, errors: &mut Collector<'_>) -> Option<Place> {
    let text = text.replace('\\', "/");
    let absolute = text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') || text.contains("://");
    if absolute || text.split('/').any(|part| part == "..") || text.ends_with('/') {
        errors.push_help(
            "path-outside",
            span,
            format!(
                "`path` of {} must name a file below the folder of the lock file",
                table.title
            ),
            "put the wheels beside the lock file, and write `./FILE.whl`",
        );
        return None;
    }
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.is_empty() {
        errors.push(
            "invalid-value",
            span,
            format!("`path` of {} names no file", table.title),
        );
        return None;
    }
    Some(Place::Path(parts.join("/")))
}

/// An http or https URL without credentials; a fragment is dropped, since hashes stand elsewhere.
pub(super) fn web_url(title: &str, key: &str, span: &Span, text: &str, errors: &mut Collector<'_>) -> Option<Url> {
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            errors.push("invalid-url", span, format!("`{key}` of {title} is no URL: {error}"));
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        refuse_login(title, key, span, errors);
        return None;
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        errors.push_help(
            "invalid-url",
            span,
            format!("`{key}` of {title} must be an http or https URL"),
            "a file of this machine is named by `path`, relative to the lock file",
        );
        return None;
    }
    url.set_fragment(None);
    Some(url)
}

/// A lock file is committed and passed on: it is no place for a password.
pub(super) fn refuse_login(title: &str, key: &str, span: &Span, errors: &mut Collector<'_>) {
    errors.push_hidden(
        "url-with-login",
        span,
        format!("`{key}` of {title} holds a login"),
        "take it out; netrc and keyring are asked for logins, as by pip",
    );
}

fn last_component(place: &Place) -> Option<String> {
    match place {
        Place::Path(path) => path.rsplit('/').next().map(str::to_owned),
        Place::Url(url) => {
            let last = url.path_segments()?.next_back()?;
            decoded(last)
        }
    }
    .filter(|name| !name.is_empty())
}

/// Undoes percent-encoding; `None` if the result is not text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
}

fn upload_time(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<Timestamp> {
    let (span, value) = table.get("upload-time")?;
    let parsed = match value {
        DeValue::Datetime(time) => {
            let text = time.to_string();
            // It must be UTC, so one without an offset is.
            let zoned = if time.offset.is_some() {
                text
            } else {
                format!("{text}Z")
            };
            zoned.parse().ok()
        }
        _ => None,
    };
    if parsed.is_none() {
        errors.push(
            "wrong-type",
            &span,
            format!("`upload-time` of {} must be a date with a time", table.title),
        );
    }
    parsed
}

type Hashes = (Option<Sha256Digest>, BTreeMap<String, String>);

fn hashes(table: &Table<'_>, errors: &mut Collector<'_>) -> Option<Hashes> {
    if !table.has("hashes") {
        errors.push("missing-hash", &table.span, format!("{} has no `hashes`", table.title));
        return None;
    }
    let hashes = table.table("hashes", errors)?;
    let mut others = BTreeMap::new();
    let mut sha256 = None;
    let mut sound = true;
    for (key, span) in hashes.keys().take(MAX_HASHES) {
        let Some((_, digits)) = hashes.text(key, errors) else {
            sound = false;
            continue;
        };
        let well_formed = digits.len() <= MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if key.eq_ignore_ascii_case("sha256") {
            match digits.parse::<Sha256Digest>() {
                Ok(digest) if sha256.is_none_or(|before| before == digest) => sha256 = Some(digest),
                Ok(_) => {
                    errors.push("invalid-hash", &span, format!("{} names two sha256", hashes.title));
                    sound = false;
                }
                Err(error) => {
                    errors.push("invalid-hash", &span, format!("sha256 of {}: {error}", hashes.title));
                    sound = false;
                }
            }
        } else if well_formed && key.len() <= MAX_HASHES {
            others.insert(key.to_ascii_lowercase(), digits.to_ascii_lowercase());
        } else {
            errors.push(
                "invalid-hash",
                &span,
                format!("a hash of {} is not hexadecimal", hashes.title),
            );
            sound = false;
        }
    }
    if hashes.keys().next().is_none() {
        errors.push("missing-hash", &hashes.span, format!("{} is empty", hashes.title));
        return None;
    }
    sound.then_some((sha256, others))
}
