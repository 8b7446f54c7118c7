//! `slsa-pip verify` in slsa-verifier's language, on provenance signed here (rules D3, E1 to E5).

use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, Signed};

use crate::support::{Run, Scene};

const GENERIC: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

/// A file `rocket.bin` and whatever provenance a test signs for it.
pub(crate) struct Desk {
    pub(crate) scene: Scene,
    pub(crate) subjects: Vec<Subject>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let scene = Scene::of([]);
        scene.write("rocket.bin", "the rocket's bytes");
        Self {
            scene,
            subjects: vec![Subject::of("rocket.bin", b"the rocket's bytes")],
        }
    }

    pub(crate) fn sign(&self, identity: &Identity, statement: &Value) -> Signed {
        let sigstore = &self.scene.world.sigstore;
        sigstore.sign_statement(identity, statement, SigningOptions::default())
    }

    /// `slsa-pip verify rocket.bin` with the identity's generator provenance, changed by `edit`.
    pub(crate) fn built(&self, identity: &Identity, edit: impl FnOnce(&mut Value)) -> Bench<'_> {
        let mut statement = slsa_v02(identity, &self.subjects);
        edit(&mut statement);
        self.bench(&self.sign(identity, &statement))
    }

    pub(crate) fn bench(&self, signed: &Signed) -> Bench<'_> {
        self.scene
            .write("rocket.intoto.jsonl", &signed.bundle_v03().to_string());
        Bench(self)
    }
}

pub(crate) struct Bench<'a>(&'a Desk);

impl Bench<'_> {
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.0.scene.command(&["verify", "--offline", "--provenance-path"]);
        command.arg("rocket.intoto.jsonl").args(words);
        command
    }

    /// The codes of the refusals; none where it is verified.
    #[track_caller]
    pub(crate) fn codes(&self, words: &[&str]) -> Vec<String> {
        let run = Run::of(self.command(&["rocket.bin", "--format", "json"]).args(words));
        let codes = run.codes();
        run.exits(i32::from(!codes.is_empty()));
        codes
    }

    #[track_caller]
    fn passes(&self, words: &[&str]) {
        assert_eq!(self.codes(words), Vec::<String>::new(), "{words:?}");
    }

    #[track_caller]
    fn refuses(&self, words: &[&str], code: &str) {
        assert_eq!(self.codes(words), [code], "{words:?}");
    }
}

pub(crate) fn generator() -> Identity {
    Identity::slsa_generator("acme/rocket")
}

