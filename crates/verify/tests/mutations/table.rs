//! The changes, one line each.

use serde_json::{Value, json};
use slsa_pip_policy::{Expectation, KindSet};

use super::certificate as cert;
use super::{Change, Doc, Layout, decode, encode, flip};
use crate::common;

type Named = (&'static str, Change);

fn doc(name: &'static str, change: fn(&mut Doc) -> Option<()>) -> Named {
    (name, Change::Doc(change))
}

fn expect(name: &'static str, change: fn(&mut Expectation)) -> Named {
    (name, Change::Expect(change))
}

fn set(value: Option<&mut Value>, to: impl Into<Value>) -> Option<()> {
    *value? = to.into();
    Some(())
}

fn add(value: Option<&mut Value>, difference: i64) -> Option<()> {
    let value = value?;
    let number: i64 = value.as_str()?.parse().ok()?;
    *value = (number + difference).to_string().into();
    Some(())
}

fn replace(value: Option<&mut Value>, from: &str, to: &str) -> Option<()> {
    let value = value?;
    let text = value.as_str()?.replacen(from, to, 1);
    *value = text.into();
    Some(())
}

fn remove(value: Option<&mut Value>, key: &str) -> Option<()> {
    value?.as_object_mut()?.remove(key).map(|_| ())
}

/// Another good document of the public-good instance: the sdist beside the wheel, signed with the same certificate.
fn other() -> Doc {
    let mut doc = super::documents().swap_remove(0);
    doc.json = common::json("pep740/abi3info-2024.10.8.tar.gz.provenance");
    doc
}

/// A good document of another signer.
fn other_signer() -> Doc {
    let mut doc = other();
    doc.json = common::json("pep740/sampleproject-4.0.0-py3-none-any.whl.provenance");
    doc
}

fn hashes(doc: &mut Doc) -> Option<&mut Vec<Value>> {
    doc.proof()?.get_mut("hashes")?.as_array_mut()
}

fn checkpoint(doc: &mut Doc) -> Option<&mut Value> {
    doc.proof()?.pointer_mut("/checkpoint/envelope")
}

/// Changes the body of the log entry.
fn body(doc: &mut Doc, change: impl FnOnce(&mut Value)) -> Option<()> {
    let value = doc.entry()?.get_mut("canonicalizedBody")?;
    let mut body: Value = serde_json::from_slice(&decode(value.as_str()?)).unwrap();
    change(&mut body);
    *value = encode(body.to_string().as_bytes());
    Some(())
}

/// All changes.
pub fn mutations() -> Vec<Named> {
    let mut all = vec![("file: other digest", Change::Digest)];
    all.extend(envelope());
    all.extend(certificate());
    all.extend(log_entry());
    all.extend(proof());
    all.extend(format());
    all.extend(surroundings());
    all.extend(expectations());
    all
}

fn envelope() -> Vec<Named> {
    vec![
        doc("payload: subject's digest", |doc| {
            doc.edit_statement(|statement| statement["subject"][0]["digest"]["sha256"] = "11".repeat(32).into())
        }),
        doc("payload: subject's name", |doc| {
            doc.edit_statement(|statement| statement["subject"][0]["name"] = "other-1.0-py3-none-any.whl".into())
        }),
        doc("payload: second subject", |doc| {
            doc.edit_statement(|statement| {
                let subjects = statement["subject"].as_array_mut().unwrap();
                subjects.push(json!({"name": "x", "digest": {"sha256": "11".repeat(32)}}));
            })
        }),
        doc("payload: other statement type", |doc| {
            doc.edit_statement(|statement| {
                let other = if statement["_type"] == "https://in-toto.io/Statement/v1" {
                    "v0.1"
                } else {
                    "v1"
                };
                statement["_type"] = format!("https://in-toto.io/Statement/{other}").into();
            })
        }),
        doc("payload: unknown statement type", |doc| {
            doc.edit_statement(|statement| statement["_type"] = "https://in-toto.io/Statement/v9".into())
        }),
        doc("payload: unknown predicate type", |doc| {
            doc.edit_statement(|statement| statement["predicateType"] = "https://example.com/x".into())
        }),
        doc("payload: predicate changed", |doc| {
            doc.edit_statement(|statement| statement["predicate"] = json!({}))
        }),
        doc("payload: one space more", |doc| {
            let payload = doc.payload()?;
            let mut bytes = decode(payload.as_str()?);
            bytes.push(b' ');
            set(Some(payload), encode(&bytes))
        }),
        doc("payload: empty", |doc| set(doc.payload(), "")),
        doc("payload: not JSON", |doc| set(doc.payload(), encode(b"{"))),
        doc("payload type: other", |doc| {
            set(doc.envelope()?.get_mut("payloadType"), "application/json")
        }),
        doc("signature: bit flip", |doc| flip(doc.signature()?, -1)),
        doc("signature: bit flip in the middle", |doc| flip(doc.signature()?, 20)),
        doc("signature: truncated", |doc| {
            let signature = doc.signature()?;
            let bytes = decode(signature.as_str()?);
            set(Some(signature), encode(bytes.split_last()?.1))
        }),
        doc("signature: of another document", |doc| {
            let other = other().signature()?.clone();
            set(doc.signature(), other)
        }),
        doc("signature: of another signer", |doc| {
            let other = other_signer().signature()?.clone();
            set(doc.signature(), other)
        }),
        doc("signature: a second one", |doc| {
            let signatures = doc.envelope()?.get_mut("signatures")?.as_array_mut()?;
            let again = signatures.first()?.clone();
            signatures.push(again);
            Some(())
        }),
        doc("signature: none", |doc| {
            set(doc.envelope()?.get_mut("signatures"), json!([]))
        }),
    ]
}

fn certificate() -> Vec<Named> {
    vec![
        doc("certificate: of another document", |doc| {
            let other = other_signer().certificate()?;
            doc.set_certificate(&other)
        }),
        doc("certificate: truncated", |doc| {
            let der = doc.certificate()?;
            doc.set_certificate(der.split_last()?.1)
        }),
        doc("certificate: trailing byte", |doc| {
            let mut der = doc.certificate()?;
            der.push(0);
            doc.set_certificate(&der)
        }),
        doc("certificate: empty", |doc| doc.set_certificate(&[])),
        doc("certificate: bit flip in its signature", |doc| {
            let mut der = doc.certificate()?;
            *der.last_mut()? ^= 1;
            doc.set_certificate(&der)
        }),
        doc("certificate: bit flip in its serial number", |doc| {
            let mut der = doc.certificate()?;
            *der.get_mut(20)? ^= 1;
            doc.set_certificate(&der)
        }),
        doc("certificate: without SCT", cert::without_sct),
        doc("certificate: SCT changed", cert::with_other_sct),
        doc("certificate: valid longer", cert::with_longer_validity),
        doc("certificate: an extension twice", cert::with_duplicate_extension),
        doc("certificate: other repository claim", |doc| {
            cert::with_claim(doc, 12, "https://github.com/evil/evil")
        }),
        doc("certificate: other repository claims, old and new", |doc| {
            cert::with_claim(doc, 12, "https://github.com/evil/evil")?;
            cert::with_claim(doc, 5, "evil/evil")
        }),
        doc("certificate: other ref claim", |doc| {
            cert::with_claim(doc, 14, "refs/tags/v99")
        }),
        doc("certificate: other issuer claim", |doc| {
            cert::with_claim(doc, 8, "https://evil.example")
        }),
        doc("certificate: claims to be of another instance", |doc| {
            let current = if doc.name == "github-internal" {
                "sigstore.dev"
            } else {
                "GitHub, Inc."
            };
            cert::with_issuer_organization(doc, current)
        }),
    ]
}

fn log_entry() -> Vec<Named> {
    vec![
        doc("log entry: removed", |doc| {
            doc.entries()?.pop()?;
            Some(())
        }),
        doc("log entry: twice", |doc| {
            let entries = doc.entries()?;
            let again = entries.first()?.clone();
            entries.push(again);
            Some(())
        }),
        doc("log entry: a second, of another document", |doc| {
            let other = other().entry()?.clone();
            doc.entries()?.push(other);
            Some(())
        }),
        doc("log entry: that of another document", |doc| {
            let other = other().entry()?.clone();
            set(doc.entry(), other)
        }),
        doc("log entry: that of another signer", |doc| {
            let other = other_signer().entry()?.clone();
            set(doc.entry(), other)
        }),
        doc("log entry: added", |doc| {
            let other = other().entry()?.clone();
            let material = doc.json.get_mut("verificationMaterial")?.as_object_mut()?;
            if material.contains_key("tlogEntries") {
                return None;
            }
            material.insert("tlogEntries".into(), json!([other]));
            Some(())
        }),
        doc("SET: bit flip", |doc| {
            flip(doc.entry()?.pointer_mut("/inclusionPromise/signedEntryTimestamp")?, -1)
        }),
        doc("SET: removed", |doc| remove(doc.entry(), "inclusionPromise")),
        doc("SET: of another entry", |doc| {
            let other = other().entry()?["inclusionPromise"].clone();
            set(doc.entry()?.get_mut("inclusionPromise"), other)
        }),
        doc("log index: plus one", |doc| add(doc.entry()?.get_mut("logIndex"), 1)),
        doc("log index: negative", |doc| set(doc.entry()?.get_mut("logIndex"), "-1")),
        doc("integrated time: one second later", |doc| {
            add(doc.entry()?.get_mut("integratedTime"), 1)
        }),
        doc("integrated time: one second earlier", |doc| {
            add(doc.entry()?.get_mut("integratedTime"), -1)
        }),
        doc("integrated time: a year later", |doc| {
            add(doc.entry()?.get_mut("integratedTime"), 31_536_000)
        }),
        doc("integrated time: a day earlier", |doc| {
            add(doc.entry()?.get_mut("integratedTime"), -86_400)
        }),
        doc("integrated time: in the future", |doc| {
            set(doc.entry()?.get_mut("integratedTime"), "4102444800")
        }),
        doc("integrated time: zero", |doc| {
            set(doc.entry()?.get_mut("integratedTime"), "0")
        }),
        doc("log id: unknown", |doc| {
            set(doc.entry()?.pointer_mut("/logId/keyId"), encode(&[7; 32]))
        }),
        doc("log id: the root's other log", |doc| {
            let root = common::json("trusted-roots/public-good.trusted_root.json");
            let current = doc.entry()?.pointer("/logId/keyId")?.clone();
            let logs = root["tlogs"].as_array()?;
            let other = logs
                .iter()
                .map(|log| &log["logId"]["keyId"])
                .find(|id| **id != current)?;
            set(doc.entry()?.pointer_mut("/logId/keyId"), other.clone())
        }),
        doc("log id: short", |doc| {
            set(doc.entry()?.pointer_mut("/logId/keyId"), encode(&[7; 4]))
        }),
        doc("kind: intoto 0.0.2 for dsse and back", |doc| {
            let kind = doc.entry()?.get_mut("kindVersion")?;
            let other = if kind["kind"] == "dsse" {
                ("intoto", "0.0.2")
            } else {
                ("dsse", "0.0.1")
            };
            (doc.layout != Layout::Classic).then_some(())?;
            set(
                doc.entry()?.get_mut("kindVersion"),
                json!({"kind": other.0, "version": other.1}),
            )
        }),
        doc("kind: hashedrekord 0.0.1", |doc| {
            (doc.layout != Layout::Classic).then_some(())?;
            let kind = json!({"kind": "hashedrekord", "version": "0.0.1"});
            set(doc.entry()?.get_mut("kindVersion"), kind)
        }),
        doc("kind: hashedrekord 0.0.2 (Rekor v2)", |doc| {
            (doc.layout != Layout::Classic).then_some(())?;
            let kind = json!({"kind": "hashedrekord", "version": "0.0.2"});
            set(doc.entry()?.get_mut("kindVersion"), kind)
        }),
        doc("kind: unknown", |doc| {
            (doc.layout != Layout::Classic).then_some(())?;
            let kind = json!({"kind": "rekord", "version": "0.0.1"});
            set(doc.entry()?.get_mut("kindVersion"), kind)
        }),
        doc("body: one space more", |doc| {
            let value = doc.entry()?.get_mut("canonicalizedBody")?;
            let mut bytes = decode(value.as_str()?);
            bytes.push(b' ');
            set(Some(value), encode(&bytes))
        }),
        doc("body: payload digest", |doc| {
            body(doc, |body| {
                let zeros: Value = "00".repeat(32).into();
                for pointer in ["/spec/payloadHash/value", "/spec/content/payloadHash/value"] {
                    if let Some(value) = body.pointer_mut(pointer) {
                        *value = zeros.clone();
                    }
                }
            })
        }),
        doc("body: other kind", |doc| {
            body(doc, |body| body["kind"] = "rekord".into())
        }),
        doc("body: not JSON", |doc| {
            set(doc.entry()?.get_mut("canonicalizedBody"), encode(b"{"))
        }),
    ]
}

fn proof() -> Vec<Named> {
    vec![
        doc("proof: removed", |doc| remove(doc.entry(), "inclusionProof")),
        doc("proof: of another entry", |doc| {
            let other = other().proof()?.clone();
            set(doc.proof(), other)
        }),
        doc("proof: a hash flipped", |doc| flip(hashes(doc)?.first_mut()?, 0)),
        doc("proof: a hash removed", |doc| hashes(doc)?.pop().map(|_| ())),
        doc("proof: all hashes removed", |doc| {
            hashes(doc)?.clear();
            Some(())
        }),
        doc("proof: a hash added", |doc| {
            hashes(doc)?.push(encode(&[1; 32]));
            Some(())
        }),
        doc("proof: hashes reordered", |doc| {
            hashes(doc)?.swap(0, 1);
            Some(())
        }),
        doc("proof: too many hashes", |doc| {
            hashes(doc)?.resize(1000, encode(&[1; 32]));
            Some(())
        }),
        doc("proof: root hash", |doc| flip(doc.proof()?.get_mut("rootHash")?, 0)),
        doc("proof: tree size", |doc| add(doc.proof()?.get_mut("treeSize"), 1)),
        doc("proof: tree size, also in the checkpoint", |doc| {
            let size = doc.proof()?["treeSize"].as_str()?.to_owned();
            let larger = (size.parse::<i64>().ok()? + 1).to_string();
            replace(checkpoint(doc), &format!("\n{size}\n"), &format!("\n{larger}\n"))?;
            set(doc.proof()?.get_mut("treeSize"), larger)
        }),
        doc("proof: log index plus one", |doc| {
            add(doc.proof()?.get_mut("logIndex"), 1)
        }),
        doc("proof: log index beyond the tree", |doc| {
            set(doc.proof()?.get_mut("logIndex"), "9000000000000")
        }),
        doc("checkpoint: removed", |doc| remove(doc.proof(), "checkpoint")),
        doc("checkpoint: other origin", |doc| {
            replace(checkpoint(doc), "rekor", "other")
        }),
        doc("checkpoint: a line added", |doc| {
            replace(checkpoint(doc), "\n\n", "\nmore\n\n")
        }),
        doc("checkpoint: signature changed", |doc| {
            let text = checkpoint(doc)?.as_str()?.trim_end().to_owned();
            let (rest, signature) = text.rsplit_once(' ')?;
            let mut bytes = decode(signature);
            *bytes.last_mut()? ^= 1;
            let changed = format!("{rest} {}\n", encode(&bytes).as_str()?);
            set(checkpoint(doc), changed)
        }),
        doc("checkpoint: unsigned", |doc| {
            let (body, _) = checkpoint(doc)?.as_str()?.split_once("\n\n")?;
            let unsigned = format!("{body}\n\n");
            set(checkpoint(doc), unsigned)
        }),
        doc("checkpoint: of another proof", |doc| {
            let other = checkpoint(&mut other())?.clone();
            set(checkpoint(doc), other)
        }),
        doc("timestamp: removed", |doc| {
            doc.timestamps()?.clear();
            Some(())
        }),
        doc("timestamp: bit flip", |doc| {
            flip(doc.timestamps()?.first_mut()?.get_mut("signedTimestamp")?, -1)
        }),
        doc("timestamp: bit flip in its content", |doc| {
            flip(doc.timestamps()?.first_mut()?.get_mut("signedTimestamp")?, 120)
        }),
        doc("timestamp: garbage", |doc| {
            set(doc.timestamps()?.first_mut()?.get_mut("signedTimestamp"), encode(b"x"))
        }),
        doc("timestamp: a second, garbage", |doc| {
            doc.timestamps()?.push(json!({"signedTimestamp": encode(b"x")}));
            Some(())
        }),
        doc("timestamp: of another document", |doc| {
            doc.timestamps()?;
            let other = common::json("bundles/sigstore_sigstore-java__a4246f5f__attestation.sigstore.json");
            let other = other.pointer("/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0")?;
            set(doc.timestamps()?.first_mut(), other.clone())
        }),
        doc("timestamp: too many", |doc| {
            let again = doc.timestamps()?.first()?.clone();
            doc.timestamps()?.resize(100, again);
            Some(())
        }),
    ]
}

fn format() -> Vec<Named> {
    vec![
        doc("media type: v0.1, and no proof", |doc| {
            set(
                doc.json.get_mut("mediaType"),
                "application/vnd.dev.sigstore.bundle+json;version=0.1",
            )?;
            remove(doc.entry(), "inclusionProof")
        }),
        doc("media type: v0.2, and no proof", |doc| {
            set(
                doc.json.get_mut("mediaType"),
                "application/vnd.dev.sigstore.bundle+json;version=0.2",
            )?;
            remove(doc.entry(), "inclusionProof")
        }),
        doc("media type: unknown", |doc| {
            set(
                doc.json.get_mut("mediaType"),
                "application/vnd.dev.sigstore.bundle.v9+json",
            )
        }),
        doc("media type: absent", |doc| {
            (doc.layout == Layout::Bundle).then_some(())?;
            remove(Some(&mut doc.json), "mediaType")
        }),
        doc("material: also a public key", |doc| {
            let material = doc.json.get_mut("verificationMaterial")?.as_object_mut()?;
            material.insert("publicKey".into(), json!({"hint": "x"}));
            Some(())
        }),
        doc("material: a public key instead", |doc| {
            let material = doc.json.get_mut("verificationMaterial")?.as_object_mut()?;
            material.remove("certificate");
            material.remove("x509CertificateChain");
            material.insert("publicKey".into(), json!({"hint": "x"}));
            Some(())
        }),
        doc("material: also a chain", |doc| {
            let certificate = encode(&doc.certificate()?);
            let material = doc.json.get_mut("verificationMaterial")?.as_object_mut()?;
            let chain = json!({"certificates": [{"rawBytes": certificate}]});
            if material.insert("x509CertificateChain".into(), chain).is_some() {
                material.insert("certificate".into(), json!({"rawBytes": certificate}));
            }
            Some(())
        }),
        doc("material: empty chain", |doc| {
            let material = doc.json.get_mut("verificationMaterial")?.as_object_mut()?;
            material.remove("certificate");
            material.insert("x509CertificateChain".into(), json!({"certificates": []}));
            Some(())
        }),
        doc("content: also a message signature", |doc| {
            (doc.layout == Layout::Bundle).then_some(())?;
            let message = json!({"signature": "AAAA"});
            doc.json.as_object_mut()?.insert("messageSignature".into(), message);
            Some(())
        }),
        doc("publisher: other repository", |doc| {
            let publisher = doc.json.pointer_mut("/attestation_bundles/0/publisher")?;
            set(publisher.get_mut("repository"), "evil/evil")
        }),
        doc("publisher: other workflow", |doc| {
            let publisher = doc.json.pointer_mut("/attestation_bundles/0/publisher")?;
            set(publisher.get_mut("workflow"), "evil.yml")
        }),
        doc("publisher: other kind", |doc| {
            let publisher = doc.json.pointer_mut("/attestation_bundles/0/publisher")?;
            set(publisher.get_mut("kind"), "GitLab")
        }),
        doc("publisher: unknown kind", |doc| {
            let publisher = doc.json.pointer_mut("/attestation_bundles/0/publisher")?;
            set(publisher.get_mut("kind"), "Unknown")
        }),
        doc("classic: no log entry's answer of use", |doc| {
            (doc.layout == Layout::Classic).then_some(())?;
            doc.answer = json!({});
            Some(())
        }),
        doc("classic: two certificates", |doc| {
            let pem = doc.json.pointer_mut("/signatures/0/cert")?;
            let twice = pem.as_str()?.repeat(2);
            set(Some(pem), twice)
        }),
    ]
}

fn surroundings() -> Vec<Named> {
    vec![
        ("roots: staging", Change::Roots(|| Some(common::staging()))),
        ("time: before it was signed", Change::Now("2020-01-01T00:00:00Z")),
    ]
}

fn expectations() -> Vec<Named> {
    vec![
        expect("expected: other repository", |e| {
            e.repositories = vec!["evil/evil".parse().unwrap()];
        }),
        expect("expected: other host", |e| {
            let same = e.repositories[0].path().to_owned();
            e.repositories = vec![format!("gitlab.com/{same}").parse().unwrap()];
        }),
        expect("expected: a pin, and there is none", |e| {
            e.repositories.clear();
            e.unpinned = slsa_pip_policy::Unpinned::Deny;
        }),
        expect("expected: metadata names another repository", |e| {
            e.repositories.clear();
            e.declared = Some("evil/evil".parse().unwrap());
        }),
        expect("expected: repository id", |e| e.repository_id = Some("1".to_owned())),
        expect("expected: owner id", |e| e.owner_id = Some("1".to_owned())),
        expect("expected: ref", |e| e.reference = Some("refs/tags/v99".to_owned())),
        expect("expected: tag", |e| e.source_tag = Some("v99".to_owned())),
        expect("expected: versioned tag", |e| e.versioned_tag = Some("v99".to_owned())),
        expect("expected: branch", |e| e.source_branch = Some("other".to_owned())),
        expect("expected: builder", |e| {
            let other =
                "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml";
            e.builder = Some(other.parse().unwrap());
        }),
        expect("expected: builder of another release", |e| {
            let other = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v9.9.9";
            e.builder = Some(other.parse().unwrap());
        }),
        expect("expected: workflow", |e| e.workflow = Some("other.yml".to_owned())),
        expect("expected: trigger", |e| e.trigger = Some("other".to_owned())),
        expect("expected: environment", |e| e.environment = Some("other".to_owned())),
        expect("expected: runner", |e| {
            e.runner_environment = Some("self-hosted".to_owned());
        }),
        expect("expected: workflow input", |e| {
            e.workflow_inputs.insert("key".to_owned(), "value".to_owned());
        }),
        expect("expected: no kind suffices", |e| {
            e.kinds = KindSet {
                build: false,
                publish: false,
            };
        }),
        expect("expected: level 4", |e| e.minimum_level = Some(4)),
    ]
}
