//! A cache that is damaged, foreign or in the way.

use std::fs;

use slsa_pip_http::Origin;
use tempfile::tempdir;

use crate::{Server, client, counts, files, reply, standard};

#[tokio::test]
async fn a_damaged_entry_is_a_miss_and_is_replaced() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("the page").max_age(600)).await;
    standard(&client(&folder), &server.url).await;
    let [entry] = files(folder.path()).try_into().unwrap();
    let whole = fs::read(&entry).unwrap();
    let last = whole.len() - 1;
    let mut flipped = whole.clone();
    flipped[last] ^= 1;
    let longer = [whole.as_slice(), b"x"].concat();
    for damaged in [
        &b""[..],
        &whole[..10],
        &whole[..last],
        &flipped,
        &longer,
        b"slsapip1",
        b"anything else",
    ] {
        fs::write(&entry, damaged).unwrap();
        let client = client(&folder);
        let answer = standard(&client, &server.url).await;
        assert_eq!(
            (answer.origin, answer.body.as_ref()),
            (Origin::Network, b"the page".as_ref())
        );
        assert_eq!(counts(&client), (1, 0, 0));
        assert_eq!(client.cache_trouble(), None);
        assert_eq!(standard(&client, &server.url).await.origin, Origin::Cache);
    }
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    let client = client(&folder);
    assert_eq!(standard(&client, &server.url).await.body, "the page");
    assert!(client.cache_trouble().is_some());
}

#[tokio::test]
async fn an_entry_under_another_name_serves_nobody() {
    let folder = tempdir().unwrap();
    let server = Server::start(reply("one").max_age(600)).await;
    let client = client(&folder);
    standard(&client, &server.url).await;
    let [one] = files(folder.path()).try_into().unwrap();
    let other = server.url.join("/other").unwrap();
    server.now(reply("two").max_age(600));
    standard(&client, &other).await;
    let two = files(folder.path()).into_iter().find(|path| *path != one).unwrap();
    fs::copy(&one, &two).unwrap();
    let answer = standard(&client, &other).await;
    assert_eq!(
        (answer.origin, answer.body.as_ref()),
        (Origin::Network, b"two".as_ref())
    );
}

#[tokio::test]
async fn a_cache_that_cannot_be_made_costs_no_request() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("cache"), "a file").unwrap();
    let server = Server::start(reply("x").max_age(600)).await;
    let client = client(&folder);
    for _ in 0..2 {
        assert_eq!(standard(&client, &server.url).await.body, "x");
    }
    assert_eq!(counts(&client), (2, 0, 0));
    let trouble = client.cache_trouble().unwrap();
    assert!(trouble.contains("cache"), "{trouble}");
}

#[cfg(unix)]
#[tokio::test]
async fn folders_are_private_and_others_are_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let server = Server::start(reply("x").max_age(600)).await;
    standard(&client(&folder), &server.url).await;
    let [entry] = files(folder.path()).try_into().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&entry), 0o600);
    for made in entry.ancestors().skip(1).take(3) {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    fs::set_permissions(entry.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    let client = client(&folder);
    assert_eq!(standard(&client, &server.url).await.origin, Origin::Network);
    assert!(client.cache_trouble().unwrap().contains("0777"));
}
