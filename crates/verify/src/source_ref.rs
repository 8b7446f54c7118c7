//! Tags, versions in tags, and branches: rules E2 to E4.

use slsa_pip_distribution::Version;
use slsa_pip_provenance::BuildFields;

use crate::code::Code;
use crate::refusal::Failure;

const TAGS: &str = "refs/tags/";
const HEADS: &str = "refs/heads/";
/// Longest tag that is searched for a version; git's own limit on file systems is lower.
const MAX_TAG_LEN: usize = 512;

/// E2: the ref is the tag, exactly.
pub(crate) fn check_tag(expected: Option<&str>, reference: Option<&str>) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let found = tag(expected, reference)?;
    let expected = expected.strip_prefix(TAGS).unwrap_or(expected);
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(Code::TagMismatch, "it was made from another tag")
        .expected(expected)
        .found(found))
}

/// E3: the tag's version is the expected one, in as many components as are given. A name before the tag's version is a general
/// word, the `package`'s own, or the one before the expected version: a tag of another package of the repository is none of this.
pub(crate) fn check_versioned_tag(
    expected: Option<&str>,
    reference: Option<&str>,
    package: Option<&str>,
) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let found = tag(expected, reference)?;
    let wanted = expected.strip_prefix(TAGS).unwrap_or(expected);
    let (Some((wanted_name, wanted)), Some((name, version))) = (name_and_version(wanted), name_and_version(found))
    else {
        return Err(other_version(expected, found));
    };
    if !version_matches(&wanted, &version) {
        return Err(other_version(expected, found));
    }
    let is_own = |name: &str| {
        GENERAL_WORDS.contains(&name) || package.is_some_and(|package| name.rsplit('/').next() == Some(package))
    };
    let is_named = name == wanted_name || (is_own(&name) && is_own(&wanted_name));
    if is_named {
        return Ok(());
    }
    Err(other_version(expected, found).hint(format!(
        "if the tag is meant, name it with what stands before its version: `--source-versioned-tag {found}`"
    )))
}

fn other_version(expected: &str, found: &str) -> Failure {
    Failure::new(Code::VersionedTagMismatch, "it was made from a tag of another version")
        .expected(expected)
        .found(found)
}

fn tag<'r>(expected: &str, reference: Option<&'r str>) -> Result<&'r str, Failure> {
    reference
        .and_then(|reference| reference.strip_prefix(TAGS))
        .ok_or_else(|| {
            Failure::new(Code::NotATag, "it was not made from a tag")
                .expected(format!("{TAGS}{}", expected.strip_prefix(TAGS).unwrap_or(expected)))
                .found(reference.unwrap_or("no such claim"))
        })
}

/// What stands between a name and a version in a tag.
const SEPARATORS: &str = "-_@/";

/// What may stand before a version in any package's tag.
const GENERAL_WORDS: [&str; 6] = ["", "v", "rel", "release", "releases", "version"];

/// The version in a tag, and the name before it: the whole tag is a version, or what follows a separator, whichever first is a
/// PEP 440 version. So `v1.2`, `1.26.14`, `2.0.0rc1`, `release-3.1`, `name@v2` all work. If a part of the name looks like a
/// version, then the tag is of that one, and in `v2.0.0-snapshot-1` there is no `1`. Names are spelled as PEP 503 normalises them.
fn name_and_version(tag: &str) -> Option<(String, Version)> {
    // PEP 440 readers skip white space around a version; git knows no such tag.
    if tag.len() > MAX_TAG_LEN || tag.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if let Ok(version) = tag.parse() {
        return Some((String::new(), version));
    }
    let mut rest = tag;
    let mut name = String::new();
    while let Some((part, after)) = rest.split_once(|c| SEPARATORS.contains(c)) {
        if looks_like_version(part) {
            return None;
        }
        name.push_str(&part.to_ascii_lowercase().replace('.', "-"));
        if let Ok(version) = after.parse() {
            return Some((name, version));
        }
        let is_folder = rest.get(part.len()..).is_some_and(|text| text.starts_with('/'));
        name.push(if is_folder { '/' } else { '-' });
        rest = after;
    }
    None
}

/// Whether it begins with a digit or `v` and a digit, or holds a dot between digits (`release2.0`).
fn looks_like_version(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let begins = text.strip_prefix(['v', 'V']).unwrap_or(text).as_bytes();
    let dotted = text
        .as_bytes()
        .windows(3)
        .any(|window| is_digit(window.first()) && window.get(1) == Some(&b'.') && is_digit(window.get(2)));
    is_digit(begins.first()) || dotted
}

fn version_matches(expected: &Version, found: &Version) -> bool {
    let in_full =
        |version: &Version| version.is_pre() || version.is_dev() || version.is_post() || !version.local().is_empty();
    if in_full(expected) || in_full(found) {
        return expected == found;
    }
    let (wanted, given) = (expected.release(), found.release());
    let component = |index| given.get(index).copied().unwrap_or(0);
    expected.epoch() == found.epoch()
        && wanted
            .iter()
            .enumerate()
            .all(|(index, wanted)| *wanted == component(index))
}

