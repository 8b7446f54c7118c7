//! `docs/verdict-differences.md`: every file whose verdict differs from another tool's, and why. The rows are computed; the
//! reasons are written by hand, in `reasons.txt`, one for every row and none too many.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use slsa_pip_verify::Code;

use crate::verdicts::first_words;
use crate::{conformance, log_entries, verdicts};

/// A file on which two tools disagree.
struct Difference {
    path: String,
    other: String,
    ours: String,
}

/// The differences about one kind of files.
struct Section {
    title: &'static str,
    text: &'static str,
    /// Files that were compared.
    compared: usize,
    rows: Vec<Difference>,
}

fn sections() -> Vec<Section> {
    let judged = verdicts::all();
    let (bare, bundled): (Vec<_>, Vec<_>) = judged.iter().partition(|judged| judged.signature.is_none());
    vec![
        Section {
            title: "Signatures of bundles and PEP 740 files",
            text: "The signature alone (rules B1 to B8), by the trusted root that the other tool used and for the certificate's own identity. \
                   The other tool is sigstore-python 4.5.1, for PEP 740 files pypi-attestations 0.0.30, both offline and without an identity to match.",
            compared: bundled.len(),
            rows: bundled.iter().filter_map(|judged| of_signature(judged)).collect(),
        },
        Section {
            title: "Well signed, and no evidence for a file to install",
            text: "Both tools find the signature good. The other one asks no more; by the rules on statement, builder and repository \
                   the file is refused all the same, although the repository was pinned to what the certificate claims.",
            compared: bundled.iter().filter(|judged| is_good(judged)).count(),
            rows: bundled.iter().filter_map(|judged| of_statement(judged)).collect(),
        },
        Section {
            title: "Bare envelopes",
            text: "The other check looks at the signature, the certificate's chain and its SCT, and at the log's answer where one is \
                   stored with the file.",
            compared: bare.len(),
            rows: bare.iter().filter_map(|judged| of_envelope(judged)).collect(),
        },
        log_entry_section(),
        conformance_section(),
    ]
}

fn is_good(judged: &verdicts::Judged) -> bool {
    judged.signature == Some(Ok(())) && judged.accepted == Some(true)
}

fn refused(code: Code) -> String {
    format!("refused: `{code}`")
}

fn of_signature(judged: &verdicts::Judged) -> Option<Difference> {
    let signature = judged.signature?;
    if judged.accepted == Some(signature.is_ok()) || (judged.accepted.is_none() && signature.is_err()) {
        return None;
    }
    let ours = match (signature, &judged.verdict) {
        (Err(code), _) => refused(code),
        (Ok(()), Ok(verdict)) => format!("verified: {verdict}"),
        (Ok(()), Err(code)) => format!("signature good; {}", refused(*code)),
    };
    Some(difference(judged, ours))
}

fn of_statement(judged: &verdicts::Judged) -> Option<Difference> {
    match judged.verdict {
        Err(code) if is_good(judged) => Some(difference(judged, refused(code))),
        _ => None,
    }
}

fn of_envelope(judged: &verdicts::Judged) -> Option<Difference> {
    match judged.verdict {
        Err(code) if judged.accepted == Some(true) => Some(difference(judged, refused(code))),
        Ok(_) if judged.accepted != Some(true) => panic!("{}: accepted on its own word", judged.path),
        _ => None,
    }
}

fn difference(judged: &verdicts::Judged, ours: String) -> Difference {
    Difference {
        path: judged.path.clone(),
        other: judged.said.clone(),
        ours,
    }
}

fn log_entry_section() -> Section {
    let all = log_entries::all();
    let differ = |entry: &&log_entries::Judged| entry.accepted != entry.found.is_ok();
    let row = |entry: &log_entries::Judged| Difference {
        path: entry.path.clone(),
        other: format!("`{}`; {}", entry.kind, entry.said),
        ours: entry.found.map_or_else(refused, |()| "accepted".to_owned()),
    };
    Section {
        title: "Log entries",
        text: "The other check verifies the log's signature and inclusion proof of the entry alone. Ours judges the entry as evidence: a \
               `hashedrekord` one as the bundle that it holds, any other as the log's answer for an envelope.",
        compared: all.len(),
        rows: all.iter().filter(differ).map(row).collect(),
    }
}

fn conformance_section() -> Section {
    let all = conformance::cases();
    let mut rows = Vec::new();
    for case in &all {
        let (accepts, said) = &case.other;
        let ours = case.found.map_or_else(refused, |()| "accepted".to_owned());
        if *accepts == case.found.is_ok() && case.expected == case.found.is_ok() {
            continue;
        }
        let expected = if case.expected { "pass" } else { "fail" };
        rows.push(Difference {
            path: case.path.clone(),
            other: format!("suite: {expected}; sigstore-python: {}", first_words(said)),
            ours,
        });
    }
    Section {
        title: "Cases of sigstore-conformance",
        text: "The suite's `bundle-verify` cases and what sigstore-python 4.5.1 makes of them.",
        compared: all.len(),
        rows,
    }
}

/// The reasons by file: paragraphs of one sentence and the files below it, indented.
fn reasons() -> BTreeMap<&'static str, &'static str> {
    let mut reasons = BTreeMap::new();
    let mut sentence = "";
    for line in include_str!("reasons.txt").lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("    ") {
            None => sentence = line,
            Some(file) => {
                assert!(!sentence.is_empty(), "{file} comes before any reason");
                assert_eq!(reasons.insert(file, sentence), None, "{file} has two reasons");
            }
        }
    }
    reasons
}

fn document() -> String {
    let mut reasons = reasons();
    let mut text = String::from(
        "# Where verdicts differ from other tools'\n\n\
         Every file of the real data (`SLSA_PIP_DATA`) that another tool judges otherwise, and why. The rules (A1 to F4) are those of the \
         verification design, the codes those of [codes.md](codes.md). Computed by `crates/verify/tests/real`, which judges every file of \
         the data's manifest and fails if a row is missing, stale or without a reason; `SLSA_PIP_WRITE_DOCS=1` writes it anew.\n",
    );
    for section in sections() {
        let Section {
            title,
            text: about,
            compared,
            rows,
        } = section;
        write!(
            text,
            "\n## {title}\n\n{about}\n\n{} of {compared} differ.\n\n| file | other tool | ours | why |\n|---|---|---|---|\n",
            rows.len()
        )
        .unwrap();
        for Difference { path, other, ours } in rows {
            let why = reasons.remove(path.as_str());
            let why = why.unwrap_or_else(|| panic!("no reason for {path}: {other} | {ours}"));
            for cell in [&path, &other, &ours, &why.to_owned()] {
                assert!(!cell.contains(['|', '\n']), "{cell}");
            }
            writeln!(text, "| `{path}` | {other} | {ours} | {why} |").unwrap();
        }
    }
    assert!(reasons.is_empty(), "reasons without a difference: {:?}", reasons.keys());
    text
}

/// Set `SLSA_PIP_WRITE_DOCS` to write the document anew.
#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn the_document_names_every_difference() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdict-differences.md");
    let document = document();
    if std::env::var_os("SLSA_PIP_WRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == document,
        "docs/verdict-differences.md is not what the tests find: run this once with SLSA_PIP_WRITE_DOCS=1 and look at what changes"
    );
}
