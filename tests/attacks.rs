//! Attacks: whoever controls the index, the working directory, the environment or a folder of provenance tries to get
//! other files installed, code run, secrets shown, or something left behind.

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel, World};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme/rocket\"\n";

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn published(wheel: Wheel, repository: &str) -> Release {
    Release::new(wheel).with(Evidence::pep740(Identity::github(repository)))
}

#[test]
fn metadata_of_the_index_cannot_add_a_dependency_to_a_verified_wheel() {
    let intruder = Wheel::builder("intruder", "1.0")
        .project_url("Source", "https://github.com/evil/intruder")
        .build();
    for built in [World::builder(), World::builder().html_only()] {
        let mut wheel = rocket();
        wheel.metadata.push_str("Requires-Dist: intruder\n");
        let scene = Scene::with(
            built.start_blocking().unwrap(),
            [
                published(wheel, REPOSITORY),
                published(intruder.clone(), "evil/intruder"),
            ],
        );
        scene.write("slsa-pip.toml", PIN);
        let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
        assert_eq!(run.codes(), ["metadata-mismatch"]);
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
}
