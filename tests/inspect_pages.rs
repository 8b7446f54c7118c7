//! Whole pages of `slsa-pip inspect`, word by word, and the provenance that it finds beside a file.

use serde_json::{Value, json};
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, Signed, TestSigstore};
use tempfile::TempDir;

use crate::support::{Run, folder, slsa_pip};

const WHEEL: &str = "rocket-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";

fn subjects() -> Vec<Subject> {
    vec![Subject::of(WHEEL, BYTES)]
}

fn sign(identity: &Identity, statement: &Value) -> Signed {
    TestSigstore::new(1).sign_statement(identity, statement, SigningOptions::default())
}

fn write(directory: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(directory.path().join(name), content).unwrap();
}

/// What is shown of `name` in the folder.
#[track_caller]
fn page(directory: &TempDir, name: &str, code: i32) -> String {
    let run = Run::of(slsa_pip(directory.path()).args(["inspect", name])).exits(code);
    assert_eq!(run.stdout, "");
    run.stderr
}

fn document(directory: &TempDir, name: &str) -> Value {
    Run::of(slsa_pip(directory.path()).args(["inspect", name, "--format", "json"])).json()
}

/// The page without what every certificate has: compared line by line, so that a difference shows where it is.
#[track_caller]
fn assert_page(shown: &str, expected: &str) {
    for (shown, expected) in shown.lines().zip(expected.lines()) {
        assert_eq!(shown, expected);
    }
    assert_eq!(shown.lines().count(), expected.lines().count(), "{shown}");
}

const GENERATOR_PAGE: &str = "\
Nothing below was verified: it is what `p.intoto.jsonl` says, and anybody can write such a file.
To verify: `slsa-pip verify FILE --provenance p.intoto.jsonl`

p.intoto.jsonl
  format       Sigstore bundle
  media type   application/vnd.dev.sigstore.bundle.v0.3+json
  payload type application/vnd.in-toto+json
  predicate    https://slsa.dev/provenance/v0.2
  subject      sha256:{sha256} rocket-1.0.0-py3-none-any.whl
  log entry    dsse 0.0.1, index {index}, integrated at 2025-06-01T12:00:00Z
  Vouched for by the certificate (if it verifies):
    identity                    https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0
    valid                       2025-06-01T11:59:58Z to 2025-06-01T12:09:58Z
    issuer (old)                https://token.actions.githubusercontent.com
    trigger (old)               workflow_dispatch
    commit (old)                c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    workflow name (old)         release
    repository (old)            acme/rocket
    ref (old)                   refs/tags/v1.0.0
    issuer                      https://token.actions.githubusercontent.com
    build signer URI            https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0
    build signer digest         5a775b367a56d5bd118a224a811bba288150a563
    runner environment          github-hosted
    source repository URI       https://github.com/acme/rocket
    source repository digest    c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    source repository ref       refs/tags/v1.0.0
    source repository id        538293197
    source repository owner URI https://github.com/acme
    source repository owner id  3059210
    build config URI            https://github.com/acme/rocket/.github/workflows/release.yml@refs/tags/v1.0.0
    build config digest         c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    build trigger               workflow_dispatch
    run invocation URI          https://github.com/acme/rocket/actions/runs/11243052988/attempts/1
    source repository visibility public
  Written by the build (forgeable):
    builder id                  https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0
    build type                  https://github.com/slsa-framework/slsa-github-generator/generic@v1
    source uri                  git+https://github.com/acme/rocket@refs/tags/v1.0.0
    source digest               c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    reference                   refs/tags/v1.0.0
    ref type                    tag
    sha                         c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    trigger uri                 git+https://github.com/acme/rocket@refs/tags/v1.0.0
    trigger digest              c1b8afd3d6ca038dc2bb512503c619fcab489d2b
    entry point                 .github/workflows/release.yml
    event name                  workflow_dispatch
    repository id               538293197
    owner id                    3059210
    run id                      11243052988
    run attempt                 1
    invocation id               11243052988-1
    started on                  2025-06-01T11:58:00Z
    finished on                 2025-06-01T11:59:00Z
    input                       release = true
";

#[test]
fn a_generators_bundle_is_shown_in_full() {
    let identity = Identity::slsa_generator("acme/rocket").trigger("workflow_dispatch");
    let mut statement = slsa_v02(&identity, &subjects());
    let predicate = &mut statement["predicate"];
    predicate["metadata"]["buildStartedOn"] = "2025-06-01T11:58:00Z".into();
    predicate["metadata"]["buildFinishedOn"] = "2025-06-01T11:59:00Z".into();
    predicate["invocation"]["environment"]["github_event_payload"] = json!({"inputs": {"release": "true"}});
    let signed = sign(&identity, &statement);
    let directory = folder();
    write(&directory, "p.intoto.jsonl", signed.bundle_v03().to_string());
    let expected = GENERATOR_PAGE
        .replace("{sha256}", &subjects()[0].sha256)
        .replace("{index}", &signed.log_index().to_string());
    assert_page(&page(&directory, "p.intoto.jsonl", 0), &expected);
}

