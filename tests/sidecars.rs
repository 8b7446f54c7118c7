//! Answers of the log that were stored: beside the provenance, in a folder of provenance, in the cache.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::server::fault::Fault;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, slsa_v02};
use slsa_pip_test_world::{Evidence, Faults, Identity, Release, Signed, Wheel};

use crate::support::{Run, Scene};

const FILE: &str = "rocket.bin";
const PROVENANCE: &str = "rocket.bin.intoto.jsonl";

fn identity() -> Identity {
    Identity::slsa_generator("acme/rocket")
}

/// A file, and a classic envelope about it, whose entry is in the log.
fn scene() -> (Scene, Signed) {
    scene_with(SigningOptions::default())
}

fn scene_with(options: SigningOptions) -> (Scene, Signed) {
    let scene = Scene::of([]);
    scene.write(FILE, "the rocket's bytes");
    let signed = sign(&scene, "the rocket's bytes", options);
    scene.write(PROVENANCE, &signed.classic_envelope(true));
    scene.world.forget_requests();
    (scene, signed)
}

fn sign(scene: &Scene, bytes: &str, options: SigningOptions) -> Signed {
    let subjects = [Subject::of(FILE, bytes.as_bytes())];
    let statement = slsa_v02(&identity(), &subjects);
    scene.world.sigstore.sign_statement(&identity(), &statement, options)
}

fn sidecar(answer: &Value) -> String {
    json!([answer]).to_string()
}

fn verify(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.command(&["verify", FILE, "--provenance", PROVENANCE, "--format", "json"]);
    command.args(words);
    command
}

#[track_caller]
fn passes(scene: &Scene, words: &[&str], requests: usize) {
    scene.world.forget_requests();
    let run = Run::of(&mut verify(scene, words)).exits(0);
    assert_eq!(run.json()["requests"], requests, "{words:?}");
    assert_eq!(scene.world.requests().len(), requests, "{words:?}");
}

