//! Refs and what a predicate says beside its claims.

use super::*;

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
fn a_branch_or_tag_that_is_called_like_a_ref_is_not_that_ref() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let judged = |reference: &str, expectation: &Expectation| {
        let identity = Identity::slsa_generator("acme/foo").reference(reference);
        let evidence = own(&sigstore, &identity, &slsa_v02(&identity, &subjects()));
        refused(&evidence, expectation, &roots)
    };
    let expected = |tag: Option<&str>, versioned: Option<&str>, branch: Option<&str>| Expectation {
        source_tag: tag.map(str::to_owned),
        versioned_tag: versioned.map(str::to_owned),
        source_branch: branch.map(str::to_owned),
        ..pinned("acme/foo")
    };
    for branch in ["main", "refs/heads/main"] {
        let main = expected(None, None, Some(branch));
        assert_eq!(judged("refs/heads/main", &main), None, "{branch}");
        let found = judged("refs/heads/refs/heads/main", &main);
        assert_eq!(found, Some(Code::BranchMismatch), "{branch}");
    }
    for tag in ["v1.2.3", "refs/tags/v1.2.3"] {
        let (exact, versioned) = (expected(Some(tag), None, None), expected(None, Some(tag), None));
        assert_eq!(judged("refs/tags/v1.2.3", &exact), None, "{tag}");
        assert_eq!(judged("refs/tags/v1.2.3", &versioned), None, "{tag}");
        let found = judged("refs/tags/refs/tags/v1.2.3", &exact);
        assert_eq!(found, Some(Code::TagMismatch), "{tag}");
        for odd in ["refs/tags/refs/tags/v1.2.3", "refs/tags/refs/heads/v1.2.3"] {
            let found = judged(odd, &versioned);
            assert_eq!(found, Some(Code::VersionedTagMismatch), "{tag} {odd}");
        }
    }
}
