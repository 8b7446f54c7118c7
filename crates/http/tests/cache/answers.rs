//! What is kept, for how long, and for whom.

use slsa_pip_http::{Caching, Client, Get, HttpError, Origin, Settings, sha256};
use tempfile::tempdir;

use crate::{LIMIT, Server, cache, client, client_of, counts, files, get, reply, standard};

#[tokio::test]
async fn a_fresh_answer_needs_no_request_also_in_the_next_run() {
    let folder = tempdir().unwrap();
    let server = Server::start(
        reply("a page")
            .max_age(600)
            .with("content-type", "text/x")
            .with("set-cookie", "s3cret"),
    )
    .await;
    let first = client(&folder);
    let answer = standard(&first, &server.url).await;
    assert_eq!(
        (answer.origin, answer.body.as_ref()),
        (Origin::Network, b"a page".as_ref())
    );
    let next = client(&folder);
    let answer = standard(&next, &server.url).await;
    assert_eq!(
        (answer.origin, answer.body.as_ref()),
        (Origin::Cache, b"a page".as_ref())
    );
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/x")));
    assert_eq!(answer.final_url, server.url);
    assert_eq!((counts(&first), counts(&next)), ((1, 0, 0), (0, 1, 0)));
    assert_eq!(server.requests(), 1);
    let kept = files(folder.path());
    assert_eq!(kept.len(), 1);
    assert!(!String::from_utf8_lossy(&std::fs::read(&kept[0]).unwrap()).contains("s3cret"));
}

#[tokio::test]
async fn a_stale_answer_is_confirmed_or_replaced() {
    for (name, one, two) in [
        ("etag", "\"1\"", "W/\"2\""),
        (
            "last-modified",
            "Mon, 01 Jan 2024 00:00:00 GMT",
            "Tue, 02 Jan 2024 00:00:00 GMT",
        ),
    ] {
        let folder = tempdir().unwrap();
        let server = Server::start(reply("one").with(name, one)).await;
        standard(&client(&folder), &server.url).await;
        let second = client(&folder);
        let answer = standard(&second, &server.url).await;
        assert_eq!(
            (answer.origin, answer.body.as_ref()),
            (Origin::Revalidated, b"one".as_ref())
        );
        assert_eq!(counts(&second), (1, 0, 1));
        server.now(reply("two").with(name, two));
        let answer = standard(&second, &server.url).await;
        assert_eq!(
            (answer.origin, answer.body.as_ref()),
            (Origin::Network, b"two".as_ref())
        );
        let answer = standard(&second, &server.url).await;
        assert_eq!(
            (answer.origin, answer.body.as_ref()),
            (Origin::Revalidated, b"two".as_ref())
        );
        assert_eq!(server.requests(), 4);
    }
}

#[tokio::test]
async fn a_confirmation_renews_the_lifetime() {
    let folder = tempdir().unwrap();
    let server = Server::start(
        reply("one")
            .etag("\"1\"")
            .with("cache-control", "no-cache, max-age=600"),
    )
    .await;
    let client = client(&folder);
    for expected in [Origin::Network, Origin::Revalidated, Origin::Revalidated] {
        assert_eq!(standard(&client, &server.url).await.origin, expected);
    }
    server.now(reply("one").etag("\"1\"").max_age(600));
    for expected in [Origin::Revalidated, Origin::Cache] {
        assert_eq!(standard(&client, &server.url).await.origin, expected);
    }
}

#[tokio::test]
async fn a_confirmation_without_a_lifetime_goes_by_every_line_that_was_kept() {
    let folder = tempdir().unwrap();
    let server = Server::start(
        reply("one")
            .etag("\"1\"")
            .max_age(600)
            .with("cache-control", "no-cache"),
    )
    .await;
    let client = client(&folder);
    assert_eq!(standard(&client, &server.url).await.origin, Origin::Network);
    server.now(reply("one").etag("\"1\""));
    for _ in 0..2 {
        assert_eq!(standard(&client, &server.url).await.origin, Origin::Revalidated);
    }
}

