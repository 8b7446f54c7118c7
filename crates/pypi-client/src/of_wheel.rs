//! METADATA out of the wheel itself: known from an earlier run, of the whole wheel, or read by ranges.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use slsa_pip_distribution::{Sha256Digest, WheelFilename};
use slsa_pip_http::{Downloaded, HttpError, Made, Partial, RangeAnswer};

use crate::client::IndexClient;
use crate::download::{MAX_FILE_SIZE, longest};
use crate::error::IndexError;
use crate::find_links::local_path;
use crate::sparse::Sparse;
use crate::types::{IndexFile, StagedDownload};
use crate::wheel::{MAX_READ, read_metadata};

/// Wheels up to this size are fetched whole: one request instead of two or three, and nothing to fetch again when the
/// wheel is chosen, which most are.
const WHOLE_WHEEL: u64 = 2 * 1024 * 1024;
/// Of so many releases of a project. Who has asked about more goes back through them, and installs none of most.
const WHOLE_RELEASES: u32 = 2;
/// The first range, from the end: the directory of most wheels, often with METADATA, which tools write near the end.
const TAIL: u64 = 64 * 1024;
/// A later range into the unknown. It grows to the whole gap before the next known part if that is no larger than
/// [`WHOLE_WHEEL`], as with directories of many files, whose every byte is needed.
const CHUNK: u64 = 128 * 1024;
/// Most ranges of one wheel.
const MAX_RANGES: usize = 64;

/// How METADATA was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Out of the whole wheel, which has the digest that the index names, if it names one.
    Whole,
    /// By ranges, which nothing proves to be of that wheel.
    Ranges,
}

impl IndexClient {
    pub(crate) async fn of_wheel(&self, file: &IndexFile, wheel: &WheelFilename) -> Result<Vec<u8>, IndexError> {
        let unusable = |reason: String| IndexError::Metadata {
            file: wheel.as_str().to_owned(),
            reason,
        };
        if let Some(path) = local_path(&file.url) {
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
        let Some(digest) = file.sha256 else {
            return self.fetched(file, wheel).await.map(|(bytes, _)| bytes);
        };
        for at in [false, true] {
            if let Some(bytes) = self.http().made(&made(file, &digest, at)).await {
                return Ok(bytes.to_vec());
            }
        }
        let (bytes, way) = self.fetched(file, wheel).await?;
        let kept = Bytes::copy_from_slice(headers(&bytes));
        let made = made(file, &digest, way == Way::Ranges);
        self.http().keep_made(&made, kept).await;
        Ok(bytes)
    }

    /// From the wheel store, or from the server.
    async fn fetched(&self, file: &IndexFile, wheel: &WheelFilename) -> Result<(Vec<u8>, Way), IndexError> {
        let whole = |read: Result<Vec<u8>, String>| match read {
            Ok(bytes) => Ok((bytes, Way::Whole)),
            Err(reason) => Err(IndexError::Metadata {
                file: wheel.as_str().to_owned(),
                reason,
            }),
        };
        if let Some(read) = self.whole_stored(file, wheel).await? {
            return whole(read);
        }
        // Of unknown size: the limit ends a large wheel at its first header, before anything of it is read.
        let worth = self.worth_whole(file);
        if file.size.map_or(worth == WHOLE_WHEEL, |size| size <= worth) {
            match self.whole(file, wheel, WHOLE_WHEEL).await {
                Ok(read) => return whole(read),
                Err(IndexError::Http(HttpError::TooLarge { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(bytes) = self.by_ranges(file, wheel).await? {
            return Ok((bytes, Way::Ranges));
        }
        whole(self.whole(file, wheel, MAX_FILE_SIZE).await?)
    }

    /// Up to which size a wheel is fetched whole: less when that was done for several releases of the project, of which one at
    /// most will be installed, unless its server is known to serve no ranges.
    fn worth_whole(&self, file: &IndexFile) -> u64 {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = tried.entry(file.filename.name().clone()).or_default();
        *tried += 1;
        if *tried > WHOLE_RELEASES && self.serves_ranges(file) {
            TAIL
        } else {
            WHOLE_WHEEL
        }
    }

    fn serves_ranges(&self, file: &IndexFile) -> bool {
        let rangeless = self.rangeless.lock().unwrap_or_else(PoisonError::into_inner);
        !rangeless.contains(&file.url.origin())
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

    /// The part of an answer to a question for a range; `None`, and no further question to that server, if there is none.
    fn part(&self, file: &IndexFile, answer: Result<RangeAnswer, HttpError>) -> Result<Option<Partial>, IndexError> {
        match answer {
            Ok(RangeAnswer::Partial(part)) => return Ok(Some(part)),
            Ok(RangeAnswer::Unsupported) | Err(HttpError::Range { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut rangeless = self.rangeless.lock().unwrap_or_else(PoisonError::into_inner);
        rangeless.insert(file.url.origin());
        Ok(None)
    }

    /// Reads the wheel's directory and METADATA by ranges. `None` if the server serves none, or none that can be used: then the
    /// whole wheel tells.
    async fn by_ranges(&self, file: &IndexFile, wheel: &WheelFilename) -> Result<Option<Vec<u8>>, IndexError> {
        if !self.serves_ranges(file) {
            return Ok(None);
        }
        let Some(tail) = self.part(file, self.http().get_tail(&file.url, TAIL).await)? else {
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
            match self.part(file, self.http().get_range(&file.url, range).await)? {
                Some(part) if part.total == archive.total() => archive.add(part.start, part.body),
                // Another size is that of another file.
                _ => return Ok(None),
            }
        }
        Err(unusable("it takes too many ranges to read".to_owned()))
    }
}

/// METADATA as it is kept over runs, of this digest wherever it is, or at the file's URL alone. It chooses dependencies; that it
/// is the wheel's own is checked when the wheel is verified.
pub(crate) fn made<'a>(file: &'a IndexFile, digest: &'a Sha256Digest, at: bool) -> Made<'a> {
    Made {
        what: "METADATA",
        of: digest,
        url: &file.url,
        at,
    }
}

/// METADATA without the description that follows the first empty line.
fn headers(metadata: &[u8]) -> &[u8] {
    let end = metadata
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .into_iter()
        .chain(metadata.windows(3).position(|three| three == b"\n\r\n"))
        .min();
    end.and_then(|end| metadata.get(..=end)).unwrap_or(metadata)
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