/// The page of a document, its groups' lines left out.
fn outline(directory: &TempDir, name: &str) -> String {
    let shown = page(directory, name, 0);
    let lines = shown.lines().filter(|line| !line.starts_with("    "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_format_says_what_it_is_and_how_it_is_verified() {
    let directory = folder();
    let own = Identity::github("acme/rocket");
    let sha256 = &subjects()[0].sha256;
    let warning = "Nothing below was verified: it is what `p` says, and anybody can write such a file.";
    let verify = "To verify: `slsa-pip verify FILE --provenance p`";
    let subject = format!("  subject      sha256:{sha256} {WHEEL}");
    let vouched = "  Vouched for by the certificate (if it verifies):";
    let written = "  Written by the build (forgeable):";

    let published = sign(&own, &publish(&subjects()));
    let index = published.log_index();
    write(&directory, "p", published.pep740_provenance().to_string());
    assert_page(
        &outline(&directory, "p"),
        &format!(
            "{warning}\n{verify}\n\np:1\n  format       PEP 740 attestation\n  predicate    https://docs.index.example/attestations/publish/v1\n{subject}\n  log entry    dsse 0.0.1, index {index}, integrated at 2025-06-01T12:00:00Z\n{vouched}\n  Written by the index (unsigned):"
        ),
    );

    let internal = TestSigstore::github_internal(2);
    let signed = internal.sign_statement(&own, &slsa_v1(&own, &subjects()), SigningOptions::default());
    write(&directory, "p", signed.bundle_v03().to_string());
    assert_page(
        &outline(&directory, "p"),
        &format!(
            "{warning}\n{verify}\n\np\n  format       Sigstore bundle\n  media type   application/vnd.dev.sigstore.bundle.v0.3+json\n  payload type application/vnd.in-toto+json\n  predicate    https://slsa.dev/provenance/v1\n{subject}\n  log entry    none\n  timestamp    2025-06-01T12:00:00Z (RFC 3161)\n{vouched}\n{written}"
        ),
    );

    let message = TestSigstore::new(1).sign_artifact(&own, BYTES, SigningOptions::default());
    let index = message.log_index();
    write(&directory, "p", message.bundle_v03().to_string());
    assert_page(
        &outline(&directory, "p"),
        &format!(
            "{warning}\nTo verify the signature over the file itself: `slsa-pip verify-bundle FILE --bundle p --certificate-identity WHO --certificate-oidc-issuer ISSUER`\n\np\n  format       Sigstore bundle\n  media type   application/vnd.dev.sigstore.bundle.v0.3+json\n  subject      sha256:{sha256} (without a name)\n  log entry    hashedrekord 0.0.1, index {index}, integrated at 2025-06-01T12:00:00Z\n{vouched}"
        ),
    );

    let generator = Identity::slsa_generator("acme/rocket");
    let classic = sign(&generator, &slsa_v02(&generator, &subjects()));
    write(&directory, "p", classic.classic_envelope(true));
    assert_page(
        &outline(&directory, "p"),
        &format!(
            "{warning}\n{verify}\n\np\n  format       DSSE envelope\n  payload type application/vnd.in-toto+json\n  predicate    https://slsa.dev/provenance/v0.2\n{subject}\n  log entry    none inside; `slsa-pip verify` asks the log for it\n{vouched}\n{written}"
        ),
    );

    write(&directory, "p.rekor.json", "[]");
    assert!(
        page(&directory, "p", 0).contains("  log entry    none inside; the log's answer is stored in p.rekor.json\n")
    );
    assert_eq!(
        document(&directory, "p")["attestations"][0]["stored_log_answers"],
        json!(["p.rekor.json"])
    );

    // Nothing could be read: nothing could be verified either.
    write(&directory, "p", "{}");
    assert!(!page(&directory, "p", 1).contains("To verify"));
}

#[test]
fn provenance_is_found_beside_a_file_under_every_name_that_tools_write() {
    let own = Identity::github("acme/rocket");
    let published = sign(&own, &publish(&subjects()));
    let attestation = published.pep740_attestation().to_string();
    for name in [
        format!("{WHEEL}.intoto.jsonl"),
        format!("{WHEEL}.sigstore.json"),
        format!("{WHEEL}.sigstore"),
        format!("{WHEEL}.attestation"),
        format!("{WHEEL}.publish.attestation"),
        format!("{WHEEL}.provenance"),
        "multiple.intoto.jsonl".to_owned(),
    ] {
        let directory = folder();
        write(&directory, WHEEL, BYTES);
        write(&directory, &name, &attestation);
        let shown = page(&directory, WHEEL, 0);
        for text in [
            format!("it is what stands beside `{WHEEL}`, and anybody can write such files."),
            format!("  sha256       {}", subjects()[0].sha256),
            format!("To verify: `slsa-pip verify {WHEEL} --provenance {name}`"),
            format!("\n{name}\n"),
            "  about        this file: its digest is a subject's".to_owned(),
        ] {
            assert!(shown.contains(&text), "{name}: `{text}` is not in:\n{shown}");
        }
        let read = document(&directory, WHEEL);
        assert_eq!(read["artifact"]["sources"], json!([name]));
        assert_eq!(read["artifact"]["sha256"], subjects()[0].sha256);
        assert_eq!(read["attestations"][0]["source"], name);
        assert_eq!(read["attestations"][0]["is_about_file"], true);
        assert_eq!(read["verified"], false);
    }
}

#[test]
fn what_stands_beside_a_file_may_be_about_others_or_unreadable() {
    let generator = Identity::slsa_generator("acme/rocket");
    let line = |bytes: &[u8]| {
        let statement = slsa_v02(&generator, &[Subject::of(WHEEL, bytes)]);
        sign(&generator, &statement).bundle_v03().to_string()
    };
    let directory = folder();
    write(&directory, WHEEL, BYTES);
    write(
        &directory,
        "multiple.intoto.jsonl",
        format!("{}\n{}\n", line(b"another wheel"), line(BYTES)),
    );
    write(&directory, &format!("{WHEEL}.intoto.jsonl"), line(b"an older build"));
    write(&directory, &format!("{WHEEL}.sigstore.json"), "garbage");
    let shown = page(&directory, WHEEL, 0);
    assert_eq!(shown.matches("its digest is a subject's").count(), 1, "{shown}");
    assert_eq!(shown.matches("no subject has this file's digest").count(), 1, "{shown}");
    assert!(shown.contains("\nmultiple.intoto.jsonl:2\n"), "{shown}");
    assert!(!shown.contains("multiple.intoto.jsonl:1"), "{shown}");
    assert!(shown.contains(&format!("unreadable {WHEEL}.sigstore.json")), "{shown}");
    let read = document(&directory, WHEEL);
    assert_eq!(read["problems"][0]["source"], format!("{WHEEL}.sigstore.json"));

    std::fs::remove_file(directory.path().join("multiple.intoto.jsonl")).unwrap();
    std::fs::remove_file(directory.path().join(format!("{WHEEL}.intoto.jsonl"))).unwrap();
    page(&directory, WHEEL, 1);
}

#[test]
fn a_file_without_any_is_told_so() {
    let directory = folder();
    for (name, content) in [
        (WHEEL, b"PK\x03\x04".as_slice()),
        ("rocket-1.0.0.tar.gz", b""),
        ("tool.bin", b"#!/bin/sh\n"),
    ] {
        write(&directory, name, content);
        let shown = page(&directory, name, 1);
        assert!(
            shown.starts_with(&format!("`{name}` is no provenance, and there is none beside it.\n")),
            "{shown}"
        );
        assert!(
            shown.contains(&format!("  looked for   {name}.intoto.jsonl\n")),
            "{shown}"
        );
        assert!(!shown.contains("To verify"), "{shown}");
        let read = document(&directory, name);
        assert_eq!((&read["attestations"], &read["problems"]), (&json!([]), &json!([])));
        assert_eq!(read["artifact"]["sources"], json!([]));
        assert!(read["artifact"]["looked_for"].as_array().unwrap().len() > 8);
    }
    // A name that `verify` takes for a digest is a file here.
    #[cfg(unix)]
    {
        let odd = format!("sha256:{}", "0".repeat(64));
        write(&directory, &odd, "a file");
        assert!(page(&directory, &odd, 1).contains("there is none beside it"));
    }
    // JSON that is no provenance keeps its own problem, unless provenance stands beside it.
    write(&directory, "data.json", "{}");
    assert!(page(&directory, "data.json", 1).contains("[unknown-format]"));
    let own = Identity::github("acme/rocket");
    let message = TestSigstore::new(1).sign_artifact(&own, b"{}", SigningOptions::default());
    write(&directory, "data.json.sigstore.json", message.bundle_v03().to_string());
    let shown = page(&directory, "data.json", 0);
    assert!(
        shown.contains("`slsa-pip verify-bundle data.json --bundle data.json.sigstore.json --certificate-identity WHO"),
        "{shown}"
    );
    assert!(shown.contains("its digest is a subject's"), "{shown}");
}
