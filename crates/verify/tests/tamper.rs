//! Tampering: good evidence with one thing changed each time. Every change must be refused, and by the code that is written
//! down in `tamper.expected`; the unchanged evidence passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;
mod mutations;

use std::fmt::Write as _;

use common::*;
use mutations::{Change, Doc, Layout, documents, mutations};
use slsa_pip_verify::{Code, Refusal, Verified, verify_file};

/// Changes that each document must at least stand.
const LEAST: usize = 30;

fn verdict(doc: &Doc, name: &str, change: &Change) -> Option<Result<Verified, Vec<Refusal>>> {
    let mut changed = doc.clone();
    let mut roots = roots();
    match change {
        Change::None => {}
        Change::Doc(apply) => {
            apply(&mut changed)?;
            let same = changed.json == doc.json && changed.answer == doc.answer;
            assert!(!same, "{}: {name}: changes nothing", doc.name);
        }
        Change::Roots(other) => roots = other()?,
        Change::Digest => changed.sha256 = "00".repeat(32),
        Change::Expect(apply) => apply(&mut changed.expectation),
        Change::Now(time) => changed.now = time.parse().unwrap(),
    }
    let evidence = changed.evidence();
    let ctx = slsa_pip_verify::Context {
        roots: &roots,
        expectation: &changed.expectation,
        now: changed.now,
        package: None,
    };
    Some(verify_file(&file(doc.filename, &changed.sha256), &evidence, &ctx))
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn every_change_is_refused_with_its_code() {
    let mut table = String::new();
    for doc in documents() {
        let unchanged = verdict(&doc, "unchanged", &Change::None).unwrap();
        assert_eq!(code(&unchanged), None, "{}: {unchanged:?}", doc.name);
        let mut count = 0;
        for (name, change) in mutations() {
            let Some(result) = verdict(&doc, name, &change) else {
                continue; // This document has no such part.
            };
            let code: Code = code(&result).unwrap_or_else(|| panic!("{}: accepted after: {name}", doc.name));
            writeln!(table, "{} | {name} | {code}", doc.name).unwrap();
            count += 1;
        }
        assert!(count >= LEAST, "{}: only {count} changes", doc.name);
    }
    compare(&table, include_str!("tamper.expected"));
}

/// Shows the lines that differ, so that a changed code is judged one by one.
fn compare(actual: &str, expected: &str) {
    let differing: Vec<String> = actual
        .lines()
        .filter(|line| !expected.lines().any(|known| known == *line))
        .map(|line| format!("+ {line}"))
        .chain(
            expected
                .lines()
                .filter(|line| !actual.lines().any(|known| known == *line))
                .map(|line| format!("- {line}")),
        )
        .collect();
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn an_old_media_type_lowers_no_requirement() {
    for doc in documents() {
        if doc.layout != Layout::Bundle || doc.json["verificationMaterial"]["tlogEntries"].is_null() {
            continue;
        }
        let mut old = doc.clone();
        old.json["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
        let material = old.json["verificationMaterial"].as_object_mut().unwrap();
        if let Some(der) = material.remove("certificate") {
            material.insert(
                "x509CertificateChain".into(),
                serde_json::json!({ "certificates": [der] }),
            );
        }
        // With all its proofs the relabelled bundle proves no less.
        let relabelled = verdict(&old, "relabelled", &Change::None).unwrap();
        assert_eq!(code(&relabelled), None, "{}: {relabelled:?}", doc.name);
        let remove_proof = Change::Doc(|doc| doc.entry()?.as_object_mut()?.remove("inclusionProof").map(|_| ()));
        assert_eq!(
            code(&verdict(&old, "proof removed", &remove_proof).unwrap()),
            Some(Code::InclusionProofMissing),
            "{}",
            doc.name
        );
    }
}
