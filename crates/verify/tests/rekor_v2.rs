//! Rekor v2: entries without time and SET, proven by a timestamp and a checkpoint (B1 to B6). Each rule passes once, and
//! every way found to get around it is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::*;
use serde_json::{Value, json};
use slsa_pip_test_world::sigstore::{DEFAULT_SIGNING_TIME, SigningOptions};
use slsa_pip_test_world::statement::{Subject, publish, slsa_v02};
use slsa_pip_test_world::{Faults, Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Code, StagedFile, TrustRoots, verify_signature_bundle};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const KINDS: [LogKind; 2] = [LogKind::DsseV002, LogKind::HashedRekordV002];
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
const CHECKPOINT: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
const TIMESTAMPS: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";

fn wheel() -> StagedFile {
    file(WHEEL, &sigstore_verify::crypto::sha256(BYTES).to_hex())
}

struct World {
    sigstore: TestSigstore,
    roots: TrustRoots,
}

impl World {
    fn new() -> Self {
        let sigstore = TestSigstore::new(1);
        let github = TestSigstore::github_internal(2);
        let roots = TrustRoots::new(&sigstore.trusted_root_json(), Some(&github.trusted_root_json())).unwrap();
        Self { sigstore, roots }
    }

    fn sign(&self, kind: LogKind, faults: Faults) -> Signed {
        self.logged_as(kind, faults, |_| ())
    }

    /// Signed, with a changed body in the log.
    fn logged_as(&self, kind: LogKind, faults: Faults, change: impl FnOnce(&mut Value)) -> Signed {
        let options = SigningOptions {
            faults,
            ..SigningOptions::with_kind(kind)
        };
        let (identity, payload) = statement();
        self.sigstore
            .sign_payload_logged_as(&identity, payload.as_bytes(), IN_TOTO, options, change)
    }

    fn code(&self, bundle: &Value) -> Option<Code> {
        let verdict = judge(&wheel(), &parse_json(bundle), &pinned("acme/foo"), &self.roots);
        code(&verdict)
    }

    /// The verdict on a good bundle after a change.
    fn changed(&self, kind: LogKind, change: impl FnOnce(&mut Value)) -> Option<Code> {
        let mut bundle = self.sign(kind, Faults::default()).bundle_v03();
        change(&mut bundle);
        self.code(&bundle)
    }

    fn timestamp(&self, bytes: &[u8], time: i64) -> Value {
        json!({"signedTimestamp": STANDARD.encode(self.sigstore.timestamp_of(bytes, time))})
    }
}

fn statement() -> (Identity, String) {
    let identity = Identity::slsa_generator("acme/foo");
    let statement = slsa_v02(&identity, &[Subject::of(WHEEL, BYTES)]);
    (identity, statement.to_string())
}

fn at<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Value {
    value
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("nothing at {pointer}"))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn entries_of_both_kinds_pass() {
    let world = World::new();
    for kind in KINDS {
        let signed = world.sign(kind, Faults::default());
        for bundle in [signed.bundle_v03(), signed.bundle_v02()] {
            let verdict = judge(&wheel(), &parse_json(&bundle), &pinned("acme/foo"), &world.roots);
            let verified = verdict.unwrap_or_else(|refusals| panic!("{kind:?}: {refusals:?}"));
            let attested = attested(&verified);
            assert_eq!(attested.signed_at.as_second(), DEFAULT_SIGNING_TIME, "{kind:?}");
            assert_eq!(attested.log_index, Some(signed.log_index() as u64), "{kind:?}");
            let id = STANDARD.decode(text(&bundle, &format!("{ENTRY}/logId/keyId"))).unwrap();
            assert_eq!(attested.log_id, Some(hex(&id)), "{kind:?}");
        }
    }
}

#[test]
fn checkpoints_may_have_signatures_of_others_too() {
    let world = World::new();
    let ok = Faults::default();
    for kind in KINDS {
        for faults in [
            Faults {
                cosigned_checkpoint: true,
                ..ok
            },
            Faults {
                colliding_key_hint: true,
                ..ok
            },
            Faults {
                cosigned_checkpoint: true,
                colliding_key_hint: true,
                ..ok
            },
        ] {
            assert_eq!(
                world.code(&world.sign(kind, faults).bundle_v03()),
                None,
                "{kind:?} {faults:?}"
            );
        }
    }
}

