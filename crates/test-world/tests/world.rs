//! The servers answer over HTTP as the real ones do, and misbehave when asked to.

#![allow(clippy::expect_used, reason = "a function of a test fails as the test does")]

use reqwest::Client;
use serde_json::{Value, json};
use slsa_pip_test_world::{
    AssetForm, Delivery, Evidence, Fault, Identity, LogKind, Predicate, Release, ReleaseFaults, Signing,
    SigningOptions, Wheel, World, WorldBuilder,
};
use std::time::Duration;

const JSON_PAGE: &str = "application/vnd.pypi.simple.v1+json";

fn widget() -> Wheel {
    Wheel::builder("acme-widget", "1.0.0")
        .requires_python(">=3.8")
        .requires("other>=1")
        .build()
}

fn identity() -> Identity {
    Identity::slsa_generator("Acme/Widget").tag("v1.0.0")
}

fn start(builder: WorldBuilder) -> World {
    builder.start_blocking().expect("the world starts")
}

async fn get(url: &str) -> reqwest::Response {
    Client::new().get(url).send().await.expect("an answer")
}

async fn get_json(url: &str, accept: &str) -> Value {
    let response = Client::new()
        .get(url)
        .header("accept", accept)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200, "{url}");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

async fn post_json(url: &str, body: &Value) -> (u16, Value) {
    let response = Client::new()
        .post(url)
        .body(body.to_string())
        .send()
        .await
        .expect("an answer");
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON"),
    )
}

#[tokio::test]
async fn json_page_names_digest_metadata_and_provenance() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    let signed = world.publish(
        Release::new(wheel.clone())
            .with(Evidence::pep740(identity()))
            .yanked("old"),
    );
    let page = get_json(&format!("{}acme-widget/", world.index_url()), JSON_PAGE).await;
    let file = &page["files"][0];
    assert_eq!(file["filename"], wheel.filename);
    assert_eq!(file["hashes"]["sha256"], wheel.sha256());
    assert_eq!(file["requires-python"], ">=3.8");
    assert_eq!(file["yanked"], "old");
    let url = file["url"].as_str().expect("url");
    assert_eq!(get(url).await.bytes().await.expect("file"), wheel.bytes);
    let metadata = get(&format!("{url}.metadata")).await.text().await.expect("metadata");
    assert_eq!(metadata, wheel.metadata);
    let provenance = get_json(file["provenance"].as_str().expect("provenance"), "application/json").await;
    assert_eq!(
        provenance["attestation_bundles"][0]["attestations"][0],
        signed[0].pep740_attestation()
    );
    assert_eq!(
        provenance["attestation_bundles"][0]["publisher"]["repository"],
        "Acme/Widget"
    );
}

#[tokio::test]
async fn html_page_carries_the_same_in_attributes() {
    let world = start(World::builder().html_only());
    let wheel = widget();
    world.publish(Release::new(wheel.clone()).with(Evidence::pep740(identity())));
    let request = Client::new()
        .get(format!("{}acme-widget/", world.index_url()))
        .header("accept", JSON_PAGE);
    let page = request.send().await.expect("an answer").text().await.expect("text");
    assert!(
        page.contains(&format!("{}#sha256={}\"", wheel.filename, wheel.sha256())),
        "{page}"
    );
    assert!(page.contains("data-requires-python=\"&gt;=3.8\""), "{page}");
    assert!(page.contains("data-dist-info-metadata=\"sha256="), "{page}");
    assert!(
        page.contains(&format!(
            "data-provenance=\"{}/integrity/acme-widget/1.0.0/",
            world.base_url
        )),
        "{page}"
    );
}

#[tokio::test]
async fn features_can_be_switched_off() {
    let world = start(
        World::builder()
            .without_metadata_files()
            .without_provenance_links()
            .without_integrity_api(),
    );
    let wheel = widget();
    world.publish(Release::new(wheel.clone()).with(Evidence::pep740(identity())));
    let page = get_json(&format!("{}acme-widget/", world.index_url()), JSON_PAGE).await;
    assert_eq!(page["files"][0]["core-metadata"], false);
    assert_eq!(page["files"][0]["provenance"], Value::Null);
    assert_eq!(
        get(&format!("{}/files/{}.metadata", world.base_url, wheel.filename))
            .await
            .status(),
        404
    );
    let integrity = format!(
        "{}/integrity/acme-widget/1.0.0/{}/provenance",
        world.base_url, wheel.filename
    );
    assert_eq!(get(&integrity).await.status(), 403);
    assert_eq!(get(&format!("{}nothing/", world.index_url())).await.status(), 404);
}

