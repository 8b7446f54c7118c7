//! SARIF 2.1.0: one result for each reason that a file was refused for, for code scanners.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use slsa_pip_verify::{Code, Refusal};

use crate::report::exports::Run;
use crate::report::{FileReport, Report, Verdict};

/// Where the codes are explained.
const CODES: &str = "https://github.com/slsa-pip/slsa-pip/blob/main/docs/codes.md";
/// What SARIF results are about where nothing else is known.
const DEFAULT_PLACE: &str = "slsa-pip.toml";

/// The document.
pub(super) fn document(report: &Report, run: &Run<'_>) -> String {
    let place = run.requirements.or(run.policy);
    let place = place.map_or_else(|| DEFAULT_PLACE.to_owned(), |path| uri(&path.to_string_lossy()));
    let results = report.files.iter().flat_map(|file| results(file, &place));
    let results: Vec<Value> = results.collect();
    let codes: BTreeSet<Code> = report
        .files
        .iter()
        .flat_map(|file| &file.refusals)
        .map(|it| it.code)
        .collect();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "slsa-pip",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/slsa-pip/slsa-pip",
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": run.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            }],
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.meaning() },
        "helpUri": CODES,
        "properties": { "tags": ["security", "supply-chain"], "verification-rule": code.rule() },
    })
}

fn results(file: &FileReport, place: &str) -> Vec<Value> {
    let level = if file.verdict == Verdict::Refused {
        "error"
    } else {
        "warning"
    };
    let subject = match (&file.package, &file.version) {
        (Some(package), Some(version)) => format!("{package}=={version}"),
        _ => file.name.clone(),
    };
    // One result a code: the same reason for each of many attestations is one thing to look at.
    let mut seen = BTreeSet::new();
    let refusals = file.refusals.iter().filter(|refusal| seen.insert(refusal.code));
    refusals
        .map(|refusal| {
            json!({
                "ruleId": refusal.code.as_str(),
                "level": level,
                "message": { "text": message(&subject, refusal) },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": place },
                        "region": { "startLine": 1 },
                    },
                    "logicalLocations": [{ "name": subject, "fullyQualifiedName": file.name, "kind": "package" }],
                }],
                // The same finding in the next run has the same fingerprint, so that it is not reported anew.
                "partialFingerprints": { "slsa-pip/v1": format!("{}:{}", file.name, refusal.code) },
            })
        })
        .collect()
}

fn message(subject: &str, refusal: &Refusal) -> String {
    let mut text = format!("{subject}: {}", refusal.summary);
    if let Some(expected) = &refusal.expected {
        let _ = write!(text, "; expected: {expected}");
    }
    if let Some(found) = &refusal.found {
        let _ = write!(text, "; found: {found}");
    }
    text
}

/// A path as a relative URI reference: what is not plain is escaped.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
