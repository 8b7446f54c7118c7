//! What policy expects of GitLab, Google and `CircleCI` identities, and of a builder's age: each pin holds, and each difference or
//! absence is refused (E6).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::*;
use slsa_pip_policy::{Account, Expectation, Unpinned};
use slsa_pip_provenance::Evidence;
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, TestSigstore};
use slsa_pip_verify::{Code, StagedFile, TrustRoots};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const EMAIL: &str = "release@acme.example";
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
const DELEGATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/delegator_generic_slsa3.yml";
/// A reusable workflow that runs below the delegators.
const TRW: &str = "https://github.com/acme/ci/.github/workflows/build.yml";

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
        let signed = self
            .sigstore
            .sign_statement(identity, &publish(&subjects()), SigningOptions::default());
        parse_json(&signed.pep740_attestation())
    }

    fn built(&self, identity: &Identity) -> Vec<Evidence> {
        let signed =
            self.sigstore
                .sign_statement(identity, &slsa_v02(identity, &subjects()), SigningOptions::default());
        parse_json(&signed.bundle_v03())
    }

    fn code(&self, evidence: &[Evidence], expectation: &Expectation) -> Option<Code> {
        let digest = sigstore_verify::crypto::sha256(BYTES);
        let wheel: StagedFile = file(WHEEL, &digest.to_hex());
        code(&judge(&wheel, evidence, expectation, &self.roots))
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

fn circleci(project: &str, definition: &str) -> Identity {
    let project = format!("https://circleci.com/api/v2/projects/{project}");
    bare("https://oidc.circleci.com")
        .claim(9, &format!("{project}/pipeline-definitions/{definition}"))
        .claim(12, "https://github.com/acme/foo")
        .san(San::Uri(project))
}

fn gitlab(file: &str) -> Identity {
    let sha = "c1b8afd3d6ca038dc2bb512503c619fcab489d2b";
    let pipeline = format!("https://gitlab.com/acme/tools/foo//{file}@refs/tags/v1.0.0");
    bare("https://gitlab.com")
        .claim(9, &pipeline)
        .claim(10, sha)
        .claim(11, "gitlab-hosted")
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

fn google_account(email: &str) -> Account {
    Account::Google {
        email: email.to_owned(),
    }
}

fn circleci_account(project: &str, definition: &str) -> Account {
    Account::CircleCi {
        project_id: project.to_owned(),
        pipeline_definition_id: definition.to_owned(),
    }
}

/// These accounts and nothing else, where policy wants a pin of everything.
fn accounts(accounts: &[Account]) -> Expectation {
    Expectation {
        accounts: accounts.to_vec(),
        pinned_by: Some("slsa-pip.toml: [packages.foo]".to_owned()),
        unpinned: Unpinned::Deny,
        ..Expectation::default()
    }
}

#[test]
fn a_google_account_is_pinned_by_its_address() {
    let world = World::new();
    let evidence = world.published(&google(EMAIL));
    let expected = accounts(&[google_account(EMAIL)]);
    let digest = sigstore_verify::crypto::sha256(BYTES).to_hex();
    let verified = judge(&file(WHEEL, &digest), &evidence, &expected, &world.roots).unwrap();
    let proven = attested(&verified);
    assert_eq!(
        (proven.pinned, proven.pinned_by.as_deref(), proven.repository.as_ref()),
        (true, Some("slsa-pip.toml: [packages.foo]"), None)
    );
    for other in [
        "evil@acme.example",
        "Release@acme.example",
        "release@acme.example.evil.example",
        "release@acme.example ",
        "",
    ] {
        let found = world.code(&evidence, &accounts(&[google_account(other)]));
        assert_eq!(found, Some(Code::AccountMismatch), "{other}");
        let found = world.code(&world.published(&google(other)), &expected);
        assert!(found.is_some(), "{other}");
    }
    // The same text at another provider is another account.
    let elsewhere = bare("https://token.actions.githubusercontent.com").san(San::Email(EMAIL.to_owned()));
    assert_eq!(
        world.code(&world.published(&elsewhere), &expected),
        Some(Code::IdentityMalformed)
    );
    let unknown = bare("https://login.evil.example").san(San::Email(EMAIL.to_owned()));
    assert_eq!(
        world.code(&world.published(&unknown), &expected),
        Some(Code::IssuerUnexpected)
    );
}

#[test]
fn a_circleci_pipeline_is_pinned_by_project_and_definition() {
    let world = World::new();
    let evidence = world.published(&circleci("p-1", "d-1"));
    let expected = accounts(&[circleci_account("p-1", "d-1")]);
    assert_eq!(world.code(&evidence, &expected), None);
    for (project, definition) in [
        ("p-2", "d-1"),
        ("p-1", "d-2"),
        ("p-1", ""),
        ("P-1", "d-1"),
        ("p-1", "d-1/x"),
    ] {
        let found = world.code(&evidence, &accounts(&[circleci_account(project, definition)]));
        assert_eq!(found, Some(Code::AccountMismatch), "{project} {definition}");
    }
    // Without the claim there is nothing to compare.
    let without = world.published(&circleci("p-1", "d-1").without_claim(9));
    assert_eq!(world.code(&without, &expected), Some(Code::ClaimMissing));
    // A Google account of that very name is none.
    let named = google("https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-1");
    assert!(world.code(&world.published(&named), &expected).is_some());
}

#[test]
fn an_account_is_no_repository_and_a_repository_no_account() {
    let world = World::new();
    let google = world.published(&google(EMAIL));
    let github = world.published(&Identity::github("acme/foo"));
    let by_account = accounts(&[google_account(EMAIL)]);
    assert_eq!(world.code(&github, &by_account), Some(Code::AccountMismatch));
    assert_eq!(
        world.code(&world.built(&Identity::slsa_generator("acme/foo")), &by_account),
        Some(Code::AccountMismatch)
    );
    assert_eq!(world.code(&google, &pinned("acme/foo")), Some(Code::RepositoryMismatch));
    // What CircleCI says of the source proves nothing.
    let circleci = world.published(&circleci("p-1", "d-1"));
    assert_eq!(
        world.code(&circleci, &pinned("acme/foo")),
        Some(Code::RepositoryMismatch)
    );
    // During a move either suffices, and nobody else.
    let either = Expectation {
        repositories: pinned("acme/foo").repositories,
        ..by_account
    };
    assert_eq!(world.code(&google, &either), None);
    assert_eq!(world.code(&github, &either), None);
    assert_eq!(world.code(&circleci, &either), Some(Code::AccountMismatch));
    assert_eq!(
        world.code(&world.published(&Identity::github("evil/foo")), &either),
        Some(Code::RepositoryMismatch)
    );
}

#[test]
fn an_owner_is_pinned_with_every_repository_of_theirs_and_with_nothing_else() {
    let world = World::new();
    let of = |repository: &str| world.published(&Identity::github(repository));
    let owner = Expectation {
        owners: vec!["github.com/acme".parse().unwrap()],
        unpinned: Unpinned::Deny,
        ..Expectation::default()
    };
    for repository in ["acme/foo", "acme/new", "Acme/Foo"] {
        assert_eq!(world.code(&of(repository), &owner), None, "{repository}");
    }
    for repository in ["acme-inc/foo", "acm/e-foo", "evil/acme", "acmee/foo"] {
        let found = world.code(&of(repository), &owner);
        assert_eq!(found, Some(Code::RepositoryMismatch), "{repository}");
    }
    let google = world.published(&google(EMAIL));
    assert_eq!(world.code(&google, &owner), Some(Code::RepositoryMismatch));
    let gitlab = world.published(&gitlab(".gitlab-ci.yml"));
    assert_eq!(world.code(&gitlab, &owner), Some(Code::RepositoryMismatch));
    let group = |group: &str| Expectation {
        owners: vec![group.parse().unwrap()],
        ..Expectation::default()
    };
    assert_eq!(world.code(&gitlab, &group("gitlab.com/acme")), None);
    assert_eq!(world.code(&gitlab, &group("gitlab.com/acme/tools")), None);
    assert_eq!(
        world.code(&gitlab, &group("gitlab.com/acme/tool")),
        Some(Code::RepositoryMismatch)
    );
    // A pinned owner's own workflow needs no other pin.
    assert_eq!(
        world.code(&world.built(&Identity::slsa_generator("acme/foo")), &owner),
        None
    );
}

#[test]
fn what_an_account_cannot_claim_it_cannot_meet() {
    type Change = fn(&mut Expectation);
    let world = World::new();
    let changes: [(Change, Code); 8] = [
        (|e| e.repository_id = Some("1".to_owned()), Code::RepositoryIdMismatch),
        (|e| e.owner_id = Some("1".to_owned()), Code::OwnerIdMismatch),
        (|e| e.reference = Some("refs/tags/v1.0.0".to_owned()), Code::RefMismatch),
        (|e| e.workflow = Some("release.yml".to_owned()), Code::WorkflowMismatch),
        (|e| e.trigger = Some("push".to_owned()), Code::TriggerMismatch),
        (
            |e| e.environment = Some("release".to_owned()),
            Code::EnvironmentMismatch,
        ),
        (
            |e| e.runner_environment = Some("github-hosted".to_owned()),
            Code::RunnerMismatch,
        ),
        (|e| e.minimum_level = Some(1), Code::LevelTooLow),
    ];
    for (identity, account) in [
        (google(EMAIL), google_account(EMAIL)),
        (circleci("p-1", "d-1"), circleci_account("p-1", "d-1")),
    ] {
        let evidence = world.published(&identity);
        for (change, expected) in changes {
            let mut expectation = accounts(std::slice::from_ref(&account));
            change(&mut expectation);
            assert_eq!(world.code(&evidence, &expectation), Some(expected), "{account}");
        }
    }
}

#[test]
fn a_gitlab_pipeline_is_pinned_like_a_workflow() {
    type Change = fn(&mut Expectation);
    let world = World::new();
    let evidence = world.published(&gitlab("ci/release.gitlab-ci.yml"));
    let met = Expectation {
        workflow: Some("ci/release.gitlab-ci.yml".to_owned()),
        reference: Some("refs/tags/v1.0.0".to_owned()),
        environment: Some("release".to_owned()),
        trigger: Some("push".to_owned()),
        runner_environment: Some("gitlab-hosted".to_owned()),
        repository_id: Some("4711".to_owned()),
        owner_id: Some("42".to_owned()),
        ..pinned("gitlab.com/acme/tools/foo")
    };
    assert_eq!(world.code(&evidence, &met), None);
    let unmet: [(Change, Code); 8] = [
        (
            |e| e.repositories = pinned("gitlab.com/acme/foo").repositories,
            Code::RepositoryMismatch,
        ),
        (
            |e| e.workflow = Some(".gitlab-ci.yml".to_owned()),
            Code::WorkflowMismatch,
        ),
        // A file name is no path there.
        (
            |e| e.workflow = Some("release.gitlab-ci.yml".to_owned()),
            Code::WorkflowMismatch,
        ),
        (
            |e| e.workflow = Some(".github/workflows/ci/release.gitlab-ci.yml".to_owned()),
            Code::WorkflowMismatch,
        ),
        (|e| e.reference = Some("refs/heads/main".to_owned()), Code::RefMismatch),
        (
            |e| e.environment = Some("staging".to_owned()),
            Code::EnvironmentMismatch,
        ),
        (|e| e.trigger = Some("web".to_owned()), Code::TriggerMismatch),
        (
            |e| e.runner_environment = Some("self-hosted".to_owned()),
            Code::RunnerMismatch,
        ),
    ];
    for (change, expected) in unmet {
        let mut expectation = met.clone();
        change(&mut expectation);
        assert_eq!(world.code(&evidence, &expectation), Some(expected));
    }
    // An absent claim meets nothing.
    for (number, expected) in [
        (11, Code::RunnerMismatch),
        (15, Code::RepositoryIdMismatch),
        (17, Code::OwnerIdMismatch),
        (18, Code::ClaimMissing),
        (20, Code::TriggerMismatch),
        (23, Code::EnvironmentMismatch),
    ] {
        let identity = gitlab("ci/release.gitlab-ci.yml").without_claim(number);
        let identity = if number == 20 {
            identity.without_claim(2)
        } else {
            identity
        };
        let found = world.code(&world.published(&identity), &met);
        assert_eq!(found, Some(expected), "1.{number}");
    }
    // The same path on GitHub is another repository's.
    assert_eq!(
        world.code(&world.published(&Identity::github("acme/foo")), &met),
        Some(Code::RepositoryMismatch)
    );
}

#[test]
fn a_trusted_builder_must_be_new_enough() {
    let world = World::new();
    let at = |reference: &str| world.built(&Identity::github("acme/foo").builder(GENERATOR, reference));
    let mut expectation = pinned("acme/foo");
    expectation
        .trusted_builders
        .demand(format!("{GENERATOR}@v1.10.0").parse().unwrap());
    for good in ["refs/tags/v1.10.0", "refs/tags/v1.10.1", "refs/tags/v2.0.0"] {
        assert_eq!(world.code(&at(good), &expectation), None, "{good}");
    }
    for old in ["refs/tags/v1.9.9", "refs/tags/v1.2.0", "refs/tags/v0.99.99"] {
        assert_eq!(world.code(&at(old), &expectation), Some(Code::BuilderTooOld), "{old}");
        assert_eq!(world.code(&at(old), &pinned("acme/foo")), None, "{old}");
    }
    // Being new does not make a branch a release.
    assert_eq!(
        world.code(&at("refs/heads/v9.0.0"), &expectation),
        Some(Code::BuilderRefUnreleased)
    );
    // Whoever asks for an old release by name is told of the demand too.
    expectation.builder = format!("{GENERATOR}@v1.9.0").parse().ok();
    assert_eq!(
        world.code(&at("refs/tags/v1.9.0"), &expectation),
        Some(Code::BuilderTooOld)
    );
}

#[test]
fn the_builder_below_a_delegator_must_be_new_enough_as_well() {
    let world = World::new();
    let delegated = |reference: &str| {
        let identity = Identity::github("acme/foo").builder(DELEGATOR, "refs/tags/v2.0.0");
        let mut statement = slsa_v1(&identity, &subjects());
        statement["predicate"]["runDetails"]["builder"]["id"] = format!("{TRW}@{reference}").into();
        statement["predicate"]["buildDefinition"]["buildType"] =
            "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0".into();
        let signed = world
            .sigstore
            .sign_statement(&identity, &statement, SigningOptions::default());
        parse_json(&signed.bundle_v03())
    };
    let mut expectation = pinned("acme/foo");
    expectation.trusted_builders.add(TRW.parse().unwrap());
    assert_eq!(world.code(&delegated("refs/tags/v1.1.0"), &expectation), None);
    expectation
        .trusted_builders
        .demand(format!("{TRW}@v1.2.0").parse().unwrap());
    assert_eq!(world.code(&delegated("refs/tags/v1.2.0"), &expectation), None);
    assert_eq!(
        world.code(&delegated("refs/tags/v1.1.0"), &expectation),
        Some(Code::BuilderTooOld)
    );
    // And the delegator itself.
    expectation
        .trusted_builders
        .demand(format!("{DELEGATOR}@v2.0.1").parse().unwrap());
    assert_eq!(
        world.code(&delegated("refs/tags/v1.2.0"), &expectation),
        Some(Code::BuilderTooOld)
    );
}
