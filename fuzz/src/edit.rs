//! Changes to good documents that keep their structure: what a forger would try, at random.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::good::{Document, WORLD};
use crate::input::Input;

/// Most changes of one document; more only make it less alike.
const MOST: usize = 12;

/// Keys that formats use; a value that appears under another's key must not count.
const KEYS: [&str; 24] = [
    "payload",
    "payloadType",
    "signatures",
    "sig",
    "keyid",
    "cert",
    "mediaType",
    "verificationMaterial",
    "certificate",
    "x509CertificateChain",
    "publicKey",
    "tlogEntries",
    "timestampVerificationData",
    "dsseEnvelope",
    "messageSignature",
    "envelope",
    "statement",
    "version",
    "attestations",
    "bundle",
    "inclusionProof",
    "inclusionPromise",
    "subject",
    "predicate",
];

/// Marks a key that is to be written a second time; no good document holds this character.
const TWICE: &str = "\u{1}";

/// A changed document and the log's changed answers.
pub struct Edited {
    /// The document's bytes.
    pub document: Vec<u8>,
    /// The log's answers, for classic envelopes.
    pub answers: Value,
}

/// Applies the changes that the input asks for.
pub fn edit(good: &Document, input: &mut Input<'_>) -> Edited {
    let (mut document, mut answers) = (good.json.clone(), good.answers.clone());
    let form = input.byte();
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        let of_log = !answers.is_null() && input.byte() % 2 == 1;
        change(if of_log { &mut answers } else { &mut document }, input);
    }
    Edited {
        document: write(&document, form, input),
        answers,
    }
}

/// One change at one place.
pub fn change(root: &mut Value, input: &mut Input<'_>) {
    let place = pick(root, input);
    let kind = input.byte() % 16;
    match kind {
        0..=8 => {
            if let Some(value) = root.pointer_mut(&place) {
                change_value(value, kind, input);
            }
        }
        9 => remove(root, &place),
        10 => rename(root, &place, input),
        11 => twice(root, &place, input),
        12 => {
            if let Some(other) = document(input).json.pointer(&place) {
                set(root, &place, other.clone());
            }
        }
        13 => {
            let other = document(input);
            let from = if input.byte().is_multiple_of(2) {
                &other.json
            } else {
                &other.answers
            };
            if let Some(value) = from.pointer(&pick(from, input)) {
                set(root, &place, value.clone());
            }
        }
        14 => {
            let from = pick(root, input);
            if let (Some(a), Some(b)) = (root.pointer(&place).cloned(), root.pointer(&from).cloned()) {
                set(root, &place, b);
                set(root, &from, a);
            }
        }
        _ => inside(root, &place, input),
    }
}

