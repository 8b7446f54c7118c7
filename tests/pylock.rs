use std::process::Command;

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel, World};

use crate::install_requirements::{parts, release};
use crate::support::{Run, Scene, freeze, venv};

pub(crate) const LOCK: &str = "pylock.toml";

pub(crate) fn read(scene: &Scene) -> String {
    std::fs::read_to_string(scene.directory.path().join(LOCK)).unwrap()
}

pub(crate) fn lock(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&["lock"]).args(words))
}

/// `rocket 2.0` and `bolt 1.1`, locked.
pub(crate) fn locked() -> Scene {
    let scene = parts();
    lock(&scene, &["rocket<3"]).exits(0);
    scene
}

pub(crate) fn install(scene: &Scene) -> Command {
    scene.install(&["-r", LOCK])
}

/// Changes the lock, and asserts that there was something to change.
#[track_caller]
pub(crate) fn poison(scene: &Scene, from: &str, to: &str) {
    let text = read(scene);
    assert!(text.contains(from), "`{from}` is not in:\n{text}");
    scene.write(LOCK, &text.replace(from, to));
}

/// Runs an install that must be refused; returns the codes. Nothing may be installed.
#[track_caller]
fn refused(scene: &Scene) -> Vec<String> {
    let run = Run::of(install(scene).args(["--format", "json"])).exits(1);
    assert_eq!(scene.installed(), Vec::<String>::new());
    run.codes()
}

#[test]
fn a_lock_holds_what_was_verified_and_the_same_run_gives_the_same_bytes() {
    let scene = parts();
    lock(&scene, &["rocket<3"])
        .exits(0)
        .says("verified rocket-2.0-py3-none-any.whl")
        .says("Wrote pylock.toml: 2 packages");
    let text = read(&scene);
    let index = scene.world.index_url();
    for expected in [
        "lock-version = \"1.0\"\n",
        "created-by = \"slsa-pip\"\n",
        "name = \"bolt\"\nversion = \"1.1\"\n",
        "dependencies = [\n    { name = \"bolt\" },\n]\n",
        &format!("index = \"{}/\"\n", index.trim_end_matches('/')),
        "[[packages.attestation-identities]]\nkind = \"GitHub\"\nrepository = \"acme/parts\"\nworkflow = \"release.yml\"\n",
        "[packages.tool.slsa-pip]\nverified = [\"rocket-2.0-py3-none-any.whl\"]\nevidence = \"publish\"\n",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in:\n{text}");
    }
    let written = || {
        std::fs::metadata(scene.directory.path().join(LOCK))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = written();
    lock(&scene, &["rocket<3"]).exits(0).says("is as it should be");
    assert_eq!((read(&scene), written()), (text, before));
    let names: Vec<_> = std::fs::read_dir(scene.directory.path()).unwrap().collect();
    let names = names
        .into_iter()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains(".partial")));
}

#[test]
fn a_lock_is_installed_without_asking_an_index_what_there_is() {
    let scene = locked();
    // Newer ones make no difference.
    scene.world.publish(release(Wheel::builder("rocket", "2.5")));
    scene.world.forget_requests();
    Run::of(install(&scene))
        .exits(0)
        .says("verified bolt-1.1-py3-none-any.whl")
        .says("Successfully installed bolt-1.1 rocket-2.0");
    assert_eq!(scene.installed(), ["bolt-1.1", "rocket-2.0"]);
    assert_eq!(scene.world.request_count("/simple/"), 0);
}

#[test]
fn a_real_environment_gets_exactly_the_lock_and_keeps_what_is_there() {
    let scene = locked();
    let python = venv(scene.directory.path());
    let install = |words: &[&str]| {
        let mut command = scene.command(&["install", "-r", LOCK]);
        Run::of(command.args(words).env("SLSA_PIP_PYTHON", &python)).exits(0)
    };
    Run::of(scene.command(&["install", "bolt==1.0"]).env("SLSA_PIP_PYTHON", &python)).exits(0);
    install(&[]).says("Successfully installed bolt-1.1 rocket-2.0");
    assert_eq!(freeze(&python), "bolt==1.1\nrocket==2.0\n");
    scene.world.forget_requests();
    install(&[]).says("Requirement already satisfied: rocket");
    assert_eq!(scene.world.requests().len(), 0, "nothing is fetched for what is there");
    install(&["--verify-installed"]).says("verified rocket-2.0");
}

