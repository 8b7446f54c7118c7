//! Metadata of a file before it is chosen: served beside it, read out of the wheel by ranges, or of the whole wheel.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use slsa_pip_distribution::metadata::MAX_METADATA_LEN;
use slsa_pip_distribution::{CoreMetadata, DistributionFilename, WheelFilename};
use slsa_pip_http::{Caching, Downloaded, Get, HttpError, RangeAnswer, sha256, with_room};

use crate::budget::{self, MAX_KEPT};
use crate::client::IndexClient;
use crate::download::{MAX_FILE_SIZE, longest};
use crate::error::IndexError;
use crate::sparse::Sparse;
use crate::types::{IndexFile, MetadataHash, StagedDownload};
use crate::wheel::{MAX_READ, read_metadata};

/// Wheels up to this size are fetched whole: one request instead of two or three, and nothing to fetch again when the
/// wheel is chosen, which most are.
const WHOLE_WHEEL: u64 = 2 * 1024 * 1024;
/// The first range, from the end: the directory of most wheels, often with METADATA, which tools write near the end.
const TAIL: u64 = 64 * 1024;
/// A later range into the unknown. It grows to the whole gap before the next known part if that is no larger than
/// [`WHOLE_WHEEL`], as with directories of many files, whose every byte is needed.
const CHUNK: u64 = 128 * 1024;
/// Most ranges of one wheel.
const MAX_RANGES: usize = 64;

