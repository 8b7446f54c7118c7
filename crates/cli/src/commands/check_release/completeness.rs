//! Whether files and provenance speak of the same release: no file twice, no subject missing, each under its own name.
//!
//! What statements say is taken as written here: whether they are true is the verdict's business, and a statement that is not
//! verified is refused there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::Statement;

use crate::artifact::Artifact;
use crate::harvest::Harvest;

/// Something that is wrong with the release as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// Stable, in kebab case (docs/publish.md).
    pub(super) code: &'static str,
    /// In one sentence.
    pub(super) message: String,
}

/// All problems, those of files first.
pub(super) fn check(artifacts: &[Artifact], provenance: &Harvest) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names: BTreeMap<&str, &Artifact> = BTreeMap::new();
    let mut by_digest: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for artifact in artifacts {
        let (name, staged) = (artifact.staged.filename(), &artifact.staged);
        by_digest.entry(staged.sha256().to_hex()).or_default().push(name);
        if names.insert(name, artifact).is_some() {
            problems.push(Problem {
                code: "file-named-twice",
                message: format!("`{name}` was named twice: a release holds each name once"),
            });
        }
    }
    let mut seen = BTreeSet::new();
    for evidence in &provenance.evidence {
        let Some(statement) = evidence
            .attestation
            .payload()
            .and_then(|bytes| Statement::parse(bytes).ok())
        else {
            // It verifies for no file either; the verdict says why.
            continue;
        };
        for subject in &statement.subjects {
            let name = subject.name.as_deref().map(basename);
            if seen.insert((name.map(str::to_owned), subject.sha256().map(|digest| digest.to_hex()))) {
                problems.extend(of_subject(name, subject.sha256(), &names, &by_digest));
            }
        }
    }
    for (found, problem) in &provenance.problems {
        problems.push(Problem {
            code: "provenance-unreadable",
            message: format!("{found}: {problem}"),
        });
    }
    problems
}

fn of_subject(
    name: Option<&str>,
    sha256: Option<Sha256Digest>,
    names: &BTreeMap<&str, &Artifact>,
    by_digest: &BTreeMap<String, Vec<&str>>,
) -> Option<Problem> {
    let shown = name.unwrap_or("(no name)").escape_debug().to_string();
    let Some(sha256) = sha256 else {
        return Some(Problem {
            code: "subject-without-sha256",
            message: format!("the provenance's subject `{shown}` has no sha256: no file can be verified by it"),
        });
    };
    let files = by_digest.get(&sha256.to_hex());
    match (files, name) {
        (Some(files), Some(name)) if !files.contains(&name) => Some(Problem {
            code: "subject-renamed",
            message: format!(
                "the provenance calls `{}` by another name: `{shown}`",
                files.join("`, `")
            ),
        }),
        (Some(_), _) => None,
        (None, Some(name)) if names.contains_key(name) => Some(Problem {
            code: "subject-differs",
            message: format!("the file `{shown}` is not the one of the provenance, whose sha256 is {sha256}"),
        }),
        (None, _) => Some(Problem {
            code: "subject-missing",
            message: format!("the provenance's subject `{shown}` (sha256 {sha256}) is not among the files"),
        }),
    }
}

/// Generators are given paths; a release holds names.
fn basename(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
