use std::path::Path;
use std::process::Command;

use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel};

use crate::support::{Run, Scene, venv};

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

#[test]
fn a_netrc_file_that_others_may_read_is_used_and_noted_and_one_of_another_user_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = scene();
    let home = scene.directory.path();
    let path = home.join(".netrc");
    scene.write(".netrc", &format!("machine 127.0.0.1 login user password {SECRET}\n"));
    for (mode, noted) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let run = Run::of(&mut install(&scene, home)).exits(0);
        assert!(asked_with_login(&scene), "{mode:o}");
        assert_eq!(
            run.stderr.contains("is open to others than its owner"),
            noted,
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    }
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(65_533), None).is_ok() {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let run = Run::of(&mut install(&scene, home)).exits(0);
        assert!(!asked_with_login(&scene));
        assert!(run.stderr.contains(".netrc` is not used"), "{}", run.stderr);
    }
}

/// `user:pa55-word`
const LOGIN: &str = "Basic dXNlcjpwYTU1LXdvcmQ=";

/// The scene, with an index that wants a login, and a program `keyring` in `bin` that notes what it is asked.
fn scene_with_keyring(password: &str) -> Scene {
    let scene = scene();
    for path in ["/simple/", "/files/"] {
        scene.world.fault(path, Fault::Login(LOGIN.to_owned()));
    }
    let script = "#!/bin/sh\nprintf '%s\\n' \"$*\" >> \"$HOME/asked\"\n";
    // Newer pips ask for a JSON document (keyring 25.2.1), older ones for the password.
    let answer = format!(
        "case $1 in --mode=creds) echo '{{\"username\": \"user\", \"password\": \"{password}\"}}';; *) echo '{password}';; esac\n"
    );
    program(&scene.directory.path().join("bin"), &format!("{script}{answer}"));
    scene
}

