//! Every change of every value in a JSON document, and in what it holds in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::{checkpoint, der, pem};

/// Takes one change: where, what was done, and the whole value that results.
pub type Emit<'e> = &'e mut dyn FnMut(&str, &str, Value);

/// Values at the same place of other good documents, with the name of the change that puts them here.
pub type Donors = Vec<(&'static str, Value)>;

/// How thoroughly a document is gone through.
#[derive(Debug, Clone, Copy)]
pub struct Depth {
    /// Each so many-th change of certificates and timestamps is made.
    pub stride: usize,
    /// Texts are changed in few ways; every one is.
    pub thin: bool,
}

impl Depth {
    /// What is encoded within a document is bound as a whole, so one document of a kind is gone through in every way.
    fn within(self) -> Self {
        Self {
            thin: self.stride > 1,
            ..self
        }
    }
}

/// Marks a key that is to be written a second time, before or after all others.
const BEFORE: char = '\u{1}';
const AFTER: char = '\u{e000}';

/// The value's JSON text; marked keys lose their mark, so that they occur twice.
pub fn text_of(value: &Value) -> String {
    let text = value.to_string();
    text.replace("\"\\u0001", "\"").replace(&format!("\"{AFTER}"), "\"")
}

pub fn encode(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

/// Emits every change of `value` and of everything below it.
pub fn node(at: &str, value: &Value, donors: &Donors, depth: Depth, emit: Emit<'_>) {
    for (name, donor) in donors {
        if donor != value {
            emit(at, name, donor.clone());
        }
    }
    if !value.is_null() {
        emit(at, "null", Value::Null);
    }
    emit(at, "in a list", json!([value]));
    match value {
        Value::Object(map) => object(at, map, donors, depth, emit),
        Value::Array(list) => array(at, list, donors, depth, emit),
        Value::String(text) => string(at, text, donors, depth, emit),
        Value::Number(number) => {
            let Some(number) = number.as_i64() else { return };
            for (name, changed) in [
                ("plus one", json!(number + 1)),
                ("minus one", json!(number - 1)),
                ("negative", json!(-number - 1)),
                ("largest", json!(u64::MAX)),
                (
                    "as a fraction",
                    json!(f64::from(u32::try_from(number).unwrap_or(7)) + 0.5),
                ),
                ("as a text", json!(number.to_string())),
                ("true", json!(true)),
            ] {
                emit(at, name, changed);
            }
        }
        Value::Bool(truth) => {
            emit(at, "the opposite", json!(!truth));
            emit(at, "as a text", json!(truth.to_string()));
            emit(at, "as a number", json!(u8::from(*truth)));
        }
        Value::Null => {
            for (name, changed) in [
                ("a text", json!("x")),
                ("an empty text", json!("")),
                ("an object", json!({})),
                ("true", json!(true)),
                ("a number", json!(1)),
            ] {
                emit(at, name, changed);
            }
        }
    }
}

fn object(at: &str, map: &Map<String, Value>, donors: &Donors, depth: Depth, emit: Emit<'_>) {
    for (key, child) in map {
        let here = format!("{at}/{key}");
        let below = donors
            .iter()
            .filter_map(|(name, donor)| Some((*name, donor.get(key)?.clone())))
            .collect();
        let with = |value: Value| {
            let mut whole = map.clone();
            whole.insert(key.clone(), value);
            Value::Object(whole)
        };
        node(&here, child, &below, depth, &mut |pointer, mutation, changed| {
            emit(pointer, mutation, with(changed));
        });
        let without = || {
            let mut whole = map.clone();
            whole.remove(key);
            whole
        };
        emit(&here, "removed", Value::Object(without()));
        for (name, mark, value) in [
            ("twice, the other first", BEFORE, other(child)),
            ("twice, the other last", AFTER, other(child)),
            ("twice, null last", AFTER, Value::Null),
            ("twice, the same", AFTER, child.clone()),
        ] {
            let mut whole = map.clone();
            whole.insert(format!("{mark}{key}"), value);
            emit(&here, name, Value::Object(whole));
        }
        for (name, renamed) in [
            ("renamed with a capital", capital(key)),
            ("renamed in the other style", other_style(key)),
        ] {
            if renamed != *key && !map.contains_key(&renamed) {
                let mut whole = without();
                whole.insert(renamed, child.clone());
                emit(&here, name, Value::Object(whole));
            }
        }
    }
    let mut whole = map.clone();
    whole.insert("zzz".to_owned(), json!("unknown"));
    emit(at, "unknown key", Value::Object(whole));
    emit(at, "emptied", json!({}));
    emit(at, "as a text", json!("x"));
}

/// A value of the same type that differs.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => json!("x"),
        Value::Bool(truth) => json!(!truth),
        Value::Number(_) => json!(7),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
    }
}

