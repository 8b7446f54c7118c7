//! What a stranger's URLs and redirects may lead to.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use slsa_pip_http::{Client, Get, HttpError};
use url::Url;

use crate::{LIMIT, quick, serve};

/// A client whose requests to other hosts than this machine's go through a proxy, which is the test's server.
fn through(proxy: &Url) -> Client {
    let mut settings = quick();
    settings.proxy = Some(proxy.to_string());
    settings.retries = 0;
    Client::new(settings).unwrap()
}

#[tokio::test]
async fn a_public_host_cannot_lead_into_the_private_network() {
    let inside = serve(Router::new().route("/secret", get(|| async { "secret" }))).await;
    let secret = inside.join("secret").unwrap();
    let mut targets = vec![secret.to_string()];
    for host in [
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0",
    ] {
        targets.push(format!("http://{host}/secret"));
    }
    for target in targets {
        let redirect = target.clone();
        let proxy = serve(Router::new().fallback(move || async move { Redirect::temporary(&redirect) })).await;
        let home = Url::parse("http://home.example/start").unwrap();
        let client = through(&proxy);
        let error = client.fetch(&Get::new(&home, LIMIT).guard(&home)).await.unwrap_err();
        assert!(matches!(error, HttpError::Private { .. }), "{target}: {error}");
        assert!(!error.is_transient());
        assert_eq!(client.request_count(), 1, "{target}");
        // Nor can a URL that its answer names.
        let target = Url::parse(&target).unwrap();
        let error = client.fetch(&Get::new(&target, LIMIT).guard(&home)).await.unwrap_err();
        assert!(matches!(error, HttpError::Private { .. }), "{target}: {error}");
    }
    // Nor to the proxy's own port.
    let home = Url::parse("http://home.example/").unwrap();
    let error = through(&inside)
        .fetch(&Get::new(&secret, LIMIT).guard(&home))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Private { .. }), "{error}");
}

#[tokio::test]
async fn a_name_for_this_machine_is_no_way_around() {
    let inside = serve(Router::new().route("/secret", get(|| async { "secret" }))).await;
    let secret = Url::parse(
        &inside
            .join("secret")
            .unwrap()
            .as_str()
            .replace("127.0.0.1", "localhost"),
    )
    .unwrap();
    // Its name cannot be looked up, so it is taken for public.
    let home = Url::parse("http://home.invalid/").unwrap();
    let client = Client::new(quick()).unwrap();
    let error = client.fetch(&Get::new(&secret, LIMIT).guard(&home)).await.unwrap_err();
    assert!(matches!(error, HttpError::Private { .. }), "{error}");
    assert_eq!(client.request_count(), 1, "not tried again");
    assert_eq!(client.get(&secret, None, LIMIT).await.unwrap().body, "secret");
}

#[tokio::test]
async fn a_private_home_may_lead_anywhere() {
    let inside = serve(Router::new().route("/", get(|| async { "asset" }))).await;
    let target = inside.as_str().replace("127.0.0.1", "localhost");
    let home = serve(Router::new().route("/", get(move || async move { Redirect::temporary(&target) }))).await;
    let client = Client::new(quick()).unwrap();
    let answer = client.fetch(&Get::new(&home, LIMIT).guard(&home)).await.unwrap();
    assert_eq!(answer.body, "asset");
}
