//! The look-up against a Rekor-shaped server on this machine, honest and hostile.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    reason = "tests"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::{Client, Settings};
use slsa_pip_provenance::{Attestation, ClassicEnvelope, RekorAnswer, parse_provenance};
use slsa_pip_transparency_log::{LookupError, MAX_ANSWER_BYTES, MAX_IDS, MAX_IDS_PER_REQUEST, lookup};
use url::Url;

type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A server on 127.0.0.1 that answers every POST by `answer(path, query)`.
async fn server(answer: impl Fn(&str, &Value) -> (u16, String) + Clone + Send + Sync + 'static) -> (Url, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let handler = move |uri: Uri, body: Bytes| {
        let query: Value = serde_json::from_slice(&body).unwrap();
        let (status, text) = answer(uri.path(), &query);
        log.lock().unwrap().push((uri.path().to_owned(), query));
        async move { (StatusCode::from_u16(status).unwrap(), text) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/log", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let app = Router::new().fallback(axum::routing::post(handler));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, seen)
}

fn client() -> Client {
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.timeout = Duration::from_secs(5);
    Client::new(settings).unwrap()
}

const WITH_CERT: &str = r#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"c2ln","cert":"PEM"}]}"#;

fn envelope(text: &str) -> ClassicEnvelope {
    match parse_provenance(text.as_bytes()).attestations.remove(0).item {
        Attestation::Classic(envelope) => envelope,
        other => panic!("not classic: {other:?}"),
    }
}

fn without_cert() -> ClassicEnvelope {
    envelope(&WITH_CERT.replace("PEM", ""))
}

fn digest() -> Sha256Digest {
    Sha256Digest::from_bytes([7; 32])
}

async fn ask(url: &Url, envelope: &ClassicEnvelope) -> Result<Vec<RekorAnswer>, LookupError> {
    lookup(&client(), url, envelope, &digest()).await
}

fn entry(n: usize) -> Value {
    json!({format!("{n:080x}"): {"body": "e30=", "logIndex": n}})
}

const ENTRIES: &str = "/log/api/v1/log/entries/retrieve";
const INDEX: &str = "/log/api/v1/index/retrieve";

#[tokio::test]
async fn an_envelope_with_a_certificate_is_proposed_as_both_kinds() {
    let (url, seen) = server(|_, _| (200, json!([entry(1)]).to_string())).await;
    let answers = ask(&url, &envelope(WITH_CERT)).await.unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].uuid, format!("{:080x}", 1));
    assert_eq!(answers[0].entry, json!({"body": "e30=", "logIndex": 1}));
    let expected = json!({"entries": proposed(WITH_CERT)});
    assert_eq!(*seen.lock().unwrap(), [(ENTRIES.to_owned(), expected)]);
}

fn proposed(text: &str) -> [Value; 2] {
    [
        json!({"kind": "intoto", "apiVersion": "0.0.1", "spec": {"content": {"envelope": text}, "publicKey": "UEVN"}}),
        json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": {"envelope": text, "verifiers": ["UEVN"]}}}),
    ]
}

#[tokio::test]
async fn a_reformatted_envelope_is_proposed_as_the_generator_wrote_it_too() {
    let (url, seen) = server(|_, _| (200, json!([entry(1)]).to_string())).await;
    let value: Value = serde_json::from_str(WITH_CERT).unwrap();
    let pretty = format!("{value:#}");
    ask(&url, &envelope(&format!("{pretty}\n"))).await.unwrap();
    let both = [proposed(&pretty), proposed(WITH_CERT)].concat();
    let expected = json!({"entries": both});
    assert_eq!(*seen.lock().unwrap(), [(ENTRIES.to_owned(), expected)]);
}

#[tokio::test]
#[ignore = "needs SLSA_PIP_DATA"]
async fn real_envelopes_are_proposed_byte_for_byte() {
    let data = std::env::var_os("SLSA_PIP_DATA").unwrap();
    for file in [
        "gha_generic-v1.2.1-binary-linux-amd64-push-v14.2.intoto.jsonl",
        "gha_generic-v2.0.0-binary-linux-amd64-push-v14.2.intoto.jsonl",
    ] {
        let text = std::fs::read_to_string(std::path::Path::new(&data).join("classic-dsse").join(file)).unwrap();
        let (url, seen) = server(|_, _| (200, json!([entry(1)]).to_string())).await;
        ask(&url, &envelope(&text)).await.unwrap();
        let seen = seen.lock().unwrap();
        // As the generator wrote it, hence in one spelling only.
        let entries = seen[0].1["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 2, "{file}");
        assert_eq!(entries[0]["spec"]["content"]["envelope"], json!(text));
        assert_eq!(entries[1]["spec"]["proposedContent"]["envelope"], json!(text));
        let certificate = entries[0]["spec"]["publicKey"].as_str().unwrap();
        assert!(
            certificate.starts_with("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"),
            "{file}"
        );
    }
}

#[tokio::test]
async fn an_envelope_without_a_certificate_is_looked_for_by_the_files_digest() {
    let ids: Vec<String> = (0..MAX_IDS_PER_REQUEST + 3).map(|n| format!("{n:080x}")).collect();
    let known = ids.clone();
    let (url, seen) = server(move |path, query| {
        if path == INDEX {
            return (200, json!(known).to_string());
        }
        let asked = query["entryUUIDs"].as_array().unwrap();
        let found: Vec<Value> = asked.iter().map(|id| json!({id.as_str().unwrap(): {}})).collect();
        (200, json!(found).to_string())
    })
    .await;
    let answers = ask(&url, &without_cert()).await.unwrap();
    assert_eq!(answers.iter().map(|a| a.uuid.clone()).collect::<Vec<_>>(), ids);
    let hash = json!({"hash": format!("sha256:{}", "07".repeat(32))});
    let (first, second) = ids.split_at(MAX_IDS_PER_REQUEST);
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (INDEX.to_owned(), hash),
            (ENTRIES.to_owned(), json!({"entryUUIDs": first})),
            (ENTRIES.to_owned(), json!({"entryUUIDs": second})),
        ]
    );
}