fn document(input: &mut Input<'_>) -> &'static Document {
    &WORLD.documents[input.below(WORLD.documents.len())]
}

fn set(root: &mut Value, place: &str, value: Value) {
    if let Some(old) = root.pointer_mut(place) {
        *old = value;
    }
}

fn change_value(value: &mut Value, kind: u8, input: &mut Input<'_>) {
    match (kind, &mut *value) {
        (1..=3, Value::String(text)) => *text = change_text(text, kind, input),
        (4, Value::String(text)) => *text = respell(text, input),
        (5, Value::String(text)) => *text = change_lines(text, input),
        (6, Value::String(text)) => {
            if let Ok(number) = text.parse::<i64>() {
                *value = Value::from(number);
            }
        }
        (6, Value::Number(number)) => *value = Value::from(number.to_string()),
        (7, Value::Array(list)) => change_list(list, input),
        (7, _) => *value = Value::Array(vec![value.take()]),
        (8, Value::Object(object)) => {
            object.insert(KEYS[input.below(KEYS.len())].to_owned(), input.value());
        }
        (1..=5 | 8, Value::Number(number)) => {
            let step = i64::from(input.byte()) - 128;
            *value = Value::from(number.as_i64().unwrap_or_default().wrapping_add(step));
        }
        _ => *value = input.value(),
    }
}

/// Changes bytes behind base64 where there is some, else the text itself.
fn change_text(text: &str, kind: u8, input: &mut Input<'_>) -> String {
    let decoded = STANDARD.decode(text).ok().filter(|bytes| bytes.len() > 8);
    let mut bytes = decoded.clone().unwrap_or_else(|| text.as_bytes().to_vec());
    let at = input.below(bytes.len());
    match kind {
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (input.byte() % 8);
            }
        }
        2 => bytes.truncate(at),
        _ => {
            let end = (at + usize::from(input.byte() & 7)).min(bytes.len());
            bytes.splice(at..end, input.bytes().iter().copied());
        }
    }
    match decoded {
        Some(_) => STANDARD.encode(bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// The same in another spelling, or nearly.
fn respell(text: &str, input: &mut Input<'_>) -> String {
    match input.byte() % 8 {
        0 => text.to_ascii_uppercase(),
        1 => text.to_ascii_lowercase(),
        2 => format!("{text}="),
        3 => text.trim_end_matches('=').to_owned(),
        4 => STANDARD
            .decode(text)
            .map_or_else(|_| format!(" {text}"), |bytes| URL_SAFE.encode(bytes)),
        5 => format!("{text}\n"),
        6 => format!("0{text}"),
        _ => text.replace('\n', "\r\n"),
    }
}

/// Lines of checkpoints and certificates.
fn change_lines(text: &str, input: &mut Input<'_>) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let (a, b) = (input.below(lines.len()), input.below(lines.len()));
    match input.byte() % 4 {
        0 => lines.swap(a, b),
        1 => lines.insert(a, lines[b]),
        2 => drop(lines.remove(a)),
        _ => lines.push(lines[b]),
    }
    lines.join("\n")
}

fn change_list(list: &mut Vec<Value>, input: &mut Input<'_>) {
    let at = input.below(list.len());
    match (list.get(at).cloned(), input.byte() % 4) {
        (Some(value), 0) => list.push(value),
        (Some(value), 1) => list.insert(0, value),
        (Some(_), 2) => drop(list.remove(at)),
        (Some(_), _) => list.reverse(),
        (None, _) => list.push(input.value()),
    }
}

/// Changes the JSON that a text holds behind base64: statements and the bodies of log entries.
fn inside(root: &mut Value, place: &str, input: &mut Input<'_>) {
    let Some(Value::String(text)) = root.pointer_mut(place) else {
        return;
    };
    let Some(mut inner) = STANDARD
        .decode(&*text)
        .ok()
        .and_then(|it| serde_json::from_slice::<Value>(&it).ok())
    else {
        return;
    };
    let place = pick(&inner, input);
    let kind = input.byte() % 9;
    if let Some(value) = inner.pointer_mut(&place) {
        change_value(value, kind, input);
    }
    *text = STANDARD.encode(inner.to_string());
}

/// Parent and key of a place.
fn split(place: &str) -> Option<(&str, String)> {
    let (parent, key) = place.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn remove(root: &mut Value, place: &str) {
    let Some((parent, key)) = split(place) else { return };
    match root.pointer_mut(parent) {
        Some(Value::Object(object)) => drop(object.remove(&key)),
        Some(Value::Array(list)) => {
            if let Some(at) = key.parse::<usize>().ok().filter(|at| *at < list.len()) {
                list.remove(at);
            }
        }
        _ => {}
    }
}

fn rename(root: &mut Value, place: &str, input: &mut Input<'_>) {
    let Some((parent, key)) = split(place) else { return };
    let Some(Value::Object(object)) = root.pointer_mut(parent) else {
        return;
    };
    if let Some(value) = object.remove(&key) {
        let name = match input.byte() % 3 {
            0 => KEYS[input.below(KEYS.len())].to_owned(),
            1 => key.to_ascii_lowercase(),
            _ => input.text(),
        };
        object.insert(name, value);
    }
}

/// Writes a key a second time, with another value.
fn twice(root: &mut Value, place: &str, input: &mut Input<'_>) {
    let Some((parent, key)) = split(place) else { return };
    if let Some(Value::Object(object)) = root.pointer_mut(parent) {
        object.insert(format!("{TWICE}{key}"), input.value());
    }
}

/// The path of one value within `root`.
fn pick(root: &Value, input: &mut Input<'_>) -> String {
    let mut places = Vec::new();
    walk(root, String::new(), &mut places);
    let at = input.below(places.len());
    places.swap_remove(at)
}

fn walk(value: &Value, path: String, places: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(value, format!("{path}/{key}"), places);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                walk(value, format!("{path}/{at}"), places);
            }
        }
        _ => {}
    }
    places.push(path);
}

/// The text of a changed document, in one of many forms.
fn write(document: &Value, form: u8, input: &mut Input<'_>) -> Vec<u8> {
    let pretty = form & 1 == 1;
    let text = if pretty {
        serde_json::to_string_pretty(document).unwrap_or_default()
    } else {
        document.to_string()
    };
    let text = text.replace("\\u0001", "");
    match form >> 1 & 7 {
        1 => format!("\n \t{text}\r\n"),
        2 => format!("\u{feff}{text}"),
        3 => format!("{text}\n{text}"),
        4 => format!("{}\n{text}\n", self::document(input).text),
        5 => format!("{{\"attestations\":[{{\"bundle\":{text}}}]}}"),
        6 => format!("{text}{}", input.text()),
        7 => format!("{text}\n{{\n{text}"),
        _ => text,
    }
    .into_bytes()
}
