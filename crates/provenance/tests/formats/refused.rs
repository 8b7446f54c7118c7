//! What is no evidence, and under which code.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::documents::{V03, attestation, bundle, classic, provenance};
use crate::{code, parse, problems};

fn changed(mut document: Value, change: impl FnOnce(&mut Value)) -> String {
    change(&mut document);
    document.to_string()
}

#[test]
fn nothing_is_never_a_pass() {
    for document in ["", "\n", " \r\n\t\n"] {
        assert_eq!(code(document), "empty-provenance");
    }
    for list in [
        json!({"attestations": []}),
        json!({"version": 1, "attestation_bundles": []}),
        json!({"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": []}]}),
    ] {
        assert_eq!(code(list.to_string()), "empty-provenance");
    }
}

#[test]
fn what_is_not_json_is_one_problem_of_the_whole_document() {
    for document in [
        "<html>",
        "<html>\n<body>\n</html>",
        "{",
        "{\n  \"payload\": \"e30=\",\n",
        "\u{feff}",
        "\0\0",
    ] {
        assert_eq!(problems(&parse(document)), [(None, "not-json")], "{document:?}");
    }
    let cut = format!("{:#}", classic());
    assert_eq!(problems(&parse(&cut[..cut.len() - 2])), [(None, "not-json")]);
}