#[cfg(unix)]
fn program(folder: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("keyring");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An install from the index as `user`, with this folder first on `PATH`.
fn install_as_user(scene: &Scene, folder: &Path) -> Command {
    let home = scene.directory.path();
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    let mut command = install(scene, home);
    command.env("PATH", std::env::join_paths(folders).unwrap()).env(
        "PIP_INDEX_URL",
        scene.world.index_url().replace("http://", "http://user@"),
    );
    command
}

/// What keyring was asked, line by line.
fn asked_of_keyring(scene: &Scene) -> Vec<String> {
    let text = std::fs::read_to_string(scene.directory.path().join("asked")).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn keyring_is_asked_once_when_the_index_wants_a_login() {
    let scene = scene_with_keyring(SECRET);
    let names = ["comet", "meteor", "planet"];
    for name in names {
        let wheel = Wheel::builder(name, "1.0.0")
            .project_url("Source", "https://github.com/acme/rocket")
            .build();
        let evidence = Evidence::bundle_release(Identity::slsa_generator("acme/rocket"), "v1.0.0");
        scene.world.publish(Release::new(wheel).with(evidence));
    }
    let run = Run::of(install_as_user(&scene, &scene.directory.path().join("bin")).args(names)).exits(0);
    assert!(
        !run.stderr.contains(SECRET) && !run.stdout.contains(SECRET),
        "{}",
        run.stderr
    );
    assert_eq!(
        asked_of_keyring(&scene),
        [format!("get {} user", scene.world.index_url())]
    );
    let requests = scene.world.requests();
    let with_login: Vec<_> = requests
        .iter()
        .filter(|it| it.authorization.as_deref() == Some(LOGIN))
        .map(|it| it.path.as_str())
        .collect();
    for name in names {
        assert!(
            with_login.iter().any(|path| path.contains(&format!("/simple/{name}/"))),
            "{name}"
        );
    }
    // Neither GitHub nor the log has seen it.
    assert!(
        with_login.iter().all(|path| path.starts_with("/simple/")
            || path.starts_with("/files/")
            || path.starts_with("/integrity/")
            || path.starts_with("/pypi/")),
        "{with_login:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_login_of_keyring_that_is_wrong_is_an_error_that_does_not_show_it() {
    let scene = scene_with_keyring("wr0ng-word");
    let bin = scene.directory.path().join("bin");
    let run = Run::of(&mut install_as_user(&scene, &bin))
        .exits(2)
        .says("wants a login (status 401): the login that keyring gave is not accepted")
        .says("--keyring-provider disabled");
    assert!(
        !run.stderr.contains("wr0ng-word") && !run.stdout.contains("wr0ng-word"),
        "{}",
        run.stderr
    );
    assert_eq!(asked_of_keyring(&scene).len(), 1);
    // Sent twice: with the user name alone, and with the login.
    assert_eq!(
        scene
            .world
            .requests()
            .iter()
            .filter(|it| it.path.starts_with("/simple/"))
            .count(),
        2
    );
}

#[cfg(unix)]
#[test]
fn keyring_is_not_asked_unless_pip_would_and_never_from_the_working_directory() {
    let scene = scene_with_keyring(SECRET);
    let bin = scene.directory.path().join("bin");
    let refused = |command: &mut Command| {
        Run::of(command).exits(2).says("status 401");
        assert_eq!(asked_of_keyring(&scene), Vec::<String>::new());
    };
    refused(install_as_user(&scene, &bin).args(["--keyring-provider", "disabled"]));
    refused(install_as_user(&scene, &bin).env("PIP_KEYRING_PROVIDER", "disabled"));
    refused(install_as_user(&scene, &bin).env("PIP_NO_INPUT", "1"));
    refused(&mut install_as_user(&scene, Path::new("bin")));
    refused(install_as_user(&scene, Path::new("bin")).args(["--keyring-provider", "subprocess"]));
    // pip's own words are pip's to check.
    let mut nonsense = install_as_user(&scene, &bin);
    Run::of(nonsense.args(["--keyring-provider", "nonsense"]))
        .exits(2)
        .says("keyring-provider");
    // A login in the URL goes before, and is not replaced where it is wrong.
    let url = scene.world.index_url().replace("http://", "http://user:other@");
    refused(install_as_user(&scene, &bin).env("PIP_INDEX_URL", url));
    // Asked for by name, it is asked without input as well.
    Run::of(
        install_as_user(&scene, &bin)
            .args(["--keyring-provider", "subprocess"])
            .env("PIP_NO_INPUT", "1"),
    )
    .exits(0);
    assert_eq!(asked_of_keyring(&scene).len(), 1);
}

#[cfg(unix)]
#[test]
fn keyring_is_asked_for_no_other_host_than_the_indexes() {
    let scene = scene_with_keyring(SECRET);
    let other = slsa_pip_test_world::World::start_blocking().unwrap();
    other.fault("/", Fault::Login(LOGIN.to_owned()));
    let bin = scene.directory.path().join("bin");
    // Its page, found along a redirect, wants a login that nobody is asked for.
    let away = other.index_url() + "rocket/";
    let moved = Scene::of([]);
    moved.world.fault("/simple/", Fault::Redirect(away));
    let mut command = install_as_user(&scene, &bin);
    command.env(
        "PIP_INDEX_URL",
        moved.world.index_url().replace("http://", "http://user@"),
    );
    Run::of(&mut command).exits(2).says("status 401");
    assert_eq!(asked_of_keyring(&scene), Vec::<String>::new());
    assert!(!other.requests().is_empty());
    assert!(other.requests().iter().all(|it| it.authorization.is_none()));
}

#[cfg(unix)]
#[test]
fn the_package_keyring_is_imported_only_where_that_is_asked_for() {
    let scene = scene_with_keyring("not this one");
    let home = scene.directory.path();
    let python = venv(home);
    let lib = std::fs::read_dir(home.join("venv/lib"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let module = format!(
        "open({:?}, 'w').close()\ndef get_password(url, user): return {SECRET:?} if user == 'user' else None\n",
        home.join("imported")
    );
    std::fs::write(lib.path().join("site-packages/keyring.py"), module).unwrap();
    let run = |provider: &str| {
        let mut command = install_as_user(&scene, &home.join("bin"));
        Run::of(
            command
                .env("SLSA_PIP_PYTHON", &python)
                .args(["--keyring-provider", provider]),
        )
    };
    run("auto").exits(2).says("not accepted");
    assert_eq!(asked_of_keyring(&scene).len(), 1);
    assert!(!home.join("imported").exists());
    assert!(!run("import").exits(0).stderr.contains(SECRET));
    assert_eq!(asked_of_keyring(&scene).len(), 1);
    assert!(home.join("imported").exists());
}

#[cfg(unix)]
#[test]
fn what_a_login_of_keyring_has_opened_is_not_in_the_cache() {
    let scene = scene_with_keyring(SECRET);
    let bin = scene.directory.path().join("bin");
    let run = |provider: &str| {
        let mut command = scene.install(&["rocket", "--dry-run", "--keyring-provider", provider]);
        command.env("HOME", scene.directory.path()).env("PATH", &bin).env(
            "PIP_INDEX_URL",
            scene.world.index_url().replace("http://", "http://user@"),
        );
        Run::of(command)
    };
    run("auto").exits(0);
    run("disabled").exits(2).says("status 401");
    let mut folders = vec![scene.directory.path().join(".cache")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in [SECRET, &LOGIN["Basic ".len()..]] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
    assert!(files > 0);
}

/// An environment with this pip, or the newest that the configured index has.
#[cfg(feature = "index-tests")]
fn python_with_pip(folder: &Path, version: &str) -> std::path::PathBuf {
    let python = venv(folder);
    let wanted = format!("pip{version}");
    let mut command = Command::new(&python);
    let status = command
        .args(["-I", "-m", "pip", "install", "--quiet", "--upgrade", &wanted])
        .status();
    assert!(status.unwrap().success(), "{wanted} is installed");
    python
}

#[cfg(feature = "index-tests")]
#[test]
fn keyring_is_asked_through_every_pip_that_can_ask_it() {
    for (version, can_ask) in [("==22.2", false), ("==23.0.1", false), ("==23.1", true), ("", true)] {
        let folder = crate::support::folder();
        let python = python_with_pip(folder.path(), version);
        let scene = scene_with_keyring(SECRET);
        let mut command = install_as_user(&scene, &scene.directory.path().join("bin"));
        let run = Run::of(command.env("SLSA_PIP_PYTHON", &python));
        if can_ask {
            let run = run.exits(0);
            let asked = asked_of_keyring(&scene);
            let question = format!("get {} user", scene.world.index_url());
            assert!(
                asked.len() == 1 && asked[0].ends_with(&question),
                "{version}: {asked:?}"
            );
            assert!(!run.stderr.contains(SECRET), "{version}: {}", run.stderr);
            // One that is wrong is told, whichever pip asks.
            let scene = scene_with_keyring("wr0ng-word");
            let mut command = install_as_user(&scene, &scene.directory.path().join("bin"));
            let run = Run::of(command.env("SLSA_PIP_PYTHON", &python))
                .exits(2)
                .says("not accepted");
            assert!(!run.stderr.contains("wr0ng-word"), "{version}: {}", run.stderr);
        } else {
            run.exits(2).says("status 401");
            assert_eq!(asked_of_keyring(&scene), Vec::<String>::new(), "{version}");
        }
    }
}
