//! What A1 to A4 accept.

use serde_json::{Value, json};
use slsa_pip_provenance::{Attestation, Publisher};

use crate::documents::{V03, attestation, bundle, classic, provenance};
use crate::{only, parse, problems};

#[test]
fn a1_a_classic_envelope_over_one_line_or_many() {
    for document in [classic().to_string(), format!("{:#}\n", classic())] {
        let Attestation::Classic(envelope) = only(&document) else {
            panic!("not classic")
        };
        assert_eq!(envelope.payload_type, "application/vnd.in-toto+json");
        assert_eq!(envelope.payload, b"{}");
        assert_eq!(envelope.signatures[0].sig, b"sig");
        assert_eq!(envelope.signatures[0].sig_base64, "c2ln");
        assert!(
            envelope.signatures[0]
                .cert_pem
                .as_ref()
                .unwrap()
                .starts_with("-----BEGIN")
        );
        assert_eq!(envelope.raw, classic());
        // Log entries hold the hash of exactly this text.
        assert_eq!(envelope.text, document.trim_end());
    }
}

#[test]
fn a1_the_certificate_and_the_key_id_are_optional() {
    for change in [
        json!({"sig": "c2ln"}),
        json!({"sig": "c2ln", "cert": ""}),
        json!({"sig": "c2ln", "cert": null, "keyid": null}),
    ] {
        let mut document = classic();
        document["signatures"][0] = change;
        let Attestation::Classic(envelope) = only(document.to_string()) else {
            panic!("not classic")
        };
        assert_eq!(envelope.signatures[0].cert_pem, None);
        assert_eq!(envelope.signatures[0].keyid, "");
    }
}

#[test]
fn a2_bundles_of_every_known_media_type() {
    for media_type in slsa_pip_provenance::BUNDLE_MEDIA_TYPES {
        let Attestation::Bundle(read) = only(bundle(media_type).to_string()) else {
            panic!("not a bundle")
        };
        assert_eq!(read.media_type, media_type);
        assert_eq!(read.payload.as_deref(), Some(b"{}".as_slice()));
        assert_eq!(read.json, bundle(media_type));
    }
}

#[test]
fn a2_a_bundle_may_sign_a_plain_message() {
    let mut document = bundle(V03);
    document["dsseEnvelope"] = Value::Null;
    document["messageSignature"] = json!({"signature": "c2ln"});
    let read = only(document.to_string());
    assert_eq!(read.payload(), None);
    assert_eq!(read.format_name(), "Sigstore bundle");
    assert_eq!(read.sha256_subjects_hint(), []);
}

#[test]
fn a3_an_attestation_object() {
    let Attestation::Pep740(read) = only(attestation().to_string()) else {
        panic!("not PEP 740")
    };
    assert_eq!(read.version, 1);
    assert_eq!(read.certificate_der, [0, 1, 2]);
    assert_eq!(read.statement, b"{}");
    assert_eq!(read.signature, b"sig");
    assert_eq!(read.transparency_entries, [json!({"logIndex": "1"})]);
    assert_eq!(read.publisher, None);
}

#[test]
fn a3_early_attestations_break_their_base64_into_lines() {
    let mut document = attestation();
    document["envelope"]["statement"] = json!("e3\n0=\n");
    assert_eq!(only(document.to_string()).payload(), Some(b"{}".as_slice()));
}

#[test]
fn a3_each_attestation_of_a_provenance_object_stands_alone_with_its_publisher() {
    let github =
        json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "environment": "pypi", "claims": null});
    let file = parse(format!("{:#}", provenance(&github)));
    assert_eq!(file.problems, []);
    let read: Vec<_> = file
        .attestations
        .iter()
        .map(|located| match located.item.as_ref() {
            Attestation::Pep740(attestation) => (located.line, attestation.publisher.clone().unwrap()),
            other => panic!("not PEP 740: {other:?}"),
        })
        .collect();
    let expected = Publisher::GitHub {
        repository: "o/r".into(),
        workflow: "w.yml".into(),
        environment: Some("pypi".into()),
    };
    assert_eq!(
        read,
        [
            (Some(1), expected.clone()),
            (Some(2), expected),
            (Some(3), Publisher::Other { kind: "New".into() })
        ]
    );
}

