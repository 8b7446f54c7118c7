//! The report in the forms that other programs read: SARIF, verification summaries, GitHub's job summary.

use std::process::Command;

use serde_json::{Value, json};
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene};

fn proven(name: &str) -> Release {
    let source = format!("https://github.com/acme/{name}");
    let wheel = Wheel::builder(name, "1.0.0").project_url("Source", &source).build();
    let identity = Identity::slsa_generator(&format!("acme/{name}")).tag("v1.0.0");
    Release::new(wheel).with(Evidence::bundle_release(identity, "v1.0.0"))
}

/// `rocket` is proven; `bolt` has no provenance, and a name in its metadata that Markdown could read.
fn scene() -> Scene {
    Scene::of([proven("rocket"), Release::new(Wheel::builder("bolt", "2.0.0").build())])
}

fn all(scene: &Scene, words: &[&str]) -> Command {
    let mut command = scene.install(words);
    command
        .args(["--sarif", "out.sarif", "--vsa", "out.vsa", "--github-summary"])
        .env("GITHUB_STEP_SUMMARY", scene.directory.path().join("summary.md"));
    command
}

fn read(scene: &Scene, name: &str) -> String {
    std::fs::read_to_string(scene.directory.path().join(name)).unwrap()
}

#[test]
fn a_refusal_is_a_result_of_sarif_a_failed_summary_and_a_row() {
    let scene = scene();
    scene.write("requirements.txt", "rocket\nbolt\n");
    Run::of(&mut all(&scene, &["-r", "requirements.txt"])).exits(1);
    assert_eq!(scene.installed(), [""; 0]);

    let sarif: Value = serde_json::from_str(&read(&scene, "out.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "no-evidence");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{results:#?}");
    assert_eq!(
        (&results[0]["ruleId"], &results[0]["level"]),
        (&json!("no-evidence"), &json!("error"))
    );
    assert!(
        results[0]["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with("bolt==2.0.0: ")
    );
    let place = &results[0]["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "requirements.txt");
    assert_eq!(place["logicalLocations"][0]["name"], "bolt==2.0.0");

    let lines = read(&scene, "out.vsa");
    let summaries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcome = |package: &str| {
        let wanted = format!("pkg:pypi/{package}@");
        let found = summaries.iter().find(|it| {
            let uri = it["predicate"]["resourceUri"].as_str().unwrap();
            uri.starts_with(&wanted)
        });
        let found = found.unwrap_or_else(|| panic!("{package} in {lines}"));
        assert_eq!(found["predicateType"], "https://slsa.dev/verification_summary/v1");
        (
            found["predicate"]["verificationResult"].clone(),
            found["predicate"]["verifiedLevels"].clone(),
        )
    };
    assert_eq!(outcome("rocket"), (json!("PASSED"), json!(["SLSA_BUILD_LEVEL_3"])));
    assert_eq!(outcome("bolt"), (json!("FAILED"), json!(["FAILED"])));

    let summary = read(&scene, "summary.md");
    assert!(
        summary.starts_with("### slsa-pip install: refused: nothing was installed"),
        "{summary}"
    );
    assert!(summary.contains("| ❌ | bolt | 2.0.0 | no-evidence |"), "{summary}");
    assert!(
        summary.contains("| ✅ | rocket | 1.0.0 | build, level 3 | github.com/acme/rocket (claimed) |"),
        "{summary}"
    );
}

#[test]
fn what_passes_has_no_results_and_summaries_are_appended() {
    let scene = scene();
    Run::of(&mut all(&scene, &["rocket"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
    let sarif: Value = serde_json::from_str(&read(&scene, "out.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"], json!([]));
    assert!(read(&scene, "summary.md").contains("verified and installed"));
    Run::of(&mut all(&scene, &["rocket", "--upgrade"])).exits(0);
    assert_eq!(read(&scene, "summary.md").matches("### slsa-pip").count(), 2);
    assert_eq!(read(&scene, "out.vsa").lines().count(), 1);
}

#[test]
fn an_exempt_file_has_passed_no_verification() {
    let scene = scene();
    let wheel = Wheel::builder("bolt", "2.0.0").build();
    let reason = "reviewed | <b>by</b> [hand](https://evil.example) `x`";
    scene.write(
        "slsa-pip.toml",
        &format!(
            "[exemptions.bolt]\nversions = \"==2.0.0\"\nsha256 = [\"{}\"]\nreason = \"{reason}\"\n",
            wheel.sha256()
        ),
    );
    Run::of(&mut all(&scene, &["bolt"])).exits(0);
    let summary: Value = serde_json::from_str(read(&scene, "out.vsa").trim()).unwrap();
    assert_eq!(summary["predicate"]["verificationResult"], "FAILED");
    let policy = &summary["predicate"]["policy"];
    assert!(policy["uri"].as_str().unwrap().ends_with("slsa-pip.toml"), "{policy}");
    assert_eq!(policy["digest"]["sha256"].as_str().unwrap().len(), 64);
    // Nothing of what somebody has written is read as Markdown or HTML.
    let markdown = read(&scene, "summary.md");
    assert!(markdown.contains("reviewed &#124; &#60;b&#62;by"), "{markdown}");
    assert!(!markdown.contains("<b>") && !markdown.contains("[hand]"), "{markdown}");
}

#[test]
fn verify_and_download_write_them_as_well() {
    let scene = scene();
    let words = ["download", "rocket", "-d", "kept", "--vsa", "out.vsa"];
    Run::of(&mut scene.command(&words)).exits(0);
    assert!(read(&scene, "out.vsa").contains("\"PASSED\""));
    let wheel = "kept/rocket-1.0.0-py3-none-any.whl";
    let provenance = "kept/rocket-1.0.0-py3-none-any.whl.sigstore.json";
    let words = [
        "verify",
        wheel,
        "--provenance",
        provenance,
        "--source-uri",
        "evil/rocket",
        "--sarif",
        "out.sarif",
    ];
    Run::of(&mut scene.command(&words)).exits(1);
    let sarif: Value = serde_json::from_str(&read(&scene, "out.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "repository-mismatch");
}

#[test]
fn what_cannot_be_written_is_an_error_and_nothing_is_installed() {
    let scene = scene();
    Run::of(&mut scene.install(&["rocket", "--sarif", "absent/out.sarif"]))
        .exits(2)
        .says("`--sarif` cannot be written to `absent/out.sarif`");
    assert_eq!(scene.installed(), [""; 0]);
    let mut command = scene.install(&["rocket", "--github-summary"]);
    Run::of(command.env_remove("GITHUB_STEP_SUMMARY"))
        .exits(2)
        .says("`GITHUB_STEP_SUMMARY` is not set");
    assert_eq!(scene.installed(), [""; 0]);
}
