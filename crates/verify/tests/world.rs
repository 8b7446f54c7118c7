//! The rules on evidence signed here: every form that is accepted, and every defect that a signer or a log can have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use std::sync::Arc;

use common::*;
use serde_json::Value;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, RekorAnswer};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Faults, Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Code, EvidenceKind, Instance, StagedFile, TrustRoots, Verified, certificate_claims};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";

fn wheel() -> StagedFile {
    let digest = sigstore_verify::crypto::sha256(BYTES);
    file(WHEEL, &digest.to_hex())
}

fn subjects() -> Vec<Subject> {
    vec![Subject::of(WHEEL, BYTES)]
}

/// An instance like the public-good one, with one like GitHub's own beside it.
struct World {
    sigstore: TestSigstore,
    github: TestSigstore,
    roots: TrustRoots,
}

impl World {
    fn new() -> Self {
        let (sigstore, github) = (TestSigstore::new(1), TestSigstore::github_internal(2));
        let roots = TrustRoots::new(&sigstore.trusted_root_json(), Some(&github.trusted_root_json())).unwrap();
        Self {
            sigstore,
            github,
            roots,
        }
    }

    fn generator(&self, options: SigningOptions) -> Signed {
        let identity = Identity::slsa_generator("acme/foo");
        self.sigstore
            .sign_statement(&identity, &slsa_v02(&identity, &subjects()), options)
    }

    fn own(&self, identity: &Identity) -> Vec<Evidence> {
        let signed = self
            .sigstore
            .sign_statement(identity, &slsa_v1(identity, &subjects()), SigningOptions::default());
        parse_json(&signed.bundle_v03())
    }

    fn published(&self, identity: &Identity) -> Vec<Evidence> {
        parse_json(&self.publish(identity).pep740_provenance())
    }

    fn publish(&self, identity: &Identity) -> Signed {
        self.sigstore
            .sign_statement(identity, &publish(&subjects()), SigningOptions::default())
    }

    fn verdict(
        &self,
        evidence: &[Evidence],
        expectation: &Expectation,
    ) -> Result<Verified, Vec<slsa_pip_verify::Refusal>> {
        judge(&wheel(), evidence, expectation, &self.roots)
    }

    fn code(&self, evidence: &[Evidence]) -> Option<Code> {
        code(&self.verdict(evidence, &pinned("acme/foo")))
    }
}

fn classic(signed: &Signed, with_certificate: bool) -> Vec<Evidence> {
    let mut evidence = parse(signed.classic_envelope(with_certificate).as_bytes());
    let answers = signed.log_answer();
    evidence[0].log_answers = answers
        .as_object()
        .unwrap()
        .iter()
        .map(|(uuid, entry)| RekorAnswer {
            uuid: uuid.clone(),
            entry: entry.clone(),
        })
        .collect();
    evidence
}

#[test]
fn every_accepted_form_passes() {
    let world = World::new();
    let mut forms: Vec<(String, Vec<Evidence>)> = Vec::new();
    for kind in [LogKind::Dsse, LogKind::IntotoV001, LogKind::IntotoV002] {
        let signed = world.generator(SigningOptions::with_kind(kind));
        for with_certificate in [true, false] {
            forms.push((
                format!("classic, {kind:?}, certificate: {with_certificate}"),
                classic(&signed, with_certificate),
            ));
        }
        if kind != LogKind::IntotoV001 {
            forms.push((format!("bundle v0.3, {kind:?}"), parse_json(&signed.bundle_v03())));
            forms.push((format!("bundle v0.2, {kind:?}"), parse_json(&signed.bundle_v02())));
            forms.push((format!("bundle v0.1, {kind:?}"), parse_json(&signed.bundle_v01())));
        }
    }
    let options = SigningOptions {
        log_without_certificate: true,
        kind: LogKind::IntotoV001,
        ..SigningOptions::default()
    };
    forms.push((
        "classic, logged without certificate".to_owned(),
        classic(&world.generator(options), true),
    ));
    let options = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let stamped = world.generator(options);
    forms.push(("bundle with a timestamp".to_owned(), parse_json(&stamped.bundle_v03())));
    for (name, evidence) in forms {
        let verified = world.verdict(&evidence, &pinned("acme/foo"));
        let verified = verified.unwrap_or_else(|refusals| panic!("{name}: {refusals:?}"));
        let attested = attested(&verified);
        assert_eq!(
            (attested.kind, attested.build_level),
            (EvidenceKind::Build, 3),
            "{name}"
        );
        assert!(attested.pinned && attested.log_index.is_some(), "{name}");
    }
}

