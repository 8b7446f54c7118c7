//! in-toto statements, v0.1 and v1.

use std::collections::BTreeMap;

use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;

/// An in-toto statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `_type` as written: Statement v0.1 or v1.
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
    /// The name, if there is one.
    pub name: Option<String>,
    /// Digests by algorithm, lower-case hexadecimal.
    pub digest: BTreeMap<String, String>,
}

/// The predicate types that are known (C4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredicateType {
    /// `https://slsa.dev/provenance/v0.2`
    SlsaV02,
    /// `https://slsa.dev/provenance/v1`
    SlsaV1,
    /// PEP 740's publish attestation.
    PypiPublishV1,
    /// Any other, as written: no evidence (A5).
    Other(String),
}

/// Why a payload is no in-toto statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// No subject at all.
    #[error("the statement has no subject")]
    NoSubject,
}

impl StatementError {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSubject => "statement-no-subject",
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

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// If the payload is no statement.
    pub fn parse(_payload: &[u8]) -> Result<Self, StatementError> {
        Err(StatementError::NoSubject)
    }
}
