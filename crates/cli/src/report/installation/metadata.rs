//! A wheel's METADATA as pip shows it in an installation report: the JSON form of PEP 566, made as Python's `email` and
//! `importlib.metadata` modules make it.

use serde_json::{Map, Value};

/// The fields that are shown, in order, and whether each may stand there several times.
const FIELDS: [(&str, bool); 27] = [
    ("Metadata-Version", false),
    ("Name", false),
    ("Version", false),
    ("Dynamic", true),
    ("Platform", true),
    ("Supported-Platform", true),
    ("Summary", false),
    ("Description", false),
    ("Description-Content-Type", false),
    ("Keywords", false),
    ("Home-page", false),
    ("Download-URL", false),
    ("Author", false),
    ("Author-email", false),
    ("Maintainer", false),
    ("Maintainer-email", false),
    ("License", false),
    ("License-Expression", false),
    ("License-File", true),
    ("Classifier", true),
    ("Requires-Dist", true),
    ("Requires-Python", false),
    ("Requires-External", true),
    ("Project-URL", true),
    ("Provides-Extra", true),
    ("Provides-Dist", true),
    ("Obsoletes-Dist", true),
];

/// What `importlib.metadata` sets before a folded value, so that its first line is set in as the others are.
const INDENT: &str = "        ";

/// The fields of a METADATA document.
pub(super) fn fields(text: &str) -> Map<String, Value> {
    let (headers, body) = split(text);
    let mut shown = Map::new();
    for (field, several) in FIELDS {
        let mut values = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(field))
            .map(|(_, value)| value.as_str());
        let value = if several {
            let values: Vec<Value> = values.map(Value::from).collect();
            if values.is_empty() {
                continue;
            }
            Value::from(values)
        } else {
            let Some(value) = values.next() else { continue };
            if field == "Keywords" {
                keywords(value)
            } else {
                Value::from(value)
            }
        };
        shown.insert(field.to_ascii_lowercase().replace('-', "_"), value);
    }
    if !body.is_empty() {
        shown.insert("description".to_owned(), body.into());
    }
    shown
}

fn keywords(value: &str) -> Value {
    let words: Vec<&str> = if value.contains(',') {
        value.split(',').map(str::trim).collect()
    } else {
        value.split_whitespace().collect()
    };
    Value::from(words)
}

/// The headers in order, and what follows them.
fn split(text: &str) -> (Vec<(&str, String)>, &str) {
    let mut headers: Vec<(&str, String)> = Vec::new();
    let mut rest = text;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let after = rest.get(line.len()..).unwrap_or_default();
        if line.trim_end_matches(['\r', '\n']).is_empty() {
            rest = after;
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push_str(line);
            }
        } else {
            match line.split_once(':') {
                Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                    headers.push((name, value.trim_start_matches([' ', '\t']).to_owned()));
                }
                // No header: from here on it is the body, without an empty line before it.
                _ => break,
            }
        }
        rest = after;
    }
    for (_, value) in &mut headers {
        let kept = value.trim_end_matches(['\r', '\n']);
        *value = if kept.contains('\n') {
            dedent(&format!("{INDENT}{kept}"))
        } else {
            kept.to_owned()
        };
    }
    (headers, rest)
}

/// Takes away what all lines begin with, as Python's `textwrap.dedent` does: of lines that are not blank, spaces and tabs.
fn dedent(text: &str) -> String {
    let lead = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut margin: Option<&str> = None;
    for line in text
        .split('\n')
        .filter(|line| !line.trim_matches([' ', '\t']).is_empty())
    {
        let own = line.get(..lead(line)).unwrap_or_default();
        margin = Some(match margin {
            None => own,
            Some(margin) => {
                let common = margin.bytes().zip(own.bytes()).take_while(|(a, b)| a == b).count();
                margin.get(..common).unwrap_or_default()
            }
        });
    }
    let margin = margin.unwrap_or_default();
    let lines = text.split('\n').map(|line| {
        if line.trim_matches([' ', '\t']).is_empty() {
            ""
        } else {
            line.strip_prefix(margin).unwrap_or(line)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_keep_their_values_and_the_body_is_the_description() {
        let text = "Metadata-Version: 2.1\nname: a\nVersion:1 \nKeywords: x, y z\nClassifier: one\nClassifier: two: three\n\
                    Unknown: field\nLicense: first\n        second\n\n        third\nSummary: é\n\nThe body:\n\n text\n";
        // An empty line ends the headers, also inside a folded value.
        assert_eq!(
            Value::from(fields(text)),
            json!({
                "metadata_version": "2.1", "name": "a", "version": "1 ", "keywords": ["x", "y z"],
                "license": "first\nsecond", "classifier": ["one", "two: three"],
                "description": "        third\nSummary: é\n\nThe body:\n\n text\n",
            })
        );
    }

    #[test]
    fn folded_values_are_set_in_alike() {
        for (folded, shown) in [
            ("a\n        b\n          c", "a\nb\n  c"),
            ("a\n    b", "    a\nb"),
            ("a\n       |b", " a\n|b"),
            ("a\n\tb", "        a\n\tb"),
            ("a\n  \t\n        b", "a\n\nb"),
        ] {
            let found = fields(&format!("License: {folded}\nName: x\n"));
            assert_eq!(found.get("license"), Some(&json!(shown)), "{folded:?}");
        }
        assert_eq!(
            fields("Name: a\nno header\n").get("description"),
            Some(&json!("no header\n"))
        );
        assert_eq!(fields("Keywords: a b\n").get("keywords"), Some(&json!(["a", "b"])));
    }
}
