use std::time::{Duration, Instant};

use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";

fn wheel() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn scene(evidence: Evidence) -> Scene {
    Scene::of([Release::new(wheel()).with(evidence)])
}

fn by_index() -> Scene {
    scene(Evidence::pep740(Identity::github(REPOSITORY)))
}

fn by_release() -> Scene {
    scene(Evidence::bundle_release(Identity::slsa_generator(REPOSITORY), "v1.0.0"))
}

fn install(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.install(&["rocket", "--dry-run", "--format", "json"]);
    command.env("PIP_TIMEOUT", "3").env("PIP_RETRIES", "0");
    Run::of(command.args(words))
}

/// Provenance of another file, which the cache may believe for ten minutes.
fn of_another_file(scene: &Scene) -> Fault {
    let other = Wheel::builder("rocket", "2.0.0").build();
    let release = Release::new(other).with(Evidence::pep740(Identity::github(REPOSITORY)));
    let signed = scene.world.publish(release).remove(0);
    let object = slsa_pip_test_world::sigstore::provenance_object(&[&signed]).to_string();
    let headers = [
        ("content-type", "application/vnd.pypi.integrity.v1+json"),
        ("cache-control", "max-age=600"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    Fault::Reply(200, headers.into(), object)
}

fn install_first(scene: &Scene) -> Run {
    install(scene, &["rocket==1.0.0"])
}

#[test]
fn evidence_of_the_cache_that_does_not_suffice_is_asked_for_once_more() {
    let scene = by_index();
    let path = "/integrity/rocket/1.0.0/";
    let bad = of_another_file(&scene);
    scene.world.fault(path, bad);
    for asked in [1, 2] {
        // The first time it comes from the server, and there is nothing to ask again. The second time the cache has it.
        assert_eq!(install_first(&scene).exits(1).codes(), ["digest-mismatch"]);
        assert_eq!(scene.world.request_count(path), asked);
    }
    scene.world.clear_faults();
    scene.world.forget_requests();
    let report = install_first(&scene).exits(0).json();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(scene.world.request_count(path), 1);
}

#[test]
fn a_release_file_of_the_cache_that_does_not_suffice_is_asked_for_once_more() {
    let scene = by_release();
    let headers = vec![("cache-control", "max-age=600".to_owned())];
    let signed = scene.world.sign(
        &Wheel::builder("rocket", "2.0.0").build(),
        &slsa_pip_test_world::Signing::new(
            Identity::slsa_generator(REPOSITORY),
            slsa_pip_test_world::Predicate::SlsaV02,
        ),
    );
    let path = "/github/acme/rocket/releases/download/v1.0.0/multiple.intoto.jsonl";
    scene
        .world
        .fault(path, Fault::Reply(200, headers, signed.bundle_v03().to_string()));
    assert_eq!(install(&scene, &[]).exits(1).codes(), ["digest-mismatch"]);
    scene.world.clear_faults();
    scene.world.forget_requests();
    install(&scene, &[]).exits(0);
    assert_eq!(scene.world.request_count(path), 1);
    // That a place holds nothing is still believed.
    assert_eq!(scene.world.request_count("/releases/download/1.0.0/"), 0);
}

#[test]
fn a_search_ends_when_its_time_is_up() {
    // Each answer comes within the time for one, one after the other.
    for (path, place) in [("/integrity/", "index-integrity"), ("/github-api/", "github-release")] {
        let scene = by_release();
        scene.world.fault("multiple.intoto.jsonl", Fault::Status(404));
        scene.world.fault(path, Fault::Slow(Duration::from_millis(2500)));
        let began = Instant::now();
        let run = install(&scene, &["--search-timeout", "1"]).exits(1);
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        assert_eq!(run.codes(), ["search-timed-out"], "{path}");
        let searched = run.json()["files"][0]["searched"].clone();
        let late = searched.as_array().unwrap().iter().find(|it| it["place"] == place);
        let late = late.unwrap_or_else(|| panic!("{place} is not in {searched:#}"));
        assert_eq!(late["outcome"], "timed-out", "{searched:#}");
        assert!(
            late["answer"].as_str().unwrap().contains("has taken too long"),
            "{late}"
        );
        Run::of(scene.install(&["rocket", "--dry-run", "--search-timeout", "1", "--no-cache-dir"]))
            .exits(1)
            .says("timed out")
            .says("hint: ");
    }
    // What sufficed before is enough.
    let scene = by_index();
    scene.world.fault("/github", Fault::Slow(Duration::from_mins(1)));
    install(&scene, &["--search-timeout", "20"]).exits(0);
    install(&scene, &["--search-timeout", "0"]).exits(2);
}
