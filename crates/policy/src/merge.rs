//! Policies put together: imports, which can only be made stricter, and the files above them.
//!
//! For every package and every key the stricter of what two policies say holds. That alone would make an import safe; a file
//! that asks for less than what it imports is refused all the same, since its author believes that it counts.

use std::collections::BTreeSet;

use crate::builder::TrustedBuilders;
use crate::errors::PolicyCode;
use crate::expectation::{KindSet, Mode};
use crate::scope::Scope;
use crate::setting::{BuilderRule, Key, Place, Setting, Value};
use crate::sheet::{Exempt, Sheet};

/// A mistake that lies in two places.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) code: PolicyCode,
    pub(crate) message: String,
    pub(crate) place: Place,
    /// What it clashes with, and what is said about that; `None` if that is what no file says.
    pub(crate) other: Option<(Place, &'static str)>,
    pub(crate) help: String,
}

/// A policy with all that it imports.
#[derive(Debug, Clone)]
pub(crate) struct Combined {
    pub(crate) sheet: Sheet,
    pub(crate) trusted: TrustedBuilders,
}

impl Combined {
    /// One file that imports nothing.
    pub(crate) fn alone(sheet: Sheet) -> Self {
        let mut trusted = TrustedBuilders::default();
        add_rules(&mut trusted, &sheet);
        Self { sheet, trusted }
    }

    /// A file with what it imports.
    pub(crate) fn with_imports(local: Sheet, imports: Vec<Self>, clashes: &mut Vec<Clash>) -> Self {
        let mut imports = imports.into_iter();
        let Some(mut base) = imports.next() else {
            return Self::alone(local);
        };
        for next in imports {
            exemptions_allowed(&next.sheet, &base, clashes);
            exemptions_allowed(&base.sheet, &next, clashes);
            builders_trusted(&next.sheet, &base, Whose::Pins, clashes);
            builders_trusted(&base.sheet, &next, Whose::Pins, clashes);
            indexes_allowed(&next.sheet, &base.sheet, clashes);
            indexes_allowed(&base.sheet, &next.sheet, clashes);
            base = Self {
                sheet: meet(&base.sheet, &next.sheet, Beside::Import, clashes),
                trusted: base.trusted.meet(&next.trusted),
            };
        }
        let before = clashes.len();
        loosened(&local, &base, clashes);
        exemptions_allowed(&local, &base, clashes);
        builders_trusted(&local, &base, Whose::All, clashes);
        indexes_allowed(&local, &base.sheet, clashes);
        if clashes.len() > before {
            return base;
        }
        let mut trusted = base.trusted;
        add_rules(&mut trusted, &local);
        Self {
            sheet: meet(&base.sheet, &local, Beside::Importer, clashes),
            trusted,
        }
    }
}

/// What `[defaults]` says of builders. A builder that is named is trusted as it is written there and no more.
fn add_rules(trusted: &mut TrustedBuilders, sheet: &Sheet) {
    if let Some(Value::Builders(rules)) = sheet.of_defaults(Key::Builders) {
        for rule in rules {
            trusted.forget(&rule.id.name);
        }
        for BuilderRule { id, at_least } in rules {
            if *at_least {
                trusted.demand(id.clone());
                trusted.add(crate::builder::BuilderId {
                    name: id.name.clone(),
                    reference: None,
                });
            } else {
                trusted.add(id.clone());
            }
        }
    }
}

/// Whether what a rule trusts is trusted already.
fn is_trusted(rule: &BuilderRule, by: &TrustedBuilders) -> bool {
    match (&rule.id.reference, rule.at_least) {
        (Some(least), true) => by.trusts_any_release(&rule.id.name) && by.too_old(&rule.id.name, least).is_none(),
        (Some(reference), false) => {
            by.trusts(&rule.id.name, reference) && by.too_old(&rule.id.name, reference).is_none()
        }
        (None, _) => by.trusts_any_release(&rule.id.name) && !by.demands_of(&rule.id.name),
    }
}

/// Which builders are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those of packages: of two imports that trust different builders, what only one trusts is trusted by neither.
    Pins,
    /// Those of `[defaults]` too.
    All,
}

