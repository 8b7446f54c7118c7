//! Builders: runners, spellings, delegators, and workflows that are no third party.

use super::*;

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
    // Below a delegator a workflow may commit while it releases: its source then has no ref, and everybody else's has one.
    let source = |identity: &Identity, build_type: Option<&str>, uri: &str| {
        let mut statement = slsa_v1(identity, &subjects());
        let definition = &mut statement["predicate"]["buildDefinition"];
        definition["resolvedDependencies"][0]["uri"] = uri.into();
        if let Some(build_type) = build_type {
            definition["buildType"] = build_type.into();
        }
        refused(&own(&sigstore, identity, &statement), &pinned("acme/foo"), &roots)
    };
    let delegated = Some("https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0");
    let without_ref = "git+https://github.com/acme/foo";
    assert_eq!(source(&identity, delegated, without_ref), None);
    for other in [
        "git+https://github.com/acme/bar",
        "https://github.com/acme/foo",
        "acme/foo",
    ] {
        let found = source(&identity, delegated, other);
        assert_eq!(found, Some(Code::PredicateMismatch), "{other}");
    }
    let found = source(&Identity::github("acme/foo"), None, without_ref);
    assert_eq!(found, Some(Code::PredicateMismatch));
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
