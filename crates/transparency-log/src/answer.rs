//! Taking answers apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slsa_pip_provenance::{RekorAnswer, json};

use crate::{MAX_ENTRIES_PER_ANSWER, MAX_IDS};

/// Why an answer cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Not what the interface says.
    Unreadable(String),
    /// More ids than are looked at.
    TooMany(usize),
}

fn unreadable<T>(why: impl Into<String>) -> Result<T, Unusable> {
    Err(Unusable::Unreadable(why.into()))
}

/// Reads the answer of `entries/retrieve`: a list of objects, each from entry ids to entries.
pub(crate) fn entries(body: &[u8]) -> Result<Vec<RekorAnswer>, Unusable> {
    let mut answers = Vec::new();
    for item in list(body)? {
        let Value::Object(object) = item else {
            return unreadable("a member of the list is not an object");
        };
        for (uuid, entry) in object {
            if !is_entry_id(&uuid) {
                return unreadable(format!("`{}` is not an entry id", json::printable(&uuid)));
            }
            if !entry.is_object() {
                return unreadable("an entry is not an object");
            }
            answers.push(RekorAnswer { uuid, entry });
        }
    }
    if answers.len() > MAX_ENTRIES_PER_ANSWER {
        return unreadable(format!("it holds more than {MAX_ENTRIES_PER_ANSWER} entries"));
    }
    Ok(answers)
}

/// Reads the answer of `index/retrieve`: a list of entry ids. Each entry is named once, in the first spelling met.
pub(crate) fn ids(body: &[u8]) -> Result<Vec<String>, Unusable> {
    let mut ids: Vec<String> = Vec::new();
    let list = list(body)?;
    if list.len() > MAX_IDS {
        return Err(Unusable::TooMany(list.len()));
    }
    for item in list {
        match item {
            Value::String(id) if is_entry_id(&id) => {
                if !ids
                    .iter()
                    .any(|known| leaf_hash(known).eq_ignore_ascii_case(leaf_hash(&id)))
                {
                    ids.push(id);
                }
            }
            _ => return unreadable("a member of the list is not an entry id"),
        }
    }
    Ok(ids)
}

fn list(body: &[u8]) -> Result<Vec<Value>, Unusable> {
    match json::parse(body) {
        Ok(Value::Array(list)) => Ok(list),
        Ok(_) => unreadable("it is not a list"),
        Err(error) => unreadable(error.to_string()),
    }
}

/// The payload's digest that an entry of kind `dsse` or `intoto` names, hexadecimal; `None` if it names none.
pub(crate) fn payload_digest(answer: &RekorAnswer) -> Option<String> {
    let body = STANDARD.decode(answer.entry.get("body")?.as_str()?).ok()?;
    let body = json::parse(&body).ok()?;
    let paths = ["/spec/payloadHash/value", "/spec/content/payloadHash/value"];
    let digest = paths.iter().find_map(|path| body.pointer(path))?;
    digest.as_str().map(str::to_owned)
}

/// 64 hexadecimal digits, or 80 with the shard's 16 in front.
fn is_entry_id(text: &str) -> bool {
    matches!(text.len(), 64 | 80) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The last 64 digits of an entry id.
fn leaf_hash(id: &str) -> &str {
    id.get(id.len().saturating_sub(64)..).unwrap_or(id)
}

/// The `message` of an error answer, printable.
pub(crate) fn message(body: &[u8]) -> Option<String> {
    let value = json::parse(body).ok()?;
    let message = value.get("message")?.as_str()?;
    Some(json::printable(message)).filter(|message| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(digit: char, length: usize) -> String {
        digit.to_string().repeat(length)
    }

    #[test]
    fn entries_are_a_list_of_objects() {
        let body = json!([{id('a', 80): {"body": "x"}}, {id('b', 64): {}}, {}]).to_string();
        let read = entries(body.as_bytes()).unwrap();
        let ids: Vec<_> = read.iter().map(|answer| answer.uuid.as_str()).collect();
        assert_eq!(ids, [id('a', 80), id('b', 64)]);
        assert_eq!(read[0].entry, json!({"body": "x"}));
        assert_eq!(entries(b"[]").unwrap(), []);
    }

    #[test]
    fn other_answers_are_unreadable() {
        let twice = format!(r#"[{{"{0}":{{}},"{0}":{{}}}}]"#, id('a', 64));
        for body in [
            "",
            "<html>",
            "null",
            "{}",
            "[1]",
            "[[]]",
            r#"[{"x":{}}]"#,
            r#"[{"../../x":{}}]"#,
            &json!([{id('g', 64): {}}]).to_string(),
            &json!([{id('a', 64): "x"}]).to_string(),
            &twice,
            &json!(vec![json!({id('a', 64): {}}); MAX_ENTRIES_PER_ANSWER + 1]).to_string(),
        ] {
            assert!(
                matches!(entries(body.as_bytes()), Err(Unusable::Unreadable(_))),
                "{body}"
            );
        }
        for body in ["", "null", "{}", "[1]", r#"["x"]"#, &json!([id('a', 63)]).to_string()] {
            assert!(matches!(ids(body.as_bytes()), Err(Unusable::Unreadable(_))), "{body}");
        }
        let flood: Vec<String> = (0..=MAX_IDS).map(|n| format!("{n:064x}")).collect();
        assert_eq!(
            ids(json!(flood).to_string().as_bytes()),
            Err(Unusable::TooMany(MAX_IDS + 1))
        );
    }

    #[test]
    fn an_entry_is_named_once() {
        let with_shard = format!("{}{}", id('0', 16), id('a', 64));
        let body = json!([with_shard, id('A', 64), id('b', 64)]).to_string();
        assert_eq!(ids(body.as_bytes()).unwrap(), [with_shard, id('b', 64)]);
    }

    #[test]
    fn the_servers_words_are_printable() {
        assert_eq!(
            message(br#"{"code":400,"message":"a\u001b[2J"}"#).unwrap(),
            "a\\u{1b}[2J"
        );
        assert_eq!(message(b"<html>"), None);
    }
}
