//! Which way each value has changed. Whatever is not known to be stricter is said to be different: that is for a person to judge.

use std::collections::{BTreeMap, BTreeSet};

use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::{EntryKind, Exemption, Expectation, Policy, Scope};

use super::{Change, Changed, Effect};

/// The keys that say together who the source is.
const SOURCE: [&str; 4] = ["repository", "owner", "google", "circleci"];

/// All that differs: `[defaults]`, groups, packages, exemptions.
pub(super) fn policies(old: &Policy, new: &Policy) -> Vec<Changed> {
    let mut scopes = BTreeSet::from([Scope::All]);
    for policy in [old, new] {
        scopes.extend(policy.entries().into_iter().filter_map(|entry| match entry.kind {
            EntryKind::Table(scope) => Some(scope),
            EntryKind::Exemption(_) => None,
        }));
    }
    let mut of_scopes: Vec<(Scope, Vec<Change>)> = Vec::new();
    for scope in &scopes {
        let Some(name) = representative(scope, &scopes) else {
            continue;
        };
        let mut differing = values(old, new, &name);
        // What changes for all that it is a part of is said there.
        let wider = of_scopes.iter().filter(|(wider, _)| wider.contains(&name));
        let said: Vec<&Change> = wider.flat_map(|(_, changes)| changes).collect();
        differing.retain(|change| !said.contains(&change));
        of_scopes.push((scope.clone(), differing));
    }
    let mut tables: Vec<Changed> = of_scopes
        .into_iter()
        .filter_map(|(scope, changes)| Changed::new(scope.to_string(), changes))
        .collect();
    let of = |policy: &Policy| -> BTreeMap<PackageName, Exemption> {
        let exemptions = policy.exemptions();
        exemptions
            .map(|exemption| (exemption.package.clone(), exemption.clone()))
            .collect()
    };
    let (before, after) = (of(old), of(new));
    let names: BTreeSet<&PackageName> = before.keys().chain(after.keys()).collect();
    for name in names {
        let changes = exemptions(before.get(name), after.get(name));
        tables.extend(Changed::new(format!("[exemptions.{name}]"), changes));
    }
    tables
}

/// A name that is in this scope and in none of the narrower ones.
fn representative(scope: &Scope, scopes: &BTreeSet<Scope>) -> Option<PackageName> {
    let beginning = match scope {
        Scope::Package(name) => return Some(name.clone()),
        Scope::Group(prefix) => prefix.as_str(),
        Scope::All => "",
    };
    let mut names = (0..=scopes.len()).filter_map(|number| format!("{beginning}q{number}q").parse().ok());
    names.find(|name: &PackageName| {
        let narrower = |other: &&Scope| match (other, scope) {
            (Scope::All, _) => false,
            (Scope::Group(other), Scope::Group(own)) => {
                other.len() > own.len() && name.as_str().starts_with(other.as_str())
            }
            (other, _) => other.contains(name),
        };
        !scopes.iter().any(|other| narrower(&other))
    })
}

/// What differs of the values that hold for one package.
fn values(old: &Policy, new: &Policy, name: &PackageName) -> Vec<Change> {
    let of = |policy: &Policy| -> BTreeMap<&'static str, String> {
        let settings = policy.explain(name, None).settings;
        settings.into_iter().map(|set| (set.key, set.value)).collect()
    };
    let (before, after) = (of(old), of(new));
    // Only what does not depend on the version is read of these.
    let version = Version::new([0]);
    let expected = (old.expectation(name, &version), new.expectation(name, &version));
    let keys: BTreeSet<&&'static str> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for key in keys {
        let (old_value, new_value) = (before.get(*key), after.get(*key));
        if old_value == new_value {
            continue;
        }
        let effect = match *key {
            key if SOURCE.contains(&key) => source(&expected.0, &expected.1),
            "mode" => order(old_value, new_value, "\"warn\""),
            "importers-may-exempt" => order(old_value, new_value, "true"),
            "unpinned" => numbers(&expected.0.unpinned, &expected.1.unpinned),
            "evidence" => kinds(&expected.0, &expected.1),
            "minimum-level" => numbers(&expected.0.minimum_level, &expected.1.minimum_level),
            "minimum-age" => numbers(&old.minimum_age(name), &new.minimum_age(name)),
            "indexes" => indexes(old, new),
            // Which builders are trusted depends on all that are named, and on those that always are.
            "builders" => Effect::Different,
            _ => option(old_value.is_some(), new_value.is_some()),
        };
        changes.push(Change {
            key: (*key).to_owned(),
            old: old_value.cloned(),
            new: new_value.cloned(),
            effect,
        });
    }
    changes
}

