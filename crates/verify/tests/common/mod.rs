//! Real data, and what every test needs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    unreachable_pub
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use slsa_pip_distribution::DistributionFilename;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, Found, SourceKind, parse_provenance};
use slsa_pip_verify::{Attested, Basis, Code, Context, Refusal, StagedFile, TrustRoots, Verified, verify_file};

/// After everything in the data was signed.
pub fn now() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

pub fn data() -> PathBuf {
    PathBuf::from(std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA names the real data"))
}

pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = data().join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&read(path)).unwrap()
}

pub fn manifest() -> Vec<Value> {
    match json("MANIFEST.json")["items"].take() {
        Value::Array(items) => items,
        other => panic!("no items: {other}"),
    }
}

fn text(path: &str) -> String {
    String::from_utf8(read(path)).unwrap()
}

/// The public-good root together with GitHub's own.
pub fn roots() -> TrustRoots {
    TrustRoots::new(
        &text("trusted-roots/public-good.trusted_root.json"),
        Some(&text("trusted-roots/github-internal.trusted_root.json")),
    )
    .unwrap()
}

pub fn public_good_only() -> TrustRoots {
    TrustRoots::new(&text("trusted-roots/public-good.trusted_root.json"), None).unwrap()
}

pub fn staging() -> TrustRoots {
    TrustRoots::custom(&text("trusted-roots/staging.trusted_root.json")).unwrap()
}

/// Staging in the place of the public-good root, with GitHub's own beside it.
pub fn staging_and_github() -> TrustRoots {
    TrustRoots::new(
        &text("trusted-roots/staging.trusted_root.json"),
        Some(&text("trusted-roots/github-internal.trusted_root.cli-2024.json")),
    )
    .unwrap()
}

/// GitHub's root as a custom one: the rules of the public-good instance then hold for it.
pub fn github_as_custom() -> Result<TrustRoots, slsa_pip_verify::RootError> {
    TrustRoots::custom(&text("trusted-roots/github-internal.trusted_root.json"))
}

pub fn file(name: &str, sha256: &str) -> StagedFile {
    StagedFile::new(PathBuf::from(name), name.to_owned(), sha256.parse().unwrap(), 1)
}

pub fn evidence(attestation: impl Into<Arc<Attestation>>) -> Evidence {
    Evidence {
        attestation: attestation.into(),
        found: Found {
            kind: SourceKind::File,
            location: "test".to_owned(),
            line: None,
        },
        log_answers: Vec::new(),
    }
}

pub fn parse(bytes: &[u8]) -> Vec<Evidence> {
    let parsed = parse_provenance(bytes);
    parsed
        .attestations
        .into_iter()
        .map(|located| evidence(located.item))
        .collect()
}

pub fn parse_json(json: &Value) -> Vec<Evidence> {
    parse(json.to_string().as_bytes())
}

pub fn pinned(repository: &str) -> Expectation {
    Expectation {
        repositories: vec![repository.parse().unwrap()],
        pinned_by: Some("--source-uri".to_owned()),
        ..Expectation::default()
    }
}

pub fn judge(
    file: &StagedFile,
    evidence: &[Evidence],
    expectation: &Expectation,
    roots: &TrustRoots,
) -> Result<Verified, Vec<Refusal>> {
    let parsed = file.filename().parse::<DistributionFilename>().ok();
    let ctx = Context {
        roots,
        expectation,
        now: now(),
        package: parsed.as_ref().map(DistributionFilename::name),
    };
    verify_file(file, evidence, &ctx)
}

pub fn attested(verified: &Verified) -> &Attested {
    match verified.basis() {
        Basis::Attested(attested) => attested,
        other => panic!("not attested: {other:?}"),
    }
}

/// The code of the refusal that got furthest.
pub fn code(result: &Result<Verified, Vec<Refusal>>) -> Option<Code> {
    match result {
        Ok(_) => None,
        Err(refusals) => Some(refusals.first().expect("at least one refusal").code),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
