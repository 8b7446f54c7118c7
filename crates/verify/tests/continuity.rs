//! Continuity in the verification core (E8): of every provider the same identity goes on, and any other is refused; what a record
//! may stand for, and what not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::*;
use slsa_pip_policy::{Account, Expectation, Previous, Unpinned};
use slsa_pip_provenance::Evidence;
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1};
use slsa_pip_test_world::{Identity, TestSigstore};
use slsa_pip_verify::{Code, Refusal, StagedFile, TrustRoots, Verified};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";

struct World {
    sigstore: TestSigstore,
    roots: TrustRoots,
}

fn subjects() -> Vec<Subject> {
    vec![Subject::of(WHEEL, BYTES)]
}

impl World {
    fn new() -> Self {
        let sigstore = TestSigstore::new(1);
        let roots = TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap();
        Self { sigstore, roots }
    }

    fn published(&self, identity: &Identity) -> Vec<Evidence> {
        let statement = publish(&subjects());
        let signed = self
            .sigstore
            .sign_statement(identity, &statement, SigningOptions::default());
        parse_json(&signed.pep740_attestation())
    }

    fn built(&self, identity: &Identity) -> Vec<Evidence> {
        let statement = slsa_v1(identity, &subjects());
        let signed = self
            .sigstore
            .sign_statement(identity, &statement, SigningOptions::default());
        parse_json(&signed.bundle_v03())
    }

    fn judge(&self, evidence: &[Evidence], expectation: &Expectation) -> Result<Verified, Vec<Refusal>> {
        let digest = sigstore_verify::crypto::sha256(BYTES);
        let wheel: StagedFile = file(WHEEL, &digest.to_hex());
        judge(&wheel, evidence, expectation, &self.roots)
    }

    fn code(&self, evidence: &[Evidence], expectation: &Expectation) -> Option<Code> {
        code(&self.judge(evidence, expectation))
    }

    /// What a lock would hold of this evidence.
    fn previous(&self, evidence: &[Evidence]) -> Previous {
        let review = Expectation {
            under_review: true,
            ..Expectation::default()
        };
        let verified = self.judge(evidence, &review).unwrap();
        Previous {
            identity: attested(&verified).origin(),
            version: "0.9".parse().unwrap(),
            recorded_at: "the lock".to_owned(),
            recorded: true,
            wanted: "1.0.0".parse().unwrap(),
            wanted_yanked: false,
            yanked: false,
            attested_near: Vec::new(),
        }
    }
}

fn after(previous: &[Previous]) -> Expectation {
    Expectation {
        previous: previous.to_vec(),
        ..Expectation::default()
    }
}

