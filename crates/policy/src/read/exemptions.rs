//! `[exemptions.NAME]`: files that need no provenance.

use std::collections::BTreeSet;

use jiff::civil::Date;
use slsa_pip_distribution::{PackageName, Sha256Digest, VersionSpecifiers};
use toml::de::DeValue;

use super::table::Table;
use super::values;
use crate::errors::{Collector, PolicyCode};
use crate::exemption::Exemption;
use crate::sheet::Exempt;

pub(super) fn read(
    name: &PackageName,
    mut table: Table<'_>,
    label: &str,
    errors: &mut Collector<'_>,
) -> Option<Exempt> {
    table.refuse_unknown(errors);
    for (key, help) in [
        (
            "versions",
            "name the versions it is for, such as `versions = \"==0.6\"`",
        ),
        ("sha256", "name the files it is for, by digest: `sha256 = [\"…\"]`"),
        ("reason", "say why no provenance is asked for: `reason = \"…\"`"),
    ] {
        if table.take(key).is_none() {
            table.missing(key, help, errors);
        }
    }
    // All four are read before any may be missing, so that every mistake is noted.
    let versions = versions(&mut table, errors);
    let sha256 = digests(&mut table, errors);
    let reason = values::text(&mut table, "reason", errors).map(|(_, text)| text.to_owned());
    let expires = expires(&mut table, errors);
    let place = table.place();
    let exemption = Exemption {
        package: name.clone(),
        versions: versions?,
        sha256: sha256?,
        reason: reason?,
        expires: expires.ok()?,
        written_at: format!("{label}: {}", table.title()),
    };
    Some(Exempt { exemption, place })
}

fn versions(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<VersionSpecifiers> {
    let (span, text) = values::text(table, "versions", errors)?;
    match text.parse::<VersionSpecifiers>() {
        Ok(versions) if !versions.is_empty() => return Some(versions),
        _ => {}
    }
    errors.push(
        PolicyCode::InvalidVersions,
        &span,
        format!("`versions` is not a list of version specifiers (PEP 440): \"{text}\""),
        Some("write \"==0.6\" for one version, or \">=0.6,<0.8\"".to_owned()),
    );
    None
}

fn digests(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<Vec<Sha256Digest>> {
    let written = values::strings(table, "sha256", errors)?;
    let mut digests: Vec<Sha256Digest> = Vec::new();
    let mut seen = BTreeSet::new();
    for (span, text) in written {
        match text.parse() {
            Ok(digest) if !seen.insert(digest) => {
                errors.push(PolicyCode::DuplicateValue, &span, "`sha256` names this twice", None);
            }
            Ok(digest) => digests.push(digest),
            Err(error) => {
                let error: slsa_pip_distribution::digest::InvalidDigest = error;
                let help = text
                    .starts_with("sha256:")
                    .then(|| "leave out the `sha256:` in front".to_owned());
                errors.push(PolicyCode::InvalidDigest, &span, error.to_string(), help);
            }
        }
    }
    (!digests.is_empty()).then_some(digests)
}

/// `Ok(None)` if there is no end, `Err` if it cannot be read: then the exemption must not seem endless.
fn expires(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Result<Option<Date>, ()> {
    let Some((span, value)) = table.take("expires") else {
        return Ok(None);
    };
    let date = match value {
        DeValue::Datetime(written) if written.time.is_none() && written.offset.is_none() => {
            written.date.and_then(|date| {
                let year = i16::try_from(date.year).ok()?;
                let month = i8::try_from(date.month).ok()?;
                let day = i8::try_from(date.day).ok()?;
                Date::new(year, month, day).ok()
            })
        }
        _ => None,
    };
    if date.is_none() {
        errors.push(
            PolicyCode::InvalidDate,
            &span,
            "`expires` must be a date",
            Some("write it without quotes and without a time, such as `expires = 2027-06-30`".to_owned()),
        );
        return Err(());
    }
    Ok(date)
}
