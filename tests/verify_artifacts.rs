//! What `slsa-pip verify` is given: files, digests, things that are neither; and what it prints of them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::Identity;
use slsa_pip_test_world::statement::{Subject, publish, slsa_v1, slsa_v02};

use crate::support::Run;
use crate::verify_flags::{Desk, generator};

#[test]
fn the_verified_statement_is_printed_as_it_was_signed_and_nothing_on_a_refusal() {
    let desk = Desk::new();
    let second = b"the second file".as_slice();
    std::fs::write(desk.scene.directory.path().join("second.bin"), second).unwrap();
    desk.scene.write("third.bin", "about this there is nothing");
    let subjects = [desk.subjects.clone(), vec![Subject::of("second.bin", second)]].concat();
    let signed = desk.sign(&generator(), &slsa_v02(&generator(), &subjects));
    let bench = desk.bench(&signed);
    let printed = |words: &[&str], code: i32| {
        Run::of(bench.command(&["--print-provenance"]).args(words))
            .exits(code)
            .stdout
    };
    let statement = String::from_utf8(signed.payload.clone()).unwrap();
    assert_eq!(printed(&["rocket.bin"], 0), format!("{statement}\n"));
    assert_eq!(
        printed(&["second.bin", "rocket.bin"], 0),
        format!("{statement}\n{statement}\n")
    );
    for words in [
        &["third.bin"][..],
        &["rocket.bin", "third.bin"],
        &["rocket.bin", "--source-tag", "v9"],
    ] {
        assert_eq!(printed(words, 1), "", "{words:?}");
    }
    assert_eq!(printed(&["rocket.bin", "absent.bin"], 2), "");

    let json = |words: &[&str]| Run::of(bench.command(&["--format", "json"]).args(words)).json();
    let report = json(&["rocket.bin", "second.bin", "--print-provenance"]);
    let expected: Value = serde_json::from_str(&statement).unwrap();
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["provenance"], expected);
    }
    for words in [&["rocket.bin"][..], &["rocket.bin", "third.bin", "--print-provenance"]] {
        let report = json(words);
        let files = report["files"].as_array().unwrap();
        assert!(files.iter().all(|file| file.get("provenance").is_none()), "{words:?}");
    }
}

#[test]
fn a_printed_statement_is_not_read_in_another_way_than_the_verified_one() {
    let desk = Desk::new();
    // A text that serde_json's own values take for the document that it holds.
    let hidden = json!({"$serde_json::private::RawValue": "{\"inputs\":{\"release\":\"forged\"}}"});
    let bench = desk.built(&generator(), |statement| {
        statement["predicate"]["invocation"]["environment"]["github_event_payload"] = hidden.clone();
    });
    let run = Run::of(&mut bench.command(&["rocket.bin", "--print-provenance", "--format", "json"])).exits(0);
    let shown = serde_json::to_string_pretty(&hidden).unwrap();
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert!(run.stdout.contains(lines[1]), "{}", run.stdout);
}

#[test]
fn what_policy_expects_of_all_files_holds_without_a_packages_name_too() {
    let desk = Desk::new();
    let digest = format!("sha256:{}", desk.subjects[0].sha256);
    let bench = desk.built(&generator(), |_| {});
    let codes = |policy: &str, word: &str, words: &[&str]| {
        desk.scene.write("slsa-pip.toml", policy);
        let run = Run::of(bench.command(&[word, "--format", "json"]).args(words));
        let codes = run.codes();
        run.exits(i32::from(!codes.is_empty()));
        codes
    };
    let pinned = ["--source-uri", "acme/rocket"];
    for word in ["rocket.bin", &digest] {
        assert!(codes("", word, &[]).is_empty(), "{word}");
        let deny = "[defaults]\nunpinned = 'deny'\n";
        assert_eq!(codes(deny, word, &[]), ["repository-not-pinned"], "{word}");
        assert!(codes(deny, word, &pinned).is_empty(), "{word}");
        let publish = "[defaults]\nevidence = ['publish']\n";
        assert_eq!(codes(publish, word, &pinned), ["kind-not-accepted"], "{word}");
    }
    let own = Identity::github("acme/rocket");
    let bench = desk.bench(&desk.sign(&own, &slsa_v1(&own, &desk.subjects)));
    desk.scene.write("slsa-pip.toml", "[defaults]\nminimum-level = 3\n");
    for word in ["rocket.bin", &digest] {
        let run = Run::of(bench.command(&[word, "--format", "json"]).args(pinned)).exits(1);
        assert_eq!(run.codes(), ["level-too-low"], "{word}");
    }
}

