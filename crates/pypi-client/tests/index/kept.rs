//! METADATA out of wheels: what is fetched for it, and what a later run still knows.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use slsa_pip_cache::CacheFolder;
use slsa_pip_http::{CacheSettings, Client, Settings, sha256};
use slsa_pip_pypi_client::{IndexClient, IndexFile, Project};
use url::Url;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::{JSON, Site, foo, metadata_text, wheel};

/// A client with a cache in this folder.
fn indexing(url: &Url, cache: &Path, offline: bool) -> IndexClient {
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.offline = offline;
    settings.cache = Some(CacheSettings::new(CacheFolder::new(cache.to_owned())));
    IndexClient::new(Client::new(settings).unwrap(), vec![url.join("simple/").unwrap()], &[]).unwrap()
}

/// The index serves releases 1.0 to `count`.0, whose wheels have `padding` bytes, and no METADATA beside them.
fn site(count: usize, padding: usize, ranges: bool, sizes: bool) -> Site {
    let site = Site {
        ranges,
        ..Site::default()
    };
    let mut entries = Vec::new();
    for number in 1..=count {
        let file = format!("foo-{number}.0-py3-none-any.whl");
        let bytes = wheel_of(number, padding);
        let length = if sizes {
            format!(r#","size":{}"#, bytes.len())
        } else {
            String::new()
        };
        entries.push(format!(
            r#"{{"filename":"{file}","url":"/files/{file}","hashes":{{"sha256":"{}"}}{length}}}"#,
            sha256(&bytes)
        ));
        site.put(&format!("/files/{file}"), "application/zip", bytes);
    }
    site.put("/simple/foo/", JSON, format!(r#"{{"files":[{}]}}"#, entries.join(",")));
    site
}

fn wheel_of(number: usize, padding: usize) -> Vec<u8> {
    let text = metadata_text("foo", &format!("{number}.0"));
    // As tools write it: METADATA near the end.
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer.start_file("foo/data.bin", stored).unwrap();
    writer.write_all(&vec![7; padding]).unwrap();
    writer
        .start_file(format!("foo-{number}.0.dist-info/METADATA"), stored)
        .unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

async fn project(client: &IndexClient) -> Arc<Project> {
    client.project(&foo()).await.unwrap()
}

#[tokio::test]
async fn what_was_read_out_of_a_wheel_is_known_in_the_next_run() {
    // Small ones are fetched whole, large ones read by ranges; no answer may be cached by its headers.
    for (padding, cold) in [(1000, 1), (3 << 20, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let site = site(1, padding, true, true);
        let url = site.serve().await;
        for requests in [1 + cold, 1, 1] {
            let client = indexing(&url, folder.path(), false);
            let file = project(&client).await.files[0].clone();
            let metadata = client.metadata(&file).await.unwrap();
            assert_eq!(
                (metadata.requires_dist.len(), &metadata.version),
                (1, file.filename.version())
            );
            assert_eq!(client.http().request_count(), requests, "{:?}", site.asked());
        }
        // The cache is no place of its own.
        let offline = indexing(&url, folder.path(), true);
        assert!(offline.project(&foo()).await.is_err());
        std::fs::remove_dir_all(folder.path()).unwrap();
        let client = indexing(&url, folder.path(), false);
        let file = project(&client).await.files[0].clone();
        client.metadata(&file).await.unwrap();
        assert_eq!(client.http().request_count(), 1 + cold);
    }
}

#[tokio::test]
async fn what_ranges_said_counts_for_their_own_url_alone_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let honest = site(1, 3 << 20, true, true);
    let lying = site(1, 3 << 20, true, true);
    let lie = wheel(3 << 20, &metadata_text("foo", "1.0").replace("bar>=2", "evil"));
    lying.put("/files/foo-1.0-py3-none-any.whl", "application/zip", lie);
    let (honest_url, lying_url) = (honest.serve().await, lying.serve().await);
    let required = async |url: &Url| {
        let client = indexing(url, folder.path(), false);
        let file = project(&client).await.files[0].clone();
        let required = client.metadata(&file).await.unwrap().requires_dist[0].to_string();
        (client, IndexFile::clone(&file), required)
    };
    // The page names the digest of the honest wheel in both places.
    assert_eq!(required(&lying_url).await.2, "evil");
    assert_eq!(required(&honest_url).await.2, "bar>=2");
    let (client, file, known) = required(&lying_url).await;
    assert_eq!(known, "evil");
    lying.put(
        "/files/foo-1.0-py3-none-any.whl",
        "application/zip",
        wheel_of(1, 3 << 20),
    );
    client.forget_metadata(&file).await;
    assert_eq!(required(&lying_url).await.2, "bar>=2");

    // Out of the whole wheel it is that of the digest, wherever that is.
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (site(1, 1000, true, true), site(1, 1000, true, true));
    for (site, asked) in [(&one, 2), (&two, 1)] {
        let client = indexing(&site.serve().await, folder.path(), false);
        let file = project(&client).await.files[0].clone();
        client.metadata(&file).await.unwrap();
        assert_eq!(site.asked().len(), asked);
    }
}

#[tokio::test]
async fn who_goes_back_through_releases_fetches_no_more_whole_wheels() {
    let padding = 500_000;
    for sizes in [true, false] {
        let site = site(6, padding, true, sizes);
        let folder = tempfile::tempdir().unwrap();
        let client = indexing(&site.serve().await, folder.path(), false);
        for file in &project(&client).await.files {
            client.metadata(file).await.unwrap();
        }
        let asked = site.asked();
        let ranges = asked.iter().filter(|asked| asked.ends_with("bytes=-65536")).count();
        assert_eq!((asked.len(), ranges), (7, 4), "{asked:?}");
    }
    // A server without ranges is asked for one once.
    let site = site(6, padding, false, true);
    let folder = tempfile::tempdir().unwrap();
    let client = indexing(&site.serve().await, folder.path(), false);
    for file in &project(&client).await.files {
        client.metadata(file).await.unwrap();
    }
    let asked = site.asked();
    let ranges = asked.iter().filter(|asked| asked.ends_with("bytes=-65536")).count();
    assert_eq!((asked.len(), ranges), (8, 1), "{asked:?}");
}
