//! What is written is read again as the same; and nothing that is read does harm.
#![allow(clippy::unwrap_used, reason = "the functions that tests share fail like the tests")]

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_policy::{EvidenceKind, Publisher};
use slsa_pip_pylock::diff::{Snapshot, compare};
use slsa_pip_pylock::{
    Dependency, Environment, File, Lock, Package, Place, Recorded, Source, SourceTree, Specifiers, read, write,
};

/// A text that may hold anything but control characters, which are refused where they are read.
fn anything() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{0,12}[^\\p{Cc}\\s]"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,6}"
}

fn file(name: String) -> impl Strategy<Value = File> {
    let place = prop_oneof![
        "[a-z0-9]{1,8}".prop_map(|host| format!("https://{host}.example/")),
        Just(String::new())
    ];
    let others = proptest::collection::btree_map("(md5|sha512|blake2b)", "[0-9a-f]{2,8}", 0..3);
    (
        place,
        of(0..u64::from(u32::MAX)),
        of(0..4_000_000_000_i64),
        any::<[u8; 32]>(),
        others,
    )
        .prop_map(move |(prefix, size, time, digest, other_hashes)| File {
            place: if prefix.is_empty() {
                Place::Path(format!("wheels/{name}"))
            } else {
                Place::Url(format!("{prefix}{name}").parse().unwrap())
            },
            name: name.clone(),
            size,
            upload_time: time.map(|time| jiff::Timestamp::from_second(time).unwrap()),
            sha256: Some(Sha256Digest::from_bytes(digest)),
            other_hashes,
        })
}

fn publisher() -> impl Strategy<Value = Publisher> {
    prop_oneof![
        ("[a-z]{1,5}/[a-z]{1,5}", anything(), of(anything())).prop_map(|(repository, workflow, environment)| {
            Publisher::GitHub {
                repository,
                workflow,
                environment,
            }
        }),
        ("[a-z]{1,5}/[a-z]{1,5}", anything(), of(anything())).prop_map(
            |(repository, workflow_filepath, environment)| Publisher::GitLab {
                repository,
                workflow_filepath,
                environment,
            }
        ),
        anything().prop_map(|email| Publisher::Google { email }),
        (anything(), anything()).prop_map(|(project_id, pipeline_definition_id)| Publisher::CircleCi {
            project_id,
            pipeline_definition_id
        }),
        "x[a-z]{1,5}".prop_map(|kind| Publisher::Other { kind }),
    ]
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let kind = prop_oneof![Just(EvidenceKind::Build), Just(EvidenceKind::Publish)];
    (
        vec(anything(), 1..3),
        of(kind),
        of(0..4_u8),
        of(anything()),
        of(anything()),
        of(anything()),
    )
        .prop_map(|(verified, evidence, level, builder, exempt, owner_id)| Recorded {
            verified,
            evidence,
            level,
            builder,
            exempt,
            owner_id,
            ..Recorded::default()
        })
}