#[test]
fn what_is_pinned_stays_until_an_upgrade_is_asked_for() {
    let scene = locked();
    scene.world.publish(release(Wheel::builder("bolt", "1.2")));
    scene
        .world
        .publish(release(Wheel::builder("rocket", "2.1").requires("bolt>=1")));
    let versions = |scene: &Scene| -> Vec<String> {
        let text = read(scene);
        let lines = text.lines().filter_map(|line| line.strip_prefix("version = "));
        lines.map(|version| version.trim_matches('"').to_owned()).collect()
    };
    lock(&scene, &["rocket<3"]).exits(0);
    assert_eq!(versions(&scene), ["1.1", "2.0"]);
    lock(&scene, &["rocket<3", "-P", "Bolt"]).exits(0);
    assert_eq!(versions(&scene), ["1.2", "2.0"]);
    lock(&scene, &["rocket<3", "--upgrade"]).exits(0);
    assert_eq!(versions(&scene), ["1.2", "2.1"]);
    // What the user rules out moves, and what no longer fits with it.
    lock(&scene, &["rocket<2"])
        .exits(0)
        .says("rocket 2.1 is no longer asked for");
    assert_eq!(versions(&scene), ["1.2", "1.0"]);
    scene
        .world
        .publish(release(Wheel::builder("rocket", "1.5").requires("bolt<1.1")));
    lock(&scene, &["rocket==1.5"]).exits(0).says("bolt 1.2 no longer fits");
    assert_eq!(versions(&scene), ["1.0", "1.5"]);
}

#[test]
fn other_bytes_under_a_locked_name_are_refused_even_where_all_is_chosen_anew() {
    let bolt = |content: &str| Wheel::builder("bolt", "1.0").file("bolt/new.py", content);
    let scene = Scene::of([release(bolt("1"))]);
    lock(&scene, &["bolt"]).exits(0);
    let before = read(&scene);
    let other = Scene::of([release(bolt("2"))]);
    other.write(LOCK, &before);
    for words in [&["bolt"][..], &["bolt", "--upgrade"]] {
        let run = lock(&other, &[words, &["--format", "json"]].concat()).exits(1);
        assert_eq!(run.codes(), ["hash-not-allowed"]);
        assert_eq!(read(&other), before, "the lock is as it was");
    }
}

#[test]
fn with_one_refusal_nothing_is_written() {
    let scene = parts();
    scene.world.publish(Release::new(Wheel::builder("bare", "1.0").build()));
    let run = lock(&scene, &["rocket", "bare", "--format", "json"]).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    assert!(!scene.directory.path().join(LOCK).exists());
    lock(&scene, &["rocket", "bare"])
        .exits(1)
        .says("No lock file was written.");
    lock(&scene, &["rocket"]).exits(0);
    let before = read(&scene);
    lock(&scene, &["bare"]).exits(1);
    assert_eq!(read(&scene), before);
}

#[test]
fn an_exempt_file_is_locked_as_such_and_claims_no_identity() {
    let wheel = Wheel::builder("bare", "1.0").build();
    let scene = Scene::of([Release::new(wheel.clone())]);
    scene.write(
        "slsa-pip.toml",
        &format!(
            "[exemptions.bare]\nversions = \"==1.0\"\nsha256 = [\"{}\"]\nreason = \"read \\\"it\\\" all\"\n",
            wheel.sha256()
        ),
    );
    lock(&scene, &["bare"]).exits(0);
    let text = read(&scene);
    assert!(text.contains("exempt = \"read \\\"it\\\" all\""), "{text}");
    assert!(
        !text.contains("attestation-identities") && !text.contains("verified ="),
        "{text}"
    );
    Run::of(install(&scene)).exits(0).says("exempt bare-1.0");
    // Elsewhere the exemption is not there, and the lock is no exemption.
    std::fs::remove_file(scene.directory.path().join("slsa-pip.toml")).unwrap();
    std::fs::remove_dir_all(scene.target()).unwrap();
    assert_eq!(refused(&scene), ["no-evidence"]);
}

#[test]
fn what_the_policy_only_warns_of_is_locked_as_unproven() {
    let scene = Scene::of([Release::new(Wheel::builder("bare", "1.0").build())]);
    scene.write("slsa-pip.toml", "[defaults]\nmode = \"warn\"\n");
    lock(&scene, &["bare"])
        .exits(0)
        .says("1 package, 1 of them not proven, which the policy only warns of");
    let text = read(&scene);
    assert!(
        text.contains("[packages.tool.slsa-pip]\ntolerated = \"no-evidence\"\n"),
        "{text}"
    );
    assert!(
        !text.contains("attestation-identities") && !text.contains("verified ="),
        "{text}"
    );
}

