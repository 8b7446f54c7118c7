//! sigstore-conformance's cases, and every real bundle, against rules B1 to B8 alone.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;

use common::*;
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_verify::{Code, TrustRoots, verify_signature_bundle};

fn digest(bytes: &[u8]) -> Sha256Digest {
    let hash = sigstore_verify::crypto::sha256(bytes);
    Sha256Digest::from_bytes(*hash.as_bytes())
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn survey() {
    let folder = data().join("conformance");
    let mut cases: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    cases.sort();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let text = |f: &str| std::fs::read_to_string(case.join(f)).ok().map(|t| t.trim().to_owned());
        let artifact = std::fs::read(case.join("artifact")).unwrap_or_else(|_| read("conformance/a.txt"));
        let identity = text("identity").unwrap_or("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main".into());
        let issuer = text("issuer").unwrap_or("https://token.actions.githubusercontent.com".into());
        let roots = match text("trusted_root.json") {
            Some(t) => TrustRoots::custom(&t),
            None => Ok(roots()),
        };
        let roots = match roots {
            Ok(r) => r,
            Err(e) => {
                println!(
                    "{name}: ROOT {e} {:?}",
                    std::error::Error::source(&e).map(ToString::to_string)
                );
                continue;
            }
        };
        let bundle: Result<Value, _> = serde_json::from_str(&text("bundle.sigstore.json").unwrap());
        let Ok(bundle) = bundle else {
            println!("{name}: notjson");
            continue;
        };
        let r = verify_signature_bundle(&bundle, &digest(&artifact), &identity, &issuer, &roots, now());
        println!(
            "{name}: {}",
            match r {
                Ok(_) => "OK".into(),
                Err((c, s)) => format!("{c} {}", s.chars().take(150).collect::<String>()),
            }
        );
    }
    for item in manifest() {
        if item["kind"] != "bundle" {
            continue;
        }
        let path = item["file"].as_str().unwrap();
        let Ok(bundle) = serde_json::from_slice::<Value>(&read(path)) else {
            println!("{path}: several");
            continue;
        };
        let Ok(d) = item["artifact_sha256"].as_str().unwrap_or_default().parse() else {
            continue;
        };
        let (san, iss) = (
            item["san"].as_str().unwrap_or_default(),
            item["issuer"].as_str().unwrap_or_default(),
        );
        let a = verify_signature_bundle(&bundle, &d, san, iss, &roots(), now());
        let b = verify_signature_bundle(&bundle, &d, san, iss, &staging(), now());
        let show = |r: Result<_, (Code, String)>| match r {
            Ok(_) => "OK".into(),
            Err((c, s)) => format!("{c} {}", s.chars().take(110).collect::<String>()),
        };
        println!(
            "{path} [{} {}] {} | {}",
            item["verify"]["result"],
            item["verify"]["root"],
            show(a),
            show(b)
        );
    }
}