impl IndexClient {
    /// The METADATA of a file. Its name and version are those of the file name.
    ///
    /// Announced metadata is checked against the index's digest, a wheel that was fetched whole too; ranges of a wheel
    /// cannot be checked. Read once for each file. Wheels that were fetched whole are kept for [`IndexClient::download`].
    ///
    /// # Errors
    /// [`IndexError::Metadata`] if there is none that can be used, as for sdists; [`IndexError::DigestMismatch`]; and failed
    /// requests.
    pub async fn metadata(&self, file: &IndexFile) -> Result<Arc<CoreMetadata>, IndexError> {
        let known = {
            let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&file.url).cloned()
        };
        // A page may give two files one URL.
        if let Some(known) = known.filter(|known| is_of(known, file)) {
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
        if known.insert(file.url.clone(), Arc::clone(&metadata)).is_none() {
            taken.keep(size);
        }
        Ok(metadata)
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

    async fn of_wheel(&self, file: &IndexFile, wheel: &WheelFilename) -> Result<Vec<u8>, IndexError> {
        let unusable = |reason: String| IndexError::Metadata {
            file: wheel.as_str().to_owned(),
            reason,
        };
        if let Ok(path) = file.url.to_file_path() {
            return in_file(path, wheel).await?.map_err(unusable);
        }
        let kept = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get(&file.url).map(|staged| staged.path.clone())
        };
        // A download at the same time may have taken it; then it is fetched again.
        if let Some(path) = kept
            && let Ok(read) = in_file(path, wheel).await
        {
            return read.map_err(unusable);
        }
        if let Some(read) = self.whole_stored(file, wheel).await? {
            return read.map_err(unusable);
        }
        // Of unknown size: the limit ends a large wheel at its first header, before anything of it is read.
        if file.size.is_none_or(|size| size <= WHOLE_WHEEL) {
            match self.whole(file, wheel, WHOLE_WHEEL).await {
                Ok(read) => return read.map_err(unusable),
                Err(IndexError::Http(HttpError::TooLarge { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(bytes) = self.by_ranges(file, wheel).await? {
            return Ok(bytes);
        }
        self.whole(file, wheel, MAX_FILE_SIZE).await?.map_err(unusable)
    }

    /// Fetches the whole wheel into the scratch directory, reads it, and keeps it.
    async fn whole(
        &self,
        file: &IndexFile,
        wheel: &WheelFilename,
        limit: u64,
    ) -> Result<Result<Vec<u8>, String>, IndexError> {
        let path = self.scratch_path().await?;
        let limit = longest(file).min(limit);
        let fetched = self.http().download(&file.url, &path, limit, |_| {}).await?;
        self.read_and_keep(file, wheel, path, fetched).await
    }

    /// The same from the wheel store; nothing if it is not there.
    async fn whole_stored(
        &self,
        file: &IndexFile,
        wheel: &WheelFilename,
    ) -> Result<Option<Result<Vec<u8>, String>>, IndexError> {
        let path = self.scratch_path().await?;
        match self.stored(file, &path).await? {
            Some(stored) => self.read_and_keep(file, wheel, path, stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// Two indexes may have different files of one name, and two tasks may want one file.
    async fn scratch_path(&self) -> Result<PathBuf, IndexError> {
        let number = self.fetched_whole.fetch_add(1, Ordering::Relaxed);
        Ok(self.scratch().await?.join(format!("{number}.whl")))
    }

    async fn read_and_keep(
        &self,
        file: &IndexFile,
        wheel: &WheelFilename,
        path: PathBuf,
        fetched: Downloaded,
    ) -> Result<Result<Vec<u8>, String>, IndexError> {
        if let Some(expected) = file.sha256.filter(|expected| *expected != fetched.sha256) {
            // The error matters more than a file that goes with its directory.
            let _ = tokio::fs::remove_file(&path).await;
            return Err(IndexError::DigestMismatch {
                file: file.filename.to_string(),
                expected,
                computed: fetched.sha256,
            });
        }
        self.same_as_before(file, fetched.sha256)?;
        let read = in_file(path.clone(), wheel).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(
            file.url.clone(),
            StagedDownload {
                path,
                sha256: fetched.sha256,
                size: fetched.size,
            },
        );
        Ok(read)
    }

    /// Reads the wheel's directory and METADATA by ranges. `None` if the server serves none.
    async fn by_ranges(&self, file: &IndexFile, wheel: &WheelFilename) -> Result<Option<Vec<u8>>, IndexError> {
        let RangeAnswer::Partial(tail) = self.http().get_tail(&file.url, TAIL).await? else {
            return Ok(None);
        };
        let unusable = |reason: String| IndexError::Metadata {
            file: wheel.as_str().to_owned(),
            reason,
        };
        let mut archive = Sparse::new(tail.total);
        let mut fetched = tail.body.len() as u64;
        archive.add(tail.start, tail.body);
        for _ in 0..MAX_RANGES {
            let reason = match read_metadata(&mut archive, wheel) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(reason) => reason,
            };
            let Some((start, next)) = archive.missing() else {
                return Err(unusable(reason));
            };
            let length = if next - start <= WHOLE_WHEEL {
                next - start
            } else {
                CHUNK
            };
            let range = start..start + length;
            fetched += range.end - range.start;
            if fetched > MAX_READ {
                return Err(unusable("its directory is too large".to_owned()));
            }
            let RangeAnswer::Partial(part) = self.http().get_range(&file.url, range).await? else {
                return Ok(None);
            };
            if part.total != archive.total() {
                return Err(unusable("the file changed while it was read".to_owned()));
            }
            archive.add(part.start, part.body);
        }
        Err(unusable("it takes too many ranges to read".to_owned()))
    }
}

/// Whether the METADATA has the name and version of the file's name.
fn is_of(metadata: &CoreMetadata, file: &IndexFile) -> bool {
    metadata.name == *file.filename.name() && metadata.version == *file.filename.version()
}

/// Reads METADATA of a local wheel, off the asynchronous threads.
async fn in_file(path: PathBuf, wheel: &WheelFilename) -> Result<Result<Vec<u8>, String>, IndexError> {
    let wheel = wheel.clone();
    let read = move || {
        // Opening a pipe would wait for whoever writes into it.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Ok(Err("it is no ordinary file".to_owned()));
        }
        let file = File::open(&path).map_err(|error| IndexError::file(path, error))?;
        Ok(read_buffered(file, &wheel))
    };
    tokio::task::spawn_blocking(read)
        .await
        .unwrap_or_else(|_| Ok(Err("its reader failed".to_owned())))
}

fn read_buffered(file: impl Read + Seek, wheel: &WheelFilename) -> Result<Vec<u8>, String> {
    read_metadata(std::io::BufReader::new(file), wheel)
}
