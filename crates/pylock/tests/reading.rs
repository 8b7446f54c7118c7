//! What is read, what is refused, and what is chosen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the functions that tests share fail like the tests"
)]

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use slsa_pip_distribution::{SupportedTags, Tag, Version};
use slsa_pip_policy::Publisher;
use slsa_pip_pylock::{Chosen, LockErrors, Place, Read, Target, Unusable, read, select, write};

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn wheel(name: &str) -> String {
    format!("{{name = \"{name}\", url = \"https://files.example/{name}\", size = 10, hashes = {{sha256 = \"{HEX}\"}}}}")
}

fn lock(packages: &str) -> String {
    format!("lock-version = \"1.0\"\ncreated-by = \"x\"\n{packages}")
}

fn bolt(more: &str) -> String {
    lock(&format!(
        "[[packages]]\nname = \"bolt\"\nversion = \"1.0\"\nwheels = [{}]\n{more}",
        wheel("bolt-1.0-py3-none-any.whl")
    ))
}

#[track_caller]
fn good(text: &str) -> Read {
    read(text, "pylock.toml").unwrap_or_else(|errors| panic!("{errors}\n\n{text}"))
}

#[track_caller]
fn codes(text: &str) -> Vec<&'static str> {
    let errors: LockErrors = read(text, "pylock.toml").expect_err(text);
    errors.errors.iter().map(|error| error.code).collect()
}

fn env() -> MarkerEnvironment {
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: "3.11.2",
        os_name: "posix",
        platform_machine: "x86_64",
        platform_python_implementation: "CPython",
        platform_release: "6.1",
        platform_system: "Linux",
        platform_version: "1",
        python_full_version: "3.11.2",
        python_version: "3.11",
        sys_platform: "linux",
    })
    .unwrap()
}

fn choose(text: &str) -> Result<Vec<String>, Vec<Unusable>> {
    let tags = [
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-abi3-manylinux_2_17_x86_64",
        "py3-none-any",
    ];
    let tags = SupportedTags::new(tags.iter().map(|tag| Tag::parse(tag).unwrap()));
    let read = good(text);
    let target = Target {
        env: &env(),
        tags: &tags,
        python: &"3.11.2".parse::<Version>().unwrap(),
        ignore_requires_python: false,
        extras: &[],
        groups: None,
    };
    let chosen: Vec<Chosen<'_>> = select(&read.lock, &target)?;
    Ok(chosen.iter().map(|it| it.file.name.clone()).collect())
}

#[track_caller]
fn refused(text: &str) -> String {
    let problems = choose(text).expect_err(text);
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    shown.join("\n")
}

/// The example of the standard's own kind, in other words.
const EXAMPLE: &str = r#"
lock-version = '1.0'
environments = ["sys_platform == 'win32'", "sys_platform == 'linux'"]
requires-python = '==3.11.*'
created-by = 'locker'
unknown-key = 1

[[packages]]
name = 'Attrs'
version = '25.1.0'
requires-python = '>=3.8'
index = 'https://index.example/simple'
wheels = [
  {name = 'attrs-25.1.0-py3-none-any.whl', upload-time = 2025-01-25T11:30:10.164985+00:00, url = 'https://files.example/c7/attrs-25.1.0-py3-none-any.whl', size = 63152, hashes = {SHA256 = 'C75a69e28a550a7e93789579c22aa26b0f5b83b75dc4e08fe092980051e1090a', md5 = 'aa'}},
]
[[packages.attestation-identities]]
environment = 'release'
kind = 'GitHub'
repository = 'python-attrs/attrs'
workflow = 'pypi-package.yml'
[[packages.attestation-identities]]
kind = 'Newest'

[[packages]]
name = 'cattrs'
version = '24.1.2'
dependencies = [{name = 'attrs'}]
archive = {url = 'https://files.example/cattrs-24.1.2-py3-none-any.whl', hashes = {sha256 = '67c7495b760168d931a10233f979b28dc04daf853b30752246f4f8471c6d68d0'}}

[tool.locker]
anything = [1, {goes = 2026-01-01}]
"#;

