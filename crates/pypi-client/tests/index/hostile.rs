//! Indexes that lie, or answer what no client should read.

use std::time::{Duration, Instant};

use slsa_pip_http::{Client, HttpError, Settings, sha256};
use slsa_pip_pypi_client::{IndexClient, IndexError, IntegrityAnswer, MAX_FILES, MAX_PAGE_SIZE, SkipReason};
use url::Url;

use crate::{HTML, JSON, Site, WHEEL, client, foo, is_empty, metadata_text, only_file, page, wheel};

#[tokio::test]
async fn an_index_that_sends_other_bytes_the_second_time_is_refused() {
    let one = wheel(10, &metadata_text("foo", "1.0"));
    let two = wheel(11, &metadata_text("foo", "1.0"));
    // It names no digest, so only its own first answer can be held against it.
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    site.put(&format!("/files/{WHEEL}"), "application/zip", one.clone());
    let client = client(&[site.serve().await]);
    let file = only_file(&client).await;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    client.download(&file, first.path(), &[]).await.unwrap();
    site.put(&format!("/files/{WHEEL}"), "application/zip", two.clone());
    let error = client.download(&file, second.path(), &[]).await.unwrap_err();
    let IndexError::DigestMismatch { expected, computed, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((expected, computed), (sha256(&one), sha256(&two)));
    assert!(is_empty(second.path()));
}

#[tokio::test]
async fn a_file_with_two_digests_is_left_out() {
    let (one, two) = (sha256(b"1"), sha256(b"2"));
    let entry = |file: &str, hashes: &str| format!(r#"{{"filename":"{file}","url":"{file}","hashes":{{{hashes}}}}}"#);
    let named = |digest| format!(r#""sha256":"{digest}""#);
    let other = "foo-2.0-py3-none-any.whl";
    let files = [
        entry(WHEEL, &named(one)),
        entry(other, &named(one)),
        entry(WHEEL, &named(two)),
        // Said twice, and the same.
        entry(other, &named(one)),
        entry(other, ""),
    ];
    let json = format!(r#"{{"files":[{}]}}"#, files.join(","));
    let html = format!(
        r#"<a href="{WHEEL}#sha256={one}">x</a><a href="{other}#sha256={one}">x</a><a href="mirror/{WHEEL}#sha256={two}">x</a>
        <a href="{other}#sha256={one}">x</a><a href="{other}">x</a>"#
    );
    for (kind, body) in [(JSON, json), (HTML, html)] {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let project = client(&[site.serve().await]).project(&foo()).await.unwrap();
        assert!(
            project.files.iter().all(|file| file.filename.as_str() == other),
            "{project:?}"
        );
        assert_eq!(project.files.len(), 3);
        let skipped: Vec<_> = project
            .skipped
            .iter()
            .map(|skipped| (skipped.filename.as_str(), &skipped.reason))
            .collect();
        assert_eq!(skipped, [(WHEEL, &SkipReason::TwoDigests)]);
    }
}

#[tokio::test]
async fn json_of_any_depth_is_refused() {
    let deep = "[".repeat(100_000);
    for body in [
        deep.clone(),
        format!(r#"{{"files":{deep}"#),
        format!(r#"{{"files":[],"versions":{deep}"#),
        r#"{"files":[{"hashes":"#.repeat(50_000),
    ] {
        let site = Site::default();
        site.put("/simple/foo/", JSON, body);
        let error = client(&[site.serve().await]).project(&foo()).await.unwrap_err();
        assert!(matches!(error, IndexError::NotAnIndex { .. }), "{error}");
    }
    // An entry is left out by itself.
    let site = Site::default();
    site.put(
        "/simple/foo/",
        JSON,
        page("").replace("\"files\":[", &format!("\"files\":[{deep}{},", "]".repeat(100_000))),
    );
    let project = client(&[site.serve().await]).project(&foo()).await.unwrap();
    assert_eq!((project.files.len(), project.skipped.len()), (1, 1));
    assert_eq!(project.skipped[0].reason, SkipReason::Entry);
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    site.put("/pypi/foo/1.0/json", "application/json", format!(r#"{{"info":{deep}"#));
    let client = client(&[site.serve().await]);
    let file = only_file(&client).await;
    assert_eq!(client.project_json(&file).await.unwrap(), []);
}

#[tokio::test]
async fn pages_that_grow_when_they_are_read_are_refused() {
    let many = MAX_FILES + 1;
    let cases = [
        (JSON, format!(r#"{{"files":[{}{{}}]}}"#, "{},".repeat(many)), "files"),
        (JSON, format!(r#"{{"files":[{}0]}}"#, "[],".repeat(5_000_000)), "files"),
        (HTML, "<b>".repeat(200_000), "larger than any"),
        (HTML, "<a href=x>".repeat(200_000), "larger than any"),
        (HTML, " ".repeat(25 << 20), "larger than any"),
    ];
    for (kind, body, why) in cases {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let error = client(&[site.serve().await]).project(&foo()).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    // One entry alone cannot be large either.
    let hashes = r#""a":"b","#.repeat(20_000);
    let site = Site::default();
    site.put(
        "/simple/foo/",
        JSON,
        page("").replace(r#""hashes":{"#, &format!(r#""hashes":{{{hashes}"x":"y""#)),
    );
    let project = client(&[site.serve().await]).project(&foo()).await.unwrap();
    assert_eq!(
        (project.files.len(), &project.skipped[0].reason),
        (0, &SkipReason::Entry)
    );
}

#[tokio::test]
async fn a_log_in_page_is_no_provenance() {
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    let login = r#"<html><form action="/login"><input type="password"></form></html>"#;
    let path = format!("/integrity/foo/1.0/{WHEEL}/provenance");
    let client = client(&[site.serve().await]);
    let file = only_file(&client).await;
    for (kind, body) in [
        ("text/html", login),
        ("application/vnd.pypi.integrity.v1+json", login),
        ("application/json", "[]"),
        ("application/json", ""),
    ] {
        site.put(&path, kind, body);
        let answer = client.integrity_provenance(&file).await.unwrap();
        assert!(matches!(answer, IntegrityAnswer::Unusable { .. }), "{answer:?}");
    }
    for (status, expected) in [
        (404, "none"),
        (410, "none"),
        (403, "disabled"),
        (406, "unusable"),
        (500, "error"),
        (401, "error"),
    ] {
        site.put_status(&path, status, "application/json", r#"{"message":"x"}"#);
        let answer = client.integrity_provenance(&file).await;
        let said = match answer {
            Ok(IntegrityAnswer::None { .. }) => "none",
            Ok(IntegrityAnswer::Disabled { .. }) => "disabled",
            Ok(IntegrityAnswer::Unusable { .. }) => "unusable",
            Err(IndexError::Http(HttpError::Status { .. })) => "error",
            other => panic!("{other:?}"),
        };
        assert_eq!(said, expected, "{status}");
    }
}

#[tokio::test]
async fn pages_without_end_are_refused_early() {
    let site = Site::default();
    let length = usize::try_from(MAX_PAGE_SIZE).unwrap() + 1;
    site.put("/simple/foo/", JSON, vec![b' '; length]);
    let started = Instant::now();
    let error = client(&[site.serve().await]).project(&foo()).await.unwrap_err();
    assert!(matches!(error, IndexError::Http(HttpError::TooLarge { .. })), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_public_index_names_no_provenance_in_the_private_network() {
    let inside = Site::default();
    inside.put("/provenance", "application/json", "{}");
    let secret = inside.serve().await.join("provenance").unwrap();
    // A proxy stands for the public index, whatever it is called.
    let site = Site::default();
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.proxy = Some(site.serve().await.to_string());
    site.put("/simple/foo/", JSON, page(&format!(r#","provenance":"{secret}""#)));
    let index = Url::parse("http://index.example/simple/").unwrap();
    let client = IndexClient::new(Client::new(settings).unwrap(), vec![index], &[]).unwrap();
    let file = only_file(&client).await;
    assert_eq!(file.provenance.as_deref(), Some(&secret));
    let error = client.integrity_provenance(&file).await.unwrap_err();
    assert!(matches!(error, IndexError::Http(HttpError::Private { .. })), "{error}");
    assert_eq!(inside.asked(), Vec::<String>::new());
}

/// The host of a `file:` URL may be `localhost`, which makes no `file:` URL of others.
#[tokio::test]
async fn a_server_named_localhost_is_asked_and_no_file_of_this_machine_is_read() {
    let planted = tempfile::tempdir().unwrap();
    let local = planted.path().join(WHEEL);
    std::fs::write(&local, wheel(10, &metadata_text("foo", "1.0"))).unwrap();
    let site = Site::default();
    let body = page("").replace(&format!("../../files/{WHEEL}"), local.to_str().unwrap());
    site.put("/simple/foo/", JSON, body);
    let listener = tokio::net::TcpListener::bind(("localhost", 0)).await.unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    let router = axum::Router::new().fallback(crate::answer).with_state(site.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = client(&[url.parse().unwrap()]);
    let file = only_file(&client).await;
    assert!(!file.is_local());
    let error = client.metadata(&file).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::Http(error) if error.status() == Some(404)),
        "{error}"
    );
    let staging = tempfile::tempdir().unwrap();
    assert!(client.download(&file, staging.path(), &[]).await.is_err());
    assert_eq!(site.asked().len(), 3);
    for other in [
        "ftp://localhost/simple/",
        "ftp://127.0.0.1/simple/",
        "file://host.example/x/",
    ] {
        let refused = IndexClient::new(crate::http(), vec![other.parse().unwrap()], &[]);
        assert!(refused.is_err(), "{other}");
    }
}
