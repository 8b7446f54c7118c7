//! What is imported holds: whatever files are put together, nothing is accepted that an import refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use slsa_pip_distribution::{PackageName, Sha256Digest, SourceRepository, Version};
use slsa_pip_policy::{Document, Expectation, Format, Layers, Mode, Policy};

const SCOPES: [&str; 7] = ["defaults", "a", "ab", "abc", "a*", "ab*", "b*"];
const NAMES: [&str; 6] = ["a", "ab", "abc", "abd", "b", "c"];
const DIGESTS: [char; 3] = ['0', '1', '2'];
const BUILDERS: [&str; 4] = [
    "o/b/.github/workflows/w.yml",
    "o/b/.github/workflows/w.yml@v1.2.0",
    "o/b/.github/workflows/w.yml@>=v1.1.0",
    "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@>=v2.0.0",
];
const RELEASES: [&str; 4] = ["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0"];

/// Keys of every table, with values to choose from.
const SHARED: [(&str, &[&str]); 6] = [
    ("startup-files", &["'allow'", "'deny'"]),
    ("unpinned", &["'claimed'", "'continuity'", "'deny'"]),
    ("evidence", &["['build']", "['publish']", "['build', 'publish']"]),
    ("minimum-level", &["1", "2", "3"]),
    ("minimum-age", &["'1 day'", "'24 hours'", "'1 week'"]),
    ("runner-environment", &["'github-hosted'", "'self-hosted'"]),
];
const OF_DEFAULTS: [(&str, &[&str]); 3] = [
    ("mode", &["'enforce'", "'warn'"]),
    ("importers-may-exempt", &["true", "false"]),
    (
        "indexes",
        &[
            "['https://i.example/']",
            "['https://i.example', 'https://j.example/']",
            "['https://j.example/']",
        ],
    ),
];
const OF_PACKAGES: [(&str, &[&str]); 6] = [
    (
        "source",
        &[
            "repository = 'o/x'",
            "repository = ['o/x', 'o/y']",
            "owner = 'github.com/o'",
            "owner = ['github.com/o', 'gitlab.com/g']\ngoogle = 'a@b.example'",
            "google = ['a@b.example', 'c@b.example']\nrepository = 'gitlab.com/g/h/x'",
        ],
    ),
    ("trigger", &["'push'", "'release'"]),
    ("tag", &["'{version}'", "'v{version}'"]),
    ("workflow", &["'w.yml'", "'.github/workflows/w.yml'", "'v.yml'"]),
    (
        "index",
        &["'https://i.example/'", "'https://i.example'", "'https://j.example/'"],
    ),
    ("environment", &["'e'", "'f'"]),
];

/// A policy, as choices: which key of which table has which value.
#[derive(Debug, Clone)]
struct Choices {
    settings: Vec<(usize, usize, usize)>,
    builders: Vec<usize>,
    pinned_builder: Option<(usize, usize)>,
    exemptions: Vec<(usize, usize, usize)>,
}

impl Choices {
    fn text(&self) -> String {
        let mut tables: BTreeMap<usize, BTreeMap<&str, String>> = BTreeMap::new();
        for (scope, key, value) in &self.settings {
            let own: &[(&str, &[&str])] = if *scope == 0 { &OF_DEFAULTS } else { &OF_PACKAGES };
            let keys: Vec<_> = SHARED.iter().chain(own).collect();
            let (key, values) = keys[key % keys.len()];
            let value = values[value % values.len()];
            let line = if *key == "source" {
                value.to_owned()
            } else {
                format!("{key} = {value}")
            };
            tables.entry(*scope).or_default().entry(key).or_insert(line);
        }
        if !self.builders.is_empty() {
            let mut names: Vec<_> = self
                .builders
                .iter()
                .map(|number| format!("'{}'", BUILDERS[*number]))
                .collect();
            names.dedup();
            let line = format!("builders = [{}]", names.join(", "));
            tables.entry(0).or_default().insert("builders", line);
        }
        if let Some((scope, builder)) = self.pinned_builder {
            let line = format!("builder = '{}'", BUILDERS[builder % 2]);
            tables.entry(scope).or_default().insert("builder", line);
        }
        let mut text = String::new();
        for (scope, lines) in tables {
            let header = if scope == 0 {
                "[defaults]".to_owned()
            } else {
                format!("[packages.'{}']", SCOPES[scope])
            };
            let _ = writeln!(text, "{header}\n{}", lines.into_values().collect::<Vec<_>>().join("\n"));
        }
        let mut exempted: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (name, digests, end) in &self.exemptions {
            exempted.entry(*name).or_insert((*digests, *end));
        }
        for (name, (digests, end)) in exempted {
            let digests = &DIGESTS[..=digests % DIGESTS.len()];
            let list: Vec<String> = digests
                .iter()
                .map(|c| format!("'{}'", c.to_string().repeat(64)))
                .collect();
            let end = ["", "expires = 2027-01-01", "expires = 2028-01-01"][end % 3];
            let _ = write!(
                text,
                "[exemptions.{}]\nversions = '==1'\nsha256 = [{}]\nreason = 'x'\n{end}\n",
                NAMES[name],
                list.join(", ")
            );
        }
        text
    }
}