/// Refuses builders that an import does not trust.
fn builders_trusted(sheet: &Sheet, import: &Combined, whose: Whose, clashes: &mut Vec<Clash>) {
    let mut check = |rule: &BuilderRule, setting: &Setting, scope: &Scope| {
        if is_trusted(rule, &import.trusted) {
            return;
        }
        // An import may pin a package to a builder, which is trust in it for that package.
        if let (Scope::Group(_) | Scope::Package(_), Some(Value::Builder(pinned))) = (
            scope,
            import.sheet.lookup(scope, Key::Builder).map(|setting| &setting.value),
        ) && is_at_least_as_strict(&setting.value, &Value::Builder(pinned.clone()))
        {
            return;
        }
        let other = import.sheet.lookup(&Scope::All, Key::Builders);
        clashes.push(Clash {
            code: PolicyCode::LoosenedImport,
            message: format!("`{}` is not trusted by a policy that is imported", rule.shown()),
            place: setting.place.clone(),
            other: other.map(|other| (other.place.clone(), "trusted there")),
            help: "name builders that the imported policy trusts, at its least versions or later".to_owned(),
        });
    };
    for (scope, entry) in sheet.entries() {
        if whose == Whose::All
            && let Some(setting) = entry.settings.get(Key::Builders)
            && let Value::Builders(rules) = &setting.value
        {
            for rule in rules {
                check(rule, setting, &scope);
            }
        }
        if let Some(setting) = entry.settings.get(Key::Builder)
            && let Value::Builder(id) = &setting.value
        {
            // What is pinned without a release is held to the least one that is demanded of it.
            let demanded = id.reference.is_none() && import.trusted.trusts_any_release(&id.name);
            if !demanded {
                let rule = BuilderRule {
                    id: id.clone(),
                    at_least: false,
                };
                check(&rule, setting, &scope);
            }
        }
    }
}

/// Refuses the index of a package or group that is none of those that an import allows: whatever is assigned to an index is taken
/// from there, be it in `indexes` or not. Where the import itself assigns those packages to one, that is compared instead.
fn indexes_allowed(sheet: &Sheet, import: &Sheet, clashes: &mut Vec<Clash>) {
    let Some(allowed) = import.lookup(&Scope::All, Key::Indexes) else {
        return;
    };
    for (scope, entry) in sheet.entries() {
        let Some(setting) = entry.settings.get(Key::Index) else {
            continue;
        };
        let (Value::Url(url), Value::Urls(open)) = (&setting.value, &allowed.value) else {
            continue;
        };
        if import.lookup(&scope, Key::Index).is_some() || open.iter().any(|known| same_url(known, url)) {
            continue;
        }
        clashes.push(Clash {
            code: PolicyCode::LoosenedImport,
            message: format!("`index = \"{url}\"` is none of the indexes that a policy allows that is imported"),
            place: setting.place.clone(),
            other: Some((allowed.place.clone(), "allowed there")),
            help: "name one of those, or assign these packages to their index in the imported policy".to_owned(),
        });
    }
}

/// What a policy means that does not say it.
fn unsaid(key: Key) -> Option<Value> {
    match key {
        Key::Mode => Some(Value::Mode(Mode::Enforce)),
        Key::ImportersMayExempt => Some(Value::Flag(false)),
        _ => None,
    }
}

