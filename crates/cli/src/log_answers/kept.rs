//! Answers that have led to a verified file, kept in the cache folder's `rekor/` and in memory.
//!
//! One file an envelope, named by a digest of the log's URL and the envelope's text. Each is verified again whenever it is used,
//! so a wrong one costs a question to the log and nothing else; the log's answer then replaces it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use slsa_pip_cache::CacheFolder;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{ClassicEnvelope, RekorAnswer};
use url::Url;

use super::stored;
use crate::collect::describe_error;

/// The folder's name in the cache.
const FOLDER: &str = "rekor";
/// Largest answer that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 1 << 20;
/// Most envelopes that are kept; at about 10 kB each, 40 MB.
const MAX_KEPT: usize = 4096;
/// How many are removed at once when there are more, so that a full folder is not cleared at each run.
const CLEARED: usize = MAX_KEPT / 4;

/// What is kept of one log.
pub(super) struct Kept {
    folder: Option<CacheFolder>,
    log: String,
    /// What this run has found out, also where nothing may be kept on a disk.
    memory: Mutex<HashMap<String, Vec<RekorAnswer>>>,
}

impl Kept {
    pub(super) fn new(cache: Option<&CacheFolder>, log: &Url) -> Self {
        Self {
            folder: cache.and_then(|cache| cache.folder(FOLDER).ok()),
            log: log.to_string(),
            memory: Mutex::default(),
        }
    }

    /// The folder, for reports.
    pub(super) fn location(&self) -> String {
        let path = self.folder.as_ref().map(|folder| folder.path().display().to_string());
        path.unwrap_or_else(|| "memory".to_owned())
    }

    /// What is kept for an envelope, unverified; `None` if nothing is.
    pub(super) fn read(&self, envelope: &ClassicEnvelope) -> Result<Option<Vec<RekorAnswer>>, String> {
        let name = self.name(envelope);
        if let Some(answers) = self.memory().get(&name) {
            return Ok(Some(answers.clone()));
        }
        let Some(folder) = &self.folder else { return Ok(None) };
        match folder.read(&name, MAX_KEPT_BYTES as u64) {
            Ok(Some(bytes)) => stored::parse(&bytes).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(describe_error(&error)),
        }
    }

    /// Keeps an answer that has led to a verified file.
    pub(super) fn keep(&self, envelope: &ClassicEnvelope, answers: &[RekorAnswer]) -> Result<(), String> {
        let name = self.name(envelope);
        self.memory().insert(name.clone(), answers.to_vec());
        let Some(folder) = &self.folder else { return Ok(()) };
        let document = stored::document(answers);
        if document.len() > MAX_KEPT_BYTES {
            return Err(format!("it has more than {MAX_KEPT_BYTES} bytes"));
        }
        let names = folder.names().map_err(|error| describe_error(&error))?;
        if names.len() >= MAX_KEPT {
            // The names are digests, so this is as good as any other choice and needs no dates.
            for old in names.iter().take(CLEARED) {
                folder.remove(old).map_err(|error| describe_error(&error))?;
            }
        }
        folder
            .write(&name, document.as_bytes())
            .map_err(|error| describe_error(&error))
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<String, Vec<RekorAnswer>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, envelope: &ClassicEnvelope) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        // A URL holds no line feed, so the two cannot run into each other.
        context.update(self.log.as_bytes());
        context.update(b"\n");
        context.update(envelope.text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        format!("{}.json", Sha256Digest::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use slsa_pip_provenance::{Attestation, parse_provenance};

    fn envelope(payload: &str) -> ClassicEnvelope {
        let text = json!({"payloadType": "t", "payload": payload, "signatures": [{"keyid": "", "sig": "AA=="}]});
        match parse_provenance(text.to_string().as_bytes()).attestations[0]
            .item
            .as_ref()
        {
            Attestation::Classic(envelope) => envelope.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn answers(value: &str) -> Vec<RekorAnswer> {
        vec![RekorAnswer {
            uuid: "aa".to_owned(),
            entry: json!({"body": value}),
        }]
    }

    fn log(url: &str) -> Url {
        url.parse().unwrap()
    }

    #[test]
    fn an_answer_is_kept_for_its_envelope_and_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(directory.path().join("cache"));
        let first = Kept::new(Some(&cache), &log("https://one.example/"));
        assert_eq!(first.read(&envelope("AA==")).unwrap(), None);
        first.keep(&envelope("AA=="), &answers("x")).unwrap();
        let again = Kept::new(Some(&cache), &log("https://one.example/"));
        assert_eq!(again.read(&envelope("AA==")).unwrap(), Some(answers("x")));
        assert_eq!(again.read(&envelope("AQ==")).unwrap(), None);
        let other = Kept::new(Some(&cache), &log("https://two.example/"));
        assert_eq!(other.read(&envelope("AA==")).unwrap(), None);
    }

    #[test]
    fn a_folder_is_bounded_and_garbage_in_it_is_an_error_until_it_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(directory.path().join("cache"));
        let folder = cache.folder(FOLDER).unwrap();
        folder.write("000.json", b"").unwrap();
        for number in 0..MAX_KEPT {
            std::fs::write(folder.path().join(format!("{number:04}")), b"").unwrap();
        }
        let kept = Kept::new(Some(&cache), &log("https://one.example/"));
        kept.keep(&envelope("AA=="), &answers("x")).unwrap();
        assert_eq!(folder.names().unwrap().len(), MAX_KEPT + 1 - CLEARED + 1);

        let name = kept.name(&envelope("AA=="));
        for garbage in ["garbage".to_owned(), "{}".to_owned(), " ".repeat(MAX_KEPT_BYTES + 1)] {
            folder.write(&name, garbage.as_bytes()).unwrap();
            let fresh = Kept::new(Some(&cache), &log("https://one.example/"));
            assert!(fresh.read(&envelope("AA==")).is_err());
            fresh.keep(&envelope("AA=="), &answers("y")).unwrap();
            let fresh = Kept::new(Some(&cache), &log("https://one.example/"));
            assert_eq!(fresh.read(&envelope("AA==")).unwrap(), Some(answers("y")));
        }
        let large = answers(&"x".repeat(MAX_KEPT_BYTES));
        assert!(kept.keep(&envelope("AA=="), &large).is_err());
    }

    #[test]
    fn without_a_cache_a_run_still_asks_once() {
        let kept = Kept::new(None, &log("https://one.example/"));
        kept.keep(&envelope("AA=="), &answers("x")).unwrap();
        assert_eq!(kept.read(&envelope("AA==")).unwrap(), Some(answers("x")));
    }
}
