//! pip's options that change what may be chosen.

use slsa_pip_distribution::{SupportedTags, Tag};
use slsa_pip_resolver::{ProjectList, Request, ResolveError};

use crate::world::{chosen, request, run, world};

fn with(requirements: &[&str], change: impl FnOnce(&mut Request)) -> Request {
    let mut asked = request(requirements);
    change(&mut asked);
    asked
}

fn names(entries: &[&str]) -> ProjectList {
    entries.iter().collect()
}

#[tokio::test]
async fn no_deps_takes_what_was_asked_for_alone() {
    let world = world("a 1 -> gone | b ; extra == 'x'\n b 1\n p 1\n p 2 needs=>=3.12");
    assert_eq!(chosen(&world, &with(&["a[x]"], |it| it.no_deps = true)).await, "a 1");
    // The interpreter still has to be the right one.
    assert_eq!(chosen(&world, &with(&["p"], |it| it.no_deps = true)).await, "p 1");
    assert!(
        chosen(&world, &request(&["a[x]"]))
            .await
            .contains("`gone` was not found")
    );
}

#[tokio::test]
async fn ignore_requires_python() {
    let world = world("a 1\n a 2 python=>=3.12\n b 1\n b 2 needs=>=3.12");
    assert_eq!(chosen(&world, &request(&["a", "b"])).await, "a 1, b 1");
    let ignoring = with(&["a", "b"], |it| it.ignore_requires_python = true);
    assert_eq!(chosen(&world, &ignoring).await, "a 2, b 2");
}

#[tokio::test]
async fn no_binary_cannot_be_obeyed_by_building() {
    let world = world("a 0 sdist\n a 1\n a 1 sdist\n a 2\n b 1 -> a");
    for (no, only) in [(&["a"][..], &[][..]), (&[":all:"], &[]), (&["a"], &[":all:"])] {
        let asked = with(&["a"], |it| {
            it.formats.no_binary = names(no);
            it.formats.only_binary = names(only);
        });
        let error = run(&world, &asked).await.unwrap_err();
        assert!(
            matches!(&error, ResolveError::WheelsExcluded { name, .. } if name.as_str() == "a"),
            "{error}"
        );
        assert!(error.to_string().contains("`--no-binary`"), "{error}");
    }
    let asked = with(&["b"], |it| it.formats.no_binary = names(&["a"]));
    let error = run(&world, &asked).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::WheelsExcluded { required_by, .. } if required_by[0].as_str() == "b"),
        "{error}"
    );
    for (no, only) in [(&["other"][..], &[][..]), (&[":all:"], &["A"]), (&[], &[":all:"])] {
        let asked = with(&["a"], |it| {
            it.formats.no_binary = names(no);
            it.formats.only_binary = names(only);
        });
        assert_eq!(chosen(&world, &asked).await, "a 2", "{no:?} {only:?}");
    }
}

#[tokio::test]
async fn whoever_wants_wheels_is_not_told_about_newer_source_distributions() {
    let world = world("a 1\n a 2 sdist");
    let notes = async |asked: Request| run(&world, &asked).await.unwrap().notes.len();
    assert_eq!(notes(request(&["a"])).await, 1);
    assert_eq!(notes(with(&["a"], |it| it.prefer_binary = true)).await, 0);
    assert_eq!(
        notes(with(&["a"], |it| it.formats.only_binary = names(&[":all:"]))).await,
        0
    );
    assert_eq!(
        notes(with(&["a"], |it| it.formats.only_binary = names(&["a"]))).await,
        0
    );
    assert_eq!(
        notes(with(&["a"], |it| it.formats.only_binary = names(&["b"]))).await,
        1
    );
}

