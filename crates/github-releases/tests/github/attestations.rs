//! `attestations`.

use serde_json::json;
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_github_releases::{Answer, Github, MAX_PAGES, ReleaseAnswer};

use crate::{Reply, Server, binary, bundle, client, found, notable, reply};

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn path() -> String {
    format!("/api/repos/o/r/attestations/sha256:{ZEROS}")
}

fn first() -> String {
    format!("{}?per_page=100", path())
}

async fn ask(server: &Server, token: Option<&str>) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    let digest = Sha256Digest::from_bytes([0; 32]);
    let github = Github::new(client(), server.urls.clone(), token.map(str::to_owned));
    github.attestations(&repository, &digest).await
}

fn inline(count: usize) -> Reply {
    let item = json!({"bundle": bundle(), "repository_id": 1, "bundle_url": "https://blob.example/x?secret"});
    reply(200, json!({"attestations": vec![item; count]}))
}

#[tokio::test]
async fn bundles_of_every_page_are_found() {
    let next = format!("{}?per_page=100&after=2", path());
    let link = format!("<{{root}}{}>; rel=\"prev\", <{{root}}{next}>; rel=\"next\"", first());
    let server = Server::start([(first(), inline(2).with("link", link)), (next.clone(), inline(1))]).await;
    let answer = ask(&server, None).await;
    assert_eq!(found(&answer), [(path(), 2), (path(), 1)]);
    assert_eq!(server.paths(), [first(), next]);
}

#[tokio::test]
async fn pages_are_bounded_and_stay_with_the_api() {
    let link = format!("<{{root}}{}>; rel=\"next\"", first());
    let server = Server::start([(first(), inline(1).with("link", link))]).await;
    assert_eq!(ask(&server, None).await.evidence_files.len(), MAX_PAGES);
    for foreign in [
        "<https://evil.example/>; rel=\"next\"",
        "<//evil.example/x>; rel=next",
        "junk",
        "<x>",
    ] {
        let server = Server::start([(first(), inline(1).with("link", foreign))]).await;
        assert_eq!(ask(&server, Some("secret")).await.asked.len(), 1, "{foreign}");
    }
}

#[tokio::test]
async fn a_bundle_elsewhere_is_fetched_without_the_token() {
    let page = json!({"attestations": [
        {"bundle": null, "bundle_url": "{root}/blob/plain?sig=s3cret"},
        {"bundle": null, "bundle_url": "{root}/blob/snappy?sig=s3cret"},
        {"bundle": null, "bundle_url": "ftp://127.0.0.1/x"},
        {"bundle": null},
        7,
    ]});
    let server = Server::start([
        (first(), reply(200, page)),
        ("/blob/plain?sig=s3cret".to_owned(), reply(200, bundle())),
        (
            "/blob/snappy?sig=s3cret".to_owned(),
            reply(200, "\u{8}\u{1c}compressed"),
        ),
    ])
    .await;
    let answer = ask(&server, Some("token")).await;
    assert_eq!(found(&answer), [("/blob/plain".to_owned(), 1)]);
    assert!(
        matches!(
            notable(&answer).as_slice(),
            [Answer::Found, Answer::Found, Answer::Unreadable { .. }]
        ),
        "{:?}",
        answer.asked
    );
    let shown = format!("{:?}{:?}", answer.asked, answer.evidence_files);
    assert!(!shown.contains("s3cret"), "{shown}");
    for (path, token) in server.seen.lock().unwrap().iter() {
        let expected = path.starts_with("/api").then_some("Bearer token");
        // The blob server is of the API's origin here; all the same the token stays with the API's own questions.
        assert_eq!(token.as_deref(), expected, "{path}");
    }
}

#[tokio::test]
async fn compressed_bundles_are_decoded() {
    let plain = bundle().to_string().into_bytes();
    let block = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    let mut framed = snap::write::FrameEncoder::new(Vec::new());
    std::io::Write::write_all(&mut framed, &plain).unwrap();
    let framed = framed.into_inner().unwrap();
    let bomb = snap::raw::Encoder::new().compress_vec(&vec![b' '; 50 << 20]).unwrap();
    let urls = ["block", "named", "framed", "bomb", "cut"];
    let items = urls.map(|name| json!({"bundle": null, "bundle_url": format!("{{root}}/blob/{name}?sig=x")}));
    let blob = |name: &str| format!("/blob/{name}?sig=x");
    let server = Server::start([
        (first(), reply(200, json!({"attestations": items}))),
        (blob("block"), binary(block.clone())),
        (
            blob("named"),
            binary(block.clone()).with("content-type", "application/x-snappy"),
        ),
        (blob("framed"), binary(framed)),
        (blob("bomb"), binary(bomb)),
        (blob("cut"), binary(block[..block.len() - 9].to_vec())),
    ])
    .await;
    let answer = ask(&server, None).await;
    let read = ["block", "named", "framed"].map(|name| (format!("/blob/{name}"), 1));
    assert_eq!(found(&answer), read);
    assert!(answer.evidence_files.iter().all(|(_, content)| *content == plain));
    let [.., Answer::Unreadable { why: bomb }, Answer::Unreadable { why: cut }] = &notable(&answer)[..] else {
        panic!("{:?}", answer.asked)
    };
    assert!(bomb.contains("larger than 4194304 bytes when it is decoded"), "{bomb}");
    assert!(cut.contains("snappy"), "{cut}");
}