fn choices(settings: usize) -> impl Strategy<Value = Choices> {
    (
        prop::collection::vec((0..SCOPES.len(), 0_usize..100, 0_usize..100), 0..=settings),
        prop::collection::vec(0..BUILDERS.len(), 0..=2),
        prop::option::weighted(0.2, (1..SCOPES.len(), 0_usize..2)),
        prop::collection::vec((0..NAMES.len(), 0_usize..3, 0_usize..3), 0..=1),
    )
        .prop_map(|(settings, mut builders, pinned_builder, exemptions)| {
            builders.sort_unstable();
            builders.dedup();
            Choices {
                settings,
                builders,
                pinned_builder,
                exemptions,
            }
        })
}

fn digest(number: usize) -> Sha256Digest {
    format!("{number:064x}").parse().unwrap()
}

/// Files, each with the numbers of the files that it imports; the last is the project's, maybe with a user-wide one beside.
fn combined(texts: &[(String, Vec<usize>)], user: Option<&str>) -> Option<Policy> {
    let mut layers = Layers::default();
    for (number, (text, imports)) in texts.iter().enumerate() {
        let mut whole = String::new();
        for import in imports {
            let _ = write!(whole, "[[imports]]\npath = 'x'\nsha256 = '{}'\n", digest(*import));
        }
        whole.push_str(text);
        let document = Document::parse(&whole, &number.to_string(), Format::Policy)
            .unwrap_or_else(|errors| panic!("{errors}"))
            .unwrap();
        if number + 1 == texts.len() {
            layers.project = Some(document);
        } else {
            layers.imported.insert(digest(number), document);
        }
    }
    layers.user = user.map(|text| Document::parse(text, "user", Format::Policy).unwrap().unwrap());
    match Policy::of_layers(layers) {
        Ok(policy) => Some(policy),
        Err(errors) => {
            assert!(!errors.errors.is_empty() && !errors.to_string().is_empty());
            None
        }
    }
}

/// That what `strict` accepts is accepted by `import` too, looked at from outside: file by file, claim by claim.
fn holds(import: &Policy, strict: &Policy) {
    assert!(import.mode() == Mode::Warn || strict.mode() == Mode::Enforce);
    let is_allowed = |policy: &Policy, url: &url::Url| {
        let list = policy.allowed_indexes();
        let same = |known: &url::Url| known.as_str().trim_end_matches('/') == url.as_str().trim_end_matches('/');
        list.is_empty() || list.iter().any(same)
    };
    for url in ["https://i.example/", "https://j.example/", "https://k.example/"] {
        let url = url.parse().unwrap();
        assert!(is_allowed(import, &url) || !is_allowed(strict, &url), "{url}");
    }
    let version: Version = "1".parse().unwrap();
    let names = NAMES.iter().map(|name| name.parse::<PackageName>().unwrap());
    for name in names {
        expectations(
            &import.expectation(&name, &version),
            &strict.expectation(&name, &version),
            &name,
        );
        assert!(strict.minimum_age(&name) >= import.minimum_age(&name), "{name}");
        let denies = |policy: &Policy| policy.startup_files_denied(&name).is_some();
        assert!(!denies(import) || denies(strict), "{name}");
        if let Some(index) = import.index(&name) {
            let own = strict.index(&name).expect("an index");
            assert_eq!(own.as_str().trim_end_matches('/'), index.as_str().trim_end_matches('/'));
        } else if let Some(index) = strict.index(&name) {
            // What is assigned to an index is taken from it, whatever `indexes` says.
            assert!(is_allowed(import, index), "{name}: {index}");
        }
    }
    expectations(
        &import.default_expectation(),
        &strict.default_expectation(),
        &"c".parse().unwrap(),
    );
}