/// A demand for one value.
fn option(old: bool, new: bool) -> Effect {
    match (old, new) {
        (false, true) => Effect::Stricter,
        (true, false) => Effect::Looser,
        _ => Effect::Different,
    }
}

/// A value of two of which one is looser.
fn order(old: Option<&String>, new: Option<&String>, loose: &str) -> Effect {
    let is_loose = |value: Option<&String>| value.is_some_and(|value| value == loose);
    match (is_loose(old), is_loose(new)) {
        (false, true) => Effect::Looser,
        (true, false) => Effect::Stricter,
        _ => Effect::Neutral,
    }
}

/// The greater, the stricter.
fn numbers<T: PartialOrd>(old: &T, new: &T) -> Effect {
    if new > old {
        Effect::Stricter
    } else if new < old {
        Effect::Looser
    } else {
        Effect::Neutral
    }
}

/// Two sets of what passes.
fn sets(grows: bool, shrinks: bool) -> Effect {
    match (grows, shrinks) {
        (true, true) => Effect::Different,
        (true, false) => Effect::Looser,
        (false, true) => Effect::Stricter,
        (false, false) => Effect::Neutral,
    }
}

fn kinds(old: &Expectation, new: &Expectation) -> Effect {
    let gained = |had: bool, has: bool| has && !had;
    let (old, new) = (old.kinds, new.kinds);
    sets(
        gained(old.build, new.build) || gained(old.publish, new.publish),
        gained(new.build, old.build) || gained(new.publish, old.publish),
    )
}

fn source(old: &Expectation, new: &Expectation) -> Effect {
    // Nothing pinned is everything, or nothing at all.
    let within = |part: &Expectation, whole: &Expectation| {
        if part.lacks_required_pin() || whole.lacks_required_pin() {
            return part.lacks_required_pin();
        }
        !whole.is_pinned()
            || part.is_pinned()
                && part.repositories.iter().all(|it| whole.accepts_repository(it))
                && part
                    .owners
                    .iter()
                    .all(|it| whole.owners.iter().any(|owner| owner.covers(it)))
                && part.accounts.iter().all(|it| whole.accounts.contains(it))
    };
    sets(!within(new, old), !within(old, new))
}

fn indexes(old: &Policy, new: &Policy) -> Effect {
    let (old, new) = (old.allowed_indexes(), new.allowed_indexes());
    let within = |part: &[url::Url], whole: &[url::Url]| {
        whole.is_empty() || !part.is_empty() && part.iter().all(|it| whole.contains(it))
    };
    sets(!within(new, old), !within(old, new))
}

fn exemptions(old: Option<&Exemption>, new: Option<&Exemption>) -> Vec<Change> {
    let change = |key: &str, old: Option<String>, new: Option<String>, effect: Effect| Change {
        key: key.to_owned(),
        old,
        new,
        effect,
    };
    let shown = |exemption: &Exemption| {
        let files = exemption.sha256.len();
        let plural = if files == 1 { "" } else { "s" };
        format!("{}, {files} file{plural}: {}", exemption.versions, exemption.reason)
    };
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, Some(new)) => return vec![change("exemption", None, Some(shown(new)), Effect::Looser)],
        (Some(old), None) => return vec![change("exemption", Some(shown(old)), None, Effect::Stricter)],
        (None, None) => return Vec::new(),
    };
    let mut changes = Vec::new();
    let mut add = |key: &str, old: String, new: String, effect: Effect| {
        if old != new {
            changes.push(change(key, Some(old), Some(new), effect));
        }
    };
    add(
        "versions",
        old.versions.to_string(),
        new.versions.to_string(),
        Effect::Different,
    );
    let digests =
        |exemption: &Exemption| -> BTreeSet<String> { exemption.sha256.iter().map(ToString::to_string).collect() };
    let (before, after) = (digests(old), digests(new));
    let list = |digests: &BTreeSet<String>| digests.iter().cloned().collect::<Vec<_>>().join(", ");
    let effect = sets(!after.is_subset(&before), !before.is_subset(&after));
    add("sha256", list(&before), list(&after), effect);
    let until = |exemption: &Exemption| {
        exemption
            .expires
            .map_or_else(|| "never".to_owned(), |date| date.to_string())
    };
    let end = |exemption: &Exemption| exemption.expires.unwrap_or(jiff::civil::Date::MAX);
    add("expires", until(old), until(new), numbers(&end(new), &end(old)));
    add("reason", old.reason.clone(), new.reason.clone(), Effect::Neutral);
    changes
}