#[test]
fn a_lock_of_another_tool_is_read_and_written_and_read_again() {
    let Read { lock, warnings } = good(EXAMPLE);
    assert_eq!(warnings, Vec::<String>::new());
    let attrs = &lock.packages[0];
    assert_eq!((attrs.title().as_str(), attrs.line.0), ("attrs 25.1.0", 8));
    assert_eq!(attrs.index.as_ref().unwrap().as_str(), "https://index.example/simple/");
    let file = attrs.files().next().unwrap();
    assert_eq!(file.upload_time.unwrap().to_string(), "2025-01-25T11:30:10.164985Z");
    assert!(file.sha256.unwrap().to_hex().starts_with("c75a69e2"));
    assert_eq!(
        attrs.publishers,
        [
            Publisher::GitHub {
                repository: "python-attrs/attrs".to_owned(),
                workflow: "pypi-package.yml".to_owned(),
                environment: Some("release".to_owned()),
            },
            Publisher::Other {
                kind: "Newest".to_owned()
            }
        ]
    );
    let text = write(&lock);
    assert_eq!(good(&text).lock, lock, "{text}");
    assert_eq!(write(&good(&text).lock), text, "written again, it is the same");
    assert_eq!(
        choose(EXAMPLE).unwrap(),
        ["attrs-25.1.0-py3-none-any.whl", "cattrs-24.1.2-py3-none-any.whl"]
    );
}

#[test]
fn another_major_version_is_refused_and_a_minor_one_is_told_of() {
    for (version, code) in [
        ("2.0", "unknown-lock-version"),
        ("0.9", "unknown-lock-version"),
        ("1", "invalid-value"),
        ("1.x", "invalid-value"),
        ("", "empty-value"),
    ] {
        let text = bolt("").replace("\"1.0\"\ncreated", &format!("\"{version}\"\ncreated"));
        assert_eq!(codes(&text), [code], "{version}");
    }
    assert_eq!(codes("created-by = 'x'\npackages = []"), ["missing-key"]);
    assert_eq!(codes("lock-version = 1.0"), ["wrong-type"]);
    let text = bolt("").replace("\"1.0\"\ncreated", "\"1.7\"\nnew-key = 3\ncreated");
    let warnings = good(&text).warnings;
    assert!(
        warnings.iter().any(|warning| warning.contains("version 1.7")),
        "{warnings:?}"
    );
    assert!(
        warnings.iter().any(|warning| warning.contains("`new-key`")),
        "{warnings:?}"
    );
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let errors = read(
        "lock-version = '1.0'\ncreated-by = 3\n[[packages]]\nname = 'a b'\n",
        "pylock.toml",
    )
    .unwrap_err();
    let shown = errors.to_string();
    assert!(
        shown.contains("error[wrong-type]: `created-by` of the file must be a string"),
        "{shown}"
    );
    assert!(shown.contains("--> pylock.toml:4:8"), "{shown}");
    for (packages, code) in [
        ("packages = 1", "wrong-type"),
        ("packages = [1]", "wrong-type"),
        ("", "missing-key"),
        ("[[packages]]\nversion = '1'", "missing-key"),
        ("[[packages]]\nname = 'a'", "missing-source"),
        ("[[packages]]\nname = 'a'\nwheels = []", "missing-source"),
        (
            "[[packages]]\nname = 'a'\nsdist = {name='a', url='https://h.example/a', hashes={sha256='00'}}",
            "invalid-hash",
        ),
        (
            "[[packages]]\nname = 'a'\nversion = 'x'\nvcs = {type='git', url='https://h.example/a', commit-id='1'}",
            "invalid-value",
        ),
        (
            "[[packages]]\nname = 'a'\nvcs = {type='git', url='https://h.example/a'}",
            "missing-key",
        ),
        (
            "[[packages]]\nname = 'a'\nvcs = {type='git', url='https://u:secret@h.example/a', commit-id='1'}",
            "url-with-login",
        ),
        (
            "[[packages]]\nname = 'a'\ndirectory = {path='.'}\nvcs = {type='git', url='https://h.example/a', commit-id='1'}",
            "conflicting-sources",
        ),
        (
            "[[packages]]\nname = 'a'\nmarker = 'nonsense'\ndirectory = {path='.'}",
            "invalid-value",
        ),
        (
            "[[packages]]\nname = 'a'\nrequires-python = '>=x'\ndirectory = {path='.'}",
            "invalid-value",
        ),
    ] {
        assert_eq!(codes(&lock(packages)).first(), Some(&code), "{packages}");
    }
    assert_eq!(codes("lock-version = "), ["lock-syntax"]);
}

