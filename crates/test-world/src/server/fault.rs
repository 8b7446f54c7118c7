//! Ways in which a server misbehaves, and how each changes an answer.

use super::answer::Answer;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use std::time::Duration;

/// Time for the first half of a truncated body to leave the machine: an error right behind it would discard it.
const FLUSH: Duration = Duration::from_millis(30);

/// One way to misbehave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another status with a short text as body.
    Status(u16),
    /// The full length is announced, half of the body is sent, then the connection is closed.
    Truncate,
    /// Every body byte in the middle third is flipped.
    Corrupt,
    /// An HTML page with status 200, whatever was asked for.
    Html,
    /// A body without end.
    Endless,
    /// Nothing for this long, then the real answer.
    Slow(Duration),
    /// A redirect to this URL.
    Redirect(String),
    /// Another body with the real status and headers.
    Body(Vec<u8>),
    /// Another answer altogether: status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, String),
    /// Status 200 with these headers and bytes, such as an encoded body.
    Encoded(Vec<(&'static str, String)>, Vec<u8>),
    /// 401, but to requests with this `Authorization`, which get the real answer.
    Login(String),
    /// The real answer, one byte each such while.
    Drip(Duration),
}

impl Fault {
    /// GitHub's primary limit: 403, and when it ends, in seconds of the epoch.
    pub fn github_limit(reset: i64) -> Self {
        let message = "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher \
                       rate limit. Check out the documentation for more details.)";
        let headers = vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("x-ratelimit-limit", "60".to_owned()),
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-used", "60".to_owned()),
            ("x-ratelimit-reset", reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ];
        Self::github_error(403, message, headers)
    }

    /// GitHub's secondary limit: 403 with the message alone, or with `Retry-After` in seconds.
    pub fn github_secondary_limit(retry_after: Option<u32>) -> Self {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        Self::github_error(403, message, headers)
    }

    /// GitHub's answer to a token that does not reach so far.
    pub fn github_forbidden() -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self::github_error(403, "Resource not accessible by personal access token", headers)
    }

    fn github_error(status: u16, message: &str, headers: Vec<(&'static str, String)>) -> Self {
        let body = json!({"message": message, "documentation_url": "https://docs.host.example/rest", "status": status.to_string()});
        Self::Reply(status, headers, body.to_string())
    }
}

/// A fault for the paths that contain a text.
#[derive(Debug, Clone)]
pub(crate) struct PathFault {
    pub(crate) path_contains: String,
    pub(crate) fault: Fault,
    /// How many more requests it strikes; `None`: all.
    pub(crate) remaining: Option<u32>,
}

impl Fault {
    pub(crate) async fn apply(self, mut answer: Answer) -> Response {
        match self {
            Self::Status(status) => respond(Answer::new(status, "text/plain", format!("status {status} on purpose"))),
            Self::Login(_) => respond(Answer {
                headers: vec![("www-authenticate", "Basic realm=\"index\"".to_owned())],
                ..Answer::new(401, "text/plain", "a login is wanted")
            }),
            Self::Html => respond(Answer::new(
                200,
                "text/html",
                "<!DOCTYPE html><html><body>Please log in</body></html>",
            )),
            Self::Redirect(location) => respond(Answer::redirect(location)),
            Self::Body(body) => {
                answer.body = body;
                respond(answer)
            }
            Self::Reply(status, headers, body) => respond(Answer {
                status,
                headers,
                body: body.into_bytes(),
            }),
            Self::Encoded(headers, body) => respond(Answer {
                status: 200,
                headers,
                body,
            }),
            Self::Drip(pause) => {
                let announced = answer.body.len();
                let bytes = std::mem::take(&mut answer.body);
                let drops = stream::iter(bytes).then(move |byte| async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
                });
                build(&answer, Some(announced), Body::from_stream(drops))
            }
            Self::Corrupt => {
                let third = answer.body.len().div_ceil(3);
                answer
                    .body
                    .iter_mut()
                    .skip(third)
                    .take(third)
                    .for_each(|byte| *byte ^= 0xff);
                respond(answer)
            }
            Self::Slow(duration) => {
                tokio::time::sleep(duration).await;
                respond(answer)
            }
            Self::Truncate => {
                let announced = answer.body.len();
                answer.body.truncate(announced / 2);
                let half = stream::once(std::future::ready(Ok(Bytes::from(std::mem::take(&mut answer.body)))));
                let cut = stream::once(async {
                    tokio::time::sleep(FLUSH).await;
                    Err(std::io::Error::other("cut on purpose"))
                });
                build(&answer, Some(announced), Body::from_stream(half.chain(cut)))
            }
            Self::Endless => {
                let chunk = Bytes::from(vec![b' '; 65_536]);
                build(
                    &answer,
                    None,
                    Body::from_stream(stream::repeat(chunk).map(Ok::<_, std::io::Error>)),
                )
            }
        }
    }
}

/// The answer as it is.
pub(crate) fn respond(mut answer: Answer) -> Response {
    let body = std::mem::take(&mut answer.body);
    build(&answer, Some(body.len()), Body::from(body))
}

fn build(answer: &Answer, length: Option<usize>, body: Body) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    response.body(body).expect("handlers write valid headers")
}