fn package() -> impl Strategy<Value = Package> {
    let markers = [
        "sys_platform == 'linux'",
        "'x' in extras",
        "python_version < '3.12' or os_name == \"nt\"",
    ];
    let marker = proptest::sample::select(markers.to_vec()).prop_map(|text| Environment::parse(text).unwrap());
    let specifiers = proptest::sample::select(vec![">=3.8", "==3.11.*", ">=3,<4"]);
    let specifiers = specifiers.prop_map(|text| Specifiers::parse(text).unwrap());
    name().prop_flat_map(move |name| {
        let source = prop_oneof![
            file(format!("{name}-1.0-py3-none-any.whl")).prop_map(|file| Source::Files {
                wheels: vec![(file.name.parse().unwrap(), file)],
                sdist: None,
            }),
            (
                file(format!("{name}-1.0.tar.gz")),
                file(format!("{name}-1.0-1-py3-none-any.whl"))
            )
                .prop_map(|(sdist, file)| Source::Files {
                    wheels: vec![(file.name.parse().unwrap(), file)],
                    sdist: Some(sdist),
                }),
            file(format!("{name}-1.0.zip")).prop_map(Source::Archive),
            (anything(), any::<bool>())
                .prop_map(|(path, editable)| Source::Tree(SourceTree::Directory { path, editable })),
            ("[a-z]{1,4}", "[a-z]{1,4}", anything()).prop_map(|(kind, host, commit)| Source::Tree(SourceTree::Vcs {
                kind,
                place: format!("https://{host}.example/x"),
                commit,
            })),
        ];
        let index = of(Just("https://index.example/simple/".parse().unwrap()));
        let dependencies = proptest::collection::btree_set("[a-z]{1,4}", 0..3);
        (
            of(marker.clone()),
            of(specifiers.clone()),
            dependencies,
            index,
            source,
            vec(publisher(), 0..3),
            of(recorded()),
        )
            .prop_map(
                move |(marker, requires_python, dependencies, index, source, publishers, recorded)| {
                    let dependencies = dependencies.into_iter().map(|name| Dependency {
                        name: name.parse().unwrap(),
                        version: None,
                    });
                    Package {
                        name: name.parse().unwrap(),
                        version: matches!(source, Source::Files { .. }).then(|| "1.0".parse().unwrap()),
                        marker,
                        requires_python,
                        dependencies: dependencies.collect(),
                        index,
                        source,
                        publishers,
                        recorded,
                        line: slsa_pip_pylock::Line::default(),
                    }
                },
            )
    })
}

prop_compose! {
    fn lock()(packages in vec(package(), 0..5), created_by in anything(), groups in vec(name(), 0..3)) -> Lock {
        // Sorted, and one of each name, as they are written.
        let packages: BTreeMap<String, Package> =
            packages.into_iter().map(|package| (package.name.to_string(), package)).collect();
        let groups: Vec<_> = groups.iter().map(|name| name.parse().unwrap()).collect();
        Lock {
            created_by,
            packages: packages.into_values().collect(),
            extras: groups.clone(),
            default_groups: groups,
            environments: vec![Environment::parse("sys_platform == 'linux'").unwrap()],
            ..Lock::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_as_the_same(lock in lock()) {
        let text = write(&lock);
        let read = read(&text, "pylock.toml").map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        prop_assert_eq!(&read.lock, &lock, "{}", text);
        prop_assert_eq!(write(&read.lock), text);
    }

    #[test]
    fn a_lock_differs_from_itself_in_nothing(lock in lock()) {
        let snapshot = Snapshot::from(&lock);
        prop_assert_eq!(compare(&snapshot, &snapshot), vec![]);
    }

    #[test]
    fn any_two_locks_can_be_compared_and_what_is_only_in_one_is_named(a in lock(), b in lock()) {
        let (old, new) = (Snapshot::from(&a), Snapshot::from(&b));
        let changes = compare(&old, &new);
        for name in old.packages.keys().filter(|name| !new.packages.contains_key(*name)) {
            prop_assert!(changes.iter().any(|change| change.name == *name));
        }
    }

    /// A good text with a piece cut out, doubled or replaced is read or refused, and never does anything else.
    #[test]
    fn damaged_texts_are_read_or_refused(lock in lock(), at in any::<prop::sample::Index>(),
        length in 0..40_usize, piece in "[\\[\\]{}=\"'.\n\\\\ a-z0-9\u{202e}]{0,12}") {
        let text = write(&lock);
        let start = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
        let damaged = format!("{}{piece}{}", &text[..start], &text[end..]);
        match read(&damaged, "pylock.toml") {
            Ok(it) => { let _ = write(&it.lock); }
            Err(errors) => {
                prop_assert!(!errors.errors.is_empty());
                let plain = !errors.to_string().contains('\u{202e}');
                prop_assert!(plain, "a direction mark is shown");
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = read(&text, "pylock.toml");
    }
}
