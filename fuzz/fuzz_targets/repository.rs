//! Source repositories in every spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::SourceRepository;
use slsa_pip_fuzz::input::text;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    for repository in [text.parse().ok(), SourceRepository::from_project_url(text)]
        .into_iter()
        .flatten()
    {
        let repository: SourceRepository = repository;
        for spelling in [
            repository.to_string(),
            repository.https_url(),
            format!("git+{}", repository.https_url()),
        ] {
            assert_eq!(spelling.parse().as_ref(), Ok(&repository), "{spelling}");
        }
        assert_eq!(
            format!("{}/{}", repository.owner(), repository.name()),
            repository.path()
        );
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        assert!(repository.path().chars().all(plain) && repository.host().chars().all(plain));
        assert!(!repository.path().split('/').any(|part| ["", ".", ".."].contains(&part)));
        assert_eq!(repository.is_github(), repository.host() == "github.com");
    }
});
