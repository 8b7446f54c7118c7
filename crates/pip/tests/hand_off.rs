//! The hand-off to the real interpreter and pip of this machine, in virtual environments.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::path::Path;

use slsa_pip_pip::{Environment, HandOff, PipError, PipOutcome, install};
use support::{Asked, World, ask, hand_off, installs, wheel, wheel_saying};

#[tokio::test]
async fn files_are_installed_by_name_version_and_hash() {
    let world = World::new();
    let probe = ask(&world, &[], &[]).await.unwrap();
    let files = [
        world.verified(&wheel("plain", "1.0")),
        world.verified(&wheel("local_name", "2.0rc1+build.7")),
        // Not installed along with it: dependencies were resolved before.
        world.verified(&wheel_saying("needy", "1.0", "good", "Requires-Dist: absent\n")),
    ];
    installs(&probe, &files, HandOff::default()).await;
    assert_eq!(
        world.installed(),
        [
            "local_name-2.0rc1+build.7.dist-info",
            "needy-1.0.dist-info",
            "plain-1.0.dist-info"
        ]
    );
    assert_eq!(world.word("plain"), "1.0 good");
    let info = world.site_packages.join("plain-1.0.dist-info");
    assert!(!info.join("direct_url.json").exists(), "`pip freeze` would show a path");
    assert_eq!(std::fs::read_to_string(info.join("INSTALLER")).unwrap().trim(), "pip");

    let output = installs(&probe, &files[..1], HandOff::default()).await;
    assert!(output.contains("already satisfied"), "{output}");
    installs(&probe, &[world.verified(&wheel("plain", "2.0"))], HandOff::default()).await;
    assert_eq!(world.word("plain"), "2.0 good");
    assert!(!info.exists(), "the old version is replaced");

    let after = ask(&world, &[], &[]).await.unwrap();
    let needy = after.installed.iter().find(|dist| dist.name == "needy").unwrap();
    assert_eq!(
        (needy.version.as_str(), needy.requires_dist[0].as_str()),
        ("1.0", "absent")
    );
}

#[tokio::test]
async fn no_files_no_pip() {
    let world = World::new();
    let probe = ask(&world, &[], &[]).await.unwrap();
    std::fs::remove_file(&world.python).unwrap();
    let nothing = PipOutcome {
        code: 0,
        installed: true,
        output: None,
    };
    assert_eq!(install(&probe, &[], &HandOff::default()).await.unwrap(), nothing);
}

