//! Pages of the package index, in HTML and JSON, and the project URLs of its JSON API.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_pypi_client::{MAX_FILES, fuzzing};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let index = Url::parse("https://index.example/simple/").expect("a URL");
    let name = "foo".parse().expect("a name");
    for kind in ["text/html", "application/vnd.pypi.simple.v1+json"] {
        let Some(project) = fuzzing::page(data, kind, &index, &name) else {
            continue;
        };
        assert!(project.files.len() + project.skipped.len() <= MAX_FILES);
        for file in &project.files {
            assert_eq!(file.filename.name(), &name);
            assert!(matches!(file.url.scheme(), "http" | "https"));
            assert!(file.url.username().is_empty() && file.url.password().is_none());
            assert!(file.provenance.as_ref().is_none_or(|url| url.scheme() == "https"));
            assert!(
                file.yanked
                    .as_deref()
                    .is_none_or(|reason| !reason.chars().any(char::is_control))
            );
        }
        for skipped in &project.skipped {
            assert!(!skipped.filename.chars().any(char::is_control));
        }
    }
    assert!(fuzzing::project_urls(data).len() <= 64);
});
