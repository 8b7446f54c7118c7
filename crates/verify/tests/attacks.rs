//! Attempts to have a file accepted that must not be: each must end in a refusal, and in the right one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;
mod origins;

use common::*;
use serde_json::{Value, json};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Evidence, RekorAnswer};
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Code, StagedFile, TrustRoots};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const GENERATOR: &str = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
/// A reusable workflow that runs below the delegators.
const TRW: &str = "https://github.com/acme/ci/.github/workflows/build.yml";
const KINDS: [LogKind; 3] = [LogKind::Dsse, LogKind::IntotoV001, LogKind::IntotoV002];

type Edit<'a> = &'a dyn Fn(&mut Value);

fn wheel() -> StagedFile {
    file(WHEEL, &sigstore_verify::crypto::sha256(BYTES).to_hex())
}

fn subjects() -> Vec<Subject> {
    vec![Subject::of(WHEEL, BYTES)]
}

fn roots_of(sigstore: &TestSigstore) -> TrustRoots {
    TrustRoots::new(&sigstore.trusted_root_json(), None).unwrap()
}

fn refused(evidence: &[Evidence], expectation: &Expectation, roots: &TrustRoots) -> Option<Code> {
    code(&judge(&wheel(), evidence, expectation, roots))
}

fn generated(sigstore: &TestSigstore, kind: LogKind) -> Signed {
    let identity = Identity::slsa_generator("acme/foo");
    sigstore.sign_statement(
        &identity,
        &slsa_v02(&identity, &subjects()),
        SigningOptions::with_kind(kind),
    )
}

/// The envelope with the log's answer, changed.
fn answered(signed: &Signed, change: impl FnOnce(&mut Value)) -> Vec<Evidence> {
    let mut evidence = parse(signed.classic_envelope(true).as_bytes());
    let answer = signed.log_answer();
    let (uuid, entry) = answer.as_object().unwrap().iter().next().unwrap();
    let mut entry = entry.clone();
    change(&mut entry);
    evidence[0].log_answers.push(RekorAnswer {
        uuid: uuid.clone(),
        entry,
    });
    evidence
}

fn own(sigstore: &TestSigstore, identity: &Identity, statement: &Value) -> Vec<Evidence> {
    let signed = sigstore.sign_statement(identity, statement, SigningOptions::default());
    parse_json(&signed.bundle_v03())
}

