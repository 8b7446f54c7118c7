use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::server::fault::Fault;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::{Evidence, Identity, Predicate, Release, Signed, Signing, Wheel};

use crate::support::{Run, Scene};
use crate::verify_flags::{Desk, generator};

const SECRET: &str = "pa55-word";

/// Where the world serves what a test gives it.
fn url(scene: &Scene, path: &str) -> String {
    format!("{}{path}", scene.world.index_url().replace("simple/", "proof/"))
}

fn serve(scene: &Scene, path: &str, body: &str) -> String {
    let headers = vec![("content-type", "application/octet-stream".to_owned())];
    scene
        .world
        .fault(&format!("/proof/{path}"), Fault::Reply(200, headers, body.to_owned()));
    url(scene, path)
}

/// A desk, and a good statement about its file.
fn desk() -> (Desk, Signed) {
    let desk = Desk::new();
    let statement = slsa_pip_test_world::statement::slsa_v02(&generator(), &desk.subjects);
    let signed = desk.sign(&generator(), &statement);
    (desk, signed)
}

fn verify(scene: &Scene, named: &str, words: &[&str]) -> Command {
    let mut command = scene.command(&["verify", "rocket.bin", "--provenance", named, "--format", "json"]);
    command.args(words);
    command
}

#[test]
fn verify_takes_a_url_which_proves_no_more_than_a_file() {
    let (desk, signed) = desk();
    let scene = &desk.scene;
    let named = serve(scene, "good", &signed.bundle_v03().to_string());
    let report = Run::of(&mut verify(scene, &named, &["--source-uri", "acme/rocket"]))
        .exits(0)
        .json();
    assert_eq!(report["requests"], 1);
    assert_eq!(
        report["files"][0]["evidence"]["found"],
        json!({"kind": "file", "location": named})
    );
    for (words, code) in [
        (&["--source-uri", "evil/rocket"][..], "repository-mismatch"),
        (&["--source-tag", "v9"], "tag-mismatch"),
    ] {
        assert_eq!(Run::of(&mut verify(scene, &named, words)).exits(1).codes(), [code]);
    }
    scene.write("rocket.bin", "other bytes");
    assert_eq!(
        Run::of(&mut verify(scene, &named, &[])).exits(1).codes(),
        ["digest-mismatch"]
    );
}

#[test]
fn a_classic_envelope_of_a_url_is_looked_up_in_the_log() {
    let (desk, signed) = desk();
    let scene = &desk.scene;
    let named = serve(scene, "classic", &signed.classic_envelope(true));
    let words = ["--source-uri", "acme/rocket", "--no-cache-dir"];
    Run::of(&mut verify(scene, &named, &words)).exits(0);
    assert_eq!(scene.world.request_count("/proof/"), 1);
    assert!(scene.world.request_count("/rekor/") > 0);
    // Without an answer of the log there is no proof.
    scene.world.fault("/rekor/", Fault::Status(404));
    let codes = Run::of(&mut verify(scene, &named, &words)).exits(1).codes();
    assert_eq!(codes.len(), 1, "{codes:?}");
    assert!(codes[0].contains("log"), "{codes:?}");
}

#[test]
fn redirects_are_followed_and_secrets_shown_nowhere() {
    let (desk, signed) = desk();
    let scene = &desk.scene;
    let good = serve(scene, "good", &signed.bundle_v03().to_string());
    scene
        .world
        .fault("/proof/moved", Fault::Redirect(format!("{good}?token={SECRET}")));
    let named = url(scene, &format!("moved?token={SECRET}")).replace("http://", &format!("http://user:{SECRET}@"));
    let run = Run::of(&mut verify(scene, &named, &[])).exits(0);
    let location = run.json()["files"][0]["evidence"]["found"]["location"].clone();
    assert_eq!(
        location,
        url(scene, "moved?…").replace("http://", "http://****@").as_str()
    );
    let requests = scene.world.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].authorization.is_some(), "{requests:?}");
    let loud = Run::of(verify(scene, &named, &["-vv", "--source-tag", "v9"])).exits(1);
    scene.world.fault("/proof/gone", Fault::Status(404));
    let gone = Run::of(verify(scene, &named.replace("moved", "gone"), &[])).exits(2);
    for run in [run, loud, gone] {
        assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    }
}

