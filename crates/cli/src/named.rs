//! Provenance documents that the user names (`--provenance PATH_OR_URL`): read once per run, before anything is downloaded.
//!
//! A URL is no better than a file: what it answers is unverified, and neither its host nor its certificate counts for anything.

use std::path::{Path, PathBuf};

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::{Client, Get, is_private_way, redact};
use slsa_pip_provenance::budget::MAX_DOCUMENT_BYTES;
use slsa_pip_provenance::{Evidence, Found, Located, ParsedFile, SourceKind, parse_provenance};
use slsa_pip_verify::Code;
use url::Url;

use crate::artifact::read_document;
use crate::failure::{Failure, Result};
use crate::harvest::Harvest;
use crate::log_answers::{REKOR_ENDING, sidecars_of};
use crate::report::Outcome;

/// What helps where a URL does not.
const FILE_HINT: &str = "Check the URL; or fetch it by other means, and name the file: `--provenance PATH`";

/// What the user has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// A local file.
    File(PathBuf),
    /// An https URL, or an http URL of this machine; it may hold credentials.
    Url(Url),
}

/// A named document's bytes.
pub(crate) struct Document {
    /// How reports name it: the path, or the URL without secrets. No two documents of a run have the same.
    pub(crate) location: String,
    /// Where the log's answers may be stored; nowhere for a URL.
    pub(crate) sidecars: Vec<PathBuf>,
    /// The bytes, unverified.
    pub(crate) bytes: Vec<u8>,
    path: Option<PathBuf>,
}

/// A named document, parsed, for files that are not known yet.
#[derive(Debug)]
pub(crate) struct NamedProvenance {
    location: String,
    path: Option<PathBuf>,
    parsed: ParsedFile,
}

/// Reads the words of the command line, each name once. Makes no request, and opens no file.
///
/// An error for each URL that is not fetched: neither https nor of this machine, or any at all when `offline`.
pub(crate) fn parse_all(words: &[PathBuf], offline: bool) -> (Vec<Name>, Vec<Failure>) {
    let mut names = Vec::new();
    let mut failures = Vec::new();
    for word in words {
        match parse(word, offline) {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(failure) => failures.push(failure),
        }
    }
    (names, failures)
}

/// Reads and fetches everything; an error for each name that cannot be had.
pub(crate) async fn read_all(names: &[Name], http: &Client) -> (Vec<Document>, Vec<Failure>) {
    let mut documents: Vec<Document> = Vec::new();
    let mut failures = Vec::new();
    for (number, name) in (1..).zip(names) {
        match read(name, http).await {
            Ok(mut document) => {
                // URLs that differ in their query only are shown alike.
                if documents.iter().any(|it| it.location == document.location) {
                    document.location = format!("{} (document {number})", document.location);
                }
                documents.push(document);
            }
            Err(failure) => failures.push(failure),
        }
    }
    (documents, failures)
}

/// [`read_all`] for files that are not known yet; an error if any document cannot be had, or holds nothing that can be read.
pub(crate) async fn load(wanted: &[Name], http: &Client) -> Result<Vec<NamedProvenance>> {
    let (documents, mut failures) = read_all(wanted, http).await;
    let mut named = Vec::new();
    for document in documents {
        match NamedProvenance::parse(document) {
            Ok(provenance) => named.push(provenance),
            Err(failure) => failures.push(failure),
        }
    }
    match Failure::all(failures) {
        Some(failure) => Err(failure),
        None => Ok(named),
    }
}

fn parse(word: &Path, offline: bool) -> Result<Name> {
    let Some(text) = word.to_str().filter(|text| has_scheme(text)) else {
        return Ok(Name::File(word.to_owned()));
    };
    let url = Url::parse(text).map_err(|error| {
        Failure::new("`--provenance` is given a URL that cannot be read")
            .caused_by(&error)
            .hint("`--provenance https://HOST/PATH`, or the path of a file")
    })?;
    if !is_private_way(&url) {
        return Err(Failure::new(format!(
            "`--provenance` takes https URLs, and http URLs of this machine only: `{}`",
            redact(&url)
        ))
        .hint("`--provenance https://HOST/PATH`, or the path of a file"));
    }
    if offline {
        return Err(
            Failure::new(format!("`{}` cannot be fetched: `--offline`", redact(&url)))
                .hint("Fetch it before, and name the file: `--provenance PATH`; or leave out `--offline` (and SLSA_PIP_OFFLINE)"),
        );
    }
    Ok(Name::Url(url))
}

fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

