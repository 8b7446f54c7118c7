//! The store of files by their digest.

use std::fs;

use slsa_pip_http::{HttpError, sha256};
use tempfile::{TempDir, tempdir};

use crate::{cache, client, client_of, files};

const WHEEL: &[u8] = b"the bytes of a wheel";

fn staged(folder: &TempDir) -> std::path::PathBuf {
    let path = folder.path().join("foo-1.0-py3-none-any.whl");
    fs::write(&path, WHEEL).unwrap();
    path
}

#[tokio::test]
async fn what_was_put_is_taken_by_its_digest_and_hashed_again() {
    let folder = tempdir().unwrap();
    let client = client(&folder);
    let (store, digest) = (client.wheels().unwrap(), sha256(WHEEL));
    let dest = folder.path().join("dest.whl");
    assert_eq!(store.take(&digest, &dest, 1000).await.unwrap(), None);
    assert!(!folder.path().join("cache").exists(), "reading makes no folder");
    store.put(&digest, &staged(&folder)).await;
    let kept = folder.path().join("cache/wheels").join(digest.to_hex());
    assert_eq!(files(&folder.path().join("cache")), std::slice::from_ref(&kept));
    let taken = store.take(&digest, &dest, 1000).await.unwrap().unwrap();
    assert_eq!((taken.sha256, taken.size), (digest, WHEEL.len() as u64));
    assert_eq!(fs::read(&dest).unwrap(), WHEEL);
    assert_eq!(
        (store.hits(), client.counters().wheel_hits, client.request_count()),
        (1, 1, 0)
    );
    // The copy is the taker's own.
    fs::write(&dest, "changed").unwrap();
    assert_eq!(fs::read(&kept).unwrap(), WHEEL);
    let error = store.take(&digest, &dest, 1000).await.unwrap_err();
    assert!(matches!(error, HttpError::File { .. }), "{error}");
    assert_eq!(fs::read(&dest).unwrap(), b"changed");
    assert_eq!(
        store.take(&digest, &folder.path().join("small"), 3).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_damaged_file_is_never_handed_out() {
    let folder = tempdir().unwrap();
    let client = client(&folder);
    let (store, digest) = (client.wheels().unwrap(), sha256(WHEEL));
    let kept = folder.path().join("cache/wheels").join(digest.to_hex());
    let dest = folder.path().join("dest.whl");
    for damaged in [&b""[..], &WHEEL[..5], b"another wheel's bytes"] {
        store.put(&digest, &staged(&folder)).await;
        fs::write(&kept, damaged).unwrap();
        assert_eq!(store.take(&digest, &dest, 1000).await.unwrap(), None);
        assert!(!dest.exists() && !kept.exists());
    }
    assert_eq!(store.hits(), 0);
    assert_eq!(client.cache_trouble(), None);
}

#[tokio::test]
async fn many_may_put_and_take_at_once() {
    let folder = tempdir().unwrap();
    let (digest, staged) = (sha256(WHEEL), staged(&folder));
    let clients: Vec<_> = (0..16).map(|_| client(&folder)).collect();
    let work = clients.iter().enumerate().map(async |(number, client)| {
        let store = client.wheels().unwrap();
        let dest = folder.path().join(format!("{number}.whl"));
        store.put(&digest, &staged).await;
        store.take(&digest, &dest, 1000).await.unwrap().unwrap();
        assert_eq!(fs::read(dest).unwrap(), WHEEL);
    });
    futures_util::future::join_all(work).await;
    assert_eq!(files(&folder.path().join("cache")).len(), 1);
}

#[tokio::test]
async fn a_file_larger_than_the_store_is_not_kept() {
    let folder = tempdir().unwrap();
    let mut settings = cache(&folder);
    settings.max_wheel_bytes = 10;
    let client = client_of(settings);
    client.wheels().unwrap().put(&sha256(WHEEL), &staged(&folder)).await;
    assert_eq!(files(&folder.path().join("cache")).len(), 0);
    assert_eq!(client.cache_trouble(), None);
}
