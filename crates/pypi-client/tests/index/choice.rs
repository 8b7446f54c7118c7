//! What is kept of a page: for an interpreter, and of a whole run.

use slsa_pip_distribution::{SupportedTags, Tag};
use slsa_pip_pypi_client::{IndexClient, IndexError, MAX_KEPT, MAX_PAGE_KEPT, Project};

use crate::{HTML, JSON, Site, client, foo, http};

fn tags() -> SupportedTags {
    SupportedTags::new(["cp312-cp312-linux_x86_64", "py3-none-any"].map(|tag| Tag::parse(tag).unwrap()))
}

fn names(project: &Project) -> Vec<&str> {
    project.files.iter().map(|file| file.filename.as_str()).collect()
}

const FILES: [&str; 14] = [
    // Of this release two can be used.
    "foo-1.0.tar.gz",
    "foo-1.0-cp311-cp311-linux_x86_64.whl",
    "foo-1.0-cp312-cp312-linux_x86_64.whl",
    "foo-1.0-cp313-cp313-linux_x86_64.whl",
    "foo-1.0.0-py3-none-any.whl",
    // Of this one none, and each kind stands for itself once.
    "foo-2.0-cp311-cp311-win32.whl",
    "foo-2.0-cp312-cp312-win32.whl",
    "foo-2.0.tar.gz",
    "foo-2.0.zip",
    // An sdist alone.
    "foo-3.0.tar.gz",
    // What cannot be used comes last.
    "foo-4.0-py3-none-any.whl",
    "foo-4.0-cp311-cp311-win32.whl",
    "foo-4.0.tar.gz",
    "foo-5.0-cp312-cp312-LINUX_x86_64.manylinux1.whl",
];

#[tokio::test]
async fn what_the_interpreter_cannot_use_is_kept_only_where_nothing_else_is() {
    let entries = FILES.map(|file| format!(r#"{{"filename":"{file}","url":"{file}","hashes":{{}}}}"#));
    let links = FILES.map(|file| format!(r#"<a href="{file}">x</a>"#));
    for (kind, body) in [
        (JSON, format!(r#"{{"files":[{}]}}"#, entries.join(","))),
        (HTML, links.concat()),
    ] {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let url = site.serve().await;
        let everything = client(std::slice::from_ref(&url)).project(&foo()).await.unwrap();
        assert_eq!(names(&everything), FILES);
        let client = client(&[url]).with_tags(tags());
        let project = client.project(&foo()).await.unwrap();
        assert_eq!(
            names(&project),
            [
                "foo-1.0-cp312-cp312-linux_x86_64.whl",
                "foo-1.0.0-py3-none-any.whl",
                "foo-2.0-cp311-cp311-win32.whl",
                "foo-2.0.tar.gz",
                "foo-3.0.tar.gz",
                "foo-4.0-py3-none-any.whl",
                "foo-5.0-cp312-cp312-LINUX_x86_64.manylinux1.whl",
            ]
        );
        assert!(project.skipped.is_empty());
    }
}

/// A page of so many releases, each with an address of a kilobyte.
fn releases(project: &str, count: usize) -> String {
    let long = "a".repeat(1000);
    let entries: Vec<_> = (0..count)
        .map(|number| {
            let file = format!("{project}-{number}-py3-none-any.whl");
            format!(r#"{{"filename":"{file}","url":"{long}/{file}","hashes":{{}}}}"#)
        })
        .collect();
    format!(r#"{{"files":[{}]}}"#, entries.join(","))
}

#[tokio::test]
async fn what_a_page_and_all_pages_hold_is_bounded() {
    let site = Site::default();
    site.put("/simple/foo/", JSON, releases("foo", 15_000));
    for number in 0..5 {
        let name = format!("p{number}");
        site.put(&format!("/simple/{name}/"), JSON, releases(&name, 8_000));
    }
    let urls = [site.serve().await];
    let client = client(&urls).with_tags(tags());
    let error = client.project(&foo()).await.unwrap_err();
    assert!(
        matches!(
            error,
            IndexError::TooMuch {
                limit: MAX_PAGE_KEPT,
                ..
            }
        ),
        "{error}"
    );
    // That page left nothing: three of these fit in, and the fourth does not.
    for number in 0..3 {
        let project = client.project(&format!("p{number}").parse().unwrap()).await.unwrap();
        assert_eq!(project.files.len(), 8_000);
    }
    let error = client.project(&"p3".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, IndexError::TooMuch { limit: MAX_KEPT, .. }), "{error}");
    assert!(
        error.hint().is_some() && error.to_string().contains("60 MiB"),
        "{error}"
    );
    // Another run begins anew.
    let other = IndexClient::new(http(), client.indexes().to_vec(), &[]).unwrap();
    assert!(other.project(&"p3".parse().unwrap()).await.is_ok());
}
