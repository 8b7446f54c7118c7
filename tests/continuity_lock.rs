//! The lock of continuity: when it is written and when not, who may change it, and what becomes of hostile ones.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::continuity::{
    CONTINUITY, LOCK, accept, accept_as_shown, accepted, built, genuine, hint, lock, path, project, published, refused,
    scene, take, wheel,
};
use crate::support::{Run, Scene};

#[test]
fn nothing_is_recorded_before_a_run_has_succeeded_or_where_nobody_asked() {
    let evil = published("2.0.0", Identity::github("evil/rocket").tag("v2.0.0"));
    let scene = scene([
        genuine("1.0.0"),
        evil,
        Release::new(Wheel::builder("bare", "1.0").build()),
    ]);
    Run::of(scene.install(&["rocket==1.0.0", "--dry-run"])).exits(0);
    take(&scene, &["rocket==1.0.0", "bare"]).exits(1);
    assert!(!path(&scene).exists());
    // Without the policy's word no lock is begun; one that is there is kept.
    scene.write("slsa-pip.toml", "");
    take(&scene, &["rocket==1.0.0"]).exits(0);
    assert!(!path(&scene).exists());
    scene.write(LOCK, "version = 1\n");
    take(&scene, &["rocket==1.0.0"]).exits(0);
    assert!(lock(&scene).contains("[[packages.rocket]]"));
    refused(&scene, &["rocket==2.0.0"], "continuity-repository-changed");
    // What is exempt proves nothing.
    let bare = Wheel::builder("bare", "1.0").build();
    let exemption = format!(
        "[exemptions.bare]\nversions = \"==1.0\"\nsha256 = [\"{}\"]\nreason = \"x\"\n",
        bare.sha256()
    );
    scene.write("slsa-pip.toml", &format!("{CONTINUITY}{exemption}"));
    let before = lock(&scene);
    take(&scene, &["bare"]).exits(0);
    assert_eq!(lock(&scene), before);
}

#[test]
fn a_change_is_recorded_by_those_who_have_looked_at_it() {
    let moved = || published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [moved()]);
    let before = lock(&scene);
    let shown = accept(&scene, &["rocket==2.0.0"]).exits(1);
    for text in [
        "recorded: 1.0.0",
        "found: 2.0.0",
        "github.com/acme/rocket",
        "github.com/new-owner/rocket",
        "Nothing was recorded.",
        "slsa-pip policy accept rocket==2.0.0 --reviewed ",
    ] {
        assert!(shown.stderr.contains(text), "`{text}` is not in:\n{}", shown.stderr);
    }
    let repository = shown.stderr.lines().find(|line| line.contains("repository  "));
    assert!(repository.is_some_and(|line| line.starts_with('!')), "{}", shown.stderr);
    accept(&scene, &["rocket==2.0.0", "--reviewed", &"0".repeat(64)])
        .exits(2)
        .says("What there is now is not what was reviewed");
    accept(&scene, &["rocket==2.0.0", "--locked"]).exits(2);
    assert_eq!(lock(&scene), before);
    accept_as_shown(&scene, "rocket==2.0.0");
    let text = lock(&scene);
    assert!(
        text.contains("github.com/new-owner/rocket") && text.contains("by = \"review\""),
        "{text}"
    );
    assert!(!text.contains("acme"), "{text}");
    take(&scene, &["rocket"]).exits(0);
    // Neither what was refused for another reason nor two packages at once.
    scene.world.publish(Release::new(wheel("3.0.0")));
    let run = accept(&scene, &["rocket==3.0.0", "--format", "json"]).exits(1);
    assert_eq!(run.json()["refusals"][0]["code"], "no-evidence");
    scene
        .world
        .publish(Release::new(Wheel::builder("other", "1.0").build()));
    accept(&scene, &["rocket==2.0.0", "other"])
        .exits(2)
        .says("One package is accepted at a time");
    assert_eq!(lock(&scene), text);
}

#[test]
fn nothing_slips_in_between_a_look_and_the_record() {
    let by = |owner: &str| published("2.0.0", Identity::github(&format!("{owner}/rocket")).tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [by("new-owner")]);
    let before = lock(&scene);
    let shown = accept(&scene, &["rocket==2.0.0", "--format", "json"]).exits(1).json();
    let digest = shown["reviewed"].as_str().unwrap();
    // The same bytes, attested by somebody else.
    scene.world.publish(by("evil"));
    let run = accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]);
    run.exits(2).says("reviewed-mismatch");
    assert_eq!(lock(&scene), before);
    // Another lock.
    scene.world.publish(by("new-owner"));
    scene.write(LOCK, "version = 1\n");
    let run = accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]);
    run.exits(2).says("reviewed-mismatch");
    scene.write(LOCK, &before);
    accept(&scene, &["rocket==2.0.0", "--reviewed", digest, "--no-cache-dir"]).exits(0);
}