#[test]
fn names_and_combinations_that_mean_nothing_are_usage_errors() {
    let scene = locked();
    for (words, text) in [
        (&["lock", "rocket", "-o", "lock.toml"][..], "no name of a lock file"),
        (&["lock", "rocket", "-o", "pylock.a.b.toml"], "no name of a lock file"),
        (
            &["lock", "-r", LOCK],
            "reads requirements, and `pylock.toml` is a lock file",
        ),
        (
            &["resolve", "-r", LOCK],
            "reads requirements, and `pylock.toml` is a lock file",
        ),
        (&["install", "-r", LOCK, "rocket"], "cannot be combined"),
        (&["install", "-r", LOCK, "-r", "requirements.txt"], "cannot be combined"),
        (&["install", "-r", LOCK, "-c", "constraints.txt"], "cannot be combined"),
        (
            &["install", "-r", "https://host.example/pylock.toml"],
            "is not on this machine",
        ),
        (&["install", "-r", "pylock.absent.toml"], "cannot be read"),
        (
            &["install", "-r", LOCK, "--no-binary", "bolt"],
            "`--no-binary` rules out `bolt` of the lock file",
        ),
        (&["lock", "rocket", "-P", "a b"], "`--upgrade-package` needs the name"),
        (&["lock"], "There is nothing to lock"),
    ] {
        Run::of(scene.command(words)).exits(2).says(text);
    }
    scene.write("pylock.broken.toml", "lock-version = \"2.0\"\n");
    Run::of(scene.command(&["install", "-r", "pylock.broken.toml"]))
        .exits(2)
        .says("error[unknown-lock-version]")
        .says("--> pylock.broken.toml:1:16");
    Run::of(scene.command(&["lock", "rocket", "-o", "pylock.broken.toml"]))
        .exits(2)
        .says("remove it to lock anew");
    Run::of(scene.command(&["lock", "rocket", "-o", "pylock.dev.toml"])).exits(0);
}

// The attack story "poisoned lock file".

/// `rocket 1.0.0` of its real owner, locked; an attacker serves another of the same name with provenance of their own.
fn attacked() -> (Scene, Wheel) {
    let honest = Wheel::builder("rocket", "1.0.0").project_url("Source", "https://github.com/acme/rocket");
    let scene = Scene::of([Release::new(honest.build()).with(Evidence::pep740(Identity::github("acme/rocket")))]);
    lock(&scene, &["rocket"]).exits(0);
    let evil = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/evil/rocket")
        .file("rocket/evil.py", "import this");
    (scene, evil.build())
}

/// The lock names the attacker's file on the attacker's own index, with its real hash and size.
fn swap_file(scene: &Scene, evil: &Scene, wheel: &Wheel) {
    let text = read(scene);
    let host = |scene: &Scene| scene.world.index_url().split('/').nth(2).unwrap().to_owned();
    let size = between(&text, ", size = ", ",");
    poison(scene, between(&text, "sha256 = \"", "\""), &wheel.sha256());
    poison(scene, &host(scene), &host(evil));
    poison(
        scene,
        &format!("size = {size}"),
        &format!("size = {}", wheel.bytes.len()),
    );
}

/// The URL of a file of the world.
pub(crate) fn file_url(scene: &Scene, name: &str) -> String {
    let index = scene.world.index_url();
    format!("http://{}/files/{name}", index.split('/').nth(2).unwrap())
}

/// What stands between the first `start` and the next `end`.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn a_swapped_hash_or_url_or_size_is_refused() {
    let (scene, wheel) = attacked();
    let (text, name) = (read(&scene), "rocket-1.0.0-py3-none-any.whl");
    let forget = || Run::of(scene.command(&["cache", "clean"])).exits(0);
    poison(&scene, between(&text, "sha256 = \"", "\""), &wheel.sha256());
    assert_eq!(refused(&scene), ["hash-not-allowed"]);
    let evil = Scene::of([Release::new(wheel.clone())]);
    scene.write(LOCK, &text);
    poison(&scene, &file_url(&scene, name), &file_url(&evil, name));
    let size = format!("size = {}", between(&text, ", size = ", ","));
    poison(&scene, &size, &format!("size = {}", wheel.bytes.len()));
    forget();
    assert_eq!(refused(&scene), ["hash-not-allowed"]);
    assert!(evil.world.request_count(name) >= 1, "it was fetched there");
    scene.write(LOCK, &text);
    poison(&scene, &size, &format!("{size}0"));
    forget();
    Run::of(install(&scene))
        .exits(2)
        .says("The lock file says that `rocket-1.0.0-py3-none-any.whl` has");
    assert_eq!(scene.installed(), Vec::<String>::new());
    // Bytes of another size than the lock's are not even loaded to their end.
    scene.write(LOCK, &text);
    poison(&scene, &size, "size = 100");
    forget();
    Run::of(install(&scene)).exits(2).says("could not be downloaded");
}

