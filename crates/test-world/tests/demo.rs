//! The demonstration notices when the binary does not do what it must.

#![allow(clippy::expect_used, reason = "a function of a test fails as the test does")]

use std::process::{Command, Output};

fn demo(binary: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_slsa-pip-demo"))
        .env("SLSA_PIP_BIN", binary)
        .output()
        .expect("the demonstration starts")
}

#[cfg(unix)]
#[test]
fn a_binary_that_does_nothing_fails_every_scenario() {
    let output = demo("/bin/true");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(text.matches("NOT AS EXPECTED").count(), 7, "{text}");
    assert!(text.contains("the report is not JSON"), "{text}");
    assert!(
        text.contains("/rekor/api/v1/log/entries/retrieve was not asked"),
        "{text}"
    );
    assert!(text.contains("exit code: expected Some(1), found Some(0)"), "{text}");
    assert!(text.contains("installed: expected [\"anvil==1.0.0\""), "{text}");
}

#[test]
fn a_missing_binary_is_an_error_of_its_own() {
    let output = demo("/nonexistent/slsa-pip");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the demonstration could not run"));
}
