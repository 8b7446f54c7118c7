//! What was searched for before files were chosen, so that nothing is searched for twice.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_pypi_client::IndexFile;
use slsa_pip_verify::{Basis, StagedFile, Verified};
use url::Url;

use crate::judge::Examined;
use crate::log_answers;

/// Most bytes of evidence that are kept, for all files together: some thousand attestations. What does not fit is searched for
/// again.
const MAX_KEPT: usize = 16 * 1024 * 1024;

/// What was found, by the place and the digest of the file that it was looked for.
#[derive(Default)]
pub(crate) struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    files: HashMap<(Url, Sha256Digest), Examined>,
    bytes: usize,
}

impl Known {
    /// Keeps all of it.
    pub(crate) fn keep(&self, file: &IndexFile, announced: &StagedFile, examined: Examined) {
        let size: usize = examined.harvest.evidence.iter().map(size).sum();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = kept.bytes.checked_add(size).filter(|bytes| *bytes <= MAX_KEPT) {
            kept.bytes = bytes;
            kept.files.insert((file.url.clone(), *announced.sha256()), examined);
        }
    }

    /// Keeps of the evidence only what the file would be accepted for; the report of the search stays whole.
    pub(crate) fn keep_what_passed(
        &self,
        file: &IndexFile,
        announced: &StagedFile,
        mut examined: Examined,
        verified: &Verified,
    ) {
        if let Basis::Attested(attested) = verified.basis() {
            examined
                .harvest
                .evidence
                .retain(|evidence| evidence.found == attested.found);
        }
        self.keep(file, announced, examined);
    }

    /// Takes what was found for a file of this digest, if that is known.
    pub(crate) fn take(&self, file: &IndexFile, sha256: &Sha256Digest) -> Option<Examined> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.files.remove(&(file.url.clone(), *sha256))
    }
}

/// What a piece of evidence takes, about: its statement is written out, encoded and parsed.
fn size(evidence: &slsa_pip_provenance::Evidence) -> usize {
    let statement = evidence.attestation.payload().map_or(0, <[u8]>::len);
    let answers = if evidence.log_answers.is_empty() {
        0
    } else {
        log_answers::document(&evidence.log_answers).len()
    };
    (statement + answers).saturating_mul(4)
}