#[test]
fn all_refusals_and_all_unreadable_files_are_reported_together() {
    let desk = Desk::new();
    let bench = desk.built(&generator(), |_| {});
    desk.scene.write("other.bin", "other bytes");
    desk.scene.write("more.bin", "more bytes");
    let run = Run::of(&mut bench.command(&["other.bin", "rocket.bin", "more.bin"]))
        .exits(1)
        .says("verified rocket.bin\n")
        .says("error: Refused `other.bin`\n")
        .says("error: Refused `more.bin`\n")
        .says("error: Refused 2 of 3 files\n");
    assert_eq!(
        run.stderr.matches("[digest-mismatch, rule C2]").count(),
        2,
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    Run::of(&mut bench.command(&["rocket.bin", "./rocket.bin"]))
        .exits(0)
        .says("verified all 2 files\n");

    std::fs::create_dir(desk.scene.directory.path().join("folder")).unwrap();
    let run = Run::of(&mut bench.command(&["rocket.bin", "absent.bin", "folder", "-", "sha256:12"]))
        .exits(2)
        .says("error: 4 of the named files cannot be used\n")
        .says("The file `absent.bin` cannot be read: No such file")
        .says("The file `folder` cannot be read: it is a folder")
        .says("The file `-` cannot be read: standard input is not read")
        .says("`sha256:` must be followed by 64 hexadecimal digits: there are 2");
    assert!(!run.stderr.contains("verified"), "no verdict: {}", run.stderr);
    Run::of(&mut desk.scene.command(&["verify", "rocket.bin", "--provenance", "folder"]))
        .exits(2)
        .says("The provenance file `folder` cannot be read");
    Run::of(&mut desk.scene.command(&["verify", "rocket.bin"]))
        .exits(2)
        .says("--provenance");
}

#[test]
fn many_refusals_alike_are_counted() {
    let desk = Desk::new();
    let bench = desk.built(&generator(), |_| {});
    let line = std::fs::read_to_string(desk.scene.directory.path().join("rocket.intoto.jsonl")).unwrap();
    desk.scene.write("rocket.intoto.jsonl", &format!("{line}\n").repeat(10));
    desk.scene.write("other.bin", "other bytes");
    let run = Run::of(&mut bench.command(&["other.bin"]))
        .exits(1)
        .says("… and 7 more attestations with [digest-mismatch] (-v shows them)");
    assert_eq!(run.stderr.matches("Caused by").count(), 3, "{}", run.stderr);
    let run = Run::of(&mut bench.command(&["other.bin", "-v"])).exits(1);
    assert_eq!(run.stderr.matches("Caused by").count(), 10, "{}", run.stderr);
    assert_eq!(bench.codes(&[]), Vec::<String>::new());
    let codes = Run::of(&mut bench.command(&["other.bin", "--format", "json"])).codes();
    assert_eq!(codes.len(), 10);
}

#[test]
fn a_digest_stands_for_its_file_where_no_name_is_bound() {
    let desk = Desk::new();
    let digest = format!("sha256:{}", desk.subjects[0].sha256);
    let bench = desk.built(&generator(), |_| {});
    let judged = |words: &[&str]| Run::of(bench.command(&["--format", "json"]).args(words));
    let report = judged(&[&digest, "--source-uri", "acme/rocket"]).exits(0).json();
    let file = &report["files"][0];
    assert_eq!((&file["name"], &file["path"]), (&json!(digest), &json!(digest)));
    assert_eq!(file["evidence"]["build_level"], 3);
    judged(&[&digest.to_uppercase().replace("SHA256", "sha256")]).exits(0);
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(judged(&[&digest, &other]).exits(1).codes(), ["digest-mismatch"]);

    // PEP 740 binds a name, which a digest does not have.
    let name = "rocket-1.0.0-py3-none-any.whl";
    desk.scene.write(name, "the rocket's bytes");
    let subjects = [Subject::of(name, b"the rocket's bytes")];
    let own = Identity::github("acme/rocket");
    let published = desk.sign(&own, &publish(&subjects));
    for document in [
        published.pep740_attestation(),
        published.pep740_provenance(),
        published.bundle_v03(),
    ] {
        desk.scene.write("rocket.intoto.jsonl", &document.to_string());
        judged(&[name, "--source-uri", "acme/rocket"]).exits(0);
        let refused = judged(&[&digest, "--source-uri", "acme/rocket"]).exits(1);
        assert_eq!(refused.codes(), ["subject-name-unchecked"]);
    }

    for (word, why) in [
        (format!("sha256:{}", "a".repeat(63)), "there are 63"),
        (format!("sha256:{}x", "a".repeat(63)), "`x` is none"),
        (format!("SHA256:{}", "a".repeat(64)), "in lower case"),
        (format!("sha512:{}", "a".repeat(128)), "not `sha512`"),
    ] {
        judged(&[&word]).exits(2).says(why).says("for a file of such a name");
    }
    #[cfg(unix)]
    {
        desk.built(&generator(), |_| {});
        desk.scene.write(&digest, "other bytes");
        assert_eq!(judged(&[&digest]).exits(0).codes(), Vec::<String>::new());
        let there = format!("./{digest}");
        assert_eq!(judged(&[&there]).exits(1).codes(), ["digest-mismatch"]);
    }
}

#[cfg(unix)]
#[test]
fn pipes_are_not_waited_for_and_names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let desk = Desk::new();
    let bench = desk.built(&generator(), |_| {});
    let made = Command::new("mkfifo")
        .arg(desk.scene.directory.path().join("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let why = "it is a pipe or a device";
    Run::of(&mut bench.command(&["pipe"])).exits(2).says(why);
    for words in [
        &["verify", "rocket.bin", "--provenance", "pipe"][..],
        &["inspect", "pipe"],
        &[
            "verify-bundle",
            "pipe",
            "--bundle",
            "x",
            "--certificate-identity",
            "a",
            "--certificate-oidc-issuer",
            "b",
        ],
        &[
            "verify-bundle",
            "rocket.bin",
            "--bundle",
            "pipe",
            "--certificate-identity",
            "a",
            "--certificate-oidc-issuer",
            "b",
        ],
    ] {
        Run::of(&mut desk.scene.command(words)).exits(2).says(why);
    }
    let odd = OsStr::from_bytes(b"rocket-\xff.bin");
    std::fs::copy(
        desk.scene.directory.path().join("rocket.bin"),
        desk.scene.directory.path().join(odd),
    )
    .unwrap();
    Run::of(bench.command(&[]).arg(odd))
        .exits(0)
        .says("verified rocket-\u{fffd}.bin");
    let report = Run::of(bench.command(&["--format", "json"]).arg(odd)).exits(0).json();
    assert_eq!(report["files"][0]["name"], "rocket-\u{fffd}.bin");
    let dangling: PathBuf = desk.scene.directory.path().join("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    Run::of(&mut bench.command(&["dangling"])).exits(2).says("No such file");
}
