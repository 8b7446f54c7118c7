//! The digest of a local file, read once.

use std::io::Read as _;
use std::path::Path;

use aws_lc_rs::digest;
use slsa_pip_distribution::Sha256Digest;

/// What is read at a time: large enough that system calls do not count.
const BUFFER: usize = 256 * 1024;

/// The digest and the size in bytes of a file.
pub(crate) fn sha256_file(path: &Path) -> std::io::Result<(Sha256Digest, u64)> {
    let mut file = std::fs::File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0_u8; BUFFER];
    let mut size = 0_u64;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        context.update(chunk);
        size += read as u64;
    }
    let bytes: [u8; 32] = context.finish().as_ref().try_into().map_err(std::io::Error::other)?;
    Ok((Sha256Digest::from_bytes(bytes), size))
}