#[tokio::test]
async fn release_assets_are_reached_by_redirect_and_listed_by_the_api() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    let signed = world.publish(
        Release::new(wheel.clone())
            .with(Evidence::classic_release(identity(), "v1.0.0"))
            .with(Evidence::bundle_release(identity(), "v1.0.0"))
            .with(Evidence::github_attestation(Identity::github("Acme/Widget"))),
    );
    let asset = format!(
        "{}/acme/widget/releases/download/v1.0.0/multiple.intoto.jsonl",
        world.github_url()
    );
    let text = get(&asset).await.text().await.expect("asset");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [signed[0].classic_envelope(true), signed[1].bundle_v03().to_string()]
    );
    assert_eq!(world.request_count("/github-objects/"), 1);
    let api = world.github_api_url();
    let release = get_json(&format!("{api}/repos/acme/widget/releases/tags/v1.0.0"), "").await;
    assert_eq!(release["assets"][0]["name"], "multiple.intoto.jsonl");
    let list = get_json(
        &format!("{api}/repos/acme/widget/attestations/sha256:{}", wheel.sha256()),
        "",
    )
    .await;
    assert_eq!(list["attestations"][0]["bundle"], signed[2].bundle_v03());
    assert_eq!(
        get(&format!("{api}/repos/acme/widget/releases/tags/v2")).await.status(),
        404
    );
}

