//! What is installed already: pip's rules for what stays and what is replaced.

use std::sync::atomic::Ordering;

use slsa_pip_resolver::{Request, ResolveError, Upgrade};

use crate::world::{all, chosen, installed, request, run, world};

fn with(requirements: &[&str], present: &str, change: impl FnOnce(&mut Request)) -> Request {
    let mut asked = request(requirements);
    installed(&mut asked, present);
    change(&mut asked);
    asked
}

async fn solve(index: &str, present: &str, requirements: &[&str]) -> String {
    chosen(&world(index), &with(requirements, present, |_| {})).await
}

async fn upgrade(index: &str, present: &str, requirements: &[&str], strategy: Upgrade) -> String {
    let asked = with(requirements, present, |asked| asked.upgrade = strategy);
    chosen(&world(index), &asked).await
}

#[tokio::test]
async fn what_fits_stays_and_what_does_not_is_replaced() {
    let index = "a 1\n a 2\n a 3";
    assert_eq!(solve(index, "a 1", &["a"]).await, "a 1 stays");
    assert_eq!(solve(index, "a 1", &["a>=1"]).await, "a 1 stays");
    assert_eq!(solve(index, "a 1", &["a>1"]).await, "a 3");
    assert_eq!(solve(index, "a 3", &["a<3"]).await, "a 2");
    assert_eq!(solve(index, "a 9", &["a"]).await, "a 9 stays");
    assert_eq!(solve(index, "other 1", &["a"]).await, "a 3");
}

