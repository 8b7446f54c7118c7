//! The copy on disk: verified again each time, refused when it was changed, safe for two processes.

use serde_json::{Value, json};
use slsa_pip_test_world::{TufRepository, TufRole};
use slsa_pip_trust_root::Code;

use crate::scene::{SIGNED, Scene, another_root};

/// Changes the copy on disk.
fn change(scene: &Scene, change: impl FnOnce(&mut Value)) {
    let path = scene.folder().join("copy.json");
    let mut document = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(path, document.to_string()).unwrap();
}

/// The copy is refused, online and offline, fresh and old, and only an update repairs it.
#[track_caller]
fn refused(scene: &mut Scene, code: Code, what: &str) {
    for offline in [true, false] {
        scene.offline = offline;
        assert_eq!(scene.code(), code, "{what}");
    }
    let hint = scene.load().unwrap_err().hint();
    assert!(
        hint.contains("`slsa-pip trust-root update`") && hint.contains("rm -r "),
        "{hint}"
    );
    scene.update().unwrap();
    scene.load().unwrap();
}

#[test]
fn every_part_of_the_copy_is_verified_again() {
    type Edit = fn(&mut Value);
    let parts: [(&str, Edit); 10] = [
        ("a tampered target", |copy| {
            let text = copy["trusted_root"]
                .as_str()
                .unwrap()
                .replace("rekor.test", "rekor.evil");
            copy["trusted_root"] = json!(text);
        }),
        ("a tampered timestamp", |copy| {
            let text = copy["timestamp"].as_str().unwrap().replace("2026", "2036");
            copy["timestamp"] = json!(text);
        }),
        ("a tampered snapshot", |copy| {
            let text = copy["snapshot"].as_str().unwrap().replace("2026", "2036");
            copy["snapshot"] = json!(text);
        }),
        ("tampered targets", |copy| {
            let text = copy["targets"].as_str().unwrap().replace("sha256", "sha512");
            copy["targets"] = json!(text);
        }),
        ("a missing root", |copy| {
            copy["roots"].as_array_mut().unwrap().remove(0);
        }),
        ("no roots", |copy| copy["roots"] = json!([])),
        ("another repository's", |copy| {
            copy["repository"] = json!("https://tuf.example/");
        }),
        ("another format", |copy| copy["schema"] = json!("slsa-pip/tuf/v2")),
        ("a field too many", |copy| copy["more"] = json!(1)),
        ("a field too few", |copy| {
            copy.as_object_mut().unwrap().remove("refreshed");
        }),
    ];
    for (what, edit) in parts {
        let mut scene = Scene::new();
        scene.repository.rotate(&[TufRole::Timestamp, TufRole::Snapshot]);
        scene.repository.rotate(&[TufRole::Targets]);
        scene.load().unwrap();
        change(&scene, edit);
        refused(&mut scene, Code::CacheRefused, what);
    }
}

#[test]
fn a_truncated_copy_is_refused() {
    for keep in [0, 1, 100, 1000] {
        let mut scene = Scene::new();
        scene.load().unwrap();
        let path = scene.folder().join("copy.json");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..keep]).unwrap();
        refused(&mut scene, Code::CacheRefused, "truncated");
    }
}

#[test]
fn a_copy_of_before_is_known_for_what_it_is() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    let old = std::fs::read(scene.folder().join("copy.json")).unwrap();
    scene.repository.replace_target(&another_root());
    scene.update().unwrap();
    // Genuine, complete and not expired: only its versions tell.
    std::fs::write(scene.folder().join("copy.json"), old).unwrap();
    refused(&mut scene, Code::CacheRollback, "old");
}

#[test]
fn a_copy_that_is_gone_is_missed() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    std::fs::remove_file(scene.folder().join("copy.json")).unwrap();
    refused(&mut scene, Code::CacheRollback, "gone");
    // The whole folder may be removed, as the hint says.
    std::fs::remove_dir_all(scene.folder()).unwrap();
    assert_eq!(scene.load().unwrap().parts[0].origin.word(), "tuf");
}

#[test]
fn versions_that_cannot_be_read_are_refused() {
    for text in ["", "{}", r#"{"root":-1,"timestamp":1,"snapshot":1,"targets":1}"#] {
        let mut scene = Scene::new();
        scene.load().unwrap();
        std::fs::write(scene.folder().join("versions.json"), text).unwrap();
        refused(&mut scene, Code::CacheRefused, text);
    }
    // Versions that nobody has kept must not lock the user out for ever.
    let mut scene = Scene::new();
    scene.load().unwrap();
    let huge = json!({"root": u64::MAX, "timestamp": u64::MAX, "snapshot": u64::MAX, "targets": u64::MAX});
    std::fs::write(scene.folder().join("versions.json"), huge.to_string()).unwrap();
    refused(&mut scene, Code::CacheRollback, "huge");
}

#[test]
fn a_slower_process_does_not_put_an_older_copy_in_place() {
    let mut scene = Scene::new();
    let slow = slsa_pip_trust_root::open(scene.source(), scene.now).unwrap();
    let old = scene.repository.clone();
    scene.repository.renew();
    scene.load().unwrap();
    // The slow process is answered by a mirror that lags behind.
    scene.repository = old;
    scene.source();
    crate::scene::block_on(slow.finish(&crate::scene::client())).unwrap();
    scene.offline = true;
    assert_eq!(scene.load().unwrap().parts[0].roles[1].version, 2);
}

#[test]
fn many_processes_at_once_leave_a_copy_in_order() {
    let mut scene = Scene::new();
    scene.repository.rotate(&[TufRole::Root]);
    let scene = scene;
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..3 {
                    scene.update().unwrap();
                    scene.load().unwrap();
                }
            });
        }
    });
}

#[test]
fn another_start_root_has_another_copy() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    scene.repository = TufRepository::new(9, SIGNED, &another_root());
    scene.load().unwrap();
    assert_eq!(
        std::fs::read_dir(scene.cache.path().join("cache/tuf")).unwrap().count(),
        2
    );
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new();
    let cache = scene.cache.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    set_permissions(&cache, Permissions::from_mode(0o500)).unwrap();
    let loaded = scene.load().unwrap();
    set_permissions(&cache, Permissions::from_mode(0o700)).unwrap();
    // The superuser may write there all the same.
    let kept = cache.join("tuf").exists();
    assert_eq!(loaded.notes.is_empty(), kept, "{:?}", loaded.notes);
}
