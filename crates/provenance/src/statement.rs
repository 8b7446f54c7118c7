//! in-toto statements, v0.1 and v1 (C1).

use std::collections::BTreeMap;

use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;

use crate::budget::{MAX_DIGESTS, MAX_DOCUMENT_BYTES, MAX_SUBJECTS, MAX_TEXT_BYTES};
use crate::fields::Object;
use crate::json::{self, JsonError, printable};

/// `_type` of in-toto Statement v0.1.
pub const STATEMENT_V01: &str = "https://in-toto.io/Statement/v0.1";
/// `_type` of in-toto Statement v1.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// Predicate type of SLSA provenance v0.2.
pub const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
/// Predicate type of SLSA provenance v1.
pub const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
/// Path of the predicate type of PEP 740's publish attestation; its host is that of the index's documentation.
const PUBLISH_V1_PATH: &str = "attestations/publish/v1";

/// An in-toto statement. Nothing about it is verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `_type` as written: [`STATEMENT_V01`] or [`STATEMENT_V1`].
    pub type_: String,
    /// What it is about; never empty.
    pub subjects: Vec<Subject>,
    /// What kind of thing it says.
    pub predicate_type: PredicateType,
    /// What it says; `Null` when absent.
    pub predicate: Value,
}

/// What a statement is about: an optional name and at least one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name, if there is one that is not empty.
    pub name: Option<String>,
    /// Digests by algorithm; those of SHA-2 are lower-case hexadecimal of the right length, others as written.
    pub digest: BTreeMap<String, String>,
}

/// The predicate types that are known (C4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredicateType {
    /// [`SLSA_V02`]
    SlsaV02,
    /// [`SLSA_V1`]
    SlsaV1,
    /// PEP 740's publish attestation, recognised by its path.
    PypiPublishV1,
    /// Any other, as written: no evidence (A5).
    Other(String),
}

/// Why a payload is no in-toto statement. Texts that come from it are escaped and cut to a printable length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The payload is too large.
    #[error("the statement has {size} bytes; at most {MAX_DOCUMENT_BYTES} are read")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
    },
    /// Not acceptable JSON.
    #[error("the statement cannot be read: {0}")]
    Json(#[from] JsonError),
    /// JSON, but not an object.
    #[error("the statement is not a JSON object")]
    NotAnObject,
    /// `_type` is absent or not a known one.
    #[error("the statement's type `{found}` is not an in-toto Statement v0.1 or v1")]
    UnknownType {
        /// The type as written, empty when absent.
        found: String,
    },
    /// `predicateType` is absent, empty, too long or not a text.
    #[error("the statement has no valid predicate type")]
    NoPredicateType,
    /// No subject at all.
    #[error("the statement has no subject")]
    NoSubject,
    /// More subjects than [`MAX_SUBJECTS`].
    #[error("the statement has {found} subjects; at most {MAX_SUBJECTS} are read")]
    TooManySubjects {
        /// How many there are.
        found: usize,
    },
    /// A subject is not an object, its name is not a text, or it has no or too many digests.
    #[error("subject {number} of the statement is not valid: {why}")]
    BadSubject {
        /// 1-based number.
        number: usize,
        /// What does not fit.
        why: &'static str,
    },
    /// A subject's digest is malformed.
    #[error("the {algorithm} digest of subject {number} of the statement is malformed")]
    BadDigest {
        /// 1-based number of the subject.
        number: usize,
        /// The algorithm as written.
        algorithm: String,
    },
}

impl StatementError {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "statement-too-large",
            Self::Json(_) => "statement-not-json",
            Self::NotAnObject => "statement-not-an-object",
            Self::UnknownType { .. } => "statement-unknown-type",
            Self::NoPredicateType => "statement-no-predicate-type",
            Self::NoSubject => "statement-no-subject",
            Self::TooManySubjects { .. } => "statement-too-many-subjects",
            Self::BadSubject { .. } => "statement-bad-subject",
            Self::BadDigest { .. } => "statement-bad-digest",
        }
    }
}

impl Subject {
    /// The sha256 digest, if there is one.
    #[must_use]
    pub fn sha256(&self) -> Option<Sha256Digest> {
        self.digest.get("sha256")?.parse().ok()
    }
}

impl PredicateType {
    /// Recognises a predicate type; exact, but for the host of the publish attestation.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            SLSA_V02 => Self::SlsaV02,
            SLSA_V1 => Self::SlsaV1,
            _ if is_publish_v1(text) => Self::PypiPublishV1,
            other => Self::Other(other.to_owned()),
        }
    }
}

