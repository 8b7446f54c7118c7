//! Rekor v1's read API: `log`, `log/entries`, `log/entries/{uuid}`, `log/entries/retrieve`, `log/publicKey` and `index/retrieve`.

use super::answer::{Answer, Asked};
use crate::encoding::hex;
use crate::sigstore::{Log, LogLie, Proven, TestSigstore, body};
use serde_json::{Value, json};

/// As many entries as the real log takes in one question.
const MAX_ENTRIES: usize = 10;

pub(crate) fn answer(asked: &Asked, sigstore: &TestSigstore) -> Answer {
    match (asked.method, asked.path) {
        ("POST", "api/v1/log/entries/retrieve") => parsed(asked, |query| entries(query, sigstore)),
        ("POST", "api/v1/index/retrieve") => parsed(asked, |query| Ok(index(query, sigstore)?.to_string())),
        ("GET", "api/v1/log") => Answer::json(200, &sigstore.log().describe()),
        ("GET", "api/v1/log/publicKey") => {
            Answer::new(200, "application/x-pem-file", sigstore.log().key().public_pem())
        }
        ("GET", "api/v1/log/entries") => {
            let log_index = asked.query_value("logIndex").and_then(|index| index.parse().ok());
            let Some(log_index) = log_index else {
                return error(400, "logIndex in query is required");
            };
            let log = sigstore.log();
            one(&log, log.find_log_index(log_index))
        }
        ("GET", path) => path
            .strip_prefix("api/v1/log/entries/")
            .map_or_else(Answer::not_found, |uuid| {
                let log = sigstore.log();
                one(&log, log.find_uuid(uuid))
            }),
        _ => error(405, "method not allowed"),
    }
}

fn one(log: &Log, number: Option<usize>) -> Answer {
    match number.and_then(|number| given(log, number).into_iter().next()) {
        Some(entry) => Answer::new(200, "application/json", entry),
        None => error(404, "entry not found"),
    }
}

fn error(code: u16, message: &str) -> Answer {
    Answer::json(code, &json!({"code": code, "message": message}))
}

fn parsed(asked: &Asked, answer: impl FnOnce(&Value) -> Result<String, String>) -> Answer {
    let query = serde_json::from_slice(asked.body).map_err(|error| error.to_string());
    match query.and_then(|query| answer(&query)) {
        Ok(text) => Answer::new(200, "application/json", text),
        Err(message) => error(400, &format!("error processing request: {message}")),
    }
}

/// Entries by proposal, UUID and index, those that exist, in this order.
fn entries(query: &Value, sigstore: &TestSigstore) -> Result<String, String> {
    let list = |key: &str| {
        query
            .get(key)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let (proposals, uuids, indexes) = (list("entries"), list("entryUUIDs"), list("logIndexes"));
    let asked = proposals.len() + uuids.len() + indexes.len();
    if asked == 0 || asked > MAX_ENTRIES {
        return Err(format!(
            "between 1 and {MAX_ENTRIES} entries must be asked for, not {asked}"
        ));
    }
    let bodies = proposals.iter().map(body::of_proposal).collect::<Result<Vec<_>, _>>()?;
    let log = sigstore.log();
    let by_body = bodies.iter().filter_map(|body| log.find_body(body));
    let by_uuid = uuids.iter().filter_map(|uuid| log.find_uuid(uuid.as_str()?));
    let by_index = indexes
        .iter()
        .filter_map(|index| log.find_log_index(usize::try_from(index.as_u64()?).ok()?));
    let numbers = by_body.chain(by_uuid).chain(by_index);
    let found: Vec<_> = numbers.flat_map(|number| given(&log, number)).collect();
    Ok(format!("[{}]", found.join(",")))
}

/// What the log gives out for the entry of this number: objects of ids and entries, one unless it lies.
fn given(log: &Log, number: usize) -> Vec<String> {
    let proven = log.prove(number);
    let other = || log.find_other(&proven.body).map(|number| log.prove(number));
    let alone = |proven: &Proven| object(&[(proven.uuid.clone(), proven.api_entry())]);
    match log.lie {
        None | Some(LogLie::Stale) => vec![alone(&proven)],
        Some(LogLie::Denial) => Vec::new(),
        Some(LogLie::OtherId) => {
            let id: String = proven.uuid.chars().rev().collect();
            vec![object(&[(id, proven.api_entry())])]
        }
        Some(LogLie::OtherShard) => {
            let leaf_hash = proven.uuid.get(16..).unwrap_or_default();
            vec![object(&[(format!("{:016x}{leaf_hash}", 1), proven.api_entry())])]
        }
        Some(LogLie::OtherEntry) => other()
            .map(|other| object(&[(proven.uuid.clone(), other.api_entry())]))
            .into_iter()
            .collect(),
        Some(LogLie::Foreign) => other().map(|other| alone(&other)).into_iter().collect(),
        Some(LogLie::DuplicateKeys) => {
            let entry = (proven.uuid.clone(), proven.api_entry());
            vec![object(&[entry.clone(), entry])]
        }
        Some(LogLie::Repeated) => vec![alone(&proven), alone(&proven)],
        Some(LogLie::WithOthers(count)) => {
            let others = other().map(|other| alone(&other));
            let others = std::iter::repeat_n(others, count).flatten();
            std::iter::once(alone(&proven)).chain(others).collect()
        }
        Some(LogLie::UnknownLog) => {
            let mut entry = proven.api_entry();
            if let Some(id) = entry.get_mut("logID") {
                *id = hex(&[0x5a; 32]).into();
            }
            vec![object(&[(proven.uuid.clone(), entry)])]
        }
    }
}

/// A JSON object, written out so that a key can stand in it twice.
fn object(members: &[(String, Value)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// UUIDs by `{"hash": "sha256:…"}` (the prefix may be missing).
fn index(query: &Value, sigstore: &TestSigstore) -> Result<Value, String> {
    let hash = query
        .get("hash")
        .and_then(Value::as_str)
        .ok_or("only look-up by hash is served here")?;
    let hash = hash.strip_prefix("sha256:").unwrap_or(hash).to_lowercase();
    Ok(sigstore.log().find_digest(&hash).into_iter().map(Value::from).collect())
}
