//! `release_evidence`.

use std::time::Duration;

use serde_json::json;
use slsa_pip_cache::CacheFolder;
use slsa_pip_distribution::SourceRepository;
use slsa_pip_github_releases::{Answer, Github, MAX_EVIDENCE_BYTES, ReleaseAnswer};
use slsa_pip_http::{CacheSettings, Client, Settings};

use crate::{Reply, Server, about, bundle, client, client_that_waits, found, notable, reply};

const FILE: &str = "foo-1.0-py3-none-any.whl";

async fn ask_with(server: &Server, http: &Client, template: Option<&str>) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
    let github = Github::new(http.clone(), server.urls.clone(), None);
    github
        .release_evidence(&repository, &name, &version, FILE, template)
        .await
}

async fn ask(server: &Server) -> ReleaseAnswer {
    ask_with(server, &client(), None).await
}

fn asset(tag: &str, name: &str) -> String {
    format!("/o/r/releases/download/{tag}/{name}")
}

fn listing(tag: &str) -> String {
    format!("/api/repos/o/r/releases/tags/{tag}")
}

fn assets(names: &[&str]) -> Reply {
    let assets: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "browser_download_url": "http://evil.example/"}))
        .collect();
    reply(200, json!({"tag_name": "evil", "assets": assets}))
}

#[tokio::test]
async fn the_generators_asset_is_found_without_the_api() {
    for tag in [
        "1.0",
        "v1.0",
        "foo-1.0",
        "foo-v1.0",
        "foo@1.0",
        "release-1.0",
        "rel-1.0",
    ] {
        for name in ["multiple.intoto.jsonl", &format!("{FILE}.intoto.jsonl")] {
            let server = Server::start([(asset(tag, name), reply(200, about(FILE)))]).await;
            let answer = ask(&server).await;
            assert_eq!(found(&answer), [(asset(tag, name), 1)], "{tag}");
            assert_eq!(notable(&answer), [Answer::Found]);
            assert!(!server.paths().iter().any(|path| path.starts_with("/api")));
            assert_eq!(server.paths().len(), answer.asked.len());
        }
    }
}

