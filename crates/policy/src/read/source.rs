//! `repository`, `owner`, `google` and `circleci`: who may stand behind a package.

use std::fmt::Display;

use slsa_pip_distribution::SourceRepository;
use toml::de::DeValue;

use super::table::{Span, Table};
use super::values;
use crate::account::Account;
use crate::errors::{Collector, PolicyCode};
use crate::setting::Source;

/// All four, and where the first of them is written.
pub(super) fn read(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, Source)> {
    let keys = ["repository", "owner", "google", "circleci"];
    let at = keys.iter().filter_map(|key| table.take(key)).map(|(span, _)| span);
    let at = at.min_by_key(|span| span.start)?;
    let repositories = several(table, "repository", errors, |text| {
        text.parse::<SourceRepository>().map_err(|error| {
            (
                PolicyCode::InvalidRepository,
                error.to_string(),
                "write `github.com/OWNER/NAME`",
            )
        })
    });
    let owners = several(table, "owner", errors, |text| {
        let help = "write `github.com/OWNER`, without the name of a repository";
        text.parse::<crate::owner::Owner>()
            .map_err(|error| (PolicyCode::InvalidOwner, error.to_string(), help))
    });
    let mut accounts = several(table, "google", errors, |text| {
        let help = "write its e-mail address, as the certificate has it";
        google(text).map_err(|problem| (PolicyCode::InvalidAccount, problem, help))
    });
    accounts.extend(several(table, "circleci", errors, |text| {
        let help = "write `PROJECT-ID/PIPELINE-DEFINITION-ID`, both as CircleCI shows them";
        circleci(text).map_err(|problem| (PolicyCode::InvalidAccount, problem, help))
    }));
    let source = Source {
        repositories,
        owners,
        accounts,
    };
    // Where nothing could be read, there are mistakes, and no policy.
    (!source.is_empty()).then_some((at, source))
}

/// One string or a list of them, without anything twice.
fn several<T: PartialEq + Display>(
    table: &mut Table<'_>,
    key: &str,
    errors: &mut Collector<'_>,
    parse: impl Fn(&str) -> Result<T, (PolicyCode, String, &'static str)>,
) -> Vec<T> {
    let written = match table.take(key) {
        None => return Vec::new(),
        Some((_, DeValue::Array(_))) => values::strings(table, key, errors).unwrap_or_default(),
        Some((_, DeValue::String(_))) => values::text(table, key, errors).into_iter().collect(),
        Some((span, other)) => {
            values::wrong_type(&span, key, "a string or a list of strings", other, errors);
            return Vec::new();
        }
    };
    let mut read: Vec<T> = Vec::new();
    for (span, text) in written {
        match parse(text) {
            Ok(value) if read.contains(&value) => {
                let message = format!("`{key}` names {value} twice");
                errors.push(PolicyCode::DuplicateValue, &span, message, None);
            }
            Ok(value) => read.push(value),
            Err((code, message, help)) => errors.push(code, &span, message, Some(help.to_owned())),
        }
    }
    read
}

/// A Google account, by its e-mail address.
fn google(given: &str) -> Result<Account, String> {
    let allowed = |c: char| c.is_ascii_graphic() && !"<>()[]\\,;:\"".contains(c);
    let sound = given.split_once('@').is_some_and(|(name, host)| {
        let dotted = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
        !name.is_empty() && dotted && !host.contains('@')
    });
    if !sound || !given.chars().all(allowed) {
        return Err(format!("`{given}` is no e-mail address"));
    }
    Ok(Account::Google {
        email: given.to_owned(),
    })
}

/// A pipeline definition of `CircleCI`: `PROJECT-ID/PIPELINE-DEFINITION-ID`, or its URL in full as certificates have it.
fn circleci(given: &str) -> Result<Account, String> {
    let ids = match given.strip_prefix("https://circleci.com/api/v2/projects/") {
        Some(rest) => rest.split_once("/pipeline-definitions/"),
        None => given.split_once('/'),
    };
    match ids {
        Some((project, definition)) if is_uuid(project) && is_uuid(definition) => Ok(Account::CircleCi {
            project_id: project.to_owned(),
            pipeline_definition_id: definition.to_owned(),
        }),
        _ => Err(format!("`{given}` is no pipeline definition of CircleCI")),
    }
}

/// `8-4-4-4-12` digits in lower case, as `CircleCI` writes its ids.
fn is_uuid(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_written_as_certificates_have_them() {
        let project = "00000000-1111-2222-3333-444444444444";
        let definition = "55555555-6666-7777-8888-999999999999";
        let url = format!("https://circleci.com/api/v2/projects/{project}/pipeline-definitions/{definition}");
        let short = circleci(&format!("{project}/{definition}")).unwrap();
        assert_eq!(short.subject(), url);
        assert_eq!(circleci(&url).unwrap(), short);
        let elsewhere = format!("https://evil.example/{project}/{definition}");
        for bad in [
            "",
            "x/y",
            project,
            &format!("{project}/{definition}/x"),
            &format!("{url}/"),
            &elsewhere,
        ] {
            assert!(circleci(bad).is_err(), "{bad}");
        }
        let robot = "ci@acme.iam.gserviceaccount.com";
        assert_eq!(google(robot).unwrap().subject(), robot);
        for bad in [
            "",
            "a",
            "a@b",
            "@b.c",
            "a@b@c.d",
            "a b@c.d",
            "a@.c",
            "A <a@b.c>",
            "\u{e4}@b.c",
        ] {
            assert!(google(bad).is_err(), "{bad}");
        }
    }
}
