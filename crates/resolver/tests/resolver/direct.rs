//! Files that are named by URL.

use slsa_pip_resolver::{ResolveError, Upgrade};

use crate::world::{all, chosen, digest, installed, request, run, world};

const INDEX: &str = "a 1\n a 2\n b 1 -> a<2\n c 1 -> a[x]\n d 1\n
    a 1.5 at=https://host.example/a-1.5-py3-none-any.whl -> d ; extra == 'x'
    a 1.6 at=https://host.example/a-1.6-py3-none-any.whl
    w 1 at=https://host.example/w.whl tag=cp311-cp311-win_amd64
    s 1 at=https://host.example/s.tar.gz sdist
    m 1 at=https://host.example/m.whl claims=other";

const A: &str = "a @ https://host.example/a-1.5-py3-none-any.whl";

async fn solve(requirements: &[&str]) -> String {
    chosen(&world(INDEX), &request(requirements)).await
}

#[tokio::test]
async fn a_named_file_is_the_only_release_of_its_project() {
    assert_eq!(solve(&[A]).await, "a 1.5");
    assert_eq!(solve(&["a", A, "a>1"]).await, "a 1.5");
    assert_eq!(solve(&["b", A]).await, "a 1.5, b 1");
    assert_eq!(solve(&["c", A]).await, "a 1.5, c 1, d 1");
    assert_eq!(
        solve(&["a[x] @ https://host.example/a-1.5-py3-none-any.whl"]).await,
        "a 1.5, d 1"
    );
    for clash in [
        &[A, "a>=2"][..],
        &[A, "a==1"],
        &[A, "a @ https://host.example/a-1.6-py3-none-any.whl"],
    ] {
        let error = run(&world(INDEX), &request(clash)).await.unwrap_err();
        assert!(
            matches!(error, ResolveError::Unsatisfiable { .. }),
            "{clash:?}: {error}"
        );
    }
    let resolution = run(&world(INDEX), &request(&[A])).await.unwrap();
    assert!(resolution.packages[0].direct);
    assert!(!run(&world(INDEX), &request(&["a"])).await.unwrap().packages[0].direct);
}

