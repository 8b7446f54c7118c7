//! The lists of bundles that GitHub's attestations API and npm's registry answer with:
//! `{"attestations":[{"bundle":{…}}]}`, npm's with a `predicateType` beside each bundle (unsigned, ignored).

use serde_json::Value;

use crate::attestation::Attestation;
use crate::bundle;
use crate::fields::Field;
use crate::parse::unknown_format;
use crate::problem::Problem;

/// Reads a list: each bundle on its own.
pub(crate) fn read(value: Value) -> Result<Vec<Result<Attestation, Problem>>, Problem> {
    let Value::Object(mut object) = value else {
        return Err(unknown_format(&value));
    };
    let field = Field("attestations", "attestations");
    field.array(&object)?;
    let Some(Value::Array(members)) = object.remove(field.0) else {
        return Ok(Vec::new());
    };
    Ok(members.into_iter().map(read_member).collect())
}

fn read_member(value: Value) -> Result<Attestation, Problem> {
    let Value::Object(mut member) = value else {
        return Err(Field("", "attestations[]").wrong("an object"));
    };
    let field = Field("bundle", "attestations[].bundle");
    field.object(&member)?;
    let bundle = member.remove(field.0).unwrap_or_default();
    bundle::read(bundle).map(|bundle| Attestation::Bundle(Box::new(bundle)))
}
