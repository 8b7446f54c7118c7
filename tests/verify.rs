use std::path::Path;

use serde_json::Value;

use crate::support::{Run, artifact, data, folder, slsa_pip};

const ABI3INFO: &str = "abi3info-2024.10.8-py3-none-any.whl";

fn abi3info(directory: &Path) -> std::process::Command {
    let wheel = artifact(directory, &format!("b0236c670778__{ABI3INFO}"), ABI3INFO);
    let mut command = slsa_pip(directory);
    command
        .arg("verify")
        .arg(wheel)
        .arg("--provenance")
        .arg(data(&format!("pep740/{ABI3INFO}.provenance")));
    command
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_real_wheel_with_its_pep_740_provenance_is_verified() {
    let directory = folder();
    Run::of(&mut abi3info(directory.path()))
        .exits(0)
        .says("verified abi3info-2024.10.8-py3-none-any.whl")
        .says("github.com/woodruffw/abi3info (claimed by the certificate; not pinned)")
        .says("refs/tags/v2024.10.08")
        .says("138157179")
        .says("2024-10-08T20:17:29Z");

    let run = Run::of(abi3info(directory.path()).args([
        "--format",
        "json",
        "--source-uri",
        "git+https://github.com/WoodruffW/abi3info",
    ]))
    .exits(0);
    let report = run.json();
    assert_eq!(report["schema"], "slsa-pip/report/v1");
    assert_eq!(report["verdict"], "verified");
    let file = &report["files"][0];
    assert_eq!(file["verdict"], "verified");
    assert_eq!(file["sha256"].as_str().unwrap().get(..12), Some("b0236c670778"));
    assert_eq!(file["refusals"], Value::Array(Vec::new()));
    let evidence = &file["evidence"];
    for (field, expected) in [
        ("basis", "attested"),
        ("kind", "publish"),
        ("repository", "github.com/woodruffw/abi3info"),
        ("reference", "refs/tags/v2024.10.08"),
        ("pinned_by", "--source-uri"),
        ("instance", "public-good"),
    ] {
        assert_eq!(evidence[field], expected, "{field} in {evidence:#}");
    }
    assert_eq!(evidence["pinned"], true);
    assert_eq!(evidence["log_index"], 138_157_179);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn another_repository_tag_branch_or_builder_is_refused_with_expected_and_found() {
    let directory = folder();
    for (option, value, code, expected, found) in [
        (
            "--source-uri",
            "github.com/evil/abi3info",
            "repository-mismatch",
            "github.com/evil/abi3info",
            "github.com/woodruffw/abi3info",
        ),
        (
            "--source-tag",
            "v2024.10.8",
            "tag-mismatch",
            "v2024.10.8",
            "v2024.10.08",
        ),
        (
            "--source-branch",
            "main",
            "branch-mismatch",
            "main",
            "refs/tags/v2024.10.08",
        ),
        (
            "--builder-id",
            "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
            "builder-mismatch",
            "generator_generic_slsa3.yml",
            "woodruffw/abi3info/.github/workflows/release.yml",
        ),
    ] {
        let run = Run::of(abi3info(directory.path()).args(["--format", "json", option, value])).exits(1);
        let report = run.json();
        assert_eq!(report["verdict"], "refused", "{option}");
        let refusal = &report["files"][0]["refusals"][0];
        assert_eq!(refusal["code"], code, "{option}: {refusal:#}");
        assert!(refusal["expected"].as_str().unwrap().contains(expected), "{refusal:#}");
        assert!(refusal["found"].as_str().unwrap().contains(found), "{refusal:#}");
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_wheel_with_one_byte_more_is_refused() {
    let directory = folder();
    let mut command = abi3info(directory.path());
    let wheel = directory.path().join(ABI3INFO);
    let mut bytes = std::fs::read(&wheel).unwrap();
    bytes.push(b'\n');
    std::fs::write(&wheel, bytes).unwrap();
    assert_eq!(
        Run::of(command.args(["--format", "json"])).exits(1).codes(),
        ["digest-mismatch"]
    );
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn a_generator_bundle_is_build_provenance_of_level_3() {
    let directory = folder();
    let name = "binary-linux-amd64-push-v14.2";
    let provenance = data(&format!("classic-dsse/gha_generic-v2.1.0-{name}.intoto.jsonl"));
    let manifest: Value = serde_json::from_slice(&std::fs::read(data("MANIFEST.json")).unwrap()).unwrap();
    let item = manifest["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["file"] == format!("classic-dsse/gha_generic-v2.1.0-{name}.intoto.jsonl"))
        .unwrap();
    let digest = item["artifact_sha256"].as_str().unwrap();
    let stored = std::fs::read_dir(data("artifacts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|file| file.starts_with(&digest[..12]))
        .expect("the signed binary is among the artifacts");
    let binary = artifact(directory.path(), &stored, name);
    let verify = |extra: &[&str]| {
        Run::of(
            slsa_pip(directory.path())
                .arg("verify")
                .arg(&binary)
                .arg("--provenance")
                .arg(&provenance)
                .args(["--format", "json"])
                .args(extra),
        )
    };
    let run = verify(&[
        "--source-uri",
        "github.com/slsa-framework/example-package",
        "--source-tag",
        "v14.2",
    ])
    .exits(0);
    let evidence = run.json()["files"][0]["evidence"].clone();
    assert_eq!(
        (&evidence["kind"], &evidence["build_level"], &evidence["pinned"]),
        (&"build".into(), &3.into(), &true.into()),
        "{evidence:#}"
    );
    assert_eq!(verify(&["--source-tag", "v14"]).exits(1).codes(), ["tag-mismatch"]);
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn files_of_other_sigstore_instances_are_refused() {
    let directory = folder();
    let name = "rfc8785-0.1.2-py3-none-any.whl";
    let wheel = artifact(directory.path(), &format!("c4e92e9ecc82__{name}"), name);
    for provenance in [
        format!("pep740/{name}.attestation"),
        format!("pep740/{name}.docs-example.provenance"),
    ] {
        let run = Run::of(
            slsa_pip(directory.path())
                .arg("verify")
                .arg(&wheel)
                .arg("--provenance")
                .arg(data(&provenance))
                .args(["--format", "json"]),
        )
        .exits(1);
        assert!(
            !run.codes().is_empty() && !run.codes().contains(&"no-evidence".to_owned()),
            "{provenance}: {:?}",
            run.codes()
        );
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn key_signed_and_empty_answers_are_no_pass() {
    let directory = folder();
    let name = "amqp-5.3.1-0-py3-none-any.whl";
    let wheel = directory.path().join(name);
    std::fs::write(&wheel, b"any bytes").unwrap();
    let key_signed = data("pep740/amqp-5.3.1-0-py3-none-any.whl.redhat.provenance");
    let run = Run::of(
        slsa_pip(directory.path())
            .arg("verify")
            .arg(&wheel)
            .arg("--provenance")
            .arg(key_signed)
            .args(["--format", "json"]),
    )
    .exits(1);
    assert_eq!(run.codes(), ["evidence-unreadable"]);

    for empty in [
        r#"{"version":1,"attestation_bundles":[]}"#,
        "",
        "\n\n",
        "[]",
        "{}",
        "null",
    ] {
        let provenance = directory.path().join("empty.provenance");
        std::fs::write(&provenance, empty).unwrap();
        let run = Run::of(
            slsa_pip(directory.path())
                .arg("verify")
                .arg(&wheel)
                .arg("--provenance")
                .arg(&provenance)
                .args(["--format", "json"]),
        )
        .exits(1);
        assert_eq!(run.codes(), ["evidence-unreadable"], "{empty:?}");
    }
}

#[test]
#[ignore = "needs SLSA_PIP_DATA"]
fn versioned_tags_and_inputs_are_compared_as_slsa_verifier_names_them() {
    let directory = folder();
    let verify = |words: &[&str]| Run::of(abi3info(directory.path()).args(["--format", "json"]).args(words));
    for version in ["2024", "2024.10", "v2024.10.8", "2024.10.08"] {
        verify(&["--source-versioned-tag", version]).exits(0);
    }
    for version in ["2023", "2024.1", "2024.10.8.1"] {
        let codes = verify(&["--source-versioned-tag", version]).exits(1).codes();
        assert_eq!(codes, ["versioned-tag-mismatch"], "{version}");
    }
    let codes = verify(&["--build-workflow-input", "release=true"]).exits(1).codes();
    assert_eq!(codes, ["workflow-input-mismatch"]);
    for bad in ["release", "=true"] {
        Run::of(abi3info(directory.path()).args(["--build-workflow-input", bad]))
            .exits(2)
            .says("KEY=VALUE");
    }
}