/// Every place that was asked, with its outcome.
fn searched(scene: &Scene, words: &[&str]) -> Vec<(String, String, String)> {
    let report = Run::of(&mut verify(scene, words)).json();
    let searched = report["files"][0]["searched"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    searched
        .map(|it| (text(&it["location"]), text(&it["outcome"]), text(&it["answer"])))
        .collect()
}

/// The only file in the cache's folder of log answers.
fn kept(scene: &Scene) -> PathBuf {
    let folder = scene.directory.path().join(".cache/rekor");
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let only = files.next().expect("one file");
    assert_eq!(files.next(), None);
    only
}

fn overwrite(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
}

#[test]
fn the_second_time_needs_no_network() {
    let (scene, _) = scene();
    passes(&scene, &[], 1);
    passes(&scene, &[], 0);
    passes(&scene, &["--offline"], 0);
    // Another spelling of the same envelope, another log, or no cache: the log is asked.
    passes(&scene, &["--no-cache-dir"], 1);
    let codes = Run::of(&mut verify(&scene, &["--offline", "--no-cache-dir"]))
        .exits(1)
        .codes();
    assert_eq!(codes, ["log-entry-missing"]);
    let codes = Run::of(&mut verify(&scene, &["--offline", "--rekor-url", "http://127.0.0.1:9"]))
        .exits(1)
        .codes();
    assert_eq!(codes, ["log-entry-missing"]);
}

#[test]
fn several_files_of_one_envelope_cost_one_question_even_without_a_cache() {
    let scene = Scene::of([]);
    let names = ["a.bin", "b.bin", "c.bin"];
    for name in names {
        scene.write(name, name);
    }
    let subjects = names.map(|name| Subject::of(name, name.as_bytes()));
    let statement = slsa_v02(&identity(), &subjects);
    let signed = scene
        .world
        .sigstore
        .sign_statement(&identity(), &statement, SigningOptions::default());
    scene.write(PROVENANCE, &signed.classic_envelope(true));
    let mut command = scene.command(&["verify", "--provenance", PROVENANCE, "--no-cache-dir"]);
    Run::of(command.args(names)).exits(0).says("verified all 3 files");
    assert_eq!(scene.world.requests().len(), 1);
}

#[test]
fn an_answer_beside_the_provenance_or_the_file_is_enough() {
    for name in ["rocket.bin.intoto.jsonl.rekor.json", "rocket.bin.rekor.json"] {
        let (scene, signed) = scene();
        scene.write(name, &sidecar(&signed.log_answer()));
        // The log grows; what it answered about a smaller tree stays proven.
        sign(&scene, "later entries", SigningOptions::default());
        passes(&scene, &[], 0);
        passes(&scene, &["--offline", "--no-cache-dir"], 0);
        // What was not asked of the log is not kept either.
        assert!(!scene.directory.path().join(".cache").exists());
    }
    // The provenance lies elsewhere, the answers beside the file.
    let (scene, signed) = scene();
    std::fs::create_dir(scene.directory.path().join("proofs")).unwrap();
    scene.write("proofs/multiple.intoto.jsonl", &signed.classic_envelope(true));
    scene.write("rocket.bin.rekor.json", &sidecar(&signed.log_answer()));
    let mut command = scene.command(&[
        "verify",
        FILE,
        "--offline",
        "--provenance",
        "proofs/multiple.intoto.jsonl",
    ]);
    Run::of(&mut command).exits(0);
    // For a bare digest there is no file, but the name of the provenance leads there.
    let digest = format!("sha256:{}", Subject::of(FILE, b"the rocket's bytes").sha256);
    let mut command = scene.command(&["verify", &digest, "--offline", "--provenance", PROVENANCE]);
    Run::of(&mut command).exits(0);
}

#[test]
fn bad_answers_are_refused_with_their_code_and_hide_no_good_one() {
    let wrong = |faults: Faults| sidecar(&scene_with(SigningOptions::with_faults(faults)).1.log_answer());
    let foreign = {
        let scene = Scene::of([]);
        sidecar(&sign(&scene, "other bytes", SigningOptions::default()).log_answer())
    };
    let good = scene().1.log_answer();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut answer = good.clone();
        edit(answer.as_object_mut().unwrap().values_mut().next().unwrap());
        sidecar(&answer)
    };
    for (content, code) in [
        (foreign, "log-entry-mismatch"),
        (
            wrong(Faults {
                wrong_set: true,
                ..Faults::default()
            }),
            "set-invalid",
        ),
        (
            wrong(Faults {
                stale_checkpoint: true,
                ..Faults::default()
            }),
            "checkpoint-tree-size",
        ),
        (
            wrong(Faults {
                wrong_inclusion_proof: true,
                ..Faults::default()
            }),
            "inclusion-proof-invalid",
        ),
        (
            edited(&|entry| entry["verification"] = json!({})),
            "inclusion-proof-missing",
        ),
        (edited(&|entry| entry["body"] = "e30=".into()), "log-entry-kind-unknown"),
        (
            edited(&|entry| entry["integratedTime"] = (entry["integratedTime"].as_i64().unwrap() + 1).into()),
            "set-invalid",
        ),
        (edited(&|entry| entry["logID"] = "00".repeat(32).into()), "log-unknown"),
    ] {
        let (scene, _) = scene();
        scene.write("rocket.bin.rekor.json", &content);
        let codes = Run::of(&mut verify(&scene, &["--offline"])).exits(1).codes();
        assert_eq!(codes, [code]);
        assert!(
            !scene.directory.path().join(".cache").exists(),
            "a refused answer is not kept"
        );
        // Online, the log's own answer counts; the bad one is named.
        let asked = searched(&scene, &[]);
        let [.., stored, log] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert!(
            stored.0.ends_with("rocket.bin.rekor.json") && stored.1 == "refused",
            "{asked:?}"
        );
        assert!(stored.2.contains(&format!("[{code}]")), "{asked:?}");
        assert!(log.0.starts_with("transparency log") && log.1 == "found", "{asked:?}");
        passes(&scene, &["--no-cache-dir"], 1);
    }
}

