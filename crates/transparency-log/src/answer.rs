//! Taking answers apart.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use slsa_pip_http::sha256;
use slsa_pip_provenance::{RekorAnswer, json};

use crate::{MAX_ENTRIES_PER_ANSWER, MAX_IDS};

/// Why an answer cannot be used: it is not what the interface says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

fn unreadable<T>(why: impl Into<String>) -> Result<T, Unusable> {
    Err(Unusable(why.into()))
}

/// Entries that the index names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Those to look at, in the index's order.
    pub(crate) ids: Vec<String>,
    /// How many there are.
    pub(crate) found: usize,
}

/// Reads the answer of `entries/retrieve`: a list of objects, each from entry ids to entries. An id holds the hash of its
/// entry's body, which must be that of the body; an entry that is given twice counts once.
pub(crate) fn entries(body: &[u8]) -> Result<Vec<RekorAnswer>, Unusable> {
    let mut answers: Vec<RekorAnswer> = Vec::new();
    let list = list(body)?;
    for item in list {
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
            if !is_body_of(&uuid, &entry) {
                return unreadable(format!("the entry under the id `{uuid}` is another one"));
            }
            if answers.iter().any(|known| same_entry(&known.uuid, &uuid)) {
                continue;
            }
            if answers.len() == MAX_ENTRIES_PER_ANSWER {
                return unreadable(format!("it holds more than {MAX_ENTRIES_PER_ANSWER} entries"));
            }
            answers.push(RekorAnswer { uuid, entry });
        }
    }
    Ok(answers)
}

/// Reads the answer of `index/retrieve`: a list of entry ids, each kept once, and at most [`MAX_IDS`] of them.
pub(crate) fn ids(body: &[u8]) -> Result<Named, Unusable> {
    let mut known = HashSet::new();
    let mut ids = Vec::new();
    for item in list(body)? {
        match item {
            Value::String(id) if is_entry_id(&id) => {
                // The same body may stand in two shards, at different times.
                if known.insert(id.to_ascii_lowercase()) {
                    ids.push(id);
                }
            }
            _ => return unreadable("a member of the list is not an entry id"),
        }
    }
    let found = ids.len();
    Ok(Named {
        ids: ends(ids, MAX_IDS),
        found,
    })
}

