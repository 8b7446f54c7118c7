//! Any expectation of a good document, one value a line: it is accepted only if every value that is given is met.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::SourceRepository;
use slsa_pip_fuzz::good::{WORLD, evidence};
use slsa_pip_fuzz::input::text;
use slsa_pip_policy::Expectation;
use slsa_pip_verify::{Context, verify_file};

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let mut lines = text.split('\n');
    // A generator's provenance, and a workflow's own with a deployment environment.
    let own = lines.next() == Some("own");
    let good = &WORLD.documents[if own { 3 } else { 0 }];
    let mut line = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    let repository = line().and_then(|text| text.parse::<SourceRepository>().ok());
    let expectation = Expectation {
        repositories: repository.clone().into_iter().collect(),
        pinned_by: Some("a fuzzer".to_owned()),
        repository_id: line(),
        owner_id: line(),
        reference: line(),
        source_tag: line(),
        versioned_tag: line(),
        source_branch: line(),
        workflow: line(),
        trigger: line(),
        environment: line(),
        runner_environment: line(),
        builder: line().and_then(|text| text.parse().ok()),
        ..Expectation::default()
    };
    let ctx = Context {
        roots: &WORLD.roots,
        expectation: &expectation,
        now: WORLD.now,
        package: None,
    };
    if verify_file(&good.file, &evidence(good.text.as_bytes(), &[]), &ctx).is_err() {
        return;
    }
    let tag = if own { "v2.0" } else { "v1.0.0" };
    let met = |expected: &Option<String>, claims: &[&str]| {
        let expected = expected.as_deref();
        assert!(
            expected.is_none_or(|text| claims.contains(&text)),
            "{expected:?} is not one of {claims:?}"
        );
    };
    let pinned = good.repository.as_deref().expect("a repository").parse();
    assert!(repository.is_none_or(|repository| Ok(repository) == pinned));
    met(&expectation.repository_id, &["538293197"]);
    met(&expectation.owner_id, &["3059210"]);
    met(&expectation.reference, &[&format!("refs/tags/{tag}")]);
    met(&expectation.source_tag, &[tag, &format!("refs/tags/{tag}")]);
    met(&expectation.trigger, &["push"]);
    met(&expectation.environment, if own { &["release"] } else { &[] });
    met(&expectation.runner_environment, &["github-hosted"]);
    met(&expectation.workflow, &["release.yml", ".github/workflows/release.yml"]);
    // Only a trusted builder's word about a tag's branch is taken.
    met(
        &expectation.source_branch,
        if own { &[] } else { &["main", "refs/heads/main"] },
    );
    assert!(
        expectation
            .builder
            .is_none_or(|builder| !own && builder.name.contains("generator_generic_slsa3.yml"))
    );
    let major = if own { '2' } else { '1' };
    assert!(expectation.versioned_tag.is_none_or(|version| version.contains(major)));
});
