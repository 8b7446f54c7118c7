//! `[packages.NAME]`: what is pinned for one package.

use slsa_pip_distribution::SourceRepository;
use slsa_pip_distribution::repository::InvalidRepository;
use toml::de::DeValue;
use url::Url;

use super::table::{Span, Table};
use super::values;
use crate::errors::{Collector, PolicyCode};
use crate::policy::{Pin, VERSION_PLACEHOLDER};

const KEYS: [&str; 14] = [
    "index",
    "repository",
    "repository-id",
    "owner-id",
    "ref",
    "tag",
    "workflow",
    "builder",
    "trigger",
    "environment",
    "runner-environment",
    "evidence",
    "minimum-level",
    "minimum-age",
];

/// Where GitHub looks for workflows.
const WORKFLOW_FOLDER: &str = ".github/workflows/";

/// Longest decimal number of a 64-bit id.
const MAX_ID_DIGITS: usize = 20;

pub(super) fn read(mut table: Table<'_>, errors: &mut Collector<'_>) -> Pin {
    table.refuse_unknown(&KEYS, errors);
    if table.is_empty() {
        errors.push(
            PolicyCode::EmptyTable,
            &table.span,
            format!("{} is empty", table.title),
            Some("write `repository = \"github.com/OWNER/NAME\"`, or remove the table".to_owned()),
        );
    }
    let pin = Pin {
        index: index(&mut table, errors),
        repositories: repositories(&mut table, errors),
        repository_id: id(&mut table, "repository-id", errors),
        owner_id: id(&mut table, "owner-id", errors),
        reference: reference(&mut table, errors),
        workflow: workflow(&mut table, errors),
        builder: values::text(&mut table, "builder", errors)
            .and_then(|(span, text)| values::builder(&span, text, errors)),
        trigger: trigger(&mut table, errors),
        environment: values::text(&mut table, "environment", errors).map(|(_, text)| text.to_owned()),
        runner_environment: values::runner_environment(&mut table, errors),
        kinds: values::evidence(&mut table, errors),
        minimum_level: values::level(&mut table, errors),
        minimum_age: values::age(&mut table, errors),
    };
    if table.take("repository").is_none() {
        for key in ["repository-id", "owner-id"] {
            if let Some(span) = table.key_span(key) {
                errors.push(
                    PolicyCode::IdWithoutRepository,
                    &span,
                    format!("{} has `{key}` but no `repository`", table.title),
                    Some("an id means something only on the host that assigned it; name the repository too".to_owned()),
                );
            }
        }
    }
    pin
}