#[tokio::test]
async fn attestations_come_in_pages_and_by_url() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    let attestation = |delivery| Evidence::GithubAttestation {
        repository: "acme/widget".to_owned(),
        delivery,
        signing: Signing::new(Identity::github("acme/widget"), Predicate::SlsaV1),
    };
    let deliveries = [Delivery::Inline, Delivery::UrlJson, Delivery::UrlSnappy];
    let release = deliveries
        .into_iter()
        .fold(Release::new(wheel.clone()), |release, delivery| {
            release.with(attestation(delivery))
        });
    let signed = world.publish(release);
    let list = format!(
        "{}/repos/acme/widget/attestations/sha256:{}",
        world.github_api_url(),
        wheel.sha256()
    );
    let first = get(&format!("{list}?per_page=2")).await;
    let next = first.headers()["link"].to_str().expect("ASCII").to_owned();
    let page: Value = serde_json::from_slice(&first.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(page["attestations"][0]["bundle"], signed[0].bundle_v03());
    assert_eq!(page["attestations"][1]["bundle"], Value::Null);
    let url = page["attestations"][1]["bundle_url"].as_str().expect("a URL");
    assert_eq!(get_json(url, "").await, signed[1].bundle_v03());
    assert_eq!(get(url.split('?').next().expect("a path")).await.status(), 403);
    let next = next.trim_start_matches('<').split('>').next().expect("a URL");
    let page = get_json(next, "").await;
    let url = page["attestations"][0]["bundle_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let packed = get(&url).await.bytes().await.expect("a body");
    let text = signed[2].bundle_v03().to_string();
    assert!(packed.ends_with(text.as_bytes().split_at(text.len() / 2).1));
    assert_ne!(packed, text);
}

fn proposals(envelope: &str, certificate_base64: &str) -> Value {
    json!({"entries": [
        {"kind": "intoto", "apiVersion": "0.0.1",
         "spec": {"content": {"envelope": envelope}, "publicKey": certificate_base64}},
        {"kind": "dsse", "apiVersion": "0.0.1",
         "spec": {"proposedContent": {"envelope": envelope, "verifiers": [certificate_base64]}}},
    ]})
}

#[tokio::test]
async fn the_log_finds_classic_envelopes_by_their_exact_text() {
    let world = World::start().await.expect("starts");
    let url = format!("{}/api/v1/log/entries/retrieve", world.rekor_url());
    for kind in [LogKind::Dsse, LogKind::IntotoV001] {
        let signing = Signing::new(identity(), Predicate::SlsaV02).options(SigningOptions::with_kind(kind));
        let signed = world.sign(&widget(), &signing);
        let envelope = signed.classic_envelope(true);
        let certificate = base64(signed.certificate_pem().as_bytes());
        let (status, found) = post_json(&url, &proposals(&envelope, &certificate)).await;
        assert_eq!(
            (status, found.as_array().map(Vec::len)),
            (200, Some(1)),
            "{kind:?}: {found}"
        );
        let entry = &found[0][signed.log_uuid()];
        assert_eq!(entry["logIndex"], signed.log_index());
        assert!(
            entry["verification"]["inclusionProof"]["hashes"]
                .as_array()
                .is_some_and(|hashes| hashes.len() > 3)
        );

        let parsed: Value = serde_json::from_str(&envelope).expect("JSON");
        let rewritten = serde_json::to_string_pretty(&parsed).expect("JSON");
        let (status, found) = post_json(&url, &proposals(&rewritten, &certificate)).await;
        assert_eq!((status, found), (200, json!([])), "another text is another entry");

        let forged = envelope.replace(&base64(&signed.signature), &base64(b"no signature"));
        let (status, found) = post_json(&url, &proposals(&forged, &certificate)).await;
        assert_eq!(status, 400, "{found}");
    }
}

#[tokio::test]
async fn the_index_of_the_log_finds_entries_by_subject() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    let signed = world.sign(&wheel, &Signing::new(identity(), Predicate::SlsaV02));
    let query = json!({"hash": format!("sha256:{}", wheel.sha256())});
    let (_, uuids) = post_json(&format!("{}/api/v1/index/retrieve", world.rekor_url()), &query).await;
    assert_eq!(uuids, json!([signed.log_uuid()]));
    let url = format!("{}/api/v1/log/entries/retrieve", world.rekor_url());
    let (_, found) = post_json(&url, &json!({"entryUUIDs": uuids, "logIndexes": [signed.log_index()]})).await;
    assert_eq!(found.as_array().map(Vec::len), Some(2));
    let (_, none) = post_json(
        &format!("{}/api/v1/index/retrieve", world.rekor_url()),
        &json!({"hash": "00"}),
    )
    .await;
    assert_eq!(none, json!([]));
    let (status, _) = post_json(&url, &json!({})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn ranges_and_tampering() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    world.publish(Release::new(wheel.clone()).faults(ReleaseFaults::tampered(&wheel)));
    let url = format!("{}/files/{}", world.base_url, wheel.filename);
    let served = get(&url).await.bytes().await.expect("file");
    assert_eq!(served, wheel.tampered().bytes);
    let part = Client::new()
        .get(&url)
        .header("range", "bytes=-22")
        .send()
        .await
        .expect("an answer");
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.expect("part"), served.slice(served.len() - 22..));
    let head = Client::new().head(&url).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], served.len().to_string().as_str());
    let page = get_json(&format!("{}acme-widget/", world.index_url()), JSON_PAGE).await;
    assert_eq!(page["files"][0]["hashes"]["sha256"], wheel.tampered().sha256());
}

