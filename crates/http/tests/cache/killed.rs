//! Processes that are killed while they write.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use slsa_pip_cache::CacheFolder;
use slsa_pip_http::cache::{clean, info};
use slsa_pip_http::{CacheSettings, Origin, sha256};
use tempfile::tempdir;
use url::Url;

use crate::{Server, client, files, reply, standard};

/// How many rounds there are, and how many processes are killed in each, side by side.
const ROUNDS: u64 = 15;
const SIDE_BY_SIDE: u64 = 4;
/// Pages that each of them fetches again and again, and wheels that it keeps.
const PAGES: usize = 4;
/// Where the child finds server and cache.
const CHILD: &str = "SLSA_PIP_TEST_CACHE_CHILD";

fn page() -> String {
    "a page of some size ".repeat(3000)
}

/// The child: alone it does nothing.
#[tokio::test]
async fn child_that_fills_the_cache() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let [url, folder, name] = told.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let url: Url = url.parse().unwrap();
    let folder = Path::new(folder);
    let client = crate::client_of(CacheSettings::new(CacheFolder::new(folder.join("cache"))));
    let wheel = folder.join(name);
    for number in 0.. {
        standard(&client, &url.join(&format!("/{}", number % PAGES)).unwrap()).await;
        let bytes = format!("{} {number}", page());
        fs::write(&wheel, &bytes).unwrap();
        client.wheels().unwrap().put(&sha256(bytes.as_bytes()), &wheel).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_leave_a_cache_without_a_wrong_byte() {
    let folder = tempdir().unwrap();
    // Confirmed each time with a lifetime, so that each is written each time.
    let server = Server::start(
        reply(&page())
            .etag("\"1\"")
            .with("cache-control", "max-age=600, no-cache"),
    )
    .await;
    let program = std::env::current_exe().unwrap();
    for round in 0..ROUNDS {
        let start = |number: u64| {
            let wheel = folder.path().join(format!("{round}-{number}"));
            let child = Command::new(&program)
                .args(["--exact", "killed::child_that_fills_the_cache"])
                .env(
                    CHILD,
                    format!("{} {} {round}-{number}", server.url, folder.path().display()),
                )
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            (child, wheel)
        };
        let children: Vec<_> = (0..SIDE_BY_SIDE).map(start).collect();
        for (number, (mut child, wheel)) in (0..).zip(children) {
            // Each dies at another point of its work.
            while !wheel.exists() {
                assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis((round * 7 + number * 5) % 23)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    assert!(
        info(&CacheFolder::new(folder.path().join("cache")))
            .unwrap()
            .wheels
            .entries
            > 0
    );
    for path in files(&folder.path().join("cache/wheels")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with('.') {
            assert_eq!(sha256(&fs::read(&path).unwrap()).to_hex(), name);
        }
    }
    let client = client(&folder);
    for number in 0..PAGES {
        let answer = standard(&client, &server.url.join(&format!("/{number}")).unwrap()).await;
        assert_eq!((answer.origin, answer.body == page()), (Origin::Revalidated, true));
    }
    assert_eq!(client.cache_trouble(), None);
    // Nor is anything left that could not be cleaned away.
    clean(&CacheFolder::new(folder.path().join("cache"))).unwrap();
    assert_eq!(files(&folder.path().join("cache")).len(), 0);
}