#[test]
fn no_field_of_the_logs_answer_can_be_changed() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for kind in KINDS {
        for _ in 0..3 {
            generated(&sigstore, kind);
        }
        let other = generated(&sigstore, kind);
        let other = other.log_answer().as_object().unwrap().values().next().unwrap().clone();
        let signed = generated(&sigstore, kind);
        let judged = |change: &dyn Fn(&mut Value)| {
            let evidence = answered(&signed, |entry| change(entry));
            refused(&evidence, &pinned("acme/foo"), &roots)
        };
        assert_eq!(judged(&|_| ()), None, "{kind:?}");
        let proof = "/verification/inclusionProof";
        let number = |pointer: &'static str, add: i64| {
            move |entry: &mut Value| {
                let value = entry.pointer_mut(pointer).unwrap();
                *value = (value.as_i64().unwrap() + add).into();
            }
        };
        let replace = |pointer: String| {
            let other = &other;
            move |entry: &mut Value| *entry.pointer_mut(&pointer).unwrap() = other.pointer(&pointer).unwrap().clone()
        };
        let checkpoint = |edit: fn(&str) -> String| {
            move |entry: &mut Value| {
                let text = entry.pointer_mut("/verification/inclusionProof/checkpoint").unwrap();
                *text = edit(text.as_str().unwrap()).into();
            }
        };
        let cases: [(&str, Edit<'_>, Code); 16] = [
            ("time", &number("/integratedTime", 1), Code::SetInvalid),
            (
                "time before the certificate",
                &number("/integratedTime", -3600),
                Code::CertificateOutsideValidity,
            ),
            ("global index", &number("/logIndex", 1), Code::SetInvalid),
            (
                "proof of a neighbour",
                &number("/verification/inclusionProof/logIndex", -1),
                Code::InclusionProofInvalid,
            ),
            (
                "index beyond the tree",
                &number("/verification/inclusionProof/logIndex", 1000),
                Code::InclusionProofInvalid,
            ),
            (
                "larger tree",
                &number("/verification/inclusionProof/treeSize", 1),
                Code::CheckpointTreeSize,
            ),
            ("other body", &replace("/body".to_owned()), Code::SetInvalid),
            (
                "other promise",
                &replace("/verification/signedEntryTimestamp".to_owned()),
                Code::SetInvalid,
            ),
            (
                "other proof",
                &replace("/verification/inclusionProof".to_owned()),
                Code::InclusionProofInvalid,
            ),
            (
                "other root",
                &replace(format!("{proof}/rootHash")),
                Code::CheckpointInvalid,
            ),
            (
                "other checkpoint",
                &replace(format!("{proof}/checkpoint")),
                Code::CheckpointTreeSize,
            ),
            (
                "other origin",
                &checkpoint(|text| format!("x{text}")),
                Code::CheckpointInvalid,
            ),
            (
                "line added",
                &checkpoint(|text| text.replacen("\n\n", "\nx\n\n", 1)),
                Code::CheckpointInvalid,
            ),
            (
                "another log",
                &|entry| entry["logID"] = "00".repeat(32).into(),
                Code::LogUnknown,
            ),
            (
                "whole other entry",
                &|entry| *entry = other.clone(),
                Code::LogEntryMismatch,
            ),
            (
                "no body at all",
                &|entry| entry["body"] = "bm90IEpTT04=".into(),
                Code::LogEntryMalformed,
            ),
        ];
        for (name, change, expected) in cases {
            assert_eq!(judged(change), Some(expected), "{kind:?}: {name}");
        }
    }
}

#[test]
fn keys_and_authorities_vouch_within_their_windows_only() {
    let sigstore = TestSigstore::new(1);
    let ended = json!({"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"});
    let begins = json!({"start": "2026-01-01T00:00:00Z"});
    for kind in KINDS {
        let signed = generated(&sigstore, kind);
        let mut forms = vec![answered(&signed, |_| ())];
        if kind != LogKind::IntotoV001 {
            forms.push(parse_json(&signed.bundle_v03()));
        }
        for (pointer, expected) in [
            ("/tlogs/0/publicKey/validFor", Code::SetInvalid),
            ("/ctlogs/0/publicKey/validFor", Code::SctInvalid),
            ("/certificateAuthorities/0/validFor", Code::CertificateUntrusted),
        ] {
            for window in [&ended, &begins] {
                let mut root: Value = serde_json::from_str(&sigstore.trusted_root_json()).unwrap();
                *root.pointer_mut(pointer).unwrap() = window.clone();
                let roots = TrustRoots::new(&root.to_string(), None).unwrap();
                for evidence in &forms {
                    let found = refused(evidence, &pinned("acme/foo"), &roots);
                    assert_eq!(found, Some(expected), "{kind:?} {pointer} {window}");
                }
            }
        }
    }
}

#[test]
fn the_certificate_beside_an_envelope_is_one_and_the_logged_one() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for kind in KINDS {
        let (signed, other) = (generated(&sigstore, kind), generated(&sigstore, kind));
        let with_cert = |pem: String| {
            let mut envelope: Value = serde_json::from_str(&signed.classic_envelope(true)).unwrap();
            envelope["signatures"][0]["cert"] = pem.into();
            let mut evidence = answered(&signed, |_| ());
            let answers = std::mem::take(&mut evidence[0].log_answers);
            let mut evidence = parse_json(&envelope);
            evidence[0].log_answers = answers;
            refused(&evidence, &pinned("acme/foo"), &roots)
        };
        assert_eq!(with_cert(signed.certificate_pem()), None, "{kind:?}");
        for chain in [
            signed.certificate_pem() + &other.certificate_pem(),
            other.certificate_pem() + &signed.certificate_pem(),
        ] {
            assert_eq!(with_cert(chain), Some(Code::CertificateMalformed), "{kind:?}");
        }
        let expected = if kind == LogKind::IntotoV001 {
            Code::LogEntryMismatch
        } else {
            // The library verifies the signature before it looks into the entry.
            Code::SignatureInvalid
        };
        assert_eq!(with_cert(other.certificate_pem()), Some(expected), "{kind:?}");
    }
}

