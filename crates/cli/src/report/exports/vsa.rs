//! Verification summaries: one in-toto statement a file, one a line, of SLSA's predicate `verification_summary/v1`.
//!
//! They are not signed: whoever passes them on signs them with an identity of their own, and answers for this run.

use std::path::Path;

use serde_json::{Value, json};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::statement::STATEMENT_V1;
use slsa_pip_verify::Basis;

use crate::hashing::sha256_file;
use crate::report::exports::Run;
use crate::report::{FileReport, Report, Verdict};

/// The predicate type (SLSA 1.1).
const VERIFICATION_SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// Who has verified.
const VERIFIER: &str = "https://github.com/slsa-pip/slsa-pip";

/// JSON Lines: a statement for each file whose bytes are known.
pub(super) fn documents(report: &Report, run: &Run<'_>) -> String {
    let policy = run.policy.and_then(|path| Some((path, sha256_file(path).ok()?.0)));
    let statements = report.files.iter().filter_map(|file| statement(file, run, policy));
    let lines: Vec<String> = statements.map(|statement| format!("{statement}\n")).collect();
    lines.concat()
}

fn statement(file: &FileReport, run: &Run<'_>, policy: Option<(&Path, Sha256Digest)>) -> Option<Value> {
    let sha256 = file.sha256?;
    let attested = match &file.evidence {
        Some(Basis::Attested(attested)) => Some(attested),
        _ => None,
    };
    // What policy exempts or only warns of has passed no verification.
    let passed = file.verdict == Verdict::Verified && attested.is_some();
    let level = attested.map_or(0, |attested| attested.build_level);
    let mut predicate = json!({
        "verifier": { "id": VERIFIER, "version": { "slsa-pip": env!("CARGO_PKG_VERSION") } },
        "timeVerified": run.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "resourceUri": resource(file),
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": if passed { vec![format!("SLSA_BUILD_LEVEL_{level}")] } else { vec!["FAILED".to_owned()] },
        "slsaVersion": "1.1",
    });
    let policy = match policy {
        Some((path, digest)) => json!({ "uri": path.display().to_string(), "digest": { "sha256": digest.to_hex() } }),
        None => json!({ "uri": format!("{VERIFIER}#default-policy") }),
    };
    if let Some(fields) = predicate.as_object_mut() {
        fields.insert("policy".to_owned(), policy);
        if let Some(attested) = attested {
            fields.insert(
                "inputAttestations".to_owned(),
                json!([{ "uri": attested.found.to_string() }]),
            );
        }
    }
    Some(json!({
        "_type": STATEMENT_V1,
        "subject": [{ "name": file.name, "digest": { "sha256": sha256.to_hex() } }],
        "predicateType": VERIFICATION_SUMMARY,
        "predicate": predicate,
    }))
}

/// The package URL of a distribution, else the name of the file.
fn resource(file: &FileReport) -> String {
    match (&file.package, &file.version) {
        (Some(package), Some(version)) => {
            format!(
                "pkg:pypi/{package}@{}?file_name={}",
                version.replace('+', "%2B"),
                file.name
            )
        }
        _ => file.name.clone(),
    }
}
