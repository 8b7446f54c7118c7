//! Each mistake of a value.

use crate::{DIGEST, refused};

/// Each mistake of a value: the table's line, its code, the message, the columns of the caret, the help.
#[test]
fn every_mistake_of_a_value_has_its_text() {
    let pin = "[packages.foo]\nrepository = 'a/b'\n";
    let exemption = format!("[exemptions.foo]\nversions = '==1'\nreason = 'x'\nsha256 = ['{DIGEST}']\n");
    let long = "x".repeat(1025);
    let cases: Vec<Case<'_>> = vec![
        case(
            "version = 2",
            "unknown-policy-version",
            "policy format version 2 is not known",
            (11, 1),
            Some("this release reads `version = 1`"),
        ),
        case(
            "version = '1'",
            "wrong-type",
            "`version` must be an integer, not a string",
            (11, 3),
            None,
        ),
        case(
            "packages = 1",
            "wrong-type",
            "`packages` must be a table, not an integer",
            (12, 1),
            None,
        ),
        case(
            "exemptions = []",
            "wrong-type",
            "`exemptions` must be a table, not a list",
            (14, 2),
            None,
        ),
        case(
            "defaults = 'x'",
            "wrong-type",
            "`defaults` must be a table, not a string",
            (12, 3),
            None,
        ),
        case(
            "packages.foo = true",
            "wrong-type",
            "`foo` must be a table, not a boolean",
            (16, 4),
            None,
        ),
        case(
            "[packages.foo]",
            "empty-table",
            "[packages.foo] is empty",
            (11, 3),
            Some("write `repository = \"github.com/OWNER/NAME\"`, or remove the table"),
        ),
        case(
            "[packages.foo]\nrepository = 'acme'",
            "invalid-repository",
            "`acme` does not name a source repository: write `owner/name` for GitHub, or `host/owner/name`",
            (14, 6),
            Some("write `github.com/OWNER/NAME`"),
        ),
        case(
            "[packages.foo]\nrepository = 1.5",
            "wrong-type",
            "`repository` must be a string or a list of strings, not a float",
            (14, 3),
            None,
        ),
        case(
            "[packages.foo]\nrepository = ''",
            "empty-value",
            "`repository` is empty",
            (14, 2),
            None,
        ),
        case(
            "[packages.foo]\nrepository = []",
            "empty-value",
            "`repository` is an empty list",
            (14, 2),
            None,
        ),
        case(
            "[packages.foo]\nrepository = ['a/b', 1]",
            "wrong-type",
            "`repository` must be a list of strings, not an integer",
            (22, 1),
            None,
        ),
        case(
            "[packages.foo]\nrepository = ['a/b', 'a/b']",
            "duplicate-value",
            "`repository` names this twice",
            (22, 5),
            None,
        ),
        case(
            "[packages.foo]\nrepository = ['a/b', 'github.com/A/B']",
            "duplicate-value",
            "`repository` names github.com/A/B twice",
            (22, 16),
            None,
        ),
        case(
            "[packages.foo]\nrepository-id = 7",
            "id-without-repository",
            "[packages.foo] has `repository-id` but no `repository`",
            (1, 13),
            Some("an id means something only on the host that assigned it; name the repository too"),
        ),
        case(
            "[packages.foo]\nowner-id = 7",
            "id-without-repository",
            "[packages.foo] has `owner-id` but no `repository`",
            (1, 8),
            Some("an id means something only on the host that assigned it; name the repository too"),
        ),
        case(
            &format!("{pin}repository-id = -7"),
            "invalid-id",
            "`repository-id` is no numeric id",
            (17, 2),
            Some("the API's answer for a repository has it as `id`, and its owner's as `owner.id`"),
        ),
        case(
            &format!("{pin}repository-id = '0x7'"),
            "invalid-id",
            "`repository-id` is no numeric id",
            (17, 5),
            Some("the API's answer for a repository has it as `id`, and its owner's as `owner.id`"),
        ),
        case(
            &format!("{pin}owner-id = 0x7"),
            "wrong-type",
            "`owner-id` must be a decimal number, not an integer",
            (12, 3),
            None,
        ),
        case(
            &format!("{pin}ref = 'v1'"),
            "invalid-ref",
            "`ref` is no full ref",
            (7, 4),
            Some("write \"refs/tags/{version}\" or \"refs/heads/main\""),
        ),
        case(
            &format!("{pin}ref = 'refs/tags/'"),
            "invalid-ref",
            "`ref` is no full ref",
            (7, 12),
            Some("write \"refs/tags/{version}\" or \"refs/heads/main\""),
        ),
        case(
            &format!("{pin}ref = 'refs/tags/{{verison}}'"),
            "invalid-ref",
            "`ref` holds a placeholder that is not known",
            (7, 21),
            Some("`{version}` is the only one"),
        ),
        case(
            &format!("{pin}ref = 'refs/tags/*'"),
            "invalid-ref",
            "`ref` is a ref that git does not allow",
            (7, 13),
            Some("patterns are not supported; only `{version}` is replaced"),
        ),
        case(
            &format!("{pin}tag = 'refs/tags/v1'"),
            "invalid-ref",
            "`tag` is a full ref",
            (7, 14),
            Some("a full ref is written with the key `ref`"),
        ),
        case(
            &format!("{pin}tag = 'v{{version'"),
            "invalid-ref",
            "`tag` holds a placeholder that is not known",
            (7, 11),
            Some("`{version}` is the only one"),
        ),
        case(
            &format!("{pin}ref = 'refs/tags/v1'\ntag = 'v1'"),
            "conflicting-keys",
            "[packages.foo] has both `ref` and `tag`",
            (1, 3),
            Some("`tag = \"X\"` is short for `ref = \"refs/tags/X\"`; keep one of them"),
        ),
        case(
            &format!("{pin}index = 'index.example/simple/'"),
            "invalid-index",
            "`index` is no http or https URL",
            (9, 23),
            Some("write it as the index is configured, without a login: \"https://index.example/simple/\""),
        ),
        case(
            &format!("{pin}index = 'file:///wheels/'"),
            "invalid-index",
            "`index` is no http or https URL",
            (9, 17),
            Some("write it as the index is configured, without a login: \"https://index.example/simple/\""),
        ),
        case(
            &format!("{pin}index = 'https://i.example/simple/?x'"),
            "invalid-index",
            "`index` has a query or a fragment",
            (9, 29),
            Some("write it as the index is configured, without a login: \"https://index.example/simple/\""),
        ),
        case(
            &format!("{pin}index = ['https://i.example/simple/']"),
            "wrong-type",
            "`index` must be a string, not a list",
            (9, 29),
            None,
        ),
        case(
            &format!("{pin}workflow = 'release'"),
            "invalid-workflow",
            "`workflow` is no workflow file: \"release\"",
            (12, 9),
            Some("write \"release.yml\" or \".github/workflows/release.yml\", without a ref"),
        ),
        case(
            &format!("{pin}workflow = '../release.yml'"),
            "invalid-workflow",
            "`workflow` is no workflow file: \"../release.yml\"",
            (12, 16),
            Some("write \"release.yml\" or \".github/workflows/release.yml\", without a ref"),
        ),
        case(
            &format!("{pin}builder = 'o/r/w.yml@main'"),
            "invalid-builder",
            "builder id `o/r/w.yml@main` has the ref `main`; a builder's ref is a full release tag, such as `v2.1.0` or `refs/tags/v2.1.0`",
            (11, 16),
            None,
        ),
        case(
            &format!("{pin}trigger = 'On Push'"),
            "unknown-value",
            "`trigger` is no event's name: \"On Push\"",
            (11, 9),
            Some("write it as GitHub does, such as \"push\", \"release\" or \"workflow_dispatch\""),
        ),
        case(
            &format!("{pin}environment = '  '"),
            "empty-value",
            "`environment` is empty",
            (15, 4),
            None,
        ),
        case(
            &format!("{pin}environment = \"a\\nb\""),
            "control-character",
            "`environment` holds a control character",
            (15, 6),
            None,
        ),
        case(
            &format!("{pin}runner-environment = 'github'"),
            "unknown-value",
            "`runner-environment` cannot be \"github\"",
            (22, 8),
            Some("known here: `github-hosted`, `gitlab-hosted`, `self-hosted`"),
        ),
        case(
            &format!("{pin}runner-environment = 'self_hosted'"),
            "unknown-value",
            "`runner-environment` cannot be \"self_hosted\"",
            (22, 13),
            Some("did you mean \"self-hosted\"?"),
        ),
        case(
            &format!("{pin}evidence = 'build'"),
            "wrong-type",
            "`evidence` must be a list of strings, not a string",
            (12, 7),
            None,
        ),
        case(
            &format!("{pin}evidence = ['builds']"),
            "unknown-value",
            "`evidence` cannot be \"builds\"",
            (13, 8),
            Some("did you mean \"build\"?"),
        ),
        case(
            &format!("{pin}minimum-level = 4"),
            "invalid-level",
            "there is no SLSA build level 4",
            (17, 1),
            Some("`minimum-level` is 1, 2 or 3"),
        ),
        case(
            &format!("{pin}minimum-level = '3'"),
            "wrong-type",
            "`minimum-level` must be an integer, not a string",
            (17, 3),
            None,
        ),
        case(
            "[defaults]\nunpinned = 'denny'",
            "unknown-value",
            "`unpinned` cannot be \"denny\"",
            (12, 7),
            Some("did you mean \"deny\"?"),
        ),
        case(
            "[defaults]\nbuilders = ['x.example/o/r/w.yml']",
            "invalid-builder",
            "builder id `x.example/o/r/w.yml` is on `x.example`; only workflows on `https://github.com` can be builders",
            (13, 21),
            None,
        ),
        case(
            &format!("{exemption}expires = '2027-06-30'"),
            "invalid-date",
            "`expires` must be a date",
            (11, 12),
            Some("write it without quotes and without a time, such as `expires = 2027-06-30`"),
        ),
        case(
            &format!("{exemption}expires = 2027-06-30T00:00:00Z"),
            "invalid-date",
            "`expires` must be a date",
            (11, 20),
            Some("write it without quotes and without a time, such as `expires = 2027-06-30`"),
        ),
        case(
            &exemption_with("versions = '1.0'"),
            "invalid-versions",
            "`versions` is not a list of version specifiers (PEP 440): \"1.0\"",
            (12, 5),
            Some("write \"==0.6\" for one version, or \">=0.6,<0.8\""),
        ),
        case(
            &exemption_with("versions = ''"),
            "empty-value",
            "`versions` is empty",
            (12, 2),
            None,
        ),
        case(
            &exemption_with("reason = ' '"),
            "empty-value",
            "`reason` is empty",
            (10, 3),
            None,
        ),
        case(
            &exemption_with(&format!("reason = '{long}'")),
            "value-too-long",
            "`reason` has 1025 bytes; at most 1024 are read",
            (10, 151),
            None,
        ),
        case(
            &exemption_with("sha256 = []"),
            "empty-value",
            "`sha256` is an empty list",
            (10, 2),
            None,
        ),
        case(
            &exemption_with("sha256 = 'ab'"),
            "wrong-type",
            "`sha256` must be a list of strings, not a string",
            (10, 4),
            None,
        ),
        case(
            &exemption_with("sha256 = ['ab']"),
            "invalid-digest",
            "a sha256 digest has 64 hexadecimal digits; `ab` does not",
            (11, 4),
            None,
        ),
        case(
            &exemption_with(&format!("sha256 = ['sha256:{DIGEST}']")),
            "invalid-digest",
            &format!("a sha256 digest has 64 hexadecimal digits; `sha256:{DIGEST}` does not"),
            (11, 73),
            Some("leave out the `sha256:` in front"),
        ),
        case(
            &exemption_with(&format!("sha256 = ['{DIGEST}', '{}']", DIGEST.to_uppercase())),
            "duplicate-value",
            "`sha256` names this twice",
            (79, 66),
            None,
        ),
    ];
    for (text, code, message, (column, len), help) in cases {
        let errors = refused(&text);
        let [error] = errors.errors.as_slice() else {
            panic!("one mistake expected in:\n{text}\nfound:\n{errors}");
        };
        assert_eq!(error.code.as_str(), code, "{text}");
        assert_eq!(error.message, message, "{text}");
        assert_eq!((error.column, error.caret_len), (column, len), "{errors}");
        assert_eq!(error.help.as_deref(), help, "{text}");
        let last_line = text.lines().count();
        assert_eq!(error.line, last_line, "{text}");
    }
}

type Case<'h> = (String, &'static str, String, (usize, usize), Option<&'h str>);

/// A text whose only mistake is on its last line.
fn case<'h>(text: &str, code: &'static str, message: &str, caret: (usize, usize), help: Option<&'h str>) -> Case<'h> {
    (text.to_owned(), code, message.to_owned(), caret, help)
}

/// An exemption whose last line is the given one; it stands for the same key in order.
fn exemption_with(line: &str) -> String {
    let key = line.split(' ').next().unwrap();
    let mut lines = vec!["[exemptions.foo]".to_owned()];
    for (other, text) in [
        ("versions", "versions = '==1'".to_owned()),
        ("reason", "reason = 'x'".to_owned()),
        ("sha256", format!("sha256 = ['{DIGEST}']")),
    ] {
        if other != key {
            lines.push(text);
        }
    }
    lines.push(line.to_owned());
    lines.join("\n")
}