#[test]
fn a_first_use_that_is_refused_can_be_accepted_after_a_look() {
    // A repository's own workflow, and another repository than the metadata names.
    let other = built("1.0.0", Identity::github("acme/builds").tag("v1.0.0"));
    let scene = scene([other, built("1.1.0", Identity::github("acme/builds").tag("v1.1.0"))]);
    refused(&scene, &["rocket==1.0.0"], "repository-differs-from-declared");
    accept_as_shown(&scene, "rocket==1.0.0");
    let report = take(&scene, &["rocket"]).exits(0).json();
    assert_eq!(
        report["files"][0]["evidence"]["pinned_by"],
        "slsa-pip.lock.toml: [[packages.rocket]] 1.0.0"
    );
    // It is no pin where policy wants pins of its own.
    scene.write("slsa-pip.toml", "[defaults]\nunpinned = \"deny\"\n");
    refused(&scene, &["rocket"], "repository-not-pinned");
}

#[test]
fn locked_lets_nothing_be_recorded() {
    let scene = scene([genuine("1.0.0")]);
    take(&scene, &["rocket", "--locked"])
        .exits(2)
        .says("`--locked` needs it");
    assert!(!path(&scene).exists());
    scene.write(LOCK, "version = 1\n");
    let refusal = refused(&scene, &["rocket", "--locked"], "continuity-not-recorded");
    assert!(
        hint(&refusal).ends_with("slsa-pip policy accept rocket==1.0.0"),
        "{refusal}"
    );
    take(&scene, &["rocket"]).exits(0);
    let before = lock(&scene);
    scene.world.publish(genuine("1.1.0"));
    take(&scene, &["rocket", "--locked"]).exits(0);
    assert_eq!(lock(&scene), before);
    // What policy pins needs no record.
    scene.write(LOCK, "version = 1\n");
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    take(&scene, &["rocket", "--locked"]).exits(0);
    assert_eq!(lock(&scene), "version = 1\n");
}

/// A lock that cannot be trusted to say what was accepted ends the run, whatever it is.
#[test]
fn a_hostile_lock_is_an_error() {
    let scene = accepted(genuine("1.0.0"), []);
    let good = lock(&scene);
    let table = good.split_once("\n\n").unwrap().1;
    let cases = BTreeMap::from([
        ("unknown-policy-version", good.replace("version = 1\n", "version = 2\n")),
        (
            "policy-syntax",
            good.replace("version = 1\n", "version = 1\nversion = 1\n"),
        ),
        ("duplicate-value", format!("{good}\n{table}")),
        (
            "duplicate-name",
            format!("{good}\n{}", table.replace("packages.rocket", "packages.Rocket")),
        ),
        ("policy-too-large", format!("{good}{}", "#\n".repeat(3 * 1024 * 1024))),
        (
            "missing-key",
            good.replace("repository = \"github.com/acme/rocket\"\n", ""),
        ),
        ("conflicting-keys", good.replace("rocket-1.0.0-py3", "rocket-0.1.0-py3")),
        ("unknown-key", good.replace("by = ", "trusted = true\nby = ")),
        ("control-character", good.replace("\"push\"", "\"push\\u001b[2J\"")),
    ]);
    for (code, text) in cases {
        scene.write(LOCK, &text);
        let run = take(&scene, &["rocket"]).exits(2).says(&format!("error[{code}]"));
        assert!(!run.stderr.contains('\u{1b}'), "{code}");
        assert_eq!(lock(&scene), text);
    }
    fs::write(path(&scene), [0xff, 0xfe]).unwrap();
    take(&scene, &["rocket"]).exits(2).says("not UTF-8");
    fs::remove_file(path(&scene)).unwrap();
    fs::create_dir(path(&scene)).unwrap();
    take(&scene, &["rocket"]).exits(2).says("not an ordinary file");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_neither_followed_nor_replaced() {
    let scene = accepted(genuine("1.0.0"), []);
    let elsewhere = scene.directory.path().join("elsewhere.toml");
    fs::rename(path(&scene), &elsewhere).unwrap();
    for target in [elsewhere.as_path(), std::path::Path::new("nowhere")] {
        let _ = fs::remove_file(path(&scene));
        std::os::unix::fs::symlink(target, path(&scene)).unwrap();
        take(&scene, &["rocket"]).exits(2).says("not an ordinary file");
        assert!(path(&scene).is_symlink());
    }
}

/// A claim that no lock may hold is told of before anything is installed.
#[test]
fn what_cannot_be_recorded_is_an_error_and_no_install() {
    let scene = scene([published("1.0.0", project("1.0.0").environment(&"y".repeat(5000)))]);
    Run::of(scene.install(&["rocket"])).exits(2).says("value-too-long");
    assert!(scene.installed().is_empty(), "{:?}", scene.installed());
    assert!(!path(&scene).exists());
}

#[test]
fn runs_side_by_side_lose_nothing_of_each_other() {
    let names: Vec<String> = (0..6).map(|number| format!("part{number}")).collect();
    let release = |name: &String| {
        let identity = Identity::github(&format!("acme/{name}")).tag("v1.0");
        Release::new(Wheel::builder(name, "1.0").build()).with(Evidence::pep740(identity))
    };
    let scene = scene(names.iter().map(release));
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let mut command = scene.command(&["download", "--dest", name, name]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("started")
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().expect("ended").code(), Some(0));
    }
    let text = lock(&scene);
    for name in &names {
        assert_eq!(
            text.matches(&format!("[[packages.{name}]]")).count(),
            1,
            "{name} in:\n{text}"
        );
    }
    let positions: Vec<_> = names
        .iter()
        .map(|name| text.find(&format!("packages.{name}]]")))
        .collect();
    assert!(positions.is_sorted(), "sorted by name");
}