/// Every defect that a signer, a log or a timestamp authority can have.
#[test]
fn every_defect_is_refused() {
    let world = World::new();
    macro_rules! cases {
        ($($code:ident: $($fault:ident)+;)+) => {
            [$((Code::$code, Faults { $($fault: true,)+ ..Faults::default() }),)+]
        };
    }
    let cases = cases! {
        SignatureInvalid: wrong_signature;
        CertificateUntrusted: other_ca;
        CertificateUntrusted: omit_code_signing;
        CertificateUntrusted: expired_certificate;
        CertificateUntrusted: not_yet_valid_certificate;
        SctInvalid: omit_sct;
        SctInvalid: wrong_sct;
        SigningTimeUnproven: omit_timestamp;
        TimestampInvalid: wrong_timestamp;
        TimestampInvalid: tampered_timestamp;
        TimestampInvalid: other_tsa;
        TimestampInvalid: retired_tsa;
        TimestampInvalid: expired_tsa;
        CertificateUntrusted: late_timestamp;
        CertificateUntrusted: early_timestamp;
        InclusionProofMissing: omit_inclusion_proof;
        InclusionProofInvalid: wrong_inclusion_proof;
        InclusionProofInvalid: checkpoint_of_other_tree wrong_root_hash;
        CheckpointInvalid: wrong_root_hash;
        CheckpointInvalid: checkpoint_of_other_tree;
        CheckpointTreeSize: stale_checkpoint;
        CheckpointInvalid: wrong_checkpoint;
        CheckpointInvalid: wrong_checkpoint cosigned_checkpoint;
        CheckpointInvalid: unsigned_checkpoint;
        CheckpointInvalid: foreign_checkpoint;
        CheckpointInvalid: retired_log;
        LogUnknown: unknown_log;
        LogEntryMismatch: logged_other_payload;
        LogEntryMismatch: logged_other_signature;
        LogEntryMismatch: logged_other_certificate;
    };
    for kind in KINDS {
        for (code, faults) in cases {
            let found = world.code(&world.sign(kind, faults).bundle_v03());
            assert_eq!(found, Some(code), "{kind:?} {faults:?}");
        }
    }
}

/// The entry's own kind is what counts, not what the bundle calls it.
#[test]
fn no_entry_passes_for_one_of_another_log_version() {
    let world = World::new();
    let label = |kind: &'static str, version: &'static str| {
        move |bundle: &mut Value| {
            *at(bundle, &format!("{ENTRY}/kindVersion")) = json!({"kind": kind, "version": version})
        }
    };
    for (kind, claimed) in [
        (LogKind::DsseV002, ("dsse", "0.0.1")),
        (LogKind::DsseV002, ("hashedrekord", "0.0.2")),
        (LogKind::DsseV002, ("intoto", "0.0.2")),
        (LogKind::HashedRekordV002, ("hashedrekord", "0.0.1")),
        (LogKind::HashedRekordV002, ("dsse", "0.0.2")),
        (LogKind::Dsse, ("dsse", "0.0.2")),
        (LogKind::Dsse, ("hashedrekord", "0.0.2")),
        (LogKind::IntotoV002, ("dsse", "0.0.2")),
        (LogKind::HashedRekord, ("hashedrekord", "0.0.2")),
    ] {
        let found = world.changed(kind, label(claimed.0, claimed.1));
        assert_eq!(found, Some(Code::LogEntryMismatch), "{kind:?} as {claimed:?}");
    }
    for (kind, version) in [
        ("dsse", "0.0.3"),
        ("hashedrekord", "0.0.3"),
        ("intoto", "0.0.3"),
        ("dsse", ""),
    ] {
        let found = world.changed(LogKind::DsseV002, label(kind, version));
        assert_eq!(found, Some(Code::LogEntryKindUnknown), "{kind} {version}");
    }
    // A body that calls itself v1 needs what v1 gives.
    for (kind, (name, version)) in [
        (LogKind::DsseV002, ("dsse", "0.0.1")),
        (LogKind::HashedRekordV002, ("hashedrekord", "0.0.1")),
    ] {
        let signed = world.logged_as(kind, Faults::default(), |body| body["apiVersion"] = version.into());
        let mut bundle = signed.bundle_v03();
        label(name, version)(&mut bundle);
        assert_eq!(world.code(&bundle), Some(Code::SetMissing), "{kind:?}");
    }
}

