use serde_json::Value;
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::install_requirements::{parts, release};
use crate::support::{Run, Scene, folder, slsa_pip};

const OLD: &str = "pylock.old.toml";
const NEW: &str = "pylock.new.toml";

/// Compares two texts, which may lack their heads.
#[track_caller]
fn diff(old: &str, new: &str, words: &[&str]) -> Run {
    let directory = folder();
    for (name, text) in [(OLD, old), (NEW, new)] {
        let packages = if text.is_empty() { "packages = []\n" } else { text };
        let text = format!("lock-version = \"1.0\"\ncreated-by = \"x\"\n{packages}");
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    Run::of(slsa_pip(directory.path()).args(["diff", OLD, NEW]).args(words))
}

fn bolt(version: &str, digit: char, publisher: &str) -> String {
    let sha256 = digit.to_string().repeat(64);
    format!(
        "[[packages]]\nname = \"bolt\"\nversion = \"{version}\"\nwheels = [{{url = \"https://files.example/bolt-{version}-py3-none-any.whl\", hashes = {{sha256 = \"{sha256}\"}}}}]\n[[packages.attestation-identities]]\nkind = \"GitHub\"\nrepository = \"{publisher}\"\nworkflow = \"release.yml\"\n"
    )
}

fn lock(scene: &Scene, name: &str, words: &[&str]) {
    Run::of(scene.command(&["lock", "-o", name]).args(words)).exits(0);
}

#[test]
fn an_update_that_was_locked_twice_is_an_ordinary_one() {
    let scene = parts();
    lock(&scene, OLD, &["rocket<2"]);
    lock(&scene, NEW, &["rocket<3", "fuel"]);
    let run = Run::of(scene.command(&["diff", OLD, NEW])).exits(0);
    for line in [
        "changed rocket 1.0 → 2.0\n  version-changed the version is a newer one\n    old: 1.0\n    new: 2.0\n",
        "added fuel 0.5\n  added it was not installed before\n    new: github.com/acme/parts, release.yml\n",
        "1 package to look at, 1 package as an ordinary update changes them.\n",
        "nothing was verified",
    ] {
        assert!(run.stderr.contains(line), "`{line}` is not in:\n{}", run.stderr);
    }
    Run::of(scene.command(&["diff", OLD, NEW, "--exit-code"])).exits(1);
    Run::of(scene.command(&["diff", OLD, OLD, "--exit-code"])).exits(0);
    lock(&scene, "pylock.third.toml", &["rocket<3"]);
    Run::of(scene.command(&["diff", OLD, "pylock.third.toml", "--exit-code"])).exits(0);
}

#[test]
fn a_release_by_somebody_else_with_less_evidence_is_what_is_seen_first() {
    let wheel = |version: &str| Wheel::builder("bolt", version).build();
    let scene = Scene::of([
        release(Wheel::builder("aaa", "1.0")),
        Release::new(wheel("1.0")).with(Evidence::classic_release(Identity::slsa_generator("acme/bolt"), "1.0")),
    ]);
    scene.write(
        "slsa-pip.toml",
        "[packages.bolt]\nrepository = \"github.com/acme/bolt\"\n",
    );
    lock(&scene, OLD, &["bolt"]);
    let mut taken = Identity::github("evil/bolt");
    "1".clone_into(&mut taken.repository_id);
    scene
        .world
        .publish(Release::new(wheel("1.1")).with(Evidence::pep740(taken)));
    std::fs::remove_file(scene.directory.path().join("slsa-pip.toml")).unwrap();
    lock(&scene, NEW, &["bolt", "aaa"]);
    let run = Run::of(scene.command(&["diff", OLD, NEW, "--format", "json", "--exit-code"])).exits(1);
    let document = run.json();
    assert_eq!(
        (
            &document["schema"],
            &document["verified"],
            &document["alarms"],
            &document["looks"]
        ),
        (&"slsa-pip/lock-diff/v1".into(), &false.into(), &1.into(), &1.into())
    );
    let first = &document["packages"][0];
    assert_eq!((&first["name"], &first["weight"]), (&"bolt".into(), &"alarm".into()));
    let codes: Vec<&str> = first["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    for code in ["identity-changed", "evidence-weaker", "repository-id-changed"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    let weaker = first["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["code"] == "evidence-weaker")
        .unwrap();
    assert_eq!(
        (&weaker["old"], &weaker["new"]),
        (&"build provenance, level 3".into(), &"a publish attestation".into())
    );
    Run::of(scene.command(&["diff", OLD, NEW])).exits(0);
}

#[test]
fn other_bytes_under_one_name_are_the_first_thing_of_a_comment() {
    let run = diff(
        &bolt("1.0", 'a', "acme/bolt"),
        &bolt("1.0", 'b', "acme/bolt"),
        &["--format", "markdown"],
    )
    .exits(0);
    let expected = format!(
        "### Lock file: what has changed\n\n1 package to be understood first.\n\n#### To be understood before this is accepted\n\n- changed `bolt` `1.0`\n  - **hash-changed**: a file of this name has other bytes; old `bolt-1.0-py3-none-any.whl sha256:{}`; new `bolt-1.0-py3-none-any.whl sha256:{}`\n\n<sub>slsa-pip diff: only what the files say is compared; nothing was verified.</sub>\n",
        "a".repeat(64),
        "b".repeat(64)
    );
    assert_eq!(run.stdout, expected);
    diff(
        &bolt("1.0", 'a', "acme/bolt"),
        &bolt("1.0", 'b', "acme/bolt"),
        &["--exit-code"],
    )
    .exits(1);
}

#[test]
fn hostile_words_of_a_lock_stay_words() {
    let hostile = [
        "`](https://evil.example) <img src=x onerror=alert(1)> @everyone #1 | a",
        "```\\n# Approved by everybody\\n```",
        "**bold** [click](javascript:alert(1)) &lt; \\u202e \\u200b",
        "\\u001b[2J\\u001b[31m",
    ];
    for text in hostile {
        let new = bolt("1.0", 'a', "acme/bolt").replace("release.yml", text);
        let noted = format!(
            "{}[packages.tool.slsa-pip]\nexempt = \"{text}\"\n",
            bolt("1.0", 'a', "acme/bolt")
        );
        for new in [new, noted] {
            for format in ["markdown", "human", "json"] {
                let run = diff(&bolt("1.0", 'a', "acme/bolt"), &new, &["--format", format]);
                if run.code == Some(2) {
                    // A control character is refused where it is read.
                    assert!(run.stderr.contains("control-character"), "{}", run.stderr);
                    continue;
                }
                let run = run.exits(0);
                let shown = if format == "human" { run.stderr } else { run.stdout };
                // A note with a control character is left out.
                let noted = text.contains("\\n") || text.contains("\\u001b");
                assert!(noted || shown.contains("bolt"), "{shown}");
                assert!(
                    !shown.contains(['\u{1b}', '\u{202e}', '\u{200b}']) || format == "json",
                    "{shown:?}"
                );
                if format == "markdown" {
                    assert_eq!(
                        outside_code(&shown),
                        outside_code(&shown).replace(['<', '@', '[', '|'], ""),
                        "{shown}"
                    );
                    assert!(shown.lines().all(|line| !line.starts_with("# ")), "{shown}");
                } else if format == "json" {
                    let _: Value = serde_json::from_str(&shown).unwrap();
                }
            }
        }
    }
}

/// What of a text stands in no code span, by `CommonMark`'s rule: a run of backticks ends at the next run of the same length. Our
/// own tags are left out.
fn outside_code(text: &str) -> String {
    let mut outside = String::new();
    for line in text.replace("<sub>", "").replace("</sub>", "").lines() {
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            outside.push_str(&rest[..at]);
            let after = &rest[at..];
            let length = after.len() - after.trim_start_matches('`').len();
            let fence = &after[..length];
            let mut body = &after[length..];
            loop {
                let next = body.find('`').expect("the code span ends");
                let run = &body[next..];
                let found = run.len() - run.trim_start_matches('`').len();
                body = &body[next + found..];
                if found == fence.len() {
                    break;
                }
            }
            rest = body;
        }
        outside.push_str(rest);
        outside.push('\n');
    }
    outside
}

#[test]
fn what_is_no_lock_is_told() {
    let directory = folder();
    std::fs::write(directory.path().join("requirements.txt"), "bolt==1.0\n").unwrap();
    Run::of(slsa_pip(directory.path()).args(["diff", "requirements.txt", "pylock.toml"]))
        .exits(2)
        .says("The lock file `requirements.txt` cannot be read")
        .says("compares lock files");
    let run =
        Run::of(slsa_pip(directory.path()).args(["diff", "pylock.toml", "pylock.toml", "--format", "json"])).exits(2);
    assert_eq!(run.json()["schema"], "slsa-pip/lock-diff/v1");
}
