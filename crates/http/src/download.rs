//! Downloads: streamed to a new file and hashed on the way; the file has its name only when it is complete.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use reqwest::Method;
use slsa_pip_distribution::Sha256Digest;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use url::Url;

use crate::attempt::{Outgoing, Sent};
use crate::body::{broken_off, content_encoding};
use crate::client::Client;
use crate::error::HttpError;
use crate::redact::redact;
use crate::retry::{self, Backoff};

/// Slowest mean speed of a download, in bytes a second: below it, a server that drips single bytes could hold an
/// installation for ever. A 56k modem is five times as fast.
const MIN_SPEED: u64 = 1024;
/// How many idle time-outs pass before the mean speed counts.
const SPEED_GRACE: u32 = 4;
/// What is collected before it is written: fewer, larger writes.
const WRITE_BUFFER: usize = 256 * 1024;

/// A complete download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Downloaded {
    /// SHA-256 of the bytes that were written, each hashed once on its way.
    pub sha256: Sha256Digest,
    /// Their number.
    pub size: u64,
}

/// A file that is hashed while it is written beside its place, takes its name when it is finished, and is removed otherwise,
/// also when the download is dropped half-way. A process that is killed leaves `.….part`, never a part under the final name.
struct HashedFile {
    // Dropped before the file is removed, which some systems refuse while it is open.
    writer: BufWriter<File>,
    unfinished: TempPath,
    dest: PathBuf,
    hasher: digest::Context,
    size: u64,
}

impl HashedFile {
    fn create(dest: &Path) -> std::io::Result<Self> {
        if dest.symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let folder = dest.parent().ok_or(ErrorKind::InvalidInput)?;
        // Readable by its owner only.
        let file = tempfile::Builder::new()
            .prefix(".")
            .suffix(".part")
            .tempfile_in(folder)?;
        let (file, unfinished) = file.into_parts();
        Ok(Self {
            writer: BufWriter::with_capacity(WRITE_BUFFER, File::from_std(file)),
            unfinished,
            dest: dest.to_owned(),
            hasher: digest::Context::new(&digest::SHA256),
            size: 0,
        })
    }

    async fn write(&mut self, chunk: &[u8]) -> std::io::Result<()> {
        self.hasher.update(chunk);
        self.size += chunk.len() as u64;
        self.writer.write_all(chunk).await
    }

    async fn finish(mut self) -> std::io::Result<Downloaded> {
        self.writer.flush().await?;
        // Closed before it is renamed, which some systems refuse while it is open.
        drop(self.writer.into_inner().into_std().await);
        self.unfinished.persist_noclobber(&self.dest)?;
        Ok(Downloaded {
            sha256: finish(self.hasher),
            size: self.size,
        })
    }
}

