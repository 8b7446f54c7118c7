//! Which copy is used: refreshed, kept, embedded; and what is said about it.

use jiff::Timestamp;
use slsa_pip_cache::CacheFolder;
use slsa_pip_test_world::{Fault, TestSigstore, TufRepository, TufRole};
use slsa_pip_trust_root::{Code, Loaded, Origin, Repository, Source, open};

use crate::scene::{SIGNED, Scene, another_root, block_on, client};

#[track_caller]
fn word(loaded: &Loaded) -> &'static str {
    loaded.parts[0].origin.word()
}

#[test]
fn a_first_run_fetches_everything_and_keeps_it() {
    let scene = Scene::new();
    let loaded = scene.load().unwrap();
    assert_eq!(word(&loaded), "tuf");
    assert_eq!(loaded.describe(scene.now), "TUF, refreshed 0 seconds ago");
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    assert_eq!(loaded.requests, 5);
    let asked = scene.asked();
    assert_eq!(
        asked[..4],
        ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    );
    assert!(asked[4].starts_with("targets/") && asked[4].ends_with(".trusted_root.json"));
    let versions: Vec<u64> = loaded.parts[0].roles.iter().map(|role| role.version).collect();
    assert_eq!(versions, [1, 1, 1, 1]);
    assert_eq!(loaded.parts[0].contents().unwrap().certificate_authorities.len(), 1);
}

#[test]
fn a_fresh_copy_makes_no_request() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    scene.asked();
    scene.pass(23);
    assert!(!open(scene.source(), scene.now).unwrap().needs_network());
    let loaded = scene.load().unwrap();
    assert_eq!(loaded.describe(scene.now), "TUF, refreshed 23 hours ago");
    assert!(loaded.notes.is_empty());
    assert_eq!((loaded.requests, scene.asked().len()), (0, 0));
}

#[test]
fn an_unchanged_repository_costs_two_requests_a_day() {
    let scene = Scene::with_old_copy();
    scene.asked();
    let loaded = scene.load().unwrap();
    assert_eq!(scene.asked(), ["2.root.json", "timestamp.json"]);
    assert_eq!(word(&loaded), "tuf");
    assert!(!open(scene.source(), scene.now).unwrap().needs_network());
}

#[test]
fn a_renewed_timestamp_costs_no_more() {
    let mut scene = Scene::with_old_copy();
    scene.repository.renew();
    scene.asked();
    scene.load().unwrap();
    assert_eq!(scene.asked(), ["2.root.json", "timestamp.json"]);
}

#[test]
fn a_new_trusted_root_is_fetched() {
    let mut scene = Scene::with_old_copy();
    let before = scene.load().unwrap().parts[0].contents().unwrap();
    scene.pass(25);
    scene.repository.replace_target(&another_root());
    let after = scene.load().unwrap();
    assert_ne!(after.parts[0].contents().unwrap(), before);
}

#[test]
fn a_copy_that_expires_is_not_fresh_however_new() {
    let mut scene = Scene::new();
    scene.pass(7 * 24 - 2);
    scene.load().unwrap();
    scene.pass(2);
    assert!(open(scene.source(), scene.now).unwrap().needs_network());
}

#[test]
fn metadata_is_valid_before_its_end_only() {
    let mut scene = Scene::new();
    scene.now = Timestamp::from_second(SIGNED + 7 * 24 * 3600).unwrap();
    let error = scene.load().unwrap_err();
    assert_eq!(error.code(), Code::Expired);
    // The other reason for it.
    assert!(error.hint().contains("clock"), "{}", error.hint());
    scene.now -= jiff::SignedDuration::from_nanos(1);
    scene.load().unwrap();
}

#[test]
fn a_copy_from_the_future_is_not_fresh() {
    let mut scene = Scene::new();
    scene.pass(2);
    scene.load().unwrap();
    scene.pass(-1);
    assert!(open(scene.source(), scene.now).unwrap().needs_network());
    scene.offline = true;
    let loaded = scene.load().unwrap();
    assert_eq!(loaded.describe(scene.now), "cache, an unknown time old");
}

