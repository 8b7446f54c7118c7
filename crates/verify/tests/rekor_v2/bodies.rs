//! Entries about something else, and bundles put together from parts of others.

use super::*;

/// B6: what the log recorded is this payload, signed once, by this certificate's key.
#[test]
fn the_body_must_bind_this_envelope() {
    let world = World::new();
    let other = world.sign(LogKind::DsseV002, Faults::default());
    let other = json!({
        "content": STANDARD.encode(&other.signature),
        "verifier": {
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "x509Certificate": {"rawBytes": STANDARD.encode(&other.certificate)},
        },
    });
    let key = json!({"rawBytes": "AAAA"});
    let mismatch = Code::LogEntryMismatch;
    let malformed = Code::LogEntryMalformed;
    let cases: [Case<'_>; 15] = [
        ("own, then other", mismatch, &|body| {
            body["signatures"].as_array_mut().unwrap().push(other.clone());
        }),
        ("other, then own", mismatch, &|body| {
            body["signatures"].as_array_mut().unwrap().insert(0, other.clone());
        }),
        ("own twice", mismatch, &|body| {
            let own = body["signatures"][0].clone();
            body["signatures"].as_array_mut().unwrap().push(own);
        }),
        ("none", mismatch, &|body| body["signatures"] = json!([])),
        ("another", mismatch, &|body| body["signatures"] = json!([other])),
        ("another's certificate", mismatch, &|body| {
            body["signatures"][0]["verifier"] = other["verifier"].clone();
        }),
        ("another's signature", mismatch, &|body| {
            body["signatures"][0]["content"] = other["content"].clone();
        }),
        ("a key", mismatch, &|body| {
            body["signatures"][0]["verifier"] = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": key});
        }),
        ("a key beside the certificate", mismatch, &|body| {
            body["signatures"][0]["verifier"]["publicKey"] = key.clone();
        }),
        ("no verifier", malformed, &|body| {
            body["signatures"][0]["verifier"] = json!({});
        }),
        ("another kind of key", mismatch, &|body| {
            body["signatures"][0]["verifier"]["keyDetails"] = "PKIX_ECDSA_P384_SHA_384".into();
        }),
        ("another algorithm", mismatch, &|body| {
            body["payloadHash"]["algorithm"] = "SHA2_512".into();
        }),
        ("an unknown algorithm", malformed, &|body| {
            body["payloadHash"]["algorithm"] = "MD5".into();
        }),
        ("half of the digest", mismatch, &|body| {
            let digest = STANDARD
                .decode(body["payloadHash"]["digest"].as_str().unwrap())
                .unwrap();
            body["payloadHash"]["digest"] = STANDARD.encode(&digest[..16]).into();
        }),
        ("no digest", malformed, &|body| body["payloadHash"] = Value::Null),
    ];
    for (name, expected, change) in cases {
        let signed = world.logged_as(LogKind::DsseV002, Faults::default(), |body| {
            change(at(body, "/spec/dsseV002"));
        });
        assert_eq!(world.code(&signed.bundle_v03()), Some(expected), "{name}");
    }
    // `hashedrekord` 0.0.2 binds what was signed, not the payload.
    let digest = STANDARD.encode(sigstore_verify::crypto::sha256(statement().1.as_bytes()).as_bytes());
    let signed = world.logged_as(LogKind::HashedRekordV002, Faults::default(), |body| {
        *at(body, "/spec/hashedRekordV002/data/digest") = digest.into();
    });
    assert_eq!(world.code(&signed.bundle_v03()), Some(mismatch));
}

/// Whoever has a bundle has its signature, certificate, entry and timestamp, and may put them together anew.
#[test]
fn parts_of_good_bundles_make_no_other_good_bundle() {
    let world = World::new();
    for kind in KINDS {
        let good = world.sign(kind, Faults::default());
        let other = world.sign(kind, Faults::default()).bundle_v03();
        let take = |pointer: &'static str| {
            let part = other.pointer(pointer).unwrap().clone();
            let mut bundle = good.bundle_v03();
            *at(&mut bundle, pointer) = part;
            world.code(&bundle)
        };
        // The other statement is the same, signed by the same identity with another key.
        assert_eq!(
            take("/verificationMaterial/tlogEntries"),
            Some(Code::LogEntryMismatch),
            "{kind:?}"
        );
        assert_eq!(take("/dsseEnvelope"), Some(Code::TimestampInvalid), "{kind:?}");
        assert_eq!(
            take("/verificationMaterial/certificate"),
            Some(Code::SignatureInvalid),
            "{kind:?}"
        );
        assert_eq!(take(TIMESTAMPS), Some(Code::TimestampInvalid), "{kind:?}");

        // The same statement in other words under the same signature.
        let mut bundle = good.bundle_v03();
        let payload = STANDARD.encode([good.payload.as_slice(), b" "].concat());
        bundle["dsseEnvelope"]["payload"] = payload.into();
        assert_eq!(world.code(&bundle), Some(Code::SignatureInvalid), "{kind:?}");

        // ECDSA has a second signature for everybody to compute; with a fresh timestamp it is still not the logged one.
        let twin = twin(&good.signature);
        let mut bundle = good.bundle_v03();
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = STANDARD.encode(&twin).into();
        assert_eq!(world.code(&bundle), Some(Code::TimestampInvalid), "{kind:?}");
        *at(&mut bundle, TIMESTAMPS) = json!([world.timestamp(&twin, DEFAULT_SIGNING_TIME)]);
        assert_eq!(world.code(&bundle), Some(Code::LogEntryMismatch), "{kind:?}");

        // Two signatures, two entries, none.
        let mut bundle = good.bundle_v03();
        let second = other["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"]
            .as_array_mut()
            .unwrap()
            .push(second);
        assert_eq!(world.code(&bundle), Some(Code::SignatureCount), "{kind:?}");
        let mut bundle = good.bundle_v03();
        let entries = at(&mut bundle, "/verificationMaterial/tlogEntries")
            .as_array_mut()
            .unwrap();
        entries.push(entries[0].clone());
        assert_eq!(world.code(&bundle), Some(Code::LogEntryCount), "{kind:?}");
        let none = |bundle: &mut Value| *at(bundle, "/verificationMaterial/tlogEntries") = json!([]);
        assert_eq!(world.changed(kind, none), Some(Code::LogEntryCount), "{kind:?}");
    }
}

/// The signature (r, n - s) for (r, s), DER.
fn twin(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let r_end = 4 + usize::from(signature[3]);
    let s: Vec<u8> = signature[r_end + 2..]
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    let s = [vec![0; 32 - s.len()], s].concat();
    let mut difference = [0; 32];
    let mut borrow = 0;
    for (at, place) in difference.iter_mut().enumerate().rev() {
        let value = 256 + i32::from(ORDER[at]) - i32::from(s[at]) - borrow;
        *place = u8::try_from(value % 256).unwrap();
        borrow = i32::from(value < 256);
    }
    let mut number: Vec<u8> = difference.into_iter().skip_while(|byte| *byte == 0).collect();
    if number[0] >= 0x80 {
        number.insert(0, 0);
    }
    let mut content = signature[2..r_end].to_vec();
    content.extend([2, u8::try_from(number.len()).unwrap()]);
    content.extend(number);
    [vec![0x30, u8::try_from(content.len()).unwrap()], content].concat()
}
