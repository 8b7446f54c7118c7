//! Attackers who can write to the cache folder, or stand in the repository's place, with keys of their own.

use serde_json::{Value, json};
use slsa_pip_test_world::{TestSigstore, TufRepository, TufRole};
use slsa_pip_trust_root::{Code, Repository, Source, open};

use crate::scene::{SIGNED, Scene};

/// A repository that is in order, under keys of the attacker's own.
fn evil() -> TufRepository {
    let mut repository = TufRepository::new(666, SIGNED, &TestSigstore::new(666).trusted_root_json());
    repository.rotate(&[TufRole::Root]);
    repository
}

#[test]
fn a_copy_of_the_attackers_own_chain_is_refused() {
    let mut scene = Scene::new();
    scene.load().unwrap();
    let path = scene.folder().join("copy.json");
    let evil = evil();
    let file = |name: &str| json!(String::from_utf8(evil.files()[name].clone()).unwrap());
    let mut copy: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    copy["timestamp"] = file("timestamp.json");
    copy["snapshot"] = file("2.snapshot.json");
    copy["targets"] = file("2.targets.json");
    let target = evil.files().keys().find(|name| name.starts_with("targets/")).unwrap();
    copy["trusted_root"] = file(target);
    let chains = [
        json!([]),
        json!([file("2.root.json")]),
        json!([file("1.root.json"), file("2.root.json")]),
        json!([file("1.root.json")]),
    ];
    for roots in chains {
        copy["roots"] = roots;
        std::fs::write(&path, copy.to_string()).unwrap();
        std::fs::remove_file(scene.folder().join("versions.json")).unwrap_or_default();
        for offline in [true, false] {
            scene.offline = offline;
            assert_eq!(scene.code(), Code::CacheRefused);
        }
    }
}

#[test]
fn a_repository_of_the_attackers_own_is_refused() {
    for with_copy in [true, false] {
        let scene = if with_copy {
            Scene::with_old_copy()
        } else {
            Scene::new()
        };
        let source = scene.source();
        scene.world.serve_tuf("test", &evil());
        let result = crate::scene::block_on(async { open(source, scene.now)?.finish(&crate::scene::client()).await });
        assert_eq!(result.unwrap_err().code(), Code::Signatures);
    }
}

#[test]
fn a_start_root_must_be_signed_by_its_own_keys() {
    let url: url::Url = "http://127.0.0.1:9/".parse().unwrap();
    let root = evil().start_root();
    let mut unsigned: Value = serde_json::from_slice(&root).unwrap();
    unsigned["signatures"] = json!([]);
    for bytes in [unsigned.to_string().into_bytes(), b"{}".to_vec(), Vec::new()] {
        let error = Repository::custom(&url, bytes).unwrap_err();
        assert_eq!(error.code(), Code::StartRoot);
    }
    Repository::custom(&url, root).unwrap();
}

#[test]
fn a_copy_that_claims_to_be_fresh_is_only_as_fresh_as_its_signatures() {
    let mut scene = Scene::with_old_copy();
    scene.pass(30 * 24);
    let path = scene.folder().join("copy.json");
    let mut copy: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for claim in [scene.now.to_string(), "2099-01-01T00:00:00Z".to_owned()] {
        copy["refreshed"] = json!(claim);
        std::fs::write(&path, copy.to_string()).unwrap();
        assert!(open(scene.source(), scene.now).unwrap().needs_network(), "{claim}");
    }
}

#[test]
fn a_login_in_the_address_is_kept_nowhere_and_shown_nowhere() {
    let scene = Scene::new();
    let url = scene.world.serve_tuf("test", &scene.repository);
    let with_login: url::Url = url.replace("http://", "http://user:hunter2@").parse().unwrap();
    let source = |url: &url::Url| Source::Repositories {
        repositories: vec![Repository::custom(url, scene.repository.start_root()).unwrap()],
        cache: Some(slsa_pip_cache::CacheFolder::new(scene.cache.path().join("cache"))),
        offline: false,
    };
    let load =
        |url| crate::scene::block_on(async { open(source(url), scene.now)?.finish(&crate::scene::client()).await });
    let loaded = load(&with_login).unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let kept = std::fs::read_to_string(scene.folder().join("copy.json")).unwrap();
    assert!(!kept.contains("hunter2"));
    // Another password does not lose the copy.
    let without_login = url.parse().unwrap();
    assert_eq!(load(&without_login).unwrap().requests, 0);
    scene.world.fault("/tuf/", slsa_pip_test_world::Fault::Html);
    std::fs::remove_dir_all(scene.folder()).unwrap();
    let error = format!("{:?}", load(&with_login).unwrap_err());
    assert!(!error.contains("hunter2"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        for below in ["cache", "cache/tuf"] {
            let scene = Scene::new();
            scene.load().unwrap();
            let folder = scene.cache.path().join(below);
            std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
            let error = scene.load().unwrap_err();
            assert_eq!(error.code(), Code::CacheUnusable);
            assert!(error.hint().contains("chmod go-w"), "{}", error.hint());
        }
    }

    #[test]
    fn a_linked_folder_is_not_followed() {
        let scene = Scene::new();
        scene.load().unwrap();
        let tuf = scene.cache.path().join("cache/tuf");
        let elsewhere = scene.cache.path().join("elsewhere");
        std::fs::rename(&tuf, &elsewhere).unwrap();
        symlink(&elsewhere, &tuf).unwrap();
        assert_eq!(scene.code(), Code::CacheUnusable);
    }

    #[test]
    fn a_linked_copy_is_not_followed() {
        let scene = Scene::new();
        scene.load().unwrap();
        let copy = scene.folder().join("copy.json");
        let elsewhere = scene.cache.path().join("elsewhere");
        std::fs::rename(&copy, &elsewhere).unwrap();
        symlink(&elsewhere, &copy).unwrap();
        assert_eq!(scene.code(), Code::CacheUnusable);
    }

    #[test]
    fn a_source_that_is_a_file_reads_no_cache() {
        let scene = Scene::new();
        let file = scene.world.trusted_root_path().to_owned();
        let loaded = open(Source::File(file), scene.now).unwrap().locally().unwrap();
        assert_eq!(loaded.parts[0].origin.word(), "file");
        assert!(!scene.cache.path().join("cache").exists());
    }
}