#[test]
fn a_source_repository_has_many_spellings_and_no_other_passes() {
    let desk = Desk::new();
    let bench = desk.built(&generator(), |_| {});
    for spelling in [
        "github.com/acme/rocket",
        "https://github.com/acme/rocket",
        "https://github.com/acme/rocket.git",
        "https://github.com/acme/rocket/",
        "git+https://github.com/acme/rocket",
        "git@github.com:acme/rocket.git",
        "acme/rocket",
        "ACME/Rocket",
    ] {
        bench.passes(&["--source-uri", spelling]);
    }
    for other in ["acme/rocket2", "evil/rocket", "gitlab.com/acme/rocket"] {
        bench.refuses(&["--source-uri", other], "repository-mismatch");
    }
    for bad in [
        "rocket",
        "",
        "https://user:secret@github.com/acme/rocket",
        "acme/rocket@v1",
    ] {
        let run = Run::of(&mut bench.command(&["rocket.bin", "--source-uri", bad]))
            .exits(2)
            .says("`--source-uri` takes a source repository");
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
}

#[test]
fn tags_are_compared_exactly_and_versions_by_their_components() {
    let desk = Desk::new();
    for (tag, passing, refused) in [
        (
            "v14.2.0",
            vec!["v14", "v14.2", "14.2.0", "v14.2.0"],
            vec!["v1", "v14.3", "v14.2.1", "v14.2.0rc1"],
        ),
        (
            "1.26.14",
            vec!["1", "1.26", "1.26.14", "v1.26.14"],
            vec!["1.26.1", "1.27", "1.26.14.1"],
        ),
        (
            "release-3.1",
            vec!["3", "3.1", "release-3.1", "v3.1.0"],
            vec!["3.2", "1", "release-3.1.1"],
        ),
        (
            "2.0.0rc1",
            vec!["2.0.0rc1", "v2.0.0-rc.1"],
            vec!["2", "2.0", "2.0.0", "2.0.0rc2"],
        ),
        ("v1!2.0", vec!["1!2", "1!2.0"], vec!["2.0", "2", "2!2.0"]),
        (
            "v1.0+cpu.1",
            vec!["1.0+cpu.1", "1.0+cpu-1"],
            vec!["1.0", "1", "1.0+cpu.2"],
        ),
        (
            "rocket@v1.0.post2",
            vec!["rocket-1.0.post2"],
            vec!["1.0.post2", "rocket@1.0", "rocket@1", "rocket@1.0.post1"],
        ),
    ] {
        let bench = desk.built(&generator().tag(tag), |_| {});
        bench.passes(&["--source-tag", tag]);
        bench.refuses(&["--source-tag", &format!("{tag}.0")], "tag-mismatch");
        for version in passing {
            bench.passes(&["--source-versioned-tag", version]);
        }
        for version in refused {
            bench.refuses(&["--source-versioned-tag", version], "versioned-tag-mismatch");
        }
    }
    let bench = desk.built(&generator().reference("refs/heads/v14.2.0"), |_| {});
    bench.refuses(&["--source-tag", "v14.2.0"], "not-a-tag");
    bench.refuses(&["--source-versioned-tag", "v14"], "not-a-tag");
    Run::of(&mut bench.command(&["rocket.bin", "--source-tag", "v1", "--source-versioned-tag", "v1"])).exits(2);
}

#[test]
fn the_branch_is_the_refs_or_what_the_trusted_builder_says_of_the_tag() {
    let desk = Desk::new();
    let on_branch = desk.built(&generator().reference("refs/heads/main"), |_| {});
    on_branch.passes(&["--source-branch", "main"]);
    on_branch.refuses(&["--source-branch", "mai"], "branch-mismatch");

    let environment = "/predicate/invocation/environment";
    let with = |event: &str, payload: Value, base_ref: &str| {
        desk.built(&generator().trigger(event), |statement| {
            let environment = statement.pointer_mut(environment).unwrap();
            environment["github_event_payload"] = payload;
            environment["github_base_ref"] = base_ref.into();
        });
        Bench(&desk)
    };
    let release = json!({"release": {"target_commitish": "stable"}});
    let push = json!({"base_ref": "refs/heads/stable"});
    for (event, payload, base_ref) in [
        ("release", &release, ""),
        ("push", &push, ""),
        ("pull_request", &Value::Null, "stable"),
    ] {
        let bench = with(event, payload.clone(), base_ref);
        bench.passes(&["--source-branch", "stable"]);
        bench.passes(&["--source-branch", "stable", "--source-tag", "v1.0.0"]);
        bench.refuses(&["--source-branch", "stable", "--source-tag", "v2"], "tag-mismatch");
        bench.refuses(&["--source-branch", "main"], "branch-mismatch");
    }
    for (event, payload) in [
        ("push", &release),
        ("release", &push),
        ("repository_dispatch", &release),
    ] {
        with(event, payload.clone(), "").refuses(&["--source-branch", "stable"], "branch-mismatch");
    }
    // The repository's own workflow could write any branch, so nothing it says of its tag counts.
    let own = Identity::github("acme/rocket");
    let mut statement = slsa_v1(&own, &desk.subjects);
    statement["predicate"]["buildDefinition"]["internalParameters"]["GITHUB_BASE_REF"] = "stable".into();
    desk.bench(&desk.sign(&own, &statement)).refuses(
        &["--source-uri", "acme/rocket", "--source-branch", "stable"],
        "branch-mismatch",
    );
}

#[test]
fn a_builder_is_named_with_or_without_its_release() {
    let desk = Desk::new();
    let bench = desk.built(&generator(), |_| {});
    for name in [
        GENERIC.to_owned(),
        format!("{GENERIC}@v2.0.0"),
        format!("{GENERIC}@refs/tags/v2.0.0"),
    ] {
        bench.passes(&["--builder-id", &name]);
    }
    for name in [
        format!("{GENERIC}@v2.0.1"),
        GENERIC.replace("generator_generic", "builder_go"),
        "https://github.com/acme/rocket/.github/workflows/release.yml".to_owned(),
    ] {
        bench.refuses(&["--builder-id", &name], "builder-mismatch");
    }
    for (name, why) in [
        (format!("{GENERIC}@v2.0.0@v2.0.0"), "more than one `@`"),
        (format!("{GENERIC}@"), "an empty ref"),
        ("@v2.0.0".to_owned(), "name is empty"),
        (
            GENERIC.replace("github.com", "gitlab.com"),
            "only workflows on `https://github.com`",
        ),
        (
            GENERIC.replace("https", "http"),
            "only workflows on `https://github.com`",
        ),
        (format!("{GENERIC}@main"), "a full release tag"),
        (format!("{GENERIC}@v2"), "a full release tag"),
        (
            "https://github.com/acme/rocket".to_owned(),
            "OWNER/REPO/.github/workflows",
        ),
    ] {
        Run::of(&mut bench.command(&["rocket.bin", "--builder-id", &name]))
            .exits(2)
            .says("`--builder-id` takes a builder")
            .says(why);
    }
    // The reusable workflow of somebody else is trusted by whom names it, and by nobody else.
    let elsewhere = "https://github.com/acme/ci/.github/workflows/build.yml";
    let identity = Identity::github("acme/rocket").builder(elsewhere, "refs/tags/v1.2.3");
    let mut statement = slsa_v1(&identity, &desk.subjects);
    statement["predicate"]["runDetails"]["builder"]["id"] = format!("{elsewhere}@refs/tags/v1.2.3").into();
    let bench = desk.bench(&desk.sign(&identity, &statement));
    bench.passes(&["--builder-id", elsewhere]);
    bench.passes(&["--builder-id", &format!("{elsewhere}@v1.2.3")]);
    bench.refuses(
        &["--builder-id", &format!("{elsewhere}@v1.2.4")],
        "builder-ref-unreleased",
    );
    bench.refuses(&["--source-uri", "acme/rocket"], "builder-untrusted");
}

#[test]
fn inputs_count_on_a_trusted_builders_word_only() {
    let desk = Desk::new();
    let dispatched = |identity: Identity| {
        desk.built(&identity, |statement| {
            let inputs = json!({"inputs": {"release": "true", "level": 3, "url": "a=b"}});
            statement["predicate"]["invocation"]["environment"]["github_event_payload"] = inputs;
        });
        Bench(&desk)
    };
    let bench = dispatched(generator().trigger("workflow_dispatch"));
    bench.passes(&["--build-workflow-input", "release=true"]);
    bench.passes(&[
        "--build-workflow-input",
        "release=true",
        "--build-workflow-input",
        "url=a=b",
    ]);
    for input in ["release=false", "release=", "absent=true", "level=3", "Release=true"] {
        bench.refuses(
            &["--build-workflow-input", "url=a=b", "--build-workflow-input", input],
            "workflow-input-mismatch",
        );
    }
    dispatched(generator()).refuses(&["--build-workflow-input", "release=true"], "workflow-input-mismatch");
    let own = Identity::github("acme/rocket").trigger("workflow_dispatch");
    let mut statement = slsa_v1(&own, &desk.subjects);
    statement["predicate"]["buildDefinition"]["internalParameters"]["GITHUB_EVENT_PAYLOAD"] =
        json!({"inputs": {"release": "true"}});
    desk.bench(&desk.sign(&own, &statement)).refuses(
        &["--source-uri", "acme/rocket", "--build-workflow-input", "release=true"],
        "workflow-input-mismatch",
    );
    for (words, why) in [
        (vec!["--build-workflow-input", "release"], "is not KEY=VALUE"),
        (vec!["--build-workflow-input", "=true"], "is not KEY=VALUE"),
        (
            vec!["--build-workflow-input", "a=1", "--build-workflow-input", "a=1"],
            "a second time",
        ),
    ] {
        Run::of(bench.command(&["rocket.bin"]).args(words)).exits(2).says(why);
    }
}

#[test]
fn an_own_workflow_passes_for_a_named_repository_and_its_sources_are_written_in_full() {
    let desk = Desk::new();
    let own = Identity::github("acme/rocket");
    let good = slsa_v1(&own, &desk.subjects);
    let bench = desk.bench(&desk.sign(&own, &good));
    bench.refuses(&[], "builder-not-pinned");
    bench.passes(&["--source-uri", "acme/rocket"]);
    let source = "/predicate/buildDefinition/resolvedDependencies/0/uri";
    for written in [
        "acme/rocket",
        "github.com/acme/rocket",
        "https://github.com/acme/rocket",
        "git@github.com:acme/rocket.git",
        "git+https://github.com/acme/rocket",
        "https://github.com/acme/rocket@refs/tags/v1.0.0",
        "git+ssh://git@github.com/acme/rocket@refs/tags/v1.0.0",
        "git+https://github.com/acme/rocket@refs/tags/v1.0.1",
        "git+https://github.com/acme/rocket2@refs/tags/v1.0.0",
    ] {
        let mut statement = good.clone();
        *statement.pointer_mut(source).unwrap() = written.into();
        desk.bench(&desk.sign(&own, &statement))
            .refuses(&["--source-uri", "acme/rocket"], "predicate-mismatch");
    }
    for pointer in ["/predicate/materials/0/uri", "/predicate/invocation/configSource/uri"] {
        for written in ["acme/rocket", "git+https://github.com/acme/rocket"] {
            desk.built(&generator(), |statement| {
                *statement.pointer_mut(pointer).unwrap() = written.into();
            })
            .refuses(&[], "predicate-mismatch");
        }
    }
}

#[test]
fn who_built_it_must_be_as_the_rules_say() {
    let desk = Desk::new();
    let refuses = |identity: &Identity, edit: &dyn Fn(&mut Value), code: &str| {
        desk.built(identity, edit).refuses(&[], code);
    };
    let as_it_is = |_: &mut Value| {};
    // D1
    let elsewhere = generator()
        .claim(1, "https://evil.example")
        .claim(8, "https://evil.example");
    refuses(&elsewhere, &as_it_is, "issuer-unexpected");
    for (claim, value) in [
        (1, "https://evil.example"),
        (2, "release"),
        (3, "0"),
        (5, "evil/rocket"),
        (6, "refs/tags/v2"),
    ] {
        refuses(&generator().claim(claim, value), &as_it_is, "claims-inconsistent");
    }
    // D2
    for reference in [
        "refs/heads/main",
        "refs/tags/v2",
        "refs/tags/v2.0",
        "refs/tags/2.0.0",
        "refs/tags/v2.0.0-rc.1",
        "refs/tags/v2.0.0+build",
        "refs/tags/v02.0.0",
        "5a775b367a56d5bd118a224a811bba288150a563",
    ] {
        let identity = Identity::github("acme/rocket").builder(GENERIC, reference);
        refuses(&identity, &as_it_is, "builder-ref-unreleased");
    }
    for name in [
        GENERIC.replace("generator_generic", "generator_other"),
        GENERIC.replace("slsa-framework", "evil"),
    ] {
        let identity = Identity::github("acme/rocket").builder(&name, "refs/tags/v2.0.0");
        refuses(&identity, &as_it_is, "builder-untrusted");
    }
    // D5
    let builder_id = |id: Value| move |statement: &mut Value| statement["predicate"]["builder"]["id"] = id.clone();
    refuses(&generator(), &builder_id(Value::Null), "predicate-field-missing");
    for id in [format!("{GENERIC}@refs/tags/v2.0.1"), GENERIC.to_owned()] {
        refuses(&generator(), &builder_id(id.into()), "predicate-mismatch");
    }
    let build_type = |statement: &mut Value| {
        let go = "https://github.com/slsa-framework/slsa-github-generator/go@v1";
        statement["predicate"]["buildType"] = go.into();
    };
    refuses(&generator(), &build_type, "build-type-unknown");
    let trigger = |statement: &mut Value| {
        let other = "git+https://github.com/acme/rocket@refs/tags/v1.0.1";
        statement["predicate"]["invocation"]["configSource"]["uri"] = other.into();
    };
    refuses(&generator(), &trigger, "predicate-mismatch");
}
