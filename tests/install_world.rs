use std::path::Path;
use std::process::Command;

use slsa_pip_test_world::{
    AssetForm, Evidence, Faults, Identity, LogKind, Predicate, Release, ReleaseFaults, Signing, SigningOptions, Wheel,
    World,
};

use crate::support::{Run, Scene, folder, freeze, slsa_pip, venv};

const REPOSITORY: &str = "acme/rocket";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";

/// `rocket 1.0.0`, whose metadata names its repository.
fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn by_pep740() -> Release {
    Release::new(rocket()).with(Evidence::pep740(Identity::github(REPOSITORY)))
}

fn by_classic_release() -> Release {
    Release::new(rocket()).with(Evidence::classic_release(
        Identity::slsa_generator(REPOSITORY),
        "v1.0.0",
    ))
}

/// Runs an install that must be refused; returns the codes of all refusals. Nothing may be installed.
#[track_caller]
fn refused(scene: &Scene, words: &[&str]) -> Vec<String> {
    let run = Run::of(scene.install(&["--format", "json"]).args(words)).exits(1);
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["installed"]),
        (&"refused".into(), &false.into())
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
    run.codes()
}

#[test]
fn a_release_with_a_classic_envelope_is_found_looked_up_verified_and_installed() {
    let scene = Scene::of([by_classic_release()]);
    let run = Run::of(&mut scene.install(&["rocket"]))
        .exits(0)
        .says("verified rocket-1.0.0-py3-none-any.whl")
        .says("build provenance, SLSA build level 3")
        .says("multiple.intoto.jsonl")
        .says("github.com/acme/rocket (claimed by the certificate and the package's metadata; not pinned)")
        .says("refs/tags/v1.0.0");
    assert_eq!(run.stdout, "", "standard output is for documents");
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
    assert!(
        scene.world.request_count("/api/v1/log/entries/retrieve") >= 1,
        "the log was asked"
    );
}

#[test]
fn every_form_of_release_evidence_and_log_entry_is_accepted() {
    for (form, kind) in [
        (AssetForm::Classic, LogKind::Dsse),
        (AssetForm::Classic, LogKind::IntotoV001),
        (AssetForm::Classic, LogKind::IntotoV002),
        (AssetForm::ClassicWithoutCertificate, LogKind::IntotoV001),
        (AssetForm::BundleV02, LogKind::Dsse),
        (AssetForm::BundleV03, LogKind::Dsse),
    ] {
        let signing = Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02).options(SigningOptions {
            log_without_certificate: form == AssetForm::ClassicWithoutCertificate,
            ..SigningOptions::with_kind(kind)
        });
        let scene = Scene::of([Release::new(rocket()).with(Evidence::GithubRelease {
            repository: REPOSITORY.to_owned(),
            tag: "v1.0.0".to_owned(),
            asset: "multiple.intoto.jsonl".to_owned(),
            form,
            signing,
        })]);
        Run::of(&mut scene.install(&["rocket"])).exits(0);
        assert_eq!(scene.installed(), ["rocket-1.0.0"], "{form:?} {kind:?}");
    }
}

#[test]
fn a_pep_740_provenance_of_the_index_is_enough_and_no_other_place_is_asked() {
    let scene = Scene::of([by_pep740()]);
    let run = Run::of(scene.install(&["rocket"]).args(["--format", "json"])).exits(0);
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["installed"]),
        (&"verified".into(), &true.into())
    );
    let evidence = &report["files"][0]["evidence"];
    assert_eq!(
        (&evidence["kind"], &evidence["pinned"]),
        (&"publish".into(), &false.into())
    );
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
    assert_eq!(scene.world.request_count("/github"), 0);
}

