//! Good documents of every format, signed by the test Sigstore or, where `SLSA_PIP_DATA` is set, real ones.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, Evidence, Found, RekorAnswer, SourceKind, parse_provenance};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, LogKind, Signed, TestSigstore};
use slsa_pip_verify::{Context, StagedFile, TrustRoots, verify_file, verify_signature_bundle};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
/// Entries in the test log, so that inclusion proofs have a length like real ones' lower levels.
const OTHER_ENTRIES: usize = 64;
/// Lines of the release file, of which the last is about the wheel.
const RELEASE_LINES: usize = 64;

/// A document with everything that its verdict depends on.
pub struct Document {
    pub name: &'static str,
    pub text: Vec<u8>,
    answers: Vec<RekorAnswer>,
    file: StagedFile,
    repository: Option<&'static str>,
    /// The exact identity and issuer, for documents that sign a file instead of a statement.
    signer: Option<(String, String)>,
    roots: Arc<TrustRoots>,
}

/// A document that was read, and what it is judged by.
pub struct Read<'a> {
    document: &'a Document,
    evidence: Vec<Evidence>,
    expectation: Expectation,
}

impl Document {
    /// Reads the document; this is what the `parse` benchmarks time.
    pub fn parse(&self) -> Vec<Evidence> {
        let parsed = parse_provenance(&self.text);
        let located = parsed.attestations.into_iter();
        located.map(|located| self.evidence(located.item)).collect()
    }

    fn evidence(&self, attestation: Arc<Attestation>) -> Evidence {
        Evidence {
            attestation,
            found: Found {
                kind: SourceKind::File,
                location: self.name.to_owned(),
                line: None,
            },
            log_answers: self.answers.clone(),
        }
    }

    /// Reads the document and makes sure that it verifies.
    pub fn read(&self) -> Read<'_> {
        let repository = self.repository.map(|text| text.parse().expect("a repository"));
        let read = Read {
            document: self,
            evidence: self.parse(),
            expectation: Expectation {
                repositories: repository.into_iter().collect(),
                pinned_by: self.repository.map(|_| "--source-uri".to_owned()),
                ..Expectation::default()
            },
        };
        assert!(read.verify(), "{} does not verify", self.name);
        read
    }
}

impl Read<'_> {
    /// Verifies the document; this is what the `verify` benchmarks time.
    pub fn verify(&self) -> bool {
        let Document {
            file, roots, signer, ..
        } = self.document;
        if let Some((identity, issuer)) = signer {
            let Some(Attestation::Bundle(bundle)) = self.evidence.first().map(|evidence| evidence.attestation.as_ref())
            else {
                return false;
            };
            return verify_signature_bundle(&bundle.json, file.sha256(), identity, issuer, roots, now()).is_ok();
        }
        let ctx = Context {
            roots,
            expectation: &self.expectation,
            now: now(),
            package: None,
        };
        verify_file(file, &self.evidence, &ctx).is_ok()
    }
}

/// After everything was signed.
fn now() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().expect("a time")
}

/// Every document: those signed here first.
pub static ALL: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let mut all = signed_here();
    all.extend(real());
    all
});

/// The names of all documents.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|document| document.name)
}

/// The document of a name.
pub fn named(name: &str) -> &'static Document {
    ALL.iter().find(|document| document.name == name).expect("a document")
}

fn staged(name: &str, sha256: Sha256Digest) -> StagedFile {
    StagedFile::new(PathBuf::from(name), name.to_owned(), sha256, 1)
}

fn digest(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(*sigstore_verify::crypto::sha256(bytes).as_bytes())
}

fn answers(signed: &Signed) -> Vec<RekorAnswer> {
    let answer = signed.log_answer();
    let entries = answer.as_object().expect("an object").iter();
    entries
        .map(|(uuid, entry)| RekorAnswer {
            uuid: uuid.clone(),
            entry: entry.clone(),
        })
        .collect()
}

