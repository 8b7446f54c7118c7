//! The look-up against a Rekor-shaped server on this machine, honest and hostile.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    reason = "tests"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::{Client, Settings};
use slsa_pip_provenance::{Attestation, ClassicEnvelope, RekorAnswer, parse_provenance};
use slsa_pip_transparency_log::{LookupError, MAX_ANSWER_BYTES, MAX_ENTRIES, MAX_IDS, MAX_IDS_PER_REQUEST, lookup};
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
    match parse_provenance(text.as_bytes()).attestations[0].item.as_ref() {
        Attestation::Classic(envelope) => envelope.clone(),
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

/// SHA-256 of the envelope's payload, `{}`.
const PAYLOAD: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// An entry of a body, under its own id in the first shard.
fn entry_of(body: &Value) -> (String, Value) {
    let body = body.to_string();
    let hash = slsa_pip_http::sha256(format!("\0{body}").as_bytes());
    (format!("{:016x}{hash}", 1), json!({"body": base64(&body)}))
}

/// One about the payload of this digest; the number makes it another one.
fn about(payload: &str, n: usize) -> (String, Value) {
    let spec = json!({"number": n, "payloadHash": {"algorithm": "sha256", "value": payload}});
    entry_of(&json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}))
}

fn entry(n: usize) -> Value {
    let (id, entry) = about(PAYLOAD, n);
    json!({id: entry})
}

/// A server whose index names these entries, and which gives those that are asked for.
async fn log_of(entries: Vec<(String, Value)>) -> (Url, Seen) {
    let ids: Vec<&String> = entries.iter().map(|(id, _)| id).collect();
    let ids: Arc<str> = json!(ids).to_string().into();
    let entries: Arc<HashMap<_, _>> = Arc::new(entries.into_iter().collect());
    server(move |path, query| {
        if path == INDEX {
            return (200, ids.to_string());
        }
        let asked = query["entryUUIDs"].as_array().unwrap();
        assert!(asked.len() <= MAX_IDS_PER_REQUEST);
        let asked = asked.iter().map(|id| id.as_str().unwrap());
        let found: Vec<Value> = asked.map(|id| json!({id: entries[id]})).collect();
        (200, json!(found).to_string())
    })
    .await
}

const ENTRIES: &str = "/log/api/v1/log/entries/retrieve";
const INDEX: &str = "/log/api/v1/index/retrieve";

#[tokio::test]
async fn an_envelope_with_a_certificate_is_proposed_as_both_kinds() {
    let (url, seen) = server(|_, _| (200, json!([entry(1)]).to_string())).await;
    let answers = ask(&url, &envelope(WITH_CERT)).await.unwrap();
    assert_eq!(answers.len(), 1);
    let (id, body) = about(PAYLOAD, 1);
    assert_eq!((&answers[0].uuid, &answers[0].entry), (&id, &body));
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
    let entries: Vec<_> = (0..MAX_IDS_PER_REQUEST + 3).map(|n| about(PAYLOAD, n)).collect();
    let ids: Vec<String> = entries.iter().map(|(id, _)| id.clone()).collect();
    let (url, seen) = log_of(entries).await;
    let answers = ask(&url, &without_cert()).await.unwrap();
    assert_eq!(answers.iter().map(|a| a.uuid.clone()).collect::<Vec<_>>(), ids);
    let hash = json!({"hash": format!("sha256:{}", "07".repeat(32))});
    let (first, second) = ids.split_at(MAX_IDS_PER_REQUEST);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], (INDEX.to_owned(), hash));
    assert_eq!(seen.len(), 3);
    for ids in [first, second] {
        assert!(seen.contains(&(ENTRIES.to_owned(), json!({"entryUUIDs": ids}))));
    }
}

#[tokio::test]
async fn entries_about_another_payload_are_left_out() {
    let hash = |value: &str| json!({"algorithm": "sha256", "value": value});
    let body = |kind: &str, spec: Value| entry_of(&json!({"kind": kind, "apiVersion": "0.0.1", "spec": spec}));
    let entries = vec![
        body("dsse", json!({"payloadHash": hash(PAYLOAD)})),
        body("dsse", json!({"payloadHash": hash(&"0".repeat(64))})),
        body("intoto", json!({"content": {"payloadHash": hash(PAYLOAD)}})),
        body("intoto", json!({"content": {"payloadHash": hash("")}})),
        // Kinds that hold no envelope, and what is no entry at all.
        body("hashedrekord", json!({"data": {"hash": hash(PAYLOAD)}})),
        entry_of(&json!([])),
    ];
    let expected = [entries[0].0.clone(), entries[2].0.clone()];
    let (url, _) = log_of(entries).await;
    let answers = ask(&url, &without_cert()).await.unwrap();
    let kept: Vec<_> = answers.into_iter().map(|answer| answer.uuid).collect();
    assert_eq!(kept, expected);
}