#[test]
fn a_url_that_cannot_be_had_is_an_error() {
    let (desk, signed) = desk();
    let scene = &desk.scene;
    let good = serve(scene, "good", &signed.bundle_v03().to_string());
    let elsewhere = good.replace("127.0.0.1", "0.0.0.0");
    // Not encrypted on the way, and back again.
    scene.world.fault("/proof/back", Fault::Redirect(good.clone()));
    let through = url(scene, "back").replace("127.0.0.1", "0.0.0.0");
    for (path, fault, why) in [
        ("gone", Fault::Status(404), "404"),
        ("login", Fault::Status(401), "401"),
        (
            "large",
            Fault::Reply(200, Vec::new(), " ".repeat((16 << 20) + 1)),
            "larger than the limit of 16777216 bytes",
        ),
        (
            "loop",
            Fault::Redirect(url(scene, "loop")),
            "redirects: more than 8 times",
        ),
        ("clear", Fault::Redirect(elsewhere), "which is not encrypted"),
        ("hop", Fault::Redirect(through), "which is not encrypted"),
        (
            "scheme",
            Fault::Redirect("file:///etc/passwd".to_owned()),
            "neither http nor https",
        ),
    ] {
        scene.world.fault(&format!("/proof/{path}"), fault);
        let run = Run::of(&mut verify(scene, &url(scene, path), &[])).exits(2);
        let named = format!("The provenance at `{}` could not be fetched", url(scene, path));
        let run = run.says(&named).says(why).says("`--provenance PATH`");
        assert_eq!(run.json()["verdict"], "error", "{path}");
    }
    // Everything that cannot be read is said together.
    scene.world.forget_requests();
    let words = [
        "--provenance",
        "absent",
        "--provenance",
        "http://host.example/a",
        "--provenance",
    ];
    Run::of(verify(scene, &good, &words).arg(url(scene, "gone")))
        .exits(2)
        .says("`absent` cannot be read")
        .says("http URLs of this machine only")
        .says("/proof/gone` could not be fetched");
    assert_eq!(scene.world.requests().len(), 2);
    assert_eq!(scene.world.request_count("/proof/back"), 0);
}

#[test]
fn a_log_in_page_is_unreadable_evidence() {
    let (desk, _) = desk();
    let scene = &desk.scene;
    scene.world.fault("/proof/page", Fault::Html);
    let run = Run::of(&mut verify(scene, &url(scene, "page"), &[])).exits(1);
    assert_eq!(run.codes(), ["evidence-unreadable"]);
}

#[test]
fn offline_a_url_is_a_usage_error() {
    let (desk, signed) = desk();
    let scene = &desk.scene;
    let named = serve(scene, "good", &signed.bundle_v03().to_string());
    let secret = named.replace("http://", &format!("http://user:{SECRET}@"));
    for mut command in [
        verify(scene, &secret, &["--offline"]),
        scene.install(&["rocket", "--offline", "--provenance", &secret]),
    ] {
        let run = Run::of(&mut command)
            .exits(2)
            .says("cannot be fetched: `--offline`")
            .says("name the file: `--provenance PATH`");
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    }
    assert_eq!(scene.world.requests().len(), 0);
}

