//! `info`, `prune`, `clean`, and the pruning of a run itself.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use slsa_pip_cache::CacheFolder;
use slsa_pip_http::cache::{CacheInfo, Removed, Usage, clean, info, prune};
use slsa_pip_http::sha256;
use tempfile::tempdir;

use crate::{Server, cache, client, client_of, files, reply, standard};

fn aged(path: &Path, hours: u64) {
    let time = SystemTime::now() - Duration::from_hours(hours);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[tokio::test]
async fn what_is_there_is_counted_pruned_by_age_and_cleaned() {
    let folder = tempdir().unwrap();
    let settings = cache(&folder);
    assert_eq!(info(&settings.folder).unwrap(), CacheInfo::default());
    assert_eq!(prune(&settings).unwrap(), Removed::default());
    assert_eq!(clean(&settings.folder).unwrap(), Removed::default());
    let server = Server::start(reply(&"x".repeat(1000)).max_age(600)).await;
    let client = client(&folder);
    let mut entries = Vec::new();
    for number in 0..4 {
        standard(&client, &server.url.join(&format!("/{number}")).unwrap()).await;
        let new = files(folder.path())
            .into_iter()
            .find(|path| !entries.contains(path))
            .unwrap();
        entries.push(new);
    }
    let wheel = folder.path().join("foo.whl");
    fs::write(&wheel, "wheel").unwrap();
    client.wheels().unwrap().put(&sha256(b"wheel"), &wheel).await;
    let counted = info(&settings.folder).unwrap();
    let bytes: u64 = entries.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!(counted.http, Usage { entries: 4, bytes });
    assert_eq!(counted.wheels, Usage { entries: 1, bytes: 5 });
    // The oldest go; using an entry makes it young.
    for (path, hours) in entries.iter().zip([4, 3, 2, 1]) {
        aged(path, hours);
    }
    standard(&client, &server.url.join("/0").unwrap()).await;
    let mut small = settings.clone();
    small.max_http_bytes = bytes / 2;
    let removed = prune(&small).unwrap();
    assert_eq!(removed.entries, 2);
    let left: Vec<bool> = entries.iter().map(|path| path.exists()).collect();
    assert_eq!(left, [true, false, false, true]);
    small.max_wheel_bytes = 4;
    assert_eq!(prune(&small).unwrap(), Removed { entries: 1, bytes: 5 });
    // What is not the cache's own stays.
    fs::write(settings.folder.path().join("http/notes.txt"), "mine").unwrap();
    fs::create_dir(settings.folder.path().join("tuf")).unwrap();
    assert_eq!(clean(&settings.folder).unwrap().entries, 2);
    assert_eq!(info(&settings.folder).unwrap(), CacheInfo::default());
    let left = files(&settings.folder.path());
    assert_eq!(left, [settings.folder.path().join("http/notes.txt")]);
    assert!(settings.folder.path().join("tuf").exists() && !settings.folder.path().join("wheels").exists());
}

#[tokio::test]
async fn a_run_prunes_once_after_its_first_write() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply(&"x".repeat(1000)).max_age(600)).await;
    let first = client(&folder);
    for number in 0..5 {
        standard(&first, &server.url.join(&format!("/{number}")).unwrap()).await;
    }
    for path in files(folder.path()) {
        aged(&path, 1);
    }
    assert_eq!(files(folder.path()).len(), 5);
    let mut settings = cache(&folder);
    settings.max_http_bytes = 3000;
    let next = client_of(settings);
    standard(&next, &server.url.join("/new").unwrap()).await;
    for _ in 0..200 {
        if files(folder.path()).len() <= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(files(folder.path()).len(), 2);
    for number in 0..5 {
        standard(&next, &server.url.join(&format!("/again{number}")).unwrap()).await;
    }
    assert_eq!(files(folder.path()).len(), 7);
}

#[test]
fn only_abandoned_files_are_pruned_unfinished() {
    let folder = tempdir().unwrap();
    let settings = slsa_pip_http::CacheSettings::new(CacheFolder::new(folder.path().to_owned()));
    fs::create_dir_all(folder.path().join("http/ab")).unwrap();
    let (old, young) = (
        folder.path().join("http/ab/.new-old"),
        folder.path().join("http/ab/.new-young"),
    );
    fs::write(&old, "half").unwrap();
    fs::write(&young, "half").unwrap();
    aged(&old, 2);
    assert_eq!(info(&settings.folder).unwrap(), CacheInfo::default());
    assert_eq!(prune(&settings).unwrap(), Removed { entries: 1, bytes: 4 });
    assert!(!old.exists() && young.exists());
    assert_eq!(clean(&settings.folder).unwrap().entries, 1);
    assert!(!folder.path().join("http").exists());
}

#[cfg(unix)]
#[test]
fn links_are_left_alone() {
    let folder = tempdir().unwrap();
    let elsewhere = tempdir().unwrap();
    let name = "a".repeat(64);
    fs::write(elsewhere.path().join(&name), "precious").unwrap();
    fs::create_dir(folder.path().join("http")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("http/ab")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join(&name), folder.path().join("http").join(&name)).unwrap();
    let cache = CacheFolder::new(folder.path().to_owned());
    assert_eq!(info(&cache).unwrap(), CacheInfo::default());
    assert_eq!(clean(&cache).unwrap(), Removed::default());
    assert!(elsewhere.path().join(&name).exists());
}