#[test]
fn a_file_must_have_a_sound_place_a_hash_and_the_name_of_its_package() {
    let with = |entry: &str| {
        lock(&format!(
            "[[packages]]\nname = 'bolt'\nversion = '1.0'\nwheels = [{{{entry}}}]"
        ))
    };
    let hashes = format!("hashes = {{sha256 = '{HEX}'}}");
    let name = "bolt-1.0-py3-none-any.whl";
    for (entry, code) in [
        (format!("url = 'https://h.example/{name}'"), "missing-hash"),
        (
            format!("url = 'https://h.example/{name}', hashes = {{}}"),
            "missing-hash",
        ),
        (
            format!("url = 'https://h.example/{name}', hashes = {{sha256 = 'x'}}"),
            "invalid-hash",
        ),
        (
            format!("url = 'https://h.example/{name}', hashes = {{sha512 = '<script>'}}"),
            "invalid-hash",
        ),
        (
            format!("url = 'https://h.example/nut-1.0-py3-none-any.whl', {hashes}"),
            "foreign-file",
        ),
        (
            format!("url = 'https://h.example/bolt-1.1-py3-none-any.whl', {hashes}"),
            "foreign-file",
        ),
        (format!("url = 'https://h.example/bolt.zip', {hashes}"), "invalid-file"),
        (
            format!("name = '../{name}', url = 'https://h.example/x', {hashes}"),
            "invalid-file",
        ),
        (
            format!("url = 'https://h.example/..%2F{name}', {hashes}"),
            "invalid-file",
        ),
        (
            format!("url = 'https://u:secret@h.example/{name}', {hashes}"),
            "url-with-login",
        ),
        (
            format!("url = 'https://token@h.example/{name}', {hashes}"),
            "url-with-login",
        ),
        (format!("url = 'file:///etc/{name}', {hashes}"), "invalid-url"),
        (format!("url = 'ftp://h.example/{name}', {hashes}"), "invalid-url"),
        (format!("url = '{name}', {hashes}"), "invalid-url"),
        (format!("path = '../{name}', {hashes}"), "path-outside"),
        (format!("path = 'a/../../{name}', {hashes}"), "path-outside"),
        (format!("path = '..\\{name}', {hashes}"), "path-outside"),
        (format!("path = '/etc/{name}', {hashes}"), "path-outside"),
        (format!("path = 'C:\\{name}', {hashes}"), "path-outside"),
        (format!("path = 'file:///etc/{name}', {hashes}"), "path-outside"),
        (format!("name = '{name}', {hashes}"), "missing-key"),
        (
            format!("url = 'https://h.example/{name}', size = -1, {hashes}"),
            "wrong-type",
        ),
        (
            format!("url = 'https://h.example/{name}', upload-time = 'now', {hashes}"),
            "wrong-type",
        ),
    ] {
        let found = codes(&with(&entry));
        assert_eq!(found.first(), Some(&code), "{entry}");
        let shown = read(&with(&entry), "f").unwrap_err().to_string();
        assert!(!shown.contains("secret") && !shown.contains("token@"), "{shown}");
    }
    let twice = format!("url = 'https://h.example/{name}', {hashes}}}, {{path = '{name}', {hashes}");
    assert_eq!(codes(&with(&twice)), ["duplicate-file"]);
    let local = good(&with(&format!("path = './wheels//{name}', {hashes}")));
    let place = &local.lock.packages[0].files().next().unwrap().place;
    assert_eq!(*place, Place::Path(format!("wheels/{name}")));
}

#[test]
fn an_identity_without_what_it_needs_is_a_mistake() {
    let with = |keys: &str| bolt(&format!("[[packages.attestation-identities]]\n{keys}"));
    for (keys, code) in [
        ("repository = 'a/b'", "missing-key"),
        ("kind = 'GitHub'\nrepository = 'a/b'", "missing-key"),
        ("kind = 'GitHub'\nworkflow = 'x.yml'", "missing-key"),
        (
            "kind = 'GitHub'\nrepository = '../..'\nworkflow = 'x.yml'",
            "invalid-value",
        ),
        (
            "kind = 'GitHub'\nrepository = 'a/b'\nworkflow = 'x.yml'\nenvironment = 1",
            "wrong-type",
        ),
        ("kind = 'GitHub'\nrepository = 'a/b'\nworkflow = ''", "empty-value"),
        ("kind = 'Google'", "missing-key"),
        ("kind = 'CircleCI'\nproject_id = 'x'", "missing-key"),
        ("kind = 7", "wrong-type"),
    ] {
        assert_eq!(codes(&with(keys)).first(), Some(&code), "{keys}");
    }
    let empty = with("kind = 'GitHub'\nrepository = 'a/b'\nworkflow = 'x.yml'\nenvironment = ''");
    assert!(matches!(
        &good(&empty).lock.packages[0].publishers[..],
        [Publisher::GitHub { environment: None, .. }]
    ));
}

#[test]
fn the_best_wheel_is_chosen_and_what_is_not_for_here_is_left_out() {
    let wheels = [
        "bolt-1.0-py3-none-any.whl",
        "bolt-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "bolt-1.0-cp312-cp312-win_amd64.whl",
    ];
    let wheels: Vec<String> = wheels.iter().map(|name| wheel(name)).collect();
    let other = wheel("nut-2-py3-none-any.whl");
    let text = lock(&format!(
        "[[packages]]\nname = 'bolt'\nversion = '1.0'\nwheels = [{}]\n[[packages]]\nname = 'nut'\nmarker = \"sys_platform == 'win32'\"\nwheels = [{other}]\n\
         [[packages]]\nname = 'nut'\nmarker = \"'dev' in dependency_groups\"\nwheels = [{other}]",
        wheels.join(", ")
    ));
    assert_eq!(
        choose(&text).unwrap(),
        ["bolt-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"]
    );
    let grouped = text.replace("created-by", "default-groups = ['dev']\ncreated-by");
    assert_eq!(choose(&grouped).unwrap().len(), 2);
}