/// Rekor v1's log holds what looks like an entry of v2, and its time and SET are taken away.
#[test]
fn an_entry_of_the_other_log_does_not_pass_without_its_set() {
    let world = World::new();
    for kind in KINDS {
        let twin = text(
            &world.sign(kind, Faults::default()).bundle_v03(),
            &format!("{ENTRY}/canonicalizedBody"),
        );
        let v2: Value = serde_json::from_slice(&STANDARD.decode(twin).unwrap()).unwrap();
        let (identity, payload) = statement();
        let signed = world.sigstore.sign_payload_logged_as(
            &identity,
            payload.as_bytes(),
            IN_TOTO,
            SigningOptions {
                timestamp: true,
                ..SigningOptions::default()
            },
            |body| {
                let own = body["spec"]["signatures"][0]["signature"].clone();
                *body = v2;
                // Bound to this signature, so that only the log is wrong.
                let holder = if kind == LogKind::DsseV002 {
                    at(body, "/spec/dsseV002/signatures/0")
                } else {
                    at(body, "/spec/hashedRekordV002/signature")
                };
                holder["content"] = own;
            },
        );
        let mut bundle = signed.bundle_v03();
        let certificate = bundle["verificationMaterial"]["certificate"].clone();
        assert!(certificate.is_object());
        let entry = at(&mut bundle, ENTRY);
        entry["kindVersion"] = json!({"kind": kind.kind(), "version": kind.version()});
        let index = entry["inclusionProof"]["logIndex"].clone();
        let entry = entry.as_object_mut().unwrap();
        let time = entry.remove("integratedTime").unwrap();
        let set = entry.remove("inclusionPromise").unwrap();
        assert_eq!(
            world.code(&bundle),
            Some(Code::InclusionProofInvalid),
            "{kind:?}: the index of another shard"
        );
        at(&mut bundle, ENTRY)["logIndex"] = index;
        let found = world.code(&bundle);
        let expected = [Code::CheckpointInvalid, Code::LogEntryMismatch];
        assert!(
            found.is_some_and(|code| expected.contains(&code)),
            "{kind:?}: {found:?}"
        );
        let entry = at(&mut bundle, ENTRY);
        entry["integratedTime"] = time;
        entry["inclusionPromise"] = set;
        assert_eq!(world.code(&bundle), Some(Code::LogEntryMalformed), "{kind:?}");
    }
}

/// B4: the only proof of time is the timestamp.
#[test]
fn a_time_in_the_entry_is_refused_and_never_used() {
    let world = World::new();
    let set = world.sign(LogKind::Dsse, Faults::default()).bundle_v03();
    let set = set.pointer(&format!("{ENTRY}/inclusionPromise")).unwrap().clone();
    let time = DEFAULT_SIGNING_TIME.to_string();
    for kind in KINDS {
        for faults in [
            Faults::default(),
            Faults {
                omit_timestamp: true,
                ..Faults::default()
            },
        ] {
            let mut bundle = world.sign(kind, faults).bundle_v03();
            at(&mut bundle, ENTRY)["integratedTime"] = time.clone().into();
            assert_eq!(world.code(&bundle), Some(Code::LogEntryMalformed), "{kind:?}: time");
            at(&mut bundle, ENTRY)["inclusionPromise"] = set.clone();
            assert_eq!(world.code(&bundle), Some(Code::LogEntryMalformed), "{kind:?}: both");
            at(&mut bundle, ENTRY).as_object_mut().unwrap().remove("integratedTime");
            assert_eq!(world.code(&bundle), Some(Code::LogEntryMalformed), "{kind:?}: SET");
        }
        // Protobuf's zero is the absence of a time, as a real bundle of staging has it.
        let zero = |bundle: &mut Value| at(bundle, ENTRY)["integratedTime"] = "0".into();
        assert_eq!(world.changed(kind, zero), None, "{kind:?}");
    }
}