fn is_publish_v1(text: &str) -> bool {
    let Some((host, path)) = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let host_valid = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    !host.is_empty() && host_valid && path == PUBLISH_V1_PATH
}

impl Statement {
    /// Reads a statement, strictly: `_type` is known, there is at least one subject, each subject has at least one digest,
    /// SHA-2 digests are lower-case hexadecimal of the right length, and no key is given twice. Unknown keys are ignored,
    /// as the specification asks. The predicate is not looked into.
    ///
    /// # Errors
    /// If the payload is no such statement.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        if payload.len() > MAX_DOCUMENT_BYTES {
            return Err(StatementError::TooLarge { size: payload.len() });
        }
        let Value::Object(mut object) = json::parse(payload)? else {
            return Err(StatementError::NotAnObject);
        };
        let type_ = text(&object, "_type").unwrap_or_default().to_owned();
        if ![STATEMENT_V01, STATEMENT_V1].contains(&type_.as_str()) {
            return Err(StatementError::UnknownType {
                found: printable(&type_),
            });
        }
        let predicate_type = text(&object, "predicateType")
            .filter(|text| !text.is_empty() && text.len() <= MAX_TEXT_BYTES)
            .map(PredicateType::parse)
            .ok_or(StatementError::NoPredicateType)?;
        Ok(Self {
            type_,
            subjects: subjects(object.get("subject"))?,
            predicate_type,
            predicate: object.remove("predicate").unwrap_or_default(),
        })
    }
}

fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

fn subjects(value: Option<&Value>) -> Result<Vec<Subject>, StatementError> {
    let list = value.and_then(Value::as_array).ok_or(StatementError::NoSubject)?;
    if list.is_empty() {
        return Err(StatementError::NoSubject);
    }
    if list.len() > MAX_SUBJECTS {
        return Err(StatementError::TooManySubjects { found: list.len() });
    }
    list.iter()
        .enumerate()
        .map(|(index, value)| subject(index + 1, value))
        .collect()
}

fn subject(number: usize, value: &Value) -> Result<Subject, StatementError> {
    let bad = |why| StatementError::BadSubject { number, why };
    let object = value.as_object().ok_or_else(|| bad("it is not an object"))?;
    let name = match object.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.len() <= MAX_TEXT_BYTES => Some(name.clone()).filter(|name| !name.is_empty()),
        Some(_) => return Err(bad("its name is not a text of reasonable length")),
    };
    let digests = object.get("digest").and_then(Value::as_object);
    let digests = digests.ok_or_else(|| bad("it has no digest"))?;
    if digests.is_empty() || digests.len() > MAX_DIGESTS {
        return Err(bad("it has no digest, or too many"));
    }
    let mut digest = BTreeMap::new();
    for (algorithm, value) in digests {
        let value = value.as_str().filter(|value| digest_valid(algorithm, value));
        let value = value.ok_or_else(|| StatementError::BadDigest {
            number,
            algorithm: printable(algorithm),
        })?;
        digest.insert(algorithm.clone(), value.to_owned());
    }
    Ok(Subject { name, digest })
}

