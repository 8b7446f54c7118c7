//! What strangers can make long must not make the verifier slow, nor stand in the way of good evidence.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Decode, Encode};

use super::*;

/// A certificate with as many extensions, or as it is if it has more.
fn with_extensions(der: &[u8], count: usize) -> Vec<u8> {
    let mut certificate = x509_cert::Certificate::from_der(der).unwrap();
    let extensions = certificate.tbs_certificate.extensions.as_mut().unwrap();
    for number in extensions.len()..count {
        extensions.push(x509_cert::ext::Extension {
            extn_id: format!("1.3.6.1.4.1.99999.{number}")
                .parse::<ObjectIdentifier>()
                .unwrap(),
            critical: false,
            extn_value: OctetString::new(Vec::new()).unwrap(),
        });
    }
    assert_eq!(extensions.len(), count);
    certificate.to_der().unwrap()
}

#[test]
fn a_certificate_has_few_extensions() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let signed = generated(&sigstore, LogKind::Dsse);
    for (count, expected) in [
        (64, Code::CertificateUntrusted),
        (65, Code::OverBudget),
        (3000, Code::OverBudget),
    ] {
        let mut bundle = signed.bundle_v03();
        let der = with_extensions(&signed.certificate, count);
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = STANDARD.encode(der).into();
        let refusals = judge(&wheel(), &parse_json(&bundle), &pinned("acme/foo"), &roots).unwrap_err();
        assert_eq!(refusals[0].code, expected, "{count}");
        let limit = refusals[0].expected.as_deref() == Some("at most 64");
        assert_eq!(limit, expected == Code::OverBudget, "{count}");
    }
}

fn base64_json(value: &Value) -> Value {
    STANDARD.encode(value.to_string()).into()
}

/// The entry's body, changed.
fn with_body(answer: &RekorAnswer, change: impl FnOnce(&mut Value)) -> RekorAnswer {
    let mut answer = answer.clone();
    let body = STANDARD.decode(answer.entry["body"].as_str().unwrap()).unwrap();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    change(&mut body);
    answer.entry["body"] = base64_json(&body);
    answer
}

/// What strangers can log about an envelope that they have.
fn strangers(sigstore: &TestSigstore, kind: LogKind, good: &RekorAnswer) -> Vec<RekorAnswer> {
    // The same statement, signed by somebody else, with a certificate of the same authority and of another one.
    let answer_of = |sigstore: &TestSigstore| good_answer(&generated(sigstore, kind));
    let (same, other) = (answer_of(sigstore), answer_of(&TestSigstore::new(7)));
    // The envelope itself, when the certificate was no longer valid.
    let mut late = good.clone();
    late.entry["integratedTime"] = (late.entry["integratedTime"].as_i64().unwrap() + 86_400).into();
    // Its signature under a certificate that nobody vouches for.
    let pointer = match kind {
        LogKind::Dsse => "/spec/signatures/0/verifier",
        LogKind::IntotoV001 => "/spec/publicKey",
        _ => "/spec/content/envelope/signatures/0/publicKey",
    };
    let mut theirs = None;
    with_body(&other, |body| theirs = body.pointer(pointer).cloned());
    let self_made = with_body(good, |body| {
        *body.pointer_mut(pointer).unwrap() = theirs.unwrap();
    });
    let unknown = with_body(good, |body| body["kind"] = "helm".into());
    let empty = RekorAnswer {
        uuid: String::new(),
        entry: json!({}),
    };
    vec![same, other, late, self_made, unknown, empty]
}

#[test]
fn strangers_entries_do_not_block_an_envelope() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    for kind in KINDS {
        let signed = generated(&sigstore, kind);
        let good = good_answer(&signed);
        let strangers = strangers(&sigstore, kind, &good);
        for with_certificate in [true, false] {
            let judged = |answers: Vec<RekorAnswer>| {
                let mut evidence = parse(signed.classic_envelope(with_certificate).as_bytes());
                evidence[0].log_answers = answers;
                refused(&evidence, &pinned("acme/foo"), &roots)
            };
            let flood = |count: usize| strangers.iter().cycle().take(count).cloned().collect::<Vec<_>>();
            let and_good = |count: usize, good: usize| [flood(count), vec![good_answer(&signed); good]].concat();
            let case = format!("{kind:?}, certificate {with_certificate}");
            assert_eq!(judged(and_good(15, 1)), None, "{case}");
            assert_eq!(judged(and_good(16, 1)), None, "{case}");
            assert_eq!(judged(and_good(255, 1)), None, "{case}");
            assert_eq!(judged(and_good(256, 1)), Some(Code::OverBudget), "{case}");
            assert_eq!(judged(and_good(100, 16)), None, "{case}");
            assert_eq!(judged(and_good(100, 17)), Some(Code::OverBudget), "{case}");
            assert_eq!(judged(flood(100)), Some(Code::LogEntryMissing), "{case}");
        }
    }
}

#[test]
fn a_large_envelope_is_not_read_again_for_each_of_many_answers() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let signed = generated(&sigstore, LogKind::Dsse);
    let judged = |keyid: usize, answers: usize| {
        // A key id is bound by nothing, so the entry stays good.
        let mut envelope: Value = serde_json::from_str(&signed.classic_envelope(true)).unwrap();
        envelope["signatures"][0]["keyid"] = "k".repeat(keyid).into();
        let mut evidence = parse_json(&envelope);
        let mut late = good_answer(&signed);
        late.entry["integratedTime"] = 0.into();
        evidence[0].log_answers = [vec![late; answers - 1], vec![good_answer(&signed)]].concat();
        refused(&evidence, &pinned("acme/foo"), &roots)
    };
    assert_eq!(judged(1, 256), None);
    assert_eq!(judged(1 << 20, 16), None);
    assert_eq!(judged(1 << 20, 17), Some(Code::OverBudget));
}

fn good_answer(signed: &Signed) -> RekorAnswer {
    answered(signed, |_| ())[0].log_answers[0].clone()
}