#[test]
fn an_attackers_file_is_refused_whatever_identity_the_lock_keeps_or_loses() {
    // The identity stays: the attacker's provenance is not that of the lock.
    let (scene, wheel) = attacked();
    let by_attacker = Release::new(wheel.clone()).with(Evidence::pep740(Identity::github("evil/rocket")));
    let evil = Scene::with(World::builder().start_blocking().unwrap(), [by_attacker]);
    let root = evil.world.trusted_root_path().to_owned();
    let install = |scene: &Scene| {
        // One Sigstore: the attacker's certificates are as real as anybody's.
        let mut command = install(scene);
        command.env("SLSA_PIP_TRUSTED_ROOT", &root).args(["--format", "json"]);
        Run::of(command).exits(1).codes()
    };
    swap_file(&scene, &evil, &wheel);
    assert_eq!(install(&scene), ["locked-identity-mismatch"]);
    // It is swapped as well: a pin in the policy stops it, whatever the lock says.
    poison(&scene, "acme/rocket", "evil/rocket");
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    assert_eq!(install(&scene), ["repository-mismatch"]);
    // Policy that denies what is not pinned takes no lock for a pin.
    scene.write("slsa-pip.toml", "[defaults]\nunpinned = \"deny\"\n");
    assert_eq!(install(&scene), ["repository-not-pinned"]);
    // It is removed: the usual verdict, and the same pin.
    scene.write(
        "slsa-pip.toml",
        "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n",
    );
    let text = read(&scene);
    let kept = text
        .split("\n[[packages.attestation-identities]]")
        .next()
        .unwrap()
        .to_owned();
    scene.write(LOCK, &kept);
    assert_eq!(install(&scene), ["repository-mismatch"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn without_provenance_a_poisoned_lock_is_refused_with_and_without_identities() {
    let (scene, wheel) = attacked();
    let evil = Scene::of([Release::new(wheel.clone())]);
    swap_file(&scene, &evil, &wheel);
    // Not even where policy only warns, as long as a publisher is recorded.
    scene.write("slsa-pip.toml", "[defaults]\nmode = \"warn\"\n");
    assert_eq!(refused(&scene), ["no-evidence"]);
    std::fs::remove_file(scene.directory.path().join("slsa-pip.toml")).unwrap();
    let text = read(&scene);
    scene.write(
        LOCK,
        text.split("\n[[packages.attestation-identities]]").next().unwrap(),
    );
    assert_eq!(refused(&scene), ["no-evidence"]);
}

#[test]
fn every_field_of_an_identity_is_demanded_again() {
    let scene = Scene::of([Release::new(
        Wheel::builder("rocket", "1.0.0")
            .project_url("Source", "https://github.com/acme/rocket")
            .build(),
    )
    .with(Evidence::pep740(Identity::github("acme/rocket").environment("pypi")))]);
    lock(&scene, &["rocket"]).exits(0);
    let text = read(&scene);
    assert!(text.contains("environment = \"pypi\""), "{text}");
    for (from, to) in [
        ("repository = \"acme/rocket\"", "repository = \"acme/other\""),
        ("workflow = \"release.yml\"", "workflow = \"other.yml\""),
        ("environment = \"pypi\"", "environment = \"testing\""),
        ("kind = \"GitHub\"", "kind = \"Unheard\""),
        (
            "kind = \"GitHub\"\nrepository = \"acme/rocket\"\nworkflow = \"release.yml\"\nenvironment = \"pypi\"",
            "kind = \"Google\"\nemail = \"a@b.example\"",
        ),
    ] {
        scene.write(LOCK, &text);
        poison(&scene, from, to);
        assert_eq!(refused(&scene), ["locked-identity-mismatch"], "{to}");
    }
    // GitHub's names are not case-sensitive; one of several is enough.
    scene.write(LOCK, &text);
    poison(&scene, "\"acme/rocket\"\nworkflow", "\"Acme/Rocket\"\nworkflow");
    poison(
        &scene,
        "\n[[packages.attestation-identities]]",
        "\n[[packages.attestation-identities]]\nkind = \"Google\"\nemail = \"a@b.example\"\n\n[[packages.attestation-identities]]",
    );
    Run::of(install(&scene)).exits(0);
}

#[test]
fn an_exemption_is_no_substitute_for_a_recorded_identity() {
    let wheel = Wheel::builder("rocket", "1.0.0").build();
    let scene = Scene::of([Release::new(wheel.clone()).with(Evidence::pep740(Identity::github("acme/rocket")))]);
    lock(&scene, &["rocket"]).exits(0);
    poison(&scene, "acme/rocket", "acme/other");
    scene.write(
        "slsa-pip.toml",
        &format!(
            "[exemptions.rocket]\nversions = \"==1.0.0\"\nsha256 = [\"{}\"]\nreason = \"test\"\n",
            wheel.sha256()
        ),
    );
    assert_eq!(refused(&scene), ["locked-identity-mismatch"]);
}

#[test]
fn policy_about_indexes_and_times_holds_for_locks_too() {
    let scene = locked();
    let index = scene.world.index_url();
    let other = "https://index.example/simple/";
    scene.write("slsa-pip.toml", &format!("[packages.bolt]\nindex = \"{other}\"\n"));
    assert_eq!(refused(&scene), ["index-not-allowed"]);
    scene.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{other}\"]\n"));
    assert_eq!(refused(&scene), ["index-not-allowed", "index-not-allowed"]);
    scene.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{index}\"]\nminimum-age = \"7 days\"\n"),
    );
    Run::of(install(&scene)).exits(0);
    std::fs::remove_dir_all(scene.target()).unwrap();
    poison(&scene, "upload-time = 20", "upload-time = 30");
    assert_eq!(refused(&scene), ["release-too-young", "release-too-young"]);
    let text = read(&scene);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("index = ")).collect();
    scene.write(LOCK, &lines.join("\n"));
    assert_eq!(refused(&scene), ["index-not-allowed", "index-not-allowed"]);
}