/// `rocket`, which needs `bolt`, neither with any provenance; and a document about both.
fn closure() -> (Scene, String) {
    let wheel =
        |name: &str| Wheel::builder(name, "1.0.0").project_url("Source", &format!("https://github.com/acme/{name}"));
    let wheels = [
        ("rocket", wheel("rocket").requires("bolt").build()),
        ("bolt", wheel("bolt").build()),
    ];
    let scene = Scene::of(wheels.iter().map(|(_, wheel)| Release::new(wheel.clone())));
    let lines = wheels.iter().map(|(name, wheel)| {
        let identity = Identity::slsa_generator(&format!("acme/{name}"));
        let signed = scene.world.sign(wheel, &Signing::new(identity, Predicate::SlsaV02));
        format!("{}\n", signed.bundle_v03())
    });
    let document = lines.collect();
    (scene, document)
}

fn answers(report: &Value, place: &str) -> Vec<String> {
    let files = report["files"].as_array().unwrap().iter();
    let searched = files.flat_map(|file| file["searched"].as_array().unwrap());
    let of_place = searched.filter(|it| it["place"] == place);
    of_place.map(|it| it["answer"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_named_document_serves_the_whole_closure_and_is_read_once() {
    let (scene, document) = closure();
    scene.write("proof.intoto.jsonl", &document);
    let named = serve(&scene, "both", &document);
    for (word, requests) in [("proof.intoto.jsonl", 0), (named.as_str(), 1)] {
        scene.world.forget_requests();
        // It is no kind of place that could be switched off.
        let words = [
            "rocket",
            "--no-cache-dir",
            "--evidence",
            "dir",
            "--format",
            "json",
            "--provenance",
            word,
            "--provenance",
            word,
        ];
        let report = Run::of(&mut scene.install(&words)).exits(0).json();
        assert_eq!(scene.installed(), ["bolt-1.0.0", "rocket-1.0.0"]);
        for file in report["files"].as_array().unwrap() {
            assert_eq!(file["evidence"]["found"]["kind"], "file");
            assert_eq!(file["evidence"]["found"]["location"], word);
        }
        assert_eq!(answers(&report, "file"), ["found one attestation"; 2]);
        assert_eq!(
            answers(&report, "directory"),
            ["not asked: there was enough evidence"; 2]
        );
        assert_eq!(scene.world.request_count("/proof/"), requests);
        for place in ["/integrity/", "/github", "/rekor/"] {
            assert_eq!(scene.world.request_count(place), 0, "{place}");
        }
        std::fs::remove_dir_all(scene.target()).unwrap();
    }
    // What was accepted is kept by `download` as from any other place.
    let words = [
        "download",
        "rocket",
        "--dest",
        "kept",
        "--evidence",
        "dir",
        "--provenance",
        &named,
    ];
    Run::of(&mut scene.command(&words)).exits(0);
    Run::of(&mut scene.install(&["rocket", "--offline", "--find-links", "kept"])).exits(0);
}

#[test]
fn a_named_document_about_other_files_hides_nothing_and_proves_nothing() {
    let (scene, document) = closure();
    let first = document.lines().next().unwrap();
    scene.write("rocket.jsonl", first);
    let words = [
        "rocket",
        "--dry-run",
        "--format",
        "json",
        "--provenance",
        "rocket.jsonl",
    ];
    let run = Run::of(&mut scene.install(&words)).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    let mut named = answers(&run.json(), "file");
    named.sort();
    assert_eq!(named, ["found one attestation", "none about this file"]);

    // For bolt there is none in the document, and a good one at the index.
    let bolt = Wheel::builder("bolt", "1.0.1")
        .project_url("Source", "https://github.com/acme/bolt")
        .build();
    let at_the_index = Evidence::pep740(Identity::github("acme/bolt"));
    scene.world.publish(Release::new(bolt).with(at_the_index));
    let report = Run::of(&mut scene.install(&words)).exits(0).json();
    let files = report["files"].as_array().unwrap().iter();
    let mut kinds: Vec<_> = files
        .map(|file| file["evidence"]["found"]["kind"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["file", "index-integrity"]);
}

#[test]
fn documents_whose_urls_are_shown_alike_are_told_apart() {
    let (scene, document) = closure();
    let lines: Vec<&str> = document.lines().collect();
    for line in &lines {
        let reply = Fault::Reply(200, Vec::new(), (*line).to_owned());
        scene.world.fault_times("/proof/x", reply, 1);
    }
    let named = ["x?a=1", "x?a=2"].map(|path| url(&scene, path));
    let words = [
        "download",
        "rocket",
        "--dest",
        "kept",
        "--format",
        "json",
        "--provenance",
        &named[0],
        "--provenance",
        &named[1],
    ];
    let report = Run::of(&mut scene.command(&words)).exits(0).json();
    let files = report["files"].as_array().unwrap().iter();
    let mut found: Vec<_> = files
        .map(|file| file["evidence"]["found"]["location"].as_str().unwrap())
        .collect();
    found.sort_unstable();
    let shown = url(&scene, "x?…");
    assert_eq!(found, [shown.clone(), format!("{shown} (document 2)")]);
    // Each file was given its own.
    Run::of(&mut scene.install(&["rocket", "--offline", "--find-links", "kept"])).exits(0);
}

#[test]
fn what_cannot_be_read_ends_the_run_before_anything_is_downloaded() {
    let (scene, document) = closure();
    scene.write("good.jsonl", &document);
    scene.write("page.html", "<!doctype html><title>Log in</title>");
    scene.write("empty.jsonl", "");
    scene.write(".netrc", &format!("machine 127.0.0.1 login user password {SECRET}\n"));
    scene.world.fault("/proof/page", Fault::Html);
    scene.world.fault("/proof/gone", Fault::Status(404));
    for (named, why) in [
        ("absent.jsonl".to_owned(), "`absent.jsonl` cannot be read"),
        ("page.html".to_owned(), "[evidence-unreadable]"),
        ("empty.jsonl".to_owned(), "[evidence-unreadable]"),
        (url(&scene, "page"), "[evidence-unreadable]"),
        (url(&scene, "gone"), "404"),
        ("http://host.example/a".to_owned(), "http URLs of this machine only"),
    ] {
        scene.world.forget_requests();
        let words = ["rocket", "--provenance", "good.jsonl", "--provenance", &named];
        let mut command = scene.install(&words);
        Run::of(command.env("HOME", scene.directory.path()))
            .exits(2)
            .says(why)
            .says("hint:");
        assert_eq!(scene.installed(), Vec::<String>::new());
        let requests = scene.world.requests();
        assert!(
            requests.iter().all(|it| it.path.starts_with("/proof/")),
            "{named}: {requests:?}"
        );
        assert!(requests.len() <= 1, "{named}: {requests:?}");
        // Logins of a netrc file are for indexes.
        assert!(
            requests.iter().all(|it| it.authorization.is_none()),
            "{named}: {requests:?}"
        );
    }
}

#[test]
fn a_named_classic_envelope_passes_with_the_logs_answer_beside_it() {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([Release::new(wheel.clone())]);
    let statement = Signing::new(generator(), Predicate::SlsaV02).statement_for(&wheel);
    let signed = scene
        .world
        .sigstore
        .sign_statement(&generator(), &statement, SigningOptions::default());
    scene.write("multiple.intoto.jsonl", &signed.classic_envelope(true));
    scene.write("multiple.rekor.json", &json!([signed.log_answer()]).to_string());
    let words = [
        "rocket",
        "--evidence",
        "dir",
        "--no-cache-dir",
        "--dry-run",
        "--provenance",
        "multiple.intoto.jsonl",
    ];
    Run::of(&mut scene.install(&words)).exits(0);
    assert_eq!(scene.world.request_count("/rekor/"), 0);
    std::fs::remove_file(scene.directory.path().join("multiple.rekor.json")).unwrap();
    Run::of(&mut scene.install(&words)).exits(0);
    assert!(scene.world.request_count("/rekor/") > 0);
}
