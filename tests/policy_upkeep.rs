//! `slsa-pip policy check`, `explain`, `prune` and `diff`, and the page on adoption: what keeps a policy true.

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Release, WheelBuilder};

use crate::policy_commands::{POLICY, identity, policy, published, read, scene, wheel};
use crate::support::{Run, Scene};

/// `bolt` 0.6 with a wheel for another platform, each attested or not; and the policy that exempts both.
fn exempt_scene(this: bool, other: bool) -> (Scene, String) {
    let release = |builder: WheelBuilder, attested: bool| {
        let release = Release::new(builder.build());
        if attested {
            release.with(Evidence::pep740(identity("bolt", "0.6")))
        } else {
            release
        }
    };
    let elsewhere = || wheel("bolt", "0.6").tag("cp39-cp39-macosx_10_9_x86_64");
    let scene = Scene::of([release(wheel("bolt", "0.6"), this), release(elsewhere(), other)]);
    scene.write("requirements.txt", "bolt\n");
    let policy = format!(
        "# top\n\n# about packages\n[packages.bolt]\nrepository = \"github.com/acme/bolt\"\n\n# a section of exemptions\n\n# bolt has none yet\n[exemptions.bolt]\nversions = \"==0.6\" # the last one\nsha256 = [\"{}\", \"{}\"]\nreason = \"reviewed\"\n\n# old\n[exemptions.nut]\nversions = \"==1\"\nsha256 = [\"{}\"]\nreason = \"once\"\nexpires = 2020-01-01\n# end\n",
        wheel("bolt", "0.6").build().sha256(),
        elsewhere().build().sha256(),
        "1".repeat(64)
    );
    scene.write(POLICY, &policy);
    (scene, policy)
}

fn prune(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&[&["policy", "prune", "--format", "json"], words].concat()))
}

#[test]
fn an_exemption_is_dropped_when_every_file_that_it_names_is_attested() {
    let (scene, policy) = exempt_scene(true, true);
    let report = prune(&scene, &["-r", "requirements.txt", "--dry-run"]).exits(0).json();
    assert_eq!((&report["changed"], &report["written"]), (&true.into(), &false.into()));
    assert_eq!(read(&scene, POLICY), policy);
    let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
    assert_eq!(report["schema"], "slsa-pip/policy-prune/v1");
    assert_eq!(report["exemptions"][0]["fate"], "attested");
    assert_eq!(report["exemptions"][1]["fate"], "expired");
    assert_eq!(report["exemptions"][1]["dropped"], false);
    let text = read(&scene, POLICY);
    assert!(
        !text.contains("[exemptions.bolt]") && text.contains("[exemptions.nut]"),
        "{text}"
    );
    for kept in [
        "# top",
        "# about packages",
        "# a section of exemptions",
        "# old",
        "# end",
    ] {
        assert!(text.contains(kept), "{kept} is gone:\n{text}");
    }
    Run::of(scene.install(&["bolt"])).exits(0);
}

#[test]
fn an_exemption_stays_while_one_of_its_files_needs_it() {
    for (this, other, why) in [
        (false, true, "no-evidence"),
        (true, false, "is not attested: bolt-0.6-cp39"),
    ] {
        let (scene, policy) = exempt_scene(this, other);
        let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
        let bolt = &report["exemptions"][0];
        assert_eq!(bolt["fate"], "kept");
        assert!(bolt["why"].as_str().expect("a reason").contains(why), "{bolt}");
        assert_eq!(read(&scene, POLICY), policy);
    }
}

#[test]
fn expired_exemptions_are_dropped_on_request_without_a_request() {
    let (scene, _) = exempt_scene(false, false);
    scene.world.forget_requests();
    prune(&scene, &[]).exits(2).says("--expired");
    let report = prune(&scene, &["--expired"]).exits(0).json();
    assert_eq!(report["exemptions"][1]["dropped"], true);
    assert!(scene.world.requests().is_empty());
    let text = read(&scene, POLICY);
    assert!(
        !text.contains("nut") && text.contains("[exemptions.bolt]") && text.contains("# end"),
        "{text}"
    );
}

/// An exemption of `name` with one file, whose digest is this character.
fn exemption(name: &str, digest: char, more: &str) -> String {
    let digest = digest.to_string().repeat(64);
    format!("[exemptions.{name}]\nversions = \"==1\"\nsha256 = [\"{digest}\"]\nreason = \"read\"\n{more}\n")
}

