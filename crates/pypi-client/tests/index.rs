//! The client against indexes on 127.0.0.1: JSON and HTML pages, metadata in its three ways, downloads, provenance.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

#[path = "index/about.rs"]
mod about;
#[path = "index/cached.rs"]
mod cached;
#[path = "index/choice.rs"]
mod choice;
#[path = "index/direct.rs"]
mod direct;
#[path = "index/hostile.rs"]
mod hostile;
#[path = "index/kept.rs"]
mod kept;
#[path = "index/links.rs"]
mod links;
#[path = "index/metadata.rs"]
mod metadata;
#[path = "index/several.rs"]
mod several;

use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use slsa_pip_distribution::{PackageName, Sha256Digest};
use slsa_pip_http::{Client, HttpError, Settings, sha256};
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile, IntegrityAnswer, Project, SkipReason};
use tokio::net::TcpListener;
use url::Url;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "application/vnd.pypi.simple.v1+html";
const WHEEL: &str = "foo-1.0-py3-none-any.whl";

/// Status, content type, body.
type Answer = (u16, String, Vec<u8>);

/// Answers by path, each with an `ETag` that it confirms. Remembers what was asked, with its range.
#[derive(Clone, Default)]
struct Site {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    ranges: bool,
    /// Seconds for which answers are fresh.
    max_age: u32,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn put(&self, path: &str, kind: &str, body: impl Into<Vec<u8>>) {
        self.put_status(path, 200, kind, body);
    }