fn expectations(import: &Expectation, strict: &Expectation, name: &PackageName) {
    assert!(strict.unpinned >= import.unpinned, "{name}: {strict:?}");
    assert!(!import.is_pinned() || strict.is_pinned(), "{name}");
    let repositories = ["o/x", "o/y", "o/z", "p/x", "gitlab.com/g/h/x", "gitlab.com/g/x"];
    for text in repositories {
        let repository: SourceRepository = text.parse().unwrap();
        let accepted = |expectation: &Expectation| {
            let named = expectation.repositories.contains(&repository);
            !expectation.is_pinned() || named || expectation.owners.iter().any(|owner| owner.owns(&repository))
        };
        assert!(accepted(import) || !accepted(strict), "{name}: {text}");
    }
    for account in &strict.accounts {
        assert!(!import.is_pinned() || import.accounts.contains(account), "{name}");
    }
    assert!(import.kinds.build || !strict.kinds.build, "{name}");
    assert!(import.kinds.publish || !strict.kinds.publish, "{name}");
    assert!(strict.kinds.build || strict.kinds.publish, "{name}");
    assert!(strict.minimum_level >= import.minimum_level, "{name}");
    let workflow = |expectation: &Expectation| {
        let path = expectation.workflow.clone();
        path.map(|path| path.trim_start_matches(".github/workflows/").to_owned())
    };
    for (theirs, own) in [
        (&import.trigger, &strict.trigger),
        (&import.reference, &strict.reference),
        (&import.environment, &strict.environment),
        (&import.runner_environment, &strict.runner_environment),
        (&workflow(import), &workflow(strict)),
    ] {
        assert!(theirs.is_none() || theirs == own, "{name}: {theirs:?} {own:?}");
    }
    for builder in BUILDERS {
        let builder = format!("https://github.com/{}", builder.split('@').next().unwrap());
        for release in RELEASES {
            let reference = format!("refs/tags/{release}");
            let accepted = |expectation: &Expectation| {
                let list = &expectation.trusted_builders;
                let pinned = expectation.builder.as_ref();
                list.trusts(&builder, &reference)
                    && list.too_old(&builder, &reference).is_none()
                    && pinned.is_none_or(|pinned| pinned.matches(&builder, &reference).is_ok())
            };
            assert!(accepted(import) || !accepted(strict), "{name}: {builder}@{release}");
        }
    }
}

/// Every digest that is exempted on some day must be so by the import, unless that leaves it to its importers.
fn exemptions(import: &Policy, strict: &Policy, delegated: bool) {
    if delegated {
        return;
    }
    for exemption in strict.exemptions() {
        let theirs = import.exemptions().find(|theirs| theirs.package == exemption.package);
        let theirs = theirs.unwrap_or_else(|| panic!("{} is exempted", exemption.package));
        assert!(exemption.sha256.iter().all(|digest| theirs.names(digest)));
        let last = |end: Option<jiff::civil::Date>| end.unwrap_or(jiff::civil::Date::MAX);
        assert!(last(exemption.expires) <= last(theirs.expires));
    }
}

fn delegates(text: &str) -> bool {
    text.contains("importers-may-exempt = true")
}