#[test]
fn every_timestamp_must_be_over_this_signature_and_in_time() {
    let world = World::new();
    let ok = DEFAULT_SIGNING_TIME;
    for kind in KINDS {
        let signed = world.sign(kind, Faults::default());
        let pae = [
            format!("DSSEv1 {} {IN_TOTO} {} ", IN_TOTO.len(), signed.payload.len()).as_bytes(),
            &signed.payload,
        ]
        .concat();
        let good = || world.timestamp(&signed.signature, ok);
        let base64_signature = STANDARD.encode(&signed.signature);
        let cases: [(&str, Vec<Value>, Option<Code>); 10] = [
            ("twice", vec![good(), good()], None),
            ("nothing", vec![], Some(Code::SigningTimeUnproven)),
            (
                "the payload",
                vec![world.timestamp(&signed.payload, ok)],
                Some(Code::TimestampInvalid),
            ),
            (
                "what is signed",
                vec![world.timestamp(&pae, ok)],
                Some(Code::TimestampInvalid),
            ),
            (
                "the certificate",
                vec![world.timestamp(&signed.certificate, ok)],
                Some(Code::TimestampInvalid),
            ),
            (
                "the text",
                vec![world.timestamp(base64_signature.as_bytes(), ok)],
                Some(Code::TimestampInvalid),
            ),
            (
                "one is of something else",
                vec![good(), world.timestamp(b"x", ok)],
                Some(Code::TimestampInvalid),
            ),
            (
                "one is late",
                vec![good(), world.timestamp(&signed.signature, ok + 3600)],
                Some(Code::CertificateUntrusted),
            ),
            (
                "one is early",
                vec![world.timestamp(&signed.signature, ok - 3600), good()],
                Some(Code::CertificateUntrusted),
            ),
            ("too many", vec![good(); 9], Some(Code::OverBudget)),
        ];
        for (name, timestamps, expected) in cases {
            let mut bundle = signed.bundle_v03();
            *at(&mut bundle, TIMESTAMPS) = timestamps.into();
            assert_eq!(world.code(&bundle), expected, "{kind:?}: {name}");
        }
    }
}

#[test]
fn no_number_or_hash_of_the_proof_can_be_changed() {
    let world = World::new();
    let add = |pointer: String, by: i64| {
        move |bundle: &mut Value| {
            let value = at(bundle, &pointer);
            let number: i64 = value.as_str().unwrap().parse().unwrap();
            *value = (number + by).to_string().into();
        }
    };
    for kind in KINDS {
        let index = format!("{ENTRY}/logIndex");
        let proof_index = format!("{PROOF}/logIndex");
        let cases: [(&str, Code, &dyn Fn(&mut Value)); 9] = [
            ("index", Code::InclusionProofInvalid, &add(index.clone(), 1)),
            (
                "proof's index",
                Code::InclusionProofInvalid,
                &add(proof_index.clone(), 1),
            ),
            ("both", Code::InclusionProofInvalid, &|bundle| {
                add(index.clone(), -1)(bundle);
                add(proof_index.clone(), -1)(bundle);
            }),
            (
                "beyond the tree",
                Code::InclusionProofInvalid,
                &add(proof_index.clone(), 1000),
            ),
            ("size", Code::CheckpointTreeSize, &add(format!("{PROOF}/treeSize"), 1)),
            ("no hashes", Code::InclusionProofInvalid, &|bundle| {
                *at(bundle, &format!("{PROOF}/hashes")) = json!([])
            }),
            ("one hash twice", Code::InclusionProofInvalid, &|bundle| {
                let hashes = at(bundle, &format!("{PROOF}/hashes")).as_array_mut().unwrap();
                hashes.push(hashes[0].clone());
            }),
            ("too many hashes", Code::OverBudget, &|bundle| {
                let hashes = at(bundle, &format!("{PROOF}/hashes"));
                *hashes = vec![hashes[0].clone(); 65].into();
            }),
            ("body", Code::InclusionProofInvalid, &|bundle| {
                let body = at(bundle, &format!("{ENTRY}/canonicalizedBody"));
                let text = STANDARD.decode(body.as_str().unwrap()).unwrap();
                *body = STANDARD.encode([&text, b" ".as_slice()].concat()).into();
            }),
        ];
        for (name, expected, change) in cases {
            assert_eq!(world.changed(kind, change), Some(expected), "{kind:?}: {name}");
        }
    }
}