#[tokio::test]
async fn what_must_not_be_kept_is_not() {
    for reply in [
        reply("x").max_age(600).with("vary", "*"),
        reply("x").etag("\"1\"").with("cache-control", "no-store, max-age=600"),
        reply("x"),
        reply("x").status(206).max_age(600),
        reply("x").status(404).max_age(600),
        reply("x").status(500).max_age(600),
        reply("x").status(403).max_age(600),
    ] {
        let folder = tempdir().unwrap();
        let server = Server::start(reply).await;
        let client = client(&folder);
        for _ in 0..2 {
            assert_eq!(standard(&client, &server.url).await.origin, Origin::Network);
        }
        assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test]
async fn nothing_is_kept_unless_the_caller_says_so() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("x").max_age(600)).await;
    let client = client(&folder);
    client.get(&server.url, None, LIMIT).await.unwrap();
    client
        .post_json(&server.url, &serde_json::json!({}), LIMIT)
        .await
        .unwrap();
    assert_eq!(files(folder.path()).len(), 0);
    standard(&client, &server.url).await;
    // A POST is not answered from it either, nor is a GET whose caller does not want it.
    client
        .post_json(&server.url, &serde_json::json!({}), LIMIT)
        .await
        .unwrap();
    client.get(&server.url, None, LIMIT).await.unwrap();
    assert_eq!((server.requests(), counts(&client)), (5, (5, 0, 0)));
}

#[tokio::test]
async fn that_nothing_is_there_is_believed_for_evidence_only() {
    for (status, kept) in [(404, true), (410, true), (403, false), (429, false), (503, false)] {
        let folder = tempdir().unwrap();
        let server = Server::start(reply("none").status(status).with("cache-control", "no-cache")).await;
        let client = client(&folder);
        for expected in [Origin::Network, if kept { Origin::Cache } else { Origin::Network }] {
            let answer = get(&client, &server.url, Caching::Evidence).await;
            assert_eq!((answer.status, answer.origin), (status, expected), "{status}");
        }
        // Whoever asks otherwise is not told from memory, and the answer then is everybody's.
        server.now(reply("there").max_age(600));
        assert_eq!(standard(&client, &server.url).await.body, "there");
        assert_eq!(get(&client, &server.url, Caching::Evidence).await.body, "there");
    }
    let folder = tempdir().unwrap();
    let server = Server::start(reply("").status(404).with("cache-control", "no-store")).await;
    let client = client(&folder);
    for _ in 0..2 {
        assert_eq!(
            get(&client, &server.url, Caching::Evidence).await.origin,
            Origin::Network
        );
    }
}

#[tokio::test]
async fn a_failure_is_never_covered_by_what_was_kept() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("kept").etag("\"1\"")).await;
    let client = client(&folder);
    standard(&client, &server.url).await;
    server.now(reply("down").status(500));
    assert_eq!(standard(&client, &server.url).await.status, 500);
    // But a failure does not cost what was kept.
    server.now(reply("kept").etag("\"1\""));
    assert_eq!(standard(&client, &server.url).await.origin, Origin::Revalidated);
    server.now(reply("").status(404));
    assert_eq!(standard(&client, &server.url).await.status, 404);
    assert_eq!(files(folder.path()).len(), 0);
}

#[tokio::test]
async fn a_304_that_nothing_asked_for_is_no_answer() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("").status(304)).await;
    let error = standard(&client(&folder), &server.url).await.success().unwrap_err();
    assert_eq!(error.status(), Some(304));
}

