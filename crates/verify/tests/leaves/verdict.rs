//! From a document's values to its bytes, and from those to the verdict.

use serde_json::Value;
use slsa_pip_provenance::{Attestation, Evidence, ParsedFile, RekorAnswer, json, parse_provenance};
use slsa_pip_verify::{
    Code, Context, Refusal, SignedBundle, TrustRoots, Verified, verify_file, verify_signature_bundle,
};

use crate::common;
use crate::documents::{Document, Form, Judged, Line, now};
use crate::walk::text_of;

/// A document's bytes, and the log's answers to a look-up.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub bytes: Vec<u8>,
    pub answers: Vec<String>,
}

/// Writes a document, with another value in the place of one line's.
pub fn written(document: &Document, changed: Option<(usize, &Value)>) -> Written {
    let mut lines = Vec::new();
    let mut answers = Vec::new();
    for (index, line) in document.lines.iter().enumerate() {
        let value = match changed {
            Some((at, value)) if at == index => value,
            _ => &line.json,
        };
        match line.form {
            Form::Plain => lines.push(text_of(value)),
            Form::Classic => {
                lines.push(value.get("envelope").map(text_of).unwrap_or_default());
                answers.extend(value.get("log").map(text_of));
            }
        }
    }
    Written {
        bytes: lines.join("\n").into_bytes(),
        answers,
    }
}

/// What the log's answer to `entries/retrieve` holds, read as strictly as it is in front of the core.
fn answers(text: &str) -> Vec<RekorAnswer> {
    let Ok(Value::Array(list)) = json::parse(text.as_bytes()) else {
        return Vec::new();
    };
    let objects = list.into_iter().filter_map(|item| match item {
        Value::Object(object) => Some(object),
        _ => None,
    });
    let entries = objects.flatten();
    entries.map(|(uuid, entry)| RekorAnswer { uuid, entry }).collect()
}

/// Reads a document as it is read in front of the core.
fn read(written: &Written) -> (ParsedFile, Vec<Evidence>) {
    let parsed = parse_provenance(&written.bytes);
    let log_answers: Vec<RekorAnswer> = written.answers.iter().flat_map(|text| answers(text)).collect();
    let evidence = parsed.attestations.iter().map(|located| {
        let is_classic = matches!(located.item.as_ref(), Attestation::Classic(_));
        Evidence {
            log_answers: if is_classic { log_answers.clone() } else { Vec::new() },
            ..common::evidence(located.item.clone())
        }
    });
    let evidence = evidence.collect();
    (parsed, evidence)
}

/// The evidence that a document holds.
pub fn evidence(written: &Written) -> Vec<Evidence> {
    read(written).1
}

/// A verdict.
#[derive(Debug)]
pub enum Outcome {
    File(Result<Verified, Vec<Refusal>>),
    Signature(Result<SignedBundle, (Code, String)>),
    /// Nothing that could be judged, and why.
    Unreadable(&'static str),
}

impl Outcome {
    /// The code of the refusal, or nothing if it is accepted.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::File(result) => common::code(result).map(Code::as_str),
            Self::Signature(result) => result.as_ref().err().map(|(code, _)| code.as_str()),
            Self::Unreadable(code) => Some(code),
        }
    }
}

pub fn outcome(line: &Line, written: &Written, roots: &TrustRoots) -> Outcome {
    let (parsed, evidence) = read(written);
    let unreadable = parsed.problems.first().map(|problem| problem.item.code());
    match &line.judged {
        Judged::File(expectation) => {
            let ctx = Context {
                roots,
                expectation,
                now: now(),
                package: None,
            };
            let result = verify_file(&line.file, &evidence, &ctx);
            match unreadable {
                Some(code) if evidence.is_empty() && result.is_err() => Outcome::Unreadable(code),
                _ => Outcome::File(result),
            }
        }
        Judged::Signature { identity, issuer } => {
            let [one] = evidence.as_slice() else {
                return Outcome::Unreadable(unreadable.unwrap_or("no-evidence"));
            };
            let Attestation::Bundle(bundle) = one.attestation.as_ref() else {
                return Outcome::Unreadable("no-bundle");
            };
            let digest = line.file.sha256();
            let result = verify_signature_bundle(&bundle.json, digest, identity, issuer, roots, now());
            Outcome::Signature(result)
        }
    }
}
