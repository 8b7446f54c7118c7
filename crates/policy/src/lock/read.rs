//! From the text of a lock to a [`Lock`], all mistakes at once.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use slsa_pip_distribution::{DistributionFilename, PackageName, SourceRepository};
use toml::de::{DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::{AcceptedBy, Entry, Lock, MAX_LINES, MAX_LOCK_LEN};
use crate::errors::{Collector, PolicyCode, PolicyErrors};
use crate::identity::{EvidenceKind, Identity, Provider};
use crate::suggest::nearest;

/// The only version of the format there is.
const FORMAT_VERSION: &str = "1";
/// Longest value; places are URLs, everything else is shorter.
const MAX_TEXT: usize = 4096;
/// Most digits of a numeric id: those of the largest number of 64 bits.
const MAX_ID_DIGITS: usize = 20;
/// SLSA's build levels, and 0 for publish attestations.
const LEVELS: [&str; 4] = ["0", "1", "2", "3"];

const RESTORE: &str =
    "nobody writes this file by hand: take it back from version control, or remove the package from it";

type Span = Range<usize>;

pub(super) fn lock(text: &str, label: &str) -> Result<Lock, PolicyErrors> {
    let mut errors = Collector::new(text);
    if text.len() > MAX_LOCK_LEN {
        let message = format!("the file has {} bytes; at most {MAX_LOCK_LEN} are read", text.len());
        errors.push(PolicyCode::TooLarge, &(0..0), message, None);
        return Err(errors.into_errors(label));
    }
    let (document, problems) = DeTable::parse_recoverable(text);
    for problem in &problems {
        let span = problem.span().unwrap_or_default();
        let help = problem.message().contains("duplicate").then(|| RESTORE.to_owned());
        errors.push(PolicyCode::Syntax, &span, problem.message(), help);
    }
    if !errors.is_empty() {
        return Err(errors.into_errors(label));
    }
    let packages = read_document(document.get_ref(), &mut errors);
    if !errors.is_empty() {
        return Err(errors.into_errors(label));
    }
    Ok(Lock {
        label: label.to_owned(),
        packages,
    })
}

fn read_document(document: &DeTable<'_>, errors: &mut Collector<'_>) -> BTreeMap<PackageName, Vec<Entry>> {
    let mut fields = Fields::new(document, "the file", &(0..0), errors);
    let version = fields.take("version");
    let tables = fields.take("packages");
    fields.refuse_unknown(&["version", "packages"]);
    match version {
        Some((_, DeValue::Integer(number))) if number.as_str() == FORMAT_VERSION => {}
        Some((span, DeValue::Integer(number))) => errors.push(
            PolicyCode::UnknownVersion,
            &span,
            format!("lock format version {number} is not known"),
            Some(format!("this release reads `version = {FORMAT_VERSION}`")),
        ),
        Some((span, _)) => wrong_type(&span, "version", "an integer", errors),
        None => errors.push(
            PolicyCode::MissingKey,
            &(0..0),
            "the file has no `version`",
            Some(format!("a lock begins with `version = {FORMAT_VERSION}`")),
        ),
    }
    let mut packages = BTreeMap::new();
    match tables {
        None => {}
        Some((_, DeValue::Table(tables))) => {
            let mut tables: Vec<_> = tables.iter().collect();
            tables.sort_by_key(|(name, _)| name.span().start);
            for (written, value) in tables {
                read_package(
                    written.get_ref(),
                    &written.span(),
                    value.get_ref(),
                    &mut packages,
                    errors,
                );
            }
        }
        Some((span, _)) => wrong_type(&span, "packages", "a table", errors),
    }
    packages
}

fn read_package(
    written: &str,
    span: &Span,
    value: &DeValue<'_>,
    packages: &mut BTreeMap<PackageName, Vec<Entry>>,
    errors: &mut Collector<'_>,
) {
    let name: PackageName = match written.parse() {
        Ok(name) => name,
        Err(error) => {
            let error: slsa_pip_distribution::name::InvalidName = error;
            return errors.push(PolicyCode::InvalidName, span, error.to_string(), None);
        }
    };
    if packages.contains_key(&name) {
        let message = format!("`{written}` stands here twice, as `{name}` in another spelling");
        return errors.push(PolicyCode::DuplicateName, span, message, Some(RESTORE.to_owned()));
    }
    let DeValue::Array(items) = value else {
        return wrong_type(span, written, "a list of tables, written `[[packages.NAME]]`", errors);
    };
    if items.len() > MAX_LINES {
        let message = format!(
            "`{name}` has {} release lines; at most {MAX_LINES} are read",
            items.len()
        );
        return errors.push(PolicyCode::TooLarge, span, message, None);
    }
    let mut lines: Vec<Entry> = Vec::new();
    for item in items {
        let DeValue::Table(table) = item.get_ref() else {
            wrong_type(&item.span(), written, "a list of tables", errors);
            continue;
        };
        let title = format!("[[packages.{name}]]");
        let mut fields = Fields::new(table, &title, &item.span(), errors);
        let Some(entry) = read_entry(&mut fields, &name) else {
            continue;
        };
        if lines.iter().any(|line| line.version == entry.version) {
            let message = format!("a second table of `{name}` for version {}", entry.version);
            errors.push(
                PolicyCode::DuplicateValue,
                &item.span(),
                message,
                Some(RESTORE.to_owned()),
            );
            continue;
        }
        lines.push(entry);
    }
    if items.is_empty() {
        errors.push(
            PolicyCode::EmptyTable,
            span,
            format!("`{name}` has no release line"),
            None,
        );
    }
    lines.sort_by(|a, b| a.version.cmp(&b.version));
    packages.insert(name, lines);
}

const KEYS: [&str; 21] = [
    "version",
    "provider",
    "kind",
    "level",
    "repository",
    "repository-id",
    "owner-id",
    "account",
    "workflow",
    "builder",
    "builder-ref",
    "ref",
    "trigger",
    "environment",
    "runner-environment",
    "file",
    "sha256",
    "evidence",
    "found-at",
    "accepted",
    "by",
];

/// Every key is read before any may be missing, so that every mistake is noted.
fn read_entry(fields: &mut Fields<'_, '_, '_>, name: &PackageName) -> Option<Entry> {
    fields.refuse_unknown(&KEYS);
    let version = fields.parsed("version", PolicyCode::InvalidVersions, "a version (PEP 440)");
    let file: Option<DistributionFilename> =
        fields.parsed("file", PolicyCode::InvalidName, "a wheel's or sdist's name");
    let sha256 = fields.parsed("sha256", PolicyCode::InvalidDigest, "64 hexadecimal digits");
    let accepted = fields.time("accepted");
    let by = fields.word("by", &AcceptedBy::ALL.map(|by| (by.as_str(), by)));
    let evidence = fields.needed("evidence");
    let found_at = fields.needed("found-at");
    let identity = read_identity(fields);
    if let (Some(file), Some(version)) = (&file, &version)
        && (file.name() != name || file.version() != version)
    {
        let span = fields.span_of("file");
        let message = format!("`{file}` is no file of {name} {version}");
        fields
            .errors
            .push(PolicyCode::ConflictingKeys, &span, message, Some(RESTORE.to_owned()));
        return None;
    }
    Some(Entry {
        version: version?,
        file: file?,
        sha256: sha256?,
        accepted: accepted?,
        by: by?,
        evidence: evidence?,
        found_at: found_at?,
        identity: identity?,
    })
}

fn read_identity(fields: &mut Fields<'_, '_, '_>) -> Option<Identity> {
    use Provider::{CircleCi, GitHub, GitLab, Google};
    let provider = fields.word(
        "provider",
        &[GitHub, GitLab, Google, CircleCi].map(|it| (it.as_str(), it)),
    );
    let kinds = [EvidenceKind::Build, EvidenceKind::Publish];
    let kind = fields.word("kind", &kinds.map(|kind| (kind.as_str(), kind)));
    let level = fields.level();
    let repository = fields.repository();
    let (repository_id, owner_id) = (fields.id("repository-id"), fields.id("owner-id"));
    let identity = Identity {
        provider: provider?,
        kind: kind?,
        level: level?,
        repository,
        repository_id,
        owner_id,
        workflow: fields.maybe("workflow"),
        builder: fields.maybe("builder"),
        builder_ref: fields.maybe("builder-ref"),
        reference: fields.maybe("ref"),
        trigger: fields.maybe("trigger"),
        environment: fields.maybe("environment"),
        runner_environment: fields.maybe("runner-environment"),
        account: fields.maybe("account"),
    };
    fields.whole(&identity).then_some(identity)
}

/// One table, whose keys are taken out one by one.
struct Fields<'t, 'e, 'c> {
    entries: &'t DeTable<'t>,
    title: String,
    span: Span,
    errors: &'e mut Collector<'c>,
}

