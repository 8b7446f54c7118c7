//! sigstore-conformance's cases against rules B1 to B8 alone.

use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_verify::{Code, TrustRoots, verify_signature_bundle};

use crate::common::*;

/// A case of the manifest.
pub(crate) struct Case {
    /// `conformance/<name>/`.
    pub(crate) path: String,
    /// Whether the suite expects the bundle to be accepted.
    pub(crate) expected: bool,
    /// What sigstore-python says: whether it accepts, and its words.
    pub(crate) other: (bool, String),
    /// Our verdict.
    pub(crate) found: Result<(), Code>,
}

/// Every case of the manifest, judged.
pub(crate) fn cases() -> Vec<Case> {
    let items = manifest();
    let cases = items.iter().filter(|item| item["kind"] == "conformance-case");
    cases.map(case).collect()
}

fn case(item: &Value) -> Case {
    let path = item["file"].as_str().unwrap().to_owned();
    let other = &item["sigstore_python_4_5_1"];
    let accepts = other["result"] == "ok";
    let said = match (accepts, other["error"].as_str()) {
        (true, _) => "accepts".to_owned(),
        (false, Some(why)) => format!("{}: {why}", other["result"].as_str().unwrap()),
        (false, None) => panic!("{path}: no verdict of the other tool"),
    };
    Case {
        expected: match item["expected"].as_str().unwrap() {
            "pass" => true,
            "fail" => false,
            unknown => panic!("{path}: {unknown}"),
        },
        other: (accepts, said),
        found: verdict(&path, item),
        path,
    }
}

fn verdict(path: &str, item: &Value) -> Result<(), Code> {
    let text = |key: &str| item[key].as_str().unwrap_or_else(|| panic!("{path}: no {key}"));
    let inside = |name: &str| data().join(path).join(name);
    let artifact = std::fs::read(inside(text("artifact"))).unwrap();
    let roots = match text("trusted_root") {
        "public-good" => roots(),
        // A root that cannot be read refuses everything.
        own => TrustRoots::custom(&std::fs::read_to_string(inside(own)).unwrap())
            .map_err(|_| Code::CertificateUntrusted)?,
    };
    let bundle = std::fs::read(inside("bundle.sigstore.json")).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).map_err(|_| Code::BundleMalformed)?;
    verify_signature_bundle(
        &bundle,
        &digest(&artifact),
        text("identity"),
        text("issuer"),
        &roots,
        now(),
    )
    .map(|_| ())
    .map_err(|(code, _)| code)
}

fn digest(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(*sigstore_verify::crypto::sha256(bytes).as_bytes())
}

/// Those that are good and refused all the same: a key without an identity proves nothing that we ask for.
const REFUSED_ALL_THE_SAME: [(&str, Code); 1] = [("conformance/managed-key-happy-path/", Code::CertificateMissing)];

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn cases_pass_or_fail_as_they_are_named() {
    let cases = cases();
    for case in &cases {
        let named_to_fail = case.path.trim_end_matches('/').ends_with("_fail");
        assert_eq!(case.expected, !named_to_fail, "{}", case.path);
        match REFUSED_ALL_THE_SAME.iter().find(|(known, _)| *known == case.path) {
            Some((_, code)) => assert_eq!(case.found, Err(*code), "{}", case.path),
            None => assert_eq!(case.found.is_ok(), case.expected, "{}: {:?}", case.path, case.found),
        }
    }
    let entries = std::fs::read_dir(data().join("conformance")).unwrap();
    let folders = entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!((cases.len(), folders), (47, 47));
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn identity_and_issuer_must_be_exact() {
    let items = manifest();
    let item = items
        .iter()
        .find(|item| item["file"] == "conformance/happy-path-v0.3/")
        .unwrap();
    let (identity, issuer) = (item["identity"].as_str().unwrap(), item["issuer"].as_str().unwrap());
    let judged = |identity: &str, issuer: &str| {
        let mut item = item.clone();
        item["identity"] = identity.into();
        item["issuer"] = issuer.into();
        verdict("conformance/happy-path-v0.3/", &item)
    };
    assert_eq!(judged(identity, issuer), Ok(()));
    assert_eq!(
        judged(&identity[..identity.len() - 1], issuer),
        Err(Code::IdentityMismatch)
    );
    assert_eq!(
        judged(identity, "https://accounts.google.com"),
        Err(Code::IssuerUnexpected)
    );
}