fn digest_valid(algorithm: &str, value: &str) -> bool {
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return !value.is_empty() && value.len() <= MAX_TEXT_BYTES,
    };
    value.len() == digits && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn statement(change: impl FnOnce(&mut Value)) -> Result<Statement, StatementError> {
        let mut value = json!({
            "_type": STATEMENT_V1,
            "subject": [{"name": "a.whl", "digest": {"sha256": HEX}}],
            "predicateType": SLSA_V1,
            "predicate": {"x": 1},
        });
        change(&mut value);
        Statement::parse(value.to_string().as_bytes())
    }

    fn code(change: impl FnOnce(&mut Value)) -> &'static str {
        statement(change).unwrap_err().code()
    }

    #[test]
    fn a_good_statement_is_read() {
        let read = statement(|_| ()).unwrap();
        assert_eq!(read.predicate_type, PredicateType::SlsaV1);
        assert_eq!(read.subjects[0].name.as_deref(), Some("a.whl"));
        assert_eq!(read.subjects[0].sha256().unwrap().to_hex(), HEX);
        assert_eq!(read.predicate, json!({"x": 1}));
        let old = statement(|value| value["_type"] = json!(STATEMENT_V01)).unwrap();
        assert_eq!(old.type_, STATEMENT_V01);
        let nameless = statement(|value| value["subject"][0]["name"] = Value::Null).unwrap();
        assert_eq!(nameless.subjects[0].name, None);
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for bad in [
            json!("https://in-toto.io/Statement/v1.0"),
            json!(""),
            json!(1),
            Value::Null,
        ] {
            assert_eq!(code(|value| value["_type"] = bad), "statement-unknown-type");
        }
        for bad in [json!(""), json!(7), Value::Null, json!("x".repeat(MAX_TEXT_BYTES + 1))] {
            assert_eq!(
                code(|value| value["predicateType"] = bad),
                "statement-no-predicate-type"
            );
        }
        for bad in [json!([]), json!({}), Value::Null] {
            assert_eq!(code(|value| value["subject"] = bad), "statement-no-subject");
        }
        for bad in [
            json!(1),
            json!({}),
            json!({"digest": {}}),
            json!({"digest": "sha256"}),
            json!({"name": 1, "digest": {"sha256": HEX}}),
        ] {
            assert_eq!(code(|value| value["subject"][0] = bad), "statement-bad-subject");
        }
        assert_eq!(Statement::parse(b"[]").unwrap_err().code(), "statement-not-an-object");
        assert_eq!(Statement::parse(b"").unwrap_err().code(), "statement-not-json");
        assert_eq!(
            Statement::parse(&vec![b' '; MAX_DOCUMENT_BYTES + 1])
                .unwrap_err()
                .code(),
            "statement-too-large"
        );
    }

    #[test]
    fn a_key_given_twice_is_refused_at_any_depth() {
        for text in [
            format!(r#"{{"_type":"{STATEMENT_V1}","_type":"{STATEMENT_V1}"}}"#),
            format!(r#"{{"subject":[{{"digest":{{"sha256":"{HEX}","sha256":"{HEX}"}}}}]}}"#),
        ] {
            let error = Statement::parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, StatementError::Json(JsonError::DuplicateKey { .. })),
                "{error}"
            );
            assert_eq!(error.code(), "statement-not-json");
        }
    }

    #[test]
    fn digests_are_lower_case_and_of_the_right_length() {
        for bad in [
            json!(HEX.to_uppercase()),
            json!(&HEX[1..]),
            json!(format!("{HEX}0")),
            json!(format!("sha256:{HEX}")),
            json!(""),
            json!(null),
        ] {
            let error = statement(|value| value["subject"][0]["digest"]["sha256"] = bad).unwrap_err();
            assert_eq!(error.code(), "statement-bad-digest");
        }
        assert_eq!(
            code(|value| value["subject"][0]["digest"]["sha512"] = json!(HEX)),
            "statement-bad-digest"
        );
        let git = statement(|value| value["subject"][0]["digest"]["gitCommit"] = json!("abc")).unwrap();
        assert_eq!(git.subjects[0].digest.len(), 2);
    }

    #[test]
    fn subjects_and_digests_are_bounded() {
        let subject = json!({"digest": {"sha256": HEX}});
        assert!(statement(|value| value["subject"] = json!(vec![subject.clone(); MAX_SUBJECTS])).is_ok());
        assert_eq!(
            code(|value| value["subject"] = json!(vec![subject; MAX_SUBJECTS + 1])),
            "statement-too-many-subjects"
        );
        let digests: BTreeMap<String, &str> = (0..=MAX_DIGESTS).map(|n| (format!("a{n}"), "00")).collect();
        assert_eq!(
            code(|value| value["subject"][0]["digest"] = json!(digests)),
            "statement-bad-subject"
        );
    }

    #[test]
    fn predicate_types_are_exact_but_for_the_publish_host() {
        assert_eq!(PredicateType::parse(SLSA_V02), PredicateType::SlsaV02);
        let publish = |text: &str| PredicateType::parse(text) == PredicateType::PypiPublishV1;
        assert!(publish("https://docs.index.example/attestations/publish/v1"));
        for other in [
            "http://docs.index.example/attestations/publish/v1",
            "https:///attestations/publish/v1",
            "https://docs.index.example/x/attestations/publish/v1",
            "https://docs.index.example/attestations/publish/v1/",
            "https://docs.index.example/attestations/publish/v1?x",
            "https://u@docs.index.example/attestations/publish/v1",
            "/attestations/publish/v1",
        ] {
            assert!(!publish(other), "{other}");
        }
        for other in [
            "https://slsa.dev/provenance/v1.0",
            "https://slsa.dev/provenance/v1?draft",
            "https://slsa.dev/provenance/V1",
        ] {
            assert_eq!(PredicateType::parse(other), PredicateType::Other(other.to_owned()));
        }
    }
}
