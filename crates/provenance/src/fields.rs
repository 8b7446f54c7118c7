//! Taking fields out of hostile JSON objects, with the problem named when one is not as it should be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A key of an object, and its path as problems name it.
#[derive(Clone, Copy)]
pub(crate) struct Field(pub(crate) &'static str, pub(crate) &'static str);

impl Field {
    /// The value; `None` when absent or null.
    pub(crate) fn get(self, object: &Object) -> Option<&Value> {
        object.get(self.0).filter(|value| !value.is_null())
    }

    fn need(self, object: &Object) -> Result<&Value, Problem> {
        self.get(object).ok_or(Problem::MissingField { field: self.1 })
    }

    pub(crate) fn wrong(self, expected: &'static str) -> Problem {
        Problem::WrongType {
            field: self.1,
            expected,
        }
    }

    pub(crate) fn object(self, object: &Object) -> Result<&Object, Problem> {
        self.need(object)?.as_object().ok_or_else(|| self.wrong("an object"))
    }

    pub(crate) fn array(self, object: &Object) -> Result<&[Value], Problem> {
        let array = self.need(object)?.as_array();
        array.map(Vec::as_slice).ok_or_else(|| self.wrong("an array"))
    }

    pub(crate) fn text(self, object: &Object) -> Result<&str, Problem> {
        self.need(object)?.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// The decoded bytes; empty ones count as missing.
    pub(crate) fn base64(self, object: &Object) -> Result<Vec<u8>, Problem> {
        self.decode(self.text(object)?)
    }

    /// Like [`Self::base64`], with line feeds allowed: early PEP 740 writers broke lines as RFC 2045 does.
    pub(crate) fn base64_in_lines(self, object: &Object) -> Result<Vec<u8>, Problem> {
        self.decode(&self.text(object)?.replace('\n', ""))
    }

    fn decode(self, text: &str) -> Result<Vec<u8>, Problem> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| Problem::BadBase64 { field: self.1 })?;
        if bytes.is_empty() {
            return Err(Problem::MissingField { field: self.1 });
        }
        Ok(bytes)
    }
}
