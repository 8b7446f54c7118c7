//! The index as the resolver sees it.

use std::sync::Arc;

use slsa_pip_distribution::{CoreMetadata, PackageName};
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexFile};
use slsa_pip_resolver::{CandidateFile, Ruling, Source, SourceError};
use url::Url;

use crate::resolve_policy::Chooser;

/// Candidates from the configured indexes.
pub(crate) struct IndexSource<'a> {
    /// The indexes.
    pub(crate) index: &'a IndexClient,
    /// Who says which of them may be chosen; `None`: all may.
    pub(crate) chooser: Option<&'a Chooser<'a>>,
}

impl IndexSource<'_> {
    fn candidate(&self, file: &Arc<IndexFile>) -> CandidateFile<Arc<IndexFile>> {
        let excluded = self.chooser.and_then(|chooser| chooser.excluded(file));
        CandidateFile {
            excluded,
            ..candidate(file)
        }
    }
}

impl Source for IndexSource<'_> {
    type File = Arc<IndexFile>;

    async fn files(&self, name: &PackageName) -> Result<Arc<Vec<CandidateFile<Self::File>>>, SourceError> {
        let project = match self.index.project(name).await {
            Ok(project) => project,
            Err(IndexError::NotFound { .. }) => return Err(SourceError::NotFound),
            Err(error) => return Err(SourceError::failed(error)),
        };
        Ok(Arc::new(
            project.files.iter().map(|file| self.candidate(file)).collect(),
        ))
    }

    async fn metadata(&self, file: &Arc<IndexFile>) -> Result<Arc<CoreMetadata>, SourceError> {
        match self.index.metadata(file).await {
            Ok(metadata) => Ok(metadata),
            // One release's bad metadata excludes that release; everything else is the index's or the network's failure.
            Err(error @ IndexError::Metadata { .. }) => Err(SourceError::Unusable(error.to_string())),
            Err(error) => Err(SourceError::failed(error)),
        }
    }

    async fn ruling(&self, file: &Arc<IndexFile>) -> Result<Ruling, SourceError> {
        match self.chooser {
            Some(chooser) => chooser.ruling(file).await,
            None => Ok(Ruling::Eligible),
        }
    }

    async fn direct(&self, url: &Url) -> Result<CandidateFile<Self::File>, SourceError> {
        match self.index.direct(url.as_str(), None) {
            Ok(file) => Ok(candidate(&Arc::new(file))),
            // The requirement is named with the error, without credentials.
            Err(IndexError::Direct { reason, .. }) => Err(SourceError::Unusable(reason)),
            Err(error) => Err(SourceError::failed(error)),
        }
    }
}

fn candidate(file: &Arc<IndexFile>) -> CandidateFile<Arc<IndexFile>> {
    CandidateFile {
        filename: file.filename.clone(),
        requires_python: file.requires_python.clone(),
        yanked: file.yanked.clone(),
        sha256: file.sha256,
        uploaded: file.upload_time.as_deref().and_then(|time| time.parse().ok()),
        local: file.is_local(),
        excluded: None,
        metadata_served: file.metadata.is_some() || file.is_local(),
        file: Arc::clone(file),
    }
}
