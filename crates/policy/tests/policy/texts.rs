//! How mistakes are shown: all of them, in order, within bounds, and harmless to a terminal.

use slsa_pip_policy::{MAX_POLICY_LEN, Policy, PolicyCode};

use crate::refused;

#[test]
fn all_mistakes_are_reported_in_the_order_of_the_file() {
    let errors = refused(
        "[exemptions.a]\nversions = 'x'\nsha256 = ['y']\nreason = ''\n[packages.b]\nrepository = 'c'\nfoo = 1\n[defaults]\nevidence = []\n",
    );
    let found: Vec<_> = errors
        .errors
        .iter()
        .map(|error| (error.line, error.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (2, "invalid-versions"),
            (3, "invalid-digest"),
            (4, "empty-value"),
            (6, "invalid-repository"),
            (7, "unknown-key"),
            (9, "empty-value"),
        ]
    );
}

#[test]
fn budgets_hold() {
    let large = "#".repeat(MAX_POLICY_LEN + 1);
    let errors = refused(&large);
    assert_eq!(errors.errors[0].code, PolicyCode::TooLarge);
    assert!(errors.to_string().len() < 1000, "the line is cut");

    let many: Vec<String> = (0..150).map(|n| format!("key{n} = 1")).collect();
    let errors = refused(&many.join("\n"));
    assert_eq!((errors.errors.len(), errors.omitted), (100, 50));
    assert!(errors.to_string().ends_with("\n\nand 50 more"));

    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(
        refused(&deep)
            .errors
            .iter()
            .all(|error| error.code == PolicyCode::Syntax)
    );
}

#[test]
fn what_is_shown_cannot_steer_a_terminal() {
    for text in [
        "[packages.\"\\u001b[2Jfoo\"]\nrepository = 'a/b'\n",
        "# fine\nfoo\u{202e} = 1",
        "\"\\u001b]0;x\\u0007\" = 1\n",
        "[packages.foo]\nrepository = \"\\u001b[31m\"\n",
    ] {
        let shown = refused(text).to_string();
        assert!(
            !shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{shown:?}"
        );
    }
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let text = format!(
        "[packages.foo]\nrepository = [{}'acme']",
        "'a/b', ".to_owned() + &" ".repeat(500)
    );
    let error = &refused(&text).errors[0];
    assert_eq!(error.column, 15 + 7 + 500);
    let shown: String = error
        .source_line
        .chars()
        .skip(error.caret_offset)
        .take(error.caret_len)
        .collect();
    assert_eq!(shown, "'acme'");
    assert!(error.source_line.chars().count() <= 160);
}

#[test]
fn codes_are_unique_and_stable() {
    let codes: Vec<&str> = PolicyCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "policy-too-large",
            "policy-syntax",
            "unknown-policy-version",
            "unknown-key",
            "wrong-type",
            "invalid-name",
            "duplicate-name",
            "empty-table",
            "missing-key",
            "empty-value",
            "duplicate-value",
            "conflicting-keys",
            "invalid-index",
            "invalid-repository",
            "invalid-id",
            "id-without-repository",
            "invalid-ref",
            "invalid-workflow",
            "invalid-builder",
            "unknown-value",
            "invalid-level",
            "invalid-versions",
            "invalid-digest",
            "invalid-date",
            "invalid-age",
            "control-character",
            "value-too-long",
            "invalid-pattern",
            "invalid-owner",
            "invalid-account",
            "invalid-import",
            "too-many-imports",
            "import-not-read",
            "import-digest-mismatch",
            "loosened-import",
            "import-conflict",
            "missing-table",
        ]
    );
}

/// Each mistake once cost a walk through the file, which took minutes for one of this size.
#[test]
fn a_mistake_in_every_byte_is_soon_refused() {
    for junk in ["<a>", "]", "= ", "\u{e9}", "a=1 "] {
        let text = junk.repeat(MAX_POLICY_LEN / junk.len());
        let errors = Policy::parse(&text, "slsa-pip.toml").unwrap_err();
        assert!(!errors.errors.is_empty() && errors.errors.len() <= 100, "{junk}");
    }
}