/// Without any of GitHub's claims but the issuer.
fn bare(issuer: &str) -> Identity {
    let identity = Identity::github("acme/foo").claim(1, issuer).claim(8, issuer);
    (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(identity, Identity::without_claim)
}

fn google(email: &str) -> Identity {
    bare("https://accounts.google.com").san(San::Email(email.to_owned()))
}

fn circleci(definition: &str) -> Identity {
    let project = "https://circleci.com/api/v2/projects/11111111-1111-1111-1111-111111111111";
    bare("https://oidc.circleci.com")
        .claim(9, &format!("{project}/pipeline-definitions/{definition}"))
        .claim(12, "https://github.com/acme/foo")
        .san(San::Uri(project.to_owned()))
}

fn gitlab(file: &str, runner: &str) -> Identity {
    let sha = "c1b8afd3d6ca038dc2bb512503c619fcab489d2b";
    let pipeline = format!("https://gitlab.com/acme/tools/foo//{file}@refs/tags/v1.0.0");
    bare("https://gitlab.com")
        .claim(9, &pipeline)
        .claim(10, sha)
        .claim(11, runner)
        .claim(12, "https://gitlab.com/acme/tools/foo")
        .claim(13, sha)
        .claim(14, "refs/tags/v1.0.0")
        .claim(15, "4711")
        .claim(17, "42")
        .claim(18, &pipeline)
        .claim(20, "push")
        .claim(23, "release")
        .san(San::Uri(pipeline))
}

#[test]
fn of_every_provider_the_same_goes_on_and_another_does_not() {
    let world = World::new();
    let of = |identity: &Identity| world.published(identity);
    let table = [
        (
            of(&Identity::github("acme/foo")),
            of(&Identity::github("evil/foo")),
            Code::ContinuityRepositoryChanged,
        ),
        (
            of(&google("a@acme.example")),
            of(&google("b@acme.example")),
            Code::ContinuityAccountChanged,
        ),
        (
            of(&circleci("one")),
            of(&circleci("two")),
            Code::ContinuityAccountChanged,
        ),
        (
            of(&gitlab(".gitlab-ci.yml", "gitlab-hosted")),
            of(&gitlab("other.yml", "gitlab-hosted")),
            Code::ContinuityWorkflowChanged,
        ),
        (
            of(&gitlab(".gitlab-ci.yml", "gitlab-hosted")),
            of(&gitlab(".gitlab-ci.yml", "self-hosted")),
            Code::ContinuityBuildWeaker,
        ),
    ];
    for (own, other, expected) in &table {
        let expectation = after(&[world.previous(own)]);
        let verified = world.judge(own, &expectation).unwrap();
        assert!(attested(&verified).pinned, "{expected}");
        assert_eq!(attested(&verified).pinned_by.as_deref(), Some("the lock"));
        assert_eq!(world.code(other, &expectation), Some(*expected));
        assert_eq!(world.code(&[], &expectation), Some(Code::ContinuityEvidenceLost));
        // What another has signed beside it hides nothing, and counts for nothing.
        let both: Vec<Evidence> = other.iter().chain(own).cloned().collect();
        assert_eq!(world.code(&both, &expectation), None);
        // Either of two lines may be continued.
        let lines = after(&[world.previous(other), world.previous(own)]);
        assert_eq!(world.code(own, &lines), None);
        assert_eq!(world.code(other, &lines), None);
    }
    for (own, ..) in &table {
        for (other, ..) in table.iter().filter(|(other, ..)| other.len() == own.len()) {
            let found = world.code(other, &after(&[world.previous(own)]));
            let same = world.previous(own).identity == world.previous(other).identity;
            assert_eq!(found.is_none(), same);
            assert!(same || found == Some(Code::ContinuityProviderChanged));
        }
    }
}

#[test]
fn a_record_is_a_pin_and_what_the_index_says_is_none() {
    let world = World::new();
    let own = world.built(&Identity::github("acme/foo"));
    assert_eq!(world.code(&own, &Expectation::default()), Some(Code::BuilderNotPinned));
    let recorded = world.previous(&own);
    assert_eq!(world.code(&own, &after(std::slice::from_ref(&recorded))), None);
    let derived = Previous {
        recorded: false,
        ..recorded.clone()
    };
    assert_eq!(
        world.code(&own, &after(std::slice::from_ref(&derived))),
        Some(Code::BuilderNotPinned)
    );
    // The same of a repository that the metadata does not name.
    let published = world.published(&Identity::github("acme/foo"));
    let declared = |previous: &Previous| Expectation {
        declared: Some("github.com/acme/elsewhere".parse().unwrap()),
        ..after(std::slice::from_ref(previous))
    };
    assert_eq!(world.code(&published, &declared(&world.previous(&published))), None);
    let weak = Previous {
        recorded: false,
        ..world.previous(&published)
    };
    assert_eq!(
        world.code(&published, &declared(&weak)),
        Some(Code::RepositoryDiffersFromDeclared)
    );
    let verified = world.judge(&published, &after(&[weak])).unwrap();
    assert!(!attested(&verified).pinned);
    // Policy that wants pins of its own takes neither.
    for previous in [recorded, derived] {
        let deny = Expectation {
            unpinned: Unpinned::Deny,
            ..after(&[previous])
        };
        assert_eq!(world.code(&own, &deny), Some(Code::RepositoryNotPinned));
    }
}

#[test]
fn policy_says_that_a_project_has_moved_by_naming_the_repository_and_not_just_its_owner() {
    let world = World::new();
    let previous = world.previous(&world.published(&Identity::github("acme/foo")));
    let mut moved = Identity::github("acme/foo-ng");
    moved.repository_id = "7".to_owned();
    let moved = world.published(&moved);
    let named = Expectation {
        repositories: vec!["github.com/acme/foo-ng".parse().unwrap()],
        ..after(std::slice::from_ref(&previous))
    };
    assert_eq!(world.code(&moved, &named), None);
    let owner = Expectation {
        owners: vec!["github.com/acme".parse().unwrap()],
        ..after(std::slice::from_ref(&previous))
    };
    assert_eq!(world.code(&moved, &owner), Some(Code::ContinuityRepositoryChanged));
    // The name alone is not the repository.
    let mut taken = Identity::github("acme/foo");
    taken.repository_id = "7".to_owned();
    let taken = world.published(&taken);
    let same = Expectation {
        repositories: vec!["github.com/acme/foo".parse().unwrap()],
        ..after(&[previous])
    };
    assert_eq!(world.code(&taken, &same), Some(Code::ContinuityRepositoryReplaced));
    // Accounts have no repository that policy could name.
    let google = world.previous(&world.published(&google("a@acme.example")));
    let pinned = Expectation {
        accounts: vec![Account::Google {
            email: "b@acme.example".to_owned(),
        }],
        ..after(&[google])
    };
    let other = world.published(&self::google("b@acme.example"));
    assert_eq!(world.code(&other, &pinned), Some(Code::ContinuityAccountChanged));
}

#[test]
fn a_review_refuses_neither_for_continuity_nor_for_a_claimed_repository_and_for_nothing_else_less() {
    let world = World::new();
    let own = world.built(&Identity::github("acme/foo"));
    let other = world.previous(&world.published(&Identity::github("evil/foo")));
    let review = Expectation {
        under_review: true,
        declared: Some("github.com/acme/elsewhere".parse().unwrap()),
        ..after(&[other])
    };
    assert_eq!(world.code(&own, &review), None);
    assert_eq!(world.code(&[], &review), Some(Code::NoEvidence));
    let pinned = Expectation {
        repositories: vec!["github.com/acme/bar".parse().unwrap()],
        ..review.clone()
    };
    assert_eq!(world.code(&own, &pinned), Some(Code::RepositoryMismatch));
    let level = Expectation {
        minimum_level: Some(3),
        ..review
    };
    assert_eq!(world.code(&own, &level), Some(Code::LevelTooLow));
}