/// `index`: the base URL of the one index that the package is taken from, as in `--index-url`, but without a login: a policy
/// file is shared, and no place for secrets.
fn index(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<Url> {
    let (span, text) = values::text(table, "index", errors)?;
    index_url(&span, "index", text, errors)
}

/// `indexes`: the only ones that may be asked.
pub(super) fn indexes(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Vec<Url> {
    let written = values::strings(table, "indexes", errors).unwrap_or_default();
    let read = written.into_iter();
    read.filter_map(|(span, text)| index_url(&span, "indexes", text, errors))
        .collect()
}

fn index_url(span: &Span, key: &str, text: &str, errors: &mut Collector<'_>) -> Option<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let problem = match &url {
        None => Some("is no http or https URL"),
        Some(url) if !url.username().is_empty() || url.password().is_some() => Some("holds a login"),
        Some(url) if url.query().is_some() || url.fragment().is_some() => Some("has a query or a fragment"),
        Some(_) => None,
    };
    let Some(problem) = problem else { return url };
    errors.push_hidden(
        PolicyCode::InvalidIndex,
        span,
        format!("`{key}` {problem}"),
        Some("write it as the index is configured, without a login: \"https://index.example/simple/\"".to_owned()),
    );
    None
}

/// `repository`: one, or a list of which any is accepted.
fn repositories(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Vec<SourceRepository> {
    let written = match table.take("repository") {
        None => return Vec::new(),
        Some((_, DeValue::Array(_))) => values::strings(table, "repository", errors).unwrap_or_default(),
        Some((_, DeValue::String(_))) => values::text(table, "repository", errors).into_iter().collect(),
        Some((span, other)) => {
            values::wrong_type(&span, "repository", "a string or a list of strings", other, errors);
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (span, text) in written {
        match text.parse::<SourceRepository>() {
            Ok(repository) if read.contains(&repository) => errors.push(
                PolicyCode::DuplicateValue,
                &span,
                format!("`repository` names {repository} twice"),
                None,
            ),
            Ok(repository) => read.push(repository),
            Err(error) => {
                let error: InvalidRepository = error;
                let help = Some("write `github.com/OWNER/NAME`".to_owned());
                errors.push(PolicyCode::InvalidRepository, &span, error.to_string(), help);
            }
        }
    }
    read
}

/// A numeric id, as an integer or as a string of digits (certificates hold it as text).
fn id(table: &mut Table<'_>, key: &str, errors: &mut Collector<'_>) -> Option<String> {
    let (span, value) = table.take(key)?;
    let digits = match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::String(text) => text.as_ref(),
        other => {
            values::wrong_type(&span, key, "a decimal number", other, errors);
            return None;
        }
    };
    let decimal = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if digits.is_empty() || digits.len() > MAX_ID_DIGITS || !decimal {
        errors.push(
            PolicyCode::InvalidId,
            &span,
            format!("`{key}` is no numeric id"),
            Some("the API's answer for a repository has it as `id`, and its owner's as `owner.id`".to_owned()),
        );
        return None;
    }
    Some(digits.to_owned())
}

/// `ref`, or its short form `tag`, as a template of the full ref.
fn reference(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<String> {
    if let (Some(_), Some(span)) = (table.key_span("ref"), table.key_span("tag")) {
        errors.push(
            PolicyCode::ConflictingKeys,
            &span,
            format!("{} has both `ref` and `tag`", table.title),
            Some("`tag = \"X\"` is short for `ref = \"refs/tags/X\"`; keep one of them".to_owned()),
        );
        return None;
    }
    if let Some((span, template)) = values::text(table, "ref", errors) {
        let full = ["refs/tags/", "refs/heads/"]
            .iter()
            .any(|prefix| template.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()));
        if !full {
            errors.push(
                PolicyCode::InvalidRef,
                &span,
                "`ref` is no full ref",
                Some(format!(
                    "write \"refs/tags/{VERSION_PLACEHOLDER}\" or \"refs/heads/main\""
                )),
            );
            return None;
        }
        return template_is_sound(&span, "ref", template, errors).then(|| template.to_owned());
    }
    let (span, template) = values::text(table, "tag", errors)?;
    if template.starts_with("refs/") {
        errors.push(
            PolicyCode::InvalidRef,
            &span,
            "`tag` is a full ref",
            Some("a full ref is written with the key `ref`".to_owned()),
        );
        return None;
    }
    template_is_sound(&span, "tag", template, errors).then(|| format!("refs/tags/{template}"))
}

/// Only `{version}` may stand in braces, and the rest must be possible in a ref (git-check-ref-format).
fn template_is_sound(span: &Span, key: &str, template: &str, errors: &mut Collector<'_>) -> bool {
    let rest = template.replace(VERSION_PLACEHOLDER, "1");
    if rest.contains(['{', '}']) {
        errors.push(
            PolicyCode::InvalidRef,
            span,
            format!("`{key}` holds a placeholder that is not known"),
            Some(format!("`{VERSION_PLACEHOLDER}` is the only one")),
        );
        return false;
    }
    let impossible = rest.contains([' ', '~', '^', ':', '?', '*', '[', '\\'])
        || ["..", "//", "@{"].iter().any(|part| rest.contains(part))
        || rest.ends_with(['/', '.'])
        || rest.starts_with('/');
    if impossible {
        errors.push(
            PolicyCode::InvalidRef,
            span,
            format!("`{key}` is a ref that git does not allow"),
            Some("patterns are not supported; only `{version}` is replaced".to_owned()),
        );
    }
    !impossible
}

/// `workflow`: a file name, or its path below `.github/workflows/`.
fn workflow(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<String> {
    let (span, path) = values::text(table, "workflow", errors)?;
    let file = path.strip_prefix(WORKFLOW_FOLDER).unwrap_or(path);
    let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"));
    if stem.is_some_and(|stem| !stem.is_empty() && !stem.contains(['/', '\\', '@', ' '])) {
        return Some(path.to_owned());
    }
    errors.push(
        PolicyCode::InvalidWorkflow,
        &span,
        format!("`workflow` is no workflow file: \"{path}\""),
        Some(format!(
            "write \"release.yml\" or \"{WORKFLOW_FOLDER}release.yml\", without a ref"
        )),
    );
    None
}

/// `trigger`: an event's name. New events appear, so only its shape is checked.
fn trigger(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<String> {
    let (span, event) = values::text(table, "trigger", errors)?;
    if event.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Some(event.to_owned());
    }
    errors.push(
        PolicyCode::UnknownValue,
        &span,
        format!("`trigger` is no event's name: \"{event}\""),
        Some("write it as GitHub does, such as \"push\", \"release\" or \"workflow_dispatch\"".to_owned()),
    );
    None
}