/// The log signs under its own name and key id, over its own tree.
#[test]
fn no_other_checkpoint_will_do() {
    let world = World::new();
    for kind in KINDS {
        let edit = |edit: &dyn Fn(&str) -> String| {
            world.changed(kind, |bundle| {
                let checkpoint = at(bundle, CHECKPOINT);
                *checkpoint = edit(checkpoint.as_str().unwrap()).into();
            })
        };
        let line = |text: &str| text.lines().last().unwrap().to_owned();
        let cases: [(&str, &dyn Fn(&str) -> String); 6] = [
            ("empty", &|_| String::new()),
            ("another origin", &|text| text.replacen("log2025-1", "log2025-2", 1)),
            ("another origin everywhere", &|text| {
                text.replace("log2025-1", "log2025-2")
            }),
            ("signed under another name", &|text| {
                text.replace(&line(text), &line(text).replace("log2025-1", "log2025-2"))
            }),
            ("signed under another key id", &|text| {
                let (head, signature) = text.trim_end().rsplit_once(' ').unwrap();
                let mut bytes = STANDARD.decode(signature).unwrap();
                bytes[0] ^= 1;
                format!("{head} {}\n", STANDARD.encode(bytes))
            }),
            ("another line in what is signed", &|text| {
                text.replacen("\n\n", "\nx\n\n", 1)
            }),
        ];
        for (name, change) in cases {
            assert_eq!(edit(change), Some(Code::CheckpointInvalid), "{kind:?}: {name}");
        }
        let unsigned = |text: &str| text.replace(&line(text), "");
        assert_eq!(edit(&unsigned), Some(Code::BundleMalformed), "{kind:?}: no signature");
        let many = |text: &str| format!("{text}{}", format!("{}\n", line(text)).repeat(40));
        assert_eq!(edit(&many), Some(Code::OverBudget), "{kind:?}: many signatures");

        // A log of the same name under another key, in the trusted log's name.
        let genuine = world.sign(kind, Faults::default()).bundle_v03();
        let id = genuine.pointer(&format!("{ENTRY}/logId")).unwrap();
        let unknown = Faults {
            unknown_log: true,
            ..Faults::default()
        };
        let mut bundle = world.sign(kind, unknown).bundle_v03();
        *at(&mut bundle, &format!("{ENTRY}/logId")) = id.clone();
        assert_eq!(
            world.code(&bundle),
            Some(Code::CheckpointInvalid),
            "{kind:?}: same origin"
        );
        // The entry of one trusted log in the name of another.
        let v1 = world.sign(LogKind::Dsse, Faults::default()).bundle_v03();
        let v1 = v1.pointer(&format!("{ENTRY}/logId")).unwrap();
        let other = |bundle: &mut Value| *at(bundle, &format!("{ENTRY}/logId")) = v1.clone();
        assert_eq!(
            world.changed(kind, other),
            Some(Code::CheckpointInvalid),
            "{kind:?}: v1's id"
        );
        // A genuine checkpoint and proof, of another entry.
        let proof = genuine.pointer(PROOF).unwrap();
        let foreign = |bundle: &mut Value| *at(bundle, PROOF) = proof.clone();
        assert_eq!(
            world.changed(kind, foreign),
            Some(Code::InclusionProofInvalid),
            "{kind:?}: proof"
        );
    }
}

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
    let cases: [(&str, Code, &dyn Fn(&mut Value)); 15] = [
        ("own, then other", mismatch, &|body| {
            body["signatures"].as_array_mut().unwrap().push(other.clone())
        }),
        ("other, then own", mismatch, &|body| {
            body["signatures"].as_array_mut().unwrap().insert(0, other.clone())
        }),
        ("own twice", mismatch, &|body| {
            let own = body["signatures"][0].clone();
            body["signatures"].as_array_mut().unwrap().push(own);
        }),
        ("none", mismatch, &|body| body["signatures"] = json!([])),
        ("another", mismatch, &|body| body["signatures"] = json!([other])),
        ("another's certificate", mismatch, &|body| {
            body["signatures"][0]["verifier"] = other["verifier"].clone()
        }),
        ("another's signature", mismatch, &|body| {
            body["signatures"][0]["content"] = other["content"].clone()
        }),
        ("a key", mismatch, &|body| {
            body["signatures"][0]["verifier"] = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": key});
        }),
        ("a key beside the certificate", mismatch, &|body| {
            body["signatures"][0]["verifier"]["publicKey"] = key.clone()
        }),
        ("no verifier", malformed, &|body| {
            body["signatures"][0]["verifier"] = json!({})
        }),
        ("another kind of key", mismatch, &|body| {
            body["signatures"][0]["verifier"]["keyDetails"] = "PKIX_ECDSA_P384_SHA_384".into();
        }),
        ("another algorithm", mismatch, &|body| {
            body["payloadHash"]["algorithm"] = "SHA2_512".into()
        }),
        ("an unknown algorithm", malformed, &|body| {
            body["payloadHash"]["algorithm"] = "MD5".into()
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

#[test]
fn forms_that_hold_no_timestamp_cannot_hold_such_an_entry() {
    let world = World::new();
    for kind in KINDS {
        let identity = Identity::github("acme/foo");
        let signed = world.sigstore.sign_statement(
            &identity,
            &publish(&[Subject::of(WHEEL, BYTES)]),
            SigningOptions::with_kind(kind),
        );
        let found = world.code(&signed.pep740_provenance());
        assert_eq!(found, Some(Code::SigningTimeUnproven), "{kind:?}");
        let signed = world.sign(kind, Faults::default());
        assert_eq!(
            world.code(&signed.bundle_v01()),
            Some(Code::BundleMalformed),
            "{kind:?}"
        );
    }
}

#[test]
fn githubs_own_instance_has_no_such_log() {
    let world = World::new();
    let github = TestSigstore::github_internal(2);
    let (identity, payload) = statement();
    let signed = github.sign_payload(&identity, payload.as_bytes(), IN_TOTO, SigningOptions::default());
    assert_eq!(world.code(&signed.bundle_v03()), None);
    for kind in KINDS {
        let entries = world.sign(kind, Faults::default()).bundle_v03();
        let mut bundle = signed.bundle_v03();
        bundle["verificationMaterial"]["tlogEntries"] = entries["verificationMaterial"]["tlogEntries"].clone();
        assert_eq!(world.code(&bundle), Some(Code::LogEntryCount), "{kind:?}");
    }
}

/// A message signature is no statement, and an envelope's entry says nothing about one.
#[test]
fn message_signatures_are_not_logged_as_envelopes() {
    let world = World::new();
    let identity = Identity::github("acme/foo");
    let options = SigningOptions::with_kind(LogKind::HashedRekordV002);
    let signed = world.sigstore.sign_artifact(&identity, BYTES, options);
    let digest = sigstore_verify::crypto::sha256(BYTES).to_hex().parse().unwrap();
    let verdict = |bundle: &Value| {
        let issuer = slsa_pip_test_world::identity::GITHUB_ISSUER;
        verify_signature_bundle(bundle, &digest, &identity.signer_url(), issuer, &world.roots, now())
            .map(|signed| signed.signed_at.as_second())
            .map_err(|(code, _)| code)
    };
    let mut bundle = signed.bundle_v03();
    assert_eq!(verdict(&bundle), Ok(DEFAULT_SIGNING_TIME));
    let entries = world.sign(LogKind::DsseV002, Faults::default()).bundle_v03();
    bundle["verificationMaterial"]["tlogEntries"] = entries["verificationMaterial"]["tlogEntries"].clone();
    assert_eq!(verdict(&bundle), Err(Code::LogEntryMismatch));
    assert_eq!(world.code(&signed.bundle_v03()), Some(Code::NotAStatement));
}
