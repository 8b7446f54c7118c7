//! docs/slsa-verifier.md: each of its `slsa-pip` lines is run, and says what stands under it.

use std::path::Path;

use serde_json::json;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};
use slsa_pip_test_world::{Identity, Wheel};

use crate::support::{Run, Scene};

const DOCUMENT: &str = "docs/slsa-verifier.md";

/// Lines of the document that begin a command, at least: fewer means that they are no longer found.
const COMMANDS: usize = 18;

/// A command of the document, and what it must say.
struct Example {
    words: Vec<String>,
    says: Vec<String>,
}

/// The `slsa-pip` commands of the fenced blocks, wherever these are set in.
fn examples(document: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut inside, mut ours) = (false, false);
    for line in document.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = line == "```console";
            ours = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let mut words = command.split(' ').map(str::to_owned);
            ours = words.next().as_deref() == Some("slsa-pip");
            if ours {
                examples.push(Example {
                    words: words.collect(),
                    says: Vec::new(),
                });
            }
        } else if inside && ours {
            examples.last_mut().unwrap().says.push(line.to_owned());
        }
    }
    examples
}

/// The files that the document speaks of.
fn scene(wheel: &Wheel) -> Scene {
    let scene = Scene::of([]);
    let subjects = [Subject::of(&wheel.filename, &wheel.bytes)];
    let generator = Identity::slsa_generator("acme/rocket");
    let own = Identity::github("acme/rocket");
    let sign = |identity: &Identity, statement: &serde_json::Value| {
        let sigstore = &scene.world.sigstore;
        sigstore.sign_statement(identity, statement, SigningOptions::default())
    };
    std::fs::write(scene.directory.path().join(&wheel.filename), &wheel.bytes).unwrap();
    scene.write("other.bin", "another file");
    let pushed = sign(&generator, &slsa_v02(&generator, &subjects));
    scene.write("multiple.intoto.jsonl", &pushed.classic_envelope(true));
    scene.write("bundle.intoto.jsonl", &pushed.bundle_v03().to_string());
    let elsewhere = sign(&generator, &slsa_v02(&generator, &[Subject::of("other.whl", b"other")]));
    scene.write(
        "appended.intoto.jsonl",
        &format!("{}\nnot JSON\n{}\n", elsewhere.bundle_v03(), pushed.bundle_v03()),
    );
    let dispatched = generator.trigger("workflow_dispatch");
    let mut statement = slsa_v02(&dispatched, &subjects);
    statement["predicate"]["invocation"]["environment"]["github_event_payload"] =
        json!({"inputs": {"release": "true", "channel": "stable"}});
    let dispatched = sign(&dispatched, &statement).bundle_v03();
    scene.write("dispatched.intoto.jsonl", &dispatched.to_string());
    let attestation = sign(&own, &slsa_v1(&own, &subjects)).bundle_v03();
    scene.write("attestation.sigstore.json", &attestation.to_string());
    let published = sign(&own, &publish(&subjects)).pep740_attestation();
    scene.write(
        &format!("{}.publish.attestation", wheel.filename),
        &published.to_string(),
    );
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    scene
}

#[test]
fn every_command_of_the_translation_does_what_it_says() {
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let examples = examples(&document);
    assert!(examples.len() >= COMMANDS, "{}", examples.len());
    let wheel = Wheel::builder("rocket", "1.0.0").build();
    let scene = scene(&wheel);
    let digest = format!("sha256:{}", wheel.sha256());
    for Example { words, says } in examples {
        let words: Vec<&str> = words
            .iter()
            .map(|word| if word == "sha256:HEX" { &digest } else { word.as_str() })
            .collect();
        // The pin would hide what an example without one shows.
        let pinned = words.contains(&"--policy");
        let policy = scene.directory.path().join("slsa-pip.toml");
        let kept = std::fs::read_to_string(&policy).unwrap();
        if !pinned {
            std::fs::remove_file(&policy).unwrap();
        }
        let run = Run::of(&mut scene.command(&words));
        std::fs::write(&policy, kept).unwrap();
        let all = format!("{}{}", run.stdout, run.stderr);
        for text in &says {
            assert!(all.contains(text), "`{text}` is not said by {words:?}:\n{all}");
        }
        let code = match says
            .iter()
            .find(|text| text.contains("error:") || text.contains(", rule "))
        {
            None => 0,
            Some(text) if text.contains("takes a builder") => 2,
            Some(_) => 1,
        };
        assert_eq!(run.code, Some(code), "{words:?}\n{all}");
    }
}

#[test]
fn every_flag_of_slsa_verifier_has_its_line() {
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let help = Run::of(crate::support::slsa_pip(Path::new(".")).args(["verify", "--help"]))
        .exits(0)
        .stdout;
    for flag in [
        "--provenance-path",
        "--source-uri",
        "--source-tag",
        "--source-versioned-tag",
        "--source-branch",
        "--builder-id",
        "--build-workflow-input",
        "--print-provenance",
    ] {
        let used = examples(&document)
            .iter()
            .any(|example| example.words.iter().any(|word| word == flag));
        assert!(used, "{flag} is in no example");
        assert!(help.contains(flag), "{flag} is not in the help");
    }
}
