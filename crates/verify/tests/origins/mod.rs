//! Identities that prove less than they seem to: other providers, runners, spellings.

mod budgets;

use super::*;

/// An identity of another provider: nothing of GitHub's remains in it but what `keep` lists.
fn provider(issuer: &str, san: San, keep: &[u32]) -> Identity {
    let identity = Identity::github("acme/foo").claim(1, issuer).claim(8, issuer).san(san);
    (2..=23)
        .filter(|number| *number != 8 && !keep.contains(number))
        .fold(identity, Identity::without_claim)
}

fn published(sigstore: &TestSigstore, identity: &Identity) -> Value {
    sigstore
        .sign_statement(identity, &publish(&subjects()), SigningOptions::default())
        .pep740_attestation()
}

/// A provenance object with a publisher beside the attestation.
fn beside(publisher: &Value, attestation: &Value) -> Vec<Evidence> {
    parse_json(&json!({
        "version": 1,
        "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}],
    }))
}

#[test]
fn circleci_proves_no_source_repository() {
    const PIPELINE: &str = "https://circleci.com/api/v2/projects/p/pipeline-definitions/d";
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let open = Expectation::default();
    let circleci = || {
        let san = San::Uri(PIPELINE.to_owned());
        provider("https://oidc.circleci.com", san, &[]).claim(9, PIPELINE)
    };
    for origin in ["https://github.com/acme/foo", "github.com/acme/foo", "anything at all"] {
        let attestation = published(&sigstore, &circleci().claim(12, origin));
        let evidence = parse_json(&attestation);
        let verified = judge(&wheel(), &evidence, &open, &roots).unwrap();
        assert_eq!(attested(&verified).repository, None, "{origin}");
        let found = refused(&evidence, &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(Code::RepositoryMismatch), "{origin}");
        let publisher =
            |pipeline: &str| json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": pipeline});
        assert_eq!(refused(&beside(&publisher("d"), &attestation), &open, &roots), None);
        assert_eq!(
            refused(&beside(&publisher("e"), &attestation), &open, &roots),
            Some(Code::PublisherMismatch)
        );
    }
    let nameless = published(&sigstore, &circleci().without_claim(9));
    assert_eq!(refused(&parse_json(&nameless), &open, &roots), Some(Code::ClaimMissing));
}

#[test]
fn gitlab_vouches_for_its_own_repositories() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let gitlab = |host: &str| {
        let pipeline = format!("https://{host}/acme/foo//.gitlab-ci.yml@refs/tags/v1.0.0");
        let san = San::Uri(pipeline.clone());
        provider("https://gitlab.com", san, &[3, 6, 13, 14])
            .claim(12, &format!("https://{host}/acme/foo"))
            .claim(18, &pipeline)
    };
    let good = parse_json(&published(&sigstore, &gitlab("gitlab.com")));
    assert_eq!(refused(&good, &pinned("gitlab.com/acme/foo"), &roots), None);
    assert_eq!(
        refused(&good, &pinned("acme/foo"), &roots),
        Some(Code::RepositoryMismatch)
    );
    for host in ["github.com", "gitlab.example", "gitlab.com.evil.example"] {
        let evidence = parse_json(&published(&sigstore, &gitlab(host)));
        for expectation in [pinned(&format!("{host}/acme/foo")), Expectation::default()] {
            let found = refused(&evidence, &expectation, &roots);
            assert_eq!(found, Some(Code::ClaimsInconsistent), "{host}");
        }
    }
    for number in [12, 13, 14, 18] {
        let evidence = parse_json(&published(&sigstore, &gitlab("gitlab.com").without_claim(number)));
        let found = refused(&evidence, &pinned("gitlab.com/acme/foo"), &roots);
        assert_eq!(found, Some(Code::ClaimMissing), "1.{number}");
    }
    let publisher = |path: &str| json!({"kind": "GitLab", "repository": "acme/foo", "workflow_filepath": path, "environment": null});
    let attestation = published(&sigstore, &gitlab("gitlab.com"));
    let pin = pinned("gitlab.com/acme/foo");
    assert_eq!(
        refused(&beside(&publisher(".gitlab-ci.yml"), &attestation), &pin, &roots),
        None
    );
    assert_eq!(
        refused(&beside(&publisher("other.yml"), &attestation), &pin, &roots),
        Some(Code::PublisherMismatch)
    );
}