/// The first and the last of a list that is longer than `most`: what came before a flood and what came after it.
pub(crate) fn ends<T>(mut list: Vec<T>, most: usize) -> Vec<T> {
    let over = list.len().saturating_sub(most);
    if over > 0 {
        let first = most.div_ceil(2);
        list.drain(first..first + over);
    }
    list
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

/// Whether two ids name the same entry; the shard need not be written.
pub(crate) fn same_entry(one: &str, other: &str) -> bool {
    let same_shard = one.len() != other.len() || one.eq_ignore_ascii_case(other);
    same_shard && leaf_hash(one).eq_ignore_ascii_case(leaf_hash(other))
}

/// Whether the entry's body has the leaf hash (RFC 6962, 2.1) of its id.
fn is_body_of(id: &str, entry: &Value) -> bool {
    let body = entry.get("body").and_then(Value::as_str);
    let body = body.and_then(|text| STANDARD.decode(text).ok());
    body.is_some_and(|body| {
        let leaf = sha256(&[&[0], body.as_slice()].concat());
        leaf_hash(id).eq_ignore_ascii_case(&leaf.to_hex())
    })
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

    /// The leaf hashes of the bodies `{}` and `[]`, which are `e30=` and `W10=` in base64.
    const OBJECT: &str = "28a3a18f6cd6406b086e9ffda1f9b8a13dbcf44b0f3f32cb9031a11fd053acf9";
    const LIST: &str = "f370acc9d8b734d907d177ef29f70d4102a6226a969871eef36ce547b2944361";

    fn id(digit: char, length: usize) -> String {
        digit.to_string().repeat(length)
    }

    /// With the shard in front.
    fn in_shard(digit: char, leaf_hash: &str) -> String {
        id(digit, 16) + leaf_hash
    }

    fn object() -> Value {
        json!({"body": "e30="})
    }

    fn read(body: &Value) -> Option<Vec<String>> {
        let read = entries(body.to_string().as_bytes()).ok()?;
        Some(read.into_iter().map(|answer| answer.uuid).collect())
    }

    #[test]
    fn entries_are_a_list_of_objects() {
        let body = json!([{in_shard('a', OBJECT): object()}, {LIST: {"body": "W10="}}, {}]);
        assert_eq!(read(&body).unwrap(), [in_shard('a', OBJECT), LIST.to_owned()]);
        let upper = json!([{OBJECT.to_ascii_uppercase(): object()}]);
        assert_eq!(read(&upper).unwrap().len(), 1);
        let read = entries(body.to_string().as_bytes()).unwrap();
        assert_eq!(read[0].entry, object());
        assert_eq!(entries(b"[]").unwrap(), []);
    }

    #[test]
    fn an_entry_that_is_given_twice_counts_once() {
        let (one, two) = (in_shard('a', OBJECT), in_shard('b', OBJECT));
        let twice = json!([{one.as_str(): object()}, {one.as_str(): object()}, {OBJECT: object()}]);
        assert_eq!(read(&twice).unwrap(), std::slice::from_ref(&one));
        let shards = json!([{one.as_str(): object(), two.as_str(): object()}]);
        assert_eq!(read(&shards).unwrap(), [one, two]);
    }

    #[test]
    fn other_answers_are_unreadable() {
        let twice = format!(r#"[{{"{OBJECT}":{{"body":"e30="}},"{OBJECT}":{{"body":"e30="}}}}]"#);
        let many: Vec<Value> = (0..=MAX_ENTRIES_PER_ANSWER)
            .map(|n| json!({format!("{n:016x}{OBJECT}"): object()}))
            .collect();
        for body in [
            "",
            "<html>",
            "null",
            "{}",
            "[1]",
            "[[]]",
            r#"[{"x":{}}]"#,
            r#"[{"../../x":{}}]"#,
            &json!([{id('g', 64): object()}]).to_string(),
            &json!([{OBJECT: "x"}]).to_string(),
            &json!([{OBJECT: {}}]).to_string(),
            &json!([{OBJECT: {"body": "no base64"}}]).to_string(),
            &json!([{OBJECT: {"body": 1}}]).to_string(),
            &json!([{LIST: object()}]).to_string(),
            &json!([{in_shard('a', LIST): object()}]).to_string(),
            &json!([{in_shard('a', OBJECT): object(), LIST: object()}]).to_string(),
            &twice,
            &json!(many).to_string(),
        ] {
            assert!(entries(body.as_bytes()).is_err(), "{body}");
        }
        for body in ["", "null", "{}", "[1]", r#"["x"]"#, &json!([id('a', 63)]).to_string()] {
            assert!(ids(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn an_id_is_named_once() {
        let (one, two) = (in_shard('0', OBJECT), in_shard('1', OBJECT));
        let body = json!([one, OBJECT.to_ascii_uppercase(), two, one, OBJECT]);
        let named = ids(body.to_string().as_bytes()).unwrap();
        assert_eq!(named.ids, [one, OBJECT.to_ascii_uppercase(), two]);
        assert_eq!(named.found, 3);
    }

    #[test]
    fn of_a_flood_the_ends_are_looked_at() {
        let flood: Vec<String> = (0..5 * MAX_IDS).map(|n| format!("{n:064x}")).collect();
        let named = ids(json!(flood).to_string().as_bytes()).unwrap();
        assert_eq!((named.ids.len(), named.found), (MAX_IDS, 5 * MAX_IDS));
        let half = MAX_IDS / 2;
        assert_eq!(named.ids[..half], flood[..half]);
        assert_eq!(named.ids[half..], flood[flood.len() - half..]);
        for (most, expected) in [
            (0, vec![]),
            (1, vec![0]),
            (2, vec![0, 4]),
            (3, vec![0, 1, 4]),
            (9, vec![0, 1, 2, 3, 4]),
        ] {
            assert_eq!(ends((0..5).collect(), most), expected, "{most}");
        }
    }

    #[test]
    fn a_shard_is_compared_where_both_name_one() {
        let (one, two) = (in_shard('a', OBJECT), in_shard('b', OBJECT));
        for (left, right, same) in [
            (one.as_str(), one.as_str(), true),
            (&one, OBJECT, true),
            (OBJECT, &one.to_ascii_uppercase(), true),
            (&one, &two, false),
            (&one, LIST, false),
            (&one, &in_shard('a', LIST), false),
        ] {
            assert_eq!(same_entry(left, right), same, "{left} {right}");
        }
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