/// Strangers may log what they like about a file.
#[tokio::test]
async fn a_flood_of_strangers_does_not_hide_the_files_own_entry() {
    let other = "0".repeat(64);
    let own = about(PAYLOAD, 0);
    for (before, after) in [
        (MAX_IDS - 1, 0),
        (0, 3 * MAX_IDS),
        (3 * MAX_IDS, 0),
        (400, 400),
        (400, 5000),
    ] {
        let mut entries: Vec<_> = (1..=before).map(|n| about(&other, n)).collect();
        entries.push(own.clone());
        entries.extend((1..=after).map(|n| about(&other, before + n)));
        let (url, seen) = log_of(entries).await;
        let answers = ask(&url, &without_cert()).await.unwrap();
        assert_eq!(answers.len(), 1, "{before} {after}");
        assert_eq!(answers[0].uuid, own.0, "{before} {after}");
        let most = 1 + MAX_IDS / MAX_IDS_PER_REQUEST;
        assert!(seen.lock().unwrap().len() <= most, "{before} {after}");
    }
    // In the middle of too many it is not found, and that is not "no entry".
    let mut entries: Vec<_> = (1..=2 * MAX_IDS).map(|n| about(&other, n)).collect();
    entries.insert(MAX_IDS, own.clone());
    let (url, _) = log_of(entries).await;
    let error = ask(&url, &without_cert()).await.unwrap_err();
    assert_eq!(error.code(), "log-too-many-entries");
    let LookupError::TooManyEntries { found, limit, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((found, limit), (2 * MAX_IDS + 1, MAX_IDS));
}

#[tokio::test]
async fn a_flood_about_the_payload_itself_is_bounded() {
    let entries: Vec<_> = (0..MAX_IDS).map(|n| about(PAYLOAD, n)).collect();
    let (first, last) = (entries[0].0.clone(), entries[MAX_IDS - 1].0.clone());
    let (url, _) = log_of(entries).await;
    let answers = ask(&url, &without_cert()).await.unwrap();
    assert_eq!(answers.len(), MAX_ENTRIES);
    assert_eq!(answers[0].uuid, first);
    assert_eq!(answers[MAX_ENTRIES - 1].uuid, last);
}

/// Only what was asked for is taken, and only under its own id.
#[tokio::test]
async fn entries_that_were_not_asked_for_are_refused() {
    let (own, other) = (about(PAYLOAD, 1), about(PAYLOAD, 2));
    let shard = |id: &str| format!("{:016x}{}", 2, &id[16..]);
    let leaf_hash = |id: &str| id[16..].to_owned();
    for (name, answer, is_good) in [
        ("itself", json!([{own.0.as_str(): own.1}]), true),
        ("without the shard", json!([{leaf_hash(&own.0): own.1}]), true),
        ("nothing", json!([]), true),
        ("in another shard", json!([{shard(&own.0): own.1}]), false),
        ("another", json!([{other.0.as_str(): other.1}]), false),
        (
            "with another",
            json!([{own.0.as_str(): own.1}, {other.0.as_str(): other.1}]),
            false,
        ),
        ("another under its id", json!([{own.0.as_str(): other.1}]), false),
        ("under another's id", json!([{other.0.as_str(): own.1}]), false),
        (
            "a body changed",
            json!([{own.0.as_str(): {"body": base64("{}")}}]),
            false,
        ),
        ("no body", json!([{own.0.as_str(): {}}]), false),
    ] {
        let named = json!([own.0]).to_string();
        let (url, _) = server(move |path, _| {
            (
                200,
                if path == INDEX {
                    named.clone()
                } else {
                    answer.to_string()
                },
            )
        })
        .await;
        let found = ask(&url, &without_cert()).await;
        assert_eq!(found.is_ok(), is_good, "{name}: {found:?}");
        if let Err(error) = found {
            assert_eq!(error.code(), "log-unreadable", "{name}");
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn proposals_that_find_nothing_or_are_not_accepted_give_way_to_the_index() {
    for (status, text) in [(200, "[]"), (400, r#"{"code":400,"message":"bad"}"#), (422, "")] {
        let (url, seen) = server(move |path, query| match path {
            INDEX => (200, json!([about(PAYLOAD, 2).0]).to_string()),
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
    for (status, text, expected) in [
        (200, "<html>".to_owned(), "log-unreadable"),
        (200, String::new(), "log-unreadable"),
        (200, "{}".to_owned(), "log-unreadable"),
        (200, r#"[{"x":1}]"#.to_owned(), "log-unreadable"),
        (200, "[".repeat(100_000), "log-unreadable"),
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
