use serde_json::json;
use slsa_pip_test_world::{
    AssetForm, Delivery, Evidence, Fault, Identity, Predicate, Release, Signing, Wheel, WheelBuilder, World,
};

use crate::support::{Run, Scene};

/// Where the project says that its source is.
const DECLARED: &str = "acme/rocket";
/// Where it is built and published from, as some projects do.
const BUILDS: &str = "acme/rocket-release";

fn rocket() -> WheelBuilder {
    Wheel::builder("rocket", "1.0.0").project_url("Source", "https://github.com/acme/rocket")
}

fn scene(evidence: impl IntoIterator<Item = Evidence>) -> Scene {
    Scene::of([evidence.into_iter().fold(Release::new(rocket().build()), Release::with)])
}

fn pin(repository: &str, more: &str) -> String {
    format!("[packages.rocket]\nrepository = \"github.com/{repository}\"\n{more}")
}

fn run(scene: &Scene) -> Run {
    Run::of(scene.install(&["rocket", "--dry-run", "--format", "json", "--no-cache-dir"]))
}

fn release_asset(held_by: &str, tag: &str, asset: &str, identity: Identity) -> Evidence {
    Evidence::GithubRelease {
        repository: held_by.to_owned(),
        tag: tag.to_owned(),
        asset: asset.to_owned(),
        form: AssetForm::BundleV03,
        signing: Signing::new(identity, Predicate::SlsaV02),
    }
}

fn attestation(held_by: &str, identity: Identity) -> Evidence {
    Evidence::GithubAttestation {
        repository: held_by.to_owned(),
        delivery: Delivery::Inline,
        signing: Signing::new(identity, Predicate::SlsaV1),
    }
}

