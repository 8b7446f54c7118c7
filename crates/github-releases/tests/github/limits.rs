//! What GitHub says about the number of requests.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use slsa_pip_distribution::{Sha256Digest, SourceRepository};
use slsa_pip_github_releases::{Answer, Github, ReleaseAnswer};
use slsa_pip_http::{Client, Settings};

use crate::{Reply, Server, bundle, client, found, is_limited, notable, reply};

const FILE: &str = "foo-1.0-py3-none-any.whl";

fn path() -> String {
    format!("/api/repos/o/r/attestations/sha256:{}?per_page=100", "0".repeat(64))
}

fn there() -> Reply {
    reply(200, serde_json::json!({"attestations": [{"bundle": bundle()}]}))
}

async fn ask(github: &Github) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    github
        .attestations(&repository, &Sha256Digest::from_bytes([0; 32]))
        .await
}

async fn ask_releases(github: &Github) -> ReleaseAnswer {
    let repository = SourceRepository::github("o", "r").unwrap();
    let (name, version) = ("foo".parse().unwrap(), "1.0".parse().unwrap());
    github.release_evidence(&repository, &name, &version, FILE, None).await
}

fn github(server: &Server) -> Github {
    Github::new(client(), server.urls.clone(), None)
}

#[tokio::test]
async fn a_limit_says_when_it_ends_and_is_not_run_into_again() {
    let now = Timestamp::now();
    let reset = now.checked_add(SignedDuration::from_mins(30)).unwrap().as_second();
    let exhausted = |status| {
        reply(status, "")
            .with("x-ratelimit-remaining", 0)
            .with("x-ratelimit-reset", reset)
    };
    let message = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
    for (reply, seconds) in [
        (exhausted(403), 1800),
        (exhausted(429), 1800),
        (reply(429, "").with("retry-after", 90), 90),
        (reply(403, "").with("retry-after", 90), 90),
        // The nearer word counts: `Retry-After` is about this very answer.
        (exhausted(403).with("retry-after", 90), 90),
        (reply(403, message), 60),
        (reply(429, ""), 60),
        (reply(429, "").with("retry-after", "soon"), 60),
        (reply(429, "").with("retry-after", u32::MAX), 86400),
        (exhausted(403).with("x-ratelimit-reset", "-99999999999999999999"), 1800),
    ] {
        let server = Server::start([(path(), reply.clone())]).await;
        let github = github(&server);
        for _ in 0..3 {
            let answer = ask(&github).await;
            let [Answer::RateLimited { until }] = &notable(&answer)[..] else {
                panic!("{:?}", answer.asked)
            };
            let after = until.duration_since(now).as_secs();
            assert!(
                (seconds - 2..=seconds + 10).contains(&after),
                "{after} for {:?}",
                reply.headers
            );
            let shown = answer.asked[0].answer.to_string();
            assert!(
                shown.starts_with("rate-limited until 20") && shown.ends_with('Z'),
                "{shown}"
            );
        }
        assert_eq!(server.paths().len(), 1, "asked again in spite of {:?}", reply.headers);
    }
}

#[tokio::test]
async fn a_plain_refusal_is_no_limit() {
    for reply in [
        reply(403, "<html>rate limit</html>"),
        reply(403, r#"{"message":"Resource not accessible"}"#),
        reply(403, "")
            .with("x-ratelimit-remaining", 5)
            .with("x-ratelimit-reset", 1),
    ] {
        let server = Server::start([(path(), reply)]).await;
        assert_eq!(notable(&ask(&github(&server)).await), [Answer::Forbidden]);
    }
}

#[tokio::test]
async fn a_short_limit_is_waited_for() {
    let limited = || reply(403, "").with("retry-after", 1);
    let server = Server::start([(path(), limited().then(there()))]).await;
    let started = Instant::now();
    let answer = ask(&github(&server)).await;
    assert_eq!(found(&answer).len(), 1);
    assert!(started.elapsed() >= Duration::from_secs(1));
    // But not for ever.
    let server = Server::start([(path(), reply(403, "").with("retry-after", 0))]).await;
    let answer = ask(&github(&server)).await;
    assert!(is_limited(&answer.asked[0].answer));
    assert_eq!(server.paths().len(), 3);
    // And not longer than the client may wait at all.
    let server = Server::start([(path(), limited())]).await;
    let mut settings = Settings::default();
    settings.max_retry_delay = Duration::from_millis(10);
    let github = Github::new(Client::new(settings).unwrap(), server.urls.clone(), None);
    assert!(is_limited(&ask(&github).await.asked[0].answer));
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn site_and_api_and_token_have_limits_of_their_own() {
    let listing = "/api/repos/o/r/releases/tags/1.0";
    let server = Server::start([
        (path(), reply(429, "").with("retry-after", 600)),
        (format!("{} Bearer token", path()), there()),
        (listing.to_owned(), reply(404, "")),
    ])
    .await;
    let anonymous = github(&server);
    assert!(is_limited(&ask(&anonymous).await.asked[0].answer));
    let before = server.paths().len();
    let answer = ask_releases(&anonymous).await;
    // Every asset is asked for; the API is not.
    assert_eq!(server.paths().len() - before, 14);
    assert_eq!(answer.asked.iter().filter(|asked| is_limited(&asked.answer)).count(), 1);
    let with_token = Github::new(client(), server.urls.clone(), Some("token".to_owned()));
    assert_eq!(found(&ask(&with_token).await).len(), 1);
}

#[tokio::test]
async fn a_limit_of_the_token_is_no_reason_to_ask_without() {
    let server = Server::start([
        (
            format!("{} Bearer token", path()),
            reply(403, "").with("retry-after", 600),
        ),
        (path(), there()),
    ])
    .await;
    let github = Github::new(client(), server.urls.clone(), Some("token".to_owned()));
    assert!(is_limited(&ask(&github).await.asked[0].answer));
    assert_eq!(server.paths().len(), 1);
    assert!(!github.token_refused());
}

#[tokio::test]
async fn a_site_that_limits_is_left_alone() {
    let server = Server::start([(
        format!("/o/r/releases/download/1.0/{FILE}.intoto.jsonl"),
        reply(429, "").with("retry-after", 600),
    )])
    .await;
    let answer = ask_releases(&github(&server)).await;
    let assets = server.paths().iter().filter(|path| !path.starts_with("/api")).count();
    assert_eq!(assets, 4, "the first group goes out side by side");
    assert_eq!(
        answer.asked.iter().filter(|asked| is_limited(&asked.answer)).count(),
        11
    );
}