#[tokio::test]
async fn nothing_is_asked_of_the_index_if_all_is_there() {
    let world = world("a !\n b !");
    let asked = with(&["a", "b>=1"], "a 1 -> b\n b 1", |_| {});
    assert_eq!(chosen(&world, &asked).await, "a 1 stays, b 1 stays");
    assert_eq!(world.page_fetches.load(Ordering::Relaxed), 0);
    assert_eq!(world.metadata_fetches.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_is_installed_need_not_be_on_the_index() {
    assert_eq!(solve("", "a 1", &["a"]).await, "a 1 stays");
    assert_eq!(upgrade("", "a 1", &["a"], Upgrade::Eager).await, "a 1 stays");
    let error = run(&world(""), &with(&["a>1"], "a 1", |_| {})).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("which no release satisfies (the newest is 1)"),
        "{error}"
    );
    let error = run(&world(""), &with(&["b"], "a 1", |_| {})).await.unwrap_err();
    assert!(matches!(error, ResolveError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn requirements_of_what_is_installed_count() {
    let index = "b 1\n b 2\n b 3";
    assert_eq!(solve(index, "a 1 -> b<3", &["a"]).await, "b 2, a 1 stays");
    assert_eq!(solve(index, "a 1 -> b<3\n b 3", &["a"]).await, "b 2, a 1 stays");
    assert_eq!(solve(index, "a 1 -> b<3\n b 1", &["a"]).await, "a 1 stays, b 1 stays");
    // What nobody requires here does not count, as with pip.
    assert_eq!(solve(index, "a 1 -> b<3", &["b"]).await, "b 3");
    let asked = with(&["a"], "a 1 -> b<3", |asked| asked.no_deps = true);
    assert_eq!(chosen(&world(index), &asked).await, "a 1 stays");
}

#[tokio::test]
async fn extras_of_what_is_installed() {
    let present = "a 1 -> b ; extra == 'x' | c ; extra == 'y'";
    assert_eq!(solve("b 1\n c 1", present, &["a[x]"]).await, "b 1, a 1 stays");
    let world = world("b 1");
    let resolution = run(&world, &with(&["a[z]"], present, |_| {})).await.unwrap();
    assert_eq!(resolution.notes, ["a 1 has no extra `z`"]);
    let satisfied = &resolution.satisfied[0];
    assert_eq!((satisfied.requested, satisfied.extras[0].as_str()), (true, "z"));
}

#[tokio::test]
async fn installed_prereleases_fit() {
    let index = "a 1.0\n a 2.0a1\n a 2.0a2";
    assert_eq!(solve(index, "a 2.0a1", &["a"]).await, "a 2.0a1 stays");
    assert_eq!(solve(index, "a 2.0a1", &["a>=1.0"]).await, "a 2.0a1 stays");
    assert_eq!(
        upgrade(index, "a 2.0a1", &["a"], Upgrade::OnlyIfNeeded).await,
        "a 2.0a1 stays"
    );
    assert_eq!(
        upgrade(index, "a 2.0a1", &["a>=2.0a1"], Upgrade::OnlyIfNeeded).await,
        "a 2.0a2"
    );
    assert_eq!(upgrade(index, "a 1.0", &["a"], Upgrade::Eager).await, "a 1.0 stays");
    assert_eq!(upgrade(index, "a 1.0", &["a<=2.0a1"], Upgrade::Eager).await, "a 2.0a1");
    assert_eq!(solve(index, "a 1.0", &["a<=2.0a1"]).await, "a 1.0 stays");
}

#[tokio::test]
async fn upgrade_replaces_what_was_asked_for_and_eager_everything() {
    let index = "a 1 -> b\n a 2 -> b\n b 1\n b 2\n c 2";
    let present = "a 1 -> b\n b 1\n c 1";
    assert_eq!(solve(index, present, &["a"]).await, "a 1 stays, b 1 stays");
    assert_eq!(
        upgrade(index, present, &["a"], Upgrade::OnlyIfNeeded).await,
        "a 2, b 1 stays"
    );
    assert_eq!(upgrade(index, present, &["a"], Upgrade::Eager).await, "a 2, b 2");
    assert_eq!(
        upgrade(index, present, &["a", "b"], Upgrade::OnlyIfNeeded).await,
        "a 2, b 2"
    );
    assert_eq!(
        upgrade(index, present, &["a[x]"], Upgrade::OnlyIfNeeded).await,
        "a 2, b 1 stays"
    );
    let needed = "a 2 -> b>=2\n b 1\n b 2";
    assert_eq!(
        upgrade(needed, present, &["a"], Upgrade::OnlyIfNeeded).await,
        "a 2, b 2"
    );
    // Nothing newer, and nothing newer that can be had.
    assert_eq!(upgrade(index, "c 2", &["c"], Upgrade::Eager).await, "c 2 stays");
    assert_eq!(upgrade(index, "c 3", &["c"], Upgrade::Eager).await, "c 3 stays");
    let worse = "a 1\n a 2 sdist\n a 3 yanked\n a 4 python=>=3.12";
    assert_eq!(upgrade(worse, "a 1", &["a"], Upgrade::Eager).await, "a 1 stays");
    assert_eq!(
        upgrade("a 2 -> gone\n a 1", "a 1", &["a"], Upgrade::Eager).await,
        "a 1 stays"
    );
    // A dependency of a skipped requirement was not asked for.
    let skipped = ["a", "b ; os_name == 'nt'"];
    assert_eq!(
        upgrade(index, present, &skipped, Upgrade::OnlyIfNeeded).await,
        "a 2, b 1 stays"
    );
}

#[tokio::test]
async fn force_reinstall_and_ignore_installed_take_everything_from_the_index() {
    let index = "a 1 -> b\n a 2 -> b\n b 1\n b 2";
    let present = "a 1 -> b\n b 1";
    let asked = with(&["a"], present, |asked| asked.force_reinstall = true);
    assert_eq!(chosen(&world(index), &asked).await, "a 2, b 2");
    let asked = with(&["a==1"], present, |asked| asked.force_reinstall = true);
    assert_eq!(chosen(&world(index), &asked).await, "a 1, b 2");
    let asked = with(&["a"], present, |asked| asked.ignore_installed = true);
    assert_eq!(chosen(&world(index), &asked).await, "a 2, b 2");
    let error = run(&world(""), &with(&["a"], present, |asked| asked.force_reinstall = true))
        .await
        .unwrap_err();
    assert!(matches!(error, ResolveError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn what_a_constraint_excludes_does_not_stay() {
    let constrained = |constraint: &str| with(&["a"], "a 2", |asked| asked.constraints = all(&[constraint]));
    let world = world("a 1\n a 2\n a 3");
    assert_eq!(chosen(&world, &constrained("a<2")).await, "a 1");
    assert_eq!(chosen(&world, &constrained("a>=2")).await, "a 2 stays");
    assert_eq!(chosen(&world, &constrained("a<2 ; os_name == 'nt'")).await, "a 2 stays");
    let error = chosen(&world, &constrained("a>3")).await;
    assert!(error.contains("excluded by the constraint `a>3`"), "{error}");
}

#[tokio::test]
async fn a_new_dependency_replaces_what_is_in_its_way() {
    let index = "a 1 -> c>=2\n c 1\n c 2\n c 3";
    assert_eq!(solve(index, "c 1", &["a"]).await, "a 1, c 3");
    assert_eq!(solve(index, "c 2", &["a"]).await, "a 1, c 2 stays");
    // The other one comes later, when the installed release was taken for good.
    let late = "a 1 -> c | d\n d 1 -> c>=2\n c 1\n c 2";
    assert_eq!(solve(late, "c 1", &["a"]).await, "a 1, c 2, d 1");
}

#[tokio::test]
async fn a_conflict_with_what_is_installed_replaces_that_and_not_the_new_one() {
    // b is installed and does not fit the newest a, but a newer b does.
    let index = "a 1 -> b\n a 2 -> b | c>=2\n b 1 -> c<2\n b 2 -> c\n c 1\n c 2";
    assert_eq!(solve(index, "b 1 -> c<2", &["a"]).await, "a 2, b 2, c 2");
    // There is no newer b, so that an older a is all there is.
    let index = "a 1 -> b\n a 2 -> b | c>=2\n b 1 -> c<2\n c 1\n c 2";
    assert_eq!(solve(index, "b 1 -> c<2", &["a"]).await, "a 1, c 1, b 1 stays");
    let index = "a 2 -> b | c>=2\n b 1 -> c<2\n c 1\n c 2";
    let error = solve(index, "b 1 -> c<2", &["a"]).await;
    assert!(error.contains("b requires `c<2`"), "{error}");
}

#[tokio::test]
async fn what_is_installed_and_cannot_stay_is_replaced_before_anything_else_gives_way() {
    // d requires what does not exist.
    let index = "b 1 -> d\n b 2 -> d\n d 1\n d 2";
    assert_eq!(solve(index, "d 1 -> gone", &["b"]).await, "b 2, d 2");
    assert_eq!(
        upgrade(index, "b 2 -> d\n d 1 -> gone", &["b"], Upgrade::OnlyIfNeeded).await,
        "d 2, b 2 stays"
    );
}

#[tokio::test]
async fn unreadable_installed_metadata_excludes_that_release_alone() {
    let asked = with(&["a"], "a 1 -> b>=1.*", |_| {});
    let resolution = run(&world("a 1\n a 2"), &asked).await.unwrap();
    assert_eq!(resolution.packages[0].version, "2".parse().unwrap());
    assert!(
        resolution.notes[0].contains("a 1 was left out: its installed metadata has an invalid requirement"),
        "{:?}",
        resolution.notes
    );
    let error = chosen(&world(""), &asked).await;
    assert!(error.contains("invalid requirement"), "{error}");
}

#[tokio::test]
async fn hashes_are_not_required_of_what_stays() {
    let mut asked = with(&["a"], "a 1 -> b\n b 1", |asked| asked.require_hashes = true);
    assert_eq!(chosen(&world(""), &asked).await, "a 1 stays, b 1 stays");
    asked.installed.remove(&"b".parse().unwrap());
    let error = run(&world("b 1"), &asked).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::HashMissing { names } if names[0].as_str() == "b"),
        "{error}"
    );
}

#[tokio::test]
async fn the_result_says_why_something_is_needed() {
    let world = world("a 1 -> b[x]>=1 | c ; os_name == 'nt'");
    let asked = with(&["a"], "b 1 -> d ; extra == 'x'\n d 1", |_| {});
    let resolution = run(&world, &asked).await.unwrap();
    let [b, d] = resolution.satisfied.as_slice() else {
        panic!("{resolution:?}")
    };
    assert_eq!(resolution.packages[0].requires, ["b[x]>=1"]);
    assert_eq!(resolution.packages[0].why[0].by, None);
    assert_eq!(b.why[0].by, Some("a".parse().unwrap()));
    assert_eq!(b.why[0].requirement, "b[x]>=1");
    assert_eq!(
        (b.requested, b.requires.as_slice()),
        (false, &["d ; extra == 'x'".to_owned()][..])
    );
    assert_eq!(d.required_by, ["b".parse().unwrap()]);
}
