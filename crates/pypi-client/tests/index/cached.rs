//! What a second run asks for.

use std::path::Path;

use slsa_pip_cache::CacheFolder;
use slsa_pip_distribution::PackageName;
use slsa_pip_http::{CacheSettings, Client, Settings, sha256};
use slsa_pip_pypi_client::{IndexClient, IndexError, IntegrityAnswer};
use url::Url;

use crate::{JSON, Site, foo, metadata_text, only_file, page};

const PACKAGES: usize = 60;

fn wheel_of(name: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer
        .start_file(format!("{name}-1.0.dist-info/METADATA"), options)
        .unwrap();
    writer.write_all(metadata_text(name, "1.0").as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

fn site(max_age: u32) -> Site {
    let site = Site {
        max_age,
        ..Site::default()
    };
    for number in 0..PACKAGES {
        let name = format!("p{number}");
        let file = format!("{name}-1.0-py3-none-any.whl");
        let (bytes, metadata) = (wheel_of(&name), metadata_text(&name, "1.0"));
        let fields = format!(
            r#""filename":"{file}","url":"/files/{file}","hashes":{{"sha256":"{}"}},"size":{},"core-metadata":{{"sha256":"{}"}},"provenance":"/provenance/{name}""#,
            sha256(&bytes),
            bytes.len(),
            sha256(metadata.as_bytes()),
        );
        site.put(
            &format!("/simple/{name}/"),
            JSON,
            format!(r#"{{"name":"{name}","files":[{{{fields}}}]}}"#),
        );
        site.put(&format!("/files/{file}.metadata"), "text/plain", metadata);
        site.put(&format!("/files/{file}"), "application/zip", bytes);
        site.put(&format!("/provenance/{name}"), "application/json", "{}");
    }
    site
}

fn http(cache: &Path) -> Client {
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.cache = Some(CacheSettings::new(CacheFolder::new(cache.to_owned())));
    Client::new(settings).unwrap()
}

/// One run, as an installation makes it: page, metadata, file, provenance of each.
async fn run(url: &Url, http: &Client) {
    let client = IndexClient::new(http.clone(), vec![url.join("simple/").unwrap()], &[]).unwrap();
    let staging = tempfile::tempdir().unwrap();
    for number in 0..PACKAGES {
        let name: PackageName = format!("p{number}").parse().unwrap();
        let file = client.project(&name).await.unwrap().files[0].clone();
        assert_eq!(client.metadata(&file).await.unwrap().name, name);
        let staged = client.download(&file, staging.path(), &[]).await.unwrap();
        assert_eq!(std::fs::read(staged.path).unwrap(), wheel_of(name.as_str()));
        let answer = client.integrity_provenance(&file).await.unwrap();
        assert!(matches!(answer, IntegrityAnswer::Found { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn sixty_packages_cost_four_requests_each_and_then_only_confirmations() {
    let folder = tempfile::tempdir().unwrap();
    let url = site(0).serve().await;
    let cold = http(folder.path());
    run(&url, &cold).await;
    assert_eq!(cold.request_count(), 4 * PACKAGES as u64);
    let warm = http(folder.path());
    run(&url, &warm).await;
    let counters = warm.counters();
    // Page and provenance are confirmed; metadata and wheel are known by their digest.
    assert_eq!(counters.requests, 2 * PACKAGES as u64);
    assert_eq!(counters.revalidations, counters.requests);
    assert_eq!(
        (counters.cache_hits, counters.wheel_hits),
        (PACKAGES as u64, PACKAGES as u64)
    );
    assert_eq!(warm.cache_trouble(), None);
}

#[tokio::test]
async fn within_their_lifetime_nothing_is_asked_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let url = site(600).serve().await;
    run(&url, &http(folder.path())).await;
    let warm = http(folder.path());
    run(&url, &warm).await;
    assert_eq!(warm.request_count(), 0);
}

#[tokio::test]
async fn a_wheel_without_metadata_beside_it_is_read_from_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = crate::wheel(3 << 20, &metadata_text("foo", "1.0"));
    let site = Site {
        ranges: true,
        ..Site::default()
    };
    let length = bytes.len();
    site.put(
        "/simple/foo/",
        JSON,
        page("").replace("{}", &format!(r#"{{"sha256":"{}"}},"size":{length}"#, sha256(&bytes))),
    );
    site.put(&format!("/files/{}", crate::WHEEL), "application/zip", bytes.clone());
    let url = site.serve().await;
    for requests in [4, 1] {
        let http = http(folder.path());
        let client = IndexClient::new(http.clone(), vec![url.join("simple/").unwrap()], &[]).unwrap();
        let file = only_file(&client).await;
        client.metadata(&file).await.unwrap();
        let staging = tempfile::tempdir().unwrap();
        let staged = client.download(&file, staging.path(), &[]).await.unwrap();
        assert_eq!(std::fs::read(staged.path).unwrap(), bytes);
        assert_eq!(http.request_count(), requests, "{:?}", site.asked());
    }
}

#[tokio::test]
async fn a_damaged_store_and_a_changed_index_give_no_wrong_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(0);
    let url = site.serve().await;
    run(&url, &http(folder.path())).await;
    for entry in folder.path().join("wheels").read_dir().unwrap() {
        std::fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    let warm = http(folder.path());
    run(&url, &warm).await;
    assert_eq!(warm.counters().wheel_hits, 0);
    // A digest that the index names anew is that of other bytes: neither store nor cache has them.
    let page = String::from_utf8(site.answers.lock().unwrap()["/simple/p0/"].2.clone()).unwrap();
    let (old, new) = (sha256(&wheel_of("p0")).to_hex(), sha256(b"other").to_hex());
    site.put("/simple/p0/", JSON, page.replace(&old, &new));
    let client = IndexClient::new(http(folder.path()), vec![url.join("simple/").unwrap()], &[]).unwrap();
    let file = client.project(&"p0".parse().unwrap()).await.unwrap().files[0].clone();
    let staging = tempfile::tempdir().unwrap();
    let error = client.download(&file, staging.path(), &[]).await.unwrap_err();
    assert!(matches!(error, IndexError::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn a_page_that_was_none_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site {
        max_age: 600,
        ..Site::default()
    };
    site.put("/simple/foo/", "text/html", r#"<form><input type="password"></form>"#);
    let index = vec![site.serve().await.join("simple/").unwrap()];
    let client = || IndexClient::new(http(folder.path()), index.clone(), &[]).unwrap();
    assert!(client().project(&foo()).await.is_err());
    site.put("/simple/foo/", JSON, page(""));
    only_file(&client()).await;
}
