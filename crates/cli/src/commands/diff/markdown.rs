//! The comparison as Markdown, for a comment on a pull request.
//!
//! Names, URLs and reasons come from whoever wrote the lock files. Each stands in a code span, where neither Markdown, HTML nor
//! mentions and links mean anything, and which it cannot end.

use std::fmt::Write as _;

use slsa_pip_pylock::diff::{Change, Weight};

use super::{NOTE, summary, versions};
use crate::printer::sanitize;

/// Longest value that is shown, in characters; comments have a limit.
const MAX_SHOWN: usize = 300;
/// Most packages that are listed; more make a comment that nobody reads and that GitHub refuses.
const MAX_PACKAGES: usize = 200;

/// The text.
pub(super) fn text(changes: &[Change]) -> String {
    let mut out = format!("### Lock file: what has changed\n\n{}\n", summary(changes));
    for (weight, title) in [
        (Weight::Alarm, "To be understood before this is accepted"),
        (Weight::Look, "To look at"),
        (Weight::Note, "As an ordinary update changes them"),
    ] {
        let of_weight: Vec<&Change> = changes.iter().filter(|change| change.weight() == weight).collect();
        if of_weight.is_empty() {
            continue;
        }
        let _ = write!(out, "\n#### {title}\n\n");
        for change in of_weight.iter().take(MAX_PACKAGES) {
            let _ = write!(out, "- {} {}", change.status.as_str(), code(change.name.as_str()));
            let versions = versions(change);
            if !versions.is_empty() {
                let _ = write!(out, " {}", code(&versions));
            }
            out.push('\n');
            for finding in &change.findings {
                let strong = if finding.weight == Weight::Alarm { "**" } else { "" };
                let _ = write!(out, "  - {strong}{}{strong}: {}", finding.code, finding.what);
                for (label, value) in [("old", &finding.old), ("new", &finding.new)] {
                    if let Some(value) = value {
                        let _ = write!(out, "; {label} {}", code(value));
                    }
                }
                out.push('\n');
            }
        }
        if let Some(more) = of_weight.len().checked_sub(MAX_PACKAGES).filter(|more| *more > 0) {
            let _ = writeln!(out, "- and {more} more");
        }
    }
    let _ = write!(out, "\n<sub>slsa-pip diff: {NOTE}.</sub>\n");
    out
}

/// A code span: one line, fenced by more backticks than it holds in a row.
fn code(text: &str) -> String {
    let plain = sanitize(text).replace(['\n', '\r', '\t', '\u{2028}', '\u{2029}'], " ");
    let mut shown: String = plain.chars().take(MAX_SHOWN).collect();
    if plain.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // Between spaces, of which one on each side is taken off again; so that no backtick touches the fence, and none is empty.
    if longest > 0 || shown.trim().is_empty() {
        format!("{fence} {shown} {fence}")
    } else {
        format!("{fence}{shown}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn nothing_leaves_its_code_span() {
        for (text, expected) in [
            ("urllib3", "`urllib3`"),
            ("a`b", "`` a`b ``"),
            ("```", "```` ``` ````"),
            ("` <img src=x> `", "`` ` <img src=x> ` ``"),
            ("@everyone #1 [x](y) <b>", "`@everyone #1 [x](y) <b>`"),
            ("", "`  `"),
        ] {
            assert_eq!(code(text), expected);
        }
        for (hostile, never) in [
            ("a\n# title", '\n'),
            ("a\r\nb", '\r'),
            ("a\u{202e}b", '\u{202e}'),
            ("a\u{1b}[31m", '\u{1b}'),
        ] {
            assert!(!code(hostile).contains(never), "{hostile:?}");
        }
        assert!(code(&"x".repeat(10_000)).len() < 400);
    }
}
