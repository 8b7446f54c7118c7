//! The servers answer in the shapes of recorded answers: the same keys, with values of the same kinds.
//!
//! Where several recorded answers differ, ours must have every key that all of them have, and no key that none of them has.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a function of a test fails as the test does"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use reqwest::Client;
use serde_json::Value;
use slsa_pip_test_world::{AssetForm, Evidence, Identity, Predicate, Release, Signing, Wheel, World};

/// Paths of keys, such as `files[].hashes.sha256`, with the kinds of values found there.
type Shape = BTreeMap<String, BTreeSet<&'static str>>;

fn recorded(name: &str) -> String {
    let root = std::env::var_os("SLSA_PIP_DATA").expect("SLSA_PIP_DATA names the folder of real provenance");
    let path = PathBuf::from(root).join("api").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn recorded_json(name: &str) -> Value {
    serde_json::from_str(&recorded(name)).expect("JSON")
}

fn shape(value: &Value) -> Shape {
    fn walk(value: &Value, path: &str, shape: &mut Shape) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        shape.entry(path.to_owned()).or_default().insert(kind);
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), shape)),
            Value::Object(fields) => fields
                .iter()
                .for_each(|(key, value)| walk(value, &format!("{path}.{key}"), shape)),
            _ => {}
        }
    }
    let mut found = Shape::new();
    walk(value, "", &mut found);
    found
}

/// Asserts that `ours` could be one of the recorded answers. `free` are paths whose keys are anybody's.
#[track_caller]
fn assert_fits(ours: &Value, recorded: &[Value], free: &[&str]) {
    let bound = |shape: Shape| -> Shape {
        let is_free = |path: &String| {
            free.iter()
                .any(|free| path.len() > free.len() && path.starts_with(free))
        };
        shape.into_iter().filter(|(path, _)| !is_free(path)).collect()
    };
    let ours = bound(shape(ours));
    let recorded: Vec<Shape> = recorded.iter().map(shape).map(bound).collect();
    for (path, kinds) in &ours {
        let known: BTreeSet<_> = recorded.iter().filter_map(|shape| shape.get(path)).flatten().collect();
        assert!(!known.is_empty(), "no recorded answer has {path}");
        let strange: Vec<_> = kinds.iter().filter(|kind| !known.contains(kind)).collect();
        assert!(strange.is_empty(), "{path} is {strange:?} here and {known:?} there");
    }
    let first = recorded.first().expect("a recorded answer");
    for path in first.keys() {
        let everywhere = recorded.iter().all(|shape| shape.contains_key(path));
        assert!(
            !everywhere || ours.contains_key(path),
            "every recorded answer has {path}"
        );
    }
}

/// Two versions, the older one yanked, with PEP 740 provenance, a release and an attestation for the newer one.
fn world() -> World {
    let world = World::start_blocking().expect("the world starts");
    let wheel = |version| {
        Wheel::builder("acme-widget", version)
            .requires_python(">=3.8")
            .requires("other>=1")
            .project_url("Bug Tracker", "https://github.com/acme/widget/issues")
            .project_url("Homepage", "https://widget.example")
            .project_url("Repository", "https://github.com/acme/widget")
            .build()
    };
    let identity = || Identity::slsa_generator("acme/widget").tag("v1.1.0");
    let release = Release::new(wheel("1.1.0"))
        .with(Evidence::pep740(Identity::github("acme/widget")))
        .with(Evidence::github_attestation(identity()))
        .with(Evidence::GithubRelease {
            repository: "acme/widget".to_owned(),
            tag: "v1.1.0".to_owned(),
            asset: "multiple.intoto.jsonl".to_owned(),
            form: AssetForm::BundleV03,
            signing: Signing::new(identity(), Predicate::SlsaV02),
        });
    world.publish(Release::new(wheel("1.0.0")).yanked("broken"));
    world.publish(Release::new(Wheel::sdist("acme-widget", "1.1.0")));
    world.publish(release);
    world
}

async fn get(url: &str, accept: &str) -> String {
    let request = Client::new().get(url).header("accept", accept);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{url}");
    response.text().await.expect("a body")
}

