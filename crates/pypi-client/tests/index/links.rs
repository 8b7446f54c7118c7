//! `--find-links`: directories, single files, pages.

use slsa_pip_http::{HttpError, sha256};
use slsa_pip_pypi_client::{IndexClient, IndexError, IntegrityAnswer, SkipReason};
use url::Url;

use crate::{HTML, JSON, Site, WHEEL, foo, http, metadata_text, only_file, page, wheel};

#[tokio::test]
async fn find_links_directories_come_first() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    std::fs::write(directory.path().join(WHEEL), &bytes).unwrap();
    for other in ["foo-1.0.egg", "bar-1.0-py3-none-any.whl", "README", "foobar-1.0.tar.gz"] {
        std::fs::write(directory.path().join(other), "x").unwrap();
    }
    let site = Site::default();
    site.put("/simple/foo/", JSON, page("").replace("foo-1.0", "foo-2.0"));
    let indexes = vec![site.serve().await.join("simple/").unwrap()];
    let as_url = Url::from_directory_path(directory.path()).unwrap().to_string();
    for location in [directory.path().display().to_string(), as_url] {
        let both = IndexClient::new(http(), indexes.clone(), std::slice::from_ref(&location)).unwrap();
        let project = both.project(&foo()).await.unwrap();
        let names: Vec<_> = project.files.iter().map(|file| file.filename.as_str()).collect();
        assert_eq!(names, [WHEEL, "foo-2.0-py3-none-any.whl"]);
        assert_eq!(project.skipped[0].filename, "foo-1.0.egg");

        let alone = IndexClient::new(http(), vec![], &[location]).unwrap();
        let file = alone.project(&foo()).await.unwrap().files[0].clone();
        assert!(file.is_local());
        assert_eq!(alone.metadata(&file).await.unwrap().requires_dist.len(), 1);
        assert_eq!(
            alone.integrity_provenance(&file).await.unwrap(),
            IntegrityAnswer::NotOffered
        );
        let staging = tempfile::tempdir().unwrap();
        let staged = alone.download(&file, staging.path(), &[sha256(&bytes)]).await.unwrap();
        assert_eq!(std::fs::read(staged.path).unwrap(), bytes);
        let refused = alone.download(&file, staging.path(), &[sha256(b"")]).await;
        assert!(refused.is_err());
        let error = alone.project(&"baz".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, IndexError::NotFound { .. }), "{error}");
    }
    // Like pip, what does not exist holds nothing, and a file is itself.
    let missing = IndexClient::new(http(), vec![], &["/does/not/exist".to_owned()]).unwrap();
    assert!(matches!(
        missing.project(&foo()).await,
        Err(IndexError::NotFound { .. })
    ));
    let file = directory.path().join(WHEEL).display().to_string();
    let single = IndexClient::new(http(), vec![], &[file]).unwrap();
    assert_eq!(only_file(&single).await.filename.as_str(), WHEEL);
    for bad in ["ftp://127.0.0.1/wheels/", "data:text/html,x", "file://host.example/x"] {
        let error = IndexClient::new(http(), vec![], &[bad.to_owned()]).unwrap_err();
        assert!(matches!(error, IndexError::FindLinks { .. }), "{error}");
    }
}

fn linking(location: &str) -> IndexClient {
    IndexClient::new(http(), vec![], &[location.to_owned()]).unwrap()
}

#[tokio::test]
async fn a_page_of_links_serves_many_projects_and_is_fetched_once() {
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    let digest = sha256(&bytes);
    let site = Site::default();
    let links = format!(
        r#"<html><body><a href="files/{WHEEL}#sha256={digest}">x</a> <a href="files/foo-1.0.egg">x</a>
        <a href="files/bar-2.0.tar.gz">x</a> <a href="https://elsewhere.example/about">x</a>
        <a href="file:///etc/foo-3.0-py3-none-any.whl">x</a></body></html>"#
    );
    for kind in ["text/html", HTML] {
        site.put("/links.html", kind, links.clone());
        site.put(&format!("/files/{WHEEL}"), "application/zip", bytes.clone());
        let url = site.serve().await;
        let client = linking(url.join("links.html").unwrap().as_str());
        let project = client.project(&foo()).await.unwrap();
        assert_eq!(project.index_url, url.join("links.html").unwrap());
        let [file] = project.files.as_slice() else {
            panic!("{project:?}")
        };
        assert_eq!(
            (file.url.clone(), file.sha256),
            (url.join(&format!("files/{WHEEL}")).unwrap(), Some(digest))
        );
        let reasons: Vec<_> = project.skipped.iter().map(|skipped| &skipped.reason).collect();
        // A page elsewhere names no file of this machine; other projects' files are not this one's fault.
        assert_eq!(reasons, [&SkipReason::Kind, &SkipReason::Url]);
        assert_eq!(client.project(&"bar".parse().unwrap()).await.unwrap().files.len(), 1);
        let error = client.project(&"baz".parse().unwrap()).await.unwrap_err();
        assert!(
            matches!(&error, IndexError::NotFound { asked, .. } if asked.len() == 1),
            "{error}"
        );
        assert_eq!(site.asked(), ["/links.html"]);
        let staging = tempfile::tempdir().unwrap();
        assert_eq!(client.download(file, staging.path(), &[]).await.unwrap().sha256, digest);
        assert_eq!(
            client.integrity_provenance(file).await.unwrap(),
            IntegrityAnswer::NotOffered
        );
        site.asked();
    }
}

