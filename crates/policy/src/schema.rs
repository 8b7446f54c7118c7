//! The JSON Schema of the format for editors, and its reference for people, both made of the table of keys.
//!
//! The schema knows shapes and words. What only the reader knows (whether a text is a repository, a ref, a version; which keys
//! exclude one another) is left to the reader: what the reader takes, the schema takes, and not the other way round.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::document::MAX_IMPORTS;
use crate::keys::{Key, Shape, TableKind, of_table};

/// The JSON Schema (2020-12) of `slsa-pip.toml`, and of `[tool.slsa-pip]` in `pyproject.toml`; ends with a line feed.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = table(TableKind::Root);
    let head = [
        ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
        ("title", json!("slsa-pip.toml")),
        ("description", json!("Who may build what: the policy of slsa-pip")),
    ];
    for (name, value) in head {
        schema.insert(name.to_owned(), value);
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

/// One kind of table.
fn table(kind: TableKind) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in of_table(kind) {
        let mut value = shape(key.shape);
        value.insert("description".to_owned(), json!(plain(key.meaning)));
        properties.insert(key.name.to_owned(), Value::Object(value));
        if key.required {
            required.push(key.name);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    match kind {
        TableKind::Import => {
            let either = json!([{ "required": ["path"] }, { "required": ["url"] }]);
            schema.insert("oneOf".to_owned(), either);
        }
        TableKind::Package => {
            schema.insert("minProperties".to_owned(), json!(1));
        }
        _ => {}
    }
    schema
}

fn shape(shape: Shape) -> Map<String, Value> {
    let text = json!({ "type": "string", "minLength": 1 });
    let list = |items: Value| json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true });
    let value = match shape {
        Shape::Version => json!({ "const": 1 }),
        Shape::Table(kind) => Value::Object(table(kind)),
        Shape::Tables(kind) => json!({ "type": "object", "additionalProperties": table(kind) }),
        Shape::ListOfTables(kind) => {
            json!({ "type": "array", "items": table(kind), "maxItems": MAX_IMPORTS })
        }
        Shape::Text => text,
        Shape::TextOrList => json!({ "anyOf": [text.clone(), list(text)] }),
        Shape::List => list(text),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Words(words) => list(json!({ "enum": words })),
        Shape::Level => json!({ "type": "integer", "minimum": 1, "maximum": 3 }),
        Shape::Id => json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, text] }),
        Shape::Flag => json!({ "type": "boolean" }),
        // TOML's own dates, which editors show as strings.
        Shape::Date => json!({ "type": "string", "format": "date" }),
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Markdown as editors show it.
fn plain(text: &str) -> String {
    text.replace('`', "'")
}

/// The reference in Markdown: a table of keys for each kind of table; ends with a line feed.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    for (kind, header) in [
        (TableKind::Root, "The file"),
        (TableKind::Defaults, "`[defaults]`"),
        (TableKind::Package, "`[packages.NAME]` and `[packages.\"PREFIX*\"]`"),
        (TableKind::Exemption, "`[exemptions.NAME]`"),
        (TableKind::Import, "`[[imports]]`"),
    ] {
        let stricter = of_table(kind).any(|key| !key.stricter.is_empty());
        let _ = write!(text, "\n### {header}\n\n");
        text.push_str(if stricter {
            "| key | value | meaning | stricter than an import is |\n|---|---|---|---|\n"
        } else {
            "| key | value | meaning |\n|---|---|---|\n"
        });
        for key in of_table(kind) {
            let _ = write!(
                text,
                "| `{}`{} | {} | {} |",
                key.name,
                needed(key),
                value(key.shape),
                key.meaning
            );
            if stricter {
                let _ = write!(text, " {} |", key.stricter);
            }
            text.push('\n');
        }
    }
    text
}

fn needed(key: &Key) -> &'static str {
    if key.required { " (needed)" } else { "" }
}

fn value(shape: Shape) -> String {
    let words = |words: &[&str]| words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>();
    match shape {
        Shape::Version => "`1`".to_owned(),
        Shape::Table(_) => "table".to_owned(),
        Shape::Tables(_) => "tables".to_owned(),
        Shape::ListOfTables(_) => format!("list of tables, at most {MAX_IMPORTS} in all"),
        Shape::Text => "string".to_owned(),
        Shape::TextOrList => "string or list".to_owned(),
        Shape::List => "list of strings".to_owned(),
        Shape::Word(known) => words(known).join(" or "),
        Shape::Words(known) => format!("list of {}", words(known).join(", ")),
        Shape::Level => "1 to 3".to_owned(),
        Shape::Id => "integer or string".to_owned(),
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Date => "date".to_owned(),
    }
}