#[test]
fn an_old_media_type_lowers_nothing() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let options = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let identity = Identity::slsa_generator("acme/foo");
    let signed = sigstore.sign_statement(&identity, &slsa_v02(&identity, &subjects()), options);
    for bundle in [signed.bundle_v01(), signed.bundle_v02(), signed.bundle_v03()] {
        let judged = |change: &dyn Fn(&mut Value)| {
            let mut bundle = bundle.clone();
            change(&mut bundle);
            refused(&parse_json(&bundle), &pinned("acme/foo"), &roots)
        };
        assert_eq!(judged(&|_| ()), None);
        let entry = |field: &'static str| {
            move |bundle: &mut Value| {
                let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
                entry.as_object_mut().unwrap().remove(field).unwrap();
            }
        };
        assert_eq!(judged(&entry("inclusionProof")), Some(Code::InclusionProofMissing));
        assert_eq!(judged(&entry("inclusionPromise")), Some(Code::SetMissing));
        assert_eq!(judged(&entry("integratedTime")), Some(Code::SigningTimeUnproven));
        // The timestamp cannot stand in for the log.
        let entries =
            |value: Value| move |bundle: &mut Value| bundle["verificationMaterial"]["tlogEntries"] = value.clone();
        assert_eq!(judged(&entries(json!([]))), Some(Code::LogEntryCount));
        let first = bundle["verificationMaterial"]["tlogEntries"][0].clone();
        assert_eq!(judged(&entries(json!([first, first]))), Some(Code::LogEntryCount));
        // Nor can the entry pass for one of Rekor v2, which has no promise and no time.
        let relabelled = |bundle: &mut Value| {
            let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
            entry["kindVersion"] = json!({"kind": "hashedrekord", "version": "0.0.2"});
            let entry = entry.as_object_mut().unwrap();
            entry.remove("inclusionPromise");
            entry.remove("integratedTime");
        };
        assert_eq!(judged(&relabelled), Some(Code::LogEntryMismatch));
        // Two kinds of verification material leave open which is meant.
        let two = |bundle: &mut Value| {
            let der = json!({"rawBytes": "AA=="});
            bundle["verificationMaterial"]["certificate"] = der.clone();
            bundle["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [der]});
        };
        assert_eq!(judged(&two), Some(Code::BundleMalformed));
    }
}

#[test]
fn githubs_own_instance_is_no_way_round_the_log() {
    let (public, github) = (TestSigstore::new(1), TestSigstore::github_internal(2));
    let roots = TrustRoots::new(&public.trusted_root_json(), Some(&github.trusted_root_json())).unwrap();
    let identity = Identity::github("acme/foo");
    let statement = slsa_v1(&identity, &subjects());
    let private = github.sign_statement(&identity, &statement, SigningOptions::default());
    let logged = public.sign_statement(&identity, &statement, SigningOptions::default());
    let private = private.bundle_v03();
    assert_eq!(refused(&parse_json(&private), &pinned("acme/foo"), &roots), None);
    // An entry of the public log beside GitHub's certificate.
    let mut mixed = private.clone();
    mixed["verificationMaterial"]["tlogEntries"] = logged.bundle_v03()["verificationMaterial"]["tlogEntries"].clone();
    assert_eq!(
        refused(&parse_json(&mixed), &pinned("acme/foo"), &roots),
        Some(Code::LogEntryCount)
    );
    // GitHub's timestamp and no log beside a public certificate.
    let mut mixed = logged.bundle_v03();
    mixed["verificationMaterial"]["tlogEntries"] = json!([]);
    mixed["verificationMaterial"]["timestampVerificationData"] =
        private["verificationMaterial"]["timestampVerificationData"].clone();
    assert_eq!(
        refused(&parse_json(&mixed), &pinned("acme/foo"), &roots),
        Some(Code::LogEntryCount)
    );
    // A look-alike of GitHub's authority, and no root of GitHub's, and GitHub's root under the rules of a custom one.
    let look_alike = TestSigstore::github_internal(3);
    let forged = look_alike.sign_statement(&identity, &statement, SigningOptions::default());
    let forged = refused(&parse_json(&forged.bundle_v03()), &pinned("acme/foo"), &roots);
    assert_eq!(forged, Some(Code::TimestampInvalid));
    let without = refused(&parse_json(&private), &pinned("acme/foo"), &roots_of(&public));
    assert_eq!(without, Some(Code::CertificateUntrusted));
    assert!(TrustRoots::custom(&github.trusted_root_json()).is_err());
}

