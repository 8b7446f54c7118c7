//! What the fuzz targets reach: the reading of answers, without the asking. No part of the public interface.

use slsa_pip_provenance::RekorAnswer;

use crate::answer;

/// Reads a body as every kind of answer there is; gives the entries, if it is a list of them.
#[must_use]
pub fn answers(body: &[u8]) -> Option<Vec<RekorAnswer>> {
    let (_, _) = (answer::ids(body), answer::message(body));
    let entries = answer::entries(body).ok()?;
    for entry in &entries {
        let _ = answer::payload_digest(entry);
    }
    Some(entries)
}