#[test]
fn a_self_hosted_runner_is_worth_less() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let at_least = |level| Expectation {
        minimum_level: Some(level),
        ..pinned("acme/foo")
    };
    let on = |mut identity: Identity, runner: &str| {
        runner.clone_into(&mut identity.runner_environment);
        identity
    };
    let level = |evidence: &[Evidence], expectation: &Expectation| {
        judge(&wheel(), evidence, expectation, &roots).map_or_else(
            |refusals| Err((refusals[0].code, refusals[0].found.clone().unwrap())),
            |verified| Ok(attested(&verified).build_level),
        )
    };
    let generator = |identity: &Identity| own(&sigstore, identity, &slsa_v02(identity, &subjects()));
    let workflow = |identity: &Identity| own(&sigstore, identity, &slsa_v1(identity, &subjects()));
    let trusted = Identity::slsa_generator("acme/foo");
    assert_eq!(level(&generator(&trusted), &at_least(3)), Ok(3));
    // A certificate from before the claim.
    assert_eq!(
        level(&generator(&trusted.clone().without_claim(11)), &at_least(3)),
        Ok(3)
    );
    for runner in ["self-hosted", "GitHub-hosted", ""] {
        let found = level(&generator(&on(trusted.clone(), runner)), &at_least(1));
        assert_eq!(found, Err((Code::RunnerMismatch, runner.to_owned())));
    }
    let own_workflow = Identity::github("acme/foo");
    assert_eq!(level(&workflow(&own_workflow), &at_least(2)), Ok(2));
    let self_hosted = workflow(&on(own_workflow, "self-hosted"));
    assert_eq!(level(&self_hosted, &at_least(1)), Ok(1));
    assert_eq!(
        level(&self_hosted, &at_least(2)),
        Err((Code::LevelTooLow, "1".to_owned()))
    );
    assert_eq!(
        refused(&self_hosted, &Expectation::default(), &roots),
        Some(Code::BuilderNotPinned)
    );
}

#[test]
fn what_follows_a_version_in_a_tag_is_no_version() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for (tag, wanted, expected) in [
        ("v2.0.0-snapshot-1", "v1", Some(Code::VersionedTagMismatch)),
        ("2.0.0-nightly-1.26.14", "1.26.14", Some(Code::VersionedTagMismatch)),
        ("v1.2.3-x86_64", "v64", Some(Code::VersionedTagMismatch)),
        ("v2.0.0-rc1-fix/1", "v1", Some(Code::VersionedTagMismatch)),
        ("release-3.1", "v3.1", None),
        ("foo-v1.2.3", "1.2.3", None),
    ] {
        let identity = Identity::slsa_generator("acme/foo").tag(tag);
        let evidence = own(&sigstore, &identity, &slsa_v02(&identity, &subjects()));
        let expectation = Expectation {
            versioned_tag: Some(wanted.to_owned()),
            ..pinned("acme/foo")
        };
        assert_eq!(refused(&evidence, &expectation, &roots), expected, "{tag}");
    }
}