#[test]
fn no_spelling_of_an_identity_makes_it_a_trusted_builder() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for (name, reference, expected) in [
        (
            "generator_generic_slsa3.yml@refs/tags/v2.0.0",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "../workflows/generator_generic_slsa3.yml",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "./generator_generic_slsa3.yml",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "Generator_generic_slsa3.yml",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "generator_generic_slsa3.yml ",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "generator_generic_slsa3%2Eyml",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "generator_generic_slsa3.yml?",
            "refs/tags/v2.0.0",
            Code::BuilderUntrusted,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs/tags/v2.0.0 ",
            Code::BuilderRefUnreleased,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs/tags/v02.0.0",
            Code::BuilderRefUnreleased,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs/tags/v2.0.0/x",
            Code::BuilderRefUnreleased,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs/tags/v2.0",
            Code::BuilderRefUnreleased,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs/pull/1/merge",
            Code::BuilderRefUnreleased,
        ),
        (
            "generator_generic_slsa3.yml",
            "refs%2Ftags%2Fv2.0.0",
            Code::BuilderRefUnreleased,
        ),
        ("generator_generic_slsa3.yml", "", Code::IdentityMalformed),
    ] {
        let identity = Identity::github("acme/foo").builder(&format!("{GENERATOR}{name}"), reference);
        let evidence = own(&sigstore, &identity, &slsa_v02(&identity, &subjects()));
        let found = refused(&evidence, &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(expected), "{name}@{reference}");
    }
}

#[test]
fn only_the_delegators_may_name_another_builder_and_only_a_trusted_one() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let built_by = |workflow: &str, id: &str, build_type: &str| {
        let identity = Identity::github("acme/foo").builder(&format!("{GENERATOR}{workflow}"), "refs/tags/v2.0.0");
        let mut statement = slsa_v1(&identity, &subjects());
        statement["predicate"]["runDetails"]["builder"]["id"] = id.into();
        statement["predicate"]["buildDefinition"]["buildType"] =
            format!("https://github.com/slsa-framework/slsa-github-generator/{build_type}").into();
        own(&sigstore, &identity, &statement)
    };
    let mut listed = pinned("acme/foo");
    listed.trusted_builders.add(TRW.parse().unwrap());
    let delegated = |id: &str| built_by("delegator_generic_slsa3.yml", id, "delegator-generic@v0");
    let good = delegated(&format!("{TRW}@refs/tags/v1.0.0"));
    assert_eq!(refused(&good, &listed, &roots), None);
    assert_eq!(
        refused(&good, &pinned("acme/foo"), &roots),
        Some(Code::BuilderUntrusted)
    );
    for (reference, expected) in [
        ("refs/heads/main", Code::BuilderRefUnreleased),
        ("refs/tags/v1", Code::BuilderRefUnreleased),
        ("refs/heads/x@refs/tags/v1.0.0", Code::BuilderUntrusted),
    ] {
        let found = refused(&delegated(&format!("{TRW}@{reference}")), &listed, &roots);
        assert_eq!(found, Some(expected), "{reference}");
    }
    for (id, expected) in [
        (TRW, Code::PredicateMismatch),
        ("", Code::PredicateFieldMissing),
        (
            "https://evil.example/acme/ci/.github/workflows/build.yml@refs/tags/v1.0.0",
            Code::PredicateMismatch,
        ),
    ] {
        assert_eq!(refused(&delegated(id), &listed, &roots), Some(expected), "{id}");
    }
    let generic = built_by(
        "generator_generic_slsa3.yml",
        &format!("{TRW}@refs/tags/v1.0.0"),
        "generic@v1",
    );
    assert_eq!(refused(&generic, &listed, &roots), Some(Code::PredicateMismatch));
    let other_type = built_by(
        "delegator_generic_slsa3.yml",
        &format!("{TRW}@refs/tags/v1.0.0"),
        "generic@v1",
    );
    assert_eq!(refused(&other_type, &listed, &roots), Some(Code::BuildTypeUnknown));
}