#[tokio::test]
async fn entries_about_another_payload_are_left_out() {
    // The payload is `{}`; this is its SHA-256.
    let own = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let body =
        |kind: &str, spec: Value| base64(&json!({"kind": kind, "apiVersion": "0.0.1", "spec": spec}).to_string());
    let hash = |value: &str| json!({"algorithm": "sha256", "value": value});
    let entries = [
        body("dsse", json!({"payloadHash": hash(own)})),
        body("dsse", json!({"payloadHash": hash(&"0".repeat(64))})),
        body("intoto", json!({"content": {"payloadHash": hash(own)}})),
        body("intoto", json!({"content": {"payloadHash": hash("")}})),
        // What cannot be told is left to verification.
        body("intoto", json!({"content": {"hash": hash("x")}})),
        "no base64".to_owned(),
    ];
    let list: Vec<Value> = entries
        .iter()
        .enumerate()
        .map(|(n, body)| json!({format!("{n:064x}"): {"body": body}}))
        .collect();
    let ids: Vec<String> = (0..entries.len()).map(|n| format!("{n:064x}")).collect();
    let (url, _) = server(move |path, _| (200, if path == INDEX { json!(ids) } else { json!(list) }.to_string())).await;
    let answers = ask(&url, &without_cert()).await.unwrap();
    let kept: Vec<_> = answers
        .iter()
        .map(|answer| answer.uuid.trim_start_matches('0'))
        .collect();
    assert_eq!(kept, ["", "2", "4", "5"]);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn proposals_that_find_nothing_or_are_not_accepted_give_way_to_the_index() {
    for (status, text) in [(200, "[]"), (400, r#"{"code":400,"message":"bad"}"#), (422, "")] {
        let (url, seen) = server(move |path, query| match path {
            INDEX => (200, json!(["a".repeat(64)]).to_string()),
            _ if query.get("entries").is_some() => (status, text.to_owned()),
            _ => (200, json!([entry(2)]).to_string()),
        })
        .await;
        assert_eq!(ask(&url, &envelope(WITH_CERT)).await.unwrap().len(), 1, "{status}");
        assert_eq!(seen.lock().unwrap().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn no_entry_is_an_empty_answer() {
    let (url, seen) = server(|_, _| (200, "[]".to_owned())).await;
    assert_eq!(ask(&url, &envelope(WITH_CERT)).await.unwrap(), []);
    assert_eq!(ask(&url, &without_cert()).await.unwrap(), []);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn hostile_answers_are_errors() {
    let flood: Vec<String> = (0..=MAX_IDS).map(|n| format!("{n:064x}")).collect();
    for (status, text, expected) in [
        (200, "<html>".to_owned(), "log-unreadable"),
        (200, String::new(), "log-unreadable"),
        (200, "{}".to_owned(), "log-unreadable"),
        (200, r#"[{"x":1}]"#.to_owned(), "log-unreadable"),
        (200, json!(flood).to_string(), "log-too-many-entries"),
        (404, String::new(), "log-status"),
        (500, r#"{"message":"x"}"#.to_owned(), "log-status"),
    ] {
        let shown = format!("{status} {}", text.chars().take(20).collect::<String>());
        let (url, _) = server(move |_, _| (status, text.clone())).await;
        assert_eq!(
            ask(&url, &without_cert()).await.unwrap_err().code(),
            expected,
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_hostile_answer_to_the_proposals_is_not_papered_over_by_the_index() {
    for (status, text, expected) in [
        (200, "<html>", "log-unreadable"),
        (500, "", "log-status"),
        (403, "", "log-status"),
    ] {
        let (url, seen) = server(move |_, _| (status, text.to_owned())).await;
        assert_eq!(ask(&url, &envelope(WITH_CERT)).await.unwrap_err().code(), expected);
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    let size = usize::try_from(MAX_ANSWER_BYTES).unwrap() + 1;
    let (url, _) = server(move |_, _| (200, " ".repeat(size))).await;
    let error = ask(&url, &without_cert()).await.unwrap_err();
    assert!(
        matches!(
            error,
            LookupError::Unreachable(slsa_pip_http::HttpError::TooLarge { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_log_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    assert_eq!(
        ask(&url, &envelope(WITH_CERT)).await.unwrap_err().code(),
        "log-unreachable"
    );
    let mut settings = Settings::default();
    settings.offline = true;
    let offline = Client::new(settings).unwrap();
    let error = lookup(&offline, &url, &envelope(WITH_CERT), &digest())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "log-unreachable");
}
