//! Metadata of a file before it is chosen: served beside it, read out of the wheel by ranges, or of the whole wheel.

use std::sync::{Arc, PoisonError};

use slsa_pip_distribution::metadata::MAX_METADATA_LEN;
use slsa_pip_distribution::{CoreMetadata, DistributionFilename};
use slsa_pip_http::{Caching, Get, sha256, with_room};

use crate::budget::{self, MAX_KEPT};
use crate::client::IndexClient;
use crate::error::IndexError;
use crate::of_wheel::made;
use crate::types::{IndexFile, MetadataHash};

impl IndexClient {
    /// The METADATA of a file. Its name and version are those of the file name.
    ///
    /// Announced metadata is checked against the index's digest, a wheel that was fetched whole too; ranges of a wheel
    /// cannot be checked. Read once for each file, and kept over runs by the digest that the index names for it. Wheels that were
    /// fetched whole are kept for [`IndexClient::download`].
    ///
    /// # Errors
    /// [`IndexError::Metadata`] if there is none that can be used, as for sdists; [`IndexError::DigestMismatch`]; and failed
    /// requests.
    pub async fn metadata(&self, file: &IndexFile) -> Result<Arc<CoreMetadata>, IndexError> {
        // A page may give several files one URL, and a server may answer otherwise each time: what is said of a file is asked once,
        // and never again, since what it was resolved with is compared with the wheel's own.
        let key = (file.url.clone(), file.filename.as_str().to_owned());
        let known = {
            let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&key).cloned()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let metadata = Arc::new(Box::pin(with_room(self.read(file))).await?);
        let (taken, size) = (self.budget.begin(), budget::of_metadata(&metadata));
        if !taken.take(size) {
            return Err(IndexError::TooMuch {
                what: file.filename.to_string(),
                limit: MAX_KEPT,
            });
        }
        let mut known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known.entry(key).or_insert_with(|| {
            taken.keep(size);
            metadata
        });
        Ok(Arc::clone(first))
    }

    /// Forgets what is kept over runs of a file's METADATA: it has turned out not to be the wheel's own.
    pub async fn forget_metadata(&self, file: &IndexFile) {
        if let Some(digest) = &file.sha256 {
            for at in [false, true] {
                self.http().forget_made(&made(file, digest, at)).await;
            }
        }
    }

    async fn read(&self, file: &IndexFile) -> Result<CoreMetadata, IndexError> {
        let unusable = |reason: String| IndexError::Metadata {
            file: file.filename.as_str().to_owned(),
            reason,
        };
        let announced = match file.metadata {
            Some(hash) => self.announced(file, hash).await?,
            None => None,
        };
        let bytes = match (announced, &file.filename) {
            (Some(bytes), _) => bytes,
            (None, DistributionFilename::Wheel(wheel)) => self.of_wheel(file, wheel).await?,
            (None, DistributionFilename::Sdist(_)) => {
                return Err(unusable(
                    "an sdist has none that can be relied on before it is built".to_owned(),
                ));
            }
        };
        let metadata = CoreMetadata::parse(&bytes).map_err(|error| unusable(error.to_string()))?;
        if !is_of(&metadata, file) {
            return Err(unusable(format!(
                "it is of {} {}, unlike the file's name",
                metadata.name, metadata.version
            )));
        }
        Ok(metadata)
    }

    /// `URL.metadata` (PEP 658). `None` if it is announced and missing.
    async fn announced(&self, file: &IndexFile, hash: MetadataHash) -> Result<Option<Vec<u8>>, IndexError> {
        let mut url = file.url.clone();
        url.set_path(&format!("{}.metadata", file.url.path()));
        let caching = hash.sha256.map_or(Caching::Standard, Caching::Digest);
        let get = Get::new(&url, MAX_METADATA_LEN as u64).caching(caching);
        let answer = self.http().fetch(&get).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let bytes = answer.success()?.body;
        let computed = sha256(&bytes);
        match hash.sha256 {
            Some(expected) if expected != computed => Err(IndexError::DigestMismatch {
                file: format!("{}.metadata", file.filename),
                expected,
                computed,
            }),
            _ => Ok(Some(bytes.to_vec())),
        }
    }
}

/// Whether the METADATA has the name and version of the file's name.
fn is_of(metadata: &CoreMetadata, file: &IndexFile) -> bool {
    metadata.name == *file.filename.name() && metadata.version == *file.filename.version()
}
