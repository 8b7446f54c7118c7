//! `slsa-pip.lock.toml`: what is written is read again, what was tampered with is an error, and which line a release continues.

#![allow(clippy::unwrap_used, reason = "the functions that tests share fail like the tests")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::lock::{AcceptedBy, Entry, Lock, MAX_LINES, MAX_LOCK_LEN};
use slsa_pip_policy::{EvidenceKind, Identity, PolicyCode, Provider};

fn identity(repository: &str) -> Identity {
    Identity {
        provider: Provider::GitHub,
        kind: EvidenceKind::Publish,
        level: 0,
        repository: Some(repository.parse().unwrap()),
        repository_id: Some("538293197".to_owned()),
        owner_id: Some("3059210".to_owned()),
        workflow: Some(".github/workflows/release.yml".to_owned()),
        builder: None,
        builder_ref: None,
        reference: Some("refs/tags/v1.0.0".to_owned()),
        trigger: Some("push".to_owned()),
        environment: None,
        runner_environment: Some("github-hosted".to_owned()),
        account: None,
    }
}

fn entry(version: &str, identity: Identity) -> Entry {
    Entry {
        version: version.parse().unwrap(),
        file: format!("rocket-{version}-py3-none-any.whl").parse().unwrap(),
        sha256: "ab".repeat(32).parse().unwrap(),
        accepted: "2026-11-23T12:00:00Z".parse().unwrap(),
        by: AcceptedBy::FirstUse,
        evidence: "index-integrity".to_owned(),
        found_at: "https://index.example/integrity/rocket".to_owned(),
        identity,
    }
}

fn rocket() -> PackageName {
    "rocket".parse().unwrap()
}

fn lock(entries: impl IntoIterator<Item = Entry>) -> Lock {
    let mut lock = Lock::empty("slsa-pip.lock.toml");
    for entry in entries {
        lock.accept(&rocket(), entry);
    }
    lock
}

fn builder(mut identity: Identity) -> Identity {
    identity.kind = EvidenceKind::Build;
    identity.level = 3;
    identity.builder = Some("https://github.com/o/b/.github/workflows/b.yml".to_owned());
    identity.builder_ref = Some("refs/tags/v2.0.0".to_owned());
    identity
}

const WHOLE: &str = r#"# Written by slsa-pip: who stood behind each package when it was last accepted. Keep it under version control.
# A change of identity here is a change of whom is trusted: `slsa-pip policy accept NAME==VERSION` makes one after review.
version = 1

[[packages.rocket]]
version = "1.0.0"
provider = "github"
kind = "publish"
level = 0
repository = "github.com/acme/rocket"
repository-id = "538293197"
owner-id = "3059210"
workflow = ".github/workflows/release.yml"
ref = "refs/tags/v1.0.0"
trigger = "push"
runner-environment = "github-hosted"
file = "rocket-1.0.0-py3-none-any.whl"
sha256 = "abababababababababababababababababababababababababababababababab"
evidence = "index-integrity"
found-at = "https://index.example/integrity/rocket"
accepted = 2026-11-23T12:00:00Z
by = "first-use"
"#;

#[test]
fn what_is_written_is_read_again() {
    let mut written = Lock::empty("l");
    assert_eq!(
        written.record(&rocket(), entry("1.0.0", identity("github.com/acme/rocket"))),
        Ok(true)
    );
    assert_eq!(written.to_text(), WHOLE);
    assert_eq!(Lock::parse(WHOLE, "x").unwrap(), written);
    let account = Identity {
        provider: Provider::Google,
        repository: None,
        workflow: None,
        account: Some("a \"b\"\\ ü@x.example".to_owned()),
        ..identity("github.com/acme/rocket")
    };
    for identity in [builder(identity("gitlab.com/a/b/c")), account] {
        written.accept(&rocket(), entry("2.0.0", identity));
        assert_eq!(Lock::parse(&written.to_text(), "x").unwrap(), written);
    }
}

#[test]
fn a_value_that_may_not_stand_in_it_is_seen_by_whoever_reads_what_was_written() {
    for hostile in ["a\nb = 1", "a\u{1b}[2J", "\u{7f}", "  "] {
        let mut bad = identity("github.com/acme/rocket");
        bad.environment = Some(hostile.to_owned());
        let errors = Lock::parse(&lock([entry("1.0.0", bad)]).to_text(), "x").unwrap_err();
        assert_eq!(errors.errors.len(), 1, "{errors}");
    }
}