#[test]
fn what_cannot_be_installed_is_refused_with_the_reason() {
    let hashes = format!("hashes = {{sha256 = '{HEX}'}}");
    let sdist = format!("sdist = {{url = 'https://h.example/bolt-1.0.tar.gz', {hashes}}}");
    for (source, why) in [
        (
            "vcs = {type = 'git', url = 'https://h.example/x', commit-id = 'abc'}".to_owned(),
            "is a checkout (git)",
        ),
        (
            "directory = {path = '.', editable = true}".to_owned(),
            "is an editable folder",
        ),
        ("directory = {path = '.'}".to_owned(), "is a folder"),
        (sdist, "has a source distribution and no wheel"),
        (
            format!("archive = {{url = 'https://h.example/bolt-1.0.tar.gz', {hashes}}}"),
            "which is no wheel",
        ),
        (
            format!("archive = {{url = 'https://h.example/nut-1.0-py3-none-any.whl', {hashes}}}"),
            "which is another's",
        ),
        (
            format!("archive = {{url = 'https://h.example/bolt-1.0-cp27-cp27m-win32.whl', {hashes}}}"),
            "not for this interpreter",
        ),
        (
            format!("wheels = [{}]", wheel("bolt-1.0-cp27-cp27m-win32.whl")),
            "has no wheel for this interpreter",
        ),
        (
            "wheels = [{url = 'https://h.example/bolt-1.0-py3-none-any.whl', hashes = {sha512 = 'aa'}}]".to_owned(),
            "has no sha256",
        ),
        (
            format!(
                "requires-python = '>=3.13'\nwheels = [{}]",
                wheel("bolt-1.0-py3-none-any.whl")
            ),
            "requires Python >=3.13",
        ),
    ] {
        let shown = refused(&lock(&format!("[[packages]]\nname = 'bolt'\n{source}")));
        assert!(shown.contains(why) && shown.contains("`bolt` (line 3)"), "{shown}");
    }
    let twice = bolt("").replace("[[packages]]", "#") + "\n";
    let entry = bolt("").split_once("created-by = \"x\"\n").unwrap().1.to_owned();
    let twice = twice.split('#').next().unwrap().to_owned() + &entry + "\n" + &entry;
    assert!(refused(&twice).contains("has a second entry for this environment in line 3"));
    let with = |key: &str| bolt("").replace("created-by", &format!("{key}\ncreated-by"));
    assert!(refused(&with("requires-python = '>=3.12'")).contains("it is for Python >=3.12"));
    assert!(refused(&with("environments = [\"os_name == 'nt'\"]")).contains("for other environments"));
}

#[test]
fn budgets_hold() {
    let many = "[[packages]]\nname='a'\ndirectory={path='.'}\n".repeat(slsa_pip_pylock::MAX_PACKAGES + 1);
    assert_eq!(codes(&lock(&many)), ["too-many"]);
    assert_eq!(
        codes(&" ".repeat(slsa_pip_pylock::MAX_LOCK_LEN + 1)),
        ["lock-too-large"]
    );
    // Small texts that would take gigabytes.
    for piece in ["[[packages]]\n", "a.b.c.d=1\n", "a={}\n", "a=[[],[],[],[]]\n"] {
        let text = piece.repeat(slsa_pip_pylock::MAX_LOCK_LEN / piece.len());
        assert_eq!(codes(&text), ["lock-too-large"], "{piece}");
    }
    let identities = "[[packages.attestation-identities]]\nkind = 'Google'\nemail = 'a'\n".repeat(65);
    assert_eq!(codes(&bolt(&identities)), ["too-many"]);
    let wheels: Vec<String> = (0..=slsa_pip_pylock::MAX_WHEELS)
        .map(|at| wheel(&format!("bolt-1.0-{at}-py3-none-any.whl")))
        .collect();
    assert_eq!(
        codes(&lock(&format!(
            "[[packages]]\nname='bolt'\nwheels=[{}]",
            wheels.join(",")
        ))),
        ["too-many"]
    );
    let long = "x".repeat(20_000);
    assert_eq!(
        codes(&lock(&format!(
            "[[packages]]\nname='bolt'\ndirectory={{path='{long}'}}"
        ))),
        ["value-too-long"]
    );
    let deep = format!(
        "lock-version = '1.0'\ncreated-by = 'x'\npackages = {}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(read(&deep, "f").is_err());
}
