//! One scenario: run the binary twice (a dry run for its JSON, the real thing for its text) and compare.

use super::environment::Environment;
use super::scenario::{Expected, Scenario};
use serde_json::Value;
use std::io;

/// How a scenario ended.
pub(crate) struct Outcome {
    /// What the real run printed.
    pub(crate) printed: Vec<u8>,
    pub(crate) exit_code: Option<i32>,
    /// Where it was not as expected.
    pub(crate) differences: Vec<String>,
}

pub(crate) fn run(environment: &Environment, number: u32, scenario: &Scenario) -> io::Result<Outcome> {
    let directory = environment.working_directory(&format!("scenario-{number}"))?;
    if let Some(policy) = &scenario.policy {
        std::fs::write(directory.join("slsa-pip.toml"), policy)?;
    }
    let before = environment.installed()?;
    let mut dry = environment.slsa_pip(&directory);
    let dry = dry
        .args(["install", "--dry-run", "--format", "json"])
        .arg(&scenario.requirement)
        .output()?;
    let mut differences = compare_report(&dry.stdout, &scenario.expected);
    compare(
        "exit code of the dry run",
        &Some(scenario.expected.exit_code()),
        &dry.status.code(),
        &mut differences,
    );
    compare(
        "installed by the dry run",
        &before,
        &environment.installed()?,
        &mut differences,
    );

    let real = environment
        .slsa_pip(&directory)
        .arg("install")
        .arg(&scenario.requirement)
        .output()?;
    compare(
        "exit code",
        &Some(scenario.expected.exit_code()),
        &real.status.code(),
        &mut differences,
    );
    let mut expected = before;
    if let Expected::Installed(names) = &scenario.expected {
        expected.extend(names.iter().map(|name| (*name).to_owned()));
        expected.sort_by_key(|line| line.to_lowercase());
    }
    compare("installed", &expected, &environment.installed()?, &mut differences);
    let printed = [real.stdout, real.stderr].concat();
    Ok(Outcome {
        printed,
        exit_code: real.status.code(),
        differences,
    })
}

fn compare<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T, differences: &mut Vec<String>) {
    if expected != found {
        differences.push(format!("{what}: expected {expected:?}, found {found:?}"));
    }
}

/// Verdict and refusal codes of the report against what is expected.
fn compare_report(stdout: &[u8], expected: &Expected) -> Vec<String> {
    let mut differences = Vec::new();
    let report: Value = match serde_json::from_slice(stdout) {
        Ok(report) => report,
        Err(error) => return vec![format!("the report is not JSON: {error}")],
    };
    let text = |key: &str| report.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    compare(
        "schema",
        &"slsa-pip/report/v1".to_owned(),
        &text("schema"),
        &mut differences,
    );
    compare(
        "verdict",
        &expected.verdict().to_owned(),
        &text("verdict"),
        &mut differences,
    );
    let codes = refusal_codes(&report);
    match expected {
        Expected::Installed(_) => compare("refusals", &Vec::new(), &codes, &mut differences),
        Expected::Refused(code) if !codes.iter().any(|found| found == code) => {
            differences.push(format!("refusals: expected {code}, found {codes:?}"));
        }
        Expected::Refused(_) => {}
    }
    differences
}

fn refusal_codes(report: &Value) -> Vec<String> {
    let files = report.get("files").and_then(Value::as_array).into_iter().flatten();
    let refusals = files
        .filter_map(|file| file.get("refusals").and_then(Value::as_array))
        .flatten();
    refusals
        .filter_map(|refusal| refusal.get("code").and_then(Value::as_str).map(ToOwned::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_compared_in_verdict_and_codes() {
        let report =
            br#"{"schema":"slsa-pip/report/v1","verdict":"refused","files":[{"refusals":[{"code":"no-evidence"}]}]}"#;
        assert!(compare_report(report, &Expected::Refused("no-evidence")).is_empty());
        assert_eq!(compare_report(report, &Expected::Refused("digest-mismatch")).len(), 1);
        assert_eq!(compare_report(report, &Expected::Installed(vec!["x==1"])).len(), 2);
        assert_eq!(compare_report(b"", &Expected::Refused("no-evidence")).len(), 1);
    }
}
