//! METADATA before a file is chosen: served beside it, read by ranges, or of the whole wheel.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use slsa_pip_http::sha256;
use slsa_pip_pypi_client::IndexError;
use tokio::net::TcpListener;
use url::Url;

use crate::{JSON, Site, WHEEL, client, metadata_text, only_file, page, wheel};

#[tokio::test]
async fn announced_metadata_is_checked() {
    let text = metadata_text("Foo", "1.0.0");
    let right = sha256(text.as_bytes());
    let wrong = sha256(b"");
    let beside = format!("/files/{WHEEL}.metadata");
    for (announced, ok) in [
        ("true".to_owned(), true),
        (format!(r#"{{"sha256":"{right}"}}"#), true),
        (format!(r#"{{"sha256":"{wrong}"}}"#), false),
    ] {
        let site = Site::default();
        site.put(
            "/simple/foo/",
            JSON,
            page(&format!(r#","dist-info-metadata":{announced}"#)),
        );
        site.put(&beside, "application/octet-stream", text.clone());
        let client = client(&[site.serve().await]);
        let metadata = client.metadata(&only_file(&client).await).await;
        assert_eq!(site.asked(), ["/simple/foo/", &beside]);
        match metadata {
            Ok(metadata) => assert!(ok && metadata.requires_dist.len() == 1),
            Err(IndexError::DigestMismatch { expected, computed, .. }) => {
                assert_eq!((ok, expected, computed), (false, wrong, right));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn metadata_of_another_project_or_version_is_refused() {
    for text in [
        metadata_text("bar", "1.0"),
        metadata_text("foo", "1.1"),
        "no metadata".to_owned(),
    ] {
        let site = Site::default();
        site.put("/simple/foo/", JSON, page(r#","core-metadata":true"#));
        site.put(&format!("/files/{WHEEL}.metadata"), "text/plain", text);
        let client = client(&[site.serve().await]);
        let error = client.metadata(&only_file(&client).await).await.unwrap_err();
        assert!(matches!(error, IndexError::Metadata { .. }), "{error}");
    }
}

#[tokio::test]
async fn files_of_one_url_do_not_share_their_metadata() {
    let site = Site::default();
    let entry = |version: &str| {
        format!(
            r#"{{"filename":"foo-{version}-py3-none-any.whl","url":"/files/{WHEEL}","hashes":{{}},"core-metadata":true}}"#
        )
    };
    let body = format!(r#"{{"meta":{{}},"files":[{},{}]}}"#, entry("1.0"), entry("1.1"));
    site.put("/simple/foo/", JSON, body);
    site.put(
        &format!("/files/{WHEEL}.metadata"),
        "text/plain",
        metadata_text("foo", "1.0"),
    );
    let client = client(&[site.serve().await]);
    let project = client.project(&"foo".parse().unwrap()).await.unwrap();
    assert!(client.metadata(&project.files[0]).await.is_ok());
    let error = client.metadata(&project.files[1]).await.unwrap_err();
    assert!(matches!(error, IndexError::Metadata { .. }), "{error}");
}

/// Whoever compares what was resolved with must get that, whatever was asked at the same URL in between.
#[tokio::test]
async fn what_was_said_of_a_file_stays_said() {
    let site = Site::default();
    let entry = |version: &str| {
        format!(
            r#"{{"filename":"foo-{version}-py3-none-any.whl","url":"/files/{WHEEL}","hashes":{{}},"core-metadata":true}}"#
        )
    };
    let body = format!(r#"{{"meta":{{}},"files":[{},{}]}}"#, entry("1.0"), entry("1.1"));
    site.put("/simple/foo/", JSON, body);
    let place = format!("/files/{WHEEL}.metadata");
    let says = |version: &str, requires: &str| {
        let text = metadata_text("foo", version).replace("bar>=2", requires);
        site.put(&place, "text/plain", text);
    };
    says("1.0", "evil");
    let client = client(&[site.serve().await]);
    let project = client.project(&"foo".parse().unwrap()).await.unwrap();
    let first = client.metadata(&project.files[0]).await.unwrap();
    says("1.1", "bar>=2");
    client.metadata(&project.files[1]).await.unwrap();
    says("1.0", "bar>=2");
    let again = client.metadata(&project.files[0]).await.unwrap();
    for metadata in [first, again] {
        assert_eq!(metadata.requires_dist[0].to_string(), "evil");
    }
}

#[tokio::test]
async fn a_small_wheel_is_fetched_once_for_metadata_and_download() {
    let bytes = wheel(1000, &metadata_text("foo", "1.0"));
    let site = Site::default();
    site.put(
        "/simple/foo/",
        JSON,
        page(&format!(
            r#","core-metadata":true,"hashes":{{"sha256":"{}"}}"#,
            sha256(&bytes)
        ))
        .replace(r#""hashes":{},"#, ""),
    );
    let path = format!("/files/{WHEEL}");
    site.put(&path, "application/zip", bytes.clone());
    let client = client(&[site.serve().await]);
    let file = only_file(&client).await;
    assert_eq!(client.metadata(&file).await.unwrap().version, "1.0".parse().unwrap());
    assert!(client.metadata(&file).await.is_ok());
    let staging = tempfile::tempdir().unwrap();
    let staged = client.download(&file, staging.path(), &[]).await.unwrap();
    assert_eq!(staged.path, staging.path().join(WHEEL));
    assert_eq!(std::fs::read(&staged.path).unwrap(), bytes);
    assert_eq!((staged.sha256, staged.size), (sha256(&bytes), bytes.len() as u64));
    // Metadata is read once, also when the wheel is no longer kept.
    assert!(client.metadata(&file).await.is_ok());
    // The announced metadata is missing, which is no reason to fail.
    let beside = format!("{path}.metadata");
    assert_eq!(site.asked(), ["/simple/foo/", &beside, &path]);
}

#[tokio::test]
async fn a_large_wheel_is_read_by_ranges() {
    let bytes = wheel(5_000_000, &metadata_text("foo", "1.0"));
    for (size, first) in [(format!(r#","size":{}"#, bytes.len()), false), (String::new(), true)] {
        let site = Site {
            ranges: true,
            ..Site::default()
        };
        site.put("/simple/foo/", JSON, page(&size));
        let path = format!("/files/{WHEEL}");
        site.put(&path, "application/zip", bytes.clone());
        let client = client(&[site.serve().await]);
        let metadata = client.metadata(&only_file(&client).await).await.unwrap();
        assert_eq!(metadata.requires_dist.len(), 1);
        let asked = site.asked();
        let mut expected = vec!["/simple/foo/".to_owned()];
        expected.extend(first.then(|| path.clone()));
        expected.push(format!("{path} bytes=-65536"));
        expected.push(format!("{path} bytes=0-131071"));
        assert_eq!(asked, expected);
    }
}

#[tokio::test]
async fn without_ranges_a_large_wheel_is_fetched_whole_and_kept() {
    let bytes = wheel(5_000_000, &metadata_text("foo", "1.0"));
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(&format!(r#","size":{}"#, bytes.len())));
    let path = format!("/files/{WHEEL}");
    site.put(&path, "application/zip", bytes.clone());
    let client = client(&[site.serve().await]);
    let file = only_file(&client).await;
    assert!(client.metadata(&file).await.is_ok());
    let staging = tempfile::tempdir().unwrap();
    assert_eq!(
        client.download(&file, staging.path(), &[]).await.unwrap().sha256,
        sha256(&bytes)
    );
    assert_eq!(site.asked(), ["/simple/foo/", &format!("{path} bytes=-65536"), &path]);
}

#[tokio::test]
async fn a_wheel_that_is_no_archive_has_no_metadata() {
    for ranges in [false, true] {
        let site = Site {
            ranges,
            ..Site::default()
        };
        site.put("/simple/foo/", JSON, page(r#","size":9000000"#));
        site.put(&format!("/files/{WHEEL}"), "application/zip", vec![1; 300_000]);
        let client = client(&[site.serve().await]);
        let error = client.metadata(&only_file(&client).await).await.unwrap_err();
        assert!(matches!(error, IndexError::Metadata { .. }), "{error}");
        assert!(site.asked().len() < 12);
    }
}

#[tokio::test]
async fn ranges_that_lie_are_not_used() {
    let bytes = wheel(5_000_000, &metadata_text("foo", "1.0"));
    let total = bytes.len();
    let tail = bytes[total - 65536..].to_vec();
    let at = |first: usize, last: usize, total: usize| format!("bytes {first}-{last}/{total}");
    // What is said of the last bytes, and what of those after them.
    let honest = at(total - 65536, total - 1, total);
    for (said, then) in [
        (at(0, 65535, total), None),
        (at(total - 65536, total - 1, total + 1), None),
        ("bytes */1".to_owned(), None),
        (honest.clone(), Some(at(1, 131_072, total))),
        (honest.clone(), Some(at(0, 131_071, total - 1))),
        (honest.clone(), Some("nonsense".to_owned())),
    ] {
        let (file, tail, then) = (bytes.clone(), tail.clone(), then.clone());
        let case = format!("{said} {then:?}");
        let router = Router::new().fallback(move |headers: HeaderMap, request: Request| {
            let range = headers
                .get(header::RANGE)
                .map(|range| range.to_str().unwrap().to_owned());
            let answer = match (request.uri().path(), range) {
                ("/simple/foo/", _) => {
                    ([(header::CONTENT_TYPE, JSON)], page(&format!(r#","size":{total}"#))).into_response()
                }
                (_, None) => file.clone().into_response(),
                (_, Some(range)) => {
                    let first = range.starts_with("bytes=-");
                    let said = if first { said.clone() } else { then.clone().unwrap() };
                    let body = if first { tail.clone() } else { file[..131_072].to_vec() };
                    let headers = [(header::CONTENT_RANGE, said)];
                    (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
                }
            };
            async move { answer }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client = client(&[Url::parse(&url).unwrap()]);
        let file = only_file(&client).await;
        let metadata = client.metadata(&file).await;
        assert_eq!(metadata.unwrap().requires_dist.len(), 1, "{case}");
        // The whole wheel has told it, and is not fetched again.
        let requests = client.http().request_count();
        let staging = tempfile::tempdir().unwrap();
        let staged = client.download(&file, staging.path(), &[]).await.unwrap();
        assert_eq!(staged.sha256, sha256(&bytes));
        assert_eq!(client.http().request_count(), requests, "{case}");
    }
}
