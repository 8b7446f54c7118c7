//! GitHub release assets by version tag, and the attestations API.

use bytes::Bytes;
use slsa_pip_distribution::{PackageName, SourceRepository, Version};
use slsa_pip_http::Client;
use url::Url;

/// Where GitHub is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubUrls {
    /// The site, where release assets are downloaded.
    pub web: Url,
    /// The REST API.
    pub api: Url,
}

/// What was found in a project's releases.
#[derive(Debug, Clone, Default)]
pub struct ReleaseAnswer {
    /// The evidence files, unread: URL and content.
    pub evidence_files: Vec<(Url, Bytes)>,
    /// Every place that was asked, in order.
    pub asked: Vec<Asked>,
}

/// One place that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The URL, without secrets.
    pub location: String,
    /// What came back.
    pub answer: Answer,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Evidence, still unread.
    Found,
    /// Nothing is there.
    None,
}

/// Looks for a version's provenance among the repository's release assets.
#[expect(clippy::unused_async, reason = "body follows")]
pub async fn release_evidence(
    _http: &Client,
    _base: &GithubUrls,
    _repository: &SourceRepository,
    _name: &PackageName,
    _version: &Version,
    _filename: &str,
    _tag_template: Option<&str>,
) -> ReleaseAnswer {
    ReleaseAnswer::default()
}