async fn get_json(url: &str, accept: &str) -> Value {
    serde_json::from_str(&get(url, accept).await).expect("JSON")
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn simple_pages_in_json() {
    const PAGE: &str = "application/vnd.pypi.simple.v1+json";
    let world = world();
    let ours = get_json(&format!("{}acme-widget/", world.index_url()), PAGE).await;
    let names = [
        "certifi",
        "click",
        "flask",
        "itsdangerous",
        "markupsafe",
        "urllib3",
        "poetry-fixture-attrs",
        "poetry-fixture-black",
        "poetry-fixture-poetry-core",
        "poetry-fixture-requests",
    ];
    let pages: Vec<_> = names
        .iter()
        .map(|name| recorded_json(&format!("pypi-simple-v1-{name}.json")))
        .collect();
    assert_fits(&ours, &pages, &[]);
    assert_eq!(ours["meta"]["api-version"], pages[0]["meta"]["api-version"]);
}

/// The attributes of all links, and of all `meta` elements, each once.
fn attributes(page: &str) -> BTreeSet<String> {
    let inside = |tag: &str| {
        let parts: Vec<_> = page
            .split(&format!("<{tag} "))
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .map(str::to_owned)
            .collect();
        parts
    };
    let links = inside("a").into_iter().flat_map(|link| {
        // Values hold no spaces next to an equals sign, and `>` is escaped in them.
        let names: Vec<_> = link
            .split("=\"")
            .filter_map(|part| part.rsplit(['"', ' ']).next())
            .map(|name| format!("a {name}"))
            .filter(|name| name.len() > 2)
            .collect();
        names
    });
    links.chain(inside("meta")).collect()
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn simple_pages_in_html() {
    let world = world();
    let ours = attributes(&get(&format!("{}acme-widget/", world.index_url()), "text/html").await);
    let mut theirs = attributes(&recorded("pypi-simple-html-iniconfig.html"));
    assert!(
        theirs.contains("a data-provenance") && theirs.contains("a href"),
        "{theirs:?}"
    );
    // No file of that page was yanked; PEP 592 names the attribute.
    theirs.insert("a data-yanked".to_owned());
    assert_eq!(ours, theirs);
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn the_json_api() {
    let world = world();
    let recorded =
        ["poetry-core-2.1.3", "requests-2.18.4"].map(|name| recorded_json(&format!("pypi-json-api-{name}.json")));
    for path in ["acme-widget/json", "acme-widget/1.1.0/json"] {
        let ours = get_json(&format!("{}/pypi/{path}", world.base_url), "application/json").await;
        assert_eq!(ours["info"]["version"], "1.1.0");
        assert_eq!(
            ours["info"]["project_urls"]["Repository"],
            "https://github.com/acme/widget"
        );
        assert_eq!(ours["urls"].as_array().map(Vec::len), Some(2));
        assert_fits(&ours, &recorded, &[".info.project_urls"]);
    }
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn releases_by_tag() {
    let world = world();
    let url = format!("{}/repos/acme/widget/releases/tags/v1.1.0", world.github_api_url());
    let ours = get_json(&url, "application/vnd.github+json").await;
    let mut recorded = vec![recorded_json("github-docs-example-release-by-tag.json")[0].clone()];
    let steps = recorded_json("github-releases-octokit-recording.json");
    recorded.push(steps[0]["response"].clone());
    // That release had no file yet; the next step lists it.
    let assets = steps[1]["response"].clone();
    assert_eq!(assets.as_array().map(Vec::len), Some(1));
    recorded[1]["assets"] = assets;
    assert_fits(&ours, &recorded, &[]);
    let asset = &ours["assets"][0];
    assert_eq!(asset["state"], recorded[1]["assets"][0]["state"]);
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn attestations_by_digest() {
    let world = world();
    let wheel = world.publish(
        Release::new(Wheel::builder("other", "1.0").build())
            .with(Evidence::github_attestation(Identity::github("acme/widget"))),
    );
    assert_eq!(wheel.len(), 1);
    let digest = Wheel::builder("other", "1.0").build().sha256();
    let url = format!(
        "{}/repos/acme/widget/attestations/sha256:{digest}",
        world.github_api_url()
    );
    let ours = get_json(&url, "application/vnd.github+json").await;
    let recorded = recorded_json("github-docs-example-attestations.json")[0].clone();
    // An empty object there, an object with an empty list here.
    let timestamps = ".attestations[].bundle.verificationMaterial.timestampVerificationData";
    assert_fits(&ours, &[recorded], &[timestamps]);
}