#[test]
fn no_look_alike_is_the_pinned_repository() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let workflow = Identity::github("acme/foo").signer_url();
    for (repository, expected) in [
        ("acme/fo0", Code::RepositoryMismatch),
        ("acme-/foo", Code::RepositoryMismatch),
        ("acme/foo-", Code::RepositoryMismatch),
        ("acme/foo.", Code::RepositoryMismatch),
        ("foo/acme", Code::RepositoryMismatch),
        ("\u{430}cme/foo", Code::ClaimsInconsistent),
        ("acme/foo/../foo", Code::ClaimsInconsistent),
        ("acme/foo%2e", Code::ClaimsInconsistent),
        ("evil@github.com/acme/foo", Code::ClaimsInconsistent),
    ] {
        // Everything but the identity itself names the look-alike: what is compared is the source repository.
        let identity = Identity::github(repository)
            .san(San::Uri(workflow.clone()))
            .claim(9, &workflow);
        let signed = sigstore.sign_statement(&identity, &publish(&subjects()), SigningOptions::default());
        let evidence = parse_json(&signed.pep740_attestation());
        let found = refused(&evidence, &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(expected), "{repository}");
    }
    let elsewhere = Identity::github("acme/foo")
        .without_claim(5)
        .claim(12, "https://gitlab.com/acme/foo");
    let signed = sigstore.sign_statement(&elsewhere, &publish(&subjects()), SigningOptions::default());
    let found = refused(
        &parse_json(&signed.pep740_attestation()),
        &pinned("gitlab.com/acme/foo"),
        &roots,
    );
    assert_eq!(found, Some(Code::ClaimsInconsistent));
}

type Change = fn(&mut Expectation);

/// Everything that can be expected, each unmet by the attestations below.
const UNMET: [(Change, Code); 18] = [
    (
        |e| e.repositories = vec!["acme/bar".parse().unwrap()],
        Code::RepositoryMismatch,
    ),
    (
        |e| {
            e.repositories.clear();
            e.owners = vec!["github.com/acm".parse().unwrap()];
        },
        Code::RepositoryMismatch,
    ),
    (
        |e| {
            e.repositories.clear();
            e.accounts = vec![slsa_pip_policy::Account::Google {
                email: "acme/foo".to_owned(),
            }];
        },
        Code::AccountMismatch,
    ),
    (
        |e| {
            e.locked = Some(slsa_pip_policy::LockedPublishers {
                publishers: vec![slsa_pip_policy::Publisher::GitHub {
                    repository: "acme/foo".to_owned(),
                    workflow: "other.yml".to_owned(),
                    environment: None,
                }],
                written_at: "pylock.toml".to_owned(),
            });
        },
        Code::LockedIdentityMismatch,
    ),
    (|e| e.repository_id = Some("1".to_owned()), Code::RepositoryIdMismatch),
    (|e| e.owner_id = Some("1".to_owned()), Code::OwnerIdMismatch),
    (|e| e.reference = Some("refs/tags/v1".to_owned()), Code::RefMismatch),
    (|e| e.source_tag = Some("v1".to_owned()), Code::TagMismatch),
    (
        |e| e.versioned_tag = Some("v1.1".to_owned()),
        Code::VersionedTagMismatch,
    ),
    (|e| e.source_branch = Some("main".to_owned()), Code::BranchMismatch),
    (|e| e.workflow = Some("other.yml".to_owned()), Code::WorkflowMismatch),
    (|e| e.trigger = Some("release".to_owned()), Code::TriggerMismatch),
    (|e| e.environment = Some("other".to_owned()), Code::EnvironmentMismatch),
    (
        |e| e.runner_environment = Some("self-hosted".to_owned()),
        Code::RunnerMismatch,
    ),
    (|e| e.minimum_level = Some(3), Code::LevelTooLow),
    (
        |e| {
            e.kinds = slsa_pip_policy::KindSet {
                build: false,
                publish: false,
            }
        },
        Code::KindNotAccepted,
    ),
    (
        |e| e.builder = format!("{GENERATOR}generator_generic_slsa3.yml").parse().ok(),
        Code::BuilderMismatch,
    ),
    (
        |e| {
            e.workflow_inputs.insert("k".to_owned(), "v".to_owned());
        },
        Code::WorkflowInputMismatch,
    ),
];

