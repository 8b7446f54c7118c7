//! `[packages.NAME]`: what is pinned for one package.

use slsa_pip_distribution::repository::GITHUB;
use toml::de::DeValue;
use url::Url;

use super::table::{Span, Table};
use super::values;
use crate::errors::{Collector, PolicyCode};
use crate::policy::VERSION_PLACEHOLDER;
use crate::setting::{Key, Source, Value};
use crate::sheet::Entry;

/// Where GitHub looks for workflows.
const WORKFLOW_FOLDER: &str = ".github/workflows/";

/// Longest decimal number of a 64-bit id.
const MAX_ID_DIGITS: usize = 20;

pub(super) fn read(mut table: Table<'_>, errors: &mut Collector<'_>) -> Entry {
    table.refuse_unknown(errors);
    if table.is_empty() {
        errors.push(
            PolicyCode::EmptyTable,
            &table.span,
            format!("{} is empty", table.title()),
            Some("write `repository = \"github.com/OWNER/NAME\"`, or remove the table".to_owned()),
        );
    }
    let mut entry = super::defaults::shared(&mut table, errors);
    let source = super::source::read(&mut table, errors);
    let hosts: Vec<String> = source.iter().flat_map(|(_, source)| hosts(source)).collect();
    let text = |read: Option<(Span, String)>| read.map(|(span, text)| (span, Value::Text(text)));
    let settings = [
        (
            Key::Source,
            source.map(|(span, source)| (span, Value::Source(Box::new(source)))),
        ),
        (Key::RepositoryId, text(id(&mut table, "repository-id", errors))),
        (Key::OwnerId, text(id(&mut table, "owner-id", errors))),
        (Key::Reference, text(reference(&mut table, errors))),
        (Key::Workflow, text(workflow(&mut table, &hosts, errors))),
        (Key::Builder, builder(&mut table, errors)),
        (Key::Trigger, text(trigger(&mut table, errors))),
        (
            Key::Environment,
            text(values::text(&mut table, "environment", errors).map(|(span, text)| (span, text.to_owned()))),
        ),
        (
            Key::Index,
            index(&mut table, errors).map(|(span, url)| (span, Value::Url(url))),
        ),
    ];
    for (key, value) in settings {
        if let Some((span, value)) = value {
            entry.settings.insert(key, table.setting(span, value));
        }
    }
    for (key, needs) in [("repository-id", "repository"), ("owner-id", "owner")] {
        let named = table.take("repository").is_some() || table.take(needs).is_some();
        if let Some(span) = table.key_span(key).filter(|_| !named) {
            errors.push(
                PolicyCode::IdWithoutRepository,
                &span,
                format!("{} has `{key}` but no `repository`", table.title()),
                Some("an id means something only on the host that assigned it; name the repository too".to_owned()),
            );
        }
    }
    entry
}

fn hosts(source: &Source) -> Vec<String> {
    let repositories = source
        .repositories
        .iter()
        .map(|repository| repository.host().to_owned());
    let owners = source.owners.iter().map(|owner| owner.host().to_owned());
    repositories.chain(owners).collect()
}

/// `builder`: the one that must have built it.
fn builder(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, Value)> {
    let (span, text) = values::text(table, "builder", errors)?;
    if text.contains("@>=") {
        let message = "`builder` names one release or none";
        let help = "least releases are demanded in [defaults]: `builders = [\"…@>=v1.2.0\"]`";
        errors.push(PolicyCode::InvalidBuilder, &span, message, Some(help.to_owned()));
        return None;
    }
    values::builder(&span, text, errors).map(|builder| (span, Value::Builder(builder)))
}

/// `index`: the base URL of the one index that the package is taken from, as in `--index-url`, but without a login: a policy
/// file is shared, and no place for secrets.
fn index(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, Url)> {
    let (span, text) = values::text(table, "index", errors)?;
    index_url(&span, "index", text, errors).map(|url| (span, url))
}

/// `indexes`: the only ones that may be asked.
pub(super) fn indexes(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, Vec<Url>)> {
    let (at, _) = table.take("indexes")?;
    let written = values::strings(table, "indexes", errors)?.into_iter();
    let read = written.filter_map(|(span, text)| index_url(&span, "indexes", text, errors));
    Some((at, read.collect()))
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

/// A numeric id, as an integer or as a string of digits (certificates hold it as text).
fn id(table: &mut Table<'_>, key: &str, errors: &mut Collector<'_>) -> Option<(Span, String)> {
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
    Some((span, digits.to_owned()))
}

/// `ref`, or its short form `tag`, as a template of the full ref.
fn reference(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, String)> {
    if let (Some(_), Some(span)) = (table.key_span("ref"), table.key_span("tag")) {
        errors.push(
            PolicyCode::ConflictingKeys,
            &span,
            format!("{} has both `ref` and `tag`", table.title()),
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
        return template_is_sound(&span, "ref", template, errors).then(|| (span, template.to_owned()));
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
    template_is_sound(&span, "tag", template, errors).then(|| (span, format!("refs/tags/{template}")))
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

/// `workflow`: on GitHub a file name, or its path below `.github/workflows/`; elsewhere a path within the repository. Which it
/// is, is known only if this table says where the repository is.
fn workflow(table: &mut Table<'_>, hosts: &[String], errors: &mut Collector<'_>) -> Option<(Span, String)> {
    let (span, path) = values::text(table, "workflow", errors)?;
    let file = path.strip_prefix(WORKFLOW_FOLDER).unwrap_or(path);
    let on_github = hosts.iter().any(|host| host == GITHUB);
    let elsewhere = hosts.iter().any(|host| host != GITHUB);
    let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"));
    let plain = |part: &str| !["", ".", ".."].contains(&part) && !part.contains(['\\', '@', ' ']);
    let sound = stem.is_some_and(|stem| !stem.is_empty()) && path.split('/').all(plain);
    // A path that no workflow of GitHub has can be meant for a repository elsewhere.
    let possible = !file.contains('/') || (elsewhere && !on_github) || hosts.is_empty();
    let github_path = hosts.is_empty() && file.contains('/') && path.starts_with(".github/");
    if sound && possible && !github_path {
        return Some((span, path.to_owned()));
    }
    errors.push(
        PolicyCode::InvalidWorkflow,
        &span,
        format!("`workflow` is no workflow file: \"{path}\""),
        Some(if elsewhere && !on_github {
            "write the path of the pipeline file within the repository, such as \".gitlab-ci.yml\", without a ref"
                .to_owned()
        } else {
            format!("write \"release.yml\" or \"{WORKFLOW_FOLDER}release.yml\", without a ref")
        }),
    );
    None
}

/// `trigger`: an event's name. New events appear, so only its shape is checked.
fn trigger(table: &mut Table<'_>, errors: &mut Collector<'_>) -> Option<(Span, String)> {
    let (span, event) = values::text(table, "trigger", errors)?;
    if event.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Some((span, event.to_owned()));
    }
    errors.push(
        PolicyCode::UnknownValue,
        &span,
        format!("`trigger` is no event's name: \"{event}\""),
        Some("write it as GitHub does, such as \"push\", \"release\" or \"workflow_dispatch\"".to_owned()),
    );
    None
}
