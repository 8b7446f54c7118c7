//! Every log entry of the manifest, by itself and with the envelope that it is about.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::rekor::LogEntry;
use sigstore_verify::types::KindVersion;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Evidence, RekorAnswer};
use slsa_pip_verify::{Code, TrustRoots, verify_signature_bundle};

use crate::common::*;

/// Gives classic envelopes the stored answers that the manifest names for them.
pub(crate) fn attach(item: &Value, evidence: &mut [Evidence]) {
    let Some(files) = item["verify"]["rekor_entry_files"].as_array() else {
        return;
    };
    for file in files {
        let answer = answer(&json(format!("rekor/{}", file.as_str().unwrap())));
        for evidence in &mut *evidence {
            evidence.log_answers.push(answer.clone());
        }
    }
}

/// A stored entry as the log answers it: the API's form, cosign's annotations, or the bare payload.
fn answer(stored: &Value) -> RekorAnswer {
    if let Some(bundle) = stored["dev.sigstore.cosign/bundle"].as_str() {
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        let mut entry = bundle["Payload"].clone();
        entry["verification"] = json!({ "signedEntryTimestamp": bundle["SignedEntryTimestamp"] });
        return RekorAnswer {
            uuid: "0".repeat(64),
            entry,
        };
    }
    if stored.get("body").is_some() {
        return RekorAnswer {
            uuid: "0".repeat(64),
            entry: stored.clone(),
        };
    }
    let (uuid, entry) = stored.as_object().unwrap().iter().next().unwrap();
    RekorAnswer {
        uuid: uuid.clone(),
        entry: entry.clone(),
    }
}

/// A stored entry and the verdicts on it.
pub(crate) struct Judged {
    /// The path in the data.
    pub(crate) path: String,
    /// The kind and version of the entry.
    pub(crate) kind: String,
    /// Whether the other check accepts it.
    pub(crate) accepted: bool,
    /// Its verdict in words.
    pub(crate) said: String,
    /// Ours.
    pub(crate) found: Result<(), Code>,
}

/// Every log entry of the manifest.
pub(crate) fn all() -> Vec<Judged> {
    let items = manifest();
    items
        .iter()
        .filter(|item| item["kind"] == "rekor")
        .map(judged)
        .collect()
}

fn judged(item: &Value) -> Judged {
    let path = item["file"].as_str().unwrap();
    let answer = answer(&json(path));
    let verify = &item["verify"];
    let set = verify["set"].as_str().unwrap_or("absent");
    let roots = if set.contains("staging") { staging() } else { roots() };
    let body: Value = {
        let text = answer.entry["body"].as_str().unwrap();
        serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap()
    };
    let found = if body["kind"] == "hashedrekord" {
        as_bundle(&answer, &body, &roots)
    } else {
        of_another_envelope(&answer, &roots)
    };
    Judged {
        path: path.to_owned(),
        kind: item["entry"].as_str().unwrap().to_owned(),
        accepted: verify["result"] == "ok",
        said: format!(
            "SET: {set}; inclusion proof: {}",
            verify["inclusion_proof"].as_str().unwrap()
        ),
        found,
    }
}

/// A `hashedrekord` entry holds all that a bundle needs: digest, signature and certificate.
fn as_bundle(answer: &RekorAnswer, body: &Value, roots: &TrustRoots) -> Result<(), Code> {
    let entry: LogEntry = serde_json::from_value(answer.entry.clone()).map_err(|_| Code::LogEntryMalformed)?;
    let entry = entry
        .to_bundle_entry(KindVersion::HashedRekordV001)
        .map_err(|_| Code::CheckpointInvalid)?;
    let pem = STANDARD
        .decode(body["spec"]["signature"]["publicKey"]["content"].as_str().unwrap())
        .unwrap();
    let pem = String::from_utf8(pem).unwrap();
    let Ok(certificate) = sigstore_verify::types::DerCertificate::from_pem(&pem) else {
        return Err(Code::CertificateMissing);
    };
    let digest = body["spec"]["data"]["hash"]["value"].as_str().unwrap().parse().unwrap();
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": STANDARD.encode(certificate.as_bytes()) },
            "tlogEntries": [serde_json::to_value(&entry).unwrap()],
        },
        "messageSignature": { "signature": body["spec"]["signature"]["content"] },
    });
    // The identity is the certificate's own: here only the entry is in question.
    let wrong = verify_signature_bundle(&bundle, &digest, "", "", roots, now())
        .map(|_| ())
        .unwrap_err();
    let (identity, issuer) = identity(certificate.as_bytes());
    match verify_signature_bundle(&bundle, &digest, &identity, &issuer, roots, now()) {
        Ok(_) => {
            assert!(
                [Code::IdentityMismatch, Code::IssuerUnexpected].contains(&wrong.0),
                "{wrong:?}"
            );
            Ok(())
        }
        Err((code, _)) => Err(code),
    }
}

