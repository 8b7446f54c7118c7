//! From the text of a lock file to a [`Lock`], all mistakes at once.
//!
//! Strict in all that the standard defines: a wrong type, a file of another project, a hash that is none, two sources in one entry
//! are mistakes. Keys that it does not define are ignored, as it asks; in a file of a newer minor version they are told of.

mod budget;
mod file;
mod package;
mod publisher;
mod recorded;
mod table;

use toml::de::{DeTable, DeValue};

use crate::error::{Collector, LockErrors};
use crate::model::{Environment, Lock, Specifiers};
use table::Table;

/// Largest lock file that is read, in bytes: with twenty wheels each, a thousand packages take about 5 MB.
pub const MAX_LOCK_LEN: usize = 16 * 1024 * 1024;
/// Most entries of `[[packages]]`.
pub const MAX_PACKAGES: usize = 20_000;
/// Most wheels of one entry; the largest real releases have about a hundred.
pub const MAX_WHEELS: usize = 2000;
/// Most recorded publishers of one entry; a release has one or two.
pub const MAX_PUBLISHERS: usize = 64;
/// Most markers in `environments`.
const MAX_ENVIRONMENTS: usize = 1000;

/// The keys that version 1.0 defines at the top.
const KEYS: [&str; 9] = [
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
    "packages",
    "tool",
];

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The lock.
    pub lock: Lock,
    /// What the user should know and does not stop anything.
    pub warnings: Vec<String>,
}

/// Reads a lock file's text; `label` is how messages name the file.
///
/// # Errors
/// All mistakes at once. Where the text is no TOML, or of another major version, only that.
pub fn read(text: &str, label: &str) -> Result<Read, LockErrors> {
    let mut errors = Collector::new(text);
    if text.len() > MAX_LOCK_LEN {
        let message = format!("the file has {} bytes; at most {MAX_LOCK_LEN} are read", text.len());
        errors.push("lock-too-large", &(0..0), message);
        return Err(errors.into_errors(label));
    }
    if budget::estimate(text) > budget::MAX_MEMORY {
        let message = "the file holds more tables and lists than are read";
        errors.push("lock-too-large", &(0..0), message);
        return Err(errors.into_errors(label));
    }
    let (document, problems) = DeTable::parse_recoverable(text);
    for problem in &problems {
        errors.push("lock-syntax", &problem.span().unwrap_or_default(), problem.message());
    }
    if !errors.is_empty() {
        return Err(errors.into_errors(label));
    }
    let root = Table::new(document.get_ref(), "the file", &(0..0));
    let mut warnings = Vec::new();
    version(&root, label, &mut warnings, &mut errors);
    if !errors.is_empty() {
        // What another version means by the rest is not known.
        return Err(errors.into_errors(label));
    }
    let lock = Lock {
        environments: root.list("environments", MAX_ENVIRONMENTS, Environment::parse, &mut errors),
        requires_python: root.parsed("requires-python", Specifiers::parse, &mut errors),
        extras: root.names("extras", &mut errors),
        dependency_groups: root.names("dependency-groups", &mut errors),
        default_groups: root.names("default-groups", &mut errors),
        created_by: root
            .needed("created-by", &mut errors)
            .map(|(_, text)| text.to_owned())
            .unwrap_or_default(),
        packages: package::all(&root, text, &mut errors),
    };
    if errors.is_empty() {
        Ok(Read { lock, warnings })
    } else {
        Err(errors.into_errors(label))
    }
}

/// Only major version 1 is known; a newer minor one is read as 1.0, and told of with the keys that are new.
fn version(root: &Table<'_>, label: &str, warnings: &mut Vec<String>, errors: &mut Collector<'_>) {
    let Some((span, text)) = root.needed("lock-version", errors) else {
        return;
    };
    let digits = |part: &str| !part.is_empty() && part.len() < 10 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (major, minor) = text.split_once('.').unwrap_or((text, ""));
    if !digits(major) || !digits(minor) {
        errors.push(
            "invalid-value",
            &span,
            "`lock-version` must be two numbers, such as \"1.0\"",
        );
    } else if major != "1" {
        errors.push_help(
            "unknown-lock-version",
            &span,
            format!("lock files of version {text} are not known"),
            "this release reads version 1.0: write the file anew, or use a newer slsa-pip",
        );
    } else if minor != "0" {
        warnings.push(format!("{label} is of version {text}; it is read as 1.0"));
        for (key, _) in root.keys().filter(|(key, _)| !KEYS.contains(key)).take(20) {
            let key: String = key.chars().map(crate::error::printable).take(80).collect();
            warnings.push(format!("`{key}` of {label} is not known, and is ignored"));
        }
    }
}

/// Whether a value says nothing: absent lists and empty ones are the same.
fn is_empty_list(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Array(items) if items.is_empty())
}
