use std::path::Path;
use std::process::Command;

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel};

use crate::support::{Run, Scene};

const SECRET: &str = "pa55-word";

/// A wheel whose evidence is in a release, so that index and GitHub are both asked.
fn scene() -> Scene {
    let wheel = Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build();
    Scene::of([Release::new(wheel).with(Evidence::bundle_release(
        Identity::slsa_generator("acme/rocket"),
        "v1.0.0",
    ))])
}

fn install(scene: &Scene, home: &Path) -> Command {
    let mut command = scene.install(&["rocket", "--dry-run", "--no-cache-dir", "-v"]);
    command.env("HOME", home);
    command
}

/// Whether the index was asked with the login, and GitHub without any.
fn asked_with_login(scene: &Scene) -> bool {
    let requests = scene.world.requests();
    scene.world.forget_requests();
    let of = |prefix: &str| {
        requests
            .iter()
            .filter(|it| it.path.starts_with(prefix))
            .collect::<Vec<_>>()
    };
    for prefix in ["/github/", "/github-objects/", "/github-api/"] {
        assert!(of(prefix).iter().all(|it| it.authorization.is_none()), "{prefix}");
    }
    assert!(!of("/github/").is_empty());
    let index = of("/simple/");
    assert!(!index.is_empty());
    // `user:pa55-word`
    index
        .iter()
        .all(|it| it.authorization.as_deref() == Some("Basic dXNlcjpwYTU1LXdvcmQ="))
}

#[test]
fn logins_of_a_netrc_file_go_to_the_index_alone() {
    let scene = scene();
    let home = scene.directory.path();
    let run = Run::of(&mut install(&scene, home)).exits(0);
    assert!(!asked_with_login(&scene) && !run.stderr.contains("netrc"));
    scene.write(".netrc", &format!("machine 127.0.0.1\nlogin user password {SECRET}\n"));
    let run = Run::of(&mut install(&scene, home)).exits(0);
    assert!(asked_with_login(&scene));
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    // `NETRC` names another one, for other hosts; a default would tell every host, and counts for none.
    scene.write(
        "other",
        &format!("machine index.example login user password {SECRET}\ndefault login user password {SECRET}\n"),
    );
    Run::of(install(&scene, home).env("NETRC", home.join("other"))).exits(0);
    assert!(!asked_with_login(&scene));
    // The index URL's own login goes before.
    let url = scene
        .world
        .index_url()
        .replace("http://", &format!("http://user:{SECRET}@"));
    scene.write(".netrc", "machine 127.0.0.1 login somebody password else\n");
    let run = Run::of(install(&scene, home).env("PIP_INDEX_URL", url)).exits(0);
    assert!(asked_with_login(&scene));
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
}

#[test]
fn a_netrc_file_that_cannot_be_read_is_named_and_not_quoted() {
    let scene = scene();
    scene.write(".netrc", &format!("machine 127.0.0.1 login user passwort {SECRET}\n"));
    let run = Run::of(&mut install(&scene, scene.directory.path()))
        .exits(0)
        .says(".netrc` is not used: line 1 cannot be read");
    assert!(!asked_with_login(&scene));
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
}
