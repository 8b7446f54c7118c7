//! `[[imports]]`: other policy files, each named by its digest.

use slsa_pip_distribution::Sha256Digest;
use toml::de::DeValue;
use url::Url;

use super::table::{Span, Table};
use super::values;
use crate::document::{Import, MAX_IMPORTS, Target};
use crate::errors::{Collector, PolicyCode};
use crate::keys::TableKind;

pub(super) fn read(root: &mut Table<'_>, header: &str, errors: &mut Collector<'_>) -> Vec<Import> {
    let Some((span, value)) = root.take("imports") else {
        return Vec::new();
    };
    let DeValue::Array(items) = value else {
        values::wrong_type(&span, "imports", "a list of tables", value, errors);
        return Vec::new();
    };
    if items.len() > MAX_IMPORTS {
        errors.push(
            PolicyCode::TooManyImports,
            &span,
            format!("{} files are imported; at most {MAX_IMPORTS} are read", items.len()),
            None,
        );
        return Vec::new();
    }
    let mut read: Vec<Import> = Vec::new();
    for item in items {
        let DeValue::Table(table) = item.get_ref() else {
            values::wrong_type(&item.span(), "imports", "a list of tables", item.get_ref(), errors);
            continue;
        };
        let mut table = Table::new(table, TableKind::Import, &format!("[{header}]"), &item.span());
        let Some(import) = one(&mut table, errors) else {
            continue;
        };
        if read.iter().any(|earlier| earlier.sha256 == import.sha256) {
            errors.push(
                PolicyCode::DuplicateValue,
                &import.span,
                "`imports` names this file twice",
                None,
            );
            continue;
        }
        read.push(import);
    }
    read
}

fn one(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<Import> {
    table.refuse_unknown(errors);
    let place = match (table.key_span("path"), table.key_span("url")) {
        (Some(_), Some(at)) => {
            let message = format!("{} has both `path` and `url`", table.title());
            errors.push(
                PolicyCode::ConflictingKeys,
                &at,
                message,
                Some("keep one of them".to_owned()),
            );
            None
        }
        (None, None) => {
            table.missing("path", "name the file: `path = \"…\"` or `url = \"https://…\"`", errors);
            None
        }
        (Some(_), None) => values::text(table, "path", errors).map(|(_, text)| Target::Path(text.to_owned())),
        (None, Some(_)) => url(table, errors).map(Target::Url),
    };
    if table.take("sha256").is_none() {
        table.missing(
            "sha256",
            "name its digest, as `sha256sum FILE` shows it: `sha256 = \"…\"`",
            errors,
        );
    }
    let sha256 = values::text(table, "sha256", errors).and_then(|(span, text)| {
        let digest = text.parse::<Sha256Digest>();
        digest
            .map_err(|error| errors.push(PolicyCode::InvalidDigest, &span, error.to_string(), None))
            .ok()
            .map(|digest| (span, digest))
    });
    let (span, sha256) = sha256?;
    Some(Import {
        target: place?,
        sha256,
        span,
    })
}

/// The digest says which bytes count; https keeps others from learning which policy holds.
fn url(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<Url> {
    let (span, text): (Span, &str) = values::text(table, "url", errors)?;
    let url = Url::parse(text).ok();
    let local = |url: &Url| {
        let loopback = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        url.scheme() == "http" && loopback
    };
    let problem = match &url {
        None => Some("`url` is no URL"),
        Some(url) if url.scheme() != "https" && !local(url) => Some("`url` is no https URL"),
        Some(url) if !url.username().is_empty() || url.password().is_some() => Some("`url` holds a login"),
        Some(_) => None,
    };
    let Some(problem) = problem else { return url };
    let help = "write it without a login: \"https://policy.example/slsa-pip.toml\"";
    errors.push_hidden(PolicyCode::InvalidImport, &span, problem, Some(help.to_owned()));
    None
}
