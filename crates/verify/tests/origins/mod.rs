//! Identities that prove less than they seem to: other providers, and what follows for builders, refs and budgets.

mod bodies;
mod budgets;
mod builders;
mod refs;

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
        unpinned: slsa_pip_policy::Unpinned::Deny,
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
