//! As much of JSON Schema as the policy's schema needs; a keyword that is not known here fails the test.

use serde_json::Value;
use slsa_pip_policy::schema::json_schema;

/// What the schema says against a policy; nothing if it is taken, or if it is no TOML.
pub(crate) fn check(text: &str, pyproject: bool) -> Vec<String> {
    let Ok(parsed) = text.parse::<toml::Table>() else {
        return vec!["no TOML".to_owned()];
    };
    let mut value = as_json(&toml::Value::Table(parsed));
    if pyproject {
        value = value["tool"]["slsa-pip"].clone();
        if value.is_null() {
            return Vec::new();
        }
    }
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let mut problems = Vec::new();
    against(&value, &schema, "", &mut problems);
    problems
}

fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.clone().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(on) => (*on).into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), as_json(value))).collect(),
    }
}

fn taken(value: &Value, schema: &Value) -> bool {
    let mut problems = Vec::new();
    against(value, schema, "", &mut problems);
    problems.is_empty()
}

fn against(value: &Value, schema: &Value, at: &str, problems: &mut Vec<String>) {
    let length = |limit: &Value| usize::try_from(limit.as_u64().unwrap()).unwrap();
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" | "format" => true,
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= length(rule)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= length(rule)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= length(rule)),
            "minProperties" => value.as_object().is_none_or(|map| map.len() >= length(rule)),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| taken(value, schema)),
            "oneOf" => {
                rule.as_array()
                    .unwrap()
                    .iter()
                    .filter(|schema| taken(value, schema))
                    .count()
                    == 1
            }
            "required" => {
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                !value.is_object() || rule.as_array().unwrap().iter().all(has)
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    against(item, rule, &format!("{at}[{number}]"), problems);
                }
                true
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        against(value, schema, &format!("{at}.{name}"), problems);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                let others = others.filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                for (name, value) in others {
                    if rule.is_object() {
                        against(value, rule, &format!("{at}.{name}"), problems);
                    } else {
                        problems.push(format!("{at}.{name}: unknown"));
                    }
                }
                true
            }
            other => panic!("keyword {other}"),
        };
        if !holds {
            problems.push(format!("{at}: {keyword}"));
        }
    }
}