/// Refuses every setting that asks for less than the import does for the same packages.
fn loosened(local: &Sheet, import: &Combined, clashes: &mut Vec<Clash>) {
    for (scope, entry) in local.entries() {
        for (key, setting) in entry.settings.iter() {
            let theirs = import.sheet.lookup(&scope, key);
            let floor = theirs.map(|theirs| theirs.value.clone()).or_else(|| unsaid(key));
            let Some(floor) = floor else { continue };
            if key == Key::Builders || is_at_least_as_strict(&setting.value, &floor) {
                continue;
            }
            let shown = |value: &Value| {
                let lines = value.shown(key).into_iter();
                lines
                    .map(|(key, value)| format!("`{key} = {value}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            clashes.push(Clash {
                code: PolicyCode::LoosenedImport,
                message: format!("{} loosens a policy that is imported", shown(&setting.value)),
                place: setting.place.clone(),
                other: theirs.map(|theirs| (theirs.place.clone(), "imported")),
                help: format!(
                    "an imported policy can only be made stricter: it means {} here, {}",
                    shown(&floor),
                    rule_of(key)
                ),
            });
        }
    }
}

/// The rule of the table of keys.
fn rule_of(key: Key) -> String {
    let rule = crate::keys::KEYS
        .iter()
        .find(|known| known.name == key.as_str())
        .map_or("", |known| known.stricter);
    format!("beside which only this may be written: {rule}")
}

/// Refuses exemptions that an import does not allow.
fn exemptions_allowed(sheet: &Sheet, import: &Combined, clashes: &mut Vec<Clash>) {
    for exempt in sheet.exemptions.values() {
        let Exempt { exemption, place } = exempt;
        let package = &exemption.package;
        let (other, help) = if let Some(theirs) = import.sheet.exemptions.get(package) {
            if is_narrower(exempt, theirs) {
                continue;
            }
            let help = "it may name fewer digests and an earlier end; the versions stay";
            (Some(theirs.place.clone()), help)
        } else {
            let delegated = import.sheet.of_defaults(Key::ImportersMayExempt) == Some(&Value::Flag(true));
            if delegated && !import.sheet.names(package) {
                continue;
            }
            let scope = Scope::Package(package.clone());
            let table = import.sheet.chain(&scope).find_map(|entry| entry.places.first());
            let help = "write it into the imported policy, or allow it there for packages without a table: `importers-may-exempt = true` in [defaults]";
            (table.cloned(), help)
        };
        let help = help.to_owned();
        let other = other.map(|place| (place, "imported"));
        clashes.push(Clash {
            code: PolicyCode::LoosenedImport,
            message: format!("{} exempts what a policy that is imported does not", place.table),
            place: place.clone(),
            other,
            help,
        });
    }
}

fn is_narrower(exempt: &Exempt, theirs: &Exempt) -> bool {
    let (own, theirs) = (&exempt.exemption, &theirs.exemption);
    let digests: BTreeSet<_> = theirs.sha256.iter().collect();
    let ends = match (own.expires, theirs.expires) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(own), Some(theirs)) => own <= theirs,
    };
    ends && own.versions == theirs.versions && own.sha256.iter().all(|digest| digests.contains(digest))
}

/// What the second of two sheets is to the first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Another import: what either does not say, it means all the same.
    Import,
    /// The file that imports it: what that does not say, it takes from the import, but for what it may hand on.
    Importer,
}

/// The stricter of both for every package.
fn meet(a: &Sheet, b: &Sheet, beside: Beside, clashes: &mut Vec<Clash>) -> Sheet {
    let mut met = Sheet::default();
    let scopes: BTreeSet<Scope> = a.entries().chain(b.entries()).map(|(scope, _)| scope).collect();
    for scope in scopes {
        let own = [a.exactly(&scope), b.exactly(&scope)];
        let keys: BTreeSet<Key> = own
            .iter()
            .flatten()
            .flat_map(|entry| entry.settings.iter().map(|(key, _)| key))
            .collect();
        let places = own.iter().flatten().flat_map(|entry| entry.places.iter().cloned());
        let mut settings = Vec::new();
        for key in keys {
            let setting = match (a.lookup(&scope, key), b.lookup(&scope, key)) {
                (Some(x), Some(y)) => {
                    let Some(value) = stricter(&x.value, &y.value) else {
                        clashes.push(conflict(key, &scope, x, y));
                        continue;
                    };
                    let place = if value == x.value { &x.place } else { &y.place };
                    Setting {
                        place: place.clone(),
                        value,
                    }
                }
                (Some(one), None) | (None, Some(one)) => {
                    let silent = beside == Beside::Import || key == Key::ImportersMayExempt;
                    match unsaid(key).filter(|_| silent) {
                        // Nothing is written where the other policy means the stricter value without saying it.
                        Some(meant) if !is_at_least_as_strict(&one.value, &meant) => continue,
                        _ => one.clone(),
                    }
                }
                (None, None) => continue,
            };
            settings.push((key, setting));
        }
        let entry = met.entry(&scope);
        entry.places.extend(places);
        for (key, setting) in settings {
            entry.settings.insert(key, setting);
        }
    }
    met.exemptions.clone_from(&b.exemptions);
    for (name, exempt) in &a.exemptions {
        met.exemptions.entry(name.clone()).or_insert_with(|| exempt.clone());
    }
    met
}

