//! The probe against the real interpreter and pip of this machine, in virtual environments.

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

use slsa_pip_distribution::Tag;
use slsa_pip_pip::{HandOff, PipError, UpgradeStrategy, probe_in};
use support::{Asked, World, ask, installs, wheel};

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn the_probe_describes_the_interpreter() {
    let world = World::new();
    let probe = ask(&world, &[("PIP_CONFIG_FILE", "/dev/null")], &[]).await.unwrap();
    assert_eq!(probe.executable, world.python);
    assert_eq!(probe.prefix, world.venv());
    assert!(probe.in_virtualenv);
    assert_eq!(
        probe.markers.python_full_version().to_string(),
        probe.python_version.to_string()
    );
    assert_eq!(
        probe.markers.sys_platform(),
        std::env::consts::OS.replace("macos", "darwin")
    );
    let tag = |text: &str| Tag::parse(text).unwrap();
    assert!(probe.tags.rank([&tag("py3-none-any")]).is_some());
    assert_eq!(probe.tags.rank([&tag("cp27-cp27m-win32")]), None);
    assert!(
        probe
            .installed
            .iter()
            .any(|dist| dist.name == "pip" && dist.version == probe.pip_version)
    );
    assert_eq!(probe.user_site, None, "a plain virtual environment has none");
    assert_eq!(probe.externally_managed, None);
    // pip's own defaults: one index, fifteen seconds, five retries.
    assert!(probe.index_url.as_ref().is_some_and(|url| url.scheme() == "https"));
    assert!(probe.extra_index_urls.is_empty() && probe.find_links.is_empty() && !probe.no_index);
    assert_eq!((probe.timeout.as_secs(), probe.retries), (15, 5));
    assert_eq!(
        (&probe.cert, &probe.proxy, probe.pre, probe.require_hashes),
        (&None, &None, false, false)
    );
}

#[tokio::test]
async fn pip_merges_arguments_variables_and_configuration() {
    let world = World::new();
    // pip's own rule: options that begin with `no-` are switched on by a falsy value.
    std::fs::write(
        world.venv().join("pip.conf"),
        "[global]\nextra-index-url = https://third.example/simple\ntimeout = 7\n[install]\nno-compile = no\n",
    )
    .unwrap();
    let variables = [
        ("PIP_INDEX_URL", "https://user:secret@second.example/simple"),
        ("PIP_RETRIES", "2"),
        ("PIP_CERT", "/certificates.pem"),
        ("PIP_PYTHON", "/nonexistent"),
        ("REQUESTS_CA_BUNDLE", "/other.pem"),
    ];
    let args = [
        "--pre",
        "--find-links",
        "wheels",
        "--proxy",
        "http://proxy.example:3128",
        "--trusted-host",
        "internal.example",
        "--target",
        "there",
        "--only-binary",
        "foo,bar",
        "baz>=1",
    ];
    let probe = ask(&world, &variables, &args).await.unwrap();
    assert_eq!(
        probe.index_url.as_ref().unwrap().as_str(),
        "https://user:secret@second.example/simple"
    );
    assert_eq!(probe.extra_index_urls[0].as_str(), "https://third.example/simple");
    assert_eq!(probe.find_links, ["wheels"]);
    assert_eq!(probe.proxy.as_deref(), Some("http://proxy.example:3128"));
    assert_eq!(probe.trusted_hosts, ["internal.example"]);
    assert_eq!(probe.cert.as_deref(), Some(Path::new("/certificates.pem")));
    assert_eq!((probe.timeout.as_secs(), probe.retries), (7, 2));
    assert!(probe.pre && probe.install.no_compile && !probe.install.user);
    assert_eq!(probe.install.target, Some(world.cwd.join("there")));
    assert_eq!(probe.only_binary, ["bar", "foo"]);
    assert_eq!(probe.positional, ["baz>=1"]);
    assert!(!format!("{probe:?}").contains("secret"));

    let isolated = ask(&world, &variables, &["--isolated", "--no-index"]).await.unwrap();
    assert!(isolated.no_index);
    assert_eq!((&isolated.index_url, isolated.retries), (&None, 5));
}