fn identity(der: &[u8]) -> (String, String) {
    let info =
        sigstore_verify::crypto::parse_certificate_info(&sigstore_verify::types::DerCertificate::new(der.to_vec()));
    let info = info.unwrap();
    let identity = info.identity.map(|it| it.as_str().to_owned());
    (identity.unwrap_or_default(), info.issuer.unwrap_or_default())
}

/// An entry as the answer for an envelope that it is not about. The log's key, SET, proof and checkpoint are checked before
/// what the entry binds, so a good entry fails there, with `log-entry-mismatch`, and a bad one before.
fn of_another_envelope(answer: &RekorAnswer, roots: &TrustRoots) -> Result<(), Code> {
    let path = "classic-dsse/sv-history__ffa3ba__dsse-workflow-inputs.intoto.jsonl";
    let mut evidence = parse(&read(path));
    let digest = evidence[0].attestation.sha256_subjects_hint()[0];
    evidence[0].log_answers = vec![answer.clone()];
    let file = file("artifact1", &digest.to_hex());
    match code(&judge(&file, &evidence, &Expectation::default(), roots)) {
        Some(code) => Err(code),
        None => Ok(()),
    }
}

/// By the beginning of the name, the first that fits; written down after looking at each.
const EXPECTED: [(&str, Result<(), Code>, usize); 12] = [
    ("sv-generic-container-", Err(Code::InclusionProofMissing), 6),
    // From before SCTs were embedded.
    ("intoto-0.0.1__asraa", Err(Code::SctInvalid), 1),
    // Proofs without a checkpoint, as the log gave them in 2022.
    ("intoto-0.0.1__aquasecurity", Err(Code::CheckpointInvalid), 2),
    ("rekord-0.0.1__", Err(Code::CheckpointInvalid), 5),
    // Entries of a log that is in no root, with and without a proof.
    (
        "dsse-0.0.1__in-toto_go-witness__cd008507",
        Err(Code::InclusionProofMissing),
        1,
    ),
    ("dsse-0.0.1__in-toto_go-witness__", Err(Code::CheckpointInvalid), 2),
    (
        "hashedrekord-0.0.1__sigstore_cosign",
        Err(Code::InclusionProofMissing),
        1,
    ),
    // A self-signed certificate, a sentence in place of the checkpoint, and no proof at all.
    (
        "hashedrekord-0.0.1__sigstore_sigstore-java__8ac4db9a",
        Err(Code::CertificateUntrusted),
        1,
    ),
    (
        "hashedrekord-0.0.1__sigstore_sigstore-java__340b73cd",
        Err(Code::CheckpointInvalid),
        1,
    ),
    (
        "hashedrekord-0.0.1__sigstore_sigstore-java__33b2a49e",
        Err(Code::InclusionProofMissing),
        1,
    ),
    ("hashedrekord-0.0.1__aquasecurity", Ok(()), 1),
    ("hashedrekord-0.0.1__carabiner", Ok(()), 2),
];

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_log_entry_gets_its_verdict() {
    let all = all();
    let mut seen = [0; EXPECTED.len()];
    for judged in &all {
        let name = judged.path.strip_prefix("rekor/").unwrap();
        let place = EXPECTED.iter().position(|(prefix, ..)| name.starts_with(prefix));
        let place = place.unwrap_or_else(|| panic!("{name} is new: {:?}", judged.found));
        assert_eq!(judged.found, EXPECTED[place].1, "{name}");
        assert!(judged.accepted || judged.found.is_err(), "{name}");
        seen[place] += 1;
    }
    assert_eq!(seen, EXPECTED.map(|(.., count)| count));
    assert_eq!(all.len(), 24);
    assert_eq!(std::fs::read_dir(data().join("rekor")).unwrap().count(), 24);
}
