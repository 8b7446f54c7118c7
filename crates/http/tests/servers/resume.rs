//! Downloads that break off, and how they are gone on with.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use slsa_pip_http::{Downloaded, HttpError, sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::{at, client, is_empty};

/// Large enough for several parts that each count as progress.
const SIZE: usize = 6 << 20;
const MIB: usize = 1 << 20;
const BIG: u64 = 64 << 20;

/// Bytes of which no two parts are alike.
fn version(seed: u8) -> Vec<u8> {
    (0..SIZE)
        .map(|at| u8::try_from((at / 7 + at / 4099) % 251).unwrap() ^ seed)
        .collect()
}

/// One answer of the server: head without `Content-Length`, body, and how much of the body is sent before it hangs up.
struct Scripted {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
    sent: usize,
}

impl Scripted {
    fn whole(body: &[u8], etag: &str, sent: usize) -> Self {
        Self {
            status: "200 OK",
            headers: if etag.is_empty() {
                String::new()
            } else {
                format!("ETag: {etag}\r\n")
            },
            body: body.to_vec(),
            sent,
        }
    }

    /// The bytes from `first` on, of `total`.
    fn part(body: &[u8], etag: &str, first: usize, sent: usize) -> Self {
        let total = body.len();
        Self {
            status: "206 Partial Content",
            headers: format!("ETag: {etag}\r\nContent-Range: bytes {first}-{}/{total}\r\n", total - 1),
            body: body[first..].to_vec(),
            sent,
        }
    }

    fn with(mut self, status: &'static str, headers: &str) -> Self {
        self.status = status;
        headers.clone_into(&mut self.headers);
        self
    }
}

/// What was asked: path, `Range` and `If-Range`.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that gives these answers one after the other; where `keeps_ranges`, parts begin where the client asks.
async fn serve(answers: Vec<Scripted>) -> (Url, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = at(listener.local_addr().unwrap());
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let mut answers: VecDeque<_> = answers.into();
    tokio::spawn(async move {
        while let Some(answer) = answers.pop_front() {
            let (stream, _) = listener.accept().await.unwrap();
            give(stream, &answer, &noted).await;
        }
    });
    (url, asked)
}

async fn give(mut stream: TcpStream, answer: &Scripted, asked: &Asked) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the request ends early");
        request.extend_from_slice(&buffer[..count]);
    }
    let request = String::from_utf8(request).unwrap();
    let mut lines: Vec<&str> = request
        .lines()
        .filter(|line| line.starts_with("range:") || line.starts_with("if-range:"))
        .collect();
    lines.sort_unstable();
    asked.lock().unwrap().push(lines.join(" "));
    let head = format!(
        "HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.headers,
        answer.body.len()
    );
    // The client may have hung up already.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body[..answer.sent]).await;
    let _ = stream.shutdown().await;
    // What was sent is read before the connection goes.
    let _ = stream.read(&mut buffer).await;
}

/// The download's end, the bytes of its file, and what was asked.
async fn download(answers: Vec<Scripted>) -> (Result<(Downloaded, Vec<u8>), HttpError>, Vec<String>) {
    let (url, asked) = serve(answers).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    let mut told = 0;
    let done = client().download(&url, &path, BIG, |bytes| told = bytes).await;
    let done = match done {
        Ok(done) => {
            assert_eq!(told, done.size);
            Ok((done, std::fs::read(&path).unwrap()))
        }
        Err(error) => {
            assert!(is_empty(directory.path()), "{error}");
            Err(error)
        }
    };
    let asked = asked.lock().unwrap().clone();
    (done, asked)
}

