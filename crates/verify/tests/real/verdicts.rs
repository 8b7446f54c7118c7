//! Every bundle, PEP 740 file and classic envelope of the manifest: our verdict by all rules, and that on its signature alone.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{Attestation, Evidence, Statement};
use slsa_pip_verify::{Code, TrustRoots, verify_signature_bundle};

use crate::common::*;
use crate::log_entries;

/// What our verdict on a file is, and what another tool's is.
pub(crate) struct Judged {
    /// The path in the data.
    pub(crate) path: String,
    /// The manifest's kind.
    pub(crate) kind: String,
    /// Whether the other tool accepts the file; `None` if it could not judge it.
    pub(crate) accepted: Option<bool>,
    /// The other tool's verdict in words.
    pub(crate) said: String,
    /// Ours on the signature alone (B1 to B8), with the root that the other tool used and the certificate's own identity;
    /// `None` for bare envelopes, whose signature cannot be judged without the log's answer.
    pub(crate) signature: Option<Result<(), Code>>,
    /// Ours by all rules, with the roots that are compiled in and the repository pinned to what the certificate claims.
    pub(crate) verdict: Result<String, Code>,
}

/// Every bundle, PEP 740 file and classic envelope of the manifest.
pub(crate) fn all() -> Vec<Judged> {
    let (public_good, staging) = (roots(), staging());
    let items = manifest();
    let known = |item: &&Value| ["pep740", "bundle", "classic-dsse"].contains(&item["kind"].as_str().unwrap());
    items
        .iter()
        .filter(known)
        .map(|item| judged(item, &public_good, &staging))
        .collect()
}

fn judged(item: &Value, public_good: &TrustRoots, staging: &TrustRoots) -> Judged {
    let path = item["file"].as_str().unwrap();
    let bytes = read(path);
    let (accepted, said) = other_tool(item);
    let by_staging = item["verify"]["root"] == "staging" || path.contains("staging");
    Judged {
        path: path.to_owned(),
        kind: item["kind"].as_str().unwrap().to_owned(),
        accepted,
        said,
        signature: signature(item, &bytes, if by_staging { staging } else { public_good }),
        verdict: verdict(item, &bytes, public_good),
    }
}

fn other_tool(item: &Value) -> (Option<bool>, String) {
    let verify = &item["verify"];
    if item["verify_github_root"] == "ok" {
        return (
            Some(true),
            "signature, chain and timestamp hold by GitHub's root".to_owned(),
        );
    }
    if !verify["rekor_entry_files"].as_array().is_none_or(Vec::is_empty) {
        let found = &item["end_to_end_with_rekor_entry"];
        let sct = found["sct"].as_str().unwrap().split(':').next().unwrap();
        let words = format!(
            "signature, chain and SET hold; inclusion proof: {}; SCT: {}",
            found["inclusion"].as_str().unwrap(),
            if sct == "ok" { "ok" } else { "absent" },
        );
        let holds = found["signature"] == true && found["payload_hash"] == true && found["time_in_validity"] == true;
        return (Some(holds), words);
    }
    let root = verify["root"].as_str().filter(|root| *root != "public-good");
    match verify["result"].as_str().unwrap() {
        "ok" => (
            Some(true),
            format!("accepts{}", root.map_or_else(String::new, |root| format!(" ({root})"))),
        ),
        "error" => (
            Some(false),
            format!(
                "refuses: {}",
                first_words(verify["error"].as_str().unwrap_or("signature"))
            ),
        ),
        "no certificate" => (None, "cannot judge it: no certificate".to_owned()),
        unknown => panic!("{unknown}"),
    }
}

/// The part of an error that is not a dump of values.
pub(crate) fn first_words(error: &str) -> &str {
    let end = error
        .find([' ', '\n'])
        .and_then(|_| error.find(" [type=").or_else(|| error.find("  ")));
    error[..end.unwrap_or(error.len())].trim_end()
}

