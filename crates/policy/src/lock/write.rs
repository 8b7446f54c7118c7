//! The lock's text.

use std::fmt::Write as _;

use super::{Entry, Lock};
use crate::identity::Identity;

const HEAD: &str = "\
# Written by slsa-pip: who stood behind each package when it was last accepted. Keep it under version control.
# A change of identity here is a change of whom is trusted: `slsa-pip policy accept NAME==VERSION` makes one after review.
version = 1
";

pub(super) fn lock(lock: &Lock) -> String {
    let mut text = HEAD.to_owned();
    for (name, lines) in lock.packages() {
        for entry in lines {
            let _ = writeln!(text, "\n[[packages.{name}]]");
            write_entry(&mut text, entry);
        }
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry) {
    pair(text, "version", &entry.version.to_string());
    identity(text, &entry.identity);
    pair(text, "file", entry.file.as_str());
    pair(text, "sha256", &entry.sha256.to_hex());
    pair(text, "evidence", &entry.evidence);
    pair(text, "found-at", &entry.found_at);
    let _ = writeln!(text, "accepted = {}", entry.accepted.strftime("%Y-%m-%dT%H:%M:%SZ"));
    pair(text, "by", entry.by.as_str());
}

fn identity(text: &mut String, identity: &Identity) {
    pair(text, "provider", identity.provider.as_str());
    pair(text, "kind", identity.kind.as_str());
    let _ = writeln!(text, "level = {}", identity.level);
    let repository = identity.repository.as_ref().map(ToString::to_string);
    for (key, value) in [
        ("repository", &repository),
        ("repository-id", &identity.repository_id),
        ("owner-id", &identity.owner_id),
        ("account", &identity.account),
        ("workflow", &identity.workflow),
        ("builder", &identity.builder),
        ("builder-ref", &identity.builder_ref),
        ("ref", &identity.reference),
        ("trigger", &identity.trigger),
        ("environment", &identity.environment),
        ("runner-environment", &identity.runner_environment),
    ] {
        if let Some(value) = value {
            pair(text, key, value);
        }
    }
}

/// A basic string: whatever certificates hold, it neither ends the string nor drives a terminal.
fn pair(text: &mut String, key: &str, value: &str) {
    let _ = write!(text, "{key} = \"");
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push_str("\"\n");
}