fn is(done: &Result<(Downloaded, Vec<u8>), HttpError>, expected: &[u8]) -> bool {
    let (done, bytes) = done.as_ref().unwrap();
    bytes == expected && done.sha256 == sha256(expected) && done.size == expected.len() as u64
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off_however_often() {
    let file = version(1);
    let tag = "\"v1\"";
    // Five breaks are more than the two repetitions that the client is set to; each is a megabyte farther.
    let mut answers = vec![Scripted::whole(&file, tag, MIB)];
    answers.extend((1..5).map(|at| Scripted::part(&file, tag, at * MIB, MIB)));
    answers.push(Scripted::part(&file, tag, 5 * MIB, MIB));
    let (done, asked) = download(answers).await;
    assert!(is(&done, &file));
    let expected: Vec<_> = (0..6)
        .map(|at| match at {
            0 => String::new(),
            at => format!("if-range: \"v1\" range: bytes={}-", at * MIB),
        })
        .collect();
    assert_eq!(asked, expected, "nothing is sent twice");
}

#[tokio::test]
async fn small_steps_do_not_go_on_for_ever() {
    let file = version(1);
    let tag = "\"v1\"";
    let step = 1000;
    let mut answers = vec![Scripted::whole(&file, tag, step)];
    answers.extend((1..20).map(|at| Scripted::part(&file, tag, at * step, step)));
    let (done, asked) = download(answers).await;
    let error = done.unwrap_err();
    assert!(
        matches!(error, HttpError::Truncated { expected, received, .. } if expected == SIZE as u64 && received == 3 * step as u64),
        "{error}"
    );
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_file_that_changed_is_fetched_anew() {
    let (old, new) = (version(1), version(2));
    let broken = || Scripted::whole(&old, "\"v1\"", 2 * MIB);
    let first = 2 * MIB;
    let whole = |body: &[u8]| Scripted::whole(body, "\"v2\"", SIZE);
    let rest = || Scripted::part(&new, "\"v1\"", first, SIZE - first);
    let range =
        |first: usize, total: usize| format!("ETag: \"v1\"\r\nContent-Range: bytes {first}-{}/{total}\r\n", total - 1);
    let cases = [
        // What the server ought to do.
        ("all of it at once", vec![broken(), whole(&new)]),
        // What others do: the rest of the new file, which says so.
        (
            "another tag",
            vec![
                broken(),
                Scripted::part(&new, "\"v2\"", first, SIZE - first),
                whole(&new),
            ],
        ),
        (
            "a weak tag",
            vec![
                broken(),
                Scripted::part(&new, "W/\"v1\"", first, SIZE - first),
                whole(&new),
            ],
        ),
        (
            "no tag",
            vec![
                broken(),
                rest().with(
                    "206 Partial Content",
                    &format!("Content-Range: bytes {first}-{}/{SIZE}\r\n", SIZE - 1),
                ),
                whole(&new),
            ],
        ),
        (
            "another size",
            vec![
                broken(),
                rest().with("206 Partial Content", &range(first, SIZE + 1)),
                whole(&new),
            ],
        ),
        (
            "another place",
            vec![
                broken(),
                rest().with("206 Partial Content", &range(first + 1, SIZE)),
                whole(&new),
            ],
        ),
        (
            "no place",
            vec![
                broken(),
                rest().with("206 Partial Content", "ETag: \"v1\"\r\n"),
                whole(&new),
            ],
        ),
        (
            "no such range",
            vec![broken(), rest().with("416 Range Not Satisfiable", ""), whole(&new)],
        ),
        (
            "a condition that fails",
            vec![broken(), rest().with("412 Precondition Failed", ""), whole(&new)],
        ),
        (
            "another break, and the new one gone on with",
            vec![
                broken(),
                Scripted::whole(&new, "\"v2\"", MIB),
                Scripted::part(&new, "\"v2\"", MIB, SIZE - MIB),
            ],
        ),
    ];
    for (case, answers) in cases {
        let count = answers.len();
        let (done, asked) = download(answers).await;
        assert!(is(&done, &new), "{case}");
        assert_eq!(asked.len(), count, "{case}");
        assert_eq!(asked[1], format!("if-range: \"v1\" range: bytes={first}-"), "{case}");
        if count == 3 && !case.starts_with("another break") {
            assert_eq!(asked[2], "", "{case}: without a range");
        }
    }
}

#[tokio::test]
async fn without_a_strong_tag_it_starts_again() {
    let (old, new) = (version(1), version(2));
    for tag in ["", "W/\"v1\"", "v1", "\"\"", "\""] {
        let answers = vec![Scripted::whole(&old, tag, 2 * MIB), Scripted::whole(&new, tag, SIZE)];
        let (done, asked) = download(answers).await;
        assert!(is(&done, &new), "{tag}");
        assert_eq!(asked, ["", ""], "{tag}");
    }
}

#[tokio::test]
async fn a_tag_of_another_place_is_another_tag() {
    let (old, new) = (version(1), version(2));
    let to = |place: &str| Scripted::whole(b"", "", 0).with("302 Found", &format!("Location: {place}\r\n"));
    let first = 2 * MIB;
    let broken = || Scripted::whole(&old, "\"1\"", first);
    // Signed URLs differ each time in their query.
    let (done, asked) = download(vec![
        to("/a?signature=1"),
        broken(),
        to("/a?signature=2"),
        Scripted::part(&old, "\"1\"", first, SIZE - first),
    ])
    .await;
    assert!(is(&done, &old));
    assert_eq!(asked.len(), 4);
    let (done, asked) = download(vec![
        to("/a"),
        broken(),
        to("/b"),
        Scripted::part(&new, "\"1\"", first, SIZE - first),
        to("/b"),
        Scripted::whole(&new, "\"1\"", SIZE),
    ])
    .await;
    assert!(is(&done, &new));
    assert_eq!(asked.len(), 6);
}

#[tokio::test]
async fn more_than_the_rest_and_a_range_that_nobody_asked_for_are_errors() {
    let file = version(1);
    let first = 2 * MIB;
    let unasked = vec![Scripted::part(&file, "\"v1\"", first, SIZE - first)];
    let (done, _) = download(unasked).await;
    assert_eq!(done.unwrap_err().status(), Some(206));

    let mut long = Scripted::part(&file, "\"v1\"", first, SIZE - first);
    long.body.extend_from_slice(b"more");
    long.sent = long.body.len();
    let (done, _) = download(vec![Scripted::whole(&file, "\"v1\"", first), long]).await;
    let error = done.unwrap_err();
    assert!(matches!(error, HttpError::Range { .. }), "{error}");

    // Too little, and then nothing more.
    let mut short = Scripted::part(&file, "\"v1\"", first, SIZE - first);
    short.body.truncate(MIB);
    short.sent = MIB;
    let rest = Scripted::part(&file, "\"v1\"", first + MIB, SIZE - first - MIB);
    let (done, asked) = download(vec![Scripted::whole(&file, "\"v1\"", first), short, rest]).await;
    assert!(is(&done, &file));
    assert_eq!(asked.len(), 3);
}