#[test]
fn roots_rotate_over_several_versions() {
    let mut scene = Scene::with_old_copy();
    scene.repository.rotate(&[TufRole::Timestamp]);
    scene.repository.rotate(&[TufRole::Snapshot, TufRole::Targets]);
    scene.repository.rotate(&[TufRole::Root]);
    scene.repository.rotate(&TufRole::ALL);
    let loaded = scene.load().unwrap();
    assert_eq!(loaded.parts[0].roles[0].version, 5);
    // The copy now holds the whole chain.
    scene.offline = true;
    scene.asked();
    assert_eq!(scene.load().unwrap().parts[0].roles[0].version, 5);
    assert!(scene.asked().is_empty());
}

#[test]
fn versions_may_begin_again_only_below_a_root_with_other_keys() {
    // The timestamp's key was stolen and used to sign a huge version; after a rotation the repository starts over.
    let mut scene = Scene::new();
    (0..3).for_each(|_| scene.repository.renew());
    scene.load().unwrap();
    scene.pass(25);
    let mut without = scene.repository.clone();
    scene.repository.begin_again(TufRole::Timestamp);
    scene.repository.rotate(&[TufRole::Timestamp]);
    assert_eq!(scene.load().unwrap().parts[0].roles[1].version, 1);
    // What was kept then is in order for the next run, too.
    scene.load().unwrap();

    without.begin_again(TufRole::Timestamp);
    without.rotate(&[TufRole::Root]);
    let mut other = Scene::new();
    (0..3).for_each(|_| other.repository.renew());
    other.load().unwrap();
    other.pass(25);
    other.repository = without;
    assert_eq!(other.code(), Code::Rollback);
}

#[test]
fn an_unreachable_repository_leaves_the_copy_with_one_note() {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Truncate,
    ];
    for fault in faults {
        let mut scene = Scene::with_old_copy();
        scene.pass(11 * 24);
        scene.world.fault("/tuf/", fault);
        let loaded = scene.load().unwrap();
        assert_eq!(loaded.describe(scene.now), "cache, 12 days old");
        assert_eq!(loaded.notes.len(), 1, "{:?}", loaded.notes);
        let note = &loaded.notes[0];
        assert!(note.contains("custom: cache, 12 days old"), "{note}");
        assert!(note.contains("its timestamp metadata expired on 2026-09-28"), "{note}");
        assert!(note.contains("/tuf/test/"), "{note}");
    }
}

#[test]
fn an_unreachable_repository_without_a_copy_is_an_error() {
    let scene = Scene::new();
    scene.world.fault("/tuf/", Fault::Status(500));
    assert_eq!(scene.code(), Code::Unreachable);
    // A forced refresh never falls back.
    let scene = Scene::with_old_copy();
    scene.world.fault("/tuf/", Fault::Status(500));
    assert_eq!(scene.update().unwrap_err().code(), Code::Unreachable);
}

#[test]
fn offline_uses_the_copy_and_asks_nothing() {
    let mut scene = Scene::with_old_copy();
    scene.pass(100 * 24);
    scene.offline = true;
    scene.asked();
    let loaded = scene.load().unwrap();
    assert_eq!(loaded.describe(scene.now), "cache, 101 days old");
    assert!(loaded.notes[0].contains("--offline"), "{:?}", loaded.notes);
    assert!(scene.asked().is_empty());

    let mut empty = Scene::new();
    empty.offline = true;
    assert_eq!(empty.code(), Code::Unreachable);
}

#[test]
fn an_update_is_made_however_fresh_the_copy() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    scene.asked();
    scene.repository.renew();
    let loaded = scene.update().unwrap();
    assert_eq!(scene.asked(), ["2.root.json", "timestamp.json"]);
    assert_eq!(loaded.parts[0].roles[1].version, 2);
}

/// Both well-known instances, moved to this machine.
fn both(scene: &Scene, cache: Option<CacheFolder>) -> Source {
    let now = SIGNED;
    let github = TufRepository::new(2, now, &TestSigstore::github_internal(2).trusted_root_json());
    let public_good = scene.world.serve_tuf("public-good", &scene.repository);
    let github_url = scene.world.serve_tuf("github", &github);
    Source::Repositories {
        repositories: vec![
            Repository::public_good()
                .unwrap()
                .moved(&public_good.parse().unwrap(), scene.repository.start_root())
                .unwrap(),
            Repository::github()
                .unwrap()
                .moved(&github_url.parse().unwrap(), github.start_root())
                .unwrap(),
        ],
        cache,
        offline: false,
    }
}