/// Everything that can be set or planted without touching the interpreter itself, all at once.
#[tokio::test]
async fn nothing_planted_has_an_effect() {
    let world = World::new();
    let executed = world.root().join("executed");
    let trap = format!("open({:?}, 'a').write(__name__ + '\\n')\n", executed.to_str().unwrap());
    for path in [
        "pip/__init__.py",
        "pip/__main__.py",
        "sitecustomize.py",
        "usercustomize.py",
        "runpy.py",
        "site.py",
        "json.py",
    ] {
        world.write(path, &trap);
        world.write(&format!("planted/{path}"), &trap);
    }
    world.write("setup.cfg", "[install]\nprefix = planted-prefix\n[global]\n");
    world.write("pip.conf", "[install]\nrequirement = planted.txt\n");
    world.write("planted.txt", "evil==1.0\n");
    // A higher version, the same version with other content, and a package that nobody asked for.
    for wheel in [
        wheel_saying("victim", "9.0", "evil", ""),
        wheel_saying("victim", "1.0", "evil", ""),
        wheel_saying("evil", "1.0", "evil", ""),
    ] {
        world.write(&wheel.filename, &wheel.bytes);
        world.write(&format!("planted/{}", wheel.filename), &wheel.bytes);
    }
    let planted = world.cwd.join("planted");
    let configuration = format!(
        "[global]\nfind-links = {0}\nindex-url = file://{0}\nextra-index-url = file://{0}\nno-index = false\npre = true\nquiet = 3\n[install]\nrequirement = {1}\nforce-reinstall = true\nupgrade = true\n",
        planted.display(),
        world.cwd.join("planted.txt").display(),
    );
    world.write("planted.conf", &configuration);
    for path in [
        world.venv().join("pip.conf"),
        world.root().join("home/.pip/pip.conf"),
        world.root().join("home/.config/pip/pip.conf"),
    ] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &configuration).unwrap();
    }
    std::fs::write(
        world.root().join("home/.pydistutils.cfg"),
        "[install]\nprefix = planted-prefix\n",
    )
    .unwrap();
    let (planted, conf) = (planted.to_str().unwrap(), world.cwd.join("planted.conf"));
    let url = format!("file://{planted}");
    let requirements = world.cwd.join("planted.txt");
    let variables = [
        ("PIP_FIND_LINKS", planted),
        ("PIP_INDEX_URL", &url),
        ("PIP_EXTRA_INDEX_URL", &url),
        ("PIP_NO_INDEX", "0"),
        ("PIP_REQUIREMENT", requirements.to_str().unwrap()),
        ("PIP_CONSTRAINT", requirements.to_str().unwrap()),
        ("PIP_CONFIG_FILE", conf.to_str().unwrap()),
        ("PIP_PRE", "1"),
        ("PIP_NO_DEPS", "0"),
        ("PIP_NO_BINARY", ":all:"),
        ("PIP_PYTHON", "/nonexistent/python"),
        ("PIP_LOG", "planted-log"),
        ("pip_find_links", planted),
        ("_PIP_RUNNING_IN_SUBPROCESS", "1"),
        ("PYTHONPATH", planted),
        ("PYTHONHOME", planted),
        ("PYTHONSTARTUP", "sitecustomize.py"),
        ("PYTHONINSPECT", "1"),
    ];
    let probe = ask(&world, &variables, &[]).await.unwrap();
    // The probe says what pip is configured for; that is input for the resolver, and harmless here.
    assert!(
        probe.find_links.iter().any(|link| link == planted),
        "the trap is not set: {:?}",
        probe.find_links
    );
    assert!(probe.requirements.iter().any(|read| read.requirement == "evil==1.0"));

    // In the process that has just read all this, and in a new one.
    for version in ["1.0", "1.1"] {
        installs(&probe, &[world.verified(&wheel("victim", version))], HandOff::default()).await;
        assert_eq!(world.installed(), [format!("victim-{version}.dist-info")]);
        assert_eq!(world.word("victim"), format!("{version} good"));
        assert!(
            !executed.exists(),
            "{}",
            std::fs::read_to_string(&executed).unwrap_or_default()
        );
        for path in ["planted-prefix", "planted-log"] {
            assert!(!world.cwd.join(path).exists(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_that_changed_after_it_was_verified_stops_everything() {
    let world = World::new();
    let probe = ask(&world, &[], &[]).await.unwrap();
    let sound = world.verified(&wheel("sound", "1.0"));
    let other = wheel_saying("victim", "1.0", "evil", "").bytes;
    let mut grown = wheel("victim", "1.0").bytes;
    grown.push(0);
    for bytes in [other, grown, Vec::new()] {
        let victim = world.verified(&wheel("victim", "1.0"));
        std::fs::write(victim.file().path(), &bytes).unwrap();
        match hand_off(&probe, &[sound.clone(), victim.clone()], HandOff::default()).await {
            Err(PipError::DigestMismatch { file, expected, found }) => {
                assert_eq!(file, "victim-1.0-py3-none-any.whl");
                assert_eq!(expected, *victim.file().sha256());
                assert_ne!(found, expected);
            }
            other => panic!("{other:?}"),
        }
    }
    let victim = world.verified(&wheel("victim", "1.0"));
    std::fs::remove_file(victim.file().path()).unwrap();
    let error = hand_off(&probe, &[sound, victim], HandOff::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PipError::Unreadable { .. }), "{error:?}");
    assert!(world.installed().is_empty());
}

#[tokio::test]
async fn only_wheels_and_one_for_each_project() {
    let world = World::new();
    let probe = ask(&world, &[], &[]).await.unwrap();
    let path = world.write("foo-1.0.tar.gz", "sdist");
    let sdist = World::verified_at(&path, "foo-1.0.tar.gz", b"sdist", "foo", "1.0");
    match hand_off(&probe, &[sdist], HandOff::default()).await {
        Err(PipError::NotAWheel { file, .. }) => assert_eq!(file, "foo-1.0.tar.gz"),
        other => panic!("{other:?}"),
    }
    let files = [
        world.verified(&wheel("foo_bar", "1.0")),
        world.verified(&wheel("Foo.Bar", "2.0")),
    ];
    match hand_off(&probe, &files, HandOff::default()).await {
        Err(PipError::DuplicateProject { name, .. }) => assert_eq!(name, "foo-bar"),
        other => panic!("{other:?}"),
    }
    assert!(world.installed().is_empty());
}

#[tokio::test]
async fn the_exit_code_of_pip_is_passed_on() {
    let world = World::new();
    let probe = ask(&world, &[], &[]).await.unwrap();
    let future = world.verified(&wheel_saying("future", "1.0", "good", "Requires-Python: >=99\n"));
    let outcome = hand_off(&probe, std::slice::from_ref(&future), HandOff::default())
        .await
        .unwrap();
    assert_eq!(outcome.code, 1);
    let output = outcome.output.unwrap();
    assert!(output.contains("requires a different Python"), "{output}");
    assert!(world.installed().is_empty());

    let probe = ask(&world, &[], &["--ignore-requires-python"]).await.unwrap();
    installs(&probe, &[future], HandOff::default()).await;
    assert_eq!(world.word("future"), "1.0 good");
}

#[tokio::test]
async fn the_place_of_the_command_line_overrides_the_configured_one() {
    let world = World::new();
    let probe = ask(&world, &[("PIP_TARGET", "configured")], &[]).await.unwrap();
    let files = [world.verified(&wheel("placed", "1.0"))];
    installs(&probe, &files, HandOff::default()).await;
    assert!(world.cwd.join("configured/placed.py").is_file());
    let named = ["--target=named", "--no-compile"];
    let probe = ask(&world, &[("PIP_TARGET", "configured")], &named).await.unwrap();
    installs(&probe, &files, HandOff::default()).await;
    assert!(world.cwd.join("named/placed.py").is_file());
    assert!(!world.cwd.join("named/__pycache__").exists());
    assert!(world.installed().is_empty());
}

#[tokio::test]
async fn the_user_site_is_seen_and_its_packages_are_replaced() {
    let world = World::new();
    let base = world.root().join("user-base");
    let environment: Environment = world.environment(&[("PYTHONUSERBASE", base.to_str().unwrap())]);
    let python = environment.find_python(Some(Path::new("python3"))).unwrap();
    let words = ["--user", "--break-system-packages"];
    let probe = Asked::new(environment.clone(), &python, &words).await.unwrap();
    let site = probe.user_site.clone().expect("this interpreter has a user site");
    assert!(site.starts_with(&base));
    installs(&probe, &[world.verified(&wheel("personal", "1.0"))], HandOff::default()).await;
    let probe = Asked::new(environment, &python, &words).await.unwrap();
    assert!(probe.installed.iter().any(|dist| dist.name == "personal"));
    installs(&probe, &[world.verified(&wheel("personal", "2.0"))], HandOff::default()).await;
    assert!(site.join("personal-2.0.dist-info").is_dir());
    assert!(!site.join("personal-1.0.dist-info").exists());
}

/// pip before 24.0 looks at all files for each requirement: a link for each file and each requirement. Names are written in several ways.
async fn many_files(world: &World, what: &str) {
    const FILES: usize = 40;
    let count = world.root().join("count").to_str().unwrap().to_owned();
    let hook = format!(
        "import atexit, sys\nlinks = [0]\nclass Spy:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'pip.__main__':\n            from pip._internal.models.link import Link\n            made = Link.__init__\n            def count(self, *args, **kwargs):\n                links[0] += 1\n                made(self, *args, **kwargs)\n            Link.__init__ = count\nsys.meta_path.insert(0, Spy())\natexit.register(lambda: open({count:?}, 'w').write(str(links[0])))\n"
    );
    std::fs::write(world.site_packages.join("spy.py"), hook).unwrap();
    std::fs::write(world.site_packages.join("spy.pth"), "import spy\n").unwrap();
    let files: Vec<_> = (0..FILES)
        .map(|number| match number % 3 {
            0 => wheel(&format!("many_{number}"), "1.0"),
            1 => wheel(&format!("Many.{number}"), "1.0"),
            _ => wheel(&format!("many{number}"), "1.0+local.1"),
        })
        .map(|wheel| world.verified(&wheel))
        .collect();
    let probe = ask(world, &[], &[]).await.unwrap();
    installs(&probe, &files, HandOff::default()).await;
    assert_eq!(world.installed().len(), FILES, "{what}");
    let links: usize = std::fs::read_to_string(&count).unwrap().parse().unwrap();
    assert!((FILES..FILES * 8).contains(&links), "{what}: {links}");
}

#[tokio::test]
async fn many_files_are_listed_once() {
    many_files(&World::new(), "pip of this machine").await;
}

/// The oldest, the last that lists them again and again, and the newest.
#[tokio::test]
#[cfg(feature = "index-tests")]
async fn many_files_are_listed_once_by_versions_of_pip_from_the_index() {
    for version in ["22.2", "23.2", support::NEWEST] {
        many_files(&World::with_pip(Some(version)), version).await;
    }
}