#[tokio::test]
async fn later_tags_are_left_out_once_the_file_is_named() {
    let server = Server::start([(asset("v1.0", "multiple.intoto.jsonl"), reply(200, about(FILE)))]).await;
    ask(&server).await;
    let mut paths = server.paths();
    paths.sort();
    let own = format!("{FILE}.intoto.jsonl");
    let multiple = "multiple.intoto.jsonl";
    let expected = [
        asset("1.0", &own),
        asset("1.0", multiple),
        asset("v1.0", &own),
        asset("v1.0", multiple),
    ];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn evidence_about_another_file_does_not_end_the_search() {
    let multiple = "multiple.intoto.jsonl";
    let server = Server::start([
        (asset("v1.0", multiple), reply(200, about("bar-1.0-py3-none-any.whl"))),
        (asset("foo-v1.0", multiple), reply(200, about(FILE))),
    ])
    .await;
    let answer = ask(&server).await;
    assert_eq!(
        found(&answer),
        [(asset("v1.0", multiple), 1), (asset("foo-v1.0", multiple), 1)]
    );
}

#[tokio::test]
async fn the_policys_template_is_tried_first_and_encoded() {
    let path = asset("rel%2Ffoo%2F1.0", "multiple.intoto.jsonl");
    let server = Server::start([(path.clone(), reply(200, about(FILE)))]).await;
    let answer = ask_with(&server, &client(), Some("refs/tags/rel/{name}/{version}")).await;
    assert_eq!(found(&answer), [(path, 1)]);
    assert_eq!(answer.asked.len(), 2);
}

#[tokio::test]
async fn otherwise_the_release_is_listed_and_urls_are_our_own() {
    let sigstore = format!("{FILE}.sigstore.json");
    let server = Server::start([
        (
            listing("v1.0"),
            assets(&[
                "cp312.intoto.jsonl",
                &sigstore,
                "bar-1.0-py3-none-any.whl.sigstore.json",
                "notes.txt",
                "multiple.intoto.jsonl",
                "../../../etc.intoto.jsonl",
            ]),
        ),
        (asset("v1.0", "cp312.intoto.jsonl"), reply(200, about(FILE))),
        (asset("v1.0", &sigstore), reply(200, format!("{:#}", bundle()))),
    ])
    .await;
    let answer = ask(&server).await;
    assert_eq!(
        found(&answer),
        [(asset("v1.0", &sigstore), 1), (asset("v1.0", "cp312.intoto.jsonl"), 1)]
    );
    let paths = server.paths();
    assert!(
        paths.contains(&asset("v1.0", "..%2F..%2F..%2Fetc.intoto.jsonl")),
        "{paths:?}"
    );
    assert!(
        !paths
            .iter()
            .any(|path| path.contains("bar-1.0") || path.contains("notes")),
        "{paths:?}"
    );
    // Not asked for a second time.
    let multiple = asset("v1.0", "multiple.intoto.jsonl");
    assert_eq!(paths.iter().filter(|path| **path == multiple).count(), 1);
}

#[tokio::test]
async fn nothing_anywhere_is_none_everywhere() {
    let server = Server::start([]).await;
    let answer = ask(&server).await;
    assert_eq!(found(&answer), []);
    assert_eq!(notable(&answer), []);
    assert_eq!(answer.asked.len(), 7 * 2 + 7);
    assert!(
        answer.asked[0]
            .location
            .ends_with(&asset("1.0", "multiple.intoto.jsonl"))
    );
}

#[tokio::test]
async fn hostile_contents_are_unreadable() {
    let size = usize::try_from(MAX_EVIDENCE_BYTES).unwrap() + 1;
    for (body, why) in [
        ("<!DOCTYPE html>\n<html>".to_owned(), "it is a web page"),
        (String::new(), "there is nothing in it"),
        (" ".repeat(size), "it is larger than 4194304 bytes"),
        (
            r#"{"message":"x"}"#.to_owned(),
            "it is none of the known attestation formats (an object with `message`)",
        ),
        (
            "{\"payload\":".to_owned(),
            "it is not JSON: EOF while parsing a value, at line 1, column 11",
        ),
    ] {
        let server = Server::start([(asset("1.0", "multiple.intoto.jsonl"), reply(200, body))]).await;
        let answer = ask(&server).await;
        assert_eq!(found(&answer), []);
        assert_eq!(notable(&answer), [Answer::Unreadable { why: why.to_owned() }]);
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_asked_is_told_apart_from_none() {
    for (reply, expected) in [
        (reply(403, ""), Answer::Forbidden),
        (reply(401, ""), Answer::Forbidden),
        (
            reply(500, ""),
            Answer::Failed {
                why: "status 500".into(),
            },
        ),
        (reply(404, ""), Answer::None),
        (
            Reply {
                delay: Duration::from_mins(1),
                ..reply(200, "")
            },
            Answer::TimedOut,
        ),
    ] {
        let server = Server::start([
            (asset("1.0", "multiple.intoto.jsonl"), reply.clone()),
            (listing("1.0"), reply.clone()),
        ])
        .await;
        let wait = if reply.delay.is_zero() { 30_000 } else { 300 };
        let answer = ask_with(&server, &client_that_waits(Duration::from_millis(wait)), None).await;
        assert_eq!(found(&answer), []);
        assert_eq!(answer.asked[0].answer, expected);
        let listings = server.paths().iter().filter(|path| path.starts_with("/api")).count();
        // Once the API cannot be asked it is left alone.
        assert_eq!(listings, if expected.is_none() { 7 } else { 1 }, "{expected}");
    }
}

#[tokio::test]
async fn a_listing_that_is_none_is_unreadable() {
    for body in ["<html>", "[]", r#"{"assets":1}"#, r#"{"assets":[],"assets":[]}"#] {
        let server = Server::start([(listing("1.0"), reply(200, body))]).await;
        let answer = ask(&server).await;
        assert!(
            matches!(notable(&answer).as_slice(), [Answer::Unreadable { .. }]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_wheel_that_came_later_has_a_file_of_its_own() {
    // Of one release: the first wheels in one file, those that came months later in another, without a tag claim.
    let multiple = "multiple.intoto.jsonl";
    let later = "cp313.intoto.jsonl";
    let server = Server::start([
        (
            asset("rel-1.0", multiple),
            reply(200, about("foo-1.0-cp312-cp312-any.whl")),
        ),
        (listing("rel-1.0"), assets(&[multiple, later])),
        (asset("rel-1.0", later), reply(200, about(FILE))),
    ])
    .await;
    let answer = ask(&server).await;
    assert_eq!(
        found(&answer),
        [(asset("rel-1.0", multiple), 1), (asset("rel-1.0", later), 1)]
    );
    // The release that is known to exist is the only one that the API is asked for.
    let listings: Vec<String> = server
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("/api"))
        .collect();
    assert_eq!(listings, [listing("rel-1.0")]);
}

#[tokio::test]
async fn listings_take_the_token_and_assets_do_not() {
    let own = format!("{FILE}.sigstore.json");
    let server = Server::start([
        (format!("{} Bearer token", listing("1.0")), assets(&[&own])),
        (listing("1.0"), reply(404, "")),
        (asset("1.0", &own), reply(200, bundle())),
    ])
    .await;
    let github = Github::new(client(), server.urls.clone(), Some("token".to_owned()));
    let repository = SourceRepository::github("o", "r").unwrap();
    let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
    let answer = github.release_evidence(&repository, &name, &version, FILE, None).await;
    assert_eq!(found(&answer), [(asset("1.0", &own), 1)]);
    for (path, token) in server.seen.lock().unwrap().iter() {
        assert_eq!(token.is_some(), path.starts_with("/api"), "{path}");
    }
    // Without one the API is asked as well.
    let answer = ask(&server).await;
    assert_eq!(found(&answer), []);
}

#[tokio::test]
async fn a_renamed_repository_and_another_host_are_followed() {
    let multiple = asset("1.0", "multiple.intoto.jsonl");
    let storage = Server::start([("/blob?signature=s3cret".to_owned(), reply(200, about(FILE)))]).await;
    let renamed = multiple.replace("/o/r/", "/new/name/");
    let server = Server::start([
        (
            multiple.clone(),
            reply(301, "").with("location", format!("{{root}}{renamed}")),
        ),
        (
            renamed,
            reply(302, "").with("location", format!("{}/blob?signature=s3cret", storage.root())),
        ),
    ])
    .await;
    let answer = ask(&server).await;
    assert_eq!(found(&answer), [(multiple, 1)]);
    assert!(!format!("{answer:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_asset_is_not_sought_along_a_bad_redirect() {
    let multiple = asset("1.0", "multiple.intoto.jsonl");
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/x", &multiple] {
        let server = Server::start([(multiple.clone(), reply(302, "").with("location", location))]).await;
        let answer = ask(&server).await;
        assert_eq!(found(&answer), []);
        assert!(
            matches!(&notable(&answer)[..], [Answer::Failed { why }] if why.contains("redirects")),
            "{location}"
        );
    }
}

#[tokio::test]
async fn a_second_run_asks_only_whether_things_have_changed() {
    let multiple = asset("v1.0", "multiple.intoto.jsonl");
    let evidence = reply(200, about(FILE)).with("etag", "\"1\"");
    let server = Server::start([(multiple.clone(), evidence.then(reply(304, "")).clone())]).await;
    let folder = tempfile::tempdir().unwrap();
    let with_cache = || {
        let mut settings = Settings::default();
        settings.cache = Some(CacheSettings::new(CacheFolder::new(folder.path().join("cache"))));
        Client::new(settings).unwrap()
    };
    let first = ask_with(&server, &with_cache(), None).await;
    assert_eq!(server.paths().len(), 4);
    let client = with_cache();
    let second = ask_with(&server, &client, None).await;
    // Where nothing was is not asked again so soon.
    assert_eq!(server.paths()[4..], [multiple]);
    assert_eq!(second.asked, first.asked);
    assert_eq!(second.evidence_files, first.evidence_files);
    let counters = client.counters();
    assert_eq!(
        (counters.requests, counters.revalidations, counters.cache_hits),
        (1, 1, 3)
    );
}

#[tokio::test]
async fn a_page_instead_of_an_asset_is_not_believed_for_long() {
    let multiple = asset("1.0", "multiple.intoto.jsonl");
    let log_in = reply(200, "<html>log in</html>").with("cache-control", "max-age=86400");
    let server = Server::start([(multiple.clone(), log_in.then(reply(200, about(FILE))))]).await;
    let folder = tempfile::tempdir().unwrap();
    for expected in [0, 1] {
        let mut settings = Settings::default();
        settings.cache = Some(CacheSettings::new(CacheFolder::new(folder.path().join("cache"))));
        let answer = ask_with(&server, &Client::new(settings).unwrap(), None).await;
        assert_eq!(answer.evidence_files.len(), expected, "{:?}", answer.asked);
    }
}

#[tokio::test]
async fn an_asset_that_changes_is_the_newer_one_and_never_both() {
    let multiple = asset("1.0", "multiple.intoto.jsonl");
    let (one, two) = (about(FILE).to_string(), format!("{}\n{}", about(FILE), about(FILE)));
    let versions = reply(200, &one).with("etag", "\"1\"");
    let server = Server::start([(multiple.clone(), versions.then(reply(200, &two).with("etag", "\"2\"")))]).await;
    let folder = tempfile::tempdir().unwrap();
    for expected in [&one, &two] {
        let mut settings = Settings::default();
        settings.cache = Some(CacheSettings::new(CacheFolder::new(folder.path().join("cache"))));
        let answer = ask_with(&server, &Client::new(settings).unwrap(), None).await;
        let [(_, content)] = answer.evidence_files.as_slice() else {
            panic!("{:?}", answer.asked)
        };
        assert_eq!(content, expected);
    }
}

#[tokio::test]
async fn offline_and_foreign_repositories_ask_nothing() {
    let server = Server::start([]).await;
    let mut settings = Settings::default();
    settings.offline = true;
    let answer = ask_with(&server, &Client::new(settings).unwrap(), None).await;
    assert!(answer.asked.iter().all(|asked| asked.answer == Answer::Offline));
    let repository = "gitlab.com/o/r".parse().unwrap();
    let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
    let github = Github::new(client(), server.urls.clone(), None);
    let answer = github.release_evidence(&repository, &name, &version, FILE, None).await;
    assert_eq!(answer.asked, []);
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_is_not_there_has_failed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let root = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let mut server = Server::start([]).await;
    server.urls.web = root.parse().unwrap();
    server.urls.api = root.parse().unwrap();
    let answer = ask(&server).await;
    assert!(
        answer
            .asked
            .iter()
            .all(|asked| matches!(asked.answer, Answer::Failed { .. }))
    );
    assert_eq!(answer.asked.len(), 7 * 2 + 1);
}