#[test]
fn an_html_only_index_without_metadata_files_gives_the_same_verdict() {
    let world = World::builder()
        .html_only()
        .without_metadata_files()
        .without_provenance_links()
        .start_blocking()
        .unwrap();
    let scene = Scene::with(world, [by_pep740()]);
    Run::of(&mut scene.install(&["rocket"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}

#[test]
fn one_dependency_without_provenance_stops_everything_until_policy_exempts_its_digest() {
    let bolt = Wheel::builder("bolt", "0.6").build();
    let sha256 = bolt.sha256();
    let rocket = Wheel::builder("rocket", "1.0.0")
        .requires("bolt")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([
        Release::new(rocket).with(Evidence::pep740(Identity::github(REPOSITORY))),
        Release::new(bolt),
    ]);

    let exemption = format!("[exemptions.bolt]\nversions = \"==0.6\"\nsha256 = [\"{sha256}\"]\nreason = ");
    let indented = exemption.replace('\n', "\n    ");
    Run::of(&mut scene.install(&["rocket"]))
        .exits(1)
        .says("Refused `bolt==0.6`")
        .says("required by rocket")
        .says("searched:")
        .says("/integrity/bolt/0.6/")
        .says(&indented)
        .says("Nothing was installed.");
    assert_eq!(refused(&scene, &["rocket"]), ["no-evidence"]);

    scene.write("slsa-pip.toml", &format!("{exemption}\"reviewed by hand\"\n"));
    Run::of(&mut scene.install(&["rocket"]))
        .exits(0)
        .says("exempt bolt-0.6-py3-none-any.whl")
        .says("reviewed by hand");
    assert_eq!(scene.installed(), ["bolt-0.6", "rocket-1.0.0"]);
}

#[test]
fn an_exemption_for_other_bytes_another_version_or_a_past_day_does_not_count() {
    let scene = Scene::of([Release::new(rocket())]);
    let sha256 = rocket().sha256();
    let zeros = "0".repeat(64);
    for (versions, digest, more, code) in [
        ("==1.0.0", zeros.as_str(), "", "exemption-digest-mismatch"),
        ("==1.0.1", sha256.as_str(), "", "no-evidence"),
        (
            "==1.0.0",
            sha256.as_str(),
            "expires = 2026-01-01\n",
            "exemption-expired",
        ),
    ] {
        scene.write(
            "slsa-pip.toml",
            &format!(
                "[exemptions.rocket]\nversions = \"{versions}\"\nsha256 = [\"{digest}\"]\nreason = \"test\"\n{more}"
            ),
        );
        assert_eq!(refused(&scene, &["rocket"]), [code], "{versions} {digest} {more}");
    }
}

#[test]
fn provenance_counts_even_where_an_exemption_is_for_other_bytes() {
    let scene = Scene::of([by_pep740()]);
    let zeros = "0".repeat(64);
    scene.write(
        "slsa-pip.toml",
        &format!("[exemptions.rocket]\nversions = \"==1.0.0\"\nsha256 = [\"{zeros}\"]\nreason = \"test\"\n"),
    );
    Run::of(scene.install(&["rocket"]))
        .exits(0)
        .says("verified rocket-1.0.0");
}

#[test]
fn a_pinned_repository_passes_and_any_other_is_refused_with_both_names() {
    let scene = Scene::of([by_pep740()]);
    scene.write("slsa-pip.toml", PIN);
    Run::of(&mut scene.install(&["rocket"]))
        .exits(0)
        .says("github.com/acme/rocket (pinned by slsa-pip.toml: [packages.rocket])");

    let scene = Scene::of([by_pep740()]);
    scene.write("slsa-pip.toml", &PIN.replace("acme", "other"));
    Run::of(&mut scene.install(&["rocket"]))
        .exits(1)
        .says("github.com/other/rocket")
        .says("github.com/acme/rocket")
        .says("repository-mismatch");
    assert_eq!(refused(&scene, &["rocket"]), ["repository-mismatch"]);
}

#[test]
fn a_repository_that_the_metadata_contradicts_is_refused_unless_pinned() {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/honest/rocket")
        .build();
    let release = || Release::new(wheel.clone()).with(Evidence::pep740(Identity::github("evil/rocket")));
    assert_eq!(
        refused(&Scene::of([release()]), &["rocket"]),
        ["repository-differs-from-declared"]
    );
    let scene = Scene::of([release()]);
    scene.write("slsa-pip.toml", &PIN.replace("acme", "evil"));
    Run::of(&mut scene.install(&["rocket"])).exits(0);
}

#[test]
fn a_wheel_changed_after_signing_is_refused_even_if_the_index_agrees_with_it() {
    let release = by_pep740().faults(ReleaseFaults::tampered(&rocket()));
    assert_eq!(refused(&Scene::of([release]), &["rocket"]), ["digest-mismatch"]);
}

#[test]
fn bytes_that_differ_from_the_indexs_own_digest_are_refused() {
    let release = by_pep740().faults(ReleaseFaults::lying_digest());
    let world = World::builder().without_metadata_files().start_blocking().unwrap();
    let scene = Scene::with(world, [release]);
    assert_eq!(refused(&scene, &["rocket"]), ["index-digest-mismatch"]);
}

#[test]
fn builders_that_nobody_trusts_are_refused() {
    let generic =
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";
    for (name, builder, reference) in [
        (
            "another repository's workflow",
            "https://github.com/evil/builder/.github/workflows/generator_generic_slsa3.yml",
            "refs/tags/v2.0.0",
        ),
        ("a branch of the generator", generic, "refs/heads/main"),
        ("a short tag of the generator", generic, "refs/tags/v2"),
        ("a pre-release of the generator", generic, "refs/tags/v2.0.0-rc.1"),
    ] {
        let identity =
            Identity::github(REPOSITORY).builder(builder.trim_start_matches("https://github.com/"), reference);
        let identity = if identity.signer_url().starts_with("https://github.com/") {
            identity
        } else {
            Identity::github(REPOSITORY).builder(builder, reference)
        };
        let scene = Scene::of([Release::new(rocket()).with(Evidence::classic_release(identity, "v1.0.0"))]);
        scene.write("slsa-pip.toml", PIN);
        let codes = refused(&scene, &["rocket"]);
        assert!(
            matches!(codes.as_slice(), [code] if code == "builder-untrusted" || code == "builder-ref-unreleased"),
            "{name}: {codes:?}"
        );
    }
}

#[test]
fn every_defect_of_signature_certificate_and_log_is_refused_with_its_code() {
    type Switch = fn(&mut Faults);
    let table: [(&str, Switch, &[&str]); 17] = [
        ("omit_sct", |f| f.omit_sct = true, &["sct-invalid"]),
        ("wrong_sct", |f| f.wrong_sct = true, &["sct-invalid"]),
        ("other_ca", |f| f.other_ca = true, &["certificate-untrusted"]),
        (
            "omit_code_signing",
            |f| f.omit_code_signing = true,
            &["certificate-untrusted", "certificate-malformed"],
        ),
        (
            "expired_certificate",
            |f| f.expired_certificate = true,
            &["certificate-outside-validity", "certificate-untrusted"],
        ),
        (
            "not_yet_valid_certificate",
            |f| f.not_yet_valid_certificate = true,
            &["certificate-outside-validity", "certificate-untrusted"],
        ),
        ("wrong_signature", |f| f.wrong_signature = true, &["signature-invalid"]),
        ("wrong_set", |f| f.wrong_set = true, &["set-invalid"]),
        ("omit_set", |f| f.omit_set = true, &["set-missing"]),
        (
            "omit_inclusion_proof",
            |f| f.omit_inclusion_proof = true,
            &["inclusion-proof-missing"],
        ),
        (
            "wrong_inclusion_proof",
            |f| f.wrong_inclusion_proof = true,
            &["inclusion-proof-invalid"],
        ),
        (
            "wrong_checkpoint",
            |f| f.wrong_checkpoint = true,
            &["checkpoint-invalid"],
        ),
        (
            "stale_checkpoint",
            |f| f.stale_checkpoint = true,
            &["checkpoint-tree-size"],
        ),
        (
            "logged_other_payload",
            |f| f.logged_other_payload = true,
            &["log-entry-mismatch"],
        ),
        (
            "logged_other_signature",
            |f| f.logged_other_signature = true,
            &["log-entry-mismatch"],
        ),
        (
            "logged_other_certificate",
            |f| f.logged_other_certificate = true,
            &["log-entry-mismatch"],
        ),
        ("unlogged", |f| f.unlogged = true, &["log-entry-missing"]),
    ];
    for (name, switch, codes) in table {
        let mut faults = Faults::default();
        switch(&mut faults);
        let options = SigningOptions::with_faults(faults);
        let classic = Evidence::GithubRelease {
            repository: REPOSITORY.to_owned(),
            tag: "v1.0.0".to_owned(),
            asset: "multiple.intoto.jsonl".to_owned(),
            form: AssetForm::Classic,
            signing: Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02).options(options),
        };
        let pep740 = Evidence::Pep740(Signing::new(Identity::github(REPOSITORY), Predicate::Publish).options(options));
        for evidence in [classic, pep740] {
            // An entry that was never registered is still complete inside a bundle; only the look-up misses it. And an entry
            // with other contents is not found by a look-up that names the contents.
            let is_classic = matches!(evidence, Evidence::GithubRelease { .. });
            if name == "unlogged" && !is_classic {
                continue;
            }
            let found = refused(&Scene::of([Release::new(rocket()).with(evidence)]), &["rocket"]);
            let also_missing = is_classic && name.starts_with("logged_other") && found == ["log-entry-missing"];
            assert!(
                found.len() == 1 && codes.contains(&found[0].as_str()) || also_missing,
                "{name} (classic: {is_classic}): {found:?}"
            );
        }
    }
}

#[test]
fn a_requirements_file_is_enforced_as_the_command_line_is() {
    let scene = Scene::of([by_pep740(), Release::new(Wheel::builder("bolt", "0.6").build())]);
    scene.write(
        "requirements.txt",
        "# comment\nrocket \\\n  == 1.0.0\nbolt; python_version < '3'\n",
    );
    Run::of(&mut scene.install(&["-r", "requirements.txt"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);

    let scene = Scene::of([by_pep740(), Release::new(Wheel::builder("bolt", "0.6").build())]);
    scene.write("requirements.txt", "rocket\nbolt\n");
    assert_eq!(refused(&scene, &["-r", "requirements.txt"]), ["no-evidence"]);
}

#[test]
fn hashes_of_a_requirements_file_bind_the_bytes_as_well() {
    let scene = Scene::of([by_pep740()]);
    scene.write(
        "good.txt",
        &format!("rocket==1.0.0 --hash=sha256:{}\n", rocket().sha256()),
    );
    Run::of(&mut scene.install(&["-r", "good.txt"])).exits(0);
    let scene = Scene::of([by_pep740()]);
    scene.write("bad.txt", &format!("rocket==1.0.0 --hash=sha256:{}\n", "0".repeat(64)));
    let run = Run::of(&mut scene.install(&["-r", "bad.txt"]));
    assert!(matches!(run.code, Some(1 | 2)), "{}", run.stderr);
    assert!(run.stderr.contains("hash"), "{}", run.stderr);
    assert_eq!(scene.installed(), Vec::<String>::new());
    scene.write("unpinned.txt", &format!("rocket --hash=sha256:{}\n", rocket().sha256()));
    Run::of(&mut scene.install(&["-r", "unpinned.txt"]))
        .exits(2)
        .says("pinned with `==`");
}

#[test]
fn constraints_narrow_what_is_chosen() {
    let newer = Wheel::builder("rocket", "2.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([
        by_pep740(),
        Release::new(newer).with(Evidence::pep740(Identity::github(REPOSITORY))),
    ]);
    scene.write("constraints.txt", "rocket<2\n");
    Run::of(&mut scene.install(&["rocket", "-c", "constraints.txt"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
}

#[test]
fn a_dry_run_verifies_and_installs_nothing() {
    let scene = Scene::of([by_pep740()]);
    let run = Run::of(scene.install(&["rocket", "--dry-run", "--format", "json"])).exits(0);
    assert_eq!(
        (&run.json()["verdict"], &run.json()["installed"]),
        (&"verified".into(), &false.into())
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn what_download_writes_installs_offline_with_the_same_verdict() {
    let bolt = Wheel::builder("bolt", "0.6")
        .project_url("Source", "https://github.com/acme/bolt")
        .build();
    let rocket = Wheel::builder("rocket", "1.0.0")
        .requires("bolt")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let scene = Scene::of([
        Release::new(rocket).with(Evidence::classic_release(
            Identity::slsa_generator(REPOSITORY),
            "v1.0.0",
        )),
        Release::new(bolt).with(Evidence::pep740(Identity::github("acme/bolt"))),
    ]);
    let kept = scene.directory.path().join("kept");
    Run::of(scene.command(&["download", "rocket", "--dest"]).arg(&kept))
        .exits(0)
        .says("Wrote 2 file(s)");
    let mut names: Vec<String> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "bolt-0.6-py3-none-any.whl",
            "bolt-0.6-py3-none-any.whl.attestation",
            "rocket-1.0.0-py3-none-any.whl",
            "rocket-1.0.0-py3-none-any.whl.intoto.jsonl",
            "rocket-1.0.0-py3-none-any.whl.rekor.json",
            "trusted_root.json",
        ]
    );

    scene.world.forget_requests();
    let kept = kept.to_str().unwrap();
    Run::of(
        scene
            .install(&[
                "rocket",
                "--offline",
                "--no-index",
                "--find-links",
                kept,
                "--provenance-dir",
                kept,
            ])
            .env_remove("PIP_INDEX_URL"),
    )
    .exits(0);
    assert_eq!(scene.installed(), ["bolt-0.6", "rocket-1.0.0"]);
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn a_refused_download_keeps_nothing() {
    let scene = Scene::of([Release::new(rocket())]);
    let kept = scene.directory.path().join("kept");
    let run = Run::of(
        scene
            .command(&["download", "rocket", "--format", "json", "--dest"])
            .arg(&kept),
    )
    .exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    assert!(!kept.exists());
}

#[test]
fn one_bad_line_or_a_line_for_another_file_hides_no_good_one() {
    let raw = |line: &str| Evidence::RawAsset {
        repository: REPOSITORY.to_owned(),
        tag: "v1.0.0".to_owned(),
        asset: "multiple.intoto.jsonl".to_owned(),
        line: line.to_owned(),
    };
    let other = slsa_pip_test_world::statement::Subject::of("other.whl", b"other bytes");
    let elsewhere = Evidence::GithubRelease {
        repository: REPOSITORY.to_owned(),
        tag: "v1.0.0".to_owned(),
        asset: "multiple.intoto.jsonl".to_owned(),
        form: AssetForm::BundleV03,
        signing: Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02).subjects(vec![other]),
    };
    let good = Evidence::bundle_release(Identity::slsa_generator(REPOSITORY), "v1.0.0");
    let scene = Scene::of([Release::new(rocket())
        .with(raw("{ not json"))
        .with(elsewhere.clone())
        .with(good)]);
    Run::of(&mut scene.install(&["rocket"])).exits(0);

    let scene = Scene::of([Release::new(rocket()).with(raw("{ not json")).with(elsewhere)]);
    let codes = refused(&scene, &["rocket"]);
    assert!(
        codes.contains(&"digest-mismatch".to_owned()) && codes.contains(&"evidence-unreadable".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn nothing_of_pips_configuration_reaches_the_hand_off() {
    let scene = Scene::of([by_pep740()]);
    let here = scene.directory.path();
    let python = venv(here);
    let planted = here.join("planted");
    std::fs::create_dir_all(planted.join("pip")).unwrap();
    let higher = Wheel::builder("rocket", "9.0.0").build();
    let extra = Wheel::builder("extra", "1.0").build();
    for wheel in [&higher, &extra] {
        std::fs::write(planted.join(&wheel.filename), &wheel.bytes).unwrap();
    }
    // A planted module, start-up file and environment configuration in and around the working directory.
    std::fs::create_dir(here.join("pip")).unwrap();
    std::fs::write(
        here.join("pip/__init__.py"),
        "raise SystemExit('planted pip was imported')",
    )
    .unwrap();
    std::fs::write(here.join("pip/__main__.py"), "raise SystemExit('planted pip was run')").unwrap();
    std::fs::write(
        here.join("sitecustomize.py"),
        "raise SystemExit('planted sitecustomize was run')",
    )
    .unwrap();
    std::fs::write(
        here.join("venv/pip.conf"),
        format!(
            "[install]\nno-deps = false\nignore-installed = true\n[global]\nindex-url = {}\n",
            scene.world.index_url()
        ),
    )
    .unwrap();
    let mut command = scene.command(&["install", "rocket==1.0.0"]);
    command
        .env("SLSA_PIP_PYTHON", &python)
        .env("PYTHONPATH", here)
        .env("PIP_FIND_LINKS", &planted)
        .env("PIP_NO_INDEX", "0");
    Run::of(&mut command).exits(0);
    assert_eq!(freeze(&python), "rocket==1.0.0\n");
    assert!(
        !here.join("elsewhere").exists(),
        "PIP_TARGET must not move the installation"
    );
}

#[test]
fn a_planted_wheel_without_provenance_is_refused_not_installed() {
    let scene = Scene::of([by_pep740()]);
    let planted = folder();
    let higher = Wheel::builder("rocket", "9.0.0").build();
    std::fs::write(planted.path().join(&higher.filename), &higher.bytes).unwrap();
    let run = Run::of(
        scene
            .install(&["rocket", "--format", "json"])
            .env("PIP_FIND_LINKS", planted.path()),
    )
    .exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn no_temporary_folder_is_left_behind() {
    let temporary = folder();
    let leftovers = |path: &Path| {
        std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    let run = |scene: &Scene, code| Run::of(scene.install(&["rocket"]).env("TMPDIR", temporary.path())).exits(code);
    run(&Scene::of([by_pep740()]), 0);
    assert_eq!(
        leftovers(temporary.path()),
        Vec::<std::ffi::OsString>::new(),
        "after an install"
    );
    run(&Scene::of([Release::new(rocket())]), 1);
    assert_eq!(
        leftovers(temporary.path()),
        Vec::<std::ffi::OsString>::new(),
        "after a refusal"
    );
}

#[test]
fn a_failing_pip_passes_its_code_on_and_leaves_nothing() {
    let scene = Scene::of([by_pep740()]);
    std::fs::write(scene.target(), "a file where the folder should be").unwrap();
    let run = Run::of(&mut scene.install(&["rocket"]));
    assert!(run.code.is_some_and(|code| code != 0), "{}", run.stderr);
    assert_eq!(
        std::fs::read_to_string(scene.target()).unwrap(),
        "a file where the folder should be"
    );
}

#[test]
fn verify_accepts_the_worlds_bundles_and_speaks_of_levels() {
    let scene = Scene::of([]);
    let signed = scene.world.sign(
        &rocket(),
        &Signing::new(Identity::slsa_generator(REPOSITORY), Predicate::SlsaV02),
    );
    let wheel = scene.directory.path().join(rocket().filename);
    std::fs::write(&wheel, rocket().bytes).unwrap();
    scene.write("rocket.intoto.jsonl", &signed.bundle_v03().to_string());
    let verify = |extra: &[&str]| -> Command {
        let mut command = slsa_pip(scene.directory.path());
        command
            .args(["verify"])
            .arg(&wheel)
            .args(["--provenance", "rocket.intoto.jsonl", "--format", "json"])
            .args(extra);
        command.env("SLSA_PIP_TRUSTED_ROOT", scene.world.trusted_root_path());
        command
    };
    let report = Run::of(&mut verify(&["--source-uri", "acme/rocket", "--source-tag", "v1.0.0"]))
        .exits(0)
        .json();
    assert_eq!(report["files"][0]["evidence"]["build_level"], 3);
    // The same file under the embedded public-good root.
    let run = Run::of(verify(&[]).env_remove("SLSA_PIP_TRUSTED_ROOT")).exits(1);
    assert_eq!(run.codes().len(), 1);
}