/// The verdict by all rules.
fn verdict(item: &Value, bytes: &[u8], roots: &TrustRoots) -> Result<String, Code> {
    let mut evidence = parse(bytes);
    log_entries::attach(item, &mut evidence);
    let digest = digest_of(item).or_else(|| subject_hint(&evidence)).unwrap_or(NO_DIGEST);
    let file = file(item["artifact"].as_str().unwrap_or("artifact"), &digest.to_hex());
    let expectation = item["source_repo"].as_str().map(pinned).unwrap_or_default();
    match judge(&file, &evidence, &expectation, roots) {
        Ok(verified) => {
            let attested = attested(&verified);
            Ok(format!("{}, level {}", attested.kind, attested.build_level))
        }
        Err(refusals) => Err(refusals[0].code),
    }
}

/// Stands for a file whose digest nobody knows; no file has it.
const NO_DIGEST: Sha256Digest = Sha256Digest::from_bytes([0; 32]);

fn digest_of(item: &Value) -> Option<Sha256Digest> {
    item["artifact_sha256"].as_str()?.parse().ok()
}

fn subject_hint(evidence: &[Evidence]) -> Option<Sha256Digest> {
    let mut hints = evidence
        .iter()
        .flat_map(|evidence| evidence.attestation.sha256_subjects_hint());
    hints.next()
}

/// The verdict on the signatures of all documents in a file.
fn signature(item: &Value, bytes: &[u8], roots: &TrustRoots) -> Option<Result<(), Code>> {
    let bundles = bundles(bytes);
    let signers = signers(item);
    let judged: Vec<_> = bundles
        .iter()
        .enumerate()
        .map(|(number, bundle)| {
            let (identity, issuer) = signers.get(number).cloned().unwrap_or_default();
            let digest = digest_of(item).or_else(|| signed_digest(bundle)).unwrap_or(NO_DIGEST);
            verify_signature_bundle(bundle, &digest, &identity, &issuer, roots, now())
                .map(|_| ())
                .map_err(|(code, _)| code)
        })
        .collect();
    if judged.is_empty() {
        let bare = parse(bytes)
            .iter()
            .all(|it| matches!(it.attestation.as_ref(), Attestation::Classic(_)));
        assert!(bare, "{}: nothing was judged", item["file"]);
        return None;
    }
    Some(judged.into_iter().collect())
}

/// Every bundle in a file, taken apart without the reader that is tested: single documents, lines, lists; PEP 740 objects as bundles.
fn bundles(bytes: &[u8]) -> Vec<Value> {
    let documents: Vec<Value> = match serde_json::from_slice(bytes) {
        Ok(Value::Array(members)) => members,
        Ok(document) => vec![document],
        Err(_) => std::str::from_utf8(bytes)
            .unwrap()
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    };
    let documents = documents
        .into_iter()
        .flat_map(|document| match document.get("attestations") {
            Some(Value::Array(members)) => members.iter().map(|member| member["bundle"].clone()).collect(),
            _ => vec![document],
        });
    documents.flat_map(as_bundles).collect()
}

fn as_bundles(document: Value) -> Vec<Value> {
    if let Value::Array(groups) = &document["attestation_bundles"] {
        let members = groups
            .iter()
            .flat_map(|group| group["attestations"].as_array().unwrap());
        return members.map(pep740_as_bundle).collect();
    }
    if document.get("envelope").is_some() {
        return vec![pep740_as_bundle(&document)];
    }
    // A bare envelope is no bundle.
    if document.get("payloadType").is_some() {
        Vec::new()
    } else {
        vec![document]
    }
}

fn pep740_as_bundle(attestation: &Value) -> Value {
    let material = &attestation["verification_material"];
    let envelope = &attestation["envelope"];
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', "");
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": text(&material["certificate"]) },
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": text(&envelope["statement"]),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{ "sig": text(&envelope["signature"]) }],
        },
    })
}

/// The identity and issuer of each document, as the manifest read them from the certificates.
fn signers(item: &Value) -> Vec<(String, String)> {
    let of = |cert: &Value| {
        let text = |key: &str| cert[key].as_str().unwrap_or_default().to_owned();
        (text("san"), text("issuer"))
    };
    let checks = item["checks"].as_array().unwrap();
    checks
        .iter()
        .flat_map(|check| match &check["attestations"] {
            Value::Array(members) => members.iter().map(|member| of(&member["cert"])).collect(),
            _ => vec![of(&check["cert"])],
        })
        .collect()
}

