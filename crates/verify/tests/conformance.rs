//! sigstore-conformance's cases, and every real bundle, against rules B1 to B8 alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;

use std::path::Path;

use common::*;
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_verify::{Code, TrustRoots, verify_signature_bundle};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Cases whose bundle is good and which we refuse all the same: a key without an identity proves nothing that we ask for.
const REFUSED_ALL_THE_SAME: [(&str, Code); 1] = [("managed-key-happy-path", Code::CertificateMissing)];

/// Real bundles that sigstore-python accepts and we refuse, and why.
const STRICTER: [(&str, Code); 7] = [
    // Wrappers of several documents, which the reader takes apart first.
    ("carabiner-dev_ampel__b295c7b0__output.json", Code::MediaTypeUnknown),
    (
        "jezdez_conda-sigstore__e715aa58__prefix-actionlint.v0.sigs",
        Code::MediaTypeUnknown,
    ),
    // Its envelope holds no in-toto statement.
    (
        "carabiner-dev_examples__8a8157da__openeox.bundle.json",
        Code::BundleMalformed,
    ),
    // A timestamp that no trusted authority has signed; sigstore-python ignores it.
    (
        "carabiner-dev_conformance__15dc8280__sourcetool.intoto.jsonl",
        Code::TimestampInvalid,
    ),
    (
        "sigstore_sigstore-python__37452281__bundle.txt.sigstore",
        Code::TimestampInvalid,
    ),
    (
        "sigstore_sigstore-python__65e45285__hello.sigstore",
        Code::TimestampInvalid,
    ),
    // A key of another kind than ECDSA P-256.
    (
        "sigstore_sigstore-java__50c565ff__p.tgz.sigstore",
        Code::SignatureAlgorithm,
    ),
];

/// Real bundles that sigstore-python refuses and we accept, and why.
const KNOWN_FORMS: [&str; 6] = [
    // `intoto` 0.0.2 log entries, whose integrated time it does not know.
    "slsa-verifier__container-based-v1.10.0__binary-linux-amd64-push-v14.2.intoto.build.slsa",
    "slsa-verifier__container-based-v2.1.0__binary-linux-amd64-push-v14.2.intoto.build.slsa",
    "slsa-verifier__delegator-v1.9.0__binary-linux-amd64-push-v14.2.build.slsa",
    "slsa-verifier__delegator-v2.1.0__binary-linux-amd64-push-v14.2.build.slsa",
    // Rekor v2 under staging: its time is proven by a timestamp of the authority in the stored staging root.
    "sigstore_sigstore-rust__a0c03d86__staging_bundle.sigstore.json",
    // GitHub's own instance, by GitHub's root: see `verify_github_root` in the manifest.
    "sigstore_sigstore-java__a4246f5f__attestation.sigstore.json",
];

fn digest(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(*sigstore_verify::crypto::sha256(bytes).as_bytes())
}

/// The code of a conformance case, `None` if it passes.
fn case(folder: &Path) -> Option<Code> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let artifact = std::fs::read(folder.join("artifact")).unwrap_or_else(|_| read("conformance/a.txt"));
    let identity = text("identity").unwrap_or(BEACON.to_owned());
    let issuer = text("issuer").unwrap_or(ISSUER.to_owned());
    let roots = match text("trusted_root.json") {
        Some(json) => TrustRoots::custom(&json),
        None => Ok(roots()),
    };
    // A root that cannot be read refuses everything.
    let Ok(roots) = roots else {
        return Some(Code::CertificateUntrusted);
    };
    let Ok(bundle) = serde_json::from_str::<Value>(&text("bundle.sigstore.json").unwrap()) else {
        return Some(Code::BundleMalformed);
    };
    let digest = digest(&artifact);
    verify_signature_bundle(&bundle, &digest, identity.trim(), issuer.trim(), &roots, now())
        .err()
        .map(|(code, _)| code)
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn conformance_cases_pass_or_fail_as_they_are_named() {
    let mut count = 0;
    for entry in std::fs::read_dir(data().join("conformance")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let found = case(&folder);
        match REFUSED_ALL_THE_SAME.iter().find(|(known, _)| *known == name) {
            Some((_, code)) => assert_eq!(found, Some(*code), "{name}"),
            None => assert_eq!(found.is_some(), name.ends_with("_fail"), "{name}: {found:?}"),
        }
        count += 1;
    }
    assert_eq!(count, 47);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn real_bundles_get_the_verdict_of_an_independent_tool() {
    let (roots, staging) = (roots(), staging());
    let mut count = 0;
    for item in manifest() {
        let path = item["file"].as_str().unwrap();
        let Some(name) = path.strip_prefix("bundles/") else {
            continue;
        };
        let Ok(bundle) = serde_json::from_slice::<Value>(&read(path)) else {
            continue; // Several documents in one file; `real.rs` judges them.
        };
        let Ok(digest) = item["artifact_sha256"].as_str().unwrap_or_default().parse() else {
            continue;
        };
        let text = |key: &str| item[key].as_str().unwrap_or_default();
        let judged = |roots| verify_signature_bundle(&bundle, &digest, text("san"), text("issuer"), roots, now());
        let by_staging = item["verify"]["root"] == "staging" || name.contains("staging");
        let found = judged(if by_staging { &staging } else { &roots })
            .err()
            .map(|(code, _)| code);
        count += 1;
        let stricter = STRICTER.iter().find(|(known, _)| *known == name);
        if let Some((_, code)) = stricter {
            assert_eq!(
                (found, &item["verify"]["result"]),
                (Some(*code), &"ok".into()),
                "{name}"
            );
            continue;
        }
        let github = item["verify_github_root"] == "ok";
        let good = item["verify"]["result"] == "ok" || github || KNOWN_FORMS.contains(&name);
        assert_eq!(found.is_none(), good, "{name}: {found:?}");
        // What one root accepts, the other does not.
        if good {
            assert!(judged(if by_staging { &roots } else { &staging }).is_err(), "{name}");
        }
    }
    assert!(count >= 80, "only {count} bundles");
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn identity_and_issuer_must_be_exact() {
    let bundle = json("conformance/happy-path-v0.3/bundle.sigstore.json");
    let digest = digest(&read("conformance/a.txt"));
    let judged = |identity: &str, issuer: &str| {
        verify_signature_bundle(&bundle, &digest, identity, issuer, &roots(), now())
            .err()
            .map(|(code, _)| code)
    };
    assert_eq!(judged(BEACON, ISSUER), None);
    assert_eq!(
        judged(&BEACON[..BEACON.len() - 1], ISSUER),
        Some(Code::IdentityMismatch)
    );
    assert_eq!(
        judged(BEACON, "https://accounts.google.com"),
        Some(Code::IssuerUnexpected)
    );
}
