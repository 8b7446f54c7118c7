//! A real folder: what it keeps, and whom it does not trust.

use slsa_pip_cache::{CacheError, CacheFolder, LONGEST_LOCK};

/// A cache folder that does not exist yet.
fn cache(directory: &tempfile::TempDir) -> CacheFolder {
    CacheFolder::new(directory.path().join("above/cache"))
}

#[test]
fn nothing_is_made_before_something_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let folder = cache(&directory).folder("tuf").unwrap();
    assert_eq!(folder.read("x.json", 9).unwrap(), None);
    assert!(folder.names().unwrap().is_empty());
    assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none());
}

#[test]
fn what_was_written_is_read_replaced_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let folder = cache(&directory).folder("tuf").unwrap();
    folder.write("x.json", b"one").unwrap();
    folder.write("x.json", b"two").unwrap();
    assert_eq!(folder.read("x.json", 3).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(folder.names().unwrap(), ["x.json"]);
    folder.remove("x.json").unwrap();
    folder.remove("x.json").unwrap();
    assert_eq!(folder.read("x.json", 3).unwrap(), None);
}

#[test]
fn a_read_has_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    let folder = cache(&directory);
    folder.write("x", b"four").unwrap();
    assert!(matches!(
        folder.read("x", 3),
        Err(CacheError::TooLarge { limit: 3, .. })
    ));
}

#[test]
fn a_name_never_leaves_the_folder() {
    let directory = tempfile::tempdir().unwrap();
    let folder = cache(&directory);
    for name in ["", ".", "..", ".x", "a/b", "/a", "a\\b", "a:b", "é", "a\0"] {
        assert!(matches!(folder.folder(name), Err(CacheError::Name { .. })), "{name}");
        assert!(
            matches!(folder.write(name, b""), Err(CacheError::Name { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_lock_keeps_others_out_until_it_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let folder = cache(&directory);
    let held = folder.lock("lock").unwrap();
    let begun = std::time::Instant::now();
    assert!(matches!(
        folder.lock("lock"),
        Err(CacheError::Io { doing: "locked", .. })
    ));
    assert!(begun.elapsed() >= LONGEST_LOCK);
    drop(held);
    folder.lock("lock").unwrap();
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn chmod(path: &std::path::Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn folders_and_files_are_the_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let folder = cache(&directory).folder("tuf").unwrap();
        folder.write("x", b"").unwrap();
        let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(cache(&directory).path()), 0o700);
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(folder.path().join("x")), 0o600);
    }

    #[test]
    fn what_others_may_write_to_is_neither_read_nor_written() {
        let directory = tempfile::tempdir().unwrap();
        let folder = cache(&directory).folder("tuf").unwrap();
        folder.write("x", b"").unwrap();
        for path in [cache(&directory).path(), folder.path()] {
            for mode in [0o770, 0o702, 0o777] {
                chmod(&path, mode);
                assert!(matches!(folder.read("x", 9), Err(CacheError::Shared { .. })));
                assert!(matches!(folder.write("x", b""), Err(CacheError::Shared { .. })));
            }
            chmod(&path, 0o755);
            assert!(folder.read("x", 9).is_ok());
        }
        chmod(&folder.path().join("x"), 0o666);
        assert!(matches!(folder.read("x", 9), Err(CacheError::Shared { .. })));
    }

    #[test]
    fn links_below_the_cache_folder_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let secret = elsewhere.path().join("secret");
        fs::write(&secret, b"s").unwrap();
        let root = cache(&directory);
        let folder = root.folder("tuf").unwrap();
        folder.write("y", b"").unwrap();

        symlink(&secret, folder.path().join("x")).unwrap();
        assert!(matches!(folder.read("x", 9), Err(CacheError::Kind { .. })));
        folder.write("x", b"new").unwrap();
        assert_eq!(fs::read(&secret).unwrap(), b"s", "the link was replaced, not followed");
        assert_eq!(folder.read("x", 9).unwrap().as_deref(), Some(&b"new"[..]));

        symlink(elsewhere.path(), root.path().join("rekor")).unwrap();
        let linked = root.folder("rekor").unwrap();
        assert!(matches!(linked.read("secret", 9), Err(CacheError::Kind { .. })));
        assert!(matches!(linked.write("secret", b""), Err(CacheError::Kind { .. })));
        assert!(matches!(linked.remove("secret"), Err(CacheError::Kind { .. })));
        assert!(secret.exists());
    }

    #[test]
    fn the_cache_folder_itself_may_be_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("disk");
        CacheFolder::new(real.clone()).write("x", b"1").unwrap();
        let link = directory.path().join("link");
        symlink(&real, &link).unwrap();
        assert_eq!(CacheFolder::new(link).read("x", 9).unwrap().as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let folder = cache(&directory);
        folder.write("y", b"").unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("x"))
            .status();
        assert!(made.unwrap().success());
        assert!(matches!(folder.read("x", 9), Err(CacheError::Kind { .. })));
    }
}
