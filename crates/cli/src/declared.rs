//! The source repository that a package's own, unsigned metadata names. It finds evidence and is shown; it satisfies
//! nothing (E7).

use slsa_pip_distribution::SourceRepository;

use crate::resolution::Package;
use crate::session::Session;

/// Labels of project URLs that name the source, best first, in the normalised form of the well-known labels.
const LABELS: [&str; 8] = [
    "source",
    "sourcecode",
    "repository",
    "github",
    "code",
    "sourcerepository",
    "homepage",
    "download",
];

/// The repository that the METADATA of the file names, else the one of the index's JSON API. That is not asked where policy
/// pins a repository: it is looked for there, and no other is compared with it.
///
/// Where the JSON API cannot answer, nothing is compared, and an unpinned file passes as merely claimed; the report says that
/// nobody knows. Nothing is lost by that: what the API says of a version is what its uploader said, who may as well say nothing. A
/// package that needs more than a claim is pinned.
pub(crate) async fn repository(session: &Session, package: &Package, is_pinned: bool) -> Declared {
    let enterprise = session.endpoints.github.host_str();
    let metadata = session.index.metadata(&package.file).await;
    let mut unanswered = metadata.is_err();
    let from_metadata = metadata
        .ok()
        .and_then(|metadata| choose(&metadata.project_urls, enterprise));
    if from_metadata.is_some() || is_pinned || session.trust.offline {
        return Declared {
            repository: from_metadata,
            unanswered,
        };
    }
    let urls = session.index.project_json(&package.file).await;
    unanswered |= urls.is_err();
    Declared {
        repository: urls.ok().and_then(|urls| choose(&urls, enterprise)),
        unanswered,
    }
}

/// What unsigned metadata says.
pub(crate) struct Declared {
    /// The repository that it names.
    pub(crate) repository: Option<SourceRepository>,
    /// Whether somebody who might name one did not answer.
    pub(crate) unanswered: bool,
}

/// The first repository in the order of [`LABELS`].
fn choose(urls: &[(String, String)], enterprise: Option<&str>) -> Option<SourceRepository> {
    LABELS.iter().find_map(|label| {
        urls.iter()
            .filter(|(given, _)| normalised(given) == **label)
            .find_map(|(_, url)| SourceRepository::from_project_url_at(url, enterprise))
    })
}

/// Lower case, without punctuation and spaces, as the well-known labels are compared.
fn normalised(label: &str) -> String {
    label
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn the_source_label_wins_whatever_its_spelling_and_place() {
        let urls = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect::<Vec<_>>()
        };
        let found = choose(
            &urls(&[
                ("Home-page", "https://github.com/o/site"),
                ("Funding", "https://github.com/sponsors/o"),
                ("Source Code", "https://github.com/o/r/tree/main"),
            ]),
            None,
        );
        assert_eq!(found.unwrap().to_string(), "github.com/o/r");
        assert!(
            choose(
                &urls(&[
                    ("Documentation", "https://github.com/o/docs"),
                    ("Homepage", "https://o.example")
                ]),
                None
            )
            .is_none()
        );
    }
}