/// The digest that a bundle itself speaks of.
fn signed_digest(bundle: &Value) -> Option<Sha256Digest> {
    let decode = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    if let Some(digest) = decode(&bundle["messageSignature"]["messageDigest"]["digest"]) {
        return digest.try_into().ok().map(Sha256Digest::from_bytes);
    }
    let statement = Statement::parse(&decode(&bundle["dsseEnvelope"]["payload"])?).ok()?;
    statement.subjects.iter().find_map(slsa_pip_provenance::Subject::sha256)
}

/// Written down after looking at each.
#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_file_gets_its_verdict() {
    let all = all();
    let mut table = String::new();
    for judged in &all {
        let signature = match judged.signature {
            None => "-",
            Some(Ok(())) => "good",
            Some(Err(code)) => code.as_str(),
        };
        let verdict = match &judged.verdict {
            Ok(verified) => format!("verified: {verified}"),
            Err(code) => code.to_string(),
        };
        writeln!(table, "{} | {signature} | {verdict}", judged.path).unwrap();
        // A verdict is never better than the signature below it; what staging vouches for is refused by the roots compiled in.
        assert!(
            judged.verdict.is_err() || judged.signature != Some(Err(Code::SignatureInvalid)),
            "{}",
            judged.path
        );
        let staging = judged.said.contains("staging") || judged.path.contains("staging");
        assert!(judged.verdict.is_err() || !staging, "{}", judged.path);
    }
    let expected = include_str!("expected");
    let news: Vec<_> = table
        .lines()
        .filter(|line| !expected.lines().any(|known| known == *line))
        .collect();
    assert!(news.is_empty(), "not expected:\n{}", news.join("\n"));
    assert_eq!(table.lines().count(), expected.lines().count());
}

/// Nothing is skipped: as many files are judged as the manifest and its folders hold.
#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_file_is_judged() {
    let all = all();
    for (kind, folder, count) in [
        ("bundle", "bundles", 155),
        ("pep740", "pep740", 20),
        ("classic-dsse", "classic-dsse", 45),
    ] {
        let judged = all.iter().filter(|judged| judged.kind == kind);
        assert_eq!(judged.count(), count, "{kind}");
        let files = std::fs::read_dir(data().join(folder)).unwrap();
        assert_eq!(files.count(), count, "{folder}");
    }
    // Every envelope without the log's answer is refused for just that, or before.
    assert_eq!(all.iter().filter(|judged| judged.signature.is_none()).count(), 42);
    assert!(
        all.iter()
            .all(|judged| judged.signature.is_some() || judged.verdict.is_err())
    );
}

/// What one root accepts, the other does not.
#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn no_signature_is_good_by_two_roots() {
    let (public_good, staging) = (public_good_only(), staging());
    let mut good = 0;
    for item in manifest() {
        if item["kind"] != "bundle" && item["kind"] != "pep740" {
            continue;
        }
        let bytes = read(item["file"].as_str().unwrap());
        let by = |roots| signature(&item, &bytes, roots).is_some_and(|judged| judged.is_ok());
        let (here, there) = (by(&public_good), by(&staging));
        assert!(!(here && there), "{}", item["file"]);
        good += usize::from(here || there);
    }
    assert!(good >= 60, "only {good} are good by one of them");
}

/// Kinds of attestations that the walk has seen; every accepted one.
#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_format_occurs() {
    let mut seen = [0; 3];
    for judged in all() {
        for evidence in parse(&read(&judged.path)) {
            match evidence.attestation.as_ref() {
                Attestation::Classic(_) => seen[0] += 1,
                Attestation::Bundle(_) => seen[1] += 1,
                Attestation::Pep740(_) => seen[2] += 1,
            }
        }
    }
    assert!(seen.iter().all(|count| *count >= 19), "{seen:?}");
}
