//! `entry_points.txt`: installers make programs of it, under names that it chooses.

use crate::defect::{Defect, DefectKind, Defects};

/// The groups that programs are made of.
const GROUPS: [&str; 2] = ["console_scripts", "gui_scripts"];
/// Longest name of a program: what a file system can hold, with `.exe`.
const MAX_SCRIPT: usize = 250;

/// Reads the names of programs. Of other groups nothing is asked: nothing is written for them.
pub(crate) fn scripts(bytes: &[u8], path: &str, defects: &mut Defects) -> Vec<String> {
    let mut scripts = Vec::new();
    let wrong = |problem: &str| Defect::new(DefectKind::EntryPoints, problem).at(path);
    let Ok(text) = std::str::from_utf8(bytes) else {
        defects.add(wrong("it is not UTF-8"));
        return scripts;
    };
    let mut group: Option<&str> = None;
    // Lines as Python ends them; those that continue others would be read by some installers only.
    for line in text.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        // Python strips these too.
        let trimmed = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'));
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if trimmed.starts_with('[') {
            if !trimmed.ends_with(']') {
                defects.add(wrong("a group has more than a name").found(trimmed));
            }
            // Any number of brackets is as good as one for Python.
            group = Some(trimmed.trim_matches(['[', ']']).trim());
            continue;
        }
        if !group.is_some_and(|group| GROUPS.contains(&group)) {
            continue;
        }
        let script = trimmed
            .split_once('=')
            .map(|(name, object)| (name.trim(), object.trim()));
        match script {
            Some((name, object)) if is_script(name) && is_object(object) => scripts.push(name.to_owned()),
            _ => defects.add(
                wrong("a script is not `NAME = MODULE:FUNCTION` with a plain file name")
                    .expected("letters, digits, `.`, `-`, `_`")
                    .found(trimmed),
            ),
        }
    }
    scripts
}

/// Whether a program of this name stays in the folder of programs, on every system.
fn is_script(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | ' ' | '@' | '!');
    name.len() <= MAX_SCRIPT && !name.is_empty() && name.chars().all(plain) && !name.starts_with('.')
}

/// `module:function`, with extras behind: what installers write into the program, as code.
fn is_object(object: &str) -> bool {
    let object = match object.split_once('[') {
        Some((object, extras)) if extras.ends_with(']') => object.trim_end(),
        Some(_) => return false,
        None => object,
    };
    let dotted = |text: &str| {
        let identifier = |part: &str| {
            part.chars().all(|c| c.is_alphanumeric() || c == '_') && !part.starts_with(|c: char| c.is_ascii_digit())
        };
        text.trim().split('.').all(|part| !part.is_empty() && identifier(part))
    };
    object
        .split_once(':')
        .is_some_and(|(module, function)| dotted(module) && dotted(function))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, usize) {
        let mut defects = Defects::default();
        let scripts = scripts(text.as_bytes(), "x", &mut defects);
        (scripts, defects.into_list().len())
    }

    #[test]
    fn programs_and_nothing_else() {
        let text = "# note\n[console_scripts]\na = a.b:main\n b-2.x=a:C.run [extra]\n\n[gui_scripts]\nw = w : go\n[other]\nx/y = z\n";
        assert_eq!(
            read(text),
            (vec!["a".to_owned(), "b-2.x".to_owned(), "w".to_owned()], 0)
        );
    }

    #[test]
    fn groups_are_found_wherever_python_finds_them() {
        for group in [
            "[[console_scripts]]",
            " \u{1f}[gui_scripts]\u{1c}",
            "[ console_scripts ]",
            "\u{a0}[console_scripts]",
        ] {
            assert_eq!(
                read(&format!("[other]\nx/y = z\n{group}\n../a = a:b\n")).1,
                1,
                "{group:?}"
            );
        }
    }

    #[test]
    fn programs_that_lead_elsewhere_or_run_more() {
        for bad in [
            "../a = a:b",
            "a/b = a:b",
            "a\\b = a:b",
            ".. = a:b",
            "C:a = a:b",
            "= a:b",
            "a = a",
            "a",
            "a = a:b;import os",
            "a = a:b(1)",
            "a = a:b\u{85}c = d",
            "a = os:system [x",
            ";/../../a = a:b",
            "[other] ; a comment",
        ] {
            assert!(read(&format!("[console_scripts]\n{bad}\n")).1 > 0, "{bad}");
        }
    }
}
