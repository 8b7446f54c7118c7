//! The composite action's script, as a runner starts it; and that the workflows hold what they should.

use std::path::Path;
use std::process::Command;

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene};

fn scene() -> Scene {
    let release = |name: &str| {
        let identity = Identity::slsa_generator(&format!("acme/{name}")).tag("v1.0.0");
        let wheel = Wheel::builder(name, "1.0.0").project_url("Source", &format!("https://github.com/acme/{name}"));
        Release::new(wheel.build()).with(Evidence::bundle_release(identity, "v1.0.0"))
    };
    let unproven = Release::new(Wheel::builder("bolt", "1.0.0").build());
    Scene::of([release("rocket"), release("engine"), unproven])
}

/// The script, with these inputs. What `install` would be told by options comes from the environment.
fn action(scene: &Scene, requirements: &str, packages: &str) -> Command {
    let told = scene.command(&[]);
    let mut command = Command::new("bash");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/actions/install/install.sh"));
    for (name, value) in told.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .current_dir(scene.directory.path())
        .env("SLSA_PIP_PROGRAM", env!("CARGO_BIN_EXE_slsa-pip"))
        .env("PIP_TARGET", scene.target())
        .env("SLSA_PIP_POLICY", "")
        .env("GITHUB_STEP_SUMMARY", scene.directory.path().join("summary.md"))
        .env("REQUIREMENTS", requirements)
        .env("PACKAGES", packages);
    command
}

#[test]
fn the_action_installs_files_and_packages_and_writes_the_summary() {
    let scene = scene();
    scene.write("requirements.txt", "rocket\n");
    scene.write("more.txt", "");
    Run::of(&mut action(
        &scene,
        "requirements.txt\n  more.txt",
        "\n  engine >= 1, < 2  \n",
    ))
    .exits(0);
    assert_eq!(scene.installed(), ["engine-1.0.0", "rocket-1.0.0"]);
    let summary = std::fs::read_to_string(scene.directory.path().join("summary.md")).unwrap();
    assert!(summary.contains("verified and installed"), "{summary}");
}

#[test]
fn what_is_refused_fails_the_step() {
    let scene = scene();
    Run::of(&mut action(&scene, "", "rocket\nbolt"))
        .exits(1)
        .says("no-evidence");
    assert_eq!(scene.installed(), [""; 0]);
    Run::of(&mut action(&scene, "", " \n"))
        .exits(2)
        .says("neither `requirements` nor `packages`");
}

#[test]
fn inputs_are_words_and_no_shell_reads_them() {
    let scene = scene();
    for packages in [
        "$(touch taken)",
        "`touch taken`",
        "rocket; touch taken",
        "--index-url=http://127.0.0.1:1/",
    ] {
        let run = Run::of(&mut action(&scene, "", packages));
        assert_eq!(run.code, Some(2), "{packages}: {}", run.stderr);
    }
    Run::of(&mut action(&scene, "$(touch${IFS}taken) *", "")).exits(2);
    assert!(!scene.directory.path().join("taken").exists());
}

/// Of each workflow and action: what it runs is pinned, and what comes from outside is no part of a script.
#[test]
fn workflows_pin_what_they_run_and_interpolate_nothing_into_scripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for name in [
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        ".github/actions/install/action.yml",
    ] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        for line in text.lines() {
            if let Some((_, used)) = line.split_once("uses: ") {
                seen += 1;
                let (action, reference) = used.split_once('@').unwrap();
                let reference = reference.split_whitespace().next().unwrap();
                let is_commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
                // The generator's identity holds its tag, so that it cannot be named otherwise.
                let is_generator = action.starts_with("slsa-framework/slsa-github-generator/");
                assert!(is_commit || is_generator, "{name}: {line}");
            }
            let is_script = line.contains("run: ") || line.starts_with("          ") && !line.contains(": ${{");
            let outside = ["inputs.", "github.event", "github.head_ref"];
            let interpolates = outside.iter().any(|it| line.contains(&format!("${{{{ {it}")));
            assert!(!(is_script && interpolates), "{name}: {line}");
        }
    }
    assert!(seen > 10, "{seen}");
}