#[test]
fn what_cannot_be_read_is_named_and_never_a_pass() {
    let many = json!(vec![json!({"aa": {}}); 300]).to_string();
    for content in ["", "garbage", "{}", "[1]", "[{\"a\":1}]", &"[".repeat(100_000), &many] {
        let (scene, _) = scene();
        scene.write("rocket.bin.rekor.json", content);
        let codes = Run::of(&mut verify(&scene, &["--offline"])).exits(1).codes();
        assert_eq!(codes, ["log-entry-missing"]);
        let asked = searched(&scene, &["--offline"]);
        assert!(
            asked
                .iter()
                .any(|(location, outcome, _)| location.ends_with(".rekor.json") && outcome == "unreadable"),
            "{asked:?}"
        );
        passes(&scene, &[], 1);
    }
    let (scene, _) = scene();
    scene.write("rocket.bin.rekor.json", "[]");
    let asked = searched(&scene, &["--offline"]);
    assert!(
        asked.iter().any(|(_, _, answer)| answer == "holds no entry"),
        "{asked:?}"
    );
}

#[test]
fn garbage_in_the_cache_is_a_miss_that_the_next_answer_replaces() {
    let (scene, _) = scene();
    passes(&scene, &[], 1);
    let path = kept(&scene);
    let good = std::fs::read_to_string(&path).unwrap();
    let foreign = {
        let other = Scene::of([]);
        sidecar(&sign(&other, "other bytes", SigningOptions::default()).log_answer())
    };
    let large = " ".repeat((1 << 20) + 1);
    for (garbage, outcome) in [
        ("garbage", "unreadable"),
        ("", "unreadable"),
        ("[]", "none"),
        (foreign.as_str(), "refused"),
        (large.as_str(), "unreadable"),
    ] {
        overwrite(&path, garbage);
        let codes = Run::of(&mut verify(&scene, &["--offline"])).exits(1).codes();
        assert_eq!(codes.len(), 1, "never a pass");
        let mut command = scene.command(&["verify", FILE, "--provenance", PROVENANCE, "-v"]);
        Run::of(&mut command).exits(0).says(".cache/rekor: ");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            good,
            "the log's answer replaces it"
        );
        overwrite(&path, garbage);
        let asked = searched(&scene, &[]);
        assert!(
            asked
                .iter()
                .any(|(location, found, _)| location.ends_with(".cache/rekor") && found == outcome),
            "{outcome}: {asked:?}"
        );
        passes(&scene, &[], 0);
    }
}

#[test]
fn a_cache_that_cannot_be_used_costs_a_question_and_no_verdict() {
    let (scene, _) = scene();
    scene.write("no-folder", "a file where the folder should be");
    for _ in 0..2 {
        passes(&scene, &["--cache-dir", "no-folder"], 1);
    }
    let asked = searched(&scene, &["--cache-dir", "no-folder"]);
    assert!(
        asked.iter().any(|(_, _, answer)| answer.contains("could not be kept")),
        "{asked:?}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Where others may write, others may have written.
        passes(&scene, &[], 1);
        let folder = scene.directory.path().join(".cache/rekor");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let codes = Run::of(&mut verify(&scene, &["--offline"])).exits(1).codes();
        assert_eq!(codes, ["log-entry-missing"]);
        passes(&scene, &[], 1);
    }
}

#[test]
fn a_flood_of_envelopes_costs_a_bounded_number_of_questions() {
    let (scene, signed) = scene();
    let good = signed.classic_envelope(true);
    // Each has a signature of its own, which the log has never seen.
    let junk: Vec<String> = (0..200)
        .map(|number| {
            let mut envelope: Value = serde_json::from_str(&good).unwrap();
            envelope["signatures"][0]["sig"] = format!("{number:04}").into();
            envelope.to_string()
        })
        .collect();
    let flood = junk.join("\n");
    scene.write(PROVENANCE, &flood);
    Run::of(&mut verify(&scene, &[])).exits(1);
    let asked = scene.world.requests().len();
    assert!(asked <= 32 * 3, "{asked}");
    // Once an envelope has passed nothing more is asked.
    scene.write(PROVENANCE, &format!("{good}\n{flood}"));
    passes(&scene, &["--no-cache-dir"], 1);
    // What is stored needs no question, wherever it stands.
    scene.write(PROVENANCE, &format!("{flood}\n{good}"));
    scene.write("rocket.bin.rekor.json", &sidecar(&signed.log_answer()));
    passes(&scene, &["--offline", "--no-cache-dir"], 0);
    // Of a thousand copies of answers that are refused a few are kept, to say what is wrong with them.
    scene.write(PROVENANCE, &flood);
    let codes = Run::of(&mut verify(&scene, &["--offline", "--no-cache-dir"]))
        .exits(1)
        .codes();
    let explained = codes.iter().filter(|code| *code == "signature-invalid").count();
    let rest = codes.iter().filter(|code| *code == "log-entry-missing").count();
    assert_eq!((explained, rest), (4, 196), "{codes:?}");
}

