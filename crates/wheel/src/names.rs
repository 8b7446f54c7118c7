//! Names of files: each must mean one place, inside of where it is installed, on every system.

use std::collections::{HashMap, HashSet};

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::archive::Entry;
use crate::defect::{Defect, DefectKind, Defects};
use crate::limits::{MAX_NAME_PART, MAX_PARTS};
use crate::place::Place;

/// Checks all names.
pub(crate) fn check(entries: &[Entry], defects: &mut Defects) {
    for entry in entries {
        if let Some(problem) = unsafe_name(&entry.name) {
            defects.add(Defect::new(DefectKind::NameUnsafe, problem).at(&entry.name));
        }
    }
    collisions(entries, defects);
}

/// Why a name is not a plain path below the place that it is installed into.
fn unsafe_name(name: &str) -> Option<&'static str> {
    let reorders = |c| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.chars().any(|c| c.is_control() || reorders(c)) {
        return Some("its name holds a control character");
    }
    if name.contains('\\') {
        return Some("its name holds a backslash, which is a slash on Windows");
    }
    if name.contains(':') {
        return Some("its name holds a colon, which on Windows stands for a drive or a hidden part of a file");
    }
    if name.starts_with('/') {
        return Some("its name is an absolute path");
    }
    let path = name.strip_suffix('/').unwrap_or(name);
    if path.split('/').nth(MAX_PARTS).is_some() {
        return Some("its name has too many parts");
    }
    for part in path.split('/') {
        match part {
            ".." => return Some("its name leads out of the wheel"),
            // Windows takes dots and spaces at the end of a part for nothing, so that `.. ` leads out as well.
            part if part.trim_matches(['.', ' ']).is_empty() => return Some("its name has an empty part"),
            part if part.len() > MAX_NAME_PART => return Some("a part of its name is too long for a file system"),
            _ => {}
        }
    }
    None
}

/// Two files that are one somewhere, or a file that is a folder for others.
fn collisions(entries: &[Entry], defects: &mut Defects) {
    let mut files: HashMap<String, &str> = HashMap::with_capacity(entries.len());
    let mut names: HashSet<&str> = HashSet::with_capacity(entries.len());
    let collision =
        |problem: &str, one: &str, other: &str| Defect::new(DefectKind::NameCollision, problem).at(one).found(other);
    for entry in entries {
        if !names.insert(&entry.name) {
            defects.add(collision("two files have this name", &entry.name, &entry.name));
        } else if !entry.is_folder()
            && let Some(other) = files.insert(folded(&entry.name), &entry.name)
        {
            defects.add(collision(
                "some systems take its name for another's",
                &entry.name,
                other,
            ));
        }
    }
    for entry in entries {
        let own = folded(&entry.name);
        for (end, _) in own.match_indices('/').take(MAX_PARTS) {
            if let Some(other) = own.get(..end).and_then(|folder| files.get(folder)) {
                defects.add(collision("a file has the name of its folder", &entry.name, other));
            }
        }
    }
}

/// Where a file goes, in a spelling that is equal for all names that some file system takes for one: neither upper and lower case
/// nor ways to compose a letter count, nor characters without width, nor dots and spaces at the end of a part. Both folders of packages are one in
/// most environments.
fn folded(name: &str) -> String {
    let path = match Place::of(name) {
        Place::Packages(path) => path,
        _ => name,
    };
    let composed = if path.is_ascii() {
        path.to_ascii_lowercase()
    } else {
        let seen: String = path.chars().filter(|c| !is_ignored(*c)).collect();
        let compose = ComposingNormalizerBorrowed::new_nfc();
        // Upper case first: it is what "ß" and "ss" have in common.
        let folded = compose.normalize(&seen).to_uppercase().to_lowercase();
        compose.normalize(&folded).into_owned()
    };
    if !composed.contains([' ', '.']) {
        return composed;
    }
    let parts: Vec<&str> = composed
        .split('/')
        .map(|part| part.trim_end_matches([' ', '.']))
        .collect();
    parts.join("/")
}

/// What old file systems of Apple's leave out when they compare names.
const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere() {
        for bad in [
            "../x",
            "a/../x",
            "a/..",
            "/x",
            "//h/s/x",
            "C:x",
            "C:/x",
            "a\\x",
            "\\\\h\\x",
            "a//x",
            "./x",
            "a/./x",
            "a\0b",
            "a\nb",
            "a/\u{202e}x",
            "x:y",
            "/",
            "..",
        ] {
            assert!(unsafe_name(bad).is_some(), "{bad:?}");
        }
        assert!(unsafe_name(&"x".repeat(256)).is_some());
        assert!(unsafe_name(&"x/".repeat(MAX_PARTS + 1)).is_some());
        assert_eq!(unsafe_name(&"x/".repeat(MAX_PARTS)), None);
        for bad in ["a/.. /x", "a/. ./x", "...", "a/ /x"] {
            assert!(unsafe_name(bad).is_some(), "{bad:?}");
        }
        for fine in ["a", "a/", "a/b.py", "..a/b..", "a b/ü.txt", &"x".repeat(255)] {
            assert_eq!(unsafe_name(fine), None, "{fine:?}");
        }
    }

    #[test]
    fn names_that_are_one_somewhere() {
        for (one, other) in [
            ("a/B.py", "A/b.py"),
            ("\u{e9}.py", "e\u{301}.py"),
            ("\u{c9}.py", "e\u{301}.py"),
            ("stra\u{df}e", "STRASSE"),
            ("a\u{200d}.py", "a.py"),
            ("a.", "a"),
            ("a /b", "a/b"),
            ("x-1.data/purelib/a.py", "a.py"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("a", "b"), ("a.b", "ab"), ("x-1.data/scripts/a", "a"), (".a", "a")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }
}
