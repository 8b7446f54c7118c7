use std::path::{Path, PathBuf};

use serde_json::Value;
use slsa_pip_test_world::{Evidence, Identity, Release, Wheel, World};

use crate::support::{Run, Scene, folder, slsa_pip};

/// Names of `count` projects, the first of which requires the others.
fn fleet(count: usize) -> Vec<Release> {
    let name = |number| format!("part{number}");
    let release = |number| {
        let name = name(number);
        let mut wheel = Wheel::builder(&name, "1.0").project_url("Source", &format!("https://github.com/acme/{name}"));
        if number == 0 {
            for other in 1..count {
                wheel = wheel.requires(&format!("part{other}"));
            }
        }
        Release::new(wheel.build()).with(Evidence::pep740(Identity::github(&format!("acme/{name}"))))
    };
    (0..count).map(release).collect()
}

fn verified(scene: &Scene, words: &[&str]) -> Value {
    let mut command = scene.install(&["part0", "--dry-run", "--format", "json"]);
    Run::of(command.args(words)).exits(0).json()
}

fn cache(scene: &Scene) -> PathBuf {
    scene.directory.path().join(".cache")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

fn cache_command(scene: &Scene, words: &[&str]) -> Run {
    let mut command = slsa_pip(scene.directory.path());
    Run::of(command.arg("cache").args(words).args(["--format", "json"]))
}

#[test]
fn sixty_packages_from_a_warm_cache_cost_revalidations_only() {
    const COUNT: usize = 60;
    let scene = Scene::of(fleet(COUNT));
    let cold = verified(&scene, &[]);
    assert_eq!(cold["files"].as_array().unwrap().len(), COUNT);
    assert_eq!(scene.world.requests().len(), 4 * COUNT, "at most four a package");
    assert_eq!(cold["requests"], 4 * COUNT);

    scene.world.forget_requests();
    let warm = verified(&scene, &[]);
    let requests = scene.world.requests();
    assert!(requests.iter().all(|request| request.status == 304), "{requests:#?}");
    // The page and the provenance of each; METADATA and wheel have digests.
    assert_eq!(requests.len(), 2 * COUNT);
    assert_eq!(
        (&warm["requests"], &warm["revalidated"], &warm["cached"]),
        (&(2 * COUNT).into(), &(2 * COUNT).into(), &(2 * COUNT).into())
    );
    assert_eq!(warm["files"], cold["files"], "the same verdicts for the same reasons");
    Run::of(&mut scene.install(&["part0", "--dry-run"]))
        .exits(0)
        .says("requests: 120 (120 to confirm what the cache holds); from the cache without a request: 120");
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let scene = Scene::of(fleet(1));
    for _ in 0..2 {
        scene.world.forget_requests();
        verified(&scene, &["--no-cache-dir"]);
        assert_eq!(scene.world.requests().len(), 4);
        assert!(!cache(&scene).exists());
    }
    // pip's own switch is about answers and wheels.
    for (name, value) in [("PIP_NO_CACHE_DIR", "1"), ("PIP_CONFIG_FILE", "pip.conf")] {
        scene.write("pip.conf", "[global]\nno-cache-dir = true\n");
        let mut command = scene.install(&["part0", "--dry-run"]);
        let value = if name == "PIP_CONFIG_FILE" {
            scene.directory.path().join(value).into_os_string()
        } else {
            value.into()
        };
        Run::of(command.env(name, value)).exits(0);
        for kept in ["http", "wheels"] {
            assert!(!cache(&scene).join(kept).exists(), "{name}: {kept}");
        }
    }
}

#[test]
fn what_the_cache_holds_is_never_trusted() {
    let scene = Scene::of(fleet(2));
    let before = verified(&scene, &[]);
    for folder in ["wheels", "http"] {
        let kept = files(&cache(&scene).join(folder));
        assert!(kept.len() >= 2, "{kept:?}");
        for path in kept {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
        scene.world.forget_requests();
        let after = verified(&scene, &[]);
        assert_eq!(after["files"], before["files"]);
        let again = scene.world.requests().into_iter().filter(|it| it.status == 200).count();
        assert_eq!(
            again,
            if folder == "wheels" { 2 } else { 6 },
            "{folder} was fetched again"
        );
    }
}

#[test]
fn a_cache_that_others_can_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::of(fleet(1));
    let before = verified(&scene, &[]);
    std::fs::set_permissions(cache(&scene).join("http"), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::set_permissions(cache(&scene).join("wheels"), std::fs::Permissions::from_mode(0o777)).unwrap();
    scene.world.forget_requests();
    let after = verified(&scene, &[]);
    assert_eq!(after["files"], before["files"]);
    assert_eq!(after["revalidated"], 0);
    let notes = after["notes"].to_string();
    assert!(notes.contains("the cache could not be used"), "{notes}");
    assert!(notes.contains("0777"), "{notes}");
}

#[test]
fn the_cache_commands_show_and_empty_it() {
    let scene = Scene::of([Release::new(
        Wheel::builder("part0", "1.0")
            .project_url("Source", "https://github.com/acme/part0")
            .build(),
    )
    .with(Evidence::classic_release(
        Identity::slsa_generator("acme/part0"),
        "v1.0",
    ))]);
    let dir = cache(&scene);
    let mut plain = slsa_pip(scene.directory.path());
    let run = Run::of(plain.args(["cache", "dir"])).exits(0);
    assert_eq!(run.stdout.trim_end(), dir.to_str().unwrap());
    let empty = cache_command(&scene, &["info"]).exits(0).json();
    assert_eq!(empty["schema"], "slsa-pip/cache/v1");
    assert!(!dir.exists(), "looking makes nothing");

    verified(&scene, &[]);
    let info = cache_command(&scene, &["info"]).exits(0).json();
    let entries = |document: &Value, name: &str| {
        let folders = document["folders"].as_array().unwrap();
        let found = folders.iter().find(|it| it["name"] == name).unwrap();
        (found["entries"].as_u64().unwrap(), found["bytes"].as_u64().unwrap())
    };
    for name in ["http", "wheels", "rekor"] {
        let (count, bytes) = entries(&info, name);
        assert!(count > 0 && bytes > 0, "{name}: {info:#}");
    }
    let pruned = cache_command(&scene, &["prune"]).exits(0).json();
    assert_eq!(pruned["removed"]["entries"], 0, "all of it is within the bounds");
    assert_eq!(pruned["folders"], info["folders"]);
    Run::of(slsa_pip(scene.directory.path()).args(["cache", "info"]))
        .exits(0)
        .says("  wheels   1 file (")
        .says("at most 4 GiB");

    let cleaned = cache_command(&scene, &["clean"]).exits(0).json();
    let total: u64 = ["http", "wheels", "rekor"]
        .iter()
        .map(|name| entries(&info, name).0)
        .sum();
    assert_eq!(cleaned["removed"]["entries"], total);
    assert_eq!(files(&dir), Vec::<PathBuf>::new());
    scene.world.forget_requests();
    verified(&scene, &[]);
    assert_eq!(scene.world.request_count("/files/"), 2);
}

#[test]
fn trusted_roots_are_emptied_as_well() {
    let directory = folder();
    let repository = directory.path().join(".cache/tuf/abc");
    std::fs::create_dir_all(&repository).unwrap();
    for name in ["copy.json", "versions.json", "lock", "notes.txt"] {
        std::fs::write(repository.join(name), "{}").unwrap();
    }
    let words = ["cache", "clean", "--format", "json"];
    let cleaned = Run::of(slsa_pip(directory.path()).args(words)).exits(0).json();
    assert_eq!(cleaned["removed"]["entries"], 3);
    // What it has not written stays, and so does its folder.
    assert_eq!(files(&directory.path().join(".cache")), [repository.join("notes.txt")]);
}

#[test]
fn a_folder_of_somebody_else_is_left_as_it_is() {
    let directory = folder();
    let documents = directory.path().join("documents");
    std::fs::create_dir_all(documents.join("http/ab")).unwrap();
    std::fs::write(documents.join("letter.txt"), "dear").unwrap();
    let looks_like_an_entry = documents.join("http/ab").join("ab".repeat(32));
    std::fs::write(&looks_like_an_entry, "mine").unwrap();
    for command in ["clean", "prune", "info"] {
        let mut run = slsa_pip(directory.path());
        Run::of(run.args(["cache", command, "--cache-dir", "documents"]))
            .exits(2)
            .says("is not a cache folder of slsa-pip")
            .says("letter.txt")
            .says("hint: ");
    }
    assert_eq!(files(&documents).len(), 2);

    // A link in place of a sub-folder leads nowhere.
    std::fs::remove_file(documents.join("letter.txt")).unwrap();
    std::fs::rename(documents.join("http"), directory.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), documents.join("http")).unwrap();
    let mut run = slsa_pip(directory.path());
    Run::of(run.args(["cache", "clean", "--cache-dir", "documents"]))
        .exits(2)
        .says("is not an ordinary folder");
    assert_eq!(files(&directory.path().join("elsewhere")).len(), 1);

    let mut run = slsa_pip(directory.path());
    Run::of(run.args(["cache", "clean", "--no-cache-dir"]))
        .exits(2)
        .says("There is no cache folder");
}

#[test]
fn a_second_run_finds_what_was_published_since() {
    let world = World::start_blocking().unwrap();
    let scene = Scene::with(world, fleet(1));
    verified(&scene, &[]);
    let newer = Wheel::builder("part0", "2.0")
        .project_url("Source", "https://github.com/acme/part0")
        .build();
    scene
        .world
        .publish(Release::new(newer).with(Evidence::pep740(Identity::github("acme/part0"))));
    assert_eq!(verified(&scene, &[])["files"][0]["version"], "2.0");
}

#[test]
fn a_cache_is_pruned_to_the_size_that_is_asked_for() {
    let scene = Scene::of(fleet(6));
    verified(&scene, &[]);
    let sizes = |document: &Value| {
        let folders = document["folders"].as_array().unwrap().clone();
        let size = |name| folders.iter().find(|it| it["name"] == name).unwrap()["bytes"].as_u64();
        (size("http").unwrap(), size("wheels").unwrap())
    };
    let (http, wheels) = sizes(&cache_command(&scene, &["info"]).exits(0).json());
    assert!(http > 4096 && wheels > 4096, "{http}, {wheels}");
    // All of it fits; then wheels go first; then answers; and at last nothing is left.
    for most in [http + wheels, http + wheels / 2, http, http / 2, 0] {
        let most_text = most.to_string();
        let pruned = cache_command(&scene, &["prune", "--max-size", &most_text])
            .exits(0)
            .json();
        let (http_left, wheels_left) = sizes(&pruned);
        assert!(http_left + wheels_left <= most, "{most}: {pruned:#}");
        assert_eq!(http_left == http, most >= http, "{most}");
        assert_eq!(wheels_left == wheels, most >= http + wheels, "{most}");
        assert_eq!(wheels_left > 0, most > http, "{most}");
    }
    verified(&scene, &[]);
    cache_command(&scene, &["prune", "--max-size", "1G"]).exits(0);
    for bad in ["1.5G", "+1", "much"] {
        cache_command(&scene, &["prune", "--max-size", bad])
            .exits(2)
            .says("a whole number");
    }
}