/// A new field of [`Expectation`] ends the compilation here, until it has its line in [`UNMET`] or a test that is named.
const fn every_field_is_thought_of(expectation: &Expectation) {
    let Expectation {
        repositories: _,
        owners: _,
        accounts: _,
        repository_id: _,
        owner_id: _,
        reference: _,
        source_tag: _,
        versioned_tag: _,
        source_branch: _,
        builder: _,
        workflow: _,
        trigger: _,
        environment: _,
        runner_environment: _,
        workflow_inputs: _,
        kinds: _,
        minimum_level: _,
        locked: _,
        // Below, and tests/accounts.rs.
        unpinned: _,
        trusted_builders: _,
        // crates/verify/src/continuity.rs and tests/continuity.rs.
        previous: _,
        under_review: _,
        // Words for reports, and what proves nothing.
        pinned_by: _,
        declared: _,
    } = expectation;
}

#[test]
fn every_expectation_binds_every_kind_and_format() {
    every_field_is_thought_of(&Expectation::default());
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let identity = Identity::github("acme/foo").environment("release");
    let published = sigstore.sign_statement(&identity, &publish(&subjects()), SigningOptions::default());
    let built = sigstore.sign_statement(&identity, &slsa_v1(&identity, &subjects()), SigningOptions::default());
    let forms = [
        published.pep740_provenance(),
        published.pep740_attestation(),
        published.bundle_v03(),
        built.pep740_provenance(),
        built.bundle_v03(),
    ];
    for form in &forms {
        let evidence = parse_json(form);
        assert_eq!(refused(&evidence, &pinned("acme/foo"), &roots), None);
        for (change, expected) in UNMET {
            let mut expectation = pinned("acme/foo");
            change(&mut expectation);
            assert_eq!(refused(&evidence, &expectation, &roots), Some(expected));
        }
        // Nothing is pinned where policy wants a pin; ids and metadata are none.
        let unpinned = Expectation {
            unpinned: slsa_pip_policy::Unpinned::Deny,
            repository_id: Some(identity.repository_id.clone()),
            declared: "acme/foo".parse().ok(),
            ..Expectation::default()
        };
        assert_eq!(refused(&evidence, &unpinned, &roots), Some(Code::RepositoryNotPinned));
    }
    // What metadata declares pins nothing for a workflow that attests itself.
    let declared = Expectation {
        declared: "acme/foo".parse().ok(),
        ..Expectation::default()
    };
    let found = refused(&parse_json(&built.bundle_v03()), &declared, &roots);
    assert_eq!(found, Some(Code::BuilderNotPinned));
}