impl Changed {
    /// `None` if nothing has changed.
    fn new(table: String, changes: Vec<Change>) -> Option<Self> {
        let effect = changes.iter().map(|change| change.effect).min()?;
        Some(Self { table, effect, changes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> Vec<(String, String, Effect)> {
        let read = |text: &str| Policy::parse(text, "p").expect("it is valid");
        let changed = policies(&read(old), &read(new));
        let lines = changed.into_iter().flat_map(|table| {
            let name = table.table;
            table
                .changes
                .into_iter()
                .map(move |change| (name.clone(), change.key, change.effect))
        });
        lines.collect()
    }

    fn one(old: &str, new: &str) -> Effect {
        match diff(old, new).as_slice() {
            [(_, _, effect)] => *effect,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_key_knows_which_way_it_went() {
        let pin = |lines: &str| format!("[packages.a]\nrepository = \"github.com/o/a\"\n{lines}");
        let defaults = |lines: &str| format!("[defaults]\n{lines}");
        for (old, new, effect) in [
            (
                defaults("mode = \"enforce\""),
                defaults("mode = \"warn\""),
                Effect::Looser,
            ),
            (
                defaults("unpinned = \"claimed\""),
                defaults("unpinned = \"deny\""),
                Effect::Stricter,
            ),
            (defaults("unpinned = \"deny\""), String::new(), Effect::Looser),
            (
                defaults("evidence = [\"build\"]"),
                defaults("evidence = [\"publish\"]"),
                Effect::Different,
            ),
            (defaults("evidence = [\"build\"]"), String::new(), Effect::Looser),
            (String::new(), defaults("minimum-level = 2"), Effect::Stricter),
            (
                defaults("minimum-level = 3"),
                defaults("minimum-level = 2"),
                Effect::Looser,
            ),
            (
                defaults("minimum-age = \"7 days\""),
                defaults("minimum-age = \"8 days\""),
                Effect::Stricter,
            ),
            (String::new(), pin(""), Effect::Stricter),
            (pin(""), String::new(), Effect::Looser),
            (pin(""), pin("workflow = \"a.yml\""), Effect::Stricter),
            (
                pin("workflow = \"a.yml\""),
                pin("workflow = \"b.yml\""),
                Effect::Different,
            ),
            (
                pin("ref = \"refs/tags/{version}\""),
                pin("ref = \"refs/tags/v{version}\""),
                Effect::Different,
            ),
            (pin("environment = \"e\""), pin(""), Effect::Looser),
            (
                "[packages.a]\nrepository = [\"github.com/o/a\", \"github.com/o/b\"]".to_owned(),
                pin(""),
                Effect::Stricter,
            ),
            (
                pin(""),
                "[packages.a]\nrepository = \"github.com/o/b\"".to_owned(),
                Effect::Different,
            ),
        ] {
            assert_eq!(one(&old, &new), effect, "{old}\n-- to --\n{new}");
            assert!(diff(&new, &new).is_empty());
        }
    }

    #[test]
    fn exemptions_are_files_that_pass() {
        let digest = |c: &str| format!("\"{}\"", c.repeat(64));
        let exempt = |digests: &str, more: &str| {
            format!("[exemptions.a]\nversions = \"==1\"\nsha256 = [{digests}]\nreason = \"r\"\n{more}")
        };
        let (one_file, two) = (digest("a"), format!("{}, {}", digest("a"), digest("b")));
        for (old, new, effect) in [
            (String::new(), exempt(&one_file, ""), Effect::Looser),
            (exempt(&one_file, ""), String::new(), Effect::Stricter),
            (exempt(&one_file, ""), exempt(&two, ""), Effect::Looser),
            (exempt(&two, ""), exempt(&digest("c"), ""), Effect::Different),
            (
                exempt(&one_file, "expires = 2027-01-01"),
                exempt(&one_file, ""),
                Effect::Looser,
            ),
            (
                exempt(&one_file, "expires = 2027-01-01"),
                exempt(&one_file, "expires = 2026-01-01"),
                Effect::Stricter,
            ),
            (
                exempt(&one_file, ""),
                exempt(&one_file, "").replace("\"r\"", "\"s\""),
                Effect::Neutral,
            ),
        ] {
            assert_eq!(one(&old, &new), effect, "{old}\n-- to --\n{new}");
        }
    }

    #[test]
    fn what_changes_for_all_is_said_once() {
        let old = "[packages.a]\nrepository = \"github.com/o/a\"\n[packages.\"acme-*\"]\nowner = \"github.com/acme\"\n";
        let new = format!("[defaults]\nmode = \"warn\"\n{old}");
        assert_eq!(
            diff(old, &new),
            [("[defaults]".to_owned(), "mode".to_owned(), Effect::Looser)]
        );
        let new = old.replace("github.com/acme", "github.com/other");
        assert_eq!(
            diff(old, &new),
            [(
                "[packages.\"acme-*\"]".to_owned(),
                "owner".to_owned(),
                Effect::Different
            )]
        );
    }
}