fn check(strategy: &impl Strategy<Value = Case>, least: u32) {
    let mut taken = 0;
    let config = Config {
        cases: 1200,
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(strategy, |case| {
        let texts: Vec<(String, Vec<usize>)> = case
            .files
            .iter()
            .map(|(choices, imports)| (choices.text(), imports.clone()))
            .collect();
        let user = case.user.as_ref().map(Choices::text);
        let Some(policy) = combined(&texts, user.as_deref()) else {
            return Ok(());
        };
        for number in 0..texts.len() - 1 {
            let alone = combined(&texts[..=number], None).expect("an import that is taken is taken alone");
            holds(&alone, &policy);
            exemptions(
                &alone,
                &policy,
                texts[..=number].iter().any(|(text, _)| delegates(text)),
            );
        }
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        Ok(())
    });
    TAKEN.with(|count| taken += count.replace(0));
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(taken >= least, "only {taken} were put together");
}

thread_local! {
    /// How many were taken, so that the test says something.
    static TAKEN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[derive(Debug, Clone)]
struct Case {
    files: Vec<(Choices, Vec<usize>)>,
    user: Option<Choices>,
}

#[test]
fn a_file_never_loosens_what_it_imports() {
    let strategy = (choices(6), choices(3)).prop_map(|(import, project)| Case {
        files: vec![(import, vec![]), (project, vec![0])],
        user: None,
    });
    check(&strategy, 100);
}

#[test]
fn neither_does_the_user_wide_file() {
    let strategy = (choices(6), choices(2), choices(2)).prop_map(|(import, project, user)| Case {
        files: vec![(import, vec![]), (project, vec![0])],
        user: Some(user),
    });
    check(&strategy, 50);
}

#[test]
fn nor_an_import_another_one() {
    let strategy = (choices(4), choices(2), choices(1)).prop_map(|(first, second, project)| Case {
        files: vec![(first, vec![]), (second, vec![]), (project, vec![0, 1])],
        user: None,
    });
    check(&strategy, 40);
}

#[test]
fn nor_a_file_what_its_imports_import() {
    let strategy = (choices(4), choices(2), choices(2)).prop_map(|(inner, outer, project)| Case {
        files: vec![(inner, vec![]), (outer, vec![0]), (project, vec![1])],
        user: None,
    });
    check(&strategy, 40);
}

/// Of two imports, one that says nothing means `enforce`, and hands nothing on.
#[test]
fn what_an_import_means_without_saying_it_holds_beside_another() {
    let silent = ("[defaults]\nevidence = ['build']\n".to_owned(), vec![]);
    let loose = (
        "[defaults]\nmode = 'warn'\nimporters-may-exempt = true\n".to_owned(),
        vec![],
    );
    let exemption = format!(
        "[exemptions.a]\nversions = '==1'\nsha256 = ['{}']\nreason = 'x'\n",
        "0".repeat(64)
    );
    for files in [[silent.clone(), loose.clone()], [loose, silent]] {
        let with = |text: &str| [&files[..], &[(text.to_owned(), vec![0, 1])]].concat();
        assert_eq!(combined(&with(""), None).unwrap().mode(), Mode::Enforce);
        assert!(combined(&with(&exemption), None).is_none());
    }
}

/// A package that is assigned to an index is taken from there: where an import says which indexes may be asked, it must be one of them.
#[test]
fn an_index_of_a_package_is_held_to_the_indexes_of_an_import() {
    let import = |text: &str| (text.to_owned(), vec![]);
    let common =
        import("[defaults]\nindexes = ['https://i.example/']\n[packages.'acme-*']\nindex = 'https://p.example/'\n");
    for (table, index, taken) in [
        ("foo", "https://evil.example/", false),
        ("'f*'", "https://evil.example/", false),
        ("foo", "https://p.example/", false),
        ("'a*'", "https://p.example/", false),
        ("foo", "https://i.example", true),
        ("acme-new", "https://p.example/", true),
        ("acme-new", "https://i.example/", false),
    ] {
        let text = format!("[packages.{table}]\nindex = '{index}'\n");
        let project = combined(&[common.clone(), (text.clone(), vec![0])], None);
        assert_eq!(project.is_some(), taken, "{table} {index}");
        let user = combined(&[common.clone(), (String::new(), vec![0])], Some(&text));
        assert_eq!(user.is_some(), taken, "the user-wide file: {table} {index}");
        let beside = combined(&[common.clone(), import(&text), (String::new(), vec![0, 1])], None);
        assert_eq!(beside.is_some(), taken, "another import: {table} {index}");
    }
}

/// On GitLab a path is a path: the import's spelling holds.
#[test]
fn a_workflow_is_spelled_as_the_import_spells_it() {
    let of = |workflow: &str| format!("[packages.a]\nrepository = 'gitlab.com/g/x'\nworkflow = '{workflow}'\n");
    for (theirs, own) in [
        (".github/workflows/w.yml", "w.yml"),
        ("w.yml", ".github/workflows/w.yml"),
    ] {
        let policy = combined(&[(of(theirs), vec![]), (of(own), vec![0])], None).unwrap();
        let expectation = policy.expectation(&"a".parse().unwrap(), &"1".parse().unwrap());
        assert_eq!(expectation.workflow.as_deref(), Some(theirs));
    }
}

/// Only a caller who gives documents under digests that are not theirs can make such a round.
#[test]
fn a_round_of_imports_is_refused() {
    for (first, second) in [(vec![0], vec![]), (vec![1], vec![0])] {
        let files = [
            (String::new(), first),
            (String::new(), second),
            (String::new(), vec![0]),
        ];
        assert!(combined(&files, None).is_none());
    }
}
