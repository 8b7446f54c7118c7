//! The requirements file of `slsa-pip resolve --output`: every file by version and hash, as pip reads it.
//!
//! The same resolution gives the same bytes: no time, no path, sorted by name.

use std::fmt::Write as _;
use std::path::Path;

use crate::commands::resolve::Chosen;
use crate::failure::{Failure, Result};
use crate::printer::sanitize;
use crate::whole_file;

/// The file's text; `target` says which interpreter it is for.
///
/// # Errors
/// If the index announces no digest of a file: a line without one would be no lock, and pip takes either all or none.
pub(super) fn text(packages: &[Chosen], target: &str) -> Result<String> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| package.sha256.is_none())
        .map(|package| package.file.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "No requirements file was written: the index announces no sha256 of {}",
            missing.join(", ")
        ))
        .hint("Get the files once, and resolve from there: `slsa-pip download -d DIR …`, then `slsa-pip resolve --no-index --find-links DIR …`"));
    }
    let mut text = format!(
        "# Resolved by `slsa-pip resolve` for {}; nothing was verified.\n# The hashes are those that the index has announced.\n",
        comment(target)
    );
    for package in packages {
        let extras = match package.extras.as_slice() {
            [] => String::new(),
            extras => format!("[{}]", extras.join(",")),
        };
        // The URL of a file that was named so holds no credentials; whoever needs some has them in netrc or keyring.
        let pin = if package.direct {
            format!(" @ {}", package.url)
        } else {
            format!("=={}", package.version)
        };
        let _ = write!(text, "{}{extras}{pin}", package.name);
        if let Some(sha256) = &package.sha256 {
            let _ = write!(text, " \\\n    --hash=sha256:{sha256}");
        }
        let _ = writeln!(text, "\n    # {}", comment(&package.reason()));
    }
    Ok(text)
}

/// A text from outside as the rest of a comment: it must not begin a line of its own.
fn comment(text: &str) -> String {
    sanitize(text).replace(['\n', '\u{2028}', '\u{2029}'], " ")
}

/// Replaces the file as a whole: whoever reads it sees the old lines or the new ones.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    replace(path, text, "requirements file", "--output requirements.txt")
}

/// The same of any file; `what` it is and `option` are for messages.
pub(crate) fn replace(path: &Path, text: &str, what: &str, option: &str) -> Result<()> {
    let failed = |error: &std::io::Error| {
        Failure::new(format!("The {what} `{}` cannot be written", path.display()))
            .caused_by(error)
            .hint(format!("Name a file in a folder that can be written to: `{option}`"))
    };
    whole_file::write(path, text.as_bytes()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::resolve::Reason;

    fn reason(by: Option<&str>, requirement: &str) -> Reason {
        Reason {
            by: by.map(str::to_owned),
            requirement: requirement.to_owned(),
        }
    }

    fn package(name: &str, digest: Option<u8>) -> Chosen {
        Chosen {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            file: format!("{name}-1.0-py3-none-any.whl"),
            url: "https://files.example/x.whl".to_owned(),
            direct: name == "gear",
            index: None,
            sha256: digest.map(|byte| slsa_pip_distribution::Sha256Digest::from_bytes([byte; 32])),
            size: None,
            yanked: None,
            extras: vec!["x".to_owned(), "y".to_owned()],
            requested: true,
            required_by: vec!["rocket".to_owned()],
            why: vec![
                reason(None, "bolt>=1"),
                reason(Some("rocket"), "bolt\nevil==1 # \u{2028}evil==2"),
            ],
            requires: Vec::new(),
        }
    }

    #[test]
    fn every_line_is_a_pin_a_hash_or_a_comment() {
        let text = text(&[package("bolt", Some(0xab))], "Python 3.11.7 on linux").unwrap();
        let expected = format!(
            "# Resolved by `slsa-pip resolve` for Python 3.11.7 on linux; nothing was verified.\n# The hashes are those that the index has announced.\nbolt[x,y]==1.0 \\\n    --hash=sha256:{}\n    # asked for: bolt>=1; required by rocket: bolt evil==1 #  evil==2\n",
            "ab".repeat(32)
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_file_that_was_named_by_its_url_keeps_it() {
        let text = text(&[package("gear", Some(1))], "x").unwrap();
        assert!(
            text.contains("\ngear[x,y] @ https://files.example/x.whl \\\n    --hash=sha256:0101"),
            "{text}"
        );
    }

    #[test]
    fn without_a_digest_there_is_no_file() {
        let failure = text(&[package("bolt", Some(1)), package("nut", None)], "x").unwrap_err();
        assert!(
            failure.message.contains("no sha256 of nut-1.0-py3-none-any.whl"),
            "{}",
            failure.message
        );
    }
}