#[tokio::test]
async fn other_tags_choose_other_wheels_while_markers_stay() {
    let world = world(
        "a 1 tag=cp311-cp311-manylinux_2_17_x86_64 -> unix ; os_name == 'posix'\n\
         a 1 tag=cp312-cp312-win_amd64 -> unix ; os_name == 'posix' | windows ; os_name == 'nt'\n\
         unix 1\n windows 1\n p 1\n p 2 python=>=3.12",
    );
    let asked = with(&["a", "p"], |it| {
        it.tags = SupportedTags::new(["cp312-cp312-win_amd64", "py3-none-any"].map(|tag| Tag::parse(tag).unwrap()));
        it.python = "3.12.0".parse().unwrap();
    });
    let resolution = run(&world, &asked).await.unwrap();
    let files: Vec<_> = resolution.packages.iter().map(|it| it.filename.as_str()).collect();
    assert_eq!(
        files,
        [
            "a-1-cp312-cp312-win_amd64.whl",
            "p-2-py3-none-any.whl",
            "unix-1-py3-none-any.whl"
        ]
    );
}

#[tokio::test]
async fn uploaded_prior_to() {
    let index = "a 1 uploaded=2023-01-01T00:00:00Z\n a 2 uploaded=2024-01-01T00:00:00Z\n\
        a 3 uploaded=2025-01-01T00:00:00Z\n a 3 build=1 uploaded=2023-06-01T00:00:00Z\n\
        l 1 uploaded=2020-01-01T00:00:00Z\n l 2 local\n u 1";
    let world = world(index);
    let before =
        |requirement: &str, time: &str| with(&[requirement], |it| it.uploaded_prior_to = Some(time.parse().unwrap()));
    assert_eq!(chosen(&world, &request(&["a"])).await, "a 3");
    assert_eq!(chosen(&world, &before("a<3", "2024-01-01T00:00:01Z")).await, "a 2");
    // Before, not at.
    assert_eq!(chosen(&world, &before("a<3", "2024-01-01T00:00:00Z")).await, "a 1");
    // Each file for itself.
    let resolution = run(&world, &before("a", "2024-06-01T00:00:00Z")).await.unwrap();
    assert_eq!(resolution.packages[0].filename.as_str(), "a-3-1-py3-none-any.whl");
    let error = chosen(&world, &before("a", "2000-01-01T00:00:00Z")).await;
    assert!(error.contains("not uploaded before 2000-01-01T00:00:00Z"), "{error}");
    assert_eq!(chosen(&world, &before("l", "2021-01-01T00:00:00Z")).await, "l 2");
    let error = run(&world, &before("u", "2024-01-01T00:00:00Z")).await.unwrap_err();
    assert!(matches!(error, ResolveError::UploadTimeMissing { .. }), "{error}");
}

#[tokio::test]
async fn release_control() {
    let world = world("a 1.0\n a 2.0a1\n b 1.0\n b 2.0a1\n c 1.0a1");
    let control = |requirements: &[&str], all: &[&str], finals: &[&str]| {
        with(requirements, |it| {
            it.releases.all_releases = names(all);
            it.releases.only_final = names(finals);
        })
    };
    assert_eq!(
        chosen(&world, &control(&["a", "b"], &["a"], &[])).await,
        "a 2.0a1, b 1.0"
    );
    assert_eq!(
        chosen(&world, &control(&["a", "b"], &[":all:"], &["b"])).await,
        "a 2.0a1, b 1.0"
    );
    assert_eq!(
        chosen(&world, &control(&["a", "b"], &["b"], &[":all:"])).await,
        "a 1.0, b 2.0a1"
    );
    for requirement in ["c", "c==1.0a1", "a>=2.0a1"] {
        let error = chosen(&world, &control(&[requirement], &[], &[":all:"])).await;
        assert!(
            error.contains("a pre-release, and only final releases are wanted"),
            "{requirement}: {error}"
        );
    }
    assert_eq!(
        chosen(&world, &control(&["c", "a>=1.0a1"], &[], &["b"])).await,
        "a 2.0a1, c 1.0a1"
    );
}

#[tokio::test]
async fn an_empty_list_of_hashes_allows_nothing() {
    let asked = with(&["a==1"], |it| {
        it.hashes.insert("a".parse().unwrap(), Vec::new());
    });
    for index in ["a 1", "a 1 sha=ab"] {
        let error = chosen(&world(index), &asked).await;
        assert!(error.contains("no file with an allowed hash"), "{error}");
    }
}
