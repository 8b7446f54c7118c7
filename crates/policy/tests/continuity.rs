//! Properties of the comparison: every identity continues itself, what one continues it keeps, and any one thing that is lost is
//! a break. The cases are the same in every run.

#![allow(clippy::unwrap_used, reason = "the functions that tests share fail like the tests")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slsa_pip_policy::continuity::compare;
use slsa_pip_policy::{Break, EvidenceKind, Identity, Provider};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    }
}

fn maybe(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
}

/// Few values of each field, so that two of them are often alike.
fn identity() -> impl Strategy<Value = Identity> {
    let who = (
        prop::sample::select(&[Provider::GitHub, Provider::GitLab, Provider::Google, Provider::CircleCi][..]),
        (any::<bool>(), 0_u8..4),
        maybe(&[
            "github.com/acme/rocket",
            "github.com/ACME/rocket",
            "github.com/evil/rocket",
        ]),
        maybe(&["1", "2"]),
        maybe(&["1", "2"]),
        maybe(&["a@x.example", "b@x.example"]),
    );
    let how = (
        maybe(&[".github/workflows/a.yml", ".github/workflows/b.yml"]),
        maybe(&[
            "https://github.com/o/b/.github/workflows/x.yml",
            "https://github.com/O/b/.github/workflows/x.yml",
            "x",
        ]),
        maybe(&[
            "refs/tags/v1.9.0",
            "refs/tags/v1.10.0",
            "refs/heads/main",
            "refs/tags/latest",
        ]),
        maybe(&["refs/tags/v1", "refs/heads/main"]),
        maybe(&["push", "pull_request", "pull_request_target"]),
        maybe(&["release", "pypi"]),
        maybe(&["github-hosted", "self-hosted"]),
    );
    (who, how).prop_map(|(who, how)| Identity {
        provider: who.0,
        kind: if who.1.0 {
            EvidenceKind::Build
        } else {
            EvidenceKind::Publish
        },
        level: who.1.1,
        repository: who.2.map(|text| text.parse().unwrap()),
        repository_id: who.3,
        owner_id: who.4,
        account: who.5,
        workflow: how.0,
        builder: how.1,
        builder_ref: how.2,
        reference: how.3,
        trigger: how.4,
        environment: how.5,
        runner_environment: how.6,
    })
}

type Field = fn(&mut Identity) -> &mut Option<String>;

/// Each of the ways to be less than an identity, where it has something to lose.
fn weakened(identity: &Identity) -> Vec<Identity> {
    let mut all = Vec::new();
    let mut add = |has: bool, change: &dyn Fn(&mut Identity)| {
        if has {
            let mut weaker = identity.clone();
            change(&mut weaker);
            all.push(weaker);
        }
    };
    let other = || Some("other".to_owned());
    add(identity.kind == EvidenceKind::Build, &|it| {
        it.kind = EvidenceKind::Publish;
    });
    add(identity.level > 0, &|it| it.level -= 1);
    add(identity.repository.is_some(), &|it| it.repository = None);
    add(identity.repository.is_some(), &|it| {
        it.repository = Some("github.com/acme/rocket2".parse().unwrap());
    });
    let fields: [Field; 7] = [
        |it| &mut it.repository_id,
        |it| &mut it.owner_id,
        |it| &mut it.account,
        |it| &mut it.workflow,
        |it| &mut it.builder,
        |it| &mut it.builder_ref,
        |it| &mut it.environment,
    ];
    for field in fields {
        let has = field(&mut identity.clone()).is_some();
        add(has, &|it| *field(it) = None);
        add(has, &|it| *field(it) = other());
    }
    let hosted = identity.runner_environment.as_deref() == Some("github-hosted");
    add(hosted, &|it| it.runner_environment = None);
    add(hosted, &|it| it.runner_environment = Some("self-hosted".to_owned()));
    let tag = identity.reference.as_deref() == Some("refs/tags/v1");
    add(tag, &|it| it.reference = Some("refs/heads/v1".to_owned()));
    add(tag, &|it| it.reference = None);
    let pull = identity
        .trigger
        .as_deref()
        .is_some_and(|event| event.starts_with("pull_request"));
    add(!pull, &|it| it.trigger = Some("pull_request_target".to_owned()));
    for provider in [Provider::GitHub, Provider::GitLab, Provider::Google, Provider::CircleCi] {
        add(provider != identity.provider, &|it| it.provider = provider);
    }
    all
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_identity_continues_itself(it in identity(), older: bool) {
        prop_assert_eq!(compare(&it, &it, older), Ok(()));
    }

    #[test]
    fn any_single_weakening_is_a_break(it in identity()) {
        for weaker in weakened(&it) {
            prop_assert!(compare(&it, &weaker, false).is_err(), "{:?}\n{:?}", it, weaker);
        }
    }

    /// A chain of accepted updates never ends below where it began.
    #[test]
    fn what_is_continued_twice_is_continued(a in identity(), b in identity(), c in identity()) {
        if compare(&a, &b, false).is_ok() && compare(&b, &c, false).is_ok() {
            prop_assert_eq!(compare(&a, &c, false), Ok(()));
        }
    }

    /// An older release may use an older builder; everything else is compared alike.
    #[test]
    fn an_older_line_differs_in_the_builders_release_alone(a in identity(), b in identity()) {
        match (compare(&a, &b, true), compare(&a, &b, false)) {
            (Ok(()), Err(found)) => prop_assert_eq!(found, Break::BuilderOlder),
            (older, newer) => prop_assert!(older == newer || newer == Err(Break::BuilderOlder)),
        }
    }
}