#[test]
fn a_killed_run_leaves_the_lock_whole() {
    let scene = accepted(genuine("1.0.0"), (1..20).map(|patch| genuine(&format!("1.0.{patch}"))));
    let mut texts = vec![lock(&scene)];
    for patch in 1..20 {
        let wanted = format!("rocket==1.0.{patch}");
        let mut command = scene.command(&["download", "--dest", "out", &wanted]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        // Around the time at which a run writes it.
        std::thread::sleep(Duration::from_millis(100 + 25 * (patch % 15)));
        let _ = child.kill();
        child.wait().expect("ended");
        let text = lock(&scene);
        // What it was before, or what the run has written; never anything else.
        let is_old = texts.last() == Some(&text);
        assert!(is_old || text.contains(&format!("version = \"1.0.{patch}\"")), "{text}");
        assert!(
            text.ends_with("by = \"first-use\"\n") || text.ends_with("by = \"continuity\"\n"),
            "{text}"
        );
        texts.push(text);
    }
    take(&scene, &["rocket"]).exits(0);
    assert!(lock(&scene).contains("version = \"1.0.19\""));
}

/// Under `mode = "warn"` it is told and passes, and what was recorded stays.
#[test]
fn what_is_merely_tolerated_is_not_recorded() {
    let evil = published("1.1.0", Identity::github("evil/rocket").tag("v1.1.0"));
    let scene = accepted(genuine("1.0.0"), [evil]);
    let before = lock(&scene);
    scene.write(
        "slsa-pip.toml",
        "[defaults]\nunpinned = \"continuity\"\nmode = \"warn\"\n",
    );
    let run = take(&scene, &["rocket"]).exits(0);
    assert_eq!(run.codes(), ["continuity-repository-changed"]);
    assert_eq!(lock(&scene), before);
}

#[cfg(unix)]
#[test]
fn another_users_lock_is_not_taken_unasked() {
    let scene = accepted(genuine("1.0.0"), []);
    let stranger = 4321;
    if std::os::unix::fs::chown(path(&scene), Some(stranger), None).is_err() {
        // Only root can give files away.
        return;
    }
    take(&scene, &["rocket"])
        .exits(2)
        .says("slsa-pip.lock.toml` is not yours");
    // Who names the policy beside it has looked.
    take(&scene, &["rocket", "--policy", "slsa-pip.toml"]).exits(0);
}

/// `slsa-pip policy accept` at a terminal, with this answer; its output.
#[cfg(unix)]
fn accept_at_a_terminal(scene: &Scene, requirement: &str, answer: &str) -> String {
    use std::io::Write as _;
    let own = scene.command(&["policy", "accept", requirement]);
    let spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = std::process::Command::new("python3");
    command
        .args(["-I", "-c", spawn])
        .arg(own.get_program())
        .args(own.get_args());
    command.current_dir(scene.directory.path());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(answer.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    drop(stdin);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[test]
fn at_a_terminal_it_asks() {
    let moved = published("2.0.0", Identity::github("new-owner/rocket").tag("v2.0.0"));
    let scene = accepted(genuine("1.0.0"), [moved]);
    let before = lock(&scene);
    for answer in ["n\n", "\n", "yep\n"] {
        let shown = accept_at_a_terminal(&scene, "rocket==2.0.0", answer);
        assert!(shown.contains("Record this identity? [y/N]"), "{shown}");
        assert!(
            shown.contains("github.com/new-owner/rocket") && shown.contains("Nothing was recorded"),
            "{shown}"
        );
        assert_eq!(lock(&scene), before);
    }
    let shown = accept_at_a_terminal(&scene, "rocket==2.0.0", "y\n");
    assert!(
        shown.contains("Recorded in slsa-pip.lock.toml: rocket 2.0.0"),
        "{shown}"
    );
    assert!(lock(&scene).contains("github.com/new-owner/rocket"));
}