#[test]
fn nothing_is_kept_of_a_file_that_is_refused() {
    let (scene, _) = scene();
    let codes = Run::of(&mut verify(&scene, &["--source-tag", "v9"])).exits(1).codes();
    assert_eq!(codes, ["tag-mismatch"]);
    assert_eq!(scene.world.requests().len(), 1);
    assert!(!scene.directory.path().join(".cache").exists());
    // A good stored answer is not blamed for an expectation, and the log is not asked for another.
    passes(&scene, &[], 1);
    scene.world.forget_requests();
    Run::of(&mut verify(&scene, &["--source-tag", "v9"])).exits(1);
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn a_log_that_does_not_answer_is_named_with_the_refusal() {
    let (scene, signed) = scene();
    scene.world.fault("/rekor/", Fault::Status(500));
    let mut command = scene.command(&["verify", FILE, "--provenance", PROVENANCE]);
    Run::of(&mut command)
        .exits(1)
        .says("[log-entry-missing, rule B7]")
        .says("answered with status 500");
    // What is stored stands in for it.
    scene.write("rocket.bin.rekor.json", &sidecar(&signed.log_answer()));
    Run::of(&mut verify(&scene, &[])).exits(0);
}

#[test]
fn an_envelope_without_a_certificate_finds_its_own_in_what_was_kept() {
    let (scene, signed) = scene_with(SigningOptions {
        log_without_certificate: true,
        ..SigningOptions::default()
    });
    scene.write(PROVENANCE, &signed.classic_envelope(false));
    scene.world.forget_requests();
    Run::of(&mut verify(&scene, &[])).exits(0);
    assert!(scene.world.requests().len() >= 2, "the index, then the entries");
    passes(&scene, &[], 0);
}

#[test]
fn install_and_a_folder_of_provenance_use_what_was_stored() {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([Release::new(wheel.clone()).with(Evidence::classic_release(identity(), "v1.0.0"))]);
    let install = |words: &[&str]| {
        scene.world.forget_requests();
        Run::of(scene.install(&["rocket", "--dry-run"]).args(words)).exits(0);
        scene.world.request_count("/rekor/")
    };
    assert_eq!((install(&[]), install(&[]), install(&["--no-cache-dir"])), (1, 0, 1));

    let signed = scene.world.sigstore.sign_statement(
        &identity(),
        &slsa_v02(&identity(), &[Subject::of(&wheel.filename, &wheel.bytes)]),
        SigningOptions::default(),
    );
    std::fs::create_dir(scene.directory.path().join("proofs")).unwrap();
    for name in [
        "multiple.intoto.jsonl.rekor.json",
        "rocket-1.0.0-py3-none-any.whl.rekor.json",
    ] {
        scene.write("proofs/multiple.intoto.jsonl", &signed.classic_envelope(true));
        scene.write(&format!("proofs/{name}"), &sidecar(&signed.log_answer()));
        let words = ["--provenance-dir", "proofs", "--no-cache-dir"];
        assert_eq!(install(&words), 0, "{name}");
        scene.write(&format!("proofs/{name}"), "garbage");
        assert_eq!(install(&words), 1, "{name}");
        std::fs::remove_file(scene.directory.path().join("proofs").join(name)).unwrap();
    }
}