fn conflict(key: Key, scope: &Scope, x: &Setting, y: &Setting) -> Clash {
    Clash {
        code: PolicyCode::ImportConflict,
        message: format!(
            "`{}` and a policy that is put together with it allow nothing in common for {scope}",
            key.as_str()
        ),
        place: y.place.clone(),
        other: Some((x.place.clone(), "and this")),
        help: "what both accept must not be nothing; change one of them".to_owned(),
    }
}

/// Whether what a value accepts is accepted by the floor too.
fn is_at_least_as_strict(value: &Value, floor: &Value) -> bool {
    match (value, floor) {
        (Value::Mode(own), Value::Mode(floor)) => *own == Mode::Enforce || *floor == Mode::Warn,
        (Value::Unpinned(own), Value::Unpinned(floor)) => own >= floor,
        (Value::Source(own), Value::Source(floor)) => own.is_within(floor),
        (Value::Builder(own), Value::Builder(floor)) => is_one_of(own, floor),
        (Value::Kinds(own), Value::Kinds(floor)) => (!own.build || floor.build) && (!own.publish || floor.publish),
        (Value::Level(own), Value::Level(floor)) => own >= floor,
        (Value::Age(own), Value::Age(floor)) => own >= floor,
        (Value::Startup { deny: own }, Value::Startup { deny: floor }) => *own || !floor,
        (Value::Urls(own), Value::Urls(floor)) => own.iter().all(|url| floor.iter().any(|known| same_url(known, url))),
        (Value::Flag(own), Value::Flag(floor)) => !own || *floor,
        (Value::Url(own), Value::Url(floor)) => same_url(own, floor),
        (Value::Text(own), Value::Text(floor)) => same_text(own, floor),
        // `builders` is compared builder by builder; values of two kinds are never of one key.
        _ => false,
    }
}

/// What both accept; `None` if that is nothing.
fn stricter(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Source(x), Value::Source(y)) => {
            let both = x.meet(y);
            (!both.is_empty()).then(|| Value::Source(Box::new(both)))
        }
        (Value::Kinds(x), Value::Kinds(y)) => {
            let both = KindSet {
                build: x.build && y.build,
                publish: x.publish && y.publish,
            };
            (both.build || both.publish).then_some(Value::Kinds(both))
        }
        (Value::Urls(x), Value::Urls(y)) => {
            let both: Vec<_> = x
                .iter()
                .filter(|url| y.iter().any(|other| same_url(url, other)))
                .cloned()
                .collect();
            (!both.is_empty()).then_some(Value::Urls(both))
        }
        // Two spellings of a workflow are one on GitHub alone: the first, which is the import's, holds.
        (Value::Text(x), Value::Text(y)) => same_text(x, y).then(|| a.clone()),
        // Who is trusted is put together elsewhere; here it only stands for where it is written.
        (Value::Builders(_), Value::Builders(_)) => Some(b.clone()),
        _ if is_at_least_as_strict(b, a) => Some(b.clone()),
        _ if is_at_least_as_strict(a, b) => Some(a.clone()),
        _ => None,
    }
}

fn is_one_of(own: &crate::builder::BuilderId, floor: &crate::builder::BuilderId) -> bool {
    match (&own.reference, &floor.reference) {
        (Some(reference), _) => floor.matches(&own.name, reference).is_ok(),
        (None, Some(_)) => false,
        (None, None) => floor.matches(&own.name, "").is_ok(),
    }
}

/// A workflow's folder may be left out, and is the same one then.
fn same_text(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.strip_prefix(".github/workflows/").unwrap_or(text).to_owned();
    bare(a) == bare(b)
}

/// The base URL of an index is the same with and without a slash at its end.
fn same_url(a: &url::Url, b: &url::Url) -> bool {
    a.as_str().trim_end_matches('/') == b.as_str().trim_end_matches('/')
}