#[test]
fn whatever_is_not_understood_is_an_error_at_its_place() {
    use PolicyCode::*;
    let line = |key: &str| {
        WHOLE
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap()
    };
    let without = |key: &str| WHOLE.replace(&format!("{}\n", line(key)), "");
    let with = |key: &str, value: &str| WHOLE.replace(line(key), &format!("{key} = {value}"));
    let format = |value: &str| WHOLE.replacen("version = 1\n", value, 1);
    let table = WHOLE.split_once("\n\n").unwrap().1;
    let mut cases = vec![
        (UnknownVersion, format("version = 2\n")),
        (WrongType, format("version = \"1\"\n")),
        (MissingKey, format("")),
        (UnknownKey, format("version = 1\ntrust = \"all\"\n")),
        (UnknownKey, WHOLE.replace("by = ", "because = \"x\"\nby = ")),
        (Syntax, WHOLE.replace("by = ", "by = = ")),
        (Syntax, WHOLE.replace("by = ", "by = \"review\"\nby = ")),
        (InvalidVersions, WHOLE.replace("\"1.0.0\"", "\"one\"")),
        (UnknownValue, with("provider", "\"gitbub\"")),
        (UnknownValue, with("kind", "\"none\"")),
        (InvalidLevel, with("level", "4")),
        (WrongType, with("level", "\"0\"")),
        (ConflictingKeys, with("level", "3")),
        (ConflictingKeys, with("kind", "\"build\"")),
        (InvalidRepository, with("repository", "\"github.com/acme\"")),
        (InvalidId, with("owner-id", "\"-1\"")),
        (WrongType, with("owner-id", "1")),
        (EmptyValue, with("workflow", "\" \"")),
        (ControlCharacter, with("trigger", "\"a\\u0000\"")),
        (ValueTooLong, with("trigger", &format!("\"{}\"", "x".repeat(5000)))),
        (InvalidDigest, with("sha256", "\"00\"")),
        (InvalidDate, with("accepted", "2026-11-23")),
        (InvalidDate, with("accepted", "2026-11-23T12:00:00+01:00")),
        (InvalidName, with("file", "\"rocket\"")),
        (ConflictingKeys, with("file", "\"rocket-1.0.1-py3-none-any.whl\"")),
        (ConflictingKeys, with("file", "\"rockets-1.0.0-py3-none-any.whl\"")),
        (UnknownValue, with("by", "\"nobody\"")),
        (DuplicateValue, format!("{WHOLE}\n{table}")),
        (
            DuplicateName,
            format!("{WHOLE}\n{}", table.replace("packages.rocket", "packages.Rocket")),
        ),
        (InvalidName, WHOLE.replace("packages.rocket", "packages.\"ro cket\"")),
        (WrongType, WHOLE.replace("[[packages.rocket]]", "[packages.rocket]")),
        (WrongType, "version = 1\npackages = []\n".to_owned()),
        (EmptyTable, "version = 1\npackages.rocket = []\n".to_owned()),
        (TooLarge, "#".repeat(MAX_LOCK_LEN + 1)),
        (
            TooLarge,
            format!("version = 1\n{}", "[[packages.rocket]]\n".repeat(MAX_LINES + 1)),
        ),
        (
            MissingKey,
            WHOLE.replace("by = ", "builder = \"https://github.com/o/b/x\"\nby = "),
        ),
    ];
    for key in [
        "provider",
        "kind",
        "level",
        "repository",
        "file",
        "sha256",
        "evidence",
        "found-at",
        "accepted",
        "by",
    ] {
        cases.push((MissingKey, without(key)));
    }
    for (code, text) in cases {
        let errors = Lock::parse(&text, "slsa-pip.lock.toml").expect_err("must not be read");
        let mut codes: Vec<PolicyCode> = errors.errors.iter().map(|error| error.code).collect();
        codes.dedup();
        assert_eq!(codes, [code], "{errors}");
    }
}

#[test]
fn an_error_is_shown_with_its_line() {
    let text = WHOLE.replace("level = 0", "level = 3");
    let shown = Lock::parse(&text, "slsa-pip.lock.toml").unwrap_err().to_string();
    assert_eq!(
        shown,
        "error[conflicting-keys]: publish evidence has no level 3\n\
         \x20--> slsa-pip.lock.toml:9:9\n\
         \x20 |\n\
         9 | level = 3\n\
         \x20 |         ^\n\
         \x20 = help: nobody writes this file by hand: take it back from version control, or remove the package from it"
    );
}

