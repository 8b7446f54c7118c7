//! Answers in a file beside the provenance: `[{uuid: entry}, …]`, as the log's own interface writes them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use slsa_pip_provenance::{RekorAnswer, json};

use crate::artifact::read_document;

/// The ending of stored answers.
pub(crate) const REKOR_ENDING: &str = ".rekor.json";
/// Endings of provenance that is named after its artifact; the answers may be named after that as well.
const CLASSIC_ENDINGS: [&str; 4] = [".intoto.jsonl", ".intoto.json", ".intoto", ".jsonl"];
/// Largest file of stored answers, in bytes: an answer has about 10 kB, with a stored attestation ten times that.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// Most entries of one file; the verification core reads 256 and verifies 16.
const MAX_ENTRIES: usize = 256;

/// Where the answers for a provenance file may lie: under its own name, and under its artifact's.
pub(crate) fn sidecars_of(provenance: &Path) -> Vec<PathBuf> {
    let Some(name) = provenance.file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let stem = CLASSIC_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    [Some(name), stem.filter(|stem| !stem.is_empty())]
        .into_iter()
        .flatten()
        .map(|name| provenance.with_file_name(format!("{name}{REKOR_ENDING}")))
        .collect()
}

/// Reads a file of answers; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<RekorAnswer>>, String> {
    match read_document(path) {
        Ok(bytes) => parse(&bytes).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Takes a document apart; nothing in it is verified.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<RekorAnswer>, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let Value::Array(list) = json::parse(bytes).map_err(|error| error.to_string())? else {
        return Err("it is not a list of entries".to_owned());
    };
    let mut answers = Vec::new();
    for item in list {
        let Value::Object(object) = item else {
            return Err("a member of the list is not an object".to_owned());
        };
        for (uuid, entry) in object {
            if !entry.is_object() {
                return Err("an entry is not an object".to_owned());
            }
            if answers.len() == MAX_ENTRIES {
                return Err(format!("it holds more than {MAX_ENTRIES} entries"));
            }
            answers.push(RekorAnswer { uuid, entry });
        }
    }
    Ok(answers)
}

/// Writes answers in the same shape.
pub(crate) fn document(answers: &[RekorAnswer]) -> String {
    let answers = answers
        .iter()
        .map(|answer| Value::Object(Map::from_iter([(answer.uuid.clone(), answer.entry.clone())])));
    Value::Array(answers.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_read_as_they_are_written() {
        let answers = vec![RekorAnswer {
            uuid: "aa".to_owned(),
            entry: json!({"body": "x"}),
        }];
        assert_eq!(parse(document(&answers).as_bytes()).unwrap(), answers);
        assert_eq!(parse(b"[]").unwrap(), []);
    }

    #[test]
    fn anything_else_is_unreadable() {
        let many = json!(vec![json!({"aa": {}}); MAX_ENTRIES + 1]).to_string();
        let deep = format!("[{{\"aa\":{}{}}}]", "[".repeat(10_000), "]".repeat(10_000));
        let large = " ".repeat(MAX_BYTES + 1);
        for bad in ["", "{}", "null", "[1]", "[{\"a\":1}]", "\u{0}", &many, &deep, &large] {
            assert!(parse(bad.as_bytes()).is_err(), "{}", bad.get(..20).unwrap_or(bad));
        }
    }

    #[test]
    fn answers_are_named_after_the_provenance_or_its_artifact() {
        let names = |provenance: &str| -> Vec<String> {
            let paths = sidecars_of(Path::new(provenance)).into_iter();
            paths.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            names("d/foo.whl.intoto.jsonl"),
            ["d/foo.whl.intoto.jsonl.rekor.json", "d/foo.whl.rekor.json"]
        );
        assert_eq!(names("foo.provenance"), ["foo.provenance.rekor.json"]);
        assert_eq!(names(".intoto.jsonl"), [".intoto.jsonl.rekor.json"]);
        assert_eq!(names(".."), Vec::<String>::new());
    }
}