    fn put_status(&self, path: &str, status: u16, kind: &str, body: impl Into<Vec<u8>>) {
        let answer = (status, kind.to_owned(), body.into());
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    async fn serve(&self) -> Url {
        let router = Router::new().fallback(answer).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Url::parse(&url).unwrap()
    }
}

async fn answer(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let range = request
        .headers()
        .get(header::RANGE)
        .map(|range| range.to_str().unwrap().to_owned());
    site.asked.lock().unwrap().push(match &range {
        Some(range) => format!("{path} {range}"),
        None => path.clone(),
    });
    let Some((status, kind, body)) = site.answers.lock().unwrap().get(&path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
    let etag = format!("\"{}\"", sha256(&body));
    headers.insert(header::ETAG, etag.parse().unwrap());
    headers.insert(
        header::CACHE_CONTROL,
        format!("max-age={}", site.max_age).parse().unwrap(),
    );
    let confirms = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == *etag);
    if status == 200 && confirms {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let status = StatusCode::from_u16(status).unwrap();
    match range.filter(|_| site.ranges) {
        None => (status, headers, body).into_response(),
        Some(range) => {
            let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let (first, last) = if first.is_empty() {
                (
                    body.len() - last.parse::<usize>().unwrap().min(body.len()),
                    body.len() - 1,
                )
            } else {
                (
                    first.parse().unwrap(),
                    last.parse::<usize>().unwrap().min(body.len() - 1),
                )
            };
            let value = format!("bytes {first}-{last}/{}", body.len());
            headers.insert(header::CONTENT_RANGE, value.parse().unwrap());
            (StatusCode::PARTIAL_CONTENT, headers, body[first..=last].to_vec()).into_response()
        }
    }
}

fn http() -> Client {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(5);
    settings.retries = 0;
    Client::new(settings).unwrap()
}

fn client(indexes: &[Url]) -> IndexClient {
    let indexes = indexes.iter().map(|url| url.join("simple/").unwrap()).collect();
    IndexClient::new(http(), indexes, &[]).unwrap()
}

fn foo() -> PackageName {
    "foo".parse().unwrap()
}

fn metadata_text(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: bar>=2\n\nText\n")
}

/// A wheel with `padding` stored bytes before its metadata.
fn wheel(padding: usize, metadata: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer
        .start_file("foo-1.0.dist-info/METADATA", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(metadata.as_bytes()).unwrap();
    writer.start_file("foo/data.bin", stored).unwrap();
    writer.write_all(&vec![7; padding]).unwrap();
    writer.finish().unwrap().into_inner()
}

/// One JSON page with one wheel and further fields.
fn page(fields: &str) -> String {
    format!(
        r#"{{"meta":{{"api-version":"1.4"}},"name":"foo","files":[{{"filename":"{WHEEL}","url":"../../files/{WHEEL}","hashes":{{}}{fields}}}]}}"#
    )
}

async fn only_file(client: &IndexClient) -> IndexFile {
    let project = client.project(&foo()).await.unwrap();
    assert_eq!((project.files.len(), project.skipped.len()), (1, 0), "{project:?}");
    IndexFile::clone(&project.files[0])
}

fn is_empty(directory: &Path) -> bool {
    directory.read_dir().unwrap().next().is_none()
}

#[tokio::test]
async fn json_and_html_pages_say_the_same() {
    let digest = "0123456789abcdef".repeat(4);
    let json = page(&format!(
        r#","hashes":{{"sha256":"{digest}","md5":"00"}},"requires-python":">=3.8,<4","yanked":"bad & old","core-metadata":{{"sha256":"{digest}"}},"provenance":"/integrity/x","size":5,"upload-time":"2024-01-01T00:00:00Z""#
    ))
    .replace(r#""hashes":{},"#, "");
    let html = format!(
        r#"<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"></head><body>
        <!-- <a href="../../files/foo-9.0-py3-none-any.whl">hidden</a> -->
        <a href="../">up</a> <A HREF="../../files/{WHEEL}#md5=00&amp;sha256={digest}"
          data-requires-python="&gt;=3.8,&lt;4" data-yanked="bad &amp; old" data-core-metadata="sha256={digest}"
          data-dist-info-metadata="true" data-provenance="/integrity/x">{WHEEL}</A></body></html>"#
    );
    let mut seen = Vec::new();
    for (kind, body) in [(JSON, json), (HTML, html.clone()), ("text/html; charset=UTF-8", html)] {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let url = site.serve().await;
        let file = only_file(&client(std::slice::from_ref(&url))).await;
        assert_eq!(file.url, url.join(&format!("files/{WHEEL}")).unwrap());
        assert_eq!(file.provenance.as_deref(), Some(&url.join("integrity/x").unwrap()));
        assert_eq!(*file.index_url, url.join("simple/").unwrap());
        seen.push((
            file.filename,
            file.sha256,
            file.requires_python.map(|specifiers| specifiers.to_string()),
            file.yanked,
            file.metadata,
        ));
    }
    let first = &seen[0];
    assert_eq!(first.1.unwrap().to_hex(), digest);
    assert_eq!(first.2.as_deref(), Some(">=3.8, <4"));
    assert_eq!(first.3.as_deref(), Some("bad & old"));
    assert_eq!(first.4.unwrap().sha256, first.1);
    assert!(seen.iter().all(|other| other == first), "{seen:?}");
}

#[tokio::test]
async fn absent_and_empty_fields() {
    let site = Site::default();
    let html = format!(
        r#"<html><head><base href="/elsewhere/"></head><body><a data-yanked href='{WHEEL}?x=1'>x</a>
        <a href="foo-1.1.tar.gz" data-requires-python="nonsense" data-dist-info-metadata=true data-core-metadata=false>x</a></body></html>"#
    );
    site.put("/simple/foo/", "text/html", html);
    let url = site.serve().await;
    let project = client(std::slice::from_ref(&url)).project(&foo()).await.unwrap();
    let [wheel, sdist] = project.files.as_slice() else {
        panic!("{project:?}")
    };
    assert_eq!(wheel.url, url.join(&format!("elsewhere/{WHEEL}?x=1")).unwrap());
    assert_eq!(wheel.yanked.as_deref(), Some(""));
    assert_eq!((wheel.sha256, wheel.metadata, &wheel.provenance), (None, None, &None));
    assert!(sdist.requires_python.is_none() && sdist.metadata.is_none());
}

#[tokio::test]
async fn bad_entries_are_named_and_do_not_spoil_the_page() {
    let entry = |filename: &str, url: &str, hashes: &str| {
        format!(r#"{{"filename":"{filename}","url":"{url}","hashes":{hashes}}}"#)
    };
    let entries = [
        entry(WHEEL, "x.whl", "{}"),
        entry("foo-1.0.egg", "x", "{}"),
        entry("foo-x-py3-none-any.whl", "x", "{}"),
        entry("../foo-1.0-py3-none-any.whl", "x", "{}"),
        entry("bar-1.0-py3-none-any.whl", "x", "{}"),
        entry("foo-1.1-py3-none-any.whl", "file:///etc/passwd", "{}"),
        entry("foo-1.2-py3-none-any.whl", "javascript:x", "{}"),
        entry("foo-1.3-py3-none-any.whl", "x", r#"{"sha256":"00"}"#),
        r#"{"filename":"foo-1.4.zip","url":"x","size":"large"}"#.to_owned(),
        "null".to_owned(),
    ];
    let site = Site::default();
    site.put("/simple/foo/", JSON, format!(r#"{{"files":[{}]}}"#, entries.join(",")));
    let project = client(&[site.serve().await]).project(&foo()).await.unwrap();
    assert_eq!(project.files.len(), 1);
    let reasons: Vec<_> = project.skipped.iter().map(|skipped| skipped.reason.clone()).collect();
    assert!(matches!(reasons[1], SkipReason::Filename(_)) && matches!(reasons[2], SkipReason::Filename(_)));
    assert_eq!(reasons[0], SkipReason::Kind);
    assert_eq!(
        reasons[3..],
        [
            SkipReason::OtherProject,
            SkipReason::Url,
            SkipReason::Url,
            SkipReason::Digest,
            SkipReason::Entry,
            SkipReason::Entry
        ]
    );
    assert_eq!(project.skipped[3].filename, "bar-1.0-py3-none-any.whl");
    assert_eq!(project.skipped[7].filename, "foo-1.4.zip");
}

#[tokio::test]
async fn what_is_no_index_is_refused() {
    let login = r#"<html><body><form action="/login"><input type="password"></form></body></html>"#;
    let page_v2 = page("").replace("1.4", "2.0");
    let html_v2 = r#"<html><meta name="pypi:repository-version" content="2.0"></html>"#;
    let cases: [(&str, &str, &str); 8] = [
        ("text/html", login, "not-an-index"),
        (JSON, login, "not-an-index"),
        (JSON, r#"{"files":3}"#, "not-an-index"),
        ("text/html", "plain text", "not-an-index"),
        ("application/pdf", "x", "not-an-index"),
        (JSON, &page_v2, "version"),
        ("text/html", html_v2, "version"),
        ("application/vnd.pypi.simple.v2+json", "{}", "version"),
    ];
    for (kind, body, expected) in cases {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let error = client(&[site.serve().await]).project(&foo()).await.unwrap_err();
        let found = match &error {
            IndexError::NotAnIndex { .. } => "not-an-index",
            IndexError::FormatVersion { version, .. } if version.starts_with('2') => "version",
            _ => "another",
        };
        assert_eq!(found, expected, "{kind}: {error}");
    }
}

#[tokio::test]
async fn downloads_are_checked_and_leave_nothing_when_refused() {
    let bytes = b"a wheel".to_vec();
    let (right, wrong): (Sha256Digest, Sha256Digest) = (sha256(&bytes), sha256(b""));
    let site = Site::default();
    site.put(&format!("/files/{WHEEL}"), "application/zip", bytes);
    site.put(
        "/simple/foo/",
        JSON,
        page(r#","hashes":{"md5":"00"}"#).replace(r#""hashes":{},"#, ""),
    );
    let client = client(&[site.serve().await]);
    let mut file = only_file(&client).await;
    let staging = tempfile::tempdir().unwrap();

    let staged = client.download(&file, staging.path(), &[wrong, right]).await.unwrap();
    assert_eq!(staged.sha256, right);
    let error = client.download(&file, staging.path(), &[]).await.unwrap_err();
    assert!(
        matches!(error, IndexError::Http(HttpError::File { .. })),
        "an existing file stays: {error}"
    );
    assert!(staged.path.exists());
    std::fs::remove_file(&staged.path).unwrap();

    let error = client.download(&file, staging.path(), &[wrong]).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::HashNotAllowed { computed, .. } if *computed == right),
        "{error}"
    );
    assert!(is_empty(staging.path()));

    file.sha256 = Some(wrong);
    let error = client.download(&file, staging.path(), &[]).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::DigestMismatch { expected, computed, .. } if (*expected, *computed) == (wrong, right)),
        "{error}"
    );
    assert!(error.hint().is_some());
    assert!(is_empty(staging.path()));
    let error = client.metadata(&file).await.unwrap_err();
    assert!(matches!(error, IndexError::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn provenance_is_asked_for_and_answers_are_told_apart() {
    let api = format!("/integrity/foo/1.0/{WHEEL}/provenance");
    let cases: [(u16, &str, &str); 7] = [
        (200, r#"{"version":1}"#, "found"),
        (200, "<html>log in</html>", "unusable"),
        (404, "", "none"),
        (403, "", "disabled"),
        (406, "", "unusable"),
        (500, "", "error"),
        (401, "", "error"),
    ];
    for announced in [false, true] {
        for (status, body, expected) in cases {
            let site = Site::default();
            let path = if announced { "/elsewhere/p" } else { &api };
            let field = if announced {
                r#","provenance":"/elsewhere/p""#
            } else {
                ""
            };
            site.put("/simple/foo/", JSON, page(field));
            site.put_status(path, status, "application/x", body);
            let client = client(&[site.serve().await]);
            let answer = client.integrity_provenance(&only_file(&client).await).await;
            let found = match &answer {
                Ok(IntegrityAnswer::Found { bytes, .. }) if bytes == body => "found",
                Ok(IntegrityAnswer::None { .. }) => "none",
                Ok(IntegrityAnswer::Disabled { .. }) => "disabled",
                Ok(IntegrityAnswer::Unusable { .. }) => "unusable",
                Err(IndexError::Http(error)) if error.status() == Some(status) => "error",
                _ => "another",
            };
            assert_eq!(found, expected, "{status}: {answer:?}");
            assert_eq!(site.asked(), ["/simple/foo/", path]);
        }
    }
}

#[tokio::test]
async fn project_urls_come_from_the_json_api() {
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    site.put(
        "/pypi/foo/1.0/json",
        "application/json",
        r#"{"info":{"project_urls":{"Source":"https://github.com/o/r"},"home_page":"https://x.example"}}"#,
    );
    let client = client(&[site.serve().await]);
    let urls = client.project_json(&only_file(&client).await).await.unwrap();
    let pair = |label: &str, url: &str| (label.to_owned(), url.to_owned());
    assert_eq!(
        urls,
        [
            pair("Source", "https://github.com/o/r"),
            pair("Home-page", "https://x.example")
        ]
    );
    let mut other = only_file(&client).await;
    other.filename = "foo-2.0-py3-none-any.whl".parse().unwrap();
    assert_eq!(client.project_json(&other).await.unwrap(), []);
}

#[tokio::test]
async fn credentials_of_the_index_are_used_and_hidden() {
    async fn private(headers: HeaderMap) -> Response {
        if headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value == "Basic dXNlcjpwdw==")
        {
            ([(header::CONTENT_TYPE, JSON)], page("")).into_response()
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(private)).await.unwrap() });
    let index = Url::parse(&format!("http://user:pw@{address}/simple")).unwrap();
    let client = IndexClient::new(http(), vec![index], &[]).unwrap();
    let file = only_file(&client).await;
    assert_eq!(file.index_url.as_str(), format!("http://{address}/simple/"));
    let staging = tempfile::tempdir().unwrap();
    assert!(client.download(&file, staging.path(), &[]).await.is_ok());
    assert!(!format!("{client:?} {file:?}").contains("pw"));
}

#[tokio::test]
async fn work_can_be_spread_over_tasks() {
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    site.put(
        &format!("/files/{WHEEL}"),
        "application/zip",
        wheel(10, &metadata_text("foo", "1.0")),
    );
    let client = Arc::new(client(&[site.serve().await]));
    let staging = Arc::new(tempfile::tempdir().unwrap());
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (client, staging) = (Arc::clone(&client), Arc::clone(&staging));
            tokio::spawn(async move {
                let file = only_file(&client).await;
                client.metadata(&file).await.unwrap();
                client.integrity_provenance(&file).await.unwrap();
                client.project_json(&file).await.unwrap();
                let directory = staging.path().join(number.to_string());
                std::fs::create_dir(&directory).unwrap();
                client.download(&file, &directory, &[]).await.unwrap().sha256
            })
        })
        .collect();
    let mut digests = Vec::new();
    for task in tasks {
        digests.push(task.await.unwrap());
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

/// Real pages, as recorded.
#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn recorded_pages_are_read() {
    let data = std::env::var("SLSA_PIP_DATA").expect("SLSA_PIP_DATA");
    let site = Site::default();
    let cases = [
        ("certifi", "pypi-simple-v1-certifi.json", JSON, 140, 30),
        ("click", "pypi-simple-v1-click.json", JSON, 126, 22),
        ("markupsafe", "pypi-simple-v1-markupsafe.json", JSON, 873, 89),
        ("urllib3", "pypi-simple-v1-urllib3.json", JSON, 190, 16),
        (
            "poetry-core",
            "pypi-simple-v1-poetry-fixture-poetry-core.json",
            JSON,
            4,
            2,
        ),
        ("yanked", "pypi-simple-lib-yanked.json", JSON, 2, 0),
        ("iniconfig", "pypi-simple-html-iniconfig.html", "text/html", 16, 4),
        ("devpi", "pypi-simple-lib-devpi_devpi.html", "text/html", 5, 0),
        (
            "aws-adfs-ebsco",
            "pypi-simple-lib-aws-adfs-ebsco.html",
            "text/html",
            2,
            0,
        ),
        ("root", "pypi-simple-lib-simple01.html", "text/html", 0, 0),
    ];
    for (name, file, kind, _, _) in cases {
        let body = std::fs::read(format!("{data}/api/{file}")).unwrap();
        site.put(&format!("/simple/{name}/"), kind, body);
    }
    let client = client(&[site.serve().await]);
    let mut projects: HashMap<&str, Arc<Project>> = HashMap::new();
    for (name, _, _, entries, provenance) in cases {
        let project = client.project(&name.parse().unwrap()).await.unwrap();
        if entries > 0 {
            assert_eq!(project.files.len() + project.skipped.len(), entries, "{name}");
        }
        let with_provenance = project.files.iter().filter(|file| file.provenance.is_some()).count();
        assert_eq!(with_provenance, provenance, "{name}");
        projects.insert(name, project);
    }
    let yanked = &projects["yanked"].files;
    assert_eq!(
        (yanked[0].yanked.as_deref(), yanked[1].yanked.as_deref()),
        (Some(""), Some("not good"))
    );
    let urllib3 = projects["urllib3"].files.last().unwrap();
    assert!(urllib3.sha256.is_some() && urllib3.size.is_some() && urllib3.upload_time.is_some());
    assert!(projects["iniconfig"].files.iter().all(|file| file.sha256.is_some()));
    assert!(projects["iniconfig"].files.iter().any(|file| file.metadata.is_some()));
    assert_eq!(projects["devpi"].files.len(), 5);
    assert!(projects["root"].files.is_empty());
}
