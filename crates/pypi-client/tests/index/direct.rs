//! Wheels that a requirement names by URL or path.

use slsa_pip_http::sha256;
use slsa_pip_pypi_client::{IndexClient, IndexError, IntegrityAnswer};
use url::Url;

use crate::{Site, WHEEL, foo, http, metadata_text, wheel};

fn nothing() -> IndexClient {
    IndexClient::new(http(), vec![], &[]).unwrap()
}

#[tokio::test]
async fn a_wheel_by_url_is_fetched_once_and_checked() {
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    let site = Site::default();
    let path = format!("/a%20b/{WHEEL}");
    site.put(&path, "application/zip", bytes.clone());
    let url = site.serve().await.join(&path).unwrap();
    let (right, wrong) = (sha256(&bytes), sha256(b""));
    let client = nothing();
    for (fragment, digest) in [
        (String::new(), None),
        (format!("#sha256={right}"), Some(right)),
        (format!("#egg=Foo[bar]&sha256={right}"), Some(right)),
    ] {
        let file = client.direct(&format!("{url}{fragment}"), Some(&foo())).unwrap();
        assert_eq!((file.url.clone(), file.sha256), (url.clone(), digest));
        assert_eq!(file.filename.as_str(), WHEEL);
    }
    let file = client.direct(&format!("{url}#sha256={right}"), None).unwrap();
    assert_eq!(client.metadata(&file).await.unwrap().requires_dist.len(), 1);
    let staging = tempfile::tempdir().unwrap();
    let staged = client.download(&file, staging.path(), &[]).await.unwrap();
    assert_eq!((staged.sha256, std::fs::read(&staged.path).unwrap()), (right, bytes));
    assert_eq!(
        client.integrity_provenance(&file).await.unwrap(),
        IntegrityAnswer::NotOffered
    );
    assert_eq!(client.project_json(&file).await.unwrap(), []);
    assert_eq!(site.asked(), [path]);

    let client = nothing();
    let staging = tempfile::tempdir().unwrap();
    let file = client.direct(&format!("{url}#sha256={wrong}"), None).unwrap();
    for error in [
        client.metadata(&file).await.unwrap_err(),
        client.download(&file, staging.path(), &[]).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, IndexError::DigestMismatch { expected, .. } if expected == wrong),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_wheel_of_this_machine_is_named_by_path_or_file_url() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = wheel(10, &metadata_text("foo", "1.0"));
    // A `#` is a letter of a path, and the begin of the fragment of a URL.
    let odd = folder.path().join("a #b");
    std::fs::create_dir(&odd).unwrap();
    let path = odd.join(WHEEL);
    std::fs::write(&path, &bytes).unwrap();
    let as_url = Url::from_file_path(&path).unwrap();
    for link in [
        path.display().to_string(),
        as_url.to_string(),
        format!("{as_url}#sha256={}", sha256(&bytes)),
    ] {
        let client = nothing();
        let file = client.direct(&link, Some(&foo())).unwrap();
        assert!(file.is_local());
        assert_eq!(client.metadata(&file).await.unwrap().name, foo());
        let staging = tempfile::tempdir().unwrap();
        let staged = client.download(&file, staging.path(), &[]).await.unwrap();
        assert_eq!(std::fs::read(&staged.path).unwrap(), bytes);
        assert_eq!(
            client.integrity_provenance(&file).await.unwrap(),
            IntegrityAnswer::NotOffered
        );
    }
    let here = std::env::current_dir().unwrap();
    for relative in [format!("./{WHEEL}"), WHEEL.to_owned()] {
        let file = nothing().direct(&relative, None).unwrap();
        assert_eq!(file.url.to_file_path().unwrap(), here.join(WHEEL));
        let error = nothing().metadata(&file).await.unwrap_err();
        assert!(matches!(error, IndexError::File { .. }), "{error}");
    }
}

#[test]
fn what_is_no_wheel_of_the_project_is_refused_with_a_reason() {
    let at = |rest: &str| format!("https://user:s3cret@files.example/{rest}");
    let hex = sha256(b"").to_hex();
    let cases = [
        (at("foo-1.0.tar.gz"), "sdist"),
        (at("foo-1.0.zip"), "sdist"),
        (at("foo/"), "no wheel"),
        (at(""), "no wheel"),
        (at("foo.whl"), "five or six parts"),
        (at("bar-1.0-py3-none-any.whl"), "another project"),
        (at("foo-1.0-py3-none-any.whl#md5=00"), "md5 hash; only `#sha256"),
        (at("foo-1.0-py3-none-any.whl#SHA512=00"), "sha512 hash; only `#sha256"),
        (at(&format!("foo-1.0-py3-none-any.whl#sha256={hex}&md5=00")), "md5 hash"),
        (at("foo-1.0-py3-none-any.whl#sha256=00"), "sha256 is not valid"),
        (at("foo-1.0-py3-none-any.whl#sha256"), "sha256 is not valid"),
        (
            at(&format!(
                "foo-1.0-py3-none-any.whl#sha256={hex}&sha256={}",
                "0".repeat(64)
            )),
            "two different",
        ),
        (at("foo-1.0-py3-none-any.whl#egg=bar"), "`egg` names another"),
        (
            "git+https://user:s3cret@host.example/o/foo@v1".to_owned(),
            "version control",
        ),
        (
            "ssh://host.example/foo-1.0-py3-none-any.whl".to_owned(),
            "neither a path",
        ),
        (
            "file://host.example/foo-1.0-py3-none-any.whl".to_owned(),
            "this machine",
        ),
        ("./foo".to_owned(), "no wheel"),
        (String::new(), "neither a URL nor a path"),
    ];
    for (link, says) in cases {
        let error = nothing().direct(&link, Some(&foo())).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, IndexError::Direct { .. }) && text.contains(says),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn the_login_of_a_url_is_used_for_it_and_hidden() {
    let site = Site::default();
    let url = site.serve().await.as_str().replace("http://", "http://user:s3cret@");
    let client = nothing();
    let file = client.direct(&format!("{url}{WHEEL}"), None).unwrap();
    assert!(!format!("{file:?} {client:?}").contains("s3cret"));
    assert_eq!(file.url.username(), "");
}
