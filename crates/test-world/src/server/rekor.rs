//! Rekor v1's read API: `log/entries/retrieve`, `log/entries`, `log/entries/{uuid}` and `index/retrieve`.

use super::answer::{Answer, Asked};
use crate::sigstore::{TestSigstore, body};
use serde_json::{Value, json};

/// As many entries as the real log takes in one question.
const MAX_ENTRIES: usize = 10;

pub(crate) fn answer(asked: &Asked, sigstore: &TestSigstore) -> Answer {
    match (asked.method, asked.path) {
        ("POST", "api/v1/log/entries/retrieve") => parsed(asked, |query| entries(query, sigstore)),
        ("POST", "api/v1/index/retrieve") => parsed(asked, |query| index(query, sigstore)),
        ("GET", path) => path
            .strip_prefix("api/v1/log/entries/")
            .map_or_else(Answer::not_found, |uuid| {
                let log = sigstore.log();
                log.find_uuid(uuid).map_or_else(
                    || error(404, "entry not found"),
                    |index| Answer::json(200, &log.prove(index).api_answer()),
                )
            }),
        _ => error(405, "method not allowed"),
    }
}

fn error(code: u16, message: &str) -> Answer {
    Answer::json(code, &json!({"code": code, "message": message}))
}

fn parsed(asked: &Asked, answer: impl FnOnce(&Value) -> Result<Value, String>) -> Answer {
    let query = serde_json::from_slice(asked.body).map_err(|error| error.to_string());
    match query.and_then(|query| answer(&query)) {
        Ok(value) => Answer::json(200, &value),
        Err(message) => error(400, &format!("error processing request: {message}")),
    }
}

/// Entries by proposal, UUID and index, those that exist, in this order.
fn entries(query: &Value, sigstore: &TestSigstore) -> Result<Value, String> {
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
    Ok(by_body
        .chain(by_uuid)
        .chain(by_index)
        .map(|index| log.prove(index).api_answer())
        .collect())
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