impl Client {
    /// Downloads into the new file `dest`, which must not exist, is readable by its owner only, and appears when it is complete.
    ///
    /// `progress` is told the bytes so far; after a broken connection the download starts again, and so does that number.
    /// On any error, and when the returned future is dropped, no file is left. Not flushed to the disk (`fsync`).
    ///
    /// # Errors
    /// [`HttpError::Status`] for anything but 200; `TooLarge` beyond `limit` bytes; `Truncated`; `TooSlow`; `Encoding` if the
    /// server compressed it, since a digest is of the file itself; `File`; and what [`Client::get`] fails with.
    pub async fn download(
        &self,
        url: &Url,
        dest: &Path,
        limit: u64,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Downloaded, HttpError> {
        let mut backoff = Backoff::new(&self.shared.settings);
        loop {
            let error = match self.download_once(url, dest, limit, &mut progress).await {
                Ok(Ok(downloaded)) => return Ok(downloaded),
                Ok(Err(status)) => {
                    let wait = backoff
                        .next(Some(&status.headers))
                        .filter(|_| retry::is_transient(status.status));
                    if let Some(wait) = wait {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    HttpError::Status {
                        url: redact(url),
                        status: status.status,
                    }
                }
                Err(error) => error,
            };
            let wait = if error.is_transient() {
                backoff.after(&error)
            } else {
                None
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.given_up(url, error)),
            }
        }
    }

    /// One try: `Ok(Err(_))` is another status than 200.
    async fn download_once(
        &self,
        url: &Url,
        dest: &Path,
        limit: u64,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Result<Downloaded, OtherStatus>, HttpError> {
        let _slot = self.slot(url).await?;
        let timeout = self.shared.settings.timeout;
        let started = Instant::now();
        let Sent {
            mut answer,
            url: final_url,
            ..
        } = self.send(&Outgoing::new(Method::GET, url)).await?;
        if answer.status().as_u16() != 200 {
            return Ok(Err(OtherStatus {
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
            }));
        }
        let too_large = || HttpError::TooLarge {
            url: redact(&final_url),
            limit,
        };
        if let Some(encoding) = content_encoding(&answer) {
            return Err(HttpError::Encoding {
                url: redact(&final_url),
                reason: format!("`{encoding}` was not asked for"),
            });
        }
        let expected = answer.content_length();
        if expected.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let unwritable = |source| HttpError::File {
            path: dest.to_owned(),
            source: Arc::new(source),
        };
        let mut file = HashedFile::create(dest).map_err(unwritable)?;
        let mut received: u64 = 0;
        loop {
            let chunk = match answer.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(broken_off(error, &final_url, expected, received, timeout)),
            };
            received += chunk.len() as u64;
            if received > limit {
                return Err(too_large());
            }
            check_speed(&final_url, received, started.elapsed(), timeout)?;
            file.write(&chunk).await.map_err(unwritable)?;
            progress(received);
        }
        if let Some(expected) = expected.filter(|expected| received < *expected) {
            return Err(HttpError::Truncated {
                url: redact(&final_url),
                expected,
                received,
            });
        }
        file.finish().await.map(Ok).map_err(unwritable)
    }
}

/// Copies a local file into the new file `dest` (as [`Client::download`] would write it), hashing on the way. On any error no
/// file is left.
///
/// # Errors
/// [`HttpError::File`], and [`HttpError::TooLarge`] beyond `limit` bytes.
pub async fn copy_hashed(source: &Path, dest: &Path, limit: u64) -> Result<Downloaded, HttpError> {
    let failed = |path: &Path, source| HttpError::File {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let unwritable = |error| failed(dest, error);
    let mut from = File::open(source).await.map_err(|error| failed(source, error))?;
    let mut file = HashedFile::create(dest).map_err(unwritable)?;
    let mut buffer = vec![0; WRITE_BUFFER];
    let mut size: u64 = 0;
    loop {
        let count = from.read(&mut buffer).await.map_err(|error| failed(source, error))?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        size += chunk.len() as u64;
        if size > limit {
            return Err(HttpError::TooLarge {
                url: source.display().to_string(),
                limit,
            });
        }
        file.write(chunk).await.map_err(unwritable)?;
    }
    file.finish().await.map_err(unwritable)
}

/// SHA-256 of bytes in memory.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    let mut hasher = digest::Context::new(&digest::SHA256);
    hasher.update(bytes);
    finish(hasher)
}

struct OtherStatus {
    status: u16,
    headers: reqwest::header::HeaderMap,
}

fn check_speed(url: &Url, received: u64, elapsed: Duration, timeout: Duration) -> Result<(), HttpError> {
    let due = elapsed
        .saturating_sub(timeout.saturating_mul(SPEED_GRACE))
        .as_secs()
        .saturating_mul(MIN_SPEED);
    if received < due {
        return Err(HttpError::TooSlow {
            url: redact(url),
            received,
            after: elapsed,
        });
    }
    Ok(())
}

fn finish(hasher: digest::Context) -> Sha256Digest {
    let mut bytes = [0_u8; 32];
    bytes
        .iter_mut()
        .zip(hasher.finish().as_ref())
        .for_each(|(to, from)| *to = *from);
    Sha256Digest::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_ended_and_a_slow_line_is_not() {
        let url = Url::parse("https://index.example/f").unwrap();
        let timeout = Duration::from_secs(15);
        let check = |received, seconds| check_speed(&url, received, Duration::from_secs(seconds), timeout);
        assert!(check(1, 60).is_ok());
        assert!(matches!(check(100, 120), Err(HttpError::TooSlow { received: 100, .. })));
        assert!(check(61 * 1024, 120).is_ok());
        // What `--timeout` takes may be any number.
        assert!(check_speed(&url, 1, Duration::from_mins(2), Duration::MAX).is_ok());
    }
}