/// E4: the branch of the ref; for a tag, what a trusted builder says about the branch that it was made on. `trigger` is the
/// claimed event: only a push and a release say something about a branch.
pub(crate) fn check_branch(
    expected: Option<&str>,
    reference: Option<&str>,
    trigger: Option<&str>,
    trusted: Option<&BuildFields>,
) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    // Once only: a branch may be called `refs/heads/main`, and is not `main`.
    let found = match reference {
        Some(reference) if reference.starts_with(TAGS) => {
            trusted.and_then(|fields| branch_of_tag(fields, trigger)).map(branch)
        }
        Some(reference) => reference.strip_prefix(HEADS),
        None => None,
    };
    if found == Some(branch(expected)) {
        return Ok(());
    }
    Err(Failure::new(Code::BranchMismatch, "it was made from another branch")
        .expected(expected)
        .found(found.or(reference).unwrap_or("no such claim")))
}

fn branch(text: &str) -> &str {
    text.strip_prefix(HEADS).unwrap_or(text)
}

fn branch_of_tag<'f>(fields: &'f BuildFields, trigger: Option<&str>) -> Option<&'f str> {
    if let Some(base) = fields.base_ref.as_deref().filter(|base| !base.is_empty()) {
        return Some(base);
    }
    // Other events' payloads hold what their senders put there.
    let pointer = match trigger {
        Some("push") => "/base_ref",
        Some("release") => "/release/target_commitish",
        _ => return None,
    };
    let value = fields.event_payload.as_ref()?.pointer(pointer)?.as_str()?;
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versioned(expected: &str, tag: &str) -> bool {
        of_package("foo", expected, tag)
    }

    fn of_package(package: &str, expected: &str, tag: &str) -> bool {
        check_versioned_tag(Some(expected), Some(&format!("refs/tags/{tag}")), Some(package)).is_ok()
    }

    #[test]
    fn as_many_components_as_given_are_compared() {
        for (expected, tag) in [
            ("v14", "v14.2.0"),
            ("v14.2", "v14.2"),
            ("14.2", "v14.2.9"),
            ("1.26.14", "1.26.14"),
            ("v2.0.0rc1", "2.0.0-rc1"),
            ("3.1", "release-3.1"),
            ("3.1.0", "release-3.1"),
            ("2", "foo@v2.5"),
            ("2", "version/2.5"),
            ("1.0.post1", "v1.0.post1"),
            ("release-3.1", "release-3.1"),
            ("release-3", "release-3.1"),
            ("2.0.0rc1", "2.0.0rc1"),
            ("v2.0.0-rc.1", "2.0.0rc1"),
            ("1!2.0", "1!2.0.1"),
            ("1.0+local.1", "v1.0+local.1"),
            ("1.0+local.1", "v1.0+local-1"),
            ("1.0.dev3", "1.0.dev3"),
            ("v1.2.3", "foo-1.2.3"),
            ("v1.2.3", "Foo_v1.2.3"),
            ("v1.2.3", "packages/foo/1.2.3"),
            ("v1.2.3", "foo-v1.2.3"),
            ("v1.2.3", "foo@1.2.3"),
            ("py3-foo_bar/1.2", "py3-foo_bar/v1.2.3"),
            ("bar-1.2", "bar-1.2.3"),
            ("v2.0.0rc1", "foo-v2.0.0-rc1"),
            ("foo-1.2", "foo-1.2.3"),
        ] {
            assert!(versioned(expected, tag), "{expected} {tag}");
        }
        for (expected, tag) in [
            ("v14.2", "v14.3.1"),
            ("v1.2.3", "bar-v1.2.3"),
            ("v1.2.3", "evil/v1.2.3"),
            ("v1.2.3", "foo/evil/v1.2.3"),
            ("v1.2.3", "foo-evil-v1.2.3"),
            ("v1.2.3", "evil-foo-v1.2.3"),
            ("foo-1.2.3", "bar-1.2.3"),
            ("bar-1.2.3", "v1.2.3"),
            ("bar-1.2.3", "foo-1.2.3"),
            ("bar-1.2.3", "evil/bar-1.2.3"),
            ("v14.2.1", "v14.2"),
            ("v2", "v2.0.0rc1"),
            ("v2.0.0rc1", "v2.0.0"),
            ("v2.0.0rc1", "v2.0.0rc2"),
            ("v1", "v10"),
            ("v1", "main"),
            ("main", "main"),
            ("1.0", "1.0.post1"),
            ("1.0", "1!1.0"),
            ("1.0", "1.0+local"),
            ("1.0+local", "1.0"),
            ("1.0+local.1", "1.0+local.2"),
            ("1!2.0", "2.0"),
            ("1!2.0", "2!2.0"),
            ("2.0.0rc1", "2.0.0rc1.post1"),
            ("2.0rc1", "2.0.1rc1"),
            ("1.0.dev3", "1.0.dev4"),
            ("v1", "v2.0.0-snapshot-1"),
            ("1.26.14", "2.0.0-nightly-1.26.14"),
            ("v64", "v1.2.3-x86_64"),
            ("v1", "v2.0.0-rc1-fix/1"),
            ("v1", "V2.0.0-snapshot-1"),
            ("v1", "release-2.0.0-snapshot-1"),
            ("v64", "foo@v1.2.3-x86_64"),
            ("1.2", "2/1.2"),
            ("v1", "release2.0.0-1"),
            ("v1", "rel.2.0-fix-1"),
            ("v2.0.0-snapshot-1", "v1"),
            ("1", ""),
            ("", "1"),
            ("1.2.3", "v1.2.3\n"),
            ("1.2.3", " v1.2.3"),
            (" 1.2.3", "v1.2.3"),
            ("1.2.3", "foo-\t1.2.3"),
        ] {
            assert!(!versioned(expected, tag), "{expected} {tag}");
        }
    }

    #[test]
    fn a_package_is_known_by_its_normalised_name() {
        for tag in [
            "zope.foo2-1.2.3",
            "zope-foo2@v1.2.3",
            "Zope_Foo2/1.2.3",
            "libs/zope.foo2-1.2.3",
        ] {
            assert!(of_package("zope-foo2", "1.2", tag), "{tag}");
            assert!(!of_package("foo2", "1.2", tag), "{tag}");
            let nameless = check_versioned_tag(Some("1.2"), Some(&format!("refs/tags/{tag}")), None);
            let refusal = nameless.unwrap_err();
            assert_eq!(refusal.code, Code::VersionedTagMismatch, "{tag}");
            assert!(refusal.hint.is_some_and(|hint| hint.contains(tag)), "{tag}");
        }
    }

    #[test]
    fn a_branch_is_no_tag() {
        let versioned =
            |expected: Option<&str>, reference: Option<&str>| check_versioned_tag(expected, reference, Some("foo"));
        for check in [check_tag, versioned] {
            for reference in [Some("refs/heads/v1"), Some("v1"), None] {
                assert_eq!(check(Some("v1"), reference).unwrap_err().code, Code::NotATag);
            }
            assert!(check(None, None).is_ok());
        }
        assert_eq!(
            check_tag(Some("v1"), Some("refs/tags/v1.0")).unwrap_err().code,
            Code::TagMismatch
        );
        assert!(check_tag(Some("v1"), Some("refs/tags/v1")).is_ok());
        assert!(check_tag(Some("refs/tags/v1"), Some("refs/tags/v1")).is_ok());
    }

    #[test]
    fn the_branch_of_a_tag_is_taken_from_trusted_provenance_only() {
        let tag = Some("refs/tags/v1");
        let fields = |json: serde_json::Value, base: Option<&str>| BuildFields {
            base_ref: base.map(str::to_owned),
            event_payload: Some(json),
            ..BuildFields::default()
        };
        let release = fields(serde_json::json!({"release": {"target_commitish": "main"}}), None);
        let push = fields(serde_json::json!({"base_ref": "refs/heads/main"}), Some(""));
        let base = fields(serde_json::json!({"base_ref": "refs/heads/other"}), Some("main"));
        let check = |expected, reference, trigger, trusted| {
            check_branch(Some(expected), reference, trigger, trusted).map_err(|failure| failure.code)
        };
        let mismatch = Err(Code::BranchMismatch);
        for (trusted, event) in [(&release, "release"), (&push, "push"), (&base, "workflow_dispatch")] {
            assert_eq!(check("main", tag, Some(event), Some(trusted)), Ok(()));
            assert_eq!(check("refs/heads/main", tag, Some(event), Some(trusted)), Ok(()));
            assert_eq!(check("dev", tag, Some(event), Some(trusted)), mismatch);
            // The same words of a workflow about itself.
            assert_eq!(check("main", tag, Some(event), None), mismatch);
        }
        // What another event's payload holds is its sender's.
        for (trusted, event) in [(&release, "push"), (&push, "release"), (&push, "repository_dispatch")] {
            assert_eq!(check("main", tag, Some(event), Some(trusted)), mismatch, "{event}");
        }
        assert_eq!(check("main", tag, None, Some(&push)), mismatch);
        assert_eq!(check("main", Some("refs/heads/main"), None, None), Ok(()));
        assert_eq!(check("refs/heads/main", Some("refs/heads/main"), None, None), Ok(()));
        for reference in [Some("refs/heads/main2"), Some("main"), None] {
            assert_eq!(check("main", reference, None, None), mismatch);
        }
    }
}