#[tokio::test]
async fn more_pages_than_are_read_are_told() {
    let link = format!("<{{root}}{}>; rel=\"next\"", first());
    let server = Server::start([(first(), inline(1).with("link", link))]).await;
    let answer = ask(&server, None).await;
    assert_eq!(server.paths().len(), MAX_PAGES);
    assert!(matches!(&notable(&answer)[..], [.., Answer::Unreadable { why }] if why.contains("pages")));
}

#[tokio::test]
async fn a_token_that_is_none_is_not_sent_again() {
    let server = Server::start([
        (format!("{} Bearer bad", first()), reply(401, "")),
        (first(), inline(1)),
    ])
    .await;
    let github = Github::new(client(), server.urls.clone(), Some("bad".to_owned()));
    let repository = SourceRepository::github("o", "r").unwrap();
    for _ in 0..2 {
        let answer = github
            .attestations(&repository, &Sha256Digest::from_bytes([0; 32]))
            .await;
        assert_eq!(found(&answer), [(path(), 1)]);
    }
    assert!(github.token_refused());
    let tokens: Vec<bool> = server
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, token)| token.is_some())
        .collect();
    assert_eq!(tokens, [true, false, false]);
    assert!(!format!("{github:?}").contains("bad"));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_token() {
    let moved = format!("/api/repositories/7/attestations/sha256:{ZEROS}");
    let server = Server::start([
        (first(), reply(301, "").with("location", format!("{{root}}{moved}"))),
        (moved.clone(), inline(1)),
    ])
    .await;
    let answer = ask(&server, Some("token")).await;
    assert_eq!(found(&answer), [(path(), 1)]);
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(
        seen,
        [
            (first(), Some("Bearer token".to_owned())),
            (moved, Some("Bearer token".to_owned()))
        ]
    );
}

#[tokio::test]
async fn a_redirect_elsewhere_gets_no_token() {
    let elsewhere = Server::start([(first(), inline(1))]).await;
    let location = format!("{}{}", elsewhere.root(), first());
    let server = Server::start([(first(), reply(302, "").with("location", location))]).await;
    let answer = ask(&server, Some("token")).await;
    assert_eq!(found(&answer), [(path(), 1)]);
    assert_eq!(*elsewhere.seen.lock().unwrap(), [(first(), None)]);
}

#[tokio::test]
async fn a_refused_token_is_left_out_once() {
    let server = Server::start([
        (format!("{} Bearer bad", first()), reply(401, "")),
        (first(), inline(1)),
    ])
    .await;
    let answer = ask(&server, Some("bad")).await;
    assert_eq!(notable(&answer), [Answer::Forbidden, Answer::Found]);
    assert_eq!(found(&answer), [(path(), 1)]);
    let server = Server::start([(first(), reply(403, ""))]).await;
    assert_eq!(
        notable(&ask(&server, Some("bad")).await),
        [Answer::Forbidden, Answer::Forbidden]
    );
    assert_eq!(notable(&ask(&server, None).await), [Answer::Forbidden]);
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test]
async fn nothing_and_failures_are_told_apart() {
    for (reply, expected) in [
        (reply(404, ""), Answer::None),
        (reply(422, ""), Answer::None),
        (reply(200, r#"{"attestations":[]}"#), Answer::None),
        (
            reply(500, ""),
            Answer::Failed {
                why: "status 500".into(),
            },
        ),
        (
            reply(200, "[]"),
            Answer::Unreadable {
                why: "it is not a list of attestations".into(),
            },
        ),
        (
            reply(200, r#"{"attestations":[],"attestations":[]}"#),
            Answer::Unreadable {
                why: "it is not a list of attestations (line 1, column 33)".into(),
            },
        ),
    ] {
        let server = Server::start([(first(), reply)]).await;
        let answer = ask(&server, None).await;
        assert_eq!(found(&answer), []);
        assert_eq!(answer.asked.len(), 1);
        assert_eq!(answer.asked[0].answer, expected);
    }
    let server = Server::start([(first(), reply(200, "<html>"))]).await;
    assert!(matches!(
        notable(&ask(&server, None).await).as_slice(),
        [Answer::Unreadable { .. }]
    ));
}
