use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";
const TOKEN: &str = "ghp_0123456789secret";

/// A wheel whose only evidence is in GitHub's API.
fn scene() -> Scene {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    let evidence = Evidence::github_attestation(Identity::github(REPOSITORY));
    let scene = Scene::of([Release::new(wheel).with(evidence)]);
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    scene
}

fn token_file(scene: &Scene, content: &str, mode: u32) -> PathBuf {
    let path = scene.directory.path().join("token");
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// `gh` in a folder of its own, as a script.
fn gh(scene: &Scene, folder: &str, script: &str) -> PathBuf {
    let folder = scene.directory.path().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("gh");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The authorisations that the API was asked with, each once; those elsewhere must be none.
fn sent(scene: &Scene) -> Vec<Option<String>> {
    let mut sent = Vec::new();
    for request in scene.world.requests() {
        if !request.path.starts_with("/github-api/") {
            assert_eq!(request.authorization, None, "{}", request.path);
        } else if !sent.contains(&request.authorization) {
            sent.push(request.authorization);
        }
    }
    sent
}

fn bearer(token: &str) -> Vec<Option<String>> {
    vec![Some(format!("Bearer {token}"))]
}

const WORDS: [&str; 4] = ["rocket", "--dry-run", "--no-cache-dir", "-v"];

#[test]
fn a_token_comes_from_a_file_and_goes_to_the_api_alone() {
    let scene = scene();
    for (mode, warned) in [(0o600, false), (0o400, false), (0o644, true), (0o640, true)] {
        scene.world.forget_requests();
        let path = token_file(&scene, &format!("{TOKEN}\n"), mode);
        let mut command = scene.install(&WORDS);
        // The file goes before the environment.
        command
            .env("GITHUB_TOKEN", "ghp_other")
            .arg("--github-token-file")
            .arg(&path);
        let run = Run::of(command).exits(0);
        assert_eq!(sent(&scene), bearer(TOKEN));
        assert!(!run.stderr.contains(TOKEN));
        assert_eq!(
            run.stderr.contains("is open to others than its owner"),
            warned,
            "{}",
            run.stderr
        );
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_file_that_holds_no_token_ends_the_run_and_is_not_quoted() {
    let scene = scene();
    let long = "x".repeat(5000);
    for content in ["", "\n", "two words", "a\u{1}b", &long] {
        let path = token_file(&scene, content, 0o600);
        let run = Run::of(scene.install(&["rocket", "--github-token-file"]).arg(&path))
            .exits(2)
            .says("cannot be used")
            .says("hint: ");
        assert!(content.trim().is_empty() || !run.stderr.contains(content.trim()));
    }
    Run::of(&mut scene.install(&["rocket", "--github-token-file", "absent"]))
        .exits(2)
        .says("absent");
    Run::of(&mut scene.install(&["rocket", "--github-token-file", "token", "--github-token-from-gh"]))
        .exits(2)
        .says("cannot be used with");
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn the_environments_tokens_count_in_their_order() {
    let scene = scene();
    for (variables, token) in [
        (&[("GITHUB_TOKEN", TOKEN), ("GH_TOKEN", "ghp_other")][..], TOKEN),
        (&[("GITHUB_TOKEN", ""), ("GH_TOKEN", "ghp_other\n")], "ghp_other"),
    ] {
        scene.world.forget_requests();
        Run::of(scene.install(&WORDS).envs(variables.iter().copied())).exits(0);
        assert_eq!(sent(&scene), bearer(token));
    }
    Run::of(scene.install(&WORDS).env("GH_TOKEN", "no token"))
        .exits(2)
        .says("The variable GH_TOKEN does not hold a token");
    // Where GitHub is not asked, nobody minds.
    Run::of(
        scene
            .install(&WORDS)
            .args(["--evidence", "index"])
            .env("GH_TOKEN", "no token"),
    )
    .exits(1);
}

#[test]
fn a_token_is_not_sent_unencrypted() {
    let scene = scene();
    let words = ["rocket", "--dry-run", "--github-api-url", "http://127.0.0.1.example:9/"];
    let run = Run::of(scene.install(&words).env("GITHUB_TOKEN", TOKEN).env("PIP_RETRIES", "0"))
        .exits(1)
        .says("GitHub is asked without the token, which `http://127.0.0.1.example:9/` would get unencrypted");
    assert!(!run.stderr.contains(TOKEN));
}

#[test]
fn gh_is_run_only_if_asked_for_and_never_from_the_working_directory() {
    let scene = scene();
    let good = gh(&scene, "bin", &format!("echo \"$@\" > asked; echo {TOKEN}"));
    gh(&scene, ".", "touch planted-was-run; echo ghp_planted");
    let path = format!(".::{}:/usr/bin:/bin", good.display());
    let asked = scene.directory.path().join("asked");

    Run::of(scene.install(&WORDS).env("PATH", &path)).exits(0);
    assert!(!asked.exists());
    assert_eq!(sent(&scene), [None]);

    scene.world.forget_requests();
    let mut command = scene.install(&WORDS);
    let run = Run::of(command.arg("--github-token-from-gh").env("PATH", &path)).exits(0);
    assert!(!run.stderr.contains(TOKEN));
    assert_eq!(sent(&scene), bearer(TOKEN));
    assert_eq!(
        std::fs::read_to_string(&asked).unwrap(),
        "auth token --hostname 127.0.0.1\n"
    );
    // The folder itself, named in full, is the working directory all the same.
    let here = format!("{}:/usr/bin:/bin", scene.directory.path().display());
    let mut command = scene.install(&WORDS);
    let run = Run::of(command.arg("--github-token-from-gh").env("PATH", here));
    assert!(!scene.directory.path().join("planted-was-run").exists());
    assert!(
        run.code == Some(2) || run.code == Some(0),
        "a system's own gh may have answered"
    );
}

#[test]
fn a_gh_without_a_token_ends_the_run() {
    let scene = scene();
    for (script, text) in [
        ("echo ghp_x; exit 1", "`gh auth token` has failed (exit status: 1)"),
        ("true", "`gh auth token` has given no token"),
        ("echo two words", "`gh auth token` has given no token"),
        ("yes", "`gh auth token`"),
    ] {
        let folder = gh(&scene, "bin", script);
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let mut command = scene.install(&WORDS);
        let run = Run::of(command.arg("--github-token-from-gh").env("PATH", path))
            .exits(2)
            .says(text)
            .says("gh auth login");
        assert!(!run.stderr.contains("ghp_x"));
    }
    let mut command = scene.install(&WORDS);
    Run::of(command.arg("--github-token-from-gh").env("PATH", "/nowhere"))
        .exits(2)
        .says("There is no program `gh`");
    assert_eq!(scene.world.requests().len(), 0);
}

#[test]
fn a_token_that_is_refused_is_left_out_and_that_is_said() {
    let scene = scene();
    scene.world.fault_times("/github-api/", Fault::Status(401), 1);
    Run::of(scene.install(&WORDS).env("GITHUB_TOKEN", TOKEN))
        .exits(0)
        .says("GitHub has refused the token, and was asked without it");
    let mut expected = bearer(TOKEN);
    expected.push(None);
    assert_eq!(sent(&scene), expected);
}

#[test]
fn a_limit_is_reported_with_its_end() {
    let scene = scene();
    scene.world.fault("/github-api/", Fault::Status(429));
    let mut command = scene.install(&["rocket", "--dry-run", "--format", "json"]);
    let run = Run::of(command.env("PIP_RETRIES", "0")).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    let searched = run.json()["files"][0]["searched"].clone();
    let limited = searched
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["outcome"] == "rate-limited");
    let answer = limited.expect("a limit")["answer"].as_str().unwrap().to_owned();
    let until = answer.strip_prefix("rate-limited until ").expect("an end");
    assert!(
        until.len() == "2026-11-23T12:00:00Z".len() && until.ends_with('Z'),
        "{until}"
    );
}

#[test]
fn the_api_of_an_enterprise_server_is_beside_its_site() {
    let scene = scene();
    Run::of(scene.install(&WORDS).env_remove("SLSA_PIP_GITHUB_API_URL")).exits(1);
    let asked = scene
        .world
        .request_count("/github/api/v3/repos/acme/rocket/attestations/");
    assert_eq!(asked, 1);
    assert_eq!(scene.world.request_count("/github-api/"), 0);
    Run::of(scene.install(&["rocket"]).args(["--github-url", "file:///etc"]))
        .exits(2)
        .says("--github-url");
}