/// One of these lies where the declared repository leads to, the other where the pinned one does.
fn kinds() -> [(&'static str, Evidence, Evidence); 3] {
    let builder = || Identity::slsa_generator(BUILDS);
    let own = || Identity::github(BUILDS);
    [
        ("index-integrity", Evidence::pep740(own()), Evidence::pep740(own())),
        (
            "github-release",
            release_asset(DECLARED, "v1.0.0", "multiple.intoto.jsonl", builder()),
            release_asset(BUILDS, "v1.0.0", "multiple.intoto.jsonl", builder()),
        ),
        (
            "github-attestation",
            attestation(DECLARED, own()),
            attestation(BUILDS, own()),
        ),
    ]
}

#[test]
fn another_repository_than_the_declared_one_is_refused_with_both_names() {
    for (kind, evidence, _) in kinds() {
        let scene = scene([evidence]);
        let run = run(&scene).exits(1);
        assert_eq!(run.codes(), ["repository-differs-from-declared"], "{kind}");
        let file = run.json()["files"][0].clone();
        assert_eq!(file["declared_repository"], "github.com/acme/rocket");
        let refusal = &file["refusals"][0];
        assert_eq!(refusal["expected"], "github.com/acme/rocket", "{kind}");
        assert_eq!(refusal["found"], "github.com/acme/rocket-release", "{kind}");
        assert_eq!(refusal["source"]["kind"], kind);
        Run::of(&mut scene.install(&["rocket", "--dry-run"]))
            .exits(1)
            .says("github.com/acme/rocket-release")
            .says("repository = \"github.com/acme/rocket-release\"");
    }
}

#[test]
fn a_pin_of_the_attested_repository_leads_there_and_is_shown_beside_the_declared_one() {
    for (kind, _, evidence) in kinds() {
        let scene = scene([evidence]);
        scene.write("slsa-pip.toml", &pin(BUILDS, ""));
        let report = run(&scene).exits(0).json();
        let file = &report["files"][0];
        assert_eq!(file["evidence"]["found"]["kind"], kind);
        assert_eq!(file["evidence"]["repository"], "github.com/acme/rocket-release");
        assert_eq!(file["declared_repository"], "github.com/acme/rocket");
        Run::of(&mut scene.install(&["rocket", "--dry-run"]))
            .exits(0)
            .says("github.com/acme/rocket, by the package's own metadata: another one");
        // A pin of the declared one does not let the other pass.
        scene.write("slsa-pip.toml", &pin(DECLARED, ""));
        let expected = if kind == "index-integrity" {
            "repository-mismatch"
        } else {
            "no-evidence"
        };
        assert_eq!(run(&scene).exits(1).codes(), [expected], "{kind}");
    }
}

#[test]
fn the_json_api_names_the_repository_where_the_metadata_does_not() {
    let wheel = || Wheel::builder("rocket", "1.0.0").build();
    for (info, found) in [
        (
            json!({"project_urls": {"Source Code": "https://github.com/acme/rocket/tree/main"}}),
            true,
        ),
        (
            json!({"project_urls": null, "home_page": "https://github.com/acme/rocket"}),
            true,
        ),
        (
            json!({"project_urls": {"Funding": "https://github.com/acme/rocket"}}),
            false,
        ),
        (
            json!({"project_urls": {"Source": "https://github.com/acme/other"}}),
            false,
        ),
        (json!([]), false),
    ] {
        let evidence = release_asset(
            DECLARED,
            "v1.0.0",
            "multiple.intoto.jsonl",
            Identity::slsa_generator(DECLARED),
        );
        let scene = Scene::of([Release::new(wheel()).with(evidence)]);
        scene.world.describe("rocket", "1.0.0", info.clone());
        let run = run(&scene);
        assert_eq!(scene.world.request_count("/pypi/rocket/1.0.0/json"), 1);
        if found {
            let report = run.exits(0).json();
            assert_eq!(report["files"][0]["declared_repository"], "github.com/acme/rocket");
        } else {
            assert_eq!(run.exits(1).codes(), ["no-evidence"], "{info}");
        }
    }
    // What it names is held against what the index has.
    let scene = Scene::of([Release::new(wheel()).with(Evidence::pep740(Identity::github("evil/rocket")))]);
    let info = json!({"project_urls": {"Repository": "https://github.com/acme/rocket"}});
    scene.world.describe("rocket", "1.0.0", info);
    assert_eq!(run(&scene).exits(1).codes(), ["repository-differs-from-declared"]);
}

#[test]
fn a_json_api_that_cannot_answer_refuses_nothing_and_the_report_says_so() {
    let wheel = || Wheel::builder("rocket", "1.0.0").build();
    let scene = Scene::of([Release::new(wheel()).with(Evidence::pep740(Identity::github("evil/rocket")))]);
    let info = json!({"project_urls": {"Repository": "https://github.com/acme/rocket"}});
    scene.world.describe("rocket", "1.0.0", info);
    scene
        .world
        .fault("/pypi/", Fault::Reply(500, Vec::new(), String::new()));
    // What it would have said is the uploader's word, and would have proven nothing.
    let report = run(&scene).exits(0).json();
    let file = &report["files"][0];
    assert_eq!(
        (
            &file["standing"],
            &file["declared_repository"],
            &file["declared_unknown"]
        ),
        (&json!("claimed"), &json!(null), &json!(true))
    );
    Run::of(scene.install(&["rocket", "--dry-run", "--no-cache-dir"]))
        .exits(0)
        .says("declared    not known: the index could not be asked what the package's metadata names");
    // A pin does not depend on it.
    scene.write("slsa-pip.toml", &pin(DECLARED, ""));
    assert_eq!(run(&scene).exits(1).codes(), ["repository-mismatch"]);
    // That there is no such API is an answer.
    let scene = Scene::of([Release::new(wheel()).with(Evidence::pep740(Identity::github(DECLARED)))]);
    scene
        .world
        .fault("/pypi/", Fault::Reply(404, Vec::new(), String::new()));
    let report = run(&scene).exits(0).json();
    assert!(report["files"][0].get("declared_unknown").is_none());
}

#[test]
fn a_pinned_owners_repository_is_the_one_that_the_metadata_names() {
    let evidence = || {
        release_asset(
            DECLARED,
            "v1.0.0",
            "multiple.intoto.jsonl",
            Identity::slsa_generator(DECLARED),
        )
    };
    let named = |repository: &str| {
        let url = format!("https://github.com/{repository}");
        Wheel::builder("rocket", "1.0.0").project_url("Source", &url).build()
    };
    let owner = "[packages.rocket]\nowner = \"github.com/acme\"\n";
    let scene = Scene::of([Release::new(named(DECLARED)).with(evidence())]);
    scene.write("slsa-pip.toml", owner);
    let report = run(&scene).exits(0).json();
    assert_eq!(report["files"][0]["standing"], "pinned");
    // Nobody looks for it in a repository of somebody else's, whatever the metadata says.
    let scene = Scene::of([Release::new(named("evil/rocket")).with(evidence())]);
    scene.write("slsa-pip.toml", owner);
    assert_eq!(run(&scene).exits(1).codes(), ["no-evidence"]);
    assert_eq!(scene.world.request_count("/github/evil"), 0);
    // Their own proof is theirs.
    let theirs = Evidence::pep740(Identity::github("evil/rocket"));
    let scene = Scene::of([Release::new(named("evil/rocket")).with(theirs)]);
    scene.write("slsa-pip.toml", owner);
    assert_eq!(run(&scene).exits(1).codes(), ["repository-mismatch"]);
}

#[test]
fn a_renamed_repository_is_followed_and_the_name_that_was_signed_counts() {
    let (old, new) = ("acme/rocket", "acme/starship");
    let evidence = release_asset(new, "v1.0.0", "multiple.intoto.jsonl", Identity::slsa_generator(old));
    let scene = scene([evidence]);
    let moved = format!(
        "{}/{new}/releases/download/v1.0.0/multiple.intoto.jsonl",
        scene.world.github_url()
    );
    let path = format!("/github/{old}/releases/download/v1.0.0/multiple.intoto.jsonl");
    scene.world.fault(&path, Fault::Redirect(moved.clone()));
    let report = run(&scene).exits(0).json();
    assert_eq!(report["files"][0]["evidence"]["repository"], "github.com/acme/rocket");
    // Signed under the new name, it is another repository until policy says otherwise.
    let evidence = release_asset(new, "v1.0.0", "multiple.intoto.jsonl", Identity::slsa_generator(new));
    let scene = self::scene([evidence]);
    let moved = moved.replace(&base(&moved), &scene.world.base_url);
    scene.world.fault(&path, Fault::Redirect(moved));
    assert_eq!(run(&scene).exits(1).codes(), ["repository-differs-from-declared"]);
    scene.write("slsa-pip.toml", &pin(new, ""));
    run(&scene).exits(0);
}

/// `http://127.0.0.1:PORT` of a URL.
fn base(url: &str) -> String {
    url.split("/github").next().unwrap().to_owned()
}

#[test]
fn a_repository_that_somebody_else_has_registered_again_is_told_by_its_owners_id() {
    let taken = || {
        let mut identity = Identity::slsa_generator(DECLARED);
        "666".clone_into(&mut identity.owner_id);
        identity
    };
    let asset = |identity| release_asset(DECLARED, "v1.0.0", "multiple.intoto.jsonl", identity);
    let policy = pin(DECLARED, "owner-id = \"3059210\"\n");
    let scene = scene([asset(taken())]);
    // The name alone cannot tell.
    run(&scene).exits(0);
    scene.write("slsa-pip.toml", &policy);
    assert_eq!(run(&scene).exits(1).codes(), ["owner-id-mismatch"]);
    let scene = self::scene([asset(Identity::slsa_generator(DECLARED))]);
    scene.write("slsa-pip.toml", &policy);
    run(&scene).exits(0);
}

#[test]
fn wheels_of_one_release_may_be_attested_in_two_files_the_second_without_a_tag() {
    // As MarkupSafe's: later wheels were built from a branch, and their proof was added to the release by another name.
    let branch = Identity::slsa_generator(DECLARED).reference("refs/heads/main");
    let other = Wheel::builder("rocket", "1.0.0").build_number("1").build();
    let of_another = Signing {
        subjects: Some(vec![slsa_pip_test_world::statement::Subject::of(
            &other.filename,
            &other.bytes,
        )]),
        ..Signing::new(Identity::slsa_generator(DECLARED), Predicate::SlsaV02)
    };
    let first = Evidence::GithubRelease {
        repository: DECLARED.to_owned(),
        tag: "1.0.0".to_owned(),
        asset: "multiple.intoto.jsonl".to_owned(),
        form: AssetForm::Classic,
        signing: of_another,
    };
    let scene = scene([first, release_asset(DECLARED, "1.0.0", "cp312.intoto.jsonl", branch)]);
    let report = run(&scene).exits(0).json();
    let evidence = &report["files"][0]["evidence"];
    let location = evidence["found"]["location"].as_str().unwrap();
    assert!(location.ends_with("/1.0.0/cp312.intoto.jsonl"), "{location}");
    assert_eq!(evidence["reference"], "refs/heads/main");
    // Where policy binds versions to tags, a branch is not enough.
    scene.write("slsa-pip.toml", &pin(DECLARED, "ref = \"refs/tags/{version}\"\n"));
    let codes = run(&scene).exits(1).codes();
    assert!(codes.contains(&"ref-mismatch".to_owned()), "{codes:?}");
}

#[test]
fn every_spelling_of_a_tag_is_found_and_a_stray_tag_is_not_taken_for_it() {
    let version = "1.26.14";
    let wheel = || {
        Wheel::builder("rocket", version)
            .project_url("Source", "https://github.com/acme/rocket")
            .build()
    };
    for tag in [
        "1.26.14",
        "v1.26.14",
        "rocket-1.26.14",
        "rocket-v1.26.14",
        "rocket@1.26.14",
        "release-1.26.14",
    ] {
        let good = release_asset(
            DECLARED,
            tag,
            "multiple.intoto.jsonl",
            Identity::slsa_generator(DECLARED).tag(tag),
        );
        // The release of another version stands beside it, with a file that names the same asset.
        let stray = Evidence::RawAsset {
            repository: DECLARED.to_owned(),
            tag: "v2.0.5".to_owned(),
            asset: "multiple.intoto.jsonl".to_owned(),
            line: "{}".to_owned(),
        };
        let scene = Scene::of([Release::new(wheel()).with(good).with(stray)]);
        let report = run(&scene).exits(0).json();
        assert_eq!(report["files"][0]["evidence"]["reference"], format!("refs/tags/{tag}"));
        assert_eq!(scene.world.request_count("v2.0.5"), 0);
    }
    // The tag that policy names is asked for first.
    let own = Identity::slsa_generator(DECLARED).tag("ship-1.26.14");
    let scene =
        Scene::of([Release::new(wheel()).with(release_asset(DECLARED, "ship-1.26.14", "multiple.intoto.jsonl", own))]);
    scene.write("slsa-pip.toml", &pin(DECLARED, "ref = \"refs/tags/ship-{version}\"\n"));
    run(&scene).exits(0);
    assert_eq!(scene.world.request_count("/github/"), 2);
}

#[test]
fn the_json_api_is_not_asked_where_policy_pins_a_repository() {
    let wheel = Wheel::builder("rocket", "1.0.0").build();
    let scene = Scene::of([Release::new(wheel.clone()).with(Evidence::pep740(Identity::github(DECLARED)))]);
    scene.world.describe(
        "rocket",
        "1.0.0",
        json!({"project_urls": {"Source": "https://github.com/acme/other"}}),
    );
    // What it names is held against the certificate: a fifth request.
    assert_eq!(run(&scene).exits(1).codes(), ["repository-differs-from-declared"]);
    assert_eq!(scene.world.request_count("/pypi/"), 1);
    scene.world.forget_requests();
    // A pin says more than it could.
    scene.write("slsa-pip.toml", &pin(DECLARED, ""));
    let report = run(&scene).exits(0).json();
    assert_eq!(report["files"][0]["evidence"]["repository"], "github.com/acme/rocket");
    assert_eq!(scene.world.requests().len(), 4, "{:?}", scene.world.requests());
    scene.write("slsa-pip.toml", &pin("acme/other", ""));
    assert_eq!(run(&scene).exits(1).codes(), ["repository-mismatch"]);
    // Where METADATA comes with the wheel, it is one of four.
    let world = World::builder().without_metadata_files().start_blocking().unwrap();
    let scene = Scene::with(
        world,
        [Release::new(wheel).with(Evidence::pep740(Identity::github(DECLARED)))],
    );
    let declared = json!({"project_urls": {"Source": "https://github.com/acme/rocket"}});
    scene.world.describe("rocket", "1.0.0", declared);
    let report = run(&scene).exits(0).json();
    assert_eq!(report["files"][0]["declared_repository"], "github.com/acme/rocket");
    assert_eq!(scene.world.request_count("/pypi/"), 1);
    assert_eq!(scene.world.requests().len(), 4, "{:?}", scene.world.requests());
}

#[test]
fn project_urls_of_the_configured_enterprise_server_name_repositories() {
    let site = "https://git.acme.example";
    let scene = |source: &str| {
        let wheel = Wheel::builder("rocket", "1.0.0").project_url("Source", source).build();
        Scene::of([Release::new(wheel).with(Evidence::pep740(Identity::github(DECLARED)))])
    };
    let run = |scene: &Scene, github: &str| {
        let mut command = scene.install(&["rocket", "--dry-run", "--format", "json", "--no-cache-dir"]);
        command
            .args(["--evidence", "index"])
            .env_remove("SLSA_PIP_GITHUB_API_URL");
        Run::of(command.env("SLSA_PIP_GITHUB_URL", github))
    };
    for source in [
        "https://git.acme.example/acme/rocket",
        "https://GIT.acme.example:8443/acme/rocket/issues",
        "git+ssh://git@git.acme.example/acme/rocket.git",
    ] {
        let there = scene(source);
        let refused = run(&there, site).exits(1);
        assert_eq!(refused.codes(), ["repository-differs-from-declared"], "{source}");
        let file = refused.json()["files"][0].clone();
        assert_eq!(file["declared_repository"], "git.acme.example/acme/rocket", "{source}");
        // Of a server that is not configured nothing is known.
        let report = run(&there, "https://github.com").exits(0).json();
        assert_eq!(report["files"][0]["declared_repository"], json!(null), "{source}");
    }
    for source in [
        "https://evil.example/acme/rocket",
        "https://git.acme.example.evil.example/a/b",
        "https://git.acme.example/acme",
    ] {
        let report = run(&scene(source), site).exits(0).json();
        assert_eq!(report["files"][0]["declared_repository"], json!(null), "{source}");
    }
}
