//! The policy file through its public interface: what it means, and the text of every mistake.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod texts;
mod values;

use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::{Account, Expectation, KindSet, Mode, Policy, PolicyCode, PolicyErrors, Unpinned};

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn read(text: &str) -> Policy {
    Policy::parse(text, "slsa-pip.toml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn refused(text: &str) -> PolicyErrors {
    Policy::parse(text, "slsa-pip.toml").expect_err("the policy must be refused")
}

fn expectation(policy: &Policy, name: &str, version: &str) -> Expectation {
    policy.expectation(&name.parse().unwrap(), &version.parse().unwrap())
}

/// Asserts that a text has exactly one mistake, and how it is shown.
fn shows(text: &str, code: &str, shown: &str) {
    let errors = refused(text);
    assert_eq!(errors.to_string(), shown, "for:\n{text}");
    assert_eq!(errors.errors.len(), 1, "for:\n{text}");
    assert_eq!(errors.errors[0].code.as_str(), code, "for:\n{text}");
}

#[test]
fn no_policy_pins_nothing_and_takes_both_kinds() {
    for policy in [Policy::default(), read(""), read("version = 1\n# nothing\n")] {
        let expectation = expectation(&policy, "foo", "1.0");
        assert!(!expectation.is_pinned());
        assert!(!expectation.lacks_required_pin());
        assert_eq!(expectation.pinned_by, None);
        assert_eq!(
            expectation.kinds,
            KindSet {
                build: true,
                publish: true
            }
        );
        assert_eq!(expectation.trusted_builders.iter().count(), 5);
        assert!(
            policy
                .exemption(&"foo".parse().unwrap(), &"1.0".parse().unwrap())
                .is_none()
        );
    }
}

#[test]
fn every_key_reaches_the_expectation() {
    let policy = read(
        r#"
version = 1
[defaults]
evidence = ["build"]
minimum-level = 2
builders = ["acme/ci/.github/workflows/build.yml@v1.0.0"]
runner-environment = "github-hosted"
unpinned = "deny"

[packages.Foo_Bar]
repository = ["github.com/acme/foo", "https://github.com/acme/foo-old.git"]
repository-id = 2410676
owner-id = "1234"
ref = "refs/tags/v{version}"
workflow = ".github/workflows/release.yml"
builder = "other/ci/.github/workflows/wheel.yml@v2.0.0"
trigger = "push"
environment = "release"
runner-environment = "self-hosted"
evidence = ["publish", "build"]
minimum-level = 3
"#,
    );
    let pinned = expectation(&policy, "foo-bar", "1.2.0rc1");
    assert_eq!(
        pinned.repositories,
        ["acme/foo".parse().unwrap(), "acme/foo-old".parse().unwrap()]
    );
    assert_eq!(pinned.pinned_by.as_deref(), Some("slsa-pip.toml: [packages.foo-bar]"));
    assert_eq!(pinned.repository_id.as_deref(), Some("2410676"));
    assert_eq!(pinned.owner_id.as_deref(), Some("1234"));
    assert_eq!(pinned.reference.as_deref(), Some("refs/tags/v1.2.0rc1"));
    assert_eq!(pinned.workflow.as_deref(), Some(".github/workflows/release.yml"));
    assert_eq!(
        pinned.builder.as_ref().map(ToString::to_string).as_deref(),
        Some("https://github.com/other/ci/.github/workflows/wheel.yml@refs/tags/v2.0.0")
    );
    assert_eq!(pinned.trigger.as_deref(), Some("push"));
    assert_eq!(pinned.environment.as_deref(), Some("release"));
    assert_eq!(pinned.runner_environment.as_deref(), Some("self-hosted"));
    assert!(pinned.kinds.build && pinned.kinds.publish);
    assert_eq!(pinned.minimum_level, Some(3));
    assert!(pinned.unpinned == Unpinned::Deny && !pinned.lacks_required_pin());
    let (acme, other) = (
        "https://github.com/acme/ci/.github/workflows/build.yml",
        "https://github.com/other/ci/.github/workflows/wheel.yml",
    );
    assert!(pinned.trusted_builders.trusts(acme, "refs/tags/v1.0.0"));
    assert!(pinned.trusted_builders.trusts(other, "refs/tags/v2.0.0"));

    let unpinned = expectation(&policy, "elsewhere", "1.0");
    assert!(unpinned.lacks_required_pin());
    assert!(unpinned.kinds.build && !unpinned.kinds.publish);
    assert_eq!(unpinned.minimum_level, Some(2));
    assert_eq!(unpinned.runner_environment.as_deref(), Some("github-hosted"));
    assert!(unpinned.trusted_builders.trusts(acme, "refs/tags/v1.0.0"));
    // A builder that one package is pinned to is not trusted for others.
    assert!(!unpinned.trusted_builders.knows(other));

    // What is expected of a file whose package is not known is no less.
    let nameless = policy.default_expectation();
    assert_eq!(format!("{nameless:?}"), format!("{unpinned:?}"));
}

#[test]
fn every_kind_of_identity_reaches_the_expectation() {
    let project = "00000000-1111-2222-3333-444444444444";
    let definition = "55555555-6666-7777-8888-999999999999";
    let policy = read(&format!(
        "[packages.a]\nrepository = 'gitlab.com/g/h/x'\nworkflow = 'ci/release.yml'\nrunner-environment = 'gitlab-hosted'\n\
         [packages.b]\ngoogle = ['r@acme.example', 's@acme.example']\nowner = 'github.com/acme'\n\
         [packages.c]\ncircleci = '{project}/{definition}'\nunpinned = 'deny'\n"
    ));
    let gitlab = expectation(&policy, "a", "1");
    assert!(gitlab.accepts_repository(&"gitlab.com/g/h/x".parse().unwrap()));
    assert_eq!(gitlab.workflow.as_deref(), Some("ci/release.yml"));
    let google = expectation(&policy, "b", "1");
    let subjects: Vec<String> = google.accounts.iter().map(Account::subject).collect();
    assert_eq!(subjects, ["r@acme.example", "s@acme.example"]);
    assert_eq!(google.owners, ["github.com/acme".parse().unwrap()]);
    assert!(google.is_pinned() && google.repositories.is_empty());
    let circleci = expectation(&policy, "c", "1");
    assert_eq!(
        circleci.accounts.iter().map(Account::subject).collect::<Vec<_>>(),
        [format!(
            "https://circleci.com/api/v2/projects/{project}/pipeline-definitions/{definition}"
        )]
    );
    assert!(circleci.is_pinned() && !circleci.lacks_required_pin());
    assert_eq!(expectation(&policy, "d", "1").unpinned, Unpinned::Claimed);
}

#[test]
fn defaults_are_read_in_full() {
    let policy = read(
        "[defaults]\nmode = 'warn'\nminimum-age = '36 hours'\nindexes = ['https://i.example/simple/']\n\
         builders = ['o/b/w.yml@>=v1.2.0', 'slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml@v2.1.0']\n\
         [packages.a]\nminimum-age = '0 days'\n[packages.'b*']\nminimum-age = '90 minutes'\nindex = 'https://i.example/simple/'\n",
    );
    assert_eq!(policy.mode(), Mode::Warn);
    assert_eq!(policy.allowed_indexes().len(), 1);
    let hours = |name: &str| policy.minimum_age(&name.parse().unwrap()).map(|age| age.as_mins());
    assert_eq!(
        (hours("x"), hours("a"), hours("bc")),
        (Some(36 * 60), Some(0), Some(90))
    );
    assert!(policy.index(&"bc".parse().unwrap()).is_some() && policy.index(&"a".parse().unwrap()).is_none());
    let trusted = expectation(&policy, "a", "1").trusted_builders;
    let own = "https://github.com/o/b/w.yml";
    assert!(trusted.trusts(own, "refs/tags/v1.2.0") && trusted.too_old(own, "refs/tags/v1.2.0").is_none());
    assert!(trusted.too_old(own, "refs/tags/v1.1.9").is_some());
    // A generator that is named is trusted as it is named, the others as ever.
    let generator = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
    let go = format!("{generator}builder_go_slsa3.yml");
    assert!(trusted.trusts(&go, "refs/tags/v2.1.0") && !trusted.trusts(&go, "refs/tags/v2.0.0"));
    let generic = format!("{generator}generator_generic_slsa3.yml");
    assert!(trusted.trusts(&generic, "refs/tags/v1.2.0"));
    assert_eq!(
        (Policy::default().mode(), Policy::default().allowed_indexes().len()),
        (Mode::Enforce, 0)
    );
}

#[test]
fn a_ref_template_binds_the_version_to_its_tag() {
    let reference = |line: &str, version: &str| {
        let policy = read(&format!("[packages.foo]\nrepository = 'acme/foo'\n{line}\n"));
        expectation(&policy, "foo", version).reference
    };
    for (line, version, expected) in [
        ("ref = 'refs/tags/{version}'", "1.26.14", "refs/tags/1.26.14"),
        ("tag = '{version}'", "1.26.14", "refs/tags/1.26.14"),
        ("tag = 'foo/v{version}'", "1!2.0.post1", "refs/tags/foo/v1!2.0.post1"),
        ("ref = 'refs/heads/release/{version}'", "1.0", "refs/heads/release/1.0"),
        ("ref = 'refs/heads/main'", "1.0", "refs/heads/main"),
    ] {
        assert_eq!(reference(line, version).as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn a_package_is_assigned_to_one_index() {
    let policy = read(
        "[packages.Foo_Bar]\nindex = 'https://index.example/simple'\n[packages.other]\nrepository = 'github.com/o/r'\n",
    );
    let assigned: Vec<_> = policy
        .assigned_indexes()
        .map(|(name, url)| (name.as_str(), url.as_str()))
        .collect();
    assert_eq!(assigned, [("foo-bar", "https://index.example/simple")]);
    // That is no word about who may have built it.
    assert!(!expectation(&policy, "foo-bar", "1.0").is_pinned());
    assert_eq!(Policy::default().assigned_indexes().count(), 0);
}

#[test]
fn a_login_in_an_index_is_refused_and_not_shown() {
    for login in ["user:s3cret@", "s3cret@", ":s3cret@"] {
        let text = format!("[packages.foo]\nindex = 'https://{login}index.example/simple/' # mine");
        let errors = refused(&text);
        assert_eq!(errors.errors[0].code, PolicyCode::InvalidIndex);
        assert_eq!(errors.errors[0].message, "`index` holds a login");
        assert!(errors.errors[0].source_line.ends_with("* # mine"), "{errors}");
        assert!(!format!("{errors} {errors:?}").contains("s3cret"), "{errors}");
    }
}

#[test]
fn exemptions_are_found_by_name_and_version() {
    let policy = read(&format!(
        "[exemptions.Pepper_Corn]\nversions = '>=0.6,<0.8'\nsha256 = ['{DIGEST}']\nreason = 'old'\nexpires = 2027-06-30\n"
    ));
    let name: PackageName = "pepper-corn".parse().unwrap();
    let version = |text: &str| text.parse::<Version>().unwrap();
    let exemption = policy.exemption(&name, &version("0.7")).unwrap();
    assert_eq!(exemption.package, name);
    assert_eq!(exemption.sha256, [DIGEST.parse().unwrap()]);
    assert!(exemption.names(&DIGEST.parse().unwrap()));
    assert!(!exemption.names(&"0".repeat(64).parse().unwrap()));
    assert_eq!(exemption.reason, "old");
    assert_eq!(exemption.written_at, "slsa-pip.toml: [exemptions.pepper-corn]");
    let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
    assert!(!exemption.expired_on(day("2027-06-30")));
    assert!(exemption.expired_on(day("2027-07-01")));
    assert!(policy.exemption(&name, &version("0.8")).is_none());
    assert!(policy.exemption(&"other".parse().unwrap(), &version("0.7")).is_none());
    assert_eq!(policy.exemptions().count(), 1);
}

#[test]
fn an_exemption_without_a_date_never_expires() {
    let policy = read(&format!(
        "[exemptions.foo]\nversions = '==1'\nsha256 = ['{DIGEST}']\nreason = 'x'\n"
    ));
    let exemption = policy
        .exemption(&"foo".parse().unwrap(), &"1".parse().unwrap())
        .unwrap();
    assert!(!exemption.expired_on(jiff::civil::Date::MAX));
}

#[test]
fn mistyped_keys_are_refused_with_the_nearest_one() {
    shows(
        "version = 1\n[packages.urllib3]\nrepositry = \"github.com/urllib3/urllib3\"\n",
        "unknown-key",
        "\
error[unknown-key]: unknown key `repositry` in [packages.urllib3]
 --> slsa-pip.toml:3:1
  |
3 | repositry = \"github.com/urllib3/urllib3\"
  | ^^^^^^^^^
  = help: did you mean `repository`?",
    );
    shows(
        "[package.urllib3]\nrepository = \"urllib3/urllib3\"\n",
        "unknown-key",
        "\
error[unknown-key]: unknown key `package` in the file
 --> slsa-pip.toml:1:2
  |
1 | [package.urllib3]
  |  ^^^^^^^
  = help: did you mean `packages`?",
    );
    shows(
        "[defaults]\nallow-everything = true\n",
        "unknown-key",
        "\
error[unknown-key]: unknown key `allow-everything` in [defaults]
 --> slsa-pip.toml:2:1
  |
2 | allow-everything = true
  | ^^^^^^^^^^^^^^^^
  = help: known here: `mode`, `unpinned`, `evidence`, `minimum-level`, `builders`, `runner-environment`, `minimum-age`, `startup-files`, `indexes`, `importers-may-exempt`",
    );
}

#[test]
fn syntax_errors_come_all_and_alone() {
    let errors = refused("version = \n[packages.foo]\nrepositry = x\nref = 'x\n");
    assert_eq!(errors.errors.len(), 3, "{errors}");
    assert!(
        errors.errors.iter().all(|error| error.code == PolicyCode::Syntax),
        "{errors}"
    );
    shows(
        "[packages.foo]\nrepository = acme\n",
        "policy-syntax",
        "\
error[policy-syntax]: string values must be quoted, expected literal string
 --> slsa-pip.toml:2:14
  |
2 | repository = acme
  |              ^^^^",
    );
    shows(
        "[packages.foo]\nrepository = 'a/b'\nrepository = 'c/d'\n",
        "policy-syntax",
        "\
error[policy-syntax]: duplicate key
 --> slsa-pip.toml:3:1
  |
3 | repository = 'c/d'
  | ^^^^^^^^^^",
    );
}

#[test]
fn names_are_compared_as_the_index_does() {
    shows(
        "[packages.foo-bar]\nrepository = 'a/b'\n[packages.Foo_Bar]\nrepository = 'c/d'\n",
        "duplicate-name",
        "\
error[duplicate-name]: a second table for `foo-bar`: `Foo_Bar` is the same project
 --> slsa-pip.toml:3:11
  |
3 | [packages.Foo_Bar]
  |           ^^^^^^^
  = help: names are compared as the index does: case, `-`, `_` and `.` make no difference",
    );
    shows(
        "[packages.\"foo bar\"]\nrepository = 'a/b'\n",
        "invalid-name",
        "\
error[invalid-name]: `foo bar` is not a valid project name: letters, digits, `.`, `-` and `_` only, beginning and ending with a letter or digit
 --> slsa-pip.toml:1:11
  |
1 | [packages.\"foo bar\"]
  |           ^^^^^^^^^",
    );
}

#[test]
fn an_exemption_says_what_and_why() {
    let errors = refused("[exemptions.foo]\n");
    assert_eq!(
        errors.to_string(),
        "\
error[missing-key]: [exemptions.foo] has no `versions`
 --> slsa-pip.toml:1:13
  |
1 | [exemptions.foo]
  |             ^^^
  = help: name the versions it is for, such as `versions = \"==0.6\"`

error[missing-key]: [exemptions.foo] has no `sha256`
 --> slsa-pip.toml:1:13
  |
1 | [exemptions.foo]
  |             ^^^
  = help: name the files it is for, by digest: `sha256 = [\"…\"]`

error[missing-key]: [exemptions.foo] has no `reason`
 --> slsa-pip.toml:1:13
  |
1 | [exemptions.foo]
  |             ^^^
  = help: say why no provenance is asked for: `reason = \"…\"`"
    );
}