impl<'t, 'e, 'c> Fields<'t, 'e, 'c> {
    fn new(entries: &'t DeTable<'t>, title: &str, span: &Span, errors: &'e mut Collector<'c>) -> Self {
        Self {
            entries,
            title: title.to_owned(),
            span: span.clone(),
            errors,
        }
    }

    fn take(&self, key: &str) -> Option<(Span, &'t DeValue<'t>)> {
        self.entries.get(key).map(|value| (value.span(), value.get_ref()))
    }

    fn span_of(&self, key: &str) -> Span {
        self.take(key).map_or_else(|| self.span.clone(), |(span, _)| span)
    }

    fn refuse_unknown(&mut self, known: &[&str]) {
        for key in self.entries.keys() {
            if known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            let help = nearest(key.get_ref(), known).map(|near| format!("did you mean `{near}`?"));
            let message = format!("unknown key `{}` in {}", key.get_ref(), self.title);
            self.errors.push(PolicyCode::UnknownKey, &key.span(), message, help);
        }
    }

    fn missing(&mut self, key: &str) {
        let message = format!("{} has no `{key}`", self.title);
        self.errors
            .push(PolicyCode::MissingKey, &self.span, message, Some(RESTORE.to_owned()));
    }

    /// A string that says something: not blank, not too long, without control characters.
    fn text(&mut self, key: &str) -> Option<(Span, &'t str)> {
        let (span, value) = self.take(key)?;
        let DeValue::String(text) = value else {
            wrong_type(&span, key, "a string", self.errors);
            return None;
        };
        let (code, message) = if text.trim().is_empty() {
            (PolicyCode::EmptyValue, format!("`{key}` is empty"))
        } else if text.len() > MAX_TEXT {
            let message = format!("`{key}` has {} bytes; at most {MAX_TEXT} are read", text.len());
            (PolicyCode::ValueTooLong, message)
        } else if text.chars().any(char::is_control) {
            (
                PolicyCode::ControlCharacter,
                format!("`{key}` holds a control character"),
            )
        } else {
            return Some((span, text.as_ref()));
        };
        self.errors.push(code, &span, message, None);
        None
    }