#[tokio::test]
async fn a_digest_is_as_good_as_a_confirmation() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("metadata")).await;
    let client = client(&folder);
    let caching = Caching::Digest(sha256(b"metadata"));
    for expected in [Origin::Network, Origin::Cache, Origin::Cache] {
        assert_eq!(get(&client, &server.url, caching).await.origin, expected);
    }
    // The index names another digest: the server is asked, and its answer is kept instead.
    server.now(reply("changed"));
    let caching = Caching::Digest(sha256(b"changed"));
    for expected in [Origin::Network, Origin::Cache] {
        let answer = get(&client, &server.url, caching).await;
        assert_eq!((answer.origin, answer.body.as_ref()), (expected, b"changed".as_ref()));
    }
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn accept_and_credentials_have_answers_of_their_own() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("private").max_age(600).with("vary", "Accept, Authorization")).await;
    let mut login = server.url.clone();
    login.set_username("user").unwrap();
    login.set_password(Some("s3cret")).unwrap();
    let json = Get::new(&server.url, LIMIT).accept(Some("application/json"));
    let questions = [
        Get::new(&server.url, LIMIT),
        json,
        json.bearer(Some("t0ken")),
        json.bearer(Some("other")),
        Get::new(&login, LIMIT),
    ];
    let client = client(&folder);
    for question in questions {
        let question = question.caching(Caching::Standard);
        for expected in [Origin::Network, Origin::Cache] {
            assert_eq!(client.fetch(&question).await.unwrap().origin, expected);
        }
    }
    // Credentials that the client knows count as those in the URL.
    client.remember_credentials(&login);
    assert_eq!(standard(&client, &server.url).await.origin, Origin::Cache);
    assert_eq!(server.requests(), questions.len());
    let kept = files(folder.path());
    assert_eq!(kept.len(), questions.len());
    for path in kept {
        let text = [path.to_str().unwrap().as_bytes(), &std::fs::read(&path).unwrap()].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        for secret in ["s3cret", "t0ken", "dXNlcjpzM2NyZXQ"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_redirected_answer_is_confirmed_where_it_came_from() {
    let folder = tempdir().unwrap();
    let target = Server::start(reply("asset").etag("\"1\"").max_age(600)).await;
    let to = |path: &str| {
        reply("")
            .status(302)
            .with("location", target.url.join(path).unwrap().as_str())
    };
    let server = Server::start(to("/asset?signature=s3cret1")).await;
    let client = client(&folder);
    assert_eq!(standard(&client, &server.url).await.origin, Origin::Network);
    // The redirect is followed anew, whatever the lifetime of its end.
    let answer = standard(&client, &server.url).await;
    assert_eq!(
        (answer.origin, answer.body.as_ref()),
        (Origin::Revalidated, b"asset".as_ref())
    );
    assert_eq!(answer.final_url, target.url.join("/asset").unwrap());
    // The validators went to the end of the redirect alone, and do not go elsewhere.
    assert!(
        server
            .seen
            .lock()
            .unwrap()
            .iter()
            .all(|(_, headers)| !headers.contains_key("if-none-match"))
    );
    // Another query is another place: what it holds may be confirmed by the same tag and be something else.
    for (number, other) in (2..).zip(["/asset?signature=s3cret2", "/asset", "/another"]) {
        server.now(to(other));
        assert_eq!(standard(&client, &server.url).await.origin, Origin::Network, "{other}");
        assert!(!target.seen.lock().unwrap()[number].1.contains_key("if-none-match"));
    }
    for path in files(folder.path()) {
        assert!(!String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains("s3cret"));
    }
}

#[tokio::test]
async fn an_answer_that_took_anothers_credentials_is_not_kept() {
    let folder = tempdir().unwrap();
    let target = Server::start(reply("private").etag("\"1\"").max_age(600)).await;
    let server = Server::start(reply("").status(302).with("location", target.url.as_str())).await;
    let client = client(&folder);
    client.remember_login(&target.url, "user", "pw");
    for _ in 0..2 {
        assert_eq!(standard(&client, &server.url).await.origin, Origin::Network);
    }
    assert_eq!(files(folder.path()).len(), 0);
}

#[tokio::test]
async fn what_turned_out_unusable_is_forgotten() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("<html>log in</html>").max_age(600)).await;
    let client = client(&folder);
    standard(&client, &server.url).await;
    client.forget(&Get::new(&server.url, LIMIT)).await;
    server.now(reply("{}"));
    assert_eq!(standard(&client, &server.url).await.body, "{}");
}

#[tokio::test]
async fn offline_answers_nothing_from_the_cache_either() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("x").max_age(600)).await;
    standard(&client(&folder), &server.url).await;
    let mut settings = Settings::default();
    settings.offline = true;
    settings.cache = Some(cache(&folder));
    let error = Client::new(settings)
        .unwrap()
        .fetch(&Get::new(&server.url, LIMIT).caching(Caching::Standard))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Offline { .. }), "{error}");
}

#[tokio::test]
async fn a_kept_answer_over_the_limit_is_asked_for_again() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("too long").max_age(600)).await;
    let client = client(&folder);
    standard(&client, &server.url).await;
    let error = client
        .fetch(&Get::new(&server.url, 3).caching(Caching::Standard))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 3, .. }), "{error}");
}

#[tokio::test]
async fn requests_side_by_side_share_one_cache() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply(&"page ".repeat(5000)).max_age(600)).await;
    let clients: Vec<_> = (0..8).map(|_| client_of(cache(&folder))).collect();
    let work = clients.iter().flat_map(|client| {
        (0..8).map(async |number| {
            let url = server.url.join(&format!("/{number}")).unwrap();
            assert_eq!(standard(client, &url).await.body.len(), 25_000);
        })
    });
    futures_util::future::join_all(work).await;
    assert_eq!(files(folder.path()).len(), 8);
    let last = client(&folder);
    for number in 0..8 {
        let url = server.url.join(&format!("/{number}")).unwrap();
        assert_eq!(standard(&last, &url).await.origin, Origin::Cache);
    }
}
