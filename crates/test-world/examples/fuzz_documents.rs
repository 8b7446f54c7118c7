//! Writes the signed documents that the fuzz targets change: `cargo run -p slsa-pip-test-world --example fuzz_documents -- DIR`.
//!
//! The same seed and the same calls give the same bytes, so that the files can be made again and compared.

use serde_json::{Value, json};
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, LogKind, Signed, SigningOptions, TestSigstore};
use std::path::Path;
use std::{env, fs, io};

/// Files that documents are about, so that what speaks of one can be tried for another.
const FILES: [(&str, &[u8]); 3] = [
    ("foo-1.0.0-py3-none-any.whl", b"the first wheel"),
    ("foo-1.0.1-cp312-cp312-manylinux_2_17_x86_64.whl", b"the second wheel"),
    ("bar-2.0.tar.gz", b"an sdist"),
];

struct Maker {
    sigstore: TestSigstore,
    github: TestSigstore,
    lines: Vec<Value>,
}

impl Maker {
    fn sign(&self, identity: &Identity, statement: &Value, options: SigningOptions) -> Signed {
        self.sigstore.sign_statement(identity, statement, options)
    }

    /// One line: the document, the file it is about, and for classic envelopes what the log answers.
    fn add(&mut self, name: &str, file: usize, identity: &Identity, document: String, answers: Value) {
        let pinned = identity.issuer.contains("githubusercontent") && identity.san.is_none();
        self.lines.push(json!({
            "name": name,
            "file": subjects(file)[0].name,
            "sha256": subjects(file)[0].sha256,
            "repository": pinned.then_some(&identity.repository),
            "document": document,
            "answers": answers,
        }));
    }
}

fn subjects(file: usize) -> Vec<Subject> {
    let (name, bytes) = FILES[file];
    vec![Subject::of(name, bytes)]
}

fn main() -> io::Result<()> {
    let Some(directory) = env::args_os().nth(1) else {
        return Err(io::Error::other("name the directory to write to"));
    };
    let mut maker = Maker {
        sigstore: TestSigstore::new(7),
        github: TestSigstore::github_internal(8),
        lines: Vec::new(),
    };
    let foo = Identity::slsa_generator("acme/foo").tag("v1.0.0");
    let own = Identity::github("acme/bar").tag("v2.0").environment("release");
    // Other entries first, so that inclusion proofs are not empty.
    for _ in 0..5 {
        maker.sign(&foo, &slsa_v02(&foo, &subjects(0)), SigningOptions::default());
    }
    bundles(&mut maker, &foo, &own);
    classics(&mut maker, &foo);
    published(&mut maker, &own);
    write(Path::new(&directory), &maker)
}

fn bundles(maker: &mut Maker, foo: &Identity, own: &Identity) {
    let (dsse, intoto) = (
        SigningOptions::default(),
        SigningOptions::with_kind(LogKind::IntotoV002),
    );
    let stamped = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let signed = maker.sign(foo, &slsa_v02(foo, &subjects(0)), dsse);
    maker.add("bundle-v03", 0, foo, signed.bundle_v03().to_string(), Value::Null);
    maker.add("bundle-v01", 0, foo, signed.bundle_v01().to_string(), Value::Null);
    let signed = maker.sign(foo, &slsa_v02(foo, &subjects(1)), intoto);
    maker.add(
        "bundle-v02-intoto",
        1,
        foo,
        signed.bundle_v02().to_string(),
        Value::Null,
    );
    let signed = maker.sign(own, &slsa_v1(own, &subjects(2)), stamped);
    maker.add(
        "bundle-own-stamped",
        2,
        own,
        signed.bundle_v03().to_string(),
        Value::Null,
    );
    let signed = maker.github.sign_statement(own, &slsa_v1(own, &subjects(2)), dsse);
    maker.add("bundle-github", 2, own, signed.bundle_v03().to_string(), Value::Null);
}

fn classics(maker: &mut Maker, foo: &Identity) {
    for (name, kind, with_certificate) in [
        ("classic-dsse", LogKind::Dsse, true),
        ("classic-dsse-bare", LogKind::Dsse, false),
        ("classic-intoto-001", LogKind::IntotoV001, true),
        ("classic-intoto-001-bare", LogKind::IntotoV001, false),
        ("classic-intoto-002", LogKind::IntotoV002, true),
    ] {
        let signed = maker.sign(foo, &slsa_v02(foo, &subjects(1)), SigningOptions::with_kind(kind));
        maker.add(
            name,
            1,
            foo,
            signed.classic_envelope(with_certificate),
            signed.log_answer(),
        );
    }
}

fn published(maker: &mut Maker, own: &Identity) {
    let signed = maker.sign(own, &publish(&subjects(2)), SigningOptions::default());
    maker.add("pep740", 2, own, signed.pep740_provenance().to_string(), Value::Null);
    let google = Identity::github("acme/bar")
        .claim(1, "https://accounts.google.com")
        .claim(8, "https://accounts.google.com")
        .san(San::Email("bot@acme.example".to_owned()));
    let google = (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(google, Identity::without_claim);
    let signed = maker.sign(&google, &publish(&subjects(0)), SigningOptions::default());
    maker.add(
        "pep740-google",
        0,
        &google,
        signed.pep740_attestation().to_string(),
        Value::Null,
    );
}

fn write(directory: &Path, maker: &Maker) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(
        directory.join("trusted_root.json"),
        maker.sigstore.trusted_root_json() + "\n",
    )?;
    fs::write(
        directory.join("github_trusted_root.json"),
        maker.github.trusted_root_json() + "\n",
    )?;
    let lines: String = maker.lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(directory.join("documents.jsonl"), lines)
}
