//! Downloads into the staging directory.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::{Downloaded, copy_hashed};

use crate::client::IndexClient;
use crate::error::IndexError;
use crate::find_links::local_path;
use crate::types::{IndexFile, StagedDownload};

/// Largest file that is downloaded, in bytes; the largest wheels have about 3 GB.
pub(crate) const MAX_FILE_SIZE: u64 = 8 * 1024 * 1024 * 1024;

/// The most that is read of a file: what is longer than the index says is not the file, and nobody need fill a disk to find out.
pub(crate) fn longest(file: &IndexFile) -> u64 {
    file.size.unwrap_or(MAX_FILE_SIZE).min(MAX_FILE_SIZE)
}

/// Removes a staged file unless it passes every check.
struct Unchecked {
    path: PathBuf,
    passed: bool,
}

impl Drop for Unchecked {
    fn drop(&mut self) {
        if !self.passed {
            // It may be gone already, and there is no one to tell.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl IndexClient {
    /// Downloads a file into `staging` under its own name and checks its digest: against the index's sha256, if it names
    /// one, against what its URL sent before, and against `allowed` (the user's hashes; empty means any). An index's other
    /// digests (md5, …) are not checked. A file whose sha256 the index names may come from the HTTP client's wheel store.
    ///
    /// This proves nothing about where the file comes from: see `slsa-pip-verify`.
    ///
    /// # Errors
    /// [`IndexError::DigestMismatch`], [`IndexError::HashNotAllowed`], failed requests, among them a body that is longer than the
    /// index says (`TooLarge`); no file is left then.
    /// [`slsa_pip_http::HttpError::File`] if there is a file of that name already, which stays.
    pub async fn download(
        &self,
        file: &IndexFile,
        staging: &Path,
        allowed: &[Sha256Digest],
    ) -> Result<StagedDownload, IndexError> {
        self.download_with(file, staging, allowed, |_| {}).await
    }

    /// [`IndexClient::download`], telling `progress` the bytes so far.
    ///
    /// # Errors
    /// As [`IndexClient::download`].
    pub async fn download_with(
        &self,
        file: &IndexFile,
        staging: &Path,
        allowed: &[Sha256Digest],
        progress: impl FnMut(u64) + Send,
    ) -> Result<StagedDownload, IndexError> {
        let staged = self
            .fetch(file, &staging.join(file.filename.as_str()), progress)
            .await?;
        let mut unchecked = Unchecked {
            path: staged.path.clone(),
            passed: false,
        };
        if let Some(expected) = file.sha256.filter(|expected| *expected != staged.sha256) {
            return Err(IndexError::DigestMismatch {
                file: file.filename.to_string(),
                expected,
                computed: staged.sha256,
            });
        }
        if !allowed.is_empty() && !allowed.contains(&staged.sha256) {
            return Err(IndexError::HashNotAllowed {
                file: file.filename.to_string(),
                allowed: allowed.to_vec(),
                computed: staged.sha256,
            });
        }
        self.same_as_before(file, staged.sha256)?;
        unchecked.passed = true;
        self.keep(file, &staged).await;
        Ok(staged)
    }

    /// Keeps a file in the wheel store that has the digest which the index names.
    pub(crate) async fn keep(&self, file: &IndexFile, staged: &StagedDownload) {
        if let (Some(store), Some(digest)) = (self.http().wheels(), file.sha256)
            && digest == staged.sha256
            && !file.is_local()
        {
            store.put(&digest, &staged.path).await;
        }
    }

    /// The file of the index's digest out of the wheel store, hashed again on its way to `dest`.
    pub(crate) async fn stored(&self, file: &IndexFile, dest: &Path) -> Result<Option<Downloaded>, IndexError> {
        match (self.http().wheels(), file.sha256) {
            (Some(store), Some(digest)) if !file.is_local() => Ok(store.take(&digest, dest, MAX_FILE_SIZE).await?),
            _ => Ok(None),
        }
    }

    async fn fetch(
        &self,
        file: &IndexFile,
        dest: &Path,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<StagedDownload, IndexError> {
        let kept = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.remove(&file.url)
        };
        if let Some(kept) = kept {
            progress(kept.size);
            return take(kept, dest).await;
        }
        if let Some(stored) = self.stored(file, dest).await? {
            progress(stored.size);
            return Ok(StagedDownload {
                path: dest.to_owned(),
                sha256: stored.sha256,
                size: stored.size,
            });
        }
        let downloaded = match local_path(&file.url) {
            Some(local) => copy_hashed(&local, dest, MAX_FILE_SIZE).await?,
            None => self.http().download(&file.url, dest, longest(file), progress).await?,
        };
        Ok(StagedDownload {
            path: dest.to_owned(),
            sha256: downloaded.sha256,
            size: downloaded.size,
        })
    }
}

/// Moves a wheel that was fetched for its metadata. Neither way replaces an existing file.
async fn take(kept: StagedDownload, dest: &Path) -> Result<StagedDownload, IndexError> {
    let staged = if tokio::fs::hard_link(&kept.path, dest).await.is_ok() {
        StagedDownload {
            path: dest.to_owned(),
            ..kept.clone()
        }
    } else {
        let copied = copy_hashed(&kept.path, dest, MAX_FILE_SIZE).await?;
        StagedDownload {
            path: dest.to_owned(),
            sha256: copied.sha256,
            size: copied.size,
        }
    };
    // It goes with its directory at the latest.
    let _ = tokio::fs::remove_file(&kept.path).await;
    Ok(staged)
}