#[test]
fn check_tells_what_has_no_effect_any_longer() {
    let scene = scene();
    let text = format!(
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n{}{}",
        exemption("old", 'a', "expires = 2020-01-01"),
        exemption("rocket", 'b', "expires = 9999-01-01")
    );
    scene.write(POLICY, &text);
    scene.world.forget_requests();
    let report = policy(&scene, &["check", "--format", "json"]).exits(1).json();
    assert_eq!(
        (&report["schema"], &report["in_order"]),
        (&"slsa-pip/policy-check/v1".into(), &false.into())
    );
    assert_eq!((&report["packages"], &report["exemptions"]), (&1.into(), &2.into()));
    let found = |report: &Value| -> Vec<(String, u64)> {
        let findings = report["findings"].as_array().expect("findings").iter();
        findings
            .map(|it| {
                (
                    it["kind"].as_str().expect("a kind").to_owned(),
                    it["written_at"]["line"].as_u64().expect("a line"),
                )
            })
            .collect()
    };
    assert_eq!(
        found(&report),
        [("expired".to_owned(), 3), ("pin-behind-exemption".to_owned(), 8)]
    );
    policy(&scene, &["check"])
        .exits(1)
        .says("slsa-pip.toml:3: [exemptions.old]")
        .says("ran out on 2020-01-01");
    assert!(scene.world.requests().is_empty());

    // What is only worth knowing is no problem, unless it is to be one.
    scene.write(POLICY, &text.replace("2020-01-01", "9999-01-01"));
    policy(&scene, &["check"]).exits(0).says("pin-behind-exemption");
    policy(&scene, &["check", "--strict"]).exits(1);
    scene.write(POLICY, &exemption("old", 'a', ""));
    policy(&scene, &["check", "--strict"])
        .exits(0)
        .says("valid slsa-pip.toml: 0 packages, 0 groups, 1 exemption");
    scene.write(POLICY, "[packages.rocket]\nrepositry = \"github.com/acme/rocket\"\n");
    policy(&scene, &["check"]).exits(2).says("did you mean `repository`?");
}

#[test]
fn check_tells_a_table_of_which_nothing_counts() {
    let scene = scene();
    let user = scene.directory.path().join("config");
    std::fs::create_dir_all(user.join("slsa-pip")).expect("made");
    scene.write(
        "config/slsa-pip/slsa-pip.toml",
        "[packages.\"acme-*\"]\nowner = \"github.com/acme\"\n\n[packages.rocket]\nrepository = \"github.com/old/rocket\"\n",
    );
    scene.write(POLICY, "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n");
    let mut command = scene.command(&["policy", "check", "--format", "json"]);
    let report = Run::of(command.env("XDG_CONFIG_HOME", &user)).exits(1).json();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(
        (&findings[0]["kind"], &findings[0]["written_at"]["line"]),
        (&"shadowed".into(), &4.into())
    );
    assert!(
        findings[0]["message"]
            .as_str()
            .expect("a message")
            .contains("slsa-pip.toml:2: [packages.rocket]")
    );
}

#[test]
fn check_tells_entries_that_nothing_uses() {
    let scene = scene();
    let text = format!(
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n[packages.\"other-*\"]\nowner = \"github.com/other\"\n{}{}",
        exemption("bolt", 'a', ""),
        exemption("gone", 'b', "")
    );
    scene.write(POLICY, &text);
    let unused = |words: &[&str]| -> Vec<String> {
        let words = [&["policy", "check", "--format", "json"], words].concat();
        let report = Run::of(scene.command(&words)).exits(0).json();
        let findings = report["findings"].as_array().expect("findings").clone();
        findings
            .iter()
            .map(|it| it["written_at"]["table"].as_str().expect("a table").to_owned())
            .collect()
    };
    assert!(unused(&[]).is_empty());
    // `bolt` is 0.6 there, and the exemption is for 1.
    assert_eq!(
        unused(&["-r", "requirements.txt"]),
        ["[packages.\"other-*\"]", "[exemptions.bolt]", "[exemptions.gone]"]
    );
    assert_eq!(unused(&["--installed"]).len(), 4);
}

#[test]
fn explain_names_the_rule_and_its_line() {
    let scene = scene();
    let text = format!(
        "[defaults]\nunpinned = \"deny\"\nminimum-level = 1\n\n[packages.\"acme-*\"]\nowner = \"github.com/acme\"\n\n[packages.acme-rocket]\nminimum-level = 3\nref = \"refs/tags/v{{version}}\"\n\n{}",
        exemption("acme-rocket", 'a', "")
    );
    scene.write(POLICY, &text);
    let report = policy(&scene, &["explain", "Acme.Rocket==1.0", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(report["schema"], "slsa-pip/policy-explanation/v1");
    let package = &report["packages"][0];
    assert_eq!(
        (&package["package"], &package["version"]),
        (&"acme-rocket".into(), &"1.0".into())
    );
    let settings = package["settings"].as_array().expect("settings");
    let set = |key: &str| {
        settings
            .iter()
            .find(|set| set["key"] == key)
            .unwrap_or_else(|| panic!("no {key}: {package}"))
    };
    assert_eq!(set("owner")["written_at"]["line"], 6);
    assert_eq!(set("unpinned")["written_at"]["table"], "[defaults]");
    assert_eq!(set("mode")["written_at"], Value::Null);
    assert_eq!(set("minimum-level")["value"], "3");
    assert_eq!(set("minimum-level")["overridden"][0]["setting"], "minimum-level = 1");
    assert_eq!(package["exemption"]["written_at"]["line"], 12);
    policy(&scene, &["explain", "acme-rocket==2", "serde"])
        .exits(0)
        .says("slsa-pip.toml:9: [packages.acme-rocket]")
        .says("not minimum-level = 1")
        .says("no exemption for this version")
        .says("no pin: slsa-pip policy add serde");
    policy(&scene, &["explain", "a b"]).exits(2).says("names no package");
    policy(&scene, &["explain", "a==x"]).exits(2).says("names no package");
}

#[test]
fn diff_tells_looser_from_stricter() {
    let scene = scene();
    let old = format!(
        "[packages.a]\nrepository = \"github.com/o/a\"\nworkflow = \"a.yml\"\n{}",
        exemption("b", 'a', "")
    );
    scene.write("old.toml", &old);
    scene.write("same.toml", &format!("# other words\n{old}"));
    scene.write("stricter.toml", &format!("[defaults]\nunpinned = \"deny\"\n{old}"));
    let looser = format!(
        "[packages.a]\nrepository = \"github.com/o/a\"\n{}{}",
        exemption("b", 'a', ""),
        exemption("c", 'b', "")
    );
    scene.write("looser.toml", &looser.replace("read", "a|b`c"));
    policy(&scene, &["diff", "old.toml", "same.toml"])
        .exits(0)
        .says("The same packages pass as before");
    policy(&scene, &["diff", "old.toml", "stricter.toml"])
        .exits(0)
        .says("0 looser, 0 different, 1 stricter");
    let report = policy(&scene, &["diff", "old.toml", "looser.toml", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(report["schema"], "slsa-pip/policy-diff/v1");
    assert_eq!(report["not_looser"], false);
    assert_eq!(report["changed"][0]["table"], "[packages.a]");
    assert_eq!(report["changed"][0]["changes"][0]["effect"], "looser");
    let markdown = policy(&scene, &["diff", "old.toml", "looser.toml", "--format", "markdown"])
        .exits(1)
        .stdout;
    assert!(
        markdown.starts_with("**2 looser, 0 different, 0 stricter**"),
        "{markdown}"
    );
    assert!(
        markdown.contains("| `[packages.a]` | `workflow` | `\"a.yml\"` | `not set` | **looser** |"),
        "{markdown}"
    );
    assert!(markdown.contains("a\\|b\u{fffd}c"), "{markdown}");
    scene.write("bad.toml", "version = 2\n");
    policy(&scene, &["diff", "old.toml", "bad.toml"])
        .exits(2)
        .says("bad.toml");
}

/// The commands of a page's `console` blocks, each with the lines that are shown below it.
fn commands(page: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().expect("a block").lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), Vec::new())),
                None => commands.last_mut().expect("a command").1.push(line.to_owned()),
            }
        }
    }
    commands
}