/// The attack: a stolen upload token, provenance of the thief's own, and a lock file that records it. A lock takes no check away, so
/// that what the earlier releases were made by is asked for as without it.
#[test]
fn what_a_lock_records_does_not_stand_in_for_continuity() {
    let of = |owner: &str, version: &str| {
        let repository = format!("{owner}/rocket");
        let wheel =
            Wheel::builder("rocket", version).project_url("Source", &format!("https://github.com/{repository}"));
        Release::new(wheel.build()).with(Evidence::pep740(Identity::github(&repository)))
    };
    let scene = Scene::of([of("acme", "1.0.0"), of("evil", "2.0.0")]);
    lock(&scene, &["rocket"]).exits(0);
    let recorded = read(&scene);
    assert!(recorded.contains("repository = \"evil/rocket\""), "{recorded}");
    let bare = recorded.split("\n[[packages.attestation-identities]]").next().unwrap();
    let url = between(&recorded, "url = \"", "\"");
    let sha256 = between(&recorded, "sha256 = \"", "\"");
    let archive = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"rocket\"\nversion = \"2.0.0\"\n\
         [packages.archive]\nurl = \"{url}\"\nhashes = {{ sha256 = \"{sha256}\" }}\n"
    );
    scene.write("slsa-pip.toml", "[defaults]\nunpinned = \"continuity\"\n");
    for text in [bare, &recorded, &archive] {
        scene.write(LOCK, text);
        assert_eq!(refused(&scene), ["continuity-repository-changed"], "{text}");
    }
    // The project's own next release, from the same index and out of a lock that records it.
    scene.write(LOCK, &recorded);
    scene.world.publish(of("acme", "1.1.0"));
    lock(&scene, &["rocket==1.1.0", "--upgrade"]).exits(0);
    assert!(read(&scene).contains("repository = \"acme/rocket\""));
    Run::of(install(&scene)).exits(0);
}

#[test]
fn what_a_lock_records_is_not_recorded_for_continuity() {
    let scene = locked();
    scene.write("slsa-pip.lock.toml", "version = 1\n");
    let run = Run::of(install(&scene).args(["--locked", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), ["continuity-not-recorded", "continuity-not-recorded"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
}
