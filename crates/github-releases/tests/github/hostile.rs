//! Answers that are large, deep, or not what they say.

use std::time::{Duration, Instant};

use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_github_releases::{Answer, Github, GithubUrls, MAX_LISTED, ReleaseAnswer};
use slsa_pip_http::{Client, Settings};
use url::Url;

use crate::{Server, binary, client, found, notable, reply};

const FILE: &str = "foo-1.0-py3-none-any.whl";
const LISTING: &str = "/api/repos/o/r/releases/tags/1.0";
const PLAIN: &str = "/o/r/releases/download/1.0/multiple.intoto.jsonl";

fn page() -> String {
    format!("/api/repos/o/r/attestations/sha256:{}?per_page=100", "0".repeat(64))
}

async fn releases(urls: &GithubUrls, http: &Client) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
    let github = Github::new(http.clone(), urls.clone(), None);
    github.release_evidence(&repository, &name, &version, FILE, None).await
}

async fn ask_attestations(urls: &GithubUrls, http: &Client) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    let github = Github::new(http.clone(), urls.clone(), None);
    github
        .attestations(&repository, &Sha256Digest::from_bytes([0; 32]))
        .await
}

fn why(answer: &ReleaseAnswer) -> String {
    match &notable(answer)[..] {
        [Answer::Unreadable { why }] => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn json_of_any_depth_is_unreadable() {
    let deep = "[".repeat(100_000);
    for body in [
        deep.clone(),
        format!("{}{}", deep, "]".repeat(100_000)),
        format!("{{\"assets\":{deep}"),
        format!("{{\"attestations\":{deep}"),
        "{\"assets\":[{\"name\":".repeat(50_000),
    ] {
        let server = Server::start([(LISTING.to_owned(), reply(200, &body)), (page(), reply(200, &body))]).await;
        let answer = releases(&server.urls, &client()).await;
        assert!(why(&answer).contains("description of a release"), "{answer:?}");
        let answer = ask_attestations(&server.urls, &client()).await;
        assert!(!why(&answer).is_empty());
        let server = Server::start([(PLAIN.to_owned(), reply(200, &body))]).await;
        let answer = releases(&server.urls, &client()).await;
        assert_eq!(found(&answer), []);
        assert!(!why(&answer).is_empty());
    }
}

#[tokio::test]
async fn lists_of_any_length_are_refused_early() {
    let list = format!(
        "{{\"assets\":[{}]}}",
        vec!["{\"name\":\"a\"}"; MAX_LISTED + 1].join(",")
    );
    let server = Server::start([(LISTING.to_owned(), reply(200, list))]).await;
    assert!(why(&releases(&server.urls, &client()).await).contains("1000 assets"));
    let huge = vec![b' '; 50 << 20];
    let server = Server::start([(LISTING.to_owned(), binary(huge.clone())), (page(), binary(huge))]).await;
    let started = Instant::now();
    assert!(why(&releases(&server.urls, &client()).await).contains("larger than 4194304"));
    assert!(why(&ask_attestations(&server.urls, &client()).await).contains("larger than 4194304"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_log_in_page_is_no_answer_of_the_api() {
    let login = "<!DOCTYPE html><html><form><input type=password></form></html>";
    let server = Server::start([
        (LISTING.to_owned(), reply(200, login)),
        (page(), reply(200, login).with("content-type", "text/html")),
        (PLAIN.to_owned(), reply(200, login)),
    ])
    .await;
    let answer = releases(&server.urls, &client()).await;
    let web_page = Answer::Unreadable {
        why: "it is a web page".to_owned(),
    };
    assert_eq!(notable(&answer), [web_page.clone(), web_page]);
    assert!(matches!(
        &notable(&ask_attestations(&server.urls, &client()).await)[..],
        [Answer::Unreadable { .. }]
    ));
}

#[tokio::test]
async fn many_large_files_are_not_all_read() {
    // Ten files of 3 MiB each, in which one attestation can be read.
    let mut large = crate::about("other.whl").to_string().into_bytes();
    large.extend(vec![b'\n'; 3 << 20]);
    let names: Vec<String> = (0..10).map(|number| format!("{number}.intoto.jsonl")).collect();
    let assets: Vec<_> = names.iter().map(|name| serde_json::json!({"name": name})).collect();
    let listing = (LISTING.to_owned(), reply(200, serde_json::json!({"assets": assets})));
    let files = names
        .iter()
        .map(|name| (format!("/o/r/releases/download/1.0/{name}"), binary(large.clone())));
    let server = Server::start(files.chain([listing])).await;
    let answer = releases(&server.urls, &client()).await;
    let total: usize = answer.evidence_files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!((6 << 20..10 << 20).contains(&total), "{total}");
    let refused = notable(&answer)
        .into_iter()
        .filter(|said| matches!(said, Answer::Unreadable { .. }));
    assert_eq!(refused.count(), 10 - answer.evidence_files.len());
}

#[tokio::test]
async fn a_public_github_leads_to_no_private_address() {
    let inside = Server::start([("/blob".to_owned(), reply(200, crate::bundle()))]).await;
    let items =
        serde_json::json!({"attestations": [{"bundle": null, "bundle_url": format!("{}/blob", inside.root())}]});
    let asset = reply(302, "").with("location", format!("{}/blob", inside.root()));
    // A proxy stands for the public hosts, whatever they are called.
    let proxy = Server::start([
        (
            format!("http://api.home.example{}", page().replace("/api/", "/")),
            reply(200, items),
        ),
        (format!("http://home.example{PLAIN}"), asset),
    ])
    .await;
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.proxy = Some(proxy.root());
    let http = Client::new(settings).unwrap();
    let urls = GithubUrls {
        web: Url::parse("http://home.example/").unwrap(),
        api: Url::parse("http://api.home.example/").unwrap(),
    };
    let private = |answer: &Answer| matches!(answer, Answer::Failed { why } if why.contains("private network"));
    let answer = ask_attestations(&urls, &http).await;
    assert_eq!(answer.asked[0].answer, Answer::Found, "{answer:?}");
    assert!(private(&answer.asked[1].answer), "{answer:?}");
    let answer = releases(&urls, &http).await;
    assert!(notable(&answer).iter().any(private), "{answer:?}");
    assert_eq!(inside.paths(), [""; 0]);
}
