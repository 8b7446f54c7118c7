//! Trusted roots from files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
use std::path::{Path, PathBuf};

use slsa_pip_trust_root::{Code, LoadError, Origin, from_file};
use slsa_pip_verify::RootError;

/// A file of this test's own, in the directory that Cargo gives to integration tests.
fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_file_is_named_in_the_report() {
    let json = sigstore_verify::trust_root::SIGSTORE_STAGING_TRUSTED_ROOT;
    let path = written("staging.json", json.as_bytes());
    let loaded = from_file(&path).unwrap();
    assert_eq!(loaded.parts[0].origin, Origin::File(path.clone()));
    assert_eq!(loaded.describe(jiff::Timestamp::UNIX_EPOCH), path.display().to_string());
}

#[test]
fn unusable_files_are_errors_of_their_own() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("does-not-exist.json");
    assert!(matches!(from_file(&missing), Err(LoadError::Read { .. })));
    let unreadable = written("garbage.json", b"{");
    assert!(matches!(
        from_file(&unreadable),
        Err(LoadError::Unusable {
            source: RootError::Unreadable { .. },
            ..
        })
    ));
    let empty = written(
        "empty.json",
        br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
    );
    assert!(matches!(
        from_file(&empty),
        Err(LoadError::Unusable {
            source: RootError::Incomplete { .. },
            ..
        })
    ));
    // GitHub's own root names no log, so the rules that hold for a custom root cannot be met.
    let github = sigstore_verify::trust_root::SIGSTORE_GITHUB_TRUSTED_ROOT;
    let github = written("github.json", github.as_bytes());
    assert!(matches!(
        from_file(&github),
        Err(LoadError::Unusable {
            source: RootError::Incomplete { .. },
            ..
        })
    ));
    let size = usize::try_from(slsa_pip_trust_root::MAX_ROOT_BYTES).unwrap() + 1;
    let large = written("large.json", &vec![b' '; size]);
    assert!(matches!(from_file(&large), Err(LoadError::TooLarge { .. })));
}

#[test]
fn the_documents_table_lists_every_code_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/trusted-root.md");
    let text = std::fs::read_to_string(path).unwrap();
    let listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .filter(|code| !code.contains('/'))
        .collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
}