    fn maybe(&mut self, key: &str) -> Option<String> {
        self.text(key).map(|(_, text)| text.to_owned())
    }

    fn needed(&mut self, key: &str) -> Option<String> {
        if self.take(key).is_none() {
            self.missing(key);
        }
        self.maybe(key)
    }

    fn parsed<T: std::str::FromStr>(&mut self, key: &str, code: PolicyCode, what: &str) -> Option<T> {
        if self.take(key).is_none() {
            self.missing(key);
        }
        let (span, text) = self.text(key)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.errors.push(code, &span, format!("`{key}` is not {what}"), None);
        }
        parsed
    }

    /// In full, as it is written: `owner/name` alone could be taken for another one.
    fn repository(&mut self) -> Option<SourceRepository> {
        let (span, text) = self.text("repository")?;
        let parsed: Option<SourceRepository> = text.parse().ok();
        let parsed = parsed.filter(|repository| repository.to_string() == text);
        if parsed.is_none() {
            let message = "`repository` is not a source repository in full, such as github.com/owner/name";
            self.errors
                .push(PolicyCode::InvalidRepository, &span, message, Some(RESTORE.to_owned()));
        }
        parsed
    }

    fn word<T: Copy>(&mut self, key: &str, known: &[(&str, T)]) -> Option<T> {
        if self.take(key).is_none() {
            self.missing(key);
        }
        let (span, text) = self.text(key)?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
            let help = Some(format!("known here: {}", words.join(", ")));
            let message = format!("`{key}` cannot be \"{text}\"");
            self.errors.push(PolicyCode::UnknownValue, &span, message, help);
        }
        found.map(|(_, value)| *value)
    }

    fn level(&mut self) -> Option<u8> {
        let Some((span, value)) = self.take("level") else {
            self.missing("level");
            return None;
        };
        match value {
            DeValue::Integer(number) if LEVELS.contains(&number.as_str()) => number.as_str().parse().ok(),
            DeValue::Integer(number) => {
                let message = format!("there is no SLSA build level {number}");
                self.errors.push(PolicyCode::InvalidLevel, &span, message, None);
                None
            }
            _ => {
                wrong_type(&span, "level", "an integer", self.errors);
                None
            }
        }
    }

    fn id(&mut self, key: &str) -> Option<String> {
        let (span, text) = self.text(key)?;
        if text.len() <= MAX_ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.to_owned());
        }
        let message = format!("`{key}` is not a numeric id");
        self.errors.push(PolicyCode::InvalidId, &span, message, None);
        None
    }

    fn time(&mut self, key: &str) -> Option<Timestamp> {
        let Some((span, value)) = self.take(key) else {
            self.missing(key);
            return None;
        };
        let time = match value {
            DeValue::Datetime(
                written @ Datetime {
                    offset: Some(Offset::Z),
                    ..
                },
            ) => written.to_string().parse().ok(),
            _ => None,
        };
        if time.is_none() {
            let help = Some("written without quotes, such as 2027-06-30T12:00:00Z".to_owned());
            let message = format!("`{key}` must be a time in UTC");
            self.errors.push(PolicyCode::InvalidDate, &span, message, help);
        }
        time
    }

    /// That the identity is one that there can be. A lock from which the repository, or a level, was cut out would let anything
    /// pass: what is not recorded is not compared.
    fn whole(&mut self, identity: &Identity) -> bool {
        let by_repository = matches!(identity.provider, Provider::GitHub | Provider::GitLab);
        let needed = if by_repository {
            ("repository", identity.repository.is_some())
        } else {
            ("account", identity.account.is_some())
        };
        let builder = [
            ("builder", identity.builder.is_some(), identity.builder_ref.is_some()),
            (
                "builder-ref",
                identity.builder_ref.is_some(),
                identity.builder.is_some(),
            ),
        ];
        let alone = builder.into_iter().filter(|(_, there, other)| *other && !there);
        let missing: Vec<&str> = std::iter::once(needed)
            .filter(|(_, there)| !there)
            .map(|(key, _)| key)
            .chain(alone.map(|(key, ..)| key))
            .collect();
        for key in &missing {
            // One that is there and wrong was noted already.
            if self.take(key).is_none() {
                self.missing(key);
            }
        }
        let is_build = identity.kind == EvidenceKind::Build;
        if is_build != (identity.level > 0) {
            let message = format!("{} evidence has no level {}", identity.kind, identity.level);
            let span = self.span_of("level");
            self.errors
                .push(PolicyCode::ConflictingKeys, &span, message, Some(RESTORE.to_owned()));
            return false;
        }
        missing.is_empty()
    }
}

fn wrong_type(span: &Span, key: &str, expected: &str, errors: &mut Collector<'_>) {
    errors.push(PolicyCode::WrongType, span, format!("`{key}` must be {expected}"), None);
}