#[test]
fn ambiguous_documents_are_refused() {
    assert_eq!(code(format!("\u{feff}{}", classic())), "byte-order-mark");
    assert_eq!(code(format!("\u{feff}{:#}", classic())), "byte-order-mark");
    assert_eq!(code(format!("{0}{0}", classic())), "trailing-data");
    assert_eq!(code(format!("{:#}\nx", classic())), "trailing-data");
    let twice = classic().to_string().replacen('{', r#"{"payload":"e30=","#, 1);
    assert_eq!(code(twice), "duplicate-key");
    let twice = format!("{:#}", bundle(V03)).replace("\"tlogEntries\"", "\"certificate\"");
    assert_eq!(code(twice), "duplicate-key");
    assert_eq!(
        code(changed(classic(), |d| d["mediaType"] = json!(V03))),
        "ambiguous-format"
    );
    assert_eq!(
        code(changed(bundle(V03), |d| d["messageSignature"] = json!({}))),
        "ambiguous-format"
    );
    assert_eq!(
        code(changed(attestation(), |d| d["attestations"] = json!([]))),
        "ambiguous-format"
    );
}

#[test]
fn a5_unknown_kinds_are_named() {
    for document in [
        json!([]),
        json!([bundle(V03)]),
        json!("x"),
        json!(1),
        json!(true),
        Value::Null,
        json!({}),
        json!({"x": 1}),
    ] {
        assert_eq!(code(document.to_string()), "unknown-format", "{document}");
    }
    for media_type in [
        "",
        "application/vnd.dev.sigstore.bundle+json;version=0.4",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v1+json",
        "application/vnd.dev.sigstore.bundle.v0.2+json",
        "application/vnd.dev.sigstore.bundle+json; version=0.1",
    ] {
        assert_eq!(
            code(bundle(media_type).to_string()),
            "unknown-media-type",
            "{media_type}"
        );
    }
    for version in [json!(2), json!("1"), json!(1.0), json!(-1)] {
        assert_eq!(
            code(changed(attestation(), |d| d["version"] = version.clone())),
            "unknown-version"
        );
        assert_eq!(
            code(changed(provenance(&json!({})), |d| d["version"] = version)),
            "unknown-version"
        );
    }
}

#[test]
fn every_needed_field_is_needed() {
    let cases: [(&dyn Fn() -> Value, &[&str]); 3] = [
        (
            &classic,
            &["/payloadType", "/payload", "/signatures", "/signatures/0/sig"],
        ),
        (
            &|| bundle(V03),
            &[
                "/mediaType",
                "/verificationMaterial",
                "/dsseEnvelope",
                "/dsseEnvelope/payload",
                "/dsseEnvelope/payloadType",
                "/dsseEnvelope/signatures",
            ],
        ),
        (
            &attestation,
            &[
                "/version",
                "/verification_material",
                "/verification_material/certificate",
                "/verification_material/transparency_entries",
                "/envelope",
                "/envelope/statement",
                "/envelope/signature",
            ],
        ),
    ];
    for (document, fields) in cases {
        for field in fields {
            let set = |value: Value| changed(document(), |d| *d.pointer_mut(field).unwrap() = value);
            assert_eq!(code(set(Value::Null)), "missing-field", "{field}");
            if *field != "/version" {
                assert_eq!(code(set(json!(1))), "wrong-type", "{field}");
            }
        }
    }
    for (document, field) in [
        (classic(), "/signatures"),
        (bundle(V03), "/dsseEnvelope/signatures"),
        (attestation(), "/verification_material/transparency_entries"),
    ] {
        let emptied = changed(document, |d| *d.pointer_mut(field).unwrap() = json!([]));
        assert_eq!(code(emptied), "missing-field", "{field}");
    }
    assert_eq!(code(changed(classic(), |d| d["signatures"] = json!([1]))), "wrong-type");
    assert_eq!(
        code(changed(classic(), |d| d["signatures"][0]["cert"] = json!(1))),
        "wrong-type"
    );
    assert_eq!(code(r#"{"attestations":{}}"#), "wrong-type");
    assert_eq!(code(r#"{"version":1,"attestation_bundles":[[]]}"#), "wrong-type");
    assert_eq!(code(r#"{"version":1,"attestation_bundles":[{}]}"#), "missing-field");
}

#[test]
fn base64_is_the_standard_one_to_the_letter() {
    // Without padding, with too much of it, with bits left over, URL-safe, with line breaks, with a stray character.
    for bad in ["e30", "e30==", "e31=", "_-8=", "e3\n0=", "e30=\n", " e30=", "e3*="] {
        for (document, field) in [
            (classic(), "/payload"),
            (classic(), "/signatures/0/sig"),
            (bundle(V03), "/dsseEnvelope/payload"),
            (attestation(), "/envelope/statement"),
            (attestation(), "/envelope/signature"),
            (attestation(), "/verification_material/certificate"),
        ] {
            let pep740 = field.starts_with("/envelope") || field.starts_with("/verification_material");
            if pep740 && bad.contains('\n') {
                continue;
            }
            let document = changed(document, |d| *d.pointer_mut(field).unwrap() = json!(bad));
            assert_eq!(code(document), "bad-base64", "{bad:?} in {field}");
        }
    }
    assert_eq!(code(changed(classic(), |d| d["payload"] = json!(""))), "missing-field");
}

#[test]
fn a_bad_attestation_of_a_provenance_object_hides_no_good_one() {
    let mut document = provenance(&json!({}));
    document["attestation_bundles"][0]["attestations"][0]["verification_material"] = Value::Null;
    let file = parse(document.to_string());
    assert_eq!(problems(&file), [(Some(1), "missing-field")]);
    assert_eq!(
        file.attestations.iter().map(|a| a.line).collect::<Vec<_>>(),
        [Some(2), Some(3)]
    );
}

#[test]
fn what_is_shown_of_a_document_holds_no_control_characters() {
    for document in [
        json!({"mediaType": "\u{1b}[2J", "verificationMaterial": {}}),
        json!({"\u{1b}[2J\n": 1}),
        json!({"version": "\u{1b}[2J", "envelope": {}}),
    ] {
        for problem in parse(document.to_string()).problems {
            let shown = problem.item.to_string();
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
        }
    }
}

/// Documents with a few bytes changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let good = [
        format!("{}\n{}\n", classic(), bundle(V03)),
        provenance(&json!({"kind": "GitHub"})).to_string(),
        json!({"attestations": [{"bundle": bundle(V03)}]}).to_string(),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    (prop::sample::select(good.to_vec()), changes).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = parse(bytes);
        prop_assert!(!file.problems.is_empty());
    }

    #[test]
    fn mutated_documents_give_an_answer(bytes in mutated()) {
        let file = parse(bytes);
        prop_assert!(!file.problems.is_empty() || !file.attestations.is_empty());
        for located in file.attestations {
            let _ = (located.item.sha256_subjects_hint(), located.item.format_name());
        }
    }
}
