//! The verdicts on real, public files.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;

use common::*;

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn survey() {
    let (roots, staging) = (roots(), staging());
    for item in manifest() {
        let kind = item["kind"].as_str().unwrap();
        if !["pep740", "bundle", "classic-dsse"].contains(&kind) {
            continue;
        }
        let path = item["file"].as_str().unwrap();
        let evidence = parse(&read(path));
        let digest = item["artifact_sha256"].as_str().unwrap_or_default();
        let name = item["artifact"].as_str().unwrap_or("artifact");
        if digest.len() != 64 {
            println!("{path}: no digest; {} parsed", evidence.len());
            continue;
        }
        let file = file(name, digest);
        let expectation = match item["source_repo"].as_str() {
            Some(repo) => pinned(repo),
            None => Default::default(),
        };
        let a = judge(&file, &evidence, &expectation, &roots);
        let b = judge(&file, &evidence, &expectation, &staging);
        let show = |r: &Result<_, Vec<slsa_pip_verify::Refusal>>| match r {
            Ok(_) => "OK".to_owned(),
            Err(r) => format!(
                "{}: {} | {:?} | {:?}",
                r[0].code,
                r[0].summary.chars().take(160).collect::<String>(),
                r[0].expected.as_ref().map(|s| s.chars().take(90).collect::<String>()),
                r[0].found.as_ref().map(|s| s.chars().take(90).collect::<String>())
            ),
        };
        println!(
            "{path} [{}/{}] n={}\n    main {}\n    stag {}",
            item["verify"]["result"],
            item["verify"]["root"],
            evidence.len(),
            show(&a),
            show(&b)
        );
    }
}