#[test]
fn both_instances_are_refreshed_side_by_side_and_fall_back_apart() {
    let scene = Scene::new();
    let load = |now: Timestamp| {
        let source = both(&scene, Some(CacheFolder::new(scene.cache.path().join("c"))));
        block_on(async { open(source, now)?.finish(&client()).await })
    };
    let loaded = load(scene.now).unwrap();
    assert_eq!(loaded.requests, 10);
    assert_eq!(loaded.describe(scene.now), "TUF, refreshed 0 seconds ago");
    assert_eq!(
        loaded.parts.iter().map(|part| part.name).collect::<Vec<_>>(),
        ["public-good", "github"]
    );

    let later = scene.now + jiff::SignedDuration::from_hours(72);
    scene.world.fault("/tuf/github/", Fault::Status(502));
    let loaded = load(later).unwrap();
    assert_eq!(
        loaded.describe(later),
        "public-good: TUF, refreshed 0 seconds ago; github: cache, 3 days old"
    );
    assert_eq!(loaded.notes.len(), 1);
    // One that answers wrongly ends the run, whatever the other says.
    scene.world.clear_faults();
    scene.world.fault("/tuf/github/timestamp.json", Fault::Html);
    let later = later + jiff::SignedDuration::from_hours(25);
    assert_eq!(load(later).unwrap_err().code(), Code::Malformed);
}

#[test]
fn without_cache_and_network_the_embedded_copies_are_used() {
    let scene = Scene::new();
    scene.world.fault("/tuf/", Fault::Status(500));
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let loaded = block_on(async { open(both(&scene, None), now)?.finish(&client()).await }).unwrap();
    assert!(matches!(loaded.parts[0].origin, Origin::Embedded { .. }));
    assert_eq!(loaded.describe(now), "embedded copy of 2026-10-23, 31 days old");
    assert_eq!(loaded.notes.len(), 1);
    assert!(
        loaded.notes[0].contains("embedded copy of 2026-10-23, 31 days old"),
        "{:?}",
        loaded.notes
    );
}

#[test]
fn what_was_kept_before_the_embedded_copies_were_taken_is_older_than_they() {
    let scene = Scene::new();
    let load = |now: Timestamp| {
        let source = both(&scene, Some(CacheFolder::new(scene.cache.path().join("c"))));
        block_on(async { open(source, now)?.finish(&client()).await }).unwrap()
    };
    load(scene.now);
    scene.world.fault("/tuf/", Fault::Status(500));
    let loaded = load("2026-11-23T12:00:00Z".parse().unwrap());
    assert_eq!(
        loaded.describe("2026-11-23T12:00:00Z".parse().unwrap()),
        "embedded copy of 2026-10-23, 31 days old"
    );
    assert!(!loaded.notes[0].contains("expired"), "{:?}", loaded.notes);
}

#[test]
fn the_real_instances_start_from_the_embedded_roots() {
    let source = Source::Repositories {
        repositories: vec![Repository::public_good().unwrap(), Repository::github().unwrap()],
        cache: None,
        offline: true,
    };
    let loaded = open(source, "2026-11-23T12:00:00Z".parse().unwrap())
        .unwrap()
        .locally()
        .unwrap();
    assert_eq!(loaded.parts.len(), 2);
    let urls: Vec<&str> = loaded
        .parts
        .iter()
        .filter_map(|part| part.url.as_ref())
        .map(url::Url::as_str)
        .collect();
    assert_eq!(
        urls,
        ["https://tuf-repo-cdn.sigstore.dev/", "https://tuf-repo.github.com/"]
    );
    for part in &loaded.parts {
        let contents = part.contents().unwrap();
        assert!(!contents.certificate_authorities.is_empty());
        assert!(!contents.timestamp_authorities.is_empty() || !contents.transparency_logs.is_empty());
    }
}
