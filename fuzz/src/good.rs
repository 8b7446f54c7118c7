//! Good signed documents, made once by the test Sigstore (`crates/test-world/examples/fuzz_documents.rs`).

use std::path::PathBuf;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, Found, RekorAnswer, SourceKind};
use slsa_pip_verify::{Context, StagedFile, TrustRoots, Verified, verify_file};

use crate::proof::Proof;

/// The roots and every document that they vouch for.
pub struct World {
    /// The test Sigstore's roots, like the public-good one and GitHub's own.
    pub roots: TrustRoots,
    /// After everything was signed.
    pub now: Timestamp,
    /// The documents, each accepted as it is.
    pub documents: Vec<Document>,
}

/// A good document, and what is accepted on its strength.
pub struct Document {
    /// What it is.
    pub name: String,
    /// The only file that it is about.
    pub file: StagedFile,
    /// The repository to pin; `None` for identities that have none.
    pub repository: Option<String>,
    /// The text.
    pub text: String,
    /// The same as a value.
    pub json: Value,
    /// What the log answers for a classic envelope, as an object from ids to entries.
    pub answers: Value,
    /// The parts on which everything rests.
    pub proof: Proof,
    /// The verdict, without where the document was found.
    pub verdict: Value,
}

/// Read and judged once.
pub static WORLD: LazyLock<World> = LazyLock::new(World::load);

impl World {
    fn load() -> Self {
        let roots = TrustRoots::new(
            include_str!("../good/trusted_root.json"),
            Some(include_str!("../good/github_trusted_root.json")),
        );
        let mut world = Self {
            roots: roots.expect("the test roots are good"),
            now: "2026-01-01T00:00:00Z".parse().expect("a time"),
            documents: Vec::new(),
        };
        let lines = include_str!("../good/documents.jsonl").lines();
        let documents = lines.map(|line| world.document(line)).collect();
        world.documents = documents;
        world
    }

    fn document(&self, line: &str) -> Document {
        let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        let (name, file) = (text("name").expect("a name"), text("file").expect("a file"));
        let document = text("document").expect("a document");
        let sha256 = text("sha256").expect("a digest").parse().expect("a digest");
        let file = StagedFile::new(PathBuf::from(&file), file, sha256, 1);
        let repository = text("repository");
        let answers = line["answers"].take();
        let evidence = evidence(document.as_bytes(), &read_answers(&answers));
        let verdict = self.judge(&file, &evidence, repository.as_deref(), self.now);
        let verdict = verdict.unwrap_or_else(|| panic!("{name} is not accepted as it is"));
        let [evidence] = evidence.as_slice() else {
            panic!("{name} is not one attestation");
        };
        Document {
            json: serde_json::from_str(&document).expect("JSON"),
            text: document,
            proof: Proof::of(evidence),
            verdict: comparable(&verdict),
            name,
            file,
            repository,
            answers,
        }
    }

    /// The verdict on a file, with this repository pinned; `None` if it is refused.
    pub fn judge(
        &self,
        file: &StagedFile,
        evidence: &[Evidence],
        repository: Option<&str>,
        now: Timestamp,
    ) -> Option<Verified> {
        let expectation = Expectation {
            repositories: repository.iter().filter_map(|name| name.parse().ok()).collect(),
            ..Expectation::default()
        };
        let ctx = Context {
            roots: &self.roots,
            expectation: &expectation,
            now,
            package: None,
        };
        verify_file(file, evidence, &ctx).ok()
    }
}

/// A verdict without what depends on where the evidence was found and what was pinned.
pub fn comparable(verified: &Verified) -> Value {
    let mut verdict = serde_json::to_value(verified).expect("a verdict is JSON");
    if let Some(basis) = verdict.get_mut("basis").and_then(Value::as_object_mut) {
        for key in ["found", "format", "pinned", "pinned_by"] {
            basis.remove(key);
        }
    }
    verdict
}

/// The attestations of a document, classic envelopes with these answers of the log.
pub fn evidence(document: &[u8], answers: &[RekorAnswer]) -> Vec<Evidence> {
    let parsed = slsa_pip_provenance::parse_provenance(document);
    let located = parsed.attestations.into_iter();
    located
        .map(|located| Evidence {
            log_answers: match &*located.item {
                Attestation::Classic(_) => answers.to_vec(),
                Attestation::Bundle(_) | Attestation::Pep740(_) => Vec::new(),
            },
            attestation: located.item,
            found: Found {
                kind: SourceKind::File,
                location: String::new(),
                line: located.line,
            },
        })
        .collect()
}

/// An object from ids to entries, as the log's API answers.
pub fn read_answers(answers: &Value) -> Vec<RekorAnswer> {
    let entries = answers.as_object().into_iter().flatten();
    entries
        .map(|(uuid, entry)| RekorAnswer {
            uuid: uuid.clone(),
            entry: entry.clone(),
        })
        .collect()
}