#[test]
fn an_account_is_not_the_declared_repository() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let google = provider(
        "https://accounts.google.com",
        San::Email("anyone@mail.example".to_owned()),
        &[],
    );
    let evidence = parse_json(&published(&sigstore, &google));
    let declared = Expectation {
        declared: "acme/foo".parse().ok(),
        ..Expectation::default()
    };
    let refusals = judge(&wheel(), &evidence, &declared, &roots).unwrap_err();
    assert_eq!(refusals[0].code, Code::RepositoryDiffersFromDeclared);
    assert_eq!(refusals[0].expected.as_deref(), Some("github.com/acme/foo"));
    assert_eq!(
        refusals[0].found.as_deref(),
        Some("anyone@mail.example, which proves no repository")
    );
    // No pin would help, so none is proposed.
    assert_eq!(refusals[0].hint, None);
    let require_pin = Expectation {
        require_pin: true,
        ..Expectation::default()
    };
    let refusals = judge(&wheel(), &evidence, &require_pin, &roots).unwrap_err();
    assert_eq!(
        (refusals[0].code, &refusals[0].hint),
        (Code::RepositoryNotPinned, &None)
    );
    assert_eq!(refused(&evidence, &Expectation::default(), &roots), None);
    for (repository, expected) in [
        ("acme/foo", None),
        ("evil/foo", Some(Code::RepositoryDiffersFromDeclared)),
    ] {
        let evidence = parse_json(&published(&sigstore, &Identity::github(repository)));
        assert_eq!(refused(&evidence, &declared, &roots), expected);
    }
}

#[test]
fn the_generators_name_has_one_spelling() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let pin = pinned("acme/foo");
    for (owner, expected) in [
        ("slsa-framework/slsa-github-generator", None),
        ("SLSA-Framework/slsa-github-generator", Some(Code::BuilderUntrusted)),
        ("slsa-framework/SLSA-github-generator", Some(Code::BuilderUntrusted)),
    ] {
        let name = format!("https://github.com/{owner}/.github/workflows/generator_generic_slsa3.yml");
        let identity = Identity::github("acme/foo").builder(&name, "refs/tags/v2.0.0");
        let generated = own(&sigstore, &identity, &slsa_v02(&identity, &subjects()));
        assert_eq!(refused(&generated, &pin, &roots), expected, "{owner}");
        // In no spelling may it write what a workflow attests of itself.
        let attested = own(&sigstore, &identity, &slsa_v1(&identity, &subjects()));
        let expected = expected.or(Some(Code::BuildTypeUnknown));
        assert_eq!(refused(&attested, &pin, &roots), expected, "{owner}");
    }
    // Other builders are listed by people, whose spelling of an owner is as good as GitHub's.
    let identity = Identity::github("acme/foo").builder(TRW, "refs/tags/v1.0.0");
    let evidence = own(&sigstore, &identity, &slsa_v1(&identity, &subjects()));
    let mut listed = pin;
    listed
        .trusted_builders
        .add(TRW.replace("acme", "Acme").parse().unwrap());
    assert_eq!(refused(&evidence, &listed, &roots), None);
}

#[test]
fn a_delegator_does_not_speak_for_the_other_generators() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let identity =
        Identity::github("acme/foo").builder(&format!("{GENERATOR}delegator_generic_slsa3.yml"), "refs/tags/v2.0.0");
    let naming = |id: &str| {
        let mut statement = slsa_v1(&identity, &subjects());
        statement["predicate"]["runDetails"]["builder"]["id"] = id.into();
        statement["predicate"]["buildDefinition"]["buildType"] =
            "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0".into();
        own(&sigstore, &identity, &statement)
    };
    assert_eq!(
        refused(&naming(&identity.signer_url()), &pinned("acme/foo"), &roots),
        None
    );
    for path in [
        GENERATOR.to_owned(),
        GENERATOR.replace("slsa-framework", "SLSA-Framework"),
    ] {
        for file in [
            "generator_generic_slsa3.yml@refs/tags/v9.9.9",
            "generator_generic_slsa3.yml@refs/tags/v2.0.0",
            "delegator_generic_slsa3.yml@refs/tags/v2.0.1",
            "other.yml@refs/tags/v2.0.0",
        ] {
            let id = format!("{path}{file}");
            let mut asked_for = pinned("acme/foo");
            asked_for.builder = id.replace("refs/tags/", "").parse().ok();
            assert!(asked_for.builder.is_some());
            for expectation in [asked_for, pinned("acme/foo")] {
                let found = refused(&naming(&id), &expectation, &roots);
                assert_eq!(found, Some(Code::PredicateMismatch), "{id}");
            }
        }
    }
}