#[tokio::test]
async fn files_of_pages_come_before_those_of_the_index() {
    let site = Site::default();
    site.put("/links", "text/html", format!(r#"<a href="{WHEEL}">x</a>"#));
    site.put("/simple/foo/", JSON, page("").replace("foo-1.0", "foo-2.0"));
    let url = site.serve().await;
    let links = [
        url.join("links").unwrap().to_string(),
        url.join("foo-3.0.zip").unwrap().to_string(),
    ];
    let client = IndexClient::new(http(), vec![url.join("simple/").unwrap()], &links).unwrap();
    let project = client.project(&foo()).await.unwrap();
    let names: Vec<_> = project.files.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, [WHEEL, "foo-3.0.zip", "foo-2.0-py3-none-any.whl"]);
    // The URL of a file is not fetched to look into it.
    assert_eq!(site.asked(), ["/links", "/simple/foo/"]);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_not_passed_over() {
    let site = Site::default();
    site.put("/simple/foo/", JSON, page(""));
    site.put_status("/down", 500, "text/html", "");
    site.put_status("/private", 401, "text/html", "");
    site.put("/pdf", "application/pdf", "x");
    site.put("/login", "text/html", r#"<form><input type="password"></form>"#);
    let url = site.serve().await;
    let with = |path: &str| {
        let index = vec![url.join("simple/").unwrap()];
        let login = url
            .join(path)
            .unwrap()
            .as_str()
            .replace("http://", "http://user:s3cret@");
        IndexClient::new(http(), index, &[login]).unwrap()
    };
    for path in ["down", "private", "pdf", "login"] {
        let error = with(path).project(&foo()).await.unwrap_err();
        assert!(
            matches!(
                error,
                IndexError::Http(HttpError::Status { .. }) | IndexError::NotAnIndex { .. }
            ),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    // One that is not there is like a directory that is not there.
    assert_eq!(only_file(&with("gone")).await.filename.as_str(), WHEEL);
}

#[tokio::test]
async fn a_page_on_this_machine_may_name_files_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    std::fs::create_dir(directory.path().join("wheels")).unwrap();
    std::fs::write(directory.path().join("wheels").join(WHEEL), &bytes).unwrap();
    let path = directory.path().join("index.html");
    let digest = sha256(&bytes);
    for (fragment, good) in [
        (String::new(), true),
        (format!("#sha256={digest}"), true),
        (format!("#sha256={}", sha256(b"")), false),
    ] {
        let links =
            format!(r#"<a href="wheels/{WHEEL}{fragment}">x</a> <a href="http://files.example/foo-2.0.zip">x</a>"#);
        std::fs::write(&path, links).unwrap();
        for location in [
            path.display().to_string(),
            Url::from_file_path(&path).unwrap().to_string(),
        ] {
            let client = linking(&location);
            let project = client.project(&foo()).await.unwrap();
            assert_eq!(project.files.len(), 2);
            assert!(project.files[0].is_local() && !project.files[1].is_local());
            let staging = tempfile::tempdir().unwrap();
            let staged = client.download(&project.files[0], staging.path(), &[]).await;
            assert_eq!(staged.is_ok(), good, "{staged:?}");
        }
    }
}

#[tokio::test]
async fn an_index_may_be_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    std::fs::create_dir_all(folder.path().join("simple/foo")).unwrap();
    std::fs::write(folder.path().join(WHEEL), &bytes).unwrap();
    let link = format!(r#"<a href="../../{WHEEL}#sha256={}">x</a>"#, sha256(&bytes));
    std::fs::write(folder.path().join("simple/foo/index.html"), link).unwrap();
    let site = Site::default();
    site.put("/simple/bar/", JSON, r#"{"files":[]}"#);
    let public = site.serve().await.join("simple/").unwrap();
    let local = Url::from_file_path(folder.path().join("simple")).unwrap();
    let client = IndexClient::new(http(), vec![local, public.clone()], &[]).unwrap();
    let file = only_file(&client).await;
    assert!(file.is_local() && file.index_url.scheme() == "file");
    let staging = tempfile::tempdir().unwrap();
    assert!(client.download(&file, staging.path(), &[]).await.is_ok());
    // What it does not have is looked for on the next; what cannot be read is an error.
    let bar = client.project(&"bar".parse().unwrap()).await.unwrap();
    assert_eq!(bar.index_url, public);
    std::fs::create_dir_all(folder.path().join("simple/baz/index.html")).unwrap();
    let error = client.project(&"baz".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, IndexError::File { .. }), "{error}");
    assert_eq!(site.asked(), ["/simple/bar/"]);
}