#[tokio::test]
async fn pip_reads_the_requirements_files() {
    let world = World::new();
    world.write(
        "requirements.txt",
        format!(
            "--index-url https://index.example/simple\n# a comment\nfoo[extra]==1.0 \\\n  --hash=sha256:{DIGEST} \\\n  --hash=sha256:{}\n-r more/nested.txt\n-c constraints.txt\nenv-${{NAME}}==1; python_version > '3'\n",
            DIGEST.replace('0', "1")
        ),
    );
    world.write(
        "more/nested.txt",
        "--pre\nbar>=2\n-e ./project\n--extra-index-url https://extra.example/simple\n",
    );
    world.write("constraints.txt", "baz<3\n");
    world.write("project/pyproject.toml", "");
    world.write("other.txt", "quux!=1\n");
    let probe = ask(
        &world,
        &[("NAME", "value")],
        &["-r", "requirements.txt", "-c", "other.txt"],
    )
    .await
    .unwrap();
    let project = format!("file://{}", world.cwd.join("project").display());
    let read: Vec<_> = probe
        .requirements
        .iter()
        .map(|read| {
            (
                read.requirement.as_str(),
                read.constraint,
                read.editable,
                read.hashes.len(),
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            ("quux!=1", true, false, 0),
            ("foo[extra]==1.0", false, false, 2),
            ("bar>=2", false, false, 0),
            (project.as_str(), false, true, 0),
            ("baz<3", true, false, 0),
            ("env-value==1 ; python_version > \"3\"", false, false, 0),
        ]
    );
    assert_eq!(probe.requirements[1].hashes[0], format!("sha256:{DIGEST}"));
    assert_eq!(probe.requirements[1].origin, "-r requirements.txt (line 3)");
    assert!(probe.require_hashes, "a hash asks for all");
    assert!(probe.pre, "a file asks for it");
    assert_eq!(
        probe.index_url.as_ref().unwrap().as_str(),
        "https://index.example/simple"
    );
    assert_eq!(probe.extra_index_urls[0].as_str(), "https://extra.example/simple");
}

#[tokio::test]
async fn paths_urls_and_arguments_are_requirements_in_the_words_of_pep_508() {
    let world = World::new();
    let wheel = wheel("local", "1.0");
    let path = world.write(&wheel.filename, &wheel.bytes);
    let sha = format!("https://h.example/direct-2.0-py3-none-any.whl#sha256={DIGEST}");
    world.write(
        "requirements.txt",
        format!("direct @ {sha} ; python_version > '3'\nhttps://h.example/named-3.0-py3-none-any.whl\nhttps://h.example/x.tar.gz\n"),
    );
    let args = [
        "-r",
        "requirements.txt",
        "--",
        "./local-1.0-py3-none-any.whl[more]",
        "plain[b,a]<2,>=1",
    ];
    let probe = ask(&world, &[], &args).await.unwrap();
    let file = format!("file://{}", path.display());
    let read: Vec<_> = probe
        .requirements
        .iter()
        .map(|read| {
            (
                read.requirement.as_str(),
                read.name.as_deref(),
                read.link.as_deref(),
                read.origin.as_str(),
            )
        })
        .collect();
    let local = format!("local[more] @ {file}");
    let direct = format!("direct @ {sha} ; python_version > \"3\"");
    let (named, sdist) = (
        "https://h.example/named-3.0-py3-none-any.whl",
        "https://h.example/x.tar.gz",
    );
    assert_eq!(
        read,
        [
            (local.as_str(), Some("local"), Some(file.as_str()), "the command line"),
            ("plain[a,b]<2,>=1", Some("plain"), None, "the command line"),
            (
                direct.as_str(),
                Some("direct"),
                Some(sha.as_str()),
                "-r requirements.txt (line 1)"
            ),
            (
                &format!("named @ {named}"),
                Some("named"),
                Some(named),
                "-r requirements.txt (line 2)"
            ),
            (sdist, None, Some(sdist), "-r requirements.txt (line 3)"),
        ]
    );
    assert!(!probe.require_hashes, "the hash of a URL asks for no others");
    assert_eq!(probe.positional.len(), 2);
}

#[tokio::test]
async fn how_to_install_comes_back_from_pip() {
    let world = World::new();
    let args = [
        "--upgrade",
        "--upgrade-strategy",
        "eager",
        "--dry-run",
        "--report",
        "r.json",
        "--no-warn-conflicts",
        "--no-deps",
    ];
    let probe = ask(&world, &[], &args).await.unwrap();
    let install = &probe.install;
    assert!(install.upgrade && install.dry_run && install.no_warn_conflicts && probe.no_deps);
    assert_eq!(install.upgrade_strategy, UpgradeStrategy::Eager);
    assert_eq!(install.report.as_deref(), Some(Path::new("r.json")));
    assert_eq!(
        (
            probe.uploaded_prior_to,
            probe.all_releases.len(),
            probe.only_final.len()
        ),
        (None, 0, 0)
    );
    let plain = ask(&world, &[], &[]).await.unwrap().install.clone();
    assert!(!plain.dry_run && plain.report.is_none() && plain.upgrade_strategy == UpgradeStrategy::OnlyIfNeeded);
}

#[tokio::test]
async fn what_is_installed_says_where_it_came_from() {
    let world = World::new();
    let info = |name: &str, metadata: &str, direct_url: Option<&str>| {
        let info = world.site_packages.join(format!("{name}-1.0.dist-info"));
        std::fs::create_dir(&info).unwrap();
        std::fs::write(
            info.join("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}"),
        )
        .unwrap();
        if let Some(text) = direct_url {
            std::fs::write(info.join("direct_url.json"), text).unwrap();
        }
    };
    info("plain", "Requires-Python: >=3.7\nRequires-Dist: absent\n", None);
    info(
        "archive",
        "",
        Some(r#"{"url": "https://h.example/a.whl", "archive_info": {"hash": "sha256=ab"}}"#),
    );
    info(
        "editable",
        "",
        Some(r#"{"url": "file:///src", "dir_info": {"editable": true}}"#),
    );
    info(
        "checkout",
        "",
        Some(r#"{"url": "https://h.example/r", "vcs_info": {"vcs": "git", "commit_id": "c0"}}"#),
    );
    info("broken", "", Some("{"));
    let probe = ask(&world, &[], &[]).await.unwrap();
    let found = |name: &str| probe.installed.iter().find(|dist| dist.name == name).unwrap().clone();
    let plain = found("plain");
    assert_eq!(
        (plain.requires_python.as_deref(), plain.direct_url, plain.editable),
        (Some(">=3.7"), None, false)
    );
    assert_eq!(plain.location.as_deref(), Some(world.site_packages.as_path()));
    let url = |name: &str| found(name).direct_url.unwrap();
    assert_eq!(
        (url("archive").url.as_str(), url("archive").hashes),
        ("https://h.example/a.whl", vec!["sha256:ab".to_owned()])
    );
    assert_eq!(
        (url("editable").url.as_str(), found("editable").editable),
        ("file:///src", true)
    );
    assert_eq!(url("checkout").commit.as_deref(), Some("c0"));
    assert_eq!(
        (found("broken").direct_url, found("broken").requires_python),
        (None, None)
    );
}

#[tokio::test]
async fn what_pip_cannot_parse_has_its_place() {
    let world = World::new();
    world.write("bad.txt", "# a comment\nfine\nfoo=>1\n");
    world.write("option.txt", "fine\nfoo --bogus\n");
    world.write("marker.txt", "foo; python_version\n");
    for (args, words) in [
        (
            &["-r", "bad.txt"][..],
            &["Invalid requirement: 'foo=>1'", "line 3 of bad.txt"][..],
        ),
        (
            &["-r", "option.txt"],
            &[
                "Invalid requirement: foo --bogus",
                "pip: error: no such option: --bogus",
                "line 2 of option.txt",
            ],
        ),
        (&["-r", "marker.txt"], &["python_version", "line 1 of marker.txt"]),
        (&["-c", "bad.txt"], &["line 3 of bad.txt"]),
        (&["foo bar"], &["Invalid requirement: 'foo bar'"]),
    ] {
        match ask(&world, &[], args).await {
            Err(PipError::Requirements { message }) => {
                assert!(words.iter().all(|word| message.contains(word)), "{args:?}: {message}");
            }
            other => panic!("{args:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_pip_refuses_is_a_typed_error_with_its_words() {
    let world = World::new();
    let usage = |result: Result<Asked, PipError>| match result {
        Err(PipError::Usage { message }) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(usage(ask(&world, &[], &["--bogus"]).await), "no such option: --bogus");
    let message = usage(ask(&world, &[("PIP_TIMEOUT", "soon")], &[]).await);
    assert!(message.contains("soon"), "{message}");
    let message = usage(ask(&world, &[], &["--user"]).await);
    assert!(
        message.contains("User site-packages are not visible in this virtualenv"),
        "{message}"
    );

    world.write("bad.txt", "-r missing.txt\n");
    match ask(&world, &[], &["-r", "bad.txt"]).await {
        Err(error @ PipError::Requirements { .. }) => {
            assert!(error.to_string().contains("missing.txt"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    match ask(&world, &[], &["-i", "not a url"]).await {
        Err(PipError::InvalidIndexUrl { position: 1 }) => {}
        other => panic!("{other:?}"),
    }
    match ask(&world, &[], &["-e", "./project"]).await {
        Err(PipError::UnsupportedOption { option, value }) => {
            assert_eq!((option.as_str(), value.as_str()), ("--editable", "['./project']"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn unusable_interpreters_are_told_apart() {
    let world = World::without_pip();
    let error = ask(&world, &[], &[]).await.unwrap_err();
    assert!(matches!(error, PipError::NoPip { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("ensurepip"));

    std::fs::create_dir(world.site_packages.join("pip")).unwrap();
    std::fs::write(world.site_packages.join("pip/__init__.py"), "__version__ = '22.1.2'\n").unwrap();
    match ask(&world, &[], &[]).await {
        Err(PipError::PipTooOld { version, .. }) => assert_eq!(version, "22.1.2"),
        other => panic!("{other:?}"),
    }
    std::fs::write(world.site_packages.join("pip/__init__.py"), "__version__ = '99.0'\n").unwrap();
    match ask(&world, &[], &[]).await {
        Err(PipError::Broken { why, .. }) => assert!(why.contains("pip._internal"), "{why}"),
        other => panic!("{other:?}"),
    }

    let python = world.script("python2", "echo 'Unknown option: -I' >&2; exit 2");
    match probe_in(world.environment(&[]), &python, &[]).await {
        Err(PipError::PythonTooOld { version, .. }) => assert_eq!(version, "2"),
        other => panic!("{other:?}"),
    }
    let python = world.script("no-python", "echo 'this is PyPy, but broken' >&2; exit 3");
    match probe_in(world.environment(&[]), &python, &[]).await {
        Err(PipError::Broken { why, .. }) => {
            assert_eq!(why, "exit status: 3, and it printed: this is PyPy, but broken");
        }
        other => panic!("{other:?}"),
    }
    let python = world.script("talker", "exec yes");
    let error = probe_in(world.environment(&[]), &python, &[]).await.unwrap_err();
    assert!(matches!(error, PipError::OutputTooLarge { .. }), "{error:?}");
    let error = probe_in(world.environment(&[]), Path::new("/nonexistent/python"), &[])
        .await
        .unwrap_err();
    assert!(matches!(error, PipError::Start { .. }), "{error:?}");
}

/// Whatever it is called: what it says of itself is what counts.
#[tokio::test]
async fn one_that_is_not_cpython_has_tags_and_markers_of_its_own() {
    let world = World::new();
    let hook =
        "import sys, platform; sys.implementation.name = 'pypy'; platform.python_implementation = lambda: 'PyPy'\n";
    std::fs::write(world.site_packages.join("pypy.pth"), hook).unwrap();
    let probe = ask(&world, &[], &[]).await.unwrap();
    assert_eq!(probe.markers.platform_python_implementation(), "PyPy");
    assert_eq!(probe.markers.implementation_name(), "pypy");
    let rank = |tag: &str| probe.tags.rank([&Tag::parse(tag).unwrap()]);
    let (major, minor) = (probe.python_version.release()[0], probe.python_version.release()[1]);
    assert_eq!(rank(&format!("cp{major}{minor}-cp{major}{minor}-linux_x86_64")), None);
    assert!(rank(&format!("pp{major}{minor}-none-any")).is_some() && rank("py3-none-any").is_some());
    installs(&probe, &[world.verified(&wheel("pure", "1.0"))], HandOff::default()).await;
    assert_eq!(world.word("pure"), "1.0 good");
}

#[tokio::test]
async fn a_need_for_a_virtual_environment_is_met_by_one() {
    let world = World::new();
    assert!(ask(&world, &[("PIP_REQUIRE_VIRTUALENV", "1")], &[]).await.is_ok());
    let python = world.environment(&[]).find_python(Some(Path::new("python3"))).unwrap();
    let environment = world.environment(&[("PIP_REQUIRE_VIRTUALENV", "1")]);
    match probe_in(environment, &python, &[]).await {
        Err(PipError::VirtualenvRequired { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn stray_output_does_not_confuse_the_probe() {
    let world = World::new();
    let hook = "import sys; print('noise'); print('=====slsa-pip-probe====='); print('{}')\n";
    std::fs::write(world.site_packages.join("noise.pth"), hook).unwrap();
    let probe = ask(&world, &[], &[]).await.unwrap();
    assert_eq!(probe.executable, world.python);
}