#[test]
fn a_workflow_of_the_source_repository_is_no_third_party_however_trusted() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let workflow = "https://github.com/acme/foo/.github/workflows/release.yml";
    let identity = Identity::github("acme/foo").trigger("workflow_dispatch");
    let mut statement = slsa_v1(&identity, &subjects());
    statement["predicate"]["buildDefinition"]["internalParameters"]["GITHUB_EVENT_PAYLOAD"] =
        json!({"base_ref": "refs/heads/main", "inputs": {"k": "v"}});
    let listed = |builder: &str| {
        let mut expectation = pinned("acme/foo");
        expectation.trusted_builders.add(builder.parse().unwrap());
        expectation.builder = builder.parse().ok();
        expectation
    };
    let evidence = own(&sigstore, &identity, &statement);
    let verified = judge(&wheel(), &evidence, &listed(workflow), &roots).unwrap();
    assert_eq!(attested(&verified).build_level, 2);
    let unmet: [(Change, Code); 3] = [
        (|e| e.minimum_level = Some(3), Code::LevelTooLow),
        (|e| e.source_branch = Some("main".to_owned()), Code::BranchMismatch),
        (
            |e| {
                e.workflow_inputs.insert("k".to_owned(), "v".to_owned());
            },
            Code::WorkflowInputMismatch,
        ),
    ];
    for (change, expected) in unmet {
        let mut expectation = listed(workflow);
        change(&mut expectation);
        assert_eq!(refused(&evidence, &expectation, &roots), Some(expected));
    }
    // Another repository's workflow at the same release is one.
    let identity = identity.builder(TRW, "refs/tags/v1.0.0");
    statement["predicate"]["runDetails"]["builder"]["id"] = identity.signer_url().into();
    let evidence = own(&sigstore, &identity, &statement);
    let verified = judge(&wheel(), &evidence, &listed(TRW), &roots).unwrap();
    assert_eq!(attested(&verified).build_level, 3);
    // Nor does a delegator make the source repository's own builder another party.
    let own_builder = format!("{workflow}@refs/tags/v1.0.0");
    let identity =
        Identity::github("acme/foo").builder(&format!("{GENERATOR}delegator_generic_slsa3.yml"), "refs/tags/v2.0.0");
    let mut statement = slsa_v1(&identity, &subjects());
    statement["predicate"]["runDetails"]["builder"]["id"] = own_builder.into();
    statement["predicate"]["buildDefinition"]["buildType"] =
        "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0".into();
    let evidence = own(&sigstore, &identity, &statement);
    let verified = judge(&wheel(), &evidence, &listed(workflow), &roots).unwrap();
    assert_eq!(attested(&verified).build_level, 2);
}

