//! The tags that a version may have been released under.

use slsa_pip_distribution::{PackageName, Version};

use crate::MAX_TAGS;

/// The tags to try for a version, in groups: each group is tried if the ones before it have not led to evidence about the
/// file. First the policy's template, then plain versions, then those with the project's name, then rarer spellings.
///
/// `{version}` and `{name}` of the template stand for the version and the project's name; `refs/tags/` in front is left
/// out. The version is spelled as PEP 440 normalises it and as the file name spells it, the name as PEP 503 normalises it
/// and as the file name spells it.
#[must_use]
pub fn tags(name: &PackageName, version: &Version, filename: &str, template: Option<&str>) -> Vec<Vec<String>> {
    let (written_name, written_version) = parts(filename);
    let versions = once_each([Some(version.to_string()), written_version.map(str::to_owned)]);
    let names = once_each([Some(name.as_str().to_owned()), written_name.map(str::to_owned)]);
    let with_versions =
        |spell: &dyn Fn(&str) -> Vec<String>| versions.iter().flat_map(|v| spell(v)).collect::<Vec<_>>();
    let of_template = template.map(|template| {
        let template = template.strip_prefix("refs/tags/").unwrap_or(template);
        with_versions(&|v| vec![template.replace("{version}", v).replace("{name}", name.as_str())])
    });
    let plain = with_versions(&|v| vec![v.to_owned(), format!("v{v}")]);
    let dated = with_versions(&|v| dated(v).map_or_else(Vec::new, |v| vec![format!("v{v}"), v]));
    let with_name = with_versions(&|v| {
        let spellings = |n: &String| [format!("{n}-{v}"), format!("{n}-v{v}"), format!("{n}@{v}")];
        names.iter().flat_map(spellings).collect()
    });
    let rare = with_versions(&|v| vec![format!("release-{v}"), format!("rel-{v}")]);
    let mut tried: Vec<String> = Vec::new();
    let mut groups = Vec::new();
    for group in [of_template.unwrap_or_default(), plain, dated, with_name, rare] {
        let mut fresh = Vec::new();
        for tag in group {
            if !tag.is_empty() && tried.len() < MAX_TAGS && !tried.contains(&tag) {
                tried.push(tag.clone());
                fresh.push(tag);
            }
        }
        if !fresh.is_empty() {
            groups.push(fresh);
        }
    }
    groups
}

/// A version that begins with a year, with two digits in its other parts: `2024.10.08`. `None` where that changes nothing.
fn dated(version: &str) -> Option<String> {
    let numeric = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = version.split('.').collect();
    let (year, rest) = parts.split_first()?;
    if !parts.iter().all(numeric) || year.len() != 4 || !(1..=2).contains(&rest.len()) {
        return None;
    }
    let padded = rest.iter().map(|part| format!("{part:0>2}"));
    let written = [(*year).to_owned()]
        .into_iter()
        .chain(padded)
        .collect::<Vec<_>>()
        .join(".");
    (written != version).then_some(written)
}

fn once_each<const N: usize>(spellings: [Option<String>; N]) -> Vec<String> {
    let mut list = Vec::new();
    for spelling in spellings.into_iter().flatten() {
        if !list.contains(&spelling) {
            list.push(spelling);
        }
    }
    list
}

/// Name and version as a wheel's or sdist's file name spells them.
fn parts(filename: &str) -> (Option<&str>, Option<&str>) {
    if let Some(stem) = filename.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        return (parts.next(), parts.next());
    }
    let stem = filename
        .strip_suffix(".tar.gz")
        .or_else(|| filename.strip_suffix(".zip"));
    match stem.and_then(|stem| stem.rsplit_once('-')) {
        Some((name, version)) => (Some(name), Some(version)),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(name: &str, version: &str, filename: &str, template: Option<&str>) -> Vec<Vec<String>> {
        tags(&name.parse().unwrap(), &version.parse().unwrap(), filename, template)
    }

    #[test]
    fn the_spellings_of_the_design() {
        assert_eq!(
            groups("urllib3", "1.26.14", "urllib3-1.26.14-py2.py3-none-any.whl", None),
            [
                vec!["1.26.14", "v1.26.14"],
                vec!["urllib3-1.26.14", "urllib3-v1.26.14", "urllib3@1.26.14"],
                vec!["release-1.26.14", "rel-1.26.14"],
            ]
        );
    }

    #[test]
    fn dates_have_two_digits() {
        for (version, expected) in [
            ("2024.10.8", Some("2024.10.08")),
            ("2024.1", Some("2024.01")),
            ("2024.10.18", None),
            ("2024.1.2.3", None),
            ("24.1.2", None),
            ("2024", None),
            ("2024.1.2rc1", None),
        ] {
            assert_eq!(dated(version).as_deref(), expected, "{version}");
        }
        let groups = groups("abi3info", "2024.10.8", "abi3info-2024.10.8-py3-none-any.whl", None);
        assert_eq!(groups[1], ["v2024.10.08", "2024.10.08"]);
    }

    #[test]
    fn the_file_names_own_spelling_is_tried_too() {
        let groups = groups("Foo.Bar", "2.0.0rc1", "Foo_Bar-2.0.0-rc1.tar.gz", None);
        assert_eq!(groups[0][..2], ["2.0.0rc1", "v2.0.0rc1"]);
        let wheel = self::groups("Foo.Bar", "1.0.post1", "Foo_Bar-1.0_1-py3-none-any.whl", None);
        assert_eq!(wheel[0], ["1.0.post1", "v1.0.post1", "1.0_1", "v1.0_1"]);
        assert_eq!(
            wheel[1][..4],
            [
                "foo-bar-1.0.post1",
                "foo-bar-v1.0.post1",
                "foo-bar@1.0.post1",
                "Foo_Bar-1.0.post1"
            ]
        );
    }

    #[test]
    fn the_template_comes_first_and_nothing_twice() {
        let groups = groups(
            "foo",
            "1.0",
            "foo-1.0-py3-none-any.whl",
            Some("refs/tags/{name}/v{version}"),
        );
        assert_eq!(groups[0], ["foo/v1.0"]);
        let same = self::groups("foo", "1.0", "foo-1.0-py3-none-any.whl", Some("v{version}"));
        assert_eq!(same[..2], [vec!["v1.0"], vec!["1.0"]]);
        let all: Vec<_> = self::groups("a-b", "1.0.post1", "a_b-1.0_1-py3-none-any.whl", Some("x{version}")).concat();
        assert!(all.len() <= MAX_TAGS, "{all:?}");
    }
}