#[test]
fn a3_every_kind_of_publisher() {
    let read = |publisher: Value| {
        let file = parse(provenance(&publisher).to_string());
        match file.attestations[0].item.as_ref() {
            Attestation::Pep740(attestation) => attestation.publisher.clone().unwrap(),
            other => panic!("not PEP 740: {other:?}"),
        }
    };
    assert_eq!(
        read(json!({"kind": "GitLab", "repository": "g/s/r", "workflow_filepath": ".gitlab-ci.yml"})),
        Publisher::GitLab {
            repository: "g/s/r".into(),
            workflow_filepath: ".gitlab-ci.yml".into(),
            environment: None
        }
    );
    assert_eq!(
        read(json!({"kind": "Google", "email": "a@b.example"})),
        Publisher::Google {
            email: "a@b.example".into()
        }
    );
    assert_eq!(
        read(json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d"})),
        Publisher::CircleCi {
            project_id: "p".into(),
            pipeline_definition_id: "d".into()
        }
    );
    // A known kind without what it needs, or in another spelling, is no known kind.
    for odd in [
        json!({"kind": "GitHub", "repository": "o/r"}),
        json!({"kind": "github", "repository": "o/r", "workflow": "w"}),
    ] {
        assert!(matches!(read(odd), Publisher::Other { .. }));
    }
}

#[test]
fn a4_json_lines_of_any_mix() {
    let lines = format!(
        "\n{}\r\n\r\n  {}\n{}\n{}\n",
        classic(),
        bundle(V03),
        attestation(),
        provenance(&json!({}))
    );
    for document in [lines.clone(), lines.trim_end().to_owned()] {
        let file = parse(&document);
        assert_eq!(file.problems, []);
        let read: Vec<_> = file
            .attestations
            .iter()
            .map(|a| (a.line, a.item.format_name()))
            .collect();
        let pep740 = "PEP 740 attestation";
        assert_eq!(
            read,
            [
                (Some(2), "DSSE envelope"),
                (Some(4), "Sigstore bundle"),
                (Some(5), pep740),
                (Some(6), pep740),
                (Some(6), pep740),
                (Some(6), pep740)
            ]
        );
    }
}

#[test]
fn a4_the_text_of_a_line_is_kept_for_the_log() {
    let line = r#"{ "signatures" : [{"sig":"c2ln"}], "payload":"e30=","payloadType":"t"}"#;
    let file = parse(format!("{}\r\n {line} \r\n", classic()));
    let Attestation::Classic(envelope) = file.attestations[1].item.as_ref() else {
        panic!("not classic")
    };
    assert_eq!(envelope.text, line);
}

#[test]
fn a4_a_bad_line_is_reported_and_hides_no_good_one() {
    let good = classic().to_string();
    for (bad, expected) in [
        ("{\"payload\":", "not-json"),
        ("nonsense", "not-json"),
        ("{\"a\":1,\"a\":2}", "duplicate-key"),
        ("{} {}", "trailing-data"),
        ("\u{feff}{}", "byte-order-mark"),
        ("{\"mediaType\":\"x\"}", "unknown-media-type"),
        ("{\"x\":1}", "unknown-format"),
        ("[]", "unknown-format"),
        ("\0", "not-json"),
    ] {
        for (document, line) in [
            (format!("{bad}\n{good}\n{good}"), 1),
            (format!("{good}\n{bad}\n{good}\n"), 2),
            (format!("{good}\n{good}\n{bad}"), 3),
        ] {
            let file = parse(&document);
            assert_eq!(problems(&file), [(Some(line), expected)], "{document}");
            assert_eq!(file.attestations.len(), 2, "{document}");
        }
    }
}

#[test]
fn the_lists_of_github_and_npm_are_read_bundle_by_bundle() {
    let list = json!({"attestations": [
        {"bundle": bundle(V03), "repository_id": 1, "bundle_url": "https://example.com/x"},
        {"predicateType": "x", "bundle": bundle(V03)},
        {"bundle": null, "bundle_url": "https://example.com/y"},
        {"bundle": bundle("x")},
        7,
    ]});
    let file = parse(format!("{list:#}"));
    let lines: Vec<_> = file.attestations.iter().map(|a| a.line).collect();
    assert_eq!(lines, [Some(1), Some(2)]);
    assert_eq!(
        problems(&file),
        [
            (Some(3), "missing-field"),
            (Some(4), "unknown-media-type"),
            (Some(5), "wrong-type")
        ]
    );
}

#[test]
fn subjects_are_hinted_at_before_anything_is_verified() {
    // {"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00…"}}],"predicateType":"x"}
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": "0".repeat(64)}}, {"digest": {"sha1": "x"}}],
        "predicateType": "x",
    });
    let mut document = classic();
    document["payload"] = json!(base64(statement.to_string().as_bytes()));
    let hint = only(document.to_string()).sha256_subjects_hint();
    assert_eq!(hint, ["0".repeat(64).parse().unwrap()]);
    assert_eq!(only(classic().to_string()).sha256_subjects_hint(), []);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