fn capital(key: &str) -> String {
    let mut characters = key.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// `rawBytes` for `raw_bytes` and the other way: readers of protocol buffers know both.
fn other_style(key: &str) -> String {
    let mut out = String::new();
    let mut after_underscore = false;
    for character in key.chars() {
        match character {
            '_' => after_underscore = true,
            _ if after_underscore => {
                out.push(character.to_ascii_uppercase());
                after_underscore = false;
            }
            _ if character.is_ascii_uppercase() => {
                out.push('_');
                out.push(character.to_ascii_lowercase());
            }
            _ => out.push(character),
        }
    }
    out
}

fn array(at: &str, list: &[Value], donors: &Donors, depth: Depth, emit: Emit<'_>) {
    for (index, child) in list.iter().enumerate() {
        let here = format!("{at}/{index}");
        let below = donors
            .iter()
            .filter_map(|(name, donor)| Some((*name, donor.get(index)?.clone())))
            .collect();
        node(&here, child, &below, depth, &mut |pointer, mutation, changed| {
            let mut whole = list.to_vec();
            whole[index] = changed;
            emit(pointer, mutation, Value::Array(whole));
        });
        let mut whole = list.to_vec();
        whole.remove(index);
        emit(&here, "removed", Value::Array(whole));
        for (name, added) in [("twice", child.clone()), ("before another", other(child))] {
            let mut whole = list.to_vec();
            whole.insert(index + 1, added);
            emit(&here, name, Value::Array(whole));
        }
        let mut whole = list.to_vec();
        whole.insert(index, other(child));
        emit(&here, "after another", Value::Array(whole));
        if list.get(index + 1).is_some_and(|next| next != child) {
            let mut whole = list.to_vec();
            whole.swap(index, index + 1);
            emit(&here, "swapped with the next", Value::Array(whole));
        }
    }
    if !list.is_empty() {
        emit(at, "emptied", json!([]));
    }
    emit(at, "with a null", [list, &[Value::Null]].concat().into());
    emit(at, "as an object", json!({}));
}

fn string(at: &str, text: &str, donors: &Donors, depth: Depth, emit: Emit<'_>) {
    for (name, changed) in spellings(text) {
        if changed != text && (!depth.thin || THIN.contains(&name)) {
            emit(at, name, changed.into());
        }
    }
    if !depth.thin {
        emit(at, "true", json!(true));
        emit(at, "as an object", json!({}));
    }
    if let Ok(number) = text.parse::<i64>()
        && !depth.thin
    {
        emit(at, "as a number", json!(number));
        emit(at, "plus one", json!((number + 1).to_string()));
        emit(at, "minus one", json!((number - 1).to_string()));
        emit(at, "with a zero in front", json!(format!("0{text}")));
        emit(at, "with a sign", json!(format!("+{text}")));
        emit(at, "negative", json!(format!("-{text}")));
        emit(at, "as a fraction", json!(format!("{text}.0")));
    }
    let texts: Vec<(&'static str, String)> = donors
        .iter()
        .filter_map(|(name, donor)| Some((*name, donor.as_str()?.to_owned())))
        .collect();
    if text.starts_with("-----BEGIN ") {
        pem::walk(at, text, &texts, depth, emit);
    } else if text.contains("\n\n\u{2014} ") {
        checkpoint::walk(at, text, emit);
    } else if let Some(bytes) = decode(text) {
        base64(at, &bytes, &texts, depth, emit);
    }
}

/// Bytes, if a text may well be base64: plain words decode by accident only.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() > 16)
}

fn base64(at: &str, bytes: &[u8], donors: &[(&'static str, String)], depth: Depth, emit: Emit<'_>) {
    let flipped = |index: usize| {
        let mut bytes = bytes.to_vec();
        bytes[index] ^= 1;
        encode(&bytes)
    };
    emit(at, "first byte", flipped(0));
    emit(at, "middle byte", flipped(bytes.len() / 2));
    emit(at, "last byte", flipped(bytes.len() - 1));
    emit(at, "a byte more", encode(&[bytes, b"\0"].concat()));
    emit(at, "a byte less", encode(&bytes[..bytes.len() - 1]));
    let plain = STANDARD.encode(bytes);
    for (name, changed) in [
        ("without padding", plain.trim_end_matches('=').to_owned()),
        ("with more padding", format!("{plain}=")),
        ("for URLs", plain.replace('+', "-").replace('/', "_")),
        ("in lines", format!("{}\n{}", &plain[..16], &plain[16..])),
        ("in lines, as RFC 2045", format!("{}\r\n{}", &plain[..16], &plain[16..])),
    ] {
        if changed != plain {
            emit(at, name, changed.into());
        }
    }
    let inner: Vec<(&'static str, Vec<u8>)> = donors
        .iter()
        .filter_map(|(name, donor)| Some((*name, STANDARD.decode(donor).ok()?)))
        .collect();
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with('{') => {
            let value: Value = serde_json::from_str(text).expect("what begins so in documents is JSON");
            let donors = inner
                .iter()
                .filter_map(|(name, donor)| Some((*name, serde_json::from_slice(donor).ok()?)))
                .collect();
            node(
                &format!("{at}:json"),
                &value,
                &donors,
                depth.within(),
                &mut |pointer, mutation, changed| {
                    emit(pointer, mutation, encode(text_of(&changed).as_bytes()));
                },
            );
            emit(
                at,
                "white space in the JSON",
                encode(text.replacen('{', "{ ", 1).as_bytes()),
            );
            emit(at, "a line end after the JSON", encode(format!("{text}\n").as_bytes()));
        }
        Ok(text) => {
            let donors = inner
                .iter()
                .filter_map(|(name, donor)| Some((*name, std::str::from_utf8(donor).ok()?.into())))
                .collect();
            string(
                &format!("{at}:text"),
                text,
                &donors,
                depth,
                &mut |pointer, mutation, changed| {
                    if let Some(changed) = changed.as_str() {
                        emit(pointer, mutation, encode(changed.as_bytes()));
                    }
                },
            );
        }
        Err(_) => der::walk(
            &format!("{at}:der"),
            bytes,
            &inner,
            depth,
            &mut |pointer, mutation, changed| {
                emit(pointer, mutation, encode(changed));
            },
        ),
    }
}

/// The ways to change a text that are always gone.
const THIN: [&str; 4] = ["empty", "other case", "appended", "last character"];

/// A text in ways that differ by little.
fn spellings(text: &str) -> Vec<(&'static str, String)> {
    let swap_case = |character: char| {
        if character.is_ascii_lowercase() {
            character.to_ascii_uppercase()
        } else {
            character.to_ascii_lowercase()
        }
    };
    let mut first_letter = text.to_owned();
    if let Some(at) = text.find(|character: char| character.is_ascii_alphabetic()) {
        let changed: String = text[at..=at].chars().map(swap_case).collect();
        first_letter.replace_range(at..=at, &changed);
    }
    let mut all = vec![
        ("empty", String::new()),
        ("other case", text.chars().map(swap_case).collect()),
        ("first letter's other case", first_letter),
        ("appended", format!("{text}x")),
        ("put before", format!("x{text}")),
        ("space after", format!("{text} ")),
        ("space before", format!(" {text}")),
        ("line end after", format!("{text}\n")),
        ("NUL after", format!("{text}\0")),
        ("slash after", format!("{text}/")),
        (
            "look-alike",
            text.replacen('a', "\u{430}", 1).replacen('o', "\u{43e}", 1),
        ),
    ];
    if let Some(last) = text.chars().last() {
        let rest = &text[..text.len() - last.len_utf8()];
        let name = if last == '=' {
            "padding character less"
        } else {
            "last character less"
        };
        all.push((name, rest.to_owned()));
        let next = if last == 'z' || last == '9' {
            'A'
        } else {
            char::from(last as u8 + 1)
        };
        all.push(("last character", format!("{rest}{next}")));
    }
    if let Some(first) = text.chars().next() {
        let rest = &text[first.len_utf8()..];
        let next = if first == 'z' || first == '9' {
            'A'
        } else {
            char::from(first as u8 + 1)
        };
        all.push(("first character", format!("{next}{rest}")));
    }
    all
}
