//! Properties of the strict JSON reader and of `LOCATION@REF`. The cases are the same in every run.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use slsa_pip_provenance::budget::MAX_JSON_DEPTH;
use slsa_pip_provenance::{json, split_ref};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", "[a-z]{1,2}", any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Pieces of JSON, in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    const PIECES: [&str; 32] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "1",
        "-0",
        "1e5",
        "1E400",
        "01",
        "1.",
        "0.5",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "\u{feff}",
        "\u{a0}",
        "\"",
        "\\",
        "/",
        "'",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12).prop_map(|pieces| pieces.concat())
}

/// An object's text with one member more at `at`; the others are members of their own names.
fn object(members: &[(String, Value)], key: &str, value: &Value, at: usize) -> String {
    let mut texts: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())))
        .collect();
    texts.insert(at.min(texts.len()), format!("{key}:{value}"));
    format!("{{{}}}", texts.join(","))
}

/// The text in JSON with every UTF-16 unit escaped.
fn escaped(text: &str) -> String {
    let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    format!("\"{}\"", units.concat())
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn valid_documents_are_read_as_serde_json_reads_them(value in value()) {
        for text in [value.to_string(), format!("{value:#}"), format!(" \r\n{value}\t\n")] {
            prop_assert_eq!(json::parse(text.as_bytes()), Ok(serde_json::from_str::<Value>(&text).unwrap()));
        }
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused(
        members in prop::collection::btree_map(text(), value(), 1..5), other in value(),
        which in any::<prop::sample::Index>(), at in 0_usize..6, depth in 0_usize..5
    ) {
        let members: Vec<(String, Value)> = members.into_iter().collect();
        let (key, _) = &members[which.index(members.len())];
        for again in [Value::from(key.as_str()).to_string(), escaped(key)] {
            let text = object(&members, &again, &other, at);
            let text = (0..depth).fold(text, |text, level| {
                if level % 2 == 0 { format!("[0,{text}]") } else { format!("{{\"x\":{text},\"y\":1}}") }
            });
            let error = json::parse(text.as_bytes()).unwrap_err();
            prop_assert_eq!(error.code(), "duplicate-key", "{}", text);
            // Lenient readers take one of both: that is why.
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    #[test]
    fn a_key_of_other_case_is_another(members in prop::collection::btree_map("[a-z]{1,4}", value(), 1..4), at in 0_usize..5) {
        let members: Vec<(String, Value)> = members.into_iter().collect();
        let text = object(&members, &format!("\"{}\"", members[0].0.to_uppercase()), &Value::Null, at);
        let read = json::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(read.as_object().unwrap().len(), members.len() + 1);
    }

    #[test]
    fn what_follows_a_value_is_refused(value in value(), tail in "[^ \r\n\t]{1,5}") {
        prop_assume!(!value.is_number());
        let text = format!("{value} {tail}");
        prop_assert_eq!(json::parse(text.as_bytes()).unwrap_err().code(), "trailing-data");
    }

    #[test]
    fn depth_is_bounded_whatever_nests(value in value(), objects in any::<u128>(), more in 0_usize..8) {
        let nested = |depth: usize| {
            (0..depth).fold("1".to_owned(), |text, level| {
                if objects >> (level % 128) & 1 == 0 { format!("[{text}]") } else { format!("{{\"a\":{text}}}") }
            })
        };
        prop_assert!(json::parse(nested(MAX_JSON_DEPTH - more).as_bytes()).is_ok());
        let deeper = format!("[{},{value}]", nested(MAX_JSON_DEPTH + more));
        prop_assert_eq!(json::parse(deeper.as_bytes()).unwrap_err().code(), "json-too-deep");
    }
}

/// The reader takes what `serde_json` takes, and gives the same, except for what it refuses by its own codes.
fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let lenient = serde_json::from_slice::<Value>(bytes);
    match (json::parse(bytes), lenient) {
        (Ok(strict), lenient) => prop_assert_eq!(Some(strict), lenient.ok()),
        (Err(error), Ok(_)) => prop_assert!(["duplicate-key", "json-too-deep"].contains(&error.code()), "{}", error),
        (Err(error), Err(_)) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(4096))]

    #[test]
    fn nothing_else_is_read_than_json(text in nearly_json(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        compare(text.as_bytes())?;
        compare(&bytes)?;
    }

    #[test]
    fn a_damaged_document_is_never_read_otherwise(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = value.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        compare(&bytes)?;
        compare(&bytes[..at])?;
    }
}

fn location() -> impl Strategy<Value = String> {
    "(git\\+https://)?github\\.com(/[A-Za-z0-9._-]{1,8}){2,5}"
}

/// Names of refs as git allows them, `@` among their characters.
fn reference() -> impl Strategy<Value = String> {
    "refs/(tags|heads|pull)/[A-Za-z0-9._+@/-]{1,16}".prop_filter("its own test", |name| !name.contains("@refs/"))
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_ref_is_split_off_where_it_begins(location in location(), reference in reference(), commit in "[0-9a-f]{40}") {
        for reference in [reference, commit] {
            let text = format!("{location}@{reference}");
            prop_assert_eq!(split_ref(&text), Some((location.as_str(), reference.as_str())));
        }
        prop_assert_eq!(split_ref(&location), None);
    }

    #[test]
    fn a_user_before_the_host_stays_with_the_location(location in location(), user in "[a-z]{1,5}", reference in reference()) {
        let location = format!("{user}@{location}");
        let text = format!("{location}@{reference}");
        prop_assert_eq!(split_ref(&text), Some((location.as_str(), reference.as_str())));
    }

    #[test]
    fn both_halves_are_the_text(text in ".{0,30}", parts in prop::collection::vec("@|@refs/|refs/|[a-z/]{0,4}|@x", 0..8)) {
        for text in [text, parts.concat()] {
            match split_ref(&text) {
                Some((location, reference)) => prop_assert_eq!(format!("{location}@{reference}"), text),
                None => prop_assert!(!text.contains('@')),
            }
        }
    }

    #[test]
    fn a_ref_within_a_ref_never_moves_the_repository(location in location(), inner in reference(), outer in "refs/(tags|heads)/[a-z]{1,6}") {
        // A tag named `x@refs/tags/v1` could be read two ways; whichever is taken, the location begins with the true one,
        // so its owner and repository are the true ones.
        let text = format!("{location}@{outer}@{inner}");
        let (found, _) = split_ref(&text).unwrap();
        prop_assert!(found.starts_with(&location), "{} {}", text, found);
    }
}