#[tokio::test]
async fn faults_strike_where_they_are_told_to() {
    let world = World::start().await.expect("starts");
    let wheel = widget();
    world.publish(Release::new(wheel.clone()));
    let url = format!("{}/files/{}", world.base_url, wheel.filename);
    world.fault_times("/files/", Fault::Status(503), 1);
    assert_eq!(get(&url).await.status(), 503);
    assert_eq!(get(&url).await.status(), 200);
    world.fault_times("/files/", Fault::Truncate, 1);
    let truncated = get(&url).await;
    assert_eq!(
        truncated.headers()["content-length"],
        wheel.bytes.len().to_string().as_str()
    );
    assert!(truncated.bytes().await.is_err());
    world.fault_times("/files/", Fault::Corrupt, 1);
    let corrupt = get(&url).await.bytes().await.expect("a body");
    assert_eq!(corrupt.len(), wheel.bytes.len());
    assert_ne!(corrupt, wheel.bytes);
    world.fault_times("/simple/", Fault::Html, 1);
    let html = get(&format!("{}acme-widget/", world.index_url()))
        .await
        .text()
        .await
        .expect("text");
    assert!(html.contains("Please log in"));
    world.fault_times("/files/", Fault::Slow(Duration::from_millis(80)), 1);
    let started = std::time::Instant::now();
    assert_eq!(get(&url).await.status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
    world.fault_times("/files/", Fault::Endless, 1);
    let mut endless = get(&url).await;
    let mut read = 0;
    while read < 10 * wheel.bytes.len() + 1_000_000 {
        read += endless.chunk().await.expect("a chunk").expect("no end").len();
    }
    assert_eq!(
        world.requests().iter().filter(|request| request.status == 503).count(),
        1
    );
    assert_eq!(world.request_count("/files/"), 6);
}

#[test]
fn a_synchronous_test_can_use_it_and_dropping_frees_the_port() {
    let world = World::start_blocking().expect("starts");
    assert!(world.trusted_root_path().is_file());
    let address = world.base_url.trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    let directory = world.directory().to_owned();
    drop(world);
    assert!(std::net::TcpStream::connect(&address).is_err());
    assert!(!directory.exists());
}

#[test]
fn lines_of_every_form_are_published() {
    let world = World::start_blocking().expect("starts");
    let forms = [
        (AssetForm::Classic, "\"cert\""),
        (AssetForm::BundleV03, "bundle.v0.3+json"),
        (AssetForm::BundleV02, "version=0.2"),
    ];
    for (form, mark) in forms {
        let evidence = Evidence::GithubRelease {
            repository: "acme/widget".to_owned(),
            tag: format!("{form:?}"),
            asset: "a.intoto.jsonl".to_owned(),
            form,
            signing: Signing::new(identity(), Predicate::SlsaV02),
        };
        world.publish(Release::new(widget()).with(evidence));
        let runtime = tokio::runtime::Runtime::new().expect("runtime");
        let url = format!(
            "{}/acme/widget/releases/download/{form:?}/a.intoto.jsonl",
            world.github_url()
        );
        let text = runtime.block_on(async { get(&url).await.text().await.expect("asset") });
        assert!(text.contains(mark), "{form:?}");
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn a_renamed_repository_is_redirected_on_the_site_and_in_the_api() {
    let world = World::start().await.expect("starts");
    world.publish(Release::new(widget()).with(Evidence::classic_release(identity(), "v1.0.0")));
    world.rename_repository("old/name", "Acme/Widget");
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.expect("a client");
    let step = async |url: String| {
        let answer = client.get(&url).send().await.expect("an answer");
        let location = answer.headers().get("location");
        let location = location.map(|value| value.to_str().expect("ASCII").to_owned());
        (answer.status().as_u16(), location)
    };
    let asset = "releases/download/v1.0.0/multiple.intoto.jsonl";
    let moved = format!("{}/Acme/Widget/{asset}", world.github_url());
    let first = step(format!("{}/Old/Name/{asset}", world.github_url())).await;
    assert_eq!(first, (301, Some(moved.clone())));
    assert_eq!(step(moved).await.0, 302);
    let api = world.github_api_url();
    let moved = format!("{api}/repositories/0/releases/tags/v1.0.0?x=1");
    let first = step(format!("{api}/repos/old/name/releases/tags/v1.0.0?x=1")).await;
    assert_eq!(first, (301, Some(moved.clone())));
    assert_eq!(get_json(&moved, "").await["tag_name"], "v1.0.0");
    assert_eq!(step(format!("{api}/repositories/1/releases/tags/v1.0.0")).await.0, 404);
}

#[tokio::test]
async fn limits_of_github_are_told_as_it_tells_them() {
    let world = World::start().await.expect("starts");
    let url = format!("{}/repos/acme/widget/releases/tags/v1", world.github_api_url());
    let usual = get(&url).await;
    assert_eq!(usual.headers()["x-ratelimit-remaining"], "59");
    world.fault_times("/github-api/", Fault::github_limit(1_900_000_000), 1);
    world.fault_times("/github-api/", Fault::github_secondary_limit(Some(7)), 1);
    world.fault_times("/github-api/", Fault::github_secondary_limit(None), 1);
    let primary = get(&url).await;
    assert_eq!(primary.status(), 403);
    assert_eq!(primary.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(primary.headers()["x-ratelimit-reset"], "1900000000");
    let secondary = get(&url).await;
    assert_eq!(
        (secondary.status().as_u16(), &secondary.headers()["retry-after"] == "7"),
        (403, true)
    );
    let silent = get(&url).await;
    assert!(!silent.headers().contains_key("retry-after"));
    assert!(silent.text().await.expect("text").contains("secondary rate limit"));
}