/// The code for each defect, in whatever form the evidence comes.
type NamedFault = (&'static str, fn(&mut Faults), Code);

const FAULTS: [NamedFault; 14] = [
    ("no SCT", |f| f.omit_sct = true, Code::SctInvalid),
    ("SCT of no log", |f| f.wrong_sct = true, Code::SctInvalid),
    ("another authority", |f| f.other_ca = true, Code::CertificateUntrusted),
    (
        "not for code signing",
        |f| f.omit_code_signing = true,
        Code::CertificateUntrusted,
    ),
    (
        "expired",
        |f| f.expired_certificate = true,
        Code::CertificateOutsideValidity,
    ),
    (
        "not yet valid",
        |f| f.not_yet_valid_certificate = true,
        Code::CertificateOutsideValidity,
    ),
    ("wrong signature", |f| f.wrong_signature = true, Code::SignatureInvalid),
    ("wrong SET", |f| f.wrong_set = true, Code::SetInvalid),
    ("no SET", |f| f.omit_set = true, Code::SetMissing),
    (
        "no proof",
        |f| f.omit_inclusion_proof = true,
        Code::InclusionProofMissing,
    ),
    (
        "wrong proof",
        |f| f.wrong_inclusion_proof = true,
        Code::InclusionProofInvalid,
    ),
    (
        "wrong checkpoint",
        |f| f.wrong_checkpoint = true,
        Code::CheckpointInvalid,
    ),
    (
        "stale checkpoint",
        |f| f.stale_checkpoint = true,
        Code::CheckpointTreeSize,
    ),
    (
        "other payload logged",
        |f| f.logged_other_payload = true,
        Code::LogEntryMismatch,
    ),
];

fn faulty(fault: fn(&mut Faults)) -> Faults {
    let mut faults = Faults::default();
    fault(&mut faults);
    faults
}

#[test]
fn every_defect_is_refused_in_every_form() {
    let world = World::new();
    // Other entries first, so that proofs are not empty and an older checkpoint exists.
    for _ in 0..5 {
        world.generator(SigningOptions::default());
    }
    let mut count = 0;
    for (name, fault, expected) in FAULTS {
        for kind in [LogKind::Dsse, LogKind::IntotoV001, LogKind::IntotoV002] {
            let options = SigningOptions {
                kind,
                ..SigningOptions::with_faults(faulty(fault))
            };
            let signed = world.generator(options);
            assert_eq!(
                world.code(&classic(&signed, true)),
                Some(expected),
                "classic {kind:?}: {name}"
            );
            count += 1;
            if kind != LogKind::IntotoV001 {
                let found = world.code(&parse_json(&signed.bundle_v03()));
                assert_eq!(found, Some(expected), "bundle {kind:?}: {name}");
                let found = world.code(&parse_json(&signed.bundle_v01()));
                assert_eq!(found, Some(expected), "bundle v0.1 {kind:?}: {name}");
                count += 2;
            }
        }
        let identity = Identity::github("acme/foo");
        let options = SigningOptions::with_faults(faulty(fault));
        let signed = world.sigstore.sign_statement(&identity, &publish(&subjects()), options);
        assert_eq!(
            world.code(&parse_json(&signed.pep740_provenance())),
            Some(expected),
            "PEP 740: {name}"
        );
        count += 1;
    }
    assert_eq!(count, FAULTS.len() * 8);
}

#[test]
fn the_log_entry_must_be_about_this_signature_and_certificate() {
    let world = World::new();
    for kind in [LogKind::Dsse, LogKind::IntotoV001, LogKind::IntotoV002] {
        for fault in [
            (|f: &mut Faults| f.logged_other_signature = true) as fn(&mut Faults),
            |f| f.logged_other_certificate = true,
        ] {
            let options = SigningOptions {
                kind,
                ..SigningOptions::with_faults(faulty(fault))
            };
            let signed = world.generator(options);
            assert_eq!(
                world.code(&classic(&signed, true)),
                Some(Code::LogEntryMismatch),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn one_good_answer_of_the_log_suffices_and_others_do_not_matter() {
    let world = World::new();
    let good = classic(&world.generator(SigningOptions::default()), true);
    let other = classic(&world.generator(SigningOptions::default()), true);
    let mut evidence = good.clone();
    evidence[0].log_answers = [other[0].log_answers.clone(), good[0].log_answers.clone()].concat();
    assert_eq!(world.code(&evidence), None);
    evidence[0].log_answers.clone_from(&other[0].log_answers);
    assert_eq!(world.code(&evidence), Some(Code::LogEntryMismatch));
    evidence[0].log_answers.clear();
    assert_eq!(world.code(&evidence), Some(Code::LogEntryMissing));
    evidence[0].log_answers = vec![good[0].log_answers[0].clone(); 17];
    assert_eq!(world.code(&evidence), Some(Code::OverBudget));
}

#[test]
fn what_is_judged_is_what_is_signed() {
    let world = World::new();
    let mut evidence = parse_json(&world.generator(SigningOptions::default()).bundle_v03());
    assert_eq!(world.code(&evidence), None);
    let Attestation::Bundle(bundle) = Arc::make_mut(&mut evidence[0].attestation) else {
        panic!("no bundle");
    };
    let payload = bundle.payload.as_mut().unwrap();
    payload.push(b' ');
    assert_eq!(world.code(&evidence), Some(Code::BundleMalformed));
    let Attestation::Bundle(bundle) = Arc::make_mut(&mut evidence[0].attestation) else {
        panic!("no bundle");
    };
    bundle.payload = None;
    assert_eq!(world.code(&evidence), Some(Code::NotAStatement));
}

#[test]
fn githubs_own_instance_needs_its_timestamp_and_lends_nothing_to_others() {
    let world = World::new();
    let identity = Identity::github("acme/foo");
    let sign = |options| {
        let statement = slsa_v1(&identity, &subjects());
        let signed = world.github.sign_statement(&identity, &statement, options);
        parse_json(&signed.bundle_v03())
    };
    let verified = world
        .verdict(&sign(SigningOptions::default()), &pinned("acme/foo"))
        .unwrap();
    assert_eq!(attested(&verified).instance, Instance::Github);
    for (fault, expected) in [
        (
            (|f: &mut Faults| f.wrong_timestamp = true) as fn(&mut Faults),
            Code::TimestampInvalid,
        ),
        (|f| f.other_tsa = true, Code::TimestampInvalid),
        (|f| f.other_ca = true, Code::CertificateUntrusted),
        (|f| f.omit_code_signing = true, Code::CertificateUntrusted),
        (|f| f.wrong_signature = true, Code::SignatureInvalid),
    ] {
        let options = SigningOptions::with_faults(faulty(fault));
        assert_eq!(world.code(&sign(options)), Some(expected));
    }
    // The public-good instance does not become laxer because GitHub's root is there: log and SCT stay required.
    let options = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let mut bundle = world.generator(options).bundle_v03();
    bundle["verificationMaterial"]["tlogEntries"] = Value::Array(Vec::new());
    assert_eq!(world.code(&parse_json(&bundle)), Some(Code::LogEntryCount));
    let options = SigningOptions {
        timestamp: true,
        ..SigningOptions::with_faults(faulty(|f| f.omit_sct = true))
    };
    let bundle = world.generator(options).bundle_v03();
    assert_eq!(world.code(&parse_json(&bundle)), Some(Code::SctInvalid));
}

const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

#[test]
fn only_releases_of_trusted_builders_are_trusted() {
    let world = World::new();
    let sign = |identity: &Identity| {
        let statement = slsa_v02(identity, &subjects());
        let signed = world
            .sigstore
            .sign_statement(identity, &statement, SigningOptions::default());
        parse_json(&signed.bundle_v03())
    };
    let builder = |name: &str, reference: &str| Identity::github("acme/foo").builder(name, reference);
    assert_eq!(world.code(&sign(&builder(GENERATOR, "refs/tags/v1.10.0"))), None);
    for reference in [
        "refs/heads/main",
        "refs/tags/v2",
        "refs/tags/v2.0.0-rc.1",
        "refs/tags/v2.0.0+build",
        "v2.0.0",
        "0123456789012345678901234567890123456789",
    ] {
        let found = world.code(&sign(&builder(GENERATOR, reference)));
        assert_eq!(found, Some(Code::BuilderRefUnreleased), "{reference}");
    }
    for name in [
        "https://github.com/evil/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/other.yml",
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml/x",
    ] {
        let found = world.code(&sign(&builder(name, "refs/tags/v2.0.0")));
        assert_eq!(found, Some(Code::BuilderUntrusted), "{name}");
    }
    for name in [
        "https://github.com.evil.example/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
        "https://gitlab.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
    ] {
        let found = world.code(&sign(&builder(name, "refs/tags/v2.0.0")));
        assert_eq!(found, Some(Code::IdentityMalformed), "{name}");
    }
}

#[test]
fn claims_must_be_there_and_agree() {
    let world = World::new();
    let own = || Identity::github("acme/foo");
    assert_eq!(world.code(&world.own(&own())), None);
    for (number, value) in [
        (1, "https://evil.example"),
        (2, "schedule"),
        (3, "0000000000000000000000000000000000000000"),
        (5, "evil/foo"),
        (6, "refs/heads/main"),
        (
            9,
            "https://github.com/evil/foo/.github/workflows/release.yml@refs/tags/v1.0.0",
        ),
    ] {
        let found = world.code(&world.own(&own().claim(number, value)));
        assert_eq!(found, Some(Code::ClaimsInconsistent), "1.{number}");
    }
    let issuer = own().claim(1, "https://evil.example").claim(8, "https://evil.example");
    assert_eq!(world.code(&world.own(&issuer)), Some(Code::IssuerUnexpected));
    let issuer = own().without_claim(1).without_claim(8);
    assert_eq!(world.code(&world.own(&issuer)), Some(Code::IssuerUnexpected));
    let look_alike = "https://token.actions.githubusercontent.com/evil";
    let issuer = own().claim(1, look_alike).claim(8, look_alike);
    assert_eq!(world.code(&world.own(&issuer)), Some(Code::IssuerUnexpected));
    let anonymous = own().without_claim(5).without_claim(12);
    assert_eq!(world.code(&world.own(&anonymous)), Some(Code::ClaimMissing));
    for number in [15, 17, 21] {
        let found = world.code(&world.own(&own().without_claim(number)));
        assert_eq!(found, Some(Code::ClaimMissing), "1.{number}");
    }
    let found = world.code(&world.published(&own().without_claim(18)));
    assert_eq!(found, Some(Code::ClaimMissing));
    for uri in [
        "https://github.com/evil/foo/.github/workflows/release.yml@refs/tags/v1.0.0",
        "https://github.com/acme/foo/.github/workflows/release.yml@refs/heads/other",
        "https://github.com/acme/foo/release.yml@refs/tags/v1.0.0",
        "https://github.com/acme/foo/.github/workflows/release.yml",
    ] {
        let mut provenance = world.publish(&own().claim(18, uri)).pep740_provenance();
        provenance["attestation_bundles"][0]["publisher"]["workflow"] = "release.yml".into();
        assert_eq!(
            world.code(&parse_json(&provenance)),
            Some(Code::ClaimsInconsistent),
            "{uri}"
        );
    }
}

#[test]
fn a_forged_predicate_is_refused_field_by_field() {
    let world = World::new();
    let identity = Identity::github("acme/foo");
    let good = slsa_v1(&identity, &subjects());
    let judged = |statement: &Value| {
        let signed = world
            .sigstore
            .sign_statement(&identity, statement, SigningOptions::default());
        world.code(&parse_json(&signed.bundle_v03()))
    };
    assert_eq!(judged(&good), None);
    for pointer in [
        "/predicate/buildDefinition/externalParameters/workflow/ref",
        "/predicate/buildDefinition/externalParameters/workflow/repository",
        "/predicate/buildDefinition/externalParameters/workflow/path",
        "/predicate/buildDefinition/internalParameters/github/event_name",
        "/predicate/buildDefinition/internalParameters/github/repository_id",
        "/predicate/buildDefinition/internalParameters/github/repository_owner_id",
        "/predicate/buildDefinition/internalParameters/github/runner_environment",
        "/predicate/buildDefinition/resolvedDependencies/0/uri",
        "/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit",
        "/predicate/runDetails/builder/id",
    ] {
        let mut forged = good.clone();
        *forged.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = "forged".into();
        assert_eq!(judged(&forged), Some(Code::PredicateMismatch), "{pointer}");
    }
    let mut forged = good.clone();
    *forged
        .pointer_mut("/predicate/runDetails/metadata/invocationId")
        .unwrap() = "https://github.com/acme/foo/actions/runs/1/attempts/1".into();
    assert_eq!(judged(&forged), Some(Code::PredicateMismatch));
    let mut forged = good.clone();
    *forged.pointer_mut("/predicate/buildDefinition/buildType").unwrap() = "https://example.com/x".into();
    assert_eq!(judged(&forged), Some(Code::BuildTypeUnknown));
    for pointer in [
        "/predicate/buildDefinition/externalParameters",
        "/predicate/buildDefinition/resolvedDependencies",
        "/predicate/runDetails/builder",
    ] {
        let mut forged = good.clone();
        *forged.pointer_mut(pointer).unwrap() = Value::Null;
        assert_eq!(judged(&forged), Some(Code::PredicateFieldMissing), "{pointer}");
    }
}

#[test]
fn a_trusted_builders_predicate_must_agree_with_its_certificate() {
    let world = World::new();
    let identity = Identity::slsa_generator("acme/foo");
    let good = slsa_v02(&identity, &subjects());
    let judged = |statement: &Value| {
        let signed = world
            .sigstore
            .sign_statement(&identity, statement, SigningOptions::default());
        world.code(&parse_json(&signed.bundle_v03()))
    };
    assert_eq!(judged(&good), None);
    for (pointer, expected) in [
        ("/predicate/builder/id", Code::PredicateMismatch),
        ("/predicate/buildType", Code::BuildTypeUnknown),
        ("/predicate/materials/0/uri", Code::PredicateMismatch),
        ("/predicate/materials/0/digest/sha1", Code::PredicateMismatch),
        ("/predicate/invocation/configSource/uri", Code::PredicateMismatch),
        (
            "/predicate/invocation/environment/github_event_name",
            Code::PredicateMismatch,
        ),
        ("/predicate/invocation/environment/github_ref", Code::PredicateMismatch),
        ("/predicate/invocation/environment/github_sha1", Code::PredicateMismatch),
    ] {
        let mut forged = good.clone();
        *forged.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = "forged".into();
        assert_eq!(judged(&forged), Some(expected), "{pointer}");
    }
    let mut forged = good.clone();
    *forged.pointer_mut("/predicate/materials/0/uri").unwrap() = "git+https://github.com/acme/foo@refs/tags/v9".into();
    assert_eq!(judged(&forged), Some(Code::PredicateMismatch));
    let mut forged = good;
    *forged.pointer_mut("/predicate/materials").unwrap() = Value::Null;
    assert_eq!(judged(&forged), Some(Code::PredicateFieldMissing));
}

#[test]
fn what_is_expected_must_be_met() {
    let world = World::new();
    let identity = Identity::github("acme/foo").environment("release");
    let evidence = world.own(&identity);
    let met = Expectation {
        repository_id: Some(identity.repository_id.clone()),
        owner_id: Some(identity.owner_id.clone()),
        reference: Some("refs/tags/v1.0.0".to_owned()),
        source_tag: Some("v1.0.0".to_owned()),
        versioned_tag: Some("v1".to_owned()),
        workflow: Some("release.yml".to_owned()),
        trigger: Some("push".to_owned()),
        environment: Some("release".to_owned()),
        runner_environment: Some("github-hosted".to_owned()),
        minimum_level: Some(2),
        ..pinned("acme/foo")
    };
    world.verdict(&evidence, &met).unwrap();
    let unmet = |change: fn(&mut Expectation)| {
        let mut expectation = met.clone();
        change(&mut expectation);
        code(&world.verdict(&evidence, &expectation))
    };
    assert_eq!(unmet(|e| e.minimum_level = Some(3)), Some(Code::LevelTooLow));
    assert_eq!(unmet(|e| e.kinds.build = false), Some(Code::KindNotAccepted));
    assert_eq!(
        unmet(|e| e.workflow = Some("RELEASE.yml".to_owned())),
        Some(Code::WorkflowMismatch)
    );
    assert_eq!(
        unmet(|e| e.builder = GENERATOR.parse().ok()),
        Some(Code::BuilderMismatch)
    );
    // A level-2 predicate's word about a tag's branch is not taken.
    assert_eq!(
        unmet(|e| e.source_branch = Some("main".to_owned())),
        Some(Code::BranchMismatch)
    );
    // An absent claim never meets an expectation.
    let bare = world.own(&Identity::github("acme/foo"));
    assert_eq!(code(&world.verdict(&bare, &met)), Some(Code::EnvironmentMismatch));
}

#[test]
fn other_publishers_are_known_by_their_claims() {
    let world = World::new();
    let google = Identity::github("acme/foo")
        .claim(1, "https://accounts.google.com")
        .claim(8, "https://accounts.google.com")
        .san(slsa_pip_test_world::identity::San::Email("bot@acme.example".to_owned()));
    let google = (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(google, Identity::without_claim);
    let attestation = world.publish(&google).pep740_attestation();
    let evidence = parse_json(&attestation);
    let verified = world.verdict(&evidence, &Expectation::default()).unwrap();
    let attested = attested(&verified);
    assert_eq!((attested.repository.as_ref(), attested.pinned), (None, false));
    assert_eq!(attested.identity, "bot@acme.example");
    // No claim of Google's can meet a pinned repository.
    assert_eq!(world.code(&evidence), Some(Code::RepositoryMismatch));
    // Build provenance is nobody's but GitHub's to write.
    assert_eq!(world.code(&world.own(&google)), Some(Code::BuilderUntrusted));
    let with_publisher = |publisher: Value| {
        serde_json::json!({
            "version": 1,
            "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}],
        })
    };
    let publisher = |email: &str| serde_json::json!({"kind": "Google", "email": email, "claims": null});
    let same = parse_json(&with_publisher(publisher("bot@acme.example")));
    assert!(world.verdict(&same, &Expectation::default()).is_ok());
    let other = parse_json(&with_publisher(publisher("evil@acme.example")));
    assert_eq!(
        code(&world.verdict(&other, &Expectation::default())),
        Some(Code::PublisherMismatch)
    );
}

#[test]
fn claims_are_read_for_showing_as_verification_reads_them() {
    let world = World::new();
    let signed = world.generator(SigningOptions::default());
    let verdict = world
        .verdict(&parse_json(&signed.bundle_v03()), &pinned("acme/foo"))
        .unwrap();
    let verified = attested(&verdict);
    let forms = [
        parse_json(&signed.bundle_v03()),
        parse_json(&signed.bundle_v01()),
        parse_json(&signed.pep740_provenance()),
        classic(&signed, true),
    ];
    for evidence in forms {
        let read = certificate_claims(&evidence[0].attestation).unwrap();
        assert_eq!((&read.identity, &read.claims), (&verified.identity, &verified.claims));
        assert!(read.not_before < verified.signed_at && verified.signed_at < read.not_after);
    }
}

#[test]
fn certificates_that_cannot_be_shown_have_a_code() {
    let world = World::new();
    let signed = world.generator(SigningOptions::default());
    let code = |change: &dyn Fn(&mut Value)| {
        let mut bundle = signed.bundle_v03();
        change(&mut bundle["verificationMaterial"]);
        certificate_claims(&parse_json(&bundle)[0].attestation).unwrap_err().0
    };
    assert_eq!(
        code(&|material| material["certificate"] = Value::Null),
        Code::CertificateMissing
    );
    let chain = signed.bundle_v02()["verificationMaterial"]["x509CertificateChain"].take();
    assert_eq!(
        code(&|material| material["x509CertificateChain"] = chain.clone()),
        Code::BundleMalformed
    );
    assert_eq!(
        code(&|material| material["certificate"]["rawBytes"] = "?".into()),
        Code::BundleMalformed
    );
    assert_eq!(
        code(&|material| material["certificate"]["rawBytes"] = "MAA=".into()),
        Code::CertificateMalformed
    );
    let without = certificate_claims(&classic(&signed, false)[0].attestation);
    assert_eq!(without.unwrap_err().0, Code::CertificateMissing);
}