#[test]
fn subjects_are_bound_by_digest_and_in_pep_740_by_name() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let identity = Identity::github("acme/foo");
    let sign = |statement: &Value| {
        let signed = sigstore.sign_statement(&identity, statement, SigningOptions::default());
        parse_json(&signed.pep740_provenance())
    };
    for (name, expected) in [
        ("foo-1.0.0-py3-none-any.whl", None),
        ("Foo-1.0-py3-none-any.whl", None),
        ("dist/foo-1.0.0-py3-none-any.whl", Some(Code::SubjectNameMismatch)),
        ("foo-1.0.1-py3-none-any.whl", Some(Code::SubjectNameMismatch)),
        ("foo-1.0.0-1-py3-none-any.whl", Some(Code::SubjectNameMismatch)),
        ("foo-1.0.0-py2.py3-none-any.whl", Some(Code::SubjectNameMismatch)),
        ("foo-1.0.0.tar.gz", Some(Code::SubjectNameMismatch)),
        ("foo-1.0.0-py3-none-any.whl\n", Some(Code::SubjectNameMismatch)),
        ("", Some(Code::SubjectNameMismatch)),
    ] {
        let evidence = sign(&publish(&[Subject::of(name, BYTES)]));
        assert_eq!(refused(&evidence, &pinned("acme/foo"), &roots), expected, "{name:?}");
    }
    let two = [Subject::of(WHEEL, BYTES), Subject::of(WHEEL, b"other")];
    let found = refused(&sign(&publish(&two)), &pinned("acme/foo"), &roots);
    assert_eq!(found, Some(Code::SubjectCount));
    // The digest under another algorithm's name, or in capitals, is not the file's.
    let mut odd = publish(&subjects());
    let hex = odd["subject"][0]["digest"]["sha256"].as_str().unwrap().to_owned();
    for (digest, expected) in [
        (json!({"sha256": hex.to_uppercase()}), Code::StatementMalformed),
        (json!({"SHA256": hex}), Code::DigestMismatch),
        (json!({"sha3_256": hex}), Code::DigestMismatch),
        (
            json!({"sha256": "00".repeat(32), "gitCommit": hex}),
            Code::DigestMismatch,
        ),
    ] {
        odd["subject"][0]["digest"] = digest;
        assert_eq!(refused(&sign(&odd), &pinned("acme/foo"), &roots), Some(expected));
    }
}

#[test]
fn readers_cannot_be_made_to_disagree_about_what_is_signed() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let signed = generated(&sigstore, LogKind::Dsse);
    let text = signed.bundle_v03().to_string();
    let payload = signed.bundle_v03()["dsseEnvelope"]["payload"]
        .as_str()
        .unwrap()
        .to_owned();
    // Unreadable documents give no attestation at all, and no attestation is no pass.
    for odd in [
        text.replacen("\"payload\":", "\"payload\":\"e30=\",\"payload\":", 1),
        text.replacen("\"payload\":", "\"payload\":\"e30=\",\"pa\\u0079load\":", 1),
        text.replacen("\"dsseEnvelope\":", "\"dsseEnvelope\":null,\"dsseEnvelope\":", 1),
        text.replace(&payload, &format!("{payload}\\n")),
        text.replace(&payload, payload.trim_end_matches('=')) + "x",
        format!("{text}{text}"),
    ] {
        let evidence = parse(odd.as_bytes());
        assert_eq!(refused(&evidence, &pinned("acme/foo"), &roots), Some(Code::NoEvidence));
    }
    // A statement that gives a key twice says two things.
    let identity = Identity::slsa_generator("acme/foo");
    let statement = slsa_v02(&identity, &subjects()).to_string();
    for odd in [
        statement.replacen("\"subject\":", "\"subject\":[],\"subject\":", 1),
        statement.replacen("\"predicateType\":", "\"predicateType\":\"x\",\"predicateType\":", 1),
        format!("{statement}{{}}"),
    ] {
        let signed = sigstore.sign_payload(
            &identity,
            odd.as_bytes(),
            "application/vnd.in-toto+json",
            SigningOptions::default(),
        );
        let found = refused(&parse_json(&signed.bundle_v03()), &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(Code::StatementMalformed));
    }
}
