//! Writes the signed documents that the fuzz targets change: `cargo run -p slsa-pip-test-world --example fuzz_documents -- DIR`.
//!
//! The same seed and the same calls give the same bytes, so that the files can be made again and compared.

use serde_json::{Value, json};
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::tuf::{TufRepository, TufRole};
use slsa_pip_test_world::{Identity, LogKind, Signed, SigningOptions, TestSigstore};
use std::path::Path;
use std::{env, fs, io};

/// A file by its name and its bytes.
type File = (&'static str, &'static [u8]);

// What documents are about, so that what speaks of one can be tried for another.
const FIRST: File = ("foo-1.0.0-py3-none-any.whl", b"the first wheel");
const SECOND: File = ("foo-1.0.1-cp312-cp312-manylinux_2_17_x86_64.whl", b"the second wheel");
const SDIST: File = ("bar-2.0.tar.gz", b"an sdist");

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
    fn add(&mut self, name: &str, file: File, identity: &Identity, document: &str, answers: &Value) {
        let pinned = identity.issuer.contains("githubusercontent") && identity.san.is_none();
        let subject = subject(file);
        self.lines.push(json!({
            "name": name,
            "file": subject.name,
            "sha256": subject.sha256,
            "repository": pinned.then_some(&identity.repository),
            "document": document,
            "answers": answers,
        }));
    }
}

fn subject((name, bytes): File) -> Subject {
    Subject::of(name, bytes)
}

fn subjects(file: File) -> [Subject; 1] {
    [subject(file)]
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
    let generated = Identity::slsa_generator("acme/foo").tag("v1.0.0");
    let own = Identity::github("acme/bar").tag("v2.0").environment("release");
    // Other entries first, so that inclusion proofs are not empty.
    for _ in 0..5 {
        maker.sign(
            &generated,
            &slsa_v02(&generated, &subjects(FIRST)),
            SigningOptions::default(),
        );
    }
    bundles(&mut maker, &generated, &own);
    classics(&mut maker, &generated);
    published(&mut maker, &own);
    rekor_v2(&mut maker, &generated);
    write(Path::new(&directory), &maker)
}

fn bundles(maker: &mut Maker, generated: &Identity, own: &Identity) {
    let (dsse, intoto) = (
        SigningOptions::default(),
        SigningOptions::with_kind(LogKind::IntotoV002),
    );
    let stamped = SigningOptions {
        timestamp: true,
        ..SigningOptions::default()
    };
    let signed = maker.sign(generated, &slsa_v02(generated, &subjects(FIRST)), dsse);
    maker.add(
        "bundle-v03",
        FIRST,
        generated,
        &signed.bundle_v03().to_string(),
        &Value::Null,
    );
    maker.add(
        "bundle-v01",
        FIRST,
        generated,
        &signed.bundle_v01().to_string(),
        &Value::Null,
    );
    let signed = maker.sign(generated, &slsa_v02(generated, &subjects(SECOND)), intoto);
    maker.add(
        "bundle-v02-intoto",
        SECOND,
        generated,
        &signed.bundle_v02().to_string(),
        &Value::Null,
    );
    let signed = maker.sign(own, &slsa_v1(own, &subjects(SDIST)), stamped);
    maker.add(
        "bundle-own-stamped",
        SDIST,
        own,
        &signed.bundle_v03().to_string(),
        &Value::Null,
    );
    let signed = maker.github.sign_statement(own, &slsa_v1(own, &subjects(SDIST)), dsse);
    maker.add(
        "bundle-github",
        SDIST,
        own,
        &signed.bundle_v03().to_string(),
        &Value::Null,
    );
}

fn classics(maker: &mut Maker, generated: &Identity) {
    for (name, kind, with_certificate) in [
        ("classic-dsse", LogKind::Dsse, true),
        ("classic-dsse-bare", LogKind::Dsse, false),
        ("classic-intoto-001", LogKind::IntotoV001, true),
        ("classic-intoto-001-bare", LogKind::IntotoV001, false),
        ("classic-intoto-002", LogKind::IntotoV002, true),
    ] {
        let signed = maker.sign(
            generated,
            &slsa_v02(generated, &subjects(SECOND)),
            SigningOptions::with_kind(kind),
        );
        maker.add(
            name,
            SECOND,
            generated,
            &signed.classic_envelope(with_certificate),
            &signed.log_answer(),
        );
    }
}

fn published(maker: &mut Maker, own: &Identity) {
    let signed = maker.sign(own, &publish(&subjects(SDIST)), SigningOptions::default());
    maker.add(
        "pep740",
        SDIST,
        own,
        &signed.pep740_provenance().to_string(),
        &Value::Null,
    );
    let google = Identity::github("acme/bar")
        .claim(1, "https://accounts.google.com")
        .claim(8, "https://accounts.google.com")
        .san(San::Email("bot@acme.example".to_owned()));
    let google = (2..=23)
        .filter(|number| ![7, 8].contains(number))
        .fold(google, Identity::without_claim);
    let signed = maker.sign(&google, &publish(&subjects(FIRST)), SigningOptions::default());
    maker.add(
        "pep740-google",
        FIRST,
        &google,
        &signed.pep740_attestation().to_string(),
        &Value::Null,
    );
}

fn rekor_v2(maker: &mut Maker, generated: &Identity) {
    for (name, kind) in [
        ("bundle-rekor-v2-dsse", LogKind::DsseV002),
        ("bundle-rekor-v2-hashedrekord", LogKind::HashedRekordV002),
    ] {
        let signed = maker.sign(
            generated,
            &slsa_v02(generated, &subjects(FIRST)),
            SigningOptions::with_kind(kind),
        );
        maker.add(name, FIRST, generated, &signed.bundle_v03().to_string(), &Value::Null);
    }
}

/// All files of a TUF repository whose root and timestamp keys were replaced, as a client needs them.
fn tuf(trusted_root: &str) -> Value {
    let mut repository = TufRepository::new(9, 1_764_547_200, trusted_root);
    repository.rotate(&[TufRole::Root, TufRole::Timestamp]);
    repository.renew();
    let text = |path: &str| String::from_utf8_lossy(&repository.files()[path]).into_owned();
    json!({
        "start": text("1.root.json"),
        "roots": [text("2.root.json")],
        "timestamp": text(&repository.path(TufRole::Timestamp)),
        "snapshot": text(&repository.path(TufRole::Snapshot)),
        "targets": text(&repository.path(TufRole::Targets)),
        "target": trusted_root,
    })
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
    let tuf = tuf(&maker.sigstore.trusted_root_json());
    fs::write(directory.join("tuf.json"), tuf.to_string() + "\n")?;
    let lines: Vec<String> = maker.lines.iter().map(Value::to_string).collect();
    fs::write(directory.join("documents.jsonl"), lines.join("\n") + "\n")
}
