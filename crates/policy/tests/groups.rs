//! Groups: the most specific table wins, key by key, however many there are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests fail as tests do"
)]

use std::fmt::Write as _;

use proptest::prelude::*;
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::{Document, EntryKind, Format, Layers, Policy, Scope};

fn read(text: &str) -> Policy {
    Policy::parse(text, "slsa-pip.toml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

#[test]
fn a_new_package_of_an_organisation_is_its_own_from_the_first_day() {
    let policy = read(
        "[packages.'Acme_*']\nowner = 'github.com/acme'\nowner-id = 7\nindex = 'https://packages.acme.example/simple/'\n\
         [packages.acme-tools]\nrepository = 'github.com/acme/tools'\nworkflow = 'release.yml'\n",
    );
    let version = "1.0".parse().unwrap();
    let new = policy.expectation(&name("acme.new"), &version);
    assert!(new.is_pinned() && !new.lacks_required_pin());
    assert!(new.accepts_repository(&"acme/whatever".parse().unwrap()));
    for elsewhere in ["evil/acme-new", "acme-evil/acme-new", "gitlab.com/acme/acme-new"] {
        assert!(!new.accepts_repository(&elsewhere.parse().unwrap()), "{elsewhere}");
    }
    assert_eq!(new.pinned_by.as_deref(), Some("slsa-pip.toml: [packages.\"acme-*\"]"));
    assert!(policy.index(&name("acme-new")).is_some());
    // Its own table says who, and the group the rest.
    let tools = policy.expectation(&name("acme-tools"), &version);
    assert!(!tools.accepts_repository(&"acme/whatever".parse().unwrap()));
    assert_eq!(tools.owner_id.as_deref(), Some("7"));
    assert_eq!(tools.workflow.as_deref(), Some("release.yml"));
    assert!(policy.index(&name("acme-tools")).is_some());
    for outside in ["acme", "acmenew", "acm", "x-acme-new"] {
        assert!(!policy.expectation(&name(outside), &version).is_pinned(), "{outside}");
    }
}

#[test]
fn what_holds_is_explained_with_its_place() {
    let document = |text: &str, label: &str, format| Document::parse(text, label, format).unwrap();
    let policy = Policy::of_layers(Layers {
        project: document(
            "[project]\nname = 'x'\n\n[tool.slsa-pip.packages.acme-tools]\nworkflow = 'release.yml'\n",
            "pyproject.toml",
            Format::Pyproject,
        ),
        user: document(
            "[defaults]\nunpinned = 'deny'\nminimum-level = 1\n\n[packages.'acme-*']\nowner = 'github.com/acme'\nminimum-level = 2\n",
            "user.toml",
            Format::Policy,
        ),
        ..Layers::default()
    })
    .unwrap();
    let explained = policy.explain(&name("acme-tools"), None);
    let tables: Vec<String> = explained.tables.iter().map(ToString::to_string).collect();
    assert_eq!(
        tables,
        [
            "pyproject.toml:4: [tool.slsa-pip.packages.acme-tools]",
            "user.toml:5: [packages.\"acme-*\"]",
            "user.toml:1: [defaults]",
        ]
    );
    let settings: Vec<String> = explained
        .settings
        .iter()
        .map(|it| {
            format!(
                "{} = {} ({})",
                it.key,
                it.value,
                it.origin.as_ref().map_or_else(
                    || "built in".to_owned(),
                    |origin| format!("{}:{}", origin.file, origin.line)
                )
            )
        })
        .collect();
    assert_eq!(
        settings,
        [
            "mode = \"enforce\" (built in)",
            "unpinned = \"deny\" (user.toml:2)",
            "owner = \"github.com/acme\" (user.toml:6)",
            "workflow = \"release.yml\" (pyproject.toml:5)",
            "evidence = [\"build\", \"publish\"] (built in)",
            "minimum-level = 2 (user.toml:7)",
        ]
    );
    let level = explained.settings.last().unwrap();
    assert_eq!(level.overridden.len(), 1);
    let (value, origin) = level.overridden.first().unwrap();
    assert_eq!((value.as_str(), origin.line), ("minimum-level = 1", 3));
    let kinds: Vec<EntryKind> = policy.entries().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(
        kinds,
        [
            EntryKind::Table(Scope::All),
            EntryKind::Table(Scope::Group("acme-".to_owned())),
            EntryKind::Table(Scope::Package(name("acme-tools"))),
        ]
    );
    assert_eq!(policy.labels().collect::<Vec<_>>(), ["pyproject.toml", "user.toml"]);
}

proptest! {
    /// The quick way finds what looking at every table finds.
    #[test]
    fn the_longest_beginning_wins(
        groups in prop::collection::btree_set("[ab](-?[abc]){0,4}-?", 0..12).prop_map(Vec::from_iter).prop_shuffle(),
        asked in prop::collection::vec("[abc](-?[abc]){0,6}", 1..8),
    ) {
        let mut text = String::new();
        for (number, group) in groups.iter().enumerate() {
            let _ = write!(text, "[packages.'{group}*']\nrepository = 'o/r{number}'\n");
        }
        let policy = read(&text);
        let version = "1".parse().unwrap();
        for asked in asked {
            let longest = groups.iter().enumerate().filter(|(_, group)| asked.starts_with(*group)).max_by_key(|(_, group)| group.len());
            let expected: Vec<String> = longest.iter().map(|(number, _)| format!("github.com/o/r{number}")).collect();
            let found = policy.expectation(&name(&asked), &version);
            let found: Vec<String> = found.repositories.iter().map(ToString::to_string).collect();
            prop_assert_eq!(found, expected, "{}", asked);
        }
    }
}