#[test]
fn what_a_workflow_says_of_itself_has_its_claim() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let identity = Identity::github("acme/foo");
    let good = slsa_v1(&identity, &subjects());
    let judged = |identity: &Identity, pointer: &str, key: &str, value: Option<&str>| {
        let mut statement = good.clone();
        let object = statement.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(key.to_owned(), value.into()),
            None => object.remove(key),
        };
        refused(&own(&sigstore, identity, &statement), &pinned("acme/foo"), &roots)
    };
    let run = identity.run_url();
    let metadata = "/predicate/runDetails/metadata";
    assert_eq!(judged(&identity, metadata, "invocationId", Some(&run)), None);
    assert_eq!(judged(&identity, metadata, "invocationId", None), None);
    for forged in [
        "https://evil.example/run",
        "https://github.com/evil/evil/actions/runs/11243052988/attempts/1",
        "https://github.com/ACME/foo/actions/runs/11243052988/attempts/1",
        "https://github.com/acme/foo/actions/runs/11243052988/attempts/1/",
        "11243052988-1",
    ] {
        let found = judged(&identity, metadata, "invocationId", Some(forged));
        assert_eq!(found, Some(Code::PredicateMismatch), "{forged}");
    }
    let workflow = "/predicate/buildDefinition/externalParameters/workflow";
    let unclaimed = identity.clone().without_claim(18);
    for path in [".github/workflows/release.yml", ".github/workflows/forged.yml"] {
        let found = judged(&unclaimed, workflow, "path", Some(path));
        assert_eq!(found, Some(Code::ClaimMissing), "{path}");
    }
    let other = Some(".github/workflows/forged.yml");
    assert_eq!(
        judged(&identity, workflow, "path", other),
        Some(Code::PredicateMismatch)
    );
    // A spelling of the repository, or no path at all, that would leave the workflow uncompared.
    for (key, value) in [("path", None), ("repository", Some("acme/foo"))] {
        let found = judged(&identity, workflow, key, value);
        assert_eq!(found, Some(Code::PredicateFieldMissing), "{key}");
    }
    let internal = "/predicate/buildDefinition/internalParameters";
    let sha = identity.sha.clone();
    let commit = |identity: &Identity, sha: &str| judged(identity, internal, "GITHUB_WORKFLOW_SHA", Some(sha));
    assert_eq!(commit(&identity, &sha), None);
    assert_eq!(commit(&identity, &"0".repeat(40)), Some(Code::PredicateMismatch));
    assert_eq!(
        commit(&identity.clone().without_claim(19), &sha),
        Some(Code::ClaimMissing)
    );
    // Every other field whose claim is absent; the builder's identity and commit are not among them.
    for number in [11, 13, 14, 15, 17, 18, 20, 21] {
        let older = match number {
            13 => 3,
            14 => 6,
            _ => 2,
        };
        let identity = identity.clone().without_claim(number).without_claim(older);
        let found = refused(&own(&sigstore, &identity, &good), &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(Code::ClaimMissing), "1.{number}");
    }
}

