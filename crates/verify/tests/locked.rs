//! The publishers that a lock file records: one of them must be the certificate's in every field, on top of all else (E6).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::*;
use slsa_pip_policy::{Expectation, LockedPublishers, Publisher, Unpinned};
use slsa_pip_provenance::Evidence;
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish};
use slsa_pip_test_world::{Identity, TestSigstore};
use slsa_pip_verify::{Code, TrustRoots};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";

/// What becomes of a publish attestation by this identity, with these publishers in the lock.
fn verdict(identity: &Identity, expectation: Expectation, publishers: Vec<Publisher>) -> Option<Code> {
    let sigstore = TestSigstore::new(1);
    let roots = TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap();
    let statement = publish(&[Subject::of(WHEEL, BYTES)]);
    let signed = sigstore.sign_statement(identity, &statement, SigningOptions::default());
    let evidence: Vec<Evidence> = parse_json(&signed.pep740_attestation());
    let expectation = Expectation {
        locked: Some(LockedPublishers {
            publishers,
            written_at: "pylock.toml, line 1: foo".to_owned(),
        }),
        ..expectation
    };
    let digest = sigstore_verify::crypto::sha256(BYTES);
    code(&judge(&file(WHEEL, &digest.to_hex()), &evidence, &expectation, &roots))
}

fn meets(identity: &Identity, publisher: Publisher) -> bool {
    match verdict(identity, Expectation::default(), vec![publisher]) {
        None => true,
        Some(Code::LockedIdentityMismatch) => false,
        Some(other) => panic!("{other}"),
    }
}

/// Without any of GitHub's claims but the issuer.
fn bare(issuer: &str) -> Identity {
    let identity = Identity::github("acme/foo").claim(1, issuer).claim(8, issuer);
    (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(identity, Identity::without_claim)
}

fn github(repository: &str, workflow: &str, environment: Option<&str>) -> Publisher {
    Publisher::GitHub {
        repository: repository.to_owned(),
        workflow: workflow.to_owned(),
        environment: environment.map(str::to_owned),
    }
}

fn gitlab(repository: &str, file: &str, environment: Option<&str>) -> Publisher {
    Publisher::GitLab {
        repository: repository.to_owned(),
        workflow_filepath: file.to_owned(),
        environment: environment.map(str::to_owned),
    }
}

#[test]
fn a_github_publisher_is_met_in_every_field_or_not_at_all() {
    let plain = Identity::github("acme/foo");
    let released = Identity::github("acme/foo").environment("pypi");
    for (identity, publisher, expected) in [
        (&plain, github("acme/foo", "release.yml", None), true),
        (&plain, github("Acme/FOO", "release.yml", None), true),
        (&plain, github("acme/foo", ".github/workflows/release.yml", None), true),
        (&released, github("acme/foo", "release.yml", None), true),
        (&released, github("acme/foo", "release.yml", Some("PyPI")), true),
        (&plain, github("acme/foo", "release.yml", Some("pypi")), false),
        (&released, github("acme/foo", "release.yml", Some("testing")), false),
        (&plain, github("acme/foo", "Release.yml", None), false),
        (&plain, github("acme/foo", "other.yml", None), false),
        (&plain, github("acme/foo", "../workflows/release.yml", None), false),
        (&plain, github("acme/fo", "release.yml", None), false),
        (&plain, github("evil/foo", "release.yml", None), false),
        (&plain, gitlab("acme/foo", ".github/workflows/release.yml", None), false),
    ] {
        assert_eq!(meets(identity, publisher.clone()), expected, "{publisher}");
    }
}

#[test]
fn a_gitlab_publisher_is_met_by_its_pipeline() {
    let pipeline = "https://gitlab.com/acme/tools/foo//ci/release.yml@refs/tags/v1.0.0";
    let identity = bare("https://gitlab.com")
        .claim(9, pipeline)
        .claim(10, "c1b8afd3d6ca038dc2bb512503c619fcab489d2b")
        .claim(12, "https://gitlab.com/acme/tools/foo")
        .claim(13, "c1b8afd3d6ca038dc2bb512503c619fcab489d2b")
        .claim(14, "refs/tags/v1.0.0")
        .claim(18, pipeline)
        .claim(23, "release")
        .san(San::Uri(pipeline.to_owned()));
    for (publisher, expected) in [
        (gitlab("acme/tools/foo", "ci/release.yml", None), true),
        (gitlab("acme/tools/foo", "ci/release.yml", Some("release")), true),
        (gitlab("acme/tools/foo", "release.yml", None), false),
        (gitlab("acme/foo", "ci/release.yml", None), false),
        (gitlab("acme/tools/foo", "ci/release.yml", Some("x")), false),
        (github("acme/foo", "release.yml", None), false),
    ] {
        assert_eq!(meets(&identity, publisher.clone()), expected, "{publisher}");
    }
}

#[test]
fn accounts_are_met_by_issuer_and_name_alone() {
    let google = |email: &str| Publisher::Google {
        email: email.to_owned(),
    };
    let identity = bare("https://accounts.google.com").san(San::Email("release@acme.example".to_owned()));
    assert!(meets(&identity, google("release@acme.example")));
    assert!(!meets(&identity, google("Release@acme.example")));
    assert!(!meets(&identity, google("evil@acme.example")));
    assert!(!meets(&Identity::github("acme/foo"), google("release@acme.example")));
    let circleci = |project: &str, definition: &str| Publisher::CircleCi {
        project_id: project.to_owned(),
        pipeline_definition_id: definition.to_owned(),
    };
    let project = "https://circleci.com/api/v2/projects/p";
    let identity = bare("https://oidc.circleci.com")
        .claim(9, &format!("{project}/pipeline-definitions/d"))
        .claim(12, "https://github.com/acme/foo")
        .san(San::Uri(project.to_owned()));
    assert!(meets(&identity, circleci("p", "d")));
    assert!(!meets(&identity, circleci("p", "e")));
    assert!(!meets(&identity, circleci("q", "d")));
    let unknown = Publisher::Other {
        kind: "Newest".to_owned(),
    };
    assert!(!meets(&identity, unknown), "what is not known is never met");
}

#[test]
fn a_lock_narrows_and_never_widens() {
    let (identity, other) = (Identity::github("acme/foo"), github("evil/foo", "release.yml", None));
    let own = github("acme/foo", "release.yml", None);
    // One of several is enough, none is not.
    let any = Expectation::default;
    assert_eq!(verdict(&identity, any(), vec![other.clone(), own.clone()]), None);
    assert_eq!(
        verdict(&identity, any(), Vec::new()),
        Some(Code::LockedIdentityMismatch)
    );
    // It is no pin, and changes none.
    let deny = Expectation {
        unpinned: Unpinned::Deny,
        ..Expectation::default()
    };
    assert_eq!(
        verdict(&identity, deny, vec![own.clone()]),
        Some(Code::RepositoryNotPinned)
    );
    let pinned = || Expectation {
        repositories: vec!["github.com/acme/other".parse().unwrap()],
        ..Expectation::default()
    };
    assert_eq!(verdict(&identity, pinned(), vec![own]), Some(Code::RepositoryMismatch));
    assert_eq!(
        verdict(&Identity::github("acme/other"), pinned(), vec![other]),
        Some(Code::LockedIdentityMismatch)
    );
}
