//! Whose credentials go where.

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use slsa_pip_http::{Client, Get, Netrc};
use url::Url;

use crate::{LIMIT, client, quick, serve};

fn echo_login(headers: &HeaderMap) -> Response {
    let login = headers
        .get(header::AUTHORIZATION)
        .map_or("none", |value| value.to_str().unwrap());
    login.to_owned().into_response()
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let echo = || get(|headers: HeaderMap| async move { echo_login(&headers) });
    let other = serve(Router::new().route("/echo", echo())).await;
    let to_other = other.join("echo").unwrap().to_string();
    let url = serve(
        Router::new()
            .route("/echo", echo())
            .route("/home", get(|| async { Redirect::temporary("/echo") }))
            .route("/away", get(move || async move { Redirect::temporary(&to_other) })),
    )
    .await;
    let mut with_login = url.clone();
    with_login.set_username("user").unwrap();
    with_login.set_password(Some("pw")).unwrap();
    let body = async |client: &Client, url: Url, bearer| {
        let answer = client.get_with(&url, None, bearer, LIMIT).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    let basic = "Basic dXNlcjpwdw==";
    let in_url = client();
    for (path, expected) in [("echo", basic), ("home", basic), ("away", "none")] {
        assert_eq!(
            body(&in_url, with_login.join(path).unwrap(), None).await,
            expected,
            "{path}"
        );
        assert_eq!(body(&in_url, url.join("echo").unwrap(), None).await, "none");
    }
    let mut settings = quick();
    settings.credentials = vec![with_login.clone()];
    let configured = Client::new(settings).unwrap();
    for (path, expected) in [("echo", basic), ("home", basic), ("away", "none")] {
        assert_eq!(
            body(&configured, url.join(path).unwrap(), None).await,
            expected,
            "{path}"
        );
    }
    for (path, expected) in [("echo", "Bearer t0ken"), ("home", "Bearer t0ken"), ("away", "none")] {
        assert_eq!(
            body(&configured, url.join(path).unwrap(), Some("t0ken")).await,
            expected,
            "{path}"
        );
    }
    assert!(!format!("{configured:?}").contains("pw"));
}

#[tokio::test]
async fn a_netrc_file_counts_where_nothing_else_is_known() {
    let url = serve(Router::new().route("/echo", get(|headers: HeaderMap| async move { echo_login(&headers) }))).await;
    let url = url.join("echo").unwrap();
    let mut settings = quick();
    settings.netrc = Netrc::parse("machine 127.0.0.1 login netrc password pw default login any password pw").unwrap();
    let client = Client::new(settings).unwrap();
    let body = async |get: Get<'_>| String::from_utf8(client.fetch(&get).await.unwrap().body.to_vec()).unwrap();
    assert_eq!(body(Get::new(&url, LIMIT)).await, "Basic bmV0cmM6cHc=");
    assert_eq!(body(Get::new(&url, LIMIT).bearer(Some("t0ken"))).await, "Bearer t0ken");
    // Places that have nothing to do with the index get none of its credentials, but those that are written in the URL.
    assert_eq!(body(Get::new(&url, LIMIT).without_logins()).await, "none");
    let other = Url::parse(&url.as_str().replace("127.0.0.1", "localhost")).unwrap();
    assert_eq!(body(Get::new(&other, LIMIT)).await, "none");
    let mut own = url.clone();
    own.set_username("user").unwrap();
    own.set_password(Some("pw")).unwrap();
    assert_eq!(body(Get::new(&own, LIMIT)).await, "Basic dXNlcjpwdw==");
    client.remember_credentials(&own);
    assert_eq!(body(Get::new(&url, LIMIT)).await, "Basic dXNlcjpwdw==");
    assert!(!format!("{client:?}").contains("pw"));
}