fn signed_here() -> Vec<Document> {
    let (sigstore, github) = (TestSigstore::new(1), TestSigstore::github_internal(2));
    let roots = TrustRoots::new(&sigstore.trusted_root_json(), Some(&github.trusted_root_json())).expect("roots");
    let roots = Arc::new(roots);
    let subjects = [Subject::of(WHEEL, BYTES)];
    let (generator, own) = (Identity::slsa_generator("acme/foo"), Identity::github("acme/foo"));
    for _ in 0..OTHER_ENTRIES {
        sigstore.sign_artifact(&own, b"something else", SigningOptions::default());
    }
    let build_of = |kind, subjects: &[Subject]| {
        sigstore.sign_statement(
            &generator,
            &slsa_v02(&generator, subjects),
            SigningOptions::with_kind(kind),
        )
    };
    let build = |kind| build_of(kind, &subjects);
    let document = |name, text: String, answers| Document {
        name,
        text: text.into_bytes(),
        answers,
        file: staged(WHEEL, digest(BYTES)),
        repository: Some("acme/foo"),
        signer: None,
        roots: Arc::clone(&roots),
    };
    let (v1, v2, dsse) = (
        build(LogKind::IntotoV001),
        build(LogKind::IntotoV002),
        build(LogKind::Dsse),
    );
    let (v2_dsse, v2_hashed) = (build(LogKind::DsseV002), build(LogKind::HashedRekordV002));
    let lines = (1..RELEASE_LINES).map(|number| {
        let other = Subject::of(&format!("foo-1.0.{number}-py3-none-any.whl"), &number.to_be_bytes());
        build_of(LogKind::Dsse, &[other]).bundle_v03().to_string() + "\n"
    });
    let release = lines.collect::<String>() + &dsse.bundle_v03().to_string();
    let published = sigstore.sign_statement(&own, &publish(&subjects), SigningOptions::default());
    let internal = github.sign_statement(&own, &slsa_v1(&own, &subjects), SigningOptions::default());
    let artifact = sigstore.sign_artifact(&own, BYTES, SigningOptions::default());
    vec![
        document("classic_intoto_001", v1.classic_envelope(true), answers(&v1)),
        document("classic_intoto_002", v2.classic_envelope(true), answers(&v2)),
        document("classic_dsse", dsse.classic_envelope(true), answers(&dsse)),
        document("classic_dsse_no_cert", dsse.classic_envelope(false), answers(&dsse)),
        document("bundle_v03_dsse", dsse.bundle_v03().to_string(), Vec::new()),
        document("bundle_v02_intoto_002", v2.bundle_v02().to_string(), Vec::new()),
        Document {
            signer: Some((
                own.signer_url(),
                "https://token.actions.githubusercontent.com".to_owned(),
            )),
            ..document("bundle_v03_hashedrekord", artifact.bundle_v03().to_string(), Vec::new())
        },
        document("rekor_v2_dsse", v2_dsse.bundle_v03().to_string(), Vec::new()),
        document("rekor_v2_hashedrekord", v2_hashed.bundle_v03().to_string(), Vec::new()),
        document("release_file_of_64", release, Vec::new()),
        document("github_internal", internal.bundle_v03().to_string(), Vec::new()),
        document("pep740", published.pep740_provenance().to_string(), Vec::new()),
    ]
}

/// Real documents, by file, with the repository that is pinned.
const REAL: [(&str, &str, Option<&str>); 7] = [
    (
        "real_bundle_v03_dsse",
        "classic-dsse/gha_generic-v2.1.0-binary-linux-amd64-push-v14.2.intoto.jsonl",
        Some("slsa-framework/example-package"),
    ),
    (
        "real_bundle_intoto_002",
        "bundles/slsa-verifier__container-based-v2.1.0__binary-linux-amd64-push-v14.2.intoto.build.slsa",
        Some("slsa-framework/example-package"),
    ),
    ("real_hashedrekord", "bundles/cpython-3.14.3.sigstore.json", None),
    (
        "real_rekor_v2_dsse",
        "bundles/sigstore_sigstore-java__ab4ef344__bundle.dsse.rekor-v2.sigstore",
        None,
    ),
    (
        "real_github_internal",
        "bundles/cli_cli__4dffc8fd__github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl",
        Some("actions/attest-demo"),
    ),
    (
        "real_pep740_publish",
        "pep740/abi3info-2024.10.8-py3-none-any.whl.provenance",
        None,
    ),
    (
        "real_pep740_slsa",
        "pep740/pypi_attestations-0.0.19.tar.gz.slsa.attestation",
        Some("trailofbits/pypi-attestations"),
    ),
];

/// Those that are no evidence for a file to install; their signature is verified alone.
const SIGNATURE_ALONE: [&str; 2] = ["real_hashedrekord", "real_rekor_v2_dsse"];

fn real() -> Vec<Document> {
    let Some(data) = std::env::var_os("SLSA_PIP_DATA").map(PathBuf::from) else {
        return Vec::new();
    };
    let text = |path: &str| std::fs::read_to_string(data.join(path)).expect("the data holds it");
    let roots = TrustRoots::new(
        &text("trusted-roots/public-good.trusted_root.json"),
        Some(&text("trusted-roots/github-internal.trusted_root.json")),
    );
    let roots = Arc::new(roots.expect("roots"));
    let manifest: Value = serde_json::from_str(&text("MANIFEST.json")).expect("JSON");
    let items = manifest.get("items").and_then(Value::as_array).expect("items");
    let document = |(name, path, repository): (&'static str, &str, Option<&'static str>)| {
        let item = items.iter().find(|item| item["file"] == path).expect("an item");
        let field = |key: &str| item[key].as_str().unwrap_or_default();
        Document {
            name,
            text: text(path).into_bytes(),
            answers: Vec::new(),
            file: staged(field("artifact"), field("artifact_sha256").parse().expect("a digest")),
            repository,
            signer: SIGNATURE_ALONE
                .contains(&name)
                .then(|| (field("san").to_owned(), field("issuer").to_owned())),
            roots: Arc::clone(&roots),
        }
    };
    REAL.into_iter().map(document).collect()
}