#[test]
fn the_page_on_adoption_is_run_as_it_stands() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adopt.md")).expect("the page");
    let scene = scene();
    scene.world.publish(published("winch", "3.1"));
    let python = crate::support::venv(scene.directory.path());
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_slsa-pip"));
    let path = format!(
        "{}:{}",
        program.parent().expect("a folder").display(),
        std::env::var("PATH").expect("PATH")
    );
    let commands = commands(&page);
    assert!(commands.len() > 10, "{commands:?}");
    for (command, shown) in commands {
        // The environment is that of the other tests; the words are the page's.
        let of_scene = scene.command(&[]);
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &command])
            .current_dir(scene.directory.path())
            .env_clear();
        shell.envs(std::env::vars_os());
        for (name, value) in of_scene.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.env("PATH", &path).env("SLSA_PIP_PYTHON", &python);
        let run = Run::of(shell).exits(i32::from(command.contains("# exit code 1")));
        for line in shown {
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(
                all.contains(line.trim_end()),
                "`{command}` does not say `{line}`:\n{all}"
            );
        }
    }
}

#[test]
fn what_is_exempt_and_attested_by_now_is_pinned_and_then_loses_its_exemption() {
    let release = Release::new(wheel("bolt", "0.6").build()).with(Evidence::pep740(identity("bolt", "0.6")));
    let scene = Scene::of([release]);
    scene.write("requirements.txt", "bolt\n");
    let digest = wheel("bolt", "0.6").build().sha256();
    let text = format!(
        "[defaults]\nunpinned = \"deny\"\n\n# reviewed\n[exemptions.bolt]\nversions = \"==0.6\"\nsha256 = [\"{digest}\"]\nreason = \"r\"\n"
    );
    scene.write(POLICY, &text);
    let why = |report: &Value| report["exemptions"][0]["why"].as_str().expect("a reason").to_owned();
    let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
    assert!(why(&report).contains("slsa-pip policy add bolt"), "{report:#}");
    Run::of(scene.command(&["policy", "add", "bolt"]))
        .exits(0)
        .says("1 new pin")
        .says("policy prune");
    let report = prune(&scene, &["-r", "requirements.txt"]).exits(0).json();
    assert_eq!(report["exemptions"][0]["dropped"], true, "{report:#}");
    let text = read(&scene, POLICY);
    assert!(
        !text.contains("exemptions") && text.contains("[packages.bolt]"),
        "{text}"
    );
    Run::of(scene.install(&["bolt"])).exits(0);
}
