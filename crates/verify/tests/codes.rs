//! The refusal codes are an interface: none changes or vanishes unnoticed, and each means one thing.

use std::collections::BTreeSet;

use slsa_pip_verify::Code;

#[test]
fn the_list_of_codes_is_the_one_written_down() {
    let mut lines: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("{} {}", code.as_str(), code.rule()))
        .collect();
    lines.sort();
    let expected: Vec<&str> = include_str!("codes.expected").lines().collect();
    assert_eq!(lines, expected);
}

#[test]
fn codes_are_unique_and_kebab_case() {
    let texts: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), Code::ALL.len());
    for text in texts {
        assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{text}");
        assert!(
            !text.starts_with('-') && !text.ends_with('-') && !text.contains("--"),
            "{text}"
        );
    }
}
