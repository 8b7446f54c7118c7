//! Whether a verified wheel's own METADATA is the one that was resolved with.
//!
//! Metadata is read before its wheel is chosen, mostly from a file that the index serves beside the wheel and that nobody has
//! signed. An index that adds a dependency there would have that installed on the word of a wheel which never asked for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use slsa_pip_distribution::CoreMetadata;
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile};
use slsa_pip_verify::{Code, Refusal, StagedFile};
use url::Url;

use crate::collect::describe_error;

/// Compares the METADATA inside the staged wheel with what the index has said about `file`.
///
/// # Errors
/// The refusal, if they differ or one of them cannot be read.
pub(crate) async fn check(index: &IndexClient, file: &IndexFile, staged: &StagedFile) -> Result<(), Refusal> {
    let refusal = |expected: Option<String>, found: String| Refusal {
        code: Code::MetadataMismatch,
        rule: Code::MetadataMismatch.rule(),
        package: Some(file.filename.name().to_string()),
        file: staged.filename().to_owned(),
        summary: "the metadata that the index serves is not that of the wheel".to_owned(),
        expected,
        found: Some(found),
        source: None,
        hint: Some("report it to whoever runs the index; its metadata decides what else is installed".to_owned()),
    };
    let unreadable = |error: &IndexError| refusal(None, describe_error(error));
    let resolved_with = index.metadata(file).await.map_err(|error| unreadable(&error))?;
    let own = of_staged(index, file, staged)
        .await
        .map_err(|error| unreadable(&error))?;
    match difference(&own, &resolved_with) {
        Some((expected, found)) => {
            // The index may serve better tomorrow.
            index.forget_metadata(file).await;
            Err(refusal(Some(expected), found))
        }
        None => Ok(()),
    }
}

/// The METADATA inside the staged wheel.
async fn of_staged(
    index: &IndexClient,
    file: &IndexFile,
    staged: &StagedFile,
) -> Result<Arc<CoreMetadata>, IndexError> {
    let url = Url::from_file_path(staged.path()).map_err(|()| IndexError::Metadata {
        file: staged.filename().to_owned(),
        reason: "it was staged under a relative path".to_owned(),
    })?;
    let local = IndexFile {
        url,
        metadata: None,
        ..file.clone()
    };
    index.metadata(&local).await
}

/// The values of a field.
type Values = fn(&CoreMetadata) -> BTreeSet<String>;

/// What the wheel says and what the index says instead, in the first field that differs.
fn difference(own: &CoreMetadata, served: &CoreMetadata) -> Option<(String, String)> {
    let fields: [(&str, Values); 4] = [
        ("Requires-Dist", |it| {
            it.requires_dist.iter().map(ToString::to_string).collect()
        }),
        ("Requires-Python", |it| {
            it.requires_python.iter().map(ToString::to_string).collect()
        }),
        ("Provides-Extra", |it| {
            it.provides_extra.iter().map(ToString::to_string).collect()
        }),
        ("Project-URL", |it| {
            it.project_urls
                .iter()
                .map(|(label, url)| format!("{label}, {url}"))
                .collect()
        }),
    ];
    fields.into_iter().find_map(|(name, values)| {
        let (own, served) = (values(own), values(served));
        let list = |values: Vec<&String>| match values.as_slice() {
            [] => format!("no such {name}"),
            [first, rest @ ..] => format!("{name}: {first}{}", if rest.is_empty() { "" } else { ", …" }),
        };
        (own != served).then(|| {
            (
                list(own.difference(&served).collect()),
                list(served.difference(&own).collect()),
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(more: &str) -> CoreMetadata {
        CoreMetadata::parse(format!("Metadata-Version: 2.1\nName: a\nVersion: 1\n{more}").as_bytes()).unwrap()
    }

    #[test]
    fn every_field_that_decides_anything_is_compared() {
        let plain = metadata("Requires-Dist: b\nSummary: one\n");
        assert_eq!(difference(&plain, &metadata("Summary: two\nRequires-Dist: b\n")), None);
        for (other, expected, found) in [
            ("", "Requires-Dist: b", "no such Requires-Dist"),
            (
                "Requires-Dist: b\nRequires-Dist: c\n",
                "no such Requires-Dist",
                "Requires-Dist: c",
            ),
            ("Requires-Dist: b>1\n", "Requires-Dist: b", "Requires-Dist: b>1"),
            (
                "Requires-Dist: b\nRequires-Python: >=3\n",
                "no such Requires-Python",
                "Requires-Python: >=3",
            ),
            (
                "Requires-Dist: b\nProvides-Extra: x\n",
                "no such Provides-Extra",
                "Provides-Extra: x",
            ),
            (
                "Requires-Dist: b\nProject-URL: Source, https://host.example/\n",
                "no such Project-URL",
                "Project-URL: Source, https://host.example/",
            ),
        ] {
            let difference = difference(&plain, &metadata(other));
            assert_eq!(difference, Some((expected.to_owned(), found.to_owned())), "{other}");
        }
    }
}