async fn read(name: &Name, http: &Client) -> Result<Document> {
    match name {
        Name::File(path) => {
            let location = path.display().to_string();
            let bytes = read_document(path).map_err(|error| {
                Failure::new(format!("The provenance file `{location}` cannot be read"))
                    .caused_by(&error)
                    .hint("Name an existing file: `--provenance PATH`")
            })?;
            Ok(Document {
                location,
                sidecars: sidecars_of(path),
                bytes,
                path: Some(path.clone()),
            })
        }
        Name::Url(url) => Ok(Document {
            location: redact(url),
            sidecars: Vec::new(),
            bytes: fetch(url, http).await?,
            path: None,
        }),
    }
}

/// Fetches a document: with the credentials of its own URL and no others, and not into a private network that it is not in itself.
async fn fetch(url: &Url, http: &Client) -> Result<Vec<u8>> {
    let failed = || Failure::new(format!("The provenance at `{}` could not be fetched", redact(url)));
    let get = Get::new(url, MAX_DOCUMENT_BYTES as u64);
    let get = get.without_logins().guard(url).private_way();
    let answer = http.fetch(&get).await.and_then(slsa_pip_http::Response::success);
    let answer = answer.map_err(|error| failed().caused_by(&error).hint(FILE_HINT))?;
    Ok(answer.body.to_vec())
}

impl NamedProvenance {
    /// Parses a document, which must hold something that can be read: a log-in page is none.
    pub(crate) fn parse(document: Document) -> Result<Self> {
        let parsed = parse_provenance(&document.bytes);
        if parsed.attestations.is_empty() {
            let failure = Failure::new(format!("`{}` holds no provenance that can be read", document.location))
                .code(Code::EvidenceUnreadable.as_str())
                .hint("Name a DSSE envelope, a Sigstore bundle, or a PEP 740 object: `--provenance PATH_OR_URL`");
            return Err(match parsed.problems.first() {
                Some(problem) => failure.caused_by(&problem.item),
                None => failure,
            });
        }
        Ok(Self {
            location: document.location,
            path: document.path,
            parsed,
        })
    }

    /// Adds what the document holds about the file with this name and digest.
    pub(crate) fn ask(&self, filename: &str, digest: &Sha256Digest, harvest: &mut Harvest) {
        let found = |line| Found {
            kind: SourceKind::File,
            location: self.location.clone(),
            line,
        };
        let attestations = self.parsed.attestations.iter();
        let about: Vec<Evidence> = attestations
            .filter(|it| it.item.sha256_subjects_hint().contains(digest))
            .map(|Located { line, item }| Evidence {
                attestation: item.clone(),
                found: found(*line),
                log_answers: Vec::new(),
            })
            .collect();
        let (outcome, words) = match (about.len(), self.parsed.problems.len()) {
            (0, 0) => (Outcome::None, "none about this file".to_owned()),
            (0, _) => (
                Outcome::Unreadable,
                "none about this file, and parts that cannot be read".to_owned(),
            ),
            (1, _) => (Outcome::Found, "found one attestation".to_owned()),
            (count, _) => (Outcome::Found, format!("found {count} attestations")),
        };
        harvest.searched(SourceKind::File, &self.location, outcome, words);
        if let Some(path) = self.path.as_ref().filter(|_| !about.is_empty()) {
            // `slsa-pip download` names the log's answers after the artifact.
            let own = path.with_file_name(format!("{filename}{REKOR_ENDING}"));
            harvest.add_sidecars(&self.location, sidecars_of(path).into_iter().chain([own]));
        }
        harvest.evidence.extend(about);
        let problems = self.parsed.problems.iter();
        harvest
            .problems
            .extend(problems.map(|problem| (found(problem.line), problem.item.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(word: &str) -> Result<Name> {
        parse(Path::new(word), false)
    }

    #[test]
    fn what_has_no_scheme_is_a_path() {
        for word in [
            "a.intoto.jsonl",
            "./https://x",
            "https:/x",
            "c:\\x",
            "1x://y",
            "://y",
            "-",
        ] {
            assert_eq!(parsed(word).unwrap(), Name::File(word.into()), "{word}");
            assert_eq!(parse(Path::new(word), true).unwrap(), Name::File(word.into()), "{word}");
        }
    }

    #[test]
    fn only_https_urls_and_those_of_this_machine_are_fetched() {
        for word in [
            "https://host.example/a?b",
            "HTTPS://host.example/",
            "http://127.0.0.1:80/a",
            "http://localhost/a",
            "http://[::1]/a",
        ] {
            assert!(matches!(parsed(word).unwrap(), Name::Url(_)), "{word}");
            assert!(parse(Path::new(word), true).is_err(), "{word}");
        }
        for word in [
            "http://user:pa55@host.example/a?b=pa55",
            "http://localhost.host.example/",
            "http://127.0.0.1.host.example/",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "ftp://pa55@host.example/",
            "https://",
            "https://user:pa55@host.example:port/",
        ] {
            let failure = parsed(word).unwrap_err();
            assert!(!format!("{failure:?}").contains("pa55"), "{word}: {failure:?}");
        }
    }
}
