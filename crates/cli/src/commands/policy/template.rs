//! The ref template that several releases agree on.

use slsa_pip_distribution::Version;

/// The placeholder of ref templates (docs/policy.md).
const VERSION: &str = "{version}";

/// The template from which every one of these releases has its ref; `None` if there is none, or if there are fewer than two
/// releases to agree. One that names the version is preferred to one that does not; of two such, the one that replaces its last
/// occurrence, since tags end in the version.
pub(crate) fn agreed(releases: &[(Version, String)]) -> Option<String> {
    let [(version, reference), others @ ..] = releases else {
        return None;
    };
    if others.is_empty() {
        return None;
    }
    let fits = |template: &String| {
        others
            .iter()
            .all(|(version, reference)| template.replace(VERSION, &version.to_string()) == *reference)
    };
    candidates(version, reference).into_iter().find(fits)
}

/// The templates that give this ref for this version, best first.
fn candidates(version: &Version, reference: &str) -> Vec<String> {
    // A brace would be read as part of a placeholder.
    if reference.contains(['{', '}']) {
        return Vec::new();
    }
    let version = version.to_string();
    let mut templates: Vec<String> = reference
        .match_indices(&version)
        .map(|(at, _)| {
            let (head, tail) = reference.split_at(at);
            format!("{head}{VERSION}{}", tail.strip_prefix(&version).unwrap_or_default())
        })
        .collect();
    templates.reverse();
    templates.push(reference.to_owned());
    templates
}

#[cfg(test)]
mod tests {
    use super::agreed;

    fn of(releases: &[(&str, &str)]) -> Option<String> {
        let releases: Vec<_> = releases
            .iter()
            .map(|(version, reference)| (version.parse().unwrap(), (*reference).to_owned()))
            .collect();
        agreed(&releases)
    }

    #[test]
    fn releases_that_agree_give_a_template() {
        for (releases, expected) in [
            (
                &[("1.0", "refs/tags/1.0"), ("0.9", "refs/tags/0.9")][..],
                Some("refs/tags/{version}"),
            ),
            (
                &[("1.0", "refs/tags/v1.0"), ("0.9", "refs/tags/v0.9")],
                Some("refs/tags/v{version}"),
            ),
            (
                &[("2.0", "refs/tags/pkg-2.0/rel"), ("1.9.1", "refs/tags/pkg-1.9.1/rel")],
                Some("refs/tags/pkg-{version}/rel"),
            ),
            // A number that is in the project's name as well.
            (
                &[("2", "refs/tags/jinja2-2"), ("3.1", "refs/tags/jinja2-3.1")],
                Some("refs/tags/jinja2-{version}"),
            ),
            (
                &[("1.0", "refs/heads/main"), ("0.9", "refs/heads/main")],
                Some("refs/heads/main"),
            ),
            // One release proves no custom.
            (&[("1.0", "refs/tags/v1.0")], None),
            (&[], None),
            // They differ.
            (&[("1.0", "refs/tags/v1.0"), ("0.9", "refs/tags/0.9")], None),
            (&[("1.0", "refs/tags/v1.0"), ("0.9", "refs/heads/main")], None),
            // Not the normalised version.
            (
                &[
                    ("2025.1.31", "refs/tags/2025.01.31"),
                    ("2024.12.1", "refs/tags/2024.12.01"),
                ],
                None,
            ),
            (
                &[("1.0", "refs/tags/{version}1.0"), ("0.9", "refs/tags/{version}0.9")],
                None,
            ),
        ] {
            assert_eq!(of(releases).as_deref(), expected, "{releases:?}");
        }
    }
}