#[test]
fn a_tag_may_hold_an_at_sign() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let expectation = Expectation {
        reference: Some("refs/tags/foo@v1.0.0".to_owned()),
        source_tag: Some("foo@v1.0.0".to_owned()),
        versioned_tag: Some("1.0.0".to_owned()),
        workflow: Some("release.yml".to_owned()),
        ..pinned("acme/foo")
    };
    let judged = |tag: &str| {
        let generator = Identity::slsa_generator("acme/foo").tag(tag);
        let workflow = Identity::github("acme/foo").tag(tag);
        [
            (&generator, slsa_v02(&generator, &subjects())),
            (&workflow, slsa_v1(&workflow, &subjects())),
            (&workflow, publish(&subjects())),
        ]
        .map(|(identity, statement)| refused(&own(&sigstore, identity, &statement), &expectation, &roots))
    };
    assert_eq!(judged("foo@v1.0.0"), [None; 3]);
    assert_eq!(judged("bar@v1.0.0"), [Some(Code::RefMismatch); 3]);
    assert_eq!(judged("foo@v1.0.1"), [Some(Code::RefMismatch); 3]);
    // GitLab's pipelines, and the publisher beside an attestation.
    let pipeline = "https://gitlab.com/acme/foo//.gitlab-ci.yml@refs/tags/foo@v1.0.0";
    let gitlab = provider("https://gitlab.com", San::Uri(pipeline.to_owned()), &[3, 6, 13, 14]);
    let gitlab = gitlab
        .tag("foo@v1.0.0")
        .claim(12, "https://gitlab.com/acme/foo")
        .claim(18, pipeline);
    let evidence = parse_json(&published(&sigstore, &gitlab));
    assert_eq!(refused(&evidence, &pinned("gitlab.com/acme/foo"), &roots), None);
    let signed = Identity::github("acme/foo").tag("foo@v1.0.0");
    let attestation = published(&sigstore, &signed);
    for (workflow, expected) in [
        ("release.yml", None),
        ("release.yml@refs/tags/foo", Some(Code::PublisherMismatch)),
    ] {
        let publisher = json!({"kind": "GitHub", "repository": "acme/foo", "workflow": workflow, "environment": null});
        let found = refused(&beside(&publisher, &attestation), &pinned("acme/foo"), &roots);
        assert_eq!(found, expected, "{workflow}");
    }
    // The predicate's source is still compared as a whole.
    for source in [
        "git+https://github.com/acme/foo@v1.0.0",
        "git+https://github.com/acme/foo@refs/tags/foo",
        "git+https://github.com/acme/foo@refs/tags/foo@v1.0.1",
        "git+https://github.com/acme/foo@x@refs/tags/foo@v1.0.0",
    ] {
        let mut statement = slsa_v1(&signed, &subjects());
        statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["uri"] = source.into();
        let found = refused(&own(&sigstore, &signed, &statement), &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(Code::PredicateMismatch), "{source}");
    }
    // No tag makes an identity a release of a trusted builder.
    for (reference, expected) in [
        ("refs/tags/x@v2.0.0", Code::BuilderRefUnreleased),
        ("refs/tags/v2.0.0@v2.0.0", Code::BuilderRefUnreleased),
        ("refs/heads/refs/tags/v2.0.0", Code::BuilderRefUnreleased),
        ("refs/tags/x@refs/tags/v2.0.0", Code::BuilderUntrusted),
        ("x@refs/tags/v2.0.0", Code::BuilderUntrusted),
    ] {
        let name = format!("{GENERATOR}generator_generic_slsa3.yml");
        let identity = Identity::github("acme/foo").builder(&name, reference);
        let evidence = own(&sigstore, &identity, &slsa_v02(&identity, &subjects()));
        let found = refused(&evidence, &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(expected), "{reference}");
    }
}

#[test]
fn hints_can_be_pasted() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let hint_for = |identity: &Identity, statement: &Value| {
        let evidence = own(&sigstore, identity, statement);
        let refusals = judge(&wheel(), &evidence, &pinned("acme/foo"), &roots).unwrap_err();
        assert_eq!(refusals[0].code, Code::BuilderUntrusted);
        refusals[0].hint.clone()
    };
    let toml = |hint: Option<String>| hint.map(|hint| hint.split_once('\n').unwrap().1.to_owned());
    let line = format!("[defaults]\nbuilders = [\"{TRW}\"]");
    for (name, expected) in [
        (TRW.to_owned(), Some(line)),
        (format!("{TRW}\"]\nbuilders = [\"evil/ci/.github/workflows/x.yml"), None),
        (format!("{TRW}\u{1b}[2J"), None),
        (format!("{TRW}\u{202e}"), None),
        (format!("{TRW}@x"), None),
    ] {
        let identity = Identity::github("acme/foo").builder(&name, "refs/tags/v1.0.0");
        // A certificate's URI is ASCII.
        if name.is_ascii() {
            let hint = hint_for(&identity, &slsa_v1(&identity, &subjects()));
            assert_eq!(toml(hint), expected, "{name:?}");
        }
        // The same by the word of a delegator.
        let id = identity.signer_url();
        let delegator = format!("{GENERATOR}delegator_generic_slsa3.yml");
        let identity = Identity::github("acme/foo").builder(&delegator, "refs/tags/v2.0.0");
        let mut statement = slsa_v1(&identity, &subjects());
        statement["predicate"]["runDetails"]["builder"]["id"] = id.into();
        assert_eq!(toml(hint_for(&identity, &statement)), expected, "{name:?}");
    }
}
