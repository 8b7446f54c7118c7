use std::path::Path;
#[cfg(feature = "index-tests")]
use std::path::PathBuf;
use std::process::Command;

use slsa_pip_test_world::{Evidence, Identity, Release, ReleaseFaults, Wheel, World};

use crate::install_requirements::{parts, release};
use crate::support::{Run, Scene, freeze, venv};

const LOCK: &str = "pylock.toml";

fn read(scene: &Scene) -> String {
    std::fs::read_to_string(scene.directory.path().join(LOCK)).unwrap()
}

fn lock(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&["lock"]).args(words))
}

/// `rocket 2.0` and `bolt 1.1`, locked.
fn locked() -> Scene {
    let scene = parts();
    lock(&scene, &["rocket<3"]).exits(0);
    scene
}

fn install(scene: &Scene) -> Command {
    scene.install(&["-r", LOCK])
}

/// Changes the lock, and asserts that there was something to change.
#[track_caller]
fn poison(scene: &Scene, from: &str, to: &str) {
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
    let lines = text.lines().filter(|line| !line.starts_with("index = "));
    scene.write(LOCK, &lines.map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(refused(&scene), ["index-not-allowed", "index-not-allowed"]);
}

// Locks of other tools, in our own words.

fn file_url(scene: &Scene, name: &str) -> String {
    let index = scene.world.index_url();
    format!("http://{}/files/{name}", index.split('/').nth(2).unwrap())
}

#[test]
fn locks_as_other_tools_write_them_are_installed() {
    let scene = parts();
    let sha256 = |name: &str, version: &str| {
        let wheel = match (name, version) {
            ("rocket", _) => Wheel::builder(name, version)
                .requires("bolt>=1")
                .extra("fast")
                .requires("fuel; extra == 'fast'"),
            _ => Wheel::builder(name, version),
        };
        wheel
            .project_url("Source", "https://github.com/acme/parts")
            .build()
            .sha256()
    };
    let (rocket, bolt) = (sha256("rocket", "2.0"), sha256("bolt", "1.1"));
    let (rocket_url, bolt_url) = (
        file_url(&scene, "rocket-2.0-py3-none-any.whl"),
        file_url(&scene, "bolt-1.1-py3-none-any.whl"),
    );
    let index = scene.world.index_url();
    // As pip: one wheel each, by name, without index and size.
    let pip = format!(
        "lock-version = \"1.0\"\ncreated-by = \"pip\"\n\n[[packages]]\nname = \"bolt\"\nversion = \"1.1\"\n\n[[packages.wheels]]\nname = \"bolt-1.1-py3-none-any.whl\"\nurl = \"{bolt_url}\"\n\n[packages.wheels.hashes]\nsha256 = \"{bolt}\"\n\n[[packages]]\nname = \"rocket\"\n[packages.archive]\nurl = \"{rocket_url}\"\n[packages.archive.hashes]\nsha256 = \"{rocket}\"\n"
    );
    // As uv: index, times, sdists, markers that exclude one another, inline tables.
    let uv = format!(
        "# This file was autogenerated\nlock-version = \"1.0\"\ncreated-by = \"uv\"\nrequires-python = \">=3.8\"\n\n[[packages]]\nname = \"bolt\"\nversion = \"1.1\"\nmarker = \"python_full_version >= '3'\"\nindex = \"{index}\"\nsdist = {{ url = \"https://files.example/bolt-1.1.tar.gz\", upload-time = 2025-01-25T11:30:10Z, size = 5, hashes = {{ sha256 = \"{bolt}\" }} }}\nwheels = [\n    {{ url = \"https://files.example/bolt-1.1-cp27-cp27m-win32.whl\", hashes = {{ sha256 = \"{rocket}\" }} }},\n    {{ url = \"{bolt_url}\", upload-time = 2025-01-25T11:30:10.123Z, hashes = {{ sha256 = \"{bolt}\" }} }},\n]\n\n[[packages]]\nname = \"bolt\"\nversion = \"1.0\"\nmarker = \"python_full_version < '3'\"\nindex = \"{index}\"\nwheels = [{{ url = \"https://files.example/bolt-1.0-py3-none-any.whl\", hashes = {{ sha256 = \"{rocket}\" }} }}]\n\n[[packages]]\nname = \"rocket\"\nversion = \"2.0\"\nindex = \"{index}\"\nwheels = [{{ url = \"{rocket_url}\", hashes = {{ sha256 = \"{rocket}\" }} }}]\n"
    );
    // As PDM: groups that are installed by default, dependencies, a tool table of its own.
    let pdm = format!(
        "lock-version = \"1.0\"\nrequires-python = \">=3.8\"\nenvironments = [\"python_version >= \\\"3.8\\\"\"]\nextras = []\ndependency-groups = [\"dev\"]\ndefault-groups = [\"default\"]\ncreated-by = \"pdm\"\n[[packages]]\nname = \"rocket\"\nversion = \"2.0\"\nrequires-python = \">=3.8\"\nwheels = [\n    {{name = \"rocket-2.0-py3-none-any.whl\",url = \"{rocket_url}\",hashes = {{sha256 = \"{rocket}\"}}}},\n]\nmarker = \"\\\"default\\\" in dependency_groups or \\\"dev\\\" in dependency_groups\"\n\n[packages.tool.pdm]\ndependencies = [\n    \"bolt>=1\",\n]\n\n[[packages]]\nname = \"bolt\"\nversion = \"1.1\"\nwheels = [\n    {{name = \"bolt-1.1-py3-none-any.whl\",url = \"{bolt_url}\",hashes = {{sha256 = \"{bolt}\"}}}},\n]\nmarker = \"\\\"default\\\" in dependency_groups\"\n[[packages]]\nname = \"fuel\"\nversion = \"0.5\"\nwheels = [\n    {{name = \"fuel-0.5-py3-none-any.whl\",url = \"https://files.example/x\",hashes = {{sha256 = \"{bolt}\"}}}},\n]\nmarker = \"\\\"dev\\\" in dependency_groups\"\n[tool.pdm]\nstrategy = [\"inherit_metadata\"]\n[tool.pdm.hashes]\nsha256 = \"{bolt}\"\n"
    );
    for (tool, text) in [("pip", pip), ("uv", uv), ("pdm", pdm)] {
        scene.write(LOCK, &text);
        Run::of(install(&scene)).exits(0);
        assert_eq!(scene.installed(), ["bolt-1.1", "rocket-2.0"], "{tool}");
        std::fs::remove_dir_all(scene.target()).unwrap();
    }
}

#[test]
fn what_no_provenance_can_be_about_is_refused_with_the_reason() {
    let scene = locked();
    let text = read(&scene);
    for (entry, why) in [
        (
            "vcs = { type = \"git\", url = \"https://host.example/x.git\", commit-id = \"c1b8afd\" }",
            "`nut` (line 3) is a checkout (git)",
        ),
        ("directory = { path = \".\", editable = true }", "is an editable folder"),
        (
            "sdist = { url = \"https://host.example/nut-1.0.tar.gz\", hashes = { sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\" } }",
            "has a source distribution and no wheel",
        ),
    ] {
        let nut = format!("[[packages]]\nname = \"nut\"\n{entry}\n");
        let (head, rest) = text.split_once("\n[[packages]]\n").unwrap();
        let head = head
            .lines()
            .filter(|line| line.starts_with("lock-version") || line.starts_with("created-by"));
        let head: Vec<&str> = head.collect();
        scene.write(LOCK, &format!("{}\n{nut}\n[[packages]]\n{rest}", head.join("\n")));
        Run::of(install(&scene))
            .exits(2)
            .says("cannot be installed here")
            .says(why)
            .says("slsa-pip installs wheels only");
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
}

#[test]
fn a_lock_is_downloaded_and_its_folder_is_installed_offline_with_paths() {
    let scene = locked();
    Run::of(scene.command(&["download", "-r", LOCK, "-d", "wheels"])).exits(0);
    let folder = scene.directory.path().join("wheels");
    assert!(folder.join("rocket-2.0-py3-none-any.whl.attestation").is_file());
    let files = file_url(&scene, "");
    let text = read(&scene).replace(&format!("url = \"{files}"), "path = \"./wheels/");
    scene.write(LOCK, &text);
    scene.world.forget_requests();
    let mut command = install(&scene);
    Run::of(command.args(["--provenance-dir", "wheels", "--offline"])).exits(0);
    assert_eq!(scene.installed(), ["bolt-1.1", "rocket-2.0"]);
    assert_eq!(scene.world.requests().len(), 0);
    // A link does not lead out of the folder.
    std::fs::remove_dir_all(scene.target()).unwrap();
    #[cfg(unix)]
    {
        let outside = crate::support::folder();
        let name = "bolt-1.1-py3-none-any.whl";
        std::fs::rename(folder.join(name), outside.path().join(name)).unwrap();
        std::os::unix::fs::symlink(outside.path().join(name), folder.join(name)).unwrap();
        let mut command = install(&scene);
        Run::of(command.args(["--provenance-dir", "wheels", "--offline"]))
            .exits(2)
            .says("below the folder of the lock file");
    }
}

#[test]
fn further_wheels_and_source_distributions_are_listed_only_where_asked_for() {
    let scene = parts();
    let wheel = Wheel::builder("bolt", "1.1").tag("cp27-cp27m-win32");
    scene.world.publish(Release::new(wheel.build()));
    scene.world.publish(Release::new(Wheel::sdist("bolt", "1.1")));
    lock(&scene, &["bolt"]).exits(0);
    assert!(!read(&scene).contains("win32") && !read(&scene).contains("sdist"));
    lock(&scene, &["bolt", "--all-wheels", "--sdists"]).exits(0);
    let text = read(&scene);
    assert!(
        text.contains("bolt-1.1-cp27-cp27m-win32.whl") && text.contains("sdist = { name = \"bolt-1.1.tar.gz\""),
        "{text}"
    );
    assert!(text.contains("verified = [\"bolt-1.1-py3-none-any.whl\"]"), "{text}");
    Run::of(install(&scene)).exits(0);
    assert_eq!(scene.installed(), ["bolt-1.1"]);
}

#[test]
fn a_wheel_that_is_named_by_its_url_is_locked_as_an_archive() {
    let scene = parts();
    let url = file_url(&scene, "bolt-1.1-py3-none-any.whl");
    lock(&scene, &[&format!("bolt @ {url}")]).exits(0);
    let text = read(&scene);
    assert!(text.contains(&format!("archive = {{ url = \"{url}\"")), "{text}");
    Run::of(install(&scene)).exits(0);
    assert_eq!(scene.installed(), ["bolt-1.1"]);
}

#[test]
fn a_lock_of_another_environment_is_not_installed_here() {
    let scene = locked();
    poison(&scene, "sys_platform == '", "sys_platform == 'not-");
    Run::of(install(&scene))
        .exits(2)
        .says("it is for other environments than this one");
}

#[test]
fn a_faulty_index_that_serves_other_bytes_writes_no_lock() {
    let wheel = Wheel::builder("rocket", "1.0.0").build();
    let release = Release::new(wheel.clone()).with(Evidence::pep740(Identity::github("acme/rocket")));
    let scene = Scene::of([release.faults(ReleaseFaults::tampered(&wheel))]);
    let run = lock(&scene, &["rocket", "--format", "json"]).exits(1);
    assert_eq!(run.codes(), ["digest-mismatch"]);
    assert!(!scene.directory.path().join(LOCK).exists());
}

/// The newest pip and uv of the configured index.
#[cfg(feature = "index-tests")]
fn with_tools(scene: &Scene) -> PathBuf {
    let python = venv(scene.directory.path());
    let status = Command::new(&python)
        .args(["-I", "-m", "pip", "install", "--quiet", "--upgrade", "pip", "uv"])
        .status();
    assert!(status.unwrap().success(), "pip and uv are installed");
    python
}

#[cfg(feature = "index-tests")]
fn pip(python: &Path, scene: &Scene, words: &[&str]) -> Run {
    let mut command = Command::new(python);
    command.args(["-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]);
    command.current_dir(scene.directory.path()).args(words);
    Run::of(command.env("NO_COLOR", "1"))
}

#[cfg(feature = "index-tests")]
#[test]
fn pip_and_uv_install_what_is_written_here_and_the_other_way_round() {
    let scene = locked();
    let python = with_tools(&scene);
    let index = scene.world.index_url();
    let target = |name: &str| scene.directory.path().join(name).display().to_string();
    let names = |target: &str| {
        let entries = std::fs::read_dir(target)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut found: Vec<String> = entries
            .filter_map(|name| {
                name.into_string()
                    .unwrap()
                    .strip_suffix(".dist-info")
                    .map(str::to_owned)
            })
            .collect();
        found.sort();
        found
    };
    // pip.
    let by_pip = target("by-pip");
    pip(
        &python,
        &scene,
        &["install", "-r", LOCK, "--no-index", "--target", &by_pip],
    )
    .exits(0);
    assert_eq!(names(&by_pip), ["bolt-1.1", "rocket-2.0"]);
    // uv.
    let by_uv = target("by-uv");
    let mut uv = Command::new(python.with_file_name("uv"));
    uv.args([
        "pip",
        "sync",
        LOCK,
        "--no-cache",
        "--preview-features",
        "pylock",
        "--target",
        &by_uv,
        "--python",
    ]);
    uv.arg(&python).current_dir(scene.directory.path());
    Run::of(uv).exits(0);
    assert_eq!(names(&by_uv), ["bolt-1.1", "rocket-2.0"]);
    // What they write is installed here.
    let written = ["lock", "rocket<3", "-o", "pylock.pip.toml", "--index-url", &index];
    pip(&python, &scene, &written).exits(0);
    scene.write("requirements.in", "rocket<3\n");
    let mut uv = Command::new(python.with_file_name("uv"));
    uv.args([
        "pip",
        "compile",
        "requirements.in",
        "--format",
        "pylock.toml",
        "-o",
        "pylock.uv.toml",
        "--no-cache",
    ]);
    uv.args(["--index-url", &index, "--quiet", "--python"])
        .arg(&python)
        .current_dir(scene.directory.path());
    Run::of(uv).exits(0);
    for name in ["pylock.pip.toml", "pylock.uv.toml"] {
        Run::of(scene.install(&["-r", name])).exits(0);
        assert_eq!(scene.installed(), ["bolt-1.1", "rocket-2.0"], "{name}");
        std::fs::remove_dir_all(scene.target()).unwrap();
    }
}

#[test]
fn every_command_of_the_document_runs() {
    let scene = parts();
    scene
        .world
        .publish(release(Wheel::builder("urllib3", "2.0").requires("bolt")));
    scene.write("requirements.txt", "rocket<2\nurllib3\n");
    Run::of(scene.command(&["lock", "-r", "requirements.txt", "-o", "pylock.old.toml"])).exits(0);
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pylock.md")).unwrap();
    let mut seen = 0;
    for line in document.lines().filter_map(|line| line.strip_prefix("$ slsa-pip ")) {
        let words: Vec<&str> = line.split(' ').collect();
        // Into a folder of the test's, all else as it is written.
        let mut command = scene.command(&words);
        if words[0] == "install" {
            command.arg("--target").arg(scene.target());
        }
        Run::of(command).exits(0);
        seen += 1;
    }
    assert_eq!(seen, 8);
    assert_eq!(scene.installed(), ["bolt-1.1", "rocket-1.0", "urllib3-2.0"]);
}