#[tokio::test]
async fn the_index_is_not_asked_for_it() {
    let world = world("a !\n a 1.5 at=https://host.example/a-1.5-py3-none-any.whl");
    assert_eq!(chosen(&world, &request(&[A])).await, "a 1.5");
    assert_eq!(world.page_fetches.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_with_the_requirement() {
    for (requirement, reason) in [
        (
            "x @ https://u:secret@host.example/x.whl?token=secret",
            "it is not a wheel",
        ),
        (
            "other @ https://host.example/a-1.5-py3-none-any.whl",
            "it names a file of a",
        ),
    ] {
        let error = run(&world(INDEX), &request(&[requirement])).await.unwrap_err();
        assert!(matches!(&error, ResolveError::DirectUrl { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(reason) && !text.contains("secret"), "{text}");
    }
    let error = run(&world(INDEX), &request(&["s @ https://host.example/s.tar.gz"]))
        .await
        .unwrap_err();
    assert!(matches!(&error, ResolveError::OnlySdists { .. }), "{error}");
    let error = solve(&["w @ https://host.example/w.whl"]).await;
    assert!(error.contains("no wheel for this interpreter"), "{error}");
    let error = solve(&["m @ https://host.example/m.whl"]).await;
    assert!(error.contains("its metadata is that of other 1"), "{error}");
}

#[tokio::test]
async fn a_marker_that_does_not_hold_names_nothing() {
    let skipped = format!("{A} ; os_name == 'nt'");
    assert_eq!(solve(&["a", &skipped]).await, "a 2");
}

#[tokio::test]
async fn prereleases_builds_and_upload_times_do_not_matter() {
    let index = "p 1.0\n p 2.0a1 at=https://host.example/p.whl";
    let mut asked = request(&["p @ https://host.example/p.whl", "p>=1"]);
    asked.releases.only_final.all = true;
    asked.formats.no_binary.all = true;
    asked.uploaded_prior_to = Some("2024-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(chosen(&world(index), &asked).await, "p 2.0a1");
}

#[tokio::test]
async fn urls_in_constraints_choose_the_file_and_request_nothing() {
    let mut asked = request(&["b"]);
    asked.constraints = all(&[A]);
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5, b 1");
    asked.requirements = all(&["d"]);
    assert_eq!(chosen(&world(INDEX), &asked).await, "d 1");
    asked.requirements = all(&["a>=2"]);
    let error = chosen(&world(INDEX), &asked).await;
    assert!(
        error.contains("which no release satisfies (the newest is 1.5)"),
        "{error}"
    );
    asked.requirements = all(&["a @ https://host.example/a-1.6-py3-none-any.whl"]);
    let error = chosen(&world(INDEX), &asked).await;
    assert!(error.contains("excluded by the constraint"), "{error}");
    asked.constraints = all(&[A, "a<1.5"]);
    asked.requirements = all(&["a"]);
    let error = chosen(&world(INDEX), &asked).await;
    assert!(error.contains("excluded by the constraint `a<1.5`"), "{error}");
}

#[tokio::test]
async fn urls_that_only_metadata_names_are_not_followed() {
    let index = "a 1\n a 2 -> b @ https://host.example/b.whl\n b 1\n b 2 at=https://host.example/b.whl";
    let resolution = run(&world(index), &request(&["a"])).await.unwrap();
    assert_eq!(
        resolution.notes,
        ["a 2 was left out: requires `b @ https://host.example/b.whl`, a URL that you have not named yourself"]
    );
    let both = ["a", "b @ https://host.example/b.whl"];
    assert_eq!(chosen(&world(index), &request(&both)).await, "a 2, b 2");
    let mut asked = request(&["a"]);
    asked.constraints = all(&["b @ https://host.example/b.whl"]);
    assert_eq!(chosen(&world(index), &asked).await, "a 2, b 2");
    // What is installed may have come from there; something new may not.
    installed(&mut asked, "b 1");
    asked.constraints.clear();
    assert_eq!(chosen(&world(index), &asked).await, "a 1");
    installed(&mut asked, "a 3 -> b @ https://host.example/b.whl");
    assert_eq!(chosen(&world(index), &asked).await, "a 3 stays, b 1 stays");
}

#[tokio::test]
async fn a_named_file_of_the_installed_version_is_left_out() {
    let mut asked = request(&[A]);
    installed(&mut asked, "a 1");
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5");
    installed(&mut asked, "a 1.5");
    asked.upgrade = Upgrade::Eager;
    let resolution = run(&world(INDEX), &asked).await.unwrap();
    assert_eq!((resolution.packages.len(), resolution.satisfied.len()), (0, 1));
    assert!(
        resolution.notes[0].contains("`--force-reinstall` installs it"),
        "{:?}",
        resolution.notes
    );
    asked.force_reinstall = true;
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5");
    asked.force_reinstall = false;
    installed(&mut asked, "a 1.5 editable");
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5");
}

#[tokio::test]
async fn a_digest_in_the_url_is_a_hash() {
    let hex = "ab".repeat(32);
    let mut asked = request(&[&format!("{A}#sha256={hex}")]);
    asked.require_hashes = true;
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5");
    asked.requirements = all(&[A]);
    let error = run(&world(INDEX), &asked).await.unwrap_err();
    assert!(matches!(error, ResolveError::HashMissing { .. }), "{error}");
    asked.hashes.insert("a".parse().unwrap(), vec![digest("ab")]);
    assert_eq!(chosen(&world(INDEX), &asked).await, "a 1.5");
    let known = "a 1.5 at=https://host.example/a-1.5-py3-none-any.whl sha=cd";
    let error = chosen(&world(known), &asked).await;
    assert!(error.contains("no file with an allowed hash"), "{error}");
}