#[test]
fn a_release_is_compared_with_its_neighbours() {
    let identity = || identity("github.com/acme/rocket");
    let lock = lock(["3.0", "2.5", "1.9"].map(|version| entry(version, identity())));
    let previous = |version: &str| -> Vec<String> {
        let previous = lock.previous(&rocket(), &version.parse().unwrap());
        previous.iter().map(|it| it.version.to_string()).collect()
    };
    for (version, expected) in [
        ("4.0", &["3.0"][..]),
        ("3.0.1", &["3.0"]),
        ("3.0", &["3.0"]),
        ("3.0.dev1", &["3.0", "2.5"]),
        ("2.6", &["3.0", "2.5"]),
        ("2.5", &["2.5"]),
        ("2.4", &["2.5", "1.9"]),
        ("1.0", &["1.9"]),
    ] {
        assert_eq!(previous(version), expected, "{version}");
    }
    assert!(
        lock.previous(&"other".parse().unwrap(), &"1.0".parse().unwrap())
            .is_empty()
    );
    assert_eq!(
        lock.previous(&rocket(), &"4.0".parse().unwrap())[0].recorded_at,
        "slsa-pip.lock.toml: [[packages.rocket]] 3.0"
    );
}

#[test]
fn only_what_says_more_is_recorded() {
    let (ours, theirs) = (identity("github.com/acme/rocket"), identity("github.com/evil/rocket"));
    let mut lock = Lock::empty("l");
    let version =
        |lock: &Lock| -> Vec<String> { lock.lines(&rocket()).iter().map(|it| it.version.to_string()).collect() };
    assert_eq!(lock.record(&rocket(), entry("2.0", ours.clone())), Ok(true));
    // The same again, by another tag and later; an older one.
    let mut again = entry("2.0", ours.clone());
    again.accepted = "2027-01-01T00:00:00Z".parse().unwrap();
    again.identity.reference = Some("refs/tags/x".to_owned());
    assert_eq!(lock.record(&rocket(), again), Ok(false));
    assert_eq!(lock.record(&rocket(), entry("1.5", ours.clone())), Ok(false));
    assert_eq!(version(&lock), ["2.0"]);
    // Newer, and stronger.
    assert_eq!(lock.record(&rocket(), entry("2.1", ours.clone())), Ok(true));
    assert_eq!(lock.record(&rocket(), entry("2.1", builder(ours.clone()))), Ok(true));
    assert_eq!(lock.lines(&rocket())[0].by, AcceptedBy::Continuity);
    // Weaker or of somebody else: not by itself, whatever the version.
    for version in ["1.0", "2.1", "3.0"] {
        for identity in [ours.clone(), theirs.clone(), builder(theirs.clone())] {
            assert!(lock.record(&rocket(), entry(version, identity)).is_err(), "{version}");
        }
    }
    // By hand: an older one is a line of its own, and goes on by itself up to the next one.
    lock.accept(&rocket(), entry("1.5", theirs.clone()));
    assert_eq!(version(&lock), ["1.5", "2.1"]);
    assert_eq!(lock.record(&rocket(), entry("1.6", theirs.clone())), Ok(true));
    assert_eq!(version(&lock), ["1.6", "2.1"]);
    assert!(lock.record(&rocket(), entry("2.1", theirs.clone())).is_err());
    assert!(lock.record(&rocket(), entry("2.2", theirs.clone())).is_err());
    assert_eq!(lock.record(&rocket(), entry("1.7", builder(ours.clone()))), Ok(false));
    assert_eq!(version(&lock), ["1.6", "2.1"]);
    // A newer one takes the newest one's place.
    lock.accept(&rocket(), entry("3.0", theirs));
    assert_eq!(version(&lock), ["1.6", "3.0"]);
    assert!(lock.record(&rocket(), entry("3.1", builder(ours))).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    })]

    /// A lock in which somebody has changed a few bytes is read or refused; what is read is written and read again.
    #[test]
    fn any_text_gives_an_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0_usize..30), 0..4),
    ) {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for (at, c, removed) in changes {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, [c]);
        }
        let text: String = text.into_iter().collect();
        match Lock::parse(&text, "x") {
            Ok(lock) => prop_assert_eq!(Lock::parse(&lock.to_text(), "x").unwrap(), lock),
            Err(errors) => prop_assert!(!errors.errors.is_empty()),
        }
    }
}
