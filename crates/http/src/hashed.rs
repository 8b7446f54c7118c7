//! Files that are hashed while they are written, and have their name only when they are complete.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use slsa_pip_distribution::Sha256Digest;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};

use crate::error::HttpError;

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
pub(crate) struct HashedFile {
    // Dropped before the file is removed, which some systems refuse while it is open.
    writer: BufWriter<File>,
    unfinished: TempPath,
    dest: PathBuf,
    hasher: digest::Context,
    size: u64,
}

impl HashedFile {
    /// Bytes that were written so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn create(dest: &Path) -> std::io::Result<Self> {
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

    pub(crate) async fn write(&mut self, chunk: &[u8]) -> std::io::Result<()> {
        self.hasher.update(chunk);
        self.size += chunk.len() as u64;
        self.writer.write_all(chunk).await
    }

    pub(crate) async fn finish(mut self) -> std::io::Result<Downloaded> {
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

/// Copies a local file into the new file `dest` (as [`crate::Client::download`] would write it), hashing on the way. On any error no
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

fn finish(hasher: digest::Context) -> Sha256Digest {
    let mut bytes = [0_u8; 32];
    bytes
        .iter_mut()
        .zip(hasher.finish().as_ref())
        .for_each(|(to, from)| *to = *from);
    Sha256Digest::from_bytes(bytes)
}
