//! The documents, and the ways to tamper with them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(missing_docs, unreachable_pub)]

mod certificate;
mod table;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, RekorAnswer, SigstoreBundle};
use slsa_pip_verify::TrustRoots;

use crate::common;
pub use table::mutations;

/// Where a document has its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Bundle,
    Pep740,
    Classic,
}

/// A document, its file and what is expected of it.
#[derive(Debug, Clone)]
pub struct Doc {
    pub name: &'static str,
    pub layout: Layout,
    pub json: Value,
    /// The log's answer for a classic envelope, in a bundle's shape.
    pub answer: Value,
    pub filename: &'static str,
    pub sha256: String,
    pub expectation: Expectation,
    pub now: Timestamp,
}

/// One way to tamper. `None` from a change means that the document has no such part.
pub enum Change {
    None,
    Doc(fn(&mut Doc) -> Option<()>),
    Digest,
    Expect(fn(&mut Expectation)),
    Roots(fn() -> Option<TrustRoots>),
    Now(&'static str),
}

pub fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub fn encode(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

/// Flips the lowest bit of a byte, counted from the end if negative.
pub fn flip(value: &mut Value, at: isize) -> Option<()> {
    let mut bytes = decode(value.as_str()?);
    let index = if at < 0 {
        bytes.len().checked_sub(at.unsigned_abs())?
    } else {
        at.unsigned_abs()
    };
    *bytes.get_mut(index)? ^= 1;
    *value = encode(&bytes);
    Some(())
}

impl Doc {
    fn attestation(&mut self) -> Option<&mut Value> {
        self.json.pointer_mut("/attestation_bundles/0/attestations/0")
    }

    /// The certificate, base64; classic envelopes hold PEM instead, see [`Doc::set_certificate`].
    pub fn certificate(&mut self) -> Option<Vec<u8>> {
        match self.layout {
            Layout::Pep740 => {
                let text = self.attestation()?.pointer("/verification_material/certificate")?;
                Some(decode(text.as_str()?))
            }
            Layout::Bundle => {
                let material = self.json.get("verificationMaterial")?;
                let text = material
                    .pointer("/certificate/rawBytes")
                    .or_else(|| material.pointer("/x509CertificateChain/certificates/0/rawBytes"))?;
                Some(decode(text.as_str()?))
            }
            Layout::Classic => {
                let pem = self.json.pointer("/signatures/0/cert")?.as_str()?;
                let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
                Some(decode(&body))
            }
        }
    }

    pub fn set_certificate(&mut self, der: &[u8]) -> Option<()> {
        match self.layout {
            Layout::Pep740 => *self.attestation()?.pointer_mut("/verification_material/certificate")? = encode(der),
            Layout::Bundle => {
                let material = self.json.get_mut("verificationMaterial")?;
                let chain = material.get("x509CertificateChain").is_some();
                let path = if chain {
                    "/x509CertificateChain/certificates/0/rawBytes"
                } else {
                    "/certificate/rawBytes"
                };
                *material.pointer_mut(path)? = encode(der);
            }
            Layout::Classic => *self.json.pointer_mut("/signatures/0/cert")? = pem(der).into(),
        }
        Some(())
    }

    /// The list of log entries.
    pub fn entries(&mut self) -> Option<&mut Vec<Value>> {
        match self.layout {
            Layout::Pep740 => self
                .attestation()?
                .pointer_mut("/verification_material/transparency_entries")?
                .as_array_mut(),
            Layout::Bundle => self
                .json
                .pointer_mut("/verificationMaterial/tlogEntries")?
                .as_array_mut(),
            Layout::Classic => None,
        }
    }

    /// The log entry, in a bundle's shape.
    pub fn entry(&mut self) -> Option<&mut Value> {
        if self.layout == Layout::Classic {
            return Some(&mut self.answer);
        }
        self.entries()?.first_mut()
    }

    pub fn proof(&mut self) -> Option<&mut Value> {
        self.entry()?.get_mut("inclusionProof")
    }

    /// The signed statement, base64.
    pub fn payload(&mut self) -> Option<&mut Value> {
        match self.layout {
            Layout::Pep740 => self.attestation()?.pointer_mut("/envelope/statement"),
            Layout::Bundle => self.json.pointer_mut("/dsseEnvelope/payload"),
            Layout::Classic => self.json.get_mut("payload"),
        }
    }

    pub fn edit_statement(&mut self, edit: impl FnOnce(&mut Value)) -> Option<()> {
        let payload = self.payload()?;
        let mut statement: Value = serde_json::from_slice(&decode(payload.as_str()?)).unwrap();
        edit(&mut statement);
        *payload = encode(statement.to_string().as_bytes());
        Some(())
    }

    /// The signature, base64.
    pub fn signature(&mut self) -> Option<&mut Value> {
        match self.layout {
            Layout::Pep740 => self.attestation()?.pointer_mut("/envelope/signature"),
            Layout::Bundle => self.json.pointer_mut("/dsseEnvelope/signatures/0/sig"),
            Layout::Classic => self.json.pointer_mut("/signatures/0/sig"),
        }
    }

    /// The envelope, where there is one.
    pub fn envelope(&mut self) -> Option<&mut Value> {
        match self.layout {
            Layout::Pep740 => None,
            Layout::Bundle => self.json.get_mut("dsseEnvelope"),
            Layout::Classic => Some(&mut self.json),
        }
    }

    /// The timestamps of a bundle that has some.
    pub fn timestamps(&mut self) -> Option<&mut Vec<Value>> {
        let timestamps = self
            .json
            .pointer_mut("/verificationMaterial/timestampVerificationData/rfc3161Timestamps")?;
        timestamps.as_array_mut().filter(|timestamps| !timestamps.is_empty())
    }

    /// What is judged. A bundle that the reader would not even take for one is given to the core all the same.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut evidence = common::parse_json(&self.json);
        if evidence.is_empty() && self.layout == Layout::Bundle {
            let payload = self.json.pointer("/dsseEnvelope/payload").and_then(Value::as_str);
            evidence.push(common::evidence(Attestation::Bundle(Box::new(SigstoreBundle {
                media_type: self.json["mediaType"].as_str().unwrap_or_default().to_owned(),
                payload: payload.and_then(|payload| STANDARD.decode(payload).ok()),
                json: self.json.clone(),
            }))));
        }
        if self.layout == Layout::Classic {
            for evidence in &mut evidence {
                evidence.log_answers = vec![RekorAnswer {
                    uuid: "0".repeat(64),
                    entry: rekor_answer(&self.answer),
                }];
            }
        }
        evidence
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// A bundle's log entry as Rekor's API writes it: numbers for strings, hexadecimal for base64.
fn rekor_answer(entry: &Value) -> Value {
    let number = |value: &Value| match value.as_str().and_then(|text| text.parse::<i64>().ok()) {
        Some(number) => number.into(),
        None => value.clone(),
    };
    let hex = |value: &Value| match value.as_str() {
        Some(text) => common::hex(&decode(text)).into(),
        None => value.clone(),
    };
    let mut verification = json!({});
    if let Some(proof) = entry.get("inclusionProof") {
        let hashes = proof["hashes"].as_array().cloned().unwrap_or_default();
        verification["inclusionProof"] = json!({
            "checkpoint": proof.pointer("/checkpoint/envelope").cloned().unwrap_or_default(),
            "hashes": hashes.iter().map(hex).collect::<Vec<_>>(),
            "logIndex": number(&proof["logIndex"]),
            "rootHash": hex(&proof["rootHash"]),
            "treeSize": number(&proof["treeSize"]),
        });
    }
    if let Some(set) = entry.pointer("/inclusionPromise/signedEntryTimestamp") {
        verification["signedEntryTimestamp"] = set.clone();
    }
    json!({
        "body": entry["canonicalizedBody"],
        "integratedTime": number(&entry["integratedTime"]),
        "logID": hex(&entry["logId"]["keyId"]),
        "logIndex": number(&entry["logIndex"]),
        "verification": verification,
    })
}

/// The good documents.
pub fn documents() -> Vec<Doc> {
    let pinned = common::pinned;
    let generator = "classic-dsse/gha_generic-v2.1.0-binary-linux-amd64-push-v14.2.intoto.jsonl";
    let container = "bundles/slsa-verifier__container-based-v2.1.0__binary-linux-amd64-push-v14.2.intoto.build.slsa";
    let github = "bundles/cli_cli__4dffc8fd__github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl";
    let digest = |path: &str| {
        let manifest = common::manifest();
        let item = manifest.iter().find(|item| item["file"] == path).unwrap();
        item["artifact_sha256"].as_str().unwrap().to_owned()
    };
    let doc = |name, layout, path: &str, filename, repository: &str| Doc {
        name,
        layout,
        json: serde_json::from_slice(&common::read(path)).unwrap(),
        answer: Value::Null,
        filename,
        sha256: digest(path),
        expectation: pinned(repository),
        now: common::now(),
    };
    let example = "slsa-framework/example-package";
    let bundle = doc("generator", Layout::Bundle, generator, "binary-linux-amd64", example);
    vec![
        doc(
            "pep740",
            Layout::Pep740,
            "pep740/abi3info-2024.10.8-py3-none-any.whl.provenance",
            "abi3info-2024.10.8-py3-none-any.whl",
            "woodruffw/abi3info",
        ),
        taken_apart(&bundle),
        bundle,
        doc("intoto-0.0.2", Layout::Bundle, container, "binary-linux-amd64", example),
        doc(
            "github-internal",
            Layout::Bundle,
            github,
            "github_provenance_demo-0.0.12-py3-none-any.whl",
            "actions/attest-demo",
        ),
    ]
}

/// A bundle as a classic envelope and the log's answer: the same bytes in the older form.
fn taken_apart(bundle: &Doc) -> Doc {
    let mut bundle = bundle.clone();
    let certificate = bundle.certificate().unwrap();
    let envelope = &bundle.json["dsseEnvelope"];
    let mut classic = bundle.clone();
    classic.name = "classic";
    classic.layout = Layout::Classic;
    classic.json = json!({
        "payloadType": envelope["payloadType"],
        "payload": envelope["payload"],
        "signatures": [{
            "keyid": "",
            "sig": envelope["signatures"][0]["sig"],
            "cert": pem(&certificate),
        }],
    });
    classic.answer = bundle.entry().unwrap().clone();
    classic
}
